"""Export jobs: created, polled until they complete or fail, and gone on demand.

Source: Management API reference, create export job and get job; Auth0 docs, bulk user exports.
"""

import hashlib
import os
import tempfile
import weakref
import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final

#: The most lines written between two polls, so that no request waits for a whole large export.
LINES_A_POLL: Final = 50_000
_GZIP_BITS: Final = 31


class Job:
    """One export: each poll is a step, and the file grows with them.

    The file lies in the system's folder for temporary files, readable by its owner alone, and goes with the job.
    """

    def __init__(
        self, identifier: str, created_at: str, asked: dict[str, Any], lines: Iterator[str], polls: int
    ) -> None:
        self.id = identifier
        self.status = "pending"
        #: How many requests each link of this job has served.
        self.links: dict[str, int] = {}
        self.file_name = f"tenant.{asked['format']}.gz"
        self._shown = {"type": "users_export", "created_at": created_at, "id": identifier, **asked}
        self._lines = lines
        self._polls = polls
        self._polled = 0
        self._minted = 0
        self._trouble: str | None = None
        handle, name = tempfile.mkstemp(prefix="sandbox-export-", suffix=".gz")
        os.close(handle)
        self.path = Path(name)
        self._compressor = zlib.compressobj(wbits=_GZIP_BITS)
        weakref.finalize(self, self.path.unlink, missing_ok=True)

    def poll(self) -> None:
        """Go one step on: pending, processing, and completed at the last poll, or later if there is more to write."""
        self._polled += 1
        try:
            written = self._write()
        except ValueError as error:
            self.fail(str(error))
            return
        if written < LINES_A_POLL and self._polled >= self._polls:
            self._append(self._compressor.flush())
            self.status = "completed"
        elif self._polled > 1 or self._polls == 2:
            self.status = "processing"

    def fail(self, trouble: str) -> None:
        """End without a file."""
        self.status, self._trouble = "failed", trouble

    def mint_link(self) -> str:
        """Return a new signature that opens the file."""
        self._minted += 1
        signature = hashlib.sha256(f"{self.id} {self._minted}".encode()).hexdigest()
        self.links[signature] = 0
        return signature

    def shown(self) -> dict[str, Any]:
        """Return the job as Auth0 gives it out, without the link."""
        shown = {**self._shown, "status": self.status}
        if self.status == "processing":
            left = max(self._polls - self._polled, 1)
            shown |= {"percentage_done": 100 * self._polled // (self._polled + left), "time_left_seconds": left}
        elif self.status == "completed":
            shown["percentage_done"] = 100
        elif self._trouble is not None:
            shown["status_details"] = self._trouble
        return shown

    def _write(self) -> int:
        lines = list(islice(self._lines, LINES_A_POLL))
        self._append(self._compressor.compress("".join(lines).encode("utf-8", "replace")))
        return len(lines)

    def _append(self, data: bytes) -> None:
        with self.path.open("ab") as file:
            file.write(data)
