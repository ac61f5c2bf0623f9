"""A full name of users, which no mapping fills yet: what a new field does in stacks made before it was there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from tests.commands.in_process import InProcess
from tests.stack import Sandbox
from tests.tenant import person
from tests.workos.calls import POST_USER, PUT_USER

GRAINS = pytest.mark.parametrize("grain", ["record", "cohort"])
ANN = "auth0|ann"


def names(folder: Path, name: str | None) -> None:
    """Ann has this name in the directory, as if the export had said so."""
    (path,) = folder.glob(".ferry/*.sqlite")
    with sqlite3.connect(path) as db:
        db.execute("UPDATE users SET name = ? WHERE key = ?", (name, ANN))
    db.close()


@GRAINS
def test_a_field_that_came_later_is_compared_planned_written_and_verified(
    environment: Sandbox, tmp_path: Path, grain: str
) -> None:
    """The state of the first run knows nothing of it; only the record that has it changes, and only once."""
    environment.reset()
    stack = InProcess(tmp_path, environment, granularity=grain)
    stack.exports(users=[person("ann"), person("bee")])
    stack.up()
    assert environment.writes() == {POST_USER: 2}

    names(tmp_path, "Ann Lee")
    environment.clear()
    assert [(found.key, found.fields) for found in stack.verification().differences] == [
        (ANN, {"name": ("Ann Lee", None)})
    ]
    change, summary = stack.plan()
    assert (change["key"], change["fields"]) == (ANN, {"name": {"old": None, "new": "Ann Lee"}})
    assert summary["wrong"] == 0
    assert environment.writes() == {}

    stack.up()
    assert environment.writes() == {PUT_USER: 1}
    assert stack.verification().clean
    environment.clear()
    stack.up()
    assert environment.writes() == {}


@GRAINS
def test_a_new_user_has_it_from_the_start_and_loses_it_with_auth0(
    environment: Sandbox, tmp_path: Path, grain: str
) -> None:
    environment.reset()
    stack = InProcess(tmp_path, environment, granularity=grain)
    stack.exports(users=[person("ann")])
    stack.plan()
    names(tmp_path, "Ann Lee")
    stack.up()
    assert environment.writes() == {POST_USER: 1}
    assert stack.verification().clean

    names(tmp_path, None)
    environment.clear()
    stack.up()
    assert environment.writes() == {PUT_USER: 1}
    assert stack.verification().clean
