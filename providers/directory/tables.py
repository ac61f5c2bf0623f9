"""The records of a kind as rows of the store: columns, and the records again, made from the kinds' schemas.

Texts are text, lists and maps JSON, flags 0 or 1. A secret has four columns: its fingerprint, and where it stands.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from providers.directory.model import SCHEMAS, Secret
from providers.directory.schema import Field, Schema, attributes
from providers.settings import Kind

#: Makes a secret of its field's name, its fingerprint, its tenant, offset and length.
SecretAt = Callable[[str, str, int, int, int], Secret]
#: The columns of a secret after the first, which is called like the field.
SECRET_COLUMNS = ("tenant", "offset", "length")


def columns_of(kind: Kind) -> tuple[str, ...]:
    """The columns of a kind's table, the key's first."""
    schema = SCHEMAS[kind]
    others = (name for name in attributes(schema.record) if name not in schema.columns)
    return (*schema.columns, *(column for name in others for column in _columns(name, _field(schema, name))))


def create_table(kind: Kind, database: str) -> str:
    """The statement that makes a kind's table, in the order of its keys."""
    schema = SCHEMAS[kind]
    columns = ", ".join(f"{name} {_type(schema, name)}" for name in columns_of(kind))
    return f"CREATE TABLE {database}.{kind} ({columns}, PRIMARY KEY ({', '.join(schema.columns)})) WITHOUT ROWID;"


def row_of(kind: Kind, record: object) -> tuple[object, ...]:
    """A record of a kind without secrets as a row."""
    schema = SCHEMAS[kind]
    return tuple(_stored(getattr(record, name)) for name in columns_of(kind) if name in attributes(schema.record))


def reader(kind: Kind, secret_at: SecretAt) -> Callable[[Iterable[tuple[Any, ...]]], Iterator[Any]]:
    """Makes the records of a kind of its rows, whose columns are those of `columns_of`."""
    schema, columns = SCHEMAS[kind], columns_of(kind)
    record, steps = schema.record, []
    for name in attributes(schema.record):
        at, of = columns.index(name), _field(schema, name)
        is_optional = of is not None and of.sort == "text" and attributes(schema.record)[name]
        steps.append((at, _loader(of, is_optional=is_optional)))
    secrets = [(at, name) for at, name in enumerate(columns) if name in schema.secrets]

    def read(rows: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
        for row in rows:
            values = list(row)
            for at, name in secrets:
                values[at] = secret_at(name, *row[at : at + 4]) if row[at] else None
            yield record(*[load(values[at]) if load else values[at] for at, load in steps])

    return read


def _field(schema: Schema[object], attribute: str) -> Field | None:
    return next((each for each in schema.fields if each.attribute == attribute), None)


def _columns(name: str, of: Field | None) -> tuple[str, ...]:
    return (name, *(f"{name}_{rest}" for rest in SECRET_COLUMNS)) if of and of.sort == "secret" else (name,)


def _type(schema: Schema[object], column: str) -> str:
    of = _field(schema, column)
    is_number = (of and of.sort in {"flag", "state"}) or column.endswith(SECRET_COLUMNS)
    return "INT" if is_number else "TEXT"


def _loader(of: Field | None, *, is_optional: bool) -> Callable[[Any], Any] | None:
    """What makes a value of a column; None if the column has the value itself."""
    if of is None:
        return None
    if of.sort in {"flag", "state"}:
        return bool
    if of.sort == "pairs":
        return lambda text: json.loads(text) if text else {}
    if of.sort in {"set", "given"}:
        return lru_cache(4096)(lambda text: tuple(json.loads(text)))
    return (lambda text: text or None) if is_optional else None


def _stored(value: object) -> object:
    if isinstance(value, tuple):
        return json.dumps(value)
    return json.dumps(dict(value)) if isinstance(value, Mapping) else value
