"""Members as memberships: every line joined to its organization and its user, its roles resolved."""

from __future__ import annotations

import json
import sqlite3
from itertools import groupby
from typing import NamedTuple

from providers.auth0.records import MemberRole
from providers.directory.build.draft import settled
from providers.directory.build.merging import People, is_blocked
from providers.directory.build.organizations_and_roles import Organizations, Roles, slug_fault
from providers.directory.tables import create_table
from providers.findings import Bucket, Ledger, line_of
from providers.settings import Settings

_TABLES = (
    create_table("memberships", "main"),
    "CREATE TABLE kept (id TEXT PRIMARY KEY) WITHOUT ROWID",
    "CREATE TABLE slugs (roles INTEGER PRIMARY KEY, slugs TEXT)",
    "CREATE TABLE aside (place INTEGER PRIMARY KEY)",
)
#: Lines that do not simply stand for one active membership each, as nearly all do.
_SET_ASIDE = (
    """
    INSERT INTO aside SELECT m.place FROM members m INDEXED BY members_by_user LEFT JOIN people p USING (user_id)
    WHERE p.place IS NULL OR p.blocked OR p.fault <> '' OR p.place IN (SELECT person FROM odd)
    ORDER BY m.place
    """,
    "INSERT OR IGNORE INTO aside SELECT place FROM members WHERE organization NOT IN (SELECT id FROM kept)",
    """
    INSERT OR IGNORE INTO aside SELECT place FROM members WHERE (organization, user_id) IN
    (SELECT organization, user_id FROM members GROUP BY organization, user_id HAVING count(*) > 1)
    """,
)
_PLAIN = "m.place NOT IN (SELECT place FROM aside)"
_INSERT_PLAIN = f"""
INSERT INTO memberships SELECT m.organization, m.user_id, s.slugs, 1
FROM members m CROSS JOIN slugs s ON s.roles = m.roles WHERE {_PLAIN} ORDER BY m.organization, m.user_id
"""
_ASIDE = """
SELECT m.*, p.place, p.fault, p.blocked
FROM aside a CROSS JOIN members m ON m.place = a.place LEFT JOIN people p ON p.user_id = m.user_id ORDER BY a.place
"""


class _Line(NamedTuple):
    """A members line beside its user; None if the export has none."""

    place: int
    organization: str
    user_id: str
    roles: int
    person: int | None
    fault: str | None
    blocked: bool


class _Slugs(NamedTuple):
    """The roles of a membership: the chosen slugs, and how many are usable and unusable."""

    chosen: tuple[str, ...]
    usable: int
    unusable: int

    @property
    def remarkable(self) -> bool:
        """Is a role left out?"""
        return bool(self.unusable) or self.usable > len(self.chosen)

    def text(self) -> str:
        """As the store has them."""
        return json.dumps(sorted(self.chosen))


def end_members(
    db: sqlite3.Connection,
    organizations: Organizations,
    people: People,
    roles: Roles,
    settings: Settings,
    ledger: Ledger,
) -> None:
    """Put every members line into its bucket, every membership into a new table `memberships`.

    Declares roles that stand in no roles file too, so `roles` is complete when this has ended.
    """
    members = _Members(db, roles, settings, ledger)
    for table in _TABLES:
        db.execute(table)
    db.executemany("INSERT INTO kept VALUES (?)", ((own,) for own in sorted(organizations.declared)))
    db.executemany(
        "INSERT INTO slugs VALUES (?, ?)", ((number, role_set.text()) for number, role_set in members.slugs.items())
    )
    for query in _SET_ASIDE:
        db.execute(query)
    _set_skipped_aside(db, settings)
    ledger.put("members", "declared", db.execute(_INSERT_PLAIN).rowcount)
    members.remark_on_plain()
    aside: list[tuple[tuple[str, str], _Line]] = []
    for row in settled(db, ledger, db.execute(_ASIDE)):
        line = _Line._make(row)
        fate = people.odd.get(line.person) if line.person is not None else None
        home = (fate.home if fate else "") or line.user_id
        if ended := _fate_of_member(line, home, organizations, people, settings):
            bucket, code, message = ended
            ledger.end(bucket, "members", line.place, f"{line.organization}/{line.user_id}", code, message)
        else:
            blocked = is_blocked(fate, line.blocked)
            aside.append(((line.organization, home), line._replace(blocked=blocked)))
    for pair, lines in groupby(sorted(aside), lambda pair_row: pair_row[0]):
        members.declare(pair, [line for _, line in lines])
    members.declare_named_roles()


def _set_skipped_aside(db: sqlite3.Connection, settings: Settings) -> None:
    for own in settings.skip:
        db.execute("INSERT OR IGNORE INTO aside SELECT place FROM members WHERE user_id = ?", (own,))
        db.execute("INSERT OR IGNORE INTO aside SELECT place FROM members WHERE organization = ?", (own,))
        for at in (at for at, letter in enumerate(own) if letter == "/"):
            query = "INSERT OR IGNORE INTO aside SELECT place FROM members WHERE organization = ? AND user_id = ?"
            db.execute(query, (own[:at], own[at + 1 :]))


