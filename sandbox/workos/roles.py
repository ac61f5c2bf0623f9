"""``/authorization/roles`` and ``/authorization/organizations/{id}/roles`` (API reference, roles).

A new environment holds one role, ``member``, which memberships get by default. No call deletes a role of the
environment.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.http.identifiers import timestamp
from sandbox.http.refusals import invalid_parameters
from sandbox.http.schema import Field
from sandbox.workos import organizations
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.objects import Role
from sandbox.workos.refusals import not_found, organization_role_slug_taken, role_assigned, role_slug_taken

#: API reference, roles.
NAME_LENGTH: Final = 48
DESCRIPTION_LENGTH: Final = 150
#: Slugs of an organization's own roles start so; refused for environment roles, which is not documented.
ORGANIZATION_PREFIX: Final = "org-"

#: How much of a slug that nobody chose is its suffix, and what is left for the words of the name.
_SUFFIX_LENGTH: Final = 6
_WORDS_LENGTH: Final = NAME_LENGTH - _SUFFIX_LENGTH - 1

_SLUG: Final = re.compile(r"[a-z0-9_-]+")
_UPDATE_FIELDS: Final = {
    "name": Field(str, filled=True, longest=NAME_LENGTH),
    "description": Field(str, nullable=True, longest=DESCRIPTION_LENGTH),
}
_NEW_NAME: Final = Field(str, required=True, filled=True, longest=NAME_LENGTH)
_CREATE_FIELDS: Final = {**_UPDATE_FIELDS, "slug": _NEW_NAME, "name": _NEW_NAME, "resource_type_slug": Field(str)}
_CREATE_OWN_FIELDS: Final = {**_CREATE_FIELDS, "slug": Field(str, filled=True, longest=NAME_LENGTH)}
_PERMISSIONS_FIELDS: Final = {"permissions": Field(list, required=True)}
_PERMISSION_FIELDS: Final = {"slug": Field(str, required=True, filled=True)}


def shown(role: Role) -> dict[str, Any]:
    """Return the role as WorkOS gives it out."""
    return {
        "object": "role",
        "id": role.id,
        "slug": role.slug,
        "name": role.name,
        "description": role.description,
        "type": "EnvironmentRole" if role.organization_id is None else "OrganizationRole",
        "resource_type_slug": "organization",
        "permissions": list(role.permissions),
        "created_at": timestamp(role.created_at),
        "updated_at": timestamp(role.updated_at),
    }


def create(call: Call) -> Answer:
    """Make a role; the slug never changes after."""
    body = call.read(_CREATE_FIELDS)
    if _SLUG.fullmatch(body["slug"]) is None or body["slug"].startswith(ORGANIZATION_PREFIX):
        message = "slug must hold lowercase letters, digits, hyphens and underscores, and not start with 'org-'."
        raise invalid_parameters("slug_invalid", message)
    if body["slug"] in call.environment.roles():
        raise role_slug_taken()
    return _create(call, body, None)


def create_own(call: Call) -> Answer:
    """Make an organization's own role. Its slug starts with ``org-``.

    Without a slug it is made from the name and a random suffix (roles/organization-role/create), here not quite random.
    """
    organization, body = organizations.found(call), call.read(_CREATE_OWN_FIELDS)
    if "slug" not in body:
        suffix = call.environment.registrar.identify("role")[0][-_SUFFIX_LENGTH:].lower()
        words = re.sub(r"[^a-z0-9]+", "-", body["name"].lower()).strip("-")
        body["slug"] = f"{ORGANIZATION_PREFIX}{words}"[:_WORDS_LENGTH].rstrip("-") + f"-{suffix}"
    if _SLUG.fullmatch(body["slug"]) is None or not body["slug"].startswith(ORGANIZATION_PREFIX):
        message = "slug must hold lowercase letters, digits, hyphens and underscores, and start with 'org-'."
        raise invalid_parameters("slug_invalid", message)
    if body["slug"] in call.environment.roles(organization.id):
        raise organization_role_slug_taken()
    return _create(call, body, organization.id)


def get(call: Call) -> Answer:
    """Return one role; of an organization, one of the environment too (roles/organization-role/get)."""
    if "id" not in call.parameters:
        return Answer(200, shown(_found(call)))
    role = call.environment.role_for(organizations.found(call).id, call.parameters["slug"])
    if role is None:
        raise not_found("Role", call.parameters["slug"])
    return Answer(200, shown(role))


def update(call: Call) -> Answer:
    """Change name or description."""
    role, body = _found(call), call.read(_UPDATE_FIELDS)
    return _changed(call, role, **body)


def set_permissions(call: Call) -> Answer:
    """Make the permissions that are sent the role's only ones."""
    role, body = _found(call), call.read(_PERMISSIONS_FIELDS)
    return _changed(call, role, permissions=tuple(dict.fromkeys(_known(call, slug) for slug in body["permissions"])))


