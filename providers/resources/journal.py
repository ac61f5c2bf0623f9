"""The journal: a line a confirmed write of a cohort, so that a killed run is remembered although it saved no state.

`.ferry/<stack>-<environment>.journal`, mode 0600, beside the store. Lines are JSON: serial, kind, cohort, key, and what
is known to be in WorkOS (nothing, if it was removed). Each cohort's outputs name the last serial they include; only
later lines tell it something. It holds no field's value, as the state.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from providers.directory.applied import Applied, pack, unpack
from providers.directory.model import fingerprint
from providers.project import stack_name, state_folder
from providers.settings import Kind

#: What is known of a key: how it is in WorkOS, None if it was removed.
Told = dict[str, Applied | None]


class Journal:
    """One stack's journal. Thread-safe; the file appears with the first write."""

    def __init__(self, path: Path, now: Callable[[], int] = time.time_ns) -> None:
        self.path, self._now = path, now
        self._lock = threading.Lock()
        self._file: int | None = None
        self._read: dict[tuple[Kind, int], list[tuple[int, str, Applied | None]]] | None = None
        self._last = 0
        #: The kinds of the lines of earlier runs.
        self._kinds: set[Kind] = set()

    def note(self, kind: Kind, key: str, applied: Applied | None, cohort: int) -> None:
        """A write was confirmed: this is how the record is in WorkOS now; None: it was removed."""
        packed = pack({key: applied}) if applied else ""
        with self._lock:
            self._last = max(self._last + 1, self._now())
            line = json.dumps([self._last, kind, cohort, key, packed]) + "\n"
            if self._file is None:
                self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
                if self._ends_within_a_line():
                    line = "\n" + line
            os.write(self._file, line.encode())

    def serial(self) -> int:
        """The serial of the last line."""
        with self._lock:
            self._load()
            return self._last

    def since(self, kind: Kind, cohort: int, serial: int) -> Told:
        """What the journal knows of a cohort beyond the state that includes the lines up to `serial`."""
        with self._lock:
            found = self._load()[kind, cohort]
            return {key: applied for at, key, applied in found if at > serial}

    def knows(self, kind: Kind) -> bool:
        """Is there a line of this kind from an earlier run?"""
        with self._lock:
            self._load()
            return kind in self._kinds

    def witnesses(self) -> list[tuple[Kind, str]]:
        """Kind and WorkOS id of what should be there by the journal alone, spread over it: some five."""
        with self._lock:
            held: dict[tuple[Kind, str], Applied | None] = {}
            for (kind, _), lines in self._load().items():
                held.update({(kind, key): applied for _, key, applied in lines})
        there = [(kind, applied.id) for (kind, _), applied in held.items() if applied]
        return there[:: max(1, len(there) // 5)][:6]

    def forget(self) -> None:
        """Drop what earlier runs wrote: it is in the state, or of another environment."""
        with self._lock:
            self._read = defaultdict(list)
            self._kinds.clear()
            self.path.unlink(missing_ok=True)

    def _load(self) -> dict[tuple[Kind, int], list[tuple[int, str, Applied | None]]]:
        if self._read is None:
            self._read = defaultdict(list)
            for serial, kind, cohort, key, packed in lines_of(self.path):
                self._read[kind, cohort].append((serial, key, unpack(packed).get(key)))
                self._kinds.add(kind)
                self._last = max(self._last, serial)
        return self._read

    def _ends_within_a_line(self) -> bool:
        size = self.path.stat().st_size
        if not size:
            return False
        with self.path.open("rb") as file:
            file.seek(size - 1)
            return file.read(1) != b"\n"


def lines_of(path: Path) -> Iterator[tuple[int, Kind, int, str, str]]:
    """The whole lines of a journal; one that a kill cut short is left out."""
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            for line in file:
                try:
                    serial, kind, cohort, key, packed = json.loads(line)
                except ValueError:
                    continue
                yield serial, kind, cohort, key, packed
    except FileNotFoundError:
        return


def last_serial(path: Path) -> int:
    """The highest serial of a journal, 0 without one."""
    return max((serial for serial, *_ in lines_of(path)), default=0)


def journal_path(project: Path, stack: str, base_url: str, key: str) -> Path:
    """The journal of a stack in one environment; another key or address has another journal."""
    environment = fingerprint(base_url, key).split()[-1][:8]
    return state_folder(project) / f"{stack_name(stack)}-{environment}.journal"
