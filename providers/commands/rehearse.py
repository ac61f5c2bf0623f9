"""What `pulumi up` would do, found by doing it: the same graph and the same providers, over a WorkOS in memory.

It does what the engine does with the program's resources: check and diff each, create, update or replace it in graph
order, then the verdict, then delete what is no longer declared, unless something failed.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import redirect_stderr
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from providers.commands.opened_stack import OpenedStack
from providers.directory.model import ORDER
from providers.directory.schema import Values
from providers.directory.store import Store
from providers.program.brake import brake, leavers
from providers.program.graph import Graph
from providers.program.resume import begin_journal, settle_leavers
from providers.resources.cohort import COHORT_RESOURCES, CohortProvider
from providers.resources.host import Host
from providers.resources.progress import Progress
from providers.resources.record import RECORD_RESOURCES, RecordProvider
from providers.resources.removal import finish
from providers.resources.setback import Setback
from providers.settings import KINDS, Kind
from providers.state.bags import Bag, CohortInputs, CohortOutputs, RecordInputs, RecordState
from providers.state.declaration import Declaration, declaration
from providers.state.journal import Journal, journal_path
from providers.state.last_state import KnownCohort, KnownRecord, LastState
from providers.workos.census import Lists
from providers.workos.client import Door
from providers.workos.rehearsal.census import RehearsedCensus
from providers.workos.rehearsal.door import Rehearsal

_Result = TypeVar("_Result")


class Made(NamedTuple):
    """A resource after its turn."""

    id: str


@dataclass
class Rehearsed:
    """How the run would end."""

    leaving: Mapping[Kind, Mapping[str, KnownRecord]]
    setbacks: Mapping[tuple[Kind, str], Setback]
    #: The state after the run.
    after: LastState


def rehearse(stack: OpenedStack, door: Rehearsal, project: Path) -> Rehearsed:
    """Run the stack against the rehearsal's WorkOS. Raises Brake if the run would be stopped before its first write."""
    return run(stack, RehearsedHost(stack, door, RehearsedCensus(door), project))


def run(stack: OpenedStack, here: Host) -> Rehearsed:
    """Run the stack with the providers of this host, in this process and without the engine. Raises Brake likewise."""
    return _Run(stack, here).run()


class _Run:
    """Makes the resources of a graph, as `program.graph.Make` has it."""

    def __init__(self, stack: OpenedStack, here: Host) -> None:
        self._stack, self._host = stack, here
        self._last_state, self._after = stack.last_state, LastState()
        self._replaced: list[tuple[Kind, KnownRecord]] = []

    def run(self) -> Rehearsed:
        store, settings, last_state = self._stack.store, self._stack.settings, self._last_state
        declared = declaration(store, last_state.in_cohorts, settings)
        settle_leavers(self._host.journal, last_state, declared)
        leaving = {kind: last_state.gone(kind, declared) for kind in KINDS}
        brake(last_state, leaving, store, settings)
        begin_journal(self._host.journal, last_state)
        with redirect_stderr(io.StringIO()):
            Graph(store, last_state, declared, leaving, settings, stack=self._stack.name, make=self).declare()
            self._host.leaving = leavers(leaving)
            finish(self._host)
            if not self._host.setbacks:
                self._delete(declared)
        return Rehearsed(leaving, self._host.setbacks, self._after)

    def cohort(self, kind: Kind, name: str, inputs: CohortInputs, _awaited: Sequence[Made]) -> Made:
        """Checked, and where it changes, created or updated."""
        provider, news = self._of_cohorts(kind), _sent(inputs.bag())
        known = self._last_state.cohorts[kind].get(inputs.number)
        provider.check({"records": known.text} if known else {}, news)
        if known is None:
            outputs = CohortOutputs.of(provider.create(news).outs or {})
        elif provider.diff(name, known.outputs.bag(), news).changes:
            outputs = CohortOutputs.of(provider.update(name, known.outputs.bag(), news).outs or {})
        else:
            outputs = known.outputs
        self._after.cohorts[kind][inputs.number] = KnownCohort(inputs.records, outputs)
        return Made(name)

    def record(self, kind: Kind, key: str, fields: Values, inputs: RecordInputs, _awaited: Sequence[Made]) -> Made:
        """Checked, and where it changes, created, updated or replaced."""
        provider, news = self._of_records(kind), _sent(inputs.bag(fields))
        known = self._last_state.records[kind].get(key)
        olds = known.state.bag() if known else {}
        provider.check(olds, news)
        step = provider.diff(known.id, olds, news) if known else None
        if known is None or step is None or step.replaces:
            if known and step and step.delete_before_replace:
                provider.delete(known.id, olds)
            elif known:
                self._replaced.append((kind, known))
            created = provider.create(news)
            now = KnownRecord(str(created.id), RecordState.of(created.outs or {}))
        elif step.changes:
            now = KnownRecord(known.id, RecordState.of(provider.update(known.id, olds, news).outs or {}))
        else:
            now = known
        self._after.records[kind][key] = now
        return Made(now.id)

    def _delete(self, declared: Declaration) -> None:
        for kind in reversed(ORDER):
            gone = [
                known for name, known in self._last_state.records[kind].items() if name not in self._after.records[kind]
            ]
            for known in [*(old for of, old in self._replaced if of == kind), *gone]:
                self._of_records(kind).delete(known.id, known.state.bag())
            if kind in declared.texts or kind not in COHORT_RESOURCES:
                continue
            for cohort in self._last_state.cohorts[kind].values():
                self._of_cohorts(kind).delete("", cohort.outputs.bag())

    def _of_records(self, kind: Kind) -> RecordProvider:
        provider = RECORD_RESOURCES[kind].provider()
        provider.host = self._host
        return provider

    def _of_cohorts(self, kind: Kind) -> CohortProvider:
        provider = COHORT_RESOURCES[kind].provider()
        provider.host = self._host
        return provider


