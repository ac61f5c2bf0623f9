"""Which password hashes WorkOS takes (WorkOS docs, migrate/auth0 and migrate/other-services; user/create).

A hash is checked for its form and the documented bounds and kept as it came. No call of WorkOS's reads it back.
"""

import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any, Final

from sandbox.http.refusals import coded, invalid_parameters
from sandbox.workos.objects import Password
from sandbox.workos.refusals import invalid_password_hash, weak_password
from sandbox.workos.switches import Switches

#: WorkOS's default policy for plaintext passwords.
SHORTEST_PASSWORD: Final = 10

#: A whole number as a PHC string writes it, and the salt and hash at its end.
_NUMBER: Final = "([1-9][0-9]{0,8})"
_END: Final = r"\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)"
_BCRYPT: Final = re.compile(r"\$2[ab]\$([0-9]{2})\$[./A-Za-z0-9]{53}")
_ARGON2: Final = re.compile(rf"\$argon2(?:id|(i)|d)\$v=19\$m={_NUMBER},t={_NUMBER},p={_NUMBER}{_END}")
_SCRYPT: Final = re.compile(rf"\$scrypt\$v=1\$n={_NUMBER},r={_NUMBER},p={_NUMBER}(?:,kl={_NUMBER})?{_END}")
_PBKDF2: Final = re.compile(rf"\$pbkdf2\$i={_NUMBER},d=(sha256|sha512){_END}")


def _is_bcrypt(text: str) -> bool:
    """``$2a$`` or ``$2b$``, a cost of 4 to 31, and 53 characters; ``$2y$`` is not documented: a switch."""
    found = _BCRYPT.fullmatch(text)
    return found is not None and 4 <= int(found[1]) <= 31


def _is_argon2(text: str) -> bool:
    """Version 19, m 4096 to 262144, t 1 (argon2i: 3) to 5, p 1 to 8."""
    found = _ARGON2.fullmatch(text)
    if found is None or not all(map(_length, found.groups()[-2:])):
        return False
    memory, rounds, lanes = (int(found[group]) for group in (2, 3, 4))
    return 4096 <= memory <= 262144 and (3 if found[1] else 1) <= rounds <= 5 and lanes <= 8


def _is_scrypt(text: str) -> bool:
    """A power of two as ``n``, and ``kl``, if it is there, the length of the hash."""
    found = _SCRYPT.fullmatch(text)
    if found is None:
        return False
    cost, width, (salt, digest) = int(found[1]), found[4], map(_length, found.groups()[-2:])
    return bool(salt and digest) and 1 < cost == 1 << cost.bit_length() - 1 and int(width or digest) == digest


def _is_pbkdf2(text: str) -> bool:
    """sha256 with 600,000 to 1,000,000 iterations, sha512 with 210,000 to 1,000,000, and no other digest."""
    found = _PBKDF2.fullmatch(text)
    if found is None or not all(map(_length, found.groups()[-2:])):
        return False
    return (600_000 if found[2] == "sha256" else 210_000) <= int(found[1]) <= 1_000_000


def _length(text: str) -> int:
    """How many bytes a text of Base64 without padding stands for; 0 if it is none."""
    return 0 if len(text) % 4 == 1 else len(text) * 3 // 4


def _is_salted(label: str, digest_length: int) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        if not text.startswith(label):
            return False
        try:
            return len(b64decode(text.removeprefix(label), validate=True)) > digest_length
        except Base64Error:
            return False

    return check


#: The layout of ssha256, the parameters of firebase-scrypt and bounds of scrypt are not documented.
FORMS: Final[Mapping[str, Callable[[str], bool]]] = {
    "bcrypt": _is_bcrypt,
    "argon2": _is_argon2,
    "scrypt": _is_scrypt,
    "pbkdf2": _is_pbkdf2,
    "ssha": _is_salted("{SSHA}", 20),
    "ssha256": _is_salted("{SSHA256}", 32),
    "firebase-scrypt": lambda text: text.startswith("$firebase-scrypt$"),
}


def read_password(body: Mapping[str, Any], switches: Switches) -> Password | None:
    """Return the password of a user body, or None if it brings none; refuse a contradiction."""
    password, text, kind = (body.get(name) for name in ("password", "password_hash", "password_hash_type"))
    if password is not None and text is not None:
        raise coded(400, "password_and_password_hash_provided", "Send either password or password_hash.")
    if password is not None and kind is not None:
        message = "Send either password or password_hash_type."
        raise coded(400, "password_and_password_hash_type_provided", message)
    _check_salt_position(body)
    if password is not None:
        if len(password) < SHORTEST_PASSWORD:
            raise weak_password()
        return Password(password, "plaintext")
    if text is None and kind is None:
        return None
    if text is None or kind is None:
        missing = "password_hash" if text is None else "password_hash_type"
        raise invalid_parameters(f"{missing}_required", f"{missing} is required.")
    form = FORMS.get(kind)
    if form is None:
        raise invalid_password_hash("password_hash_type is not supported.")
    if kind == "bcrypt" and switches.bcrypt_2y == "accept":
        text = text.replace("$2y$", "$2b$", 1)
    if not form(text):
        raise invalid_password_hash(f"password_hash is not a valid {kind} hash.")
    return Password(text, kind, body.get("password_salt_position") or ("suffix" if kind == "ssha256" else None))


def _check_salt_position(body: Mapping[str, Any]) -> None:
    position = body.get("password_salt_position")
    if position is None:
        return
    if body.get("password_hash") is None:
        message = "password_salt_position requires password_hash."
        raise coded(400, "password_salt_position_requires_password_hash", message)
    if position not in ("prefix", "suffix") or body.get("password_hash_type") != "ssha256":
        message = "password_salt_position is prefix or suffix, for ssha256 only."
        raise invalid_parameters("password_salt_position_invalid", message)
