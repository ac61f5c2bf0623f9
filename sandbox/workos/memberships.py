"""``/user_management/organization_memberships`` (API reference, organization membership)."""

from collections.abc import Mapping
from typing import Any, Final

from sandbox.http.identifiers import timestamp
from sandbox.http.refusals import coded, invalid_parameters
from sandbox.http.schema import TEXT, Field
from sandbox.workos import users
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.objects import STATUSES, Membership
from sandbox.workos.refusals import already_member, invalid_role, multiple_roles_off, not_found, pending_membership
from sandbox.workos.series import PAGE_PARAMETERS, Series, cut_page
from sandbox.workos.state import DEFAULT_ROLE, Environment

_ROLE_FIELDS: Final = {"role_slug": TEXT, "role_slugs": Field(list, filled=True)}
_CREATE_FIELDS: Final = {
    "user_id": Field(str, required=True, filled=True),
    "organization_id": Field(str, required=True, filled=True),
    **_ROLE_FIELDS,
}
_LIST_PARAMETERS: Final = PAGE_PARAMETERS | {"user_id", "organization_id", "statuses", "statuses[]"}


def shown(environment: Environment, membership: Membership) -> dict[str, Any]:
    """Return the membership as WorkOS gives it out, with the whole user; the first role is the primary one."""
    organization = environment.organizations[membership.organization_id]
    return brief(membership) | {
        "organization_name": organization.name,
        "user": users.shown(environment.users[membership.user_id]),
    }


def brief(membership: Membership) -> dict[str, Any]:
    """Return the membership as an event carries it, without what belongs to its ends."""
    return {
        "object": "organization_membership",
        "id": membership.id,
        "user_id": membership.user_id,
        "organization_id": membership.organization_id,
        "status": membership.status,
        "role": {"slug": membership.roles[0]},
        "roles": [{"slug": slug} for slug in membership.roles],
        "directory_managed": False,
        "custom_attributes": {},
        "created_at": timestamp(membership.created_at),
        "updated_at": timestamp(membership.updated_at),
    }


def create(call: Call) -> Answer:
    """Make an active membership; an inactive one of the same ends becomes active with the roles of this call.

    Over a pending one, which an invitation made, it is refused (API reference, organization-membership/create).
    Over an active one WorkOS's answer is not documented; here it is refused (``refusals.already_member``).
    """
    body, environment = call.read(_CREATE_FIELDS), call.environment
    user, organization = environment.users.get(body["user_id"]), environment.organizations.get(body["organization_id"])
    if user is None:
        raise not_found("User", body["user_id"])
    if organization is None:
        raise not_found("Organization", body["organization_id"])
    _note(call, user.id, organization.id)
    roles = _read_roles(environment, organization.id, body) or (DEFAULT_ROLE,)
    known = environment.membership_of(user.id, organization.id)
    if known is not None:
        return _bring_back(environment, known, roles)
    identifier, moment = environment.registrar.identify("om")
    membership = Membership(identifier, moment, moment, user.id, organization.id, roles, "active")
    environment.set_membership(membership)
    return Answer(201, shown(environment, membership))


def get(call: Call) -> Answer:
    """Return one membership."""
    return Answer(200, shown(call.environment, _found(call)))


def update(call: Call) -> Answer:
    """Change the roles; user and organization cannot change."""
    membership, environment = _found(call), call.environment
    roles = _read_roles(environment, membership.organization_id, call.read(_ROLE_FIELDS))
    return Answer(200, _changed(environment, membership, roles or membership.roles, membership.status))


def delete(call: Call) -> Answer:
    """Delete a membership."""
    call.environment.remove_membership(_found(call))
    return Answer(200)


def deactivate(call: Call) -> Answer:
    """Make a membership inactive; once more changes nothing."""
    return _change_status(call, "deactivate", "inactive")


def reactivate(call: Call) -> Answer:
    """Make a membership active with the roles it had; once more changes nothing."""
    return _change_status(call, "reactivate", "active")


