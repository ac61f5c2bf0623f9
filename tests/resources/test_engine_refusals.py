"""WorkOS refuses a record: all others are written, the run says which and what to do, and ends with an error."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import Line, member, organization, otp, person, role

pytestmark = pytest.mark.engine

#: What WorkOS says may name a person; Ferry repeats codes only.
REFUSAL = {
    "code": "user_creation_error",
    "message": "b@people.example is on our list",
    "errors": [{"code": "person_unwelcome", "message": "b@people.example is on our list"}],
}


def export(stack: Stack, *names: str, **more: Line) -> None:
    """Users who are admins of one organization; `more` replaces the line of the user with that name."""
    stack.exports(
        users=[more.get(name, person(name)) for name in names],
        organizations=[organization("one")],
        members=[member("one", f"auth0|{name}", "Admin") for name in names],
        roles=[role("Admin")],
    )


def test_one_refused_user_does_not_stop_the_others(stack: Stack, workos: Sandbox) -> None:
    """The failed record is named with its code and the next step, what hangs on it is pending, nobody's data shows."""
    export(stack, "a", "b", "c", "d")
    workos.fault("POST", "/users$", contains="auth0|b", times=None, status=400, body=REFUSAL)
    said = stack.up(fails=True).error()

    assert workos.users().keys() == {"auth0|a", "auth0|c", "auth0|d"}
    assert workos.memberships().keys() == {"org_one/auth0|a", "org_one/auth0|c", "org_one/auth0|d"}
    assert "failed users auth0|b:" in said
    assert "person_unwelcome" in said
    assert "pending memberships org_one/auth0|b: waits for user auth0|b" in said
    assert "Next: " in said
    assert "ferry:skip" in said
    assert "people.example" not in "".join(stack.said)
    summary = stack.summary()
    assert {kind: (one["failed"], one["pending"]) for kind, one in summary.items() if one["lines"]} == {
        "users": (1, 0),
        "organizations": (0, 0),
        "members": (0, 1),
        "roles": (0, 0),
    }


def test_the_next_up_tries_only_what_failed(stack: Stack, workos: Sandbox) -> None:
    """Once per run: refused again it fails again, accepted by WorkOS it ends well, and then nothing is left to do."""
    export(stack, "a", "b", "c")
    workos.fault("POST", "/users$", contains="auth0|b", times=None, status=400, body=REFUSAL)
    stack.up(fails=True)
    workos.clear()
    stack.up(fails=True)
    assert workos.writes() == {"POST /user_management/users": 1}

    workos.clear_faults()
    workos.clear()
    stack.up()
    assert workos.writes() == {
        "POST /user_management/users": 1,
        "POST /user_management/organization_memberships": 1,
    }
    assert workos.counts() == (3, 1, 3)
    assert all(one["failed"] == one["pending"] == 0 for one in stack.summary().values())
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def test_a_refusal_is_accepted_with_skip(stack: Stack, workos: Sandbox) -> None:
    """The id is left out on purpose, so the run ends well and sends nothing, although WorkOS would refuse it still."""
    export(stack, "a", "b", "c")
    workos.fault("POST", "/users$", contains="auth0|b", times=None, status=400, body=REFUSAL)
    stack.up(fails=True)
    stack.configure(skip=["auth0|b"])
    workos.clear()
    stack.up()

    assert workos.requests()["total"] == 0
    summary = stack.summary()
    assert (summary["users"]["skipped"], summary["users"]["failed"], summary["members"]["pending"]) == (1, 0, 0)


@pytest.mark.parametrize(
    ("path", "named", "written"),
    [
        ("/organizations$", "failed organizations org_one:", (3, 0, 0)),
        ("/authorization/roles$", "failed roles admin:", (3, 1, 0)),
        ("/organization_memberships$", "failed memberships org_one/auth0|a:", (3, 1, 0)),
    ],
)
def test_what_depends_on_a_refused_record_waits_for_it(
    stack: Stack, workos: Sandbox, path: str, named: str, written: tuple[int, int, int]
) -> None:
    """Organizations, roles and memberships fail as users do; the next run writes what is missing and no more."""
    export(stack, "a", "b", "c")
    workos.fault("POST", path, times=None, status=422, body={"code": "unprocessable", "message": "no"})
    said = stack.up(fails=True).error()
    assert named in said
    assert "unprocessable" in said
    assert workos.counts() == written

    workos.clear_faults()
    stack.up()
    assert workos.counts() == (3, 1, 3)
    assert set(workos.memberships().values()) == {(("admin",), "active")}


