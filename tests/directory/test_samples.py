"""The sample export becomes exactly what its `expected` folder says, and so does the export of some days later."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from providers.directory.store import Store
from tests.expectation import (
    Expected,
    findings_in,
    memberships_in,
    organizations_in,
    secrets_in,
    stored,
    users_in,
)
from tests.tenant import Outcome, read

ACME = Path(__file__).parents[1] / "cases" / "acme"
VERSIONS = ("first", "later")
pytestmark = pytest.mark.parametrize("version", VERSIONS)

#: Findings that refuse nothing, with how often the sample gives cause for them (`odd_classes` of its summary).
REMARKS = {
    ("users", "merged_into_primary"): 14,
    ("users", "authenticator_missing"): 4,
    ("users", "email_verified_text"): 4,
    ("organizations", "metadata_over_10"): 1,
    ("members", "duplicate_membership"): 8,
    ("roles", "role_slug_clash"): 2,
}


@cache
def outcome(version: str) -> Outcome:
    """The sample read as its summary says: the environment allows several roles."""
    return read(ACME / version, multipleRoles="true")


@pytest.fixture
def expected(version: str) -> Expected:
    """What the sample says of itself."""
    return Expected(ACME / version)


@pytest.fixture
def store(version: str, tmp_path: Path) -> Iterator[Store]:
    """The store of the sample."""
    with stored(tmp_path, export=str(ACME / version)) as opened:
        yield opened


def optional_hash_ids(version: str) -> set[str]:
    """The ids on the hash lines that match their user by a unique email only: importing those is optional."""
    optional = set(Expected(ACME / version).secrets("optional_password_hash").values())
    lines = [
        json.loads(line) for line in (ACME / version / "passwords.ndjson").read_text(encoding="utf-8").splitlines()
    ]
    return {line["_id"]["$oid"] for line in lines if line["passwordHash"] in optional}


def test_the_users_are_exactly_the_expected_ones(store: Store, expected: Expected) -> None:
    assert users_in(store) == expected.users()


def test_merged_users_are_named_by_the_smallest_id_of_their_group(version: str, expected: Expected) -> None:
    assert len(expected.keys_of_merged()) == expected.summary["expected"]["merged_users"]
    for external_id, key in expected.keys_of_merged().items():
        assert outcome(version).user(external_id).key == key


def test_the_memberships_are_exactly_the_expected_ones(store: Store, expected: Expected) -> None:
    assert memberships_in(store) == expected.memberships()


def test_the_organizations_are_exactly_the_expected_ones(store: Store, expected: Expected) -> None:
    assert organizations_in(store) == expected.organizations()


def test_no_domain_is_held_twice(version: str) -> None:
    held = Counter(
        domain for organization in outcome(version).directory.organizations for domain in organization.domains
    )

    assert max(held.values()) == 1


def test_the_roles_are_exactly_the_expected_ones(version: str, expected: Expected) -> None:
    wanted = expected.summary["roles"]
    got = {role.slug: role.name for role in outcome(version).directory.roles}

    assert got.keys() == wanted.keys()
    assert all(name in wanted[slug] for slug, name in got.items())


def test_the_refusals_are_exactly_the_expected_ones(version: str, store: Store, expected: Expected) -> None:
    """A hash that matches only by an email that is unique may also be left out, then with a finding."""
    found = findings_in(store)
    remarks = Counter({one: number for one, number in found.items() if (one[0], one[2]) in REMARKS})
    optional = Counter({("passwords", own, "no_matching_user"): 1 for own in optional_hash_ids(version)})

    assert len(optional) == expected.summary["expected"]["optional_passwords"]
    assert found - remarks - optional == expected.rejects()


def test_the_remarks_are_as_many_as_the_sample_gives_cause_for(version: str, expected: Expected) -> None:
    found = Counter((finding.file.partition(".")[0], finding.code) for finding in outcome(version).findings)

    assert {remark: found[remark] for remark in REMARKS} == REMARKS
    assert found["users", "merged_into_primary"] == expected.summary["rejects"]["users:merged_into_primary"]


def test_every_finding_stands_on_the_line_of_its_record(version: str) -> None:
    lines = {
        name: (ACME / version / name).read_text(encoding="utf-8").splitlines()
        for name in {one.file for one in outcome(version).findings}
    }
    keys = {"users": "user_id", "organizations": "id", "roles": "id", "mfa": "user_id"}
    checked = 0
    for finding in outcome(version).findings:
        data = json.loads(lines[finding.file][finding.line - 1])
        kind = finding.file.partition(".")[0]
        if kind in keys:
            assert data[keys[kind]] == finding.external_id
            checked += 1
        elif kind == "members":
            assert f"{data['org_id']}/{data['user_id']}" == finding.external_id
            checked += 1

    assert checked > 80


def test_the_buckets_add_up_to_the_lines_of_the_sample(version: str, expected: Expected) -> None:
    counts, summary = outcome(version).summary, expected.summary

    assert {kind: counts[kind]["lines"] for kind in summary["lines"]} == summary["lines"]
    assert counts["users"]["declared"] == summary["expected"]["users"]
    assert counts["members"]["declared"] == summary["expected"]["memberships"]
    assert counts["mfa"]["declared"] == summary["expected"]["totp"]


def test_the_passwords_read_back_are_the_expected_ones(store: Store, expected: Expected) -> None:
    got, wanted = secrets_in(store, "password"), expected.secrets("password_hash")

    assert len(wanted) == expected.summary["expected"]["passwords"]
    assert wanted.items() <= got.items()
    assert got.items() <= {**wanted, **expected.secrets("optional_password_hash")}.items()


def test_the_authenticator_secrets_read_back_are_the_expected_ones(store: Store, expected: Expected) -> None:
    wanted = expected.secrets("totp_secret")

    assert len(wanted) == expected.summary["expected"]["totp"]
    assert secrets_in(store, "totp") == wanted


def test_the_sample_survives_the_store_unchanged(version: str, store: Store) -> None:
    directory = outcome(version).directory

    assert tuple(store.records("organizations")) == directory.organizations
    assert tuple(store.records("roles")) == directory.roles
    assert tuple(store.records("users")) == directory.users
    assert tuple(store.records("memberships")) == directory.memberships
    assert store.summary() == outcome(version).summary
    assert list(store.findings()) == outcome(version).findings
