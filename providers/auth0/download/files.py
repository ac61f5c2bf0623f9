"""Files of an export while they are written: readable by their owner alone, on the disk before they get their name."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypedDict


class Entry(TypedDict):
    """What the manifest says of a file: lines, bytes, SHA-256 (hex)."""

    lines: int
    bytes: int
    sha256: str


class ExportFile:
    """A file of lines under construction; `entry` is what the manifest says of it."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._file = open_private(path, "wb")
        self._digest = hashlib.sha256()
        self.lines = self._bytes = 0

    def write(self, line: bytes) -> None:
        """One line with its end."""
        self._file.write(line)
        self._digest.update(line)
        self.lines += 1
        self._bytes += len(line)

    def entry(self) -> Entry:
        """What was written so far."""
        return {"lines": self.lines, "bytes": self._bytes, "sha256": self._digest.hexdigest()}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()


def open_private(path: Path, mode: str) -> Any:
    """Open for writing, a new file with mode 0600; no link is followed."""
    return open(path, mode, opener=lambda name, flags: os.open(name, flags | os.O_NOFOLLOW, 0o600))
