"""The directory as the kinds ask for it, from dictionaries; and the fields of records as the differ has them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from providers.auth0.hashes import PasswordHash
from providers.auth0.lines import ExportError
from providers.directory.model import fingerprint

#: The fields of a record of any kind.
Fields = Any

#: Bcrypt and Base32 in form; nobody's.
HASH = "$2b$10$" + "A" * 53
OTHER_HASH = "$2a$10$" + "B" * 53
OTP = "MADEUPSECRETAAAA"
OTHER_OTP = "MADEUPSECRETBBBB"


@dataclass
class Declaration:
    """What the export declares; secrets by owner and fingerprint, and whatever is not there has changed."""

    users: dict[str, Fields] = field(default_factory=dict)
    organizations: dict[str, Fields] = field(default_factory=dict)
    keys: dict[str, Fields] = field(default_factory=dict)
    secrets: dict[tuple[str, str], str | PasswordHash] = field(default_factory=dict)
    #: External ids of users whose email is verified by a text only that `ferry:emailVerified` trusts.
    by_text: set[str] = field(default_factory=set)

    def user(self, external_id: str) -> Fields | None:
        """The declared user with this external id."""
        return self.users.get(external_id)

    def is_verified_in_auth0(self, external_id: str) -> bool:
        """Is it declared with a verified email, and not by a text?"""
        return bool(self.users[external_id]["email_verified"]) and external_id not in self.by_text

    def user_by_key(self, key: str) -> Fields | None:
        """The declared user with this key; the external id here."""
        return self.keys.get(key) or self.users.get(key)

    def organization(self, external_id: str) -> Fields | None:
        """The declared organization with this external id."""
        return self.organizations.get(external_id)

    def password(self, external_id: str, fingerprint: str) -> PasswordHash:
        """The hash with this fingerprint; one that was declared as text is bcrypt."""
        found = self._secret(external_id, fingerprint)
        return PasswordHash("bcrypt", found) if isinstance(found, str) else found

    def totp(self, external_id: str, fingerprint: str) -> str:
        """The authenticator secret with this fingerprint."""
        return str(self._secret(external_id, fingerprint))

    def _secret(self, external_id: str, fingerprint: str) -> str | PasswordHash:
        if (external_id, fingerprint) not in self.secrets:
            raise ExportError("the export is not the one that was previewed")
        return self.secrets[external_id, fingerprint]

    def declares_user(self, name: str, /, **more: Any) -> Fields:
        """Declare a user and return its fields; `password` and `totp` are the secrets themselves."""
        fields = user(name, **more)
        for secret in ("password", "totp"):
            if found := fields[secret]:
                text = found.whole if isinstance(found, PasswordHash) else found
                mark = fingerprint(fields["external_id"], text)
                self.secrets[fields["external_id"], mark] = fields[secret]
                fields[secret] = mark
        self.users[fields["external_id"]] = fields
        return fields

    def declares_organization(self, name: str, /, **more: Any) -> Fields:
        """Declare an organization and return its fields."""
        fields = organization(name, **more)
        self.organizations[fields["external_id"]] = fields
        return fields


def but(desired: Fields, **more: Any) -> Fields:
    """These fields with other values."""
    return {**desired, **more}


def user(name: str, /, **more: Any) -> Fields:
    """An unverified user with an email and nothing else."""
    empty: Fields = {**dict.fromkeys(("first_name", "last_name", "name", "password", "totp")), "metadata": {}}
    return {
        "external_id": f"auth0|{name}",
        "email": f"{name}@people.example",
        "email_verified": False,
        **empty,
        **more,
    }


def organization(name: str, /, **more: Any) -> Fields:
    """An organization with a name and nothing else."""
    return {"external_id": f"org_{name}", "name": name.title(), "domains": [], "metadata": {}, **more}


def role(slug: str, /, **more: Any) -> Fields:
    """A role without description."""
    return {"slug": slug, "name": slug.title(), "description": None, **more}
