"""The accounts of an export as people: each id once, and one WorkOS user an email."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby

from providers.auth0.records import instant
from providers.directory.build.accounts import COLUMNS, Person, seniority
from providers.findings import TENANT, Bucket, Ledger
from providers.settings import Settings


@dataclass(frozen=True, slots=True)
class Group:
    """The accounts that become one WorkOS user; `key` is the smallest id, `primary` gives the fields."""

    key: str
    primary: Person
    members: tuple[Person, ...]

    @property
    def blocked(self) -> bool:
        """Blocked if any account is."""
        return any(person.blocked for person in self.members)


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of an account: its bucket and why; of a declared or merged one the key of its WorkOS user, whether
    that is blocked, and the group.
    """

    bucket: Bucket
    code: str = ""
    message: str = ""
    home: str = ""
    blocked: bool = False
    group: Group | None = None

    @property
    def excludes(self) -> tuple[Bucket, str, str] | None:
        """Bucket, code and message of whatever else belongs to the account; None if the account is in the directory."""
        if self.bucket == "skipped":
            return "skipped", "skipped", "its user is left out"
        return ("refused", f"user_rejected:{self.code}", "its user is refused") if self.bucket == "refused" else None


def is_blocked(fate: Fate | None, blocked: bool) -> bool:
    """Is the WorkOS user blocked that an account became? `blocked` is the account's own flag."""
    return fate.blocked if fate and fate.home else bool(blocked)


@dataclass(slots=True)
class People:
    """What became of every account; held in memory only for those that are not simply declared by themselves."""

    #: By the account's place.
    odd: dict[int, Fate] = field(default_factory=dict)
    #: Ids of users whose line cannot be used, and the finding's code.
    unreadable: dict[str, str] = field(default_factory=dict)

    def fate(self, place: int, fault: str | None) -> Fate | None:
        """The fate of an account of the export; None if it is a user of its own."""
        return self.odd.get(place) or (faulty(fault, "") if fault else None)


def group_people(db: sqlite3.Connection, settings: Settings, hashes_known: Callable[[], None]) -> People:
    """Group the rows of `people`: one WorkOS user an email (identity rule 6).

    Expects every account once (`drop_repeated`), and after `hashes_known` those that have a usable hash in `hashes`.
    Fills `odd` with the accounts that are not simply declared by themselves.
    """
    known = "(SELECT user_id FROM people)"
    query = f"SELECT external_id, code FROM people_draft.withheld WHERE file = 'users' AND external_id NOT IN {known}"
    people = People(unreadable={own: code for own, code in db.execute(query) if own})
    others: dict[str, list[bool]] = defaultdict(list)
    for own, email, verified in db.execute("SELECT own, email, verified FROM claims"):
        if own in people.unreadable or own.startswith("line "):
            others[email].append(bool(verified))
    groups: list[list[Person]] = []
    for email, sharing in _sharing(db, others.keys()):
        usable: list[Person] = []
        members = others.get(email, [])
        for person in sharing:
            if person.fault or person.place in people.odd:
                members += [bool(person.verified)] if person.fault != "skipped" else []
            else:
                usable.append(person)
        if usable:
            accounts = _declarable(usable, members, settings, people)
            if len(accounts) > 1:
                groups.append(accounts)
    hashes_known()
    for group in groups:
        _settle(group, db, settings, people)
    if settings.blocked_users == "skip":
        for person in _select(db, "WHERE p.blocked AND p.fault = ''"):
            people.odd.setdefault(person.place, _BLOCKED_SKIPPED)
    _write_down(db, people)
    return people


def _write_down(db: sqlite3.Connection, people: People) -> None:
    columns = "person INTEGER PRIMARY KEY, bucket TEXT, code TEXT, home TEXT, blocked INT"
    db.execute(f"CREATE TABLE people_draft.odd ({columns})")
    rows = (
        (place, person.bucket, person.code, person.home, int(person.blocked))
        for place, person in sorted(people.odd.items())
    )
    db.executemany("INSERT INTO odd VALUES (?, ?, ?, ?, ?)", rows)
    db.execute("CREATE TABLE people_draft.unreadable (own TEXT PRIMARY KEY, code TEXT)")
    db.executemany("INSERT INTO unreadable VALUES (?, ?)", people.unreadable.items())


def read_back(db: sqlite3.Connection) -> People:
    """What became of every account, as far as memberships need it, from the draft of the people."""
    odd = {
        place: Fate(bucket, code, home=home, blocked=bool(blocked))
        for place, bucket, code, home, blocked in db.execute("SELECT * FROM odd")
    }
    return People(odd, dict(db.execute("SELECT own, code FROM unreadable")))


def faulty(fault: str, message: str) -> Fate:
    """The fate of an account that cannot be declared whatever the others are, by its `fault` and `why`."""
    return Fate("skipped" if fault == "skipped" else "refused", fault, message)


_BLOCKED_SKIPPED = Fate("skipped", "blocked_skipped", "the user is blocked, or an account it would be merged with")


def _select(db: sqlite3.Connection, rest: str) -> Iterator[Person]:
    return map(Person._make, db.execute(f"SELECT {COLUMNS} FROM people p {rest}"))


