"""The keys of a users file, whatever the export called them, under Auth0's own names; the same for JSON and CSV."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from providers.settings import AUTH0_ATTRIBUTES

NO_NAMES: Mapping[str, str] = MappingProxyType({})
_FOLD = str.maketrans("", "", " _-")
_METADATA = ("user_metadata", "app_metadata")
#: A field of one identity: `identities[0].connection`.
_IDENTITY = re.compile(r"identities\[(\d{1,3})\]\.(\w+)", re.ASCII)
#: Auth0's own keys that need no reading; `connection` is the extension's name for that of the first identity.
_OWN = frozenset({*AUTH0_ATTRIBUTES, "connection"})
_FOLDED = {"id": "user_id", **{name.translate(_FOLD): name for name in sorted(_OWN)}}
_IDENTITY_FIELDS = {"userid": "user_id", "issocial": "isSocial", "profiledata": "profileData"}


@lru_cache(maxsize=4096)
def attribute(key: str) -> str:
    """Auth0's name of a key: itself, or what it folds to (case, space, `_` and `-`), dotted paths included; an unknown
    key is returned as it is.
    """
    if key in _OWN:
        return key
    head, dot, rest = key.partition(".")
    folded = head.translate(_FOLD).lower()
    if dot and (name := _FOLDED.get(folded)) in _METADATA:
        return f"{name}.{rest}"
    if dot and (found := _IDENTITY.fullmatch(f"{folded}.{rest.translate(_FOLD).lower()}")):
        return f"identities[{int(found[1])}].{_IDENTITY_FIELDS.get(found[2], found[2])}"
    return key if dot else _FOLDED.get(folded, key)


def with_api_keys(line: dict[str, Any], export_as: Mapping[str, str] = NO_NAMES) -> dict[str, Any]:
    """A `users` line under Auth0's own keys; `null` equals absent.

    Of several keys for one attribute the one that `export_as` (name in the file to Auth0's attribute) lists wins, then
    Auth0's own, then the first. `user_metadata.country` becomes a nested value unless the object itself has one, and
    `identities[0].connection` and its like the list, unless there is one. Where the first identity has no provider or
    id, they are those of the user id, cut at its first pipe.
    """
    if line.keys() <= _OWN and not export_as:
        return line
    result: dict[str, Any] = {}
    identities: dict[int, dict[str, Any]] = defaultdict(dict)
    for key in sorted(line, key=lambda one: (one not in export_as, one not in _OWN)):
        value = line[key]
        name = export_as.get(key) or attribute(key)
        head, _, rest = name.partition(".")
        if value is None:
            continue
        if rest and head in _METADATA:
            held = result.get(head) or {}
            result[head] = {rest: value, **held} if isinstance(held, dict) else held
        elif found := _IDENTITY.fullmatch(name):
            identities[int(found[1])].setdefault(found[2], value)
        elif result.get(name) is None:
            result[name] = value
    if identities and "identities" not in result:
        _fill_first(identities[0], result.get("user_id"))
        result["identities"] = [one for _, one in sorted(identities.items())]
    return result


def _fill_first(identity: dict[str, Any], user_id: object) -> None:
    if isinstance(user_id, str):
        provider, _, own = user_id.partition("|")
        identity.setdefault("provider", provider)
        identity.setdefault("user_id", own)
