"""How people sign in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SignIn:
    """Declared users with an identity of one provider and connection; `verify` of them have to verify their email."""

    provider: str
    connection: str
    users: int
    verify: int


def must_verify(email: str, verified: bool, providers: tuple[str, ...]) -> bool:
    return not verified


def sign_ins_of(counted: Mapping[tuple[str, bool], int]) -> list[SignIn]:
    """Counts by identities (a line each: provider, tab, connection) as counts by connection."""
    users: Counter[tuple[str, str]] = Counter()
    verify: Counter[tuple[str, str]] = Counter()
    for (identities, verifies), number in counted.items():
        for line in set(identities.split("\n")):
            provider, _, connection = line.partition("\t")
            users[provider, connection] += number
            verify[provider, connection] += number if verifies else 0
    return [SignIn(*one, users[one], verify[one]) for one in sorted(users)]
