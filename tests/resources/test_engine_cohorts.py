"""Cohorts with the real engine: what a person sees of them, and what the engine makes of their outputs."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench.soak import IN_FLIGHT, exported, soak
from tests.expected_outcome import expect_workos_to_be
from tests.stack import Sandbox, Stack
from tests.tenant import Line, member, organization, password, person, role
from tests.walk.test_engine_sample import ACME, EXPECTED, expect_the_summary_to_add_up

pytestmark = pytest.mark.engine

TOKEN = "pulumi-python:dynamic/workos:"


def test_the_sample_reaches_workos_exactly_in_cohorts(stack: Stack, workos: Sandbox, subtests: pytest.Subtests) -> None:
    """With the fewest writes, and what a preview says is what is done."""
    workos.settings(multiple_roles=True)
    stack.configure(export=str(ACME / "first"), multipleRoles=True, granularity="cohort")
    with subtests.test("a first preview says what every cohort will hold, and asks nothing"):
        said = stack.preview().said
        assert workos.requests()["total"] == 0
        assert "users-3f: +" in said

    with subtests.test("up writes what is missing, each object once"):
        stack.up()
        asked = workos.requests()
        assert asked["writes"] == EXPECTED["first"].summary["minimal_writes_from_empty"]
        expect_workos_to_be(EXPECTED["first"], workos)
        expect_the_summary_to_add_up("first", stack.summary())
        types = [one["type"].removeprefix(TOKEN) for one in stack.state().values()]
        assert [types.count(f"{kind}Cohort") for kind in ("Organization", "User", "Membership")] == [256] * 3

    with subtests.test("a second up asks nothing"):
        workos.clear()
        stack.up()
        assert workos.requests()["total"] == 0

    stack.configure(export=str(ACME / "later"), multipleRoles=True, granularity="cohort", removed="delete")
    with subtests.test("the preview names each record that comes, changes or goes"):
        said = stack.preview("--diff").said
        assert workos.requests()["total"] == 0
        gone = set(EXPECTED["first"].users()) - set(EXPECTED["later"].users())
        new = set(EXPECTED["later"].users()) - set(EXPECTED["first"].users())
        lines = [line.strip() for line in said.splitlines()]
        assert all(any(line.startswith(f"- {key} ") for line in lines) for key in gone)
        assert all(any(line.startswith(f"+ {key} ") for line in lines) for key in new)
        named = {sign: {line[2:] for line in lines if line.startswith(f"{sign} ")} for sign in "+-"}
        assert named["+"] & named["-"] == set()

    with subtests.test("days later only what changed is written"):
        stack.up()
        assert workos.requests()["writes"] == EXPECTED["later"].summary["minimal_writes_from_first"]
        expect_workos_to_be(EXPECTED["later"], workos)
        workos.clear()
        stack.up()
        assert workos.requests()["total"] == 0


@pytest.mark.calm  # a thousand resources; what the weather does to records other tests show
def test_a_tenant_that_grows_past_a_thousand_moves_into_cohorts_and_never_back(stack: Stack, workos: Sandbox) -> None:
    """With one write, for the user that is new; and an export that was cut short stops the run there too."""
    people: list[Line] = [person(f"{number:04}") for number in range(1_001)]
    stack.exports(users=people[:-1])
    stack.up()
    assert f"{TOKEN}User" in {one["type"] for one in stack.state().values()}
    before = {key: user["id"] for key, user in workos.users().items()}
    workos.clear()
    stack.exports(users=people)
    stack.up()

    assert workos.writes() == {"POST /user_management/users": 1}
    assert {key: user["id"] for key, user in workos.users().items() if key in before} == before
    types = [one["type"] for one in stack.state().values()]
    assert (types.count(f"{TOKEN}User"), types.count(f"{TOKEN}UserCohort")) == (0, 256)
    workos.clear()
    stack.exports(users=people[:900])
    assert "more than ferry:maxRemovedPercent (5%) allows" in stack.up(fails=True).error()
    stack.exports(users=people[:990])
    assert "11 users left the export: WorkOS keeps them" in stack.up().said
    assert workos.writes() == {}
    assert f"{TOKEN}UserCohort" in {one["type"] for one in stack.state().values()}


def test_a_switch_of_grain_changes_no_object(stack: Stack, workos: Sandbox) -> None:
    """There and back, and with a kind in another grain than those it depends on; a new member is one write."""
    one = [person("ann"), person("bee"), person("cee")]
    members = [member("one", "auth0|ann", "Admin"), member("one", "auth0|bee")]
    stack.exports(users=one, organizations=[organization("one")], members=members, roles=[role("Admin")])
    stack.up()
    directory = workos.directory()
    for granularity in ({"users": "cohort"}, {"memberships": "cohort"}):
        workos.clear()
        stack.configure(granularity=granularity)
        stack.up()
        assert workos.writes() == {}
        assert workos.directory() == directory
    members.append(member("one", "auth0|cee"))
    stack.exports(users=one, organizations=[organization("one")], members=members, roles=[role("Admin")])
    stack.configure(granularity={"users": "cohort"})
    stack.up()

    assert workos.writes() == {"POST /user_management/organization_memberships": 1}
    workos.clear()
    stack.configure(granularity="record")
    stack.up()
    assert workos.writes() == {}
    assert len(workos.memberships()) == 3


@pytest.mark.calm  # a repeated write is counted here, which the weather does too
def test_a_run_that_is_killed_again_and_again_loses_and_doubles_nothing(
    stack: Stack, workos: Sandbox, tmp_path: Path
) -> None:
    """`make soak` does the same with 20,000 records and 20 kills."""
    survived = soak(stack, workos, exported(1_200, 1, tmp_path / "generated"), kills=3, seed=1)

    assert survived.repeated <= 3 * IN_FLIGHT


def test_emails_and_groups_move_between_cohorts_as_between_records(stack: Stack, workos: Sandbox) -> None:
    """In one run two users swap, one takes a gone one's email, and a merged pair parts; then it joins again."""
    stack.configure(granularity={"users": "cohort"}, removed="delete", maxRemovedPercent="100")
    hashes = [password("bee")]
    stack.exports(
        users=[mailed("a", "x"), mailed("b", "y"), mailed("old", "o"), mailed("ann", "both"), mailed("bee", "both")],
        passwords=hashes,
    )
    stack.up()
    assert workos.users().keys() == {"auth0|a", "auth0|b", "auth0|old", "auth0|bee"}
    stack.exports(
        users=[mailed("a", "y"), mailed("b", "x"), mailed("new", "o"), mailed("ann", "own"), mailed("bee", "both")],
        passwords=hashes,
    )
    stack.up()

    assert {key: user["email"].partition("@")[0] for key, user in workos.users().items()} == {
        "auth0|a": "y",
        "auth0|b": "x",
        "auth0|new": "o",
        "auth0|ann": "own",
        "auth0|bee": "both",
    }
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
    stack.exports(
        users=[mailed("a", "y"), mailed("b", "x"), mailed("new", "o"), mailed("ann", "both"), mailed("bee", "both")],
        passwords=hashes,
    )
    stack.up()
    assert workos.users().keys() == {"auth0|a", "auth0|b", "auth0|new", "auth0|bee"}
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def mailed(own: str, email: str) -> Line:
    """A user with this email."""
    return person(own, email=f"{email}@people.example")
