"""A transition of a tenant between exports: what comes in, what it may cost, and what WorkOS holds then.

Transitions that have nothing to do with each other are walked together, as one tenant: every export of theirs is one
export, and each request is told by the object that it is about. So each has its own exact list of writes.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from itertools import chain
from typing import Any, Protocol

from tests.stack import Json, Sandbox, Stack
from tests.tenant import Line, role
from tests.weather import AGAIN, LOST

POST_USER, PUT_USER = "POST /user_management/users", "PUT /user_management/users/{id}"
DELETE_USER = "DELETE /user_management/users/{id}"
POST_FACTOR = "POST /user_management/users/{id}/auth_factors"
POST_MEMBERSHIP = "POST /user_management/organization_memberships"
PUT_MEMBERSHIP = "PUT /user_management/organization_memberships/{id}"
DEACTIVATE, REACTIVATE = f"{PUT_MEMBERSHIP}/deactivate", f"{PUT_MEMBERSHIP}/reactivate"
POST_ORGANIZATION, PUT_ORGANIZATION = "POST /organizations", "PUT /organizations/{id}"
DELETE_ORGANIZATION = "DELETE /organizations/{id}"

#: What WorkOS answers where a value is taken.
REFUSALS = {400, 409, 422}

#: A call of somebody else's: method, path with an external id in braces for a WorkOS id, body.
Call = tuple[str, str, Line]
#: The fields that count, by external id; roles and status by `<organization>/<user>`; None: it is not there.
Holds = Mapping[str, Line | tuple[tuple[str, ...], str] | None]


class Subtests(Protocol):
    """As pytest hands them out."""

    def test(self, msg: str) -> AbstractContextManager[None]:
        """A claim of its own."""


@dataclass(frozen=True)
class Export:
    """The part of an export that a transition is about."""

    users: Sequence[Line] = ()
    organizations: Sequence[Line] = ()
    members: Sequence[Line] = ()
    passwords: Sequence[Line] = ()
    mfa: Sequence[Line] = ()

    def ids(self) -> set[str]:
        """The external ids of its users and organizations."""
        return {user["user_id"] for user in self.users} | {organization["id"] for organization in self.organizations}


@dataclass(frozen=True)
class Step:
    """The next export, all writes that it takes, and what WorkOS holds after them."""

    export: Export
    writes: Mapping[str, int]
    holds: Holds
    #: What somebody does in WorkOS before it.
    by_hand: Sequence[Call] = ()
    #: Writes that WorkOS may refuse beside these: the engine decides which of two records has its turn first.
    refused: Mapping[str, int] = field(default_factory=dict)
    #: What is read before the first write.
    looks: str = ""
    #: Old external ids to new ones, where the object stays.
    becomes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Transition:
    """A claim, the export before, and the steps from there; after the last one nothing changes any more."""

    name: str
    before: Export
    steps: tuple[Step, ...]

    def export(self, number: int) -> Export:
        """The export after so many steps."""
        return [self.before, *(step.export for step in self.steps)][min(number, len(self.steps))]

    def step(self, number: int) -> Step:
        """The step, counted from 1; one that changes nothing after the last."""
        if number <= len(self.steps):
            return self.steps[number - 1]
        return Step(self.export(number), {}, self.steps[-1].holds)

    def ids(self) -> set[str]:
        """Every external id that it ever has."""
        return set().union(self.before.ids(), *(step.export.ids() for step in self.steps))


def transition(name: str, before: Export, *steps: Step) -> Transition:
    """A row of a table."""
    return Transition(name, before, steps)


@dataclass(frozen=True)
class KnownRecord:
    """What WorkOS holds, by external id or pair, and who its objects are."""

    objects: Mapping[str, Any]
    ids: Mapping[str, str]

    @classmethod
    def by(cls, workos: Sandbox) -> KnownRecord:
        """What the sandbox holds now."""
        return cls({**workos.users(), **workos.organizations(), **workos.memberships()}, ids_in(workos))

    def shows(self, holds: Holds) -> dict[str, Any]:
        """Of the objects and fields that are named what there is."""
        found = {key: self.objects.get(key) for key in holds}
        cut = {key: wanted for key, wanted in holds.items() if isinstance(wanted, dict) and found[key] is not None}
        return {**found, **{key: {name: self.objects[key][name] for name in wanted} for key, wanted in cut.items()}}


def ids_in(workos: Sandbox) -> dict[str, str]:
    """The WorkOS ids of all objects, by external id or pair."""
    directory = workos.directory()
    ids = {user["external_id"]: user["id"] for user in (*directory["users"], *directory["organizations"])}
    pairs = {
        f"{membership['organization_external_id']}/{membership['user_external_id']}": membership["id"]
        for membership in directory["memberships"]
    }
    return {**ids, **pairs}


class Sent:
    """The requests of one run by external id, or pair, of the object; what the weather repeated is left out."""

    def __init__(self, workos: Sandbox, before: Mapping[str, str], after: Mapping[str, str]) -> None:
        names = {id_: key for ids in (after, before) for key, id_ in ids.items()}
        self.by_name: dict[str, list[Json]] = {}
        for request in workos.requests()["requests"]:
            named = next((names[part] for part in re.split("[/?]", request["path"]) if part in names), None)
            again = request.get("fault") == AGAIN or (
                request.get("fault") == LOST and not request["route"].endswith("factors")
            )
            if not again:
                self.by_name.setdefault(named or request.get("external_id", ""), []).append(request)

    def about(self, ids: set[str]) -> list[Json]:
        """Those about these users and organizations, and the memberships of these users."""
        return [one for name, found in self.by_name.items() if _owner(name) in ids for one in found]

    def writes_to_others(self, ids: set[str]) -> dict[str, int]:
        """The writes that are about none of these."""
        others = [one for name, found in self.by_name.items() if _owner(name) not in ids for one in found]
        return dict(writes_among(others))


def _owner(name: str) -> str:
    return name.rpartition("/")[2]


def lines_of(requests: Sequence[Json]) -> list[str]:
    """A line each."""
    return [
        f"{request['method']} {request['path']} {request['status']} {request.get('fault', '')}" for request in requests
    ]


def calls(requests: Sequence[Json]) -> list[str]:
    """Method and template of each."""
    return [f"{request['method']} {request['route']}" for request in requests]


def writes_among(requests: Sequence[Json]) -> Counter[str]:
    """How often which call that writes was made."""
    return Counter(call for call in calls(requests) if not call.startswith("GET "))


def expect_the_writes(step: Step, requests: list[Json]) -> None:
    """Those of the step and no others, but for what WorkOS may refuse."""
    found, wanted, text = writes_among(requests), Counter(step.writes), "\n".join(lines_of(requests))
    assert wanted <= found, f"writes that are missing from:\n{text}"
    surplus = found - wanted
    refused = writes_among([request for request in requests if request["status"] in REFUSALS])
    assert surplus <= Counter(step.refused), f"writes that are too many:\n{text}"
    assert surplus <= refused, f"of the surplus not all are refused:\n{text}"
    if step.looks:
        order = calls(requests)
        assert step.looks in order, text
        assert all(order.index(step.looks) < order.index(call) for call in step.writes), text


def announced(stack: Stack) -> Counter[str]:
    """The writes that `ferry plan` announces."""
    lines = [json.loads(line) for line in stack.ferry("plan", "--json", code=None).said.splitlines()]
    requests = (request for one in lines if one["type"] == "operation" for request in one["requests"])
    return Counter(request.removesuffix(" (refused)") for request in requests)


def expect_the_plan(found: Counter[str], steps: Sequence[Step]) -> None:
    """Those of the steps and no others, but for what WorkOS may refuse."""
    wanted = sum((Counter(step.writes) for step in steps), Counter[str]())
    refused = sum((Counter(step.refused) for step in steps), Counter[str]())
    assert wanted <= found, f"not announced: {wanted - found}"
    assert found - wanted <= refused, f"announced beside them: {found - wanted}"


def expect_the_objects(one: Transition, number: int, before: KnownRecord, after: KnownRecord) -> None:
    """WorkOS holds what the step says, and every object that stays is the same one."""
    step = one.step(number)
    held = after.shows(step.holds)
    assert held == step.holds, f"WorkOS holds {held}"
    keys = {key: step.becomes.get(key, key) for key in one.ids()}
    stay = {new: before.ids[old] for old, new in keys.items() if old in before.ids and new in after.ids}
    assert {key: after.ids[key] for key in stay} == stay, "objects that were made anew"


def put_exports(stack: Stack, rows: Sequence[Transition], number: int) -> None:
    """The export of all of them after so many steps."""
    parts = [row.export(number) for row in rows]
    files = {
        file.name: list(chain.from_iterable(getattr(part, file.name) for part in parts)) for file in fields(Export)
    }
    stack.exports(roles=[role("Admin"), role("Editor")], **files)


def do_by_hand(workos: Sandbox, rows: Sequence[Transition], number: int) -> None:
    """What somebody does in WorkOS before a step."""
    ids = ids_in(workos)
    for method, path, body in chain.from_iterable(row.step(number).by_hand for row in rows):
        workos.call(method, re.sub(r"\{(.+)\}", lambda found: ids[found[1]], path), **body)


def walk(stack: Stack, workos: Sandbox, subtests: Subtests, rows: Sequence[Transition]) -> None:
    """All transitions at once, a step at a time: preview (once), plan, up, up again."""
    put_exports(stack, rows, 0)
    stack.up()
    everybody = set().union(*(row.ids() for row in rows))
    for number in range(1, 1 + max(len(row.steps) for row in rows)):
        do_by_hand(workos, rows, number)
        before = KnownRecord.by(workos)
        put_exports(stack, rows, number)
        workos.clear()
        if number == 1:
            with subtests.test("a preview asks nothing"):
                stack.preview()
                assert workos.requests()["total"] == 0
        with subtests.test(f"plan {number} writes nothing and announces the writes of all steps"):
            expect_the_plan(announced(stack), [row.step(number) for row in rows])
            assert workos.requests()["writes"] == 0
        workos.clear()
        stack.up()
        after = KnownRecord.by(workos)
        sent = Sent(workos, before.ids, after.ids)
        for row in rows:
            with subtests.test(f"step {number}: {row.name}"):
                expect_the_writes(row.step(number), sent.about(row.ids()))
                expect_the_objects(row, number, before, after)
        with subtests.test(f"step {number}: nothing else is written"):
            assert sent.writes_to_others(everybody) == {}
            assert sum(writes_among(sent.about(everybody)).values()) == workos.requests()["writes"]
        with subtests.test(f"up again after step {number} asks nothing"):
            workos.clear()
            stack.up()
            assert workos.requests()["total"] == 0


def disjoint(rows: Sequence[Transition]) -> Iterator[str]:
    """The external ids that two transitions share, which no two may."""
    seen: set[str] = set()
    for row in rows:
        yield from seen & row.ids()
        seen |= row.ids()
