"""`make bench`, the cutover window: from the last export's files to a clean `ferry verify`, at WorkOS's limits.

The tenant is in WorkOS already and in the state, both made and not applied (`imported_state`,
`imported_environment`), and half a percent of it has changed since. The sandbox keeps WorkOS's limits and takes 100 ms
for an answer; checkpoints are skipped, the journal is written. Beside what it took stands the floor: the writes at 50 a
second and the pages of the verification at 100.

`python -m tests.bench.cutover 1000000` takes another size. The table goes into `docs/performance.md`. Linux only.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.bench.directory import HOME, publish
from tests.bench.imported_environment import import_environment
from tests.bench.imported_state import import_state
from tests.bench.measured_command import Measured, measured
from tests.bench.measured_stack import exported
from tests.bench.sandbox import started
from tests.stack import Sandbox, Stack, new_stack

MARKS = {100_000: "cutover", 1_000_000: "cutover of a million"}
DRIFT, LATENCY_MS = 0.005, 100
WRITES_A_SECOND, READS_A_SECOND = 50, 100
#: Seconds of a million; a tenth of it takes at most this much more than a tenth, since the engine starts all the same.
WINDOW, MILLION, START = 900, 1_000_000, 60
Figures = dict[str, Any]


def cutover(users: int) -> Figures:
    """One window, in a stack and with a sandbox of its own."""
    export = exported(users, DRIFT)
    with tempfile.TemporaryDirectory(dir=HOME) as name:
        folder = Path(name)
        process, url, _ = started()
        with process, closing(Sandbox(url)) as workos:
            workos.settings(multiple_roles=True)
            stack = new_stack(folder / "stack", workos)
            stack.configure(multipleRoles="true", removed="delete", rateShare="1000")
            print(f"{users:,} users: making the state", flush=True)
            import_state(stack, export / "first")
            process.terminate()
        print("making the environment", flush=True)
        import_environment(export / "first", stack.project, folder / "snapshot")
        shutil.rmtree(stack.project / ".ferry")
        process, _, _ = started("--port", str(urlsplit(url).port), "--snapshot", str(folder / "snapshot"), "--limits")
        with process, closing(Sandbox(url)) as workos:
            try:
                workos.settings(multiple_roles=True, latency_ms=LATENCY_MS)
                stack.configure(export=str(export / "later"), rateShare="1.0")
                return window(stack, url, json.loads((export / "later" / "expected" / "summary.json").read_bytes()))
            finally:
                process.terminate()


def window(stack: Stack, url: str, expected: dict[str, Any]) -> Figures:
    """Apply and verify, one after the other."""
    with httpx.Client(base_url=f"{url}/_sandbox/") as client:
        figures: Figures = {"records": expected["expected"], "fewest": expected["minimal_writes_from_first"]}
        for what, words in {
            "up": ("up", "--yes", "--skip-preview", "--suppress-progress"),
            "verify": ("ferry", "verify"),
        }.items():
            client.delete("requests").raise_for_status()
            figures[what] = measured(stack, *words)
            print(f"  {what}: {figures[what]}", flush=True)
            traffic = client.get("overview").raise_for_status().json()["traffic"]
            figures[f"{what} requests"] = traffic["writes"], traffic["reads"]
    return figures


def seconds(figures: Figures) -> float:
    """The whole window."""
    up, verify = figures["up"], figures["verify"]
    assert isinstance(up, Measured)
    assert isinstance(verify, Measured)
    return up.seconds + verify.seconds


def floor(figures: Figures) -> float:
    """What nobody can be faster than at WorkOS's limits."""
    return int(figures["up requests"][0]) / WRITES_A_SECOND + int(figures["verify requests"][1]) / READS_A_SECOND


def table(users: int, figures: Figures) -> str:
    """The figures in Markdown."""
    records = ", ".join(f"{figures['records'][kind]:,}" for kind in ("organizations", "users", "memberships"))
    rows = {
        "organizations, users, memberships": records,
        "writes, of the fewest that suffice": f"{figures['up requests'][0]:,} of {figures['fewest']:,}",
        "pages and other reads of the verification": f"{figures['verify requests'][1]:,}",
        "`pulumi up`": f"{figures['up'].seconds:,.0f} s, {figures['up'].peak:,.0f} MiB",
        "`ferry verify`": f"{figures['verify'].seconds:,.0f} s, {figures['verify'].peak:,.0f} MiB",
        "**from the new files to a clean verification**": f"**{seconds(figures):,.0f} s**",
        "the floor: writes / 50 + listing / 100": f"{floor(figures):,.0f} s",
    }
    body = [f"| {what} | {figure} |" for what, figure in rows.items()]
    return "\n".join([f"| users in the export | {users:,} |", "|---|---:|", *body, ""])


def main() -> None:
    """Measure, print, fail if a promise is broken, and write the table."""
    HOME.mkdir(parents=True, exist_ok=True)
    machine = f"`make bench` on {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}."
    for users in [int(word) for word in sys.argv[1:]] or [min(MARKS)]:
        figures = cutover(users)
        text = f"{table(users, figures)}\n{machine}\n"
        print(text)
        if figures["up requests"][0] != figures["fewest"]:
            sys.exit(f"{figures['up requests'][0]:,} writes, {figures['fewest']:,} suffice")
        if seconds(figures) > WINDOW * users / MILLION + START * (users < MILLION):
            sys.exit(f"{seconds(figures):.0f} s for {users:,} users")
        if users in MARKS:
            publish(MARKS[users], text)


if __name__ == "__main__":
    main()
