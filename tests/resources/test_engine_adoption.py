"""Objects that are in WorkOS already: found, compared, made equal, and never made a second time."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import HASH, member, organization, otp, password, person, role

pytestmark = pytest.mark.engine


def export(stack: Stack) -> None:
    """Two users, one of them with a password and an authenticator, admins of an organization with a domain."""
    stack.exports(
        users=[person("a", given_name="Ann"), person("b")],
        organizations=[organization("one", metadata={"plan": "gold"}, domains=[{"domain": "one.example"}])],
        members=[member("one", "auth0|a", "Admin"), member("one", "auth0|b")],
        roles=[role("Admin")],
        passwords=[password("a")],
        mfa=[otp("auth0|a")],
    )


def origins(stack: Stack) -> dict[str, str]:
    """How each record came to be this stack's."""
    return {name: one["outputs"]["origin"] for name, one in stack.state().items() if "origin" in one.get("outputs", {})}


def test_an_object_with_the_same_external_id_is_found_and_made_equal(stack: Stack, workos: Sandbox) -> None:
    """Fields that Auth0 has are written, others stay; whose password it holds nobody can say; destroy leaves it."""
    made = workos.call(
        "POST",
        "/user_management/users",
        email="old@people.example",
        external_id="auth0|a",
        first_name="Old",
        last_name="Name",
        metadata={"note": "theirs"},
    )
    workos.call("POST", "/organizations", name="Old", external_id="org_one", metadata={"plan": "silver", "note": "x"})
    export(stack)
    said = stack.up().said

    user = workos.users()["auth0|a"]
    assert (user["id"], user["email"], user["email_verified"]) == (made["id"], "a@people.example", True)
    assert (user["first_name"], user["last_name"], user["metadata"]) == ("Ann", "Name", {"note": "theirs"})
    assert len(user["totp_sha256"]) == 1
    held = workos.organizations()["org_one"]
    assert (held["name"], held["metadata"]) == ("one", {"plan": "gold", "note": "x"})
    assert held["domains"] == {"one.example": "pending"}
    assert workos.counts() == (2, 1, 2)
    assert "1 password_unconfirmed (first: users auth0|a)" in said
    assert origins(stack) == {
        "admin": "created",
        "org_one": "found",
        "auth0|a": "found",
        "auth0|b": "created",
        "org_one/auth0|a": "created",
        "org_one/auth0|b": "created",
    }
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0

    stack.destroy()
    assert workos.users().keys() == {"auth0|a"}
    assert workos.organizations().keys() == {"org_one"}


def test_the_same_email_without_external_id_is_refused_unless_taking_over_is_allowed(
    stack: Stack, workos: Sandbox
) -> None:
    """Somebody signed up in WorkOS: by default that is named as a failure with the setting that would take it over."""
    body = {"email": "a@people.example", "first_name": "Someone", "email_verified": True}
    made = workos.call("POST", "/user_management/users", **body)
    export(stack)
    error = stack.up(fails=True).error()
    assert "failed users auth0|a:" in error
    assert "email_held_by_unmanaged" in error
    assert "ferry:adopt" in error
    assert workos.users()["a@people.example"]["first_name"] == "Someone"
    assert workos.counts() == (2, 1, 1)

    stack.configure(adopt="email")
    said = stack.up().said
    assert "1 password_unconfirmed (first: users auth0|a)" in said
    user = workos.users()["auth0|a"]
    assert (user["id"], user["first_name"], user["email_verified"]) == (made["id"], "Ann", True)
    assert workos.counts() == (2, 1, 2)
    assert origins(stack)["auth0|a"] == "found"


def test_a_stack_without_its_state_finds_everything_and_makes_nothing_twice(stack: Stack, workos: Sandbox) -> None:
    """The backend is lost: every object is found, none is changed, and up again writes nothing."""
    export(stack)
    stack.up()
    before = workos.directory()
    stack.fresh_backend()
    said = stack.up().said

    assert workos.directory() == before
    assert set(origins(stack).values()) == {"found"}
    assert "1 password_unconfirmed" in said
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0

    stack.destroy()
    assert workos.directory() == before


def test_a_membership_that_somebody_deactivated_is_brought_back_only_if_it_should_be_active(
    stack: Stack, workos: Sandbox
) -> None:
    """It is found by its pair, whatever its status; a blocked user's stays inactive."""
    export(stack)
    stack.up()
    for membership in workos.directory()["memberships"]:
        workos.call("PUT", f"/user_management/organization_memberships/{membership['id']}/deactivate")
    stack.fresh_backend()
    stack.exports(
        users=[person("a", given_name="Ann"), person("b", blocked=True)],
        organizations=[organization("one", metadata={"plan": "gold"}, domains=[{"domain": "one.example"}])],
        members=[member("one", "auth0|a", "Admin"), member("one", "auth0|b")],
        roles=[role("Admin")],
    )
    stack.up()

    assert workos.memberships() == {
        "org_one/auth0|a": (("admin",), "active"),
        "org_one/auth0|b": (("member",), "inactive"),
    }


def test_a_role_that_exists_keeps_its_name(stack: Stack, workos: Sandbox) -> None:
    """Roles of the environment may be somebody else's: adopted by slug, name and description left alone."""
    workos.call("POST", "/authorization/roles", slug="admin", name="Boss", description="Made by hand")
    export(stack)
    stack.up()

    held = {one["slug"]: (one["name"], one["description"]) for one in workos.directory()["roles"]}
    assert held["admin"] == ("Boss", "Made by hand")
    assert workos.memberships()["org_one/auth0|a"] == (("admin",), "active")


def test_a_password_that_changes_after_adoption_is_written(stack: Stack, workos: Sandbox) -> None:
    """Counting as written holds for the hash that was in the export at that time only."""
    workos.call("POST", "/user_management/users", email="a@people.example", external_id="auth0|a")
    stack.exports(users=[person("a")], passwords=[password("a")])
    stack.up()
    assert workos.users()["auth0|a"]["password_sha256"] is None
    stack.exports(users=[person("a")], passwords=[password("a", HASH.replace("A", "C"))])
    workos.clear()
    stack.up()

    assert workos.writes() == {"PUT /user_management/users/{id}": 1}
    assert workos.users()["auth0|a"]["password_sha256"] is not None
