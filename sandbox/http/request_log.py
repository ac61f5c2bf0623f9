"""What reached the API, for tests that count requests.

Paths, statuses and external ids only: no body, no query, no header, so no email and no secret can be in it.
"""

from collections import Counter, deque
from dataclasses import dataclass
from itertools import islice
from typing import Any, Final

#: How many single requests are kept; the counts cover all of them.
KEPT: Final = 1000
#: The status of a request whose connection was closed without an answer.
DROPPED: Final = "dropped"
#: The methods that change nothing.
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(slots=True)
class Entry:
    """One request; the status follows when it is answered."""

    method: str
    path: str
    route: str
    status: int | str | None = None
    external_id: str | None = None
    #: The name of the fault that struck it.
    fault: str | None = None

    def shown(self) -> dict[str, Any]:
        """Return the entry as the control route gives it out."""
        shown: dict[str, Any] = {"method": self.method, "path": self.path, "route": self.route, "status": self.status}
        if self.external_id is not None:
            shown["external_id"] = self.external_id
        if self.fault is not None:
            shown["fault"] = self.fault
        return shown


class RequestLog:
    """Counts every request to the API from its arrival, and its status from its answer."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._statuses: Counter[str] = Counter()
        self._struck: dict[str, Counter[str]] = {}
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self.reads = 0
        self.writes = 0
        #: How many writes were answered as done.
        self.written = 0

    def arrive(self, entry: Entry) -> None:
        """Count a request that reached the API, whatever becomes of it."""
        self._counts[f"{entry.method} {entry.route}"] += 1
        self._entries.append(entry)
        if entry.method in READING:
            self.reads += 1
        else:
            self.writes += 1

    def answer(self, entry: Entry, status: int | str) -> None:
        """Note how a request ended, and the fault that struck it."""
        entry.status = status
        self._statuses[str(status)] += 1
        if entry.method not in READING and isinstance(status, int) and 200 <= status < 300:
            self.written += 1
        if entry.fault is not None:
            self._struck.setdefault(f"{entry.method} {entry.route}", Counter())[entry.fault] += 1

    @property
    def total(self) -> int:
        """How many requests arrived."""
        return self.reads + self.writes

    def ended(self, kind: str) -> int:
        """Return how many requests ended with a status that begins so: ``4``, ``5``, ``dropped``."""
        return sum(count for status, count in self._statuses.items() if status.startswith(kind))

    def latest(self, count: int) -> list[Entry]:
        """Return the last requests, newest first; at most as many as are kept."""
        return list(islice(reversed(self._entries), count))

    def shown(self) -> dict[str, Any]:
        """Return the whole log as the control route gives it out."""
        return {
            "counts": dict(sorted(self._counts.items())),
            "writes": self.writes,
            "reads": self.reads,
            "total": self.total,
            "statuses": dict(sorted(self._statuses.items())),
            "struck": {call: dict(modes) for call, modes in sorted(self._struck.items())},
            "requests": [entry.shown() for entry in self._entries],
        }
