"""The lines of an export are read whatever their spelling, ids keep every digit, and no message repeats a value."""

from __future__ import annotations

import json
import traceback
from pathlib import Path
from typing import Any

import pytest

from providers.auth0.attribute_names import with_api_keys
from providers.auth0.export import Export, Read
from providers.auth0.fast_lines import fast_record
from providers.auth0.lines import ExportError
from providers.auth0.records import Factor, Password, User, with_one_spelling
from providers.findings import Ledger
from providers.settings import FILES
from tests.tenant import (
    DATABASE,
    HASH,
    OTP,
    Line,
    member,
    organization,
    otp,
    password,
    person,
    read,
    role,
    write,
)

EXTENSION = {
    "Id": "auth0|1",
    "Given Name": "Ada",
    "Family Name": "Lovelace",
    "Nickname": "ada",
    "Name": "Ada Lovelace",
    "Email": "ada@people.example",
    "Email Verified": True,
    "Picture": "https://people.example/1.png",
    "Connection": DATABASE,
    "Created At": "2022-04-26T00:07:05.098Z",
    "Updated At": "2022-07-06T14:54:19.214Z",
}


def test_the_keys_of_the_import_export_extension_are_read(tmp_path: Path) -> None:
    write(tmp_path, users=[EXTENSION], passwords=[password("1"), password("1", connection="Other")])
    outcome = read(tmp_path)

    user = outcome.user("auth0|1")
    assert (user.email, user.email_verified) == ("ada@people.example", True)
    assert (user.first_name, user.last_name) == ("Ada", "Lovelace")
    assert user.password is not None
    assert outcome.found("passwords") == [(2, "no_matching_user", "1")]


@pytest.mark.parametrize(
    "line",
    [
        {"Id": "auth0|1", "email": "ada@people.example", "email_verified": True, "given_name": "Ada"},
        {"ID": "auth0|1", "EMAIL": "ada@people.example", "EMAIL_VERIFIED": True, "GIVEN-NAME": "Ada"},
        {"User ID": "auth0|1", "E-Mail": "ada@people.example", "email verified": True, "Given_Name": "Ada"},
        {"userId": "auth0|1", "Email": "ada@people.example", "emailVerified": True, "givenName": "Ada"},
        {
            "user_id": "auth0|1",
            "email": None,
            "Email": "ada@people.example",
            "email_verified": True,
            "Given Name": "Ada",
        },
    ],
)
def test_spellings_may_be_mixed(tmp_path: Path, line: Line) -> None:
    user = read(write(tmp_path, users=[line])).user("auth0|1")

    assert (user.email, user.email_verified, user.first_name) == ("ada@people.example", True, "Ada")


def test_auth0s_own_key_wins_over_another_spelling() -> None:
    line = {"Id": "auth0|2", "user_id": "auth0|1", "Email": "b@people.example", "email": "a@people.example"}
    read_line = with_api_keys(line)

    assert (read_line["user_id"], read_line["email"]) == ("auth0|1", "a@people.example")


@pytest.mark.parametrize(
    "line",
    [
        {"user_metadata.country": "CH", "app_metadata.plan": "pro"},
        {"user_metadata": {"country": "CH"}, "app_metadata": {"plan": "pro"}},
        {"user_metadata": {"other": 1}, "user_metadata.country": "CH", "app_metadata": {}, "app_metadata.plan": "pro"},
        {"user_metadata": {"country": "CH"}, "user_metadata.country": "DE", "app_metadata": {"plan": "pro"}},
    ],
)
def test_metadata_is_read_from_a_dotted_key_and_from_an_object(tmp_path: Path, line: Line) -> None:
    write(tmp_path, users=[person("1", **line)])
    outcome = read(tmp_path, userMetadata='{"country":"user_metadata.country","plan":"app_metadata.plan"}')

    assert outcome.user("auth0|1").metadata == {"country": "CH", "plan": "pro"}


