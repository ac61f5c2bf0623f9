"""What a run announces that it will write, in both grains: each case by the requests that the kinds make for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from providers.directory.store import open_store
from providers.program.announcement import announced
from providers.reports.announcement_text import Announcement, announcement_lines
from providers.settings import KINDS, read_settings
from providers.state.applied import pack
from providers.state.bags import CohortOutputs
from providers.state.cohorts import cohort_of
from providers.state.declaration import declaration
from providers.state.last_state import KnownCohort
from tests.state.made_state import state_after
from tests.tenant import OTHER_HASH, OTP, Line, member, organization, otp, password, person, role, write

ANN, BEE = "auth0|ann", "auth0|bee"
USER, MEMBER = "/user_management/users", "/user_management/organization_memberships"
ORGANIZATION, ROLE = "/organizations", "/authorization/roles"
FACTORS = f"{USER}/{{id}}/auth_factors"
POST_USER, PUT_USER, DELETE_USER = ("POST", USER), ("PUT", f"{USER}/{{id}}"), ("DELETE", f"{USER}/{{id}}")
OFF, ON = ("PUT", f"{MEMBER}/{{id}}/deactivate"), ("PUT", f"{MEMBER}/{{id}}/reactivate")

BASE: dict[str, Any] = {
    "users": [person("ann", given_name="Ann", app_metadata={"plan": "a"}), person("bee")],
    "organizations": [organization("acme", domains=[{"domain": "acme.example"}]), organization("other")],
    "members": [member("acme", ANN, "Admin"), member("acme", BEE), member("other", ANN)],
    "roles": [role("Admin")],
    "passwords": [password("ann")],
}
PLAN = {"ferry:userMetadata": '{"plan":"app_metadata.plan"}'}


def users(*lines: Line) -> dict[str, Any]:
    return {**BASE, "users": list(lines)}


def ann(**more: Any) -> Line:
    return {**BASE["users"][0], **more}


Announce = Callable[..., Announcement]


@pytest.fixture(params=["record", "cohort"])
def announce(request: pytest.FixtureRequest, tmp_path: Path) -> Announce:
    """The announcement for an export after another, in one grain or the other."""

    def told(
        after: dict[str, Any], before: dict[str, Any] | None = BASE, now: str = request.param, **config: str
    ) -> Announcement:
        last_state = state_after(tmp_path, request.param, PLAN, **(before or {"users": []}))
        if before is None:
            last_state = type(last_state)()
        texts = {f"ferry:{key}": text for key, text in config.items()}
        (tmp_path / "after").mkdir()
        export = tmp_path / "after"
        write(export, **after)
        settings = read_settings({"ferry:export": str(export), "ferry:granularity": now, **PLAN, **texts}, {})
        with open_store(settings, tmp_path) as store:
            declared = declaration(store, set, settings)
            leaving = {kind: last_state.gone(kind, declared) for kind in KINDS}
            return announced(last_state, declared, store, settings, leaving)

    return told


def writes(told: Announcement) -> dict[tuple[str, str], int]:
    return {call: number for call, number in told.requests.items() if call[0] != "GET"}


CASES: list[tuple[str, dict[str, Any], dict[str, str], dict[tuple[str, str], int]]] = [
    ("nothing", BASE, {}, {}),
    ("a name and a password are one PUT", users(ann(given_name="A"), BASE["users"][1]), {}, {PUT_USER: 1}),
    ("a late hash", {**BASE, "passwords": [password("ann"), password("bee", OTHER_HASH)]}, {}, {PUT_USER: 1}),
    ("a late authenticator is no PUT", {**BASE, "mfa": [otp(ANN, OTP)]}, {}, {("POST", FACTORS): 1}),
    ("metadata", users(ann(app_metadata={"plan": "b"}), BASE["users"][1]), {}, {PUT_USER: 1}),
    ("a user", users(*BASE["users"], person("new")), {}, {POST_USER: 1}),
    (
        "a user with an authenticator",
        {**users(*BASE["users"], person("new")), "mfa": [otp("auth0|new", OTP)]},
        {},
        {POST_USER: 1, ("POST", FACTORS): 1},
    ),
    ("a block", users(ann(blocked=True), BASE["users"][1]), {}, {OFF: 2}),
    (
        "a role",
        {**BASE, "members": [*BASE["members"][:2], member("other", ANN, "Admin")]},
        {},
        {("PUT", f"{MEMBER}/{{id}}"): 1},
    ),
    (
        "a new role, moved to",
        {
            **BASE,
            "members": [member("acme", ANN, "Chief"), *BASE["members"][1:]],
            "roles": [role("Admin"), role("Chief")],
        },
        {},
        {("POST", ROLE): 1, ("PUT", f"{MEMBER}/{{id}}"): 1},
    ),
    ("a role's words", {**BASE, "roles": [role("Admin", description="all")]}, {}, {("PATCH", f"{ROLE}/{{slug}}"): 1}),
    (
        "a domain",
        {
            **BASE,
            "organizations": [organization("acme", domains=[{"domain": "new.example"}]), BASE["organizations"][1]],
        },
        {},
        {("PUT", f"{ORGANIZATION}/{{id}}"): 1},
    ),
    (
        "an organization",
        {**BASE, "organizations": [*BASE["organizations"], organization("c")]},
        {},
        {("POST", ORGANIZATION): 1},
    ),
    ("a membership", {**BASE, "members": [*BASE["members"], member("other", BEE)]}, {}, {("POST", MEMBER): 1}),
    (
        "a membership of a new blocked user",
        {
            **users(*BASE["users"], person("new", blocked=True)),
            "members": [*BASE["members"], member("other", "auth0|new")],
        },
        {},
        {POST_USER: 1, ("POST", MEMBER): 1, OFF: 1},
    ),
    ("who left is retained", users(BASE["users"][0]) | {"members": [BASE["members"][0], BASE["members"][2]]}, {}, {}),
    (
        "who left is deleted with all memberships",
        users(BASE["users"][0]) | {"members": [BASE["members"][0], BASE["members"][2]]},
        {"removed": "delete"},
        {DELETE_USER: 1},
    ),
    (
        "a membership that left is deactivated",
        {**BASE, "members": BASE["members"][:2]},
        {"removed": "deactivate"},
        {OFF: 1},
    ),
    (
        "an organization that left takes its memberships along",
        {**BASE, "organizations": BASE["organizations"][:1], "members": BASE["members"][:2]},
        {"removed": "delete"},
        {("DELETE", f"{ORGANIZATION}/{{id}}"): 1},
    ),
    (
        "who is refused has not left",
        {**users(BASE["users"][0], person("bee", email=None)), "members": BASE["members"]},
        {"removed": "delete"},
        {},
    ),
]


@pytest.mark.parametrize(("after", "config", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_each_change_is_announced_by_the_requests_it_takes(
    announce: Announce, after: dict[str, Any], config: dict[str, str], expected: dict[tuple[str, str], int]
) -> None:
    assert writes(announce(after, **config)) == expected


@pytest.mark.parametrize("now", ["record", "cohort"])
def test_a_change_of_grain_writes_nothing_but_what_changed(announce: Announce, now: str) -> None:
    told = announce(users(ann(given_name="A"), BASE["users"][1], person("new")), now=now)

    assert writes(told) == {PUT_USER: 1, POST_USER: 1}


def test_a_first_run_makes_everything(announce: Announce) -> None:
    export = {
        **users(ann(), person("bee", blocked=True)),
        "mfa": [otp(ANN, OTP)],
        "roles": [role("Admin"), role("Member")],
    }
    told = announce(export, None)

    assert writes(told) == {
        POST_USER: 2,
        ("POST", FACTORS): 1,
        ("POST", ORGANIZATION): 2,
        ("POST", MEMBER): 3,
        OFF: 1,
        ("POST", ROLE): 1,
    }
    assert (told.created["users"], told.created["memberships"], told.created["roles"]) == (2, 3, 2)


def test_a_new_email_that_nobody_had_takes_no_more(announce: Announce) -> None:
    assert not announce(users(ann(email="own@people.example"), BASE["users"][1])).exchanges


@pytest.mark.parametrize(
    "after",
    [
        users(ann(email="own@people.example"), BASE["users"][1], person("new", email="ann@people.example")),
        users(ann(email="bee@people.example"), person("bee", email="ann@people.example")),
        {
            **BASE,
            "organizations": [organization("acme"), organization("other", domains=[{"domain": "acme.example"}])],
        },
    ],
)
def test_a_value_that_changes_hands_makes_the_number_a_least_one(announce: Announce, after: dict[str, Any]) -> None:
    told = announce(after)

    assert told.exchanges
    assert "; at least 2 writes and " in announcement_lines(told, 0.9)[0]


def test_more_metadata_than_one_body_takes_is_one_request_more(announce: Announce) -> None:
    def described(first: int) -> dict[str, Any]:
        pairs = {f"k{number}": "v" for number in range(first, first + 30)}
        return {**BASE, "organizations": [organization("acme", metadata=pairs), BASE["organizations"][1]]}

    assert writes(announce(described(30), described(0))) == {("PUT", f"{ORGANIZATION}/{{id}}"): 2}


def test_memberships_of_a_user_who_is_made_again_are_made_again(tmp_path: Path) -> None:
    """A refresh found the user gone, and nothing of the memberships' own text changed."""
    last_state = state_after(tmp_path, "cohort", PLAN, **BASE)
    number = cohort_of(ANN)
    held = last_state.cohorts["users"][number]
    applied = {key: one for key, one in held.applied().items() if key != ANN}
    last_state.cohorts["users"][number] = KnownCohort(held.text, CohortOutputs(number, applied=pack(applied)))
    told = again(tmp_path, last_state, "cohort")
    assert writes(told) == {POST_USER: 1, ("POST", MEMBER): 2}

    records = state_after(tmp_path, "record", PLAN, **BASE)
    del records.records["users"][ANN]
    assert writes(again(tmp_path, records, "record")) == {POST_USER: 1, ("POST", MEMBER): 2}


