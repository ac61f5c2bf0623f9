"""Which hashes of Auth0's become which of WorkOS's: proven with hashlib, or refused with a reason."""

from __future__ import annotations

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Callable
from typing import Any

import pytest

from providers.auth0.hashes import PasswordHash
from tests.auth0.hash_forms import PASSWORD, SALT, accepted, argon2, b64, custom, fits, refused, salted
from tests.tenant import HASH, OTHER_HASH, Line

BODY = "A" * 53


# bcrypt


@pytest.mark.parametrize("text", [HASH, OTHER_HASH, f"$2b$04${BODY}", f"$2a$31${'./Zz9' + 'A' * 48}"])
def test_bcrypt_stays_as_it_is(text: str) -> None:
    assert accepted(text) == PasswordHash("bcrypt", text)
    assert accepted(None, custom("bcrypt", text)) == accepted(text)
    assert accepted(None, custom("bcrypt", text, "utf8", salt={"value": ""})) == accepted(text)


def test_2y_is_2b_under_another_name() -> None:
    """crypt(5): the prefix `$2y$` is equivalent to `$2b$`; WorkOS documents the latter only."""
    assert accepted(f"$2y$10${BODY}") == PasswordHash("bcrypt", f"$2b$10${BODY}")


@pytest.mark.parametrize(
    "text",
    [
        *(f"$2b$10${rest}" for rest in (BODY[:-1], BODY + "A", BODY[:-1] + "!", BODY + "\n", "")),
        *(f"$2b${cost}${BODY}" for cost in ("03", "32", "9", "010", "٠٤")),
        *(f"$2{letter}$10${BODY}" for letter in ("x", "", "c")),
        f"$2y$10${BODY}A",
    ],
)
def test_what_only_looks_like_bcrypt_is_refused(text: str) -> None:
    assert refused(text).startswith("not a bcrypt hash")
    assert refused(None, custom("bcrypt", text)) == refused(text)


def test_bcrypt_over_a_salt_of_its_own_is_refused() -> None:
    assert "extra salt" in refused(None, custom("bcrypt", HASH, salt=salted()))


# argon2


@pytest.mark.parametrize(
    "text",
    [
        *(argon2(m=m) for m in (4096, 262144)),
        *(argon2(t=t, variant=variant) for variant in ("argon2id", "argon2d") for t in (1, 5)),
        *(argon2(t=t, variant="argon2i") for t in (3, 5)),
        *(argon2(p=p) for p in (1, 8)),
    ],
)
def test_argon2_within_the_bounds_stays_as_it_is(text: str) -> None:
    assert accepted(text) == PasswordHash("argon2", text)
    assert accepted(None, custom("argon2", text, "utf8")) == accepted(text)


@pytest.mark.parametrize(
    "text",
    [
        *(argon2(m=m) for m in (4095, 262145)),
        *(argon2(t=t, variant=variant) for variant in ("argon2id", "argon2d") for t in (0, 6)),
        *(argon2(t=t, variant="argon2i") for t in (2, 6)),
        *(argon2(p=p) for p in (0, 9)),
        *(argon2(version=version) for version in ("", "$v=16", "$v=1")),
    ],
)
def test_argon2_beyond_the_bounds_is_refused(text: str) -> None:
    assert refused(text).startswith("argon2 outside WorkOS's bounds")


def test_argon2_with_padding_and_its_parameters_in_another_order_is_the_same() -> None:
    text = f"$argon2id$v=19$t=3,p=4,m=65536${b64encode(SALT).decode()}${b64encode(b'x' * 32).decode()}"

    assert accepted(text) == accepted(argon2())


@pytest.mark.parametrize(
    "text",
    [
        argon2(variant="argon2"),
        argon2(variant="argon2x"),
        argon2().replace(",p=4", ""),
        argon2().replace("p=4", "p=4,x=1"),
        argon2().replace("p=4", "p=4,p=4"),
        argon2().replace("p=4", "p=four"),
        argon2().replace("p=4", "p=4,data=abc"),
        argon2().rpartition("$")[0],
        argon2().rpartition("$")[0] + "$",
        argon2() + "$",
        argon2() + "!",
        argon2() + "\n",
        argon2().rpartition("$")[0] + "$A",
        "$argon2id",
    ],
)
def test_a_damaged_argon2_hash_is_refused(text: str) -> None:
    assert "WorkOS's bounds" not in refused(text)
    assert refused(None, custom("argon2", text)) == refused(text)


