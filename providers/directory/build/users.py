"""People and their credentials as the users that WorkOS is to have: the last word on every line about a person."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any

from providers.directory.build.accounts import COLUMNS, Person, providers_in, seniority
from providers.directory.build.draft import settled
from providers.directory.build.merging import Fate, Group, People, faulty, is_blocked
from providers.directory.sign_in import must_verify
from providers.directory.tables import columns_of
from providers.findings import TENANT, Ledger

_FACTOR_FAULTS = {
    "recovery_code": "recovery codes cannot be imported",
    "factor_not_importable": "only authenticator apps (TOTP) can be imported",
}
#: Accounts that are users of their own, as nearly all are.
_PLAIN = "p.fault = '' AND p.place NOT IN (SELECT person FROM odd)"
#: The columns of a user in the store, and what they are of an account `p` with its hash `h` and its authenticator `t`.
_COLUMNS = {
    "key": "p.user_id",
    "external_id": "p.user_id",
    "email_verified": "p.verified",
    "password": "iif(p.blocked, NULL, h.fingerprint)",
    "password_tenant": f"h.place / {TENANT}",
    "password_offset": "h.position",
    "password_length": "h.length",
    "totp": "t.fingerprint",
    "totp_tenant": f"t.place / {TENANT}",
    "totp_offset": "t.position",
    "totp_length": "t.length",
}
_SELECTED = ", ".join(_COLUMNS.get(column, f"p.{column}") for column in columns_of("users"))
_INSERT = f"INSERT INTO final.users ({', '.join(columns_of('users'))})"
#: Without an index the rows come by place, as those of `hashes` and `totps` do.
_JOINED = "FROM people p NOT INDEXED LEFT JOIN hashes h ON h.person = p.place LEFT JOIN totps t ON t.person = p.place"
_INSERT_PLAIN = f"{_INSERT} SELECT {_SELECTED} {_JOINED} WHERE {_PLAIN} ORDER BY p.user_id"


def end_factors(db: sqlite3.Connection, people: People, ledger: Ledger) -> None:
    """Put every MFA line into its bucket; fills `totps` with the one authenticator of each user."""
    db.execute("CREATE TABLE totps (person INTEGER PRIMARY KEY, place INT, position INT, length INT, fingerprint TEXT)")
    query = """
    SELECT f.place, f.position, f.length, f.user_id, f.fault, f.fingerprint, p.place, p.fault, p.blocked
    FROM factors f LEFT JOIN people p ON p.user_id = f.user_id ORDER BY f.place
    """
    seen: set[int] = set()
    groups: dict[str, Group] = {}
    rows = settled(db, ledger, db.execute(query))
    for place, position, length, user, fault, mark, person, user_fault, blocked in rows:
        fate = people.fate(person, user_fault) if person is not None else None
        if fate is not None and (ended := fate.excludes):
            ledger.end(ended[0], "mfa", place, user, *ended[1:])
        elif person is None and (code := people.unreadable.get(user)):
            ledger.refuse("mfa", place, user, f"user_rejected:{code}", "its user is refused")
        elif person is None:
            ledger.refuse("mfa", place, user, "unknown_user", "no user of the export has this id")
        elif fault in _FACTOR_FAULTS:
            ledger.refuse("mfa", place, user, fault, _FACTOR_FAULTS[fault])
        elif is_blocked(fate, blocked):
            ledger.refuse("mfa", place, user, "user_blocked", "its user is blocked")
        elif person in seen:
            ledger.refuse("mfa", place, user, "second_otp", "the user has an earlier authenticator line")
        elif fault:
            ledger.refuse("mfa", place, user, fault, "the secret is not Base32")
        else:
            seen.add(person)
            db.execute("INSERT INTO totps VALUES (?, ?, ?, ?, ?)", (person, place, position, length, mark))
            if fate is not None and fate.group is not None:
                groups[fate.group.key] = fate.group
    for group in groups.values():
        _end_rivals(group, seen, db, ledger)
    (declared,) = db.execute("SELECT count(*) FROM totps").fetchone()
    ledger.put("mfa", "declared", declared)


def _end_rivals(group: Group, seen: set[int], db: sqlite3.Connection, ledger: Ledger) -> None:
    """Of the authenticators of merged accounts the primary account's counts, else the earliest account's."""
    rivals = [member for member in group.members if member.place in seen]
    rivals.sort(key=lambda member: (member is not group.primary, *seniority(member)))
    for person in rivals[1:]:
        (place,) = db.execute("DELETE FROM totps WHERE person = ? RETURNING place", (person.place,)).fetchone()
        message = "another merged account's authenticator counts"
        ledger.end("merged", "mfa", place, person.user_id, "merged_record_not_primary", message)
    db.execute("UPDATE totps SET person = ? WHERE person = ?", (group.primary.place, rivals[0].place))


def end_users(db: sqlite3.Connection, people: People, ledger: Ledger) -> Counter[tuple[str, bool]]:
    """Put every users line into its bucket, every declared user into the store.

    Returns the declared users by their identities (`accounts.sign_in_of`) and by whether they must verify their email.
    """
    sets = dict(db.execute("SELECT number, identities FROM sign_ins"))
    each = f"SELECT p.sign_in, p.verifies, count(*) FROM people p WHERE {_PLAIN} GROUP BY 1, 2"
    counted: Counter[tuple[str, bool]] = Counter()
    for number, verified, users in db.execute(each):
        counted[sets[number], bool(verified)] += users
    db.execute(_INSERT_PLAIN)
    ledger.put("users", "declared", counted.total())
    groups: list[Group] = []
    for plain, *row in _remarkable(db, ledger):
        person = Person._make(row)
        if plain:
            _miss_authenticator(person.place, person.user_id, ledger)
            continue
        fate = people.odd.get(person.place) or faulty(person.fault, person.why)
        if _end(person, fate, ledger) and fate.group:
            groups.append(fate.group)
    for group in groups:
        identities = "\n".join(sets[member.sign_in] for member in group.members)
        verifies = must_verify(group.primary.email, bool(group.primary.verified), providers_in(identities))
        counted[identities, verifies] += 1
        _insert_group(group, db, ledger)
    return counted


def _remarkable(db: sqlite3.Connection, ledger: Ledger) -> Iterator[tuple[Any, ...]]:
    """The accounts that are no user of their own, or lack their authenticator; before each, whether it is one."""
    missing = "p.mfa AND NOT p.blocked AND p.place NOT IN (SELECT person FROM totps)"
    query = f"SELECT {_PLAIN}, {COLUMNS} FROM people p WHERE NOT ({_PLAIN}) OR ({missing}) ORDER BY p.place"
    return settled(db, ledger, db.execute(query))


def _end(person: Person, fate: Fate, ledger: Ledger) -> bool:
    """Put the line into its bucket. Returns true for the primary account of a group."""
    if fate.bucket == "declared":
        ledger.put("users", "declared")
        return True
    ledger.end(fate.bucket, "users", person.place, person.user_id, fate.code, fate.message)
    return False


def _insert_group(group: Group, db: sqlite3.Connection, ledger: Ledger) -> None:
    primary = group.primary
    if group.blocked and not all(member.blocked for member in group.members):
        message = "one of the merged accounts is blocked, so the WorkOS user arrives blocked"
        ledger.note("users", primary.place, primary.user_id, "merged_blocked", message)
    values = db.execute(f"SELECT {_SELECTED} {_JOINED} WHERE p.place = ?", (primary.place,)).fetchone()
    row = dict(zip(columns_of("users"), values, strict=True))
    row |= {"key": group.key, "email_verified": max(member.verified for member in group.members)}
    if group.blocked:
        row["password"] = None
    db.execute(f"{_INSERT} VALUES ({', '.join('?' * len(row))})", tuple(row.values()))
    if row["totp"] is None and not group.blocked and any(member.mfa for member in group.members):
        _miss_authenticator(primary.place, primary.user_id, ledger)


def _miss_authenticator(place: int, own: str, ledger: Ledger) -> None:
    message = "the user has MFA in Auth0, and no authenticator app that comes along"
    ledger.note("users", place, own, "authenticator_missing", message)
