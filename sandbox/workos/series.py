"""Ordered ids and the pages WorkOS cuts from them.

Ids sort by creation (see ``identifiers``), so an id is its own place in a series: a cursor keeps its meaning after the
object is deleted, and a page costs a binary search and its own length, however long the series is.
"""

import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import takewhile
from typing import Any, Final, Protocol

from sandbox.http.identifiers import ULID_LENGTH, identifier
from sandbox.http.refusals import invalid_parameters

#: A block is split in two above this many ids.
BLOCK: Final = 512
#: WorkOS API reference, pagination: 1 to 100 objects a page, 10 by default.
DEFAULT_LIMIT: Final = 10
MAXIMUM_LIMIT: Final = 100
ORDERS: Final = ("asc", "desc", "normal")
PAGE_PARAMETERS: Final = frozenset({"limit", "before", "after", "order"})


_LIMIT: Final = re.compile(r"0*[0-9]{1,3}")


def _first(block: list[str]) -> str:
    return block[0]


class Ordered(Protocol):
    """Ids in order of creation, to be walked from any cursor in either direction."""

    def newer(self, cursor: str | None) -> Iterator[str]:
        """Ids after the cursor, oldest first; all of them without one."""

    def older(self, cursor: str | None) -> Iterator[str]:
        """Ids before the cursor, newest first; all of them without one."""


