"""What holds for every export: the order of its lines is irrelevant, nothing is lost, everything named exists."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.directory.model import Secret
from providers.directory.store import open_store
from providers.settings import FILES, read_settings
from tests.examples import examples
from tests.tenant import DATABASE, HASH, OTHER_HASH, OTHER_OTP, OTP, Line, Outcome, person, read, role, write

pytestmark = pytest.mark.property

Files = dict[str, list[Line]]

IDS = ["auth0|1", "auth0|2", "auth0|3", "auth0|a|b", "google-oauth2|1", "google-oauth2|107893859048370401181"]
EMAILS = ["one@people.example", "One@People.Example", " two@people.example", "two@people.example", "three", None]
DATES = ["2020-01-01T00:00:00Z", "2020-01-01T01:30:00+01:00", "2021-01-01T00:00:00Z", "yesterday", None]
ORGANIZATIONS = ["org_a", "org_b", "org_c"]
DOMAINS = ["a.example", "B.Example", "gmail.com", "no host"]
ROLES = ["Admin", "ADMIN", "Viewer", "!"]
CONFIGS: list[dict[str, str]] = [
    {},
    {"duplicateEmails": "reject", "multipleRoles": "true"},
    {"blockedUsers": "skip", "emailVerified": "trust-text"},
    {"skip": '["auth0|1","org_b","org_a/auth0|2","viewer"]', "roles": '{"Viewer":"viewer","Admin":"boss"}'},
]


@st.composite
def users(draw: st.DrawFn) -> Line:
    """A user; several may share an id, an email, a date."""
    user_id = draw(st.sampled_from(IDS))
    provider, _, own = user_id.partition("|")
    identities = [{"provider": provider, "connection": DATABASE, "user_id": own}]
    if draw(st.booleans()):
        identities.append({"provider": "auth0", "connection": DATABASE, "user_id": draw(st.sampled_from(["8", "9"]))})
    line: Line = {
        "user_id": user_id,
        "email": draw(st.sampled_from(EMAILS)),
        "email_verified": draw(st.sampled_from([True, True, False, "true", "yes", None])),
        "given_name": draw(st.sampled_from(["Ada", "Grace", None])),
        "blocked": draw(st.sampled_from([False, False, True])),
        "identities": identities,
    }
    for name in ("created_at", "updated_at"):
        if (date := draw(st.sampled_from(DATES))) is not None:
            line[name] = date
    return line


@st.composite
def organizations(draw: st.DrawFn) -> Line:
    """An organization; several may share an id or a domain."""
    return {
        "id": draw(st.sampled_from(ORGANIZATIONS)),
        "name": draw(st.sampled_from(["acme", "other", ""])),
        "domains": [{"domain": one} for one in draw(st.lists(st.sampled_from(DOMAINS), max_size=2))],
        "metadata": draw(st.sampled_from([None, {}, {"k": "v"}, {"k": "ö"}])),
    }


@st.composite
def members(draw: st.DrawFn) -> Line:
    """A member, perhaps of nothing that exists."""
    return {
        "org_id": draw(st.sampled_from([*ORGANIZATIONS, "org_unknown"])),
        "user_id": draw(st.sampled_from([*IDS, "auth0|unknown"])),
        "roles": [role(one) for one in draw(st.lists(st.sampled_from(ROLES), max_size=3))],
    }


@st.composite
def passwords(draw: st.DrawFn) -> Line:
    """A hash line with an id, with an alt_id, or with an email only."""
    line: Line = {
        "passwordHash": draw(st.sampled_from([HASH, OTHER_HASH, "plain"])),
        "connection": draw(st.sampled_from([DATABASE, "Other", None])),
        "password_set_date": draw(st.sampled_from(DATES)),
    }
    own = draw(st.sampled_from(["1", "2", "3", "a|b", "8", "9", "unknown", None]))
    if own is None:
        line["email"] = draw(st.sampled_from(EMAILS))
    else:
        line[draw(st.sampled_from(["_id", "_ID", "alt_id"]))] = own
    return line


@st.composite
def factors(draw: st.DrawFn) -> list[Line]:
    """At most one factor a user: of several authenticators the order of the lines decides."""
    owners = draw(st.lists(st.sampled_from([*IDS, "auth0|unknown"]), unique=True, max_size=4))
    kinds = st.sampled_from([("otp", OTP), ("otp", OTHER_OTP), ("otp", "?"), ("recovery-code", None), (None, OTP)])
    return [{"user_id": owner, **dict(zip(("type", "otp_secret"), draw(kinds), strict=True))} for owner in owners]


def tenants() -> st.SearchStrategy[Files]:
    """Small exports in which everything clashes with everything."""
    return st.fixed_dictionaries(
        {
            "users": st.lists(users(), max_size=7),
            "organizations": st.lists(organizations(), max_size=4),
            "members": st.lists(members(), max_size=6),
            "roles": st.lists(st.sampled_from(ROLES), unique=True, max_size=4).map(lambda names: [*map(role, names)]),
            "passwords": st.lists(passwords(), max_size=6),
            "mfa": factors(),
        }
    )


@st.composite
def shuffled(draw: st.DrawFn) -> tuple[Files, Files]:
    """An export, and the same with the lines of every file in another order."""
    files = draw(tenants())
    return files, {kind: draw(st.permutations(lines)) for kind, lines in files.items()}


CONFIG = st.sampled_from(CONFIGS)


def outcome_of(files: Files, config: dict[str, str]) -> tuple[Outcome, dict[str, Any]]:
    """What Ferry makes of an export, and its directory with every secret in place of where it stands."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = read(write(Path(folder), **files), **config)
        view = asdict(outcome.directory)
        for user, told in zip(outcome.directory.users, view["users"], strict=True):
            for field in ("password", "totp"):
                told[field] = secret_at(Path(folder), getattr(user, field))
    return outcome, view


