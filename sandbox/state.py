"""What one WorkOS environment holds, and the indexes that make every call constant time.

No HTTP and no request rules here: the rooms named after the objects check a request first and then call this one, so
every change below is whole. Deleting an object deletes what hangs on it (memberships, factors, domains).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeVar

from sandbox.identifiers import Registrar
from sandbox.series import Series

#: A membership made by API is active; ``pending`` only comes from an invitation, which Ferry never sends.
STATUSES: Final = ("active", "inactive", "pending")


Key = TypeVar("Key")


class Password(NamedTuple):
    """A password as it was sent, its type, and where the salt of ssha256 stands; never given out."""

    text: str
    kind: str
    salt_position: str | None = None

    def __repr__(self) -> str:
        return f"Password(kind={self.kind!r})"


@dataclass(slots=True)
class User:
    """API reference, user."""

    id: str
    created_at: str
    updated_at: str
    email: str
    email_verified: bool
    first_name: str | None
    last_name: str | None
    name: str | None
    external_id: str | None
    metadata: dict[str, str]
    locale: str | None = None
    password: Password | None = None
    last_sign_in_at: str | None = None


@dataclass(slots=True)
class Domain:
    """API reference, organization domain."""

    id: str
    created_at: str
    updated_at: str
    domain: str
    state: str


@dataclass(slots=True)
class Organization:
    """API reference, organization."""

    id: str
    created_at: str
    updated_at: str
    name: str
    external_id: str | None
    metadata: dict[str, str]
    domains: list[Domain] = field(default_factory=list)
    stripe_customer_id: str | None = None
    allow_profiles_outside_organization: bool = False


@dataclass(slots=True)
class Membership:
    """API reference, organization membership."""

    id: str
    created_at: str
    updated_at: str
    user: User
    organization: Organization
    roles: list[str]
    status: str


@dataclass(slots=True)
class Role:
    """API reference, role."""

    id: str
    created_at: str
    updated_at: str
    slug: str
    name: str
    description: str | None


@dataclass(slots=True)
class Factor:
    """API reference, authentication factor; the secret is given out once, by the call that makes it."""

    id: str
    created_at: str
    updated_at: str
    user: User
    issuer: str
    account: str
    secret: str = field(repr=False)


class Challenge(NamedTuple):
    """API reference, authentication challenge: an invitation to name the code of a factor, once."""

    id: str
    created_at: str
    factor_id: str
    used: bool = False


class Pending(NamedTuple):
    """A sign-in that waits for the step which the refusal with the code ``step`` asked for."""

    user_id: str
    step: str


@dataclass(slots=True)
class Switches:
    """What an environment's owner may set in the Dashboard, and what WorkOS leaves undocumented."""

    #: Environment setting, off by default (WorkOS docs, roles and permissions).
    multiple_roles: bool = False
    #: ``replace`` or ``merge``: what ``domain_data`` does on update. Not documented; WorkOS's emulator replaces.
    domain_data: str = "replace"
    #: Unix time at which TOTP codes are checked, for tests; None is the clock of this machine.
    totp_time: int | None = None


