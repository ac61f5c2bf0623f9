"""The users file as people: one record an Auth0 user, refused or kept, then grouped into one WorkOS user an email."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from providers.auth0.credentials import IdentityIndex
from providers.auth0.export import Read
from providers.auth0.records import User
from providers.directory.metadata import fitted, picked
from providers.findings import Ledger
from providers.settings import Settings

#: An address as mail servers take it: one `@`, no white space, a domain with a dot. Lengths: Auth0's user profile.
_EMAIL = re.compile(r'[^\s@"(),:;<>\[\]\\\x00-\x1f\x7f]{1,64}@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]')
_LONGEST_EMAIL = 254
_LONGEST_ID, _DOCUMENTED_ID = 128, 64


@dataclass(frozen=True, slots=True)
class Person:
    """What Ferry keeps of one Auth0 user."""

    line: int
    user_id: str
    email: str
    verified: bool
    blocked: bool
    created_at: str
    first_name: str | None
    last_name: str | None
    metadata: Mapping[str, str]


@dataclass(slots=True)
class People:
    """Every Auth0 user with its fate; `home` is the key of the WorkOS user that an account became."""

    kept: dict[str, Person] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)
    #: Email and verification of refused accounts that have an email, by id: they share it all the same.
    claims: dict[str, tuple[str, bool]] = field(default_factory=dict)
    home: dict[str, str] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    identities: IdentityIndex = field(default_factory=IdentityIndex)


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


def external_id_fault(external_id: str) -> tuple[str, str] | None:
    """Why WorkOS would not take this external id: code and message, or None (WorkOS API reference: user)."""
    if not external_id.isascii() or not external_id.isprintable():
        return "external_id_not_ascii", "the id holds characters outside printable ASCII"
    if len(external_id) > _LONGEST_ID:
        return "external_id_too_long", f"the id has {len(external_id)} characters"
    return None


def note_long_id(ledger: Ledger, kind: str, line: int, external_id: str) -> None:
    """A remark on an id that WorkOS's guide and its API judge differently."""
    if len(external_id) > _DOCUMENTED_ID:
        message = f"the id has {len(external_id)} characters"
        ledger.note(kind, line, external_id, "external_id_over_64", message)


def read_people(lines: Iterable[Read], settings: Settings, ledger: Ledger) -> People:
    """First pass over `users`: each line kept, refused or skipped; the newest of several lines with one id counts."""
    newest: dict[str, Read] = {}
    for read in lines:
        user: User = read.record
        if not user.user_id.strip():
            ledger.refuse("users", read.line, "", "no_id", "the user has no user_id")
            continue
        held = newest.setdefault(user.user_id, read)
        if held is read:
            continue
        winner, loser = (read, held) if _order(read) > _order(held) else (held, read)
        newest[user.user_id] = winner
        ledger.end("merged", "users", loser.line, user.user_id, "duplicate_line", "the id stands on another line too")
    people = People(refused=ledger.unreadable("users", newest))
    for read in newest.values():
        _keep_or_refuse(read, people, settings, ledger)
    return people


def _order(read: Read) -> tuple[str, str]:
    """Of two lines with one id the newest counts; without a date any rule will do that line order does not change."""
    user: User = read.record
    return user.updated_at or "", user.model_dump_json()


def _keep_or_refuse(read: Read, people: People, settings: Settings, ledger: Ledger) -> None:
    user: User = read.record
    people.identities.add(user)
    if user.user_id in settings.skip:
        people.skipped.add(user.user_id)
        ledger.end("skipped", "users", read.line, user.user_id, "skipped", "left out on purpose")
        return
    email = (user.email or "").strip().lower()
    fault = external_id_fault(user.user_id)
    if fault is None and not email:
        fault = "no_email", "the user has no email"
    if fault is None and (len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email)):
        fault = "invalid_email", "the email is not an address"
    if fault is not None:
        people.refused[user.user_id] = fault[0]
        people.claims[user.user_id] = email, is_verified(user.email_verified, settings)
        ledger.refuse("users", read.line, user.user_id, *fault)
        return
    note_long_id(ledger, "users", read.line, user.user_id)
    if _is_odd(user.email_verified) and not is_verified(user.email_verified, settings):
        message = "email_verified is no boolean and not the text true, so the email counts as unverified"
        ledger.note("users", read.line, user.user_id, "email_verified_text", message)
    source = {"user_metadata": user.user_metadata, "app_metadata": user.app_metadata}
    found = picked(source, settings.user_metadata) if settings.user_metadata else {}
    people.kept[user.user_id] = Person(
        line=read.line,
        user_id=user.user_id,
        email=email,
        verified=is_verified(user.email_verified, settings),
        blocked=user.blocked,
        created_at=user.created_at or "9999",
        first_name=user.given_name,
        last_name=user.family_name,
        metadata=fitted(found, "users", read.line, user.user_id, ledger) if found else {},
    )


