"""Cohorts: many records in one resource. Which cohort a record is in, its line there, and what a new text changes.

A line is `<key> <digest>`. The digest holds a fingerprint a field, so a preview names exactly the records that change,
and the differ sees which fields, without the fields themselves.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from providers.directory.differ import MANAGED, changes
from providers.directory.model import Membership, Record, fields
from providers.settings import Kind
from providers.state.applied import Applied, Origin

#: Cohorts of a kind: the first byte of a SHA-256, so that a new record never moves another.
COHORTS = 256
#: The kinds that cohorts can carry.
COHORT_KINDS: tuple[Kind, ...] = ("organizations", "users", "memberships")
#: Fields whose presence says all: nothing but true, or nothing but active.
_FLAGS = frozenset({"email_verified", "status"})
_SETS = frozenset({"roles", "domains"})
_MARK_BYTES = 4
#: Stands for the external id of an object that was found, or came back, without one.
_WITHOUT_ID = "(none)"


def cohort_of(external_id: str) -> int:
    """The number of the cohort for this external id; a membership goes with its organization's."""
    return hashlib.sha256(external_id.encode()).digest()[0]


def cohort_of_record(record: Record) -> int:
    """The number of the cohort that a record is in; a merged user stays in that of its key."""
    return cohort_of(record.organization if isinstance(record, Membership) else record.key)


def cohort_name(kind: Kind, number: int) -> str:
    """The logical name: `users-3f`."""
    return f"{kind}-{number:02x}"


@lru_cache(1 << 15)
def _known_mark(name: str, text: str) -> bytes:
    """Names of people, roles and plans come again and again."""
    return hashlib.blake2b(f"{name}\0{text}".encode(), digest_size=_MARK_BYTES).digest()


def mark(name: str, value: object) -> bytes:
    """A fingerprint of a field's value: 4 bytes. Equal values of a field have equal marks; a secret comes as its own
    fingerprint.
    """
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))
    return _known_mark(name, text)


def marks_of(kind: Kind, key: str, values: Mapping[str, Any]) -> dict[str, bytes]:
    """The marks of a record's fields by name, those left out that hold nothing; a flag's is empty.

    An external id is there only where it is not the key (a merged user, or an object that has none yet), a user's
    verification only if it is true, a membership's status only if it is active.
    """
    marks = {}
    for name in MANAGED[kind]:
        value = values.get(name)
        if name == "external_id":
            value = None if values.get(name, key) == key else value or _WITHOUT_ID
        elif name == "status":
            value = value == "active"
        elif name in _SETS:
            value = sorted(value or ())
        if not value:
            continue
        if name == "metadata":
            value = {pair: mark(pair, text).hex() for pair, text in value.items()}
        marks[name] = b"" if name in _FLAGS else mark(name, value)
    return marks


def joined(kind: Kind, marks: Mapping[str, bytes]) -> bytes:
    """The digest of a record: a byte that says which fields hold something, then their marks."""
    present = sum(1 << place for place, name in enumerate(MANAGED[kind]) if name in marks)
    return bytes([present]) + b"".join(marks[name] for name in MANAGED[kind] if name in marks)


def split(kind: Kind, digest: bytes) -> dict[str, bytes]:
    """The inverse of `joined`. Raises ValueError for a digest of another form."""
    marks, at = {}, 1
    for place, name in enumerate(MANAGED[kind]):
        if digest[0] >> place & 1:
            width = 0 if name in _FLAGS else _MARK_BYTES
            marks[name] = digest[at : at + width]
            at += width
    if at != len(digest):
        raise ValueError(f"this is no digest of {kind}")
    return marks


def marked(kind: Kind, key: str, values: Mapping[str, Any]) -> bytes:
    """The digest of a record with these fields."""
    return joined(kind, marks_of(kind, key, values))


def stand_in(kind: Kind, key: str, digest: bytes) -> dict[str, Any]:
    """The fields that a digest stands for, as the differ may compare them with those of another digest of this record:
    equal marks are equal values.
    """
    values: dict[str, Any] = dict.fromkeys(MANAGED[kind])
    if "external_id" in values:
        values["external_id"] = key
    if "status" in values:
        values["status"] = "inactive"
    for name, own in split(kind, digest).items():
        text = own.hex()
        if name in _FLAGS:
            values[name] = "active" if name == "status" else True
        elif name == "metadata":
            values[name] = {"": text}
        else:
            values[name] = [text] if name in _SETS else text
    return values


def line(kind: Kind, record: Record) -> str:
    """A record's line in its cohort: `<key> <digest>`."""
    if isinstance(record, Membership):
        return f"{record.key} {_membership_digest(record.roles, record.active)}"
    return f"{record.key} {_text(marked(kind, record.key, fields(record)))}"


@lru_cache(4096)
def _membership_digest(roles: tuple[str, ...], active: bool) -> str:
    """A million memberships have some hundred digests."""
    return _text(marked("memberships", "", fields(Membership("", "", roles, active))))


def _text(digest: bytes) -> str:
    return urlsafe_b64encode(digest).rstrip(b"=").decode()


