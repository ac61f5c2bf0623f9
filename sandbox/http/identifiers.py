"""Ids and timestamps that repeat from run to run.

WorkOS ids are a prefix and a ULID, which sorts by creation time; the series of this sandbox rely on that order.
Time is logical: every write moves it by one millisecond or a few, so that two runs of one program hold the same bytes.
"""

from datetime import UTC, datetime, timedelta
from typing import Final

#: First moment of the logical clock; its ULIDs start with ``01H``.
BEGINNING: Final = datetime(2024, 1, 1, tzinfo=UTC)
#: Length of a ULID in Crockford's Base32; the first ten characters are the time.
ULID_LENGTH: Final = 26
TIME_LENGTH: Final = 10

_BEGINNING_MS: Final = int(BEGINNING.timestamp() * 1000)
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS: Final = [first + second for first in _ALPHABET for second in _ALPHABET]
_VALUES: Final = {letter: value for value, letter in enumerate(_ALPHABET)}
#: An odd factor visits every value below 2**80 once, so the tails look random and never repeat.
_SCRAMBLE: Final = 0x9E3779B97F4A7C15F39D
_TAIL_MASK: Final = (1 << 80) - 1


def _base32(value: int, length: int) -> str:
    pairs = []
    for _ in range(length // 2):
        pairs.append(_PAIRS[value & 1023])
        value >>= 10
    return "".join(reversed(pairs))


def identifier(prefix: str, moment: int) -> str:
    """Return the id that an object made at this moment has."""
    return f"{prefix}_{_base32(_BEGINNING_MS + moment, TIME_LENGTH)}{_base32(moment * _SCRAMBLE & _TAIL_MASK, 16)}"


def moment_of(identifier: str) -> int:
    """Return the moment at which the object with this id was made; 0 or less for one from before the beginning."""
    value = 0
    for letter in identifier.rpartition("_")[2][:TIME_LENGTH]:
        value = value * 32 + _VALUES.get(letter, 0)
    return value - _BEGINNING_MS


def timestamp(moment: int) -> str:
    """Name a moment as WorkOS does (ISO 8601, milliseconds, ``Z``)."""
    now = BEGINNING + timedelta(milliseconds=moment)
    return f"{now:%Y-%m-%dT%H:%M:%S}.{now.microsecond // 1000:03d}Z"


class Registrar:
    """Gives out moments and ids in strictly rising order, the same ones after every reset."""

    __slots__ = ("now",)

    def __init__(self) -> None:
        #: The last moment that was given out, in milliseconds since the beginning.
        self.now = 0

    def moment(self) -> int:
        """Move the clock by one millisecond and return the moment."""
        self.now += 1
        return self.now

    def identify(self, prefix: str) -> tuple[str, int]:
        """Return a new id and the moment it was made."""
        moment = self.moment()
        return identifier(prefix, moment), moment
