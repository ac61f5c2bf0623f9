"""A plan as text for people: how many of what, the first of them field by field, and the bill."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from providers.reports.bill import Bill, duration
from providers.reports.plan import VERBS, DifferenceLine, OperationLine, PlanLine, Summary
from providers.reports.verification_text import HEADINGS, SORTS, Sort, next_steps
from providers.text import plain

_SHOWN = 30
_WIDEST = 80
_SIGNS = {"create": "+", "adopt": "=", "update": "~", "deactivate": "-", "delete": "-", "forget": " "}
_COLUMNS = (*VERBS, "unchanged")


def plan_text(lines: Iterable[PlanLine], shown: int = _SHOWN) -> Iterator[str]:
    """The report, line by line; operations and differences beyond the first `shown` of each are counted."""
    operations: list[OperationLine] = []
    differences: dict[bool, list[DifferenceLine]] = {False: [], True: []}
    whys: set[str] = set()
    for line in lines:
        if line["type"] == "summary":
            summary = line
        elif line["type"] == "difference":
            of_sort = differences[line["kept"]]
            of_sort += [line] if len(of_sort) < shown else []
            whys |= set() if line["kept"] else {line["why"]}
        elif line["type"] == "operation" and line["verb"] != "forget":
            operations += [line] if len(operations) < shown else []
    yield from _head(summary)
    yield ""
    yield from _operations(operations, summary, shown)
    for sort in SORTS:
        yield from _stays(sort, differences[sort == "kept"], summary[sort], whys)
    yield ""
    yield from _bill(summary["bill"])


def _stays(sort: Sort, differences: list[DifferenceLine], number: int, whys: set[str]) -> Iterator[str]:
    if not differences:
        return
    yield ""
    yield f"STAYS DIFFERENT after this run, {HEADINGS[sort]} {number:,}"
    for difference in differences:
        yield plain(
            f"  {difference['what']} {difference['kind'].removesuffix('s')} {difference['key']} ({difference['why']})"
        )
        for name, pair in difference["fields"].items():
            yield plain(f"      {name}: directory {_value(pair['declared'])}, WorkOS {_value(pair['workos'])}")
    if number > len(differences):
        yield f"  and {number - len(differences):,} more: ferry plan --json"
    yield from next_steps(sort, whys)


def _head(summary: Summary) -> Iterator[str]:
    environment, listed = summary["environment"], summary["listed"]
    yield plain(f"FERRY PLAN {summary['stack']}")
    yield plain(f"  {environment['base_url']} ({environment['kind']}, key {environment['key']})")
    yield "  WorkOS holds " + ", ".join(f"{number:,} {kind}" for kind, number in listed.items())
    yield ""
    verbs = [verb for verb in _COLUMNS if verb in {"create", "update", "unchanged"} or _any(summary, verb)]
    yield "RECORDS"
    yield f"  {'':<14}" + "".join(f"{verb:>11}" for verb in verbs)
    for kind, counts in summary["kinds"].items():
        yield f"  {kind:<14}" + "".join(f"{counts[verb]:>11,}" for verb in verbs)


def _any(summary: Summary, verb: str) -> bool:
    return any(counts[verb] for counts in summary["kinds"].values())


def _operations(operations: list[OperationLine], summary: Summary, shown: int) -> Iterator[str]:
    if not operations:
        yield "CHANGES none"
        return
    yield "CHANGES"
    for operation in operations:
        sign = _SIGNS.get(operation["verb"], "!")
        yield plain(f"  {sign} {operation['verb']} {operation['kind'].removesuffix('s')} {operation['key']}")
        if operation["code"]:
            yield plain(f"      {operation['code']}: {operation['message']}")
        for name, pair in operation["fields"].items():
            both = "   changed in WorkOS too, Auth0's value is written" if name in operation["both"] else ""
            old = "" if operation["verb"] == "create" or name in {"password", "totp"} else f"{_value(pair['old'])} -> "
            yield plain(f"      {name}: {old}{_value(pair['new'])}{both}")
        for request in operation["requests"]:
            yield f"      {request}"
        if operation["verb"] == "delete" and not operation["requests"]:
            yield "      goes with its user or organization"
    total = sum(counts[verb] for counts in summary["kinds"].values() for verb in VERBS if verb != "forget")
    if total > shown:
        yield f"  and {total - shown:,} more: ferry plan --json"


def _value(value: object) -> str:
    if value in (None, "", [], {}):
        return "none"
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _WIDEST else f"{text[: _WIDEST - 3]}..."


def _bill(bill: Bill) -> Iterator[str]:
    yield "BILL"
    for request in bill["requests"]:
        yield f"  {request['count']:>9,}  {request['method']:<6}  {request['path']}"
    writes = sum(request["count"] for request in bill["requests"] if request["method"] != "GET")
    yield f"  {bill['total']:>9,}  requests, {writes:,} of them write"
    yield (
        f"  At least {duration(bill['seconds'])} at ferry:rateShare {bill['rate_share']:g}; "
        f"floor at full limits: {duration(bill['floor_seconds'])}."
    )
