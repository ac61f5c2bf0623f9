"""The declaration as resources, in graph order: roles, organizations, users, memberships.

Who makes the resources is told from outside: the engine in a run, the rehearsal in a plan. So both have the same graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pulumi
from pulumi.dynamic import Resource, ResourceProvider

from providers.directory.model import Membership, Record, fields
from providers.directory.store import Store
from providers.program.unique_values import Holders
from providers.resources.cohort import (
    MembershipCohort,
    MembershipCohortProvider,
    OrganizationCohort,
    OrganizationCohortProvider,
    UserCohort,
    UserCohortProvider,
)
from providers.resources.record import (
    Membership as MembershipResource,
)
from providers.resources.record import (
    MembershipProvider,
    Organization,
    OrganizationProvider,
    Role,
    RoleProvider,
    User,
    UserProvider,
)
from providers.settings import KINDS, Kind, Settings
from providers.state.applied import Applied, pack
from providers.state.cohorts import COHORTS, applied_record, cohort_name, cohort_of
from providers.state.declaration import ORDER, Declaration
from providers.state.last_state import KnownRecord, LastState

RECORDS: dict[Kind, tuple[type[Resource], type[ResourceProvider]]] = {
    "roles": (Role, RoleProvider),
    "organizations": (Organization, OrganizationProvider),
    "users": (User, UserProvider),
    "memberships": (MembershipResource, MembershipProvider),
}
COHORT_RESOURCES: dict[Kind, tuple[type[Resource], type[ResourceProvider]]] = {
    "organizations": (OrganizationCohort, OrganizationCohortProvider),
    "users": (UserCohort, UserCohortProvider),
    "memberships": (MembershipCohort, MembershipCohortProvider),
}


class Make(Protocol):
    """Makes one resource of a kind and returns it, or what stands for it: something with an `id`."""

    def __call__(self, kind: Kind, name: str, bag: dict[str, Any], awaited: Sequence[Any], /) -> Any:
        """A cohort's bag has `cohort`; `awaited` are resources that come before it."""


def make_resource(kind: Kind, name: str, bag: dict[str, Any], awaited: Sequence[Any]) -> Resource:
    """Hand it to the engine."""
    resource, provider = (COHORT_RESOURCES if "cohort" in bag else RECORDS)[kind]
    return resource(provider(), name, bag, pulumi.ResourceOptions(depends_on=list(awaited)))


class Graph:
    """The resources of one run by kind: by key, or for a kind in cohorts by the cohort's number."""

    def __init__(
        self,
        store: Store,
        last_state: LastState,
        declaration: Declaration,
        leaving: Mapping[Kind, Mapping[str, KnownRecord]],
        settings: Settings,
        *,
        stack: str,
        make: Make = make_resource,
    ) -> None:
        """`leaving` is what the last state holds and the directory does not."""
        self._leaving, self._stack, self._make = leaving, stack, make
        self._store, self._last_state, self._declaration, self._settings = store, last_state, declaration, settings
        self.by_key: dict[Kind, dict[str, Any]] = {}
        self.by_number: dict[Kind, list[Any]] = {}

    def declare(self) -> dict[Kind, list[Any]]:
        """Every kind in its grain."""
        for kind in ORDER:
            holders = Holders(
                self._store, self._last_state, self._declaration, self._leaving[kind], kind, self._settings
            )
            if kind in self._declaration.texts:
                self._cohorts(kind, holders)
            else:
                self._records(kind, holders)
        return {kind: self._all(kind) for kind in KINDS}

    def _all(self, kind: Kind) -> list[Any]:
        return [*self.by_key.get(kind, {}).values(), *self.by_number.get(kind, ())]

    def _records(self, kind: Kind, holders: Holders) -> None:
        """One resource a record. Beside users of their own each role waits for the one before: roles are written one
        after the other in any case, and would keep the host's four calls from everybody else.
        """
        known = _held_by_cohorts(self._last_state, kind)
        declared: dict[str, Any] = {}
        for record in self._store.records(kind):
            key = record.key
            bag = {**_bag(record), "holders": holders.of(record)}
            if removed := self._last_state.removed[kind].get(key):
                bag["removed_id"] = removed
            if key in known:
                bag["handed"] = pack({key: known[key]})
            awaited: list[Any] = []
            if kind == "roles" and "users" not in self._declaration.texts:
                awaited = list(declared.values())[-1:]
            if isinstance(record, Membership):
                bag |= {"organization": record.organization, "user": record.user}
                awaited = self._ends(record, bag)
            declared[key] = self._make(kind, key, bag, awaited)
        self.by_key[kind] = declared

    def _ends(self, record: Membership, bag: dict[str, Any]) -> list[Any]:
        """What a membership waits for; the ids of its ends go into the bag where they are resources of their own."""
        awaited = [self.by_key["roles"][slug] for slug in record.roles if slug in self.by_key["roles"]]
        ends: tuple[tuple[Kind, str, str], ...] = (
            ("organizations", "organization_id", record.organization),
            ("users", "user_id", record.user),
        )
        for kind, name, key in ends:
            if kind in self.by_key:
                bag[name] = self.by_key[kind][key].id
            else:
                awaited.append(self.by_number[kind][cohort_of(key)])
        return awaited

    def _cohorts(self, kind: Kind, holders: Holders) -> None:
        """All cohorts of a kind, empty ones too. The first waits for the kinds before, the others for the first: 256
        lists of all others would outgrow what they order. Roles come before all of them: a role would wait for a whole
        cohort where these have taken all calls of the host.
        """
        handed = _held_by_records(self._last_state, kind, self._declaration)
        earlier = ORDER[:-1] if kind == "memberships" else ORDER[:1]
        before = [resource for kind_before in earlier for resource in self._all(kind_before)]
        declared: list[Any] = []
        by_cohort = holders.by_cohort()
        for number, text in enumerate(self._declaration.texts[kind]):
            bag: dict[str, Any] = {
                "cohort": number,
                "stack": self._stack,
                "records": text,
                "holders": by_cohort.get(number),
                "handed": handed[number] if handed else None,
                "setbacks": None,
            }
            declared.append(self._make(kind, cohort_name(kind, number), bag, declared[:1] or before))
        self.by_number[kind] = declared


def setback_of(resource: Any) -> Any:
    """The output of a record or a cohort that says what did not reach WorkOS."""
    return resource.setbacks if hasattr(resource, "setbacks") else resource.failure


def _bag(record: Record) -> dict[str, Any]:
    """A resource's inputs: the fields that hold something, and the output that says how it went."""
    return {**{name: value for name, value in fields(record).items() if value not in (None, {}, [])}, "failure": None}


def _held_by_records(last_state: LastState, kind: Kind, declaration: Declaration) -> list[str]:
    """What records of their own knew, packed by cohort, for the run in which their kind changes its grain; else []."""
    if not last_state.records[kind]:
        return []
    found: list[dict[str, Applied]] = [{} for _ in range(COHORTS)]
    for key, known in last_state.records[kind].items():
        if known.reached and known.outputs.get("origin") and declaration.declares(kind, key):
            applied = applied_record(kind, key, known.id, str(known.outputs["origin"]), known.outputs)
            owner = str(known.outputs["organization"]) if kind == "memberships" else key
            found[cohort_of(owner)][key] = applied
    return [pack(records) for records in found]


def _held_by_cohorts(last_state: LastState, kind: Kind) -> Mapping[str, Applied]:
    """What cohorts knew, by key, for the run in which their kind comes into record grain."""
    return {key: applied for cohort in last_state.cohorts[kind].values() for key, applied in cohort.applied().items()}
