"""Time-based one-time passwords as WorkOS takes them: SHA-1, 6 digits, 30 seconds (RFC 6238; WorkOS docs, MFA)."""

import hmac
from base64 import b32decode
from typing import Final

STEP_SECONDS: Final = 30
DIGITS: Final = 6


def is_right(code: str, secret: str, seconds: float) -> bool:
    """Tell whether a code is right now, or was one step ago, or will be in one.

    RFC 6238, section 5.2, names one step as what a verifier should allow; WorkOS does not document its own.
    """
    typed, now = code.encode("utf-8", "surrogatepass"), int(seconds) // STEP_SECONDS
    return any(hmac.compare_digest(_code(secret, step).encode(), typed) for step in range(max(now - 1, 0), now + 2))


def _code(secret: str, step: int) -> str:
    """Return the code of a Base32 secret, padded or not, in one step of time."""
    bare = secret.rstrip("=")
    key = b32decode(bare + "=" * (-len(bare) % 8))
    mac = hmac.digest(key, step.to_bytes(8), "sha1")
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4]) & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"
