"""The keys of a users file, whatever the export called them, under Auth0's own names; the same for JSON and CSV."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Any, NamedTuple

from providers.settings import AUTH0_ATTRIBUTES

NO_NAMES: Mapping[str, str] = MappingProxyType({})
_IGNORED = str.maketrans("", "", " _-")
_METADATA = ("user_metadata", "app_metadata")
#: A field of one identity: `identities[0].connection`.
_IDENTITY = re.compile(r"identities\[(\d{1,3})\]\.(\w+)", re.ASCII)
#: Auth0's own keys that need no reading; `connection` is the extension's name for that of the first identity.
_OWN = frozenset({*AUTH0_ATTRIBUTES, "connection"})
_FOLDED = {"id": "user_id", **{name.translate(_IGNORED): name for name in sorted(_OWN)}}
_IDENTITY_FIELDS = {"userid": "user_id", "issocial": "isSocial", "profiledata": "profileData"}


def folded(text: str) -> str:
    """A key or word without what spellings differ in: case, space, `_` and `-`."""
    return text.translate(_IGNORED).lower()


def attribute(key: str) -> str:
    """Auth0's name of a key: itself, or what it folds to (case, space, `_` and `-`), dotted paths included; an unknown
    key is returned as it is.
    """
    if key in _OWN:
        return key
    head, dot, rest = key.partition(".")
    own = folded(head)
    if dot and (name := _FOLDED.get(own)) in _METADATA:
        return f"{name}.{rest}"
    if dot and (match := _IDENTITY.fullmatch(f"{own}.{folded(rest)}")):
        return f"identities[{int(match[1])}].{_IDENTITY_FIELDS.get(match[2], match[2])}"
    return key if dot else _FOLDED.get(own, key)


class _Step(NamedTuple):
    """What becomes of one key: an attribute, a value `within` metadata, or a field of the identity at a `place`."""

    key: str
    name: str
    within: str = ""
    place: int = -1


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
    for key, name, within, place in _steps(tuple(line), tuple(export_as.items())):
        value = line[key]
        if value is None:
            continue
        if place >= 0:
            identities[place].setdefault(name, value)
        elif within:
            metadata = result.get(name) or {}
            result[name] = {within: value, **metadata} if isinstance(metadata, dict) else metadata
        elif name not in result:
            result[name] = value
    if identities and "identities" not in result:
        _fill_first(identities[0], result.get("user_id"))
        result["identities"] = [identity for _, identity in sorted(identities.items())]
    return result


@lru_cache(maxsize=1024)
def _steps(keys: tuple[str, ...], export_as: tuple[tuple[str, str], ...]) -> list[_Step]:
    """The keys of a line in the order in which they count; the lines of a file have few sets of keys."""
    names = dict(export_as)
    steps = []
    for key in sorted(keys, key=lambda key: (key not in names, key not in _OWN)):
        name = names.get(key) or attribute(key)
        head, _, rest = name.partition(".")
        if rest and head in _METADATA:
            steps.append(_Step(key, head, within=rest))
        elif match := _IDENTITY.fullmatch(name):
            steps.append(_Step(key, match[2], place=int(match[1])))
        else:
            steps.append(_Step(key, name))
    return steps


def _fill_first(identity: dict[str, Any], user_id: object) -> None:
    if isinstance(user_id, str):
        provider, _, own = user_id.partition("|")
        identity.setdefault("provider", provider)
        identity.setdefault("user_id", own)
