"""Identity rules 1 to 5 and 12: buckets, email, names, verification, ids, and what never enters."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from providers.directory.model import Directory
from providers.findings import Ledger, Unbalanced
from tests.tenant import (
    SHARED,
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

# Rule 1: buckets


def test_every_line_ends_in_one_bucket(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2", email=None), person("3"), "", "no JSON", person("4", email=SHARED)],
        organizations=[organization("a"), organization("left"), {"id": "org_nameless"}],
        members=[member("a", "auth0|1"), member("a", "auth0|1"), member("a", "auth0|3"), member("b", "auth0|1")],
        roles=[role("Admin"), role("ADMIN"), role("!")],
        passwords=[password("1"), password("2"), password("3"), password("9")],
        mfa=[otp("auth0|1"), otp("auth0|1"), otp("auth0|3")],
    )
    outcome = read(tmp_path, skip='["auth0|3","org_left"]')

    assert outcome.buckets("users") == {"declared": 2, "refused": 2, "skipped": 2}
    assert outcome.buckets("organizations") == {"declared": 1, "refused": 1, "skipped": 1}
    assert outcome.buckets("members") == {"declared": 1, "merged": 1, "refused": 1, "skipped": 1}
    assert outcome.buckets("roles") == {"declared": 1, "merged": 1, "refused": 1}
    assert outcome.buckets("passwords") == {"declared": 1, "refused": 2, "skipped": 1}
    assert outcome.buckets("mfa") == {"declared": 1, "refused": 1, "skipped": 1}


@pytest.mark.parametrize(("lines", "declared"), [(1, 2), (2, 1), (0, 1)])
def test_buckets_that_do_not_add_up_stop_the_run(lines: int, declared: int) -> None:
    ledger = Ledger()
    ledger.lines[0, "users"] = lines
    ledger.put("users", "declared", declared)

    with pytest.raises(Unbalanced, match="users"):
        ledger.summary()


def test_every_bucket_but_declared_says_why(tmp_path: Path) -> None:
    write(tmp_path, users=[person("1", email=None), person("2"), "", person("3", email=SHARED)])
    outcome = read(tmp_path, skip='["auth0|2"]')

    assert outcome.found("users") == [
        (1, "no_email", "auth0|1"),
        (2, "skipped", "auth0|2"),
        (3, "blank_line", ""),
    ]


def test_a_line_that_is_not_declared_is_withheld_and_so_never_counts_as_gone(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1", email=None), person("2"), person("3")],
        organizations=[organization("a"), {"id": "org_nameless"}],
        members=[member("a", "auth0|1"), member("a", "auth0|3")],
    )
    outcome = read(tmp_path, skip='["auth0|2"]')

    assert outcome.withheld == {
        ("users", "auth0|1"),
        ("users", "auth0|2"),
        ("organizations", "org_nameless"),
        ("members", "org_a/auth0|1"),
    }


def test_a_line_that_cannot_be_read_is_withheld_under_its_id_if_it_has_one(tmp_path: Path) -> None:
    """Without an id it may be anybody's; a blank line is nobody's."""
    write(
        tmp_path,
        users=[person("1", blocked="perhaps"), ""],
        organizations=["nonsense", {"name": "Acme"}],
        members=[member("a", "auth0|1") | {"roles": 7}, {"user_id": "auth0|1"}],
    )

    assert read(tmp_path).withheld == {
        ("users", "auth0|1"),
        ("organizations", ""),
        ("members", "org_a/auth0|1"),
        ("members", ""),
    }


def test_a_finding_names_the_real_file_and_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text(json.dumps([person("1", email=None)]))
    (finding,) = read(tmp_path).findings

    assert (finding.code, finding.file, finding.line, finding.external_id) == ("no_email", "users.json", 1, "auth0|1")
    assert finding.message.startswith("the user has no email. Next: ")


# Rule 2: email


@pytest.mark.parametrize(
    ("exported", "email"),
    [
        ("ada@people.example", "ada@people.example"),
        ("Ada@People.Example", "ada@people.example"),
        ("  ada@people.example\t", "ada@people.example"),
        ("a.b+c-d_e'f@sub.people.example", "a.b+c-d_e'f@sub.people.example"),
        ("a" * 64 + "@people.example", "a" * 64 + "@people.example"),
        ("a@" + ("b" * 49 + ".") * 4 + "people.example", "a@" + ("b" * 49 + ".") * 4 + "people.example"),
    ],
)
def test_the_email_is_trimmed_and_lower_cased(tmp_path: Path, exported: str, email: str) -> None:
    outcome = read(write(tmp_path, users=[person("1", email=exported)]))

    assert outcome.user("auth0|1").email == email


@pytest.mark.parametrize("exported", [None, "", "   "])
def test_a_user_without_email_is_refused(tmp_path: Path, exported: str | None) -> None:
    outcome = read(write(tmp_path, users=[person("1", email=exported)]))

    assert outcome.found("users") == [(1, "no_email", "auth0|1")]
    assert outcome.directory == Directory()


def test_a_user_whose_line_has_no_email_key_is_refused(tmp_path: Path) -> None:
    line = {key: value for key, value in person("1").items() if key != "email"}

    assert read(write(tmp_path, users=[line])).found("users") == [(1, "no_email", "auth0|1")]


@pytest.mark.parametrize(
    "exported",
    [
        "ada",
        "ada@people",
        "@people.example",
        "ada@",
        "ada@@people.example",
        "ada@bob@people.example",
        "ada lovelace@people.example",
        "ada@people.example,bob@people.example",
        "Ada <ada@people.example>",
        "ada@people..example",
        "ada@.people.example",
        "ada@-people.example",
        "ada@people.123",
        "a" * 65 + "@people.example",
        "a@" + "b" * 240 + ".people.example",
        "ada\u0000@people.example",
        "+41791234567",
    ],
)
def test_an_email_that_is_no_address_is_refused(tmp_path: Path, exported: str) -> None:
    outcome = read(write(tmp_path, users=[person("1", email=exported)]))

    assert outcome.found("users") == [(1, "invalid_email", "auth0|1")]
    assert outcome.directory.users == ()


# Rule 3: names


@pytest.mark.parametrize(
    ("fields", "first", "last"),
    [
        ({"given_name": "Ada", "family_name": "Lovelace"}, "Ada", "Lovelace"),
        ({"given_name": "Ada"}, "Ada", None),
        ({"family_name": "Lovelace", "given_name": ""}, None, "Lovelace"),
        ({"given_name": None, "family_name": None}, None, None),
        ({"given_name": " Ada ", "family_name": "'t Hooft"}, " Ada ", "'t Hooft"),
    ],
)
def test_names_are_given_name_and_family_name(
    tmp_path: Path, fields: Line, first: str | None, last: str | None
) -> None:
    user = read(write(tmp_path, users=[person("1", **fields)])).user("auth0|1")

    assert (user.first_name, user.last_name) == (first, last)


def test_nothing_is_guessed_from_name_nickname_or_username(tmp_path: Path) -> None:
    line = person("1", name="Ada Lovelace", nickname="ada", username="Ada")
    user = read(write(tmp_path, users=[line])).user("auth0|1")

    assert (user.first_name, user.last_name) == (None, None)


# Rule 4: email_verified


@pytest.mark.parametrize("exported", [True, 1, 1.0, "true", "True", "TRUE", " true "])
def test_an_email_is_verified_for_true_one_and_the_text_true(tmp_path: Path, exported: object) -> None:
    outcome = read(write(tmp_path, users=[person("1", email_verified=exported)]))

    assert outcome.user("auth0|1").email_verified is True
    assert outcome.found("users") == []


@pytest.mark.parametrize("exported", [False, 0, 2, 0.5, None, ""])
def test_an_email_is_unverified_for_anything_else_that_is_no_text(tmp_path: Path, exported: object) -> None:
    outcome = read(write(tmp_path, users=[person("1", email_verified=exported)]))

    assert outcome.user("auth0|1").email_verified is False
    assert outcome.found("users") == []


@pytest.mark.parametrize("exported", ["false", "1", "yes", "ada@people.example", "true.", [], [True], {"a": 1}])
def test_whatever_else_stands_there_is_unverified_with_a_finding(tmp_path: Path, exported: object) -> None:
    outcome = read(write(tmp_path, users=[person("1", email_verified=exported)]))

    assert outcome.user("auth0|1").email_verified is False
    assert outcome.found("users") == [(1, "email_verified_text", "auth0|1")]


@pytest.mark.parametrize(("exported", "verified"), [("ada@people.example", True), ("yes", True), ("  ", False)])
def test_trust_text_takes_any_text_that_is_not_empty_for_true(tmp_path: Path, exported: str, verified: bool) -> None:
    write(tmp_path, users=[person("1", email_verified=exported)])
    outcome = read(tmp_path, emailVerified="trust-text")

    assert outcome.user("auth0|1").email_verified is verified
    assert outcome.found("users") == []


def test_a_user_without_email_verified_is_unverified(tmp_path: Path) -> None:
    line = {key: value for key, value in person("1").items() if key != "email_verified"}

    assert read(write(tmp_path, users=[line])).user("auth0|1").email_verified is False


# Rule 5: external ids


@pytest.mark.parametrize(
    "user_id",
    [
        "auth0|5F7C8EC7c33c6c004bbafe82",
        "google-oauth2|107893859048370401181123456789",
        "samlp|Corp-SAML|Ada@People.Example",
        "auth0|a|b||c",
        " auth0|1 ",
        "auth0|00012",
        "no-pipe-at-all",
        "x" * 64,
    ],
)
def test_the_external_id_is_the_user_id_to_the_last_character(tmp_path: Path, user_id: str) -> None:
    outcome = read(write(tmp_path, users=[person("1", user_id=user_id)]))

    assert [user.external_id for user in outcome.directory.users] == [user_id]
    assert outcome.found("users") == []


def test_ids_that_differ_in_case_only_are_two_users(tmp_path: Path) -> None:
    write(tmp_path, users=[person("a", email="1@people.example"), person("A", email="2@people.example")])

    assert [user.external_id for user in read(tmp_path).directory.users] == ["auth0|A", "auth0|a"]


@pytest.mark.parametrize(
    ("own", "code"),
    [("ö", "external_id_not_ascii"), ("a\u0007", "external_id_not_ascii"), ("x" * 123, "external_id_too_long")],
)
def test_an_id_that_workos_cannot_hold_is_refused(tmp_path: Path, own: str, code: str) -> None:
    outcome = read(write(tmp_path, users=[person(own, email=SHARED)]))

    assert outcome.found("users") == [(1, code, f"auth0|{own}")]
    assert outcome.directory.users == ()


@pytest.mark.parametrize(("length", "codes"), [(64, []), (65, ["external_id_over_64"]), (128, ["external_id_over_64"])])
def test_an_id_of_up_to_128_characters_goes_in_with_a_remark_above_64(
    tmp_path: Path, length: int, codes: list[str]
) -> None:
    user_id = "auth0|".ljust(length, "x")
    outcome = read(write(tmp_path, users=[person("1", user_id=user_id)]))

    assert [user.external_id for user in outcome.directory.users] == [user_id]
    assert [code for _, code, _ in outcome.found("users")] == codes


def test_an_organization_keeps_its_auth0_id(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[], organizations=[organization("a", id=" Org_A|1 ")]))

    assert [one.external_id for one in outcome.directory.organizations] == [" Org_A|1 "]


@pytest.mark.parametrize("line", [{"name": "a"}, {"id": None, "name": "a"}, {"id": "", "name": "a"}])
def test_an_organization_without_id_is_refused(tmp_path: Path, line: Line) -> None:
    assert read(write(tmp_path, users=[], organizations=[line])).found("organizations") == [(1, "no_id", "")]


@pytest.mark.parametrize("user_id", [None, "", "  "])
def test_a_user_without_id_is_refused(tmp_path: Path, user_id: str | None) -> None:
    assert read(write(tmp_path, users=[person("1", user_id=user_id)])).found("users") == [(1, "no_id", "")]


# Rule 12: what never enters


def test_what_changes_by_itself_never_enters_the_directory(tmp_path: Path) -> None:
    volatile: Line = {
        "last_login": "2024-01-01T00:00:00Z",
        "logins_count": 7,
        "updated_at": "2024-01-02T00:00:00Z",
        "last_ip": "192.0.2.7",
        "picture": "https://people.example/7.png",
        "last_password_reset": "2024-01-02T00:00:00Z",
    }
    config = {"userMetadata": '{"logins":"logins_count","when":"last_login"}'}
    quiet = read(write(tmp_path / "one", users=[person("1")]), **config)
    busy = read(write(tmp_path / "two", users=[person("1", **volatile)]), **config)

    assert busy.directory == quiet.directory
    assert busy.all_found() == quiet.all_found() == {}
