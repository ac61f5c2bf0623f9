"""Objects of this stack that hold, as far as the last state knows, what another record is to get in this run.

Values are compared by their marks, since a cohort's state holds no others.
"""

from __future__ import annotations

from collections.abc import Mapping

from providers.directory.model import Organization, Record, User
from providers.directory.store import Store
from providers.settings import Kind, Settings
from providers.state.applied import unpack
from providers.state.cohorts import has_other_id, lines_of, mark, split
from providers.state.declaration import Declaration
from providers.state.last_state import KnownRecord, LastState
from providers.workos.kinds import RETAINED

#: The field, beside the external id, whose values no two objects may share.
_UNIQUE: dict[Kind, str] = {"users": "email", "organizations": "domains"}


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
        #: By field and mark: the WorkOS id that holds the value, who gives it up, and the holder's own key.
        self._by_value: dict[tuple[str, bytes], tuple[str, str, str]] = {}
        if kind not in _UNIQUE:
            return
        for key, known in last_state.kept(kind).items():
            if not declaration.declares(kind, key):
                self._add(key, known, declares=False)
        for key, known in leaving.items():
            self._add(key, known, declares=False)
        for key, known in last_state.records[kind].items():
            if known.reached and key not in leaving and key not in last_state.retained[kind]:
                self._add(key, known, declares=True)
        for number, cohort in last_state.cohorts["users"].items() if kind == "users" else ():
            if not (cohort.whole and cohort.text == declaration.text(kind, number)):
                for key, applied in unpack(cohort.packed, has_other_id).items():
                    if key not in leaving:
                        self._add(key, KnownRecord(applied.id, {}, applied), declares=True)

    def of(self, record: Record) -> dict[str, str] | None:
        """Who may hold what a record needs, as `Written.holders` has it; None if nobody does."""
        if not self._by_value or not isinstance(record, User | Organization):
            return None
        values = [record.email] if isinstance(record, User) else list(record.domains)
        wanted = [("external_id", mark("external_id", record.external_id))]
        wanted += [(_UNIQUE[self._kind], mark(_UNIQUE[self._kind], value)) for value in values]
        found = [self._by_value[value_mark] for value_mark in wanted if value_mark in self._by_value]
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
        own, values = self._marks(key, known)
        if declares:
            self._by_value["external_id", own] = known.id, key, key
        elif not any(self._store.withholds(self._kind, name) for name in _names(key, known)):
            owner = "" if self._deletes else RETAINED
            for value in values:
                self._by_value[_UNIQUE[self._kind], value] = known.id, owner, key
            self._by_value["external_id", own] = known.id, owner, key

    def _marks(self, key: str, known: KnownRecord) -> tuple[bytes, list[bytes]]:
        """Returns the marks of the external id and of the unique values."""
        unique = _UNIQUE[self._kind]
        if known.applied is None:
            values = known.outputs.get(unique) or []
            texts = [values] if isinstance(values, str) else values
            return mark("external_id", str(known.outputs.get("external_id"))), [mark(unique, text) for text in texts]
        marks = split(self._kind, known.applied.digest)
        email = [marks["email"]] if "email" in marks else []
        return marks.get("external_id") or mark("external_id", key), [
            *email,
            *(mark(unique, domain) for domain in known.applied.domains),
        ]


def _names(key: str, known: KnownRecord) -> set[str]:
    own = known.outputs.get("external_id")
    return {key, str(own)} if own else {key}
