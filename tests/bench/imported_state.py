"""The state of a stack whose every record is in WorkOS, made without WorkOS: its cohorts filled by the project's code.

A run of a few records gives the shape; ids are made up as WorkOS makes them, one 20 milliseconds after the other.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import count, islice
from pathlib import Path
from typing import Any

from providers.directory.model import Record, fields
from providers.directory.store import Store, open_store
from providers.settings import COHORT_KINDS, Kind, read_settings
from providers.state.applied import Applied, pack
from providers.state.cohorts import applied_record, cohort_of_record, line, text_digest
from sandbox.http.identifiers import identifier
from tests.bench.measured_command import measured
from tests.stack import Stack

#: Lines of each file that the run for the shape reads; roles are read whole, since their resources stay.
_FEW = 200
APART_MS = 20
PREFIXES: dict[str, str] = {"organizations": "org", "users": "user", "memberships": "om"}
_TYPES: dict[Kind, str] = {
    "organizations": "OrganizationCohort",
    "users": "UserCohort",
    "memberships": "MembershipCohort",
}

_KINDS = {
    **{type_: kind for kind, type_ in _TYPES.items()},
    **{"Organization": "organizations", "User": "users", "Membership": "memberships"},
}


def import_state(stack: Stack, export: Path) -> None:
    """Give the stack, which is new, a state that holds every record of this export as applied; every kind in cohorts.

    The stack is configured for the export afterwards, so that a preview finds nothing to do.
    """
    few = stack.folder / "few"
    few.mkdir()
    for path in export.glob("*.ndjson"):
        with path.open(encoding="utf-8") as whole:
            lines = whole if path.name == "roles.ndjson" else islice(whole, _FEW)
            (few / path.name).write_text("".join(lines), encoding="utf-8")
    stack.configure(export=str(few), granularity="cohort")
    stack.up()
    path = stack.folder / "state.json"
    measured(stack, "stack", "export", "--file", str(path))
    state = json.loads(path.read_bytes())
    stack.configure(export=str(export))
    _fill(state["deployment"]["resources"], stack, export)
    path.write_text(json.dumps(state), encoding="utf-8")
    measured(stack, "stack", "import", "--file", str(path))
    path.unlink()


def _fill(resources: list[dict[str, Any]], stack: Stack, export: Path) -> None:
    settings = read_settings({"ferry:export": str(export), "ferry:multipleRoles": "true"}, {})
    numbers = count(1)
    with open_store(settings, stack.project) as store:
        for kind in COHORT_KINDS:
            lines, packed = _cohorts(kind, _records(store, kind), numbers)
            for resource in resources:
                if resource["type"].endswith(f":{_TYPES[kind]}"):
                    number = int(resource["inputs"]["cohort"])
                    text = "".join(f"{one}\n" for one in lines[number])
                    resource["inputs"]["records"] = text
                    resource["outputs"] |= {"applied": packed.get(number, ""), "text": text_digest(text)}


def _records(store: Store, kind: Kind) -> Iterator[Record]:
    return store.records(kind)


def _cohorts(
    kind: Kind, records: Iterable[Record], numbers: Iterator[int]
) -> tuple[dict[int, list[str]], dict[int, str]]:
    """Lines and packed outputs by number of the cohort."""
    lines: dict[int, list[str]] = defaultdict(list)
    applied: dict[int, dict[str, Applied]] = defaultdict(dict)
    for record in records:
        number = cohort_of_record(record)
        id_ = identifier(PREFIXES[kind], APART_MS * next(numbers))
        lines[number].append(line(kind, record))
        applied[number][record.key] = applied_record(kind, record.key, id_, "created", fields(record))
    return lines, {number: pack(held) for number, held in applied.items()}


def state_bytes(stack: Stack, counts: dict[str, int]) -> dict[str, float]:
    """Bytes of the last state a record, by kind and of the whole file."""
    files = [path for path in (stack.folder / "backend").rglob("stacks/**/dev.json") if path.is_file()]
    (path,) = files
    resources = json.loads(path.read_bytes())["checkpoint"]["latest"]["resources"]
    sizes: dict[str, int] = defaultdict(int)
    for resource in resources:
        sizes[_KINDS.get(resource["type"].rpartition(":")[2], "")] += len(_compact(resource))
    kinds: dict[str, float] = {kind: sizes[kind] / counts[kind] for kind in COHORT_KINDS}
    return {**kinds, "all": path.stat().st_size / sum(counts[kind] for kind in COHORT_KINDS)}


def _compact(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
