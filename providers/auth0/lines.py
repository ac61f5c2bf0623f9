"""A file of an export as a stream of JSON texts with line number and place; gzip, BOM, CRLF and JSON arrays included.

Holds one record in memory, never a file. A file that ends in the middle of a record stops the run: half a file looks
like users who left.
"""

from __future__ import annotations

import codecs
import gzip
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

_GZIP = b"\x1f\x8b"
_BOM = b"\xef\xbb\xbf"
_CHUNK = 1 << 20
#: What may stand between the elements of an array, its own brackets included.
_BETWEEN = re.compile(r"[ \t\r\n,\[\]]*")
#: No Auth0 profile is near this size (10 KB a profile, 1 MB in old tenants): what is larger is not an export.
_LARGEST_RECORD = 64 << 20


class ExportError(Exception):
    """The export cannot be trusted or read as a whole: nothing may be declared from it."""


class Piece(NamedTuple):
    """One JSON text: its line (from 1), its byte offset in the (unpacked) file, and its bytes."""

    line: int
    offset: int
    data: bytes


def pieces(path: Path) -> Iterator[Piece]:
    """The records of a file: its lines if the first is a JSON value of its own, else the elements of its JSON text.

    Raises ExportError with the place for a file that is cut short or cannot be unpacked.
    """
    try:
        with open_unpacked(path) as file:
            start = len(_BOM) if file.read(len(_BOM)) == _BOM else 0
            file.seek(start)
            whole_lines = _first_line_is_json(file)
            file.seek(start)
            yield from (_lines if whole_lines else _elements)(file, start, path.name)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ExportError(f"{path.name}: the gzip file is cut short or damaged; copy or download it again") from error
    except OSError as error:
        raise ExportError(f"{path.name}: cannot be read ({error.strerror or type(error).__name__})") from error


def open_unpacked(path: Path) -> BinaryIO:
    """The file's bytes, unpacked if its content (not its name) is gzip; the caller closes it."""
    file = path.open("rb")
    packed = file.read(2) == _GZIP
    file.seek(0)
    if not packed:
        return file
    file.close()
    return cast(BinaryIO, gzip.open(path, "rb"))


def _first_line_is_json(file: BinaryIO) -> bool:
    while line := file.readline(_LARGEST_RECORD):
        if text := line.strip():
            if text[:1] not in b"[{":
                return True
            try:
                return isinstance(json.loads(text), dict)
            except (ValueError, RecursionError):
                return not _opens_json_text(text, file)
    return True


def _opens_json_text(text: bytes, file: BinaryIO) -> bool:
    """A first line that is no JSON by itself: an array or a record over several lines, or just a bad line?"""
    if text.startswith(b"["):
        return True
    following = next((line for line in iter(lambda: file.readline(_CHUNK), b"") if line.strip()), b"")
    return text == b"{" or not following.lstrip().startswith(b"{")


def _lines(file: BinaryIO, start: int, name: str) -> Iterator[Piece]:
    offset, number = start, 0
    while line := file.readline(_LARGEST_RECORD):
        number += 1
        if len(line) == _LARGEST_RECORD:
            raise ExportError(f"{name}:{number}: the line is longer than 64 MiB; this is not an Auth0 export")
        yield Piece(number, offset, line.rstrip(b"\r\n"))
        if not line.endswith(b"\n") and line.strip() and not _is_json(line):
            raise ExportError(f"{name}:{number}: the file ends in the middle of a record; copy or download it again")
        offset += len(line)


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _elements(file: BinaryIO, start: int, name: str) -> Iterator[Piece]:
    """The elements of a JSON array, or JSON values one after another over several lines."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    scan = json.JSONDecoder().raw_decode
    text, offset, line, depth, at_end = "", start, 1, 0, False
    while not at_end:
        chunk = file.read(_CHUNK)
        at_end = not chunk
        try:
            text += decode(chunk, at_end)
        except UnicodeDecodeError as error:
            raise ExportError(f"{name}: not UTF-8 text near byte {offset + error.start}") from error
        position = 0
        while position < len(text):
            between = _BETWEEN.match(text, position).group()  # type: ignore[union-attr]
            depth += between.count("[") - between.count("]")
            offset, line, position = offset + len(between), line + between.count("\n"), position + len(between)
            if position == len(text):
                break
            try:
                _, end = scan(text, position)
            except (ValueError, RecursionError) as error:
                if at_end or len(text) - position > _LARGEST_RECORD:
                    raise ExportError(f"{name}:{line}: cut short or not JSON from here on; export it again") from error
                break
            if end == len(text) and not at_end:
                break
            data = text[position:end].encode("utf-8", "surrogatepass")
            yield Piece(line, offset, data)
            offset, line, position = offset + len(data), line + data.count(b"\n"), end
        text = text[position:]
    if depth:
        raise ExportError(f"{name}:{line}: the file ends inside its JSON array; copy or download it again")
