"""Exports of made-up tenants, in every shape, become what their generator knows that they must become."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from providers.auth0.lines import ExportError
from providers.directory.differ import changes
from providers.directory.model import fields
from providers.directory.store import Store
from providers.settings import InvalidSettings
from tests.generate.distribution import Distribution, with_overrides
from tests.generate.export import Plan, generate
from tests.generate.shapes import READABLE, STOPPING
from tests.pure.expectation import (
    Expected,
    findings_in,
    memberships_in,
    organizations_in,
    secrets_in,
    stored,
    users_in,
)

#: What Ferry does not read yet, and what it says of it. Whoever makes it read one removes it from here.
NOT_YET: dict[str, type[Exception]] = {
    "csv": ExportError,
    "csv-plain": ExportError,
    "argon2": AssertionError,
    "tenants": InvalidSettings,
}


def not_yet(*names: str) -> list[Any]:
    """Test parameters; those that Ferry does not read yet are expected to fail."""
    marks = {name: pytest.mark.xfail(strict=True, raises=error) for name, error in NOT_YET.items()}
    return [pytest.param(name, marks=marks[name]) if name in NOT_YET else name for name in names]


#: What of a user these shapes carry as text, and under which names.
COLUMNS = {
    "extension": ("Id", "Email", "Given Name", "Family Name", "Name", "Nickname"),
    "csv": ("user_id", "email", "given_name", "family_name", "name", "nickname"),
    "csv-plain": ("user_id", "email", "given_name", "family_name", "name", "nickname"),
}
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
    assert {role.slug: role.name for role in store.roles()}.items() <= {
        (slug, name) for slug, names in summary["roles"].items() for name in names
    }
    assert len(list(store.roles())) == len(summary["roles"])
    assert secrets_in(store, "password") == expected.secrets("password_hash")
    assert secrets_in(store, "totp") == expected.secrets("totp_secret")
    assert expected.rejects() - findings_in(store) == Counter()
    assert Counter(f"{file}:{code}" for file, _, code in remarks.elements()) == summary["remarks"]
    assert {kind: counts[kind]["lines"] for kind in counts} == summary["lines"]
    named = {user.external_id: user.key for user in store.users()}
    merged = expected.keys_of_merged()
    assert {one: named[one] for one in merged} == merged


def users_of(export: Path) -> list[dict[str, Any]]:
    """The users lines of an export in whatever shape, by Python's own readers."""
    (path,) = export.glob("users.*")
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    text = data.decode("utf-8-sig")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    if path.suffix == ".json":
        loaded: list[dict[str, Any]] = json.loads(text)
        return loaded
    return [json.loads(line) for line in text.split("\n")[:-1] if not line.startswith('{"user_id":"auth0|damaged"')]


@pytest.mark.parametrize(("seed", "users"), [(1, 300), (2, 1000), (3, 3000)])
def test_an_export_becomes_what_is_expected(tmp_path: Path, seed: int, users: int) -> None:
    export = generated(tmp_path, Plan(users, seed))
    with stored(tmp_path, export=str(export)) as store:
        check(store, Expected(export))


@pytest.mark.parametrize("seed", range(4, 10))
def test_an_export_in_which_much_is_odd_becomes_what_is_expected(tmp_path: Path, seed: int) -> None:
    export = generated(tmp_path, Plan(500, seed, shares=ODD))
    with stored(tmp_path, export=str(export)) as store:
        check(store, Expected(export))


@pytest.mark.parametrize("shape", not_yet(*READABLE))
def test_every_shape_becomes_what_is_expected(tmp_path: Path, shape: str) -> None:
    export = generated(tmp_path, Plan(600, 10, shape=shape, shares=ODD))
    with stored(tmp_path, export=str(export)) as store:
        check(store, Expected(export))


@pytest.mark.parametrize("algorithm", not_yet("argon2"))
def test_hashes_of_another_algorithm_that_workos_knows_are_imported(tmp_path: Path, algorithm: str) -> None:
    shares = with_overrides(Distribution(), [f'hashes={{"{algorithm}":50}}'])
    export = generated(tmp_path, Plan(300, 11, shares=shares))
    with stored(tmp_path, export=str(export)) as store:
        check(store, Expected(export))


@pytest.mark.parametrize("number", not_yet("tenants"))
def test_several_tenants_become_one_directory(tmp_path: Path, number: str) -> None:
    shares = with_overrides(ODD, ["tenants_same_email=0.3", "tenants_same_id=0.1", "tenants_same_name=0.2"])
    export = generated(tmp_path, Plan(300, 12, tenants=3, shares=shares))
    names = [path.name for path in sorted(export.glob("tenant-*"))]
    listed = [{"name": name, "export": str(export / name), "prefix": f"{name}:"} for name in names]
    with stored(tmp_path, **{number: json.dumps(listed)}) as store:
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
        assert [one.line for one in store.findings() if one.code == "invalid_line"] == [123]


def test_the_later_export_becomes_what_is_expected(tmp_path: Path) -> None:
    export = generated(tmp_path, Plan(1000, 14, drift=0.3))
    with stored(tmp_path, export=str(export / "later")) as store:
        check(store, Expected(export / "later"))


