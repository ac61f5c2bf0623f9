"""What a first `up` into an empty environment costs: requests by kind, and hours at WorkOS's limits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

from providers.workos.limits import LIMITS, limits_of


@dataclass(frozen=True, slots=True)
class Requests:
    """How many requests of one kind, for what."""

    method: str
    path: str
    count: int
    what: str


def bill(totals: Mapping[str, int], rate_share: float) -> dict[str, Any]:
    """The bill for a directory with these `Store.totals`: requests of a first `up`, seconds, and what undoing costs.

    `{rate_share, requests: [{method, path, count, what}], total, seconds, floor_seconds, undo: the same}`, where
    `floor_seconds` is the time at the full limits: nothing that keeps them is faster. A new environment has the role
    `member` already.
    """
    up = [
        Requests("GET", "/authorization/roles", int(totals["roles"] > 0), "roles, listed once"),
        Requests("POST", "/authorization/roles", totals["roles"] - totals["default_roles"], "roles"),
        Requests("POST", "/organizations", totals["organizations"], "organizations"),
        Requests("POST", "/user_management/users", totals["users"], "users, password hash included"),
        Requests("POST", "/user_management/users/{id}/auth_factors", totals["totps"], "authenticators (TOTP)"),
        Requests("POST", "/user_management/organization_memberships", totals["memberships"], "memberships"),
        Requests(
            "PUT",
            "/user_management/organization_memberships/{id}/deactivate",
            totals["inactive_memberships"],
            "memberships that arrive inactive",
        ),
    ]
    undo = undoing(memberships=0, users=totals["users"], organizations=totals["organizations"])
    return {**bill_of(up, rate_share), "undo": bill_of(undo, rate_share)}


def undoing(*, memberships: int, users: int, organizations: int) -> list[Requests]:
    """The requests of a `pulumi destroy`; `memberships` are those that do not go with their user or organization."""
    return [
        Requests("DELETE", "/user_management/organization_memberships/{id}", memberships, "memberships"),
        Requests("DELETE", "/user_management/users/{id}", users, "users, and with them their memberships"),
        Requests("DELETE", "/organizations/{id}", organizations, "organizations"),
    ]


def seconds(requests: Iterable[Requests], share: float) -> int:
    """The least time these requests take when a run may use this share of every limit, rounded up."""
    counted = dict.fromkeys(LIMITS, 0)
    for request in requests:
        for limit in limits_of(request.method, request.path):
            counted[limit] += request.count
    return max(ceil(number * limit.seconds / limit.allowed(share)) for limit, number in counted.items())


def duration(total: int) -> str:
    """Seconds for people: `45 s`, `12 min`, `1 h 32 min`, rounded up."""
    if total < 60:
        return f"{total} s"
    hours, minutes = divmod(ceil(total / 60), 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min"


def bill_of(requests: list[Requests], share: float) -> dict[str, Any]:
    """`{rate_share, requests: [{method, path, count, what}], total, seconds, floor_seconds}`."""
    sent = [request for request in requests if request.count]
    return {
        "rate_share": share,
        "requests": [asdict(request) for request in sent],
        "total": sum(request.count for request in sent),
        "seconds": seconds(sent, share),
        "floor_seconds": seconds(sent, 1.0),
    }
