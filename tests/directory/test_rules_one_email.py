"""Identity rule 6: several Auth0 users with one email are one WorkOS user, or none."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.directory.model import Membership
from tests.tenant import (
    OTHER_OTP,
    OTP,
    SHARED,
    Line,
    line_at,
    member,
    organization,
    otp,
    password,
    person,
    read,
    sharing,
    write,
)

# Rule 6: one email, several users


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


@pytest.mark.parametrize(
    "verified",
    [
        person("jörg", email=SHARED),
        person("x" * 130, email=SHARED),
        person("1", email=SHARED, blocked="perhaps"),
        person("1", email=f" {SHARED.upper()}", user_id=7),
        {"email": SHARED, "email_verified": True},
    ],
    ids=["id not ASCII", "id too long", "invalid field", "id no text", "no id"],
)
def test_nobody_takes_the_place_of_a_verified_user_who_is_refused_for_another_reason(
    tmp_path: Path, verified: Line
) -> None:
    """Whoever registers the address of such a user without verifying it would sign in as that person."""
    users = [verified, person("evil", email=SHARED, email_verified=False)]
    outcome = read(write(tmp_path, users=users, passwords=[password("evil")]))

    assert outcome.directory.users == ()
    assert (2, "unverified_duplicate", "auth0|evil") in outcome.found("users")
    assert outcome.found("passwords") == [(1, "user_rejected:unverified_duplicate", "auth0|evil")]


def test_a_verified_user_counts_whoever_else_is_refused(tmp_path: Path) -> None:
    users = [person("jörg", email=SHARED), person("2", email=SHARED), person("öde", email=SHARED)]

    assert [user.key for user in read(write(tmp_path, users=users)).directory.users] == ["auth0|2"]


def test_an_unusable_second_line_of_a_user_is_no_other_user(tmp_path: Path) -> None:
    users = [person("1", email_verified=False), person("1", email_verified=False, blocked="perhaps")]

    assert [user.key for user in read(write(tmp_path, users=users)).directory.users] == ["auth0|1"]


def test_a_user_left_out_on_purpose_leaves_the_email_to_the_other(tmp_path: Path) -> None:
    users = sharing({"own": "1"}, {"own": "2", "email_verified": False})
    outcome = read(write(tmp_path, users=users), skip='["auth0|1"]')

    assert [user.key for user in outcome.directory.users] == ["auth0|2"]


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
    assert user.key == min(f"auth0|{account['own']}" for account in accounts)


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

    assert [user.key for user in read(tmp_path).directory.users] == ["auth0|1", "auth0|2"]


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
