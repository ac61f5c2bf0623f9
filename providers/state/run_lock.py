"""Does a run of a stack go on? Each process of it holds `.ferry/<stack>.run` locked, shared, until the process ends.

The system frees the lock of a process that is killed. Where there are no such locks (Windows, some network file
systems), a run goes on without one, and nobody can say whether it does.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from providers.project import run_path, stop_path

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]

#: Descriptors of the locks that this process holds; closing one frees its lock.
_held: dict[Path, int] = {}


def hold_run(project: Path, stack: str) -> None:
    """Hold the stack's lock for as long as this process lives; an earlier run's order to stop is removed.

    Without locks, or a folder to write in, the run goes on without. Raises NoStackName.
    """
    path = run_path(project, stack)
    if path in _held:
        return
    with between_runs(path) as is_between:
        if is_between is not False:
            stop_path(project, stack).unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        while fcntl and path not in _held:
            _lock(path)


def is_running(path: Path) -> bool | None:
    """Does a process hold this lock? None: nobody can say."""
    with between_runs(path) as is_between:
        return None if is_between is None else not is_between


@contextmanager
def between_runs(path: Path) -> Iterator[bool | None]:
    """True: no process holds this lock, and where its file is there none gets it meanwhile. None: nobody can say."""
    if fcntl is None:
        yield None
        return
    try:
        descriptor = os.open(path, os.O_RDWR)
    except FileNotFoundError:
        yield True
        return
    except OSError:
        yield None
        return
    try:
        yield _is_free(descriptor)
    finally:
        os.close(descriptor)


def _is_free(descriptor: int) -> bool | None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in {errno.EWOULDBLOCK, errno.EACCES} else None
    return True


def _lock(path: Path) -> None:
    """Lock the file, unless `ferry clean` removed it between opening and locking. Raises OSError."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                _held[path] = descriptor
    finally:
        if path not in _held:
            os.close(descriptor)
