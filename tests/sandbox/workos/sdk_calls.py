"""Every operation of the sandbox as one call of WorkOS's SDK, over an environment that has one object of each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from workos import WorkOSClient
from workos.common.models import OrganizationDomainDataState
from workos.organization_membership._resource import RoleSingle
from workos.organizations.models import OrganizationDomainData
from workos.user_management._resource import PasswordHashed, PasswordPlaintext

PASSWORD: Final = "correct horse battery staple"
SSHA256: Final = "{SSHA256}" + "QUFB" * 12
EVENTS: Final = [
    f"{kind}.{what}"
    for kind in ("user", "organization", "organization_membership", "role", "organization_role", "permission")
    for what in ("created", "updated", "deleted")
] + ["organization_domain.created", "organization_domain.deleted", "organization_domain.verified"]


class World(NamedTuple):
    """Ids of what is there."""

    #: May sign in by password and is a member of the organization.
    user: str
    #: Has a password and an email that is not verified, and a factor.
    other_user: str
    organization: str
    domain: str
    membership: str
    factor: str


def populate(workos: WorkOSClient) -> World:
    """Make one object of each kind in an empty environment; slugs are ``door:open``, ``admin`` and ``org-keeper``.

    A user and a permission more are made, changed and deleted: they are in the events only.
    """
    gone = workos.user_management.create_user(email="gone@example.com")
    workos.user_management.update_user(gone.id, first_name="Gone")
    workos.user_management.delete_user(gone.id)
    workos.authorization.create_permission(slug="gone", name="Gone")
    workos.authorization.update_permission("gone", name="Going")
    workos.authorization.delete_permission("gone")
    user = workos.user_management.create_user(
        email="ada@example.com",
        external_id="auth0|ada",
        email_verified=True,
        metadata={"plan": "pro"},
        password=PasswordPlaintext(password=PASSWORD),
    )
    other = workos.user_management.create_user(email="grace@example.com", password=PasswordPlaintext(password=PASSWORD))
    organization = workos.organizations.create_organization(
        name="Acme", external_id="org_acme", domain_data=[_domain("acme.example")]
    )
    workos.authorization.create_permission(slug="door:open", name="Open the door")
    workos.authorization.create_environment_role(slug="admin", name="Admin")
    workos.authorization.create_organization_role(organization.id, name="Keeper", slug="org-keeper")
    workos.authorization.add_organization_role_permission(organization.id, "org-keeper", body_slug="door:open")
    membership = workos.organization_membership.create_organization_membership(
        user_id=user.id, organization_id=organization.id
    )
    factor = workos.multi_factor_auth.create_user_auth_factor(other.id, type="totp").authentication_factor
    return World(user.id, other.id, organization.id, organization.domains[0].id, membership.id, factor.id)


def _domain(name: str) -> OrganizationDomainData:
    return OrganizationDomainData(domain=name, state=OrganizationDomainDataState.PENDING)


Call = Callable[[WorkOSClient, World], object]

_USERS: Final = "/user_management/users"
_MEMBERSHIPS: Final = "/user_management/organization_memberships"
_OWN: Final = "/authorization/organizations/{id}/roles"

CALLS: Final[Mapping[str, Call]] = {
    f"POST {_USERS}": lambda sdk, _: sdk.user_management.create_user(
        email="edith@example.com",
        first_name="Edith",
        last_name=None,
        name="Edith",
        email_verified=True,
        metadata={"plan": "pro"},
        external_id="auth0|edith",
        ip_address="192.0.2.1",
        user_agent="curl",
        signals_id="signals_1",
        password=PasswordHashed(password_hash=SSHA256, password_hash_type="ssha256", password_salt_position="prefix"),
    ),
    f"GET {_USERS}": lambda sdk, world: sdk.user_management.list_users(
        limit=10, email="ada@example.com", organization_id=world.organization
    ),
    f"GET {_USERS}/external_id/{{external_id}}": lambda sdk, _: sdk.user_management.get_user_by_external_id(
        "auth0|ada"
    ),
    f"GET {_USERS}/{{id}}": lambda sdk, world: sdk.user_management.get_user(world.user),
    f"PUT {_USERS}/{{id}}": lambda sdk, world: sdk.user_management.update_user(
        world.user,
        name="Ada",
        metadata={"plan": None},  # type: ignore[dict-item]
        locale="en",
        password=PasswordHashed(password_hash=SSHA256, password_hash_type="ssha256", password_salt_position="suffix"),
    ),
    f"DELETE {_USERS}/{{id}}": lambda sdk, world: sdk.user_management.delete_user(world.user),
    f"POST {_USERS}/{{id}}/auth_factors": lambda sdk, world: sdk.multi_factor_auth.create_user_auth_factor(
        world.user, type="totp", totp_issuer="Acme", totp_user="ada", totp_secret="JBSWY3DPEHPK3PXP"
    ),
    f"GET {_USERS}/{{id}}/auth_factors": lambda sdk, world: sdk.multi_factor_auth.list_user_auth_factors(
        world.other_user
    ),
    "GET /auth/factors/{id}": lambda sdk, world: sdk.multi_factor_auth.get_factor(world.factor),
    "DELETE /auth/factors/{id}": lambda sdk, world: sdk.multi_factor_auth.delete_factor(world.factor),
    "POST /auth/factors/{id}/challenge": lambda sdk, world: sdk.multi_factor_auth.challenge_factor(world.factor),
    "POST /user_management/authenticate": lambda sdk, _: sdk.user_management.authenticate_with_password(
        email="ada@example.com", password=PASSWORD, ip_address="192.0.2.1", user_agent="curl"
    ),
    f"POST {_MEMBERSHIPS}": lambda sdk, world: sdk.organization_membership.create_organization_membership(
        user_id=world.other_user, organization_id=world.organization, role=RoleSingle(role_slug="org-keeper")
    ),
    f"GET {_MEMBERSHIPS}": lambda sdk, world: sdk.organization_membership.list_organization_memberships(
        organization_id=world.organization, statuses=["active", "inactive", "pending"]
    ),
    f"GET {_MEMBERSHIPS}/{{id}}": lambda sdk, world: sdk.organization_membership.get_organization_membership(
        world.membership
    ),
    f"PUT {_MEMBERSHIPS}/{{id}}": lambda sdk, world: sdk.organization_membership.update_organization_membership(
        world.membership, role=RoleSingle(role_slug="admin")
    ),
    f"DELETE {_MEMBERSHIPS}/{{id}}": lambda sdk, world: sdk.organization_membership.delete_organization_membership(
        world.membership
    ),
    f"PUT {_MEMBERSHIPS}/{{id}}/deactivate": lambda sdk, world: (
        sdk.organization_membership.deactivate_organization_membership(world.membership)
    ),
    f"PUT {_MEMBERSHIPS}/{{id}}/reactivate": lambda sdk, world: (
        sdk.organization_membership.reactivate_organization_membership(world.membership)
    ),
    "POST /organizations": lambda sdk, _: sdk.organizations.create_organization(
        name="Bolt", external_id="org_bolt", metadata={"tier": "1"}, domain_data=[_domain("bolt.example")]
    ),
    "GET /organizations": lambda sdk, _: sdk.organizations.list_organizations(domains=["acme.example"], search="acme"),
    "GET /organizations/external_id/{external_id}": lambda sdk, _: sdk.organizations.get_organization_by_external_id(
        "org_acme"
    ),
    "GET /organizations/{id}": lambda sdk, world: sdk.organizations.get_organization(world.organization),
    "PUT /organizations/{id}": lambda sdk, world: sdk.organizations.update_organization(
        world.organization,
        name="Acme Corp",
        stripe_customer_id="cus_1",
        metadata={"tier": None},  # type: ignore[dict-item]
    ),
    "DELETE /organizations/{id}": lambda sdk, world: sdk.organizations.delete_organization(world.organization),
    "POST /organization_domains": lambda sdk, world: sdk.organization_domains.create_organization_domain(
        domain="acme.test", organization_id=world.organization
    ),
    "GET /organization_domains/{id}": lambda sdk, world: sdk.organization_domains.get_organization_domain(world.domain),
    "DELETE /organization_domains/{id}": lambda sdk, world: sdk.organization_domains.delete_organization_domain(
        world.domain
    ),
    "POST /organization_domains/{id}/verify": lambda sdk, world: sdk.organization_domains.verify_organization_domain(
        world.domain
    ),
    "POST /authorization/roles": lambda sdk, _: sdk.authorization.create_environment_role(
        slug="viewer", name="Viewer", description=None
    ),
    "GET /authorization/roles": lambda sdk, _: sdk.authorization.list_environment_roles(),
    "GET /authorization/roles/{slug}": lambda sdk, _: sdk.authorization.get_environment_role("admin"),
    "PATCH /authorization/roles/{slug}": lambda sdk, _: sdk.authorization.update_environment_role(
        "admin", name="Boss", description=None
    ),
    "PUT /authorization/roles/{slug}/permissions": lambda sdk, _: sdk.authorization.set_environment_role_permissions(
        "admin", permissions=["door:open"]
    ),
    "POST /authorization/roles/{slug}/permissions": lambda sdk, _: sdk.authorization.add_environment_role_permission(
        "admin", body_slug="door:open"
    ),
    f"POST {_OWN}": lambda sdk, world: sdk.authorization.create_organization_role(
        world.organization, name="Watch", slug="org-watch", description="Watches"
    ),
    f"GET {_OWN}": lambda sdk, world: sdk.authorization.list_organization_roles(world.organization),
    f"GET {_OWN}/{{slug}}": lambda sdk, world: sdk.authorization.get_organization_role(
        world.organization, "org-keeper"
    ),
    f"PATCH {_OWN}/{{slug}}": lambda sdk, world: sdk.authorization.update_organization_role(
        world.organization, "org-keeper", name="Warden"
    ),
    f"DELETE {_OWN}/{{slug}}": lambda sdk, world: sdk.authorization.delete_organization_role(
        world.organization, "org-keeper"
    ),
    f"PUT {_OWN}/{{slug}}/permissions": lambda sdk, world: sdk.authorization.set_organization_role_permissions(
        world.organization, "org-keeper", permissions=[]
    ),
    f"POST {_OWN}/{{slug}}/permissions": lambda sdk, world: sdk.authorization.add_organization_role_permission(
        world.organization, "org-keeper", body_slug="door:open"
    ),
    f"DELETE {_OWN}/{{slug}}/permissions/{{permission}}": lambda sdk, world: (
        sdk.authorization.remove_organization_role_permission(world.organization, "org-keeper", "door:open")
    ),
    "POST /authorization/permissions": lambda sdk, _: sdk.authorization.create_permission(
        slug="door:shut", name="Shut the door", description=None
    ),
    "GET /authorization/permissions": lambda sdk, _: sdk.authorization.list_permissions(),
    "GET /authorization/permissions/{slug}": lambda sdk, _: sdk.authorization.get_permission("door:open"),
    "PATCH /authorization/permissions/{slug}": lambda sdk, _: sdk.authorization.update_permission(
        "door:open", name="Open", description=None
    ),
    "DELETE /authorization/permissions/{slug}": lambda sdk, _: sdk.authorization.delete_permission("door:open"),
    "GET /events": lambda sdk, _: sdk.events.list_events(events=EVENTS, limit=100),
}
