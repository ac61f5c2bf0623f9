"""The tree of errors in `providers/errors.py` is the one that there is."""

from __future__ import annotations

import importlib
import pkgutil
import re

import providers
from providers import errors
from providers.errors import FerryError

#: A line of the tree: how deep, the name, and the room where it stands, which is that of the error above if left out.
_LINE = re.compile(r"^((?:│   |    )*)[├└]── (\w+) +(?:([a-z_0-9]+(?:\.[a-z_0-9]+)*)  )?", re.MULTILINE)


def _below(error: type[FerryError], depth: int = 0) -> dict[str, int]:
    """Names with their depth."""
    found: dict[str, int] = {}
    for inner in error.__subclasses__():
        found |= {f"{inner.__module__}.{inner.__name__}": depth, **_below(inner, depth + 1)}
    return found


def test_every_error_that_a_person_sees_stands_in_the_tree() -> None:
    for module in pkgutil.walk_packages(providers.__path__, "providers."):
        importlib.import_module(module.name)
    drawn: dict[str, int] = {}
    room = ""
    for indent, name, where in _LINE.findall(errors.__doc__ or ""):
        room = where or room
        drawn[f"{room}.{name}"] = len(indent) // 4

    there = {name.removeprefix("providers."): depth for name, depth in _below(FerryError).items()}
    assert {name.replace("auth0.download.errors", "auth0.download"): depth for name, depth in there.items()} == drawn