# pbkdf2


def pbkdf2(digest: str, iterations: int | None, length: int | None = 64, raw: bytes = b"x" * 64) -> str:
    """Auth0's PHC string."""
    pairs = [f"{name}={number}" for name, number in (("i", iterations), ("l", length)) if number is not None]
    return "$".join(["", f"pbkdf2-{digest}", *([",".join(pairs)] if pairs else []), b64(SALT), b64(raw)])


@pytest.mark.parametrize(("digest", "iterations", "length"), [("sha256", 600_000, 32), ("sha512", 210_000, 64)])
def test_a_password_fits_its_pbkdf2_hash_after_the_rewriting(digest: str, iterations: int, length: int) -> None:
    raw = hashlib.pbkdf2_hmac(digest, PASSWORD, SALT, iterations, length)
    found = accepted(None, custom("pbkdf2", pbkdf2(digest, iterations, length, raw), "utf8"))

    assert found.type == "pbkdf2"
    assert fits(found, PASSWORD)


@pytest.mark.parametrize(
    ("text", "parameters"),
    [
        (pbkdf2("sha256", 600_000), "i=600000,d=sha256"),
        (pbkdf2("sha256", 1_000_000, None), "i=1000000,d=sha256"),
        (pbkdf2("sha512", 210_000), "i=210000,d=sha512"),
        (pbkdf2("sha512", 1_000_000), "i=1000000,d=sha512"),
        (pbkdf2("RSA-SHA256", 600_000), "i=600000,d=sha256"),
        (pbkdf2("sha512WithRSAEncryption", 210_000), "i=210000,d=sha512"),
    ],
)
def test_pbkdf2_within_the_bounds_names_its_digest_as_a_parameter(text: str, parameters: str) -> None:
    assert accepted(text).text == f"$pbkdf2${parameters}${b64(SALT)}${b64(b'x' * 64)}"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((pbkdf2("sha256", one), "outside WorkOS's bounds: with sha256 600,000") for one in (599_999, 1_000_001)),
        *((pbkdf2("sha512", one), "outside WorkOS's bounds: with sha512 210,000") for one in (209_999, 1_000_001)),
        (pbkdf2("sha512", None, None), "outside WorkOS's bounds"),
        *((pbkdf2(one, 600_000), "a digest that WorkOS does not import") for one in ("sha1", "md5", "sha384", "", "x")),
        (pbkdf2("sha512", 210_000, 32), "not as long as its key length"),
        (pbkdf2("sha512", 210_000, None, b"x" * 32), "not as long as its key length"),
        (pbkdf2("sha512", 210_000).replace("pbkdf2-", "pbkdf2"), "not a pbkdf2 hash in Auth0's form"),
        (pbkdf2("sha512", 210_000).replace("l=", "k="), "not a pbkdf2 hash in Auth0's form"),
        (pbkdf2("sha512", 210_000).replace("$i=", "$v=1$i="), "not a pbkdf2 hash in Auth0's form"),
        (pbkdf2("sha512", 210_000).replace("i=", "i=-"), "not a whole PHC string"),
        (pbkdf2("sha512", 210_000).replace("i=", "i=1,i="), "a parameter twice"),
        (pbkdf2("sha512", 210_000) + "*", "not base64"),
    ],
)
def test_other_pbkdf2_is_refused(text: str, reason: str) -> None:
    assert reason in refused(text)
    assert reason in refused(None, custom("pbkdf2", text))


# scrypt


def scrypt(value: str, encoding: str | None, **more: Any) -> Line:
    """A custom hash of scrypt, with a salt in hex unless told."""
    return custom("scrypt", value, encoding, **{"salt": salted(), "keylen": 24, **more})


