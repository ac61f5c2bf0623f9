"""The rooms are told in three places, and in the same order: the import rules, the package, and CONTRIBUTING."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import providers
from tests.stack import ROOT


def _layers() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = project["tool"]["importlinter"]["contracts"]
    (layers,) = [contract["layers"] for contract in contracts if contract.get("containers") == ["providers"]]
    return [room for layer in layers for room in layer.split(" | ")]


def _in_table(text: str, room: str) -> list[str]:
    return re.findall(room, text, re.MULTILINE)


def test_the_rooms_are_the_same_everywhere() -> None:
    contributing = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8").partition("| Room")[2].partition("\n\n")[0]

    assert _in_table(contributing, r"^\| `(\w+)` \|") == _layers()
    assert _in_table(providers.__doc__ or "", r"^`(\w+)` ") == _layers()


def test_the_tests_stand_in_the_rooms_that_they_are_of() -> None:
    """`walk` are whole walks, and the others hold what tests are made from."""
    rooms = {path.name for path in Path(ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"}
    beside = {"bench", "cases", "contract", "generate", "walk"}

    assert rooms - beside <= {*_layers(), "sandbox", "tools"}
    for side in ("providers", "sandbox"):
        of_side = {path.name for path in (ROOT / side).iterdir() if (path / "__init__.py").exists()}
        there = {path.name for path in (ROOT / "tests" / (side if side == "sandbox" else "")).iterdir()}
        assert of_side <= there, of_side - there
