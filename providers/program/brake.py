"""The brake that the last state makes possible: a run that would lose too much stops before its first write."""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil

from providers.directory.differ import changes
from providers.directory.model import SCHEMAS, cuts, fields
from providers.directory.store import Store
from providers.errors import Brake
from providers.settings import FILE_OF, KINDS, UNDELETABLE_KINDS, Kind, Settings
from providers.state.bags import Leaver
from providers.state.cohorts import mark, split
from providers.state.declaration import Declaration
from providers.state.last_state import KnownRecord, LastState

#: From this share of the leavers on that are declared under another id, it is the ids that changed.
_MOST = 0.5


def brake(
    last_state: LastState, leaving: Mapping[Kind, Mapping[str, KnownRecord]], store: Store, settings: Settings
) -> None:
    """Refuse a run that would lose a kind: its file is missing, or too many of its records are gone. Raises Brake.

    What WorkOS has no call to delete is not counted, as roles; nor is what is left out on purpose, with its
    memberships.
    """
    summary = store.summary()
    for kind in KINDS:
        if kind in UNDELETABLE_KINDS:
            continue
        gone = [name for name, known in leaving[kind].items() if not settings.skip & _names(name, known)]
        if not gone:
            continue
        had = last_state.count(kind)
        file = FILE_OF[kind]
        if not summary[file]["lines"] and kind not in settings.removed:
            raise Brake(
                f"the export has no {file}, but the stack holds {had} {kind}. A missing file never means: remove all. "
                f"Put the file back, or say what is meant with ferry:removed for {kind}"
            )
        percent = 100 * len(gone) / had
        if percent > settings.max_removed_percent:
            _stop_if_ids_changed(kind, {name: leaving[kind][name] for name in gone}, had, store)
            raise Brake(
                f"{len(gone)} of {had} {kind} ({percent:.1f}%) left the export or are refused now, more than "
                f"ferry:maxRemovedPercent ({settings.max_removed_percent:g}%) allows. Nothing was written. "
                f"{_advice(ceil(percent))}"
            )


def _advice(percent: int) -> str:
    """The limit is raised to what this run needs, and never to all."""
    if percent >= 100:
        return (
            "None of them is left, so this is hardly the export of this stack: check ferry:export and ferry:tenants. "
            "To take all of a stack away, run pulumi destroy"
        )
    return (
        f"If they did leave, allow as many in this run: pulumi config set ferry:maxRemovedPercent {percent}, then "
        "pulumi up, then pulumi config rm ferry:maxRemovedPercent"
    )


def _stop_if_ids_changed(kind: Kind, gone: Mapping[str, KnownRecord], had: int, store: Store) -> None:
    """Raise Brake if most of those who left are declared under another id: then nobody left, a setting changed."""
    if not (name := SCHEMAS[kind].telling):
        return
    keys = {own: key for key, known in gone.items() if (own := _mark_of(kind, name, known))}
    found = [
        (keys[own], record.key) for record in store.records(kind) if (own := mark(name, fields(record)[name])) in keys
    ]
    if len(found) >= _MOST * len(gone):
        before, now = found[0]
        raise Brake(
            f"{len(gone)} of {had} {kind} are declared under other ids ({before} is {now} now): nobody left, but a "
            "prefix in ferry:tenants, or what the external ids are, changed. WorkOS and Ferry know a record by its "
            "external id. Nothing was written. Put the setting, or the export, back"
        )


def _mark_of(kind: Kind, name: str, known: KnownRecord) -> bytes | None:
    if known.applied is not None:
        return split(kind, known.applied.digest).get(name)
    return mark(name, value) if (value := known.state.values.get(name)) else None


def _names(name: str, known: KnownRecord) -> set[str]:
    """Every id by which a record may stand in `ferry:skip`."""
    ends = [end for cut in cuts(name) for end in cut]
    return {name, *ends, *(known.state.ends or ()), known.state.external_id or name}


def has_writes(last_state: LastState, store: Store, declaration: Declaration) -> bool:
    """May this run write anything for a declared record? The differ says, for records in cohorts their lines."""
    for kind in KINDS:
        known_cohorts = last_state.cohorts[kind]
        for number, text in enumerate(declaration.texts.get(kind, ())):
            cohort = known_cohorts.get(number)
            if (cohort is None and text) or (cohort is not None and not (cohort.whole and cohort.text == text)):
                return True
        if kind in declaration.texts:
            continue
        for record in store.records(kind):
            known = last_state.records[kind].get(record.key)
            if known is None or not known.reached or changes(kind, fields(record), known.state.values):
                return True
    return False


def leavers(leaving: Mapping[Kind, Mapping[str, KnownRecord]]) -> list[Leaver]:
    """Returns the leavers that have a resource of their own, as the verdict gets them; a cohort removes its own."""
    return [
        Leaver(kind, known.state.external_id or name, known.id, known.state.ends)
        for kind, gone in leaving.items()
        for name, known in gone.items()
        if known.applied is None
    ]
