"""A `pulumi destroy`: its bill before its first request, and which memberships need none of their own.

WorkOS deletes a membership with its user and with its organization. Where all of the stack goes, the membership of a
user or an organization that Ferry created is therefore left to that.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator

from providers.directory.model import END_KINDS, SCHEMAS
from providers.errors import Brake
from providers.reports.destroy_text import Inventory, dismantling_lines
from providers.resources.workos_ids import ends_of
from providers.settings import KINDS, UNDELETABLE_KINDS, Kind
from providers.state.last_state import LastState

#: Keys of what Ferry created, by kind.
Created = dict[Kind, set[str]]


class Dismantling:
    """What one `pulumi destroy` takes away. Thread-safe."""

    def __init__(self, read: Callable[[], LastState], say: Callable[[str], None], share: float) -> None:
        """`read` hands out the last state, and raises Brake where it cannot."""
        self._read, self._say, self._share = read, say, share
        self._lock = threading.Lock()
        self._begun = False
        self._created: Created = defaultdict(set)

    def begin(self, *, is_partial: bool) -> None:
        """Before the first removal, once: say what goes. `is_partial`: some of the stack may stay, nobody says what."""
        with self._lock:
            if self._begun:
                return
            self._begun = True
            if is_partial:
                self._say("destroy: only what the command names goes; each membership is deleted by itself")
                return
            try:
                last_state = self._read()
            except Brake as error:
                self._say(f"destroy: {error}; so nothing is counted, and each membership is deleted by itself")
                return
            self._created = created(last_state)
            for line in dismantling_lines(inventory(last_state, self._created), self._share):
                self._say(line)

    def goes_along(self, organization: str, user: str) -> bool:
        """Does WorkOS delete the membership of these two with one of them, in this very command?"""
        return organization in self._created["organizations"] or user in self._created["users"]


def created(last_state: LastState) -> Created:
    """The users and organizations that Ferry created."""
    found: Created = defaultdict(set)
    for kind in END_KINDS:
        found[kind] = {key for key, is_ours, _ in _objects(last_state, kind) if is_ours}
    return found


def inventory(last_state: LastState, ours: Created) -> Inventory:
    """What a destroy of the whole stack does; `ours` is what `created` says of it."""
    counted = Inventory()
    for kind in KINDS:
        for key, is_ours, ends in _objects(last_state, kind):
            along = any(end in ours[of] for of, end in zip(END_KINDS, ends, strict=False))
            counted.along += along
            if along or (is_ours and kind not in UNDELETABLE_KINDS):
                counted.going[kind] += 1
            else:
                counted.staying[kind] += 1
                counted.first[kind] = min(key, counted.first.get(kind, key))
    return counted


def _objects(last_state: LastState, kind: Kind) -> Iterator[tuple[str, bool, tuple[str, ...]]]:
    """Key, whether Ferry created it, and of a membership the ends."""
    for key, known in last_state.records[kind].items():
        if known.reached:
            yield key, known.state.origin == "created", known.state.ends or ()
    for number, cohort in last_state.cohorts[kind].items():
        for key, applied in cohort.applied().items():
            yield key, applied.origin == "created", ends_of(key, number) if SCHEMAS[kind].ends else ()
