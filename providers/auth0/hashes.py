"""Password hashes of an Auth0 export as WorkOS imports them, and why it does not import the others. Pure.

Auth0 (user data JSON schema for bulk imports): `custom_password_hash`, and the forms of text that name their own
algorithm. How support's password file spells such a hash is not documented, so either is read under either key; a bare
digest is not, since nothing says what made it. WorkOS (migrate/other-services; API reference, user/create): types,
forms and bounds. No reason repeats a value.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from pydantic import ValidationError

from providers.auth0.custom_hash import CustomHash, SaltPosition, Unusable, from_base64
from providers.auth0.records import faults


@dataclass(frozen=True, slots=True)
class PasswordHash:
    """A hash as WorkOS takes it: `password_hash_type`, `password_hash`, and for ssha256 `password_salt_position`."""

    type: Literal["bcrypt", "argon2", "scrypt", "pbkdf2", "ssha", "ssha256"]
    text: str = field(repr=False)
    salt_position: SaltPosition | None = None

    @property
    def whole(self) -> str:
        """All that decides which password fits, in one text; as secret as the hash."""
        return f"{self.text}{self.salt_position or ''}"


@dataclass(frozen=True, slots=True)
class HashFault:
    """Why a hash cannot be imported, as a clause without any value of the line."""

    reason: str


_BCRYPT = re.compile(r"\$2[ab]\$(?:0[4-9]|[12][0-9]|3[01])\$[./A-Za-z0-9]{53}")


def read_hash(password_hash: object, custom_password_hash: object = None) -> PasswordHash | HashFault:
    """The hash of a password line, by the values of its keys `passwordHash` and `custom_password_hash`.

    Either may be text or the schema's object; null, empty text and an empty object are absent.
    """
    if not custom_password_hash and isinstance(password_hash, str) and _BCRYPT.fullmatch(password_hash):
        return PasswordHash("bcrypt", password_hash)
    given = [given_hash for given_hash in (password_hash, custom_password_hash) if given_hash not in (None, "", {})]
    try:
        match given:
            case []:
                raise Unusable("the line holds no hash")
            case [str(text)]:
                return _of_text(text)
            case [dict(fields)]:
                return _of_object(fields)
            case [_]:
                raise Unusable("the hash is neither text nor an object")
        raise Unusable("the line holds two hashes, passwordHash and custom_password_hash; remove the outdated one")
    except Unusable as unusable:
        return HashFault(str(unusable))


def _of_text(text: str) -> PasswordHash:
    for beginning, reader in _TEXTS.values():
        if text.startswith(beginning):
            return reader(text)
    if text.startswith("$"):
        raise Unusable("the hash is in a form that WorkOS does not import")
    raise Unusable("nothing in the hash says which algorithm made it")


def _bcrypt(text: str) -> PasswordHash:
    """`$2y$` is `$2b$` under another name (crypt(5)), and only the latter is documented by WorkOS."""
    named = f"$2b${text.removeprefix('$2y$')}" if text.startswith("$2y$") else text
    if not _BCRYPT.fullmatch(named):
        raise Unusable("not a bcrypt hash: $2a$, $2b$ or $2y$, a cost of 04 to 31, and 53 characters")
    return PasswordHash("bcrypt", named)


class _Phc(NamedTuple):
    id: str
    version: str | None
    parameters: dict[str, int]
    salt: bytes
    hash: bytes


_NUMBER = "[0-9]{1,9}"
_PAIR = f"[a-z]+={_NUMBER}"
_PHC = re.compile(rf"\$([A-Za-z0-9-]+)(?:\$v=({_NUMBER}))?(?:\$({_PAIR}(?:,{_PAIR})*))?\$([^$]+)\$([^$]+)")


def _phc(text: str) -> _Phc:
    """A PHC string: `$id[$v=version][$name=number,…]$salt$hash`."""
    match = _PHC.fullmatch(text)
    if match is None:
        raise Unusable("the hash is not a whole PHC string ($algorithm$parameters$salt$hash)")
    pairs = [pair.partition("=") for pair in (match[3] or "").split(",") if pair]
    parameters = {name: int(number) for name, _, number in pairs}
    if len(parameters) < len(pairs):
        raise Unusable("the hash gives a parameter twice")
    return _Phc(match[1], match[2], parameters, from_base64(match[4]), from_base64(match[5]))


def _argon2(text: str) -> PasswordHash:
    phc = _phc(text)
    if phc.id not in {"argon2id", "argon2i", "argon2d"} or phc.parameters.keys() != {"m", "t", "p"}:
        raise Unusable("not an argon2 hash: argon2id, argon2i or argon2d with the parameters m, t and p")
    memory, time, lanes = (phc.parameters[name] for name in "mtp")
    shortest = 3 if phc.id == "argon2i" else 1
    if phc.version != "19" or not 4096 <= memory <= 262144 or not shortest <= time <= 5 or not 1 <= lanes <= 8:
        raise Unusable(
            "argon2 outside WorkOS's bounds: version 19, m 4096 to 262144, t 1 (argon2i: 3) to 5, p 1 to 8; "
            "WorkOS's support may widen them"
        )
    parameters = f"m={memory},t={time},p={lanes}"
    return PasswordHash("argon2", f"${phc.id}$v=19${parameters}${_b64(phc.salt)}${_b64(phc.hash)}")


#: The names Auth0 takes for the digests that WorkOS knows, and the fewest iterations of each.
_DIGESTS = {
    written: (digest, fewest)
    for digest, fewest in (("sha256", 600_000), ("sha512", 210_000))
    for written in (digest, f"rsa-{digest}", f"{digest}withrsaencryption")
}


def _pbkdf2(text: str) -> PasswordHash:
    """Auth0's `$pbkdf2-<digest>$i=…,l=…$salt$hash`, where i is 100000 and l is 64 if they are left out."""
    phc = _phc(text)
    name, _, written = phc.id.lower().partition("-")
    if name != "pbkdf2" or phc.version is not None or not phc.parameters.keys() <= {"i", "l"}:
        raise Unusable("not a pbkdf2 hash in Auth0's form: $pbkdf2-<digest>$i=…,l=…$salt$hash")
    if written not in _DIGESTS:
        raise Unusable("pbkdf2 with a digest that WorkOS does not import; it takes sha256 and sha512")
    digest, fewest = _DIGESTS[written]
    iterations = phc.parameters.get("i", 100_000)
    if not fewest <= iterations <= 1_000_000:
        raise Unusable(f"pbkdf2 outside WorkOS's bounds: with {digest} {fewest:,} to 1,000,000 iterations")
    if len(phc.hash) != phc.parameters.get("l", 64):
        raise Unusable("the hash is not as long as its key length says")
    return PasswordHash("pbkdf2", f"$pbkdf2$i={iterations},d={digest}${_b64(phc.salt)}${_b64(phc.hash)}")


