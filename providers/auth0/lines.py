"""A file of an export as a stream of JSON texts with line and place: NDJSON, JSON arrays, CSV, each also gzip.

Holds one record in memory, never a file. A file that ends in the middle of a record stops the run: half a file looks
like users who left.
"""

from __future__ import annotations

import codecs
import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from providers.auth0.attribute_names import NO_NAMES
from providers.auth0.csv_rows import UnreadableRow, rows
from providers.errors import FerryError

_GZIP = b"\x1f\x8b"
#: Support's files may be packed once more than their name says.
_WRAPPINGS = 3
_BOM = b"\xef\xbb\xbf"
_BUFFER, _CHUNK, _HEAD = 1 << 16, 1 << 20, 1 << 10
#: What may stand between the elements of an array, its own brackets included.
_BETWEEN = re.compile("[ \t\r\n,\\[\\]\ufeff]*")
#: No Auth0 profile is near this size (10 KB a profile, 1 MB in old tenants): what is larger is not an export.
_LARGEST_RECORD = 64 << 20
_AGAIN = "copy or download it again"

_NO_TEXT = "is not text; an export is JSON or CSV in UTF-8"
_ENCRYPTED = "is encrypted; rename it to {name}.pgp, then: gpg --output {name} --decrypt {name}.pgp"
_UTF_16 = "is UTF-16 text, as spreadsheets and PowerShell write it; save it as UTF-8"
#: First bytes of what is no export, and what is true of it. The OpenPGP packets are those of RFC 9580, section 5:
#: a session key for a public key or a passphrase; none of these bytes begins a text in UTF-8.
_FOREIGN: dict[bytes, str] = {
    b"PK\x03\x04": "is a zip archive or a spreadsheet; unpack it, or save the sheet as CSV UTF-8",
    b"-----BEGIN PGP": _ENCRYPTED,
    b"\x84": _ENCRYPTED,
    b"\x85": _ENCRYPTED,
    b"\x8c": _ENCRYPTED,
    b"\xc1": _ENCRYPTED,
    b"\xff\xfe": _UTF_16,
    b"\xfe\xff": _UTF_16,
    b"<": "is a web page or XML, as an expired download link answers (Auth0's live 60 seconds); download it again",
}


class ExportError(FerryError):
    """The export cannot be trusted or read as a whole: nothing may be declared from it."""


class Piece(NamedTuple):
    """One JSON text: its line (from 1), its byte offset in the (unpacked) file, and its bytes.

    The JSON of a CSV row stands nowhere in the file: its offset is 0.
    """

    line: int
    offset: int
    data: bytes


def pieces(path: Path, export_as: Mapping[str, str] = NO_NAMES) -> Iterator[Piece]:
    """The records of a file: its lines if the first is a JSON value of its own, else the elements of its JSON text.

    A row of a `.csv` file is the JSON text of the same line of a users file under Auth0's own keys; `export_as` are the
    names of the stack for them. Data that is no JSON object is a line or row nobody can read, empty data a blank one.
    Raises ExportError with the place for a file that is cut short, cannot be unpacked, or is no export at all.
    """
    try:
        with open_unpacked(path) as file:
            yield from _pieces(file, path.name, export_as)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ExportError(f"{path.name}: the gzip file is cut short or damaged; {_AGAIN}") from error
    except OSError as error:
        raise ExportError(f"{path.name}: cannot be read ({error.strerror or type(error).__name__})") from error


def is_packed(path: Path) -> bool:
    """Is the file's content gzip? Then a place in it is found by unpacking all that stands before."""
    with path.open("rb") as file:
        return file.read(len(_GZIP)) == _GZIP


@contextmanager
def open_unpacked(path: Path) -> Iterator[BinaryIO]:
    """The file's bytes, unpacked as long as its content (not its name) is gzip. Raises what `gzip` raises."""
    with ExitStack() as opened:
        file: BinaryIO = opened.enter_context(path.open("rb", buffering=_BUFFER))
        for _ in range(_WRAPPINGS):
            packed = file.read(len(_GZIP)) == _GZIP
            file.seek(0)
            if not packed:
                break
            unpacked = opened.enter_context(gzip.GzipFile(fileobj=file, mode="rb"))
            file = cast(BinaryIO, opened.enter_context(io.BufferedReader(cast(io.RawIOBase, unpacked), _BUFFER)))
        yield file


