"""An export that is not all there says so: by its manifest it stops the run, by a round count it is a finding."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from providers.auth0.completeness import suspicions
from providers.auth0.export import Export, digest
from providers.auth0.lines import ExportError
from providers.directory.store import open_store
from providers.findings import Ledger
from providers.settings import read_settings
from tests.tenant import member, organization, person, read, write


@pytest.mark.parametrize(("users", "code"), [(10, "sample"), (1_000, "cap"), (10_000, "cap"), (100_000, "cap")])
def test_a_round_number_of_users_is_suspicious(users: int, code: str) -> None:
    (found,) = suspicions(users, {})

    assert (found.kind, found.code) == ("users", f"looks_like_{code}")
    assert f"exactly {users} users" in found.message


@pytest.mark.parametrize("users", [0, 1, 9, 11, 100, 999, 1_001, 5_000, 99_999, 1_000_000])
def test_another_number_of_users_is_not(users: int) -> None:
    assert suspicions(users, {}) == []


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"org_a": 50, "org_b": 3}, "1 organization(s) have exactly 50 members and none has more (org_a is one)"),
        ({"org_b": 50, "org_a": 50}, "2 organization(s) have exactly 50 members and none has more (org_a is one)"),
        ({"org_a": 50, "org_b": 100}, "1 organization(s) have exactly 100 members and none has more (org_b is one)"),
        ({"org_a": 1_000}, "1 organization(s) have exactly 1000 members and none has more (org_a is one)"),
    ],
)
def test_organizations_that_all_stop_at_one_page_are_suspicious(members: dict[str, int], told: str) -> None:
    (found,) = suspicions(7, members)

    assert (found.kind, found.code, found.message) == ("members", "looks_like_cap", told)


@pytest.mark.parametrize("members", [{}, {"org_a": 49}, {"org_a": 50, "org_b": 51}, {"org_a": 1_000, "org_b": 1_001}])
def test_a_page_that_another_organization_exceeds_is_no_cap(members: dict[str, int]) -> None:
    assert suspicions(7, members) == []


def test_a_sample_is_a_finding_of_the_file_and_changes_no_bucket(tmp_path: Path) -> None:
    write(tmp_path, users=["", *(person(str(number)) for number in range(10))])
    outcome = read(tmp_path)

    assert outcome.found("users") == [(0, "looks_like_sample", ""), (1, "blank_line", "")]
    assert outcome.buckets("users") == {"declared": 10, "skipped": 1}


def test_members_that_stop_at_a_page_are_a_finding_whoever_they_are(tmp_path: Path) -> None:
    members = [member("a", f"auth0|{number}") for number in range(50)]
    write(tmp_path, users=[person("1")], organizations=[organization("a")], members=members)
    outcome = read(tmp_path)

    assert outcome.found("members")[0] == (0, "looks_like_cap", "")
    assert outcome.buckets("members") == {"declared": 1, "refused": 49}


# Manifest


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An export with its manifest."""
    folder = tmp_path / "export"
    write(folder, users=[person("1"), person("2")], organizations=[organization("a")])
    files = {
        path.name: {
            "lines": path.read_bytes().count(b"\n"),
            "bytes": path.stat().st_size,
            "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        }
        for path in folder.iterdir()
    }
    document = {
        "tenant": "acme",
        "time": "2026-01-01T00:00:00Z",
        "ferry": "0.1.0",
        "fields": ["user_id"],
        "files": files,
    }
    (folder / "manifest.json").write_text(json.dumps(document))
    return folder


def opened(folder: Path) -> None:
    """Build and open the store of an export."""
    settings = read_settings({"ferry:export": str(folder)}, {})
    open_store(settings, folder.parent).close()


def change_manifest(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Rewrite the manifest."""
    document = json.loads((folder / "manifest.json").read_text())
    change(document["files"])
    (folder / "manifest.json").write_text(json.dumps(document))


def test_an_export_that_is_as_it_was_downloaded_is_read(folder: Path) -> None:
    opened(folder)
    assert digest([Export(folder, Ledger())])


def test_a_manifest_changes_no_digest(folder: Path) -> None:
    before = digest([Export(folder, Ledger())])
    (folder / "manifest.json").unlink()

    assert digest([Export(folder, Ledger())]) == before


def test_files_that_the_manifest_does_not_know_may_lie_beside(folder: Path) -> None:
    write(folder, passwords=[])

    opened(folder)


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + data, lambda data: data.swapcase()])
def test_a_file_that_was_changed_stops_the_run_until_the_manifest_is_gone(
    folder: Path, change: Callable[[bytes], bytes]
) -> None:
    path = folder / "users.ndjson"
    path.write_bytes(change(path.read_bytes()))

    with pytest.raises(ExportError, match=r"^users\.ndjson is not the file .*SHA-256.*delete manifest\.json"):
        opened(folder)
    (folder / "manifest.json").unlink()
    opened(folder)


def test_a_file_that_went_away_stops_the_run(folder: Path) -> None:
    (folder / "organizations.ndjson").unlink()

    with pytest.raises(
        ExportError, match=r"^organizations\.ndjson is not there, but manifest\.json lists it; download"
    ):
        opened(folder)


def test_another_number_of_lines_than_was_downloaded_stops_the_run(folder: Path) -> None:
    change_manifest(folder, lambda files: files["users.ndjson"].update(lines=3))

    with pytest.raises(ExportError, match=r"^users\.ndjson holds 2 lines, 3 were downloaded; download again"):
        opened(folder)


@pytest.mark.parametrize("text", ["", "no JSON", "[]", "{}", '{"files": {"users.ndjson": {"lines": 2}}}', "\xff"])
def test_a_manifest_that_cannot_be_read_stops_the_run(folder: Path, text: str) -> None:
    (folder / "manifest.json").write_text(text, encoding="latin-1")

    with pytest.raises(ExportError, match=r"manifest\.json: cannot be read as the manifest of a download"):
        opened(folder)