class Series:
    """A sorted set of ids, kept in blocks so that adding and removing never move more than one block."""

    __slots__ = ("_blocks",)

    def __init__(self) -> None:
        self._blocks: list[list[str]] = []

    def __bool__(self) -> bool:
        return bool(self._blocks)

    def add(self, identifier: str) -> None:
        """Put a new id in its place; the end, unless an older object comes back."""
        if not self._blocks:
            self._blocks.append([identifier])
            return
        at = max(bisect_right(self._blocks, identifier, key=_first) - 1, 0)
        block = self._blocks[at]
        if at == len(self._blocks) - 1 and len(block) >= BLOCK and identifier > block[-1]:
            self._blocks.append([identifier])
            return
        insort(block, identifier)
        if len(block) > BLOCK:
            self._blocks[at : at + 1] = [block[: BLOCK // 2], block[BLOCK // 2 :]]

    def remove(self, identifier: str) -> None:
        """Take an id out; it must be there."""
        at = bisect_right(self._blocks, identifier, key=_first) - 1
        block = self._blocks[at]
        del block[bisect_left(block, identifier)]
        if not block:
            del self._blocks[at]

    def newer(self, cursor: str | None) -> Iterator[str]:
        """Ids after the cursor, oldest first; all of them without one."""
        if not self._blocks:
            return
        at = 0 if cursor is None else max(bisect_right(self._blocks, cursor, key=_first) - 1, 0)
        start = 0 if cursor is None else bisect_right(self._blocks[at], cursor)
        yield from self._blocks[at][start:]
        for index in range(at + 1, len(self._blocks)):
            yield from self._blocks[index]

    def older(self, cursor: str | None) -> Iterator[str]:
        """Ids before the cursor, newest first; all of them without one."""
        if not self._blocks:
            return
        last = len(self._blocks) - 1
        at = last if cursor is None else max(bisect_right(self._blocks, cursor, key=_first) - 1, 0)
        end = len(self._blocks[at]) if cursor is None else bisect_left(self._blocks[at], cursor)
        yield from reversed(self._blocks[at][:end])
        for index in range(at - 1, -1, -1):
            yield from reversed(self._blocks[index])


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Which page is asked for."""

    limit: int
    order: str
    before: str | None
    after: str | None
    #: Ids from this one on are not shown, as in a list that lags behind.
    end: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """The ids of one page, in the order asked for, and the cursors to its neighbours."""

    identifiers: list[str]
    before: str | None
    after: str | None

    def shown(self, show: Callable[[str], dict[str, Any]], *, back: bool = True) -> dict[str, Any]:
        """Return the page as WorkOS gives it out; the cursor back is left out where a list has none."""
        return {
            "object": "list",
            "data": [show(identifier) for identifier in self.identifiers],
            "list_metadata": {"before": self.before, "after": self.after} if back else {"after": self.after},
        }


def page_request(query: Mapping[str, Sequence[str]], prefix: str, visible_until: int | None = None) -> PageRequest:
    """Read ``limit``, ``order``, ``before`` and ``after``; refuse what WorkOS's schema does not allow.

    Both cursors at once are refused as well: what they would mean together is not documented. Objects made after the
    moment ``visible_until`` are left out of the page.
    """
    limit = query.get("limit", [str(DEFAULT_LIMIT)])[-1]
    order = query.get("order", ["desc"])[-1]
    before, after = (query[name][-1] if name in query else None for name in ("before", "after"))
    if not (_LIMIT.fullmatch(limit) and 1 <= int(limit) <= MAXIMUM_LIMIT):
        raise invalid_parameters("limit_out_of_range", f"limit must be an integer from 1 to {MAXIMUM_LIMIT}.")
    if order not in ORDERS:
        raise invalid_parameters("order_unknown", f"order must be one of {', '.join(ORDERS)}.")
    if before is not None and after is not None:
        raise invalid_parameters("cursor_ambiguous", "before and after exclude each other.")
    for name, cursor in (("before", before), ("after", after)):
        if cursor is not None and not (
            cursor.startswith(f"{prefix}_") and len(cursor) == len(prefix) + 1 + ULID_LENGTH
        ):
            message = f"{name} must be the id of an object of this list ({prefix}_...)."
            raise invalid_parameters("cursor_invalid", message)
    end = None if visible_until is None else identifier(prefix, visible_until + 1)
    return PageRequest(int(limit), order, before, after, end)


@dataclass(frozen=True, slots=True)
class _Walk:
    """The union of some series, up to an end, without the ids that are not to be kept."""

    series: Sequence[Ordered]
    end: str | None
    keep: Callable[[str], bool] | None

    def newer(self, cursor: str | None) -> Iterator[str]:
        walks = [ids.newer(cursor) for ids in self.series]
        walk = walks[0] if len(walks) == 1 else merge(*walks)
        if (end := self.end) is not None:
            walk = takewhile(lambda id_: id_ < end, walk)
        return iter(walk) if self.keep is None else filter(self.keep, walk)

    def older(self, cursor: str | None) -> Iterator[str]:
        if self.end is not None:
            cursor = self.end if cursor is None else min(cursor, self.end)
        walks = [ids.older(cursor) for ids in self.series]
        walk = walks[0] if len(walks) == 1 else merge(*walks, reverse=True)
        return iter(walk) if self.keep is None else filter(self.keep, walk)


def cut_page(series: Sequence[Ordered], asked: PageRequest, keep: Callable[[str], bool] | None = None) -> Page:
    """Cut the page that was asked for out of the union of the series.

    ``asc`` and ``desc``: ``after`` goes on, ``before`` goes back. ``normal``: newest first as ``desc``, but ``after``
    fetches newer and ``before`` older objects (WorkOS API reference, pagination).
    """
    whole = _Walk(series, asked.end, keep)
    cursor = asked.after if asked.after is not None else asked.before
    forward = asked.after is not None
    rising = asked.order == "asc" if cursor is None else forward == (asked.order != "desc")
    walk = whole.newer(cursor) if rising else whole.older(cursor)
    page = [id_ for _, id_ in zip(range(asked.limit), walk, strict=False)]
    if not page:
        return Page([], None, None)
    if not rising:
        page.reverse()
    oldest, newest = page[0], page[-1]
    to_older = oldest if next(whole.older(oldest), None) is not None else None
    to_newer = newest if next(whole.newer(newest), None) is not None else None
    if asked.order != "asc":
        page.reverse()
    return Page(page, to_newer, to_older) if asked.order == "desc" else Page(page, to_older, to_newer)
