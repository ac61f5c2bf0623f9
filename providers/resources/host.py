"""The provider host process: one configuration, one door, one store, and what went wrong in this run.

The engine serves all dynamic providers from one process, four calls at once (Pulumi: dynamic providers), so everything
here is process-wide, thread-safe, and built when first needed.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any

from providers.directory.differ import text
from providers.directory.model import SCHEMAS, Organization, User
from providers.directory.schema import Values
from providers.directory.store import Store, open_store
from providers.errors import Brake
from providers.project import NoStackName, stack_name, stop_path
from providers.resources.destroy import Dismantling
from providers.resources.engine_command import engine_command
from providers.resources.engine_output import say
from providers.resources.notes import Note, noted
from providers.resources.progress import Progress
from providers.resources.setback import Setback
from providers.resources.stored_directory import StoredDirectory
from providers.resources.workos_ids import Ids, ends_of
from providers.settings import EXAMPLES, NAMESPACE, Kind, Settings, read_settings
from providers.state.bags import Leaver
from providers.state.engine import read_last_state, selected_stack
from providers.state.environment import confirm_target
from providers.state.journal import Journal, Newer, aside_line, journal_path
from providers.state.last_state import LastState, spread
from providers.state.run_lock import hold_run
from providers.workos.by_kind import RECORDS
from providers.workos.census import Census, Found, Lists
from providers.workos.client import Door, Fatal, Gone, WorkOS
from providers.workos.kinds import Records

#: Calls that the cohorts of this process have under way at the same time.
_AT_ONCE = 32


class Host:
    """What one `pulumi` command's provider host knows."""

    def __init__(self, settings: Settings, project: Path) -> None:
        self.settings, self.project = settings, project
        self.lock = threading.Lock()
        self.setbacks: dict[tuple[Kind, str], Setback] = {}
        #: WorkOS ids of the records that this run declares: no removal may touch them, whatever name they had before.
        self.in_use: set[str] = set()
        self.directory = StoredDirectory(lambda: self.store)
        #: What left the stack in this run and is not retained: kind, key, WorkOS id, and a membership's ends.
        self.leaving: list[Leaver] = []
        #: Notes on records that are in WorkOS, by the code of the finding.
        self.noted: dict[str, list[Note]] = {}
        self._records: dict[Kind, Records[Any]] = {}
        self._checked = False
        #: What organizations and users are in WorkOS.
        self.ids = Ids()
        self._stack = ""
        #: Has any cohort something to do in this run, or in the run that this preview stands for?
        self.cohorts_change = False
        #: Records of cohorts whose turn did not come: the run was stopped, or nothing could work any more.
        self.pending: Counter[Kind] = Counter()
        #: Why nothing can work any more.
        self.fatal: Fatal | None = None
        self._trusts_journal: bool | None = None
        #: An object of this stack was found in WorkOS: the key opens the right environment.
        self.confirmed = False
        self._confirming = threading.Lock()
        self._beginning = threading.Lock()
        self._run = ""
        #: What a destroy takes away.
        self.dismantling = Dismantling(self.last_state, say, settings.rate_share)

    @property
    def stack(self) -> str:
        """The stack's name, which cohorts and the verdict have among their inputs; else as the command names it."""
        if not self._stack:
            with suppress(NoStackName):
                self._stack = stack_name(engine_command().stack or selected_stack())
        return self._stack

    @stack.setter
    def stack(self, name: str) -> None:
        self._stack = name

    @cached_property
    def store(self) -> Store:
        """The store that the program has just built; built again if it is not there."""
        return open_store(self.settings, self.project)

    @cached_property
    def door(self) -> Door:
        """The client of the configured environment. Raises InvalidSettings without access."""
        key, base_url = self.settings.require_access()
        return WorkOS(key, base_url, self.settings.rate_share)

    def records(self, kind: Kind) -> Records[Any]:
        """The one object of this process that handles a kind."""
        with self.lock:
            if kind not in self._records:
                by_email = self.settings.adopt == "email"
                self._records[kind] = RECORDS[kind](self.door, self.directory, adopt_by_email=by_email)
                self._records[kind].may_park = not self.is_targeted
            return self._records[kind]

    @cached_property
    def pool(self) -> Executor:
        """The threads that cohorts share; the pacing holds them to WorkOS's limits."""
        return ThreadPoolExecutor(_AT_ONCE, "cohort")

    @cached_property
    def census(self) -> Lists:
        """What WorkOS holds, listed when first asked for."""
        return Census(self.door, self._known)

    def _known(self, kind: Kind, organization: str) -> list[str]:
        """WorkOS ids of the last state, where a long list may be begun; without a state it is read from its head."""
        try:
            known = self.last_state()
        except Brake:
            return []
        return known.spread(kind, organization) or spread(self.journal.objects(), kind)

    def last_state(self) -> LastState:
        """The last state, with what the journal says of leavers. Raises Brake."""
        last_state = read_last_state(engine_command().stack)
        last_state.settle(self.journal.left())
        return last_state

    @cached_property
    def found(self) -> Found:
        """The census, by what a record to be made is known by."""
        return Found(self.census, by_email=self.settings.adopt == "email")

    @cached_property
    def progress(self) -> Progress:
        """How far the cohorts are."""
        return Progress(say, lambda: self.door.pace)

    @cached_property
    def journal(self) -> Journal:
        """The journal of this stack and environment."""
        key, base_url = self.settings.require_access()
        return Journal(journal_path(self.project, self.stack or "unnamed", base_url, key))

    def prepare_for_cohorts(self) -> None:
        """Make what the cohorts of this process share, before two of them make it at once. Raises InvalidSettings."""
        with self.lock:
            _ = self.door, self.pool, self.census, self.found, self.progress, self.journal

    def listed(self, kind: Kind, id_: str, organization: str) -> Values | None:
        """An object as WorkOS lists it, a membership among those of its organization (a WorkOS id). Raises WorkOSFault.

        Roles are read from their list in any case.
        """
        with self.lock:
            census = self.census
        if kind == "users":
            return census.users().get(id_)
        if kind == "organizations":
            return census.organizations().get(id_)
        with suppress(Gone):
            return census.memberships([organization]).get(id_) if kind == "memberships" else None
        return None

    def trusts_journal(self) -> bool:
        """Are the objects that earlier runs noted in WorkOS? One GET, once a process; if not, the journal is set aside.

        Raises WorkOSFault.
        """
        with self._confirming:
            if self._trusts_journal is None:
                objects = self.journal.objects()
                self._trusts_journal = (
                    not objects
                    or any(self._is_there(kind, id_) for kind, id_ in self.journal.witnesses())
                    or (self.journal.stands_alone and any(self._is_listed(kind, id_) for kind, id_ in objects))
                )
                if not self._trusts_journal:
                    self.set_journal_aside("WorkOS has none of the objects that it names")
            return self._trusts_journal

    def set_journal_aside(self, why: str) -> None:
        """Let go of a journal that does not fit, and say where it is."""
        path = self.journal.path
        say(aside_line(path, self.journal.set_aside(), why))

    def seen(self, kind: Kind, number: int, newer: Newer) -> Newer:
        """Where there is no state: returns what the journal knows of a cohort, as far as WorkOS has the objects.

        They are listed; one that no list shows is read by its id, since lists may lag behind. Raises WorkOSFault.
        """
        with self.lock:
            census = self.census
        if kind == "memberships":
            organizations = {ends_of(key, number)[0] for key, applied in newer.items() if applied}
            ids = (self.ids.of("organizations", organization) for organization in sorted(organizations))
            listed = census.memberships([id_ for id_ in ids if id_])
        else:
            listed = census.users() if kind == "users" else census.organizations()
        return {
            key: applied
            for key, applied in newer.items()
            if applied and (applied.id in listed or census.by_id(kind, applied.id))
        }

    def _is_listed(self, kind: Kind, id_: str) -> bool:
        return not SCHEMAS[kind].ends and self.listed(kind, id_, "") is not None

    def _is_there(self, kind: Kind, id_: str) -> bool:
        try:
            self.records(kind).live(id_)
        except Gone:
            return False
        return True

    def ask(self, kind: Kind, key: str) -> str:
        """Read the WorkOS id of an organization or user that no resource of this run knows.

        Returns '' if there is none. Raises WorkOSFault.
        """
        record = self.directory.record(kind, key)
        if not isinstance(record, Organization | User) or self.pending[kind]:
            return ""
        there = self.records(kind).with_external_id(record.external_id)
        id_ = text(there["id"]) if there else ""
        if id_:
            self.ids.note(kind, key, id_)
        return id_

    def hold_run(self) -> str:
        """Before a write: hold the stack's lock, so that `ferry stop` sees the run. Returns the stack's name.

        '' if neither a resource nor the command nor the engine says which stack it is.
        """
        with self._beginning:
            if not self._run:
                self._run = self.stack
                if self._run:
                    hold_run(self.project, self._run)
            return self._run

    def is_stopping(self) -> bool:
        """Did somebody ask the run to stop (`ferry stop`), or can nothing work any more?"""
        if self.fatal is not None:
            return True
        stack = self.hold_run()
        return bool(stack) and stop_path(self.project, stack).exists()

    def stop_removal(self, kind: Kind) -> None:
        """Before a removal that would send something. Raises RuntimeError if somebody asked the run to stop."""
        if (self.destroys or self.settings.removal_of(kind) != "retain") and self.is_stopping():
            raise RuntimeError(f"{self.why_stopping}. What is left stays in the state: run the same command again")

    @property
    def why_stopping(self) -> str:
        """Why records wait whose turn comes after `is_stopping`."""
        return str(self.fatal or "the run was stopped (ferry stop)")

    @property
    def is_unsettled(self) -> bool:
        """Was something made ahead of a turn that has not come yet?"""
        return any(records.parked for records in list(self._records.values()))

    def settle(self) -> None:
        """After all turns, bring what is unsettled to its end; what cannot be is a setback. Raises WorkOSFault."""
        if self.is_unsettled:
            for kind, records in list(self._records.items()):
                for key, fault in records.settle():
                    self.set_back(Setback(kind, key, "failed", fault.code, str(fault)))

    def checked(self) -> None:
        """`check` has run: this command is an `up` or a `preview`."""
        self._checked = True

    @cached_property
    def destroys(self) -> bool:
        """Is this `pulumi destroy`? Then no `check` has run in this host, and the command that started it says so.

        The second half is for `up --target` of a record that left the export: there no `check` runs either, and
        `ferry:removed` must be obeyed. If the command cannot be read, it counts as `up`: nothing is deleted unasked.
        """
        return not self._checked and engine_command().verb == "destroy"

    def claim(self, id_: str) -> bool:
        """Take a WorkOS object for a record just made. Returns False if another record of this stack has it."""
        with self.lock:
            free = id_ not in self.in_use
            self.in_use.add(id_)
            return free

    @cached_property
    def is_targeted(self) -> bool:
        """Does this command name its targets? Then there may be no verdict to fail the run."""
        return bool(engine_command().targets)

    @cached_property
    def is_partial(self) -> bool:
        """May resources of the stack stay out of this command, by targets or exclusions?"""
        return engine_command().is_partial

    def tell_drift(self, kind: Kind, key: str, names: Iterable[str]) -> bool:
        """Say which fields somebody changed in WorkOS. Returns True if they are to be put back (`ferry:onDrift`)."""
        repairs = self.settings.on_drift == "repair"
        kept = "kept; ferry:onDrift repair and pulumi refresh --run-program would mark it"
        then = "the next up puts it back" if repairs else kept
        say(f"drift: {kind} {key}: {', '.join(sorted(names))} changed in WorkOS ({then})")
        return repairs

    def set_back(self, setback: Setback) -> None:
        """Remember a failure for the verdict."""
        with self.lock:
            self.setbacks[setback.kind, setback.key] = setback

    def note(self, kind: Kind, key: str, notes: Iterable[str]) -> None:
        """Remember the notes on a record (`Written.notes`) for the verdict; where there may be none, say them now."""
        for note in noted(kind, key, notes):
            with self.lock:
                self.noted.setdefault(note.code, []).append(note)
            if self.is_targeted:
                say(f"{note.code}: {note.sentence}")

    def confirm_environment(self) -> None:
        """Raise Brake if none of this stack's objects exist in WorkOS: the API key probably belongs to another
        environment. Checked once per process, before something is forgotten or removed.
        """
        with self._confirming:
            if not self.confirmed:
                live = self.settings.require_access()[0].startswith("sk_live_")
                confirm_target(self.last_state(), self.door, live)
                self.confirmed = True


#: The hosts of this process by their configuration: one, since the engine configures all providers of a process alike.
_hosts: dict[tuple[str, ...], Host] = {}
_hosts_lock = threading.Lock()


def host_for(get: Callable[[str], str | None]) -> Host:
    """The process's Host for a configuration; `get` reads one key of the `ferry` namespace. Raises InvalidSettings.

    Only a provider's `configure` asks for it, and keeps what it gets: it runs once a provider and process, after the
    provider was unpickled.
    """
    values = tuple(get(key) or "" for key in EXAMPLES)
    with _hosts_lock:
        if values not in _hosts:
            raw = {f"{NAMESPACE}:{key}": value for key, value in zip(EXAMPLES, values, strict=True)}
            _hosts[values] = Host(read_settings(raw, os.environ), Path.cwd())
        return _hosts[values]
