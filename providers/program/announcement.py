"""What this run will write, by the last state, the declaration and the differ; said before the first request.

Every request is counted that the kinds make (`providers/workos`) for a record that meets no conflict. Of cohorts only
the lines that are new are looked at.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from providers.directory.differ import MANAGED, changes
from providers.directory.model import Organization, Record, cuts, fields
from providers.directory.store import Store
from providers.reports.announcement_text import Announcement
from providers.resources.workos_ids import ends_of
from providers.settings import Kind, Settings
from providers.state.applied import Applied, applied_keys, unpack
from providers.state.cohorts import (
    applied_fields,
    applied_record,
    cohort_of,
    digests,
    keys_of,
    lines_of,
    mark,
    plan,
    split,
    stand_in,
)
from providers.state.declaration import ORDER, Declaration
from providers.state.last_state import KnownCohort, KnownRecord, LastState
from providers.workos.kinds import SENT_PAIRS
from providers.workos.memberships import DEFAULT_ROLE

_PATHS: dict[Kind, str] = {
    "roles": "/authorization/roles",
    "organizations": "/organizations",
    "users": "/user_management/users",
    "memberships": "/user_management/organization_memberships",
}
_FACTORS = "/user_management/users/{id}/auth_factors"
_TOTP = 1 << MANAGED["users"].index("totp")
_ACTIVE = 1 << MANAGED["memberships"].index("status")
#: A value that no two objects may share, by its mark.
_Value = tuple[str, bytes]


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
        self._given: set[_Value] = set()
        self._taken: set[_Value] = set()

    def result(self) -> Announcement:
        """What was counted."""
        announcement = self._announcement
        announcement.exchanges = bool(self._given & self._taken)
        if announcement.writes() and self._has_witness():
            self._ask("GET", "/organizations/{id}")
        return announcement

    def _has_witness(self) -> bool:
        """Is there an object to confirm the environment by (`environment.confirm_target`)?"""
        kinds: tuple[Kind, ...] = ("organizations", "users")
        records = (record for kind in kinds for record in self._last_state.records[kind].values())
        cohorts = (cohort for kind in kinds for cohort in self._last_state.cohorts[kind].values())
        return any(record.reached for record in records) or any(cohort.packed for cohort in cohorts)

    def count(self, kind: Kind) -> None:
        """What is declared of a kind."""
        if kind in self._declaration.texts:
            for number, text in enumerate(self._declaration.texts[kind]):
                self._cohort(kind, number, text)
            if self._announcement.created[kind] and not self._knows(kind) and kind != "memberships":
                self._ask("GET", _PATHS[kind])
        else:
            self._records(kind)
        if kind == "roles" and self._announcement.created[kind]:
            self._ask("GET", _PATHS[kind])

    def leave(self, kind: Kind) -> None:
        """Announce what left the export, as `removal.remove` does it."""
        removal, gone = self._settings.removal_of(kind), self._leaving[kind]
        if removal == "delete":
            for key, known in self._last_state.kept(kind).items():
                self._given |= _values_of(kind, key, known)
        declared = (
            {known.id for key, known in self._last_state.records[kind].items() if key not in gone} if gone else ()
        )
        for key, known in gone.items():
            name = key if kind == "memberships" else str(known.outputs.get("external_id") or key)
            if kind == "roles" or removal == "retain" or known.id in declared or not self._has_left(kind, name):
                self._announcement.forgotten[kind] += 1
                continue
            self._announcement.removed[kind] += 1
            if removal == "delete":
                self._given |= _values_of(kind, key, known)
            if kind == "memberships" and self._goes_with_its_end(key, known):
                continue
            path = f"{_PATHS[kind]}/{{id}}"
            self._ask(*(("DELETE", path) if removal == "delete" else ("PUT", f"{path}/deactivate")))

    def _records(self, kind: Kind) -> None:
        handed = {
            key: applied
            for cohort in self._last_state.cohorts[kind].values()
            for key, applied in cohort.applied().items()
        }
        for record in self._store.records(kind):
            key, desired = record.key, fields(record)
            known, other = self._last_state.records[kind].get(key), handed.get(key)
            if known and known.reached and not (kind == "memberships" and self._is_anew(*_ends_in_outputs(known))):
                before = {**known.outputs, "origin": known.outputs.get("origin")}
                self._change(kind, changes(kind, desired, before), _values(kind, key, before), _of(record))
            elif other and not (known and known.reached):
                before = {**applied_fields(kind, key, other, desired), "origin": other.origin}
                values = _values_of(kind, key, KnownRecord(other.id, {}, other))
                self._change(kind, changes(kind, desired, before), values, _of(record))
            else:
                self._create(kind, key, totp=bool(desired.get("totp")), active=desired.get("status") == "active")
                self._taken |= _of(record)
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
            flags = wanted[key][0]
            self._create(kind, key, totp=bool(flags & _TOTP), active=bool(flags & _ACTIVE))
            self._taken |= self._values_wanted(kind, key, wanted[key])
        stood = set(keys_of(cohort.text)) if cohort and found.added else set()
        self._anew.update((kind, key) for key in found.added if cohort is None or key in stood)
        for key in found.changed:
            self._change_line(kind, key, applied[key], wanted[key])

    def _new_lines(self, kind: Kind, lines: Iterable[str]) -> None:
        """Lines of which the last state knows nothing: only their flags count, which stand in the first letters."""
        for letters, number in Counter(line[line.rindex(" ") + 1 :][:2] for line in lines).items():
            flags = _first_byte(letters)
            self._create(kind, "", number, totp=bool(flags & _TOTP), active=bool(flags & _ACTIVE))

    def _made_again(self, kind: Kind, number: int, text: str) -> set[str]:
        """The lines of memberships whose user or organization is made in this run."""
        if kind != "memberships" or not self._anew:
            return set()
        return {line for line in lines_of(text) if self._is_anew(*ends_of(line.rpartition(" ")[0], number))}

    def _is_anew(self, organization: str, user: str) -> bool:
        return ("organizations", organization) in self._anew or ("users", user) in self._anew

    def _handed(self, kind: Kind, key: str) -> Applied | None:
        """What a resource of its own knew of a record that is in a cohort now."""
        known = self._last_state.records[kind].get(key)
        if known is None or not known.reached or not known.outputs.get("origin"):
            return None
        return applied_record(kind, key, known.id, str(known.outputs["origin"]), known.outputs)

    def _knows(self, kind: Kind) -> bool:
        return bool(self._last_state.cohorts[kind] or self._last_state.records[kind])

    def _create(self, kind: Kind, key: str, number: int = 1, *, totp: bool, active: bool) -> None:
        self._announcement.created[kind] += number
        if kind != "roles" or key != DEFAULT_ROLE:
            self._ask("POST", _PATHS[kind], number)
        if kind == "users" and totp:
            self._ask("POST", _FACTORS, number)
        if kind == "memberships" and not active:
            self._ask("PUT", f"{_PATHS[kind]}/{{id}}/deactivate", number)

    def _change_line(self, kind: Kind, key: str, applied: Applied, digest: bytes) -> None:
        before = {**stand_in(kind, key, applied.digest), "origin": applied.origin}
        todo = changes(kind, stand_in(kind, key, digest), before)
        names = {change.field for change in todo}
        most = len(self._settings.user_metadata) if kind == "users" else SENT_PAIRS
        if "metadata" in names and len(applied.pairs) + most > SENT_PAIRS and (record := self._store.record(kind, key)):
            desired = fields(record)
            todo = changes(kind, desired, {**applied_fields(kind, key, applied, desired), "origin": applied.origin})
        had, gets = set[_Value](), set[_Value]()
        if names & {"external_id", "email", "domains"}:
            had, gets = (
                _values_of(kind, key, KnownRecord(applied.id, {}, applied)),
                self._values_wanted(kind, key, digest),
            )
        self._change(kind, todo, had, gets)

    def _change(self, kind: Kind, todo: Collection[Any], before: set[_Value], after: set[_Value]) -> None:
        """Count the requests that the kind's `write` makes."""
        if not todo:
            return
        self._announcement.changed[kind] += 1
        self._given |= before - after
        self._taken |= after - before
        news, path = {change.field: change.new for change in todo}, f"{_PATHS[kind]}/{{id}}"
        if kind == "roles":
            self._ask("PATCH", path)
        elif kind == "memberships":
            if "roles" in news:
                self._ask("PUT", path)
            if "status" in news:
                self._ask("PUT", f"{path}/{'reactivate' if news['status'] == 'active' else 'deactivate'}")
        else:
            if news.keys() - {"totp"}:
                self._ask("PUT", path, 2 if len(news.get("metadata") or ()) > SENT_PAIRS else 1)
            if "domains" in news:
                self._ask("GET", path)
            if "totp" in news:
                self._ask("GET", _FACTORS)
                self._ask("POST", _FACTORS)

    def _ask(self, method: str, path: str, number: int = 1) -> None:
        self._announcement.requests[method, path] += number

    def _values_wanted(self, kind: Kind, key: str, digest: bytes) -> set[_Value]:
        if kind == "organizations":
            record = self._store.record(kind, key)
            return _of(record) if record else set()
        return _values_of_user(key, split(kind, digest)) if kind == "users" else set()

    def _has_left(self, kind: Kind, name: str) -> bool:
        return not self._store.declares(kind, name) and not self._store.withholds(kind, name)

    def _goes_with_its_end(self, key: str, known: KnownRecord) -> bool:
        organization, user = self._ends(key, known)
        ends: tuple[tuple[Kind, str], ...] = (("users", user), ("organizations", organization))
        return any(self._settings.removal_of(kind) == "delete" and self._has_left(kind, end) for kind, end in ends)

    def _ends(self, key: str, known: KnownRecord) -> tuple[str, str]:
        if known.applied is None:
            return _ends_in_outputs(known)
        found, cohorts = cuts(key), self._last_state.cohorts["memberships"]
        if len(found) == 1:
            return found[0]
        packed = {cut: cohorts.get(cohort_of(cut[0]), KnownCohort("", {})).packed for cut in found}
        return next((cut for cut, text in packed.items() if key in applied_keys(text)), found[0])