def has_other_id(digest: bytes) -> bool:
    """Does a user's digest say that its external id is not its key (a merged user)?"""
    return bool(digest[0] & 1 << MANAGED["users"].index("external_id"))


def digests(text: str) -> dict[str, bytes]:
    """The lines of a cohort: key to digest, in their order. Raises ValueError for what is no cohort's text."""
    found = {}
    for text_line in lines_of(text):
        key, apart, digest = text_line.rpartition(" ")
        if not apart:
            raise ValueError("a line without digest")
        found[key] = urlsafe_b64decode(digest + "=" * (-len(digest) % 4))
    return found


def keys_of(text: str) -> list[str]:
    """The keys of a cohort's lines, in their order."""
    return [text_line.rpartition(" ")[0] for text_line in lines_of(text)]


def lines_of(text: str) -> list[str]:
    """The lines of a cohort's text, in their order."""
    return text.removesuffix("\n").split("\n") if text else []


def texts(kind: Kind, records: Iterable[Record]) -> list[str]:
    """The text of every cohort of a kind, in the order of their numbers. Each line ends with a line break, the last
    too: else a line that comes after it would make the engine show it as changed.
    """
    lines: list[list[str]] = [[] for _ in range(COHORTS)]
    for record in records:
        lines[cohort_of_record(record)].append(line(kind, record) + "\n")
    return ["".join(cohort) for cohort in lines]


def text_digest(text: str) -> str:
    """The SHA-256 of a cohort's text."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(slots=True)
class Plan:
    """What one run has to do in a cohort, by key and in the order of the lines."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.added) + len(self.changed) + len(self.removed)

    def __str__(self) -> str:
        return f"+{len(self.added)} ~{len(self.changed)} -{len(self.removed)}"


def plan(
    kind: Kind, wanted: Mapping[str, bytes], applied: Mapping[str, Applied], anew: Container[str] = frozenset()
) -> Plan:
    """What makes `applied` into `wanted` (the `digests` of a cohort's text): the differ's changes, counted by record.

    `anew` holds the keys whose object is not the one that was applied any more: they are added.
    """
    found = Plan(removed=[key for key in applied if key not in wanted])
    for key, digest in wanted.items():
        known = applied.get(key)
        if known is None or key in anew:
            found.added.append(key)
        elif known.digest != digest and changes(
            kind, stand_in(kind, key, digest), {**stand_in(kind, key, known.digest), "origin": known.origin}
        ):
            found.changed.append(key)
    return found


def applied_record(kind: Kind, key: str, id_: str, origin: str, values: Mapping[str, Any]) -> Applied:
    """What is to be remembered of a record that is in WorkOS with these fields."""
    domains = tuple(values.get("domains") or ())
    made: Origin = "found" if origin == "found" else "created"
    return Applied(id_, marked(kind, key, values), made, domains, _pairs(values))


def _pairs(values: Mapping[str, Any]) -> dict[str, str]:
    return {pair: mark(pair, text).hex() for pair, text in (values.get("metadata") or {}).items()}


def applied_fields(kind: Kind, key: str, applied: Applied, beside: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the fields that were applied: the value of `beside` (what is desired, or what is live) where it has the
    same mark, of every other field a text that is no value of it.
    """
    values, theirs = stand_in(kind, key, applied.digest), stand_in(kind, key, marked(kind, key, beside))
    for name, value in values.items():
        if name not in _FLAGS and value == theirs[name]:
            values[name] = beside.get(name)
    if "domains" in values:
        values["domains"] = list(applied.domains)
    if "metadata" in values:
        near = beside.get("metadata") or {}
        values["metadata"] = {
            pair: near[pair] if pair in near and mark(pair, near[pair]).hex() == own else f"fingerprint {own}"
            for pair, own in applied.pairs.items()
        }
    return values


def updated(kind: Kind, key: str, applied: Applied, before: Mapping[str, Any], now: Mapping[str, Any]) -> Applied:
    """What is remembered of a record whose `applied_fields` were `before` and are `now`: a field that did not change
    keeps its mark, since its value may be unknown.
    """
    changed = {name: now.get(name) for name in MANAGED[kind] if now.get(name) != before.get(name)}
    if not changed:
        return applied
    marks = {name: own for name, own in split(kind, applied.digest).items() if name not in changed}
    marks |= marks_of(kind, key, {"external_id": key, **changed})
    pairs = applied.pairs
    if "metadata" in changed:
        old, new = before.get("metadata") or {}, now.get("metadata") or {}
        kept = {pair: applied.pairs[pair] for pair in applied.pairs if pair in new and new[pair] == old.get(pair)}
        pairs = {pair: kept.get(pair) or mark(pair, text).hex() for pair, text in new.items()}
        marks.pop("metadata", None)
        marks |= {"metadata": mark("metadata", pairs)} if pairs else {}
    domains = tuple(changed["domains"] or ()) if "domains" in changed else applied.domains
    return Applied(applied.id, joined(kind, marks), applied.origin, domains, pairs)