def _pieces(file: BinaryIO, name: str, export_as: Mapping[str, str]) -> Iterator[Piece]:
    head = file.read(_HEAD)
    start = len(_BOM) if head.startswith(_BOM) else 0
    _refuse_foreign(head[start:].lstrip(), name)
    file.seek(start)
    first = _first_byte(file)
    file.seek(start)
    if name.removesuffix(".gz").endswith(".csv") and first not in {b"[", b"{"}:
        yield from _rows(file, name, export_as)
        return
    whole_lines = first != b"[" and (first != b"{" or _first_line_is_whole(file))
    file.seek(start)
    yield from (_lines if whole_lines else _elements)(file, start, name)


def _refuse_foreign(head: bytes, name: str) -> None:
    fault = next((fault for magic, fault in _FOREIGN.items() if head.startswith(magic)), None)
    if fault is None and (head.startswith(_GZIP) or b"\0" in head):
        fault = _NO_TEXT
    if fault is not None:
        raise ExportError(f"{name}: the file {fault.format(name=name)}")


def _first_byte(file: BinaryIO) -> bytes:
    """The first byte that is not white space, or none."""
    while chunk := file.read(_CHUNK):
        if text := chunk.lstrip():
            return text[:1]
    return b""


def _first_line_is_whole(file: BinaryIO) -> bool:
    """Does the first line hold a record of its own, or is it a bad line before such lines?"""
    following = (text for line in iter(partial(file.readline, _LARGEST_RECORD), b"") if (text := line.strip()))
    text = next(following)
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        pass
    if text.endswith(b",") and _is_json(text.rstrip(b", \t")):
        return False
    return text != b"{" and next(following, b"").startswith(b"{")


def _lines(file: BinaryIO, start: int, name: str) -> Iterator[Piece]:
    number, offset, line = 0, start, b"\n"
    for line in iter(partial(file.readline, _LARGEST_RECORD), b""):
        number += 1
        if len(line) == _LARGEST_RECORD:
            raise ExportError(f"{name}:{number}: the line is longer than 64 MiB; this is not an Auth0 export")
        yield Piece(number, offset, line.rstrip(b"\r\n"))
        offset += len(line)
    if not line.endswith(b"\n") and line.strip() and not _is_json(line):
        raise ExportError(f"{name}:{number}: the file ends in the middle of a record; {_AGAIN}")


def _is_json(text: bytes) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _elements(file: BinaryIO, start: int, name: str) -> Iterator[Piece]:
    """The elements of a JSON array, or JSON values one after another over several lines."""
    decode = codecs.getincrementaldecoder("utf-8")().decode
    #: Finds the end of a value; what its numbers are is the reader's business, and may be no business of Python's.
    scan = json.JSONDecoder(parse_int=str, parse_float=str).raw_decode
    text, offset, line, depth, at_end = "", start, 1, 0, False
    while not at_end:
        # A record that did not fit is read on by as much as is held, so that looking again costs no more than reading.
        chunk = file.read(max(_CHUNK, len(text)))
        at_end = not chunk
        try:
            text += decode(chunk, at_end)
        except UnicodeDecodeError as error:
            raise ExportError(f"{name}:{line}: not UTF-8 text from here on; save it as UTF-8") from error
        position = 0
        while position < len(text):
            between = _BETWEEN.match(text, position).group()  # type: ignore[union-attr]
            depth += between.count("[") - between.count("]")
            offset, line, position = (
                offset + len(between.encode()),
                line + between.count("\n"),
                position + len(between),
            )
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
            value = text[position:end]
            data = value.encode()
            yield Piece(line, offset, data)
            offset, line, position = offset + len(data), line + value.count("\n"), end
        text = text[position:]
    if depth:
        raise ExportError(f"{name}:{line}: the file ends inside its JSON array; {_AGAIN}")


def _rows(file: BinaryIO, name: str, export_as: Mapping[str, str]) -> Iterator[Piece]:
    with io.TextIOWrapper(file, encoding="utf-8", errors="surrogateescape", newline="") as text:
        try:
            for line, data in rows(text, export_as):
                yield Piece(line, 0, data)
        except UnreadableRow as row:
            raise ExportError(f"{name}:{row.line}: {row}") from row
