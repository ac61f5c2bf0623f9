"""Ids and timestamps that repeat from run to run.

WorkOS ids are a prefix and a ULID, which sorts by creation time; the series of this sandbox rely on that order.
Time is logical: every write moves it by one millisecond, so that two runs of one program hold the same bytes.
"""

from datetime import UTC, datetime, timedelta

#: First moment of the logical clock; its ULIDs start with ``01H``.
BEGINNING = datetime(2024, 1, 1, tzinfo=UTC)
BEGINNING_MS = int(BEGINNING.timestamp() * 1000)
#: Length of a ULID in Crockford's Base32.
ULID_LENGTH = 26

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
#: An odd factor visits every value below 2**80 once, so the tails look random and never repeat.
_SCRAMBLE = 0x9E3779B97F4A7C15F39D
_TAIL_MASK = (1 << 80) - 1


def _base32(value: int, length: int) -> str:
    pairs = []
    for _ in range(length // 2):
        pairs.append(_PAIRS[value & 1023])
        value >>= 10
    return "".join(reversed(pairs))


class Registrar:
    """Gives out ids and timestamps in strictly rising order, the same ones after every reset."""

    __slots__ = ("_count",)

    def __init__(self) -> None:
        self._count = 0

    def moment(self) -> str:
        """Move the clock by one millisecond and name the moment as WorkOS does (ISO 8601, ``Z``)."""
        self._count += 1
        now = BEGINNING + timedelta(milliseconds=self._count)
        return now.strftime("%Y-%m-%dT%H:%M:%S.") + f"{now.microsecond // 1000:03d}Z"

    def identify(self, prefix: str) -> tuple[str, str]:
        """Return a new id and the moment it was made."""
        moment = self.moment()
        head = _base32(BEGINNING_MS + self._count, 10)
        tail = _base32(self._count * _SCRAMBLE & _TAIL_MASK, 16)
        return f"{prefix}_{head}{tail}", moment
