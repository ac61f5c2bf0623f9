"""`ferry check`: what becomes of every line of an export, offline and without a key."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from providers.auth0.lines import ExportError
from providers.directory.store import open_store
from providers.findings import NEXT_STEP
from providers.reports.check import check as document_of
from providers.reports.check_document import CheckDocument
from providers.settings import read_settings
from providers.stack_file import stack_config


def check(project: Path, export: str | None, stack: str | None, accept: Collection[str]) -> CheckDocument:
    """Returns the document of a check (`providers/reports/check_document.py`).

    `export` is a folder, relative to the project, in place of the one that the stack's file names; `accept` are codes
    of findings, which must exist. Raises ExportError, InvalidSettings, NoStackName, UnreadableStack, Unbalanced.
    """
    if not export and not stack:
        raise ExportError("say what to check, an export folder or a stack: ferry check EXPORT, or --stack STACK")
    if unknown := [code for code in accept if code.partition(":")[0] not in NEXT_STEP]:
        raise ExportError(f"no finding has the code {unknown[0]}; the report names the codes")
    config = stack_config(project, stack) if stack else {}
    if export:
        config = {key: value for key, value in config.items() if key != "ferry:tenants"} | {"ferry:export": export}
    settings = read_settings(config, {}, lambda _: False)
    with open_store(settings, project) as store:
        return document_of(store, settings)
