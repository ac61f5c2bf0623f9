"""What a run would do, record by record: from a rehearsal, the state it would leave, and WorkOS as it is now."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal, NamedTuple, get_args

from providers.directory.differ import MANAGED
from providers.findings import NEXT_STEP, Finding
from providers.reports.bill import Requests, bill_of
from providers.reports.verification import Difference
from providers.settings import KINDS, Kind
from providers.workos.rehearsal.door import Sent
from providers.workos.rehearsal.objects import Objects

Fields = Mapping[str, Any]
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
    fields: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    both: list[str] = field(default_factory=list)
    code: str = ""
    message: str = ""


def operations(
    turns: Iterable[Turn],
    objects: Mapping[Kind, Objects],
    sent: Iterable[Sent],
    setbacks: Mapping[tuple[Kind, str], Any],
) -> Iterator[Operation]:
    """One operation for every record that is not as it should be already.

    `setbacks` by kind and key have `state`, `code` and `message`. Requests that read are left out.
    """
    by_id: dict[tuple[Kind, str], list[Sent]] = defaultdict(list)
    for request in sent:
        if request.method != "GET":
            by_id[request.kind, request.about].append(request)
    for turn in turns:
        requests = [*by_id.pop((turn.kind, turn.key), ()), *by_id.pop((turn.kind, turn.id), ())]
        verb, before, now = "update", None, None
        if turn.id:
            before = objects[turn.kind].before.get(turn.id)
            now = objects[turn.kind].after.get(turn.id, before)
        if setback := setbacks.get((turn.kind, turn.key)):
            verb = setback.state
        elif not turn.was_known:
            verb = "adopt" if before else "create"
        elif not turn.is_declared:
            verb = _fate(before, now)
        found = Operation(turn.kind, turn.key, verb, _changed(turn.kind, before, now), _requests(requests))  # type: ignore[arg-type]
        if setback:
            found.code, found.message = setback.code, setback.message
        found.fields |= {
            request.brings: (None, _WRITTEN) for request in requests if request.brings and not request.refused
        }
        if verb != "update" or found.requests or found.fields:
            yield found


def _fate(before: Fields | None, now: Fields | None) -> Verb:
    if now is None:
        return "delete"
    return "deactivate" if before and before.get("status") != now.get("status") else "forget"


def _changed(kind: Kind, before: Fields | None, now: Fields | None) -> dict[str, tuple[Any, Any]]:
    if now is None:
        return {}
    olds = before or {}
    names = [name for name in MANAGED[kind] if name in now]
    return {name: (olds.get(name), now[name]) for name in names if (olds.get(name) or None) != (now[name] or None)}


def _requests(requests: Iterable[Sent]) -> list[str]:
    return [f"{request.method} {request.template}" + (" (refused)" if request.refused else "") for request in requests]


def plan_lines(
    found: Iterable[Operation],
    left: Iterable[Difference],
    sent: Iterable[Sent],
    *,
    about: Mapping[str, Any],
    share: float,
    declared: Mapping[Kind, int],
    file_of: Callable[[Kind, str], str],
) -> Iterator[dict[str, Any]]:
    """The plan as objects, one a line: operations, what stays different, then one summary.

    `{type: operation, kind, key, verb, fields: {name: {old, new}}, requests, both, code, message}`;
    `{type: finding, code, file, line, external_id, message}`, as those of the export;
    `{type: difference, kind, key, what, why, kept, fields: {name: {declared, workos}}}`;
    `{type: summary, **about, changes, kinds: {kind: {verb: number, unchanged}}, differences, wrong, kept, bill}`:
    of the differences Ferry leaves `kept` on purpose, and `wrong` are the others.
    """
    counts = {kind: Counter[str]() for kind in KINDS}
    for operation in found:
        counts[operation.kind][operation.verb] += 1
        fields = {name: {"old": old, "new": new} for name, (old, new) in operation.fields.items()}
        yield {"type": "operation", **asdict(operation), "fields": fields}
        if operation.both:
            yield {"type": "finding", **_finding(operation, file_of)}
    sorts = Counter[bool]()
    for each in left:
        sorts[each.kept] += 1
        values = {name: {"declared": declared, "workos": live} for name, (declared, live) in each.fields.items()}
        line = {"kind": each.kind, "key": each.key, "what": each.what, "why": each.why, "kept": each.kept}
        yield {"type": "difference", **line, "fields": values}
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


def _finding(operation: Operation, file_of: Callable[[Kind, str], str]) -> dict[str, Any]:
    code, names = "changed_in_both", ", ".join(operation.both)
    message = f"{names} changed in Auth0, and in WorkOS too since the last run. Next: {NEXT_STEP[code]}."
    return asdict(Finding(code, file_of(operation.kind, operation.key), 0, operation.key, message))


#: What becomes of records that are no longer declared.
_LEFT = frozenset({"deactivate", "delete", "forget"})


def _counted(sent: Iterable[Sent]) -> list[Requests]:
    numbers = Counter((request.method, request.template, request.kind) for request in sent)
    ordered = sorted(numbers.items(), key=lambda item: (item[0][0] == "GET", KINDS.index(item[0][2]), item[0]))
    return [Requests(method, template, number, kind) for (method, template, kind), number in ordered]
