"""What an answer of WorkOS says of the request before it: which fields were not taken, and which are kept otherwise.

An answer of 200 or 201 does not prove that everything was done. Only fields that were sent and that the answer holds
are compared; the states and the order of domains are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from providers.directory.differ import items, pairs, text
from providers.directory.model import SCHEMAS
from providers.directory.schema import Field, Values
from providers.settings import Kind


@dataclass(slots=True)
class Taken:
    """The names of fields; of metadata and domains each key and each domain by itself."""

    not_taken: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)
    #: Roles that came back otherwise because a directory gives them.
    by_directory: bool = False
    #: What WorkOS has in fields that were not taken, and in pairs; None: the pair is not there.
    instead: dict[str, object] = field(default_factory=dict)
    pairs: dict[str, str | None] = field(default_factory=dict)

    def refuse(self, name: str, instead: object) -> None:
        """A field was not taken; WorkOS has this instead."""
        self.not_taken.append(name)
        self.instead[name] = instead

    def corrected(self, applied: Values) -> dict[str, object]:
        """Returns `applied`, where all that was sent counts as done, with what WorkOS has instead."""
        result = {**applied, **self.instead}
        if self.pairs:
            result["metadata"] = merged(pairs(applied.get("metadata")), self.pairs)
        return result


def merged(applied: Mapping[str, str], sent: Mapping[str, str | None]) -> dict[str, str]:
    """Pairs after a merge: null removes a pair."""
    return {key: value for key, value in {**applied, **sent}.items() if value is not None}


def taken(kind: Kind, sent: Values, answer: Values) -> Taken:
    """Compare what was `sent` (a body; `status` for the calls that change it) with the object in the answer."""
    found = Taken()
    for of in SCHEMAS[kind].fields:
        if of.name in sent and of.name in answer:
            _compare(of, sent[of.name], answer[of.name], found)
    if "domain_data" in sent and "domains" in answer:
        _domains([domain["domain"] for domain in _objects(sent["domain_data"])], _objects(answer["domains"]), found)
    if kind == "memberships":
        _roles(sent, answer, found)
    return found


def _compare(of: Field, sent: object, there: object, found: Taken) -> None:
    """Who an object is, and what it may do, is taken or not; WorkOS may keep the other texts in other words.

    WorkOS trims emails and writes them in lower case (WorkOS API reference: user).
    """
    if of.sort == "pairs":
        _pairs(of.name, pairs(sent), pairs(there), found)
    elif of.sort == "flag":
        if sent and not there:
            found.refuse(of.name, instead=False)
    elif of.name == "email":
        if not same_email(sent, there):
            found.refuse(of.name, there or "")
    elif of.sort in {"id", "identity", "state"}:
        if (there or "") != (sent or ""):
            found.refuse(of.name, there or "")
    elif of.sort == "text" and (sent or "") != (there or ""):
        found.otherwise.append(of.name)


def same_email(email: object, other: object) -> bool:
    """Are these the same address to WorkOS?"""
    return str(email or "").strip().casefold() == str(other or "").strip().casefold()


def _pairs(name: str, sent: Mapping[str, str | None], known: Mapping[str, str], found: Taken) -> None:
    for key, value in sent.items():
        there = known.get(key)
        if (there is None) != (value is None):
            found.not_taken.append(f"{name}.{key}")
            found.pairs[key] = there
        elif there != value:
            found.otherwise.append(f"{name}.{key}")


def _domains(sent: list[str], known: list[Mapping[str, str]], found: Taken) -> None:
    there = {domain.get("domain", "").lower() for domain in known}
    missing = [name for name in sent if name.lower() not in there]
    if missing:
        found.not_taken += [f"domain {name}" for name in missing]
        found.instead["domains"] = [name for name in sent if name not in missing]


def _roles(sent: Values, answer: Values, found: Taken) -> None:
    """Roles are a set. The answer has them as `roles`, or as `role`."""
    wanted = {*items(sent.get("role_slugs"))} or {text(sent.get("role_slug"))} - {""}
    slugs = [role["slug"] for role in _objects(answer.get("roles") or [answer.get("role") or {}]) if role.get("slug")]
    if not wanted or not slugs or wanted == set(slugs):
        return
    if answer.get("directory_managed"):
        found.by_directory = True
        return
    found.refuse("roles", slugs)


def _objects(value: object) -> list[Mapping[str, str]]:
    return value if isinstance(value, list) else []
