"""The directory on disk: one SQLite file an export and its settings, mode 0600, written once and never changed.

It holds fields, findings and where each secret stands (file and offset), never a secret.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sqlite3
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, overload

from providers.auth0.credentials import usable_hash, usable_totp
from providers.auth0.export import Export, digest, parse
from providers.auth0.hashes import PasswordHash
from providers.auth0.lines import ExportError, is_packed, pieces
from providers.auth0.records import Factor, Password, with_one_spelling
from providers.directory.build.accounts import BY_TEXT
from providers.directory.build.rows import open_exports
from providers.directory.build.run import build
from providers.directory.model import (
    Membership,
    Organization,
    Record,
    Role,
    Secret,
    User,
    cuts,
    fingerprint,
)
from providers.directory.sign_in import SignIn
from providers.findings import FILE_OF, CodeCount, Finding, Ledger
from providers.project import state_folder
from providers.settings import KINDS, Kind, Settings
from providers.text import plain

#: Raise it when a change of the mapping must not reuse the stores of an older version.
_VERSION = 6
KEPT_STORES = 2
#: `<store>.<process>.<what>`; the files of a stack whose name has dots are none.
_DRAFT = re.compile(r"[0-9a-f]{32}\.(\d+)\..+")
#: Values in one query; SQLite takes 999 everywhere.
_AT_ONCE = 900
#: The settings that shape a directory.
SHAPING = frozenset(
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

#: A user is named by its external id, unless it is merged of several accounts: those have an index of their own.
_MERGED = "(external_id = :name AND external_id <> key)"
_NAMED = f"(key = :name AND external_id = :name) OR {_MERGED}"
_DECLARES: dict[Kind, str] = {
    "organizations": "SELECT 1 FROM organizations WHERE key = :name",
    "roles": "SELECT 1 FROM roles WHERE key = :name",
    "users": f"SELECT 1 FROM users WHERE key = :name OR {_MERGED}",
    "memberships": "SELECT 1 FROM memberships WHERE organization = :organization AND user = :user",
}
_TOTALS: dict[str, str] = {
    **{kind: f"SELECT count(*) FROM {kind}" for kind in KINDS},
    "inactive_memberships": "SELECT count(*) FROM memberships WHERE NOT active",
    "memberships_with_several_roles": "SELECT count(*) FROM memberships WHERE instr(roles, ',')",
    "default_roles": "SELECT count(*) FROM roles WHERE key = 'member'",
    "passwords": "SELECT count(password) FROM users",
    "totps": "SELECT count(totp) FROM users",
    "domains": "SELECT coalesce(sum(json_array_length(domains)), 0) FROM organizations",
}


class Store:
    """A finished store, open for reading. `close` it, or use it as a context manager."""

    def __init__(self, path: Path, exports: list[Export]) -> None:
        """`exports` are those that the directory was built from, in the order of the tenants."""
        self.path, self.exports = path, exports
        self._unpacked: dict[Path, dict[int, bytes]] = {}
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
        return self._organizations("ORDER BY key")

    def roles(self) -> Iterator[Role]:
        """In order of their slugs."""
        yield from (Role(*row) for row in self._db.execute("SELECT * FROM roles ORDER BY key"))

    def users(self) -> Iterator[User]:
        """In order of their keys."""
        return self._users("ORDER BY key")

    def memberships(self) -> Iterator[Membership]:
        """In order of organization and user."""
        return self._memberships("ORDER BY 1, 2")

    def records(self, kind: Kind) -> Iterator[Record]:
        """All records of a kind, in order of their keys."""
        readers: dict[Kind, Callable[[], Iterator[Record]]] = {
            "organizations": self.organizations,
            "roles": self.roles,
            "users": self.users,
            "memberships": self.memberships,
        }
        return readers[kind]()

    def keys(self, kind: Kind) -> Iterator[str]:
        """The keys of a kind, in their order; not for memberships."""
        yield from (key for (key,) in self._db.execute(f"SELECT key FROM {kind} ORDER BY key"))

    def memberships_of(self, organization: str) -> Iterator[Membership]:
        """The memberships of one organization (its external id)."""
        return self._memberships("WHERE organization = ?", organization)

    def count_with_secrets(self) -> int:
        """How many users have a password or an authenticator."""
        query = "SELECT count(*) FROM users WHERE password NOTNULL OR totp NOTNULL"
        return int(self._db.execute(query).fetchone()[0])

    def secrets_of(self, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """The fingerprints of password and authenticator by key, of those of these users who have one."""
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            places = ", ".join("?" * len(some))
            query = (
                f"SELECT key, password, totp FROM users WHERE key IN ({places}) AND (password NOTNULL OR totp NOTNULL)"
            )
            for key, *marks in self._db.execute(query, some):
                yield key, {name: mark for name, mark in zip(("password", "totp"), marks, strict=True) if mark}

    def user_by_external_id(self, external_id: str) -> User | None:
        """The declared user with this external id, or None."""
        return next(self._users(f"WHERE {_NAMED}", external_id), None)

    def is_verified_in_auth0(self, external_id: str) -> bool:
        """Does Auth0 itself call this declared user's email verified, and each that is merged into it?

        No, if only `ferry:emailVerified` trust-text does.
        """
        query = f"SELECT email_verified FROM users WHERE {_NAMED}"
        row = self._db.execute(query, {"name": external_id}).fetchone()
        return row is not None and row[0] not in (0, BY_TEXT)

    def user_by_key(self, key: str) -> User | None:
        """The declared user with this key, or None."""
        return next(self._users("WHERE key = :name", key), None)

    def organization_by_external_id(self, external_id: str) -> Organization | None:
        """The declared organization with this external id, or None."""
        return next(self._organizations("WHERE key = ?", external_id), None)

    def record(self, kind: Kind, key: str) -> Record | None:
        """The declared record with this key, or None."""
        if kind == "users":
            return self.user_by_key(key)
        if kind == "organizations":
            return self.organization_by_external_id(key)
        if kind == "memberships":
            members = (
                next(self._memberships("WHERE organization = ? AND user = ?", *ends), None) for ends in cuts(key)
            )
            return next((record for record in members if record), None)
        return next((role for role in self.roles() if role.slug == key), None)

    def declares(self, kind: Kind, name: str) -> bool:
        """Is there a record of this kind with this key or external id?"""
        names = [{"name": name}]
        if kind == "memberships":
            names = [{"organization": organization, "user": user} for organization, user in cuts(name)]
        return any(self._db.execute(_DECLARES[kind], parameters).fetchone() for parameters in names)

    def withholds(self, kind: Kind, name: str) -> bool:
        """Does this record stand in the export, but refused or left out on purpose?

        A line that nobody can read may be any record's.
        """
        query = "SELECT 1 FROM withheld WHERE file = ? AND external_id IN (?, '')"
        return self._db.execute(query, (FILE_OF[kind], name)).fetchone() is not None

    def file_of(self, kind: Kind, external_id: str) -> str:
        """The real name of the file that a record stands in; of several tenants the prefix tells whose."""
        owners = [export for export in self.exports if external_id.startswith(export.prefix)] or self.exports
        return max(owners, key=lambda owner: len(owner.prefix)).names[FILE_OF[kind]]

    def require_users(self) -> None:
        """Raises ExportError if the users file holds no line: an export without a user is never what is meant."""
        if not self.summary()["users"]["lines"]:
            raise ExportError("the users file holds no line; an empty export is never what is meant. Export again")

    def findings(self) -> Iterator[Finding]:
        """By tenant, file, line and code."""
        yield from (Finding(*row) for row in self._db.execute("SELECT * FROM findings ORDER BY rowid"))

    def codes(self) -> list[CodeCount]:
        """The codes of the findings, most frequent first."""
        rows = self._db.execute("SELECT code, number, refuses, examples FROM codes ORDER BY number DESC, code")
        return [
            CodeCount(code, number, bool(refuses), tuple(Finding(*example) for example in json.loads(examples)))
            for code, number, refuses, examples in rows
        ]

    def totals(self) -> dict[str, int]:
        """How many records the directory has, by kind, and what else needs requests or a person's attention."""
        counts = {name: int(self._db.execute(query).fetchone()[0]) for name, query in _TOTALS.items()}
        return {**counts, **json.loads(self._meta("people"))}

    def sign_ins(self) -> list[SignIn]:
        """The declared users by provider and connection."""
        return [SignIn(**way) for way in json.loads(self._meta("sign_ins"))]

    def summary(self) -> dict[str, dict[str, int]]:
        """Lines and buckets of each file of the export."""
        return dict(json.loads(self._meta("summary")))

    def digest(self) -> str:
        """SHA-256 over every record, as hex; equal for equal directories. Reads the whole store."""
        total = hashlib.sha256()
        for kind in KINDS:
            for row in self._db.execute(f"SELECT * FROM {kind} ORDER BY 1, 2"):
                total.update(f"{kind}\0{row!r}\n".encode())
        return total.hexdigest()

    @overload
    def secret(self, field: Literal["password"], external_id: str, expected: str) -> PasswordHash: ...

    @overload
    def secret(self, field: Literal["totp"], external_id: str, expected: str) -> str: ...

    def secret(self, field: Literal["password", "totp"], external_id: str, expected: str) -> PasswordHash | str:
        """A password hash or authenticator secret, read from the export at this moment.

        Raises ExportError if the export is not the one the directory was built from.
        """
        user = self.user_by_external_id(external_id)
        place = getattr(user, field) if user else None
        if place is None or place.fingerprint != expected:
            raise ExportError(f"the {field} of {plain(external_id)} is not the one that was previewed; run again")
        kind = "passwords" if field == "password" else "mfa"
        export = next(candidate for candidate in self.exports if candidate.names[kind] == place.file)
        try:
            data = parse(self._line_at(export.files[kind], place))
            secret, mark = _secret_of(field, data, export.prefix)
        except (OSError, ValueError, EOFError, zlib.error, ExportError):
            secret, mark = None, ""
        if secret is None or mark != expected:
            raise ExportError(f"{plain(place.file)} is not the file it was when the directory was built; run again")
        return secret

    def _line_at(self, path: Path, place: Secret) -> bytes:
        """The line of a secret; a packed file is unpacked once, into memory, and never onto the disk."""
        if not is_packed(path):
            with path.open("rb") as file:
                file.seek(place.offset)
                return file.read(place.length)
        if path not in self._unpacked:
            self._unpacked[path] = {piece.offset: piece.data for piece in pieces(path)}
        return self._unpacked[path].get(place.offset, b"")

    def _users(self, rest: str, name: str = "") -> Iterator[User]:
        rows = self._db.execute(f"SELECT * FROM users {rest}", {"name": name})
        for key, own, email, verified, first, last, metadata, *places in rows:
            password, totp = self._secret_at("passwords", places[:4]), self._secret_at("mfa", places[4:])
            yield User(
                key,
                own,
                email,
                bool(verified),
                first or None,
                last or None,
                json.loads(metadata or "{}"),
                password,
                totp,
            )

    def _secret_at(self, kind: str, place: list[Any]) -> Secret | None:
        mark, tenant, offset, length = place
        return Secret(mark, self.exports[tenant].names[kind], offset, length) if mark else None

    def _organizations(self, rest: str, *values: str) -> Iterator[Organization]:
        rows = self._db.execute(f"SELECT key, name, metadata, domains FROM organizations {rest}", values)
        for key, name, metadata, domains in rows:
            yield Organization(key, name, json.loads(metadata), tuple(json.loads(domains)))

    def _memberships(self, rest: str, *values: str) -> Iterator[Membership]:
        roles_of = lru_cache(4096)(lambda text: tuple(json.loads(text)))
        for organization, user, roles, active in self._db.execute(f"SELECT * FROM memberships {rest}", values):
            yield Membership(organization, user, roles_of(roles), bool(active))

    def _meta(self, name: str) -> Any:
        return self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]


