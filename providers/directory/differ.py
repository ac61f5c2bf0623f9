"""The one differ: what the directory says against what was applied. Preview, apply, refresh and adoption all ask it.

`desired` and `applied` are the fields of `model.fields`, as plain values; `applied` is what Ferry last wrote or, for an
adopted object, the view of it that `adopted` makes. A field that is absent counts as empty.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from providers.directory.model import SCHEMAS
from providers.directory.schema import Field, Values
from providers.settings import Kind


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what was applied, and what is to be. Of metadata only the pairs that change; None removes a pair."""

    field: str
    old: Any
    new: Any


def changes(kind: Kind, desired: Values, applied: Values) -> list[Change]:
    """What has to be written so that `applied` becomes `desired`, by the field rules of the design (Writing).

    A password or authenticator is never taken back, a verified email never becomes unverified, a role that Ferry did
    not create keeps its name.
    """
    schema = SCHEMAS[kind]
    if schema.keeps_found and applied.get("origin") == "found":
        return []
    result = []
    for of in schema.managed:
        old, new = applied.get(of.name), desired.get(of.name)
        if of.sort == "pairs":
            old, new = _changed_pairs(pairs(applied.get(of.name)), pairs(desired.get(of.name)))
        if _differs(of, old, new):
            result.append(Change(of.name, old, new))
    return result


def pairs(value: object) -> Mapping[str, str]:
    """A value that is texts by name; {} for none."""
    return value if isinstance(value, Mapping) else {}


def items(value: object) -> Collection[str]:
    """A value that is several texts; () for none."""
    return value if isinstance(value, list | tuple) else ()


def text(value: object) -> str:
    """A value that is text; '' for none."""
    return value if isinstance(value, str) else ""


def _differs(of: Field, old: Any, new: Any) -> bool:
    if of.sort == "secret":
        return new is not None and new != old
    if of.sort == "flag":
        return bool(new) and not old
    if of.sort in {"set", "given"}:
        return sorted(old or ()) != sorted(new or ())
    return (old or None) != (new or None)


def _changed_pairs(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[object, object]:
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return {key: old.get(key) for key in keys}, {key: new.get(key) for key in keys}


def adopted(kind: Kind, desired: Values, live: Values) -> dict[str, object]:
    """A live object seen as if Ferry had written it, so that taking it over changes only what the directory sets.

    Its password counts as written, since nothing can read it.
    """
    return {of.name: _adopted(of, desired, live) for of in SCHEMAS[kind].managed}


def _adopted(of: Field, desired: Values, live: Values) -> object:
    wanted, there = desired.get(of.name), live.get(of.name)
    if of.sort == "pairs":
        here = pairs(there)
        return {key: here[key] for key in pairs(wanted) if key in here}
    if of.sort == "given":
        return [item for item in items(there) if item in items(wanted)]
    if of.sort == "flag":
        return bool(there)
    if of.name == "password":
        return wanted
    return there if wanted or of.sort == "id" else wanted


def drifted(kind: Kind, applied: Values, live: Values) -> dict[str, object]:
    """Fields that somebody changed in WorkOS since Ferry wrote them, with their live values.

    A field counts only if Ferry wrote it and WorkOS can be asked for it.
    """
    view = adopted(kind, applied, live) | {name: applied.get(name) for name in SCHEMAS[kind].secrets}
    return {
        change.field: view[change.field] for change in changes(kind, applied, {**view, "origin": applied.get("origin")})
    }


def unequal(kind: Kind, desired: Values, live: Values, applied: Values | None = None) -> list[Change]:
    """Fields where WorkOS differs. A field the export leaves empty counts only if Ferry wrote it (`applied`).

    What nothing can read back is left out; a role that Ferry is not known to have created keeps its name.
    """
    schema = SCHEMAS[kind]
    view = adopted(kind, desired, live) | {name: desired.get(name) for name in schema.secrets}
    for of in schema.managed if applied else ():
        view[of.name] = _with_remains(of, view[of.name], applied or {}, live)
    return changes(kind, desired, {**view, "origin": (applied or {"origin": "found"}).get("origin")})


def _with_remains(of: Field, view: object, applied: Values, live: Values) -> object:
    """A field of a live object, with what it still has from Ferry and the directory no longer sets."""
    if isinstance(view, dict):
        there = pairs(live.get(of.name))
        return {**{key: own for key, own in pairs(applied.get(of.name)).items() if there.get(key) == own}, **view}
    if of.sort == "given":
        seen, there_is = items(view), items(live.get(of.name))
        return [*seen, *(item for item in items(applied.get(of.name)) if item in there_is and item not in seen)]
    own = applied.get(of.name)
    return own if own and not view and own == live.get(of.name) else view


def is_doubtful(kind: Kind, desired: Values, live: Values) -> bool:
    """Has a live object something that the directory does not set? Only the last state tells whose that is."""
    for of in SCHEMAS[kind].managed:
        if of.sort == "pairs" and set(pairs(live.get(of.name))) - set(pairs(desired.get(of.name))):
            return True
        if of.sort == "given" and set(items(live.get(of.name))) - set(items(desired.get(of.name))):
            return True
        is_own = of.sort in {"pairs", "given", "secret", "flag"}
        if not is_own and live.get(of.name) and not desired.get(of.name):
            return True
    return False
