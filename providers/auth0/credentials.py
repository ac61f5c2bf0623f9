"""Password hashes and authenticator secrets, joined to users by identity.

Knows where a secret stands; passes none on.
"""

from __future__ import annotations

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from providers.auth0.export import Read
from providers.auth0.records import Factor, Password, User

#: Auth0's own hashes: bcrypt in modular crypt form (Auth0: user profile structure; WorkOS: migrate from Auth0).
_BCRYPT = re.compile(r"\$2[ab]\$\d\d\$[./A-Za-z0-9]{53}", re.ASCII)
#: Base32 as Auth0 exports it, with or without padding.
_BASE32 = re.compile(r"[A-Z2-7]{16,}=*")


def usable_hash(record: Password) -> str | None:
    """The hash if WorkOS imports it as it stands (bcrypt `$2a$`, `$2b$`), else None."""
    text = record.password_hash
    return text if text and _BCRYPT.fullmatch(text) else None


def usable_totp(record: Factor) -> str | None:
    """The Base32 secret of an authenticator app, else None."""
    text = record.otp_secret
    return text if text and _BASE32.fullmatch(text) else None


def is_otp(record: Factor) -> bool:
    """An authenticator line; files without `type` hold nothing else."""
    return record.type == "otp" or (record.type is None and record.otp_secret is not None)


@dataclass(frozen=True, slots=True)
class Match:
    """A password line and the users it belongs to: none, one, or (then it is unusable) several."""

    line: int
    offset: int
    length: int
    raw_id: str
    users: tuple[str, ...]
    rank: int
    set_at: str
    hash: str | None = field(repr=False)
    by_email: bool = False


@dataclass(slots=True)
class IdentityIndex:
    """Which user owns a database identity, and which users share an email."""

    _owners: dict[str, list[tuple[str | None, str, int]]] = field(default_factory=lambda: defaultdict(list))
    _emails: dict[str, list[User]] = field(default_factory=lambda: defaultdict(list))

    def add(self, user: User) -> None:
        """Index one user; every database identity counts, also of an account linked to a social one."""
        identities = user.database_identities()
        for rank, (connection, own) in enumerate(identities):
            self._owners[own].append((connection, user.user_id, rank))
        if user.email:
            self._emails[user.email.strip().lower()].append(user)

    def by_id(self, own: str, connection: str | None) -> dict[str, int]:
        """The users that own this id in this connection, each with the identity's position; a connection that one
        side does not name matches any.
        """
        found = [
            (user, rank)
            for theirs, user, rank in self._owners.get(own, ())
            if connection is None or theirs is None or theirs == connection
        ]
        return dict(sorted(found, key=lambda one: -one[1]))

    def by_email(self, email: str, connection: str | None) -> str:
        """The only user with this email, if that one has a database identity of this connection; else ''."""
        owners = self._emails.get(email.strip().lower(), [])
        if len(owners) != 1:
            return ""
        theirs = {one for one, _ in owners[0].database_identities()}
        fits = bool(theirs) if connection is None else bool(theirs & {connection, None})
        return owners[0].user_id if fits else ""


def match_passwords(lines: Iterable[Read], index: IdentityIndex) -> list[Match]:
    """Join each password line: by connection and `alt_id` or `$oid`; by email only if the line carries no id and the
    email stands once in either file.
    """
    matches: list[Match] = []
    without_id: list[tuple[Read, str]] = []
    emails: Counter[str] = Counter()
    for read in lines:
        record: Password = read.record
        email = (record.email or "").strip().lower()
        emails[email] += 1
        if ids := record.join_ids:
            users = next((found for own in ids if (found := index.by_id(own, record.connection))), {})
            matches.append(_match(read, ids[-1], users))
        else:
            without_id.append((read, email))
    for read, email in without_id:
        user = index.by_email(email, read.record.connection) if email and emails[email] == 1 else ""
        matches.append(_match(read, "", {user: sys.maxsize} if user else {}, by_email=True))
    return matches


def _match(read: Read, own: str, users: dict[str, int], *, by_email: bool = False) -> Match:
    record: Password = read.record
    return Match(
        line=read.line,
        offset=read.offset,
        length=read.length,
        raw_id=own,
        users=tuple(sorted(users)),
        rank=min(users.values(), default=0),
        set_at=record.set_at or "",
        hash=usable_hash(record),
        by_email=by_email,
    )


def choose(matches: list[Match]) -> tuple[Match | None, list[Match], list[Match]]:
    """Of one user's usable hashes: the one that counts, those it outweighs, and those nobody can choose between.

    The hash of the earliest identity counts, then the newest; one joined by email comes last. Two different hashes that
    tie are both unusable.
    """
    ordered = sorted(matches, key=lambda one: one.line)
    ordered.sort(key=lambda one: one.set_at, reverse=True)
    ordered.sort(key=lambda one: one.rank)
    if not ordered:
        return None, [], []
    best = ordered[0]
    tied = [one for one in ordered if (one.rank, one.set_at) == (best.rank, best.set_at)]
    if len({one.hash for one in tied}) > 1:
        return None, [one for one in ordered if one not in tied], tied
    return best, ordered[1:], []
