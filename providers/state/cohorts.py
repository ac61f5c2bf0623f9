"""Cohorts: many records in one resource. Which cohort a record is in, its line there, and what a new text changes.

A line is `<key> <digest>`. The digest holds a fingerprint a field, so a preview names exactly the records that change,
and the differ sees which fields, without the fields themselves: a byte that says which of the kind's first eight fields
hold something, their marks, and so on by eights; eights at the end that hold nothing are left out. So a field that is
new in a kind changes no line of a record without it.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import Counter
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from providers.directory.differ import changes, items, pairs
from providers.directory.model import SCHEMAS, Membership, Record, fields
from providers.directory.schema import Field, Values
from providers.settings import Kind
from providers.state.applied import Applied, Origin

#: Cohorts of a kind: the first byte of a SHA-256, so that a new record never moves another.
COHORTS = 256
#: Fields whose presence says all: nothing but true, or nothing but active.
_FLAGS = frozenset({"flag", "state"})
_SETS = frozenset({"set", "given"})
_MARK_BYTES = 4
#: The fields of each kind with their sorts; and by eights, as many as a byte has bits to say that they hold something.
_SORTS = {kind: tuple((of.name, of.sort) for of in schema.managed) for kind, schema in SCHEMAS.items()}
_ID_BIT = {
    kind: sum(1 << at for at, (_, sort) in enumerate(sorts[:8]) if sort == "id") for kind, sorts in _SORTS.items()
}
_EIGHTS = {
    kind: [
        [(1 << place, named) for place, named in enumerate(sorts[start : start + 8])]
        for start in range(0, len(sorts), 8)
    ]
    for kind, sorts in _SORTS.items()
}
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


def marks_of(kind: Kind, key: str, values: Values) -> dict[str, bytes]:
    """The marks of a record's fields by name, those left out that hold nothing; a flag's is empty.

    An external id is there only where it is not the key (a merged user, or an object that has none yet), a user's
    verification only if it is true, a membership's status only if it is active.
    """
    marks = {}
    for name, sort in _SORTS[kind]:
        value = values.get(name)
        if sort == "id":
            own = values.get(name, key)
            value = None if own == key else own or _WITHOUT_ID
        elif sort == "state":
            value = value == "active"
        elif sort == "pairs":
            value = _marks_of_pairs(value)
        elif sort in _SETS:
            value = sorted(items(value))
        if value:
            marks[name] = b"" if sort in _FLAGS else mark(name, value)
    return marks


def joined(kind: Kind, marks: Mapping[str, bytes]) -> bytes:
    """The digest of a record with these marks."""
    parts: list[bytes] = []
    last = 0
    for eight in _EIGHTS[kind]:
        held, at = 0, len(parts)
        for bit, (name, _) in eight:
            if name in marks:
                held |= bit
                parts.append(marks[name])
        parts.insert(at, bytes((held,)))
        last = len(parts) if held or not at else last
    return b"".join(parts[:last])


def split(kind: Kind, digest: bytes) -> dict[str, bytes]:
    """The inverse of `joined`. Raises ValueError for a digest of another form."""
    marks, at = {}, 0
    for eight in _EIGHTS[kind]:
        if at == len(digest) and at:
            break
        held, at = digest[at], at + 1
        for bit, (name, sort) in eight:
            if held & bit:
                width = 0 if sort in _FLAGS else _MARK_BYTES
                marks[name] = digest[at : at + width]
                at += width
    if at != len(digest):
        raise ValueError(f"this is no digest of {kind}")
    return marks


def marked(kind: Kind, key: str, values: Values) -> bytes:
    """The digest of a record with these fields."""
    return joined(kind, marks_of(kind, key, values))


def stand_in(kind: Kind, key: str, digest: bytes) -> dict[str, object]:
    """The fields that a digest stands for, as the differ may compare them with those of another digest of this record:
    equal marks are equal values.
    """
    marks = split(kind, digest)
    return {of.name: _stand_in(of, key, marks.get(of.name)) for of in SCHEMAS[kind].managed}


def _stand_in(of: Field, key: str, own: bytes | None) -> object:
    if of.sort == "state":
        return "inactive" if own is None else "active"
    if own is None:
        return key if of.sort == "id" else None
    if of.sort == "flag":
        return True
    if of.sort == "pairs":
        return {"": own.hex()}
    return [own.hex()] if of.sort in _SETS else own.hex()


def held_by(kind: Kind, lines: Iterable[str]) -> Counter[frozenset[str]]:
    """How many of these lines hold which fields."""
    found: Counter[frozenset[str]] = Counter()
    for text_line in lines:
        digest = text_line[text_line.rindex(" ") + 1 :]
        held = _first_eight(kind, digest[:2], len(digest))
        found[frozenset(split(kind, _bytes_of(digest))) if held is None else held] += 1
    return found


@lru_cache
def _first_eight(kind: Kind, letters: str, length: int) -> frozenset[str] | None:
    """The fields of a digest that begins with these letters; None if it holds more than the first eight."""
    held = _bytes_of(letters)[0]
    found = [named for bit, named in _EIGHTS[kind][0] if held & bit]
    width = 1 + sum(_MARK_BYTES for _, sort in found if sort not in _FLAGS)
    return frozenset(name for name, _ in found) if length * 6 // 8 == width else None


def _bytes_of(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


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


def has_other_id(kind: Kind, digest: bytes) -> bool:
    """Does a record's digest say that its external id is not its key (a merged user)?"""
    return bool(digest[0] & _ID_BIT[kind])


