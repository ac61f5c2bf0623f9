"""Requests that the SDK does not send: those that every operation refuses, those that single ones do, odd queries."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import httpx

from tests.sandbox.workos.sdk_calls import PASSWORD, World

#: API reference, rate limits.
DELETED_ORGANIZATIONS_PER_MINUTE: Final = 50

OTHER_SETTINGS: Final = {"duplicate_membership": 400, "second_factor": "refuse"}

_BCRYPT: Final = "$2b$10$" + "A" * 53
_AUTHENTICATE: Final = "/user_management/authenticate"
_MEMBERSHIPS: Final = "/user_management/organization_memberships"
_USERS: Final = "/user_management/users"


class Plain(NamedTuple):
    """A request and the status it is answered with."""

    status: int
    method: str
    path: str
    body: Any = None
    query: str = ""
    raw: bytes | None = None
    key: bool = True


def send(http: httpx.Client, plain: Plain) -> httpx.Response:
    """Send it."""
    content: dict[str, Any] = {"content": plain.raw} if plain.raw is not None else {"json": plain.body}
    request = http.build_request(plain.method, f"{plain.path}?{plain.query}".rstrip("?"), **content)
    if not plain.key:
        del request.headers["authorization"]
    return http.send(request)


def path_of(template: str, world: World) -> str:
    """The path of the object that is there."""
    own = "/organizations/{id}/roles/" in template
    values = {
        "{external_id}": "org_acme" if template.startswith("/organizations") else "auth0%7Cada",
        "{slug}": "door%3Aopen" if "/permissions/{slug}" in template else "org-keeper" if own else "admin",
        "{permission}": "door%3Aopen",
        "{id}": next(
            identifier
            for start, identifier in (
                ("/user_management/users", world.user),
                (_MEMBERSHIPS, world.membership),
                ("/organization_domains", world.domain),
                ("/auth/", world.factor),
                ("", world.organization),
            )
            if template.startswith(start)
        ),
    }
    return re.sub(r"{[^}]*}", lambda found: values[found[0]], template)


def refused_by_all(operation: str, described: dict[str, Any], world: World) -> Iterator[Plain]:
    """What every operation refuses: no key, what is no JSON, an object that is not there, a field it does not have."""
    method, template = operation.split(" ")
    path = path_of(template, world)
    if template == _AUTHENTICATE:
        grant = {"grant_type": "password", "client_id": "client", "client_secret": "sk_wrong"}
        yield Plain(400, method, path, grant | {"email": "ada@example.com", "password": PASSWORD})
    else:
        yield Plain(401, method, path, key=False)
    if "{" in template:
        yield Plain(404, method, re.sub(r"{[^}]*}", "gone", template))
    if "requestBody" in described:
        yield Plain(400, method, path, raw=b"{")
        grant = {"grant_type": "password"} if template == _AUTHENTICATE else {}
        yield Plain(422, method, path, grant | {"no_such_field": 1})
    if any(parameter["in"] == "query" for parameter in described["parameters"]):
        yield Plain(422, method, path, query="no_such_parameter=1")


def refused_by_one(world: World) -> Iterator[Plain]:
    """What single operations refuse."""
    user, organization = f"{_USERS}/{world.user}", f"/organizations/{world.organization}"
    for more in (
        {"email": "ada@example.com"},
        {"external_id": "auth0|ada"},
        {"email": "nobody"},
        {"password": "short"},
        {"password": PASSWORD, "password_hash": _BCRYPT},
        {"password": PASSWORD, "password_hash_type": "bcrypt"},
        {"password_hash": "x", "password_hash_type": "bcrypt"},
        {"password_salt_position": "prefix"},
        {"metadata": {"k": "v" * 601}},
    ):
        yield Plain(400, "POST", _USERS, {"email": "new@example.com", **more})
        if not more.keys() & {"email", "external_id"}:
            yield Plain(400, "PUT", user, more)
    for body in (
        {"email": "grace@example.com"},
        {"email": "nobody"},
        {"email_verified": False},
        {"locale": "not a locale"},
    ):
        yield Plain(400, "PUT", user, body)
    yield Plain(400, "PUT", f"{_USERS}/{world.other_user}", {"external_id": "auth0|ada"})
    taken = {"domain_data": [{"domain": "acme.example", "state": "pending"}]}
    yield Plain(400, "POST", "/organizations", {"name": "x", "external_id": "org_acme"})
    yield Plain(400, "POST", "/organizations", {"name": "x", "metadata": {"k": "v" * 601}})
    yield Plain(400, "PUT", organization, {"metadata": {"k": "v" * 601}})
    yield Plain(409, "POST", "/organizations", {"name": "x", **taken})
    yield Plain(409, "POST", "/organization_domains", {"domain": "acme.example", "organization_id": world.organization})
    yield Plain(404, "POST", "/organization_domains", {"domain": "new.example", "organization_id": "org_gone"})
    ends = {"user_id": world.user, "organization_id": world.organization}
    yield Plain(409, "POST", _MEMBERSHIPS, ends)
    yield Plain(404, "POST", _MEMBERSHIPS, ends | {"user_id": "user_gone"})
    yield Plain(422, "POST", _MEMBERSHIPS, ends | {"role_slug": "nobody"})
    yield Plain(422, "PUT", f"{_MEMBERSHIPS}/{world.membership}", {"role_slugs": ["admin", "member"]})
    yield Plain(400, "GET", _MEMBERSHIPS)
    yield Plain(404, "GET", _MEMBERSHIPS, query="user_id=user_gone")
    yield Plain(409, "POST", "/authorization/roles", {"slug": "admin", "name": "x"})
    roles = f"/authorization{organization}/roles"
    yield Plain(409, "POST", roles, {"slug": "org-keeper", "name": "x"})
    yield Plain(404, "PUT", "/authorization/roles/admin/permissions", {"permissions": ["gone"]})
    yield Plain(404, "POST", f"{roles}/org-keeper/permissions", {"slug": "gone"})
    yield Plain(404, "DELETE", f"{roles}/org-keeper/permissions/gone")
    yield Plain(409, "POST", "/authorization/permissions", {"slug": "door:open", "name": "x"})
    yield Plain(400, "GET", "/events", query="events=user.created&organization_id=org_gone")
    client = {"client_id": "client", "client_secret": "sk_x"}
    yield Plain(
        400, "POST", _AUTHENTICATE, client | {"grant_type": "password", "email": "ada@example.com", "password": "wrong"}
    )
    unverified = {"grant_type": "password", "email": "grace@example.com", "password": PASSWORD}
    yield Plain(403, "POST", _AUTHENTICATE, client | unverified)
    yield Plain(400, "POST", _AUTHENTICATE, client | {"grant_type": "refresh_token"})


def refused_by_the_limit() -> Iterator[Plain]:
    """As many deletions of organizations as a minute allows, and one more."""
    for allowed in range(DELETED_ORGANIZATIONS_PER_MINUTE + 1):
        yield Plain(404 if allowed < DELETED_ORGANIZATIONS_PER_MINUTE else 429, "DELETE", "/organizations/org_gone")


def refused_by_settings(world: World) -> Iterator[Plain]:
    """What is refused in another way, or at all, with ``OTHER_SETTINGS``."""
    yield Plain(400, "POST", _MEMBERSHIPS, {"user_id": world.user, "organization_id": world.organization})
    yield Plain(422, "POST", f"{_USERS}/{world.other_user}/auth_factors", {"type": "totp"})


def odd(world: World) -> Iterator[Plain]:
    """Lists asked for in the way of other clients: a parameter repeated, with brackets behind its name."""
    owner = f"organization_id={world.organization}"
    yield Plain(200, "GET", _MEMBERSHIPS, query=f"{owner}&statuses[]=active&statuses[]=inactive")
    yield Plain(200, "GET", "/organizations", query="domains[]=acme.example")
    yield Plain(200, "GET", "/events", query="events[]=user.created")
