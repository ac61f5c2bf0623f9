"""Exports of made-up tenants, in every shape, become what their generator knows that they must become."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path

import pytest

from providers.auth0.lines import ExportError
from providers.directory.differ import changes
from providers.directory.model import fields
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
from tests.generate.distribution import Distribution, with_overrides
from tests.generate.export import Plan, generate
from tests.generate.shapes import READABLE, STOPPING

pytestmark = pytest.mark.slow

#: Many of each odd class in few lines.
ODD = with_overrides(
    Distribution(),
    [
        "shared_by_two=0.2",
        "shared_by_more=0.1",
        "shared_in_connection=0.05",
        "linked_two=0.2",
        "linked_more=0.05",
        "blocked=0.1",
        "multifactor=0.4",
        "invalid_email=0.03",
        "spaced_email=0.03",
        "unknown_members=0.02",
        "unknown_organizations=0.02",
        "stray_hashes=0.02",
        "stray_factors=0.02",
        "stray_same_id=0.05",
        "hash_without_id=0.05",
        "shared_domain=0.3",
        "equal_names=0.3",
        'hashes={"other":10,"no_root_email":10,"missing":10}',
        'database_id={"email":10,"pipe":10}',
        'verified={"missing":10,"text":10,"email":5}',
        'names={"one":10,"odd":20}',
    ],
)


def generated(folder: Path, plan: Plan) -> Path:
    """An export of this plan."""
    generate(folder / "export", plan)
    return folder / "export"


def check(store: Store, expected: Expected) -> None:
    """The store holds what is expected, record by record, and every finding has its cause."""
    summary = expected.summary
    remarks = findings_in(store) - expected.rejects()
    counts = store.summary()

    assert users_in(store) == expected.users()
    assert memberships_in(store) == expected.memberships()
    assert organizations_in(store) == expected.organizations()
    assert {role.slug: role.name for role in store.records("roles")}.items() <= {
        (slug, name) for slug, names in summary["roles"].items() for name in names
    }
    assert len(list(store.records("roles"))) == len(summary["roles"])
    assert secrets_in(store, "password") == expected.secrets("password_hash")
    assert secrets_in(store, "totp") == expected.secrets("totp_secret")
    assert expected.rejects() - findings_in(store) == Counter()
    assert Counter(f"{file}:{code}" for file, _, code in remarks.elements()) == summary["remarks"]
    assert {kind: counts[kind]["lines"] for kind in counts} == summary["lines"]
    named = {user.external_id: user.key for user in store.records("users")}
    merged = expected.keys_of_merged()
    assert {one: named[one] for one in merged} == merged


@pytest.mark.parametrize(("seed", "users"), [(1, 300), (2, 900), (3, 3000)])
def test_an_export_becomes_what_is_expected(tmp_path: Path, seed: int, users: int) -> None:
    export = generated(tmp_path, Plan(users, seed))
    with stored(tmp_path, export=str(export)) as store:
        check(store, Expected(export))


@pytest.mark.parametrize("seed", range(4, 10))
def test_an_export_in_which_much_is_odd_becomes_what_is_expected(tmp_path: Path, seed: int) -> None:
    export = generated(tmp_path, Plan(500, seed, shares=ODD))
    with stored(tmp_path, export=str(export)) as store:
        check(store, Expected(export))


@pytest.mark.parametrize("shape", READABLE)
def test_every_shape_becomes_what_is_expected(tmp_path: Path, shape: str) -> None:
    export = generated(tmp_path, Plan(600, 10, shape=shape, shares=ODD))
    with stored(tmp_path, export=str(export)) as store:
        check(store, Expected(export))


def test_hashes_of_another_algorithm_that_workos_knows_are_imported(tmp_path: Path) -> None:
    shares = with_overrides(Distribution(), ['hashes={"argon2":50}'])
    export = generated(tmp_path, Plan(300, 11, shares=shares))
    with stored(tmp_path, export=str(export)) as store:
        check(store, Expected(export))


def test_several_tenants_become_one_directory(tmp_path: Path) -> None:
    shares = with_overrides(ODD, ["tenants_same_email=0.3", "tenants_same_id=0.1", "tenants_same_name=0.2"])
    export = generated(tmp_path, Plan(300, 12, tenants=3, shares=shares))
    names = [path.name for path in sorted(export.glob("tenant-*"))]
    listed = [{"name": name, "export": str(export / name), "prefix": f"{name}:"} for name in names]
    with stored(tmp_path, tenants=json.dumps(listed)) as store:
        check(store, Expected(export))


def test_each_of_several_tenants_becomes_what_is_expected_of_it_alone(tmp_path: Path) -> None:
    export = generated(tmp_path, Plan(300, 12, tenants=2, shares=ODD))
    for tenant in ("tenant-1", "tenant-2"):
        with stored(tmp_path, export=str(export / tenant)) as store:
            check(store, Expected(export / tenant))


@pytest.mark.parametrize("shape", STOPPING)
def test_a_file_that_cannot_be_trusted_stops_the_run_at_its_place(tmp_path: Path, shape: str) -> None:
    export = generated(tmp_path, Plan(300, 13, shape=shape))
    place = Expected(export).summary["stops"]

    assert place.startswith("users.ndjson")
    with pytest.raises(ExportError, match=re.escape(f"{place}:")):
        stored(tmp_path, export=str(export))


def test_a_bad_line_is_found_at_its_place(tmp_path: Path) -> None:
    export = generated(tmp_path, Plan(300, 18, shape="bad-line", bad_line=123))
    with stored(tmp_path, export=str(export)) as store:
        assert [finding.line for finding in store.findings() if finding.code == "invalid_line"] == [123]


def test_the_later_export_becomes_what_is_expected(tmp_path: Path) -> None:
    export = generated(tmp_path, Plan(900, 14, drift=0.3))
    with stored(tmp_path, export=str(export / "later")) as store:
        check(store, Expected(export / "later"))


def test_the_later_export_differs_in_what_is_listed_and_in_nothing_else(tmp_path: Path) -> None:
    export = generated(tmp_path, Plan(900, 15, drift=0.3))
    with (
        stored(tmp_path, export=str(export / "first")) as first,
        stored(tmp_path, export=str(export / "later")) as then,
    ):
        written = writes(first, then)
    summary = Expected(export / "later").summary

    assert set(summary["drift"]) == {"new", "gone", "renamed", "unlinked", "role", "email", "late", "blocked"}
    assert written == summary["minimal_writes_from_first"]
    assert summary["minimal_writes_by_kind"] == {
        kind: number for kind, number in written_by_kind(export / "later").items() if number
    }


def written_by_kind(export: Path) -> Counter[str]:
    """The writes of the list of what drifted."""
    found: Counter[str] = Counter()
    for line in Expected(export).lines("drift"):
        found[line["kind"]] += line["writes"]
    return found


def writes(first: Store, then: Store) -> int:
    """The fewest writes by Ferry's own differ: a user who goes takes his memberships along."""
    number = 0
    old, new = ({user.external_id: user for user in store.records("users")} for store in (first, then))
    gone = {old[one].key for one in old.keys() - new.keys()}
    number += len(gone) + sum(1 + (new[one].totp is not None) for one in new.keys() - old.keys())
    for one in old.keys() & new.keys():
        number += bool(changes("users", fields(new[one]), fields(old[one])))
    was, now = ({membership.key: membership for membership in store.records("memberships")} for store in (first, then))
    number += sum(was[one].user not in gone for one in was.keys() - now.keys())
    number += sum(1 + (not now[one].active) for one in now.keys() - was.keys())
    return number + sum(was[one] != now[one] for one in was.keys() & now.keys())
