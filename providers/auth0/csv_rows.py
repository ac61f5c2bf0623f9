"""The rows of a CSV users export as the JSON lines of the same export.

Auth0's own CSV puts an apostrophe before every text, lest a spreadsheet takes one for a formula (Auth0: bulk user
exports); other tools' CSV does not.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple, TextIO

from providers.auth0.attribute_names import attribute, with_api_keys

_DELIMITERS = ",;\t"
#: Stands for a row that nobody can read: it is no JSON.
_NO_ROW = b"-"


class UnreadableRow(Exception):
    """The file can be trusted no further from this line on. The message says why and what to do, never a value."""

    def __init__(self, line: int, fault: str) -> None:
        super().__init__(fault)
        self.line = line


class _Column(NamedTuple):
    key: str
    value_of: Callable[[str], Any]


def rows(file: TextIO, export_as: Mapping[str, str]) -> Iterator[tuple[int, bytes]]:
    """The line (from 1) where each row begins, and its JSON under Auth0's own keys.

    An empty cell is absent; `true` and `false` are booleans where Auth0 has them; metadata and identities that are JSON
    are that JSON. A row without any value is empty bytes; one that has not the header's columns, or is badly quoted, is
    no JSON at all. Bytes that are not UTF-8 are expected as half surrogates. Raises UnreadableRow for a file that ends
    within a row, is not UTF-8, has no column for the user id, or was changed by a spreadsheet.
    """
    parsed = _parsed(file)
    line, header = next(parsed, (0, []))
    if not line:
        return
    keys = header or []
    names = [export_as.get(key) or attribute(key) for key in keys]
    if "user_id" not in names:
        fault = "no column is Auth0's user_id. Example: pulumi config set --path 'ferry:exportAs[\"My Id\"]' user_id"
        raise UnreadableRow(line, fault)
    columns = [_Column(key, _reader_of(name)) for key, name in zip(keys, names, strict=True)]
    own = names.index("user_id")
    apostrophes: bool | None = None
    whole = True
    for line, cells in parsed:
        if cells is not None and not any(cells):
            yield line, b""
            continue
        whole = cells is not None and len(cells) >= len(columns)
        if cells is None or len(cells) != len(columns):
            yield line, _NO_ROW
            continue
        if cells[own]:
            quoted = cells[own].startswith("'")
            apostrophes = quoted if apostrophes is None else apostrophes
            if quoted is not apostrophes:
                fault = "some user ids begin with an apostrophe and some do not: two exports in one file; keep one"
                raise UnreadableRow(line, fault)
        yield line, _json_of(line, cells, columns, export_as, apostrophes=bool(apostrophes))
    if not whole:
        raise UnreadableRow(line, "the file ends in the middle of a row; copy or download it again")


def _parsed(file: TextIO) -> Iterator[tuple[int, list[str] | None]]:
    """The first line and the cells of every row, header included; None for a row that is badly quoted."""
    before, first = next(((number, text) for number, text in enumerate(file) if text.strip()), (0, ""))
    reader = csv.reader(chain([first], file), delimiter=max(_DELIMITERS, key=first.count), strict=True)
    line = before + 1
    while first:
        try:
            cells = next(reader)
            "".join(cells).encode()
        except StopIteration:
            return
        except UnicodeEncodeError:
            raise UnreadableRow(line, "not UTF-8 text; save it as CSV UTF-8") from None
        except csv.Error as error:
            if "end of data" in str(error):
                fault = "the file ends within a quoted field; copy or download it again"
                raise UnreadableRow(line, fault) from None
            yield line, None
        else:
            yield line, cells
        line = before + reader.line_num + 1


def _json_of(
    line: int, cells: list[str], columns: list[_Column], export_as: Mapping[str, str], *, apostrophes: bool
) -> bytes:
    record: dict[str, Any] = {}
    for (key, value_of), cell in zip(columns, cells, strict=True):
        text = cell.removeprefix("'") if apostrophes else cell
        if text and key not in record:
            try:
                record[key] = value_of(text)
            except ValueError:
                fault = "a date is not ISO 8601 (spreadsheets rewrite dates); export again and do not edit the file"
                raise UnreadableRow(line, fault) from None
    try:
        return json.dumps(with_api_keys(record, export_as)).encode()
    except RecursionError:
        return _NO_ROW


def _reader_of(name: str) -> Callable[[str], Any]:
    """What becomes of the cells of a column that has values."""
    if name in {"email_verified", "blocked"}:
        return lambda text: {"true": True, "false": False}.get(text.lower(), text)
    if name in {"created_at", "updated_at"}:
        return lambda text: text if datetime.fromisoformat(text) else None
    if name == "identities" or name.partition(".")[0] in {"user_metadata", "app_metadata"}:
        return _json_or_text
    return str


def _json_or_text(text: str) -> Any:
    if not text.startswith(("[", "{")):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
