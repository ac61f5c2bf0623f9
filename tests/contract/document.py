"""WorkOS's published OpenAPI document, cut down to the operations that the sandbox serves, and closed.

The document comes from npm (``package.json``; ``make test`` brings it). Closed means: where it lists an object's keys,
there are no others, although JSON Schema would allow them; a key that WorkOS does not have must not come from us.
"""

from __future__ import annotations

import copy
import functools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import yaml  # type: ignore[import-untyped]

from sandbox.http.paths import named
from sandbox.server import OPERATIONS

Json = Any

FOLDER: Final = Path(__file__).parent
SOURCE: Final = FOLDER / "node_modules" / "@workos" / "openapi-spec" / "open-api-spec.yaml"
MEDIA_TYPE: Final = "application/json"

_COMPONENTS: Final = "#/components/schemas/"
_COMBINING: Final = ("allOf", "anyOf", "oneOf")


def served() -> list[str]:
    """The operations of the sandbox, as ``GET /user_management/users/{id}``; names of parameters are the sandbox's."""
    return [f"{method} {named(template)}" for template, operations in OPERATIONS.items() for method in operations]


def shape(path: str) -> str:
    """A path template without the names of its parameters, in which the sandbox and the document differ."""
    return re.sub(r"{[^}]*}", "{}", path)


@functools.cache
def published() -> Json:
    """The whole document, as npm brings it; only to be read."""
    try:
        text = SOURCE.read_bytes()
    except FileNotFoundError:
        message = (
            f"WorkOS's OpenAPI document is missing: {SOURCE}. "
            "Run make test, or npm ci --prefix tests/contract (Node.js 18 or newer)."
        )
        raise FileNotFoundError(message) from None
    return yaml.load(text, Loader=yaml.CSafeLoader)


def cut_down() -> Json:
    """A new copy of the document with the paths, methods and schemas of the served operations only.

    Every parameter of a path has the sandbox's name; apart from that, and from being closed, it is as published.

    Raises:
        FileNotFoundError: it has not been brought; the message says how.
    """
    return copy.deepcopy(_cut_down())


@functools.cache
def _cut_down() -> Json:
    whole = published()
    templates = {shape(path): path for path in whole["paths"]}
    paths: dict[str, Json] = {}
    for operation in served():
        method, path = operation.split(" ")
        template = templates.get(shape(path), "")
        found = whole["paths"].get(template, {}).get(method.lower())
        if found is not None:
            paths.setdefault(path, {})[method.lower()] = _renamed(found, template, path)
    schemas = whole["components"]["schemas"]
    names: set[str] = set()
    missing = set(_referenced(paths))
    while missing:
        names |= missing
        missing = set(_referenced([schemas[name] for name in missing])) - names
    document = {
        "openapi": whole["openapi"],
        "info": whole["info"],
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(names)}},
    }
    document = copy.deepcopy(document)
    for schema in [*_schemas_of(document["paths"]), *document["components"]["schemas"].values()]:
        close(schema)
    return document


def _renamed(operation: Json, template: str, path: str) -> Json:
    names = dict(zip(re.findall(r"{([^}]*)}", template), re.findall(r"{([^}]*)}", path), strict=True))
    parameters = [
        one | {"name": names[one["name"]]} if one["in"] == "path" else one for one in operation.get("parameters", [])
    ]
    return operation | {"parameters": parameters}


def _referenced(node: Json) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"].removeprefix(_COMPONENTS)
        node = list(node.values())
    if isinstance(node, list):
        for one in node:
            yield from _referenced(one)


def _schemas_of(paths: Json) -> Iterator[Json]:
    for operations in paths.values():
        for operation in operations.values():
            for holder in [operation.get("requestBody", {}), *operation["responses"].values()]:
                if MEDIA_TYPE in holder.get("content", {}):
                    yield holder["content"][MEDIA_TYPE]["schema"]


def close(schema: Json, *, part: bool = False) -> None:
    """Allow an object no key but those that the schema lists; ``part``: others list more keys of the same object."""
    if any(name in schema for name in _COMBINING):
        if not part:
            schema["unevaluatedProperties"] = False
        for name in _COMBINING:
            for member in schema.get(name, []):
                close(member, part=True)
    elif "properties" in schema and not part:
        schema.setdefault("additionalProperties", False)
    inner = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for one in inner:
        if isinstance(one, dict):
            close(one)
