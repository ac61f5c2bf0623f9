"""`ferry check --stack A --against B`: what the directories of two stacks declare differently. Pure, over two stores.

Both stores hand out the records of a kind in the order of their keys, so they are read side by side: memory is bounded
however many records differ. No email, no name of a person and no secret is in a difference. Of organizations and roles
it holds what they are called; of users and memberships the names of the fields alone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from providers.directory.differ import items, pairs
from providers.directory.model import SCHEMAS, Membership, Organization, Record, Role, fields
from providers.directory.schema import Values
from providers.directory.store import SHAPING, Store
from providers.settings import KINDS, Kind, Settings

Where = Literal["only_here", "only_there", "other_fields"]
WHERES: tuple[Where, ...] = ("only_here", "only_there", "other_fields")

#: Fields whose values are told: they name no person.
_TOLD = {"name", "domains"}
_SECRETS = {"password": "password hash", "totp": "authenticator"}


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """One field that both directories declare otherwise: `field`, or what differs in words if it is a secret.

    `here` and `there` are None where a value may not be told.
    """

    field: str
    here: Any = None
    there: Any = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One record. `name`: what an organization or role is called where it is declared alone, else ''."""

    kind: Kind
    key: str
    where: Where
    name: str = ""
    fields: tuple[FieldDifference, ...] = ()


@dataclass(frozen=True, slots=True)
class SettingDifference:
    """A setting that shapes a directory and is not the same in both stacks, by its name in the stack's file."""

    setting: str
    here: Any
    there: Any


#: By kind: how many records are the same, and how many differ in which way.
Counts = dict[Kind, Counter[str]]


def differences(here: Store, there: Store, counts: Counts) -> Iterator[Difference]:
    """What differs, by kind and key. `counts` is filled on the way, and complete when the last one was handed out."""
    for kind in KINDS:
        counted = counts[kind] = Counter(dict.fromkeys(("same", *WHERES), 0))
        for first, other in _pairs(here.records(kind), there.records(kind)):
            found = _difference(kind, first, other)
            counted[found.where if found else "same"] += 1
            if found:
                yield found


def setting_differences(here: Settings, there: Settings) -> list[SettingDifference]:
    """The settings that shape a directory and differ, by name. Of tenants their folders do not count."""
    ours, theirs = _shaping(here), _shaping(there)
    return [SettingDifference(name, ours[name], theirs[name]) for name in sorted(ours) if ours[name] != theirs[name]]


def _shaping(settings: Settings) -> dict[str, object]:
    values = settings.model_dump(mode="json", by_alias=True, include=set(SHAPING))
    values["skip"] = sorted(values["skip"])
    values["tenants"] = [{"name": tenant["name"], "prefix": tenant["prefix"]} for tenant in values["tenants"]]
    # Their order decides which of several roles counts.
    values["roles"] = [list(pair) for pair in values["roles"].items()]
    return values


def _pairs(here: Iterator[Record], there: Iterator[Record]) -> Iterator[tuple[Record | None, Record | None]]:
    """Each record of either side with the one of the same key on the other."""
    first, other = next(here, None), next(there, None)
    while first or other:
        if other is None or (first is not None and _order(first) < _order(other)):
            yield first, None
            first = next(here, None)
        elif first is None or _order(other) < _order(first):
            yield None, other
            other = next(there, None)
        else:
            yield first, other
            first, other = next(here, None), next(there, None)


def _order(record: Record) -> tuple[str, ...]:
    """How a store sorts, for SQLite compares text as Python does."""
    return (record.organization, record.user) if isinstance(record, Membership) else (record.key,)


def _difference(kind: Kind, first: Record | None, other: Record | None) -> Difference | None:
    """None: the two are the same."""
    if first is not None and other is not None:
        if first == other:
            return None
        differing = tuple(_fields(kind, fields(first), fields(other)))
        return Difference(kind, first.key, "other_fields", fields=differing) if differing else None
    record = first or other
    assert record is not None  # noqa: S101
    name = record.name if isinstance(record, Organization | Role) else ""
    return Difference(kind, record.key, "only_here" if other is None else "only_there", name)


def _fields(kind: Kind, here: Values, there: Values) -> Iterator[FieldDifference]:
    for of in SCHEMAS[kind].fields:
        ours, theirs = here.get(of.name), there.get(of.name)
        if of.sort in {"set", "given"}:
            ours, theirs = sorted(items(ours)), sorted(items(theirs))
        if ours == theirs:
            continue
        if of.sort == "pairs":
            yield from (FieldDifference(f"{of.name}.{key}") for key in _unequal(pairs(ours), pairs(theirs)))
        elif of.sort == "secret":
            yield FieldDifference(_secret(_SECRETS[of.name], is_here=bool(ours), is_there=bool(theirs)))
        elif kind in {"organizations", "roles"} and of.name in _TOLD:
            yield FieldDifference(of.name, ours, theirs)
        else:
            yield FieldDifference(of.name)


def _unequal(ours: Mapping[str, str], theirs: Mapping[str, str]) -> list[str]:
    return sorted(key for key in {*ours, *theirs} if ours.get(key) != theirs.get(key))


def _secret(what: str, *, is_here: bool, is_there: bool) -> str:
    if is_here and is_there:
        return f"other {what}"
    return f"{what} {'here' if is_here else 'there'} only"