@pytest.mark.parametrize("value", [None, {}])
def test_empty_objects_and_null_are_the_same_as_absent(tmp_path: Path, value: Any) -> None:
    line = person(
        "1",
        user_metadata=value,
        app_metadata=value,
        identities=None if value is None else [],
        blocked=None,
        created_at=None,
    )

    assert read(write(tmp_path, users=[line])).found("users") == []


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"identities": "x"}, "identities"),
        ({"identities": [7]}, "identities.0"),
        ({"identities": [{"user_id": True}]}, "identities.0.user_id"),
        ({"email": ["ada@people.example"]}, "email"),
        ({"email": {"value": "ada@people.example"}}, "email"),
        ({"given_name": True}, "given_name"),
    ],
)
def test_a_field_of_another_type_refuses_the_line_and_is_named(tmp_path: Path, fields: Line, field: str) -> None:
    outcome = read(write(tmp_path, users=[person("1", **fields)]))

    assert outcome.found("users") == [(1, "invalid_field", "auth0|1")]
    assert f"({field}" in outcome.findings[0].message


@pytest.mark.parametrize("value", ["text", "", [1], 7])
def test_metadata_that_is_no_object_holds_nothing_and_loses_nobody(tmp_path: Path, value: object) -> None:
    line = person("1", user_metadata=value, app_metadata=value)
    outcome = read(write(tmp_path, users=[line]), userMetadata='{"plan":"app_metadata.plan"}')

    assert outcome.user("auth0|1").metadata == {}


@pytest.mark.parametrize("own", [None, ""])
def test_an_identity_without_id_loses_nobody(tmp_path: Path, own: str | None) -> None:
    identities = [{"provider": "x", "connection": "x", "user_id": own}, {"provider": "x", "connection": "x"}]
    line = person("1", identities=[*person("1")["identities"], *identities])
    outcome = read(write(tmp_path, users=[line], passwords=[password("1")]))

    assert outcome.user("auth0|1").password is not None


# Ids


@pytest.mark.parametrize("digits", ["1000083", "107893859048370401181", "9007199254740993", "0"])
def test_a_number_as_identity_id_keeps_its_digits(tmp_path: Path, digits: str) -> None:
    line = json.dumps(person("x", identities=[{"provider": "auth0", "connection": DATABASE, "user_id": "here"}]))
    write(tmp_path, users=[line.replace('"here"', digits)], passwords=[password(digits), password(f"{digits}.0")])
    outcome = read(tmp_path)

    assert outcome.user("auth0|x").password is not None
    assert outcome.found("passwords") == [(2, "no_matching_user", f"{digits}.0")]


@pytest.mark.parametrize("digits", ["1000083", "107893859048370401181"])
def test_a_number_as_alt_id_or_oid_keeps_its_digits(tmp_path: Path, digits: str) -> None:
    alt = json.dumps(password("f" * 24, alt_id="here")).replace('"here"', digits)
    own = json.dumps({"_id": "here", "passwordHash": HASH}).replace('"here"', digits)
    for name, line in (("alt", alt), ("own", own)):
        outcome = read(write(tmp_path / name, users=[person(digits)], passwords=[line]))

        assert outcome.user(f"auth0|{digits}").password is not None


@pytest.mark.parametrize("number", ["12", "-1", "107893859048370401181", "true", "[]", "{}"])
@pytest.mark.parametrize(("kind", "key"), [("users", "user_id"), ("members", "user_id"), ("mfa", "user_id")])
def test_a_user_id_that_is_no_text_is_refused(tmp_path: Path, kind: str, key: str, number: str) -> None:
    lines: dict[str, Line] = {"users": person("1"), "members": member("a", "auth0|1"), "mfa": otp("auth0|1")}
    texts: list[Line | str] = [json.dumps({**lines[kind], key: "here"}).replace('"here"', number)]
    outcome = read(write(write(tmp_path, users=[]), **{kind: texts}))

    assert [code for _, code, _ in outcome.found(kind)] == ["invalid_field"]


def test_an_organization_id_that_is_a_number_is_refused(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[], organizations=[{"id": 12, "name": "a"}]))

    assert outcome.found("organizations") == [(1, "invalid_field", "")]


