"""How far the writing of cohorts is: a line every few seconds, told to whoever watches the run."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

from providers.settings import Kind

_EVERY_SECONDS = 5.0


class Progress:
    """Counts the records of all cohorts of a process. Thread-safe."""

    def __init__(
        self, say: Callable[[str], None], pace: Callable[[], float], now: Callable[[], float] = time.monotonic
    ) -> None:
        """`pace` says how many writes a second `ferry:rateShare` allows."""
        self._say, self._pace, self._now = say, pace, now
        self._lock = threading.Lock()
        self._planned: Counter[Kind] = Counter()
        self._least: Counter[Kind] = Counter()
        self._done: Counter[Kind] = Counter()
        self._began: dict[Kind, float] = {}
        self._said_at = self._now()

    def expect(self, kind: Kind, records: int, *, of: int = 0) -> None:
        """So many more records of a kind are to be written in this run, `of` at least so many in all."""
        with self._lock:
            self._planned[kind] += records
            self._least[kind] = max(self._least[kind], of)

    def done(self, kind: Kind) -> None:
        """One more record has had its turn; says so if the last line is some seconds old."""
        with self._lock:
            now = self._now()
            self._done[kind] += 1
            self._began.setdefault(kind, now)
            if now - self._said_at < _EVERY_SECONDS:
                return
            self._said_at = now
            line = self._line(kind, now)
        self._say(line)

    def _line(self, kind: Kind, now: float) -> str:
        done = self._done[kind]
        planned = max(self._planned[kind], self._least[kind], done)
        rate = max(done - 1, 1) / max(now - self._began[kind], 0.001)
        share = f" ({100 * rate / self._pace():.0f}% of what ferry:rateShare allows)" if kind != "organizations" else ""
        return f"{kind}: {done:,} of {planned:,}, {rate:,.1f} a second{share}, {_time((planned - done) / rate)} left"


def _time(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
