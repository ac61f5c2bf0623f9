"""What a destroy says that it takes away and leaves, by the last state, in both grains."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from providers.errors import Brake
from providers.reports.destroy_text import dismantling_lines
from providers.resources.destroy import Dismantling, created, inventory
from providers.settings import Kind
from providers.state.applied import Applied, pack
from providers.state.bags import RecordState
from providers.state.last_state import KnownRecord, LastState
from tests.state.made_state import state_after
from tests.tenant import member, organization, person, role

ANN, BEE, ACME, OTHER = "auth0|ann", "auth0|bee", "org_acme", "org_other"
GRAINS = pytest.mark.parametrize("grain", ["record", "cohort"])


def found_before(last_state: LastState, kind: Kind, *keys: str) -> None:
    """These were in WorkOS before Ferry came."""
    for key in keys:
        if held := last_state.records[kind].get(key):
            last_state.records[kind][key] = KnownRecord(held.id, RecordState({**held.state.values, "origin": "found"}))
    for number, cohort in last_state.cohorts[kind].items():
        applied: dict[str, Applied] = {
            key: replace(one, origin="found") if key in keys else one for key, one in cohort.applied().items()
        }
        last_state.cohorts[kind][number] = replace(cohort, outputs=replace(cohort.outputs, applied=pack(applied)))


def state(folder: Path, grain: str) -> LastState:
    """Two users in two organizations."""
    return state_after(
        folder,
        grain,
        {},
        users=[person("ann"), person("bee")],
        organizations=[organization("acme"), organization("other")],
        members=[member(name, user, "Admin") for name in ("acme", "other") for user in (ANN, BEE)],
        roles=[role("Admin")],
    )


def told(last_state: LastState) -> list[str]:
    return list(dismantling_lines(inventory(last_state, created(last_state)), 0.9))


@GRAINS
def test_memberships_go_with_their_ends(tmp_path: Path, grain: str) -> None:
    """Two organization deletes, at 45 a minute, take three seconds."""
    assert told(state(tmp_path, grain)) == [
        "destroy: deletes 2 users, 2 organizations and 4 memberships, 4 of these with their user or organization: "
        "4 requests, at least 3 s at ferry:rateShare 0.9",
        "destroy: leaves in WorkOS 1 roles (first: admin), which WorkOS cannot delete",
    ]


@GRAINS
def test_a_membership_whose_ends_stay_is_a_request_unless_it_stays_too(tmp_path: Path, grain: str) -> None:
    last_state = state(tmp_path, grain)
    found_before(last_state, "users", ANN, BEE)
    found_before(last_state, "organizations", ACME)
    found_before(last_state, "memberships", f"{ACME}/{ANN}", f"{OTHER}/{ANN}")

    assert told(last_state) == [
        "destroy: deletes 0 users, 1 organizations and 3 memberships, 2 of these with their user or organization: "
        "2 requests, at least 2 s at ferry:rateShare 0.9",
        f"destroy: leaves in WorkOS 2 users (first: {ANN}), which Ferry did not create; 1 organizations (first: "
        f"{ACME}), which Ferry did not create; 1 memberships (first: {ACME}/{ANN}), which Ferry did not create; 1 "
        "roles (first: admin), which WorkOS cannot delete",
    ]


def test_what_is_not_known_to_go_takes_nothing_along(tmp_path: Path) -> None:
    """A part of the stack, or a state that nobody hands out: each membership has its own request."""
    lines: list[str] = []
    partial = Dismantling(lambda: state(tmp_path, "record"), lines.append, 0.9)
    partial.begin(is_partial=True)

    def unreadable() -> LastState:
        raise Brake("the last state cannot be read")

    blind = Dismantling(unreadable, lines.append, 0.9)
    blind.begin(is_partial=False)
    blind.begin(is_partial=False)
    assert not partial.goes_along(ACME, ANN)
    assert not blind.goes_along(ACME, ANN)
    assert [line.partition(";")[0] for line in lines] == [
        "destroy: only what the command names goes",
        "destroy: the last state cannot be read",
    ]


def test_a_user_that_the_state_does_not_hold_takes_nothing_along(tmp_path: Path) -> None:
    """An earlier destroy may have taken it, or nobody knows who made it."""
    last_state = state(tmp_path, "record")
    del last_state.records["users"][BEE]
    found_before(last_state, "organizations", ACME)
    whole = Dismantling(lambda: last_state, lambda line: None, 0.9)
    whole.begin(is_partial=False)

    assert [whole.goes_along(name, user) for name in (ACME, OTHER) for user in (ANN, BEE)] == [True, False, True, True]
