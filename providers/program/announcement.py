"""What this run will write, by the last state, the declaration and the differ; said before the first request.

Every request is counted that the kinds state for a record that meets no conflict (`Records.requests`). Of cohorts only
the lines that are new are looked at.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from providers.directory.differ import Change, changes
from providers.directory.model import END_KINDS, ORDER, SCHEMAS, cuts, fields
from providers.directory.store import Store
from providers.program.unique_values import Value, values_known, values_marked, values_of
from providers.reports.announcement_text import Announcement
from providers.resources.removal import goes_with_its_end
from providers.resources.workos_ids import ends_of
from providers.settings import Kind, Settings
from providers.state.applied import Applied, applied_keys, unpack
from providers.state.bags import CohortOutputs
from providers.state.cohorts import (
    applied_fields,
    applied_record,
    cohort_of,
    digests,
    held_by,
    keys_of,
    lines_of,
    marks_of,
    plan,
    split,
    stand_in,
)
from providers.state.declaration import Declaration
from providers.state.last_state import KnownCohort, KnownRecord, LastState
from providers.workos.by_kind import RECORDS
from providers.workos.kinds import SENT_PAIRS, Creation, Request, Update


def announced(
    last_state: LastState,
    declaration: Declaration,
    store: Store,
    settings: Settings,
    leaving: Mapping[Kind, Mapping[str, KnownRecord]],
) -> Announcement:
    """Count what this run writes; `leaving` is what left the export (`LastState.gone`)."""
    counting = _Counting(last_state, declaration, store, settings, leaving)
    for kind in ORDER:
        counting.count(kind)
    for kind in ORDER:
        counting.leave(kind)
    return counting.result()


class _Counting:
    def __init__(
        self,
        last_state: LastState,
        declaration: Declaration,
        store: Store,
        settings: Settings,
        leaving: Mapping[Kind, Mapping[str, KnownRecord]],
    ) -> None:
        self._last_state, self._declaration, self._leaving = last_state, declaration, leaving
        self._store, self._settings = store, settings
        self._announcement = Announcement()
        #: Users and organizations that are made in this run and may have had memberships in an object that is gone.
        self._anew: set[tuple[Kind, str]] = set()
        self._given: set[Value] = set()
        self._taken: set[Value] = set()

    def result(self) -> Announcement:
        """What was counted."""
        announcement = self._announcement
        announcement.exchanges = bool(self._given & self._taken)
        if announcement.writes() and self._has_witness():
            self._ask(Request("GET", RECORDS["organizations"].one()))
        return announcement

    def _has_witness(self) -> bool:
        """Is there an object to confirm the environment by (`environment.confirm_target`)?"""
        records = (record for kind in END_KINDS for record in self._last_state.records[kind].values())
        cohorts = (cohort for kind in END_KINDS for cohort in self._last_state.cohorts[kind].values())
        return any(record.reached for record in records) or any(cohort.packed for cohort in cohorts)

    def count(self, kind: Kind) -> None:
        """What is declared of a kind."""
        if kind in self._declaration.texts:
            for number, text in enumerate(self._declaration.texts[kind]):
                self._cohort(kind, number, text)
            is_new = not self._knows(kind) and not SCHEMAS[kind].ends
        else:
            self._records(kind)
            is_new = False
        if self._announcement.created[kind] and (is_new or RECORDS[kind].is_listed_first):
            self._ask(Request("GET", RECORDS[kind].template()))

    def leave(self, kind: Kind) -> None:
        """Announce what left the export, as `removal.remove` does it."""
        removal, gone = self._settings.removal_of(kind), self._leaving[kind]
        if removal == "delete":
            for key, known in self._last_state.kept(kind).items():
                self._given |= values_known(kind, key, known)
        declared = (
            {known.id for key, known in self._last_state.records[kind].items() if key not in gone} if gone else ()
        )
        for key, known in gone.items():
            name = known.state.external_id or key
            if removal == "retain" or known.id in declared or not self._has_left(kind, name):
                self._announcement.forgotten[kind] += 1
                continue
            self._announcement.removed[kind] += 1
            if removal == "delete":
                self._given |= values_known(kind, key, known)
            if SCHEMAS[kind].ends and goes_with_its_end(
                kind, self._ends(key, known), self._settings.removal_of, self._has_left
            ):
                continue
            self._ask(*RECORDS[kind].requests(removal))

    def _records(self, kind: Kind) -> None:
        handed = {
            key: applied
            for cohort in self._last_state.cohorts[kind].values()
            for key, applied in cohort.applied().items()
        }
        for record in self._store.records(kind):
            key, desired, gets = record.key, fields(record), values_of(record)
            known, other = self._last_state.records[kind].get(key), handed.get(key)
            if known and known.reached and not self._is_anew(known.state.ends):
                before = known.state.values
                self._change(kind, changes(kind, desired, before), values_known(kind, key, known), gets)
            elif other and not (known and known.reached):
                before = {**applied_fields(kind, key, other, desired), "origin": other.origin}
                values = values_known(kind, key, KnownRecord(other.id, applied=other))
                self._change(kind, changes(kind, desired, before), values, gets)
            else:
                self._create(kind, Creation(marks_of(kind, key, desired), key))
                self._taken |= gets
                self._anew.add((kind, key))

    def _cohort(self, kind: Kind, number: int, text: str) -> None:
        cohort, records = self._last_state.cohorts[kind].get(number), self._last_state.records[kind]
        if cohort is None and not records:
            self._new_lines(kind, lines_of(text))
            return
        is_known = cohort is not None and cohort.whole
        again = self._made_again(kind, number, text)
        if cohort and is_known and cohort.text == text and not again:
            return
        new: Collection[str] = lines_of(text)
        if cohort and is_known:
            new = {*new}.difference(lines_of(cohort.text)) | again
        wanted = digests("\n".join(new))
        applied = {key: handed for key in wanted if (handed := self._handed(kind, key))}
        applied |= unpack(cohort.packed, keys_in=wanted) if cohort and new else {}
        found = plan(kind, wanted, applied, {line.rpartition(" ")[0] for line in again})
        for key in found.added:
            self._create(kind, Creation(split(kind, wanted[key]), key))
            self._taken |= self._values_wanted(kind, key, wanted[key])
        stood = set(keys_of(cohort.text)) if cohort and found.added else set()
        self._anew.update((kind, key) for key in found.added if cohort is None or key in stood)
        for key in found.changed:
            self._change_line(kind, key, applied[key], wanted[key])

    def _new_lines(self, kind: Kind, lines: Iterable[str]) -> None:
        """Lines of which the last state knows nothing: only which fields they hold counts."""
        for held, number in held_by(kind, lines).items():
            self._create(kind, Creation(held), number)

    def _made_again(self, kind: Kind, number: int, text: str) -> set[str]:
        """The lines of memberships whose user or organization is made in this run."""
        if not SCHEMAS[kind].ends or not self._anew:
            return set()
        return {line for line in lines_of(text) if self._is_anew(ends_of(line.rpartition(" ")[0], number))}

    def _is_anew(self, ends: tuple[str, str] | None) -> bool:
        return any(end in self._anew for end in zip(END_KINDS, ends or (), strict=False))

    def _handed(self, kind: Kind, key: str) -> Applied | None:
        """What a resource of its own knew of a record that is in a cohort now."""
        known = self._last_state.records[kind].get(key)
        if known is None or not known.reached or not known.state.origin:
            return None
        return applied_record(kind, key, known.id, known.state.origin, known.state.values)

    def _knows(self, kind: Kind) -> bool:
        return bool(self._last_state.cohorts[kind] or self._last_state.records[kind])

    def _create(self, kind: Kind, step: Creation, number: int = 1) -> None:
        self._announcement.created[kind] += number
        for request in RECORDS[kind].requests(step):
            self._ask(request, number=number)

    def _change_line(self, kind: Kind, key: str, applied: Applied, digest: bytes) -> None:
        before = {**stand_in(kind, key, applied.digest), "origin": applied.origin}
        todo = changes(kind, stand_in(kind, key, digest), before)
        names = {change.field for change in todo}
        most = len(self._settings.user_metadata) if kind == "users" else SENT_PAIRS
        if "metadata" in names and len(applied.pairs) + most > SENT_PAIRS and (record := self._store.record(kind, key)):
            desired = fields(record)
            todo = changes(kind, desired, {**applied_fields(kind, key, applied, desired), "origin": applied.origin})
        had, gets = set[Value](), set[Value]()
        if any(of.is_unique and of.name in names for of in SCHEMAS[kind].managed):
            had = values_known(kind, key, KnownRecord(applied.id, applied=applied))
            gets = self._values_wanted(kind, key, digest)
        self._change(kind, todo, had, gets)

    def _change(self, kind: Kind, todo: Collection[Change], before: set[Value], after: set[Value]) -> None:
        if todo:
            self._announcement.changed[kind] += 1
            self._given |= before - after
            self._taken |= after - before
            self._ask(*RECORDS[kind].requests(Update({change.field: change.new for change in todo})))

    def _ask(self, *requests: Request, number: int = 1) -> None:
        for request in requests:
            self._announcement.requests[request.method, request.template] += number

    def _values_wanted(self, kind: Kind, key: str, digest: bytes) -> set[Value]:
        if not SCHEMAS[kind].given:
            return values_marked(kind, key, digest)
        record = self._store.record(kind, key)
        return values_of(record) if record else set()

    def _has_left(self, kind: Kind, name: str) -> bool:
        return not self._store.declares(kind, name) and not self._store.withholds(kind, name)

    def _ends(self, key: str, known: KnownRecord) -> tuple[str, str]:
        if known.state.ends:
            return known.state.ends
        found, cohorts = cuts(key), self._last_state.cohorts["memberships"]
        if len(found) == 1:
            return found[0]
        packed = {cut: cohorts.get(cohort_of(cut[0]), KnownCohort("", CohortOutputs())).packed for cut in found}
        return next((cut for cut, text in packed.items() if key in applied_keys(text)), found[0])
