"""WorkOS environment roles: listed once, adopted by slug, never deleted (WorkOS has no call for it)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from providers.workos.client import Conflict, Gone, Refused, WorkOS
from providers.workos.kinds import Declared, Fields, Records, Written

ROLES = ("authorization", "roles")
#: How some answers word, with 422, that the slug is taken.
_DUPLICATE = "duplicate"


class Roles(Records):
    """One environment role a record. Writes go one after the other: they share a priority list."""

    kind = "roles"

    def __init__(self, door: WorkOS, declared: Declared, *, adopt_by_email: bool = False) -> None:
        super().__init__(door, declared, adopt_by_email=adopt_by_email)
        self._lock = threading.Lock()
        self._listed: dict[str, Fields] | None = None

    def create(self, written: Written, desired: Fields) -> None:
        """Adopt the role with this slug, name and description left alone; else one POST."""
        with self._lock:
            there = self._all().get(desired["slug"])
            if there is not None:
                self._adopt(written, desired, there)
                return
            body = {name: desired[name] for name in ("slug", "name", "description") if desired.get(name)}
            try:
                made = self.door.call("POST", *ROLES, body=body)
            except (Conflict, Refused) as refusal:
                interrupted = self.door.interrupted()
                if not isinstance(refusal, Conflict) and _DUPLICATE not in refusal.codes:
                    raise
                there = self._by_slug(desired["slug"])
                if there is None:
                    raise
                self._adopt(written, desired, there)
                ours = interrupted and all(there.get(name) == desired.get(name) for name in ("name", "description"))
                written.origin = "created" if ours else "found"
                return
            written.id, written.applied = str(made.get("id") or desired["slug"]), dict(desired)
            self.see(written, body, made)

    def write(self, written: Written, desired: Fields, changed: Fields) -> None:
        """One PATCH."""
        with self._lock:
            answer = self.door.call("PATCH", *ROLES, desired["slug"], body=dict(changed))
        written.applied |= changed
        self.see(written, changed, answer)

    def live(self, id_: str) -> Fields:
        """The role as the environment's list has it. Raises Gone."""
        with self._lock:
            for role in self._all().values():
                if role["id"] == id_:
                    return {name: role.get(name) for name in ("slug", "name", "description")}
        raise Gone("the role is not in the environment's list", 404)

    def remove(self, id_: str) -> None:
        """WorkOS has no call that deletes an environment role: it stays."""

    def _all(self) -> dict[str, Fields]:
        if self._listed is None:
            self._listed = environment_roles(self.door)
        return self._listed

    def _by_slug(self, slug: str) -> Fields | None:
        """A role that WorkOS says is there: read by its slug, and looked for in a new list if that shows none."""
        with suppress(Gone, Refused):
            found = self.door.call("GET", *ROLES, slug)
            if found.get("slug") == slug:
                self._all()[slug] = found
                return found
        self._listed = None
        return self._all().get(slug)

    def _adopt(self, written: Written, desired: Fields, there: Mapping[str, Any]) -> None:
        written.id, written.origin = str(there.get("id") or there["slug"]), "found"
        written.applied = dict(desired)


def environment_roles(door: WorkOS) -> dict[str, Fields]:
    """Every environment role by its slug. WorkOS documents no pages; a list that names a cursor is followed."""
    found: dict[str, Fields] = {}
    cursors: list[str] = []
    while True:
        answer = door.call("GET", *ROLES, params={"after": cursors[-1]} if cursors else None)
        found |= {str(role["slug"]): role for role in answer.get("data", [])}
        after = str((answer.get("list_metadata") or {}).get("after") or "")
        if not after or after in cursors:
            return found
        cursors.append(after)
