"""Which WorkOS object an organization or a user is, as far as this process knows: memberships take their ends here.

Every `check`, `diff`, `create` and `update` of a record or cohort adds to it, so that an end costs a request only if no
resource of this run knows it.
"""

from __future__ import annotations

import threading
from collections import defaultdict

from providers.directory.model import cuts
from providers.settings import Kind
from providers.state.applied import unpack
from providers.state.cohorts import cohort_of


def ends_of(key: str, number: int) -> tuple[str, str]:
    """Organization and user of a membership in this cohort; where an id holds a slash, the cohort tells them apart."""
    found = cuts(key)
    return next((cut for cut in found if cohort_of(cut[0]) == number), found[0])


class Ids:
    """Keys to WorkOS ids by kind. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: dict[Kind, dict[str, str]] = defaultdict(dict)
        self._packed: dict[tuple[Kind, int], str] = {}
        self._cohorts: dict[tuple[Kind, int], dict[str, str]] = {}
        #: Keys whose object is made in this run: what was applied to an object they had before is of no use.
        self.fresh: dict[Kind, set[str]] = defaultdict(set)

    def note(self, kind: Kind, key: str, id_: str) -> None:
        """Remember the WorkOS id of one object."""
        with self._lock:
            self._records[kind][key] = id_

    def note_cohort(self, kind: Kind, number: int, packed: str) -> None:
        """Remember a cohort's objects, in the form its outputs have; unpacked when the first of them is asked for."""
        with self._lock:
            self._packed[kind, number] = packed
            self._cohorts.pop((kind, number), None)

    def of(self, kind: Kind, key: str) -> str:
        """The WorkOS id of this key, '' if it is not known."""
        place = kind, cohort_of(key)
        with self._lock:
            if found := self._records[kind].get(key):
                return found
            if place not in self._cohorts:
                known = unpack(self._packed.get(place, ""))
                self._cohorts[place] = {name: applied.id for name, applied in known.items()}
            return self._cohorts[place].get(key, "")
