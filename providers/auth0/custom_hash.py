"""Auth0's `custom_password_hash` object: liberal in the spelling of its keys and words, strict in their meaning.

Source: Auth0's user data JSON schema for bulk imports, defaults included.
"""

from __future__ import annotations

from base64 import b64decode
from binascii import unhexlify
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, StrictInt, StrictStr, model_validator

from providers.auth0.attribute_names import folded
from providers.auth0.records import Record

SaltPosition = Literal["prefix", "suffix"]


class Unusable(Exception):
    """Why a hash cannot be imported: a clause without any value of the line."""


_Word = BeforeValidator(lambda value: folded(value) if isinstance(value, str) else value)
_Encoding = Annotated[Literal["base64", "hex", "utf8"], _Word]
_Positive = Annotated[StrictInt, Field(ge=1, le=2**31)]


class _Folded(Record):
    """Keys in any case, with or without `_`, `-` and space; null is absent."""

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        return {folded(str(key)): value for key, value in data.items() if value is not None}


class _Hash(_Folded):
    value: StrictStr = Field(repr=False)
    encoding: _Encoding | None = None


class _Salt(_Folded):
    value: StrictStr = Field(repr=False)
    encoding: _Encoding = "utf8"
    position: Annotated[SaltPosition, _Word] = "prefix"


class _Password(_Folded):
    encoding: Annotated[str, _Word] = "utf8"


class CustomHash(_Folded):
    """Auth0's `custom_password_hash`, its defaults included."""

    algorithm: Annotated[
        Literal["argon2", "bcrypt", "hmac", "ldap", "md4", "md5", "pbkdf2", "scrypt", "sha1", "sha256", "sha512"],
        _Word,
    ]
    hash: Annotated[_Hash, BeforeValidator(lambda value: {"value": value} if isinstance(value, str) else value)]
    salt: _Salt | None = None
    password: _Password = _Password()
    keylen: _Positive | None = None
    cost: _Positive = 16384
    blocksize: _Positive = 8
    parallelization: _Positive = 1

    def digest(self) -> bytes:
        """The bytes of a hash that is not text. Raises Unusable."""
        if self.hash.encoding not in {"hex", "base64"}:
            raise Unusable("hash.encoding does not say whether the hash is hex or base64")
        return decoded(self.hash.value, self.hash.encoding)

    def salt_bytes(self) -> bytes:
        """The salt, empty if there is none. Raises Unusable."""
        return decoded(self.salt.value, self.salt.encoding) if self.salt and self.salt.value else b""


def decoded(value: str, encoding: str) -> bytes:
    """The bytes of a value in one of the schema's encodings. Raises Unusable."""
    if encoding == "base64":
        return from_base64(value)
    try:
        return unhexlify(value) if encoding == "hex" else value.encode()
    except ValueError:
        raise Unusable(f"the hash or its salt is not {encoding}") from None


def from_base64(text: str) -> bytes:
    """The bytes of base64 in either alphabet, with or without padding. Raises Unusable, also for none."""
    plain = text.replace("-", "+").replace("_", "/")
    try:
        data = b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except ValueError:
        data = b""
    if not data:
        raise Unusable("the hash or its salt is not base64")
    return data
