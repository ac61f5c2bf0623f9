"""What one WorkOS environment holds, and the indexes that make every call constant time.

No HTTP and no request rules here: the rooms named after the objects check a request first and then call this one, so
every change below is whole, and every change is an event. Deleting an object deletes what hangs on it (memberships,
factors, domains, an organization's roles).
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final, TypeVar

from sandbox.event_log import Event, EventLog
from sandbox.identifiers import Registrar
from sandbox.objects import Domain, Factor, Membership, Organization, Permission, Role, User
from sandbox.ownership import Ownership
from sandbox.series import Series
from sandbox.switches import Switches

#: The role that every environment has; a membership that names none gets it (API reference, memberships).
DEFAULT_ROLE: Final = "member"

Key = TypeVar("Key")


class Environment:
    """All objects of one environment, by every key a call can name them with."""

    def __init__(self) -> None:
        self.registrar = Registrar()
        self.switches = Switches()
        self.events = EventLog()
        self.users: dict[str, User] = {}
        self._users_by_email: dict[str, str] = {}
        self._users_by_external_id: dict[str, str] = {}
        self.user_series = Series()
        self.organizations: dict[str, Organization] = {}
        self._organizations_by_external_id: dict[str, str] = {}
        self._organizations_by_domain: dict[str, str] = {}
        self._organizations_by_domain_id: dict[str, str] = {}
        self.organization_series = Series()
        self.memberships: dict[str, Membership] = {}
        self._memberships_by_ends: dict[tuple[str, str], str] = {}
        self._memberships_of_user = Ownership()
        self._memberships_of_organization: dict[tuple[str, str], Series] = {}
        self._members: dict[str, Series] = {}
        #: How many memberships name a role of their organization's own.
        self._assigned: Counter[tuple[str, str]] = Counter()
        self.factors: dict[str, Factor] = {}
        self._factors_of_user = Ownership()
        self.permissions: dict[str, Permission] = {}
        self._permission_slugs: dict[str, str] = {}
        self.permission_series = Series()
        self._roles: dict[str, dict[str, Role]] = {"": {}}
        #: Which roles have a permission, as owner and slug.
        self._granted: dict[str, set[tuple[str, str]]] = {}
        self.set_role(Role(*self._new("role"), DEFAULT_ROLE, "Member", None), is_event=False)

    def _new(self, prefix: str) -> tuple[str, int, int]:
        identifier, moment = self.registrar.identify(prefix)
        return identifier, moment, moment

    def _changed(self, name: str, moment: int, changed: object, organization_id: str | None = None) -> None:
        self.events.add(Event(moment, name, changed), organization_id)

    # Users.

    def user_by_email(self, email: str) -> User | None:
        """Return the user with an email, written as WorkOS holds it."""
        return self.users.get(self._users_by_email.get(email, ""))

    def user_by_external_id(self, external_id: str | None) -> User | None:
        """Return the user with an external id; None for none."""
        return self.users.get(self._users_by_external_id.get(external_id or "", ""))

    def set_user(self, user: User) -> None:
        """Hold a new user, or the user that another becomes."""
        held = self.users.get(user.id)
        if held is None:
            self.user_series.add(user.id)
        else:
            self._unname_user(held)
        self.users[user.id] = user
        self._users_by_email[user.email] = user.id
        if user.external_id is not None:
            self._users_by_external_id[user.external_id] = user.id
        self._changed("user.created" if held is None else "user.updated", user.updated_at, user)

    def _unname_user(self, user: User) -> None:
        del self._users_by_email[user.email]
        if user.external_id is not None:
            del self._users_by_external_id[user.external_id]

    def remove_user(self, user: User) -> None:
        """Forget a user with memberships and factors."""
        for identifier in list(self._memberships_of_user.ids(user.id)):
            self.remove_membership(self.memberships[identifier])
        for identifier in list(self._factors_of_user.ids(user.id)):
            self.remove_factor(self.factors[identifier])
        self._unname_user(user)
        del self.users[user.id]
        self.user_series.remove(user.id)
        self._changed("user.deleted", self.registrar.moment(), user)

    # Organizations and their domains.

    def organization_by_external_id(self, external_id: str | None) -> Organization | None:
        """Return the organization with an external id; None for none."""
        return self.organizations.get(self._organizations_by_external_id.get(external_id or "", ""))

    def organization_by_domain(self, name: str) -> Organization | None:
        """Return the organization that holds a domain."""
        return self.organizations.get(self._organizations_by_domain.get(name, ""))

    def domain(self, identifier: str) -> Domain | None:
        """Return the domain with an id."""
        holder = self.organizations.get(self._organizations_by_domain_id.get(identifier, ""))
        return holder and next(domain for domain in holder.domains if domain.id == identifier)

    def set_organization(self, organization: Organization) -> None:
        """Hold a new organization, or what another becomes; its domains come and go with it."""
        held = self.organizations.get(organization.id)
        if held is None:
            self.organization_series.add(organization.id)
        else:
            self._unname_organization(held)
        self.organizations[organization.id] = organization
        if organization.external_id is not None:
            self._organizations_by_external_id[organization.external_id] = organization.id
        for domain in organization.domains:
            self._organizations_by_domain[domain.domain] = organization.id
            self._organizations_by_domain_id[domain.id] = organization.id
        name = "organization.created" if held is None else "organization.updated"
        self._changed(name, organization.updated_at, organization, organization.id)
        self._tell_domains(() if held is None else held.domains, organization.domains)

    def _unname_organization(self, organization: Organization) -> None:
        if organization.external_id is not None:
            del self._organizations_by_external_id[organization.external_id]
        for domain in organization.domains:
            del self._organizations_by_domain[domain.domain]
            del self._organizations_by_domain_id[domain.id]

    def _tell_domains(self, held: Iterable[Domain], wanted: Iterable[Domain]) -> None:
        before, after = ({domain.id: domain for domain in domains} for domains in (held, wanted))
        for identifier, domain in after.items():
            if identifier not in before:
                self._domain_event("created", domain)
            elif domain.state != before[identifier].state:
                self._domain_event("verified" if domain.state == "verified" else "updated", domain)
        for identifier in before.keys() - after.keys():
            self._domain_event("deleted", before[identifier])

    def _domain_event(self, what: str, domain: Domain) -> None:
        self._changed(f"organization_domain.{what}", self.registrar.moment(), domain, domain.organization_id)

    def remove_organization(self, organization: Organization) -> None:
        """Forget an organization with memberships, domains and roles."""
        for membership in list(self._members_of(organization.id)):
            self.remove_membership(membership)
        for role in list(self.roles(organization.id).values()):
            self.remove_role(role)
        self._roles.pop(organization.id, None)
        self._unname_organization(organization)
        del self.organizations[organization.id]
        self.organization_series.remove(organization.id)
        self._tell_domains(organization.domains, ())
        self._changed("organization.deleted", self.registrar.moment(), organization, organization.id)

    # Memberships.

    def membership_of(self, user_id: str, organization_id: str) -> Membership | None:
        """Return the membership of a user in an organization, whatever its status."""
        return self.memberships.get(self._memberships_by_ends.get((user_id, organization_id), ""))

    def set_membership(self, membership: Membership) -> None:
        """Hold a new membership, or what another becomes."""
        held = self.memberships.get(membership.id)
        if held is None:
            self._memberships_by_ends[membership.user_id, membership.organization_id] = membership.id
            self._memberships_of_user.add(membership.user_id, membership.id)
        else:
            self._delist(held)
        self.memberships[membership.id] = membership
        self._enlist(membership)
        name = f"organization_membership.{'created' if held is None else 'updated'}"
        self._changed(name, membership.updated_at, membership, membership.organization_id)

    def remove_membership(self, membership: Membership) -> None:
        """Forget a membership."""
        self._delist(membership)
        del self.memberships[membership.id]
        del self._memberships_by_ends[membership.user_id, membership.organization_id]
        self._memberships_of_user.remove(membership.user_id, membership.id)
        moment = self.registrar.moment()
        self._changed("organization_membership.deleted", moment, membership, membership.organization_id)

    def _enlist(self, membership: Membership) -> None:
        place = (membership.organization_id, membership.status)
        self._memberships_of_organization.setdefault(place, Series()).add(membership.id)
        if membership.status == "active":
            self._members.setdefault(membership.organization_id, Series()).add(membership.user_id)
        for slug in membership.roles:
            if slug in self._roles.get(membership.organization_id, ()):
                self._assigned[membership.organization_id, slug] += 1

    def _delist(self, membership: Membership) -> None:
        _drop(self._memberships_of_organization, (membership.organization_id, membership.status), membership.id)
        if membership.status == "active":
            _drop(self._members, membership.organization_id, membership.user_id)
        for slug in membership.roles:
            if slug in self._roles.get(membership.organization_id, ()):
                self._assigned[membership.organization_id, slug] -= 1

    def _members_of(self, organization_id: str) -> Iterator[Membership]:
        for status in ("active", "inactive", "pending"):
            for identifier in self.organization_memberships(organization_id, status).newer(None):
                yield self.memberships[identifier]

    def organization_memberships(self, organization_id: str, status: str) -> Series:
        """Return the ids of an organization's memberships of one status; only to be read."""
        return self._memberships_of_organization.get((organization_id, status)) or Series()

    def user_memberships(self, user_id: str) -> Series:
        """Return the ids of a user's memberships, whatever their status; only to be read."""
        return self._memberships_of_user.series(user_id)

    def member_series(self, organization_id: str) -> Series:
        """Return the ids of the users with an active membership; only to be read."""
        return self._members.get(organization_id) or Series()

    # Roles and permissions.

    def roles(self, organization_id: str | None = None) -> dict[str, Role]:
        """Return the roles of the environment, or an organization's own, by slug in order of priority."""
        return self._roles.get(organization_id or "", {})

    def role_for(self, organization_id: str, slug: str) -> Role | None:
        """Return the role that a slug names in an organization: of the environment, or its own."""
        return self.roles().get(slug) or self.roles(organization_id).get(slug)

    def set_role(self, role: Role, *, is_event: bool = True) -> None:
        """Hold a new role, or what another becomes; the order of creation is the order of priority."""
        owner = role.organization_id or ""
        roles = self._roles.setdefault(owner, {})
        held = roles.get(role.slug)
        self._grant(owner, role.slug, () if held is None else held.permissions, role.permissions)
        roles[role.slug] = role
        if is_event:
            kind = "role" if role.organization_id is None else "organization_role"
            what = "created" if held is None else "updated"
            self._changed(f"{kind}.{what}", role.updated_at, role, role.organization_id)

    def _grant(self, owner: str, slug: str, before: Iterable[str], after: Iterable[str]) -> None:
        for permission in before:
            self._granted[permission].discard((owner, slug))
        for permission in after:
            self._granted.setdefault(permission, set()).add((owner, slug))

    def is_assigned(self, role: Role) -> bool:
        """Tell whether a membership names an organization's own role."""
        return self._assigned[role.organization_id or "", role.slug] > 0

    def remove_role(self, role: Role) -> None:
        """Forget an organization's own role, which no membership may name."""
        self._grant(role.organization_id or "", role.slug, role.permissions, ())
        del self._roles[role.organization_id or ""][role.slug]
        self._changed("organization_role.deleted", self.registrar.moment(), role, role.organization_id)

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
            left = tuple(one for one in role.permissions if one != permission.slug)
            self.set_role(role._replace(permissions=left, updated_at=self.registrar.moment()))
        self._changed("permission.deleted", self.registrar.moment(), permission)

    # Authentication factors: WorkOS has no events for them.

    def add_factor(self, factor: Factor) -> None:
        """Hold a new authentication factor."""
        self.factors[factor.id] = factor
        self._factors_of_user.add(factor.user_id, factor.id)

    def remove_factor(self, factor: Factor) -> None:
        """Forget an authentication factor."""
        del self.factors[factor.id]
        self._factors_of_user.remove(factor.user_id, factor.id)

    def factor_series(self, user_id: str) -> Series:
        """Return the ids of a user's factors; only to be read."""
        return self._factors_of_user.series(user_id)


def _drop(index: dict[Key, Series], key: Key, identifier: str) -> None:
    series = index[key]
    series.remove(identifier)
    if not series:
        del index[key]
