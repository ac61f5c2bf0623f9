"""Exports in the shapes that other tools' example files have: every line is declared or ends in a finding.

Contents are made up. Shapes: Auth0's bulk export and its extension, zitadel-tools, migrate-auth0-users.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from providers.auth0.export import Export
from providers.directory.store import open_store
from providers.findings import Ledger
from providers.settings import FILES, read_settings
from tests.tenant import HASH, OTHER_HASH, Line, Outcome, read


def all_accounted_for(outcome: Outcome) -> bool:
    """Is every line declared, or told about in a finding of its own line?"""
    for kind in FILES:
        told = {line for line, _, _ in outcome.found(kind)}
        if outcome.summary[kind]["lines"] > outcome.summary[kind]["declared"] + len(told):
            return False
    return sum(one["lines"] for one in outcome.summary.values()) > 0


API = (
    '{"user_id":"auth0|60425dc43519d90068f82973","email":"a@people.example","email_verified":true,'
    '"name":"a@people.example","nickname":"a","identities":[{"user_id":"60425dc43519d90068f82973","provider":"auth0",'
    '"connection":"Username-Password-Authentication","isSocial":false}],"created_at":"2022-04-26T00:07:05.098Z"}'
)
EXTENSION = (
    '{"Id":"auth0|626737a9813c000069daf462","Nickname":"b","Name":"b@people.example","Email":"b@people.example",'
    '"Email Verified":true,"Connection":"Username-Password-Authentication","Created At":"2022-04-26T00:07:05.098Z",'
    '"Updated At":"2022-07-06T14:54:19.214Z"}'
)
SUPPORT = (
    '{"_id":{"$oid":"60425dc43519d90068f82973"},"email_verified":false,"email":"a@people.example","passwordHash":"HASH",'
    '"password_set_date":{"$date":"2019-12-06T18:36:12.412Z"},"tenant":"acme",'
    '"connection":"Username-Password-Authentication","_tmp_is_unique":true,'
    '"identifiers":[{"type":"email","value":"a@people.example","verified":false}]}'
)


def test_auth0s_own_lines_and_those_of_its_extension_stand_in_one_file(tmp_path: Path) -> None:
    (tmp_path / "users.json").write_text(f"{API}\n{EXTENSION}\n")
    (tmp_path / "passwords.json").write_text(
        SUPPORT.replace("HASH", HASH)
        + "\n"
        + SUPPORT.replace("HASH", OTHER_HASH).replace("60425dc43519d90068f82973", "626737a9813c000069daf462")
    )
    outcome = read(tmp_path)

    assert [(user.external_id, user.email, user.email_verified) for user in outcome.directory.users] == [
        ("auth0|60425dc43519d90068f82973", "a@people.example", True),
        ("auth0|626737a9813c000069daf462", "b@people.example", True),
    ]
    assert all(user.password for user in outcome.directory.users)
    assert all_accounted_for(outcome)
    assert outcome.all_found() == {}


ZITADEL_USERS = """\
{"user_id":"auth0|60425da93519d90068f82966","email":"road.runner@people.example","name":"Road Runner"}
{"user_id":"auth0|60425dc43519d90068f82973","email":"wile.coyote@people.example","name":"Wile E. Coyote"}
{"user_id":"auth0|61425dc43519d90068f82974","email":"no.password@people.example","name":"Yosemite Sam"}
"""
ZITADEL_PASSWORDS = f"""\
{{"_ID":{{"$oid":"60425dc43519d90068f82973"}},"email_verified":false,"email":"wile.coyote@people.example",\
"passwordHash":"{HASH}","password_set_date":{{"$date":"2021-03-05T16:34:12.502Z"}},"tenant":"acme",\
"connection":"Username-Password-Authentication","_tmp_is_unique":true}}
{{"_ID":{{"$oid":"60425da93519d90068f82966"}},"email_verified":false,"email":"road.runner@people.example",\
"passwordHash":"{OTHER_HASH}","password_set_date":{{"$date":"2021-03-05T16:33:45.502Z"}},"tenant":"acme",\
"connection":"Username-Password-Authentication","_tmp_is_unique":true}}"""


def test_users_without_identities_find_their_hashes_under_the_other_spelling_of_the_id(tmp_path: Path) -> None:
    """zitadel-tools: `users.json` without identities, `passwords.json` with `_ID` and no newline at its end."""
    (tmp_path / "users.json").write_text(ZITADEL_USERS)
    (tmp_path / "passwords.json").write_text(ZITADEL_PASSWORDS)
    with open_store(read_settings({"ferry:export": str(tmp_path)}, {}), tmp_path) as store:
        hashes = {
            user.email: user.password and store.secret("password", user.external_id, user.password.fingerprint).text
            for user in store.records("users")
        }
        names = [(user.first_name, user.last_name, user.email_verified) for user in store.records("users")]

    assert hashes == {
        "road.runner@people.example": OTHER_HASH,
        "wile.coyote@people.example": HASH,
        "no.password@people.example": None,
    }
    assert names == [(None, None, False)] * 3
    assert all_accounted_for(read(tmp_path))


MAU_USERS: list[Line] = [
    {"Id": "auth0|63f8e1f5f8a0a0a0a0a0a0a1", "Given Name": "Ada", "Family Name": "Lovelace", "Email": "ada@x.example"}
    | {"Email Verified": True, "Connection": "Username-Password-Authentication"},
    {"Id": "google-oauth2|107893859048370401181", "Email": "grace@x.example", "Email Verified": False},
    {"firstName": "Alan", "lastName": "Turing", "email": "alan@x.example", "passwordHash": HASH},
]
MAU_PASSWORDS: list[Line] = [
    {"_id": {"$oid": "auth0|63f8e1f5f8a0a0a0a0a0a0a1"}, "email_verified": True, "email": "ada@x.example"}
    | {"passwordHash": HASH, "tenant": "acme", "connection": "Username-Password-Authentication"},
    {"_id": "63f8e1f5f8a0a0a0a0a0a0a2", "emailVerified": True, "email": "grace@x.example", "passwordHash": OTHER_HASH},
]
MAU_MFA: list[Line] = [
    {"user_id": "auth0|63f8e1f5f8a0a0a0a0a0a0a1", "tenant": "acme", "type": "otp", "otp_secret": "MADEUPSECRETAAAA"},
    {"user_id": "auth0|63f8e1f5f8a0a0a0a0a0a0a1", "tenant": "acme", "type": "recovery-code", "recovery_code": HASH},
    {"email": "grace@x.example", "totp_secret": "MADEUPSECRETAAAA"},
]


def test_the_examples_of_workos_migration_tool_end_declared_or_in_a_finding(tmp_path: Path) -> None:
    """migrate-auth0-users: a prefix inside `$oid`, `_id` as text, lines without `user_id`, factors by email."""
    for name, lines in {"users": MAU_USERS, "passwords": MAU_PASSWORDS, "mfa": MAU_MFA}.items():
        (tmp_path / f"{name}.json").write_text("\n".join(json.dumps(line) for line in lines))
    outcome = read(tmp_path)

    ada = outcome.user("auth0|63f8e1f5f8a0a0a0a0a0a0a1")
    assert (ada.first_name, ada.last_name, ada.email) == ("Ada", "Lovelace", "ada@x.example")
    assert ada.password is not None
    assert ada.totp is not None
    assert outcome.user("google-oauth2|107893859048370401181").password is None
    assert all_accounted_for(outcome)
    assert outcome.all_found() == {
        "users": [(3, "no_id", "")],
        "passwords": [(2, "no_matching_user", "63f8e1f5f8a0a0a0a0a0a0a2")],
        "mfa": [(2, "recovery_code", "auth0|63f8e1f5f8a0a0a0a0a0a0a1"), (3, "no_id", "")],
    }


ORY_MEMBERS = """\
{"org_id":"org_a","user_id":"auth0|1","email":"ada@x.example","name":"ada@x.example","picture":"https://x.example/1.png"}
{"org_id":"org_a","user_id":"auth0|1","roles":[]}
"""


def test_members_exported_without_roles_are_members_without_roles(tmp_path: Path) -> None:
    """The members list names roles only if it was asked for them."""
    (tmp_path / "users.json").write_text('{"user_id":"auth0|1","email":"ada@x.example"}\n')
    (tmp_path / "organizations.json").write_text('{"id":"org_a","name":"a","branding":{},"token_quota":{"a":1}}\n')
    (tmp_path / "members.json").write_text(ORY_MEMBERS)
    outcome = read(tmp_path)

    assert [(membership.key, membership.roles) for membership in outcome.directory.memberships] == [
        ("org_a/auth0|1", ())
    ]
    assert outcome.found("members") == [(2, "duplicate_membership", "org_a/auth0|1")]


@pytest.mark.parametrize("wrapped", [False, True])
def test_a_deploy_cli_folder_is_no_export(tmp_path: Path, wrapped: bool) -> None:
    """One organization a file, without ids: a line without id is a finding, not a guess."""
    line = {"name": "acme", "display_name": "Acme", "connections": [], "branding": {}}
    (tmp_path / "users.json").write_text("")
    (tmp_path / "organizations.json").write_text(json.dumps([line] if wrapped else line, indent=2))
    outcome = read(tmp_path)

    assert outcome.found("organizations") == [(2 if wrapped else 1, "no_id", "")]
    assert Export(tmp_path, Ledger()).files.keys() == {"users", "organizations"}
