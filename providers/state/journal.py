"""The journal: a line a confirmed write of a cohort, so that a killed run is remembered although it saved no state.

`.ferry/<stack>-<test or live>-<address>.journal`, mode 0600, beside the store. Each line is JSON. A list is a write:
serial, kind, cohort, key, and what is known to be in WorkOS (nothing, if it was removed). Each cohort's outputs name
the last serial they include; only later lines tell it something. A map is a remark: `life` begins a run and says which
life of the stack it is and whether the stack had a state, `left` is a leaver that a run dealt with, `back` says that it
is declared again, `sealed` ends a good run. It holds no field's value, as the state.

A journal alone proves nothing. A state names its life, so a journal of another life is told apart; where there is no
state, a line counts as far as WorkOS lists the object that it names.
"""

from __future__ import annotations

import json
import os
import re
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, NamedTuple
from uuid import uuid4

from providers.directory.model import fingerprint
from providers.project import stack_name, state_folder
from providers.settings import Kind, Removal
from providers.state.applied import Applied, pack, unpack

#: How a line of a write begins: serial, kind and cohort.
_WRITE = re.compile(r'\[(\d+), "([a-z]+)", (\d+),')
#: What is known of a key: how it is in WorkOS, None if it was removed.
Newer = dict[str, Applied | None]
#: What a run makes of the journal that it finds: `other` is of another life, `included` is all in the state, `ahead`
#: knows what the state does not, `alone` has no state beside it.
Standing = Literal["other", "included", "ahead", "alone"]


class Left(NamedTuple):
    """A record that left the export, and what a run did with its object in WorkOS."""

    day: str
    kind: Kind
    key: str
    id: str
    removal: Removal


