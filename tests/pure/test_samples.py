"""The sample export becomes exactly what its `expected` folder says, and so does the export of some days later."""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from providers.directory.model import Membership
from providers.directory.store import Store, open_store
from providers.settings import read_settings
from tests.pure.tenant import Outcome, read

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


@cache
def expected(version: str, name: str) -> list[dict[str, Any]]:
    """The lines of a file of the `expected` folder."""
    text = (ACME / version / "expected" / f"{name}.ndjson").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@cache
def summary(version: str) -> dict[str, Any]:
    """The summary of the `expected` folder."""
    loaded: dict[str, Any] = json.loads((ACME / version / "expected" / "summary.json").read_text(encoding="utf-8"))
    return loaded


def optional_hash_ids(version: str) -> set[str]:
    """The ids on the hash lines that match their user by a unique email only: importing those is optional."""
    optional = {
        user["optional_password_hash"] for user in expected(version, "users") if "optional_password_hash" in user
    }
    lines = [
        json.loads(line) for line in (ACME / version / "passwords.ndjson").read_text(encoding="utf-8").splitlines()
    ]
    return {line["_id"]["$oid"] for line in lines if line["passwordHash"] in optional}


def test_the_users_are_exactly_the_expected_ones(version: str) -> None:
    got = {
        user.external_id: (user.email, user.first_name, user.last_name, user.email_verified)
        for user in outcome(version).directory.users
    }

    assert got == {
        user["external_id"]: (user["email"], user["first_name"], user["last_name"], user["email_verified"])
        for user in expected(version, "users")
    }


def test_merged_users_are_named_by_the_smallest_id_of_their_group(version: str) -> None:
    merged = {user["external_id"]: user["merged_from"] for user in expected(version, "users") if "merged_from" in user}

    assert len(merged) == summary(version)["expected"]["merged_users"]
    for external_id, others in merged.items():
        assert outcome(version).user(external_id).key == min([external_id, *others])


def test_the_memberships_are_exactly_the_expected_ones(version: str) -> None:
    keys = {user.key: user.external_id for user in outcome(version).directory.users}

    def told(one: Membership) -> tuple[str, str, tuple[str, ...], str]:
        status = "active" if one.active else "inactive"
        return keys[one.user], one.organization, one.roles or ("member",), status

    assert sorted(told(one) for one in outcome(version).directory.memberships) == sorted(
        (user["external_id"], organization, tuple(sorted(roles)), status)
        for user in expected(version, "users")
        for organization, roles, status in user["memberships"]
    )


def test_the_organizations_are_exactly_the_expected_ones(version: str) -> None:
    got = {one.external_id: one for one in outcome(version).directory.organizations}
    wanted = {one["external_id"]: one for one in expected(version, "orgs")}

    assert got.keys() == wanted.keys()
    for external_id, one in wanted.items():
        assert (got[external_id].name, got[external_id].metadata) == (one["name"], one["metadata"])
        assert set(one["domains"]) - set(one["maybe_domains"]) <= set(got[external_id].domains)
        assert set(got[external_id].domains) <= {*one["domains"], *one["maybe_domains"]}


def test_no_domain_is_held_twice(version: str) -> None:
    held = Counter(domain for one in outcome(version).directory.organizations for domain in one.domains)

    assert max(held.values()) == 1


def test_the_roles_are_exactly_the_expected_ones(version: str) -> None:
    wanted = summary(version)["roles"]
    got = {role.slug: role.name for role in outcome(version).directory.roles}

    assert got.keys() == wanted.keys()
    assert all(name in wanted[slug] for slug, name in got.items())


def test_the_refusals_are_exactly_the_expected_ones(version: str) -> None:
    """A hash that matches only by an email that is unique may also be left out, then with a finding."""
    found = Counter((one.file.partition(".")[0], one.external_id, one.code) for one in outcome(version).findings)
    remarks = Counter({one: number for one, number in found.items() if (one[0], one[2]) in REMARKS})
    optional = Counter({("passwords", own, "no_matching_user"): 1 for own in optional_hash_ids(version)})
    wanted = Counter((one["file"], one["id"], one["reason"]) for one in expected(version, "rejects"))

    assert len(optional) == summary(version)["expected"]["optional_passwords"]
    assert found - remarks - optional == wanted


def test_the_remarks_are_as_many_as_the_sample_gives_cause_for(version: str) -> None:
    found = Counter((one.file.partition(".")[0], one.code) for one in outcome(version).findings)

    assert {remark: found[remark] for remark in REMARKS} == REMARKS
    assert found["users", "merged_into_primary"] == summary(version)["rejects"]["users:merged_into_primary"]


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


def test_the_buckets_add_up_to_the_lines_of_the_sample(version: str) -> None:
    counts = outcome(version).summary

    assert {kind: counts[kind]["lines"] for kind in summary(version)["lines"]} == summary(version)["lines"]
    assert counts["users"]["declared"] == summary(version)["expected"]["users"]
    assert counts["members"]["declared"] == summary(version)["expected"]["memberships"]
    assert counts["mfa"]["declared"] == summary(version)["expected"]["totp"]


def stored(version: str, project: Path) -> Store:
    """The store of a sample, in a project folder of its own."""
    config = {"ferry:export": str(ACME / version), "ferry:multipleRoles": "true"}
    return open_store(read_settings(config, {}), project)


def test_the_passwords_read_back_are_the_expected_ones(version: str, tmp_path: Path) -> None:
    with stored(version, tmp_path) as store:
        got = {
            user.external_id: store.secret("password", user.external_id, user.password.fingerprint)
            for user in store.users()
            if user.password
        }
    wanted = {
        user["external_id"]: user["password_hash"] for user in expected(version, "users") if user["password_hash"]
    }
    optional = {
        user["external_id"]: user["optional_password_hash"]
        for user in expected(version, "users")
        if "optional_password_hash" in user
    }

    assert len(wanted) == summary(version)["expected"]["passwords"]
    assert wanted.items() <= got.items()
    assert got.items() <= {**wanted, **optional}.items()


def test_the_authenticator_secrets_read_back_are_the_expected_ones(version: str, tmp_path: Path) -> None:
    with stored(version, tmp_path) as store:
        got = {
            user.external_id: store.secret("totp", user.external_id, user.totp.fingerprint)
            for user in store.users()
            if user.totp
        }
    wanted = {user["external_id"]: user["totp_secret"] for user in expected(version, "users") if user["totp_secret"]}

    assert len(wanted) == summary(version)["expected"]["totp"]
    assert got == wanted


def test_the_sample_survives_the_store_unchanged(version: str, tmp_path: Path) -> None:
    directory = outcome(version).directory
    with stored(version, tmp_path) as store:
        assert tuple(store.organizations()) == directory.organizations
        assert tuple(store.roles()) == directory.roles
        assert tuple(store.users()) == directory.users
        assert tuple(store.memberships()) == directory.memberships
        assert store.summary() == outcome(version).summary
        assert list(store.findings()) == outcome(version).findings
