"""The one differ: what the directory says against what was applied. Preview, apply, refresh and adoption all ask it.

`desired` and `applied` are the fields of `model.fields`, as plain values; `applied` is what Ferry last wrote or, for an
adopted object, the view of it that `adopted` makes. A field that is absent counts as empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from providers.settings import Kind

#: The fields of each kind that Ferry manages, in the order in which people read them.
MANAGED: dict[Kind, tuple[str, ...]] = {
    "organizations": ("external_id", "name", "domains", "metadata"),
    "roles": ("name", "description"),
    "users": ("external_id", "email", "email_verified", "first_name", "last_name", "metadata", "password", "totp"),
    "memberships": ("roles", "status"),
}
#: What makes a record this record: a change here is another record.
IDENTITY: dict[Kind, tuple[str, ...]] = {
    "organizations": (),
    "roles": ("slug",),
    "users": (),
    "memberships": ("organization_id", "user_id"),
}
WRITE_ONLY = frozenset({"password", "totp"})


@dataclass(frozen=True, slots=True)
class Change:
    """One field: what was applied, and what is to be. Of metadata only the pairs that change; None removes a pair."""

    field: str
    old: Any
    new: Any


def changes(kind: Kind, desired: Mapping[str, Any], applied: Mapping[str, Any]) -> list[Change]:
    """What has to be written so that `applied` becomes `desired`, by the field rules of the design (Writing).

    A password or authenticator is never taken back, a verified email never becomes unverified, a role that Ferry did
    not create keeps its name.
    """
    was_found = applied.get("origin") == "found"
    if kind == "roles" and was_found:
        return []
    result = []
    for name in MANAGED[kind]:
        old, new = applied.get(name), desired.get(name)
        if name == "metadata":
            old, new = _pairs(old or {}, new or {})
        if _differs(name, old, new):
            result.append(Change(name, old, new))
    return result


def _differs(name: str, old: Any, new: Any) -> bool:
    if name in WRITE_ONLY:
        return new is not None and new != old
    if name == "email_verified":
        return bool(new) and not old
    if name in {"roles", "domains"}:
        return sorted(old or ()) != sorted(new or ())
    return (old or None) != (new or None)


def _pairs(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return {key: old.get(key) for key in keys}, {key: new.get(key) for key in keys}


def adopted(kind: Kind, desired: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """A live object seen as if Ferry had written it, so that taking it over changes only what the directory sets.

    Its password counts as written, since nothing can read it.
    """
    view = {name: live.get(name) for name in MANAGED[kind]}
    for name in MANAGED[kind]:
        if name not in {"metadata", "domains"} and not desired.get(name) and name != "external_id":
            view[name] = desired.get(name)
    if "metadata" in view:
        metadata = live.get("metadata") or {}
        view["metadata"] = {key: metadata[key] for key in desired.get("metadata") or {} if key in metadata}
    if "domains" in view:
        view["domains"] = [domain for domain in live.get("domains") or [] if domain in (desired.get("domains") or [])]
    if kind == "users":
        view["password"] = desired.get("password")
        view["email_verified"] = bool(live.get("email_verified"))
    return view


def drifted(kind: Kind, applied: Mapping[str, Any], live: Mapping[str, Any]) -> dict[str, Any]:
    """Fields that somebody changed in WorkOS since Ferry wrote them, with their live values.

    A field counts only if Ferry wrote it and WorkOS can be asked for it.
    """
    view = adopted(kind, applied, live) | {name: applied.get(name) for name in WRITE_ONLY}
    return {
        change.field: view[change.field] for change in changes(kind, applied, {**view, "origin": applied.get("origin")})
    }


def unequal(
    kind: Kind, desired: Mapping[str, Any], live: Mapping[str, Any], applied: Mapping[str, Any] | None = None
) -> list[Change]:
    """Fields where WorkOS differs. A field the export leaves empty counts only if Ferry wrote it (`applied`).

    What nothing can read back is left out; a role that Ferry is not known to have created keeps its name.
    """
    view = adopted(kind, desired, live) | {name: desired.get(name) for name in WRITE_ONLY}
    for name in MANAGED[kind] if applied else ():
        view[name] = _with_remains(name, view[name], (applied or {}).get(name), live.get(name))
    return changes(kind, desired, {**view, "origin": (applied or {"origin": "found"}).get("origin")})


def _with_remains(name: str, view: Any, applied: Any, live: Any) -> Any:
    """A field of a live object, with what it still has from Ferry and the directory no longer sets."""
    if name == "metadata":
        left = {key: text for key, text in (applied or {}).items() if (live or {}).get(key) == text}
        return {**left, **(view or {})}
    if name == "domains":
        return [*(view or ()), *(item for item in applied or () if item in (live or ()) and item not in (view or ()))]
    return applied if applied and not view and applied == live else view


def is_doubtful(kind: Kind, desired: Mapping[str, Any], live: Mapping[str, Any]) -> bool:
    """Has a live object something that the directory does not set? Only the last state tells whose that is."""
    for name in MANAGED[kind]:
        wanted, there = desired.get(name), live.get(name)
        if name in {"metadata", "domains"}:
            if set(there or ()) - set(wanted or ()):
                return True
        elif there and not wanted and name not in WRITE_ONLY and name != "email_verified":
            return True
    return False
