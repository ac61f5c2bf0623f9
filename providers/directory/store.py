"""The directory on disk: one SQLite file an export and its settings, mode 0600, written once and never changed.

It holds fields, findings and where each secret stands (file and offset), never a secret.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from providers.auth0.credentials import usable_hash, usable_totp
from providers.auth0.export import Export, parse
from providers.auth0.lines import ExportError, open_unpacked
from providers.auth0.records import Factor, Password
from providers.directory.build import build
from providers.directory.model import Directory, Membership, Organization, Record, Role, Secret, User, fingerprint
from providers.findings import FILE_OF, Finding, Ledger
from providers.settings import Kind, Settings

#: Raise it when a change of the mapping must not reuse the stores of an older version.
_VERSION = 1
_KEPT_STORES = 2
#: The settings that shape a directory.
_SHAPING = frozenset(
    {
        "tenants",
        "duplicate_emails",
        "blocked_users",
        "email_verified",
        "roles",
        "multiple_roles",
        "user_metadata",
        "export_as",
        "skip",
    }
)


class Store:
    """A finished store, open for reading. `close` it, or use it as a context manager."""

    def __init__(self, path: Path, folder: Path) -> None:
        self.path, self.folder = path, folder
        self._db = sqlite3.connect(f"file:{path}?mode=ro", uri=True, check_same_thread=False)

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def organizations(self) -> Iterator[Organization]:
        """In order of their ids."""
        for body in self._bodies("organizations"):
            yield _organization(body)

    def roles(self) -> Iterator[Role]:
        """In order of their slugs."""
        for body in self._bodies("roles"):
            yield Role(**body)

    def users(self) -> Iterator[User]:
        """In order of their keys."""
        for body in self._bodies("users"):
            yield _user(body)

    def memberships(self) -> Iterator[Membership]:
        """In order of organization and user."""
        for body in self._bodies("memberships"):
            body["roles"] = tuple(body["roles"])
            yield Membership(**body)

    def records(self, kind: Kind) -> Iterator[Record]:
        """All records of a kind, in order of their keys."""
        readers: dict[Kind, Callable[[], Iterator[Record]]] = {
            "organizations": self.organizations,
            "roles": self.roles,
            "users": self.users,
            "memberships": self.memberships,
        }
        return readers[kind]()

    def user_by_external_id(self, external_id: str) -> User | None:
        """The declared user with this external id, or None."""
        row = self._db.execute("SELECT body FROM records WHERE kind = 'users' AND external_id = ?", (external_id,))
        found = row.fetchone()
        return _user(json.loads(found[0])) if found else None

    def user_by_key(self, key: str) -> User | None:
        """The declared user with this key, or None."""
        found = self._db.execute("SELECT body FROM records WHERE kind = 'users' AND key = ?", (key,)).fetchone()
        return _user(json.loads(found[0])) if found else None

    def declares(self, kind: Kind, name: str) -> bool:
        """Is there a record of this kind with this key or external id?"""
        query = "SELECT 1 FROM records WHERE kind = ? AND (external_id = ? OR key = ?)"
        return self._db.execute(query, (kind, name, name)).fetchone() is not None

    def withholds(self, kind: Kind, name: str) -> bool:
        """Does this record stand in the export although it is not declared, refused or left out on purpose?

        A line that nobody can read may be any record's.
        """
        query = "SELECT 1 FROM withheld WHERE file = ? AND external_id IN (?, '')"
        return self._db.execute(query, (FILE_OF[kind], name)).fetchone() is not None

    def organization_by_external_id(self, external_id: str) -> Organization | None:
        """The declared organization with this external id, or None."""
        query = "SELECT body FROM records WHERE kind = 'organizations' AND external_id = ?"
        found = self._db.execute(query, (external_id,)).fetchone()
        return _organization(json.loads(found[0])) if found else None

    def findings(self) -> list[Finding]:
        """By file, line and code."""
        return [
            Finding(*row) for row in self._db.execute("SELECT code, file, line, external_id, message FROM findings")
        ]

    def summary(self) -> dict[str, dict[str, int]]:
        """Lines and buckets of each file of the export."""
        return dict(json.loads(self._meta("summary")))

    def digest(self) -> str:
        """SHA-256 over all records: equal digests mean equal directories."""
        return str(self._meta("digest"))

    def secret(self, field: Literal["password", "totp"], external_id: str, expected: str) -> str:
        """A password hash or authenticator secret, read from the export at this moment.

        Raises ExportError if the export is not the one the directory was built from.
        """
        user = self.user_by_external_id(external_id)
        place = getattr(user, field) if user else None
        if place is None or place.fingerprint != expected:
            raise ExportError(f"the {field} of {external_id} is not the one that was previewed; run again")
        try:
            with open_unpacked(self.folder / place.file) as file:
                file.seek(place.offset)
                data = parse(file.read(place.length))
            secret, owner = _secret_of(field, data, external_id)
        except (OSError, ValueError, EOFError, zlib.error):
            secret, owner = None, ""
        if secret is None or fingerprint(owner, secret) != expected:
            raise ExportError(f"{place.file} is not the file it was when the directory was built; run again")
        return secret

    def _bodies(self, kind: str) -> Iterator[dict[str, Any]]:
        for (body,) in self._db.execute("SELECT body FROM records WHERE kind = ? ORDER BY key", (kind,)):
            yield json.loads(body)

    def _meta(self, name: str) -> Any:
        return self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]


def open_store(settings: Settings, project: Path) -> Store:
    """The store of the export and settings as they are now; built if it is not there yet.

    Raises ExportError for an unusable export and InvalidSettings if none is configured.
    """
    folder = settings.require_export(project)
    ledger = Ledger()
    export = Export(folder, ledger, settings.export_as)
    rooms = project / ".ferry"
    path = rooms / f"{_name(settings, export)}.sqlite"
    if not path.exists():
        directory = build(export, settings, ledger)
        _write(path, directory, ledger)
        _forget_old(rooms, path)
    return Store(path, folder)


def _name(settings: Settings, export: Export) -> str:
    shaping = settings.model_dump(mode="json", include=set(_SHAPING))
    shaping["skip"] = sorted(shaping["skip"])
    text = json.dumps([_VERSION, shaping, list(shaping["roles"]), export.digest()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _write(path: Path, directory: Directory, ledger: Ledger) -> None:
    summary = ledger.summary()
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    os.close(os.open(draft, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    try:
        with closing(sqlite3.connect(draft)) as db, db:
            _fill(db, directory, ledger, summary)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def _fill(db: sqlite3.Connection, directory: Directory, ledger: Ledger, summary: dict[str, Any]) -> None:
    db.executescript(
        "CREATE TABLE records (kind TEXT, key TEXT, external_id TEXT, body TEXT, PRIMARY KEY (kind, key));"
        "CREATE INDEX by_external_id ON records (kind, external_id);"
        "CREATE TABLE findings (code TEXT, file TEXT, line INTEGER, external_id TEXT, message TEXT);"
        "CREATE TABLE withheld (file TEXT, external_id TEXT, PRIMARY KEY (file, external_id)) WITHOUT ROWID;"
        "CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT);"
    )
    total = hashlib.sha256()

    def rows() -> Iterator[tuple[str, str, str, str]]:
        for kind, key, external_id, record in _records(directory):
            body = json.dumps(asdict(record), sort_keys=True, ensure_ascii=False)
            total.update(f"{kind}\0{key}\0{body}\n".encode())
            yield kind, key, external_id, body

    db.executemany("INSERT INTO records VALUES (?, ?, ?, ?)", rows())
    db.executemany("INSERT INTO findings VALUES (?, ?, ?, ?, ?)", (tuple(asdict(f).values()) for f in ledger.sorted()))
    db.executemany("INSERT INTO withheld VALUES (?, ?)", sorted(ledger.withheld))
    meta = {"digest": total.hexdigest(), "summary": json.dumps(summary)}
    db.executemany("INSERT INTO meta VALUES (?, ?)", meta.items())


def _records(directory: Directory) -> Iterator[tuple[Kind, str, str, Record]]:
    for organization in directory.organizations:
        yield "organizations", organization.key, organization.external_id, organization
    for role in directory.roles:
        yield "roles", role.key, role.key, role
    for user in directory.users:
        yield "users", user.key, user.external_id, user
    for membership in directory.memberships:
        yield "memberships", membership.key, membership.key, membership


def _secret_of(field: str, data: dict[str, Any], external_id: str) -> tuple[str | None, str]:
    """The secret on a line and whose it is: an authenticator may be a merged account's, a hash is the primary's."""
    if field == "password":
        return usable_hash(Password.model_validate(data)), external_id
    factor = Factor.model_validate(data)
    return usable_totp(factor), factor.user_id


def _organization(body: dict[str, Any]) -> Organization:
    return Organization(**{**body, "domains": tuple(body["domains"])})


def _user(body: dict[str, Any]) -> User:
    for name in ("password", "totp"):
        body[name] = Secret(**body[name]) if body[name] else None
    return User(**body)


def _forget_old(rooms: Path, newest: Path) -> None:
    stores = sorted(rooms.glob("*.sqlite"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in [one for one in stores if one != newest][_KEPT_STORES - 1 :]:
        path.unlink(missing_ok=True)
