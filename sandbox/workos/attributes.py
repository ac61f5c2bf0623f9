"""Metadata, which users and organizations share (WorkOS docs, AuthKit, metadata and external ids)."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.workos.objects import NO_METADATA
from sandbox.workos.refusals import invalid_metadata
from sandbox.workos.switches import Switches

#: The limits that the OpenAPI document and the guide agree on.
KEY_LENGTH: Final = 40
VALUE_LENGTH: Final = 600
#: Pairs that one body may hold, the nulls that delete a key included (OpenAPI document, ``maxProperties``).
SENT_PAIRS: Final = 50


def merge_metadata(known: Mapping[str, str], body: Mapping[str, Any], switches: Switches) -> Mapping[str, str]:
    """Return the metadata after an update: keys are set one by one, null deletes a key, ``{}`` deletes them all.

    A null in place of the whole object is taken as ``{}``; that is not documented.
    """
    if "metadata" not in body:
        return known
    if not body["metadata"]:
        return NO_METADATA
    if len(body["metadata"]) > SENT_PAIRS:
        raise invalid_metadata(f"A body may hold at most {SENT_PAIRS} pairs of metadata.")
    merged = dict(known)
    for key, value in body["metadata"].items():
        _check(key, value)
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = value
    if len(merged) > switches.metadata_pairs:
        raise invalid_metadata(f"Metadata may hold at most {switches.metadata_pairs} pairs.")
    return merged or NO_METADATA


def first_metadata(body: Mapping[str, Any], switches: Switches) -> Mapping[str, str]:
    """Return the metadata of a new object; there is nothing to delete yet, so a null value is refused."""
    if None in (body.get("metadata") or {}).values():
        raise invalid_metadata("Metadata values must be strings.")
    return merge_metadata(NO_METADATA, body, switches)


def _check(key: str, value: object) -> None:
    if not isinstance(value, str | None):
        raise invalid_metadata("Metadata values must be strings.")
    if not 1 <= len(key) <= KEY_LENGTH:
        raise invalid_metadata(f"Metadata keys must be 1 to {KEY_LENGTH} characters.")
    if value is not None and len(value) > VALUE_LENGTH:
        raise invalid_metadata(f"Metadata values must be at most {VALUE_LENGTH} characters.")
    if not (key.isascii() and (value is None or value.isascii())):
        raise invalid_metadata("Metadata must hold ASCII characters only.")