def secret_at(folder: Path, place: Secret | None) -> tuple[str, str] | None:
    """The fingerprint, and the secret on the line that a place names."""
    if place is None:
        return None
    line = json.loads((folder / place.file).read_bytes()[place.offset : place.offset + place.length])
    return place.fingerprint, line.get("passwordHash") or line["otp_secret"]


def codes(outcome: Outcome) -> Counter[tuple[str, str]]:
    """How often each code is found in each file, but for the remark on how one of several equal hashes was joined."""
    found = ((finding.file, finding.code) for finding in outcome.findings)
    return Counter(one for one in found if one[1] != "hash_joined_by_email")


@given(shuffled(), CONFIG)
@settings(max_examples=examples(150))
def test_the_order_of_the_lines_changes_nothing(both: tuple[Files, Files], config: dict[str, str]) -> None:
    one, one_view = outcome_of(both[0], config)
    two, two_view = outcome_of(both[1], config)

    assert two_view == one_view
    assert two.summary == one.summary
    assert codes(two) == codes(one)


@given(tenants(), CONFIG)
def test_every_line_is_in_one_bucket_and_every_refusal_is_told(files: Files, config: dict[str, str]) -> None:
    outcome, _ = outcome_of(files, config)

    for kind in FILES:
        counts = outcome.summary[kind]
        undeclared = counts["merged"] + counts["refused"] + counts["skipped"]
        assert counts["lines"] == len(files[kind]) == counts["declared"] + undeclared
        assert undeclared <= len(outcome.found(kind))


@given(tenants(), CONFIG)
def test_as_many_lines_are_declared_as_there_are_records(files: Files, config: dict[str, str]) -> None:
    outcome, _ = outcome_of(files, config)
    directory, summary = outcome.directory, outcome.summary

    assert summary["users"]["declared"] == len(directory.users)
    assert summary["organizations"]["declared"] == len(directory.organizations)
    assert summary["members"]["declared"] == len(directory.memberships)
    assert summary["passwords"]["declared"] == sum(user.password is not None for user in directory.users)
    assert summary["mfa"]["declared"] == sum(user.totp is not None for user in directory.users)
    unnamed = sum(code == "role_not_in_export" for _, code, _ in outcome.found("members"))
    assert summary["roles"]["declared"] == len(directory.roles) - unnamed


