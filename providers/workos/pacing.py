"""WorkOS's documented limits, kept in the HTTP transport below the SDK, so that its retries are paced too.

One process holds one set of budgets.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import httpx2
from pyrate_limiter import Duration, Limiter, Rate

from providers.workos.limits import LIMITS, limits_of

#: What a WorkOS answer may make the whole process wait; the SDK caps its own waits likewise.
_LONGEST_PAUSE = 60.0
#: A 429 that does not say for how long: the first pause, doubled for each one more in a row, in seconds.
_FIRST_PAUSE, _LONGEST_GUESS = 1.0, 30.0
#: How often a request that was refused for its rate is sent again before the caller hears of it.
_PATIENCE = 6


class Budgets:
    """The documented windows, times the share of them a run may use."""

    def __init__(self, share: float) -> None:
        self._limiters = {one: Limiter(Rate(one.allowed(share), Duration.SECOND * one.seconds)) for one in LIMITS}

    def of(self, method: str, path: str) -> list[Limiter]:
        """The limits that one request counts against."""
        return [self._limiters[one] for one in limits_of(method, path)]

    def spend(self, method: str, path: str) -> None:
        """Wait until every limit has room for one more request, and take it."""
        for limit in self.of(method, path):
            limit.try_acquire()


class PacedTransport(httpx2.BaseTransport):
    """Sends a request when the budgets allow it; after a 429 nobody sends until the pause has passed.

    A request that was answered 429 was not done, so it is sent again from here, a create too.
    `interrupted` tells the calling thread whether a write since `begin` may have been done without an answer.
    """

    def __init__(
        self,
        inner: httpx2.BaseTransport,
        budgets: Budgets,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._inner, self._budgets, self._now, self._sleep = inner, budgets, now, sleep
        self._resume_at = 0.0
        self._lock = threading.Lock()
        self._thread = threading.local()

    def begin(self) -> None:
        """The calling thread starts a new call."""
        self._thread.interrupted = False

    def interrupted(self) -> bool:
        """Did a write of this thread's call end without an answer, or with a server's fault?"""
        return bool(getattr(self._thread, "interrupted", False))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pace and send, again after each 429, and remember what the answer means for the others."""
        for refused in range(_PATIENCE + 1):
            response = self._send(request)
            if response.status_code != 429:
                break
            self._pause(response.headers.get("retry-after", ""), refused)
            if refused < _PATIENCE:
                response.close()
        return response

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        while True:
            self._budgets.spend(request.method, request.url.path)
            if self._resume_at <= self._now():
                break
            while (wait := self._resume_at - self._now()) > 0:
                self._sleep(wait)
        is_write = request.method != "GET"
        try:
            response = self._inner.handle_request(request)
        except httpx2.ConnectError:
            raise
        except httpx2.TransportError:
            self._thread.interrupted = self.interrupted() or is_write
            raise
        if response.status_code >= 500:
            self._thread.interrupted = self.interrupted() or is_write
        return response

    def _pause(self, retry_after: str, refused: int) -> None:
        told = retry_after.isdecimal() and int(retry_after) > 0
        seconds = min(float(retry_after), _LONGEST_PAUSE) if told else min(_FIRST_PAUSE * 2**refused, _LONGEST_GUESS)
        with self._lock:
            self._resume_at = max(self._resume_at, self._now() + seconds)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
