"""The connection breaks after WorkOS did the work: Ferry finds its own object, and there is exactly one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import member, organization, otp, password, person, role

pytestmark = pytest.mark.engine

PATHS = {
    "role": "/authorization/roles$",
    "organization": "/organizations$",
    "user": "/users$",
    "auth factor": "/auth_factors$",
    "membership": "/organization_memberships$",
}


def export(stack: Stack, **user: Any) -> None:
    """One user with a password and an authenticator, admin of an organization with a domain."""
    stack.exports(
        users=[person("a", given_name="Ann", **user)],
        organizations=[organization("one", metadata={"plan": "gold"}, domains=[{"domain": "one.example"}])],
        members=[member("one", "auth0|a", "Admin")],
        roles=[role("Admin", description="May do it all")],
        passwords=[password("a")],
        mfa=[otp("auth0|a")],
    )


def expect_one_of_each(workos: Sandbox) -> None:
    """The export of this file, and nothing twice."""
    (user,) = workos.directory()["users"]
    assert (user["external_id"], user["first_name"], len(user["totp_sha256"])) == ("auth0|a", "Ann", 1)
    assert user["password_sha256"] is not None
    assert workos.counts() == (1, 1, 1)
    assert workos.organizations()["org_one"]["domains"] == {"one.example": "pending"}
    assert workos.memberships() == {"org_one/auth0|a": (("admin",), "active")}
    assert workos.roles() == {"admin", "member"}


@pytest.mark.parametrize("what", PATHS)
def test_a_create_whose_answer_is_lost_counts_as_ferrys_own(stack: Stack, workos: Sandbox, what: str) -> None:
    """The run ends well, the origin is created, the password counts as written, and up again asks nothing."""
    export(stack)
    workos.fault("POST", PATHS[what], "drop_after")
    said = stack.up().said

    assert workos.faults_struck() == [1]
    expect_one_of_each(workos)
    assert "password_unconfirmed" not in said
    origins = {
        name: one["outputs"]["origin"] for name, one in stack.state().items() if "origin" in one.get("outputs", {})
    }
    assert origins == dict.fromkeys(["admin", "org_one", "auth0|a", "org_one/auth0|a"], "created")
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def test_every_answer_lost_at_once_and_destroy_takes_all_of_it_away(stack: Stack, workos: Sandbox) -> None:
    """Each kind's first create loses its answer in one run."""
    export(stack)
    for path in PATHS.values():
        workos.fault("POST", path, "drop_after")
    stack.up()
    assert workos.faults_struck() == [1] * len(PATHS)
    expect_one_of_each(workos)

    stack.destroy()
    assert workos.counts() == (0, 0, 0)


def test_a_lost_answer_to_a_change_or_a_removal_is_no_failure(stack: Stack, workos: Sandbox) -> None:
    """A PUT is sent again with the same fields; a DELETE that finds nothing any more has done its work."""
    export(stack)
    stack.up()
    export(stack, family_name="Arbor")
    workos.fault("PUT", "/users/", "drop_after")
    stack.up()
    assert workos.users()["auth0|a"]["last_name"] == "Arbor"

    stack.exports(
        users=[person("b")],
        organizations=[organization("one", metadata={"plan": "gold"}, domains=[{"domain": "one.example"}])],
        members=[],
        roles=[role("Admin", description="May do it all")],
    )
    stack.configure(removed="delete", maxRemovedPercent="100")
    workos.fault("DELETE", "/users/", "drop_after")
    stack.up()
    assert workos.faults_struck() == [1, 1]
    assert workos.users().keys() == {"auth0|b"}


def test_a_blocked_users_membership_ends_inactive_although_the_answer_is_lost(stack: Stack, workos: Sandbox) -> None:
    """Whichever of its two writes loses its answer."""
    export(stack, blocked=True)
    workos.fault("POST", "/organization_memberships$", "drop_after")
    workos.fault("PUT", "/deactivate$", "drop_after")
    stack.up()

    assert workos.faults_struck() == [1, 1]
    assert workos.memberships() == {"org_one/auth0|a": (("admin",), "inactive")}


def test_a_busy_workos_is_waited_for(stack: Stack, workos: Sandbox) -> None:
    """429 with Retry-After is nobody's failure."""
    export(stack)
    workos.fault("POST", "/users$", status=429, headers={"Retry-After": "1"})
    stack.up()

    assert workos.faults_struck() == [1]
    expect_one_of_each(workos)
