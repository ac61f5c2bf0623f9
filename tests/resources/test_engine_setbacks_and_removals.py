"""One record that WorkOS refuses holds up nothing else: whoever left goes all the same, and the state does not grow."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import member, organization, person, role

pytestmark = pytest.mark.engine

REFUSAL = {"code": "person_unwelcome", "message": "no"}


def export(stack: Stack, *users: str) -> None:
    """Users by name, admins of one organization."""
    stack.exports(
        users=[person(name) for name in users],
        organizations=[organization("one")],
        members=[member("one", f"auth0|{name}", "Admin") for name in users],
        roles=[role("Admin")],
    )


@pytest.fixture
def filled(stack: Stack, workos: Sandbox) -> Stack:
    """Four users in WorkOS; whoever leaves is to be deleted."""
    stack.configure(maxRemovedPercent="100", removed="delete")
    export(stack, *"abcd")
    stack.up()
    workos.clear()
    return stack


def test_who_left_is_removed_although_another_record_is_refused(filled: Stack, workos: Sandbox) -> None:
    """The engine deletes nothing after an error; a new colleague whom WorkOS refuses must not keep a former one in."""
    workos.fault("POST", "/users$", contains="auth0|new", times=None, status=400, body=REFUSAL)
    export(filled, "a", "b", "c", "new")
    said = filled.up(fails=True).error()

    assert "failed users auth0|new:" in said
    assert workos.users().keys() == {"auth0|a", "auth0|b", "auth0|c"}
    held = len(filled.state())
    filled.up(fails=True)
    assert len(filled.state()) == held
    workos.clear_faults()
    filled.up()
    workos.clear()
    filled.up()
    assert workos.requests()["total"] == 0
    assert workos.users().keys() == {"auth0|a", "auth0|b", "auth0|c", "auth0|new"}
    assert [name for name in filled.state() if name.endswith("auth0|d")] == []


def test_a_removal_that_workos_refuses_does_not_hold_up_the_others(filled: Stack, workos: Sandbox) -> None:
    """It is named, kept in the state, and tried again by the next run."""
    stuck = workos.users()["auth0|c"]["id"]
    workos.fault("DELETE", f"/users/{stuck}$", times=None, status=403, body={"code": "not_now", "message": "no"})
    export(filled, "a")
    said = filled.up(fails=True).error()

    assert "cannot be removed" in said
    assert "not_now" in said
    assert workos.users().keys() == {"auth0|a", "auth0|c"}
    workos.clear_faults()
    filled.up()
    assert workos.users().keys() == {"auth0|a"}
    workos.clear()
    filled.up()
    assert workos.requests()["total"] == 0


@pytest.mark.parametrize("status", [400, 404])
def test_a_target_whose_change_is_refused_fails_the_run_until_it_is_made(
    stack: Stack, workos: Sandbox, status: int
) -> None:
    stack.exports(users=[person("a"), person("b")])
    stack.up()
    stack.exports(users=[person("a", given_name="Ann"), person("b")])
    workos.fault("PUT", "/users/", times=None, status=status, body=REFUSAL)
    user = stack.state()["auth0|a"]["urn"]
    assert "users auth0|a" in stack.up("--target", user, fails=True).error()

    workos.clear_faults()
    stack.up("--target", user)
    assert workos.users()["auth0|a"]["first_name"] == "Ann"


def test_a_target_that_is_refused_fails_the_run(stack: Stack, workos: Sandbox) -> None:
    """The verdict is no target, so it cannot say so."""
    export(stack, "a")
    workos.fault("POST", "/users$", times=None, status=400, body=REFUSAL)
    stack.preview()
    user = "urn:pulumi:dev::ferry::pulumi-python:dynamic/workos:User::auth0|a"
    said = stack.up("--target", user, fails=True).error()

    assert "users auth0|a" in said
    assert "person_unwelcome" in said
