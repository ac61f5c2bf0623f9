"""Two ways in which an account would fall to a stranger, and a server that says done and ignores what was sent."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import member, organization, otp, password, person, role

pytestmark = pytest.mark.engine

USERS = "/user_management/users"


def export(stack: Stack, *, verified: bool) -> None:
    """One user with everything that an account can have, and a colleague."""
    stack.exports(
        users=[person("a", email_verified=verified, given_name="Ann"), person("b")],
        organizations=[organization("one")],
        members=[member("one", "auth0|a", "Admin"), member("one", "auth0|b")],
        roles=[role("Admin")],
        passwords=[password("a")],
        mfa=[otp("auth0|a")],
    )


@pytest.mark.parametrize("grain", ["record", "cohort"])
def test_who_registered_an_email_in_workos_without_verifying_it_does_not_get_the_account(
    stack: Stack, workos: Sandbox, grain: str
) -> None:
    """The next step can be followed: the stranger's user is removed, and the person gets one of their own."""
    stranger = workos.call("POST", USERS, email="a@people.example", password="made up, 1! And long")
    stack.configure(adopt="email", granularity={"users": grain})
    export(stack, verified=True)
    error = stack.up(fails=True).error()

    assert "failed users auth0|a:" in error
    assert "email_held_by_unverified" in error
    assert "people.example" not in error
    user = workos.users()["a@people.example"]
    assert (user["id"], user["external_id"], user["email_verified"]) == (stranger["id"], None, False)
    assert workos.memberships() == {"org_one/auth0|b": (("member",), "active")}
    assert "email_held_by_unverified" in stack.ferry("plan", code=1).said

    workos.call("DELETE", f"{USERS}/{stranger['id']}")
    stack.up()
    assert workos.users()["auth0|a"]["id"] != stranger["id"]
    assert workos.memberships().keys() == {"org_one/auth0|a", "org_one/auth0|b"}
    stack.ferry("verify")


def test_who_registered_an_email_in_auth0_without_verifying_it_does_not_get_the_workos_user(
    stack: Stack, workos: Sandbox
) -> None:
    """Neither names nor hash nor authenticator are written there, until Auth0 calls the email verified."""
    owner = workos.call("POST", USERS, email="a@people.example", email_verified=True, first_name="Owner")
    stack.configure(adopt="email")
    export(stack, verified=False)
    before = workos.users()["a@people.example"]
    error = stack.up(fails=True).error()

    assert "email_unverified_in_auth0" in error
    assert "people.example" not in error
    assert workos.users()["a@people.example"] == before

    export(stack, verified=True)
    said = stack.up().said
    user = workos.users()["auth0|a"]
    assert (user["id"], user["first_name"], len(user["totp_sha256"])) == (owner["id"], "Ann", 1)
    assert "1 password_unconfirmed (first: users auth0|a)" in said


@pytest.mark.calm
def test_a_field_that_workos_ignores_fails_the_run_until_it_is_taken(stack: Stack, workos: Sandbox) -> None:
    """The next run sends it and nothing else; the one after it asks nothing. `test_host_not_taken` has both grains."""
    stack.configure(granularity={"users": "cohort"})
    export(stack, verified=True)
    workos.fault("POST", "/users$", "ignore", contains="auth0|a", fields=["external_id"], times=None)
    error = stack.up(fails=True).error()

    assert "failed users auth0|a:" in error
    assert "did not take external_id" in error
    assert workos.counts() == (2, 1, 2)
    workos.clear()
    stack.up()
    assert workos.writes() == {"PUT /user_management/users/{id}": 1}
    assert workos.users().keys() == {"auth0|a", "auth0|b"}
    stack.ferry("verify")
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
