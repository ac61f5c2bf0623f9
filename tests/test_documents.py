"""What the documents tell people to type exists, and what they say of the stack files stands there."""

from __future__ import annotations

import json
import re
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from providers.reports.against import setting_differences
from providers.settings import read_settings
from tests.shell_commands import commands, unknown_to_ferry
from tests.stack import BIN, ROOT

DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_BLOCK = re.compile(r"^( *)```sh\n(.*?)^ *```$", re.S | re.M)
_INLINE = re.compile(r"`((?:ferry|pulumi) [a-z][^`…]*)`")


def typed(path: Path) -> list[list[str]]:
    """Every command of a document, in blocks and within sentences."""
    text = path.read_text(encoding="utf-8")
    blocks = [re.sub(r"(?m)\s#.*$", "", script) for _, script in _BLOCK.findall(text)]
    inline = [found.replace("\n", " ") for found in _INLINE.findall(_BLOCK.sub("", text))]
    return [words for script in (*blocks, *inline) for words in commands(script) if words]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_ferry_command_of_a_document_exists_with_its_options(path: Path) -> None:
    calls = [words[1:] for words in typed(path) if words[0].rpartition("/")[2] == "ferry"]

    assert [unknown for words in calls for unknown in unknown_to_ferry(words)] == []


@pytest.mark.engine
def test_every_pulumi_command_of_the_documents_exists_with_its_options() -> None:
    for words in {tuple(words[1:]) for path in DOCUMENTS for words in typed(path) if words[0] == "pulumi"}:
        verb = (
            words[:2] if words[0] in {"stack", "config"} and re.fullmatch("[a-z-]+", "".join(words[1:2])) else words[:1]
        )
        assert help_of(verb) != help_of(verb[:-1]), words
        options = set(re.findall(r"(?<!\S)--?[A-Za-z][a-z-]*", help_of(verb)))
        assert [word for word in words if word.startswith("-") and word not in options] == [], words


@cache
def help_of(verb: tuple[str, ...]) -> str:
    """Of an unknown word the engine shows the help of what stands before it."""
    return subprocess.run([BIN / "pulumi", *verb, "--help"], capture_output=True, text=True, check=True).stdout


def test_every_document_is_linked_from_the_readme() -> None:
    readme = DOCUMENTS[0].read_text(encoding="utf-8")

    assert [path.name for path in DOCUMENTS[1:] if f"docs/{path.name}" not in readme] == []


def test_the_examples_differ_as_the_document_says() -> None:
    """The columns of the table are what the files hold, or the defaults."""
    document = (ROOT / "docs" / "environments.md").read_text(encoding="utf-8")
    rows = {
        cells[0].strip(" `"): [cell.strip() for cell in cells[1:4]]
        for line in document.splitlines()
        if line.startswith("| `ferry:") and len(cells := line.strip("|").split("|")) == 5
    }
    for column, stack in enumerate(("development", "staging", "production")):
        held = stack_example(stack)
        defaults = {"ferry:live": "false", "ferry:rateShare": "0.9", "ferry:maxRemovedPercent": "5"}
        for key, default in defaults.items():
            assert rows[key][column].startswith(f"`{held.get(key, default)}`")
    assert rows["ferry:removed"] == ["`delete`", "`delete`", "`retain`, memberships `deactivate`"]


def test_the_examples_of_staging_and_production_declare_the_same() -> None:
    """Who starts from them has nothing to explain to `ferry check --against`."""
    staging, production = (
        read_settings({key: text(value) for key, value in stack_example(one).items()}, {})
        for one in ("staging", "production")
    )

    assert setting_differences(production, staging) == []
    assert production.export == staging.export


def stack_example(stack: str) -> dict[str, Any]:
    path = ROOT / "stacks" / f"Pulumi.{stack}.yaml.example"
    return dict(yaml.safe_load(path.read_text(encoding="utf-8"))["config"])


def text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