def derived(**parameters: int) -> bytes:
    """The scrypt hash of the password."""
    return hashlib.scrypt(PASSWORD, salt=SALT, **{"n": 16384, "r": 8, "p": 1, "dklen": 24, **parameters})


@pytest.mark.parametrize("encode", [bytes.hex, lambda raw: raw.hex().upper()], ids=["hex", "upper case hex"])
def test_a_password_fits_its_scrypt_hash_in_hex(encode: Callable[[bytes], str]) -> None:
    found = accepted(None, scrypt(encode(derived()), "hex", salt=salted(encoding="base64")))

    assert found.type == "scrypt"
    assert fits(found, PASSWORD)


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode, lambda raw: b64(raw).encode()])
def test_a_password_fits_its_scrypt_hash_in_base64(encode: Callable[[bytes], bytes]) -> None:
    more = {"salt": {"value": urlsafe_b64encode(SALT).decode(), "encoding": "base64"}}

    assert fits(accepted(None, scrypt(encode(derived()).decode(), "base64", **more)), PASSWORD)


def test_a_password_fits_its_scrypt_hash_with_every_parameter_told() -> None:
    raw = derived(n=32, r=4, p=3, dklen=48)
    found = accepted(None, scrypt(raw.hex(), "hex", keylen=48, cost=32, blockSize=4, parallelization=3))

    assert found.text.startswith("$scrypt$v=1$n=32,r=4,p=3,kl=48$")
    assert fits(found, PASSWORD)


def test_a_salt_without_an_encoding_is_text() -> None:
    raw = hashlib.scrypt(PASSWORD, salt="Sälz".encode(), n=2, r=1, p=1, dklen=32)
    more = {"keylen": 32, "cost": 2, "blockSize": 1, "salt": {"value": "Sälz"}}

    assert fits(accepted(None, scrypt(raw.hex(), "hex", **more)), PASSWORD)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"keylen": None}, "not as long as keylen"),
        ({"keylen": 25}, "not as long as keylen"),
        ({"keylen": True}, "keylen: input should be a valid integer"),
        ({"keylen": "24"}, "keylen: input should be a valid integer"),
        ({"cost": 0}, "cost: input should be greater"),
        ({"cost": 1}, "not a power of two"),
        ({"cost": 16383}, "not a power of two"),
        ({"cost": 1 << 20_000}, "cost: input should be less"),
        ({"blockSize": 0}, "blocksize: input should be greater"),
        ({"parallelization": -1}, "parallelization: input should be greater"),
        ({"salt": None}, "without a salt"),
        ({"salt": {"value": ""}}, "without a salt"),
        ({"salt": {"encoding": "hex"}}, "salt.value: field required"),
        ({"salt": {"value": "abc", "encoding": "hex"}}, "is not hex"),
        ({"salt": {"value": "ab cd", "encoding": "hex"}}, "is not hex"),
        ({"salt": {"value": "A", "encoding": "base64"}}, "is not base64"),
        ({"salt": {"value": "abc", "encoding": "utf16"}}, "salt.encoding: input should be"),
        ({"salt": "abc"}, "salt: input should be a valid dictionary"),
    ],
)
def test_scrypt_that_contradicts_itself_is_refused(more: Line, reason: str) -> None:
    assert reason in refused(None, scrypt(derived().hex(), "hex", **more))


@pytest.mark.parametrize("encoding", [None, "utf8"])
def test_a_hash_whose_encoding_is_not_told_is_refused(encoding: str | None) -> None:
    assert "hash.encoding" in refused(None, scrypt(derived().hex(), encoding))
    assert "hash.encoding" in refused(None, custom("sha256", "ab" * 32, encoding, salt=salted()))


# Salted SHA


@pytest.mark.parametrize("encoding", ["hex", "base64"])
@pytest.mark.parametrize("position", ["prefix", "suffix", None])
def test_a_password_fits_its_sha256_hash_wherever_the_salt_stands(position: str | None, encoding: str) -> None:
    """Auth0's default is before the password, WorkOS's after it."""
    raw = hashlib.sha256(PASSWORD + SALT if position == "suffix" else SALT + PASSWORD).digest()
    value = raw.hex() if encoding == "hex" else b64encode(raw).decode()
    found = accepted(None, custom("sha256", value, encoding, salt=salted(position)))

    assert (found.type, found.salt_position) == ("ssha256", position or "prefix")
    assert fits(found, PASSWORD)


