"""The identity rules, one by one: who becomes which WorkOS user, and why somebody does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from providers.directory.model import Directory, Membership, Organization, Role
from providers.findings import Ledger, Unbalanced
from tests.pure.tenant import (
    DATABASE,
    HASH,
    OTHER_HASH,
    OTHER_OTP,
    OTP,
    Line,
    Outcome,
    member,
    organization,
    otp,
    password,
    person,
    read,
    role,
    write,
)

SHARED = "shared@people.example"

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
    ledger.lines["users"] = lines
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

    assert outcome.ledger.withheld == {
        ("users", "auth0|1"): "no_email",
        ("users", "auth0|2"): "skipped",
        ("organizations", "org_nameless"): "no_name",
        ("members", "org_a/auth0|1"): "user_rejected:no_email",
    }


def test_a_line_that_cannot_be_read_is_withheld_under_its_id_if_it_has_one(tmp_path: Path) -> None:
    """Without an id it may be anybody's; a blank line is nobody's."""
    write(
        tmp_path,
        users=[person("1", blocked="perhaps"), ""],
        organizations=["nonsense", {"name": "Acme"}],
        members=[member("a", "auth0|1") | {"roles": 7}, {"user_id": "auth0|1"}],
    )

    assert set(read(tmp_path).ledger.withheld) == {
        ("users", "auth0|1"),
        ("organizations", ""),
        ("members", "org_a/auth0|1"),
        ("members", ""),
    }


def test_a_finding_names_the_real_file_and_the_next_step(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text(json.dumps([person("1", email=None)]))
    (finding,) = read(tmp_path).ledger.findings

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


@pytest.mark.parametrize("exported", ["false", "1", "yes", "ada@people.example", "true."])
def test_other_text_is_unverified_with_a_finding(tmp_path: Path, exported: str) -> None:
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

    assert [one.external_id for one in outcome.directory.users] == [user_id]
    assert outcome.found("users") == []


def test_ids_that_differ_in_case_only_are_two_users(tmp_path: Path) -> None:
    write(tmp_path, users=[person("a", email="1@people.example"), person("A", email="2@people.example")])

    assert [one.external_id for one in read(tmp_path).directory.users] == ["auth0|A", "auth0|a"]


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

    assert [one.external_id for one in outcome.directory.users] == [user_id]
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


# Rule 6: one email, several users


def sharing(*accounts: Line) -> list[Line]:
    """Users with one email."""
    return [person(**{"email": SHARED, **one}) for one in accounts]


def test_users_who_share_a_verified_email_become_one(tmp_path: Path) -> None:
    users = sharing({"own": "2"}, {"own": "1", "email": "Shared@People.Example "}, {"own": "3"})
    outcome = read(write(tmp_path, users=users))

    (user,) = outcome.directory.users
    assert (user.key, user.external_id, user.email_verified) == ("auth0|1", "auth0|1", True)
    assert outcome.buckets("users") == {"declared": 1, "merged": 2}
    assert outcome.found("users") == [
        (1, "merged_into_primary", "auth0|2"),
        (3, "merged_into_primary", "auth0|3"),
    ]


def test_of_users_who_share_an_email_the_only_verified_one_counts(tmp_path: Path) -> None:
    users = sharing(
        {"own": "1", "email_verified": False}, {"own": "2"}, {"own": "3", "email_verified": "shared@people.example"}
    )
    outcome = read(write(tmp_path, users=users))

    (user,) = outcome.directory.users
    assert (user.key, user.external_id) == ("auth0|2", "auth0|2")
    assert outcome.found("users") == [
        (1, "unverified_duplicate", "auth0|1"),
        (3, "email_verified_text", "auth0|3"),
        (3, "unverified_duplicate", "auth0|3"),
    ]


@pytest.mark.parametrize("verified", [(False, False), (True, True, False), (False, False, False)])
def test_users_who_share_an_email_otherwise_are_all_refused(tmp_path: Path, verified: tuple[bool, ...]) -> None:
    users = sharing(*({"own": str(own), "email_verified": one} for own, one in enumerate(verified, 1)))
    outcome = read(write(tmp_path, users=users))

    assert outcome.directory.users == ()
    assert outcome.found("users") == [(line, "ambiguous_email", f"auth0|{line}") for line in range(1, len(users) + 1)]


@pytest.mark.parametrize("verified", [(True, True), (True, False), (False, False)])
def test_reject_refuses_every_account_that_shares_an_email(tmp_path: Path, verified: tuple[bool, ...]) -> None:
    users = sharing(*({"own": str(own), "email_verified": one} for own, one in enumerate(verified)))
    outcome = read(write(tmp_path, users=users), duplicateEmails="reject")

    assert outcome.directory.users == ()
    assert [code for _, code, _ in outcome.found("users")] == ["ambiguous_email"] * 2


def test_an_unverified_user_alone_with_an_email_is_declared(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[person("1", email_verified=False)]), duplicateEmails="reject")

    assert outcome.user("auth0|1").email_verified is False


PRIMARY_CASES = [
    pytest.param([{"own": "2"}, {"own": "1"}], "1", id="the smallest id, of equals"),
    pytest.param(
        [
            {"own": "1", "created_at": "2020-02-01T00:00:00Z"},
            {"own": "2", "created_at": "2020-01-31T23:59:59.999Z"},
        ],
        "2",
        id="the earliest",
    ),
    pytest.param(
        [
            {"own": "1", "created_at": "2020-02-01T00:30:00+02:00"},
            {"own": "2", "created_at": "2020-01-31T23:00:00Z"},
        ],
        "1",
        id="the earliest, whatever the time zone",
    ),
    pytest.param([{"own": "1", "created_at": None}, {"own": "2"}], "2", id="one with a date before one without"),
    pytest.param(
        [{"own": "1", "created_at": "2010-01-01T00:00:00Z"}, {"own": "hash"}], "hash", id="the one with a hash first"
    ),
]


@pytest.mark.parametrize(("accounts", "primary"), PRIMARY_CASES)
def test_the_primary_account_is(tmp_path: Path, accounts: list[Line], primary: str) -> None:
    write(tmp_path, users=sharing(*accounts), passwords=[password("hash")])
    outcome = read(tmp_path)

    (user,) = outcome.directory.users
    assert user.external_id == f"auth0|{primary}"
    assert user.key == min(f"auth0|{one['own']}" for one in accounts)


def test_a_merged_user_has_the_names_of_its_primary_account(tmp_path: Path) -> None:
    users = sharing({"own": "1", "given_name": "Ada"}, {"own": "2", "given_name": "Augusta", "family_name": "Lovelace"})
    user = read(write(tmp_path, users=users)).user("auth0|1")

    assert (user.first_name, user.last_name) == ("Ada", None)


def test_a_merged_user_has_the_memberships_and_roles_of_all_its_accounts(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=sharing({"own": "1"}, {"own": "2"}),
        organizations=[organization("a"), organization("b")],
        members=[member("a", "auth0|2", "Viewer"), member("a", "auth0|1", "Admin"), member("b", "auth0|2")],
    )
    outcome = read(tmp_path, multipleRoles="true")

    assert outcome.directory.memberships == (
        Membership("org_a", "auth0|1", ("admin", "viewer")),
        Membership("org_b", "auth0|1"),
    )
    assert outcome.buckets("members") == {"declared": 2, "merged": 1}
    assert (2, "duplicate_membership", "org_a/auth0|1") in outcome.found("members")


@pytest.mark.parametrize("blocked", ["1", "2"])
def test_a_merged_user_is_blocked_if_one_account_is(tmp_path: Path, blocked: str) -> None:
    users = sharing(*({"own": own, "blocked": own == blocked} for own in ("1", "2")))
    write(
        tmp_path,
        users=users,
        organizations=[organization("a")],
        members=[member("a", "auth0|1")],
        passwords=[password("1"), password("2")],
        mfa=[otp("auth0|1")],
    )
    outcome = read(tmp_path)

    (user,) = outcome.directory.users
    assert (user.external_id, user.password, user.totp) == ("auth0|1", None, None)
    assert outcome.directory.memberships == (Membership("org_a", "auth0|1", active=False),)
    assert "merged_blocked" in {code for _, code, _ in outcome.found("users")}


def test_two_blocked_accounts_merge_without_the_remark_on_blocking(tmp_path: Path) -> None:
    users = sharing({"own": "1", "blocked": True}, {"own": "2", "blocked": True})
    outcome = read(write(tmp_path, users=users))

    assert outcome.found("users") == [(2, "merged_into_primary", "auth0|2")]


def test_a_merged_user_has_the_authenticator_of_its_primary_account(tmp_path: Path) -> None:
    users = sharing({"own": "1"}, {"own": "2", "created_at": "2010-01-01T00:00:00Z"})
    write(tmp_path, users=users, passwords=[password("1")], mfa=[otp("auth0|2", OTHER_OTP), otp("auth0|1", OTP)])
    outcome = read(tmp_path)

    totp = outcome.user("auth0|1").totp
    assert totp is not None
    assert line_at(tmp_path / totp.file, totp.offset)["otp_secret"] == OTP
    assert outcome.found("mfa") == [(1, "merged_record_not_primary", "auth0|2")]
    assert outcome.buckets("mfa") == {"declared": 1, "merged": 1}


def test_a_merged_user_else_has_the_authenticator_of_its_earliest_account(tmp_path: Path) -> None:
    users = sharing(
        {"own": "1"},
        {"own": "2", "created_at": "2012-01-01T00:00:00Z"},
        {"own": "3", "created_at": "2011-01-01T00:00:00Z"},
    )
    write(tmp_path, users=users, passwords=[password("1")], mfa=[otp("auth0|2", OTHER_OTP), otp("auth0|3", OTP)])
    outcome = read(tmp_path)

    totp = outcome.user("auth0|1").totp
    assert totp is not None
    assert line_at(tmp_path / totp.file, totp.offset)["user_id"] == "auth0|3"
    assert outcome.buckets("mfa") == {"declared": 1, "merged": 1}


def line_at(path: Path, offset: int) -> Any:
    """The JSON line that starts at a byte of a file."""
    return json.loads(path.read_bytes()[offset:].splitlines()[0])


@pytest.mark.parametrize(
    "written_by_the_user",
    [
        {"user_metadata": {"email": SHARED}},
        {"nickname": SHARED, "name": SHARED},
        {"identities": [{"provider": "auth0", "user_id": "2", "profileData": {"email": SHARED}}]},
    ],
)
def test_nothing_that_users_write_about_themselves_merges_them(tmp_path: Path, written_by_the_user: Line) -> None:
    write(tmp_path, users=[person("1", email=SHARED), person("2", **written_by_the_user)])

    assert [one.key for one in read(tmp_path).directory.users] == ["auth0|1", "auth0|2"]


NEWER = {"updated_at": "2024-03-09T10:00:00Z", "given_name": "newer"}
OLDER = {"updated_at": "2024-03-09T11:30:00+02:00", "given_name": "older"}
UNDATED = {"given_name": "undated"}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0, 2), (1, 2, 0)])
def test_of_several_lines_with_one_id_the_newest_counts_whatever_their_order(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    lines = [person("1", **fields) for fields in (NEWER, OLDER, UNDATED)]
    outcome = read(write(tmp_path, users=[lines[index] for index in order]))

    assert outcome.user("auth0|1").first_name == "newer"
    assert outcome.buckets("users") == {"declared": 1, "merged": 2}
    assert [code for _, code, _ in outcome.found("users")] == ["duplicate_line"] * 2


def test_of_two_undated_lines_with_one_id_the_same_counts_in_either_order(tmp_path: Path) -> None:
    lines = [person("1", given_name="Ada"), person("1", given_name="Augusta")]

    one = read(write(tmp_path / "one", users=lines)).directory
    assert one == read(write(tmp_path / "two", users=lines[::-1])).directory


# Rule 7: hashes and authenticators


def with_hash(outcome: Outcome, folder: Path) -> dict[str, str]:
    """The users that have a password, each with the hash on the line it points at."""
    found = {}
    for user in outcome.directory.users:
        if user.password:
            found[user.external_id] = line_at(folder / user.password.file, user.password.offset)["passwordHash"]
    return found


def identity(own: str, provider: str = "auth0", connection: str | None = DATABASE) -> Line:
    """An entry of `identities`."""
    return {"provider": provider, "user_id": own, "connection": connection}


JOINS = [
    pytest.param({}, {}, True, id="oid object"),
    pytest.param({}, {"_id": "1"}, True, id="oid text"),
    pytest.param({}, {"_id": {"$oid": "auth0|1"}}, True, id="prefix inside"),
    pytest.param({}, {"_id": "auth0|1"}, True, id="prefix in text"),
    pytest.param({}, {"_id": {"$oid": "f" * 24}, "alt_id": "1"}, True, id="alt_id is the id"),
    pytest.param({}, {"_id": {"$oid": "1"}, "alt_id": "2"}, False, id="alt_id outweighs the oid"),
    pytest.param({}, {"alt_id": 1}, True, id="alt_id number"),
    pytest.param({}, {"connection": None}, True, id="no connection on the line"),
    pytest.param({}, {"connection": "Other"}, False, id="another connection"),
    pytest.param({"identities": [identity("1", connection=None)]}, {}, True, id="no connection on the identity"),
    pytest.param({"identities": [identity("1", connection="Other")]}, {}, False, id="another database"),
    pytest.param({"identities": [identity("9", "google-oauth2"), identity("1")]}, {}, True, id="linked database"),
    pytest.param({"identities": [identity("9"), identity("1")]}, {}, True, id="second database"),
    pytest.param({"identities": [identity("1", "google-oauth2")]}, {}, False, id="social identity with the same id"),
    pytest.param({"identities": None}, {}, True, id="no identities"),
    pytest.param({"identities": [], "Connection": "Other"}, {}, False, id="no identities, another connection"),
    pytest.param({"user_id": "auth0|a|1", "identities": None}, {}, False, id="cut at the first pipe only"),
    pytest.param({"user_id": "auth0|a|1", "identities": None}, {"_id": "a|1"}, True, id="rest after the first pipe"),
    pytest.param({"user_id": "google-oauth2|1", "identities": None}, {}, False, id="social without identities"),
]


@pytest.mark.parametrize(("user", "line", "joined"), JOINS)
def test_a_hash_is_joined_by_connection_and_id(tmp_path: Path, user: Line, line: Line, joined: bool) -> None:
    write(tmp_path, users=[person("1", **user)], passwords=[password("1", **line)])
    outcome = read(tmp_path)

    assert list(with_hash(outcome, tmp_path).values()) == [HASH] * joined
    assert outcome.buckets("passwords") == ({"declared": 1} if joined else {"refused": 1})
    assert [code for _, code, _ in outcome.found("passwords")] == ([] if joined else ["no_matching_user"])


def test_a_hash_never_joins_by_email_if_its_line_carries_an_id(tmp_path: Path) -> None:
    line = password("other", email="1@people.example")
    outcome = read(write(tmp_path, users=[person("1")], passwords=[line]))

    assert outcome.found("passwords") == [(1, "no_matching_user", "other")]


WITHOUT_ID: Line = {"passwordHash": HASH, "email": " 1@People.Example"}


@pytest.mark.parametrize("line", [WITHOUT_ID, {**WITHOUT_ID, "_id": None}, {**WITHOUT_ID, "_id": {"$oid": ""}}])
def test_a_hash_without_id_joins_by_an_email_that_is_unique(tmp_path: Path, line: Line) -> None:
    outcome = read(write(tmp_path, users=[person("1")], passwords=[line]))

    assert with_hash(outcome, tmp_path) == {"auth0|1": HASH}
    assert outcome.found("passwords") == [(1, "hash_joined_by_email", "auth0|1")]


def test_a_hash_joins_by_the_email_among_its_identifiers(tmp_path: Path) -> None:
    identifiers = [{"type": "phone", "value": "+41790000000"}, {"type": "email", "value": "1@people.example"}]
    write(tmp_path, users=[person("1")], passwords=[{"passwordHash": HASH, "identifiers": identifiers}])

    assert with_hash(read(tmp_path), tmp_path) == {"auth0|1": HASH}


@pytest.mark.parametrize(
    ("users", "passwords"),
    [
        pytest.param([person("1"), person("2", email="1@people.example")], [WITHOUT_ID], id="two users"),
        pytest.param(
            [person("1"), person("9", provider="google-oauth2", email="1@people.example")],
            [WITHOUT_ID],
            id="one social",
        ),
        pytest.param([person("1")], [WITHOUT_ID, {**WITHOUT_ID, "passwordHash": OTHER_HASH}], id="two lines"),
        pytest.param([person("1")], [WITHOUT_ID, password("x", email="1@people.example")], id="another line with id"),
        pytest.param([person("1", provider="google-oauth2")], [WITHOUT_ID], id="no database identity"),
        pytest.param([person("1", email=None)], [{"passwordHash": HASH}], id="no email on either side"),
    ],
)
def test_an_email_that_is_not_unique_on_both_sides_joins_nothing(
    tmp_path: Path, users: list[Line], passwords: list[Line]
) -> None:
    outcome = read(write(tmp_path, users=users, passwords=passwords))

    assert with_hash(outcome, tmp_path) == {}
    assert {code for _, code, _ in outcome.found("passwords")} == {"no_matching_user"}


def test_a_hash_that_several_users_could_own_is_refused(tmp_path: Path) -> None:
    users = [person("1"), person("2", identities=[identity("1", connection="Other")])]
    outcome = read(write(tmp_path, users=users, passwords=[password("1", connection=None)]))

    assert with_hash(outcome, tmp_path) == {}
    assert outcome.found("passwords") == [(1, "several_matching_users", "1")]


@pytest.mark.parametrize(
    "text",
    [
        "$2y$10$" + "A" * 53,
        "$2x$10$" + "A" * 53,
        "$2b$10$" + "A" * 52,
        "$2b$10$" + "A" * 54,
        "$2b$10$" + "A" * 52 + "!",
        "$2b$10$" + "A" * 53 + "\n",
        "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "",
        None,
    ],
)
def test_a_hash_that_workos_does_not_take_as_it_stands_is_refused(tmp_path: Path, text: str | None) -> None:
    outcome = read(write(tmp_path, users=[person("1")], passwords=[{**password("1"), "passwordHash": text}]))

    assert outcome.user("auth0|1").password is None
    assert outcome.found("passwords") == [(1, "unsupported_hash", "1")]


def test_the_newest_hash_of_an_identity_counts_whatever_the_order(tmp_path: Path) -> None:
    lines = [
        password("1", HASH, password_set_date={"$date": "2024-01-02T00:00:00.000Z"}),
        password("1", OTHER_HASH, password_set_date={"$date": "2024-01-01T00:00:00.000Z"}),
    ]
    for folder, ordered in ((tmp_path / "one", lines), (tmp_path / "two", lines[::-1])):
        outcome = read(write(folder, users=[person("1")], passwords=ordered))

        assert with_hash(outcome, folder) == {"auth0|1": HASH}
        assert outcome.buckets("passwords") == {"declared": 1, "merged": 1}
        assert [code for _, code, _ in outcome.found("passwords")] == ["second_hash"]


def test_the_hash_of_the_first_identity_counts_before_a_newer_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1", identities=[identity("1"), identity("2")])],
        passwords=[password("2", OTHER_HASH, password_set_date="2024-01-02T00:00:00Z"), password("1", HASH)],
    )
    outcome = read(tmp_path)

    assert with_hash(outcome, tmp_path) == {"auth0|1": HASH}
    assert outcome.found("passwords") == [(1, "second_hash", "2")]


def test_two_different_hashes_that_nothing_tells_apart_are_both_refused(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[person("1")], passwords=[password("1"), password("1", OTHER_HASH)]))

    assert outcome.user("auth0|1").password is None
    assert outcome.found("passwords") == [(1, "several_hashes", "1"), (2, "several_hashes", "1")]
    assert outcome.buckets("passwords") == {"refused": 2}


def test_the_same_hash_twice_counts_once(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[person("1")], passwords=[password("1"), password("1")]))

    assert with_hash(outcome, tmp_path) == {"auth0|1": HASH}
    assert outcome.buckets("passwords") == {"declared": 1, "merged": 1}


REJECTED = [
    pytest.param([person("1", email=None)], {}, "user_rejected:no_email", "auth0|1", "refused", id="refused user"),
    pytest.param([person("1")], {"skip": '["auth0|1"]'}, "skipped", "auth0|1", "skipped", id="skipped user"),
    pytest.param(
        [person("1", blocked=True)], {"blockedUsers": "skip"}, "skipped", "auth0|1", "skipped", id="skipped, blocked"
    ),
    pytest.param([person("1", blocked=True)], {}, "user_blocked", "1", "refused", id="blocked user"),
    pytest.param(
        [person("1", email=SHARED), person("2", email=SHARED, created_at="2010-01-01T00:00:00Z")],
        {},
        None,
        "",
        "declared",
        id="the account with the hash is primary",
    ),
    pytest.param(
        [person("1", email=SHARED, email_verified=False), person("2", email=SHARED)],
        {},
        "user_rejected:unverified_duplicate",
        "auth0|1",
        "refused",
        id="unverified duplicate",
    ),
]


@pytest.mark.parametrize(("users", "config", "code", "external_id", "bucket"), REJECTED)
def test_the_hash_of_somebody_who_is_not_declared_ends_where_its_user_does(
    tmp_path: Path, users: list[Line], config: dict[str, str], code: str | None, external_id: str, bucket: str
) -> None:
    outcome = read(write(tmp_path, users=users, passwords=[password("1")]), **config)

    assert outcome.found("passwords") == ([(1, code, external_id)] if code else [])
    assert outcome.buckets("passwords") == {bucket: 1}


def test_the_hash_of_a_merged_account_that_is_not_the_primary_does_not_count(tmp_path: Path) -> None:
    users = sharing({"own": "1"}, {"own": "2"})
    outcome = read(write(tmp_path, users=users, passwords=[password("2", OTHER_HASH), password("1")]))

    assert with_hash(outcome, tmp_path) == {"auth0|1": HASH}
    assert outcome.found("passwords") == [(1, "merged_record_not_primary", "auth0|2")]


FACTORS = [
    pytest.param({"type": "recovery-code", "recovery_code": HASH}, "recovery_code", id="recovery code"),
    pytest.param({"type": "recovery-code", "otp_secret": OTP}, "recovery_code", id="recovery code with secret"),
    pytest.param({"type": "phone", "otp_secret": OTP}, "factor_not_importable", id="text message"),
    pytest.param({"recovery_code": HASH}, "factor_not_importable", id="neither type nor secret"),
    pytest.param({"type": "otp", "otp_secret": "not base32!"}, "invalid_totp_secret", id="no Base32"),
    pytest.param({"type": "otp", "otp_secret": OTP.lower()}, "invalid_totp_secret", id="lower case"),
    pytest.param({"type": "otp", "otp_secret": f"{OTP}\n"}, "invalid_totp_secret", id="newline"),
    pytest.param({"type": "otp"}, "invalid_totp_secret", id="no secret"),
    pytest.param({"type": "otp", "otp_secret": OTP}, None, id="authenticator"),
    pytest.param({"otp_secret": OTP}, None, id="authenticator without type"),
    pytest.param({"type": "otp", "otp_secret": f"{OTP}======"}, None, id="padded"),
]


@pytest.mark.parametrize(("line", "code"), FACTORS)
def test_of_the_factors_only_authenticators_are_imported(tmp_path: Path, line: Line, code: str | None) -> None:
    outcome = read(write(tmp_path, users=[person("1")], mfa=[{"user_id": "auth0|1", **line}]))

    assert outcome.found("mfa") == ([(1, code, "auth0|1")] if code else [])
    assert (outcome.user("auth0|1").totp is None) == (code is not None)


def test_the_first_authenticator_line_of_a_user_counts(tmp_path: Path) -> None:
    lines = [{"user_id": "auth0|1", "type": "recovery-code"}, otp("auth0|1", OTHER_OTP), otp("auth0|1", OTP)]
    outcome = read(write(tmp_path, users=[person("1")], mfa=lines))

    totp = outcome.user("auth0|1").totp
    assert totp is not None
    assert line_at(tmp_path / totp.file, totp.offset)["otp_secret"] == OTHER_OTP
    assert outcome.found("mfa") == [(1, "recovery_code", "auth0|1"), (3, "second_otp", "auth0|1")]


@pytest.mark.parametrize(
    ("users", "config", "code", "bucket"),
    [
        ([], {}, "unknown_user", "refused"),
        ([person("1", email=None)], {}, "user_rejected:no_email", "refused"),
        ([person("1", blocked=True)], {}, "user_blocked", "refused"),
        ([person("1")], {"skip": '["auth0|1"]'}, "skipped", "skipped"),
    ],
)
def test_the_authenticator_of_somebody_who_is_not_declared_is_not_imported(
    tmp_path: Path, users: list[Line], config: dict[str, str], code: str, bucket: str
) -> None:
    outcome = read(write(tmp_path, users=users, mfa=[otp("auth0|1")]), **config)

    assert outcome.found("mfa") == [(1, code, "auth0|1")]
    assert outcome.buckets("mfa") == {bucket: 1}


def test_authenticators_are_joined_by_the_whole_user_id_only(tmp_path: Path) -> None:
    users = [person("9", provider="google-oauth2", identities=[identity("9", "google-oauth2"), identity("1")])]
    outcome = read(write(tmp_path, users=users, mfa=[otp("auth0|1"), otp("1")]))

    assert [code for _, code, _ in outcome.found("mfa")] == ["unknown_user", "unknown_user"]


# Rule 8: blocked users


def test_a_blocked_user_arrives_without_credentials_and_with_inactive_memberships(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1", blocked=True), person("2")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1", "Admin"), member("a", "auth0|2")],
        passwords=[password("1"), password("2")],
        mfa=[otp("auth0|1"), otp("auth0|2")],
    )
    outcome = read(tmp_path)

    blocked, other = outcome.user("auth0|1"), outcome.user("auth0|2")
    assert (blocked.password, blocked.totp) == (None, None)
    assert other.password is not None
    assert other.totp is not None
    assert outcome.directory.memberships == (
        Membership("org_a", "auth0|1", ("admin",), active=False),
        Membership("org_a", "auth0|2"),
    )


@pytest.mark.parametrize("text", [True, 1, "true", "1"])
def test_a_user_is_blocked_however_the_export_spells_it(tmp_path: Path, text: object) -> None:
    write(tmp_path, users=[person("1", blocked=text)], passwords=[password("1")])

    assert read(tmp_path).found("passwords") == [(1, "user_blocked", "1")]


def test_a_user_whose_block_cannot_be_read_is_refused(tmp_path: Path) -> None:
    assert read(write(tmp_path, users=[person("1", blocked="perhaps")])).found("users") == [
        (1, "invalid_field", "auth0|1")
    ]


def test_blocked_users_can_be_left_out(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1", blocked=True), person("2")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1"), member("a", "auth0|2")],
    )
    outcome = read(tmp_path, blockedUsers="skip")

    assert [one.key for one in outcome.directory.users] == ["auth0|2"]
    assert outcome.found("users") == [(1, "blocked_skipped", "auth0|1")]
    assert outcome.found("members") == [(1, "skipped", "org_a/auth0|1")]


# Rule 9: memberships


@pytest.mark.parametrize(
    "metadata",
    [
        {"app_metadata": {"org_id": "org_a", "organizations": ["org_a"], "roles": ["Admin"]}},
        {"user_metadata": {"org_id": "org_a"}, "org_id": "org_a"},
    ],
)
def test_memberships_never_come_from_metadata(tmp_path: Path, metadata: Line) -> None:
    outcome = read(write(tmp_path, users=[person("1", **metadata)], organizations=[organization("a")]))

    assert outcome.directory.memberships == ()


MEMBERS = [
    pytest.param({}, "b", "auth0|1", "unknown_organization", "refused", id="unknown organization"),
    pytest.param({}, "a", "auth0|9", "unknown_user", "refused", id="unknown user"),
    pytest.param({}, "b", "auth0|9", "unknown_organization", "refused", id="both unknown"),
    pytest.param({}, "a", "auth0|2", "user_rejected:no_email", "refused", id="refused user"),
    pytest.param({}, "nameless", "auth0|1", "organization_rejected:no_name", "refused", id="refused organization"),
    pytest.param({"skip": '["auth0|1"]'}, "a", "auth0|1", "skipped", "skipped", id="skipped user"),
    pytest.param({"skip": '["org_a"]'}, "a", "auth0|1", "skipped", "skipped", id="skipped organization"),
    pytest.param({"skip": '["org_a/auth0|1"]'}, "a", "auth0|1", "skipped", "skipped", id="skipped membership"),
]


@pytest.mark.parametrize(("config", "name", "user_id", "code", "bucket"), MEMBERS)
def test_a_membership_without_both_its_ends_is_not_declared(
    tmp_path: Path, config: dict[str, str], name: str, user_id: str, code: str, bucket: str
) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2", email=None)],
        organizations=[organization("a"), {"id": "org_nameless"}],
        members=[member(name, user_id)],
    )
    outcome = read(tmp_path, **config)

    assert outcome.directory.memberships == ()
    assert outcome.found("members") == [(1, code, f"org_{name}/{user_id}")]
    assert outcome.buckets("members") == {bucket: 1}


def test_a_skipped_membership_leaves_its_ends(tmp_path: Path) -> None:
    write(tmp_path, users=[person("1")], organizations=[organization("a")], members=[member("a", "auth0|1")])
    directory = read(tmp_path, skip='["org_a/auth0|1"]').directory

    assert ([one.key for one in directory.users], len(directory.organizations)) == (["auth0|1"], 1)


def test_a_membership_of_a_merged_account_can_be_skipped_under_the_name_of_its_user(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=sharing({"own": "1"}, {"own": "2"}),
        organizations=[organization("a")],
        members=[member("a", "auth0|2")],
    )

    assert read(tmp_path, skip='["org_a/auth0|1"]').found("members") == [(1, "skipped", "org_a/auth0|2")]


def test_a_user_in_many_organizations_has_a_membership_in_each(tmp_path: Path) -> None:
    names = [f"{number:02}" for number in range(30)]
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization(name) for name in names],
        members=[member(name, "auth0|1") for name in names],
    )

    assert read(tmp_path).directory.memberships == tuple(Membership(f"org_{name}", "auth0|1") for name in names)


@pytest.mark.parametrize("missing", ["org_id", "user_id"])
def test_a_member_line_without_an_end_is_refused(tmp_path: Path, missing: str) -> None:
    line = {key: value for key, value in member("a", "auth0|1").items() if key != missing}
    write(tmp_path, users=[person("1")], organizations=[organization("a")], members=[line])

    assert [code for _, code, _ in read(tmp_path).found("members")] == ["invalid_field"]


# Rule 10: roles


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Admin", "admin"),
        ("Billing  Admin", "billing-admin"),
        ("Read/Write", "read-write"),
        ("  QA & Test! ", "qa-test"),
        ("Éditeur", "diteur"),
        ("snake_case", "snake-case"),
        ("Tier 1", "tier-1"),
        ("ORG-", "org"),
        ("a" * 48, "a" * 48),
    ],
)
def test_a_slug_is_the_name_in_lower_case_with_everything_else_folded(tmp_path: Path, name: str, slug: str) -> None:
    outcome = read(write(tmp_path, users=[], roles=[{"id": "rol_1", "name": name, "description": "d"}]))

    assert outcome.directory.roles == (Role(slug, name, "d", "rol_1"),)


@pytest.mark.parametrize("name", ["", "!", "管理者", "a" * 49, "Org Admin", "org--x"])
def test_a_role_without_a_slug_that_workos_takes_is_refused_with_a_pointer_to_ferry_roles(
    tmp_path: Path, name: str
) -> None:
    outcome = read(write(tmp_path, users=[], roles=[{"id": "rol_1", "name": name}]))

    assert outcome.directory.roles == ()
    assert outcome.found("roles") == [(1, "role_slug_invalid", "rol_1")]
    assert "ferry:roles" in outcome.ledger.findings[0].message


@pytest.mark.parametrize("mapped", ["Admin", "a b", "org-admin", "a" * 49])
def test_a_slug_from_ferry_roles_is_held_to_the_same_rules(tmp_path: Path, mapped: str) -> None:
    outcome = read(write(tmp_path, users=[], roles=[role("Admin")]), roles=json.dumps({"Admin": mapped}))

    assert outcome.found("roles") == [(1, "role_slug_invalid", "rol_Admin")]


def test_ferry_roles_gives_a_role_another_slug(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        roles=[role("管理者")],
        members=[member("a", "auth0|1", "管理者")],
    )
    outcome = read(tmp_path, roles='{"管理者":"admin_jp"}')

    assert outcome.directory.roles == (Role("admin_jp", "管理者", None, "rol_管理者"),)
    assert outcome.directory.memberships[0].roles == ("admin_jp",)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_names_with_one_slug_are_one_role_named_by_the_smallest_id(tmp_path: Path, order: tuple[int, int]) -> None:
    lines = [{"id": "rol_2", "name": "Admin"}, {"id": "rol_1", "name": "ADMIN", "description": "first"}]
    outcome = read(write(tmp_path, users=[], roles=[lines[index] for index in order]))

    assert outcome.directory.roles == (Role("admin", "ADMIN", "first", "rol_1"),)
    assert outcome.found("roles") == [(order.index(0) + 1, "role_slug_clash", "rol_2")]


def test_a_role_that_only_members_name_is_declared_with_a_finding(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1", "Admin"), member("a", "auth0|2", "Admin")],
    )
    outcome = read(tmp_path)

    assert outcome.directory.roles == (Role("admin", "Admin", None, "rol_Admin"),)
    assert outcome.found("members") == [(1, "role_not_in_export", "org_a/auth0|1")]


def test_a_membership_goes_in_without_a_role_that_has_no_slug(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1", "!", "Admin")],
        roles=[role("Admin")],
    )
    outcome = read(tmp_path)

    assert outcome.directory.memberships == (Membership("org_a", "auth0|1", ("admin",)),)
    assert outcome.found("members") == [(1, "role_unusable", "org_a/auth0|1")]


def test_a_membership_without_role_names_none(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1"), {"org_id": "org_a", "user_id": "auth0|2", "roles": None}],
    )
    outcome = read(tmp_path)

    assert [one.roles for one in outcome.directory.memberships] == [(), ()]
    assert outcome.found("members") == []


@pytest.mark.parametrize(
    ("config", "roles", "codes"),
    [
        ({"multipleRoles": "true"}, ("admin", "editor", "viewer"), []),
        ({}, ("admin",), ["several_roles"]),
        ({"roles": '{"Viewer":"viewer","Admin":"admin"}'}, ("viewer",), ["several_roles"]),
        ({"roles": '{"Nobody":"nobody","Editor":"writer"}'}, ("writer",), ["several_roles"]),
        ({"roles": '{"Editor":"admin","Viewer":"admin"}'}, ("admin",), []),
        (
            {"multipleRoles": "true", "roles": '{"Viewer":"x","Admin":"y"}'},
            ("editor", "x", "y"),
            [],
        ),
    ],
)
def test_several_roles_go_in_only_where_workos_takes_several(
    tmp_path: Path, config: dict[str, str], roles: tuple[str, ...], codes: list[str]
) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        roles=[role("Admin"), role("Editor"), role("Viewer")],
        members=[member("a", "auth0|1", "Viewer", "Editor", "Admin")],
    )
    outcome = read(tmp_path, **config)

    assert outcome.directory.memberships == (Membership("org_a", "auth0|1", roles),)
    assert [code for _, code, _ in outcome.found("members")] == codes


def test_every_role_that_a_membership_names_is_declared(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1", "Viewer", "Admin")],
    )
    directory = read(tmp_path).directory

    assert set(directory.memberships[0].roles) <= {one.slug for one in directory.roles}


def test_a_skipped_role_is_not_declared_and_stays_on_its_memberships(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        roles=[role("Admin")],
        members=[member("a", "auth0|1", "Admin")],
    )
    outcome = read(tmp_path, skip='["rol_Admin"]')

    assert outcome.directory.roles == ()
    assert outcome.directory.memberships[0].roles == ("admin",)
    assert outcome.buckets("roles") == {"skipped": 1}


@pytest.mark.parametrize(
    ("name", "description", "kept"),
    [("A" * 48, "d" * 150, []), ("A" * 48, "d" * 151, ["role_text_cut"])],
)
def test_a_role_text_longer_than_workos_takes_is_cut_with_a_finding(
    tmp_path: Path, name: str, description: str, kept: list[str]
) -> None:
    outcome = read(write(tmp_path, users=[], roles=[{"id": "rol_1", "name": name, "description": description}]))

    assert outcome.directory.roles == (Role("a" * 48, name, "d" * 150, "rol_1"),)
    assert [code for _, code, _ in outcome.found("roles")] == kept


# Rule 11: organizations


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ({"id": "org_1", "name": "acme", "display_name": "Acme AG"}, "Acme AG"),
        ({"id": "org_1", "name": "acme"}, "acme"),
        ({"id": "org_1", "name": "acme", "display_name": ""}, "acme"),
        ({"id": "org_1", "name": "acme", "display_name": None}, "acme"),
        ({"id": "org_1", "display_name": "Acme"}, "Acme"),
    ],
)
def test_an_organization_is_named_by_its_display_name_or_name(tmp_path: Path, line: Line, name: str) -> None:
    outcome = read(write(tmp_path, users=[], organizations=[line]))

    assert outcome.directory.organizations == (Organization("org_1", name),)


def test_an_organization_without_any_name_is_refused(tmp_path: Path) -> None:
    lines: list[Line] = [{"id": "org_1"}, {"id": "org_2", "name": ""}]
    outcome = read(write(tmp_path, users=[], organizations=lines))

    assert outcome.directory.organizations == ()
    assert outcome.found("organizations") == [(1, "no_name", "org_1"), (2, "no_name", "org_2")]


def test_equal_names_are_two_organizations(tmp_path: Path) -> None:
    lines = [organization("a", display_name="Acme"), organization("b", display_name="Acme")]

    assert [one.name for one in read(write(tmp_path, users=[], organizations=lines)).directory.organizations] == [
        "Acme",
        "Acme",
    ]


METADATA = [
    pytest.param({"a": "1", "b": ""}, {"a": "1", "b": ""}, [], id="text"),
    pytest.param({"a": None, "b": "1"}, {"b": "1"}, [], id="null is left out"),
    pytest.param({"a": 1, "b": [1, 2], "c": True}, {"a": "1", "b": "[1,2]", "c": "true"}, [], id="other types"),
    pytest.param({"k" * 40: "v" * 600}, {"k" * 40: "v" * 600}, [], id="as long as WorkOS takes"),
    pytest.param({"k" * 41: "v", "a": "1"}, {"a": "1"}, ["metadata_over_limit"], id="key too long"),
    pytest.param({"k": "v" * 601, "a": "1"}, {"a": "1"}, ["metadata_over_limit"], id="value too long"),
    pytest.param({"": "v", "a": "1"}, {"a": "1"}, ["metadata_over_limit"], id="empty key"),
    pytest.param({"ö": "v", "k": "ö", "a": "1"}, {"a": "1"}, ["metadata_not_ascii"], id="not ASCII"),
    pytest.param({f"{key:02}": "v" for key in range(10)}, {f"{key:02}": "v" for key in range(10)}, [], id="ten pairs"),
    pytest.param(
        {f"{key:02}": "v" for key in range(11)},
        {f"{key:02}": "v" for key in range(11)},
        ["metadata_over_10"],
        id="eleven pairs",
    ),
    pytest.param(
        {f"{key:02}": "v" for key in range(52)},
        {f"{key:02}": "v" for key in range(50)},
        ["metadata_over_10", "metadata_over_limit"],
        id="more than fifty pairs",
    ),
]


@pytest.mark.parametrize(("exported", "kept", "codes"), METADATA)
def test_an_organization_brings_the_metadata_that_workos_takes(
    tmp_path: Path, exported: Line, kept: dict[str, str], codes: list[str]
) -> None:
    outcome = read(write(tmp_path, users=[], organizations=[organization("a", metadata=exported)]))

    assert [one.metadata for one in outcome.directory.organizations] == [kept]
    assert [code for _, code, _ in outcome.found("organizations")] == codes


def test_a_users_metadata_is_copied_only_where_it_is_named(tmp_path: Path) -> None:
    line = person(
        "1",
        app_metadata={"plan": "pro", "seats": {"used": 3}, "secret": "x"},
        user_metadata={"theme": None, "plan": "free"},
    )
    paths = {
        "plan": "app_metadata.plan",
        "used": "app_metadata.seats.used",
        "seats": "app_metadata.seats",
        "theme": "user_metadata.theme",
        "none": "app_metadata.plan.deeper",
        "gone": "user_metadata.gone",
    }
    write(tmp_path, users=[line])

    assert read(tmp_path, userMetadata=json.dumps(paths)).user("auth0|1").metadata == {
        "plan": "pro",
        "seats": '{"used":3}',
        "used": "3",
    }
    assert read(tmp_path).user("auth0|1").metadata == {}


def test_a_users_metadata_over_the_limits_is_left_out_with_a_finding(tmp_path: Path) -> None:
    write(tmp_path, users=[person("1", app_metadata={"a": "x" * 601, "b": "ok"})])
    outcome = read(tmp_path, userMetadata='{"a":"app_metadata.a","b":"app_metadata.b"}')

    assert outcome.user("auth0|1").metadata == {"b": "ok"}
    assert outcome.found("users") == [(1, "metadata_over_limit", "auth0|1")]


def domains(*names: str) -> list[Line]:
    """Verified discovery domains."""
    return [{"domain": name, "status": "verified"} for name in names]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_domain_that_two_organizations_claim_goes_to_the_smallest_id(tmp_path: Path, order: tuple[int, int]) -> None:
    lines = [
        organization("a", domains=domains("shared.example")),
        organization("b", domains=domains("Shared.Example.", "own.example")),
    ]
    outcome = read(write(tmp_path, users=[], organizations=[lines[index] for index in order]))

    assert [one.domains for one in outcome.directory.organizations] == [("shared.example",), ("own.example",)]
    assert outcome.found("organizations") == [(order.index(1) + 1, "domain_clash", "org_b")]


def test_an_organization_that_is_not_declared_claims_no_domain(tmp_path: Path) -> None:
    lines = [
        {"id": "org_a", "domains": domains("shared.example")},
        organization("b", domains=domains("other.example")),
        organization("c", domains=domains("shared.example", "other.example")),
    ]
    outcome = read(write(tmp_path, users=[], organizations=lines), skip='["org_b"]')

    assert [one.domains for one in outcome.directory.organizations] == [("other.example", "shared.example")]


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("gmail.com", "consumer_domain"),
        (" GMail.com ", "consumer_domain"),
        ("localhost", "invalid_domain"),
        ("https://acme.example", "invalid_domain"),
        ("acme.example/path", "invalid_domain"),
        ("*.acme.example", "invalid_domain"),
        ("-acme.example", "invalid_domain"),
        ("10.0.0.1", "invalid_domain"),
        ("", "invalid_domain"),
        (None, "invalid_domain"),
    ],
)
def test_a_domain_that_workos_does_not_take_is_left_out_with_a_finding(
    tmp_path: Path, domain: str | None, code: str
) -> None:
    line = organization("a", domains=[{"domain": domain}, {"domain": "good.example"}])
    outcome = read(write(tmp_path, users=[], organizations=[line]))

    assert [one.domains for one in outcome.directory.organizations] == [("good.example",)]
    assert outcome.found("organizations") == [(1, code, "org_a")]


def test_the_status_of_a_domain_in_auth0_never_enters_the_directory(tmp_path: Path) -> None:
    pending = [{"domain": "acme.example", "status": "pending"}]
    one = read(write(tmp_path / "one", users=[], organizations=[organization("a", domains=domains("acme.example"))]))
    two = read(write(tmp_path / "two", users=[], organizations=[organization("a", domains=pending)]))

    assert one.directory == two.directory


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_lines_with_one_organization_id_the_same_counts_in_either_order(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    lines = [organization("a", display_name="Acme 2"), organization("a", display_name="Acme 1")]
    outcome = read(write(tmp_path, users=[], organizations=[lines[index] for index in order]))

    assert [one.name for one in outcome.directory.organizations] == ["Acme 1"]
    assert outcome.buckets("organizations") == {"declared": 1, "merged": 1}
    assert [code for _, code, _ in outcome.found("organizations")] == ["duplicate_line"]


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


def nested(depth: int) -> Any:
    """An object inside an object, and so on."""
    return json.loads('{"a":' * depth + "1" + "}" * depth)


@pytest.mark.parametrize("kind", ["users", "organizations"])
def test_metadata_nested_deeper_than_anyone_writes_refuses_its_line_and_stops_nothing(
    tmp_path: Path, kind: str
) -> None:
    people = [person("1", user_metadata=nested(depth)) for depth in (190, 191, 300, 900)]
    places = [organization("a", metadata=nested(depth)) for depth in (190, 191, 300, 900)]
    write(tmp_path, users=people if kind == "users" else [], organizations=[] if kind == "users" else places)

    outcome = read(tmp_path)

    assert outcome.buckets(kind) == {"declared": 1, "merged": 1, "refused": 2}
    assert [line for line, code, _ in outcome.found(kind) if code == "invalid_line"] == [3, 4]


def test_a_display_name_of_spaces_counts_as_none(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[], organizations=[organization("a", display_name="  ")]))

    assert [one.name for one in outcome.directory.organizations] == ["a"]


def test_what_belongs_to_a_line_that_cannot_be_read_is_rejected_not_unknown(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2", blocked="perhaps")],
        organizations=[organization("a"), organization("b", metadata=[])],
        members=[member("a", "auth0|2"), member("b", "auth0|1")],
        mfa=[otp("auth0|2")],
    )
    outcome = read(tmp_path)

    assert outcome.found("members") == [
        (1, "user_rejected:invalid_field", "org_a/auth0|2"),
        (2, "organization_rejected:invalid_field", "org_b/auth0|1"),
    ]
    assert outcome.found("mfa") == [(1, "user_rejected:invalid_field", "auth0|2")]


def two_members(*roles: Line) -> dict[str, list[Line]]:
    """Two members of one organization, with a role each."""
    return {
        "users": [person("1"), person("2")],
        "organizations": [organization("a")],
        "members": [member("a", f"auth0|{own}") | {"roles": [one]} for own, one in enumerate(roles, 1)],
    }


def test_role_names_of_members_with_one_slug_are_one_role_named_by_the_smallest_id(tmp_path: Path) -> None:
    write(tmp_path, **two_members({"id": "rol_2", "name": "Admin"}, {"id": "rol_1", "name": "ADMIN"}))
    outcome = read(tmp_path)

    assert outcome.directory.roles == (Role("admin", "ADMIN", None, "rol_1"),)
    assert "role_slug_clash" in {code for _, code, _ in outcome.found("members")}


def test_a_members_role_name_that_clashes_with_a_role_of_the_file_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, **two_members(role("Admin"), role("ADMIN")), roles=[role("Admin")])

    assert "role_slug_clash" in {code for _, code, _ in read(tmp_path).found("members")}


def test_roles_without_id_that_share_a_slug_clash(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[], roles=[{"name": "Admin"}, {"name": "ADMIN"}]))

    assert [code for _, code, _ in outcome.found("roles")] == ["role_slug_clash"]


def test_a_role_that_a_member_names_by_id_alone_has_the_name_of_the_roles_file(tmp_path: Path) -> None:
    write(tmp_path, **two_members({"id": "rol_Admin"}), roles=[role("Admin")])

    assert read(tmp_path).directory.memberships == (Membership("org_a", "auth0|1", ("admin",)),)
