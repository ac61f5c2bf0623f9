"""The declaration as resources, in graph order: roles, organizations, users, memberships.

Who makes the resources is told from outside: the engine in a run, the rehearsal in a plan. So both have the same graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Generic, Protocol, TypeVar

import pulumi

from providers.directory.differ import items
from providers.directory.model import ORDER, SCHEMAS, Record, fields
from providers.directory.schema import Values
from providers.directory.store import Store
from providers.program.unique_values import Holders
from providers.resources.cohort import COHORT_RESOURCES, CohortResource
from providers.resources.record import RECORD_RESOURCES, RecordResource
from providers.settings import KINDS, RECORD_KINDS, Kind, Settings
from providers.state.applied import Applied, pack
from providers.state.bags import CohortInputs, RecordInputs
from providers.state.cohorts import COHORTS, applied_record, cohort_name, cohort_of
from providers.state.declaration import Declaration
from providers.state.last_state import KnownRecord, LastState


class Placed(Protocol):
    """A resource, or what stands for one: something with an id, which may not be known yet."""

    @property
    def id(self) -> object:
        """The WorkOS id, or a cohort's name."""


R = TypeVar("R", bound=Placed)


class Make(Protocol[R]):
    """Makes the resources of a graph, each after those that it waits for (`awaited`)."""

    def record(self, kind: Kind, key: str, fields: Values, inputs: RecordInputs, awaited: Sequence[R]) -> R:
        """One record."""

    def cohort(self, kind: Kind, name: str, inputs: CohortInputs, awaited: Sequence[R]) -> R:
        """One cohort."""


#: A resource of the engine's.
Declared = RecordResource | CohortResource


class Engine:
    """Hands the resources to the engine."""

    def record(
        self, kind: Kind, key: str, fields: Values, inputs: RecordInputs, awaited: Sequence[Declared]
    ) -> Declared:
        """One record."""
        return RECORD_RESOURCES[kind](key, fields=fields, inputs=inputs, opts=_after(awaited))

    def cohort(self, kind: Kind, name: str, inputs: CohortInputs, awaited: Sequence[Declared]) -> Declared:
        """One cohort."""
        return COHORT_RESOURCES[kind](name, inputs=inputs, opts=_after(awaited))


def _after(awaited: Sequence[Declared]) -> pulumi.ResourceOptions:
    return pulumi.ResourceOptions(depends_on=list(awaited))


class Graph(Generic[R]):
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
        make: Make[R],
    ) -> None:
        """`leaving` is what the last state holds and the directory does not."""
        self._leaving, self._stack, self._make = leaving, stack, make
        self._store, self._last_state, self._declaration, self._settings = store, last_state, declaration, settings
        self.by_key: dict[Kind, dict[str, R]] = {}
        self.by_number: dict[Kind, list[R]] = {}

    def declare(self) -> dict[Kind, list[R]]:
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

    def _all(self, kind: Kind) -> list[R]:
        return [*self.by_key.get(kind, {}).values(), *self.by_number.get(kind, ())]

    def _records(self, kind: Kind, holders: Holders) -> None:
        """One resource a record. Beside users of their own each role waits for the one before: roles are written one
        after the other in any case, and would keep the host's four calls from everybody else.
        """
        known = _held_by_cohorts(self._last_state, kind)
        declared: dict[str, R] = {}
        for record in self._store.records(kind):
            key = record.key
            inputs = RecordInputs(
                holders.of(record) or {},
                pack({key: known[key]}) if key in known else "",
                self._last_state.removed[kind].get(key, ""),
            )
            desired, awaited = self._with_ends(kind, record)
            if kind in RECORD_KINDS and "users" not in self._declaration.texts:
                awaited = list(declared.values())[-1:]
            declared[key] = self._make.record(kind, key, desired, inputs, awaited)
        self.by_key[kind] = declared

    def _with_ends(self, kind: Kind, record: Record) -> tuple[dict[str, object], list[R]]:
        """The fields of a record, and what it waits for; the ids of its ends are among the fields where these are
        resources of their own.
        """
        desired = {**fields(record)}
        roles = self.by_key.get("roles", {})
        awaited = [roles[slug] for slug in items(desired.get("roles")) if slug in roles]
        for name, of in SCHEMAS[kind].ends:
            key = str(desired[name])
            if of in self.by_key:
                desired[f"{name}_id"] = self.by_key[of][key].id
            else:
                awaited.append(self.by_number[of][cohort_of(key)])
        return desired, awaited

    def _cohorts(self, kind: Kind, holders: Holders) -> None:
        """All cohorts of a kind, empty ones too. The first waits for the kinds before, the others for the first: 256
        lists of all others would outgrow what they order. Roles come before all of them: a role would wait for a whole
        cohort where these have taken all calls of the host.
        """
        handed = _held_by_records(self._last_state, kind, self._declaration)
        earlier = ORDER[:-1] if SCHEMAS[kind].ends else ORDER[:1]
        before = [resource for kind_before in earlier for resource in self._all(kind_before)]
        declared: list[R] = []
        by_cohort = holders.by_cohort()
        for number, text in enumerate(self._declaration.texts[kind]):
            inputs = CohortInputs(
                number, self._stack, text, by_cohort.get(number, {}), handed[number] if handed else None
            )
            declared.append(self._make.cohort(kind, cohort_name(kind, number), inputs, declared[:1] or before))
        self.by_number[kind] = declared


def _held_by_records(last_state: LastState, kind: Kind, declaration: Declaration) -> list[str]:
    """What records of their own knew, packed by cohort, for the run in which their kind changes its grain; else []."""
    if not last_state.records[kind]:
        return []
    found: list[dict[str, Applied]] = [{} for _ in range(COHORTS)]
    for key, known in last_state.records[kind].items():
        if known.reached and known.state.origin and declaration.declares(kind, key):
            applied = applied_record(kind, key, known.id, known.state.origin, known.state.values)
            owner, _ = known.state.ends or (key, "")
            found[cohort_of(owner)][key] = applied
    return [pack(records) for records in found]


def _held_by_cohorts(last_state: LastState, kind: Kind) -> Mapping[str, Applied]:
    """What cohorts knew, by key, for the run in which their kind comes into record grain."""
    return {key: applied for cohort in last_state.cohorts[kind].values() for key, applied in cohort.applied().items()}
