"""What is known to be in WorkOS of a cohort's records: packed for the state, by column, compressed.

Field values do not enter: a digest of their marks does, with the names of managed metadata and the domains.
"""

from __future__ import annotations

import json
import struct
import zlib
from base64 import b85encode
from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from os.path import commonprefix
from typing import Literal

Origin = Literal["created", "found"]
_VERSION = 1
#: Base 85 without the letters that JSON writers escape.
_PLAIN, _ESCAPED = b",./", b"&<>"
_ALPHABET = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%,()*+-;.=/?@^_`{|}~"
#: A letter's digit; above all of them for what is none.
_DIGITS = bytes(_ALPHABET.index(byte) if byte in _ALPHABET else 255 for byte in range(256))


@dataclass(frozen=True, slots=True)
class Applied:
    """One record in WorkOS: its id there, the digest of what was applied, who made it, and what a digest cannot tell.

    `domains` are those Ferry gave an organization; `pairs` maps the metadata keys Ferry manages to marks of the values.
    """

    id: str
    digest: bytes
    origin: Origin = "created"
    domains: tuple[str, ...] = ()
    pairs: Mapping[str, str] = field(default_factory=dict)

    def rest(self) -> str:
        """What only some records have, as text; '' for nothing."""
        rest: list[object] = [self.origin == "found", self.domains, dict(self.pairs)]
        return json.dumps(rest, separators=(",", ":")) if any(rest) else ""

    @classmethod
    def of(cls, id_: str, digest: bytes, rest: str) -> Applied:
        """The inverse of `rest`."""
        found, domains, pairs = json.loads(rest) if rest else (False, (), {})
        return cls(id_, digest, "found" if found else "created", tuple(domains), pairs)


def pack(applied: Mapping[str, Applied]) -> str:
    """Text for the state, '' for nothing; keys and ids without line breaks."""
    if not applied:
        return ""
    keys, ids = list(applied), [record.id for record in applied.values()]
    heads = commonprefix(keys), commonprefix(ids)  # noqa: RUF071 - these are no paths
    columns = [
        "\n".join(key[len(heads[0]) :] for key in keys).encode(),
        "\n".join(id_[len(heads[1]) :] for id_ in ids).encode(),
        bytes(len(record.digest) for record in applied.values()),
        b"".join(record.digest for record in applied.values()),
        "\n".join(record.rest() for record in applied.values()).encode(),
    ]
    header = json.dumps([_VERSION, *heads, *map(len, columns)]).encode()
    packed = b85encode(zlib.compress(header + b"\n" + b"".join(columns), 9))
    return packed.translate(bytes.maketrans(_ESCAPED, _PLAIN)).decode()


def unpack(
    text: str, where: Callable[[bytes], object] = bool, keys_in: Container[str] | None = None
) -> dict[str, Applied]:
    """The records of a packed text, in their order; only those whose digest meets `where` and, if `keys_in` is given,
    whose key is there. Raises ValueError for any other text.
    """
    if not text:
        return {}
    (_, id_head), keys, (ids, sizes, marks, rests) = _columns(text)
    found, at = {}, 0
    columns = keys, ids.decode().split("\n"), sizes, rests.decode().split("\n")
    for key, id_, size, rest in zip(*columns, strict=True):
        digest = marks[at : at + size]
        if (keys_in is None or key in keys_in) and where(digest):
            found[key] = Applied.of(id_head + id_, digest, rest)
        at += size
    return found


def applied_keys(text: str) -> list[str]:
    """The keys of a packed text, in their order."""
    return _columns(text)[1] if text else []


def applied_ids(text: str) -> list[str]:
    """The WorkOS ids of a packed text, in the order of the keys."""
    if not text:
        return []
    (_, id_head), _, (ids, *_) = _columns(text)
    return [id_head + part for part in ids.decode().split("\n")]


def _columns(text: str) -> tuple[tuple[str, str], list[str], list[bytes]]:
    """The heads of keys and ids, the keys, and the columns after them."""
    try:
        header, _, body = zlib.decompress(_bytes_of(text)).partition(b"\n")
        version, key_head, id_head, *lengths = json.loads(header)
    except (ValueError, struct.error, zlib.error) as error:
        raise ValueError(f"the state of a cohort cannot be read: {error}") from None
    if version != _VERSION:
        raise ValueError(f"the state of a cohort is of version {version}, which this Ferry does not know: update Ferry")
    columns, at = [], 0
    for length in lengths:
        columns.append(body[at : at + length])
        at += length
    keys = [key_head + key for key in columns[0].decode().split("\n")]
    return (key_head, id_head), keys, columns[1:]


def _bytes_of(text: str) -> bytes:
    """What base 85 stands for: `base64.b85decode` goes letter by letter, in twice the time.

    What is none raises struct.error or gives other bytes, which their checksum tells.
    """
    filled = -len(text) % 5
    digits = (text.encode() + b"~" * filled).translate(_DIGITS)
    fives = zip(*(digits[place::5] for place in range(5)), strict=True)
    words = [(((first * 85 + two) * 85 + three) * 85 + four) * 85 + five for first, two, three, four, five in fives]
    return struct.pack(f">{len(words)}I", *words)[: len(words) * 4 - filled]
