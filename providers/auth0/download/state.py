"""What is fetched so far: `.download/state.sqlite` of the folder, from which a stopped download goes on.

A page and the checkpoint after it are written in one transaction: no line twice, none lost, whenever the process ends.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from providers.auth0.download.errors import DownloadError

WORK = ".download"
_NAME = "state.sqlite"
#: Changes with the tables: what another version left is not gone on from.
_VERSION = 1
_SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE lists (
    id INTEGER PRIMARY KEY, kind TEXT NOT NULL, owner TEXT NOT NULL,
    checkpoint TEXT, finished INTEGER NOT NULL DEFAULT 0,
    received INTEGER NOT NULL DEFAULT 0, repeated INTEGER NOT NULL DEFAULT 0, missing INTEGER NOT NULL DEFAULT 0,
    remark TEXT NOT NULL DEFAULT '', UNIQUE (kind, owner)
);
CREATE TABLE items (list INTEGER, place INTEGER, own TEXT, item TEXT NOT NULL, PRIMARY KEY (list, place)) WITHOUT ROWID;
CREATE UNIQUE INDEX items_once ON items (list, own);
CREATE TABLE users (own TEXT PRIMARY KEY) WITHOUT ROWID;
"""


class Row(NamedTuple):
    """A list that is being fetched: of the tenant, or of one organization (`owner`)."""

    id: int
    kind: str
    owner: str
    checkpoint: str | None


class State:
    """Thread-safe. One process at a time works on a folder."""

    def __init__(self, folder: Path) -> None:
        """Opens the folder's state, or begins one. Raises DownloadError if another process has it open."""
        self.work = folder / WORK
        self.work.mkdir(mode=0o700, exist_ok=True)
        path = self.work / _NAME
        os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_NOFOLLOW, 0o600))
        self._lock = threading.RLock()
        self.db = sqlite3.connect(path, timeout=0, check_same_thread=False)
        try:
            self.db.executescript(
                "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL"
            )
            with self.db:
                self.db.execute("BEGIN IMMEDIATE")
                (version,) = self.db.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self.db.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {_VERSION}; COMMIT")
        except sqlite3.OperationalError:
            self.db.close()
            raise DownloadError(f"another `ferry download` is at work in {folder}") from None
        except sqlite3.DatabaseError:
            self.db.close()
            raise self._unusable() from None
        if version not in (0, _VERSION):
            self.db.close()
            raise self._unusable()

    def _unusable(self) -> DownloadError:
        return DownloadError(f"{self.work} was left by another version, or is damaged: delete it to begin anew")

    def close(self) -> None:
        """Let the next process in."""
        with self._lock:
            self.db.close()

    def fact(self, name: str) -> Any:
        """What was noted under a name, or None."""
        with self._lock:
            row = self.db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return None if row is None else json.loads(row[0])

    def note(self, **facts: Any) -> None:
        """Remember JSON values by name; None forgets."""
        with self._lock, self.db:
            self.db.executemany(
                "REPLACE INTO facts VALUES (?, ?)", [(name, json.dumps(value)) for name, value in facts.items()]
            )

    def plan(self, kinds: Iterable[str], owners_of: str) -> None:
        """Begin a list of each kind for every item of the list `owners_of`, in its order, unless it is begun."""
        with self._lock, self.db:
            self.db.execute(
                "INSERT OR IGNORE INTO lists (kind, owner) SELECT kinds.value, own FROM items, json_each(?) AS kinds "
                "WHERE own IS NOT NULL AND list = (SELECT id FROM lists WHERE kind = ?) ORDER BY place, kinds.key",
                (json.dumps(list(kinds)), owners_of),
            )

    def begin(self, kind: str) -> None:
        """Begin a list of the tenant, unless it is begun."""
        with self._lock, self.db:
            self.db.execute("INSERT OR IGNORE INTO lists (kind, owner) VALUES (?, '')", (kind,))

    def unfinished(self, kinds: Iterable[str]) -> list[Row]:
        """The lists of these kinds that are not whole, those of one organization one after another."""
        query = (
            "SELECT id, kind, owner, checkpoint FROM lists WHERE finished = 0 "
            "AND kind IN (SELECT value FROM json_each(?)) ORDER BY id"
        )
        with self._lock:
            return [Row(*row) for row in self.db.execute(query, (json.dumps(list(kinds)),))]

    def count(self, kinds: Iterable[str]) -> int:
        """How many lists of these kinds there are."""
        query = "SELECT count(*) FROM lists WHERE kind IN (SELECT value FROM json_each(?))"
        with self._lock:
            return int(self.db.execute(query, (json.dumps(list(kinds)),)).fetchone()[0])

    def add(self, row: Row, items: list[tuple[str | None, str]], checkpoint: str | None, missing: int = 0) -> Row:
        """Store a page: ids and JSON texts, and where the next one begins, None if the list is whole. A repeated id is
        counted, and its newest text kept. `missing` is how many items Auth0 counts but does not give.
        """
        own = [own_id for own_id, _ in items if own_id is not None]
        known = "SELECT count(*) FROM items WHERE list = ? AND own IN (SELECT value FROM json_each(?))"
        with self._lock, self.db:
            (received,) = self.db.execute("SELECT received FROM lists WHERE id = ?", (row.id,)).fetchone()
            (again,) = self.db.execute(known, (row.id, json.dumps(own))).fetchone()
            self.db.executemany(
                "INSERT INTO items VALUES (?, ?, ?, ?) ON CONFLICT (list, own) DO UPDATE SET item = excluded.item",
                [(row.id, received + place, own_id, item) for place, (own_id, item) in enumerate(items)],
            )
            self.db.execute(
                "UPDATE lists SET checkpoint = ?, finished = ?, received = received + ?, repeated = repeated + ?, "
                "missing = ? WHERE id = ?",
                (checkpoint, checkpoint is None, len(items), len(own) - len(set(own)) + again, missing, row.id),
            )
        return row._replace(checkpoint=checkpoint)

    def restart(self, row: Row) -> Row:
        """Forget a list's pages."""
        with self._lock, self.db:
            self.db.execute("DELETE FROM items WHERE list = ?", (row.id,))
            self.db.execute("UPDATE lists SET checkpoint = NULL, received = 0, repeated = 0 WHERE id = ?", (row.id,))
        return row._replace(checkpoint=None)

    def give_up(self, row: Row, remark: str) -> None:
        """End a list whose rest cannot be had; the remark is the reason."""
        with self._lock, self.db:
            self.db.execute("UPDATE lists SET finished = 1, remark = ? WHERE id = ?", (remark, row.id))

    def replace_users(self, batches: Iterator[list[str]]) -> int:
        """Remember the ids of all users instead of those before. Returns how many came twice."""
        repeated = 0
        with self._lock, self.db:
            self.db.execute("DELETE FROM users")
        for batch in batches:
            with self._lock, self.db:
                before = self.db.total_changes
                self.db.executemany("INSERT OR IGNORE INTO users VALUES (?)", [(own,) for own in batch])
                repeated += len(batch) - (self.db.total_changes - before)
        return repeated

    def items(self, kind: str, owner: str | None = None) -> Iterator[tuple[str, str]]:
        """Owner and JSON text of all items of a kind, or of one owner's, in the order of the lists."""
        query = "SELECT owner, item FROM lists JOIN items ON items.list = lists.id WHERE kind = ?"
        values = (kind,) if owner is None else (kind, owner)
        yield from self.db.execute(
            query + ("" if owner is None else " AND owner = ?") + " ORDER BY lists.id, place", values
        )
