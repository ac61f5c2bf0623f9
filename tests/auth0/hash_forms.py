"""Hashes in Auth0's forms, and whether a password fits one in WorkOS's."""

from __future__ import annotations

import hashlib
from base64 import b64decode, b64encode
from typing import Any

from providers.auth0.hashes import HashFault, PasswordHash, read_hash
from tests.tenant import Line

PASSWORD = "correct hörse".encode()
SALT = b"\xfb\xff salt \x00\xfe"
_SALTED = {"ssha": ("{SSHA}", 20, hashlib.sha1), "ssha256": ("{SSHA256}", 32, hashlib.sha256)}


def b64(data: bytes) -> str:
    """Base64 as PHC strings have it."""
    return b64encode(data).decode().rstrip("=")


def custom(algorithm: str, value: str, encoding: str | None = None, **more: Any) -> Line:
    """Auth0's `custom_password_hash`."""
    named = {"encoding": encoding} if encoding else {}
    return {"algorithm": algorithm, "hash": {"value": value, **named}, **more}


def salted(position: str | None = None, encoding: str = "hex") -> Line:
    """The salt as the schema has it."""
    value = {"hex": SALT.hex(), "base64": b64encode(SALT).decode()}[encoding]
    named = {"position": position} if position else {}
    return {"value": value, "encoding": encoding, **named}


def accepted(*given: object) -> PasswordHash:
    """The hash, which must be importable."""
    found = read_hash(*given)
    assert isinstance(found, PasswordHash), found
    return found


def refused(*given: object) -> str:
    """The reason, which there must be."""
    found = read_hash(*given)
    assert isinstance(found, HashFault)
    return found.reason


def fits(found: PasswordHash, password: bytes) -> bool:
    """Does WorkOS let this password in? Told from its documentation of each form."""
    if found.type in {"scrypt", "pbkdf2"}:
        name, *version, parameters, salt, digest = found.text.split("$")[1:]
        named = dict(pair.split("=") for pair in parameters.split(","))
        raw, wanted = (b64decode(part + "=" * (-len(part) % 4), validate=True) for part in (salt, digest))
        if name == "pbkdf2":
            assert (version, set(named)) == ([], {"i", "d"})
            return hashlib.pbkdf2_hmac(named["d"], password, raw, int(named["i"]), len(wanted)) == wanted
        assert (name, version, set(named)) == ("scrypt", ["v=1"], {"n", "r", "p", "kl"})
        n, r, p, length = (int(named[one]) for one in ("n", "r", "p", "kl"))
        return hashlib.scrypt(password, salt=raw, n=n, r=r, p=p, dklen=length) == wanted
    scheme, size, digest_of = _SALTED[found.type]
    assert found.text.startswith(scheme)
    both = b64decode(found.text.removeprefix(scheme), validate=True)
    salt_bytes = both[size:]
    mixed = salt_bytes + password if found.salt_position == "prefix" else password + salt_bytes
    return digest_of(mixed).digest() == both[:size]


def argon2(m: int = 65536, t: int = 3, p: int = 4, *, variant: str = "argon2id", version: str = "$v=19") -> str:
    """A PHC string with nobody's hash."""
    return f"${variant}{version}$m={m},t={t},p={p}${b64(SALT)}${b64(b'x' * 32)}"
