"""A stack on a generated export, its sandbox, and what every command costs and writes there."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.bench.directory import HOME, SHARES
from tests.bench.measured_command import Measured, measured
from tests.bench.sandbox import started
from tests.generate.distribution import Distribution, with_overrides
from tests.generate.export import Plan, generate
from tests.stack import Sandbox, Stack, new_stack

_DRIFT = 0.02
#: The share of limits that a sandbox without any is sent at: as if there were none.
_NO_LIMITS = "1000"


class Writes:
    """What the sandbox counts, looked at while a command runs."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=f"{url}/_sandbox/")
        self._first: tuple[float, int] | None = None
        self._last = time.monotonic(), 0
        self.overview: dict[str, Any] = {}

    def close(self) -> None:
        """Close the connection."""
        self._client.close()

    def begin(self) -> None:
        """Count anew."""
        self._client.delete("requests").raise_for_status()
        self._first, self._last = None, (time.monotonic(), 0)

    def look(self) -> None:
        """Note how many writes have been made by now."""
        self.overview = self._client.get("overview").raise_for_status().json()
        now, count = time.monotonic(), self.writes
        if self._first is None and count:
            self._first = now, count
        if count > self._last[1]:
            self._last = now, count

    @property
    def writes(self) -> int:
        """The writes so far."""
        return int(self.overview["traffic"]["writes"])

    @property
    def reads(self) -> int:
        """The reads so far."""
        return int(self.overview["traffic"]["reads"])

    def seconds(self) -> float:
        """From the first write to the last, as far as it was looked at."""
        return self._last[0] - self._first[0] if self._first else 0.0

    def rate(self) -> float:
        """Writes a second between them."""
        return (self._last[1] - self._first[1]) / max(self.seconds(), 0.001) if self._first else 0.0


class Bench:
    """One stack, its sandbox and its export `first`, of which `later` is the same tenant some days on."""

    def __init__(self, stack: Stack, writes: Writes, export: Path) -> None:
        self.stack, self.writes, self.export = stack, writes, export

    def expected(self, name: str) -> dict[str, Any]:
        """The summary of what WorkOS must hold of one of the exports."""
        return dict(json.loads((self.export / name / "expected" / "summary.json").read_bytes()))

    def read(self, name: str) -> None:
        """The stack's export is this one from now on."""
        self.stack.configure(export=str(self.export / name))

    def up(self) -> Measured:
        """Reconcile, and count."""
        self.writes.begin()
        found = self._run("up", "--yes", "--skip-preview", "--suppress-progress", meanwhile=self.writes.look)
        self.writes.look()
        return found

    def preview(self, *words: str) -> Measured:
        """What would change."""
        return self._run("preview", "--suppress-progress", *words)

    def preview_nothing(self) -> Measured:
        """A preview that finds nothing to do, and exits if it does."""
        return self.preview("--expect-no-changes")

    def _run(self, *words: str, meanwhile: Callable[[], object] = lambda: None) -> Measured:
        found = measured(self.stack, *words, meanwhile=meanwhile)
        print(f"  {words[0]}: {found}", flush=True)
        return found


def exported(users: int, drift: float = _DRIFT) -> Path:
    """The generated exports `first` and `later` of this size; made once."""
    folder = HOME / (f"cohorts-{users}" if drift == _DRIFT else f"cohorts-{users}-{drift:g}")
    if not (folder / "later" / "expected" / "summary.json").exists():
        print(f"{users:,} users: generating", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        generate(folder, Plan(users, 1, drift=drift, shares=with_overrides(Distribution(), SHARES)))
    return folder


@contextmanager
def bench(users: int, **settings: object) -> Iterator[Bench]:
    """A new stack in a folder of its own, and a sandbox in a process of its own."""
    export = exported(users)
    process, url, _ = started()
    with (
        process,
        tempfile.TemporaryDirectory(dir=HOME) as folder,
        closing(Sandbox(url)) as workos,
        closing(Writes(url)) as writes,
    ):
        try:
            workos.settings(multiple_roles=True)
            stack = new_stack(Path(folder) / "stack", workos)
            stack.configure(multipleRoles="true", removed="delete", rateShare=_NO_LIMITS, **settings)
            found = Bench(stack, writes, export)
            found.read("first")
            yield found
        finally:
            process.terminate()
