"""Password hashes, joined to the users that own them (identity rule 7), over the rows of a draft."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import groupby

from providers.auth0.credentials import Match, choose
from providers.directory.draft import settled
from providers.directory.people import People, is_blocked
from providers.findings import TENANT, Ledger

_LAST = 1 << 40

_TABLES = (
    "CREATE TABLE matches (place INTEGER PRIMARY KEY, person INT, owners INT, rank INT, by_email INT)",
    "CREATE TABLE hashes (person INTEGER PRIMARY KEY, place INT, position INT, length INT, fingerprint TEXT)",
    "CREATE TABLE tied (place INTEGER PRIMARY KEY)",
)
_SAME_CONNECTION = "(p.connection IS NULL OR i.connection IS NULL OR i.connection = p.connection)"
_BY_ID = f"""
INSERT INTO matches SELECT p.place, min(i.person), count(DISTINCT i.person), min(i.rank), 0
FROM passwords p CROSS JOIN identities i ON i.own = p.{{own}} AND i.tenant = p.tenant AND {_SAME_CONNECTION}
WHERE p.{{own}} <> '' AND p.place NOT IN (SELECT place FROM matches) GROUP BY p.place
"""
_BY_EMAIL = f"""
INSERT INTO matches SELECT p.place, min(x.place), count(*), {_LAST}, 1
FROM passwords p CROSS JOIN people x ON x.email = p.email AND x.place / {TENANT} = p.tenant
WHERE p.own = '' AND p.email <> ''
AND (SELECT count(*) FROM passwords q WHERE q.email = p.email AND q.tenant = p.tenant) = 1
GROUP BY p.place HAVING count(*) = 1
AND EXISTS (SELECT 1 FROM identities i WHERE i.person = x.place AND {_SAME_CONNECTION})
"""
_USABLE = "FROM matches m JOIN passwords p USING (place) WHERE m.owners = 1 AND p.fault = ''"


def match_passwords(db: sqlite3.Connection) -> None:
    """Join each line: by connection and `alt_id` or `$oid`; by email only if the line carries no id and the email
    stands once in either file of the tenant. Fills `matches`, and `hashes` with the one that counts of each account.
    """
    for table in _TABLES:
        db.execute(table)
    db.execute(_BY_ID.format(own="own"))
    db.execute(_BY_ID.format(own="bare"))
    if db.execute("SELECT 1 FROM passwords WHERE own = '' LIMIT 1").fetchone():
        db.execute("CREATE INDEX rest.passwords_by_email ON passwords (email)")
        db.execute("CREATE INDEX identities_by_person ON identities (person)")
        db.execute(_BY_EMAIL)
    columns = "m.person, p.place, p.position, p.length, p.fingerprint"
    db.execute(f"INSERT INTO hashes SELECT {columns} {_USABLE} GROUP BY m.person HAVING count(*) = 1")
    for person, matches in list(_rivals(db)):
        best, _, tied = choose(matches)
        db.executemany("INSERT INTO tied VALUES (?)", ((one.place,) for one in tied))
        if best is not None:
            query = "INSERT INTO hashes SELECT ?, place, position, length, fingerprint FROM passwords WHERE place = ?"
            db.execute(query, (person, best.place))


def _rivals(db: sqlite3.Connection) -> Iterator[tuple[int, list[Match]]]:
    """The usable hashes of every account that has several."""
    several = f"SELECT m.person {_USABLE} GROUP BY m.person HAVING count(*) > 1"
    columns = "m.person, p.place, m.rank, p.set_at, p.fingerprint"
    query = f"SELECT {columns} {_USABLE} AND m.person IN ({several}) ORDER BY m.person"
    for person, rows in groupby(db.execute(query), lambda row: int(row[0])):
        yield person, [Match(*row[1:]) for row in rows]


def end_passwords(db: sqlite3.Connection, people: People, ledger: Ledger) -> None:
    """Every password line into its bucket."""
    joined = """
    FROM passwords p LEFT JOIN matches m ON m.place = p.place LEFT JOIN people x ON x.place = m.person
    LEFT JOIN hashes h ON h.person = m.person
    """
    plain = """
    m.owners = 1 AND h.place = p.place AND x.fault = '' AND NOT x.blocked AND NOT m.by_email
    AND m.person NOT IN (SELECT person FROM odd)
    """
    (declared,) = db.execute(f"SELECT count(*) {joined} WHERE {plain}").fetchone()
    ledger.put("passwords", "declared", declared)
    columns = (
        "p.place, iif(p.bare <> '', p.bare, p.own), p.fault, m.person, m.owners, m.by_email, x.user_id, x.fault, x.blocked"
    )
    rest = f"SELECT {columns}, h.place {joined} WHERE ({plain}) IS NOT TRUE ORDER BY p.place"
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
