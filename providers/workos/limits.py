"""WorkOS's documented limits, and which of them a request counts against; the pacing and the bill ask here.

Source: WorkOS API reference, rate limits.
"""

from __future__ import annotations

from typing import NamedTuple


class Limit(NamedTuple):
    """At most so many requests in so many seconds."""

    requests: int
    seconds: int

    def allowed(self, share: float) -> int:
        """The requests that a run with this share of the limit may send; at least one."""
        return max(1, int(self.requests * share))


ALL = Limit(6_000, 60)
USER_MANAGEMENT_WRITES = Limit(500, 10)
USER_MANAGEMENT_READS = Limit(1_000, 10)
ORGANIZATION_DELETES = Limit(50, 60)
LIMITS = (ALL, USER_MANAGEMENT_WRITES, USER_MANAGEMENT_READS, ORGANIZATION_DELETES)


def limits_of(method: str, path: str) -> list[Limit]:
    """The limits that one request counts against."""
    limits = [ALL]
    if path.startswith("/user_management/"):
        limits.append(USER_MANAGEMENT_READS if method == "GET" else USER_MANAGEMENT_WRITES)
    if method == "DELETE" and path.startswith("/organizations/"):
        limits.append(ORGANIZATION_DELETES)
    return limits