ROUNDED = [
    pytest.param("users", person("1", user_id=1.07893859048e20), id="user_id number"),
    pytest.param("users", person("1", user_id="google-oauth2|1.07893859048e+20"), id="user_id text"),
    pytest.param("users", person("1", user_id="google-oauth2|1.08E+20"), id="user_id of a spreadsheet"),
    pytest.param("users", person("1", user_id="1e+20"), id="user_id without provider"),
    pytest.param("users", person("1", user_id="samlp|corp|1.08E+20"), id="last part of three"),
    pytest.param("users", person("1", identities=[{"user_id": 1.07893859048e20}]), id="identity number"),
    pytest.param("users", person("1", identities=[{"user_id": "1.08E+20"}]), id="identity text"),
    pytest.param("users", {"Id": "google-oauth2|1.08E+20"}, id="extension"),
    pytest.param("members", member("a", "google-oauth2|1.08E+20"), id="member"),
    pytest.param("passwords", {"_id": 1.5e23, "passwordHash": HASH}, id="_id"),
    pytest.param("passwords", {"_id": "1.5E+23", "passwordHash": HASH}, id="_id text"),
    pytest.param("passwords", password("1", alt_id=1.5e23), id="alt_id"),
    pytest.param("members", {"org_id": "org_a", "user_id": 1.08e20}, id="member number"),
    pytest.param("mfa", otp("google-oauth2|1.08E+20"), id="factor"),
    pytest.param("mfa", {"user_id": 1.08e20, "type": "otp"}, id="factor number"),
]


@pytest.mark.parametrize(("kind", "line"), ROUNDED)
def test_a_rounded_id_stops_the_run_and_names_the_place(tmp_path: Path, kind: str, line: Line) -> None:
    lines: list[Line | str] = ["", line]
    write(write(tmp_path, users=[person("0")]), **{kind: lines})

    with pytest.raises(ExportError, match=rf"^{kind}\.ndjson:2: an id went through a spreadsheet"):
        read(tmp_path)


@pytest.mark.parametrize("own", ["1e5", "e+20", "1e+x", "12.5", "deadbeefe+20", "1.5e3", "12e+3", "507e12", "1.5e10"])
def test_an_id_that_only_looks_a_little_like_a_number_is_no_damage(tmp_path: Path, own: str) -> None:
    assert [user.external_id for user in read(write(tmp_path, users=[person(own)])).directory.users] == [f"auth0|{own}"]


@pytest.mark.parametrize(
    ("user_id", "identities"),
    [
        ("auth0|1", [(None, "1")]),
        ("auth0|a|b", [(None, "a|b")]),
        ("auth0|", []),
        ("auth0", []),
        ("google-oauth2|1", []),
        ("Auth0|1", []),
    ],
)
def test_a_user_without_identities_has_the_one_its_id_names(user_id: str, identities: list[Any]) -> None:
    assert User(user_id=user_id).database_identities() == identities


@pytest.mark.parametrize(
    ("line", "ids"),
    [
        ({"_id": {"$oid": "1"}}, ["1"]),
        ({"_id": "1"}, ["1"]),
        ({"_ID": {"$oid": "1"}}, ["1"]),
        ({"_ID": "1"}, ["1"]),
        ({"_id": None, "_ID": "1"}, ["1"]),
        ({"_id": {"$oid": "auth0|1"}}, ["auth0|1", "1"]),
        ({"_id": "auth0|a|b"}, ["auth0|a|b", "a|b"]),
        ({"_id": {"$oid": "1"}, "alt_id": "2"}, ["2"]),
        ({"_id": {"$oid": "1"}, "alt_id": ""}, ["1"]),
        ({"alt_id": "auth0|2"}, ["auth0|2"]),
        ({"_id": {}}, []),
        ({"_id": None}, []),
        ({}, []),
    ],
)
def test_alt_id_comes_first_as_it_is_and_a_prefixed_id_may_be_meant_bare(line: Line, ids: list[str]) -> None:
    assert list(Password.model_validate(with_one_spelling(line)).join_ids) == ids


@pytest.mark.parametrize(
    ("line", "email"),
    [
        ({"email": "a@x.example", "identifiers": [{"type": "email", "value": "b@x.example"}]}, "a@x.example"),
        ({"email": None, "identifiers": [{"type": "email", "value": "b@x.example"}]}, "b@x.example"),
        ({"identifiers": [{"type": "username", "value": "b"}]}, None),
        ({"identifiers": "b@x.example"}, None),
        ({"identifiers": [None, "b@x.example"]}, None),
    ],
)
def test_the_email_of_a_hash_may_stand_among_its_identifiers(line: Line, email: str | None) -> None:
    assert Password.model_validate(with_one_spelling(line)).email == email


