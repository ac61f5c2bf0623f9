"""Which ids belong to which owner, at the price of one string for the many owners that have one."""

from sandbox.workos.series import Series


class Ownership:
    """Ids by owner, each owner's in order of creation."""

    __slots__ = ("_one", "_several")

    def __init__(self) -> None:
        self._one: dict[str, str] = {}
        self._several: dict[str, Series] = {}

    def add(self, owner: str, identifier: str) -> None:
        """Give an owner one id more, which must be new to it."""
        if owner in self._several:
            self._several[owner].add(identifier)
        elif owner in self._one:
            series = self._several[owner] = Series()
            series.add(self._one.pop(owner))
            series.add(identifier)
        else:
            self._one[owner] = identifier

    def remove(self, owner: str, identifier: str) -> None:
        """Take an id away from its owner; it must have it."""
        if self._one.get(owner) == identifier:
            del self._one[owner]
            return
        series = self._several[owner]
        series.remove(identifier)
        if not series:
            del self._several[owner]

    def series(self, owner: str) -> Series:
        """Return an owner's ids; only to be read."""
        if owner in self._several:
            return self._several[owner]
        series = Series()
        if owner in self._one:
            series.add(self._one[owner])
        return series
