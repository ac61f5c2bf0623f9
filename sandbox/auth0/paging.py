"""The two kinds of paging of the Management API.

Checkpoint: ``from`` and ``take``; ``next`` is absent on the last page. Offset: ``page`` and ``per_page``; an array
alone unless ``include_totals``. Lists that know both page by offset when neither ``from`` nor ``take`` is sent.

Source: Management API reference, pagination; the clients of auth0-python 6.8.0. A page longer than 100 is refused, one
longer than the cloud's maximum is cut without a word (OpenAPI document and API guide differ: 100 and 50).
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.datastructures import QueryParams
from starlette.responses import JSONResponse, Response

from sandbox.auth0.refusals import beyond_offset_paging, invalid_query
from sandbox.auth0.state import Call

CHECKPOINT: Final = frozenset({"from", "take"})
OFFSET: Final = frozenset({"page", "per_page", "include_totals"})
FIELDS: Final = frozenset({"fields", "include_fields"})
DEFAULT_LENGTH: Final = 50
LONGEST: Final = 100
OFFSET_END: Final = 1000

Show = Callable[[Any], dict[str, Any]]


def check_query(query: QueryParams, known: frozenset[str]) -> None:
    """Refuse a parameter that the operation does not have."""
    for name in query:
        if name not in known:
            raise invalid_query(f"Additional properties not allowed: {name}")


def checkpoint_page(call: Call, key: str, items: Sequence[Any], show: Show, ghost: Any = None) -> Response:
    """Answer with the page that ``from`` and ``take`` ask for; ``ghost`` is what the fault ``deleted_member`` shows."""
    start = _position(call)
    end = start + _number(call.query, "take", 1, call.auth0.switches.page_maximum)
    if call.fault == "empty_page":
        end = start
    page = [show(item) for item in _faulty(call, items[start:end], ghost)]
    if end >= len(items):
        return JSONResponse({key: page})
    return JSONResponse({key: page, "next": _checkpoint(call.path, end)})


def offset_page(call: Call, key: str, items: Sequence[Any], show: Show, ghost: Any = None) -> Response:
    """Answer with the page that ``page`` and ``per_page`` ask for."""
    length = _number(call.query, "per_page", 1, call.auth0.switches.page_maximum)
    number = _number(call.query, "page", 0, None)
    asked = int(call.query.get("per_page", DEFAULT_LENGTH))
    if (number + 1) * asked > OFFSET_END:
        raise beyond_offset_paging(number)
    start = number * length
    page = [show(item) for item in _faulty(call, items[start : start + length], ghost)]
    if not flag(call.query, "include_totals", absent=False):
        return JSONResponse(page)
    return JSONResponse({key: page, "start": start, "limit": length, "total": len(items)})


def page_of_either(call: Call, key: str, items: Sequence[Any], show: Show, ghost: Any = None) -> Response:
    """Answer by checkpoint if ``from`` or ``take`` is sent, by offset otherwise."""
    by_checkpoint = not CHECKPOINT.isdisjoint(call.query)
    if by_checkpoint and ("page" in call.query or "per_page" in call.query):
        raise invalid_query("from and take exclude page and per_page")
    return (checkpoint_page if by_checkpoint else offset_page)(call, key, items, show, ghost)


def flag(query: QueryParams, name: str, *, absent: bool) -> bool:
    """Read a boolean parameter."""
    text = query.get(name)
    if text not in (None, "true", "false"):
        raise invalid_query(f"Expected type boolean on property {name}")
    return absent if text is None else text == "true"


def chosen(query: QueryParams, names: Sequence[str]) -> list[str]:
    """Which of the names ``fields`` and ``include_fields`` choose; a name that does not exist is refused."""
    including = flag(query, "include_fields", absent=True)
    if "fields" not in query:
        return list(names)
    asked = query["fields"].split(",")
    for name in asked:
        if name not in names:
            raise invalid_query(f"Unknown field {name} on property fields")
    return [name for name in names if (name in asked) == including]


def _number(query: QueryParams, name: str, least: int, most: int | None) -> int:
    text = query.get(name, str(DEFAULT_LENGTH if most is not None else least))
    if not (text.isascii() and text.isdigit()):
        raise invalid_query(f"Expected type integer on property {name}")
    number = int(text)
    if number < least:
        raise invalid_query(f"Value {number} is less than minimum {least} on property {name}")
    if most is None:
        return number
    if number > LONGEST:
        raise invalid_query(f"Value {number} is greater than maximum {LONGEST} on property {name}")
    return min(number, most)


def _checkpoint(path: str, position: int) -> str:
    return urlsafe_b64encode(json.dumps([path, position]).encode()).decode()


def _position(call: Call) -> int:
    if "from" not in call.query:
        return 0
    try:
        path, position = json.loads(urlsafe_b64decode(call.query["from"]))
    except ValueError as error:
        raise invalid_query("Invalid checkpoint on property from") from error
    if path != call.path:
        raise invalid_query("The checkpoint on property from belongs to another list")
    return int(position)


def _faulty(call: Call, items: Sequence[Any], ghost: Any) -> Sequence[Any]:
    match call.fault:
        case "empty_page":
            return []
        case "repeated_item":
            return [*items, *items[:1]]
        case "deleted_member":
            return [ghost, *items]
        case _:
            return items
