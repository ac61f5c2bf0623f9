"""What an answer of WorkOS says of the request before it: which fields were not taken, and which are kept otherwise.

An answer of 200 or 201 does not prove that everything was done. Only fields that were sent and that the answer holds
are compared; the states and the order of domains are not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from providers.settings import Kind

#: Fields that say who an object is, or what it may do: if the answer has another value, they were not taken.
_IDENTITY: dict[Kind, tuple[str, ...]] = {
    "organizations": ("external_id",),
    "roles": ("slug",),
    "users": ("external_id",),
    "memberships": ("status",),
}
#: What WorkOS may word otherwise.
_WORDS = ("first_name", "last_name", "name", "description")


@dataclass(slots=True)
class Taken:
    """The names of fields; of metadata and domains each key and each domain by itself."""

    not_taken: list[str] = field(default_factory=list)
    otherwise: list[str] = field(default_factory=list)
    #: Roles that came back otherwise because a directory gives them.
    by_directory: bool = False
    #: What WorkOS has in fields that were not taken. Of metadata only those pairs; None: the pair is not there.
    instead: dict[str, Any] = field(default_factory=dict)

    def corrected(self, applied: Mapping[str, Any]) -> dict[str, Any]:
        """Returns `applied`, where all that was sent counts as done, with what WorkOS has instead."""
        result = {**applied, **self.instead}
        if "metadata" in self.instead:
            pairs = {**(applied.get("metadata") or {}), **self.instead["metadata"]}
            result["metadata"] = {key: value for key, value in pairs.items() if value is not None}
        return result


def taken(kind: Kind, sent: Mapping[str, Any], answer: Mapping[str, Any]) -> Taken:
    """Compare what was `sent` (a body; `status` for the calls that change it) with the object in the answer."""
    found = Taken()
    for name in _IDENTITY[kind]:
        if name in sent and name in answer and (answer[name] or "") != (sent[name] or ""):
            found.not_taken.append(name)
            found.instead[name] = answer[name] or ""
    _email(sent, answer, found)
    found.otherwise += [
        word for word in _WORDS if word in sent and word in answer and not _alike(sent[word], answer[word])
    ]
    if "metadata" in sent and "metadata" in answer:
        _metadata(sent["metadata"], answer["metadata"] or {}, found)
    if "domain_data" in sent and "domains" in answer:
        _domains([str(domain["domain"]) for domain in sent["domain_data"]], answer["domains"] or [], found)
    if kind == "memberships":
        _roles(sent, answer, found)
    return found


def _alike(sent: object, there: object) -> bool:
    return (sent or "") == (there or "")


def _email(sent: Mapping[str, Any], answer: Mapping[str, Any], found: Taken) -> None:
    """WorkOS trims emails and writes them in lower case (WorkOS API reference: user)."""
    if "email" in sent and "email" in answer and not same_email(sent["email"], answer["email"]):
        found.not_taken.append("email")
        found.instead["email"] = answer["email"] or ""
    if sent.get("email_verified") and "email_verified" in answer and not answer["email_verified"]:
        found.not_taken.append("email_verified")
        found.instead["email_verified"] = False


def same_email(email: object, other: object) -> bool:
    """Are these the same address to WorkOS?"""
    return str(email or "").strip().casefold() == str(other or "").strip().casefold()


def _metadata(sent: Mapping[str, Any], known: Mapping[str, Any], found: Taken) -> None:
    for key, value in sent.items():
        there = known.get(key)
        if (there is None) != (value is None):
            found.not_taken.append(f"metadata.{key}")
            found.instead.setdefault("metadata", {})[key] = there
        elif there != value:
            found.otherwise.append(f"metadata.{key}")


def _domains(sent: list[str], known: list[Mapping[str, Any]], found: Taken) -> None:
    there = {str(domain.get("domain")).lower() for domain in known}
    missing = [name for name in sent if name.lower() not in there]
    if missing:
        found.not_taken += [f"domain {name}" for name in missing]
        found.instead["domains"] = [name for name in sent if name not in missing]


def _roles(sent: Mapping[str, Any], answer: Mapping[str, Any], found: Taken) -> None:
    """Roles are a set. The answer has them as `roles`, or as `role`."""
    wanted = sent.get("role_slugs") or [sent["role_slug"]] if {"role_slug", "role_slugs"} & sent.keys() else []
    slugs = [str(role["slug"]) for role in answer.get("roles") or [answer.get("role") or {}] if role.get("slug")]
    if not wanted or not slugs or set(wanted) == set(slugs):
        return
    if answer.get("directory_managed"):
        found.by_directory = True
        return
    found.not_taken.append("roles")
    found.instead["roles"] = slugs
