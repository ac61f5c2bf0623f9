"""The last state of a stack whose every record is in WorkOS, in either grain, made without an engine."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from providers.directory.model import Record, fields
from providers.directory.store import Store, open_store
from providers.settings import COHORT_KINDS, KINDS, Kind, read_settings
from providers.state.applied import Applied, pack
from providers.state.bags import CohortOutputs, RecordState
from providers.state.cohorts import (
    applied_record,
    cohort_of_record,
    digests,
    text_digest,
    texts,
)
from providers.state.last_state import KnownCohort, KnownRecord, LastState
from providers.state.leftovers import kept_in
from tests.tenant import Line, write


def state_after(folder: Path, grain: str, config: dict[str, str], **files: Iterable[Line | str]) -> LastState:
    """What an `up` with this export leaves: ids are `id <key>`, and Ferry made everything."""
    export = write(folder / "before", **files)
    settings = read_settings({"ferry:export": str(export), **config}, {})
    last_state = LastState()
    with open_store(settings, folder) as store:
        for kind in KINDS:
            if grain == "cohort" and kind in COHORT_KINDS:
                last_state.cohorts[kind] = _cohorts(store, kind)
            else:
                last_state.records[kind] = {
                    record.key: KnownRecord(f"id {record.key}", _state(record)) for record in store.records(kind)
                }
    return last_state


def _state(record: Record) -> RecordState:
    return RecordState({**fields(record), "origin": "created"})


def _cohorts(store: Store, kind: Kind) -> dict[int, KnownCohort]:
    held: dict[int, dict[str, Applied]] = {}
    for record in store.records(kind):
        applied = applied_record(kind, record.key, f"id {record.key}", "created", fields(record))
        held.setdefault(cohort_of_record(record), {})[record.key] = applied
    found = {}
    for number, text in enumerate(texts(kind, store.records(kind))):
        applied_here = held.get(number, {})
        kept = kept_in(applied_here, digests(text)) if kind == "users" else None
        outputs = CohortOutputs(number, text=text_digest(text), applied=pack(applied_here), kept=kept)
        found[number] = KnownCohort(text, outputs)
    return found
