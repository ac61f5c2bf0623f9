"""How much of WorkOS's limits the door makes use of, and that it never trips one.

Many threads send through it, at the whole of the limits, to a sandbox of its own process that keeps them. A rate is
that of whole windows, so that what may go at once at first counts for nothing. `python -m tests.bench.pacing` sends
three windows full a row and takes three minutes; `python -m tests.bench.pacing 6` twice as many.
"""

from __future__ import annotations

import json
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, NamedTuple

import httpx
import httpx2

from providers.workos.client import CONNECTIONS, WorkOS
from providers.workos.limits import USER_MANAGEMENT_READS, USER_MANAGEMENT_WRITES, Limit
from tests.bench.directory import publish
from tests.bench.load_generator import load
from tests.bench.sandbox import started, user, users
from tests.stack import KEY

WINDOWS = 3
THREADS = 64
#: Of a limit, where all answers take the same time, and where they take anything up to 400 ms.
LEAST, LEAST_UNEVEN = 0.98, 0.97
USERS = ("user_management", "users")
MEMBERSHIPS = ("user_management", "organization_memberships")


class Row(NamedTuple):
    """One line of the table: what is sent, how long answers take, and how the sandbox counts."""

    kind: str
    latency_ms: int
    #: On the way there and on the way back, each drawn for each request.
    uneven_ms: tuple[int, int] = (0, 0)
    window: str = "sliding"

    @property
    def limit(self) -> Limit:
        """The limit that is to be reached."""
        return USER_MANAGEMENT_READS if self.kind == "reads of users" else USER_MANAGEMENT_WRITES

    @property
    def latency(self) -> str:
        """For people."""
        least, most = (2 * uneven_m for uneven_m in self.uneven_ms)
        return f"{least} to {most} ms" if most else f"{self.latency_ms} ms"


ROWS = [
    Row("creates of users", 100),
    Row("creates of users", 300),
    Row("creates of memberships", 300, window="fixed"),
    Row("reads of users", 300),
    Row("creates of users", 0, (25, 200)),
    Row("creates of memberships", 0, (25, 200), window="fixed"),
]


class Road(httpx2.HTTPTransport):
    """The way to the sandbox, uneven if told to be; notes when each request set out."""

    def __init__(self, uneven_ms: tuple[int, int]) -> None:
        super().__init__(limits=httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS))
        self._least, self._most = (uneven_m / 1000 for uneven_m in uneven_ms)
        self.set_out: list[float] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer."""
        self.set_out.append(time.monotonic())
        self._hold()
        response = super().handle_request(request)
        response.read()
        self._hold()
        return response

    def _hold(self) -> None:
        if self._most:
            time.sleep(random.uniform(self._least, self._most))


def many(count: int, call: Callable[[int], object]) -> None:
    """Calls from many threads at once, each number once."""
    numbers, lock = iter(range(count)), threading.Lock()

    def work(_: int) -> None:
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            call(number)

    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, range(THREADS)))


def sender(row: Row, door: WorkOS, sandbox: httpx.Client, url: str, count: int) -> Callable[[int], object]:
    """What makes the request of a number; what it needs is made before, past the limits."""
    if row.kind == "creates of users":
        return lambda number: door.call("POST", *USERS, body=body(number))
    load(url, users(0, count))
    organization = sandbox.post("/organizations", json={"name": "One"}).json()["id"]
    ids = [one["id"] for one in everybody(sandbox)]
    if row.kind == "reads of users":
        return lambda number: door.call("GET", *USERS, ids[number])
    return lambda number: door.call(
        "POST", *MEMBERSHIPS, body={"user_id": ids[number], "organization_id": organization}
    )


def body(number: int) -> dict[str, Any]:
    """The body of a create."""
    read: dict[str, Any] = json.loads(user(number).partition(b"\r\n\r\n")[2])
    return read


def everybody(sandbox: httpx.Client) -> Iterator[dict[str, Any]]:
    """All users."""
    after = None
    while True:
        page = sandbox.get(
            "/user_management/users", params={"limit": 100, **({"after": after} if after else {})}
        ).json()
        yield from page["data"]
        if not (after := page["list_metadata"]["after"]):
            return


def measured(row: Row, url: str, windows: int) -> tuple[float, int, str]:
    """Requests a second as a share of the limit, how many were refused, and the line of the table."""
    count = windows * row.limit.requests + 1
    road = Road(row.uneven_ms)
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {KEY}"}, timeout=60) as sandbox:
        sandbox.post("/_sandbox/reset").raise_for_status()
        with closing(WorkOS(KEY, url, 1.0, road)) as door:
            send = sender(row, door, sandbox, url, count)
            switches = {"limits": True, "latency_ms": row.latency_ms, "limit_window": row.window}
            sandbox.delete("/_sandbox/requests").raise_for_status()
            sandbox.post("/_sandbox/settings", json=switches).raise_for_status()
            many(count, send)
        statuses = sandbox.get("/_sandbox/requests").json()["statuses"]
    first, *_, last = sorted(road.set_out)
    rate = (len(road.set_out) - 1) / (last - first)
    share = rate * row.limit.seconds / row.limit.requests
    refused = statuses.get("429", 0)
    said = (
        row.kind,
        row.latency,
        row.window,
        f"{count:,}",
        f"{last - first:.1f}",
        f"{rate:.2f}",
        f"{share:.1%}",
        refused,
    )
    return share, refused, "| " + " | ".join(map(str, said)) + " |"


def main() -> None:
    """Measure and print; fail if a limit was tripped, or too little made of it."""
    windows = int(sys.argv[1]) if len(sys.argv) > 1 else WINDOWS
    process, url, _ = started()
    lines = ["| what | answers take | windows | requests | seconds | a second | of the limit | 429 |"]
    lines.append("|---|---|---|---:|---:|---:|---:|---:|")
    failed = False
    with process:
        for row in ROWS:
            share, refused, line = measured(row, url, windows)
            print(line, flush=True)
            lines.append(line)
            failed |= refused > 0 or share < (LEAST_UNEVEN if row.uneven_ms[1] else LEAST)
        process.terminate()
    if failed:
        sys.exit(
            f"not what is promised: at least {LEAST:.0%} of a limit, {LEAST_UNEVEN:.0%} if answers are uneven, no 429"
        )
    if len(sys.argv) == 1:
        publish("pacing", "\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
