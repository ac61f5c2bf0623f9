"""WorkOS environment roles: listed once, adopted by slug, never deleted (WorkOS has no call for it)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from providers.workos.client import Conflict, Gone, WorkOS
from providers.workos.kinds import Declared, Fields, Records, Written

ROLES = ("authorization", "roles")


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
            held = self._all().get(desired["slug"])
            if held is not None:
                self._adopt(written, desired, held)
                return
            body = {name: desired[name] for name in ("slug", "name", "description") if desired.get(name)}
            try:
                made = self.door.call("POST", *ROLES, body=body)
            except Conflict:
                interrupted = self.door.interrupted()
                self._listed = None
                held = self._all().get(desired["slug"])
                if held is None:
                    raise
                self._adopt(written, desired, held)
                ours = interrupted and all(held.get(name) == desired.get(name) for name in ("name", "description"))
                written.origin = "created" if ours else "found"
                return
            written.id, written.applied = str(made.get("id") or desired["slug"]), dict(desired)

    def write(self, written: Written, desired: Fields, changed: Fields) -> None:
        """One PATCH."""
        with self._lock:
            self.door.call("PATCH", *ROLES, desired["slug"], body=dict(changed))
        written.applied |= changed

    def live(self, id_: str) -> Fields:
        """Roles are read by slug, which the caller's state knows as `slug`."""
        with self._lock:
            for role in self._all().values():
                if role["id"] == id_:
                    return {name: role.get(name) for name in ("slug", "name", "description")}
        raise Gone("the role is not in the environment's list", 404)

    def remove(self, id_: str) -> None:
        """WorkOS has no call that deletes an environment role: it stays."""

    def _all(self) -> dict[str, Fields]:
        if self._listed is None:
            answer = self.door.call("GET", *ROLES)
            self._listed = {str(one["slug"]): one for one in answer.get("data", [])}
        return self._listed

    def _adopt(self, written: Written, desired: Fields, held: Mapping[str, Any]) -> None:
        written.id, written.origin = str(held.get("id") or held["slug"]), "found"
        written.applied = dict(desired)
