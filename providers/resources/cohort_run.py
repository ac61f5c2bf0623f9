"""One run of a cohort: what has to be done by the differ, done in the process's threads, each record on its own."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from providers.auth0.lines import ExportError
from providers.directory.model import Membership, Record, fields
from providers.resources.engine_output import say
from providers.resources.host import Host
from providers.resources.removal import remove, why_not_removed
from providers.resources.setback import GONE, HELD_TWICE, Setback
from providers.resources.workos_ids import ENDS, ends_of
from providers.settings import Kind
from providers.state.applied import Applied, pack, unpack
from providers.state.cohorts import applied_fields, applied_record, digests, marked, plan, updated
from providers.state.journal import aside_line
from providers.state.leftovers import kept_in
from providers.text import plain
from providers.workos.client import Fatal, Gone, WorkOSFault
from providers.workos.kinds import Fields, Written

#: The kinds of which a cohort remembers what left: their objects hold emails, external ids and domains that another
#: record may need.
RETAINED_KINDS: frozenset[Kind] = frozenset({"organizations", "users"})


class CohortRun:
    """Brings one cohort from `olds` (its last outputs, {} for a new one) to `news` (its inputs)."""

    def __init__(self, here: Host, kind: Kind, number: int, olds: Mapping[str, Any], news: Mapping[str, Any]) -> None:
        self._here, self._kind, self._number = here, kind, number
        self._wanted = digests(news["records"])
        self._holders: Mapping[str, Mapping[str, str]] = news.get("holders") or {}
        handed = news.get("handed")
        self._applied = {**unpack(handed or ""), **unpack(olds.get("applied") or "")}
        #: What left in this run or an earlier one, and WorkOS keeps.
        self._retained = unpack(olds.get("retained") or "")
        #: Is there no state of this kind, and, after `run` has asked it, no journal to be trusted either?
        self._knows_nothing = self._is_new = not olds and handed is None
        self._olds = olds
        self._setbacks: list[Setback] = []
        self._pending = 0

    def run(self) -> dict[str, Any]:
        """The outputs. Raises WorkOSFault if what the cohort needs to begin cannot be had; Brake likewise."""
        here, kind = self._here, self._kind
        here.prepare_for_cohorts()
        before = len(self._applied)
        self._applied = with_journal(here, kind, self._number, self._applied, self._olds)
        self._knows_nothing = self._knows_nothing and (here.journal.stands_alone or not here.journal.knows(kind))
        here.ids.fresh[kind].difference_update(self._applied)
        found = plan(kind, self._wanted, self._applied, anew(here, kind, self._number, self._applied))
        records = {key: self._record(key) for key in (*found.added, *found.changed)}
        if self._knows_nothing and found.added and kind == "memberships" and not self._list_memberships():
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

    def _each(self, attempt: Any, items: Iterable[Any]) -> None:
        """One turn each, until somebody stops the run or nothing can work any more."""
        for _ in self._here.pool.map(attempt, items):
            pass

    def _bring(self, item: tuple[str, Record]) -> None:
        key, record = item
        here, applied = self._here, self._applied.get(item[0])
        if here.is_stopping():
            self._wait()
            return
        try:
            desired = {**fields(record), **self._ends(key, record)}
        except Fatal as fault:
            self._give_up(fault)
            return
        except WorkOSFault as fault:
            self._set_back(key, "failed", fault.code, str(fault))
            return
        if desired.get("waits_for"):
            self._set_back(key, "pending", "pending", f"waits for {desired['waits_for']}")
            return
        written = Written(holders=self._holders.get(key) or {})
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

    def _write(self, key: str, written: Written, desired: Fields) -> None:
        records = self._here.records(self._kind)
        if written.id:
            records.change(written, desired)
            return
        there = self._there(desired) if self._knows_nothing else None
        if there is not None and not written.is_given_up(there["id"]):
            records.take_over(written, desired, there, interrupted=False)
        else:
            records.create(written, desired)

    def _there(self, desired: Fields) -> Fields | None:
        """Returns the object that a census shows already, None if there is none."""
        found = self._here.found
        if self._kind == "organizations":
            return found.organization(desired["external_id"])
        if self._kind == "users":
            return found.user(desired["external_id"], desired["email"])
        return found.membership(desired["organization_id"], desired["user_id"])

    def _list_memberships(self) -> bool:
        """List those of the cohort's organizations that this run did not make. Returns False if it made them all."""
        here = self._here
        organizations = {ends_of(key, self._number)[0] for key in self._wanted} - here.ids.fresh["organizations"]
        ids = [here.ids.of("organizations", organization) for organization in sorted(organizations)]
        here.found.list_memberships([id_ for id_ in ids if id_])
        return bool(ids)

    def _ends(self, key: str, record: Record) -> Fields:
        """The WorkOS ids of a membership's ends, or what it waits for."""
        if not isinstance(record, Membership):
            return {}
        ends: Fields = {}
        for (name, kind), external_id in zip(ENDS, (record.organization, record.user), strict=True):
            if (kind, external_id) in self._here.setbacks and not self._here.ids.of(kind, external_id):
                return {"waits_for": f"{name} {external_id}, which failed"}
            id_ = self._here.ids.of(kind, external_id) or self._here.ask(kind, external_id)
            if not id_:
                return {"waits_for": f"{name} {external_id}, which is not in WorkOS yet"}
            ends |= {name: external_id, f"{name}_id": id_}
        failed = [slug for slug in record.roles if ("roles", slug) in self._here.setbacks]
        return {"waits_for": f"role {failed[0]}, which failed"} if failed else ends

    def _keep(self, key: str, written: Written, desired: Fields, applied: Applied | None) -> None:
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
        ends = ends_of(key, self._number) if self._kind == "memberships" else None
        try:
            removal = remove(here, self._kind, key, applied.id, ends)
        except Fatal as fault:
            self._give_up(fault)
        except WorkOSFault as fault:
            self._set_back(key, "failed", fault.code, why_not_removed(here, fault))
        else:
            del self._applied[key]
            if removal == "retain" and self._kind in RETAINED_KINDS and applied.id not in here.in_use:
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

    def _set_back(self, key: str, state: Any, code: str, message: str) -> None:
        setback = Setback(self._kind, key, state, code, message)
        self._here.set_back(setback)
        with self._here.lock:
            self._setbacks.append(setback)

    def _outputs(self) -> dict[str, Any]:
        order = [*(key for key in self._wanted if key in self._applied)]
        order += [key for key in self._applied if key not in self._wanted]
        records = [
            {"key": setback.key, "state": setback.state, "code": setback.code, "message": setback.message}
            for setback in sorted(self._setbacks, key=lambda setback: setback.key)
        ]
        failed = sum(setback.state == "failed" for setback in self._setbacks)
        pending = len(records) - failed + self._pending
        setbacks = {"failed": failed, "pending": pending, "records": records} if failed or pending else None
        kept = {"kept": kept_in(self._applied, self._wanted)} if self._kind == "users" else {}
        return {
            "applied": pack({key: self._applied[key] for key in order}),
            "journal": str(self._here.journal.serial()),
            "life": self._here.journal.life,
            "setbacks": setbacks,
            **kept,
            **({"retained": pack(self._still_retained())} if self._kind in RETAINED_KINDS else {}),
        }

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
    here: Host, kind: Kind, number: int, applied: dict[str, Applied], olds: Mapping[str, Any]
) -> dict[str, Applied]:
    """Returns what the state says of a cohort (`olds`, its last outputs), with what a killed run wrote after it.

    Raises WorkOSFault.
    """
    if aside := here.journal.require_life(str(olds.get("life") or "")):
        say(aside_line(here.journal.path, aside, "it is of another life of this stack"))
    newer = here.journal.since(kind, number, int(olds.get("journal") or 0))
    if not newer or not here.trusts_journal():
        return applied
    if here.journal.stands_alone:
        newer = here.seen(kind, number, newer)
    return {key: record for key, record in {**applied, **newer}.items() if record is not None}


def anew(here: Host, kind: Kind, number: int, keys: Iterable[str]) -> set[str]:
    """Memberships whose user or organization is made in this run: WorkOS forgot them with the object that was there."""
    users, organizations = here.ids.fresh["users"], here.ids.fresh["organizations"]
    if kind != "memberships" or not (users or organizations):
        return set()
    ends = {key: ends_of(key, number) for key in keys}
    return {key for key, (organization, user) in ends.items() if organization in organizations or user in users}