def _fate_of_member(
    line: _Line, home: str, organizations: Organizations, people: People, settings: Settings
) -> tuple[Bucket, str, str] | None:
    """Bucket, code and message of a line that declares no membership; None if it does."""
    organization, user = line.organization, line.user_id
    if settings.skip.intersection((f"{organization}/{user}", f"{organization}/{home}", organization, user)):
        return "skipped", "skipped", "left out on purpose"
    fate = people.fate(line.person, line.fault) if line.person is not None else None
    excluded = fate.excludes if fate else None
    if organization in organizations.skipped or (excluded and excluded[0] == "skipped"):
        return "skipped", "skipped", "its user or organization is left out"
    if code := organizations.refused.get(organization):
        return "refused", f"organization_rejected:{code}", "its organization is refused"
    if organization not in organizations.declared:
        return "refused", "unknown_organization", "no organization of the export has this id"
    if excluded or line.person is not None:
        return excluded
    if code := people.unreadable.get(user):
        return "refused", f"user_rejected:{code}", "its user is refused"
    return "refused", "unknown_user", "no user of the export has this id"


class _Members:
    """The roles of members, each set of them resolved once, and the memberships that several lines stand for."""

    def __init__(self, db: sqlite3.Connection, roles: Roles, settings: Settings, ledger: Ledger) -> None:
        self.db, self.roles, self.settings, self.ledger = db, roles, settings, ledger
        sets = db.execute("SELECT number, roles FROM role_sets").fetchall()
        #: Auth0 id and name of the roles in each set.
        self.sets = {number: [self._named_role(*named) for named in json.loads(text)] for number, text in sets}
        self._resolved: dict[tuple[int, ...], _Slugs] = {}
        self.slugs = {number: self._resolve((number,)) for number in self.sets}
        #: Where a role was named first, by organization, user and line.
        self.named: dict[tuple[str, str], tuple[str, str, int]] = {}

    def _named_role(self, own: str, name: str | None) -> tuple[str, str]:
        return own, self.roles.name_of(MemberRole(id=own, name=name))

    def _resolve(self, numbers: tuple[int, ...]) -> _Slugs:
        if (known := self._resolved.get(numbers)) is None:
            known = self._resolved[numbers] = self._resolve_anew(numbers)
        return known

    def _resolve_anew(self, numbers: tuple[int, ...]) -> _Slugs:
        names = {name for number in numbers for _, name in self.sets[number]}
        usable: list[str] = []
        unusable = 0
        for name in sorted(names, key=self.roles.rank):
            slug = self.roles.slug(name)
            if slug_fault(slug):
                unusable += 1
            elif slug not in usable:
                usable.append(slug)
        chosen = usable if self.settings.multiple_roles else usable[:1]
        return _Slugs(tuple(chosen), len(usable), unusable)

    def remark_on_plain(self) -> None:
        """Note roles that are left out, and where each role is named first, for lines not set aside."""
        odd = [number for number, slugs in self.slugs.items() if slugs.remarkable or not self._in_roles_file(number)]
        self.db.execute("CREATE TABLE remarkable (roles INTEGER PRIMARY KEY)")
        self.db.executemany("INSERT INTO remarkable VALUES (?)", ((number,) for number in odd))
        query = f"""
        SELECT m.roles, m.organization, m.user_id, m.place FROM members m
        WHERE m.roles IN (SELECT roles FROM remarkable) AND {_PLAIN} ORDER BY m.organization, m.user_id
        """
        met: set[int] = set()
        for number, organization, user, place in settled(self.db, self.ledger, self.db.execute(query)):
            if number not in met:
                self._meet(number, (organization, user, place))
                met.add(number)
            if self.slugs[number].remarkable:
                self._remark(f"{organization}/{user}", place, self.slugs[number])

    def _in_roles_file(self, number: int) -> bool:
        known = set(self.roles.names.values())
        return all(name in known for _, name in self.sets[number])

    def _meet(self, number: int, where: tuple[str, str, int]) -> None:
        for role in self.sets[number]:
            self.named[role] = min(self.named.get(role, where), where)

    def _remark(self, key: str, place: int, slugs: _Slugs) -> None:
        for _ in range(slugs.unusable):
            message = "a role of this membership has no usable slug"
            self.ledger.note("members", place, key, "role_unusable", message)
        if slugs.usable > len(slugs.chosen):
            message = f"{slugs.usable} roles, WorkOS is set to one: {slugs.chosen[0]} counts"
            self.ledger.note("members", place, key, "several_roles", message)

    def declare(self, pair: tuple[str, str], lines: list[_Line]) -> None:
        """Declare the membership that these lines, in order of place, stand for: the roles of all are united."""
        first = lines[0]
        slugs = self._resolve(tuple(line.roles for line in lines))
        row = (*pair, slugs.text(), not first.blocked)
        self.db.execute("INSERT INTO memberships VALUES (?, ?, ?, ?)", row)
        self.ledger.put("members", "declared")
        self._remark("/".join(pair), first.place, slugs)
        for line in lines:
            self._meet(line.roles, (*pair, line.place))
        for line in lines[1:]:
            message = f"the membership stands on line {line_of(first.place)} too"
            whose = f"{pair[0]}/{line.user_id}"
            self.ledger.end("merged", "members", line.place, whose, "duplicate_membership", message)

    def declare_named_roles(self) -> None:
        """Declare roles of no roles file: the smallest Auth0 id names a slug, every further name is a clash."""
        for (own, name), (organization, user, place) in sorted(self.named.items()):
            if remark := self.roles.declare_named(own, name):
                self.ledger.note("members", place, f"{organization}/{user}", *remark)
