"""Password hashes and authenticator secrets of support's files: which WorkOS takes, and which of several counts."""

from __future__ import annotations

import re
from typing import NamedTuple

from providers.auth0.hashes import HashFault, PasswordHash, read_hash
from providers.auth0.records import Factor, Password, instant

#: Base32 as Auth0 exports it, with or without padding.
_BASE32 = re.compile(r"[A-Z2-7]{16,}=*")


def usable_hash(record: Password) -> PasswordHash | None:
    """The hash as WorkOS imports it, None if it does not."""
    outcome = read_hash(record.password_hash, record.custom_password_hash)
    return outcome if isinstance(outcome, PasswordHash) else None


def hash_fault(record: Password) -> str:
    """Why WorkOS does not take a hash; '' if it does."""
    outcome = read_hash(record.password_hash, record.custom_password_hash)
    return outcome.reason if isinstance(outcome, HashFault) else ""


def usable_totp(record: Factor) -> str | None:
    """The Base32 secret of an authenticator app, else None."""
    text = record.otp_secret
    return text if text and _BASE32.fullmatch(text) else None


def factor_fault(record: Factor) -> str | None:
    """The code of what keeps a factor from being enrolled in WorkOS; None for an authenticator with its secret."""
    if record.type == "recovery-code":
        return "recovery_code"
    if record.type != "otp" and (record.type is not None or record.otp_secret is None):
        return "factor_not_importable"
    return None if usable_totp(record) else "invalid_totp_secret"


class Match(NamedTuple):
    """A usable hash of one user: where it stands, the rank of its identity, when it was set, its fingerprint."""

    place: int
    rank: int
    set_at: str | None
    fingerprint: str


def choose(matches: list[Match]) -> tuple[Match | None, list[Match]]:
    """Of one user's usable hashes, at least one: the one that counts, or None and those nobody can choose between.

    The hash of the earliest identity counts, then the newest; one joined by email comes last. Two different hashes that
    tie are both unusable.
    """
    ordered = sorted(matches, key=lambda match: match.place)
    ordered.sort(key=lambda match: instant(match.set_at) or "", reverse=True)
    ordered.sort(key=lambda match: match.rank)
    best = ordered[0]
    tied = [match for match in ordered if (match.rank, instant(match.set_at)) == (best.rank, instant(best.set_at))]
    if len({match.fingerprint for match in tied}) > 1:
        return None, tied
    return best, []
