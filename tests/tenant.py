"""Tiny made-up tenants in Auth0's shapes, written to a folder, and what Ferry makes of them."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from providers.directory.model import Directory, User
from providers.directory.store import open_store
from providers.findings import BUCKETS, Finding
from providers.settings import FILES, read_settings

SHARED = "shared@people.example"
Line = dict[str, Any]

#: Bcrypt in form; nobody's password.
HASH = "$2b$10$" + "A" * 53
OTHER_HASH = "$2a$10$" + "B" * 53
OTP = "MADEUPSECRETAAAA"
OTHER_OTP = "MADEUPSECRETBBBB"
DATABASE = "Username-Password-Authentication"


def person(own: str, *, provider: str = "auth0", connection: str = DATABASE, **more: Any) -> Line:
    """A verified user with one identity."""
    identity = {"provider": provider, "connection": connection, "user_id": own, "isSocial": provider != "auth0"}
    line = {
        "user_id": f"{provider}|{own}",
        "email": f"{re.sub('[^a-z0-9]', '.', own.lower())}@people.example",
        "email_verified": True,
        "identities": [identity],
        "created_at": "2020-01-01T00:00:00.000Z",
    }
    return {**line, **more}


def organization(name: str, **more: Any) -> Line:
    """An organization with the id `org_<name>`."""
    return {"id": f"org_{name}", "name": name, **more}


def member(name: str, user_id: str, *roles: str) -> Line:
    """A member of `org_<name>`; the role `Admin` has the id `rol_Admin`."""
    return {
        "org_id": f"org_{name}",
        "user_id": user_id,
        "email": "member@people.example",
        "roles": [role(one) for one in roles],
    }


def role(name: str, **more: Any) -> Line:
    """A role with the id `rol_<name>`."""
    return {"id": f"rol_{name}", "name": name, **more}


def password(own: str, text: str = HASH, **more: Any) -> Line:
    """A line of support's password file, of Auth0's own database connection."""
    return {"_id": {"$oid": own}, "passwordHash": text, "connection": DATABASE, **more}


def otp(user_id: str, text: str = OTP) -> Line:
    """An authenticator line of support's MFA file."""
    return {"user_id": user_id, "tenant": "acme", "type": "otp", "otp_secret": text}


def sharing(*accounts: Line) -> list[Line]:
    """Users with one email."""
    return [person(**{"email": SHARED, **account}) for account in accounts]


def line_at(path: Path, offset: int) -> Any:
    """The JSON line that starts at a byte of a file."""
    return json.loads(path.read_bytes()[offset:].splitlines()[0])


def write(folder: Path, **files: Iterable[Line | str]) -> Path:
    """An export folder of NDJSON files; a line that is text already is written as it stands."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, lines in files.items():
        texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
        (folder / f"{kind}.ndjson").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return folder


@dataclass(frozen=True)
class Outcome:
    """The directory of an export, its findings, what it withholds, and the lines and buckets of each file."""

    directory: Directory
    findings: list[Finding]
    withheld: set[tuple[str, str]]
    summary: dict[str, dict[str, int]]
    names: dict[str, str]

    def user(self, external_id: str) -> User:
        """The only user with this external id."""
        (found,) = [user for user in self.directory.users if user.external_id == external_id]
        return found

    def buckets(self, kind: str) -> dict[str, int]:
        """The buckets of a file that hold lines."""
        return {bucket: self.summary[kind][bucket] for bucket in BUCKETS if self.summary[kind][bucket]}

    def found(self, kind: str) -> list[tuple[int, str, str]]:
        """The findings of a file: line, code, external id; by line."""
        return sorted(
            (finding.line, finding.code, finding.external_id)
            for finding in self.findings
            if finding.file == self.names[kind]
        )

    def all_found(self) -> dict[str, list[tuple[int, str, str]]]:
        """The findings by file, files without any left out."""
        return {kind: found for kind in FILES if (found := self.found(kind))}


def read(folder: Path, **config: str) -> Outcome:
    """What Ferry makes of an export folder; `config` as the stack configuration has it."""
    export = {} if "tenants" in config else {"export": str(folder)}
    texts = {f"ferry:{key}": text for key, text in {**export, **config}.items()}
    with TemporaryDirectory() as project, open_store(read_settings(texts, {}), Path(project)) as store:
        directory = Directory(
            organizations=tuple(store.records("organizations")),
            roles=tuple(store.records("roles")),
            users=tuple(store.records("users")),
            memberships=tuple(store.records("memberships")),
        )
        with closing(sqlite3.connect(store.path)) as db:
            withheld = set(db.execute("SELECT file, external_id FROM withheld"))
        names = {kind: next((path.name for path in folder.glob(f"{kind}.*")), kind) for kind in FILES}
        return Outcome(directory, list(store.findings()), withheld, store.summary(), names)
