"""`ferry clean`: removes from `.ferry` what is of no use to any later run. Nothing of a stack that runs is touched."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from providers.directory.store import KEPT_STORES, left_behind, store_path
from providers.errors import FerryError
from providers.project import NoStackName, run_path, state_folder, stop_path
from providers.settings import read_settings
from providers.stack_file import stack_config
from providers.state.run_lock import between_runs, is_running

#: `<stack>-<test|live>-<environment>.journal`; those of earlier versions do without `test` and `live`.
_JOURNAL = re.compile(r"(?P<stack>[\w.-]+?)(-(test|live))?-[0-9a-f]{8}\.journal(?P<aside>\.aside-\d+)?")
#: The last line of a journal is shorter than this.
_TAIL_BYTES = 65_536


def clean(project: Path) -> list[str]:
    """Remove what no later run uses. Returns a line for each sort removed, and for what stays because a stack runs."""
    folder = state_folder(project)
    running = sorted(path.stem for path in folder.glob("*.run") if is_running(path) is not False)
    removed = {
        "journals that were set aside": _remove(_journals(folder, project, aside=True)),
        "journals of runs that ended well": _remove(_journals(folder, project, aside=False)),
        "orders to stop, and locks, of stacks that do not run": _orders_and_locks(folder, project),
        "stores that no stack uses": 0 if running else _remove(_stores(folder, project)),
        "drafts of directories that were never finished": _remove(left_behind(folder)),
    }
    lines = [f"removed: {number} {sort}" for sort, number in removed.items() if number]
    if running:
        lines.append(f"left alone: the files of {', '.join(running)}, and all stores, since a run may use them")
    return lines or ["nothing to remove"]


def _remove(paths: Iterator[Path]) -> int:
    number = 0
    for path in paths:
        path.unlink(missing_ok=True)
        number += 1
    return number


def _journals(folder: Path, project: Path, *, aside: bool) -> Iterator[Path]:
    """Yields the journals to remove, each while no run of its stack can begin."""
    for path in sorted(folder.glob("*.journal*")):
        found = _JOURNAL.fullmatch(path.name)
        if found is None or bool(found["aside"]) is not aside:
            continue
        # `a-test` of an earlier version and `a` of this one have journals of the same name.
        names = {found["stack"], found["stack"] + (found[2] or "")}
        with suppress(NoStackName), ExitStack() as stack:
            free = [stack.enter_context(between_runs(run_path(project, name))) for name in names]
            if all(is_free is True for is_free in free) and (aside or _is_sealed(path)):
                yield path


def _is_sealed(path: Path) -> bool:
    """Is its last line the one with which a run that ended well seals it?"""
    with path.open("rb") as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        lines = file.read().split(b"\n")
    last = next((line for line in reversed(lines) if line.strip()), b"")
    try:
        value: Any = json.loads(last)
    except ValueError:
        return False
    return isinstance(value, dict) and "sealed" in value


def _orders_and_locks(folder: Path, project: Path) -> int:
    number = 0
    for name in sorted({path.stem for sort in ("stop", "run") for path in folder.glob(f"*.{sort}")}):
        with suppress(NoStackName), between_runs(run_path(project, name)) as is_between:
            if is_between:
                paths = stop_path(project, name), run_path(project, name)
                number += _remove(path for path in paths if path.exists())
    return number


def _stores(folder: Path, project: Path) -> Iterator[Path]:
    """The stores that are not those of the stack files as they are now; the newest stay if one cannot be told."""
    kept = [
        _store_of(path.name.removeprefix("Pulumi.").removesuffix(".yaml"), project) for path in _stack_files(project)
    ]
    stores = sorted(folder.glob("*.sqlite"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    if not kept or None in kept:
        kept += stores[:KEPT_STORES]
    yield from (path for path in stores if path not in kept)


def _stack_files(project: Path) -> list[Path]:
    return sorted((project / "stacks").glob("Pulumi.*.yaml"))


def _store_of(stack: str, project: Path) -> Path | None:
    try:
        return store_path(read_settings(stack_config(project, stack), {}, lambda _: False), project)
    except (FerryError, OSError):
        return None
