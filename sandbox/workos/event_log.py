"""Everything that happened in an environment, in order: what ``/events`` answers, and what a snapshot holds.

An event keeps the object as it was then. Objects never change, they are replaced, so the log shares them with the
environment and an event costs some 40 bytes beside them.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from sandbox.http.identifiers import identifier, moment_of
from sandbox.workos.objects import Held, Organization, Permission, User

PREFIX: Final = "event"


class Event(NamedTuple):
    """One change: when, its name (``user.created``), and the object as it was from then on, or as it was last."""

    moment: int
    name: str
    object: Held

    @property
    def id(self) -> str:
        """The event's id; a moment has one event at most."""
        return identifier(PREFIX, self.moment)


class EventSeries:
    """The events of one name (of one organization), between two moments; read as a ``Series`` of ids is."""

    __slots__ = ("_first", "_last", "_moments")

    def __init__(self, moments: "array[int]", first: int, last: int) -> None:
        self._moments, self._first, self._last = moments, first, last

    def newer(self, cursor: str | None) -> Iterator[str]:
        """Ids after the cursor, oldest first."""
        first = self._first if cursor is None else max(self._first, moment_of(cursor) + 1)
        for position in range(bisect_left(self._moments, first), bisect_right(self._moments, self._last)):
            yield identifier(PREFIX, self._moments[position])

    def older(self, cursor: str | None) -> Iterator[str]:
        """Ids before the cursor, newest first."""
        last = self._last if cursor is None else min(self._last, moment_of(cursor) - 1)
        for position in range(bisect_right(self._moments, last) - 1, bisect_left(self._moments, self._first) - 1, -1):
            yield identifier(PREFIX, self._moments[position])


class EventLog:
    """All events, by moment, by name, and by name and organization."""

    def __init__(self) -> None:
        self._moments = array("Q")
        self._names: list[str] = []
        self._objects: list[Held] = []
        self._by_name: dict[str, array[int]] = {}
        self._by_organization: dict[tuple[str, str], array[int]] = {}

    def __len__(self) -> int:
        return len(self._moments)

    def __iter__(self) -> Iterator[Event]:
        return map(Event, self._moments, self._names, self._objects)

    def add(self, event: Event) -> None:
        """Note an event; it must be later than all before it."""
        moment = event.moment
        self._moments.append(moment)
        self._names.append(event.name)
        self._objects.append(event.object)
        self._by_name.setdefault(event.name, array("Q")).append(moment)
        if (organization_id := _organization_of(event.object)) is not None:
            self._by_organization.setdefault((event.name, organization_id), array("Q")).append(moment)

    def get(self, identifier: str) -> Event:
        """Return the event with an id, which must be there."""
        position = bisect_left(self._moments, moment_of(identifier))
        return Event(self._moments[position], self._names[position], self._objects[position])

    def series(self, names: Iterable[str], organization_id: str | None, first: int, last: int) -> list[EventSeries]:
        """Return the events of these names between two moments (both included), one series a name."""
        none = array("Q")
        found = (
            self._by_name.get(name, none)
            if organization_id is None
            else self._by_organization.get((name, organization_id), none)
            for name in dict.fromkeys(names)
        )
        return [EventSeries(moments, first, last) for moments in found]


def _organization_of(changed: Held) -> str | None:
    match changed:
        case User() | Permission():
            return None
        case Organization():
            return changed.id
        case _:
            return changed.organization_id
