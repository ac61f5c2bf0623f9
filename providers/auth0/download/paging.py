"""A list fetched to its end, page by page; each page is kept as it arrives.

Checkpoint paging follows `next` until there is none, past empty pages; a short page says nothing. Offset paging goes
on until Auth0's total, or an empty page, is reached; Auth0 ends it at 1,000 items.

Source: Management API reference, pagination.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from providers.auth0.download.errors import Refused, Unanswered
from providers.auth0.download.management import Json, Management
from providers.auth0.download.state import Row, State

#: The longest page that Auth0 documents; where it allows 50 only, it gives 50.
_TAKE = 100
#: Offsets are counted in pages, so the page must be one that no cloud cuts.
_PER_PAGE = 50
OFFSET_END = 1000
#: Empty pages come before others, a few in a row; after so many the list is told as cut short.
_MOST_EMPTY_PAGES = 100
_MOST_RESTARTS = 3
#: Nothing else is wrong with these requests than their checkpoint: it lives 24 hours.
_CHECKPOINT_REFUSED = frozenset({400, 404, 410})


@dataclass(frozen=True)
class Listing:
    """How a list is asked for: the path, with `{}` for the organization, the key of its items and of an item's id."""

    path: str
    key: str
    own: str
    by_offset: bool = False
    params: dict[str, str] = field(default_factory=dict)

    def path_of(self, owner: str) -> tuple[str, ...]:
        """The path's parts."""
        return tuple(owner if part == "{}" else part for part in self.path.split("/"))


def fetch(
    management: Management,
    state: State,
    listing: Listing,
    row: Row,
    arrived: Callable[[int], None] = lambda number: None,
) -> None:
    """Bring a list to its end, from where it is; `arrived` hears the number of items of each page. A checkpoint that
    is refused begins the list anew. Raises Refused, Gone, Unanswered, Stopped.
    """
    if listing.by_offset:
        _by_offset(management, state, listing, row, arrived)
        return
    for _ in range(_MOST_RESTARTS):
        try:
            _by_checkpoint(management, state, listing, row, arrived)
        except _DeadCheckpoint:
            row = state.restart(row)
        else:
            return
    raise _strange(listing, row, "refuses its own checkpoints")


class _DeadCheckpoint(Exception):
    pass


def _by_checkpoint(
    management: Management, state: State, listing: Listing, row: Row, arrived: Callable[[int], None]
) -> None:
    empty = 0
    while True:
        position = {"from": row.checkpoint} if row.checkpoint is not None else {}
        try:
            answer = management.get(*listing.path_of(row.owner), take=_TAKE, **listing.params, **position)
        except Refused as refused:
            if position and refused.status in _CHECKPOINT_REFUSED:
                raise _DeadCheckpoint from None
            raise
        items, following = _items(answer, listing, row), answer.get("next") or None
        if following is not None and not isinstance(following, str):
            raise _strange(listing, row, "gives a checkpoint that is no text")
        if items and following is not None and following == row.checkpoint:
            raise _strange(listing, row, "repeats its checkpoint")
        empty = 0 if items else empty + 1
        if following is not None and empty == _MOST_EMPTY_PAGES:
            state.give_up(row, f"{empty} empty pages in a row and no end")
            return
        row = state.add(row, _texts(items, listing), following)
        arrived(len(items))
        if row.checkpoint is None:
            return


def _by_offset(
    management: Management, state: State, listing: Listing, row: Row, arrived: Callable[[int], None]
) -> None:
    texts: list[tuple[str | None, str]] = []
    total = None
    for page in range(OFFSET_END // _PER_PAGE):
        answer = management.get(
            *listing.path_of(row.owner), page=page, per_page=_PER_PAGE, include_totals="true", **listing.params
        )
        page_texts = _texts(_items(answer, listing, row), listing)
        texts += page_texts
        arrived(len(page_texts))
        total = answer.get("total")
        if not page_texts or (isinstance(total, int) and _distinct(texts) >= total):
            break
    else:
        if not isinstance(total, int):
            raise _strange(listing, row, f"gives {len(texts)} items and no total, so nobody knows whether that is all")
    missing = max(total - _distinct(texts), 0) if isinstance(total, int) else 0
    state.add(state.restart(row), texts, None, missing=missing)


def _distinct(texts: list[tuple[str | None, str]]) -> int:
    return len({own for own, _ in texts if own is not None}) + sum(own is None for own, _ in texts)


def _items(answer: Any, listing: Listing, row: Row) -> list[Json]:
    items = answer.get(listing.key) if isinstance(answer, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise _strange(listing, row, f"gives no list of {listing.key}")
    return items


def _texts(items: list[Json], listing: Listing) -> list[tuple[str | None, str]]:
    """Id and JSON text of each."""
    return [(own_id(item, listing.own), as_line(item)) for item in items]


def own_id(item: Json, key: str) -> str | None:
    """An item's id, None if it has none that is text."""
    own = item.get(key)
    if not isinstance(own, str) or not own:
        return None
    try:
        own.encode()
    except UnicodeEncodeError:
        return None
    return own


def as_line(item: Json) -> str:
    """JSON in one line, as Auth0's exports have it; half a surrogate pair, which UTF-8 cannot hold, stays escaped."""
    text = json.dumps(item, ensure_ascii=False, separators=(",", ":"))
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(item, separators=(",", ":"))
    return text


def _strange(listing: Listing, row: Row, what: str) -> Unanswered:
    return Unanswered(f"Auth0 GET {'/'.join(listing.path_of(row.owner))}: {what}. Run the same command again later")
