"""The weather of the engine tests: limits on, and a network, a server and other people as they are on a bad day.

Every test has its own, the same each time: its name is the seed, and a fault chooses requests by what they are about
and not by when they come. Nothing of it may change what a run ends with, nor what it writes. `pytest --calm` switches
it off.
"""

from __future__ import annotations

from collections import Counter
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sandbox.sandbox import Start

#: The key of whoever else uses WorkOS in a test; the weather is Ferry's alone.
SOMEBODY_ELSE = "sk_test_somebody_else"
#: What the request log calls a request that the weather struck, by what the client has to do then.
AGAIN, LOST, HARMLESS = "weather: send it again", "weather: the answer is lost", "weather"
_SEEDS = "tests/engine"
_BUSY = {"status": 429, "body": {"code": "rate_limit_exceeded", "message": "You have exceeded the rate limit."}}
_WORKOS = "^/(user_management|organizations|authorization|auth)"


def weather(test: str) -> Start:
    """Limits and faults of a test, by its node id; a file that moves into another folder keeps its weather."""
    path, _, name = test.partition("::")
    seed = int.from_bytes(blake2b(f"{_SEEDS}/{Path(path).name}::{name}".encode(), digest_size=4).digest())
    faults: list[dict[str, Any]] = [
        {"name": LOST, "mode": "drop_after", "probability": 0.04},
        {"name": AGAIN, "mode": "drop_before", "probability": 0.03},
        {"name": AGAIN, "mode": "refuse", "status": 500, "probability": 0.02},
        {"name": AGAIN, "mode": "refuse", "status": 503, "probability": 0.02},
        {"name": AGAIN, "mode": "refuse", **_BUSY, "probability": 0.01, "run": 3},
        {"name": AGAIN, "mode": "refuse", **_BUSY, "headers": {"Retry-After": "1"}, "probability": 0.01},
        {"name": HARMLESS, "mode": "slow", "delay_ms": 50, "probability": 0.03},
        {"name": HARMLESS, "mode": "lag", "method": "GET", "writes": 2, "probability": 0.1},
        _somebody_else("PUT", "/users/[^/]+$", "{id}"),
        _somebody_else("POST", "/organization_memberships$", "{user_id}"),
    ]
    places = enumerate(faults)
    ours = {"path": _WORKOS, "except_key": SOMEBODY_ELSE}
    return Start({"limits": True}, [{**ours, "seed": seed + place, **fault} for place, fault in places])


def _somebody_else(method: str, path: str, user: str) -> dict[str, Any]:
    """A change of a field that Ferry does not manage, just before Ferry's own."""
    call = {"method": "PUT", "path": f"/user_management/users/{user}", "body": {"locale": "de"}}
    return {"name": HARMLESS, "mode": "interfere", "method": method, "path": path, "probability": 0.1, "calls": [call]}


def without_weather(log: dict[str, Any]) -> dict[str, Any]:
    """The request log as it would be on a calm day: without the requests that had to be sent a second time.

    After a lost answer Ferry sends again what WorkOS refuses or does no second time. An authenticator, which WorkOS
    would take twice, is looked for instead.
    """
    counts = Counter[str](log["counts"])
    for call, names in log["struck"].items():
        counts[call] -= names.get(AGAIN, 0)
        if not call.endswith("/auth_factors"):
            counts[call] -= names.get(LOST, 0)
    reads = sum(number for call, number in counts.items() if call.startswith("GET "))
    total = counts.total()
    return {**log, "counts": dict(+counts), "reads": reads, "writes": total - reads, "total": total}
