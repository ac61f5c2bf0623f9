"""Merge groups that fall apart or come together after their users are in WorkOS: nobody is lost, nobody is two."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import SHARED, Line, member, organization, password, person, role

pytestmark = pytest.mark.engine

REFUSAL = {"code": "not_now", "message": "no"}


def export(stack: Stack, **emails: str) -> None:
    """Users by name with their emails; the hash is Bee's; each is a member in a role of the same name."""
    users: list[Line] = [person(name, email=email) for name, email in emails.items()]
    stack.exports(
        users=users,
        organizations=[organization("one")],
        members=[member("one", f"auth0|{name}", name) for name in emails],
        roles=[role(name) for name in emails],
        passwords=[password("bee")],
    )


def expect_two(workos: Sandbox, stack: Stack) -> None:
    """Ann and Bee each have an object, a role and a resource of their own."""
    assert {key: user["email"] for key, user in workos.users().items()} == {
        "auth0|ann": "ann@people.example",
        "auth0|bee": SHARED,
    }
    assert workos.memberships() == {
        "org_one/auth0|ann": (("ann",), "active"),
        "org_one/auth0|bee": (("bee",), "active"),
    }
    state = stack.state()
    assert state["auth0|ann"]["id"] != state["auth0|bee"]["id"]


@pytest.mark.parametrize("fault", [None, 503, 422])
def test_a_group_that_falls_apart_is_two_users(stack: Stack, workos: Sandbox, fault: int | None) -> None:
    """Bee's id is on the object that Ann keeps, and nothing that goes wrong may make Bee take it over."""
    stack.configure(multipleRoles="true")
    workos.settings(multiple_roles=True)
    export(stack, ann=SHARED, bee=SHARED)
    stack.up()
    assert workos.users().keys() == {"auth0|bee"}
    if fault:
        times = None if fault == 422 else 1
        workos.fault("PUT", "/users/", contains="ann@people", times=times, status=fault, body=REFUSAL)
    export(stack, ann="ann@people.example", bee=SHARED)
    stack.up(fails=fault == 422)
    if fault == 422:
        assert workos.users().keys() == {"auth0|bee"}
        workos.clear_faults()
        stack.up()

    expect_two(workos, stack)
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def test_two_users_who_become_one_are_one(stack: Stack, workos: Sandbox) -> None:
    """The object of the one that goes holds the id that the other is to get, so it goes first."""
    stack.configure(maxRemovedPercent="100", multipleRoles="true")
    workos.settings(multiple_roles=True)
    export(stack, ann=SHARED, bee="bee@people.example")
    stack.up()
    export(stack, ann=SHARED, bee=SHARED)
    said = stack.up(fails=True).error()
    assert "external_id_held_by_retained" in said
    assert workos.users().keys() == {"auth0|ann", "auth0|bee"}

    stack.configure(removed="delete")
    stack.up()
    (user,) = workos.users().values()
    assert (user["external_id"], user["email"]) == ("auth0|bee", SHARED)
    assert user["password_sha256"]
    assert workos.memberships() == {"org_one/auth0|bee": (("ann", "bee"), "active")}
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
