"""Objects of this stack that hold, as far as the last state knows, what another record is to get in this run.

Values are compared by their marks, since a cohort's state holds no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from providers.directory.differ import items
from providers.directory.model import SCHEMA_OF, SCHEMAS, Record, fields
from providers.directory.schema import Schema, Values
from providers.directory.store import Store
from providers.settings import Kind, Settings
from providers.state.applied import unpack
from providers.state.cohorts import has_other_id, lines_of, mark, split
from providers.state.declaration import Declaration
from providers.state.last_state import KnownRecord, LastState
from providers.workos.kinds import RETAINED

#: A value that no two objects may share: its field, and its mark.
Value = tuple[str, bytes]


def values_of(record: Record) -> set[Value]:
    """The unique values that a declared record gets."""
    return _in_fields(SCHEMA_OF[type(record)], record.key, fields(record))


def values_known(kind: Kind, key: str, known: KnownRecord) -> set[Value]:
    """Those that a record of the last state has."""
    if known.applied is None:
        return _in_fields(SCHEMAS[kind], key, known.state.values)
    given = SCHEMAS[kind].given
    return values_marked(kind, key, known.applied.digest) | {(given, mark(given, own)) for own in known.applied.domains}


def values_marked(kind: Kind, key: str, digest: bytes) -> set[Value]:
    """Those that the digest of a record's line tells; of several in one field it tells none."""
    marks, found = split(kind, digest), set()
    for of in SCHEMAS[kind].managed:
        if of.is_unique and of.sort == "id":
            found.add((of.name, marks.get(of.name) or mark(of.name, key)))
        elif of.is_unique and of.sort == "text" and of.name in marks:
            found.add((of.name, marks[of.name]))
    return found


def _in_fields(schema: Schema[Record], key: str, values: Values) -> set[Value]:
    found = set()
    for of in schema.managed:
        value = values.get(of.name)
        if of.is_unique and of.sort == "given":
            found |= {(of.name, mark(of.name, own)) for own in items(value)}
        elif of.is_unique and (own := value or (key if of.sort == "id" else "")):
            found.add((of.name, mark(of.name, own)))
    return found


class Holders:
    """The objects of one kind that hold unique values."""

    def __init__(
        self,
        store: Store,
        last_state: LastState,
        declaration: Declaration,
        leaving: Mapping[str, KnownRecord],
        kind: Kind,
        settings: Settings,
    ) -> None:
        """`leaving` is what the last state holds of this kind and the directory does not."""
        self._texts, self._cohorts = declaration.texts.get(kind, []), last_state.cohorts[kind]
        self._store, self._kind, self._deletes = store, kind, settings.removal_of(kind) == "delete"
        #: The WorkOS id that holds a value, who gives it up, and the holder's own key.
        self._by_value: dict[Value, tuple[str, str, str]] = {}
        if not SCHEMAS[kind].unique:
            return
        for key, known in last_state.kept(kind).items():
            if not declaration.declares(kind, key):
                self._add(key, known, declares=False)
        for key, known in leaving.items():
            self._add(key, known, declares=False)
        for key, known in last_state.records[kind].items():
            if known.reached and key not in leaving and key not in last_state.retained[kind]:
                self._add(key, known, declares=True)
        for number, cohort in last_state.cohorts[kind].items():
            if not (cohort.whole and cohort.text == declaration.text(kind, number)):
                for key, applied in unpack(cohort.packed, partial(has_other_id, kind)).items():
                    if key not in leaving:
                        self._add(key, KnownRecord(applied.id, applied=applied), declares=True)

    def of(self, record: Record) -> dict[str, str] | None:
        """Who may hold what a record needs, as `Written.holders` has it; None if nobody does."""
        if not self._by_value:
            return None
        found = [self._by_value[value] for value in sorted(values_of(record)) if value in self._by_value]
        return {id_: owner for id_, owner, own in found if own != record.key} or None

    def by_cohort(self) -> dict[int, dict[str, dict[str, str]]]:
        """Returns what `of` says of every record in a cohort whose line is new: by number of the cohort and key."""
        result: dict[int, dict[str, dict[str, str]]] = {}
        for number, text in enumerate(self._texts if self._by_value else ()):
            cohort = self._cohorts.get(number)
            known = set(lines_of(cohort.text)) if cohort and cohort.whole else set()
            for line in lines_of(text) if not (cohort and cohort.whole and cohort.text == text) else ():
                record = None if line in known else self._store.record(self._kind, line.rpartition(" ")[0])
                if record and (found := self.of(record)):
                    result.setdefault(number, {})[record.key] = found
        return result

    def _add(self, key: str, known: KnownRecord, *, declares: bool) -> None:
        values = values_known(self._kind, key, known)
        if declares:
            self._by_value |= dict.fromkeys(
                (value for value in values if value[0] == "external_id"), (known.id, key, key)
            )
        elif not any(self._store.withholds(self._kind, name) for name in {key, known.state.external_id or key}):
            self._by_value |= dict.fromkeys(values, (known.id, "" if self._deletes else RETAINED, key))
