"""A refresh of a cohort: what a census says about its records."""

from __future__ import annotations

from collections.abc import Mapping

from providers.directory.differ import drifted
from providers.directory.model import cuts
from providers.directory.schema import Values
from providers.resources.engine_output import say
from providers.resources.host import Host
from providers.settings import Kind
from providers.state.applied import Applied
from providers.state.cohorts import applied_fields, updated
from providers.workos.census import ById


def read_cohort(here: Host, kind: Kind, applied: Mapping[str, Applied]) -> dict[str, Applied]:
    """Returns the records that are still there. A field that somebody changed is reported and kept, or, with
    `ferry:onDrift` repair, counts as applied, so that the next `up` puts it back.

    Raises WorkOSFault, and Brake if nothing of the stack is there.
    """
    live = _live(here, kind, applied)
    found: dict[str, Applied] = {}
    for key, record in applied.items():
        there = live.get(record.id) or here.census.by_id(kind, record.id)
        if there is None:
            here.confirm_environment()
            say(f"gone: {kind} {key} is no longer in WorkOS; the next up makes it again")
            continue
        found[key] = _compared(here, kind, key, record, there)
    here.confirmed = here.confirmed or bool(found)
    return found


def read_retained(here: Host, kind: Kind, retained: Mapping[str, Applied]) -> dict[str, Applied]:
    """Returns the retained records that are still there. Raises WorkOSFault."""
    live = _live(here, kind, retained)
    return {key: record for key, record in retained.items() if record.id in live or here.census.by_id(kind, record.id)}


def _compared(here: Host, kind: Kind, key: str, applied: Applied, live: Values) -> Applied:
    view = applied_fields(kind, key, applied, live)
    drift = drifted(kind, {**view, "origin": applied.origin}, live)
    if not drift:
        return applied
    return updated(kind, key, applied, view, {**view, **drift}) if here.tell_drift(kind, key, drift) else applied


def _live(here: Host, kind: Kind, applied: Mapping[str, Applied]) -> ById:
    if not applied:
        return {}
    if kind == "users":
        return here.census.users()
    organizations = here.census.organizations()
    if kind == "organizations":
        return organizations
    named = {organization for key in applied for organization, _ in cuts(key)}
    return here.census.memberships(
        [id_ for id_, organization in organizations.items() if organization["external_id"] in named]
    )
