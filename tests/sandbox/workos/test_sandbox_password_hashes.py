"""Imported hashes of every type, made by libraries: the password they were made from signs in, no other does."""

import hashlib
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest
from argon2.low_level import Type, hash_secret
from workos import WorkOSClient
from workos._errors import BadRequestError

from tests.auth0 import hash_forms
from tests.auth0.hash_forms import accepted, b64, custom, salted
from tests.sandbox.workos.sign_in import EMAIL, PASSWORD, Kept, code_of, made, of_bcrypt, sign_in
from tests.tenant import password as password_line

SALT = b"salt\xfb\xff salt"
UTF8 = PASSWORD.encode()


def of_argon2(kind: Type, rounds: int) -> Kept:
    text = hash_secret(UTF8, SALT, time_cost=rounds, memory_cost=4096, parallelism=1, hash_len=32, type=kind)
    return "argon2", text.decode()


def of_scrypt(length: int, suffix: str) -> Kept:
    digest = hashlib.scrypt(UTF8, salt=SALT, n=16, r=8, p=1, dklen=length)
    return "scrypt", f"$scrypt$v=1$n=16,r=8,p=1{suffix}${b64(SALT)}${b64(digest)}"


def of_pbkdf2(digest: str, iterations: int) -> Kept:
    key = hashlib.pbkdf2_hmac(digest, UTF8, SALT, iterations)
    return "pbkdf2", f"$pbkdf2$i={iterations},d={digest}${b64(SALT)}${b64(key)}"


def of_ssha() -> Kept:
    return "ssha", "{SSHA}" + b64encode(hashlib.sha1(UTF8 + SALT).digest() + SALT).decode()


def of_ssha256(*, salt_first: bool) -> Kept:
    digest = hashlib.sha256(SALT + UTF8 if salt_first else UTF8 + SALT).digest()
    return "ssha256", "{SSHA256}" + b64encode(digest + SALT).decode()


@pytest.mark.parametrize(
    ("make", "position"),
    [
        (of_bcrypt, None),
        (lambda: of_bcrypt(prefix=b"2a"), None),
        (lambda: of_argon2(Type.ID, 1), None),
        (lambda: of_argon2(Type.D, 1), None),
        (lambda: of_argon2(Type.I, 3), None),
        (lambda: of_scrypt(64, ",kl=64"), None),
        (lambda: of_scrypt(32, ""), None),
        (lambda: of_pbkdf2("sha256", 600_000), None),
        (lambda: of_pbkdf2("sha512", 210_000), None),
        (of_ssha, None),
        (lambda: of_ssha256(salt_first=False), None),
        (lambda: of_ssha256(salt_first=False), "suffix"),
        (lambda: of_ssha256(salt_first=True), "prefix"),
    ],
)
def test_an_imported_hash_lets_its_password_in_and_no_other(
    workos: WorkOSClient, make: Callable[[], Kept], position: str | None
) -> None:
    user = made(workos, make(), position)

    assert sign_in(workos).user.id == user.id
    assert code_of(workos, PASSWORD + "!") == "invalid_credentials"


def exported(algorithm: str, value: str, encoding: str | None = None, **more: Any) -> dict[str, Any]:
    """A line of support's password file with Auth0's object for hashes that were imported there."""
    return password_line("ada", "", custom_password_hash=custom(algorithm, value, encoding, **more))


def of_auth0(prefix: bytes = b"2b") -> str:
    return bcrypt.hashpw(hash_forms.PASSWORD, bcrypt.gensalt(4, prefix)).decode()


@pytest.mark.parametrize(
    "line",
    [
        password_line("ada", of_auth0()),
        password_line("ada", of_auth0(b"2a")),
        exported("bcrypt", of_auth0().replace("$2b$", "$2y$")),
        exported(
            "scrypt",
            hashlib.scrypt(hash_forms.PASSWORD, salt=hash_forms.SALT, n=16, r=8, p=1, dklen=32).hex(),
            "hex",
            salt=salted(),
            keylen=32,
            cost=16,
        ),
        exported(
            "sha256",
            hashlib.sha256(hash_forms.SALT + hash_forms.PASSWORD).hexdigest(),
            "hex",
            salt=salted("prefix"),
        ),
        exported(
            "sha1",
            hashlib.sha1(hash_forms.PASSWORD + hash_forms.SALT).hexdigest(),
            "hex",
            salt=salted("suffix"),
        ),
    ],
)
def test_a_user_of_an_auth0_export_signs_in_with_the_password_of_before(
    workos: WorkOSClient, line: dict[str, Any]
) -> None:
    found = accepted(line["passwordHash"], line.get("custom_password_hash"))
    user = made(workos, (found.type, found.text), found.salt_position)
    password = hash_forms.PASSWORD.decode()

    answer = sign_in(workos, password)

    assert (answer.user.id, answer.user.external_id) == (user.id, "auth0|ada")
    assert code_of(workos, password.upper()) == "invalid_credentials"


def test_bcrypt_reads_the_first_72_bytes_of_a_password(workos: WorkOSClient) -> None:
    made(workos, of_bcrypt("x" * 72))

    assert sign_in(workos, "x" * 72 + "and more").user.email == EMAIL
    assert code_of(workos, "x" * 71) == "invalid_credentials"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("firebase-scrypt", "$firebase-scrypt$hash=a$salt=b$sk=c$ss=d$r=8$m=14"),
        ("bcrypt", "$2b$17$" + "." * 53),
        ("bcrypt", "$2b$04$" + "A" * 53),
        ("argon2", "$argon2id$v=19$m=4096,t=1,p=1$c2FsdHNhbHQ$AA"),
        ("scrypt", "$scrypt$v=1$n=1048576,r=8,p=8$c2FsdA$aGFzaA"),
        ("scrypt", "$scrypt$v=1$n=2,r=1,p=999999999$c2FsdA$aGFzaA"),
    ],
)
def test_a_hash_that_cannot_be_checked_is_a_sentence_without_it(workos: WorkOSClient, kind: str, text: str) -> None:
    made(workos, (kind, text))

    with pytest.raises(BadRequestError) as refused:
        sign_in(workos)

    assert refused.value.error == "invalid_request"
    assert kind in str(refused.value)
    assert text not in str(refused.value)
