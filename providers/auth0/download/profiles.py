"""The fetched file of users, checked whole and rewritten line by line without tokens of identity providers.

Source: Auth0 docs, user profile structure (`identities` may hold `access_token` and `refresh_token`).
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from providers.auth0.download.errors import Damaged
from providers.auth0.download.files import ExportFile
from providers.auth0.download.paging import as_line, own_id
from providers.auth0.lines import open_unpacked

#: No Auth0 profile is near this size.
_LONGEST_LINE = 64 << 20
_BATCH = 20_000
#: A line without these names no token, however it spells or escapes the word.
_MARKS = (b"oken", b"OKEN", b"\\u00")
#: How a line begins whose fields come in the order in which they were asked for.
_OWN = re.compile(rb'\{"user_id":"([^"\\]+)"')


def rewrite(part: Path, target: ExportFile, check: Callable[[], None]) -> Iterator[list[str]]:
    """Write the users' lines to `target`, without blank ones. Yields their ids, batch by batch.

    Raises Damaged if the file is cut short or is no export; `check` is called for every batch, and raises to leave.
    """
    batch: list[str] = []
    last = b""
    try:
        with open_unpacked(part) as file:
            while line := file.readline(_LONGEST_LINE):
                text = line.strip()
                if not text:
                    continue
                last = text
                if text[:1] != b"{" or text[-1:] != b"}":
                    raise Damaged
                if any(mark in text for mark in _MARKS):
                    text = without_tokens(text)
                target.write(text + b"\n")
                batch.append(_own(text))
                if len(batch) == _BATCH:
                    check()
                    yield batch
                    batch = []
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise Damaged from None
    if last:
        _parsed(last)
    yield batch


def without_tokens(line: bytes) -> bytes:
    """A user's line without the parts of its identities whose name holds `token`; unchanged if it has none.

    Raises Damaged if it is not JSON: nobody can say what is in it.
    """
    user = _parsed(line)
    if not _strip(user.get("identities")):
        return line
    return as_line(user).encode()


def _strip(value: Any) -> bool:
    """Remove tokens at any depth. Returns whether there was one."""
    if isinstance(value, list):
        return sum(_strip(inner) for inner in value) > 0
    if not isinstance(value, dict):
        return False
    tokens = [key for key in value if "token" in key.lower()]
    for key in tokens:
        del value[key]
    return len(tokens) + sum(_strip(inner) for inner in value.values()) > 0


def _own(line: bytes) -> str:
    """The user's id, which every line has, since it was asked for."""
    if match := _OWN.match(line):
        return match[1].decode("utf-8", "replace")
    own = own_id(_parsed(line), "user_id")
    if own is None:
        raise Damaged
    return own


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise Damaged from None
    if not isinstance(value, dict):
        raise Damaged
    return value
