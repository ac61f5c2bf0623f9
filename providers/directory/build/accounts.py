"""The users of an export as accounts: each line judged by itself, before any is compared with another."""

from __future__ import annotations

import json
import re
from typing import NamedTuple, get_type_hints

from providers.auth0.records import User, instant
from providers.directory.build.metadata import fitted, picked
from providers.directory.sign_in import must_verify
from providers.findings import Ledger
from providers.settings import Settings

#: An address as mail servers take it: one `@`, no white space, a domain with a dot. Lengths: Auth0's user profile.
_EMAIL = re.compile(r'[^\s@"(),:;<>\[\]\\\x00-\x1f\x7f]{1,64}@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W\d_][\w-]*[^\W_]')
_LONGEST_EMAIL = 254
_LONGEST_ID, _DOCUMENTED_ID = 128, 64
#: `verified` of an account that identity rule 4 calls unverified: a text says so that only `trust-text` takes.
BY_TEXT = 2


class Person(NamedTuple):
    """What Ferry keeps of one Auth0 user, a row of `people`; `fault` and `why` say why it cannot be declared.

    Flags are 0 or 1 and absent texts are empty, which SQLite takes in half the time that it takes for False and None.
    `verified` may be `BY_TEXT` too.
    """

    place: int
    user_id: str
    email: str
    verified: int
    blocked: int
    created_at: str
    updated_at: str
    first_name: str
    last_name: str
    name: str
    metadata: str
    fault: str
    why: str
    sign_in: int
    verifies: int
    mfa: int


#: The columns of a `Person`, for queries that call its table `p`.
COLUMNS = ", ".join(f"p.{name}" for name in Person._fields)
#: Those of the table itself.
PEOPLE_COLUMNS = ", ".join(
    f"{name} {'INTEGER' if of is int else 'TEXT'}" for name, of in get_type_hints(Person).items()
)


def external_id_fault(external_id: str) -> tuple[str, str] | None:
    """Why WorkOS would not take this external id: code and message, or None (WorkOS API reference: user)."""
    if not external_id.isascii() or not external_id.isprintable():
        return "external_id_not_ascii", "the id holds characters outside printable ASCII"
    if len(external_id) > _LONGEST_ID:
        return "external_id_too_long", f"the id has {len(external_id)} characters"
    return None


def note_long_id(ledger: Ledger, kind: str, line: int, external_id: str) -> None:
    """Note an id that WorkOS's API takes and its guide calls too long."""
    if len(external_id) > _DOCUMENTED_ID:
        message = f"the id has {len(external_id)} characters"
        ledger.note(kind, line, external_id, "external_id_over_64", message)


class SignInSet(NamedTuple):
    """The identities that some accounts have alike, but for their ids: a number, and the providers."""

    number: int
    providers: tuple[str, ...]


def judge(place: int, own: str, user: User, sign_in: SignInSet, settings: Settings, ledger: Ledger) -> Person:
    """One users line by itself: its fields as WorkOS takes them, or why not. `own` is the external id."""
    email = (user.email or "").strip().lower()
    exported_verified = user.email_verified
    plain = exported_verified is True or exported_verified is False
    verified = exported_verified if plain else is_verified(exported_verified, settings)
    fault, sentence = "", ""
    if own in settings.skip:
        fault, sentence = "skipped", "left out on purpose"
    elif id_fault := external_id_fault(own):
        fault, sentence = id_fault
    elif not email:
        fault, sentence = "no_email", "the user has no email"
    elif len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        fault, sentence = "invalid_email", "the email is not an address"
    metadata = ""
    if not fault:
        note_long_id(ledger, "users", place, own)
        if not plain and not verified and _is_odd(exported_verified):
            message = "email_verified is no boolean and not the text true, so the email counts as unverified"
            ledger.note("users", place, own, "email_verified_text", message)
        if settings.user_metadata:
            source = {"user_metadata": user.user_metadata, "app_metadata": user.app_metadata}
            pairs = picked(source, settings.user_metadata)
            metadata = json.dumps(fitted(pairs, "users", place, own, ledger), ensure_ascii=False) if pairs else ""
    return Person(
        place,
        own,
        email,
        (1 if plain else _degree(exported_verified)) if verified else 0,
        1 if user.blocked else 0,
        user.created_at or "",
        user.updated_at or "",
        user.given_name or "",
        user.family_name or "",
        "",
        metadata,
        fault,
        sentence,
        sign_in.number,
        1 if not fault and must_verify(email, verified, sign_in.providers) else 0,
        1 if user.multifactor else 0,
    )


def sign_in_of(user: User) -> str:
    """Provider and connection of every identity, a line each: provider, tab, connection."""
    if len(user.identities) == 1:
        (identity,) = user.identities
        return f"{identity.provider or ''}\t{identity.connection or ''}"
    if user.identities:
        return "\n".join([f"{identity.provider or ''}\t{identity.connection or ''}" for identity in user.identities])
    return f"{user.user_id.partition('|')[0]}\t{user.connection or ''}"


def providers_in(identities: str) -> tuple[str, ...]:
    """The providers of identities as `sign_in_of` gives them."""
    return tuple(line.partition("\t")[0] for line in identities.split("\n"))


def is_verified(value: object, settings: Settings) -> bool:
    """True for true, 1 and the text `true`; other text only if the stack trusts it (identity rule 4)."""
    if not isinstance(value, str):
        return isinstance(value, bool | int | float) and value == 1
    return _is_true(value) or (settings.email_verified == "trust-text" and bool(value.strip()))


def _is_true(text: str) -> bool:
    return text.strip().lower() == "true"


def _degree(verified: object) -> int:
    """1, or `BY_TEXT`, for what counts as verified."""
    return BY_TEXT if isinstance(verified, str) and not _is_true(verified) else 1


def _is_odd(value: object) -> bool:
    """Text, or what is no plain value at all."""
    return bool(value.strip()) if isinstance(value, str) else not isinstance(value, bool | int | float | None)


def seniority(person: Person) -> tuple[str, str]:
    """The order of accounts by age; without a date an account is younger than any."""
    return instant(person.created_at) or "9999", person.user_id
