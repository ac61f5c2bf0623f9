"""WorkOS as it would be: a door behind which everything happens in memory, on top of what a census found.

The kinds write through it as through the real one, so that what they would send is known before anything is sent. It
refuses what WorkOS refuses for uniqueness (emails, external ids, domains, pairs, slugs); what WorkOS may refuse for
other reasons only WorkOS knows. Sources: WorkOS API reference, users, organizations, memberships, roles.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, NamedTuple

from providers.settings import Kind
from providers.workos.client import Conflict, Gone, WorkOS
from providers.workos.kinds import Fields
from providers.workos.memberships import DEFAULT_ROLE
from providers.workos.rehearsal.objects import ById, Objects


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


class Rehearsal(WorkOS):
    """A door that sends nothing, but for a look at a user's authenticators, which no census lists."""

    def __init__(self, door: WorkOS, roles: ById, organizations: ById, users: ById, memberships: ById) -> None:
        """`roles` by slug, all others by WorkOS id, as the census has them; `door` may be one that only reads."""
        self._door, self.base_url, self.pace = door, door.base_url, door.pace
        self.sent: list[Sent] = []
        self.objects: dict[Kind, Objects] = {
            "roles": Objects("roles", {str(role["id"]): role for role in roles.values()}),
            "organizations": Objects("organizations", organizations),
            "users": Objects("users", users),
            "memberships": Objects("memberships", memberships),
        }
        self._numbers = count(1)
        self._factors: dict[str, list[Fields]] = defaultdict(list)
        #: The memberships of users and of organizations, once one of these was removed.
        self._members: dict[str, dict[str, list[str]]] = {
            end: defaultdict(list) for end in ("user_id", "organization_id")
        }

    def interrupted(self) -> bool:
        """No answer is ever lost."""
        return False

    def request_id(self) -> str:
        """Nothing is sent."""
        return ""

    def until_listed(self, look: Callable[[], Any]) -> Any:
        """No list lags."""
        return look()

    def close(self) -> None:
        """Nothing to close: the door is its owner's."""

    def call(
        self,
        method: str,
        *path: str,
        body: Fields | None = None,
        params: Fields | None = None,
        retries: int | None = None,
    ) -> Fields:
        """What WorkOS would answer. Raises a WorkOSFault."""
        body, params = body or {}, params or {}
        if path[0] == "authorization":
            return self._roles(method, path[2:], body)
        if path[0] == "organizations":
            return self._organizations(method, path[1:], body, params)
        if path[1] == "users":
            return self._users(method, path[2:], body, params)
        return self._memberships(method, path[2:], body, params)

    def _roles(self, method: str, rest: tuple[str, ...], body: Fields) -> Fields:
        roles = self.objects["roles"]
        if method == "GET" and not rest:
            self._note(method, "/authorization/roles", "roles", "")
            return {"data": [dict(role) for role in roles]}
        if method == "POST":
            new = {"id": self._new("role"), "description": None, **body}
            return self._made("/authorization/roles", roles, new, body["slug"])
        role = roles.find("slug", rest[0])
        self._note(method, "/authorization/roles/{slug}", "roles", str(role["id"]) if role else rest[0])
        if role is None:
            raise Gone(f"{method} /authorization/roles", 404)
        return dict(role if method == "GET" else roles.put({**role, **body}))

    def _organizations(self, method: str, rest: tuple[str, ...], body: Fields, params: Fields) -> Fields:
        organizations, template = self.objects["organizations"], "/organizations"
        if not rest and method == "GET":
            self._note(method, template, "organizations", "")
            found = organizations.find("domain", str(params.get("domains")))
            return {"data": [_organization(found)] if found else []}
        if not rest:
            new = {"id": self._new("org"), "metadata": body.get("metadata") or {}, "domains": _domains(body, [])}
            new |= _named(body, "name", "external_id")
            return _organization(self._made(template, organizations, new, body["external_id"]))
        if rest[0] == "external_id":
            return _organization(
                self._by_external_id(organizations, f"{template}/external_id/{{external_id}}", rest[1])
            )
        self._note(method, f"{template}/{{id}}", "organizations", rest[0])
        organization = organizations.get(rest[0])
        if method == "PUT":
            metadata = _merged(organization["metadata"], body.get("metadata") or {})
            changed = {**organization, **_named(body, "name", "external_id"), "metadata": metadata}
            return _organization(
                self._changed(organizations, {**changed, "domains": _domains(body, organization["domains"])})
            )
        if method == "DELETE":
            self._remove_with_memberships(organizations, "organization_id", rest[0])
        return _organization(organization)

    def _users(self, method: str, rest: tuple[str, ...], body: Fields, params: Fields) -> Fields:
        users, template = self.objects["users"], "/user_management/users"
        if not rest and method == "GET":
            self._note(method, template, "users", "")
            found = users.find("email", str(params.get("email")))
            return {"data": [dict(found)] if found else []}
        if not rest:
            new = {"id": self._new("user"), "metadata": body.get("metadata") or {}}
            names = _named(body, "email", "email_verified", "external_id", "first_name", "last_name")
            new |= {"first_name": None, "last_name": None, **names}
            return self._made(template, users, new, body["external_id"], _brings(body))
        if rest[0] == "external_id":
            return dict(self._by_external_id(users, f"{template}/external_id/{{external_id}}", rest[1]))
        if rest[1:]:
            return self._authenticators(method, rest[0])
        self._note(method, f"{template}/{{id}}", "users", rest[0], _brings(body))
        user = users.get(rest[0])
        if method == "PUT":
            return self._changed(users, _changed_user(user, body))
        if method == "DELETE":
            self._remove_with_memberships(users, "user_id", rest[0])
        return dict(user)

    def _authenticators(self, method: str, user: str) -> Fields:
        template = "/user_management/users/{id}/auth_factors"
        self._note(method, template, "users", user)
        is_there = user in self.objects["users"].before
        self.objects["users"].get(user)
        if method == "POST":
            self._factors[user].append({"id": self._new("auth_factor"), "type": "totp"})
            self.sent[-1] = self.sent[-1]._replace(brings="totp")
            return {}
        found = list(self._door.pages("user_management", "users", user, "auth_factors")) if is_there else []
        return {"data": [*found, *self._factors[user]]}

    def _memberships(self, method: str, rest: tuple[str, ...], body: Fields, params: Fields) -> Fields:
        memberships, template = self.objects["memberships"], "/user_management/organization_memberships"
        if not rest and method == "GET":
            self._note(method, template, "memberships", "")
            found = memberships.find("pair", f"{params['organization_id']}/{params['user_id']}")
            return {"data": [_membership(found)] if found else []}
        if not rest:
            return self._made_membership(template, memberships, body)
        self._note(method, "/".join((template, "{id}", *rest[1:])), "memberships", rest[0])
        membership = memberships.get(rest[0])
        if method == "DELETE":
            memberships.remove(rest[0])
        elif method == "PUT":
            to = {"deactivate": {"status": "inactive"}, "reactivate": {"status": "active"}}.get("".join(rest[1:]))
            membership = self._changed(memberships, {**membership, **(to or {"roles": _slugs(body)})})
        return _membership(membership)

    def _made_membership(self, template: str, objects: Objects, body: Fields) -> Fields:
        """A second create for a pair that is inactive brings it back (WorkOS API reference, membership create)."""
        pair = f"{body['organization_id']}/{body['user_id']}"
        for kind, name in (("users", "user_id"), ("organizations", "organization_id")):
            self.objects[kind].get(body[name])  # type: ignore[index]
        there = objects.find("pair", pair)
        id_ = there["id"] if there and there["status"] == "inactive" else self._new("om")
        new = {"id": id_, **_named(body, "organization_id", "user_id"), "roles": _slugs(body), "status": "active"}
        for end, members in self._members.items():
            if members:
                members[new[end]].append(id_)
        return _membership(self._made(template, objects, new, pair))

    def _made(self, template: str, objects: Objects, new: Fields, known_by: str, brings: str = "") -> Fields:
        try:
            made = objects.put(new)
        except Conflict:
            self._note("POST", template, objects.kind, known_by, brings, refused=True)
            raise
        self._note("POST", template, objects.kind, new["id"], brings)
        return dict(made)

    def _changed(self, objects: Objects, changed: Fields) -> Fields:
        try:
            return dict(objects.put(changed))
        except Conflict:
            self.sent[-1] = self.sent[-1]._replace(refused=True)
            raise

    def _by_external_id(self, objects: Objects, template: str, external_id: str) -> Fields:
        found = objects.find("external_id", external_id)
        self._note("GET", template, objects.kind, str(found["id"]) if found else external_id)
        if found is None:
            raise Gone(f"GET {template}", 404)
        return found

    def _remove_with_memberships(self, objects: Objects, end: str, id_: str) -> None:
        """WorkOS deletes the memberships of a user and of an organization with it."""
        objects.remove(id_)
        memberships = self.objects["memberships"]
        if not self._members[end]:
            for membership in memberships:
                self._members[end][membership[end]].append(membership["id"])
        for membership_id in self._members[end].pop(id_, ()):
            if memberships.after.get(membership_id, {}) is not None:
                memberships.remove(membership_id)

    def _note(
        self, method: str, template: str, kind: Kind, about: str, brings: str = "", *, refused: bool = False
    ) -> None:
        self.sent.append(Sent(method, template, kind, about, refused, brings))

    def _new(self, prefix: str) -> str:
        return f"{prefix}_rehearsed_{next(self._numbers)}"


