"""The quick way of reading a line: whatever it takes is what the slow way makes of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.auth0.attribute_names import with_api_keys
from providers.auth0.export import parse
from providers.auth0.fast_lines import fast_record
from providers.auth0.records import Factor, Member, Password, Record, RoundedId, User, instant, with_one_spelling
from tests.examples import examples
from tests.tenant import Line, member, otp, password, person

TEXTS = st.sampled_from(
    ["", "a@people.example", " Ada ", "auth0|1", "github|2.5", "x|1.09e+20", "7", "e", "1E+15", "ö", "'x"]
)
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(10**20, 10**21), st.floats(), TEXTS, st.just([]), st.just({})
)
USER_KEYS = [
    *["user_id", "email", "email_verified", "given_name", "family_name", "blocked", "created_at", "updated_at"],
    *["identities", "connection", "multifactor", "user_metadata", "app_metadata", "name", "picture", "last_login"],
    *["Id", "Email", "User-Metadata", "user_metadata.plan", "identities[0].connection", "Given_Name"],
]
IDENTITIES = st.lists(
    st.fixed_dictionaries(
        {}, optional={"provider": VALUES, "connection": VALUES, "user_id": VALUES, "isSocial": VALUES}
    ),
    max_size=2,
)


@st.composite
def users(draw: st.DrawFn) -> Line:
    """A users line in which some values are not what Auth0's API writes."""
    line = person("1", given_name="Ada", user_metadata={"plan": "pro"}, multifactor=["guardian"])
    for key in draw(st.lists(st.sampled_from(USER_KEYS), max_size=3)):
        line[key] = draw(IDENTITIES if key == "identities" else VALUES)
    for key in draw(st.lists(st.sampled_from(sorted(line)), max_size=2)):
        line.pop(key, None)
    return line


@st.composite
def others(draw: st.DrawFn, base: Line, keys: list[str]) -> Line:
    """A line of another file, likewise."""
    line = dict(base)
    for key in draw(st.lists(st.sampled_from(keys), max_size=2)):
        line[key] = draw(
            st.one_of(VALUES, st.fixed_dictionaries({"$oid": VALUES}), st.fixed_dictionaries({"$date": VALUES}))
        )
    return line


def fields(record: Any) -> dict[str, Any]:
    """What Ferry makes use of, texts that are empty and absent alike, instants by the time they stand for."""
    match record:
        case User():
            dates = [instant(record.created_at), instant(record.updated_at)]
            plain = [record.user_id, record.email or None, record.email_verified, record.blocked]
            names = [record.given_name or None, record.family_name or None]
            identities = [
                (identity.provider or None, identity.connection or None, identity.user_id)
                for identity in record.identities
            ]
            more = [identities, record.database_identities(), bool(record.multifactor)]
            return {"user": [*plain, *names, *dates, *more, record.user_metadata, record.app_metadata]}
        case Password():
            dates = [instant(record.set_at)]
            return {
                "password": [record.join_ids, record.email, record.connection, record.password_hash or None, *dates]
            }
        case Member():
            return {"member": [record.org_id, record.user_id, [(role.id, role.name or None) for role in record.roles]]}
        case Factor():
            return {"factor": [record.user_id, record.type or None, record.otp_secret or None]}
    raise AssertionError(record)


def slowly(kind: str, data: bytes) -> Record:
    """The record as the tolerant models make it; raises for a line they refuse."""
    line = parse(data)
    match kind:
        case "users":
            return User.model_validate(with_api_keys(line))
        case "passwords":
            return Password.model_validate(with_one_spelling(line))
        case "members":
            return Member.model_validate(line)
    return Factor.model_validate(line)


def compare(kind: str, line: Line) -> None:
    """Both ways, if the quick one takes the line."""
    data = json.dumps(line).encode()
    quick = fast_record(kind, data)
    if quick is not None:
        assert fields(quick) == fields(slowly(kind, data))


@given(users())
@settings(max_examples=examples(500))
def test_a_users_line_read_quickly_is_the_one_read_slowly(line: Line) -> None:
    compare("users", line)


@given(others(password("1", email="a@people.example"), ["_id", "_ID", "alt_id", "email", "passwordHash", "connection"]))
@settings(max_examples=examples(300))
def test_a_password_line_read_quickly_is_the_one_read_slowly(line: Line) -> None:
    compare("passwords", line)


@given(others(member("a", "auth0|1", "Admin"), ["org_id", "user_id", "roles"]))
def test_a_members_line_read_quickly_is_the_one_read_slowly(line: Line) -> None:
    compare("members", line)


@given(others(otp("auth0|1"), ["user_id", "type", "otp_secret"]))
def test_an_mfa_line_read_quickly_is_the_one_read_slowly(line: Line) -> None:
    compare("mfa", line)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("users", person("1")),
        (
            "users",
            person("1", blocked=True, email=None, user_metadata={"a": {"b": [1, None]}}, picture="x", locale="de"),
        ),
        ("passwords", password("1", email="a@people.example", tenant="acme", _tmp_is_unique=True)),
        ("members", member("a", "auth0|1", "Admin", "Viewer")),
        ("mfa", otp("auth0|1")),
    ],
)
def test_lines_as_auth0_writes_them_are_read_quickly(kind: str, line: Line) -> None:
    assert fast_record(kind, json.dumps(line).encode()) is not None


@pytest.mark.parametrize("key", ["Email", "user_metadata.plan", "identities[0].connection", "Created At"])
def test_a_line_with_a_key_under_another_name_takes_a_closer_look(key: str) -> None:
    assert fast_record("users", json.dumps(person("1", **{key: "x"})).encode()) is None


def test_a_rounded_id_takes_a_closer_look() -> None:
    data = json.dumps(person("1", user_id="google-oauth2|1.09e+20")).encode()

    assert fast_record("users", data) is None
    with pytest.raises(ValueError, match="rounded") as refused:
        slowly("users", data)
    assert isinstance(refused.value.errors()[0]["ctx"]["error"], RoundedId)  # type: ignore[attr-defined]
