"""What should exist in WorkOS: organizations, roles, users, memberships. Frozen values without network or clock."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a write-only value stands in the export, and a fingerprint of it; never the value itself."""

    fingerprint: str
    file: str
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Organization:
    """A WorkOS organization; `domains` enter as pending."""

    external_id: str
    name: str
    metadata: Mapping[str, str] = field(default_factory=dict)
    domains: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The external id, the logical name."""
        return self.external_id


@dataclass(frozen=True, slots=True)
class Role:
    """A WorkOS environment role. `external_id` is the Auth0 role id it takes its name from."""

    slug: str
    name: str
    description: str | None = None
    external_id: str = ""

    @property
    def key(self) -> str:
        """The slug, the logical name."""
        return self.slug


@dataclass(frozen=True, slots=True)
class User:
    """A WorkOS user. `key` is the smallest Auth0 id of a merged group, `external_id` the id of its primary account."""

    key: str
    external_id: str
    email: str
    email_verified: bool
    first_name: str | None = None
    last_name: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    password: Secret | None = None
    totp: Secret | None = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A user in an organization, by the organization's external id and the user's key; no roles: WorkOS's default."""

    organization: str
    user: str
    roles: tuple[str, ...] = ()
    active: bool = True

    @property
    def key(self) -> str:
        """`<organization id>/<user id>`, the logical name."""
        return f"{self.organization}/{self.user}"


def cuts(key: str) -> list[tuple[str, str]]:
    """The organizations and users that a membership's key may name: an id may hold a slash itself."""
    return [(key[:at], key[at + 1 :]) for at, letter in enumerate(key) if letter == "/"]


@dataclass(frozen=True, slots=True)
class Directory:
    """The desired state of one WorkOS environment; each tuple is sorted by its key."""

    organizations: tuple[Organization, ...] = ()
    roles: tuple[Role, ...] = ()
    users: tuple[User, ...] = ()
    memberships: tuple[Membership, ...] = ()


def fingerprint(owner: str, secret: str) -> str:
    """A short text that changes when the secret does, and says that it is none itself.

    Bound to its owner, so that equal secrets do not look equal.
    """
    digest = hashlib.sha256(f"{owner}\0{secret}".encode()).hexdigest()
    return f"fingerprint {digest[:16]}"


Record = Organization | Role | User | Membership


def fields(record: Record) -> dict[str, Any]:
    """The fields that reach WorkOS, as the differ compares them; a secret is its fingerprint."""
    match record:
        case Organization():
            return {
                "external_id": record.external_id,
                "name": record.name,
                "domains": list(record.domains),
                "metadata": dict(record.metadata),
            }
        case Role():
            return {"slug": record.slug, "name": record.name, "description": record.description}
        case User():
            return {
                "external_id": record.external_id,
                "email": record.email,
                "email_verified": record.email_verified,
                "first_name": record.first_name,
                "last_name": record.last_name,
                "metadata": dict(record.metadata),
                "password": record.password.fingerprint if record.password else None,
                "totp": record.totp.fingerprint if record.totp else None,
            }
        case Membership():
            status = "active" if record.active else "inactive"
            return {"roles": list(record.roles), "status": status}
