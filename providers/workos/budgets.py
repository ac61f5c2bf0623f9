"""WorkOS's documented limits as budgets that a run spends evenly, down to the last request and never one more.

WorkOS counts a request when it arrives, which no client sees: what it knows is when it sent, and when it was answered.
So a budget counts a request from its sending until a window after its answer, less half the time of the quickest
answer: its own way back and the next request's way there take at least that together. Requests that overtake each other
cannot then add up to more than a limit allows, in whatever windows WorkOS counts, as long as some answer so far took at
most twice as long as any can. The cost is the time of an average answer less that half: 2 % of a limit of 10 seconds
where all answers take 300 ms, and as much where they take 50 to 400.

The libraries' limiters look at sending alone. They send in bursts that meet on the way, or stay below the limit by the
longest delay there may be.
"""

from __future__ import annotations

import math
import threading
import time
from collections import deque
from collections.abc import Callable

from providers.workos.limits import LIMITS, Limit, limits_of

#: How much of a window's requests may go at once after a rest; all others are spread evenly over the window.
_AT_ONCE = 1 / 20
#: Clocks differ, and threads are not woken in time; in seconds.
_MARGIN = 0.01


class Budget:
    """One limit, times the share of it that a run may use. Knows no clock; times are seconds.

    One thread at a time may ask `wait` and then `take`; `end` may come from any.
    """

    def __init__(self, limit: Limit, share: float) -> None:
        self._room, self._seconds = limit.allowed(share), limit.seconds
        self._interval = self._seconds / self._room
        self._saved = self._seconds * _AT_ONCE
        #: When the next request is due at an even pace; after a rest it may be sent earlier, by at most `_saved`.
        self._due = -math.inf
        self._counted = 0
        self._ends: deque[float] = deque()
        self._quickest = math.inf

    def wait(self, now: float, resumed: float = -math.inf) -> float:
        """Seconds after which to ask again; 0 or less if a request may be sent.

        No request may be sent before `resumed`, and nothing is saved up until then.
        """
        self._forget(now)
        pause = max(self._due, resumed + self._saved) - self._saved - now
        if self._counted < self._room:
            return pause
        full = self._ends[0] + self._counts_for() - now if self._ends else self._interval
        return max(pause, full)

    def take(self, now: float, resumed: float = -math.inf) -> None:
        """Count a request that is sent now."""
        self._counted += 1
        self._due = max(self._due, resumed + self._saved, now) + self._interval

    def end(self, now: float, took: float | None) -> None:
        """Note that a request has ended: with an answer that `took` so long, or without."""
        if took is not None:
            self._quickest = min(self._quickest, took)
        self._ends.append(now)

    def _counts_for(self) -> float:
        """How long a request counts after its end."""
        quickest = self._quickest if math.isfinite(self._quickest) else 0.0
        return self._seconds + _MARGIN - quickest / 2

    def _forget(self, now: float) -> None:
        ends, counts_for = self._ends, self._counts_for()
        while ends and ends[0] + counts_for <= now:
            ends.popleft()
            self._counted -= 1


class Budgets:
    """The documented limits, all at once, and the pauses that WorkOS asks for. Thread-safe; one process holds one."""

    def __init__(
        self, share: float, now: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._now, self._sleep = now, sleep
        #: Whoever is next for a limit holds its turn while it waits, so that only one thread looks at the clock.
        self._budgets = {limit: (threading.Lock(), Budget(limit, share)) for limit in LIMITS}
        self._resumed = -math.inf
        self._pausing = threading.Lock()

    def spend(self, method: str, path: str) -> float:
        """Wait until every limit has room for one more request, and take it. Returns the time, for `end`.

        The limit on all requests comes last: a thread that waits for a narrower limit keeps no other from sending.
        """
        for limit in reversed(limits_of(method, path)):
            turn, budget = self._budgets[limit]
            with turn:
                while (wait := budget.wait(self._now(), self._resumed)) > 0:
                    self._sleep(wait)
                budget.take(self._now(), self._resumed)
        return self._now()

    def end(self, method: str, path: str, sent: float, answered: bool) -> None:
        """Note that a request has ended, with an answer or without; `sent` is when it was sent."""
        now = self._now()
        for limit in limits_of(method, path):
            self._budgets[limit][1].end(now, now - sent if answered else None)

    def pause(self, seconds: float) -> None:
        """Let no thread send for so long, unless a longer pause is on; then requests go on one by one."""
        with self._pausing:
            self._resumed = max(self._resumed, self._now() + seconds)