@pytest.mark.parametrize(
    ("exported", "instant"),
    [
        ("2022-04-26T00:07:05.098Z", "2022-04-26T00:07:05.098000+00:00"),
        ({"$date": "2022-04-26T02:07:05+02:00"}, "2022-04-26T00:07:05.000000+00:00"),
        ("2022-04-26", "2022-04-26T00:00:00.000000+00:00"),
        ("yesterday", None),
        ("", None),
        (1650931625, None),
        ("0001-01-01T00:00:00+14:00", None),
        (None, None),
    ],
)
def test_dates_are_text_that_sorts_by_time(exported: object, instant: str | None) -> None:
    assert User(user_id="auth0|1", created_at=exported).created_at == instant


# What never shows

MARK = "Zq7marker"
SECRETS: dict[str, list[Line]] = {
    "users": [
        person(
            "1",
            email=f"{MARK}@people.example",
            given_name=MARK,
            family_name=MARK,
            name=MARK,
            nickname=MARK,
            username=MARK,
            phone_number=MARK,
            picture=MARK,
            email_verified=MARK,
            connection=MARK,
            blocked=True,
            user_metadata={MARK: MARK},
            app_metadata={"long": MARK * 100, "ö": MARK},
            unknown=MARK,
            access_token=MARK,
        ),
        person("2", email=MARK),
        person("3", email=None, name=MARK),
        person("4", email=f"{MARK}@people.example"),
        person("5", email=f"{MARK}@people.example"),
        person("6", blocked=MARK),
        person("7", identities=[{"provider": MARK, "access_token": MARK}]),
        person("8", identities=MARK),
        person("9", user_metadata=MARK),
        person("10", email=[MARK]),
        person("11", email_verified=[MARK]),
        person("11", email_verified=[MARK]),
        {"email": MARK},
    ],
    "organizations": [
        organization(
            "a", metadata={MARK: MARK * 100, "ö": MARK}, branding={"logo_url": MARK}, domains=[{"domain": MARK}]
        ),
        organization("a", display_name=MARK),
        organization("b", metadata=[MARK]),
        organization("c", domains=MARK),
        {"name": MARK},
    ],
    "members": [
        member("a", "auth0|4") | {"email": MARK, "name": MARK, "picture": MARK},
        member("a", "auth0|9") | {"roles": MARK},
        member("a", "auth0|9") | {"roles": [{"name": [MARK]}]},
        member("a", "auth0|4", f"org {MARK}") | {"email": MARK},
        {"email": MARK},
    ],
    "roles": [
        role("Admin", description=MARK * 100),
        {"id": "rol_1", "name": [MARK]},
        {"id": "rol_2", "description": MARK},
    ],
    "passwords": [
        password("1", f"$2b$10${MARK.ljust(53, 'x')}"),
        password("4", MARK),
        password("4", f"$2b$10${MARK.ljust(53, 'x')}", email=MARK),
        password("4", f"$2b$10${MARK.ljust(53, 'y')}", tenant=MARK),
        password("5", [MARK]),  # type: ignore[arg-type]
        {"email": MARK, "passwordHash": MARK},
        {"_id": [MARK], "passwordHash": MARK},
        password("99", MARK, connection=MARK, identifiers=[{"type": "email", "value": MARK}]),
    ],
    "mfa": [
        otp("auth0|4", MARK),
        otp("auth0|4", MARK.upper().ljust(32, "A")),
        otp("auth0|5", MARK) | {"type": MARK},
        otp("auth0|1", MARK),
        otp("auth0|99", MARK),
        {"user_id": "auth0|4", "otp_secret": [MARK]},
        {"user_id": "auth0|4", "type": "recovery-code", "recovery_code": MARK},
        {"otp_secret": MARK},
    ],
}


def test_no_value_of_a_line_is_in_a_finding(tmp_path: Path) -> None:
    write(tmp_path, **SECRETS)
    outcome = read(tmp_path, userMetadata='{"long":"app_metadata.long","odd":"app_metadata.ö"}')

    told = [finding.to_json() for finding in outcome.findings]
    assert len(told) > 35
    assert [one for one in told if MARK.lower() in one.lower()] == []
    assert set(outcome.all_found()) == set(FILES)


