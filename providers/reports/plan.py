"""What a run would do, record by record: from a rehearsal, the state it would leave, and WorkOS as it is now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol, TypedDict, get_args

from providers.directory.model import SCHEMAS
from providers.directory.schema import Values
from providers.findings import NEXT_STEP
from providers.reports.bill import Bill, Requests, bill_of
from providers.reports.verification import Difference, Why
from providers.reports.verification_text import Compared, Environment
from providers.settings import KINDS, Kind
from providers.workos.rehearsal.door import Sent
from providers.workos.rehearsal.objects import Objects

#: What becomes of a record. `adopt`: its object is in WorkOS and unknown to the stack. `forget`: it left the export,
#: and WorkOS keeps it. `failed` and `pending` are conflicts: WorkOS refuses the record, or what it depends on.
Verb = Literal["create", "adopt", "update", "deactivate", "delete", "forget", "failed", "pending"]
VERBS: tuple[Verb, ...] = get_args(Verb)
_WRITTEN = "(from the export)"


class Turn(NamedTuple):
    """One record of the run: its key, its WorkOS id afterwards ('' for none), and whether it was one of the stack's
    before and is one after.
    """

    kind: Kind
    key: str
    id: str
    was_known: bool = True
    is_declared: bool = True


@dataclass(slots=True)
class Operation:
    """What one record costs and changes: `fields` by name to what WorkOS holds and what it will hold.

    `both` names the fields that somebody changed in WorkOS and Auth0 changed too: Auth0's value is written. Each such
    record is a finding, `changed_in_both`.
    """

    kind: Kind
    key: str
    verb: Verb
    fields: dict[str, tuple[object, object]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    both: list[str] = field(default_factory=list)
    code: str = ""
    message: str = ""


class Setback(Protocol):
    """Why a record is not as declared."""

    @property
    def state(self) -> Literal["failed", "pending"]:
        """What becomes of it."""

    @property
    def code(self) -> str:
        """WorkOS's word, or Ferry's."""

    @property
    def message(self) -> str:
        """The sentence."""


def operations(
    turns: Iterable[Turn],
    objects: Mapping[Kind, Objects],
    sent: Iterable[Sent],
    setbacks: Mapping[tuple[Kind, str], Setback],
) -> Iterator[Operation]:
    """One operation for every record that is not as it should be already; `setbacks` by kind and key.

    Requests that read are left out.
    """
    by_id: dict[tuple[Kind, str], list[Sent]] = defaultdict(list)
    for request in sent:
        if request.method != "GET":
            by_id[request.kind, request.about].append(request)
    for turn in turns:
        requests = [*by_id.pop((turn.kind, turn.key), ()), *by_id.pop((turn.kind, turn.id), ())]
        before = objects[turn.kind].before.get(turn.id) if turn.id else None
        now = objects[turn.kind].after.get(turn.id, before) if turn.id else None
        verb: Verb = "update"
        if setback := setbacks.get((turn.kind, turn.key)):
            verb = setback.state
        elif not turn.was_known:
            verb = "adopt" if before else "create"
        elif not turn.is_declared:
            verb = _fate(before, now)
        found = Operation(turn.kind, turn.key, verb, _changed(turn.kind, before, now), _requests(requests))
        if setback:
            found.code, found.message = setback.code, setback.message
        found.fields |= {
            request.brings: (None, _WRITTEN) for request in requests if request.brings and not request.refused
        }
        if verb != "update" or found.requests or found.fields:
            yield found


def _fate(before: Values | None, now: Values | None) -> Verb:
    if now is None:
        return "delete"
    return "deactivate" if before and before.get("status") != now.get("status") else "forget"


def _changed(kind: Kind, before: Values | None, now: Values | None) -> dict[str, tuple[object, object]]:
    if now is None:
        return {}
    olds = before or {}
    names = [name for name in SCHEMAS[kind].names if name in now]
    return {name: (olds.get(name), now[name]) for name in names if (olds.get(name) or None) != (now[name] or None)}


def _requests(requests: Iterable[Sent]) -> list[str]:
    return [f"{request.method} {request.template}" + (" (refused)" if request.refused else "") for request in requests]


class About(TypedDict):
    """The stack, its WorkOS environment, and how many objects were listed there."""

    stack: str
    environment: Environment
    listed: dict[Kind, int]


class Change(TypedDict):
    """What WorkOS holds of a field, and what it will hold."""

    old: object
    new: object


class OperationLine(TypedDict):
    """What a run does with one record (`Operation`)."""

    type: Literal["operation"]
    kind: Kind
    key: str
    verb: Verb
    fields: dict[str, Change]
    requests: list[str]
    both: list[str]
    code: str
    message: str


class FindingLine(TypedDict):
    """A finding, as those of the export."""

    type: Literal["finding"]
    code: str
    file: str
    line: int
    external_id: str
    message: str


class DifferenceLine(TypedDict):
    """A record that stays different (`Difference`)."""

    type: Literal["difference"]
    kind: Kind
    key: str
    what: str
    why: Why
    kept: bool
    fields: dict[str, Compared]


class Summary(About):
    """The last line: records by kind and verb, and the bill. Of the differences Ferry leaves `kept` on purpose, and
    `wrong` are the others.
    """

    type: Literal["summary"]
    changes: bool
    #: By verb, and `unchanged`.
    kinds: dict[Kind, dict[str, int]]
    differences: int
    wrong: int
    kept: int
    bill: Bill


PlanLine = OperationLine | FindingLine | DifferenceLine | Summary


def plan_lines(
    found: Iterable[Operation],
    left: Iterable[Difference],
    sent: Iterable[Sent],
    *,
    about: About,
    share: float,
    declared: Mapping[Kind, int],
    file_of: Callable[[Kind, str], str],
) -> Iterator[PlanLine]:
    """The plan as objects, one a line: operations with their findings, what stays different, then one summary."""
    counts = {kind: Counter[str]() for kind in KINDS}
    for operation in found:
        counts[operation.kind][operation.verb] += 1
        yield _operation(operation)
        if operation.both:
            yield _finding(operation, file_of)
    sorts = Counter[bool]()
    for each in left:
        sorts[each.kept] += 1
        yield {
            "type": "difference",
            "kind": each.kind,
            "key": each.key,
            "what": each.what,
            "why": each.why,
            "kept": each.kept,
            "fields": {name: {"declared": declared, "workos": live} for name, (declared, live) in each.fields.items()},
        }
    busy = {kind: sum(number for verb, number in counts[kind].items() if verb not in _LEFT) for kind in KINDS}
    yield {
        "type": "summary",
        **about,
        "changes": any(number for numbers in counts.values() for verb, number in numbers.items() if verb != "forget"),
        "kinds": {
            kind: {**{verb: counts[kind][verb] for verb in VERBS}, "unchanged": declared[kind] - busy[kind]}
            for kind in KINDS
        },
        "differences": sorts.total(),
        "wrong": sorts[False],
        "kept": sorts[True],
        "bill": bill_of(_counted(sent), share),
    }


def _operation(operation: Operation) -> OperationLine:
    return {
        "type": "operation",
        "kind": operation.kind,
        "key": operation.key,
        "verb": operation.verb,
        "fields": {name: {"old": old, "new": new} for name, (old, new) in operation.fields.items()},
        "requests": operation.requests,
        "both": operation.both,
        "code": operation.code,
        "message": operation.message,
    }


def _finding(operation: Operation, file_of: Callable[[Kind, str], str]) -> FindingLine:
    code, names = "changed_in_both", ", ".join(operation.both)
    message = f"{names} changed in Auth0, and in WorkOS too since the last run. Next: {NEXT_STEP[code]}."
    return {
        "type": "finding",
        "code": code,
        "file": file_of(operation.kind, operation.key),
        "line": 0,
        "external_id": operation.key,
        "message": message,
    }


#: What becomes of records that are no longer declared.
_LEFT = frozenset({"deactivate", "delete", "forget"})


def _counted(sent: Iterable[Sent]) -> list[Requests]:
    numbers = Counter((request.method, request.template, request.kind) for request in sent)
    ordered = sorted(numbers.items(), key=lambda item: (item[0][0] == "GET", KINDS.index(item[0][2]), item[0]))
    return [Requests(method, template, number, kind) for (method, template, kind), number in ordered]
