"""`ferry plan`: WorkOS listed once, the run rehearsed on top of it, and what that says of every record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain
from pathlib import Path

from providers.commands.opened_stack import OpenedStack
from providers.commands.rehearse import Rehearsed, rehearse
from providers.commands.verifier import MOST_AGAIN, Verifier
from providers.directory.differ import drifted, text
from providers.directory.schema import Values
from providers.directory.store import Store
from providers.reports.plan import Operation, PlanLine, Turn, operations, plan_lines
from providers.settings import KINDS, RECORD_KINDS, Kind
from providers.state.applied import Applied
from providers.state.last_state import KnownRecord, LastState
from providers.workos.by_kind import RECORDS, listed_at_once
from providers.workos.rehearsal.census import RehearsedDirectory
from providers.workos.rehearsal.door import Rehearsal, Sent


def plan(stack: OpenedStack, project: Path, looked_at: Callable[[Kind], None] = lambda _: None) -> Iterator[PlanLine]:
    """The lines of a plan (`plan_lines`). `looked_at` hears of each object that is listed.

    Raises Brake if a run would be stopped before its first write; WorkOSFault.
    """
    live = _listed(stack, looked_at)
    door = Rehearsal(stack.door, live)
    rehearsed = rehearse(stack, door, project)
    sent = [_by_key(stack.store, door, request) for request in door.sent]
    done = (
        _with_both(stack.last_state, door, operation)
        for operation in operations(
            chain(turns(stack.last_state, rehearsed), _given_up(stack.last_state, door)),
            door.objects,
            sent,
            rehearsed.setbacks,
        )
    )
    environment = {
        kind: {text(there[RECORDS[kind].found_by]): there for there in door.objects[kind]}
        for kind in KINDS
        if kind in RECORD_KINDS
    }
    repairs = stack.settings.on_drift == "repair"
    after = Verifier(stack.store, RehearsedDirectory(door), rehearsed.after, repairs=repairs).verify(environment)
    left = [
        difference for difference in after.differences if (difference.kind, difference.key) not in rehearsed.setbacks
    ]
    listed = {kind: len(found) for kind, found in live.items()}
    totals = stack.store.totals()
    yield from plan_lines(
        done,
        left,
        sent,
        about={"stack": stack.name, "environment": stack.environment(), "listed": listed},
        share=stack.settings.rate_share,
        declared={kind: totals[kind] for kind in KINDS},
        file_of=stack.store.file_of,
    )


def _listed(stack: OpenedStack, looked_at: Callable[[Kind], None]) -> dict[Kind, dict[str, Values]]:
    """Every object by kind and WorkOS id. What the state knows and no list shows is read by its id:
    lists may lag behind what was written.
    """
    live: dict[Kind, dict[str, Values]] = {"organizations": dict(stack.census.organizations()), "users": {}}
    for user in stack.census.each_user():
        looked_at("users")
        live["users"][text(user["id"])] = user
    live["memberships"] = {}
    for _, found in stack.census.each_organization(list(live["organizations"])):
        for membership in found:
            looked_at("memberships")
            live["memberships"][text(membership["id"])] = membership
    for kind, listed in live.items():
        hidden = [id_ for id_ in stack.last_state.ids(kind) if id_ not in listed]
        for id_ in hidden if len(hidden) <= MOST_AGAIN else ():
            if there := stack.census.by_id(kind, id_):
                listed[id_] = there
    for kind, by_key in listed_at_once(stack.door).items():
        live[kind] = {text(there["id"]): there for there in by_key.values()}
    return live


def _by_key(store: Store, door: Rehearsal, request: Sent) -> Sent:
    """Returns the request about its record's key: a refused create is about an external id, or a pair of WorkOS ids.
    If somebody gave an end of a membership another external id, it is about the id of the membership that is there.
    """
    if not request.refused or request.method != "POST" or request.kind not in {"users", "memberships"}:
        return request
    if request.kind == "users":
        record = store.user_by_external_id(request.about)
        return request._replace(about=record.key if record else request.about)
    organization, _, user = request.about.partition("/")
    record = store.user_by_external_id(text(door.objects["users"].get(user)["external_id"]))
    owner = store.organization_by_external_id(text(door.objects["organizations"].get(organization)["external_id"]))
    there = door.objects["memberships"].find("pair", request.about)
    known = f"{owner.key}/{record.key}" if owner and record else text(there["id"]) if there else request.about
    return request._replace(about=known)


def turns(last_state: LastState, rehearsed: Rehearsed) -> Iterator[Turn]:
    """The records whose turn may have done something: a cohort whose outputs stayed the same is passed over."""
    for kind in KINDS:
        for key, leaves in rehearsed.leaving[kind].items():
            yield Turn(kind, key, leaves.id, is_declared=False)
        for key, now in rehearsed.after.records[kind].items():
            was_known = _was_known(last_state, kind, key)
            yield Turn(kind, key, now.id if now.reached else "", was_known)
        for number, cohort in rehearsed.after.cohorts[kind].items():
            known_cohort = last_state.cohorts[kind].get(number)
            if known_cohort is not None and known_cohort.outputs == cohort.outputs:
                continue
            before: Mapping[str, Applied | KnownRecord] = (
                known_cohort.applied() if known_cohort else last_state.records[kind]
            )
            after = cohort.applied()
            for key, applied in after.items():
                if key not in rehearsed.leaving[kind]:
                    yield Turn(kind, key, applied.id, key in before)
        for of, key in rehearsed.setbacks:
            if of == kind and key not in rehearsed.after.records[kind]:
                yield from _set_back(rehearsed, kind, key)


def _given_up(last_state: LastState, door: Rehearsal) -> Iterator[Turn]:
    """Records that WorkOS kept until now, and that go since another needs what they hold (`ferry:removed` delete)."""
    for kind in KINDS:
        for key, known in last_state.kept(kind).items():
            if door.objects[kind].after.get(known.id, {}) is None:
                yield Turn(kind, key, known.id, is_declared=False)


def _set_back(rehearsed: Rehearsed, kind: Kind, key: str) -> Iterator[Turn]:
    """A record of a cohort that did not get into WorkOS at all."""
    if not any(key in cohort.applied() for cohort in rehearsed.after.cohorts[kind].values()):
        yield Turn(kind, key, "", was_known=False)


def _was_known(last_state: LastState, kind: Kind, key: str) -> bool:
    known = last_state.records[kind].get(key)
    return known.reached if known else bool(last_state.id_of(kind, key))


def _with_both(last_state: LastState, door: Rehearsal, operation: Operation) -> Operation:
    """Returns the operation with `both`: written fields that somebody changed in WorkOS since the last run."""
    live = (
        door.objects[operation.kind].before.get(last_state.id_of(operation.kind, operation.key))
        if operation.verb == "update"
        else None
    )
    applied = last_state.applied(operation.kind, operation.key, live) if live else None
    if live and applied:
        operation.both = sorted(set(drifted(operation.kind, applied, live)) & set(operation.fields))
    return operation
