"""``/authorization/permissions`` (API reference, permissions)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.http.identifiers import timestamp
from sandbox.http.refusals import invalid_parameters
from sandbox.http.schema import Field
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.objects import Permission
from sandbox.workos.refusals import not_found, permission_slug_taken
from sandbox.workos.roles import DESCRIPTION_LENGTH, NAME_LENGTH
from sandbox.workos.series import PAGE_PARAMETERS, cut_page

_SLUG: Final = re.compile(r"[a-z0-9_:.*-]+")
_UPDATE_FIELDS: Final = {
    "name": Field(str, filled=True, longest=NAME_LENGTH),
    "description": Field(str, nullable=True, longest=DESCRIPTION_LENGTH),
}
_NEW_NAME: Final = Field(str, required=True, filled=True, longest=NAME_LENGTH)
_CREATE_FIELDS: Final = {**_UPDATE_FIELDS, "slug": _NEW_NAME, "name": _NEW_NAME, "resource_type_slug": Field(str)}


def shown(permission: Permission) -> dict[str, Any]:
    """Return the permission as WorkOS gives it out."""
    return {
        "object": "permission",
        "id": permission.id,
        "slug": permission.slug,
        "name": permission.name,
        "description": permission.description,
        "system": False,
        "resource_type_slug": "organization",
        "created_at": timestamp(permission.created_at),
        "updated_at": timestamp(permission.updated_at),
    }


def create(call: Call) -> Answer:
    """Make a permission; the slug never changes after."""
    body, environment = call.read(_CREATE_FIELDS), call.environment
    if _SLUG.fullmatch(body["slug"]) is None:
        message = "slug must hold lowercase letters, digits, and any of - _ : . *"
        raise invalid_parameters("slug_invalid", message)
    if body.get("resource_type_slug", "organization") != "organization":
        raise invalid_parameters("resource_type_slug_invalid", "resource_type_slug must be organization.")
    if body["slug"] in environment.permissions:
        raise permission_slug_taken()
    identifier, moment = environment.registrar.identify("perm")
    permission = Permission(identifier, moment, moment, body["slug"], body["name"], body.get("description"))
    environment.set_permission(permission)
    return Answer(201, shown(permission))


def get(call: Call) -> Answer:
    """Return one permission."""
    return Answer(200, shown(_found(call)))


def update(call: Call) -> Answer:
    """Change name or description."""
    permission, body = _found(call), call.read(_UPDATE_FIELDS)
    changed = permission._replace(updated_at=call.environment.registrar.moment(), **body)
    call.environment.set_permission(changed)
    return Answer(200, shown(changed))


def delete(call: Call) -> Answer:
    """Delete a permission; roles lose it."""
    call.environment.remove_permission(_found(call))
    return Answer(204)


def list_page(call: Call) -> Answer:
    """List permissions, newest first unless ``order`` says otherwise."""
    environment = call.environment
    page = cut_page([environment.permission_series], call.read_page(PAGE_PARAMETERS, "perm"))
    return Answer(200, page.shown(lambda identifier: shown(environment.permission_by_id(identifier))))


def _found(call: Call) -> Permission:
    permission = call.environment.permissions.get(call.parameters["slug"])
    if permission is None:
        raise not_found("Permission", call.parameters["slug"])
    return permission


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/authorization/permissions": {"POST": create, "GET": list_page},
    "/authorization/permissions/{slug}": {"GET": get, "PATCH": update, "DELETE": delete},
}