def test_a_refused_update_is_named_and_tried_again(stack: Stack, workos: Sandbox) -> None:
    """The other updates are written; the refused field keeps its old value in the state, so the next run sends it."""
    export(stack, "a", "b", "c")
    stack.up()
    export(stack, "a", "b", "c", a=person("a", given_name="Ann"), b=person("b", given_name="Bea"))
    workos.fault("PUT", "/users/", contains="Bea", times=None, status=400, body=REFUSAL)
    workos.clear()
    said = stack.up(fails=True).error()
    assert "failed users auth0|b:" in said
    assert "person_unwelcome" in said
    assert workos.writes() == {"PUT /user_management/users/{id}": 2}
    assert stack.summary()["users"]["failed"] == 1

    workos.clear_faults()
    workos.clear()
    stack.up()
    assert workos.writes() == {"PUT /user_management/users/{id}": 1}
    assert {key: user["first_name"] for key, user in workos.users().items()} == {
        "auth0|a": "Ann",
        "auth0|b": "Bea",
        "auth0|c": None,
    }
    assert stack.summary()["users"]["failed"] == 0


def test_a_refused_update_that_the_export_takes_back_is_no_failure_any_more(stack: Stack, workos: Sandbox) -> None:
    """WorkOS holds what Auth0 says again, so neither the exit code nor the summary speaks of a failure."""
    export(stack, "a", "b")
    stack.up()
    export(stack, "a", "b", b=person("b", given_name="Bea"))
    workos.fault("PUT", "/users/", contains="Bea", times=None, status=400, body=REFUSAL)
    stack.up(fails=True)
    export(stack, "a", "b")
    workos.clear()
    stack.up()

    assert workos.writes() == {}
    assert stack.summary()["users"]["failed"] == 0


def test_what_was_written_of_a_record_before_its_refusal_is_not_written_again(stack: Stack, workos: Sandbox) -> None:
    """A user whose authenticator is refused exists; the next run enrols the authenticator and makes no second user."""
    stack.exports(users=[person("a")], mfa=[otp("auth0|a")])
    workos.fault("POST", "/auth_factors$", times=None, status=422, body={"code": "unprocessable", "message": "no"})
    assert "failed users auth0|a:" in stack.up(fails=True).error()
    workos.clear_faults()
    workos.clear()
    stack.up()

    assert workos.writes() == {"POST /user_management/users/{id}/auth_factors": 1}
    assert [len(user["totp_sha256"]) for user in workos.directory()["users"]] == [1]


def test_a_blocked_users_membership_that_was_not_deactivated_is_deactivated_by_the_next_run(
    stack: Stack, workos: Sandbox
) -> None:
    """WorkOS makes every membership active; one that must not be is named as failed until it is inactive."""
    export(stack, "a", "b", b=person("b", blocked=True))
    workos.fault("PUT", "/deactivate$", times=None, status=422, body={"code": "unprocessable", "message": "no"})
    assert "failed memberships org_one/auth0|b:" in stack.up(fails=True).error()
    workos.clear_faults()
    workos.clear()
    stack.up()

    assert workos.writes() == {"PUT /user_management/organization_memberships/{id}/deactivate": 1}
    assert workos.memberships() == {
        "org_one/auth0|a": (("admin",), "active"),
        "org_one/auth0|b": (("admin",), "inactive"),
    }


def test_a_record_for_which_workos_goes_on_failing_is_named_and_tried_again(stack: Stack, workos: Sandbox) -> None:
    """A server's fault that no retry cures counts as this record's failure, not as the end of the run."""
    export(stack, "a", "b", "c")
    workos.fault("POST", "/users$", contains="auth0|b", times=None, status=503)
    said = stack.up(fails=True).error()
    assert "failed users auth0|b:" in said
    assert "503" in said
    assert workos.counts() == (2, 1, 2)

    workos.clear_faults()
    stack.up()
    assert workos.counts() == (3, 1, 3)
