"""A directory in the making: SQLite files of mode 0600 that hold an export's lines as rows while they are compared.

A million users do not fit into the memory that Ferry allows itself, so they are sorted and joined on disk. A row holds
where a secret stands and a digest of it, never the secret. The files go when the store is finished.
"""

from __future__ import annotations

import gc
import os
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from providers.directory.build.accounts import PEOPLE_COLUMNS, Person
from providers.findings import Ledger

#: Lines as rows. `place` is tenant and line in one number (`findings.LINE`), and a user's place is its number.
STAGE = {
    "users": f"""
CREATE TABLE people ({PEOPLE_COLUMNS}, PRIMARY KEY (place));
CREATE TABLE sign_ins (number INTEGER PRIMARY KEY, identities TEXT);
CREATE TABLE identities (own TEXT, tenant INT, connection TEXT, person INT, rank INT);
CREATE TABLE claims (own TEXT, email TEXT, verified INT);
""",
    "members": """
CREATE TABLE members (place INTEGER PRIMARY KEY, organization TEXT, user_id TEXT, roles INT);
CREATE TABLE role_sets (number INTEGER PRIMARY KEY, roles TEXT);
""",
    "passwords": """
CREATE TABLE passwords (place INTEGER PRIMARY KEY, position INT, length INT, tenant INT, connection TEXT, own TEXT,
    bare TEXT, email TEXT, set_at TEXT, fingerprint TEXT, fault TEXT);
""",
    "mfa": """
CREATE TABLE factors (place INTEGER PRIMARY KEY, position INT, length INT, user_id TEXT, fault TEXT, fingerprint TEXT);
""",
}
_FINDING_TABLES = """
CREATE TABLE findings (place INT, code TEXT, file TEXT, line INT, external_id TEXT, message TEXT);
CREATE TABLE withheld (file TEXT, external_id TEXT, code TEXT);
"""
#: What makes the comparisons quick, by the file whose rows it is for; made when all of them are in.
INDEXES = {
    "users": """
CREATE INDEX people_by_id ON people (user_id, fault, blocked);
CREATE INDEX people_by_email ON people (email);
CREATE INDEX identities_by_own ON identities (own, tenant, connection, person, rank);
""",
    "members": """
CREATE INDEX members_by_pair ON members (organization, user_id, place, roles);
CREATE INDEX members_by_user ON members (user_id, place);
""",
    "passwords": "CREATE INDEX passwords_by_own ON passwords (own, place, tenant, connection);",
}
_BATCH = 4096
#: What SQLite sorts at a time, in KiB: pieces that fit into a processor's cache, merged from disk, take half the time
#: that one great piece takes. And what it keeps of every draft beside.
_SORTED_KIB, _CACHED_KIB = 8192, 16384
_TABLES = {
    "people": len(Person._fields),
    "identities": 5,
    "claims": 3,
    "sign_ins": 2,
    "members": 4,
    "role_sets": 2,
    "passwords": 11,
    "factors": 6,
}


def connect(path: Path) -> sqlite3.Connection:
    """A new file for its owner only; a crash may lose it, since nothing reads an unfinished one."""
    os.close(os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600))
    return _connect(path)


def _connect(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA page_size = 16384")
    _set_up(db, "main", _SORTED_KIB)
    return db


@contextmanager
def opened(path: Path, **others: Path) -> Iterator[sqlite3.Connection]:
    """A new draft for findings, with other drafts beside it under their names."""
    with closing(connect(path)) as db:
        db.executescript(_FINDING_TABLES)
        for name, other in others.items():
            attach(db, name, other)
        yield db


@contextmanager
def reopened(path: Path, **others: Path) -> Iterator[sqlite3.Connection]:
    """A draft that is there, with other drafts beside it under their names."""
    with closing(_connect(path)) as db:
        for name, other in others.items():
            attach(db, name, other)
        yield db


def attach(db: sqlite3.Connection, name: str, path: Path) -> None:
    """Put another draft beside this one."""
    db.execute(f"ATTACH ? AS {name}", (str(path),))
    _set_up(db, name, _CACHED_KIB)


def _set_up(db: sqlite3.Connection, name: str, cache: int) -> None:
    settings = ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{cache}")
    db.executescript("".join(f"PRAGMA {name}.{setting};" for setting in settings))


@contextmanager
def at_once(db: sqlite3.Connection) -> Iterator[None]:
    """In one transaction. After an error the draft is worth nothing: without a journal nothing is rolled back."""
    db.execute("BEGIN")
    yield
    db.execute("COMMIT")


@contextmanager
def uncollected() -> Iterator[None]:
    """Without Python's cyclic garbage collector, which looks in vain through the millions of records of a build."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


class Stage:
    """Puts batches of rows into their tables, and the ledger's findings with them."""

    def __init__(self, db: sqlite3.Connection, kinds: Iterable[str], ledger: Ledger) -> None:
        self.db, self.ledger = db, ledger
        db.executescript("".join((_FINDING_TABLES, *(STAGE[kind] for kind in kinds))))

    def fill(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Put rows into a table, and the findings that making them brought."""
        source = iter(rows)
        while batch := list(islice(source, _BATCH)):
            self.add(table, batch)
            self.settle()
        self.settle()

    def add(self, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Put rows into a table."""
        self.db.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * _TABLES[table])})", rows)

    def settle(self) -> None:
        """Move what the ledger gathered out of memory."""
        settle(self.db, self.ledger)


def settle(db: sqlite3.Connection, ledger: Ledger) -> None:
    """Move findings and withheld ids of a ledger into the tables of a draft."""
    findings = (
        (at, finding.code, finding.file, finding.line, finding.external_id, finding.message)
        for at, finding in ledger.findings
    )
    db.executemany("INSERT INTO findings VALUES (?, ?, ?, ?, ?, ?)", findings)
    withheld = ((file, external_id, code) for (file, external_id), code in ledger.withheld.items())
    db.executemany("INSERT INTO withheld VALUES (?, ?, ?)", withheld)
    ledger.findings.clear()
    ledger.withheld.clear()


def settled(db: sqlite3.Connection, ledger: Ledger, rows: Iterable[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yields the rows as they are, and empties the ledger whenever its findings are many."""
    for row in rows:
        yield row
        if len(ledger.findings) >= _BATCH:
            settle(db, ledger)