def _changed_user(user: Fields, body: Fields) -> Fields:
    """A new email resets `email_verified` unless the same body sets it (WorkOS API reference, user update)."""
    changed = {**user, **_named(body, "email", "external_id", "email_verified")}
    changed |= {name: body[name] or None for name in ("first_name", "last_name") if name in body}
    if body.get("email", user["email"]) != user["email"]:
        changed["email_verified"] = bool(body.get("email_verified"))
    return {**changed, "metadata": _merged(user["metadata"], body.get("metadata") or {})}


def _brings(body: Fields) -> str:
    return "password" if "password_hash" in body else ""


def _named(body: Fields, *names: str) -> Fields:
    return {name: body[name] for name in names if name in body}


def _merged(known: Mapping[str, Any], sent: Mapping[str, Any]) -> Fields:
    return {key: value for key, value in {**known, **sent}.items() if value is not None}


def _domains(body: Fields, known: list[str]) -> list[str]:
    return [domain["domain"] for domain in body["domain_data"]] if "domain_data" in body else list(known)


def _slugs(body: Fields) -> list[str]:
    return body.get("role_slugs") or [body.get("role_slug") or DEFAULT_ROLE]


def _organization(organization: Fields) -> Fields:
    return {**organization, "domains": [{"domain": name, "state": "pending"} for name in organization["domains"]]}


def _membership(membership: Fields) -> Fields:
    return {**membership, "roles": [{"slug": slug} for slug in membership["roles"]]}
