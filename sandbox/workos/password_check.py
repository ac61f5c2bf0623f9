"""Whether a typed password is the one that is held: what WorkOS does at sign-in with an imported hash.

In: the typed text and a ``Password`` whose form ``passwords`` has checked. Out: a bool. No state and no HTTP; one check
costs up to some 100 ms of CPU, in calls that release the GIL, so it belongs in a thread.
"""

import hashlib
import hmac
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Final

import bcrypt
from argon2.exceptions import VerificationError, VerifyMismatchError
from argon2.low_level import Type, verify_secret

from sandbox.workos.objects import Password

#: All that bcrypt reads of a password (WorkOS documents nothing else); bcrypt 5 refuses a longer one, others cut it.
BCRYPT_BYTES: Final = 72
#: The sandbox's own bounds: a bcrypt cost, and ``n * r * p`` of scrypt, that take some seconds and 256 MiB.
BCRYPT_COST: Final = 16
SCRYPT_WORK: Final = 2**21

_ARGON2_TYPES: Final = {"argon2i": Type.I, "argon2d": Type.D, "argon2id": Type.ID}


class UncheckableHashError(Exception):
    """The sandbox cannot tell whether a password belongs to a hash; the message says why, and nothing of the hash."""


def is_right(typed: str, password: Password) -> bool:
    """Tell whether ``typed`` is the password held; texts are compared as UTF-8, in constant time, unnormalized.

    Raises ``UncheckableHashError`` for firebase-scrypt, for a cost beyond the sandbox's bounds, and for a hash of the
    right form whose values no library takes.
    """
    check = _CHECKS.get(password.kind)
    if check is None:
        message = f"The sandbox cannot check {password.kind} hashes."
        raise UncheckableHashError(message)
    try:
        return check(typed.encode("utf-8", "surrogatepass"), password)
    except (ValueError, VerificationError) as error:
        message = f"The {password.kind} hash of this user has values that cannot be computed."
        raise UncheckableHashError(message) from error


def _is_plaintext(typed: bytes, password: Password) -> bool:
    return hmac.compare_digest(typed, password.text.encode("utf-8", "surrogatepass"))


def _is_bcrypt(typed: bytes, password: Password) -> bool:
    if int(password.text.split("$")[2]) > BCRYPT_COST:
        message = f"The sandbox checks bcrypt hashes of a cost of at most {BCRYPT_COST}."
        raise UncheckableHashError(message)
    return bcrypt.checkpw(typed[:BCRYPT_BYTES], password.text.encode())


def _is_argon2(typed: bytes, password: Password) -> bool:
    try:
        return verify_secret(password.text.encode(), typed, _ARGON2_TYPES[password.text.split("$")[1]])
    except VerifyMismatchError:
        return False


def _is_scrypt(typed: bytes, password: Password) -> bool:
    """``n`` is the cost itself; ``kl``, which may be left out, is the length of the hash."""
    values, salt, digest = _phc(password.text)
    n, r, p = (int(values[name]) for name in ("n", "r", "p"))
    if not 0 < n * r * p <= SCRYPT_WORK:
        message = f"The sandbox checks scrypt hashes with n * r * p of 1 to {SCRYPT_WORK}."
        raise UncheckableHashError(message)
    if int(values.get("kl", len(digest))) != len(digest):
        return False
    made = hashlib.scrypt(typed, salt=salt, n=n, r=r, p=p, dklen=len(digest), maxmem=128 * r * (n + p + 2))
    return hmac.compare_digest(made, digest)


def _is_pbkdf2(typed: bytes, password: Password) -> bool:
    values, salt, digest = _phc(password.text)
    made = hashlib.pbkdf2_hmac(values["d"], typed, salt, int(values["i"]), len(digest))
    return hmac.compare_digest(made, digest)


def _is_salted(algorithm: str) -> Callable[[bytes, Password], bool]:
    """Check ``{LABEL}`` and Base64 of digest and salt; the layout of ssha256 is not documented."""
    length = hashlib.new(algorithm).digest_size

    def check(typed: bytes, password: Password) -> bool:
        decoded = b64decode(password.text.partition("}")[2], validate=True)
        digest, salt = decoded[:length], decoded[length:]
        text = salt + typed if password.salt_position == "prefix" else typed + salt
        return hmac.compare_digest(hashlib.new(algorithm, text).digest(), digest)

    return check


def _phc(text: str) -> tuple[dict[str, str], bytes, bytes]:
    """Return parameters, salt and hash of a PHC string; its Base64 has no padding."""
    *_, parameters, salt, digest = text.split("$")
    values = dict(part.split("=", 1) for part in parameters.split(","))
    return values, _unpadded(salt), _unpadded(digest)


def _unpadded(text: str) -> bytes:
    return b64decode(text + "=" * (-len(text) % 4), validate=True)


_CHECKS: Final[Mapping[str, Callable[[bytes, Password], bool]]] = {
    "plaintext": _is_plaintext,
    "bcrypt": _is_bcrypt,
    "argon2": _is_argon2,
    "scrypt": _is_scrypt,
    "pbkdf2": _is_pbkdf2,
    "ssha": _is_salted("sha1"),
    "ssha256": _is_salted("sha256"),
}
