"""Whatever stands on a password line, under whatever spelling: a hash, or a reason that holds no part of it."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from providers.auth0.credentials import hash_fault, usable_hash
from providers.auth0.fast_lines import fast_record
from providers.auth0.hashes import HashFault, read_hash
from providers.auth0.records import Password, with_one_spelling
from tests.auth0.hash_forms import accepted, argon2, custom, refused, salted
from tests.tenant import HASH, OTHER_HASH, Line, password

SCRYPT = custom("scrypt", "ab", "hex", salt=salted(), keylen=1)


@pytest.mark.parametrize(
    "text", ["5f4dcc3b5aa765d61d8327deb882cf99", "ab" * 20, "ab" * 32, "plain", "AbuUujgF0pPPkJPSFRTpmA=="]
)
def test_an_algorithm_is_never_guessed_from_a_bare_digest(text: str) -> None:
    assert refused(text) == "nothing in the hash says which algorithm made it"


@pytest.mark.parametrize("text", ["$1$salt$hash", "$6$salt$hash", "$scrypt$n=1$a$b", "$P$Bhash", "$", "$pbkdf3"])
def test_text_of_another_form_is_refused(text: str) -> None:
    assert "a form that WorkOS does not import" in refused(text)


@pytest.mark.parametrize("given", [(), (None,), ("", None), ({}, ""), (None, {})])
def test_a_line_without_a_hash_is_refused(given: tuple[object, ...]) -> None:
    assert refused(*(given or (None,))) == "the line holds no hash"


@pytest.mark.parametrize("other", [HASH, OTHER_HASH, custom("bcrypt", HASH), [HASH], 5])
def test_two_hashes_on_a_line_are_refused(other: object) -> None:
    assert "two hashes" in refused(HASH, other)
    assert "two hashes" in refused(other, HASH)


@pytest.mark.parametrize("value", [5, True, [HASH], 1.5])
def test_what_is_neither_text_nor_an_object_is_refused(value: object) -> None:
    assert "neither text nor an object" in refused(value)
    assert "neither text nor an object" in refused(None, value)


def test_text_and_object_stand_under_either_key() -> None:
    for one in (HASH, argon2(), custom("argon2", argon2()), SCRYPT):
        assert accepted(one, None) == accepted(None, one) == accepted({}, one) == accepted(one, "")


def test_keys_and_words_may_be_spelled_otherwise() -> None:
    spelled: Line = {
        "Algorithm": "SHA-256",
        "Hash": {"Value": "ab" * 32, "Encoding": "HEX"},
        "SALT": {"value": "salt", "encoding": None, "position": "Suffix"},
        "password": {"encoding": "UTF-8"},
        "cost": None,
        "more": [],
    }
    plain = custom("sha256", "ab" * 32, "hex", salt={"value": "salt", "position": "suffix"})
    odd = {"algorithm": "scrypt", "hash": {"value": "ab", "encoding": "hex"}, "key_len": 1, "block_size": 2}

    assert accepted(None, spelled) == accepted(None, plain)
    assert "r=2,p=1,kl=1$" in accepted(None, {**odd, "salt": salted()}).text
    assert accepted(None, {"algorithm": "bcrypt", "hash": HASH}) == accepted(HASH)


@pytest.mark.parametrize("encoding", ["ascii", "utf16le", "ucs2", "latin1", "binary", "x"])
def test_a_password_hashed_in_another_encoding_is_refused(encoding: str) -> None:
    told = custom("sha256", "ab" * 32, "hex", salt=salted(), password={"encoding": encoding})

    assert "not encoded in utf8" in refused(None, told)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"hash": {"value": HASH}}, "algorithm: field required"),
        ({"algorithm": "md7", "hash": {"value": "x"}}, "algorithm: input should be"),
        ({"algorithm": ["md5"], "hash": {"value": "x"}}, "algorithm: input should be"),
        ({"algorithm": "bcrypt"}, "hash: field required"),
        ({"algorithm": "bcrypt", "hash": {}}, "hash.value: field required"),
        ({"algorithm": "bcrypt", "hash": {"value": 5}}, "hash.value: input should be a valid string"),
        ({"algorithm": "bcrypt", "hash": [HASH]}, "hash: input should be"),
        ({"algorithm": "bcrypt", "hash": {"value": HASH, "encoding": "base64"}}, "hash.encoding of bcrypt"),
        ({"algorithm": "argon2", "hash": {"value": argon2()}, "salt": {"value": "x"}}, "extra salt"),
    ],
)
def test_an_object_that_is_not_the_schemas_is_refused_by_its_field(fields: Line, reason: str) -> None:
    assert reason in refused(fields)


@pytest.mark.parametrize("key", ["passwordHash", "password_hash", "custom_password_hash", "customPasswordHash"])
def test_the_key_of_a_line_may_be_spelled_otherwise(key: str) -> None:
    record = Password.model_validate(with_one_spelling({"_id": "1", key: argon2()}))

    assert usable_hash(record) == accepted(argon2())
    assert hash_fault(record) == ""


@pytest.mark.parametrize("key", ["custom_password_hash", "customPasswordHash"])
def test_a_line_with_a_second_hash_is_not_taken_for_a_plain_one(key: str) -> None:
    plain = password("1", email="ann@people.example")

    assert fast_record("passwords", json.dumps(plain).encode()) is not None
    assert fast_record("passwords", json.dumps({**plain, key: custom("md5", "ab")}).encode()) is None


def test_no_representation_shows_a_hash() -> None:
    found = accepted(HASH)
    record = Password.model_validate({"passwordHash": HASH, "custom_password_hash": custom("bcrypt", HASH)})

    assert HASH[7:] not in f"{found!r} {found!s} {[found]} {found} {record!r} {record}"
    assert asdict(found)["text"] == HASH


def test_hashes_that_fit_other_passwords_differ_as_a_whole() -> None:
    before, after = (
        accepted(None, custom("sha256", "ab" * 32, "hex", salt=salted(position))) for position in ("prefix", "suffix")
    )

    assert before.text == after.text
    assert before.whole != after.whole
    assert accepted(HASH).whole == HASH


# Whatever a line holds

TEXTS = st.text(max_size=8) | st.sampled_from(
    [
        "hex",
        "base64",
        "utf8",
        "prefix",
        "bcrypt",
        "ab",
        "AAAA",
        HASH,
        argon2(),
        "{SSHA}",
        "$argon2id$v=19$m=1$$",
        "\ud800",
    ]
)
WORDS = "algorithm hash value encoding salt position password keylen cost blockSize parallelization digest key"
KEYS = st.sampled_from(WORDS.split())
JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS | st.text(max_size=3), inner, max_size=4),
    max_leaves=8,
)
NAMES = "argon2 bcrypt hmac ldap md4 md5 pbkdf2 scrypt sha1 sha256 sha512"
ALGORITHMS = st.sampled_from(NAMES.split())
PART = st.fixed_dictionaries({"value": TEXTS}, optional={"encoding": TEXTS, "position": TEXTS})
OBJECTS = st.fixed_dictionaries(
    {"algorithm": ALGORITHMS, "hash": PART | JSON},
    optional={"salt": PART | JSON, "password": JSON, "keylen": JSON, "cost": JSON, "blockSize": JSON},
)


@given(JSON | OBJECTS, JSON | OBJECTS)
@example(None, {"algorithm": "sha256", "hash": {"value": "ab" * 32, "encoding": "hex"}, "salt": {"value": "\ud800"}})
@example(None, {"algorithm": "scrypt", "hash": {"value": "ab", "encoding": "hex"}, "keylen": 1, "cost": 1 << 20_000})
def test_any_line_ends_in_a_hash_or_a_reason(one: Any, other: Any) -> None:
    record = Password.model_validate(with_one_spelling({"passwordHash": one, "custom_password_hash": other}))
    found, reason = usable_hash(record), hash_fault(record)

    assert (found is None) == bool(reason)
    assert "\n" not in reason


MARKS = st.text("0789ABCDEF", min_size=16, max_size=24).map(lambda text: text[: len(text) // 2 * 2])
FORMS = st.sampled_from(
    [
        *("{0}", "$2b$10${0}", "$2x$10${0}{1}", "{{SMD5}}{0}", "{{SSHA}}{0}", "{{{0}}}{1}", "${0}$x", "$1${0}${1}"),
        *("$argon2id$v=19$m={0},t=1,p=1${1}$A", "$argon2id$v=19$m=9,t=1,p=1${0}${1}", "$argon2{0}$v=19$m=4096${0}${1}"),
        *("$pbkdf2-sha512$i=1000,l=64${0}${1}", "$pbkdf2-{0}${1}${0}", "$pbkdf2-sha256$i=600000,l=3${0}${1}", "{0}\n"),
    ]
)


@given(st.data(), MARKS, MARKS, FORMS)
def test_no_reason_holds_a_part_of_hash_or_salt(data: st.DataObject, one: str, other: str, form: str) -> None:
    text = form.format(one, other)
    encodings = st.sampled_from(["hex", "base64", "utf8", None, other])
    parts: list[Line] = [{"value": value, "encoding": data.draw(encodings)} for value in (text, one, other)]
    value, salt = data.draw(st.sampled_from(parts)), data.draw(st.sampled_from([None, *parts, {"value": [one]}, one]))
    fields = {"algorithm": data.draw(ALGORITHMS | st.just(one)), "hash": value, "salt": salt}
    sizes = {"keylen": data.draw(st.sampled_from([None, 8, one])), "cost": data.draw(st.sampled_from([None, 3, one]))}
    for given_ in ((text,), (None, {**fields, **sizes}), (text, one), (None, {one: text}), ([text],)):
        found = read_hash(*given_)
        told = (found.reason if isinstance(found, HashFault) else repr(found)).upper()

        assert not re.findall("[0789ABCDEF]{6}", told)
