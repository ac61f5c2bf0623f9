"""What a first `up` into an empty environment costs: requests by kind, and hours at WorkOS's limits.

Which requests a record takes, its kind says (`Records.requests`); here they are counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import TypedDict

from providers.directory.model import END_KINDS, ORDER
from providers.settings import Kind
from providers.workos.by_kind import RECORDS
from providers.workos.kinds import Creation, Request
from providers.workos.limits import LIMITS, limits_of


@dataclass(frozen=True, slots=True)
class Requests:
    """How many requests of one kind, for what."""

    method: str
    path: str
    count: int
    what: str


class RequestLine(TypedDict):
    """How many requests of one kind, for what, as documents have it."""

    method: str
    path: str
    count: int
    what: str


class Bill(TypedDict):
    """Requests, their number, and the least seconds they take: at the share that a run may use, and at full limits."""

    rate_share: float
    requests: list[RequestLine]
    total: int
    seconds: int
    floor_seconds: int


class FirstBill(Bill):
    """The bill of a first `up`, and what undoing it costs."""

    undo: Bill


def bill(totals: Mapping[str, int], rate_share: float) -> FirstBill:
    """The bill for a directory with these `Store.totals`: requests of a first `up`, seconds, and what undoing costs.

    `{rate_share, requests: [{method, path, count, what}], total, seconds, floor_seconds, undo: the same}`, where
    `floor_seconds` is the time at the full limits: nothing that keeps them is faster. A new environment has the role
    `member` already.
    """
    undo = undoing({kind: totals[kind] for kind in END_KINDS})
    return {**bill_of(_first_up(totals), rate_share), "undo": bill_of(undo, rate_share)}


def _first_up(totals: Mapping[str, int]) -> list[Requests]:
    inactive, totps = totals["inactive_memberships"], totals["totps"]
    made: dict[Kind, list[tuple[int, Creation]]] = {
        "roles": [(totals["roles"] - totals["default_roles"], Creation())],
        "users": [(totals["users"] - totps, Creation()), (totps, Creation({"totp"}))],
        "memberships": [(totals["memberships"] - inactive, Creation({"status"})), (inactive, Creation())],
    }
    numbers: Counter[Request] = Counter()
    for kind in ORDER:
        if RECORDS[kind].is_listed_first:
            numbers[Request("GET", RECORDS[kind].template(), f"{kind}, listed once")] += totals[kind] > 0
        for number, creation in made.get(kind, [(totals[kind], Creation())]):
            for request in RECORDS[kind].requests(creation):
                numbers[request] += number
    return [Requests(request.method, request.template, number, request.what) for request, number in numbers.items()]


def undoing(numbers: Mapping[Kind, int]) -> list[Requests]:
    """The requests of a `pulumi destroy` that deletes so many of each kind, without the memberships that go with their
    user or organization.
    """
    return [
        Requests(request.method, request.template, numbers.get(kind, 0), request.what)
        for kind in reversed(ORDER)
        for request in RECORDS[kind].requests("delete")
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


def bill_of(requests: list[Requests], share: float) -> Bill:
    """The bill of these requests when a run may use this share of every limit."""
    sent = [request for request in requests if request.count]
    return {
        "rate_share": share,
        "requests": [
            {"method": request.method, "path": request.path, "count": request.count, "what": request.what}
            for request in sent
        ],
        "total": sum(request.count for request in sent),
        "seconds": seconds(sent, share),
        "floor_seconds": seconds(sent, 1.0),
    }