DAMAGED = [
    pytest.param("users", [f'{{"user_id": "auth0|1", "email": "{MARK}@people.ex'], id="cut line"),
    pytest.param("users", [f'[{{"user_id": "auth0|1", "email": "{MARK}"'], id="cut array"),
    pytest.param("users", [f'[{{"email": "{MARK}"}} {MARK}'], id="no JSON in an array"),
    pytest.param("users", [json.dumps(person("1", user_id=1.5e20, email=MARK))], id="rounded id"),
    pytest.param(
        "users", [json.dumps(person("1", email=MARK, identities=[{"user_id": 1.5e20}]))], id="rounded identity"
    ),
    pytest.param("passwords", [json.dumps({"_id": 1.5e20, "passwordHash": MARK, "email": MARK})], id="rounded hash id"),
    pytest.param("mfa", [f'{{"user_id": "auth0|1", "otp_secret": "{MARK}'], id="cut factor"),
]


@pytest.mark.parametrize(("kind", "lines"), DAMAGED)
def test_no_value_of_a_line_is_in_an_error_that_stops_the_run(tmp_path: Path, kind: str, lines: list[str]) -> None:
    write(tmp_path, users=[])
    (tmp_path / f"{kind}.ndjson").write_text("".join(lines))

    with pytest.raises(ExportError) as stopped:
        read(tmp_path)

    assert MARK not in "".join(traceback.format_exception(stopped.value))


def test_no_representation_shows_a_secret() -> None:
    hashed = Password.model_validate(password("1", HASH))
    factor = Factor.model_validate(otp("auth0|1", OTP))
    quick = fast_record("passwords", json.dumps(password("1", HASH, email="a@people.example")).encode())
    quick_factor = fast_record("mfa", json.dumps(otp("auth0|1", OTP)).encode())

    assert (hashed.password_hash, factor.otp_secret) == (HASH, OTP)
    assert quick is not None
    assert quick_factor is not None
    for one in (hashed, factor, quick, quick_factor, Read(1, 0, 10, hashed), Read(1, 0, 10, quick_factor)):
        assert HASH not in f"{one!r} {one!s}"
        assert OTP not in f"{one!r} {one!s}"


def test_tokens_of_identity_providers_are_dropped_on_reading(tmp_path: Path) -> None:
    identities = [{"provider": "github", "user_id": 7, "access_token": MARK, "refresh_token": MARK}]
    export = Export(write(tmp_path, users=[person("1", identities=identities)]), Ledger())

    (line,) = export.read("users")
    assert line.record.identities[0].user_id == "7"
    assert MARK not in line.record.model_dump_json()


@pytest.mark.parametrize(
    "line", [{"user_metadata.address.city": "Bern"}, {"user_metadata": None, "user_metadata.address.city": "Bern"}]
)
def test_metadata_is_read_from_a_key_with_two_dots(tmp_path: Path, line: Line) -> None:
    write(tmp_path, users=[person("1", **line)])

    assert read(tmp_path, userMetadata='{"city":"user_metadata.address.city"}').user("auth0|1").metadata == {
        "city": "Bern"
    }


def test_metadata_is_read_from_a_dotted_key_beside_a_null(tmp_path: Path) -> None:
    line: Line = {"user_metadata": None, "user_metadata.city": "Bern"}
    write(tmp_path, users=[person("1", **line)])

    assert read(tmp_path, userMetadata='{"city":"user_metadata.city"}').user("auth0|1").metadata == {"city": "Bern"}


def test_identities_and_metadata_may_be_spelled_like_the_other_columns(tmp_path: Path) -> None:
    identities = [{"provider": "auth0", "connection": DATABASE, "user_id": "7"}]
    line = {
        "Id": "google-oauth2|1",
        "Email": "ada@people.example",
        "Identities": identities,
        "User Metadata": {"a": "1"},
    }
    write(tmp_path, users=[line], passwords=[password("7")])
    user = read(tmp_path, userMetadata='{"a":"user_metadata.a"}').user("google-oauth2|1")

    assert user.password is not None
    assert user.metadata == {"a": "1"}