class Environment:
    """All objects of one environment, by every key a call can name them with."""

    def __init__(self) -> None:
        self.registrar = Registrar()
        self.switches = Switches()
        self.users: dict[str, User] = {}
        self.users_by_email: dict[str, User] = {}
        self.users_by_external_id: dict[str, User] = {}
        self.user_series = Series()
        self.organizations: dict[str, Organization] = {}
        self.organizations_by_external_id: dict[str, Organization] = {}
        self.organizations_by_domain: dict[str, Organization] = {}
        self.organization_series = Series()
        self.memberships: dict[str, Membership] = {}
        self.memberships_by_ends: dict[tuple[str, str], Membership] = {}
        self._memberships_by_owner: dict[tuple[str, str], Series] = {}
        self._members: dict[str, Series] = {}
        self.factors: dict[str, Factor] = {}
        self._factors_by_user: dict[str, Series] = {}
        self.challenges: dict[str, Challenge] = {}
        #: By pending authentication token.
        self.pending: dict[str, Pending] = {}
        self.roles: dict[str, Role] = {}
        self.add_role("member", "Member", None)

    def add_user(self, user: User) -> None:
        """Hold a new user."""
        self.users[user.id] = self.users_by_email[user.email] = user
        if user.external_id is not None:
            self.users_by_external_id[user.external_id] = user
        self.user_series.add(user.id)

    def readdress_user(self, user: User, email: str) -> None:
        """Change a user's email."""
        del self.users_by_email[user.email]
        user.email = email
        self.users_by_email[email] = user

    def rename_user(self, user: User, external_id: str | None) -> None:
        """Change a user's external id."""
        if user.external_id is not None:
            del self.users_by_external_id[user.external_id]
        user.external_id = external_id
        if external_id is not None:
            self.users_by_external_id[external_id] = user

    def note_sign_in(self, user: User) -> User:
        """Move a user's last sign-in to this moment and return the user."""
        user.last_sign_in_at = self.registrar.moment()
        return user

    def remove_user(self, user: User) -> None:
        """Forget a user with memberships and factors."""
        for membership in list(self._owned(user.id)):
            self.remove_membership(membership)
        for identifier in list(self.factor_series(user).newer(None)):
            self.remove_factor(self.factors[identifier])
        self.rename_user(user, None)
        del self.users[user.id], self.users_by_email[user.email]
        self.user_series.remove(user.id)

    def add_organization(self, organization: Organization) -> None:
        """Hold a new organization; its domains are set apart."""
        self.organizations[organization.id] = organization
        if organization.external_id is not None:
            self.organizations_by_external_id[organization.external_id] = organization
        self.organization_series.add(organization.id)

    def rename_organization(self, organization: Organization, external_id: str | None) -> None:
        """Change an organization's external id."""
        if organization.external_id is not None:
            del self.organizations_by_external_id[organization.external_id]
        organization.external_id = external_id
        if external_id is not None:
            self.organizations_by_external_id[external_id] = organization

    def set_domains(self, organization: Organization, states: dict[str, str]) -> None:
        """Make ``states`` (domain to state) the whole set of domains; a domain that stays keeps its id."""
        held = {domain.domain: domain for domain in organization.domains}
        for name in held.keys() - states.keys():
            del self.organizations_by_domain[name]
        organization.domains = [self._domain(held.get(name), name, state) for name, state in states.items()]
        self.organizations_by_domain.update(dict.fromkeys(states, organization))

    def _domain(self, held: Domain | None, name: str, state: str) -> Domain:
        if held is None:
            identifier, moment = self.registrar.identify("org_domain")
            return Domain(identifier, moment, moment, name, state)
        if held.state != state:
            held.state, held.updated_at = state, self.registrar.moment()
        return held

    def remove_organization(self, organization: Organization) -> None:
        """Forget an organization with domains and memberships."""
        for membership in list(self._owned(organization.id)):
            self.remove_membership(membership)
        self.set_domains(organization, {})
        self.rename_organization(organization, None)
        del self.organizations[organization.id]
        self.organization_series.remove(organization.id)

    def add_membership(self, membership: Membership) -> None:
        """Hold a new membership; its two ends must not have one yet."""
        self.memberships[membership.id] = membership
        self.memberships_by_ends[membership.user.id, membership.organization.id] = membership
        self._enlist(membership)

    def remove_membership(self, membership: Membership) -> None:
        """Forget a membership."""
        self._delist(membership)
        del self.memberships[membership.id]
        del self.memberships_by_ends[membership.user.id, membership.organization.id]

    def set_status(self, membership: Membership, status: str) -> None:
        """Move a membership to another status."""
        self._delist(membership)
        membership.status = status
        self._enlist(membership)

    def _enlist(self, membership: Membership) -> None:
        for owner in (membership.user.id, membership.organization.id):
            self._memberships_by_owner.setdefault((owner, membership.status), Series()).add(membership.id)
        if membership.status == "active":
            self._members.setdefault(membership.organization.id, Series()).add(membership.user.id)

    def _delist(self, membership: Membership) -> None:
        for owner in (membership.user.id, membership.organization.id):
            _drop(self._memberships_by_owner, (owner, membership.status), membership.id)
        if membership.status == "active":
            _drop(self._members, membership.organization.id, membership.user.id)

    def _owned(self, owner: str) -> Iterator[Membership]:
        for series in self.membership_series(owner, STATUSES):
            for identifier in series.newer(None):
                yield self.memberships[identifier]

    def membership_series(self, owner: str, statuses: Iterable[str]) -> list[Series]:
        """Return the memberships of a user or an organization, one series a status."""
        empty = Series()
        return [self._memberships_by_owner.get((owner, status), empty) for status in statuses]

    def member_series(self, organization_id: str) -> Series:
        """Return the ids of the users with an active membership."""
        return self._members.get(organization_id) or Series()

    def add_role(self, slug: str, name: str, description: str | None) -> Role:
        """Hold a new environment role; the order of creation is the order of priority."""
        identifier, moment = self.registrar.identify("role")
        role = self.roles[slug] = Role(identifier, moment, moment, slug, name, description)
        return role

    def add_factor(self, factor: Factor) -> None:
        """Hold a new authentication factor."""
        self.factors[factor.id] = factor
        self._factors_by_user.setdefault(factor.user.id, Series()).add(factor.id)

    def remove_factor(self, factor: Factor) -> None:
        """Forget an authentication factor."""
        del self.factors[factor.id]
        _drop(self._factors_by_user, factor.user.id, factor.id)

    def add_challenge(self, factor: Factor) -> Challenge:
        """Hold a new challenge of a factor."""
        identifier, moment = self.registrar.identify("auth_challenge")
        challenge = self.challenges[identifier] = Challenge(identifier, moment, factor.id)
        return challenge

    def hold_pending(self, pending: Pending) -> str:
        """Hold a sign-in that is not finished and return its token."""
        token, _ = self.registrar.identify("pending_authentication_token")
        self.pending[token] = pending
        return token

    def factor_series(self, user: User) -> Series:
        """Return the ids of a user's factors."""
        return self._factors_by_user.get(user.id) or Series()


def _drop(index: dict[Key, Series], key: Key, identifier: str) -> None:
    series = index[key]
    series.remove(identifier)
    if not series:
        del index[key]
