"""Random draws that hang on seed, stream and index alone: any record can be made again without those before it."""

from __future__ import annotations

import random
from base64 import b32encode, b64encode
from bisect import bisect
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Self, TypeVar

T = TypeVar("T")

#: Streams never share a draw, so that another share of one dimension does not change the others.
GROUPS, DRIFT, NEWCOMERS, ORGANIZATIONS, ROLES, STRAYS, ORDER = range(7)
MOST_TENANTS = 64
_BASE64_TO_BCRYPT = str.maketrans("+", ".")
_ALNUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"


class Weighted:
    """Names with their shares; the shares need not add up to one."""

    def __init__(self, shares: Mapping[str, float]) -> None:
        self._names = list(shares)
        self._bounds = list(accumulate(shares.values()))

    def at(self, place: float) -> str:
        """The name at a place from 0 to 1 (exclusive)."""
        return self._names[bisect(self._bounds, place * self._bounds[-1])]


class Draws:
    """A stream of draws. Only `random` and `getrandbits` are used, which Python promises never to change."""

    def __init__(self, seed: int, stream: int, tenant: int = 0) -> None:
        self._base = ((seed * 16 + stream) * MOST_TENANTS + tenant) << 48
        self._random = random.Random(self._base)
        self.uniform, self.bits = self._random.random, self._random.getrandbits

    def at(self, index: int) -> Self:
        """The same stream, from the beginning of the draws of this index."""
        self._random.seed(self._base + index)
        return self

    def chance(self, share: float) -> bool:
        """True in this share of all cases."""
        return self.uniform() < share

    def below(self, end: int) -> int:
        """A whole number from 0 to before `end`."""
        return int(self.uniform() * end)

    def pick(self, choices: Sequence[T]) -> T:
        """One of several."""
        return choices[int(self.uniform() * len(choices))]

    def hexes(self, length: int) -> str:
        """Hexadecimal digits."""
        return f"{self.bits(4 * length):0{length}x}"

    def digits(self, length: int) -> str:
        """Decimal digits."""
        return f"{self.bits(4 * length) % 10**length:0{length}d}"

    def letters(self, length: int) -> str:
        """ASCII letters and digits."""
        return "".join([self.pick(_ALNUM) for _ in range(length)])

    def uuid(self) -> str:
        """A UUID in form."""
        text = self.hexes(32)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    def base32(self) -> str:
        """An authenticator secret of 32 characters, nobody's."""
        return b32encode(self.bits(160).to_bytes(20, "big")).decode()

    def bcrypt(self) -> str:
        """Bcrypt in form, the hash of nothing: making real ones would take days."""
        text = b64encode(self.bits(320).to_bytes(40, "big")).decode().translate(_BASE64_TO_BCRYPT)
        return f"{'$2a$' if self.chance(0.3) else '$2b$'}10${text[:53]}"

    def instant(self, first: int, years: int) -> str:
        """A UTC instant as Auth0 writes it, from the year `first` on."""
        drawn = self.bits(48)
        year, drawn = first + drawn % years, drawn // years
        month, day, hour = 1 + drawn % 12, 1 + drawn // 12 % 28, drawn // 336 % 24
        minute, second, fraction = drawn // 8064 % 60, drawn // 483840 % 60, drawn // 29030400 % 1000
        return f"{year}-{month:02d}-{day:02d}T{hour:02d}:{minute:02d}:{second:02d}.{fraction:03d}Z"
