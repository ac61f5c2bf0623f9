"""What a plan says of each record: made, taken over, changed, in conflict, gone; and what it leaves different."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from providers.errors import Brake
from providers.reports.plan_text import plan_text
from tests.commands.conftest import NewStack
from tests.stack import Sandbox
from tests.tenant import HASH, OTP, Line, member, organization, otp, password, person, role

USERS = "/user_management/users"


def operations(lines: list[Line]) -> dict[str, dict[str, Any]]:
    """The operations by key."""
    return {line["key"]: line for line in lines if line["type"] == "operation"}


def test_a_first_run_on_an_environment_that_is_not_empty(new_stack: NewStack, workos: Sandbox, grain: str) -> None:
    """What is made, what is taken over, and what cannot be are counted apart."""
    stack = new_stack(granularity=grain)
    workos.call("POST", USERS, email="a@people.example", external_id="auth0|a", first_name="Old")
    workos.call("POST", USERS, email="b@people.example")
    workos.call("POST", USERS, email="c@people.example", external_id="somebody else")
    workos.call("POST", "/organizations", name="one", external_id="org_one")
    stack.exports(
        users=[person("a", given_name="New"), person("b"), person("c"), person("d")],
        organizations=[organization("one")],
        members=[member("one", f"auth0|{letter}") for letter in "abd"],
    )
    *lines, summary = stack.plan()
    found = operations(lines)

    assert {key: one["verb"] for key, one in found.items()} == {
        "org_one": "adopt",
        "auth0|a": "adopt",
        "auth0|b": "failed",
        "auth0|c": "failed",
        "auth0|d": "create",
        "org_one/auth0|a": "create",
        "org_one/auth0|b": "pending",
        "org_one/auth0|d": "create",
    }
    assert found["auth0|a"]["fields"]["first_name"] == {"old": "Old", "new": "New"}
    assert found["auth0|b"]["code"] == "email_held_by_unmanaged"
    assert found["auth0|c"]["code"] == "email_held_by_retained"
    assert summary["kinds"]["users"] == {
        **dict.fromkeys(("update", "deactivate", "delete", "forget", "pending", "unchanged"), 0),
        "create": 1,
        "adopt": 1,
        "failed": 2,
    }
    assert summary["listed"] == {"organizations": 1, "users": 3, "memberships": 0, "roles": 1}
    assert not any(one["differences"] for one in [summary])
    text = "\n".join(plan_text([*lines, summary]))
    assert "! failed user auth0|b" in text
    assert 'first_name: "Old" -> "New"' in text


def test_adoption_by_email_takes_over_who_has_no_external_id(new_stack: NewStack, workos: Sandbox, grain: str) -> None:
    """Where `ferry:adopt` allows it, and both sides call the email verified."""
    stack = new_stack(granularity=grain, adopt="email")
    workos.call("POST", USERS, email="b@people.example", email_verified=True)
    stack.exports(users=[person("b", email="b@people.example")])
    (line, _) = stack.plan()

    assert (line["verb"], line["fields"]["external_id"]) == ("adopt", {"old": None, "new": "auth0|b"})
    stack.up()
    assert workos.users().keys() == {"auth0|b"}


@pytest.mark.parametrize(
    ("in_workos", "in_auth0", "code"),
    [
        (False, True, "email_held_by_unverified"),
        (True, False, "email_unverified_in_auth0"),
        (True, "yes, by a form", "email_unverified_in_auth0"),
    ],
)
def test_a_takeover_that_one_side_does_not_allow_fails_in_the_plan_as_in_the_run(
    new_stack: NewStack, workos: Sandbox, grain: str, in_workos: bool, in_auth0: bool | str, code: str
) -> None:
    """A text that only `trust-text` takes for verified is none that hands an account over."""
    stack = new_stack(granularity=grain, adopt="email", emailVerified="trust-text")
    workos.call("POST", USERS, email="b@people.example", email_verified=in_workos)
    stack.exports(
        users=[person("b", email_verified=in_auth0, given_name="Bea"), person("c", email_verified=in_auth0)],
        passwords=[password("b")],
        mfa=[otp("auth0|b")],
        organizations=[organization("one")],
        members=[member("one", "auth0|b")],
    )
    before = workos.users()
    found = operations(stack.plan())
    assert {key: one.get("code") for key, one in found.items() if one.get("code")} == {
        "auth0|b": code,
        "org_one/auth0|b": "pending",
    }
    setbacks = stack.up().setbacks

    assert setbacks["users", "auth0|b"].code == code
    assert "people.example" not in setbacks["users", "auth0|b"].message
    assert workos.users() == {**before, "auth0|c": workos.users()["auth0|c"]}
    assert workos.memberships() == {}


def test_a_user_of_merged_accounts_is_taken_over_only_if_auth0_calls_all_of_them_verified(
    new_stack: NewStack, workos: Sandbox, grain: str
) -> None:
    stack = new_stack(granularity=grain, adopt="email", emailVerified="trust-text")
    workos.call("POST", USERS, email="b@people.example", email_verified=True)
    accounts = [person("a", email="b@people.example"), person("b", email_verified="text")]
    stack.exports(users=accounts)
    assert stack.up().setbacks["users", "auth0|a"].code == "email_unverified_in_auth0"

    stack.exports(users=[accounts[0], person("b", email_verified="TRUE")])
    assert stack.up().setbacks == {}
    assert workos.users().keys() == {"auth0|a"}


def test_a_name_that_both_changed_is_told_and_one_that_only_workos_changed_stays(
    new_stack: NewStack, workos: Sandbox, grain: str
) -> None:
    """Three ways: the last run, Auth0 now, WorkOS now."""
    stack = new_stack(granularity=grain)
    stack.exports(users=[person("a", given_name="Ada"), person("b", given_name="Bea")])
    stack.up()
    for user in workos.users().values():
        workos.call("PUT", f"{USERS}/{user['id']}", first_name="Chosen")
    stack.exports(users=[person("a", given_name="Adele"), person("b", given_name="Bea")])
    operation, finding, difference, summary = stack.plan()

    assert (operation["key"], operation["verb"], operation["both"]) == ("auth0|a", "update", ["first_name"])
    assert (finding["code"], finding["file"], finding["external_id"]) == ("changed_in_both", "users.ndjson", "auth0|a")
    assert "Adele" not in finding["message"]
    assert operation["fields"] == {"first_name": {"old": "Chosen", "new": "Adele"}}
    assert (difference["key"], difference["why"]) == ("auth0|b", "changed in WorkOS")
    assert difference["fields"] == {"first_name": {"declared": "Bea", "workos": "Chosen"}}
    assert summary["differences"] == 1
    text = "\n".join(plan_text([operation, difference, summary]))
    assert "changed in WorkOS too, Auth0's value is written" in text
    stack.up()
    assert {key: user["first_name"] for key, user in workos.users().items()} == {
        "auth0|a": "Adele",
        "auth0|b": "Chosen",
    }


@pytest.mark.parametrize(
    ("removed", "verbs"),
    [
        ("retain", {"auth0|b": "forget", "org_one/auth0|b": "forget"}),
        ("deactivate", {"auth0|b": "forget", "org_one/auth0|b": "deactivate"}),
        ("delete", {"auth0|b": "delete", "org_one/auth0|b": "delete"}),
    ],
)
def test_what_left_the_export(new_stack: NewStack, grain: str, removed: str, verbs: dict[str, str]) -> None:
    """As `ferry:removed` says; a user who is deleted takes the memberships along without a request."""
    stack = new_stack(granularity=grain, removed=removed)
    both = {"organizations": [organization("one")], "roles": [role("Admin")]}
    stack.exports(users=[person("a"), person("b")], members=[member("one", "auth0|b", "Admin")], **both)
    stack.up()
    stack.exports(users=[person("a")], members=[], **both)
    *lines, summary = stack.plan()

    assert {key: operation["verb"] for key, operation in operations(lines).items()} == verbs
    assert summary["bill"]["total"] == (0 if removed == "retain" else 1)
    assert summary["changes"] is (removed != "retain")


def test_an_export_that_was_cut_short_is_refused(new_stack: NewStack) -> None:
    """As a run would be, before its first write."""
    stack = new_stack(maxRemovedPercent="5")
    stack.exports(users=[person(letter) for letter in "abcd"])
    stack.up()
    stack.exports(users=[person("a")])
    with pytest.raises(Brake, match="3 of 4 users"):
        stack.plan()


def test_an_object_that_is_gone_from_workos_stays_different(new_stack: NewStack, workos: Sandbox, grain: str) -> None:
    """The state knows it, so a run makes nothing; the plan says that it is missing, and why."""
    stack = new_stack(granularity=grain)
    stack.exports(users=[person("a"), person("b")])
    stack.up()
    workos.call("DELETE", f"{USERS}/{workos.users()['auth0|a']['id']}")
    difference, summary = stack.plan()

    assert (difference["what"], difference["key"], difference["why"]) == ("missing", "auth0|a", "removed in WorkOS")
    assert summary["changes"] is False


def test_an_external_id_that_somebody_changed_stays_different_and_is_no_removal(
    new_stack: NewStack, workos: Sandbox, grain: str
) -> None:
    """No write is planned for it; it is told apart from the name that Ferry keeps on purpose."""
    stack = new_stack(granularity=grain)
    stack.exports(
        users=[person("a"), person("b", given_name="Bea")],
        organizations=[organization("one")],
        members=[member("one", "auth0|a")],
    )
    stack.up()
    users = workos.users()
    workos.call("PUT", f"{USERS}/{users['auth0|a']['id']}", external_id="other")
    workos.call("PUT", f"{USERS}/{users['auth0|b']['id']}", first_name="Chosen")
    lines = stack.plan()
    moved, name, summary = lines

    assert moved == {
        "type": "difference",
        "kind": "users",
        "key": "auth0|a",
        "what": "different",
        "why": "changed in WorkOS",
        "kept": False,
        "fields": {"external_id": {"declared": "auth0|a", "workos": "other"}},
    }
    assert (name["key"], name["kept"]) == ("auth0|b", True)
    assert [summary[one] for one in ("changes", "differences", "wrong", "kept")] == [False, 2, 1, 1]
    text = list(plan_text(lines))
    at, then = (text.index(f"STAYS DIFFERENT after this run, {one} 1") for one in ("WRONG", "KEPT ON PURPOSE"))
    assert text[at + 1 : then] == [
        "  different user auth0|a (changed in WorkOS)",
        '      external_id: directory "auth0|a", WorkOS "other"',
        "  Next, changed in WorkOS: set it back there; or ferry:onDrift repair, pulumi refresh --run-program, then "
        "pulumi up",
        "",
    ]
    assert text[then + 1] == "  different user auth0|b (changed in WorkOS)"


@pytest.mark.parametrize("moved", ["users", "organizations"])
def test_a_membership_of_an_object_whose_external_id_changed_is_announced_as_its_own(
    new_stack: NewStack, workos: Sandbox, grain: str, moved: str
) -> None:
    """It exists already, so WorkOS refuses it and it is taken over: each request stands at the membership's key."""
    stack = new_stack(granularity=grain)
    stack.exports(users=[person("a")], organizations=[organization("one")])
    stack.up()
    ids = {"users": workos.users()["auth0|a"]["id"], "organizations": workos.organizations()["org_one"]["id"]}
    path = {"users": USERS, "organizations": "/organizations"}[moved]
    workos.call("PUT", f"{path}/{ids[moved]}", external_id="other")
    memberships = "/user_management/organization_memberships"
    workos.call("POST", memberships, user_id=ids["users"], organization_id=ids["organizations"])
    stack.exports(
        users=[person("a")],
        organizations=[organization("one")],
        members=[member("one", "auth0|a", "Admin")],
        roles=[role("Admin")],
    )
    found = operations(stack.plan())["org_one/auth0|a"]
    workos.clear()
    stack.up()
    assert found["verb"] == "adopt"
    announced = Counter(request.removesuffix(" (refused)") for request in found["requests"])
    assert announced == {call: write for call, write in workos.writes().items() if memberships in call}


def test_a_new_email_that_is_not_verified_takes_the_verification_along(new_stack: NewStack, grain: str) -> None:
    """WorkOS resets it with the email, and the plan says so."""
    stack = new_stack(granularity=grain)
    stack.exports(users=[person("a")])
    stack.up()
    stack.exports(users=[person("a", email="new@people.example", email_verified=False)])
    operation, _ = stack.plan()

    assert operation["fields"] == {
        "email": {"old": "a@people.example", "new": "new@people.example"},
        "email_verified": {"old": True, "new": False},
    }


def test_no_secret_is_in_a_plan(new_stack: NewStack, grain: str) -> None:
    """It says that a password and an authenticator come along."""
    stack = new_stack(granularity=grain)
    stack.exports(users=[person("a")], passwords=[password("a")], mfa=[otp("auth0|a")])
    lines = stack.plan()
    text = str(lines) + "\n".join(plan_text(lines))

    assert lines[0]["fields"]["password"] == lines[0]["fields"]["totp"] == {"old": None, "new": "(from the export)"}
    assert lines[0]["requests"] == [f"POST {USERS}", f"POST {USERS}/{{id}}/auth_factors"]
    assert HASH not in text
    assert OTP not in text
    assert "fingerprint" not in text
