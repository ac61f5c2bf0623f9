"""When the next request may be sent: what Auth0's headers ask for holds for all threads; failures wait longer and
longer.

Headers (Auth0: rate limit use cases): `x-ratelimit-remaining`, `x-ratelimit-reset` in seconds since 1970,
`Retry-After`.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import parsedate_to_datetime

from providers.auth0.download.errors import Stopped, Unanswered

#: Waits that many seconds; true if the download was stopped meanwhile.
Pause = Callable[[float], bool]

#: Auth0's buckets fill by the minute; whatever a header asks for, the next request shows how things are.
_LONGEST_WAIT = 60.0
_FIRST_BACKOFF, _LONGEST_BACKOFF = 0.25, 30.0
#: Failures of one call in a row, some two minutes; and answers that only asked to wait.
MOST_FAILURES, _MOST_WAITS = 10, 60


class Gate:
    """All requests of the process pass here, one at a time or many."""

    def __init__(self, pause: Pause, now: Callable[[], float] = time.time) -> None:
        self._pause, self._now = pause, now
        self._open_at = 0.0

    def enter(self) -> None:
        """Wait until a request may be sent. Raises Stopped."""
        while (left := self._open_at - self._now()) > 0:
            self.wait(left)
        self.wait(0)

    def wait(self, seconds: float) -> None:
        """Wait that long. Raises Stopped if the download is stopped, before or meanwhile."""
        if self._pause(max(seconds, 0)):
            raise Stopped

    def heed(self, status: int, headers: Mapping[str, str]) -> bool:
        """Close the gate for as long as an answer asks. Returns whether it asks; a last allowed request's does."""
        seconds = self._asked(status, headers)
        if seconds is None:
            return False
        self._open_at = max(self._open_at, self._now() + min(seconds, _LONGEST_WAIT))
        return True

    def _asked(self, status: int, headers: Mapping[str, str]) -> float | None:
        if status in {429, 503} and (text := headers.get("retry-after")):
            moment = _moment(text)
            return float(text) if text.isdecimal() else moment - self._server_time(headers) if moment else None
        exhausted = status == 429 or headers.get("x-ratelimit-remaining") == "0"
        reset = headers.get("x-ratelimit-reset", "")
        return float(reset) - self._server_time(headers) if exhausted and reset.isdecimal() else None

    def _server_time(self, headers: Mapping[str, str]) -> float:
        """The server's own clock if the answer has it: this machine's may be wrong."""
        return _moment(headers.get("date", "")) or self._now()


class Attempts:
    """The tries of one call. Tell it each failure; it waits, with jitter, or gives up."""

    def __init__(self, gate: Gate, what: str, most: int = MOST_FAILURES) -> None:
        self._gate, self._what, self._most = gate, what, most
        self._failures = self._waits = 0

    def failed(self, fault: str, *, told_to_wait: bool = False) -> None:
        """Wait before the next try, but only at the gate if Auth0 said how long. Raises Unanswered, Stopped."""
        if told_to_wait:
            self._waits += 1
        else:
            self._failures += 1
        if self._failures >= self._most or self._waits >= _MOST_WAITS:
            raise Unanswered(
                f"{self._what}: {fault}, after {self._failures + self._waits} tries. What was fetched is kept: "
                "run the same command again later"
            )
        if not told_to_wait:
            longest = min(_FIRST_BACKOFF * 2 ** (self._failures - 1), _LONGEST_BACKOFF)
            self._gate.wait(longest * random.uniform(0.5, 1.0))  # noqa: S311 - jitter, not a secret

    def progressed(self) -> None:
        """Something arrived: failures count from here."""
        self._failures = self._waits = 0


def _moment(text: str) -> float | None:
    """Seconds since 1970 of an HTTP date."""
    try:
        parsed: datetime = parsedate_to_datetime(text)
    except ValueError:
        return None
    return parsed.timestamp()
