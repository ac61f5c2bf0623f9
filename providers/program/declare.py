"""Directory to Pulumi resources, in graph order: roles, organizations, users, memberships, verdict."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

from providers.directory.differ import text
from providers.directory.model import fingerprint
from providers.directory.store import Store, open_store
from providers.errors import FerryError
from providers.findings import code_counts
from providers.program.announcement import announced
from providers.program.brake import brake, has_writes, leavers
from providers.program.graph import Declared, Engine, Graph
from providers.program.resume import begin_journal, knows_more, settle_leavers
from providers.project import reports_folder, stop_path
from providers.reports.announcement_text import announcement_lines
from providers.reports.findings import findings_lines, write_findings
from providers.resources.cohort import CohortResource
from providers.resources.verdict import Verdict
from providers.settings import FILE_OF, KINDS, UNDELETABLE_KINDS, Kind, Settings, read_settings
from providers.state.bags import Bag, Failure, Setbacks, Target, number_in
from providers.state.declaration import Declaration
from providers.state.declaration import declaration as declare
from providers.state.engine import read_last_state
from providers.state.environment import confirm_target
from providers.state.journal import Journal, journal_path
from providers.state.last_state import KnownRecord, LastState
from providers.state.leftovers import kept_findings
from providers.state.run_lock import hold_run
from providers.text import plain
from providers.workos.client import WorkOS

#: What the last state holds and the directory no longer declares, by kind and logical name.
_Leaving = Mapping[Kind, Mapping[str, KnownRecord]]
_RESUMES = (
    "the journal knows of writes that the last state does not, of a run that was killed: this run brings both "
    "together; ferry plan says what it writes"
)
_TIME_FOR_OUTPUTS_SECONDS = 1.0
#: Records in cohorts from which on checkpoints cost more than WorkOS (docs/performance.md).
_COSTLY_CHECKPOINTS = 10_000


def declare_stack() -> None:
    """The program: settings, store, brake, resources, findings, summary. Raises RunError with one clear sentence."""
    try:
        settings = read_settings(CONFIG.get(), os.environ, lambda key: is_config_secret(f"ferry:{key}"))
        key, base_url = settings.require_access()
        with open_store(settings, Path.cwd()) as store:
            _report_path().unlink(missing_ok=True)
            store.require_users()
            with ThreadPoolExecutor(1) as meanwhile:
                reading = meanwhile.submit(read_last_state, pulumi.get_stack())
                declaration = declare(store, lambda: reading.result().in_cohorts(), settings)
                last_state = reading.result()
            journal = Journal(journal_path(Path.cwd(), pulumi.get_stack(), base_url, key))
            settle_leavers(journal, last_state, declaration)
            leaving = {kind: last_state.gone(kind, declaration) for kind in KINDS}
            brake(last_state, leaving, store, settings)
            _say_what_was_interrupted(last_state)
            _say_what_leaves(leaving, store, settings)
            live = key.startswith("sk_live_")
            target = Target(base_url, live, fingerprint(base_url, key))
            resumes = knows_more(journal, last_state)
            moved = last_state.target.is_another(target)
            if not pulumi.runtime.is_dry_run() and (
                moved or resumes or has_writes(last_state, store, declaration) or _removes(leaving, settings)
            ):
                confirm_target(last_state, WorkOS(key, base_url, settings.rate_share), live)
            announcement = announced(last_state, declaration, store, settings, leaving)
            if not pulumi.runtime.is_dry_run():
                stop_path(Path.cwd(), pulumi.get_stack()).unlink(missing_ok=True)
                hold_run(Path.cwd(), pulumi.get_stack())
                if line := begin_journal(journal, last_state):
                    pulumi.info(plain(line))
            for line in announcement_lines(announcement, settings.rate_share, resumes=resumes):
                pulumi.info(plain(line))
            if resumes and not announcement.writes():
                pulumi.info(_RESUMES)
            stack = pulumi.get_stack()
            graph = Graph(store, last_state, declaration, leaving, settings, stack=stack, make=Engine())
            declared = graph.declare()
            _report(store, last_state, declaration)
            summary = _summary(store.summary(), declared)
            pulumi.export("summary", summary)
            Verdict(
                "verdict",
                target=target,
                stack=stack,
                leaving=leavers(leaving),
                told=summary.apply(_after_outputs),
                opts=pulumi.ResourceOptions(depends_on=[resource for group in declared.values() for resource in group]),
            )
    except FerryError as error:
        raise pulumi.RunError(plain(str(error))) from None


def _removes(leaving: _Leaving, settings: Settings) -> bool:
    return any(gone and settings.removal_of(kind) != "retain" for kind, gone in leaving.items())


def _say_what_was_interrupted(last_state: LastState) -> None:
    """The engine warns of this in every run until somebody clears it, and speaks of a cloud's console."""
    if number := last_state.interrupted:
        pulumi.info(
            f"a run was killed: the engine's warning about {number} pending operation{'s' if number > 1 else ''} is "
            "harmless here, since Ferry finds what is in WorkOS already and makes the rest; nothing needs a look by "
            "hand. Next: pulumi refresh --clear-pending-creates ends the warning"
        )


