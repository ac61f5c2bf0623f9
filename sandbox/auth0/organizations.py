"""``/api/v2/organizations``: organizations, their members, domains and connections.

Source: Management API reference, organizations; the clients and models of auth0-python 6.8.0.
"""

import json
from collections.abc import Sequence
from typing import Any, Final

from starlette.responses import JSONResponse, Response

from sandbox.auth0.paging import (
    CHECKPOINT,
    FIELDS,
    OFFSET,
    check_query,
    checkpoint_page,
    chosen,
    flag,
    offset_page,
    page_of_either,
)
from sandbox.auth0.refusals import insufficient_scope, not_found
from sandbox.auth0.state import Call, Operation
from sandbox.auth0.tenant import Line, opaque

ROLES_SCOPE: Final = "read:organization_member_roles"
#: Roles come only when ``fields`` names them.
MEMBER_FIELDS: Final = ("user_id", "email", "name", "picture")
#: What an export folder adds to Auth0's organization object.
ADDED: Final = frozenset({"domains", "enabled_connections"})

#: A member who was deleted as a user; the list is eventually consistent and may still show that member.
_GHOST: Final = json.dumps(
    {"user_id": "auth0|000000000000000000000000", "email": "deleted@people.example", "name": "Deleted", "roles": []},
).encode()
_PAGE_FAULTS: Final = ("empty_page", "repeated_item")


def list_organizations(call: Call) -> Response:
    """All organizations, in the order of the export folder."""
    check_query(call.query, CHECKPOINT | OFFSET)
    return page_of_either(call, "organizations", list(call.auth0.tenant.organizations.values()), _organization)


def get_organization(call: Call) -> Response:
    """One organization."""
    check_query(call.query, frozenset())
    return JSONResponse(_organization(_found(call)))


def list_members(call: Call) -> Response:
    """Members; their direct roles only if ``fields`` names ``roles``, which needs a scope of its own."""
    check_query(call.query, CHECKPOINT | OFFSET | FIELDS)
    lines = call.auth0.tenant.members.get(_found(call)["id"], [])
    names = chosen(call.query, (*MEMBER_FIELDS, "roles"))
    if "fields" not in call.query:
        names.remove("roles")
    if "roles" in names and ROLES_SCOPE not in call.scopes:
        raise insufficient_scope((ROLES_SCOPE,))

    def show(raw: bytes) -> Line:
        member = {"roles": [], **json.loads(raw)}
        return {name: member[name] for name in names if name in member}

    return page_of_either(call, "members", lines, show, _GHOST)


def list_member_roles(call: Call) -> Response:
    """Direct roles of one member, whole."""
    check_query(call.query, OFFSET)
    tenant, user_id = call.auth0.tenant, call.parameters["user_id"]
    members = (json.loads(raw) for raw in tenant.members.get(_found(call)["id"], ()))
    member = next((member for member in members if member["user_id"] == user_id), None)
    if member is None:
        raise not_found("member", "inexistent_member")
    roles: list[Line] = [tenant.roles.get(role["id"], role) for role in member.get("roles", [])]
    return offset_page(call, "roles", roles, dict)


def list_domains(call: Call) -> Response:
    """Discovery domains; the fields of their verification are made up."""
    check_query(call.query, CHECKPOINT)
    return checkpoint_page(call, "domains", _found(call).get("domains") or [], _domain)


def list_enabled_connections(call: Call) -> Response:
    """Connections through which members sign in."""
    check_query(call.query, OFFSET)
    return offset_page(call, "enabled_connections", _connections(call), dict)


def list_connections(call: Call) -> Response:
    """The same by the newer path; ``is_enabled`` filters."""
    check_query(call.query, OFFSET | {"is_enabled"})
    wanted = flag(call.query, "is_enabled", absent=True)
    return offset_page(
        call, "connections", _connections(call) if wanted else [], lambda connection: {**connection, "is_enabled": True}
    )


def _found(call: Call) -> Line:
    organization = call.auth0.tenant.organizations.get(call.parameters["id"])
    if organization is None:
        raise not_found("organization", "inexistent_organization")
    return organization


def _connections(call: Call) -> Sequence[Any]:
    return _found(call).get("enabled_connections") or []


def _organization(line: Line) -> Line:
    return {key: value for key, value in line.items() if key not in ADDED}


def _domain(line: Line) -> Line:
    name = line["domain"]
    return {
        "id": f"odd_{opaque(name, 16)}",
        "domain": name,
        "status": line.get("status", "pending"),
        "use_for_organization_discovery": True,
        "verification_txt": f"auth0-domain-verification={opaque(name, 24)}",
        "verification_host": f"_auth0-challenge.{name}",
    }


_READ: Final = ("read:organizations",)
_CONNECTIONS_SCOPE: Final = ("read:organization_connections",)
_REPEATED: Final = ("repeated_item",)

OPERATIONS: Final = {
    "/api/v2/organizations": {"GET": Operation(list_organizations, _READ, _PAGE_FAULTS)},
    "/api/v2/organizations/{id}": {"GET": Operation(get_organization, _READ)},
    "/api/v2/organizations/{id}/members": {
        "GET": Operation(list_members, ("read:organization_members",), (*_PAGE_FAULTS, "deleted_member")),
    },
    "/api/v2/organizations/{id}/members/{user_id:rest}/roles": {
        "GET": Operation(list_member_roles, (ROLES_SCOPE,), _REPEATED),
    },
    "/api/v2/organizations/{id}/discovery-domains": {
        "GET": Operation(list_domains, ("read:organization_discovery_domains",), _PAGE_FAULTS),
    },
    "/api/v2/organizations/{id}/enabled_connections": {
        "GET": Operation(list_enabled_connections, _CONNECTIONS_SCOPE, _REPEATED),
    },
    "/api/v2/organizations/{id}/connections": {"GET": Operation(list_connections, _CONNECTIONS_SCOPE, _REPEATED)},
}
