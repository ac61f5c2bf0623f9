"""Is everything in WorkOS as the directory says? Every record and every field that WorkOS gives out, compared once.

What is equal is decided by the one differ. Objects that the directory does not know (retained, or signed up in WorkOS)
are unmanaged: counted, and no difference. Passwords and authenticators cannot be read back: what the last state says
was written is held against the directory.

A record's object is the one that has its external id; if none has, the one whose WorkOS id the last state knows, unless
that is by its external id another declared record's. So an external id that somebody changed is a difference like any
other, and the user's memberships stay the user's.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

from providers.directory.differ import changes, is_doubtful, items, text, unequal
from providers.directory.model import SCHEMAS, Membership, Organization, Record, User, fields
from providers.directory.schema import Values
from providers.directory.store import Store
from providers.reports.verification import MISSING, Difference, Verification, Why
from providers.settings import KINDS, RECORD_KINDS, Kind
from providers.state.cohorts import cohort_of, mark
from providers.workos.memberships import DEFAULT_ROLE

#: Records that are read once more by their ids, at the most.
MOST_AGAIN = 1_000


class Live(Protocol):
    """WorkOS, listed (`Census`)."""

    def organizations(self) -> Mapping[str, Values]:
        """Every organization by WorkOS id."""

    def each_user(self) -> Iterator[Values]:
        """Every user; one may come twice."""

    def each_organization(self, organizations: Sequence[str]) -> Iterator[tuple[str, Sequence[Values]]]:
        """These organizations with their memberships."""

    def by_id(self, kind: Kind, id_: str) -> Values | None:
        """One object by its id, as it is now."""


class LastState(Protocol):
    """What Ferry knows to have applied (`LastState`)."""

    def ids(self, kind: Kind) -> Iterator[str]:
        """The WorkOS ids of a kind."""

    def id_of(self, kind: Kind, key: str) -> str:
        """The WorkOS id of a record, '' if nothing is known."""

    def applied(self, kind: Kind, key: str, beside: Values) -> Values | None:
        """The fields that were applied to a record, as far as they are those of `beside`; None: nothing is known."""

    def written_secrets(self) -> Iterator[Mapping[str, Mapping[str, bytes]]]:
        """Users in batches: by key and write-only field the mark of what was applied."""


class _KnownIds:
    """WorkOS ids in 8 bytes each. Another id seems to be among them once in 2^64 times, and is then no record's."""

    def __init__(self, ids: Iterable[str]) -> None:
        self._hashes = array("q", sorted(map(hash, ids)))

    def __contains__(self, id_: str) -> bool:
        at = bisect_left(self._hashes, hash(id_))
        return at < len(self._hashes) and self._hashes[at] == hash(id_)


class _Doubt(NamedTuple):
    """A live object that has something only the last state can judge."""

    kind: Kind
    key: str
    live: Values


