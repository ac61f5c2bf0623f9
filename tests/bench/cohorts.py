"""`make bench`, cohorts: a tenant applied by `pulumi up` against a sandbox without limits, and what the next runs cost.

Every figure comes from the real engine on a generated export, checkpoints skipped from 10,000 records on as Ferry
advises; the sandbox is a process of its own on the same machine. Rates are those from the first to the last write.
`python -m tests.bench.cohorts 50000` takes other sizes. From 300,000 users on nothing is applied, which would take
hours: the stack gets a state that says everything is (`tests/bench/imported_state.py`), and previews are measured.
The tables go into `docs/performance.md`, between their marks, at the usual sizes and at 1,000,000. Linux only.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from itertools import pairwise
from typing import Any

from tests.bench.directory import HOME, publish
from tests.bench.imported_state import import_state, state_bytes
from tests.bench.measured_command import Measured
from tests.bench.measured_stack import Bench, bench

APPLIED, IMPORTED = "cohorts", "cohorts of a million"
SIZES, MILLION = (10_000, 100_000), 1_000_000
_IMPORTED_FROM = 300_000
#: Users of the stack with one resource a record, some 300 records, and how long WorkOS takes for each answer there.
_FEW, _LATENCY_MS = 130, 100
_WRITES_A_SECOND = 50
#: What is promised.
_LEAST_RATE, _LEAST_BY_RECORD, _MOST_OWN, _MOST_BYTES = 400, 30, 0.05, 120
_LONGEST_PREVIEW, _MOST_MIB = 150, 3 * 1024
Figures = dict[str, Any]


def applied(users: int) -> Figures:
    """A column of the first table: applied, run again, drifted, applied."""
    print(f"{users:,} users, applied", flush=True)
    with bench(users) as here:
        up, writes = here.up(), here.writes
        fewest, counts = here.expected("first")["minimal_writes_from_empty"], here.expected("first")["expected"]
        own = up.seconds - writes.seconds()
        figures: Figures = {
            "records": {kind: counts[kind] for kind in ("organizations", "users", "memberships")},
            "rate": writes.rate(),
            "writes": (writes.writes, fewest),
            "reads": writes.reads,
            "up": up,
            "own": own / (writes.writes / _WRITES_A_SECOND),
            "own seconds": own,
            "same": same(here, counts),
            "state": state_bytes(here.stack, counts),
            "preview": here.preview_nothing(),
            "again": here.up(),
            "writes again": writes.writes + writes.reads,
        }
        here.read("later")
        figures["drift preview"] = here.preview()
        figures["drift up"] = here.up()
        figures["drift writes"] = writes.writes, here.expected("later")["minimal_writes_from_first"]
        figures["drift same"] = same(here, here.expected("later")["expected"])
        here.up()
        figures["drift again"] = writes.writes + writes.reads
    return figures


def imported(users: int) -> Figures:
    """A column of the second table: previews over a state that was made, not applied."""
    print(f"{users:,} users, imported", flush=True)
    with bench(users, granularity="cohort") as here:
        import_state(here.stack, here.export / "first")
        counts = here.expected("first")["expected"]
        figures: Figures = {
            "records": {kind: counts[kind] for kind in ("organizations", "users", "memberships")},
            "state": state_bytes(here.stack, counts),
            "preview": here.preview_nothing(),
        }
        here.read("later")
        figures["drift preview"] = here.preview()
    return figures


def by_record() -> float:
    """Writes a second of a small stack with one resource a record, at a latency."""
    print("one resource a record", flush=True)
    with bench(_FEW, granularity="record") as here:
        here.stack.workos.settings(latency_ms=_LATENCY_MS)
        here.up()
        return here.writes.rate()


def same(here: Bench, counts: dict[str, int]) -> bool:
    """Does the sandbox hold as many organizations, users, memberships and inactive ones as the export says?"""
    held = here.writes.overview
    mine = {**held["counts"], "inactive": held["statuses"]["inactive"]}
    return all(mine[kind] == counts[kind] for kind in ("organizations", "users", "memberships", "inactive"))


def promises(figures: Figures) -> list[str]:
    """What a column breaks of what is promised."""
    kinds = [kind for kind, count in figures["records"].items() if count >= 100_000]
    broken = [
        f"{figures['state'][kind]:.0f} bytes of state a record of {kind}, at most {_MOST_BYTES}"
        for kind in kinds
        if figures["state"][kind] > _MOST_BYTES
    ]
    if "up" not in figures:
        slow = [name for name in ("preview", "drift preview") if figures[name].seconds > _LONGEST_PREVIEW]
        broken += [f"{name} {figures[name].seconds:.0f} s, at most {_LONGEST_PREVIEW}" for name in slow]
        if figures["preview"].peak > _MOST_MIB:
            broken.append(f"preview {figures['preview'].peak:.0f} MiB, at most {_MOST_MIB}")
        return broken
    if sum(figures["records"].values()) >= 50_000 and figures["rate"] < _LEAST_RATE:
        broken.append(f"{figures['rate']:.0f} writes a second, at least {_LEAST_RATE}")
    for name in ("writes", "drift writes"):
        made, fewest = figures[name]
        broken += [f"{made:,} {name}, {fewest:,} suffice"] if made != fewest else []
    if figures["reads"] > 0.02 * figures["writes"][0]:
        broken.append(f"{figures['reads']:,} reads for {figures['writes'][0]:,} writes, at most 2 %")
    if figures["own"] > _MOST_OWN:
        broken.append(f"the engine takes {figures['own']:.1%} of the time that WorkOS takes, at most {_MOST_OWN:.0%}")
    broken += [f"{figures[name]} requests {name}" for name in ("writes again", "drift again") if figures[name]]
    return broken + [f"WorkOS is not the directory: {name}" for name in ("same", "drift same") if not figures[name]]


def slower(small: Figures, big: Figures) -> list[str]:
    """The figures that grew by more than the records did."""
    records = sum(big["records"].values()) / sum(small["records"].values())
    grown = {name: big[name].seconds / small[name].seconds for name in ("up", "preview", "drift preview")}
    most = 1.1 * records
    return [f"{name} takes {by:.1f} times the time, at most {most:.1f}" for name, by in grown.items() if by > most]


def cost(found: Measured) -> str:
    """Seconds and memory."""
    return f"{found.seconds:.1f} s, {found.peak:,.0f} MiB"


def pair(figures: tuple[int, int]) -> str:
    """Writes, and the fewest that suffice."""
    return f"{figures[0]:,} of {figures[1]:,}"


def table(columns: dict[int, Figures]) -> str:
    """The figures in Markdown, a column a size."""
    shown: dict[str, Callable[[Figures], str]] = {
        "organizations, users, memberships": lambda f: ", ".join(f"{count:,}" for count in f["records"].values()),
        "writes a second, from the first to the last": lambda f: f"{f['rate']:,.0f}",
        "writes, of the fewest that suffice": lambda f: pair(f["writes"]),
        "reads": lambda f: f"{f['reads']:,}",
        "`pulumi up`": lambda f: cost(f["up"]),
        "of it before the first write and after the last": lambda f: f"{f['own seconds']:.1f} s",
        "as a share of what WorkOS takes for the writes": lambda f: f"{f['own']:.1%}",
        "`pulumi preview` without a change": lambda f: cost(f["preview"]),
        "`pulumi up` without a change": lambda f: cost(f["again"]),
        "`pulumi preview` after 2 % changed": lambda f: cost(f["drift preview"]),
        "`pulumi up` after 2 % changed": lambda f: cost(f["drift up"]),
        "its writes, of the fewest that suffice": lambda f: pair(f["drift writes"]),
        "bytes of state an organization, a user, a membership": lambda f: ", ".join(
            f"{f['state'][kind]:,.0f}" for kind in f["records"]
        ),
        "bytes of state a record": lambda f: f"{f['state']['all']:,.0f}",
    }
    if not all("up" in figures for figures in columns.values()):
        needed = ("organizations", "`pulumi preview`", "bytes")
        shown = {what: how for what, how in shown.items() if what.startswith(needed)}
    rows = [f"| {what} | {' | '.join(how(figures) for figures in columns.values())} |" for what, how in shown.items()]
    head = f"| users in the export | {' | '.join(f'{users:,}' for users in columns)} |"
    return "\n".join([head, f"|---|{'---:|' * len(columns)}", *rows, ""])


def main() -> None:
    """Measure, print, fail if a promise is broken, and write the tables if the sizes are the usual ones."""
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    HOME.mkdir(parents=True, exist_ok=True)
    machine = f"`make bench` on {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}."
    small = {users: applied(users) for users in sizes if users < _IMPORTED_FROM}
    big = {users: imported(users) for users in sizes if users >= _IMPORTED_FROM}
    broken = [f"{users:,} users: {promise}" for users, found in {**small, **big}.items() for promise in promises(found)]
    for less, more in pairwise(small.values()):
        broken += slower(less, more)
    texts = {}
    if small:
        rate = by_record()
        broken += [f"{rate:.0f} writes a second by record, at least {_LEAST_BY_RECORD}"] * (rate < _LEAST_BY_RECORD)
        said = f"With one resource a record: {rate:.0f} writes a second where an answer takes {_LATENCY_MS} ms."
        texts[APPLIED] = f"{table(small)}\n{machine} {said}\n"
    if big:
        texts[IMPORTED] = f"{table(big)}\n{machine}\n"
    print("\n".join(texts.values()))
    if broken:
        sys.exit("not what is promised:\n" + "\n".join(broken))
    if tuple(small) == SIZES:
        publish(APPLIED, texts[APPLIED])
    if tuple(big) == (MILLION,):
        publish(IMPORTED, texts[IMPORTED])


if __name__ == "__main__":
    main()
