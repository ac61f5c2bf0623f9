"""The objects of a WorkOS environment. None ever changes: an update puts another in its place, so that the events of
the past go on showing what was true then.

Times are moments of the logical clock (``identifiers``).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

#: A membership made by API is active; ``pending`` only comes from an invitation (``/_sandbox/invitations``).
STATUSES: Final = ("active", "inactive", "pending")
NO_METADATA: Final[Mapping[str, str]] = MappingProxyType({})


class Password(NamedTuple):
    """A password as it was sent, its type, and where the salt of ssha256 stands; never given out."""

    text: str
    kind: str
    salt_position: str | None = None

    def __repr__(self) -> str:
        """Name the type alone: a traceback shows reprs."""
        return f"Password({self.kind})"


class User(NamedTuple):
    """API reference, user."""

    id: str
    created_at: int
    updated_at: int
    email: str
    email_verified: bool
    first_name: str | None
    last_name: str | None
    name: str | None
    external_id: str | None
    metadata: Mapping[str, str]
    locale: str | None = None
    password: Password | None = None
    last_sign_in_at: int | None = None


class Domain(NamedTuple):
    """API reference, organization domain."""

    id: str
    created_at: int
    updated_at: int
    organization_id: str
    domain: str
    state: str


class Organization(NamedTuple):
    """API reference, organization."""

    id: str
    created_at: int
    updated_at: int
    name: str
    external_id: str | None
    metadata: Mapping[str, str]
    domains: tuple[Domain, ...] = ()
    stripe_customer_id: str | None = None
    allow_profiles_outside_organization: bool = False


class Membership(NamedTuple):
    """API reference, organization membership."""

    id: str
    created_at: int
    updated_at: int
    user_id: str
    organization_id: str
    roles: tuple[str, ...]
    status: str


class Role(NamedTuple):
    """API reference, role: of the environment, or of one organization."""

    id: str
    created_at: int
    updated_at: int
    slug: str
    name: str
    description: str | None
    permissions: tuple[str, ...] = ()
    organization_id: str | None = None


class Permission(NamedTuple):
    """API reference, permission."""

    id: str
    created_at: int
    updated_at: int
    slug: str
    name: str
    description: str | None


class Factor(NamedTuple):
    """API reference, authentication factor; the secret is given out once, by the call that makes it."""

    id: str
    created_at: int
    updated_at: int
    user_id: str
    issuer: str
    account: str
    secret: str

    def __repr__(self) -> str:
        """Name the id alone: a traceback shows reprs."""
        return f"Factor({self.id})"


class Challenge(NamedTuple):
    """API reference, authentication challenge: an invitation to name the code of a factor, once."""

    id: str
    created_at: int
    factor_id: str
    used: bool = False


class Pending(NamedTuple):
    """A sign-in that waits for the step which the refusal with the code ``step`` asked for."""

    user_id: str
    step: str


Held = User | Organization | Domain | Membership | Role | Permission
