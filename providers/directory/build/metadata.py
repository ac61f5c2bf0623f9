"""Auth0 metadata as WorkOS takes it: text to text, ASCII, 50 pairs, keys of 40 and values of 600 characters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from providers.findings import Ledger

#: WorkOS's OpenAPI document; its metadata guide names 10 pairs and ASCII.
_PAIRS, _DOCUMENTED_PAIRS, _KEY, _VALUE = 50, 10, 40, 600


def as_text(value: Any) -> str | None:
    """A metadata value as text: text as it is, None for null, everything else as JSON."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def picked(source: Mapping[str, object], paths: Mapping[str, str]) -> dict[str, str]:
    """The values at dotted paths (`app_metadata.plan`), by WorkOS key; what is not there is left out."""
    texts = {key: as_text(_at(source, path)) for key, path in paths.items()}
    return {key: text for key, text in texts.items() if text is not None}


def _at(source: Any, path: str) -> Any:
    """The value at a dotted path, None if it is not there; a key may itself hold dots (`address.city`)."""
    if not isinstance(source, Mapping):
        return None
    if path in source:
        return source[path]
    parts = path.split(".")
    steps = ((".".join(parts[:cut]), ".".join(parts[cut:])) for cut in range(1, len(parts)))
    return next((value for head, rest in steps if (value := _at(source.get(head), rest)) is not None), None)


def fitted(metadata: Mapping[str, object], kind: str, line: int, external_id: str, ledger: Ledger) -> dict[str, str]:
    """What WorkOS takes of it, in key order; a finding names by number what is left out, never the text itself."""
    texts = {key: text for key, value in sorted(metadata.items()) if (text := as_text(value)) is not None}
    ascii_only = {key: text for key, text in texts.items() if key.isascii() and text.isascii()}
    short = {key: text for key, text in ascii_only.items() if 0 < len(key) <= _KEY and len(text) <= _VALUE}
    fitting = dict(list(short.items())[:_PAIRS])
    if lost := len(texts) - len(ascii_only):
        message = f"{lost} metadata pair(s) with characters outside ASCII are left out"
        ledger.note(kind, line, external_id, "metadata_not_ascii", message)
    if lost := len(ascii_only) - len(fitting):
        message = f"{lost} metadata pair(s) over WorkOS's limits are left out"
        ledger.note(kind, line, external_id, "metadata_over_limit", message)
    if len(fitting) > _DOCUMENTED_PAIRS:
        ledger.note(kind, line, external_id, "metadata_over_10", f"the metadata has {len(fitting)} pairs")
    return fitting
