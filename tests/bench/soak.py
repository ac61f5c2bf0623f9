"""`make soak`: applies whose engine and provider host are killed at random points, and nothing is lost or doubled.

`python -m tests.bench.soak --records 20000 --kills 20 --rounds 4` kills 20 times in 4 applies of some 20,000 records,
each in an environment of its own, at points that the seed gives. After the kills of a round one `pulumi up` ends it:
WorkOS must be exactly what the export says, and the next `up` must ask nothing. A short form is among the tests.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from sandbox.sandbox import Start
from sandbox.server import running
from tests.expectation import Expected
from tests.expected_outcome import expect_workos_to_be
from tests.generate.distribution import Distribution
from tests.generate.export import Plan, generate
from tests.stack import Sandbox, Stack, new_stack, soon

#: Writes that may be under way at a kill, so that the next run does each of them a second time: a conflict that WorkOS
#: refuses, or an order that changes nothing.
IN_FLIGHT = 32
#: Users a thousand records have in a generated export: the others are memberships and organizations.
_USERS_A_RECORD = 0.5
_LONGEST_SECONDS = 900


@dataclass(frozen=True)
class Survived:
    """What one round cost: the writes that were needed, those that were sent, and the writes at which it was killed."""

    needed: int
    sent: int
    killed_at: tuple[int, ...]

    @property
    def repeated(self) -> int:
        """Writes beyond the needed ones."""
        return self.sent - self.needed


def soak(stack: Stack, workos: Sandbox, export: Path, kills: int, seed: int) -> Survived:
    """Apply `export` with so many kills on the way, then to its end. Raises AssertionError if anything is amiss."""
    expected = Expected(export)
    needed = int(expected.summary["minimal_writes_from_empty"])
    points = sorted(random.Random(seed).sample(range(1, needed), kills))
    workos.settings(multiple_roles=True)
    stack.configure(export=str(export), multipleRoles=True, granularity="cohort", rateShare="1000")
    for point in points:
        killed_at(stack, workos, point)
        stack.pulumi("cancel", "--yes", fails=None)
    stack.up()
    sent = int(workos.requests()["writes"])
    expect_workos_to_be(expected, workos)
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
    return Survived(needed, sent, tuple(points))


def killed_at(stack: Stack, workos: Sandbox, point: int, verb: str = "up") -> None:
    """A command whose engine, language host and provider host are killed once WorkOS was sent so many writes in all."""
    process = stack.starts(verb, "--yes", "--skip-preview", "--suppress-progress")

    def is_there() -> bool:
        assert process.poll() is None, f"the run ended before it was killed:\n{stack.told()}"
        return int(workos.requests()["writes"]) >= point

    try:
        soon(is_there, f"{point} writes", _LONGEST_SECONDS)
    finally:
        for one in [process.pid, *_children(process.pid)]:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
        process.wait()


def _children(process: int) -> list[int]:
    """The processes that a process started, and theirs."""
    found: list[int] = []
    for tasks in Path(f"/proc/{process}/task").glob("*/children"):
        for child in tasks.read_text(encoding="ascii").split():
            found += [int(child), *_children(int(child))]
    return found


def exported(records: int, seed: int, folder: Path) -> Path:
    """A generated export of about so many records in all."""
    generate(folder, Plan(users=int(records * _USERS_A_RECORD), seed=seed, shares=Distribution()))
    return folder


@contextmanager
def environment(folder: Path) -> Iterator[tuple[Stack, Sandbox]]:
    """An empty WorkOS and a stack for it."""
    with running(Start()) as url:
        sandbox = Sandbox(url)
        yield new_stack(folder, sandbox), sandbox
        sandbox.close()


def main() -> None:
    """All rounds, a line each."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=20_000)
    parser.add_argument("--kills", type=int, default=20, help="in all rounds together")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    each = given.kills // given.rounds
    for round_ in range(given.rounds):
        folder = Path(tempfile.mkdtemp(prefix="ferry-soak-"))
        try:
            export = exported(given.records, given.seed + round_, folder / "generated")
            with environment(folder / "stack") as (stack, workos):
                survived = soak(stack, workos, export, each, given.seed + round_)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        text = ", ".join(f"{point:,}" for point in survived.killed_at)
        print(f"killed at write {text}: {survived.needed:,} writes needed, {survived.repeated} repeated", flush=True)
        if survived.repeated > each * IN_FLIGHT:
            sys.exit(f"more than {IN_FLIGHT} writes a kill were repeated")


if __name__ == "__main__":
    main()
