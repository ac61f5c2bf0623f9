"""Golden cases: each folder of `tests/cases` with a `users` file is an export, and beside it stands what becomes of it.

REWRITE_GOLDEN=1 writes the outcomes anew; a person reads the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import asdict
from pathlib import Path

import pytest

from providers.auth0.lines import ExportError
from tests.tenant import read

CASES = Path(__file__).parents[1] / "cases"
FOLDERS = sorted(path for path in CASES.iterdir() if any(path.glob("users.*")) or (path / "settings.json").exists())
GOLDEN = ("directory.json", "findings.jsonl", "stopped.txt")
REWRITE = os.environ.get("REWRITE_GOLDEN") == "1"


def _config(settings: Path) -> dict[str, str]:
    return json.loads(settings.read_text(encoding="utf-8")) if settings.exists() else {}


def outcome_of(folder: Path) -> dict[str, str]:
    """The golden files of a case, by name: directory and findings, or why the run stops."""
    settings = folder / "settings.json"
    config = {key: text.replace("CASE", str(folder)) for key, text in _config(settings).items()}
    try:
        outcome = read(folder, **config)
    except ExportError as error:
        return {"stopped.txt": f"{error}\n"}
    buckets = {kind: outcome.buckets(kind) for kind in outcome.summary if outcome.buckets(kind)}
    document = {"buckets": buckets, **asdict(outcome.directory)}
    return {
        "directory.json": json.dumps(document, indent=1, ensure_ascii=False) + "\n",
        "findings.jsonl": "".join(f"{finding.to_json()}\n" for finding in outcome.findings),
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_a_case_has_its_golden_outcome(folder: Path) -> None:
    got = outcome_of(folder)
    if REWRITE:
        for name in GOLDEN:
            (folder / name).unlink(missing_ok=True)
        for name, text in got.items():
            (folder / name).write_text(text, encoding="utf-8")
    golden = {name: (folder / name).read_text(encoding="utf-8") for name in GOLDEN if (folder / name).exists()}

    assert golden == got


def test_every_case_is_told_in_the_table_of_cases() -> None:
    table = (CASES / "README.md").read_text(encoding="utf-8")
    named = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]

    assert named == sorted(path.name for path in CASES.iterdir() if path.is_dir())


def test_every_pitfall_names_cases_that_exist() -> None:
    _, _, told = (CASES / "README.md").read_text(encoding="utf-8").partition("## The field's pitfalls")
    named = set(re.findall(r"`([a-z]+(?:-[a-z]+)*)`", told))

    assert len(named) > 30
    assert named <= {path.name for path in CASES.iterdir() if path.is_dir()}
