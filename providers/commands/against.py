"""`ferry check --stack A --against B` as a person meets it: two stack files in, the report and an exit code out."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import click

from providers.auth0.lines import ExportError
from providers.directory.store import open_store
from providers.errors import FerryError
from providers.project import stack_name
from providers.reports.against import Counts, differences, setting_differences
from providers.reports.against_text import Side, against_lines, document_pieces, is_equal
from providers.settings import InvalidSettings, read_settings
from providers.stack_file import stack_config


class CannotCompare(FerryError):
    """What was asked for is no comparison of two stacks. The message says why and what to do."""


def run_against(
    project: Path, export: str | None, stack: str | None, against: str, accept: Collection[str], *, as_json: bool
) -> int:
    """Compare and say what differs. Returns the exit code: 0 equal, 1 the directories differ.

    Raises CannotCompare, ExportError, NoStackName and UnreadableStack.
    """
    if accept:
        raise CannotCompare("--accept is for findings, and a comparison has none; leave it out")
    if export:
        raise CannotCompare(
            "--against compares two stacks, each with its own export; leave EXPORT out, or set ferry:export in a stack"
        )
    if not stack:
        raise CannotCompare(f"--against needs the stack to compare: ferry check --stack STACK --against {against}")
    here, there = _side(project, stack), _side(project, against)
    if here.stack == there.stack:
        raise CannotCompare(f"--stack and --against both name {here.stack}; name two stacks")
    counts: Counts = {}
    settings = setting_differences(here.settings, there.settings)
    with open_store(here.settings, project) as ours, open_store(there.settings, project, beside=ours) as theirs:
        for side, store in ((here, ours), (there, theirs)):
            if not store.summary()["users"]["lines"]:
                raise ExportError(f"the users file of {side.stack} holds no line; an empty export is never meant")
        found = differences(ours, theirs, counts)
        if as_json:
            for piece in document_pieces(here, there, settings, found, counts):
                click.echo(piece, nl=False)
        else:
            for line in against_lines(here, there, settings, found, counts):
                click.echo(line)
    return 0 if is_equal(counts) else 1


def _side(project: Path, stack: str) -> Side:
    """Raises UnreadableStack, and CannotCompare if this stack's settings cannot be used."""
    try:
        settings = read_settings(stack_config(project, stack), {}, lambda _: False)
        settings.require_tenants(project)
    except InvalidSettings as error:
        raise CannotCompare(f"{stack}: {error}") from None
    return Side(stack_name(stack), settings)