class Verifier:
    """Compares one directory with WorkOS."""

    def __init__(
        self,
        store: Store,
        live: Live,
        state: LastState,
        looked_at: Callable[[Kind], None] = lambda _: None,
        *,
        repairs: bool = False,
    ) -> None:
        """`looked_at` hears of each live object that was looked at; `repairs` is `ferry:onDrift` repair."""
        self._store, self._live, self._state, self._looked_at = store, live, state, looked_at
        self._repairs = repairs
        self._doubts: list[_Doubt] = []
        self._different: dict[tuple[Kind, str], dict[str, tuple[object, object]]] = {}
        #: Of records that are not as declared: the key their cohort goes by, and their object's id if it was listed.
        self._owners: dict[tuple[Kind, str], str] = {}
        self._ids: dict[tuple[Kind, str], str] = {}
        #: How many memberships were listed of users who were not.
        self._strangers: Counter[str] = Counter()
        self.result = Verification()
        #: WorkOS ids of the declared users that are there, with their keys.
        self.users: dict[str, str] = {}
        self.organizations: dict[str, str] = {}

    def verify(self, environment: Mapping[Kind, Mapping[str, Values]]) -> Verification:
        """The comparison; `environment` are WorkOS's objects of the kinds that are one list each, by key
        (`listed_at_once`). Raises WorkOSFault.
        """
        for kind, there in environment.items():
            for record in self._store.records(kind):
                self._meet(kind, record, there.get(record.key))
            self.result.counts[kind].unmanaged = len(set(there) - set(self._store.keys(kind)))
        self._verify_organizations()
        self._verify_users()
        self._verify_memberships()
        self._settle_doubts()
        self._look_again()
        self._verify_secrets()
        for kind, key in sorted(self._owners, key=lambda owner: (owner[0], cohort_of(self._owners[owner]))):
            found = self._different.get((kind, key), {})
            self.result.counts[kind].different += bool(found)
            self.result.counts[kind].missing += not found
            what = "different" if found else MISSING
            why = self._why(kind, key, is_there=bool(found))
            kept = why == "changed in WorkOS" and "external_id" not in found and not self._repairs
            self.result.differences.append(Difference(kind, key, what, found, why, kept))
        for kind, count in self.result.counts.items():
            count.declared = self._store.totals()[kind]
            count.equal = count.declared - count.different - count.missing
        self.result.differences.sort(key=lambda difference: (KINDS.index(difference.kind), difference.key))
        return self.result

    def _verify_organizations(self) -> None:
        everything = self._live.organizations()
        live = {text(there["external_id"]): there for there in everything.values() if there["external_id"]}
        missing = []
        for record in self._store.records("organizations"):
            there = live.get(record.external_id)
            if there is None:
                missing.append(record.key)
                continue
            self.organizations[text(there["id"])] = record.external_id
            self._meet("organizations", record, there)
        others = {id_: there for id_, there in everything.items() if id_ not in self.organizations}
        for found, there in self._known_by_id("organizations", missing, others):
            self.organizations[text(there["id"])] = found.key
            self._meet("organizations", found, there)
        self.result.counts["organizations"].unmanaged = len(everything) - len(self.organizations)

    def _verify_users(self) -> None:
        unmanaged: set[str] = set()
        known: _KnownIds | None = None
        others: dict[str, Values] = {}
        for there in self._live.each_user():
            id_ = text(there["id"])
            if id_ in self.users or id_ in unmanaged:
                continue
            record = self._store.user_by_external_id(text(there["external_id"])) if there["external_id"] else None
            if record is None:
                unmanaged.add(id_)
                known = known or _KnownIds(self._state.ids("users"))
                if id_ in known:
                    others[id_] = there
            else:
                self.users[id_] = record.key
            self._meet("users", record, there)
        there_are = set(self.users.values())
        missing = (key for key in self._store.keys("users") if key not in there_are)
        for found, there in self._known_by_id("users", missing, others):
            self.users[text(there["id"])] = found.key
            unmanaged.discard(text(there["id"]))
            self._compare("users", found, there)
        self.result.counts["users"].unmanaged = len(unmanaged)

    def _known_by_id(
        self, kind: Kind, missing: Iterable[str], others: dict[str, Values]
    ) -> Iterator[tuple[Record, Values]]:
        """Yields the records of these keys whose object is among `others`, by the WorkOS id that the last state knows.
        The other keys are noted as missing.

        Cohort by cohort, since the state of one is unpacked as a whole.
        """
        for key in sorted(missing, key=cohort_of) if others else missing:
            live = others.get(self._state.id_of(kind, key)) if others else None
            record = self._store.record(kind, key) if live else None
            if live is None or record is None:
                self._miss(kind, key)
            else:
                yield record, live

    def _verify_memberships(self) -> None:
        count = self.result.counts["memberships"]
        for id_, live in self._live.each_organization(list(self.organizations)):
            declared = {
                membership.user: membership for membership in self._store.memberships_of(self.organizations[id_])
            }
            for there in live:
                user = self.users.get(text(there["user_id"]))
                record = declared.pop(user or "", None)
                count.unmanaged += record is None
                self._strangers[text(there["user_id"])] += user is None
                self._meet("memberships", record, there)
            for record in declared.values():
                self._miss("memberships", record.key, record.organization)
        for external_id in set(self._store.keys("organizations")) - set(self.organizations.values()):
            for record in self._store.memberships_of(external_id):
                self._miss("memberships", record.key, external_id)

    def _meet(self, kind: Kind, record: Record | None, live: Values | None) -> None:
        """Compare a record with the object that it should be; either may be missing."""
        if live is not None:
            self._looked_at(kind)
        if record is None:
            return
        if live is None:
            self._miss(kind, record.key)
        else:
            self._compare(kind, record, live)

    def _compare(self, kind: Kind, record: Record, live: Values) -> None:
        desired = fields(record)
        self._note(kind, record.key, desired, live, None)
        only_default = kind == "memberships" and [*items(live["roles"])] == [DEFAULT_ROLE]
        if SCHEMAS[kind].keeps_found or (not only_default and is_doubtful(kind, desired, live)):
            self._doubts.append(_Doubt(kind, record.key, live))

    def _note(self, kind: Kind, key: str, desired: Values, live: Values, applied: Values | None) -> None:
        found = unequal(kind, desired, live, applied)
        if found:
            self._different.setdefault((kind, key), {}).update(
                {change.field: (change.new, change.old) for change in found}
            )
            self._owners[kind, key] = self._owner(kind, key, live)
            self._ids[kind, key] = text(live["id"])

    def _owner(self, kind: Kind, key: str, live: Values) -> str:
        """The key that decides about the cohort: of a membership that of its organization."""
        return self.organizations[text(live["organization_id"])] if SCHEMAS[kind].ends else key

    def _miss(self, kind: Kind, key: str, owner: str = "") -> None:
        self._owners[kind, key] = owner or key

    def _why(self, kind: Kind, key: str, *, is_there: bool) -> Why:
        record = self._store.record(kind, key)
        desired = fields(record) if record else {}
        applied = self._state.applied(kind, key, desired)
        if not is_there:
            return "removed in WorkOS" if applied else "not written yet"
        return "changed in WorkOS" if applied and not changes(kind, desired, applied) else "not written yet"

    def _settle_doubts(self) -> None:
        """Cohort by cohort, since the state of one is unpacked as a whole."""
        by_cohort: dict[tuple[Kind, int], list[_Doubt]] = defaultdict(list)
        for doubt in self._doubts:
            by_cohort[doubt.kind, cohort_of(self._owner(*doubt))].append(doubt)
        for doubts in by_cohort.values():
            for kind, key, live in doubts:
                record, applied = self._store.record(kind, key), self._state.applied(kind, key, live)
                if record is not None and applied is not None:
                    self._note(kind, key, fields(record), live, applied)

    def _look_again(self) -> None:
        """Read what seems different by its id: a list may lag behind the last writes, or be read while somebody writes.

        Nothing is read if more than MOST_AGAIN seem different: lists do not lag behind by that many.
        """
        if len(self._owners) > MOST_AGAIN:
            return
        for kind, key in sorted(self._owners, key=lambda owner: (KINDS.index(owner[0]), owner[1])):
            id_ = self._ids.get((kind, key)) or self._state.id_of(kind, key)
            record = self._store.record(kind, key)
            live = self._live.by_id(kind, id_) if id_ and kind not in RECORD_KINDS else None
            if record is None or live is None or not self._is(record, live):
                continue
            del self._owners[kind, key]
            self._different.pop((kind, key), None)
            if isinstance(record, User) and id_ not in self.users:
                self.users[id_] = key
                self.result.counts["memberships"].unmanaged -= self._strangers.pop(id_, 0)
            if isinstance(record, Organization):
                self.organizations[id_] = key
            self._note(kind, key, fields(record), live, self._state.applied(kind, key, live))

    def _is(self, record: Record, live: Values) -> bool:
        """Does this object, whose id the last state knows for the record, still belong to it?"""
        if isinstance(record, Membership):
            ends = self.organizations.get(text(live["organization_id"])), self.users.get(text(live["user_id"]))
            return ends == (record.organization, record.user)
        of = self._store.user_by_external_id if isinstance(record, User) else self._store.organization_by_external_id
        owner = of(text(live["external_id"])) if live["external_id"] else None
        return owner is None or owner.key == record.key

    def _verify_secrets(self) -> None:
        """Compare the marks of the secrets that were written with those declared, except of users who are missing."""
        missing = {key for kind, key in self._owners if kind == "users" and (kind, key) not in self._different}
        known = 0
        for batch in self._state.written_secrets():
            for key, declared in self._store.secrets_of(list(batch)):
                known += 1
                for name, fingerprint in declared.items():
                    if mark(name, fingerprint) != batch[key].get(name) and key not in missing:
                        self._different.setdefault(("users", key), {})[name] = ("declared", "not written")
                        self._owners["users", key] = key
        totals = self._store.totals()
        self.result.secrets = {"password": totals["passwords"], "totp": totals["totps"]}
        self.result.unknown_secrets = self._store.count_with_secrets() - known