@lru_cache
def _first_byte(letters: str) -> int:
    return urlsafe_b64decode(letters + "AA")[0]


def _ends_in_outputs(known: KnownRecord) -> tuple[str, str]:
    return str(known.outputs.get("organization")), str(known.outputs.get("user"))


def _of(record: Record) -> set[_Value]:
    kind: Kind = "organizations" if isinstance(record, Organization) else "users"
    return _values(kind, record.key, fields(record))


def _values(kind: Kind, key: str, values: Mapping[str, Any]) -> set[_Value]:
    """The unique values among the fields of a user or an organization."""
    if kind == "organizations":
        return {("domains", mark("domains", value)) for value in values.get("domains") or ()}
    if kind != "users" or not values.get("email"):
        return set()
    return {(name, mark(name, str(values.get(name) or key))) for name in ("external_id", "email")}


def _values_of_user(key: str, marks: Mapping[str, bytes]) -> set[_Value]:
    own = marks.get("external_id") or mark("external_id", key)
    return {("external_id", own), *([("email", marks["email"])] if "email" in marks else [])}


def _values_of(kind: Kind, key: str, known: KnownRecord) -> set[_Value]:
    if known.applied is None:
        return _values(kind, key, known.outputs)
    if kind == "organizations":
        return {("domains", mark("domains", domain)) for domain in known.applied.domains}
    return _values_of_user(key, split(kind, known.applied.digest)) if kind == "users" else set()
