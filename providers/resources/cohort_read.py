"""A refresh of a cohort: what a census says about its records."""

from __future__ import annotations

from collections.abc import Mapping

from providers.directory.differ import drifted
from providers.directory.model import cuts
from providers.resources.engine_output import say
from providers.resources.host import Host
from providers.settings import Kind
from providers.state.applied import Applied
from providers.state.cohorts import applied_fields, updated
from providers.workos.kinds import Fields


def read_cohort(here: Host, kind: Kind, applied: Mapping[str, Applied]) -> dict[str, Applied]:
    """What is there still; a field that somebody changed is told and kept, or, with `ferry:onDrift` repair, counts as
    applied, so that the next `up` puts it back. Raises WorkOSFault, and Brake if nothing of the stack is there.
    """
    live = _live(here, kind, applied)
    found: dict[str, Applied] = {}
    for key, held in applied.items():
        there = live.get(held.id) or here.census.one(kind, held.id)
        if there is None:
            here.confirm_environment()
            say(f"gone: {kind} {key} is no longer in WorkOS; the next up makes it again")
            continue
        found[key] = _compared(here, kind, key, held, there)
    here.confirmed = here.confirmed or bool(found)
    return found


def read_retained(here: Host, kind: Kind, retained: Mapping[str, Applied]) -> dict[str, Applied]:
    """Those of the records that left and WorkOS kept that are there still. Raises WorkOSFault."""
    live = _live(here, kind, retained)
    return {key: held for key, held in retained.items() if held.id in live or here.census.one(kind, held.id)}


def _compared(here: Host, kind: Kind, key: str, held: Applied, live: Fields) -> Applied:
    view = applied_fields(kind, key, held, live)
    drift = drifted(kind, {**view, "origin": held.origin}, live)
    if not drift:
        return held
    return updated(kind, key, held, view, {**view, **drift}) if here.tell_drift(kind, key, drift) else held


def _live(here: Host, kind: Kind, applied: Mapping[str, Applied]) -> dict[str, Fields]:
    if not applied:
        return {}
    if kind == "users":
        return here.census.users()
    organizations = here.census.organizations()
    if kind == "organizations":
        return organizations
    named = {organization for key in applied for organization, _ in cuts(key)}
    return here.census.memberships([id_ for id_, one in organizations.items() if one["external_id"] in named])
