"""The `expected` folder of an export, and a store told in the same words, so that the two can be compared."""

from __future__ import annotations

import json
from collections import Counter
from functools import cached_property
from pathlib import Path, PurePath
from typing import Any, Literal

from providers.auth0.hashes import PasswordHash
from providers.directory.store import Store, open_store
from providers.settings import read_settings

#: A finding: file without its ending, external id, code.
Found = tuple[str, str, str]
#: Email, names and whether the email is verified.
Fields = tuple[str, str | None, str | None, bool]
#: Organization, user, slugs, status.
Told = tuple[str, str, tuple[str, ...], str]


def lines_in(path: Path) -> list[dict[str, Any]]:
    """The objects of an NDJSON file."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


class Expected:
    """What WorkOS must hold of an export whose environment allows several roles (see the README of the samples)."""

    def __init__(self, export: Path) -> None:
        self.folder = export / "expected"

    def lines(self, name: str) -> list[dict[str, Any]]:
        """The lines of a file of the folder."""
        return lines_in(self.folder / f"{name}.ndjson")

    @cached_property
    def summary(self) -> dict[str, Any]:
        """Counts and policies."""
        loaded: dict[str, Any] = json.loads((self.folder / "summary.json").read_text(encoding="utf-8"))
        return loaded

    @cached_property
    def _users(self) -> list[dict[str, Any]]:
        return self.lines("users")

    def users(self) -> dict[str, Fields]:
        """The users by external id."""
        return {
            user["external_id"]: (user["email"], user["first_name"], user["last_name"], user["email_verified"])
            for user in self._users
        }

    def keys_of_merged(self) -> dict[str, str]:
        """The names of merged users by external id: the smallest id of each group."""
        return {user["external_id"]: min(user["merged_from"]) for user in self._users if "merged_from" in user}

    def memberships(self) -> list[Told]:
        """In order."""
        return sorted(
            (organization, user["external_id"], tuple(sorted(roles)), status)
            for user in self._users
            for organization, roles, status in user["memberships"]
        )

    def secrets(self, field: Literal["password_hash", "totp_secret", "optional_password_hash"]) -> dict[str, str]:
        """Hashes or authenticator secrets by external id."""
        return {user["external_id"]: user[field] for user in self._users if user.get(field)}

    def organizations(self) -> dict[str, tuple[str, dict[str, str], list[str]]]:
        """Name, metadata and domains by external id."""
        return {
            line["external_id"]: (line["name"], line["metadata"], sorted(line["domains"]))
            for line in self.lines("orgs")
        }

    def rejects(self) -> Counter[Found]:
        """Every line that is not declared although it stands for itself, with the reason."""
        return Counter((line["file"], line["id"], line["reason"]) for line in self.lines("rejects"))


def stored(project: Path, **config: str) -> Store:
    """The store of an export, in a project folder of its own; `config` as the stack configuration has it."""
    settings = {f"ferry:{key}": text for key, text in {"multipleRoles": "true", **config}.items()}
    return open_store(read_settings(settings, {}), project)


def users_in(store: Store) -> dict[str, Fields]:
    """The users by external id."""
    return {
        user.external_id: (user.email, user.first_name, user.last_name, user.email_verified)
        for user in store.records("users")
    }


def memberships_in(store: Store) -> list[Told]:
    """In order; a membership without roles gets WorkOS's default."""
    names = {user.key: user.external_id for user in store.records("users")}
    return sorted(
        (
            membership.organization,
            names[membership.user],
            membership.roles or ("member",),
            "active" if membership.active else "inactive",
        )
        for membership in store.records("memberships")
    )


def organizations_in(store: Store) -> dict[str, tuple[str, dict[str, str], list[str]]]:
    """Name, metadata and domains by external id."""
    return {
        organization.external_id: (organization.name, dict(organization.metadata), sorted(organization.domains))
        for organization in store.records("organizations")
    }


def secrets_in(store: Store, field: Literal["password", "totp"]) -> dict[str, str]:
    """Hashes or authenticator secrets by external id, read back from the export."""
    found = {}
    for user in store.records("users"):
        secret = user.password if field == "password" else user.totp
        if secret is not None:
            text = store.secret(field, user.external_id, secret.fingerprint)
            found[user.external_id] = text.text if isinstance(text, PasswordHash) else text
    return found


def findings_in(store: Store) -> Counter[Found]:
    """Every finding."""
    return Counter(
        (PurePath(finding.file).name.partition(".")[0], finding.external_id, finding.code)
        for finding in store.findings()
    )
