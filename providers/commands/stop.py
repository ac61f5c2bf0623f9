"""`ferry stop`: the order to a run that goes on, and what becomes of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from providers.errors import FerryError
from providers.project import run_path, stack_name, state_folder, stop_path
from providers.state.run_lock import between_runs, is_running

#: Seconds between two looks at the lock.
_PAUSE = 0.2


class NoRun(FerryError):
    """There is no run to stop. The message says of which stack, and which stacks do run."""


def order_stop(project: Path, stack: str) -> str:
    """Tell the run of a stack to end between two records. Returns what a person should know.

    Raises NoRun and NoStackName.
    """
    name, path = stack_name(stack), run_path(project, stack)
    running = is_running(path)
    if running is False:
        others = running_stacks(project)
        those = f"; these run here: {', '.join(others)}" if others else ""
        raise NoRun(f"no run of {name} holds its lock ({path.relative_to(project)}), so nothing is stopped{those}")
    state_folder(project).mkdir(mode=0o700, exist_ok=True)
    stop_path(project, stack).touch(mode=0o600)
    if running is None:
        return f"nobody can say here whether {name} runs (no file locks); a run ends after the calls under way"
    return f"the run of {name} ends after the calls under way"


def has_ended(
    project: Path,
    stack: str,
    seconds: float,
    now: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> bool:
    """Wait for the run that has the order, at most so many seconds. Once it has ended, the order is removed.

    A run that begins meanwhile removes the order itself: then the one before has ended.
    """
    path, order = run_path(project, stack), stop_path(project, stack)
    until = now() + seconds
    while is_running(path) is not False and order.exists():
        if now() >= until:
            return False
        sleep(_PAUSE)
    with between_runs(path) as is_between:
        if is_between:
            order.unlink(missing_ok=True)
    return True


def running_stacks(project: Path) -> list[str]:
    """The stacks of a project whose lock is held."""
    return sorted(path.stem for path in state_folder(project).glob("*.run") if is_running(path))
