"""``/api/v2/roles``, ``/connections`` and ``/clients``: what a tenant has besides people and organizations.

Source: Management API reference; the clients and models of auth0-python 6.8.0.
"""

from typing import Final

from starlette.responses import Response

from sandbox.auth0.paging import CHECKPOINT, FIELDS, OFFSET, check_query, chosen, offset_page, page_of_either
from sandbox.auth0.state import Call, Operation
from sandbox.auth0.tenant import Line

OPTIONS_SCOPE: Final = "read:connections_options"
CONNECTION_FIELDS: Final = ("id", "name", "strategy", "is_domain_connection", "realms", "options")
#: The application that exports the tenant is the only one it has here.
CLIENT: Final = {"client_id": "sandbox", "name": "Export", "app_type": "non_interactive", "is_first_party": True}


def list_roles(call: Call) -> Response:
    """Roles of the tenant, or of ``type`` and ``owner_id``; ``name_filter`` is a part of the name in any case."""
    check_query(call.query, OFFSET | {"name_filter", "type", "owner_id"})
    part, kind, owner = (call.query.get(name, default) for name, default in _ROLE_FILTERS.items())
    roles = [
        role
        for role in call.auth0.tenant.roles.values()
        if part.lower() in role["name"].lower()
        and role.get("type", "tenant") == kind
        and (not owner or role.get("owner_id") == owner)
    ]
    return offset_page(call, "roles", roles, dict)


def list_connections(call: Call) -> Response:
    """Connections that users have an identity in; ``options`` only with a scope of its own, and empty."""
    check_query(call.query, CHECKPOINT | OFFSET | FIELDS | {"strategy", "name"})
    strategies, name = call.query.getlist("strategy"), call.query.get("name")
    connections = [
        connection
        for connection in call.auth0.tenant.connections.values()
        if (not strategies or connection["strategy"] in strategies) and name in (None, connection["name"])
    ]
    names = chosen(call.query, CONNECTION_FIELDS)
    options: Line = {"options": {}} if OPTIONS_SCOPE in call.scopes else {}

    def show(connection: Line) -> Line:
        return {name: value for name, value in {**connection, **options}.items() if name in names}

    return page_of_either(call, "connections", connections, show)


def list_clients(call: Call) -> Response:
    """Applications."""
    check_query(call.query, OFFSET | FIELDS)
    names = chosen(call.query, tuple(CLIENT))
    return offset_page(call, "clients", [CLIENT], lambda client: {name: client[name] for name in names})


_ROLE_FILTERS: Final = {"name_filter": "", "type": "tenant", "owner_id": ""}

OPERATIONS: Final = {
    "/api/v2/roles": {"GET": Operation(list_roles, ("read:roles",), ("repeated_item",))},
    "/api/v2/connections": {
        "GET": Operation(list_connections, ("read:connections",), ("empty_page", "repeated_item")),
    },
    "/api/v2/clients": {"GET": Operation(list_clients, ("read:clients",), ("repeated_item",))},
}
