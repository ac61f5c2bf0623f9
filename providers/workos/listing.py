"""A long list of WorkOS's, read from several places at once.

Pages follow one another by cursor, and a cursor is the id of an object (WorkOS API reference, pagination), so a list of
a million is 10,000 answers one after the other. Ids that somebody knows are places to begin at: each walk ends where it
meets the beginning of another. So nothing is left out in whatever order the list is, and whichever of those objects are
gone; the same object may be read twice.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import Executor, Future
from queue import Empty, Full, Queue

from providers.workos.client import Answer, Door, Gone, Refused

Objects = list[Answer]
#: Pages that wait for whoever reads them, at the most.
_AHEAD = 64
_SECONDS_BETWEEN_LOOKS = 0.2


class Listing:
    """One list. `starts` are ids of objects that are probably in it; without any it is read in one walk."""

    def __init__(
        self, door: Door, *path: str, starts: Iterable[str] = (), after: str | None = None, **params: object
    ) -> None:
        """`after`: only what comes behind this cursor."""
        self._door, self._path, self._params, self._after = door, path, params, after
        self._lock = threading.Lock()
        self._starts = list(dict.fromkeys(starts))
        #: The beginnings at which a walk may end.
        self._ends = set(self._starts)
        #: Those that a walk has met, and the cursors with which it would have gone on.
        self._met: dict[str, list[str | None]] = {}
        self._pages: Queue[Objects] = Queue(_AHEAD)
        self._stopped = threading.Event()

    def pages(self, pool: Executor) -> Iterator[Objects]:
        """The objects, a page at a time as they come, walked in the threads of `pool`. Raises WorkOSFault."""
        walks = [pool.submit(self._walk, None), *(pool.submit(self._walk, start) for start in self._starts)]
        try:
            while True:
                over = all(walk.done() for walk in walks)
                try:
                    yield self._pages.get(timeout=0 if over else _SECONDS_BETWEEN_LOOKS)
                except Empty:
                    _raise_first(walks)
                    if over:
                        return
        finally:
            self._stopped.set()
            for walk in walks:
                walk.cancel()

    def _walk(self, start: str | None) -> None:
        """Read from a start to the next. The cursor is the last object seen, or an earlier one if that was deleted."""
        cursors: list[str | None] = [start or self._after]
        while not self._stopped.is_set():
            try:
                objects, more = self._door.page(*self._path, after=cursors[-1], **self._params)
            except (Gone, Refused):
                del cursors[-1]
                if not cursors and start is not None:
                    cursors = self._give_up(start)
                    if not cursors:
                        return
                if not cursors:
                    raise
                continue
            self._deliver(objects)
            cursors = [cursors[-1], *(listed["id"] for listed in objects)]
            if self._meets_another(objects, cursors if more else []) or not more:
                return

    def _give_up(self, start: str) -> list[str | None]:
        """Drop a start whose object is gone. Returns the cursors of the walk that ended there, to go on with."""
        with self._lock:
            self._ends.discard(start)
            return self._met.pop(start, [])

    def _meets_another(self, objects: Objects, cursors: list[str | None]) -> bool:
        with self._lock:
            met = [listed["id"] for listed in objects if listed["id"] in self._ends]
            self._met |= {id_: list(cursors) for id_ in met}
        return bool(met)

    def _deliver(self, objects: Objects) -> None:
        while not self._stopped.is_set():
            try:
                self._pages.put(objects, timeout=_SECONDS_BETWEEN_LOOKS)
            except Full:
                continue
            return


def _raise_first(walks: list[Future[None]]) -> None:
    for walk in walks:
        if walk.done() and not walk.cancelled() and (fault := walk.exception()):
            raise fault