def _say_what_leaves(leaving: _Leaving, store: Store, settings: Settings) -> None:
    """The engine calls every record that is no longer declared deleted; this says what happens to it in WorkOS."""
    for kind, gone in leaving.items():
        kept = [name for name in gone if store.withholds(kind, name)]
        removal = settings.removal_of(kind)
        fate = {"retain": "WorkOS keeps", "deactivate": "WorkOS deactivates", "delete": "WorkOS deletes"}[removal]
        if left := len(gone) - len(kept):
            why = f"which cannot delete {kind}" if kind in UNDELETABLE_KINDS else f"ferry:removed is {removal}"
            pulumi.info(f"{left} {kind} left the export: {fate} them ({why}); the stack forgets them")
        if kept:
            pulumi.info(f"{len(kept)} {kind} are refused or left out now: WorkOS keeps them; the stack forgets them")


def _report_path() -> Path:
    return reports_folder(Path(), pulumi.get_stack()) / "findings.jsonl"


def _report(store: Store, last_state: LastState, declaration: Declaration) -> None:
    path, kept = _report_path(), kept_findings(last_state, declaration, store)
    write_findings(path, chain(store.findings(), kept))
    for line in findings_lines(store.summary(), [*store.codes(), *code_counts(kept)], path):
        pulumi.info(plain(line))
    if "PULUMI_SKIP_CHECKPOINTS" in os.environ:
        return
    rich = sum(len(names) for names in declaration.names.values())
    if rich > 1000:
        pulumi.info(
            f"{rich} records, one resource each: set PULUMI_SKIP_CHECKPOINTS=true, or the engine's state costs hours"
        )
    if declaration.texts and sum(store.totals()[kind] for kind in declaration.texts) >= _COSTLY_CHECKPOINTS:
        pulumi.info(
            "set PULUMI_SKIP_CHECKPOINTS=true: at this size each checkpoint of the state costs a second and more, and "
            "the journal in .ferry remembers what a killed run wrote"
        )


async def _after_outputs(summary: dict[str, dict[str, int]]) -> bool:
    """Wait 1 s if the verdict will fail: after a failed resource the engine drops stack outputs. Returns True."""
    if any(counts["failed"] or counts["pending"] for counts in summary.values()):
        await asyncio.sleep(_TIME_FOR_OUTPUTS_SECONDS)
    return True


def _summary(
    counts: dict[str, dict[str, int]], declared: Mapping[Kind, Sequence[Declared]]
) -> pulumi.Output[dict[str, dict[str, int]]]:
    kinds = list(declared)
    setbacks = [pulumi.Output.all(*(_setbacks(resource) for resource in declared[kind])) for kind in kinds]

    def with_setbacks(groups: list[list[Bag | None]]) -> dict[str, dict[str, int]]:
        states = {FILE_OF[kind]: _states(group) for kind, group in zip(kinds, groups, strict=True)}
        none: Counter[str] = Counter()
        return {
            file: {**buckets, **{state: states.get(file, none)[state] for state in ("failed", "pending")}}
            for file, buckets in counts.items()
        }

    return pulumi.Output.all(*setbacks).apply(with_setbacks)


def _setbacks(resource: Declared) -> pulumi.Output[Failure | None] | pulumi.Output[Setbacks | None]:
    """The output that says what did not reach WorkOS."""
    return resource.setbacks if isinstance(resource, CohortResource) else resource.failure


def _states(setbacks: Iterable[Bag | None]) -> Counter[str]:
    """How many records failed and are pending, by the outputs of records and of cohorts."""
    states: Counter[str] = Counter()
    for setback in setbacks:
        if setback and (state := text(setback.get("state"))):
            states[state] += 1
        elif setback:
            states.update({state: number_in(setback, state) for state in ("failed", "pending")})
    return states
