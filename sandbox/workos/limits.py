"""WorkOS's documented rate limits (API reference, rate limits), kept if the switch ``limits`` is on.

A request with a good key counts against every limit it is under, one that a fault strikes too; a request without one
belongs to no environment and counts nowhere. One that is over a limit is refused with 429 before anything else is done,
and counts against none; which requests count is not documented.
"""

import math
import time
from collections import deque
from collections.abc import Callable

from sandbox.http.request_log import READING


class Limit:
    """At most so many requests in so many seconds."""

    def __init__(self, requests: int, seconds: int) -> None:
        self._requests, self._seconds = requests, seconds
        self._taken: deque[float] = deque()

    def wait(self, now: float, window: str) -> float:
        """Return the seconds until there is room for one request more; 0 if there is."""
        if window == "fixed":
            if self._taken and now - self._taken[0] >= self._seconds:
                self._taken.clear()
        else:
            while self._taken and now - self._taken[0] >= self._seconds:
                self._taken.popleft()
        if len(self._taken) < self._requests:
            return 0
        return self._taken[0] + self._seconds - now

    def take(self, now: float) -> None:
        """Count one request."""
        self._taken.append(now)


class Limits:
    """All limits of one environment."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._all = Limit(6_000, 60)
        self._writes, self._reads = Limit(500, 10), Limit(1_000, 10)
        self._organization_deletes = Limit(50, 60)

    def spend(self, method: str, path: str, window: str) -> int:
        """Count a request and return 0, or return the whole seconds after which it may come again, uncounted.

        ``window`` is the switch ``limit_window``.
        """
        now, limits = self._clock(), [self._all]
        if path.startswith("/user_management/"):
            limits.append(self._reads if method in READING else self._writes)
        elif method == "DELETE" and path.startswith("/organizations/"):
            limits.append(self._organization_deletes)
        longest = max(limit.wait(now, window) for limit in limits)
        if longest > 0:
            return math.ceil(longest)
        for limit in limits:
            limit.take(now)
        return 0
