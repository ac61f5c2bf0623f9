"""What the stack held before this run, read from its own state."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from providers.directory.differ import text
from providers.directory.model import SCHEMAS, cuts
from providers.directory.schema import Values
from providers.settings import COHORT_KINDS, KINDS, Kind
from providers.state.applied import Applied, applied_ids, applied_keys, unpack
from providers.state.bags import Bag, CohortInputs, CohortOutputs, RecordState, Target
from providers.state.cohorts import applied_fields, cohort_of, mark, split
from providers.state.declaration import Declaration
from providers.state.journal import Left

_TYPE = "pulumi-python:dynamic/workos:"
#: The kinds of records and of cohorts, by type token.
_TYPES = {f"{_TYPE}{schema.record.__name__}": kind for kind, schema in SCHEMAS.items()}
_COHORT_TYPES = {f"{_TYPE}{SCHEMAS[kind].record.__name__}Cohort": kind for kind in COHORT_KINDS}
_VERDICT = f"{_TYPE}Verdict"
#: Objects between two places at which a list is begun: 20 pages.
_APART = 2_000


@dataclass(frozen=True, slots=True)
class KnownRecord:
    """One record of the last state."""

    id: str
    state: RecordState = field(default_factory=RecordState)
    #: In a cohort: what was applied.
    applied: Applied | None = None

    @property
    def reached(self) -> bool:
        """Is it in WorkOS, as far as the state knows?"""
        return not self.id.startswith(("failed:", "pending:"))


@dataclass(frozen=True, slots=True)
class KnownCohort:
    """One cohort of the last state: its text, and its outputs."""

    text: str
    outputs: CohortOutputs

    @property
    def packed(self) -> str:
        """What was applied, packed."""
        return self.outputs.applied

    @property
    def whole(self) -> bool:
        """Was all of the text applied?"""
        return bool(self.outputs.text)

    def applied(self) -> dict[str, Applied]:
        """What was applied, by key."""
        return unpack(self.packed)

    def retained(self) -> dict[str, Applied]:
        """What left the export and WorkOS keeps, by key."""
        return unpack(self.outputs.retained or "")


@dataclass(slots=True)
class LastState:
    """The last state, by kind and logical name, and its cohorts by kind and number; empty for a new stack."""

    records: dict[Kind, dict[str, KnownRecord]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    cohorts: dict[Kind, dict[int, KnownCohort]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    target: Target = field(default_factory=Target)
    #: WorkOS ids of records whose object an earlier run removed or switched off, while the engine kept its resource.
    removed: dict[Kind, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    #: Records that left in an earlier run and whose object WorkOS keeps, while the engine kept their resource.
    retained: dict[Kind, set[str]] = field(default_factory=lambda: {kind: set() for kind in KINDS})
    #: Kind and WorkOS id of those among them that are declared again.
    returned: list[tuple[Kind, str]] = field(default_factory=list)
    _held_ids: dict[Kind, set[str]] = field(default_factory=dict)
    #: Operations of a killed run, of which the engine does not know how they ended.
    interrupted: int = 0
    _last: tuple[tuple[Kind, int] | None, dict[str, Applied]] = field(default=(None, {}))

    @property
    def is_empty(self) -> bool:
        """Does the stack know nothing at all, as after `pulumi stack init` or a first run that was killed?"""
        return not any(self.records.values()) and not any(self.cohorts.values())

    def lives(self) -> set[str]:
        """The lives of the stack that the state names; one, or none in a state of an earlier Ferry."""
        cohorts = (cohort for cohorts in self.cohorts.values() for cohort in cohorts.values())
        return {self.target.life, *(cohort.outputs.life for cohort in cohorts)} - {""}

    def holds(self, kind: Kind, id_: str) -> bool:
        """Is there a resource of its own for this WorkOS id?"""
        if kind not in self._held_ids:
            ids = {record.id for record in self.records[kind].values()} | set(self.removed[kind].values())
            self._held_ids[kind] = ids
        return id_ in self._held_ids[kind]

    def settle(self, left: Iterable[Left], declares: Callable[[Kind, str], bool] = lambda *_: False) -> None:
        """Take note of leavers that earlier runs dealt with: after an error the engine keeps their resources.

        A record that WorkOS kept and the directory `declares` again has not left.
        """
        names = {(kind, record.id): name for kind, known in self.records.items() for name, record in known.items()}
        for leaver in left:
            name = names.get((leaver.kind, leaver.id))
            if name is None:
                continue
            if leaver.removal == "retain" and declares(leaver.kind, name):
                self.returned.append((leaver.kind, leaver.id))
            elif leaver.removal == "retain":
                self.retained[leaver.kind].add(name)
            else:
                self.removed[leaver.kind][name] = self.records[leaver.kind].pop(name).id

    def in_cohorts(self) -> set[Kind]:
        """The kinds that there are cohorts of."""
        return {kind for kind, cohorts in self.cohorts.items() if cohorts}

    def count(self, kind: Kind) -> int:
        """The records of a kind that reached WorkOS."""
        reached = (record.reached for name, record in self.records[kind].items() if name not in self.retained[kind])
        return sum(reached) + sum(len(applied_keys(cohort.packed)) for cohort in self.cohorts[kind].values())

    def spread(self, kind: Kind, organization: str = "") -> list[str]:
        """WorkOS ids of a kind, one of every 2,000, in the order in which the objects were made; of memberships those
        of one organization.
        """
        of = f"{organization}/" if kind == "memberships" else ""
        if of:
            ids = [record.id for key, record in self.records[kind].items() if record.reached and key.startswith(of)]
            members = self._unpacked(kind, cohort_of(organization))
            ids += [member.id for key, member in members.items() if key.startswith(of)]
        else:
            ids = list(self.ids(kind))
        return _apart(ids)

    def ids(self, kind: Kind) -> Iterator[str]:
        """The WorkOS ids of a kind."""
        yield from (record.id for record in self.records[kind].values() if record.reached)
        for cohort in self.cohorts[kind].values():
            yield from applied_ids(cohort.packed)

    def id_of(self, kind: Kind, key: str) -> str:
        """The WorkOS id of a record, '' if the state knows none."""
        known = self.records[kind].get(key)
        if known is not None:
            return known.id if known.reached else ""
        found = self._found(kind, key)
        return found.id if found else ""

    def applied(self, kind: Kind, key: str, beside: Values) -> Values | None:
        """Returns the fields that were applied to a record, origin included; None if nothing is known. In a cohort a
        value is known only where it equals that of `beside` (see `applied_fields`).
        """
        if (known := self.records[kind].get(key)) is not None:
            return known.state.values if known.reached else None
        found = self._found(kind, key)
        return {**applied_fields(kind, key, found, beside), "origin": found.origin} if found else None

    def written_secrets(self) -> Iterator[dict[str, dict[str, bytes]]]:
        """Users in batches: by key and write-only field the mark of what was applied."""
        yield {
            key: {
                name: mark(name, known.state.values[name])
                for name in SCHEMAS["users"].secrets
                if known.state.values.get(name)
            }
            for key, known in self.records["users"].items()
            if known.reached
        }
        for cohort in self.cohorts["users"].values():
            yield {key: split("users", applied.digest) for key, applied in cohort.applied().items()}

    def _found(self, kind: Kind, key: str) -> Applied | None:
        """A record of a cohort."""
        owners = {organization for organization, _ in cuts(key)} if kind == "memberships" else {key}
        found = (self._unpacked(kind, cohort_of(owner)).get(key) for owner in sorted(owners))
        return next((applied for applied in found if applied), None)

    def _unpacked(self, kind: Kind, number: int) -> dict[str, Applied]:
        """One cohort's records; the last one that was asked for is kept."""
        if self._last[0] != (kind, number):
            cohort = self.cohorts[kind].get(number)
            self._last = (kind, number), cohort.applied() if cohort else {}
        return self._last[1]

    def kept(self, kind: Kind) -> dict[str, KnownRecord]:
        """What left in earlier runs and WorkOS keeps, by key."""
        records = {name: self.records[kind][name] for name in self.retained[kind]}
        for cohort in self.cohorts[kind].values():
            records |= {key: KnownRecord(applied.id, applied=applied) for key, applied in cohort.retained().items()}
        return records

    def gone(self, kind: Kind, declaration: Declaration) -> dict[str, KnownRecord]:
        """The records of a kind that reached WorkOS and that the directory no longer declares."""
        gone = {
            name: known
            for name, known in self.records[kind].items()
            if known.reached and name not in self.retained[kind] and not declaration.declares(kind, name)
        }
        for number, cohort in self.cohorts[kind].items():
            if cohort.whole and cohort.text == declaration.text(kind, number):
                continue
            left = declaration.undeclared(kind, number, applied_keys(cohort.packed))
            if left:
                applied = cohort.applied()
                gone |= {key: KnownRecord(applied[key].id, applied=applied[key]) for key in left}
        return gone