def test_of_cohorts_that_are_as_they_were_nothing_is_unpacked(tmp_path: Path) -> None:
    last_state = state_after(tmp_path, "cohort", PLAN, **BASE)
    for cohorts in last_state.cohorts.values():
        for number, cohort in cohorts.items():
            cohorts[number] = KnownCohort(cohort.text, replace(cohort.outputs, applied="unreadable"))

    assert announcement_lines(again(tmp_path, last_state, "cohort"), 0.9) == []


def again(folder: Path, last_state: Any, grain: str) -> Announcement:
    """The announcement for the export that the state is of."""
    config = {"ferry:export": str(folder / "before"), "ferry:granularity": grain, **PLAN}
    settings = read_settings(config, {})
    with open_store(settings, folder) as store:
        declared = declaration(store, set, settings)
        return announced(last_state, declared, store, settings, {kind: {} for kind in KINDS})


def test_the_line_says_records_requests_and_time(announce: Announce) -> None:
    after = {
        **users(ann(given_name="A"), person("new")),
        "members": [*BASE["members"][::2], member("other", "auth0|new")],
    }
    (line,) = announcement_lines(announce(after, removed='{"users":"delete"}'), 0.9)

    assert line == (
        "bill: users +1 ~1 -1, memberships +1 ~0 -0 (1 only forgotten); 4 writes and 1 read, "
        "at least 1 s at ferry:rateShare 0.9"
    )


def test_a_run_that_only_forgets_writes_nothing(announce: Announce) -> None:
    told = announce({**BASE, "members": BASE["members"][:2]})

    assert announcement_lines(told, 0.9) == ["bill: memberships 1 only forgotten; nothing to write"]
