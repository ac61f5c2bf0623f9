"""WorkOS's document against the models of its SDK: the same keys, the same of them required, the same nullable."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Iterator
from typing import Any, Final

from workos._pagination import ListMetadata, SyncPage

from tests.contract.differences import event_data
from tests.contract.document import MEDIA_TYPE, Json

_REFERENCE: Final = "#/components/schemas/"


def compared(document: Json, operation: str, status: int, answer: Any) -> list[str]:
    """Where the document and the models of an answer differ; of events their data only, which differs by name."""
    if answer is None:
        return []
    method, path = operation.split(" ")
    schema = document["paths"][path][method.lower()]["responses"][str(status)]["content"][MEDIA_TYPE]["schema"]
    if not isinstance(answer, SyncPage):
        return list(_unlike(document, schema, type(answer), operation))
    parts, _ = _keys(document, schema)
    wrong = list(_unlike(document, parts["list_metadata"], ListMetadata, f"{operation} list_metadata"))
    for item in answer.data:
        name = getattr(item, "event", None)
        inner = parts["data"]["items"] if name is None else event_data(document, name)
        wrong += _unlike(document, inner, type(item if name is None else item.data), name or operation)
    return wrong


def _unlike(document: Json, schema: Json, model: type, where: str) -> Iterator[str]:
    """Where a schema and a dataclass of the SDK differ, all objects within included."""
    properties, required = _keys(document, schema)
    hints = typing.get_type_hints(model)
    fields = {one.name: one for one in dataclasses.fields(model)}
    for name in properties.keys() - fields.keys():
        yield f"{where}.{name}: the SDK does not have it"
    # One ListMetadata reads every page of the SDK, also that of events, which has no way back.
    for name in fields.keys() - properties.keys() if model is not ListMetadata else ():
        yield f"{where}.{name}: the document does not have it"
    for name in sorted(fields.keys() & properties.keys()):
        field, inner = fields[name], properties[name]
        must = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if model is not ListMetadata and must != (name in required):
            yield f"{where}.{name}: required by {'the SDK' if must else 'the document'} only"
        optional = type(None) in typing.get_args(hints[name])
        if must and optional != _nullable(document, inner):
            yield f"{where}.{name}: null for {'the SDK' if optional else 'the document'} only"
        for inside in _dataclasses_in(hints[name]):
            inner = _resolved(document, inner)
            yield from _unlike(document, inner.get("items", inner), inside, f"{where}.{name}")


def _resolved(document: Json, schema: Json) -> Json:
    while "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].removeprefix(_REFERENCE)]
    return schema


def _keys(document: Json, schema: Json) -> tuple[dict[str, Json], set[str]]:
    schema = _resolved(document, schema)
    properties, required = dict(schema.get("properties", {})), set(schema.get("required", ()))
    for member in schema.get("allOf", ()):
        more, musts = _keys(document, member)
        properties |= more
        required |= musts
    return properties, required


def _nullable(document: Json, schema: Json) -> bool:
    schema = _resolved(document, schema)
    members = [_resolved(document, one) for key in ("anyOf", "oneOf") for one in schema.get(key, ())]
    return any("null" in [*_listed(one.get("type"))] for one in (schema, *members))


def _listed(kind: str | list[str] | None) -> list[str]:
    return kind if isinstance(kind, list) else [] if kind is None else [kind]


def _dataclasses_in(hint: Any) -> Iterator[type]:
    """The dataclass that a value of this type is or is a list of."""
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        yield hint
    elif typing.get_origin(hint) in (list, typing.Union, types.UnionType):
        for inside in typing.get_args(hint):
            yield from _dataclasses_in(inside)