def digests(text: str) -> dict[str, bytes]:
    """The lines of a cohort: key to digest, in their order. Raises ValueError for what is no cohort's text."""
    found = {}
    for text_line in lines_of(text):
        key, apart, digest = text_line.rpartition(" ")
        if not apart:
            raise ValueError("a line without digest")
        found[key] = _bytes_of(digest)
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


def applied_record(kind: Kind, key: str, id_: str, origin: str, values: Values) -> Applied:
    """What is to be remembered of a record that is in WorkOS with these fields."""
    schema = SCHEMAS[kind]
    given = tuple(items(values.get(schema.given)))
    made: Origin = "found" if origin == "found" else "created"
    return Applied(id_, marked(kind, key, values), made, given, _marks_of_pairs(values.get(schema.pairs)))


def _marks_of_pairs(value: object) -> dict[str, str]:
    return {pair: mark(pair, text).hex() for pair, text in pairs(value).items()}


def applied_fields(kind: Kind, key: str, applied: Applied, beside: Values) -> dict[str, object]:
    """Returns the fields that were applied: the value of `beside` (what is desired, or what is live) where it has the
    same mark, of every other field a text that is no value of it.
    """
    values, theirs = stand_in(kind, key, applied.digest), stand_in(kind, key, marked(kind, key, beside))
    for of in SCHEMAS[kind].managed:
        name = of.name
        if of.sort == "given":
            values[name] = list(applied.domains)
        elif of.sort == "pairs":
            near = pairs(beside.get(name))
            values[name] = {
                pair: near[pair] if pair in near and mark(pair, near[pair]).hex() == own else f"fingerprint {own}"
                for pair, own in applied.pairs.items()
            }
        elif of.sort not in _FLAGS and values[name] == theirs[name]:
            values[name] = beside.get(name)
    return values


def updated(kind: Kind, key: str, applied: Applied, before: Values, now: Values) -> Applied:
    """What is remembered of a record whose `applied_fields` were `before` and are `now`: a field that did not change
    keeps its mark, since its value may be unknown.
    """
    schema = SCHEMAS[kind]
    changed = {name: now.get(name) for name in schema.names if now.get(name) != before.get(name)}
    if not changed:
        return applied
    marks = {name: own for name, own in split(kind, applied.digest).items() if name not in changed}
    marks |= marks_of(kind, key, {"external_id": key, **changed})
    kept = applied.pairs
    if schema.pairs in changed:
        old, new = pairs(before.get(schema.pairs)), pairs(now.get(schema.pairs))
        same = {pair: applied.pairs[pair] for pair in applied.pairs if pair in new and new[pair] == old.get(pair)}
        kept = {pair: same.get(pair) or mark(pair, text).hex() for pair, text in new.items()}
        marks.pop(schema.pairs, None)
        marks |= {schema.pairs: mark(schema.pairs, kept)} if kept else {}
    given = tuple(items(changed[schema.given])) if schema.given in changed else applied.domains
    return Applied(applied.id, joined(kind, marks), applied.origin, given, kept)