def add_permission(call: Call) -> Answer:
    """Give the role one permission more; one that it has changes nothing."""
    role, body = _found(call), call.read(_PERMISSION_FIELDS)
    slug = _known(call, body["slug"])
    if slug in role.permissions:
        return Answer(200, shown(role))
    return _changed(call, role, permissions=(*role.permissions, slug))


def remove_permission(call: Call) -> Answer:
    """Take one permission from an organization's own role."""
    role, slug = _found(call), call.parameters["permission"]
    if slug not in role.permissions:
        raise not_found("Permission", slug)
    return _changed(call, role, permissions=tuple(permission for permission in role.permissions if permission != slug))


def list_all(call: Call) -> Answer:
    """List the environment's roles in order of priority; this list has no pages."""
    return _listed(list(call.environment.roles().values()))


def list_own(call: Call) -> Answer:
    """List the roles that an organization's members may have: the environment's, then its own; no pages."""
    organization, environment = organizations.found(call), call.environment
    return _listed([*environment.roles().values(), *environment.roles(organization.id).values()])


def delete_own(call: Call) -> Answer:
    """Delete an organization's own role, which no membership may have."""
    role = _found(call)
    if call.environment.roster.is_assigned(role.organization_id or "", role.slug):
        raise role_assigned()
    call.environment.remove_role(role)
    return Answer(204)


def _create(call: Call, body: Mapping[str, Any], organization_id: str | None) -> Answer:
    if body.get("resource_type_slug", "organization") != "organization":
        raise invalid_parameters("resource_type_slug_invalid", "resource_type_slug must be organization.")
    identifier, moment = call.environment.registrar.identify("role")
    role = Role(identifier, moment, moment, body["slug"], body["name"], body.get("description"), (), organization_id)
    call.environment.set_role(role)
    return Answer(201, shown(role))


def _changed(call: Call, role: Role, **fields: Any) -> Answer:
    changed = role._replace(updated_at=call.environment.registrar.moment(), **fields)
    call.environment.set_role(changed)
    return Answer(200, shown(changed))


def _listed(roles: list[Role]) -> Answer:
    return Answer(200, {"object": "list", "data": [shown(role) for role in roles]})


def _found(call: Call) -> Role:
    """Return the role that the path names: an organization's own if the path names one, else the environment's."""
    own = organizations.found(call).id if "id" in call.parameters else None
    role = call.environment.roles(own).get(call.parameters["slug"])
    if role is None:
        raise not_found("Role", call.parameters["slug"])
    return role


def _known(call: Call, slug: object) -> str:
    if not isinstance(slug, str):
        raise invalid_parameters("permissions_invalid", "permissions must be a list of str.")
    if slug not in call.environment.permissions:
        raise not_found("Permission", slug)
    return slug


_OWN: Final = "/authorization/organizations/{id}/roles"

OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/authorization/roles": {"POST": create, "GET": list_all},
    "/authorization/roles/{slug}": {"GET": get, "PATCH": update},
    "/authorization/roles/{slug}/permissions": {"PUT": set_permissions, "POST": add_permission},
    _OWN: {"POST": create_own, "GET": list_own},
    f"{_OWN}/{{slug}}": {"GET": get, "PATCH": update, "DELETE": delete_own},
    f"{_OWN}/{{slug}}/permissions": {"PUT": set_permissions, "POST": add_permission},
    f"{_OWN}/{{slug}}/permissions/{{permission}}": {"DELETE": remove_permission},
}
