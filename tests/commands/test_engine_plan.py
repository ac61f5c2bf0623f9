"""`ferry plan`: what it announces is what `pulumi up` does, request by request; and it writes nothing."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import member, organization, otp, password, person, role

pytestmark = pytest.mark.engine

BOTH_GRAINS = pytest.mark.parametrize("grain", ["record", "cohort"])


def planned(stack: Stack, code: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The lines of a plan that ends with this code, and its summary."""
    *lines, summary = [json.loads(line) for line in stack.ferry("plan", "--json", code=code).said.splitlines()]
    return lines, summary


def announced(lines: list[dict[str, Any]]) -> dict[str, int]:
    """The requests that write, as the sandbox counts them."""
    return dict(Counter(request.removesuffix(" (refused)") for line in lines for request in line.get("requests", ())))


def verbs(lines: list[dict[str, Any]]) -> dict[str, str]:
    """What is announced for which record."""
    return {line["key"]: line["verb"] for line in lines if line["type"] == "operation"}


@BOTH_GRAINS
def test_what_is_announced_is_what_up_writes(stack: Stack, workos: Sandbox, grain: str) -> None:
    """A first load, nothing, and a re-sync with a bit of everything; a plan itself writes nothing."""
    stack.configure(
        granularity={"users": grain}, maxRemovedPercent="100", removed={"users": "delete", "memberships": "delete"}
    )
    stack.exports(
        users=[person("a", given_name="Ada"), person("b"), person("c"), person("d"), person("e", email_verified=False)],
        organizations=[organization("one"), organization("two")],
        members=[member("one", f"auth0|{letter}", "Admin") for letter in "abcd"],
        roles=[role("Admin"), role("Member")],
        passwords=[password("a")],
    )
    lines, summary = planned(stack, 1)
    assert summary["kinds"]["users"]["create"] == 5
    assert workos.writes() == {}
    workos.clear()
    stack.up()
    assert announced(lines) == workos.writes()
    stack.exports(
        users=[
            person("a", given_name="Eva"),
            person("b", blocked=True),
            person("c"),
            person("e", email="moved@people.example"),
            person("f"),
        ],
        organizations=[organization("one", display_name="Uno"), organization("two")],
        members=[member("one", "auth0|a"), member("one", "auth0|b", "Admin"), member("two", "auth0|f", "Admin")],
        roles=[role("Admin"), role("Member")],
        passwords=[password("a"), password("c")],
        mfa=[otp("auth0|a")],
    )
    workos.clear()
    lines, summary = planned(stack, 1)
    assert workos.writes() == {}
    assert verbs(lines) == {
        "org_one": "update",
        "auth0|a": "update",
        "auth0|c": "update",
        "auth0|d": "delete",
        "auth0|e": "update",
        "auth0|f": "create",
        "org_one/auth0|a": "update",
        "org_one/auth0|b": "update",
        "org_one/auth0|c": "delete",
        "org_one/auth0|d": "delete",
        "org_two/auth0|f": "create",
    }
    workos.clear()
    stack.up()
    assert announced(lines) == workos.writes()
    written = Counter(
        f"{request['method']} {request['path']}"
        for request in summary["bill"]["requests"]
        for _ in range(request["count"])
    )
    assert {call: number for call, number in written.items() if not call.startswith("GET")} == workos.writes()
    workos.clear()
    assert planned(stack, 0)[0] == []
    assert workos.writes() == {}
