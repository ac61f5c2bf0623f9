"""Metadata, which users and organizations share (WorkOS docs, AuthKit, metadata and external ids)."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.objects import NO_METADATA
from sandbox.refusals import invalid_metadata

#: The limits of the published OpenAPI document; the guide says 10 pairs.
MAXIMUM_PAIRS: Final = 50
KEY_LENGTH: Final = 40
VALUE_LENGTH: Final = 600


def merge_metadata(held: Mapping[str, str], sent: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Return the metadata after an update: keys are set one by one, null deletes a key, ``{}`` deletes them all.

    A null in place of the whole object is taken as ``{}``; that is not documented.
    """
    if not sent:
        return NO_METADATA
    merged = dict(held)
    for key, value in sent.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = _checked(key, value)
    if len(merged) > MAXIMUM_PAIRS:
        raise invalid_metadata(f"Metadata may hold at most {MAXIMUM_PAIRS} pairs.")
    return merged or NO_METADATA


def first_metadata(sent: Mapping[str, Any] | None) -> Mapping[str, str]:
    """Return the metadata of a new object; there is nothing to delete yet, so a null value is refused."""
    if sent and None in sent.values():
        raise invalid_metadata("Metadata values must be strings.")
    return merge_metadata(NO_METADATA, sent)


def _checked(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise invalid_metadata("Metadata values must be strings.")
    if not 1 <= len(key) <= KEY_LENGTH:
        raise invalid_metadata(f"Metadata keys must be 1 to {KEY_LENGTH} characters.")
    if len(value) > VALUE_LENGTH:
        raise invalid_metadata(f"Metadata values must be at most {VALUE_LENGTH} characters.")
    if not (key.isascii() and value.isascii()):
        raise invalid_metadata("Metadata must hold ASCII characters only.")
    return value
