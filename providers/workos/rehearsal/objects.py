"""The objects of a rehearsal: what a census found, and on top of it what was made, changed and removed in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NoReturn

from providers.directory.differ import text
from providers.directory.schema import Values
from providers.settings import Kind
from providers.workos.by_kind import RECORDS
from providers.workos.client import Conflict, Gone


class Objects:
    """The objects of one kind: those that are there, and what the rehearsal made of them."""

    def __init__(self, kind: Kind, before: Mapping[str, Values]) -> None:
        """`before` by WorkOS id."""
        self.kind, self.before = kind, before
        self._unique_values = RECORDS[kind].unique_values
        #: What changed, by WorkOS id; None for what is gone.
        self.after: dict[str, Values | None] = {}
        self._index: dict[tuple[str, str], str] | None = None

    def __iter__(self) -> Iterator[Values]:
        yield from (fields for id_, fields in self.before.items() if id_ not in self.after)
        yield from (fields for fields in self.after.values() if fields is not None)

    def get(self, id_: str) -> Values:
        """One object. Raises Gone."""
        found = self.after[id_] if id_ in self.after else self.before.get(id_)
        if found is None:
            raise Gone(f"{self.kind}: no such object", 404)
        return found

    def find(self, name: str, value: str) -> Values | None:
        """The object that has this unique value."""
        id_ = self._indexed().get((name, value))
        return self.get(id_) if id_ else None

    def put(self, fields: Values) -> Values:
        """Make an object, or set another in its place. Raises Conflict for a unique value that is taken."""
        index, id_ = self._indexed(), text(fields["id"])
        for name, values in self._unique_values(fields).items():
            if any(index.get((name, value), id_) != id_ for value in values if value):
                _refuse(self.kind, name)
        self._forget(id_)
        index.update(
            {(name, value): id_ for name, values in self._unique_values(fields).items() for value in values if value}
        )
        self.after[id_] = fields
        return fields

    def remove(self, id_: str) -> None:
        """Take an object away. Raises Gone."""
        self.get(id_)
        self._forget(id_)
        self.after[id_] = None

    def _forget(self, id_: str) -> None:
        before = self.after[id_] if id_ in self.after else self.before.get(id_)
        for name, values in self._unique_values(before).items() if before else ():
            for value in values:
                self._indexed().pop((name, value), None)

    def _indexed(self) -> dict[tuple[str, str], str]:
        if self._index is None:
            named = ((text(fields["id"]), self._unique_values(fields)) for fields in self)
            self._index = {
                (name, value): id_
                for id_, names in named
                for name, values in names.items()
                for value in values
                if value
            }
        return self._index


def _refuse(kind: Kind, name: str) -> NoReturn:
    """Raises Conflict with WorkOS's code for a value that is taken."""
    code = RECORDS[kind].conflicts.get(name)
    raise Conflict(f"{kind}: another object has this {name}", 409, (code,) if code else ())