@pytest.mark.parametrize("own", ["1,08E+20", "1.08E20", "1,08e20"])
def test_an_id_rounded_by_a_spreadsheet_in_another_language_stops_the_run(tmp_path: Path, own: str) -> None:
    write(tmp_path, users=[person("1", user_id=f"google-oauth2|{own}")])

    with pytest.raises(ExportError, match=r"users\.ndjson:1: an id went through a spreadsheet"):
        read(tmp_path)


@pytest.mark.parametrize("own", [1.5e23, "1.5E+23"])
def test_a_rounded_oid_stops_the_run(tmp_path: Path, own: object) -> None:
    write(tmp_path, users=[person("1")], passwords=[{"_id": {"$oid": own}, "passwordHash": HASH}])

    with pytest.raises(ExportError, match=r"passwords\.ndjson:1: an id went through a spreadsheet"):
        read(tmp_path)


NAMED: list[Line] = [
    {"Mail": "ada@people.example", "email": "old@people.example", "Email": "older@people.example"},
    {"Mail": None, "email": "ada@people.example", "Email": "older@people.example"},
    {"Mail": None, "E-Mail": "ada@people.example"},
]


@pytest.mark.parametrize("line", NAMED)
def test_a_name_of_the_stack_wins_then_auth0s_own_then_another_spelling(line: Line) -> None:
    assert with_api_keys(line, {"Mail": "email"})["email"] == "ada@people.example"


def test_names_of_the_stack_reach_into_metadata_and_identities(tmp_path: Path) -> None:
    line = {"Konto": "google-oauth2|1", "E-Mail": "ada@people.example", "Verified": True, "Land": "CH", "DB": "7"}
    names = {
        "Konto": "user_id",
        "Verified": "email_verified",
        "Land": "user_metadata.country",
        "DB": "identities[1].user_id",
        "DB Provider": "identities[1].provider",
    }
    write(tmp_path, users=[line | {"DB Provider": "auth0"}], passwords=[password("7")])
    config = {"exportAs": json.dumps(names), "userMetadata": '{"country":"user_metadata.country"}'}
    user = read(tmp_path, **config).user("google-oauth2|1")

    assert (user.email_verified, user.metadata) == (True, {"country": "CH"})
    assert user.password is not None


def test_names_of_the_stack_that_change_places_are_taken_once(tmp_path: Path) -> None:
    line = {"user_id": "auth0|1", "nickname": "ada@people.example", "email": "nick@people.example"}
    outcome = read(write(tmp_path, users=[line]), exportAs='{"email":"nickname","nickname":"email"}')

    assert outcome.user("auth0|1").email == "ada@people.example"


@pytest.mark.parametrize(
    ("line", "identities"),
    [
        ({"identities[0].connection": "c"}, [{"connection": "c", "provider": "auth0", "user_id": "a|b"}]),
        ({"identities[0].provider": "ad", "identities[0].user_id": "7"}, [{"provider": "ad", "user_id": "7"}]),
        ({"identities[0].user_id": 7}, [{"user_id": 7, "provider": "auth0"}]),
        (
            {"Identities[1].userId": "7", "identities[1].provider": "auth0"},
            [{"provider": "auth0", "user_id": "a|b"}, {"user_id": "7", "provider": "auth0"}],
        ),
        ({"identities": [], "identities[0].user_id": "7"}, []),
        ({"identities": None, "identities[0].user_id": "7"}, [{"user_id": "7", "provider": "auth0"}]),
    ],
)
def test_single_fields_of_identities_are_the_list_unless_there_is_one(line: Line, identities: list[Line]) -> None:
    assert with_api_keys({"user_id": "auth0|a|b", **line})["identities"] == identities


@pytest.mark.parametrize(
    "line", [{}, {"identities[0].connection": "c"}, {"user_id": 7, "identities[0].connection": "c"}]
)
def test_nothing_is_made_up_where_there_is_no_user_id(line: Line) -> None:
    assert "user_id" not in with_api_keys(line).get("identities", [{}])[0]


def test_metadata_that_is_no_object_is_not_reached_into() -> None:
    assert with_api_keys({"user_metadata": "x", "user_metadata.a": 1}) == {"user_metadata": "x"}