def drop_repeated(db: sqlite3.Connection, ledger: Ledger) -> None:
    """Leave every id once in `people`. Of one tenant's lines the newest stays, of equal ones the first, and what
    the others brought goes; an id of several tenants is refused.
    """
    repeated = "SELECT user_id FROM people GROUP BY user_id HAVING count(*) > 1"
    rows = _select(db, f"WHERE p.user_id IN ({repeated}) ORDER BY p.user_id, p.place / {TENANT}")
    for _, lines in groupby(list(rows), lambda row: (row.user_id, row.place // TENANT)):
        *losers, _winner = sorted(lines, key=lambda line: (_age(db, line), -line.place))
        for person in losers:
            db.execute("DELETE FROM people WHERE place = ?", (person.place,))
            db.execute("DELETE FROM identities WHERE person = ?", (person.place,))
            db.execute("DELETE FROM people_draft.findings WHERE place = ?", (person.place,))
            message = "the id stands on another line too"
            ledger.end("merged", "users", person.place, person.user_id, "duplicate_line", message)
    _refuse_collisions(db, ledger)


def _age(db: sqlite3.Connection, person: Person) -> tuple[str, str]:
    """The order of lines with one id: by date, without one by content, which does not depend on line order."""
    identities = "SELECT own, connection FROM identities WHERE person = ? ORDER BY rank"
    content = repr((person[1:], db.execute(identities, (person.place,)).fetchall()))
    return instant(person.updated_at) or "", content


def _refuse_collisions(db: sqlite3.Connection, ledger: Ledger) -> None:
    """Refuse the people of an id that several tenants use; one row stays for the records that name the id."""
    message = "another tenant of this stack has the same id"
    repeated = "SELECT user_id FROM people GROUP BY user_id HAVING count(*) > 1"
    rows = _select(db, f"WHERE p.user_id IN ({repeated}) ORDER BY p.user_id, p.place")
    for _, lines in groupby(list(rows), lambda row: row.user_id):
        first, *others = lines
        db.execute("UPDATE people SET fault = 'tenant_collision', why = ? WHERE place = ?", (message, first.place))
        for person in others:
            db.execute("DELETE FROM people WHERE place = ?", (person.place,))
            db.execute("UPDATE identities SET person = ? WHERE person = ?", (first.place, person.place))
            claim = f"line {person.place}", person.email, person.verified
            db.execute("INSERT INTO claims VALUES (?, ?, ?)", claim)
            ledger.refuse("users", person.place, person.user_id, "tenant_collision", message)


def _sharing(db: sqlite3.Connection, emails: Iterable[str]) -> Iterator[tuple[str, list[Person]]]:
    """The accounts of every email that more than one account has, and of the emails named."""
    db.execute("CREATE TABLE shared (email TEXT PRIMARY KEY) WITHOUT ROWID")
    repeated = "SELECT email FROM people WHERE email <> '' GROUP BY email HAVING count(*) > 1"
    db.execute(f"INSERT INTO shared {repeated}")
    db.executemany("INSERT OR IGNORE INTO shared VALUES (?)", ((email,) for email in emails))
    rows = _select(db, "JOIN shared USING (email) ORDER BY email, p.place")
    for email, group in groupby(rows, lambda row: row.email):
        yield email, list(group)


def _declarable(sharing: list[Person], others: list[bool], settings: Settings, people: People) -> list[Person]:
    """The accounts of one email that can be declared: all of them if all are verified, else the only verified one."""
    accounts = [*(bool(person.verified) for person in sharing), *others]
    if len(accounts) == 1 or (all(accounts) and settings.duplicate_emails == "merge-verified"):
        return sharing
    if accounts.count(True) == 1 and settings.duplicate_emails == "merge-verified":
        refused = [person for person in sharing if not person.verified]
        fate = Fate("refused", "unverified_duplicate", "another account with this email is verified, this one is not")
    else:
        refused = sharing
        fate = Fate("refused", "ambiguous_email", f"{len(accounts)} accounts share this email and may not be merged")
    people.odd |= {person.place: fate for person in refused}
    return [person for person in sharing if person not in refused]


def _settle(sharing: list[Person], db: sqlite3.Connection, settings: Settings, people: People) -> None:
    marks = ",".join("?" * len(sharing))
    rows = db.execute(f"SELECT person FROM hashes WHERE person IN ({marks})", [member.place for member in sharing])
    with_hash = {place for (place,) in rows}
    ordered = sorted(sharing, key=lambda member: (member.place not in with_hash, *seniority(member)))
    primary = ordered[0]
    group = Group(min(person.user_id for person in sharing), primary, tuple(ordered))
    if group.blocked and settings.blocked_users == "skip":
        people.odd |= dict.fromkeys((person.place for person in ordered), _BLOCKED_SKIPPED)
        return
    message = f"the account has the email of {primary.user_id}, both verified"
    fate = "", "", group.key, group.blocked, group
    people.odd[primary.place] = Fate("declared", *fate)
    merged = Fate("merged", "merged_into_primary", message, *fate[2:])
    people.odd |= dict.fromkeys((person.place for person in ordered[1:]), merged)
