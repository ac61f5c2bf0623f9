"""Unique values that move between records of one run: emails and domains, in whatever order the engine goes."""

from __future__ import annotations

from typing import Any

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import Line, organization, person

pytestmark = pytest.mark.engine


def emails(workos: Sandbox) -> dict[str, tuple[str, bool]]:
    """Email and its verification by external id."""
    return {key: (user["email"], user["email_verified"]) for key, user in workos.users().items()}


def named(own: str, email: str, **more: Any) -> Line:
    """A user with this email."""
    return person(own, email=f"{email}@people.example", **more)


def expect_nothing_left_to_do(stack: Stack, workos: Sandbox) -> None:
    """Up again asks nothing."""
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def test_a_refused_account_never_gives_up_its_email_to_another(stack: Stack, workos: Sandbox) -> None:
    """Two unverified accounts with one email are both refused: the object of the first stays, also with delete."""
    stack.exports(users=[named("a", "x", email_verified=False), named("b", "b")])
    stack.up()
    stack.configure(removed="delete", maxRemovedPercent="100")
    stack.exports(users=[named("a", "x", email_verified=False), named("c", "X", email_verified=False), named("b", "b")])
    workos.clear()
    stack.up()

    assert workos.writes() == {}
    assert workos.users().keys() == {"auth0|a", "auth0|b"}


def test_three_users_pass_their_emails_on_in_a_circle(stack: Stack, workos: Sandbox) -> None:
    """No order of changes works without parking one."""
    stack.exports(users=[named("a", "x"), named("b", "y"), named("c", "z")])
    stack.up()
    stack.exports(users=[named("a", "y"), named("b", "z"), named("c", "x")])
    stack.up()

    assert emails(workos) == {
        "auth0|a": ("y@people.example", True),
        "auth0|b": ("z@people.example", True),
        "auth0|c": ("x@people.example", True),
    }
    expect_nothing_left_to_do(stack, workos)


def test_a_swap_takes_a_whole_run(stack: Stack, workos: Sandbox) -> None:
    """With one of them as `--target` nobody's email is taken away, and the run says what to do."""
    stack.exports(users=[named("a", "x"), named("b", "y")])
    stack.up()
    before = emails(workos)
    stack.exports(users=[named("a", "y"), named("b", "x")])
    said = stack.up("--target", stack.state()["auth0|a"]["urn"], fails=True).error()

    assert "users auth0|a: users change places, which takes all of them: run pulumi up without --target" in said
    assert emails(workos) == before
    stack.up()
    assert emails(workos) == {"auth0|a": ("y@people.example", True), "auth0|b": ("x@people.example", True)}


def test_a_user_whose_email_somebody_took_in_workos_fails_the_run_rather_than_lose_it(
    stack: Stack, workos: Sandbox
) -> None:
    """By hand, b got the email that a is to have, and c got b's: b's object makes way, and has nowhere to go."""
    stack.exports(users=[named("a", "x"), named("b", "y"), named("c", "z")])
    stack.up()
    ids = {key: user["id"] for key, user in workos.users().items()}
    for key, email in (("auth0|b", "wish"), ("auth0|c", "y")):
        workos.call("PUT", f"/user_management/users/{ids[key]}", email=f"{email}@people.example")
    stack.exports(users=[named("a", "wish"), named("b", "y"), named("c", "z")])
    said = stack.up(fails=True).error()

    assert "failed users auth0|b: its WorkOS user gave its email to another user and cannot have its own" in said
    assert "email_parked" in said
    assert emails(workos)["auth0|a"][0] == "wish@people.example"


def test_a_domain_moves_between_organizations_in_either_direction(stack: Stack, workos: Sandbox) -> None:
    """Also to an organization that is new, and back."""
    stack.exports(
        users=[person("a")],
        organizations=[organization("one", domains=[{"domain": "d.example"}]), organization("two")],
    )
    stack.up()
    stack.exports(
        users=[person("a")],
        organizations=[
            organization("one", domains=[{"domain": "e.example"}]),
            organization("two", domains=[{"domain": "d.example"}]),
        ],
    )
    stack.up()
    held = {key: set(one["domains"]) for key, one in workos.organizations().items()}
    assert held == {"org_one": {"e.example"}, "org_two": {"d.example"}}

    stack.exports(
        users=[person("a")],
        organizations=[
            organization("one", domains=[{"domain": "d.example"}]),
            organization("two"),
            organization("new", domains=[{"domain": "e.example"}]),
        ],
    )
    stack.up()
    held = {key: set(one["domains"]) for key, one in workos.organizations().items()}
    assert held == {"org_one": {"d.example"}, "org_two": set(), "org_new": {"e.example"}}
    expect_nothing_left_to_do(stack, workos)


def test_a_domain_that_a_retained_organization_holds_is_not_taken(stack: Stack, workos: Sandbox) -> None:
    """With retain it stays where it is, and the failure names the external id of the one that holds it."""
    stack.exports(users=[person("a")], organizations=[organization("old", domains=[{"domain": "d.example"}])])
    stack.up()
    stack.configure(maxRemovedPercent="100")
    stack.exports(users=[person("a")], organizations=[organization("young", domains=[{"domain": "d.example"}])])
    error = stack.up(fails=True).error()
    assert "failed organizations org_young: the organization org_old in WorkOS holds the domain d.example" in error
    assert "domain_held_by_retained" in error
    assert workos.organizations().keys() == {"org_old"}


def test_a_domain_is_taken_over_when_the_old_organization_is_deleted_in_the_same_run(
    stack: Stack, workos: Sandbox
) -> None:
    """One DELETE, before the create that needs it."""
    stack.exports(users=[person("a")], organizations=[organization("old", domains=[{"domain": "d.example"}])])
    stack.up()
    stack.configure(removed="delete", maxRemovedPercent="100")
    stack.exports(users=[person("a")], organizations=[organization("young", domains=[{"domain": "d.example"}])])
    workos.clear()
    stack.up()

    assert workos.writes()["DELETE /organizations/{id}"] == 1
    assert {key: set(one["domains"]) for key, one in workos.organizations().items()} == {"org_young": {"d.example"}}
    expect_nothing_left_to_do(stack, workos)
