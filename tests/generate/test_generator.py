"""The generator of exports keeps its promises: repeatable, the same people in every shape, the shares it was given."""

from __future__ import annotations

import csv
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.expectation import Expected
from tests.generate.distribution import Distribution, with_overrides
from tests.generate.export import Plan, generate
from tests.generate.shapes import READABLE

pytestmark = pytest.mark.slow

#: What of a user these shapes carry as text, and under which names.
COLUMNS = {
    "extension": ("Id", "Email", "Given Name", "Family Name", "Name", "Nickname"),
    "csv": ("user_id", "email", "given_name", "family_name", "name", "nickname"),
    "csv-plain": ("user_id", "email", "given_name", "family_name", "name", "nickname"),
}


def generated(folder: Path, plan: Plan) -> Path:
    """An export of this plan."""
    generate(folder / "export", plan)
    return folder / "export"


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


def test_the_list_of_what_drifted_says_what_happened(tmp_path: Path) -> None:
    export = generated(tmp_path, Plan(1000, drift=0.3))
    was, now = ({one["user_id"]: one for one in users_of(export / name)} for name in ("first", "later"))
    roles, later_roles = (roles_by_user(export / name) for name in ("first", "later"))
    happened: dict[str, Callable[[str], bool]] = {
        "new": lambda own: own not in was and own in now,
        "gone": lambda own: own in was and own not in now,
        "renamed": lambda own: was[own].get("given_name") != now[own]["given_name"],
        "email": lambda own: was[own]["email"] != now[own]["email"],
        "blocked": lambda own: "blocked" not in was[own] and now[own]["blocked"],
        "unlinked": lambda own: len(was[own]["identities"]) == len(now[own]["identities"]) + 1,
        "role": lambda own: roles[own] != later_roles[own],
        "late": lambda own: own not in passwords and own in later_passwords,
    }
    passwords, later_passwords = (Expected(export / name).secrets("password_hash") for name in ("first", "later"))
    listed = Expected(export / "later").lines("drift")

    assert [one for one in listed if not happened[one["kind"]](one["external_id"])] == []
    assert {one["kind"] for one in listed} == happened.keys()


def roles_by_user(export: Path) -> dict[str, list[Any]]:
    """The organizations and roles of each member."""
    found: dict[str, list[Any]] = {}
    for line in (export / "members.ndjson").read_text(encoding="utf-8").split("\n")[:-1]:
        one = json.loads(line)
        found.setdefault(one["user_id"], []).append((one["org_id"], [role["name"] for role in one["roles"]]))
    return {user: sorted(held) for user, held in found.items()}


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