def test_the_later_export_differs_in_what_is_listed_and_in_nothing_else(tmp_path: Path) -> None:
    export = generated(tmp_path, Plan(1000, 15, drift=0.3))
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
    for one in Expected(export).lines("drift"):
        found[one["kind"]] += one["writes"]
    return found


def writes(first: Store, then: Store) -> int:
    """The fewest writes by Ferry's own differ: a user who goes takes his memberships along."""
    number = 0
    old, new = ({one.external_id: one for one in store.users()} for store in (first, then))
    gone = {old[one].key for one in old.keys() - new.keys()}
    number += len(gone) + sum(1 + (new[one].totp is not None) for one in new.keys() - old.keys())
    for one in old.keys() & new.keys():
        number += bool(changes("users", fields(new[one]), fields(old[one])))
    was, now = ({one.key: one for one in store.memberships()} for store in (first, then))
    number += sum(was[one].user not in gone for one in was.keys() - now.keys())
    number += sum(1 + (not now[one].active) for one in now.keys() - was.keys())
    return number + sum(was[one] != now[one] for one in was.keys() & now.keys())


@pytest.mark.parametrize("shape", READABLE)
def test_every_shape_carries_the_same_records(tmp_path: Path, shape: str) -> None:
    plain = users_of(generated(tmp_path / "api", Plan(300, 16)))
    found = users_of(generated(tmp_path / shape / "shape", Plan(300, 16, shape=shape)))
    if shape in COLUMNS:
        rule = "'" if shape == "csv" else ""
        told = [tuple((one.get(column) or "").removeprefix(rule) for column in COLUMNS[shape]) for one in found]
        assert told == [tuple(one.get(column) or "" for column in COLUMNS["csv"]) for one in plain]
    else:
        assert found == plain


def test_the_same_seed_gives_the_same_bytes_in_every_process(tmp_path: Path) -> None:
    digests = []
    for number in (1, 2):
        folder = tmp_path / str(number)
        command = ["--users", "400", "--seed", "17", "--shape", "gzip", "--drift", "0.1", "--tenants", "2"]
        subprocess.run(
            [sys.executable, "-m", "tests.generate", str(folder), *command],
            check=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": str(number)},
        )
        digests.append({path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()})

    assert len(digests[0]) > 30
    assert digests[0] == digests[1]


def test_another_seed_gives_other_people(tmp_path: Path) -> None:
    one, other = (users_of(generated(tmp_path / str(seed), Plan(300, seed))) for seed in (1, 2))

    assert not {user["user_id"] for user in one} & {user["user_id"] for user in other}


def test_the_shares_are_those_of_the_distribution(tmp_path: Path) -> None:
    summary = Expected(generated(tmp_path, Plan(10_000))).summary
    odd, lines = summary["odd_classes"], summary["lines"]

    assert lines["users"] == 10_000
    assert lines["organizations"] == 100
    assert odd["prov_auth0"] / 10_000 == pytest.approx(0.62, abs=0.02)
    assert odd["prov_google-oauth2"] / 10_000 == pytest.approx(0.18, abs=0.02)
    assert (odd["linked_2"] + odd["linked_3"]) / 10_000 == pytest.approx(0.1, abs=0.02)
    assert odd["blocked"] / 10_000 == pytest.approx(0.015, abs=0.005)
    assert odd["shared_2"] / 2 / 9600 == pytest.approx(0.037, abs=0.01)
    assert summary["rejects"]["users:no_email"] / 10_000 == pytest.approx(0.015, abs=0.005)
    assert lines["passwords"] / 10_000 == pytest.approx(0.66, abs=0.02)
    assert lines["mfa"] / 10_000 == pytest.approx(0.08 * 1.5, abs=0.02)


def test_a_share_is_set_by_name_or_in_a_file(tmp_path: Path) -> None:
    path = tmp_path / "shares.json"
    path.write_text('{"blocked": 0.5, "names": {"odd": 3}}', encoding="utf-8")
    shares = with_overrides(Distribution(), [str(path), "no_email=0.02"])

    assert (shares.blocked, shares.no_email, shares.names["odd"]) == (0.5, 0.02, 3)
    assert shares.names["both"] == Distribution().names["both"]


@pytest.mark.parametrize(
    "wrong", [{"users": 0}, {"seed": -1}, {"drift": 1.5}, {"tenants": 0}, {"tenants": 65}, {"bad_line": 11}]
)
def test_a_plan_that_cannot_be_made_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"users from 1|none of the 10 lines"):
        Plan(**{"users": 10, **wrong})


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path) -> None:
    generate(tmp_path / "export", Plan(10))
    with pytest.raises(FileExistsError):
        generate(tmp_path / "export", Plan(10))


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("blokced=0.5", "there is no such share"),
        ("blocked=often", "Expecting value"),
        ("blocked=true", "is no share"),
        ('names={"oddd":1}', "oddd is none of both"),
        ("names=1", "1 is none of both"),
        ("missing.json", "No such file"),
    ],
)
def test_a_share_that_is_none_is_refused(setting: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_overrides(Distribution(), [setting])
