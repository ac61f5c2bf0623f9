"""The tables of the page: each kind in pages, newest first, and the objects that have a name.

A row holds ids, names of organizations and roles, statuses, types and numbers: nothing of a person.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from heapq import merge
from itertools import islice
from typing import Any, Final

from sandbox.http.schema import EXTERNAL_ID_LENGTH
from sandbox.workos.objects import STATUSES, Membership, Organization, Role, User
from sandbox.workos.state import Environment

#: Rows of a page.
ROWS: Final = 20

Row = dict[str, Any]


def page(environment: Environment, kind: str, cursor: str | None) -> tuple[list[Row], str | None]:
    """Return the rows of what is older than the cursor, and the cursor of the next page, None if this is the last."""
    older = list(islice(_OLDER[kind](environment, cursor), ROWS + 1))
    return _rows(environment, kind, older[:ROWS]), older[ROWS - 1] if len(older) > ROWS else None


def found(environment: Environment, name: str) -> dict[str, list[Row]]:
    """Return what has an external id, a WorkOS id or, a role, a slug, by kind; a kind without any is left out.

    With a user or an organization come its newest memberships. A membership is also found as the request log names it:
    by the external ids of organization and user with a slash between.
    """
    user = environment.users.get(name) or environment.user_by_external_id(name)
    organization = environment.organizations.get(name) or environment.organization_by_external_id(name)
    memberships = [] if user is None else [environment.roster.of_user(user.id).older(None)]
    if organization is not None:
        memberships += [environment.roster.of_organization(organization.id, status).older(None) for status in STATUSES]
    identifiers = {
        "users": [user.id] if user else [],
        "organizations": [organization.id] if organization else [],
        "memberships": dict.fromkeys(
            [*_memberships_named(environment, name), *islice(merge(*memberships, reverse=True), ROWS)]
        ),
        "roles": [role.id for role in environment.roles().values() if name in (role.id, role.slug)],
    }
    return {kind: _rows(environment, kind, ids) for kind, ids in identifiers.items() if ids}


def _memberships_named(environment: Environment, name: str) -> Iterator[str]:
    if name in environment.memberships:
        yield name
    if len(name) > 2 * EXTERNAL_ID_LENGTH + 1:
        return
    for place, letter in enumerate(name):
        if letter == "/":
            organization = environment.organization_by_external_id(name[:place])
            user = environment.user_by_external_id(name[place + 1 :])
            membership = environment.membership_of(user.id, organization.id) if user and organization else None
            if membership is not None:
                yield membership.id


def _roles(environment: Environment, cursor: str | None) -> Iterator[str]:
    """The environment's own are some dozens at most, so they need no series."""
    identifiers = (role.id for role in environment.roles().values())
    return iter(
        sorted((identifier for identifier in identifiers if cursor is None or identifier < cursor), reverse=True)
    )


_OLDER: Final[Mapping[str, Callable[[Environment, str | None], Iterator[str]]]] = {
    "users": lambda environment, cursor: environment.user_series.older(cursor),
    "organizations": lambda environment, cursor: environment.organization_series.older(cursor),
    "memberships": lambda environment, cursor: environment.roster.series.older(cursor),
    "roles": _roles,
}
KINDS: Final = tuple(_OLDER)


def _rows(environment: Environment, kind: str, identifiers: Iterable[str]) -> list[Row]:
    match kind:
        case "users":
            return [_user(environment, environment.users[identifier]) for identifier in identifiers]
        case "organizations":
            return [_organization(environment, environment.organizations[identifier]) for identifier in identifiers]
        case "memberships":
            return [_membership(environment, environment.memberships[identifier]) for identifier in identifiers]
        case _:
            roles = {role.id: role for role in environment.roles().values()}
            return [_role(roles[identifier]) for identifier in identifiers]


def _user(environment: Environment, user: User) -> Row:
    return {
        "id": user.id,
        "external_id": user.external_id,
        "email_verified": user.email_verified,
        "password": user.password and user.password.kind,
        "totp": sum(1 for _ in environment.factor_series(user.id).newer(None)),
    }


def _organization(environment: Environment, organization: Organization) -> Row:
    return {
        "id": organization.id,
        "external_id": organization.external_id,
        "name": organization.name,
        "domains": len(organization.domains),
        "own_roles": len(environment.roles(organization.id)),
    }


def _membership(environment: Environment, membership: Membership) -> Row:
    organization, user = environment.organizations[membership.organization_id], environment.users[membership.user_id]
    return {
        "id": membership.id,
        "user": user.external_id or user.id,
        "organization": organization.external_id or organization.id,
        "organization_name": organization.name,
        "roles": membership.roles,
        "status": membership.status,
    }


def _role(role: Role) -> Row:
    return {"id": role.id, "slug": role.slug, "name": role.name, "permissions": len(role.permissions)}
