"""Rate limits per endpoint, and the headers that every answer of the Management API carries.

Source: Auth0 docs, rate limit configurations (Enterprise, production; per minute) and rate limit use cases (headers).
Auth0 fills token buckets steadily; here a bucket fills all at once, so that a test can count.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

#: ``off``: no request is refused. ``requests``: every request over the limit is refused once and fills the bucket
#: again, whatever the clock says. ``minute``: the bucket fills with each minute of the clock.
MODES: Final = ("off", "requests", "minute")
#: All endpoints without a limit of their own share this one.
REST: Final = "*"
ENTERPRISE: Final = {
    "/api/v2/organizations": 100,
    "/api/v2/organizations/{id}/members": 500,
    "/api/v2/organizations/{id}/members/{user_id}/roles": 200,
    "/api/v2/organizations/{id}/enabled_connections": 100,
    REST: 16 * 60,
}


@dataclass(slots=True)
class _Bucket:
    window: int
    taken: int = 0


class RateLimits:
    """The buckets of one tenant; ``clock`` gives seconds since 1970."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.mode = "off"
        self.limits: dict[str, int] = dict(ENTERPRISE)
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def take(self, template: str) -> tuple[bool, dict[str, str]]:
        """Count a request; return whether it is served, and the headers of its answer."""
        name = template if template in self.limits else REST
        limit, now = self.limits[name], int(self._clock())
        minutely = self.mode == "minute"
        window = now // 60 if minutely else 0
        bucket = self._buckets.get(name)
        if bucket is None or bucket.window != window or self.mode == "off":
            bucket = self._buckets[name] = _Bucket(window)
        bucket.taken += 1
        served = bucket.taken <= limit
        headers = self._headers(limit, max(limit - bucket.taken, 0), (window + 1) * 60 if minutely else now + 1)
        if not served and not minutely:
            del self._buckets[name]
        return served, headers

    @staticmethod
    def _headers(limit: int, remaining: int, reset: int) -> dict[str, str]:
        return {
            "x-ratelimit-limit": str(limit),
            "x-ratelimit-remaining": str(remaining),
            "x-ratelimit-reset": str(reset),
        }