_SALTED = {"SSHA": ("ssha", 20), "SSHA256": ("ssha256", 32)}
_SCHEME = re.compile(r"\{(SSHA|SSHA256)\}(.*)", re.IGNORECASE | re.ASCII | re.DOTALL)


def _ldap(text: str) -> PasswordHash:
    """RFC 2307: `{SCHEME}base64`, where salted digests are those of password and salt, followed by the salt."""
    match = _SCHEME.fullmatch(text)
    if match is None:
        raise Unusable("an LDAP scheme that WorkOS does not import; it takes {SSHA} and {SSHA256}")
    scheme, both = match[1].upper(), from_base64(match[2])
    _, length = _SALTED[scheme]
    return _salted(scheme, both[:length], both[length:], "suffix")


def _salted(scheme: str, digest: bytes, salt: bytes, position: SaltPosition) -> PasswordHash:
    """The layout of ssha is documented; that of ssha256 is not, and taken to be the same."""
    kind, length = _SALTED[scheme]
    if len(digest) != length:
        raise Unusable("the hash has not the length that its algorithm gives it")
    if not salt:
        raise Unusable("the hash is unsalted; WorkOS imports salted ones only")
    text = f"{{{scheme}}}{b64encode(digest + salt).decode()}"
    if kind == "ssha256":
        return PasswordHash("ssha256", text, position)
    if position != "suffix":
        raise Unusable("sha1 with the salt before the password; WorkOS imports it after the password only")
    return PasswordHash("ssha", text)


def _of_object(fields: Mapping[str, Any]) -> PasswordHash:
    try:
        custom = CustomHash.model_validate(fields)
    except ValidationError as error:
        raise Unusable(f"the custom hash cannot be read ({faults(error)})") from None
    if custom.password.encoding != "utf8":
        raise Unusable("the password was not encoded in utf8 before it was hashed; WorkOS knows utf8 only")
    if form := _TEXTS.get(custom.algorithm):
        if custom.salt and custom.salt.value:
            raise Unusable(f"{custom.algorithm} with an extra salt, which WorkOS cannot take along")
        if custom.hash.encoding not in {None, "utf8"}:
            raise Unusable(f"hash.encoding of {custom.algorithm} is utf8 in Auth0's schema, and here it is not")
        return form[1](custom.hash.value)
    if custom.algorithm == "scrypt":
        return _scrypt(custom)
    if scheme := {"sha1": "SSHA", "sha256": "SSHA256"}.get(custom.algorithm):
        position = custom.salt.position if custom.salt else "suffix"
        return _salted(scheme, custom.digest(), custom.salt_bytes(), position)
    raise Unusable(f"WorkOS imports no {custom.algorithm} hashes")


def _scrypt(custom: CustomHash) -> PasswordHash:
    digest, salt = custom.digest(), custom.salt_bytes()
    if len(digest) != custom.keylen:
        raise Unusable("the hash is not as long as keylen says")
    if not salt:
        raise Unusable("scrypt without a salt")
    if custom.cost < 2 or custom.cost & (custom.cost - 1):
        raise Unusable("the cost of scrypt is not a power of two")
    parameters = f"n={custom.cost},r={custom.blocksize},p={custom.parallelization},kl={custom.keylen}"
    return PasswordHash("scrypt", f"$scrypt$v=1${parameters}${_b64(salt)}${_b64(digest)}")


def _b64(data: bytes) -> str:
    """Base64 without padding, as PHC strings have it."""
    return b64encode(data).decode().rstrip("=")


#: The forms of text that name their algorithm: how each begins, and who reads it.
_TEXTS: dict[str, tuple[str, Callable[[str], PasswordHash]]] = {
    "bcrypt": ("$2", _bcrypt),
    "argon2": ("$argon2", _argon2),
    "pbkdf2": ("$pbkdf2", _pbkdf2),
    "ldap": ("{", _ldap),
}
