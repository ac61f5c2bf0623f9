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
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from providers.commands.opened_stack import OpenedStack
from providers.program.brake import brake, leaving_bags
from providers.program.graph import COHORT_RESOURCES, RECORDS, Graph
from providers.program.resume import begin_journal, settle_leavers
from providers.resources.host import Host, used_host
from providers.resources.progress import Progress
from providers.resources.removal import finish
from providers.resources.setback import Setback
from providers.settings import KINDS, Kind
from providers.state.declaration import ORDER, Declaration, declaration
from providers.state.journal import Journal, journal_path
from providers.state.last_state import KnownCohort, KnownRecord, LastState
from providers.workos.census import Found
from providers.workos.rehearsal.census import RehearsedCensus
from providers.workos.rehearsal.door import Rehearsal

Bag = dict[str, Any]
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
    return run(stack, RehearsedHost(stack, door, project))


def run(stack: OpenedStack, here: Host) -> Rehearsed:
    """Run the stack with the providers of this host, in this process and without the engine. Raises Brake likewise."""
    return _Run(stack, here).run()


class _Run:
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
        with redirect_stderr(io.StringIO()), used_host(self._host):
            Graph(store, last_state, declared, leaving, settings, stack=self._stack.name, make=self._make).declare()
            self._host.leaving = leaving_bags(leaving)
            finish(self._host)
            if not self._host.setbacks:
                self._delete(declared)
        return Rehearsed(leaving, self._host.setbacks, self._after)

    def _make(self, kind: Kind, name: str, bag: Bag, _awaited: Sequence[Any]) -> Made:
        news = {key: value for key, value in bag.items() if value is not None}
        return self._make_cohort(kind, name, news) if "cohort" in bag else self._make_record(kind, name, news)

    def _make_cohort(self, kind: Kind, name: str, news: Bag) -> Made:
        provider, number = COHORT_RESOURCES[kind][1](), news["cohort"]
        cohort = self._last_state.cohorts[kind].get(number)
        provider.check({"records": cohort.text} if cohort else {}, news)
        if cohort is None:
            outputs = provider.create(news).outs or {}
        elif provider.diff(name, dict(cohort.outputs), news).changes:
            outputs = provider.update(name, dict(cohort.outputs), news).outs or {}
        else:
            outputs = dict(cohort.outputs)
        self._after.cohorts[kind][number] = KnownCohort(news.get("records") or "", outputs)
        return Made(name)

    def _make_record(self, kind: Kind, name: str, news: Bag) -> Made:
        provider, known = RECORDS[kind][1](), self._last_state.records[kind].get(name)
        provider.check(known.outputs if known else {}, news)
        step = provider.diff(known.id, known.outputs, news) if known else None
        if known is None or step is None or step.replaces:
            if known and step and step.delete_before_replace:
                provider.delete(known.id, known.outputs)
            elif known:
                self._replaced.append((kind, known))
            created = provider.create(news)
            now = KnownRecord(created.id, created.outs or {})
        elif step.changes:
            now = KnownRecord(known.id, provider.update(known.id, known.outputs, news).outs or {})
        else:
            now = known
        self._after.records[kind][name] = now
        return Made(now.id)

    def _delete(self, declared: Declaration) -> None:
        for kind in reversed(ORDER):
            records = RECORDS[kind][1]()
            gone = [
                known for name, known in self._last_state.records[kind].items() if name not in self._after.records[kind]
            ]
            for known in [*(old for of, old in self._replaced if of == kind), *gone]:
                records.delete(known.id, known.outputs)
            if kind in declared.texts or kind not in COHORT_RESOURCES:
                continue
            for cohort in self._last_state.cohorts[kind].values():
                COHORT_RESOURCES[kind][1]().delete("", dict(cohort.outputs))


class RehearsedHost(Host):
    """A host of an `up` whose WorkOS, journal and threads are of no consequence."""

    def __init__(self, stack: OpenedStack, door: Rehearsal, project: Path) -> None:
        super().__init__(stack.settings, project)
        self.stack = stack.name
        census: Any = RehearsedCensus(door)
        self.__dict__ |= {
            "store": stack.store,
            "door": door,
            "pool": _OneAfterTheOther(),
            "census": census,
            "found": Found(census, by_email=stack.settings.adopt == "email"),
            "progress": Progress(lambda _: None, lambda: door.pace),
            "journal": _journal(stack, project),
            "destroys": False,
            "is_targeted": False,
        }

    def hold_run(self) -> str:
        """Nothing runs."""
        return self.stack

    def is_stopping(self) -> bool:
        """An order to stop is for the run that is under way."""
        return self.fatal is not None


class _JournalToRead(Journal):
    """What a killed run has written counts; nothing is written."""

    def _append(self, value: object) -> None:
        """Not written down."""

    def _move_file(self, to: Path | None) -> None:
        """The file stays where it is."""


def _journal(stack: OpenedStack, project: Path) -> Journal:
    """As a run would find it."""
    key, base_url = stack.settings.require_access()
    return _JournalToRead(journal_path(project, stack.name, base_url, key))


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