def spread(objects: Iterable[tuple[Kind, str]], kind: Kind) -> list[str]:
    """WorkOS ids of a kind among these, one of every 2,000; of memberships none, whose lists are by organization."""
    return _apart([id_ for of, id_ in objects if of == kind and kind != "memberships"])


def _apart(ids: list[str]) -> list[str]:
    return sorted(ids)[_APART - 1 :: _APART]


def parse_last_state(exported: Bag) -> LastState:
    """The records of an exported deployment; resources that are about to be deleted already do not count."""
    deployment = exported.get("deployment")
    resources, pending = _listed(deployment, "resources"), _listed(deployment, "pending_operations")
    last_state = LastState(interrupted=len(pending))
    for resource in resources:
        type_, name = text(resource.get("type")), text(resource["urn"]).split("::", 3)[3]
        outputs = _bag(resource.get("outputs"))
        if resource.get("delete"):
            continue
        if kind := _TYPES.get(type_):
            last_state.records[kind][name] = KnownRecord(text(resource.get("id")), RecordState.of(outputs))
        elif kind := _COHORT_TYPES.get(type_):
            inputs = CohortInputs.of(_bag(resource.get("inputs")))
            last_state.cohorts[kind][inputs.number] = KnownCohort(inputs.records, CohortOutputs.of(outputs))
        elif type_ == _VERDICT:
            last_state.target = Target.of(outputs)
    return last_state


def _bag(value: object) -> Bag:
    return value if isinstance(value, dict) else {}


def _listed(deployment: object, name: str) -> list[Bag]:
    found = _bag(deployment).get(name)
    return found if isinstance(found, list) else []
