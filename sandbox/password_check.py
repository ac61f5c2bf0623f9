"""Whether a password is the one that a hash was made from, as a sign-in asks (WorkOS docs, migrate/other-services)."""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Final

import argon2
import bcrypt

from sandbox.objects import Password

#: What bcrypt looks at; the implementations that made the hashes cut longer passwords without a word.
BCRYPT_BYTES: Final = 72
#: OpenSSL refuses scrypt above a limit of memory, which costs are multiplied with.
_SCRYPT_MEMORY: Final = 1 << 30


def matches(password: Password, given: str) -> bool:
    """Tell whether the password is this one. firebase-scrypt needs a key of the source's, so it never matches here."""
    check = _CHECKS.get(password.kind)
    try:
        return check is not None and check(password, given.encode())
    except (ValueError, argon2.exceptions.Argon2Error):
        return False


def _plaintext(password: Password, given: bytes) -> bool:
    return hmac.compare_digest(password.text.encode(), given)


def _bcrypt(password: Password, given: bytes) -> bool:
    return bcrypt.checkpw(given[:BCRYPT_BYTES], password.text.encode())


def _argon2(password: Password, given: bytes) -> bool:
    return argon2.PasswordHasher().verify(password.text, given)


def _scrypt(password: Password, given: bytes) -> bool:
    numbers, salt, wanted = _phc(password.text.removeprefix("$scrypt$v=1"))
    n, r, p = (int(numbers[name]) for name in ("n", "r", "p"))
    made = hashlib.scrypt(given, salt=salt, n=n, r=r, p=p, maxmem=_SCRYPT_MEMORY, dklen=len(wanted))
    return hmac.compare_digest(made, wanted)


def _pbkdf2(password: Password, given: bytes) -> bool:
    numbers, salt, wanted = _phc(password.text.removeprefix("$pbkdf2"))
    made = hashlib.pbkdf2_hmac(numbers["d"], given, salt, int(numbers["i"]), len(wanted))
    return hmac.compare_digest(made, wanted)


def _phc(text: str) -> tuple[dict[str, str], bytes, bytes]:
    """Return parameters, salt and hash of ``$name=value,…$salt$hash``; Base64 without padding."""
    _, parameters, salt, wanted = text.split("$")
    return dict(one.split("=", 1) for one in parameters.split(",")), _base64(salt), _base64(wanted)


def _base64(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4))


def _salted(algorithm: str) -> Callable[[Password, bytes], bool]:
    def check(password: Password, given: bytes) -> bool:
        raw = b64decode(password.text.partition("}")[2])
        length = hashlib.new(algorithm).digest_size
        wanted, salt = raw[:length], raw[length:]
        salted = salt + given if password.salt_position == "prefix" else given + salt
        return hmac.compare_digest(hashlib.new(algorithm, salted).digest(), wanted)

    return check


_CHECKS: Final[Mapping[str, Callable[[Password, bytes], bool]]] = {
    "plaintext": _plaintext,
    "bcrypt": _bcrypt,
    "argon2": _argon2,
    "scrypt": _scrypt,
    "pbkdf2": _pbkdf2,
    "ssha": _salted("sha1"),
    "ssha256": _salted("sha256"),
}
