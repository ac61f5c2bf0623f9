"""The bill: what a preview says that an up will write is what the up writes, request by request."""

from __future__ import annotations

import re

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import OTHER_HASH, OTP, Line, member, organization, otp, password, person, role

pytestmark = pytest.mark.engine

_LINE = re.compile(
    r"bill: (.*); (?:nothing to write|(at least )?([\d,]+) writes?( and [\d,]+ reads?)?, at least .* s at )"
)


def bill(said: str) -> tuple[str, int]:
    """The records and the writes that a command announces."""
    (found,) = set(_LINE.findall(said))
    return found[0], int(found[2] or 0)


def first(stack: Stack) -> None:
    """Seven people in three organizations, one of them blocked."""
    names = [letter for letter in "abcdefg" if letter != "f"]
    stack.exports(
        users=[*(person(name, given_name=name) for name in names), person("f", blocked=True)],
        organizations=[organization(name) for name in ("one", "two", "gone")],
        members=[member("one", f"auth0|{name}", "Admin") for name in "abcdefg"]
        + [member("two", f"auth0|{name}") for name in "abcg"]
        + [member("gone", "auth0|a")],
        roles=[role("Admin"), role("Viewer")],
        passwords=[password("a")],
    )


def second(stack: Stack) -> None:
    """Of everything something: new, renamed, blocked, unblocked, secrets that came late, moved roles, gone."""
    people: list[Line] = [
        person("a", given_name="Ann"),
        person("b", given_name="b", blocked=True),
        person("c", given_name="c", email="moved@people.example"),
        person("d", given_name="d"),
        person("e", given_name="e"),
        person("f"),
        person("new"),
        person("shut", blocked=True),
    ]
    stack.exports(
        users=people,
        organizations=[
            organization("one", domains=[{"domain": "one.example"}]),
            organization("two", metadata={"tier": "gold"}),
            organization("new"),
        ],
        members=[member("one", f"auth0|{name}", "Admin") for name in "abc"]
        + [member("one", "auth0|d", "Viewer"), member("one", "auth0|e", "Chief"), member("one", "auth0|f", "Admin")]
        + [member("two", f"auth0|{name}") for name in "ab"]
        + [member("new", "auth0|new"), member("new", "auth0|shut")],
        roles=[role("Admin", description="everything"), role("Viewer"), role("Chief")],
        passwords=[password("a"), password("d", OTHER_HASH)],
        mfa=[otp("auth0|e", OTP), otp("auth0|new", OTP)],
    )


@pytest.mark.parametrize(("grain", "removed"), [("record", "delete"), ("cohort", "deactivate")])
def test_what_is_announced_is_written(stack: Stack, workos: Sandbox, grain: str, removed: str) -> None:
    """In a first run, in a second one with a little of everything, and in a third one that has nothing to do."""
    stack.configure(granularity={"users": grain, "memberships": grain}, removed=removed, maxRemovedPercent="100")
    for export in (first, second):
        export(stack)
        records, announced = bill(stack.preview().said)
        workos.clear()
        assert bill(stack.up().said) == (records, announced)
        assert sum(workos.writes().values()) == announced, (workos.writes(), records)
        assert announced > 10
    for run in (stack.preview, stack.up):
        assert "bill: " not in run().said


def test_emails_that_change_hands_take_at_least_what_is_announced(stack: Stack, workos: Sandbox) -> None:
    stack.exports(users=[person("a"), person("b")])
    stack.up()
    stack.exports(users=[person("a", email="b@people.example"), person("b", email="a@people.example")])
    said = stack.preview().said
    workos.clear()
    stack.up()

    assert "bill: users +0 ~2 -0; at least 2 writes" in said
    assert sum(workos.writes().values()) >= 2
