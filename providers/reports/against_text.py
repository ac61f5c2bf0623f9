"""The differences of two stacks' directories as text for people, and as one JSON document for machines.

The document has these keys, all always there, in this order:

- `here`, `there`: `{stack, exports: [{tenant, folder}]}`, the stack of `--stack` and that of `--against`.
- `settings`: `{setting, here, there}` each; only those that shape a directory, and differ.
- `differences`: all of them, by kind and key: `{kind, key, where, name, fields: [{field, here, there}]}`. `where`:
  only_here, only_there, other_fields. `name` and the values: of organizations and roles only.
- `counts`: by kind `{same, only_here, only_there, other_fields}`.
- `equal`: no record differs. Settings do not count: what they change is in the records.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from typing import Any

from providers.reports.against import WHERES, Counts, Difference, FieldDifference, SettingDifference, Where
from providers.reports.checklist import count
from providers.settings import KINDS, Kind, Settings
from providers.text import plain

_SHOWN = 20


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two stacks."""

    stack: str
    settings: Settings

    def exports(self) -> list[dict[str, str]]:
        """The folders it reads, as configured."""
        tenants = [{"tenant": tenant.name, "folder": tenant.export} for tenant in self.settings.tenants]
        return tenants or [{"tenant": "", "folder": self.settings.export}]


def is_equal(counts: Counts) -> bool:
    """Does no record differ?"""
    return not any(counted[where] for counted in counts.values() for where in WHERES)


def document_pieces(
    here: Side, there: Side, settings: list[SettingDifference], found: Iterable[Difference], counts: Counts
) -> Iterator[str]:
    """The JSON document, piece by piece: it may be longer than memory is large."""
    head = {name: {"stack": side.stack, "exports": side.exports()} for name, side in (("here", here), ("there", there))}
    opened = json.dumps({**head, "settings": [asdict(setting) for setting in settings]}, indent=1)
    yield opened.removesuffix("\n}") + ',\n "differences": ['
    comma = ""
    for difference in found:
        yield f"{comma}\n  {json.dumps(asdict(difference))}"
        comma = ","
    tail = json.dumps({"counts": counts, "equal": is_equal(counts)}, indent=1)
    yield f"\n ],{tail.removeprefix('{')}\n"


def against_lines(
    here: Side, there: Side, settings: list[SettingDifference], found: Iterable[Difference], counts: Counts
) -> Iterator[str]:
    """The report, line by line: the counts, then the first differences of each kind. Titles start with no space."""
    first: dict[tuple[Kind, Where], list[Difference]] = defaultdict(list)
    for difference in found:
        shown = first[difference.kind, difference.where]
        if len(shown) < _SHOWN:
            shown.append(difference)
    yield plain(f"FERRY CHECK {here.stack} against {there.stack}")
    for side in (here, there):
        yield plain(f"  {side.stack}: {', '.join(export['folder'] for export in side.exports())}")
    yield ""
    yield "DIRECTORIES"
    yield f"  {'':<15}" + "".join(f"{name:>14}" for name in ("same", "only here", "only there", "other fields"))
    for kind, counted in counts.items():
        yield f"  {kind:<15}" + "".join(f"{counted[name]:>14,}" for name in ("same", *WHERES))
    yield plain(f"  Here is {here.stack}, there is {there.stack}.")
    if is_equal(counts):
        yield "  Both declare the same."
    for kind in KINDS:
        if any(counts[kind][where] for where in WHERES):
            yield ""
            yield kind.upper()
        for where in WHERES:
            yield from _records(here, there, where, first[kind, where], counts[kind][where])
    yield ""
    yield "SETTINGS THAT SHAPE A DIRECTORY"
    if not settings:
        yield "  The same in both stacks."
    for setting in settings:
        yield f"  ferry:{setting.setting}"
        yield plain(f"      here:  {_value(setting.here)}")
        yield plain(f"      there: {_value(setting.there)}")


def _records(here: Side, there: Side, where: Where, shown: list[Difference], number: int) -> Iterator[str]:
    if not number:
        return
    yield plain(
        {
            "only_here": f"  {count(number, 'record')} that only {here.stack} declares:",
            "only_there": f"  {count(number, 'record')} that only {there.stack} declares:",
            "other_fields": f"  {count(number, 'record')} with other fields:",
        }[where]
    )
    for difference in shown:
        line = f"      {difference.key}"
        if difference.name and difference.name != difference.key:
            line += f" {json.dumps(difference.name, ensure_ascii=False)}"
        if difference.fields:
            line += f": {', '.join(_field(field) for field in difference.fields)}"
        yield plain(line)
    if number > len(shown):
        yield f"      and {number - len(shown):,} more (all of them: --json)"


def _field(difference: FieldDifference) -> str:
    if difference.here is None and difference.there is None:
        return difference.field
    return f"{difference.field} {_value(difference.here)} here, {_value(difference.there)} there"


def _value(value: Any) -> str:
    return "unset" if value is None or value in ([], {}) else json.dumps(value, ensure_ascii=False)
