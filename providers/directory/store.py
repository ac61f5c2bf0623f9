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
from collections.abc import Iterator, Sequence
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
    SCHEMAS,
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
from providers.directory.tables import columns_of, reader
from providers.findings import CodeCount, Finding, Ledger
from providers.project import state_folder
from providers.settings import FILE_OF, KINDS, Kind, Settings
from providers.text import plain

#: Raise it when a change of the mapping must not reuse the stores of an older version; another field is one anyway.
_VERSION = 7
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
#: What nothing can read back, and who has any of it.
_SECRETS = tuple(name for name in SCHEMAS["users"].names if name in SCHEMAS["users"].secrets)
_HAS_SECRET = " OR ".join(f"{name} NOTNULL" for name in _SECRETS)
_TOTALS: dict[str, str] = {
    **{kind: f"SELECT count(*) FROM {kind}" for kind in KINDS},
    "inactive_memberships": "SELECT count(*) FROM memberships WHERE NOT active",
    "memberships_with_several_roles": "SELECT count(*) FROM memberships WHERE instr(roles, ',')",
    "default_roles": "SELECT count(*) FROM roles WHERE slug = 'member'",
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

    @overload
    def records(self, kind: Literal["organizations"]) -> Iterator[Organization]: ...
    @overload
    def records(self, kind: Literal["roles"]) -> Iterator[Role]: ...
    @overload
    def records(self, kind: Literal["users"]) -> Iterator[User]: ...
    @overload
    def records(self, kind: Literal["memberships"]) -> Iterator[Membership]: ...
    @overload
    def records(self, kind: Kind) -> Iterator[Record]: ...

    def records(self, kind: Kind) -> Iterator[Any]:
        """All records of a kind, in order of their keys."""
        return self._read(kind, f"ORDER BY {', '.join(SCHEMAS[kind].columns)}")

    def keys(self, kind: Kind) -> Iterator[str]:
        """The keys of a kind, in their order; not for memberships."""
        (key,) = SCHEMAS[kind].columns
        yield from (key for (key,) in self._db.execute(f"SELECT {key} FROM {kind} ORDER BY {key}"))

    def memberships_of(self, organization: str) -> Iterator[Membership]:
        """The memberships of one organization (its external id)."""
        return self._read("memberships", "WHERE organization = :name", name=organization)

    def count_with_secrets(self) -> int:
        """How many users have a password or an authenticator."""
        return int(self._db.execute(f"SELECT count(*) FROM users WHERE {_HAS_SECRET}").fetchone()[0])

    def secrets_of(self, keys: Sequence[str]) -> Iterator[tuple[str, dict[str, str]]]:
        """The fingerprints of password and authenticator by key, of those of these users who have one."""
        columns = ", ".join(("key", *_SECRETS))
        for start in range(0, len(keys), _AT_ONCE):
            some = keys[start : start + _AT_ONCE]
            places = ", ".join("?" * len(some))
            query = f"SELECT {columns} FROM users WHERE key IN ({places}) AND ({_HAS_SECRET})"
            for key, *marks in self._db.execute(query, some):
                yield key, {name: mark for name, mark in zip(_SECRETS, marks, strict=True) if mark}

    def user_by_external_id(self, external_id: str) -> User | None:
        """The declared user with this external id, or None."""
        return next(self._read("users", f"WHERE {_NAMED}", name=external_id), None)

    def is_verified_in_auth0(self, external_id: str) -> bool:
        """Does Auth0 itself call this declared user's email verified, and each that is merged into it?

        No, if only `ferry:emailVerified` trust-text does.
        """
        query = f"SELECT email_verified FROM users WHERE {_NAMED}"
        row = self._db.execute(query, {"name": external_id}).fetchone()
        return row is not None and row[0] not in (0, BY_TEXT)

    def user_by_key(self, key: str) -> User | None:
        """The declared user with this key, or None."""
        return next(self._read("users", "WHERE key = :name", name=key), None)

    def organization_by_external_id(self, external_id: str) -> Organization | None:
        """The declared organization with this external id, or None."""
        return next(self._read("organizations", "WHERE external_id = :name", name=external_id), None)

    def record(self, kind: Kind, key: str) -> Record | None:
        """The declared record with this key, or None."""
        columns = SCHEMAS[kind].columns
        where = "WHERE " + " AND ".join(f"{column} = :{column}" for column in columns)
        found = (next(self._read(kind, where, **names), None) for names in _names(columns, key))
        return next((record for record in found if record), None)

    def declares(self, kind: Kind, name: str) -> bool:
        """Is there a record of this kind with this key or external id?"""
        columns = SCHEMAS[kind].columns
        where = " AND ".join(f"{column} = :{column}" for column in columns)
        if kind == "users":
            where = f"{where} OR {_MERGED}"
        query = f"SELECT 1 FROM {kind} WHERE {where}"
        return any(self._db.execute(query, {"name": name, **names}).fetchone() for names in _names(columns, name))

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
        kind = SCHEMAS["users"].by_name[field].file
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

    @overload
    def _read(self, kind: Literal["organizations"], rest: str, **values: str) -> Iterator[Organization]: ...
    @overload
    def _read(self, kind: Literal["users"], rest: str, **values: str) -> Iterator[User]: ...
    @overload
    def _read(self, kind: Literal["memberships"], rest: str, **values: str) -> Iterator[Membership]: ...
    @overload
    def _read(self, kind: Kind, rest: str, **values: str) -> Iterator[Record]: ...

    def _read(self, kind: Kind, rest: str, **values: str) -> Iterator[Any]:
        """The records of a kind that a query's `rest` selects."""
        rows = self._db.execute(f"SELECT {', '.join(columns_of(kind))} FROM {kind} {rest}", values)
        return reader(kind, self._secret_at)(rows)

    def _secret_at(self, field: str, fingerprint: str, tenant: int, offset: int, length: int) -> Secret:
        return Secret(fingerprint, self.exports[tenant].names[SCHEMAS["users"].by_name[field].file], offset, length)

    def _meta(self, name: str) -> Any:
        return self._db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()[0]


def _names(columns: Sequence[str], key: str) -> Iterator[dict[str, str]]:
    """The values of these columns that a key may stand for; of two, both are in it (`cuts`)."""
    for values in cuts(key) if len(columns) > 1 else [(key,)]:
        yield dict(zip(columns, values, strict=True))


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
    columns = [columns_of(kind) for kind in KINDS]
    text = json.dumps([_VERSION, columns, shaping, list(shaping["roles"]), digest(exports)], sort_keys=True)
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
