"""The files of an export in every shape that Auth0, its users or their tools give them, whole and broken."""

from __future__ import annotations

import csv
import gzip
import io
import json
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from tests.generate.draws import Draws
from tests.generate.lines import CSV_COLUMNS

#: Shapes that a reader takes, and those at which it has to stop.
READABLE = ("api", "extension", "array", "csv", "csv-plain", "gzip", "bom", "crlf", "bad-line")
STOPPING = ("truncated", "truncated-gzip", "rounded")
#: Lines wait here until others take their places, so that those of one person stand apart in the files.
_DEPTH = 4096
#: Bytes that a truncated file lacks of its last record.
_CUT = 40
_DATES = frozenset({"created_at", "updated_at", "last_login"})
_DAMAGED = '{"user_id":"auth0|damaged","email":"damaged'

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode


class LineFile:
    """One file of an export, in a shape. `close` it: only then it is whole, or as broken as it should be."""

    def __init__(self, folder: Path, kind: str, shape: str, order: Draws, bad_line: int = 0) -> None:
        people = kind == "users"
        self._row = _ROWS.get(shape) if people else None
        self._array = shape == "array"
        self._end = "\r\n" if shape == "crlf" else "\n"
        self._broken = shape if people and shape in ("bad-line", *STOPPING) else None
        packed = shape == "gzip" or self._broken == "truncated-gzip"
        ending = "csv" if self._row else "json" if self._array else "ndjson"
        self.path = folder / f"{kind}.{ending}{'.gz' if packed else ''}"
        self._order, self._bad_line = order, bad_line
        self._held: list[str] = []
        self._written = self.lines = 0
        self._open = ExitStack()
        self._file = self._open.enter_context(self._stream(packed))
        if self._row or self._array or shape == "bom":
            self._file.write("[\n" if self._array else ",".join(CSV_COLUMNS) + "\n" if self._row else "\ufeff")

    def put(self, *lines: dict[str, Any]) -> None:
        """Lines that stay together, in their order."""
        self.lines += len(lines)
        if self._row:
            block = "".join([self._row(line) for line in lines])
        elif self._array:
            block = ",\n".join([encode(line) for line in lines])
        else:
            block = "".join([encode(line) + self._end for line in lines])
        if len(self._held) < _DEPTH:
            self._held.append(block)
            return
        place = self._order.below(_DEPTH)
        self._write(self._held[place])
        self._held[place] = block

    def close(self) -> str:
        """Write what waits, in no order, and break what should be broken; the place where a reader has to stop."""
        while self._held:
            place = self._order.below(len(self._held))
            self._held[place], self._held[-1] = self._held[-1], self._held[place]
            self._write(self._held.pop())
        if self._array:
            self._file.write("\n]\n")
        self._open.close()
        size = self.path.stat().st_size
        if self._broken == "truncated":
            os.truncate(self.path, size - _CUT)
            return f"{self.path.name}:{self.lines}"
        if self._broken == "truncated-gzip":
            os.truncate(self.path, size * 3 // 5)
            return self.path.name
        return f"{self.path.name}:{self._bad_line}" if self._broken == "rounded" else ""

    def _stream(self, packed: bool) -> TextIO:
        if not packed:
            return self.path.open("w", encoding="utf-8", newline="", buffering=1 << 20)
        file = self._open.enter_context(self.path.open("wb"))
        return io.TextIOWrapper(gzip.GzipFile("", "wb", 5, file, mtime=0), encoding="utf-8", newline="")

    def _write(self, block: str) -> None:
        if self._array and self._written:
            self._file.write(",\n")
        self._written += 1
        if self._written == self._bad_line:
            if self._broken == "bad-line":
                self._file.write(_DAMAGED + self._end)
                self.lines += 1
            elif self._broken == "rounded":
                line = json.loads(block)
                block = encode({**line, "user_id": "google-oauth2|1.00281585850531e+20"}) + self._end
        self._file.write(block)


def _cell(value: object) -> str:
    if value is None:
        return ""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _plain_row(line: dict[str, Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow([_cell(value) for value in line.values()])
    return text.getvalue()


def _apostrophe_row(line: dict[str, Any]) -> str:
    """Auth0 puts an apostrophe before every text and quotes it, but for the dates of its own."""
    cells = []
    for key, value in line.items():
        text = _cell(value)
        bare = key in _DATES or not isinstance(value, str)
        cells.append(text if bare else "\"'" + text.replace('"', '""') + '"')
    return ",".join(cells) + "\n"


_ROWS = {"csv": _apostrophe_row, "csv-plain": _plain_row}
