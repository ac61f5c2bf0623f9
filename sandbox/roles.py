"""``/authorization/roles``: the roles of the environment (API reference, roles; no call deletes one).

A new environment holds one role, ``member``, which memberships get by default.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.endpoint import Answer, Call, Operation
from sandbox.refusals import invalid_parameters, not_found, role_slug_taken
from sandbox.schema import Field, read_body
from sandbox.state import Role

#: API reference, roles.
NAME_LENGTH: Final = 48
DESCRIPTION_LENGTH: Final = 150
#: Slugs of an organization's own roles start so; refused here, which is not documented for environment roles.
ORGANIZATION_PREFIX: Final = "org-"

_SLUG: Final = re.compile(r"[a-z0-9_-]+")
_UPDATE_FIELDS: Final = {
    "name": Field(str, filled=True, longest=NAME_LENGTH),
    "description": Field(str, nullable=True, longest=DESCRIPTION_LENGTH),
}
_CREATE_FIELDS: Final = {
    **_UPDATE_FIELDS,
    "slug": Field(str, required=True, filled=True, longest=NAME_LENGTH),
    "name": Field(str, required=True, filled=True, longest=NAME_LENGTH),
    "resource_type_slug": Field(str),
}


def shown(role: Role) -> dict[str, Any]:
    """Return the role as WorkOS gives it out."""
    return {
        "object": "role",
        "id": role.id,
        "slug": role.slug,
        "name": role.name,
        "description": role.description,
        "type": "EnvironmentRole",
        "resource_type_slug": "organization",
        "permissions": [],
        "created_at": role.created_at,
        "updated_at": role.updated_at,
    }


def create(call: Call) -> Answer:
    """Make a role; the slug never changes after."""
    body, environment = read_body(call.body, _CREATE_FIELDS), call.environment
    slug = body["slug"]
    if _SLUG.fullmatch(slug) is None or slug.startswith(ORGANIZATION_PREFIX):
        message = "slug must hold lowercase letters, digits, hyphens and underscores, and not start with 'org-'."
        raise invalid_parameters("slug_invalid", message)
    if body.get("resource_type_slug", "organization") != "organization":
        raise invalid_parameters("resource_type_slug_invalid", "resource_type_slug must be organization.")
    if slug in environment.roles:
        raise role_slug_taken()
    return Answer(201, shown(environment.add_role(slug, body["name"], body.get("description"))))


def get(call: Call) -> Answer:
    """Return one role."""
    return Answer(200, shown(_found(call)))


def update(call: Call) -> Answer:
    """Change name or description."""
    role = _found(call)
    body = read_body(call.body, _UPDATE_FIELDS)
    role.name, role.description = body.get("name", role.name), body.get("description", role.description)
    role.updated_at = call.environment.registrar.moment()
    return Answer(200, shown(role))


def list_all(call: Call) -> Answer:
    """List all roles in order of priority; this list has no pages."""
    return Answer(200, {"object": "list", "data": [shown(role) for role in call.environment.roles.values()]})


def _found(call: Call) -> Role:
    role = call.environment.roles.get(call.parameters["slug"])
    if role is None:
        raise not_found("Role", call.parameters["slug"])
    return role


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/authorization/roles": {"POST": create, "GET": list_all},
    "/authorization/roles/{slug}": {"GET": get, "PATCH": update},
}
