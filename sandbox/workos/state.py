"""What one WorkOS environment holds, and the indexes that make every call constant time.

No HTTP and no request rules here: the rooms named after the objects check a request first and then call this one, so
every change below is whole, and every change is an event. Deleting an object deletes what hangs on it (memberships,
factors, domains, an organization's roles).
"""

from collections.abc import Iterable
from typing import Final

from sandbox.http.identifiers import Registrar
from sandbox.workos.event_log import Event, EventLog
from sandbox.workos.objects import (
    Challenge,
    Domain,
    Factor,
    Held,
    Membership,
    Organization,
    Pending,
    Permission,
    Role,
    User,
)
from sandbox.workos.ownership import Ownership
from sandbox.workos.roster import Roster
from sandbox.workos.series import Series
from sandbox.workos.switches import Switches

#: The role that every environment has; a membership that names none gets it (API reference, memberships).
DEFAULT_ROLE: Final = "member"


class Environment:
    """All objects of one environment, by every key a call can name them with."""

    def __init__(self) -> None:
        self.registrar = Registrar()
        self.switches = Switches()
        self.events = EventLog()
        self._is_restoring = False
        self._names_of_gone: dict[str, str] = {}
        self.users: dict[str, User] = {}
        self._users_by_email: dict[str, str] = {}
        self._users_by_external_id: dict[str, str] = {}
        self.user_series = Series()
        self.organizations: dict[str, Organization] = {}
        self._organizations_by_external_id: dict[str, str] = {}
        self._organizations_by_stripe_customer: dict[str, str] = {}
        self._organizations_by_domain: dict[str, str] = {}
        self._organizations_by_domain_id: dict[str, str] = {}
        self.organization_series = Series()
        self.memberships: dict[str, Membership] = {}
        self.roster = Roster()
        self.factors: dict[str, Factor] = {}
        self._factors_of_user = Ownership()
        #: Challenges by id and unfinished sign-ins by token; not kept in a snapshot.
        self.challenges: dict[str, Challenge] = {}
        self._challenges_of_factor = Ownership()
        self.pending: dict[str, Pending] = {}
        self.permissions: dict[str, Permission] = {}
        self._permission_slugs: dict[str, str] = {}
        self.permission_series = Series()
        self._roles: dict[str, dict[str, Role]] = {"": {}}
        #: Which roles have a permission, as owner and slug.
        self._granted: dict[str, set[tuple[str, str]]] = {}
        self._roles[""][DEFAULT_ROLE] = Role(*self._new("role"), DEFAULT_ROLE, "Member", None)

    def _new(self, prefix: str) -> tuple[str, int, int]:
        identifier, moment = self.registrar.identify(prefix)
        return identifier, moment, moment

    def _changed(self, name: str, moment: int, changed: Held) -> None:
        if not self._is_restoring:
            self.events.add(Event(moment, name, changed))

    def restore(self, event: Event) -> None:
        """Take an event of another environment's log as this one's next; give all of them, oldest first."""
        what = event.name.partition(".")[2]
        self._is_restoring = True
        match event.object:
            case User() as user:
                (self.remove_user if what == "deleted" else self.set_user)(user)
            case Organization() as organization:
                (self.remove_organization if what == "deleted" else self.set_organization)(organization)
            case Membership() as membership:
                (self.remove_membership if what == "deleted" else self.set_membership)(membership)
            case Role() as role:
                (self.remove_role if what == "deleted" else self.set_role)(role)
            case Permission() as permission:
                (self.remove_permission if what == "deleted" else self.set_permission)(permission)
        self._is_restoring = False
        self.events.add(event)

    def external_name(self, identifier: str) -> str:
        """Return what a WorkOS id stands for in words of the source: the external ids of the object or of its owners.

        An object that was deleted keeps its name.
        """
        if (user := self.users.get(identifier)) is not None:
            return user.external_id or user.email
        if (organization := self.organizations.get(identifier)) is not None:
            return organization.external_id or organization.name
        if (membership := self.memberships.get(identifier)) is not None:
            return f"{self.external_name(membership.organization_id)}/{self.external_name(membership.user_id)}"
        if (factor := self.factors.get(identifier)) is not None:
            place = list(self.factor_series(factor.user_id).newer(None)).index(identifier)
            return f"{self.external_name(factor.user_id)}/{place}"
        if (domain := self.domain(identifier)) is not None:
            return domain.domain
        return self._names_of_gone.get(identifier, identifier)

    # Users.

    def user_by_email(self, email: str) -> User | None:
        """Return the user with an email, written as WorkOS holds it."""
        return self.users.get(self._users_by_email.get(email, ""))

    def user_by_external_id(self, external_id: str | None) -> User | None:
        """Return the user with an external id; None for none."""
        return self.users.get(self._users_by_external_id.get(external_id or "", ""))

    def set_user(self, user: User) -> None:
        """Hold a new user, or the user that another becomes."""
        known = self.users.get(user.id)
        if known is None:
            self.user_series.add(user.id)
        else:
            self._unname_user(known)
        self.users[user.id] = user
        self._users_by_email[user.email] = user.id
        if user.external_id is not None:
            self._users_by_external_id[user.external_id] = user.id
        self._changed("user.created" if known is None else "user.updated", user.updated_at, user)

    def note_sign_in(self, user: User) -> User:
        """Move a user's last sign-in to this moment and return the user; WorkOS has no event for that."""
        signed_in = self.users[user.id] = user._replace(last_sign_in_at=self.registrar.moment())
        return signed_in

    def _unname_user(self, user: User) -> None:
        del self._users_by_email[user.email]
        if user.external_id is not None:
            del self._users_by_external_id[user.external_id]

    def remove_user(self, user: User) -> None:
        """Forget a user with memberships and factors."""
        self._names_of_gone[user.id] = self.external_name(user.id)
        for identifier in list(self.roster.of_user(user.id).newer(None)):
            self.remove_membership(self.memberships[identifier])
        for identifier in list(self.factor_series(user.id).newer(None)):
            self.remove_factor(self.factors[identifier])
        self._unname_user(user)
        del self.users[user.id]
        self.user_series.remove(user.id)
        self._changed("user.deleted", self.registrar.moment(), user)

    # Organizations and their domains.

    def organization_by_external_id(self, external_id: str | None) -> Organization | None:
        """Return the organization with an external id; None for none."""
        return self.organizations.get(self._organizations_by_external_id.get(external_id or "", ""))

    def organization_by_stripe_customer(self, stripe_customer_id: str | None) -> Organization | None:
        """Return the organization of a Stripe customer; None for none."""
        return self.organizations.get(self._organizations_by_stripe_customer.get(stripe_customer_id or "", ""))

    def organization_by_domain(self, name: str) -> Organization | None:
        """Return the organization that holds a domain."""
        return self.organizations.get(self._organizations_by_domain.get(name, ""))

    def domain(self, identifier: str) -> Domain | None:
        """Return the domain with an id."""
        holder = self.organizations.get(self._organizations_by_domain_id.get(identifier, ""))
        return holder and next(domain for domain in holder.domains if domain.id == identifier)

    def set_organization(self, organization: Organization) -> None:
        """Hold a new organization, or what another becomes; its domains come and go with it."""
        known = self.organizations.get(organization.id)
        if known is None:
            self.organization_series.add(organization.id)
        else:
            self._unname_organization(known)
        self.organizations[organization.id] = organization
        if organization.external_id is not None:
            self._organizations_by_external_id[organization.external_id] = organization.id
        if organization.stripe_customer_id is not None:
            self._organizations_by_stripe_customer[organization.stripe_customer_id] = organization.id
        for domain in organization.domains:
            self._organizations_by_domain[domain.domain] = organization.id
            self._organizations_by_domain_id[domain.id] = organization.id
        name = "organization.created" if known is None else "organization.updated"
        self._changed(name, organization.updated_at, organization)
        self._tell_domains(() if known is None else known.domains, organization.domains)

    def _unname_organization(self, organization: Organization) -> None:
        if organization.external_id is not None:
            del self._organizations_by_external_id[organization.external_id]
        if organization.stripe_customer_id is not None:
            del self._organizations_by_stripe_customer[organization.stripe_customer_id]
        for domain in organization.domains:
            del self._organizations_by_domain[domain.domain]
            del self._organizations_by_domain_id[domain.id]

    def _tell_domains(self, known: Iterable[Domain], wanted: Iterable[Domain]) -> None:
        before, after = ({domain.id: domain for domain in domains} for domains in (known, wanted))
        for identifier, domain in after.items():
            if identifier not in before:
                self._domain_event("created", domain)
            elif domain.state != before[identifier].state:
                self._domain_event("verified" if domain.state == "verified" else "updated", domain)
        for identifier, domain in before.items():
            if identifier not in after:
                self._names_of_gone[identifier] = domain.domain
                self._domain_event("deleted", domain)

    def _domain_event(self, what: str, domain: Domain) -> None:
        self._changed(f"organization_domain.{what}", self.registrar.moment(), domain)

    def remove_organization(self, organization: Organization) -> None:
        """Forget an organization with memberships, domains and roles."""
        self._names_of_gone[organization.id] = self.external_name(organization.id)
        for identifier in list(self.roster.all_of_organization(organization.id)):
            self.remove_membership(self.memberships[identifier])
        for role in list(self.roles(organization.id).values()):
            self.remove_role(role)
        self._roles.pop(organization.id, None)
        self._unname_organization(organization)
        del self.organizations[organization.id]
        self.organization_series.remove(organization.id)
        self._tell_domains(organization.domains, ())
        self._changed("organization.deleted", self.registrar.moment(), organization)

    # Memberships.

    def membership_of(self, user_id: str, organization_id: str) -> Membership | None:
        """Return the membership of a user in an organization, whatever its status."""
        return self.memberships.get(self.roster.of_ends(user_id, organization_id) or "")

    def set_membership(self, membership: Membership) -> None:
        """Hold a new membership, or what another becomes."""
        known = self.memberships.get(membership.id)
        if known is not None:
            self.roster.remove(known)
        self.memberships[membership.id] = membership
        self.roster.add(membership)
        what = "created" if known is None else "updated"
        self._changed(f"organization_membership.{what}", membership.updated_at, membership)

    def remove_membership(self, membership: Membership) -> None:
        """Forget a membership."""
        self._names_of_gone[membership.id] = self.external_name(membership.id)
        self.roster.remove(membership)
        del self.memberships[membership.id]
        self._changed("organization_membership.deleted", self.registrar.moment(), membership)

    # Roles and permissions.

    def roles(self, organization_id: str | None = None) -> dict[str, Role]:
        """Return the roles of the environment, or an organization's own, by slug in order of priority."""
        return self._roles.get(organization_id or "", {})

    def role_for(self, organization_id: str, slug: str) -> Role | None:
        """Return the role that a slug names in an organization: of the environment, or its own."""
        return self.roles().get(slug) or self.roles(organization_id).get(slug)

    def set_role(self, role: Role) -> None:
        """Hold a new role, or what another becomes; the order of creation is the order of priority."""
        owner = role.organization_id or ""
        roles = self._roles.setdefault(owner, {})
        known = roles.get(role.slug)
        self._grant(owner, role.slug, () if known is None else known.permissions, role.permissions)
        roles[role.slug] = role
        kind = "role" if role.organization_id is None else "organization_role"
        self._changed(f"{kind}.{'created' if known is None else 'updated'}", role.updated_at, role)

    def _grant(self, owner: str, slug: str, before: Iterable[str], after: Iterable[str]) -> None:
        for permission in before:
            self._granted[permission].discard((owner, slug))
        for permission in after:
            self._granted.setdefault(permission, set()).add((owner, slug))

    def remove_role(self, role: Role) -> None:
        """Forget an organization's own role, which no membership may name."""
        self._grant(role.organization_id or "", role.slug, role.permissions, ())
        del self._roles[role.organization_id or ""][role.slug]
        self._changed("organization_role.deleted", self.registrar.moment(), role)

    def set_permission(self, permission: Permission) -> None:
        """Hold a new permission, or what another becomes."""
        what = "updated" if permission.slug in self.permissions else "created"
        if what == "created":
            self.permission_series.add(permission.id)
            self._permission_slugs[permission.id] = permission.slug
        self.permissions[permission.slug] = permission
        self._changed(f"permission.{what}", permission.updated_at, permission)

    def permission_by_id(self, identifier: str) -> Permission:
        """Return the permission with an id, which must be there."""
        return self.permissions[self._permission_slugs[identifier]]

    def remove_permission(self, permission: Permission) -> None:
        """Forget a permission, and take it from the roles that have it."""
        del self.permissions[permission.slug]
        del self._permission_slugs[permission.id]
        self.permission_series.remove(permission.id)
        for owner, slug in sorted(self._granted.get(permission.slug, ())):
            role = self._roles[owner][slug]
            left = tuple(slug for slug in role.permissions if slug != permission.slug)
            self.set_role(role._replace(permissions=left, updated_at=self.registrar.moment()))
        self._changed("permission.deleted", self.registrar.moment(), permission)

    # Authentication factors: WorkOS has no events for them.

    def add_factor(self, factor: Factor) -> None:
        """Hold a new authentication factor."""
        self.factors[factor.id] = factor
        self._factors_of_user.add(factor.user_id, factor.id)

    def remove_factor(self, factor: Factor) -> None:
        """Forget an authentication factor and its challenges."""
        self._names_of_gone[factor.id] = self.external_name(factor.id)
        for identifier in list(self._challenges_of_factor.series(factor.id).newer(None)):
            del self.challenges[identifier]
            self._challenges_of_factor.remove(factor.id, identifier)
        del self.factors[factor.id]
        self._factors_of_user.remove(factor.user_id, factor.id)

    def add_challenge(self, factor: Factor) -> Challenge:
        """Hold a new challenge of a factor."""
        identifier, moment = self.registrar.identify("auth_challenge")
        challenge = self.challenges[identifier] = Challenge(identifier, moment, factor.id)
        self._challenges_of_factor.add(factor.id, identifier)
        return challenge

    def hold_pending(self, pending: Pending) -> str:
        """Hold a sign-in that is not finished and return its token."""
        token, _ = self.registrar.identify("pending_authentication_token")
        self.pending[token] = pending
        return token

    def factor_series(self, user_id: str) -> Series:
        """Return the ids of a user's factors; only to be read."""
        return self._factors_of_user.series(user_id)
