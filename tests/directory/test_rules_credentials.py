"""Identity rules 7 and 8: whose hash and whose authenticator, and none for blocked users."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.directory.model import Membership
from tests.tenant import (
    DATABASE,
    HASH,
    OTHER_HASH,
    OTHER_OTP,
    OTP,
    SHARED,
    Line,
    Outcome,
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


def test_an_id_that_looks_like_a_prefixed_one_belongs_to_its_owner(tmp_path: Path) -> None:
    """Ids of custom databases are anything at all, also `auth0|1`."""
    users = [person("1"), person("auth0|1", email="other@people.example")]
    lines = [password("x", alt_id="auth0|1"), password("1", OTHER_HASH)]
    outcome = read(write(tmp_path, users=users, passwords=lines))

    assert with_hash(outcome, tmp_path) == {"auth0|auth0|1": HASH, "auth0|1": OTHER_HASH}


def test_a_prefixed_alt_id_that_nobody_owns_is_nobodys(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[person("1")], passwords=[password("x", alt_id="auth0|1")]))

    assert outcome.found("passwords") == [(1, "no_matching_user", "auth0|1")]


def test_an_id_under_the_older_key_is_an_id_too(tmp_path: Path) -> None:
    """The line carries an id, so its email joins nothing."""
    line = {"_id": None, "_ID": {"$oid": "other"}, "email": "1@people.example", "passwordHash": HASH}
    outcome = read(write(tmp_path, users=[person("1")], passwords=[line]))

    assert outcome.found("passwords") == [(1, "no_matching_user", "other")]


def test_a_hash_joined_by_id_outweighs_a_newer_one_joined_by_email(tmp_path: Path) -> None:
    newer = {**WITHOUT_ID, "password_set_date": {"$date": "2024-01-01T00:00:00Z"}}
    exact = password("1", OTHER_HASH, email="old@people.example", password_set_date={"$date": "2020-01-01T00:00:00Z"})
    outcome = read(write(tmp_path, users=[person("1")], passwords=[newer, exact]))

    assert with_hash(outcome, tmp_path) == {"auth0|1": OTHER_HASH}
    assert [code for _, code, _ in outcome.found("passwords")] == ["second_hash"]


def test_an_email_joins_no_hash_of_another_connection(tmp_path: Path) -> None:
    line = {**WITHOUT_ID, "connection": "Legacy"}
    outcome = read(write(tmp_path, users=[person("1")], passwords=[line]))

    assert [code for _, code, _ in outcome.found("passwords")] == ["no_matching_user"]


def test_an_account_whose_hashes_contradict_each_other_is_not_primary_for_them(tmp_path: Path) -> None:
    users = sharing({"own": "1", "created_at": "2020-01-01T00:00:00Z"}, {"own": "2", "created_at": "2021-01-01"})
    lines = [password("1"), password("1", OTHER_HASH), password("2")]
    outcome = read(write(tmp_path, users=users, passwords=lines))

    assert with_hash(outcome, tmp_path) == {"auth0|2": HASH}


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
        "$2x$10$" + "A" * 53,
        "$2b$10$" + "A" * 52,
        "$2b$10$" + "A" * 54,
        "$2b$10$" + "A" * 52 + "!",
        "$2b$10$" + "A" * 53 + "\n",
        "$argon2id$v=19$m=1024,t=3,p=4$c2FsdA$aGFzaA",
        "5f4dcc3b5aa765d61d8327deb882cf99",
        "",
        None,
    ],
)
def test_a_hash_that_workos_does_not_import_is_refused(tmp_path: Path, text: str | None) -> None:
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

    assert [user.key for user in outcome.directory.users] == ["auth0|2"]
    assert outcome.found("users") == [(1, "blocked_skipped", "auth0|1")]
    assert outcome.found("members") == [(1, "skipped", "org_a/auth0|1")]


@pytest.mark.parametrize("verified", [True, False])
def test_leaving_out_a_blocked_user_lets_nobody_in_with_the_same_email(tmp_path: Path, verified: bool) -> None:
    """Blocked if any account of the email is; and an unverified one never takes a verified one's place."""
    users = sharing({"own": "1", "blocked": True}, {"own": "2", "email_verified": verified})
    outcome = read(write(tmp_path, users=users), blockedUsers="skip")

    assert outcome.directory.users == ()
    assert outcome.buckets("users") == ({"skipped": 2} if verified else {"skipped": 1, "refused": 1})
