"""WorkOS as it would be: a door behind which everything happens in memory, on top of what a census found.

The kinds write through it as through the real one, so that what they would send is known before anything is sent. It
refuses what WorkOS refuses for uniqueness (emails, external ids, domains, pairs, slugs); what WorkOS may refuse for
other reasons only WorkOS knows. Sources: WorkOS API reference, users, organizations, memberships, roles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import count
from typing import NamedTuple

from providers.directory.differ import text
from providers.directory.model import SCHEMAS
from providers.directory.schema import Values
from providers.settings import KINDS, Kind
from providers.workos.by_kind import RECORDS
from providers.workos.client import Answer, Body, Conflict, Door, Found, Gone
from providers.workos.rehearsal.objects import Objects


class Sent(NamedTuple):
    """One request that the kinds would have sent. `about` is the WorkOS id of its object; of a create that was refused,
    the object's external id, slug or pair.
    """

    method: str
    template: str
    kind: Kind
    about: str
    refused: bool = False
    #: `password` or `totp`, if it brings one.
    brings: str = ""


class Rehearsal(Door):
    """A door that sends nothing, but for a look at a user's authenticators, which no census lists."""

    def __init__(self, door: Door, live: Mapping[Kind, Mapping[str, Values]]) -> None:
        """`live` by kind and WorkOS id, as the census has them; `door` may be one that only reads."""
        self._door, self.base_url, self.pace = door, door.base_url, door.pace
        self.sent: list[Sent] = []
        self.objects: dict[Kind, Objects] = {kind: Objects(kind, live.get(kind, {})) for kind in KINDS}
        self._numbers = count(1)
        self._factors: dict[str, list[Answer]] = defaultdict(list)
        #: The objects between two others by one of their ends, once one of these was removed.
        self._between: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))

    def interrupted(self) -> bool:
        """No answer is ever lost."""
        return False

    def request_id(self) -> str:
        """Nothing is sent."""
        return ""

    def until_listed(self, look: Callable[[], Found]) -> Found:
        """No list lags."""
        return look()

    def close(self) -> None:
        """Nothing to close: the door is its owner's."""

    def call(
        self, method: str, *path: str, body: Body | None = None, params: Body | None = None, retries: int | None = None
    ) -> Answer:
        """What WorkOS would answer. Raises a WorkOSFault."""
        kind = next(kind for kind in KINDS if path[: len(RECORDS[kind].path)] == RECORDS[kind].path)
        rest = path[len(RECORDS[kind].path) :]
        if not rest and method == "GET":
            return self._list(kind, params or {})
        if not rest:
            return self._make(kind, body or {})
        if rest[0] == "external_id":
            return self._by_external_id(kind, rest[1])
        if rest[1:] == ("auth_factors",):
            return self._authenticators(method, rest[0])
        return self._one(method, kind, rest, body or {})

    def _list(self, kind: Kind, params: Body) -> Answer:
        """All objects, or the one that has what is asked for."""
        self._note("GET", RECORDS[kind].template(), kind, "")
        asked = _asked(params)
        found = [self.objects[kind].find(*asked)] if asked else [*self.objects[kind]]
        return {"data": [RECORDS[kind].answer_of(fields) for fields in found if fields]}

    def _make(self, kind: Kind, body: Body) -> Answer:
        """A second create for a pair that is inactive brings it back (WorkOS API reference, membership create)."""
        records, objects = RECORDS[kind], self.objects[kind]
        for name, of in SCHEMAS[kind].ends:
            self.objects[of].get(text(body[f"{name}_id"]))
        new = records.after({}, body)
        (by, values), *_ = reversed(records.unique_values(new).items())
        there = objects.find(by, values[0])
        is_back = there is not None and there.get("status") == "inactive"
        id_ = text(there["id"]) if there and is_back else f"{kind.removesuffix('s')}_rehearsed_{next(self._numbers)}"
        for end, between in self._between.items():
            if end in new and between:
                between[text(new[end])].append(id_)
        try:
            made = objects.put({"id": id_, **new})
        except Conflict:
            self._note("POST", records.template(), kind, values[0], _brings(body), refused=True)
            raise
        self._note("POST", records.template(), kind, id_, _brings(body))
        return records.answer_of(made)

    def _one(self, method: str, kind: Kind, rest: tuple[str, ...], body: Body) -> Answer:
        """One object, by what WorkOS finds it by."""
        records, objects = RECORDS[kind], self.objects[kind]
        id_ = rest[0]
        if records.found_by != "id":
            there = objects.find(records.found_by, rest[0])
            id_ = text(there["id"]) if there else rest[0]
        self._note(method, records.one(*rest[1:]), kind, id_, _brings(body))
        found = objects.get(id_)
        if method == "DELETE":
            objects.remove(id_)
            self._remove_between(kind, id_)
        elif method in {"PUT", "PATCH"}:
            status = {"deactivate": "inactive", "reactivate": "active"}.get("".join(rest[1:]))
            after = {**found, "status": status} if status else {"id": id_, **records.after(found, body)}
            try:
                found = objects.put(after)
            except Conflict:
                self.sent[-1] = self.sent[-1]._replace(refused=True)
                raise
        return records.answer_of(found)

    def _by_external_id(self, kind: Kind, external_id: str) -> Answer:
        template = RECORDS[kind].template("external_id", "{external_id}")
        found = self.objects[kind].find("external_id", external_id)
        self._note("GET", template, kind, text(found["id"]) if found else external_id)
        if found is None:
            raise Gone(f"GET {template}", 404)
        return RECORDS[kind].answer_of(found)

    def _authenticators(self, method: str, user: str) -> Answer:
        self._note(method, RECORDS["users"].one("auth_factors"), "users", user)
        is_there = user in self.objects["users"].before
        self.objects["users"].get(user)
        if method == "POST":
            self._factors[user].append({"id": f"auth_factor_rehearsed_{next(self._numbers)}", "type": "totp"})
            self.sent[-1] = self.sent[-1]._replace(brings="totp")
            return {}
        found = list(self._door.pages(*RECORDS["users"].path, user, "auth_factors")) if is_there else []
        return {"data": [*found, *self._factors[user]]}

    def _remove_between(self, kind: Kind, id_: str) -> None:
        """WorkOS deletes the memberships of a user and of an organization with it."""
        for of in KINDS:
            for name in (f"{name}_id" for name, end in SCHEMAS[of].ends if end == kind):
                objects, between = self.objects[of], self._between[name]
                if not between:
                    for fields in objects:
                        between[text(fields[name])].append(text(fields["id"]))
                for other in between.pop(id_, ()):
                    if objects.after.get(other, {}) is not None:
                        objects.remove(other)

    def _note(
        self, method: str, template: str, kind: Kind, about: str, brings: str = "", *, refused: bool = False
    ) -> None:
        self.sent.append(Sent(method, template, kind, about, refused, brings))


def _asked(params: Body) -> tuple[str, str] | None:
    """The unique value that a list is asked for."""
    if "user_id" in params:
        return "pair", f"{params['organization_id']}/{params['user_id']}"
    return next(((name, text(params[name])) for name in ("email", "domains") if name in params), None)


def _brings(body: Body) -> str:
    return "password" if "password_hash" in body else ""