def _sent(bag: Bag) -> dict[str, object]:
    """Inputs as a provider gets them: what is null does not travel."""
    return {name: value for name, value in bag.items() if value is not None}


class RehearsedHost(Host):
    """A host of an `up` whose journal and threads are of no consequence; what its WorkOS is, the door says."""

    def __init__(self, opened: OpenedStack, door: Door, census: Lists, project: Path) -> None:
        super().__init__(opened.settings, project)
        self.stack = opened.name
        self._opened, self._given_door, self._given_census = opened, door, census

    @cached_property
    def store(self) -> Store:
        """The store that is open."""
        return self._opened.store

    @cached_property
    def door(self) -> Door:
        """As it was given."""
        return self._given_door

    @cached_property
    def census(self) -> Lists:
        """As it was given."""
        return self._given_census

    @cached_property
    def pool(self) -> Executor:
        """One thing after the other."""
        return _OneAfterTheOther()

    @cached_property
    def progress(self) -> Progress:
        """Nobody watches."""
        return Progress(lambda _: None, lambda: self.door.pace)

    @cached_property
    def journal(self) -> Journal:
        """As a run would find it."""
        key, base_url = self.settings.require_access()
        return _JournalToRead(journal_path(self.project, self._opened.name, base_url, key))

    @cached_property
    def destroys(self) -> bool:
        """It is an `up`."""
        return False

    @cached_property
    def is_targeted(self) -> bool:
        """Of the whole stack."""
        return False

    def hold_run(self) -> str:
        """Nothing runs."""
        return self._opened.name

    def is_stopping(self) -> bool:
        """An order to stop is for the run that is under way."""
        return self.fatal is not None


class _JournalToRead(Journal):
    """What a killed run has written counts; nothing is written."""

    def _append(self, value: object) -> None:
        """Not written down."""

    def _move_file(self, to: Path | None) -> None:
        """The file stays where it is."""


class _OneAfterTheOther(Executor):
    """Does each thing when it is submitted: so a rehearsal is the same each time."""

    def submit(self, fn: Callable[..., _Result], /, *args: Any, **kwargs: Any) -> Future[_Result]:
        """A future that is done."""
        future: Future[_Result] = Future()
        future.set_result(fn(*args, **kwargs))
        return future

    def map(self, fn: Callable[..., _Result], *iterables: Iterable[Any], **_: Any) -> Iterator[_Result]:
        """As the builtin, at once."""
        return iter([fn(*each) for each in zip(*iterables, strict=False)])