@given(tenants(), CONFIG)
def test_everything_a_membership_names_exists(files: Files, config: dict[str, str]) -> None:
    directory = outcome_of(files, config)[0].directory
    people = {user.key for user in directory.users}
    places = {organization.external_id for organization in directory.organizations}
    slugs = {one.slug for one in directory.roles} | set(json.loads(config.get("skip", "[]")))

    for membership in directory.memberships:
        assert membership.user in people
        assert membership.organization in places
        assert slugs.issuperset(membership.roles)
        assert len(membership.roles) <= 1 or "multipleRoles" in config


@given(tenants(), CONFIG)
def test_emails_ids_names_and_domains_are_unique_and_sorted(files: Files, config: dict[str, str]) -> None:
    directory = outcome_of(files, config)[0].directory
    unique: list[list[str]] = [
        [user.email for user in directory.users],
        [user.external_id for user in directory.users],
        [domain for organization in directory.organizations for domain in organization.domains],
    ]
    keys: list[list[Any]] = [
        [user.key for user in directory.users],
        [organization.key for organization in directory.organizations],
        [one.key for one in directory.roles],
        [(membership.organization, membership.user) for membership in directory.memberships],
    ]

    assert [len(set(one)) for one in [*unique, *keys]] == [len(one) for one in [*unique, *keys]]
    assert keys == [sorted(key) for key in keys]


@given(tenants(), CONFIG)
def test_nobody_gets_in_who_is_refused_left_out_or_unknown(files: Files, config: dict[str, str]) -> None:
    outcome, _ = outcome_of(files, config)
    declared = {user.external_id for user in outcome.directory.users} | {user.key for user in outcome.directory.users}
    withheld = {external_id for kind, external_id in outcome.withheld if kind == "users"}

    assert declared <= {line["user_id"] for line in files["users"]}
    assert not declared & withheld
    assert not declared & set(json.loads(config.get("skip", "[]")))


@given(tenants(), CONFIG)
def test_the_blocked_have_neither_credentials_nor_active_memberships(files: Files, config: dict[str, str]) -> None:
    directory = outcome_of(files, config)[0].directory
    held = {membership.user for membership in directory.memberships if membership.active}
    lines = Counter(line["user_id"] for line in files["users"])
    blocked = {line["user_id"] for line in files["users"] if line["blocked"] and lines[line["user_id"]] == 1}

    for user in directory.users:
        if blocked & {user.key, user.external_id}:
            assert (user.password, user.totp) == (None, None)
            assert user.key not in held


@given(tenants(), CONFIG)
def test_a_further_person_moves_nobody_else(files: Files, config: dict[str, str]) -> None:
    alone = outcome_of(files, config)[1]
    more = {**files, "users": [person("new", email="new@people.example"), *files["users"]]}
    together = outcome_of(more, config)[1]

    assert tuple(user for user in together["users"] if user["key"] != "auth0|new") == alone["users"]
    assert {kind: together[kind] for kind in ("organizations", "roles", "memberships")} == {
        kind: alone[kind] for kind in ("organizations", "roles", "memberships")
    }


@given(tenants(), CONFIG)
@settings(max_examples=examples(15))
def test_building_twice_gives_the_same_file_to_the_byte(files: Files, config: dict[str, str]) -> None:
    texts = {"ferry:export": "export", **{f"ferry:{key}": text for key, text in config.items()}}
    made = []
    for _ in range(2):
        with tempfile.TemporaryDirectory() as folder:
            write(Path(folder) / "export", **files)
            with open_store(read_settings(texts, {}), Path(folder)) as store:
                digest, path = store.digest(), store.path
            with closing(sqlite3.connect(path)) as db:
                made.append((digest, path.name, path.read_bytes(), [*db.iterdump()]))

    assert made[0] == made[1]


def test_of_two_role_lines_with_one_id_the_same_counts_in_either_order() -> None:
    lines = [role("Admin", description="one"), role("Admin", description="two")]

    assert outcome_of({"users": [], "roles": lines}, {})[1] == outcome_of({"users": [], "roles": lines[::-1]}, {})[1]