def is_verified(value: object, settings: Settings) -> bool:
    """True for true, 1 and the text `true`; other text only if the stack trusts it (identity rule 4)."""
    if not isinstance(value, str):
        return isinstance(value, bool | int | float) and value == 1
    text = value.strip()
    return text.lower() == "true" or (settings.email_verified == "trust-text" and bool(text))


def _is_odd(value: object) -> bool:
    """Text, or what is no plain value at all."""
    return bool(value.strip()) if isinstance(value, str) else not isinstance(value, bool | int | float | None)


def group_people(
    people: People,
    with_hash: set[str],
    unusable: Mapping[str, tuple[str, object]],
    settings: Settings,
    ledger: Ledger,
) -> None:
    """Second pass: one WorkOS user an email (identity rule 6). Fills `home` and `groups`, or refuses and skips.

    `unusable` are email and `email_verified` of lines that were refused while reading, by id. They count like any
    account of that email, as do users refused for their id: else an unverified account would take their place.
    """
    by_email: dict[str, list[Person]] = defaultdict(list)
    for person in people.kept.values():
        by_email[person.email].append(person)
    others: dict[str, list[bool]] = defaultdict(list)
    unread = {own: (email.strip().lower(), is_verified(told, settings)) for own, (email, told) in unusable.items()}
    for own, (email, verified) in {**unread, **people.claims}.items():
        if own not in people.kept and own not in people.skipped:
            others[email].append(verified)
    for email, sharing in by_email.items():
        for person in _refused_of(sharing, others[email], settings, people, ledger):
            sharing.remove(person)
        if sharing:
            _settle(sharing, with_hash, settings, people, ledger)


def _refused_of(
    sharing: list[Person], others: list[bool], settings: Settings, people: People, ledger: Ledger
) -> list[Person]:
    """The accounts of one email that cannot be declared: by the identity rules, all but the verified ones."""
    accounts = [*(person.verified for person in sharing), *others]
    if len(accounts) == 1 or (all(accounts) and settings.duplicate_emails == "merge-verified"):
        return []
    if accounts.count(True) == 1 and settings.duplicate_emails == "merge-verified":
        refused = [person for person in sharing if not person.verified]
        code, message = "unverified_duplicate", "another account with this email is verified, this one is not"
    else:
        refused = list(sharing)
        code, message = "ambiguous_email", f"{len(accounts)} accounts share this email and may not be merged"
    for person in refused:
        people.refused[person.user_id] = code
        ledger.refuse("users", person.line, person.user_id, code, message)
    return refused


def _settle(sharing: list[Person], with_hash: set[str], settings: Settings, people: People, ledger: Ledger) -> None:
    ordered = sorted(sharing, key=lambda one: (one.user_id not in with_hash, one.created_at, one.user_id))
    primary = ordered[0]
    group = Group(min(person.user_id for person in sharing), primary, tuple(ordered))
    if group.blocked and settings.blocked_users == "skip":
        for person in ordered:
            people.skipped.add(person.user_id)
            message = "the user is blocked, or an account it would be merged with"
            ledger.end("skipped", "users", person.line, person.user_id, "blocked_skipped", message)
        return
    people.groups[group.key] = group
    for person in ordered:
        people.home[person.user_id] = group.key
    ledger.put("users", "declared")
    for person in ordered[1:]:
        message = f"the account has the email of {primary.user_id}, both verified"
        ledger.end("merged", "users", person.line, person.user_id, "merged_into_primary", message)
    if group.blocked and not all(person.blocked for person in ordered):
        message = "one of the merged accounts is blocked, so the WorkOS user arrives blocked"
        ledger.note("users", primary.line, primary.user_id, "merged_blocked", message)
