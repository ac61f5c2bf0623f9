"""How people sign in, and who will be asked for a code by email when they first do so in AuthKit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

_GOOGLE = {"google-oauth2"}
_GOOGLES_DOMAINS = ("@gmail.com", "@googlemail.com")


@dataclass(frozen=True, slots=True)
class SignIn:
    """Declared users with an identity of one provider and connection; `verify` of them have to verify their email."""

    provider: str
    connection: str
    users: int
    verify: int


def must_verify(email: str, verified: bool, providers: tuple[str, ...]) -> bool:
    """Will this user be asked to verify the email (lower case) at the first sign-in? `providers`: of all identities.

    AuthKit verifies every email, for social sign-in and SSO too (workos.com/docs/authkit/email-verification), but for:
    - users imported with `email_verified` (same page; a verified address in Auth0 arrives so);
    - Google identities with a Gmail address, whose provider owns the domain (workos.com/docs/migrate/auth0, social auth
      users; googlemail.com is Gmail's other name). With an identity elsewhere too, the first sign-in may be there.
    SSO users of a verified domain are spared as well, but Ferry brings domains along as pending, so they count until
    someone verifies the domain. What is not documented (Microsoft, GitHub, Apple, ...) has to verify.
    """
    if verified:
        return False
    return not (email.endswith(_GOOGLES_DOMAINS) and _GOOGLE.issuperset(providers) and bool(providers))


def sign_ins_of(counted: Mapping[tuple[str, bool], int]) -> list[SignIn]:
    """Counts by identities (a line each: provider, tab, connection) as counts by connection.

    A user with identities of several connections is counted at each of them.
    """
    users: Counter[tuple[str, str]] = Counter()
    verify: Counter[tuple[str, str]] = Counter()
    for (identities, verifies), number in counted.items():
        for line in set(identities.split("\n")):
            provider, _, connection = line.partition("\t")
            users[provider, connection] += number
            verify[provider, connection] += number if verifies else 0
    return [SignIn(*way, users[way], verify[way]) for way in sorted(users)]


def people_of(counted: Mapping[tuple[str, bool], int]) -> dict[str, int]:
    """The same counts by user, each counted once: who has to verify the email, and who has a database identity."""
    database = (
        number
        for (identities, _), number in counted.items()
        if any(line.startswith("auth0\t") for line in identities.split("\n"))
    )
    verify = (number for (_, verifies), number in counted.items() if verifies)
    return {"must_verify": sum(verify), "database_users": sum(database)}
