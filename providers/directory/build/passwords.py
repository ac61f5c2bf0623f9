"""Password hashes, joined to the users that own them (identity rule 7), over the rows of a draft."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby

from providers.auth0.credentials import Match, choose
from providers.directory.build.draft import settled
from providers.directory.build.merging import People, is_blocked
from providers.findings import TENANT, Ledger

_LAST = 1 << 40

_TABLES = (
    "CREATE TABLE matches (place INTEGER PRIMARY KEY, person INT, owners INT, rank INT, by_email INT)",
    """
    CREATE TABLE hashes (person INTEGER PRIMARY KEY, place INT, position INT, length INT, fingerprint TEXT,
    by_email INT, number INT)
    """,
    "CREATE TABLE tied (place INTEGER PRIMARY KEY)",
)
_SAME_CONNECTION = "(p.connection IS NULL OR i.connection IS NULL OR i.connection = p.connection)"
_BY_ID = f"""
INSERT INTO matches SELECT p.place, min(i.person), count(DISTINCT i.person), min(i.rank), 0
FROM passwords p CROSS JOIN identities i ON i.own = p.{{own}} AND i.tenant = p.tenant AND {_SAME_CONNECTION}
WHERE p.{{own}} <> '' AND p.place NOT IN (SELECT place FROM matches) GROUP BY p.{{own}}, p.place ORDER BY p.place
"""
_USABLE = "FROM matches m JOIN passwords p USING (place) WHERE m.owners = 1 AND p.fault = ''"


def match_passwords(db: sqlite3.Connection) -> None:
    """Join each line to its account: by connection and `alt_id` or `$oid`; by email only if the line carries no id and
    the email stands once in either file of the tenant. Fills `matches`, and `hashes` with each account's hash that
    counts.
    """
    for table in _TABLES:
        db.execute(table)
    db.execute(_BY_ID.format(own="own"))
    db.execute(_BY_ID.format(own="bare"))
    _match_by_email(db)
    columns = "m.person, p.place, p.position, p.length, p.fingerprint, m.by_email"
    db.execute(f"INSERT INTO hashes SELECT {columns}, count(*) {_USABLE} GROUP BY m.person")
    rivals = list(_rivals(db))
    db.execute("DELETE FROM hashes WHERE number > 1")
    for matches in rivals:
        best, tied = choose(matches)
        db.executemany("INSERT INTO tied VALUES (?)", ((match.place,) for match in tied))
        if best is not None:
            db.execute(f"INSERT INTO hashes SELECT {columns}, 1 {_USABLE} AND p.place = ?", (best.place,))


def _match_by_email(db: sqlite3.Connection) -> None:
    """Join the lines without id by an email that stands once among the hashes, and once among the users."""
    db.execute(
        "CREATE TABLE without_id (email TEXT, tenant INT, number INT, PRIMARY KEY (email, tenant)) WITHOUT ROWID"
    )
    wanted = "SELECT email, tenant FROM passwords WHERE own = '' AND email <> ''"
    count = "SELECT email, tenant, count(*) FROM passwords WHERE (email, tenant) IN"
    db.execute(f"INSERT INTO without_id {count} ({wanted}) GROUP BY email, tenant HAVING count(*) = 1")
    lines = (
        "SELECT place, connection, email, tenant FROM passwords JOIN without_id USING (email, tenant) WHERE own = ''"
    )
    owners = "SELECT place, identities FROM people JOIN sign_ins ON number = sign_in WHERE email = ? AND place / ? = ?"
    for place, connection, email, tenant in db.execute(lines).fetchall():
        users = db.execute(owners, (email, TENANT, tenant)).fetchall()
        if len(users) == 1 and _has_database_identity(users[0][1], connection):
            db.execute("INSERT INTO matches VALUES (?, ?, 1, ?, 1)", (place, users[0][0], _LAST))


def _has_database_identity(identities: str, connection: str | None) -> bool:
    """Does one of the identities (`accounts.sign_in_of`) belong to this database, as far as both sides name it?"""
    pairs = (line.split("\t") for line in identities.split("\n"))
    return any(provider == "auth0" and (not connection or theirs in {"", connection}) for provider, theirs in pairs)


def _rivals(db: sqlite3.Connection) -> Iterator[list[Match]]:
    """The usable hashes of every account that has several."""
    several = "SELECT person FROM hashes WHERE number > 1"
    columns = "m.person, p.place, m.rank, p.set_at, p.fingerprint"
    query = f"SELECT {columns} {_USABLE} AND m.person IN ({several}) ORDER BY m.person"
    for _, rows in groupby(db.execute(query), lambda row: int(row[0])):
        yield [Match(*row[1:]) for row in rows]


def end_passwords(db: sqlite3.Connection, people: People, ledger: Ledger) -> None:
    """Put every password line into its bucket."""
    plain = """
    SELECT h.place FROM hashes h CROSS JOIN people x ON x.place = h.person
    WHERE x.fault = '' AND NOT x.blocked AND NOT h.by_email AND h.person NOT IN (SELECT person FROM odd)
    """
    db.execute("CREATE TABLE plain_hashes (place INTEGER PRIMARY KEY)")
    ledger.put("passwords", "declared", db.execute(f"INSERT INTO plain_hashes {plain} ORDER BY h.place").rowcount)
    columns = "p.place, iif(p.bare <> '', p.bare, p.own), p.fault, m.person, m.owners, m.by_email, x.user_id, x.fault"
    rest = f"""
    SELECT {columns}, x.blocked, h.place
    FROM passwords p LEFT JOIN matches m ON m.place = p.place LEFT JOIN people x ON x.place = m.person
    LEFT JOIN hashes h ON h.person = m.person
    WHERE p.place NOT IN (SELECT place FROM plain_hashes) ORDER BY p.place
    """
    rows = settled(db, ledger, db.execute(rest))
    for place, own, unusable, person, owners, by_email, user_id, fault, blocked, best in rows:
        if not owners:
            ledger.refuse("passwords", place, own, "no_matching_user", "no user of the export owns this hash")
            continue
        if owners > 1:
            message = f"{owners} users could own this hash"
            ledger.refuse("passwords", place, own, "several_matching_users", message)
            continue
        fate = people.fate(person, fault)
        if fate is not None and (ended := fate.excludes):
            ledger.end(ended[0], "passwords", place, user_id, *ended[1:])
        elif fate is not None and fate.bucket == "merged":
            message = "its account was merged into another"
            ledger.end("merged", "passwords", place, user_id, "merged_record_not_primary", message)
        elif is_blocked(fate, blocked):
            ledger.refuse("passwords", place, own, "user_blocked", "its user is blocked")
        elif unusable:
            ledger.refuse("passwords", place, own, "unsupported_hash", unusable)
        elif best == place:
            ledger.put("passwords", "declared")
            if by_email:
                ledger.note("passwords", place, user_id, "hash_joined_by_email", "joined by an email that is unique")
        elif db.execute("SELECT 1 FROM tied WHERE place = ?", (place,)).fetchone():
            message = "two different hashes claim to be this user's"
            ledger.refuse("passwords", place, own, "several_hashes", message)
        else:
            ledger.end("merged", "passwords", place, own, "second_hash", "another hash of this user counts")
