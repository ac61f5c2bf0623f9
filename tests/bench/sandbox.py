"""`make bench`, the sandbox: a million users over HTTP, what each of them weighs, and what a call costs among them.

The server is a process of its own; 16 keep-alive connections of a light load generator create the users. The table goes
into `docs/performance.md`, between its marks. `python -m tests.bench.sandbox 10000` takes another size.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import httpx

from tests.bench.directory import publish
from tests.bench.load_generator import CONNECTIONS, load, post

ROOT = Path(__file__).resolve().parents[2]
USERS = 1_000_000
#: What the sandbox promises.
LEAST_CREATES, MOST_BYTES = 1_000, 1_250
KEY = {"authorization": "Bearer sk_test_load"}
#: How often each single call is made.
TIMES = 100


def user(number: int) -> bytes:
    """A user as an Auth0 export has them: an id, two names, a bcrypt hash."""
    body = {
        "email": f"person{number}@example{number % 100}.com",
        "external_id": f"auth0|{number:024x}",
        "first_name": f"Given{number % 5000}",
        "last_name": f"Family{number}",
        "email_verified": True,
        "password_hash": f"$2b$10${number:022d}" + "A" * 31,
        "password_hash_type": "bcrypt",
    }
    return post("/user_management/users", json.dumps(body).encode())


def users(first: int, last: int) -> Iterator[bytes]:
    """The requests that create them."""
    return (user(number) for number in range(first, last))


def resident(process: int) -> int:
    """Bytes that a process holds."""
    said = subprocess.run(["ps", "-o", "rss=", "-p", str(process)], stdout=subprocess.PIPE, check=True)
    return int(said.stdout) * 1024


def timed(call: Callable[[], object]) -> float:
    """Seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def created(url: str, first: int, last: int) -> float:
    """Create users, all of them; the rate in users a second."""
    statuses: dict[int, int] = {}
    seconds = timed(lambda: statuses.update(load(url, users(first, last))))
    if statuses != {201: last - first}:
        sys.exit(f"not every user was created: {statuses}")
    return (last - first) / seconds


def started(*words: str) -> tuple[subprocess.Popen[str], str, float]:
    """A server, its URL, and the seconds until it was ready."""
    began = time.perf_counter()
    command = [sys.executable, "-m", "sandbox", "--port", "0", *words]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, json.loads(process.stdout.readline())["workos_url"], time.perf_counter() - began


def calls(client: httpx.Client, count: int) -> dict[str, float]:
    """The median of each call, in milliseconds; the client's own part included."""
    organization = client.post("/organizations", json={"name": "One"}).json()["id"]
    page = client.get("/user_management/users", params={"limit": 100}).json()
    ids = [listed["id"] for listed in page["data"]]
    kinds: dict[str, Callable[[int], httpx.Response]] = {
        "read by id": lambda n: client.get(f"/user_management/users/{ids[n % 100]}"),
        "read by external id": lambda n: client.get(
            f"/user_management/users/external_id/auth0|{n * (count // TIMES):024x}"
        ),
        "page of 100": lambda n: client.get("/user_management/users", params={"limit": 100, "after": ids[n % 100]}),
        "page of 100 events": lambda n: client.get("/events", params={"events": "user.created", "limit": 100}),
        "update": lambda n: client.put(f"/user_management/users/{ids[n % 100]}", json={"first_name": f"N{n}"}),
        "membership": lambda n: client.post(
            "/user_management/organization_memberships", json={"user_id": ids[n % 100], "organization_id": organization}
        ),
    }
    return {
        what: 1000 * statistics.median(timed(partial(call, number)) for number in range(TIMES))
        for what, call in kinds.items()
    }


def measured(count: int, folder: Path) -> tuple[dict[str, str], float, float]:
    """The figures in the order of the table; the slowest rate of creates, and the bytes of a user."""
    process, url, _ = started()
    with process, httpx.Client(base_url=url, headers=KEY) as client:
        at_first = resident(process.pid)
        tenth = count // 10
        first = created(url, 0, tenth)
        few = calls(client, tenth)
        middle = created(url, tenth, count - tenth)
        last = created(url, count - tenth, count)
        weight = (resident(process.pid) - at_first) / count
        many = calls(client, count)
        path = folder / "snapshot"
        saving = timed(
            lambda: client.post("/_sandbox/snapshot", json={"path": str(path)}, timeout=600).raise_for_status()
        )
        process.terminate()
    again, _, loading = started("--snapshot", str(path))
    again.terminate()
    again.wait()
    return (
        {
            f"creates a second, {CONNECTIONS} connections, the first {tenth:,}": f"{first:,.0f}",
            f"the next {count - 2 * tenth:,}": f"{middle:,.0f}",
            f"the last {tenth:,}": f"{last:,.0f}",
            "bytes a user, its event included": f"{weight:,.0f}",
            **{f"{what}, ms at {tenth:,} and at {count:,}": f"{few[what]:.2f}, {many[what]:.2f}" for what in few},
            "snapshot, seconds": f"{saving:.1f}",
            "snapshot, MB": f"{path.stat().st_size // 1_000_000:,}",
            "start from it, seconds": f"{loading:.1f}",
        },
        min(first, middle, last),
        weight,
    )


def main() -> None:
    """Measure, print, fail if a promise is broken, and write the table if the size is the usual one."""
    given = [int(word) for word in sys.argv[1:]]
    with tempfile.TemporaryDirectory() as folder:
        figures, rate, weight = measured(given[0] if given else USERS, Path(folder))
    rows = [f"| {what} | {figure} |" for what, figure in figures.items()]
    machine = f"`make bench` on {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}."
    table = "\n".join([f"| {USERS:,} users | |", "|---|---:|", *rows, "", machine, ""])
    print(table)
    if rate < LEAST_CREATES or weight > MOST_BYTES:
        sys.exit(f"not what is promised: {rate:,.0f} creates a second, {weight:,.0f} bytes a user")
    if not given:
        publish("sandbox", table)


if __name__ == "__main__":
    main()
