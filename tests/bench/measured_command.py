"""A command of the engine with all processes that it starts: how long it took, and what they held together at the most.

Linux alone, since `/proc` tells it: memory is PSS, in which a page that several processes share counts once.
"""

from __future__ import annotations

import os
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.stack import Stack

_EVERY_SECONDS = 0.15
_TICKS = os.sysconf("SC_CLK_TCK")
#: Words of a command line that say what a process is to the engine.
_ROLES = {
    "tools.engine.provider_host": "provider host",
    "tools.engine.language_host": "program",
    "providers.directory": "second reader",
    "stack export": "stack export",
}


@dataclass
class Measured:
    """What one command cost."""

    seconds: float = 0.0
    #: The most that all processes held at one moment, and each sort of them at some moment, in MiB.
    peak: float = 0.0
    peaks: dict[str, float] = field(default_factory=dict)
    #: Processor time of all of them, which other users of the machine change little.
    processor: float = 0.0

    def __str__(self) -> str:
        parts = ", ".join(f"{role} {most:,.0f}" for role, most in sorted(self.peaks.items()))
        return f"{self.seconds:.1f} s ({self.processor:.1f} s of processors), {self.peak:,.0f} MiB ({parts})"


def measured(stack: Stack, *words: str, meanwhile: Callable[[], object] = lambda: None) -> Measured:
    """Run one command (`Stack.starts`) to its end; `meanwhile` is called several times a second.

    Exits with what it said if it fails.
    """
    found, times = Measured(), dict[int, float]()
    began = time.monotonic()
    process = stack.starts(*words)
    while process.poll() is None:
        held: dict[str, float] = defaultdict(float)
        for one in _family(process.pid):
            times[one] = max(times.get(one, 0.0), _processor_seconds(one))
            held[_role(one)] += _held(one)
        found.peak = max(found.peak, sum(held.values()))
        for role, mebibytes in held.items():
            if mebibytes:
                found.peaks[role] = max(found.peaks.get(role, 0.0), mebibytes)
        meanwhile()
        time.sleep(_EVERY_SECONDS)
    found.seconds, found.processor = time.monotonic() - began, sum(times.values())
    if process.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{stack.told()[-4000:]}")
    return found


def _family(root: int) -> list[int]:
    """A process and all that descend from it."""
    children: dict[int, list[int]] = defaultdict(list)
    for path in Path("/proc").glob("[0-9]*"):
        if words := _stat(int(path.name)):
            children[int(words[1])].append(int(path.name))
    found = [root]
    for one in found:
        found += children[one]
    return found


def _stat(process: int) -> list[str]:
    """The words of `/proc/PID/stat` after the name, [] if it has ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []


def _processor_seconds(process: int) -> float:
    words = _stat(process)
    return (int(words[11]) + int(words[12])) / _TICKS if words else 0.0


def _held(process: int) -> float:
    """PSS in MiB."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("Pss:")), 0.0)


def _role(process: int) -> str:
    try:
        words = Path(f"/proc/{process}/cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
    except OSError:
        return "engine"
    return next((role for mark, role in _ROLES.items() if mark in words), "engine")