def test_a_password_fits_its_sha1_hash_if_the_salt_stands_after_it() -> None:
    raw = hashlib.sha1(PASSWORD + SALT).digest()
    found = accepted(None, custom("sha1", raw.hex(), "hex", salt=salted("suffix")))

    assert (found.type, found.salt_position) == ("ssha", None)
    assert fits(found, PASSWORD)


@pytest.mark.parametrize("position", ["prefix", None])
def test_sha1_with_the_salt_before_the_password_is_refused(position: str | None) -> None:
    raw = hashlib.sha1(SALT + PASSWORD).digest()

    assert "before the password" in refused(None, custom("sha1", raw.hex(), "hex", salt=salted(position)))


@pytest.mark.parametrize("spelling", [str.upper, str.lower])
@pytest.mark.parametrize(("scheme", "kind"), [("ssha", "ssha"), ("ssha256", "ssha256")])
def test_a_password_fits_its_ldap_hash(scheme: str, kind: str, spelling: Callable[[str], str]) -> None:
    digest = hashlib.sha1 if kind == "ssha" else hashlib.sha256
    text = f"{{{spelling(scheme)}}}{b64encode(digest(PASSWORD + SALT).digest() + SALT).decode()}"
    found = accepted(text)

    assert (found.type, found.salt_position) == (kind, "suffix" if kind == "ssha256" else None)
    assert fits(found, PASSWORD)
    assert accepted(None, custom("ldap", text, "utf8")) == found


@pytest.mark.parametrize(
    ("algorithm", "value", "more", "reason"),
    [
        ("sha1", "ab" * 20, {}, "unsalted"),
        ("sha256", "ab" * 32, {}, "unsalted"),
        ("sha256", "ab" * 32, {"salt": {"value": ""}}, "unsalted"),
        ("sha256", "ab" * 20, {"salt": salted()}, "the length"),
        ("sha1", "ab" * 32, {"salt": salted("suffix")}, "the length"),
        ("sha256", "xy" * 32, {"salt": salted()}, "is not hex"),
        ("sha256", "ab" * 32, {"salt": salted("middle")}, "salt.position: input should be"),
        *((one, "ab" * 16, {"salt": salted()}, f"no {one} hashes") for one in ("md4", "md5", "sha512")),
        ("hmac", "ab" * 16, {"hash": {"value": "ab", "digest": "sha1", "key": {"value": "k"}}}, "no hmac hashes"),
    ],
)
def test_other_digests_are_refused(algorithm: str, value: str, more: Line, reason: str) -> None:
    assert reason in refused(None, {**custom(algorithm, value, "hex"), **more})


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        *((f"{{{scheme}}}{b64(b'x' * 60)}", "an LDAP scheme") for scheme in ("MD5", "SMD5", "SHA", "SHA256", "SHA384")),
        *((f"{{{scheme}}}{b64(b'x' * 80)}", "an LDAP scheme") for scheme in ("SSHA384", "SSHA512", "CRYPT", "", "x")),
        ("{SSHA", "an LDAP scheme"),
        ("xSSHA}" + b64(b"x" * 30), "an LDAP scheme"),
        ("{SSHA}" + b64(b"x" * 20), "unsalted"),
        ("{SSHA256}" + b64(b"x" * 32), "unsalted"),
        ("{SSHA}" + b64(b"x" * 19), "the length"),
        ("{SSHA256}" + b64(b"x" * 20), "the length"),
        ("{SSHA}", "not base64"),
        ("{SSHA}" + b64(b"x" * 30) + "!", "not base64"),
    ],
)
def test_other_ldap_hashes_are_refused(text: str, reason: str) -> None:
    assert reason in refused(None, custom("ldap", text))
    if text.startswith("{"):
        assert reason in refused(text)
