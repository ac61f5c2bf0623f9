"""A large export is built by two processes; nothing tells the result from what one process makes."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from providers.auth0.lines import ExportError
from providers.directory.build import second_process
from providers.directory.store import Store, open_store
from providers.settings import read_settings
from tests.tenant import member, organization, person, write

ACME = Path(__file__).parents[1] / "cases" / "acme" / "first"


@pytest.fixture
def two_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every export is large enough."""
    monkeypatch.setattr(second_process, "_WORTH_A_PROCESS", 0)


def opened(export: Path, project: Path, **config: str) -> Store:
    """The store of an export, in a project folder of its own."""
    project.mkdir()
    texts = {"export": str(export), "workosApiKey": "sk_test_marker", **config}
    return open_store(read_settings({f"ferry:{key}": text for key, text in texts.items()}, {}), project)


@pytest.mark.parametrize("skip", ["", '["org_none", "auth0|none"]'])
def test_two_processes_make_the_store_of_one_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, skip: str
) -> None:
    with opened(ACME, tmp_path / "one", skip=skip) as store:
        alone = store.path.read_bytes()
    monkeypatch.setattr(second_process, "_WORTH_A_PROCESS", 0)
    with opened(ACME, tmp_path / "two", skip=skip) as store:
        assert store.path.read_bytes() == alone
    assert [path.name for path in (tmp_path / "two" / ".ferry").iterdir()] == [store.path.name]


@pytest.mark.usefixtures("two_processes")
@pytest.mark.parametrize(
    ("files", "fault"),
    [
        ({"users": [person("1")], "members": ['{"org_id": "org_a", "user']}, r"members\.ndjson:1: "),
        ({"users": ['{"user_id": "auth0|1"'], "members": []}, r"users\.ndjson:1: "),
    ],
)
def test_a_fault_that_either_process_meets_stops_the_build(
    tmp_path: Path, files: dict[str, list[Any]], fault: str
) -> None:
    export = write(tmp_path / "export", **files)
    for kind, lines in files.items():
        path = export / f"{kind}.ndjson"
        path.write_text(path.read_text().rstrip("\n") if isinstance((lines or [{}])[-1], str) else path.read_text())

    with pytest.raises(ExportError, match=fault):
        opened(export, tmp_path / "project")
    assert list((tmp_path / "project" / ".ferry").iterdir()) == []


@pytest.mark.usefixtures("two_processes")
def test_a_second_process_that_dies_stops_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    export = write(
        tmp_path / "export", users=[person("1")], organizations=[organization("a")], members=[member("a", "x")]
    )

    with pytest.raises(ExportError, match="a second process that reads the export ended too early"):
        opened(export, tmp_path / "project")


@pytest.mark.usefixtures("two_processes")
def test_the_second_process_gets_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    heard = tmp_path / "heard"
    script = tmp_path / "python"
    script.write_text(f"#!/bin/sh\nhead -n 2 > {heard}\n")
    script.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(script))

    with pytest.raises(ExportError):
        opened(write(tmp_path / "export", users=[person("1")]), tmp_path / "project")
    assert "rest" in heard.read_text()
    assert "sk_test_marker" not in heard.read_text()
