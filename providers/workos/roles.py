"""WorkOS environment roles: listed once, adopted by slug, never deleted (WorkOS has no call for it)."""

from __future__ import annotations

import threading
from contextlib import suppress

from providers.directory.differ import text
from providers.directory.model import RoleFields
from providers.directory.schema import Values
from providers.workos.client import Answer, Conflict, Door, Gone, Refused
from providers.workos.kinds import Creation, Declared, Records, Request, Step, Update, Written
from providers.workos.memberships import DEFAULT_ROLE

#: How some answers word, with 422, that the slug is taken.
_DUPLICATE = "duplicate"


class Roles(Records[RoleFields]):
    """One environment role a record. Writes go one after the other: they share a priority list."""

    kind = "roles"
    path = ("authorization", "roles")
    found_by = "slug"
    conflicts = {"slug": "role_slug_conflict"}  # noqa: RUF012 - as in the base
    is_listed_first = True

    @classmethod
    def requests(cls, step: Step) -> list[Request]:
        """One POST, but for the role that every environment has; one PATCH."""
        if isinstance(step, Creation):
            return [] if step.key == DEFAULT_ROLE else [Request("POST", cls.template(), "roles")]
        return [Request("PATCH", cls.one())] if isinstance(step, Update) else []

    @classmethod
    def fields_of(cls, answer: Answer) -> RoleFields:
        """A WorkOS role object as the differ sees it."""
        return {"slug": answer["slug"], "name": answer.get("name"), "description": answer.get("description")}

    @classmethod
    def unique_values(cls, fields: Values) -> dict[str, list[str]]:
        """The slug."""
        return {"slug": [text(fields["slug"])]}

    def __init__(self, door: Door, declared: Declared, *, adopt_by_email: bool = False) -> None:
        super().__init__(door, declared, adopt_by_email=adopt_by_email)
        self._lock = threading.Lock()
        self._listed: dict[str, Answer] | None = None

    def create(self, written: Written, desired: RoleFields) -> None:
        """Adopt the role with this slug, name and description left alone; else one POST."""
        with self._lock:
            there = self._all().get(desired["slug"])
            if there is not None:
                self._adopt(written, desired, there)
                return
            body = {name: value for name, value in desired.items() if value}
            try:
                made = self.door.call("POST", *self.path, body=body)
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
            written.id, written.applied = text(made.get("id")) or desired["slug"], {**desired}
            self.see(written, body, made)

    def write(self, written: Written, desired: RoleFields, changed: Values) -> None:
        """One PATCH."""
        with self._lock:
            answer = self.door.call("PATCH", *self.path, desired["slug"], body=dict(changed))
        written.applied |= changed
        self.see(written, changed, answer)

    def live(self, id_: str) -> Values:
        """The role as the environment's list has it. Raises Gone."""
        with self._lock:
            for role in self._all().values():
                if role["id"] == id_:
                    return self.fields_of(role)
        raise Gone("the role is not in the environment's list", 404)

    def remove(self, id_: str) -> None:
        """WorkOS has no call that deletes an environment role: it stays."""

    def _all(self) -> dict[str, Answer]:
        if self._listed is None:
            self._listed = self.listed(self.door)
        return self._listed

    def _by_slug(self, slug: str) -> Answer | None:
        """A role that WorkOS says is there: read by its slug, and looked for in a new list if that shows none."""
        with suppress(Gone, Refused):
            found = self.door.call("GET", *self.path, slug)
            if found.get("slug") == slug:
                self._all()[slug] = found
                return found
        self._listed = None
        return self._all().get(slug)

    def _adopt(self, written: Written, desired: RoleFields, there: Answer) -> None:
        written.id, written.origin = text(there.get("id")) or there["slug"], "found"
        written.applied = {**desired}
