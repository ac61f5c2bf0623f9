"""What WorkOS keeps of users that the directory declares no more, found by the last state, in both grains."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from providers.directory.store import open_store
from providers.findings import Finding
from providers.settings import read_settings
from providers.state.cohorts import cohort_of
from providers.state.declaration import declaration
from providers.state.last_state import KnownCohort
from providers.state.leftovers import kept_findings
from tests.state.made_state import state_after
from tests.tenant import HASH, OTHER_HASH, OTHER_OTP, OTP, Line, otp, password, person, write

ANN = "auth0|ann"
SECRETS: dict[str, list[Line]] = {
    "passwords": [password("ann"), password("bee", OTHER_HASH)],
    "mfa": [otp(ANN), otp("auth0|bee", OTHER_OTP)],
}


Find = Callable[..., list[Finding]]


@pytest.fixture(params=["record", "cohort"])
def find(request: pytest.FixtureRequest, tmp_path: Path) -> Find:
    """The findings of a second export after a first one, in one grain or the other."""

    def found(before: dict[str, Any], after: dict[str, Any], now: str = request.param) -> list[Finding]:
        last_state = state_after(tmp_path, request.param, {}, **before)
        export = write(tmp_path / "after", **after)
        settings = read_settings({"ferry:export": str(export), "ferry:granularity": now}, {})
        with open_store(settings, tmp_path) as store:
            return kept_findings(last_state, declaration(store, set, settings), store)

    return found


def told(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.code, finding.external_id) for finding in findings]


def test_nothing_is_said_while_the_directory_says_what_was_applied(find: Find) -> None:
    export = {"users": [person("ann"), person("bee")], **SECRETS}

    assert find(export, export) == []


def test_a_user_who_is_blocked_later_keeps_password_and_authenticator(find: Find) -> None:
    before = {"users": [person("ann"), person("bee")], **SECRETS}
    found = find(before, {**before, "users": [person("ann", blocked=True), person("bee")]})

    assert told(found) == [("password_stays", ANN), ("totp_stays", ANN)]
    assert {(one.file, one.line) for one in found} == {("users.ndjson", 0)}
    assert all(". Next: " in one.message for one in found)
    assert not any(secret in one.to_json() for one in found for secret in (HASH, OTP, "people.example"))


def test_it_is_said_in_either_direction_of_a_change_of_grain(find: Find) -> None:
    before = {"users": [person("ann"), person("bee")], **SECRETS}
    after = {**before, "users": [person("ann", blocked=True), person("bee")]}

    for now in ("record", "cohort"):
        assert told(find(before, after, now)) == [("password_stays", ANN), ("totp_stays", ANN)]


def test_another_password_is_no_password_that_stays(find: Find) -> None:
    before = {"users": [person("ann")], "passwords": [password("ann")]}

    assert find(before, {**before, "passwords": [password("ann", OTHER_HASH)]}) == []


def test_a_merged_pair_that_parts_again_keeps_the_password_of_its_primary(find: Find) -> None:
    """The object stays with the smaller id, which has no password of its own."""
    pair = [person("ann", email="both@people.example"), person("bee", email="both@people.example")]
    secrets = {"passwords": [password("bee")]}
    found = find({"users": pair, **secrets}, {"users": [person("ann"), pair[1]], **secrets})

    assert told(found) == [("password_stays", ANN)]


@pytest.mark.parametrize(("after", "code"), [({}, ["email_verified_stays"]), ({"email": "new@people.example"}, [])])
def test_a_verified_email_stays_verified_unless_it_changes(find: Find, after: Line, code: list[str]) -> None:
    found = find({"users": [person("ann")]}, {"users": [person("ann", email_verified=False, **after)]})

    assert [one.code for one in found] == code


def test_without_their_file_all_secrets_that_stay_are_one_finding(find: Find) -> None:
    """A re-sync without the file of hashes says nothing about anybody's password."""
    users = [person("ann"), person("bee")]
    found = find({"users": users, **SECRETS}, {"users": users, "mfa": SECRETS["mfa"]})

    assert [(one.code, one.file, one.line, one.external_id) for one in found] == [
        ("password_stays", "passwords", 0, "")
    ]
    assert "2 users keep" in found[0].message


def test_the_file_is_that_of_the_tenant(tmp_path: Path) -> None:
    write(tmp_path / "eu", users=[person("ann")])
    write(tmp_path / "us", users=[person("bee")])
    tenants = '[{"name":"eu","export":"eu","prefix":"eu:"},{"name":"us","export":"us","prefix":""}]'
    with open_store(read_settings({"ferry:tenants": tenants}, {}), tmp_path) as store:
        assert store.file_of("users", "eu:auth0|ann") == "eu/users.ndjson"
        assert store.file_of("users", "auth0|bee") == "us/users.ndjson"


def test_of_a_cohort_that_is_as_it_was_nothing_is_unpacked(tmp_path: Path) -> None:
    """What stays in it, its outputs say; what was applied could be anything."""
    export = {"users": [person("ann")], "passwords": [password("ann")]}
    last_state = state_after(tmp_path, "cohort", {}, **export)
    number = cohort_of(ANN)
    held = last_state.cohorts["users"][number]
    outputs = replace(held.outputs, kept={"totp_stays": [ANN]}, applied="unreadable")
    last_state.cohorts["users"][number] = KnownCohort(held.text, outputs)
    settings = read_settings({"ferry:export": str(tmp_path / "before"), "ferry:granularity": "cohort"}, {})
    with open_store(settings, tmp_path) as store:
        found = kept_findings(last_state, declaration(store, set, settings), store)

    assert [one.code for one in found] == ["totp_stays"]


@pytest.mark.parametrize("stays", [True, False])
def test_what_the_outputs_say_holds_for_lines_that_did_not_change(tmp_path: Path, stays: bool) -> None:
    """Another record of the cohort is new: only that one is looked at."""
    export = {"users": [person("ann")], "passwords": [password("ann")], "mfa": [otp(ANN)]}
    last_state = state_after(tmp_path, "cohort", {}, **export)
    number = cohort_of(ANN)
    beside = next(name for name in map(str, range(10_000)) if cohort_of(f"auth0|{name}") == number)
    held = last_state.cohorts["users"][number]
    outputs = replace(held.outputs, kept={"totp_stays": [ANN]})
    last_state.cohorts["users"][number] = KnownCohort(held.text, outputs)
    ann = person("ann") if stays else person("ann", given_name="Ann")
    after = write(tmp_path / "after", **{**export, "users": [ann, person(beside)]})
    settings = read_settings({"ferry:export": str(after), "ferry:granularity": "cohort"}, {})
    with open_store(settings, tmp_path) as store:
        found = kept_findings(last_state, declaration(store, set, settings), store)

    assert told(found) == ([("totp_stays", ANN)] if stays else [])
