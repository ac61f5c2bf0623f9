"""What is known of a made-up Auth0 account: as much as its lines say, and what the generator meant by them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from tests.generate.tenancy import Role


@dataclass(slots=True)
class Identity:
    """One of an account's identities; `email` only of a linked one."""

    provider: str
    connection: str
    own: str | int
    email: str | None = None
    token: str | None = None


@dataclass(slots=True)
class Hash:
    """A line of the password file."""

    owner: Identity
    oid: str
    alt_id: str | None
    text: str
    importable: bool
    #: `object`, `string`, `upper`, or `none`: then only the email says whose it is.
    spelling: str
    root_email: bool
    set_at: str

    @property
    def raw_id(self) -> str:
        """The id by which a finding names the line."""
        return "" if self.spelling == "none" else self.alt_id or self.oid


@dataclass(slots=True)
class Membership:
    """A line of the members file."""

    organization: str
    roles: tuple[Role, ...]
    known: bool = True


@dataclass(slots=True)
class Account:
    """One line of the users file, with all that belongs to it."""

    tenant: int
    user_id: str
    #: As Auth0 spells it; None with `email_key` means null.
    email: str | None
    email_key: bool
    #: The value on the line, None: the key is missing; and what it means.
    email_verified: bool | str | None
    verified: bool
    given_name: str | None
    family_name: str | None
    name: str
    identities: tuple[Identity, ...]
    created_at: str
    blocked: bool
    #: `no_email`, `invalid_email` or None.
    fault: str | None
    password: Hash | None = None
    #: Type and secret, in file order.
    factors: list[tuple[str, str]] = field(default_factory=list)
    memberships: list[Membership] = field(default_factory=list)
    #: Fields that must not reach WorkOS.
    profile: dict[str, Any] = field(default_factory=dict)

    @property
    def address(self) -> str:
        """The email as WorkOS has it (identity rule 2)."""
        return (self.email or "").strip().lower()


def as_shown(account: Account, shape: str) -> Account:
    """The account as far as an export of this shape shows it: neither CSV nor the extension has linked identities or
    says who has MFA, and the extension's default fields do not say who is blocked.
    """
    if shape != "extension" and not shape.startswith("csv"):
        return account
    profile = {name: value for name, value in account.profile.items() if name != "multifactor"}
    shown = replace(account, identities=account.identities[:1], profile=profile)
    return replace(shown, blocked=False) if shape == "extension" else shown
