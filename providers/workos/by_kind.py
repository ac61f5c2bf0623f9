"""The kinds of records by their names: what `Records` says of each, in the file and the class called like it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from providers.directory.schema import Values
from providers.settings import KINDS, RECORD_KINDS, Kind
from providers.workos.client import Door
from providers.workos.kinds import Records

RECORDS: dict[Kind, type[Records[Any]]] = {
    kind: getattr(import_module(f"providers.workos.{kind}"), kind.title()) for kind in KINDS
}


def listed_at_once(door: Door) -> dict[Kind, dict[str, Values]]:
    """Every object of the kinds that are one list each, by kind and by what WorkOS finds it by. Raises WorkOSFault."""
    return {
        kind: {key: RECORDS[kind].seen(answer) for key, answer in RECORDS[kind].listed(door).items()}
        for kind in KINDS
        if kind in RECORD_KINDS
    }
