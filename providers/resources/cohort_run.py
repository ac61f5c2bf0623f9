"""One run of a cohort: what has to be done by the differ, done in the process's threads, each record on its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal, TypeVar

from providers.auth0.lines import ExportError
from providers.directory.differ import items, text
from providers.directory.model import SCHEMAS, Record, fields
from providers.directory.schema import Values
from providers.resources.engine_output import say
from providers.resources.host import Host
from providers.resources.removal import remove, why_not_removed
from providers.resources.setback import GONE, HELD_TWICE, Setback
from providers.resources.workos_ids import ends_of
from providers.settings import Kind
from providers.state.applied import Applied, pack, unpack
from providers.state.bags import CohortInputs, CohortOutputs, FailureOf, Setbacks
from providers.state.cohorts import applied_fields, applied_record, digests, marked, plan, text_digest, updated
from providers.state.journal import aside_line
from providers.state.leftovers import kept_in
from providers.text import plain
from providers.workos.client import Fatal, Gone, WorkOSFault
from providers.workos.kinds import Written

_Item = TypeVar("_Item")


class CohortRun:
    """Brings one cohort from its last outputs, None for a new one, to its inputs."""

    def __init__(self, here: Host, kind: Kind, olds: CohortOutputs | None, news: CohortInputs) -> None:
        self._here, self._kind, self._number = here, kind, news.number
        self._schema, self._news, self._olds = SCHEMAS[kind], news, olds or CohortOutputs()
        self._wanted = digests(news.records)
        self._applied = {**unpack(news.handed or ""), **unpack(self._olds.applied)}
        #: What left in this run or an earlier one, and WorkOS keeps.
        self._retained = unpack(self._olds.retained or "")
        #: Is there no state of this kind, and, after `run` has asked it, no journal to be trusted either?
        self._knows_nothing = self._is_new = olds is None and news.handed is None
        self._setbacks: list[Setback] = []
        self._pending = 0

    def run(self) -> CohortOutputs:
        """The outputs. Raises WorkOSFault if what the cohort needs to begin cannot be had; Brake likewise."""
        here, kind = self._here, self._kind
        here.prepare_for_cohorts()
        before = len(self._applied)
        self._applied = with_journal(here, kind, self._number, self._applied, self._olds)
        self._knows_nothing = self._knows_nothing and (here.journal.stands_alone or not here.journal.knows(kind))
        here.ids.fresh[kind].difference_update(self._applied)
        found = plan(kind, self._wanted, self._applied, anew(here, kind, self._number, self._applied))
        records = {key: self._record(key) for key in (*found.added, *found.changed)}
        if self._knows_nothing and found.added and self._schema.ends and not self._list_memberships():
            self._knows_nothing = False
        begins = self._is_new and before == len(self._applied) == 0
        here.progress.expect(kind, len(found), of=here.directory.total(kind) if begins else 0)
        for key in found.added:
            self._applied.pop(key, None)
        self._each(self._bring, records.items())
        self._each(self._remove, found.removed)
        return self._outputs()

    def _record(self, key: str) -> Record:
        record = self._here.directory.record(self._kind, key)
        if record is None or marked(self._kind, key, fields(record)) != self._wanted[key]:
            raise RuntimeError(f"{self._kind} {plain(key)}: the directory is not the one that was declared; run again")
        return record

    def _each(self, attempt: Callable[[_Item], None], turns: Iterable[_Item]) -> None:
        """One turn each, until somebody stops the run or nothing can work any more."""
        for _ in self._here.pool.map(attempt, turns):
            pass

    def _bring(self, item: tuple[str, Record]) -> None:
        key, record = item
        here, applied = self._here, self._applied.get(item[0])
        if here.is_stopping():
            self._wait()
            return
        try:
            desired, waits_for = self._with_ends(record)
        except Fatal as fault:
            self._give_up(fault)
            return
        except WorkOSFault as fault:
            self._set_back(key, "failed", fault.code, str(fault))
            return
        if waits_for:
            self._set_back(key, "pending", "pending", f"waits for {waits_for}")
            return
        written = Written(holders=self._news.holders.get(key) or {})
        if applied:
            written = Written(
                applied.id, applied_fields(self._kind, key, applied, desired), applied.origin, written.holders
            )
        try:
            self._write(key, written, desired)
        except Fatal as fault:
            self._give_up(fault)
        except Gone as fault:
            self._set_back(key, "failed", "gone", GONE if applied else str(fault))
        except WorkOSFault as fault:
            self._set_back(key, "failed", fault.code, str(fault))
        except ExportError as error:
            self._give_up(Fatal(str(error)))
        else:
            if written.not_taken:
                self._set_back(key, "failed", "not_taken", written.refusal)
        if written.id:
            self._keep(key, written, desired, applied)
        here.progress.done(self._kind)

    def _write(self, key: str, written: Written, desired: Values) -> None:
        records = self._here.records(self._kind)
        if written.id:
            records.change(written, desired)
            return
        there = self._here.found.there(self._kind, desired) if self._knows_nothing else None
        if there is not None and not written.is_given_up(text(there["id"])):
            records.take_over(written, desired, there, interrupted=False)
        else:
            records.create(written, desired)

    def _list_memberships(self) -> bool:
        """List those of the cohort's organizations that this run did not make. Returns False if it made them all."""
        here = self._here
        organizations = {ends_of(key, self._number)[0] for key in self._wanted} - here.ids.fresh["organizations"]
        ids = [here.ids.of("organizations", organization) for organization in sorted(organizations)]
        here.found.list_memberships([id_ for id_ in ids if id_])
        return bool(ids)

    def _with_ends(self, record: Record) -> tuple[dict[str, object], str]:
        """The fields of a record with the WorkOS ids of its ends; and what it waits for, '' for nothing."""
        here, desired = self._here, {**fields(record)}
        for name, kind in self._schema.ends:
            external_id = text(desired[name])
            if (kind, external_id) in here.setbacks and not here.ids.of(kind, external_id):
                return desired, f"{name} {external_id}, which failed"
            desired[f"{name}_id"] = here.ids.of(kind, external_id) or here.ask(kind, external_id)
            if not desired[f"{name}_id"]:
                return desired, f"{name} {external_id}, which is not in WorkOS yet"
        failed = (slug for slug in items(desired.get("roles")) if ("roles", slug) in here.setbacks)
        return desired, next((f"role {slug}, which failed" for slug in failed), "")

    def _keep(self, key: str, written: Written, desired: Values, applied: Applied | None) -> None:
        here = self._here
        if applied is None and written.origin == "found" and not here.claim(written.id):
            self._set_back(key, "failed", "held_twice", HELD_TWICE)
            return
        if applied is None and written.origin == "created":
            here.ids.fresh[self._kind].add(key)
        here.note(self._kind, key, written.notes)
        if applied is None:
            now = applied_record(self._kind, key, written.id, written.origin, written.applied)
        else:
            before = applied_fields(self._kind, key, applied, desired)
            now = updated(self._kind, key, applied, before, written.applied)
        if now != applied:
            here.journal.note(self._kind, key, now, self._number)
            self._applied[key] = now

    def _remove(self, key: str) -> None:
        here, applied = self._here, self._applied[key]
        if here.is_stopping():
            self._wait()
            return
        ends = ends_of(key, self._number) if self._schema.ends else None
        try:
            removal = remove(here, self._kind, key, applied.id, ends)
        except Fatal as fault:
            self._give_up(fault)
        except WorkOSFault as fault:
            self._set_back(key, "failed", fault.code, why_not_removed(here, fault))
        else:
            del self._applied[key]
            if removal == "retain" and self._schema.unique and applied.id not in here.in_use:
                self._retained[key] = applied
            here.journal.note(self._kind, key, None, self._number)
        here.progress.done(self._kind)

    def _wait(self) -> None:
        with self._here.lock:
            self._pending += 1
            self._here.pending[self._kind] += 1

    def _give_up(self, fault: Fatal) -> None:
        self._here.fatal = fault
        self._wait()

    def _set_back(self, key: str, state: Literal["failed", "pending"], code: str, message: str) -> None:
        setback = Setback(self._kind, key, state, code, message)
        self._here.set_back(setback)
        with self._here.lock:
            self._setbacks.append(setback)

    def _outputs(self) -> CohortOutputs:
        order = [*(key for key in self._wanted if key in self._applied)]
        order += [key for key in self._applied if key not in self._wanted]
        setbacks, journal = self._set_backs(), self._here.journal
        return CohortOutputs(
            number=self._number,
            stack=self._news.stack,
            text="" if setbacks else text_digest(self._news.records),
            applied=pack({key: self._applied[key] for key in order}),
            journal=journal.serial(),
            life=journal.life,
            setbacks=setbacks,
            kept=kept_in(self._applied, self._wanted) if self._schema.secrets else None,
            retained=pack(self._still_retained()) if self._schema.unique else None,
        )

    def _set_backs(self) -> Setbacks | None:
        records: list[FailureOf] = [
            {"key": setback.key, "state": setback.state, "code": setback.code, "message": setback.message}
            for setback in sorted(self._setbacks, key=lambda setback: setback.key)
        ]
        failed = sum(setback.state == "failed" for setback in self._setbacks)
        pending = len(records) - failed + self._pending
        return {"failed": failed, "pending": pending, "records": records} if failed or pending else None

    def _still_retained(self) -> dict[str, Applied]:
        """Those that left and have neither come back nor been removed for another record that needs what they hold."""
        gone, in_use = self._here.records(self._kind).removed, self._here.in_use
        own = {applied.id for applied in self._applied.values()}
        return {
            key: applied
            for key, applied in self._retained.items()
            if not (applied.id in gone or applied.id in in_use or applied.id in own)
        }


def with_journal(
    here: Host, kind: Kind, number: int, applied: dict[str, Applied], olds: CohortOutputs
) -> dict[str, Applied]:
    """Returns what the state says of a cohort (`olds`, its last outputs), with what a killed run wrote after it.

    Raises WorkOSFault.
    """
    if aside := here.journal.require_life(olds.life):
        say(aside_line(here.journal.path, aside, "it is of another life of this stack"))
    newer = here.journal.since(kind, number, olds.journal)
    if not newer or not here.trusts_journal():
        return applied
    if here.journal.stands_alone:
        newer = here.seen(kind, number, newer)
    return {key: record for key, record in {**applied, **newer}.items() if record is not None}


def anew(here: Host, kind: Kind, number: int, keys: Iterable[str]) -> set[str]:
    """Memberships whose user or organization is made in this run: WorkOS forgot them with the object that was there."""
    fresh = [here.ids.fresh[of] for _, of in SCHEMAS[kind].ends]
    if not any(fresh):
        return set()
    found = {key: ends_of(key, number) for key in keys}
    return {key for key, ends in found.items() if any(end in made for end, made in zip(ends, fresh, strict=True))}
