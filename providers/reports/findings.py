"""Findings as a file for machines and as one line a code for people."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from providers.findings import CodeCount, Finding
from providers.settings import FILES


def write_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Write `findings.jsonl`, one object a line."""
    write_lines(path, (finding.to_json() for finding in findings))


def append_findings(path: Path, findings: Iterable[Finding]) -> None:
    """Add lines to `findings.jsonl`; it is made with mode 0600 if it is not there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(f"{finding.to_json()}\n" for finding in findings)


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write a report; it has its final name only when whole. Mode 0600: external ids are in it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    draft.touch(mode=0o600)
    with draft.open("w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)
    draft.replace(path)


def findings_lines(summary: dict[str, dict[str, int]], codes: list[CodeCount], path: Path) -> Iterator[str]:
    """What is said at the end of preview and up: the buckets of each file, then one line a code with its count."""
    for file in FILES:
        counts = summary[file]
        if counts["lines"]:
            text = ", ".join(f"{counts[bucket]} {bucket}" for bucket in ("declared", "merged", "refused", "skipped"))
            yield f"{file}: {counts['lines']} lines = {text}"
    for code in codes:
        first = code.examples[0]
        where = f"{first.file}:{first.line}" if first.line or not first.external_id else first.external_id
        yield f"{code.count:>6} {code.code} (first: {where})"
    if codes:
        yield f"every finding with file, line and next step: {path}"
