"""A stack on the sandbox that is run in this process, by the providers and without the engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from providers.commands.opened_stack import OpenedStack
from providers.commands.plan import plan
from providers.commands.rehearse import Rehearsed, RehearsedHost, run
from providers.commands.verifier import Verifier
from providers.directory.store import open_store
from providers.program.announcement import announced
from providers.reports.announcement_text import Announcement
from providers.reports.verification import Verification
from providers.settings import KINDS, read_settings
from providers.state.declaration import declaration
from providers.state.last_state import LastState
from providers.workos.by_kind import listed_at_once
from providers.workos.census import Census
from providers.workos.client import WorkOS
from tests.stack import KEY, Sandbox
from tests.tenant import write


@cache
def _door(key: str, base_url: str, reads_only: bool) -> WorkOS:
    """Kept for the process, since each one reads the certificates of all authorities."""
    return WorkOS(key, base_url, 1000, reads_only=reads_only)


class InProcess:
    """Its settings, and the state that its last run left."""

    def __init__(self, folder: Path, workos: Sandbox, **config: str) -> None:
        self.folder, self.last_state = folder, LastState()
        raw = {"export": str(folder / "export"), "maxRemovedPercent": "100", **config}
        raw |= {"workosApiKey": KEY, "workosBaseUrl": workos.url, "rateShare": "1000"}
        self.settings = read_settings({f"ferry:{key}": text for key, text in raw.items()}, {})

    def exports(self, **files: Any) -> None:
        """The export folder anew."""
        for path in self.folder.glob("export/*"):
            path.unlink()
        write(self.folder / "export", **files)

    def plan(self) -> list[Any]:
        """The lines of the plan."""
        with self._opened(reads_only=True) as stack:
            return list(plan(stack, self.folder))

    def announcement(self) -> Announcement:
        """What a run says before its first request."""
        with self._opened(reads_only=True) as stack:
            declared = declaration(stack.store, stack.last_state.in_cohorts, stack.settings)
            leaving = {kind: stack.last_state.gone(kind, declared) for kind in KINDS}
            return announced(stack.last_state, declared, stack.store, stack.settings, leaving)

    def up(self) -> Rehearsed:
        """The run itself; one thing after the other, as in the plan."""
        with self._opened(reads_only=False) as stack:
            done = run(stack, RehearsedHost(stack, stack.door, stack.census, self.folder))
        self.last_state = done.after
        return done

    def verification(self) -> Verification:
        """What `ferry verify` finds."""
        with self._opened(reads_only=True) as stack:
            repairs = self.settings.on_drift == "repair"
            verifier = Verifier(stack.store, stack.census, stack.last_state, repairs=repairs)
            return verifier.verify(listed_at_once(stack.door))

    @contextmanager
    def _opened(self, *, reads_only: bool) -> Iterator[OpenedStack]:
        key, base_url = self.settings.require_access()
        door = _door(key, base_url, reads_only)
        with (
            open_store(self.settings, self.folder) as store,
            closing(Census(door, self.last_state.spread)) as census,
        ):
            yield OpenedStack("dev", self.settings, store, self.last_state, door, census)