def open_store(settings: Settings, project: Path, *, beside: Store | None = None) -> Store:
    """The store of the export and settings as they are now; built if it is not there yet.

    A build leaves the newest two on the disk; with `beside`, itself and the store that is open beside it.
    Raises ExportError for an unusable export and InvalidSettings if none is configured.
    """
    ledger = Ledger()
    exports = open_exports(settings, project, ledger)
    path = _path(settings, exports, project)
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_suffix(f".{os.getpid()}.draft")
        try:
            build(exports, settings, project, draft, ledger)
            draft.replace(path)
        finally:
            draft.unlink(missing_ok=True)
        _forget_old(path, beside.path if beside else path)
    return Store(path, exports)


def store_path(settings: Settings, project: Path) -> Path:
    """Where the store of the export and settings as they are now is, or would be. Raises as `open_store`."""
    return _path(settings, open_exports(settings, project, Ledger()), project)


def _path(settings: Settings, exports: list[Export], project: Path) -> Path:
    return state_folder(project) / f"{_name(settings, exports)}.sqlite"


def _name(settings: Settings, exports: list[Export]) -> str:
    shaping = settings.model_dump(mode="json", include=set(SHAPING))
    shaping["skip"] = sorted(shaping["skip"])
    text = json.dumps([_VERSION, shaping, list(shaping["roles"]), digest(exports)], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _secret_of(field: str, data: dict[str, Any], prefix: str) -> tuple[PasswordHash | str | None, str]:
    """The secret on a line and its fingerprint."""
    if field == "password":
        record = Password.model_validate(with_one_spelling(data))
        password_hash = usable_hash(record)
        return password_hash, fingerprint(record.owner, password_hash.whole) if password_hash else ""
    factor = Factor.model_validate(data)
    secret = usable_totp(factor)
    return secret, fingerprint(prefix + factor.user_id, secret) if secret else ""


def _forget_old(newest: Path, beside: Path) -> None:
    """Remove all stores but the newest two, or the newest and another, and what killed builds left behind."""
    stores = sorted(newest.parent.glob("*.sqlite"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    spared = {newest, beside}
    for path in [store for store in stores if store not in spared][KEPT_STORES - len(spared) :]:
        path.unlink(missing_ok=True)
    for path in left_behind(newest.parent):
        path.unlink(missing_ok=True)


def left_behind(folder: Path) -> Iterator[Path]:
    """What killed builds left in a project's `.ferry`."""
    for path in folder.glob("*.*.*"):
        draft = _DRAFT.fullmatch(path.name)
        if draft and not _is_running(int(draft[1])):
            yield path


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        pass
    return True