class Journal:
    """One stack's journal. Thread-safe; the file appears with the first line."""

    def __init__(self, path: Path, now: Callable[[], int] = time.time_ns) -> None:
        self.path, self._now = path, now
        self._lock = threading.RLock()
        self._file: int | None = None
        #: Where the lines of earlier runs end, None before they were looked at; and their last serials, by cohort.
        self._end: int | None = None
        self._last_of: dict[tuple[Kind, int], int] = {}
        self._lines: dict[tuple[Kind, int], list[tuple[int, str, str]]] | None = None
        self._last = 0
        self._life = ""
        #: Does the file hold nothing of an earlier run, and did the last one end well?
        self._is_new, self._is_sealed = True, False
        self._left: dict[tuple[Kind, str], Left] = {}
        #: Do the lines of earlier runs count only as far as WorkOS lists their objects?
        self.stands_alone = False

    @property
    def life(self) -> str:
        """The life of the stack that this journal is of; a new one if nothing says which."""
        with self._lock:
            self._skim()
            self._life = self._life or uuid4().hex[:16]
            return self._life

    def begin(self, life: str, serial: int, *, alone: bool) -> None:
        """Begin a run: of this life of the stack ('' for the journal's own), whose state includes the lines up to
        `serial`; `alone` if there is no state.
        """
        with self._lock:
            self._skim()
            self._life, self._last, self.stands_alone = life or self._life, max(self._last, serial), alone
            self._append(self._head())

    def require_life(self, life: str) -> Path | None:
        """Before a write is noted: set a journal of another life aside. Returns its new path, None if it stays."""
        with self._lock:
            self._skim()
            if not life or not self._life or life == self._life or self._is_new:
                self._life = self._life or life
                return None
            aside = self.set_aside()
            self._life = life
            return aside

    def note(self, kind: Kind, key: str, applied: Applied | None, cohort: int) -> None:
        """A write was confirmed: this is how the record is in WorkOS now; None: it was removed."""
        packed = pack({key: applied}) if applied else ""
        with self._lock:
            self._skim()
            self._last = max(self._last + 1, self._now())
            self._append([self._last, kind, cohort, key, packed])

    def note_left(self, kind: Kind, key: str, id_: str, removal: Removal) -> None:
        """A record that left the export has been dealt with, whatever the engine goes on keeping in its state."""
        day = datetime.fromtimestamp(self._now() / 1e9, UTC).date().isoformat()
        with self._lock:
            self._skim()
            self._note_left(Left(day, kind, key, id_, removal))

    def note_back(self, kind: Kind, id_: str) -> None:
        """A record that had left is declared again, and this object is its own."""
        with self._lock:
            self._skim()
            if self._left.pop((kind, id_), None):
                self._append({"back": [kind, id_]})

    def seal(self) -> None:
        """A good run has ended: all of this is in the state."""
        with self._lock:
            self._skim()
            if self.path.exists():
                self._append({"sealed": self._last})

    def serial(self) -> int:
        """The serial of the last line."""
        with self._lock:
            self._skim()
            return self._last

    def since(self, kind: Kind, cohort: int, serial: int) -> Newer:
        """What the journal knows of a cohort beyond the state that includes the lines up to `serial`."""
        with self._lock:
            self._skim()
            if self._last_of.get((kind, cohort), 0) <= serial:
                return {}
            found = self._all()[kind, cohort]
        return {key: unpack(packed).get(key) for at, key, packed in found if at > serial}

    def beyond(self, kind: Kind, cohort: int, serial: int, life: str) -> Newer:
        """As `since`, before a run begins: {} if the last run ended well, or this is the journal of another life."""
        with self._lock:
            self._skim()
            if self._is_sealed or (life and self._life and life != self._life):
                return {}
            return self.since(kind, cohort, serial)

    def knows(self, kind: Kind) -> bool:
        """Is there a line of this kind from an earlier run?"""
        with self._lock:
            self._skim()
            return any(of == kind for of, _ in self._last_of)

    def left(self) -> list[Left]:
        """The leavers that were dealt with, the last word on each object."""
        with self._lock:
            self._skim()
            return list(self._left.values())

    def has_left(self, kind: Kind, id_: str) -> Left | None:
        """What was done with this object, None if it has not left."""
        with self._lock:
            self._skim()
            return self._left.get((kind, id_))

    def objects(self) -> list[tuple[Kind, str]]:
        """Kind and WorkOS id of what should be there by the journal alone."""
        packed_by_key: dict[tuple[Kind, str], str] = {}
        with self._lock:
            for (kind, _), lines in self._all().items():
                packed_by_key.update({(kind, key): packed for _, key, packed in lines})
        return [(kind, unpack(packed)[key].id) for (kind, key), packed in packed_by_key.items() if packed]

    def witnesses(self) -> list[tuple[Kind, str]]:
        """Some five of its objects, spread over it."""
        there = self.objects()
        return there[:: max(1, len(there) // 5)][:6]

    def standing(self, lives: Collection[str], includes: Callable[[Kind, int], int], *, alone: bool) -> Standing:
        """What this journal is beside a state: the lives that the state names, the last serial that it `includes` of a
        cohort.

        A state of an earlier Ferry names no life: any journal is taken for its own. `alone`: there is no state.
        """
        with self._lock:
            self._skim()
            if alone:
                return "alone"
            if lives and self._life and self._life not in lives:
                return "other"
            known = all(last <= includes(*of) for of, last in self._last_of.items())
            return "included" if known else "ahead"

    def set_aside(self) -> Path:
        """Let go of a journal that does not fit; it stays beside the next one. Returns its new path."""
        with self._lock:
            names = (self.path.with_name(f"{self.path.name}.aside-{number}") for number in range(1, 1_000_000))
            aside = next(name for name in names if not name.exists())
            self._move_file(aside)
            self.forget()
            return aside

    def renew(self, left: Iterable[Left]) -> None:
        """Begin the file anew: all but these leavers is in the state."""
        with self._lock:
            kept = list(left)
            self._move_file(None)
            self.forget()
            for leaver in kept:
                self._note_left(leaver)

    def forget(self) -> None:
        """Know nothing of what earlier runs wrote; the file stays where it is."""
        with self._lock:
            if self._file is not None:
                os.close(self._file)
                self._file = None
            self._lines, self._end, self._last_of = defaultdict(list), 0, {}
            self.stands_alone, self._is_new, self._is_sealed = False, True, False
            self._left.clear()

    def _note_left(self, left: Left) -> None:
        self._left[left.kind, left.id] = left
        self._append({"left": left})

    def _head(self) -> dict[str, object]:
        return {"life": self.life, "serial": self._last, "alone": self.stands_alone}

    def _move_file(self, to: Path | None) -> None:
        """Give the file another name; None: remove it."""
        if to is None:
            self.path.unlink(missing_ok=True)
        elif self.path.exists():
            self.path.rename(to)

    def _append(self, value: object) -> None:
        line = json.dumps(value) + "\n"
        if self._file is None:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            is_new = not self.path.exists()
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            if is_new and not (isinstance(value, dict) and "life" in value):
                line = json.dumps(self._head()) + "\n" + line
            elif self._ends_within_a_line():
                line = "\n" + line
        os.write(self._file, line.encode())

    def _skim(self) -> None:
        """Read the remarks, the kinds and the last serial; a journal of a million writes is not kept for that."""
        if self._end is not None:
            return
        self._end = self.path.stat().st_size if self.path.exists() else 0
        for line in _lines_of(self.path, self._end):
            self._is_new = False
            if write := _WRITE.match(line):
                self._is_sealed = False
                of: tuple[Any, int] = write[2], int(write[3])
                self._last_of[of] = max(self._last_of.get(of, 0), int(write[1]))
                self._last = max(self._last, self._last_of[of])
            elif (remark := _parsed(line)) is not None:
                self._remark(remark)

    def _all(self) -> dict[tuple[Kind, int], list[tuple[int, str, str]]]:
        """The writes of earlier runs by kind and cohort: serial, key, packed."""
        self._skim()
        if self._lines is None:
            self._lines = defaultdict(list)
            for line in _lines_of(self.path, self._end or 0):
                if _WRITE.match(line) and (write := _parsed(line)) is not None:
                    serial, kind, cohort, key, packed = write
                    self._lines[kind, cohort].append((serial, key, packed))
        return self._lines

    def _remark(self, remark: Any) -> None:
        self._is_sealed = "sealed" in remark
        if "life" in remark:
            self._life, self.stands_alone = str(remark["life"]), bool(remark["alone"])
            self._last = max(self._last, int(remark["serial"]))
        elif "left" in remark:
            left = Left(*remark["left"])
            self._left[left.kind, left.id] = left
        elif "back" in remark:
            kind, id_ = remark["back"]
            self._left.pop((kind, id_), None)

    def _ends_within_a_line(self) -> bool:
        size = self.path.stat().st_size
        if not size:
            return False
        with self.path.open("rb") as file:
            file.seek(size - 1)
            return file.read(1) != b"\n"


def _lines_of(path: Path, end: int) -> Iterator[str]:
    """The lines of a file up to this byte."""
    if end:
        with path.open("rb") as file:
            while file.tell() < end and (line := file.readline()):
                yield line.decode(errors="replace")


def _parsed(line: str) -> Any:
    """The value of a line, None for one that a kill cut short."""
    try:
        return json.loads(line)
    except ValueError:
        return None


def journal_path(project: Path, stack: str, base_url: str, key: str) -> Path:
    """The journal of a stack at one address, with live or with test keys: keys are rotated, so they do not count.

    One of an earlier Ferry, which had the key in its name, is given the name of today. Raises NoStackName.
    """
    folder, mode = state_folder(project), "live" if key.startswith("sk_live_") else "test"
    name = stack_name(stack)
    path = folder / f"{name}-{mode}-{_short(base_url, mode)}.journal"
    earlier = folder / f"{name}-{_short(base_url, key)}.journal"
    if earlier.exists() and not path.exists():
        earlier.rename(path)
    return path


def _short(base_url: str, rest: str) -> str:
    return fingerprint(base_url, rest).split()[-1][:8]


def aside_line(path: Path, aside: Path, why: str) -> str:
    """What is said of a journal that was set aside."""
    return (
        f"the journal {path.name} does not fit this stack and environment ({why}): it is set aside as {aside.name} and "
        f"not used. If the API key was wrong, correct it, and mv .ferry/{aside.name} .ferry/{path.name}; else ferry "
        "clean removes it"
    )