def list_page(call: Call) -> Answer:
    """List the memberships of a user or an organization, or the one of both; active ones unless ``statuses`` says more.

    ``statuses`` may be repeated and comma separated; an end that does not exist is a 404.
    """
    environment, asked = call.environment, call.read_page(_LIST_PARAMETERS, "om")
    user_id, organization_id = (call.query.get(name, [""])[-1] for name in ("user_id", "organization_id"))
    if not (user_id or organization_id):
        message = "At least one of organization_id or user_id must be provided."
        raise coded(400, "missing_user_id_or_organization_id", message)
    if user_id and user_id not in environment.users:
        raise not_found("User", user_id)
    if organization_id and organization_id not in environment.organizations:
        raise not_found("Organization", organization_id)
    statuses = _read_statuses(call.query)
    if user_id and organization_id:
        page = cut_page([_of_both(environment, user_id, organization_id, statuses)], asked)
    elif user_id:
        series = environment.roster.of_user(user_id)
        page = cut_page([series], asked, lambda id_: environment.memberships[id_].status in statuses)
    else:
        page = cut_page([environment.roster.of_organization(organization_id, status) for status in statuses], asked)
    return Answer(200, page.shown(lambda identifier: shown(environment, environment.memberships[identifier])))


def _found(call: Call) -> Membership:
    membership = call.environment.memberships.get(call.parameters["id"])
    if membership is None:
        raise not_found("Organization membership", call.parameters["id"])
    _note(call, membership.user_id, membership.organization_id)
    return membership


def _note(call: Call, user_id: str, organization_id: str) -> None:
    """Log a membership by the external ids of its ends."""
    user, organization = call.environment.users[user_id], call.environment.organizations[organization_id]
    if user.external_id is not None and organization.external_id is not None:
        call.note(f"{organization.external_id}/{user.external_id}")


def _changed(environment: Environment, membership: Membership, roles: tuple[str, ...], status: str) -> dict[str, Any]:
    """Put another in the membership's place, and return it as WorkOS gives it out."""
    changed = membership._replace(roles=roles, status=status, updated_at=environment.registrar.moment())
    environment.set_membership(changed)
    return shown(environment, changed)


def _bring_back(environment: Environment, membership: Membership, roles: tuple[str, ...]) -> Answer:
    if membership.status == "pending":
        raise pending_membership("reactivate")
    if membership.status == "active":
        switches = environment.switches
        raise already_member(switches.duplicate_membership, switches.duplicate_membership_code)
    return Answer(201, _changed(environment, membership, roles, "active"))


def _change_status(call: Call, verb: str, status: str) -> Answer:
    environment, membership = call.environment, _found(call)
    if membership.status == "pending":
        raise pending_membership(verb)
    if membership.status == status:
        return Answer(200, shown(environment, membership))
    return Answer(200, _changed(environment, membership, membership.roles, status))


def _read_roles(environment: Environment, organization_id: str, body: Mapping[str, Any]) -> tuple[str, ...] | None:
    """Return the roles of a body, or None if it names none; several need the environment's setting."""
    if "role_slug" in body and "role_slugs" in body:
        raise invalid_parameters("role_slugs_excluded", "role_slug and role_slugs exclude each other.")
    if "role_slug" not in body and "role_slugs" not in body:
        return None
    slugs = [body["role_slug"]] if "role_slug" in body else body["role_slugs"]
    if not all(isinstance(slug, str) for slug in slugs):
        raise invalid_parameters("role_slugs_invalid", "role_slugs must be a list of str.")
    slugs = tuple(dict.fromkeys(slugs))
    if len(slugs) > 1 and not environment.switches.multiple_roles:
        raise multiple_roles_off()
    if any(environment.role_for(organization_id, slug) is None for slug in slugs):
        raise invalid_role()
    return slugs


def _read_statuses(query: Mapping[str, list[str]]) -> list[str]:
    given = [
        status for name in ("statuses", "statuses[]") for text in query.get(name, []) for status in text.split(",")
    ]
    if not set(given) <= set(STATUSES):
        raise invalid_parameters("statuses_invalid", f"statuses must be of {', '.join(STATUSES)}.")
    return list(dict.fromkeys(given)) or ["active"]


def _of_both(environment: Environment, user_id: str, organization_id: str, statuses: list[str]) -> Series:
    series, membership = Series(), environment.membership_of(user_id, organization_id)
    if membership is not None and membership.status in statuses:
        series.add(membership.id)
    return series


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/user_management/organization_memberships": {"POST": create, "GET": list_page},
    "/user_management/organization_memberships/{id}": {"GET": get, "PUT": update, "DELETE": delete},
    "/user_management/organization_memberships/{id}/deactivate": {"PUT": deactivate},
    "/user_management/organization_memberships/{id}/reactivate": {"PUT": reactivate},
}
