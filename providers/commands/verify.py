"""`ferry verify`: WorkOS listed once, held against the directory, and the report that can be filed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from providers.commands.opened_stack import OpenedStack
from providers.commands.verifier import Verifier
from providers.reports.findings import write_lines
from providers.reports.verification_text import VerificationDocument, verification_document, verification_lines
from providers.settings import Kind
from providers.workos.by_kind import listed_at_once


def verify(stack: OpenedStack, looked_at: Callable[[Kind], None] = lambda _: None) -> VerificationDocument:
    """The document of a verification (`verification_document`). `looked_at` hears of each object that was looked at.

    Raises WorkOSFault.
    """
    began = _now()
    environment = listed_at_once(stack.door)
    found = Verifier(
        stack.store, stack.census, stack.last_state, looked_at, repairs=stack.settings.on_drift == "repair"
    ).verify(environment)
    return verification_document(
        found,
        {
            "stack": stack.name,
            "environment": stack.environment(),
            "began": began,
            "ended": _now(),
            "requests": stack.door.reads,
            "exports": [
                {"tenant": export.tenant, "folder": str(export.folder), "sha256": export.sha256()}
                for export in stack.store.exports
            ],
            "directory": stack.store.path.stem,
        },
    )


def write_verification(document: VerificationDocument, folder: Path) -> tuple[Path, Path]:
    """Write `verification.json` and `verification.txt`, mode 0600: external ids are in them. Returns their paths."""
    paths = folder / "verification.json", folder / "verification.txt"
    write_lines(paths[0], [json.dumps(document, indent=1)])
    write_lines(paths[1], verification_lines(document, None))
    return paths


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
