"""What should exist in WorkOS: organizations, roles, users, memberships. Frozen values without network or clock.

A kind says itself here once: the class of its records, whose annotations are its fields (`providers/directory/schema`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, TypedDict, overload

from providers.directory.schema import Field, Schema, Sort, Values, schema_of
from providers.settings import KINDS, RECORD_KINDS, Kind


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

    external_id: Annotated[str, Field("id", is_unique=True)]
    name: Annotated[str, Field(tells=True)]
    domains: Annotated[tuple[str, ...], Field("given", is_unique=True)] = ()
    metadata: Annotated[Mapping[str, str], Field("pairs")] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The external id, the logical name."""
        return self.external_id


@dataclass(frozen=True, slots=True)
class Role:
    """A WorkOS environment role. `external_id` is the Auth0 role id it takes its name from."""

    slug: Annotated[str, Field("identity", is_unique=True)]
    name: Annotated[str, Field(is_required=True)]
    description: Annotated[str | None, Field()] = None
    external_id: str = ""

    @property
    def key(self) -> str:
        """The slug, the logical name."""
        return self.slug


@dataclass(frozen=True, slots=True)
class User:
    """A WorkOS user. `key` is the smallest Auth0 id of a merged group, `external_id` the id of its primary account."""

    key: str
    external_id: Annotated[str, Field("id", is_unique=True)]
    email: Annotated[str, Field(is_unique=True, tells=True)]
    email_verified: Annotated[bool, Field("flag")]
    first_name: Annotated[str | None, Field()] = None
    last_name: Annotated[str | None, Field()] = None
    metadata: Annotated[Mapping[str, str], Field("pairs")] = field(default_factory=dict)
    password: Annotated[Secret | None, Field("secret", file="passwords")] = None
    totp: Annotated[Secret | None, Field("secret", file="mfa")] = None
    name: Annotated[str | None, Field()] = None


@dataclass(frozen=True, slots=True)
class Membership:
    """A user in an organization, by the organization's external id and the user's key; no roles: WorkOS's default."""

    organization: Annotated[str, Field("end", of="organizations")]
    user: Annotated[str, Field("end", of="users")]
    roles: Annotated[tuple[str, ...], Field("set")] = ()
    active: Annotated[bool, Field("state", name="status")] = True

    @property
    def key(self) -> str:
        """`<organization id>/<user id>`, the logical name."""
        return f"{self.organization}/{self.user}"


Record = Organization | Role | User | Membership

#: What each kind is. The kinds of `settings.KINDS`, each with its class.
SCHEMAS: dict[Kind, Schema[Record]] = {
    "organizations": schema_of("organizations", Organization),
    "roles": schema_of("roles", Role, keeps_found=True),
    "users": schema_of("users", User, key="key"),
    "memberships": schema_of("memberships", Membership),
}
SCHEMA_OF: dict[type[Record], Schema[Record]] = {schema.record: schema for schema in SCHEMAS.values()}
#: The kinds in the order in which they are made: the few first, and what is between two others last.
ORDER: tuple[Kind, ...] = tuple(
    sorted(KINDS, key=lambda kind: (bool(SCHEMAS[kind].ends), kind not in RECORD_KINDS, KINDS.index(kind)))
)
#: Kinds that records of another kind are between.
END_KINDS: tuple[Kind, ...] = tuple(of for schema in SCHEMAS.values() for _, of in schema.ends)
#: How `fields` reads a record of each class: names, attributes and sorts. A million times in a run.
_READ: dict[type[Record], tuple[tuple[str, str, Sort], ...]] = {
    schema.record: tuple((each.name, each.attribute, each.sort) for each in schema.fields)
    for schema in SCHEMAS.values()
}
_AS_IT_IS = frozenset({"identity", "end", "id", "text", "flag"})


class OrganizationFields(TypedDict, total=False):
    """The fields of an organization, as the differ compares them."""

    external_id: str | None
    name: str | None
    domains: list[str]
    metadata: dict[str, str]


class RoleFields(TypedDict, total=False):
    """The fields of a role, likewise."""

    slug: str
    name: str | None
    description: str | None


class UserFields(TypedDict, total=False):
    """The fields of a user, likewise; a secret is its fingerprint."""

    external_id: str | None
    email: str
    email_verified: bool
    first_name: str | None
    last_name: str | None
    metadata: dict[str, str]
    password: str | None
    totp: str | None
    name: str | None


class MembershipFields(TypedDict, total=False):
    """The fields of a membership, likewise, with its ends: by their keys, and by their WorkOS ids."""

    organization: str
    user: str
    organization_id: str
    user_id: str
    roles: list[str]
    status: Literal["active", "inactive"] | None


@overload
def fields(record: Organization) -> OrganizationFields: ...
@overload
def fields(record: Role) -> RoleFields: ...
@overload
def fields(record: User) -> UserFields: ...
@overload
def fields(record: Membership) -> MembershipFields: ...
@overload
def fields(record: Record) -> Values: ...


def fields(record: Record) -> Any:
    """The fields that reach WorkOS, as the differ compares them; a secret is its fingerprint."""
    found = {}
    for name, attribute, sort in _READ[type(record)]:
        value = getattr(record, attribute)
        found[name] = value if sort in _AS_IT_IS else _plain(value, sort)
    return found


def _plain(value: Any, sort: Sort) -> object:
    """A value as it travels: lists, maps, texts."""
    if sort == "state":
        return "active" if value else "inactive"
    if sort == "secret":
        return value.fingerprint if value else None
    return dict(value) if sort == "pairs" else list(value)


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
