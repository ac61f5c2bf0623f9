"""What is written so that WorkOS becomes what the directory says: one literal case a rule."""

from __future__ import annotations

from typing import Any

import pytest

from providers.directory.differ import Change, adopted, changes
from providers.directory.model import SCHEMAS, Membership, Organization, Role, Secret, User, fields, fingerprint
from providers.settings import KINDS, Kind

Fields = dict[str, Any]

USER: Fields = {
    "external_id": "auth0|1",
    "email": "ada@people.example",
    "email_verified": False,
    "first_name": "Ada",
    "last_name": "Lovelace",
    "metadata": {"plan": "pro"},
    "password": "fingerprint 1",
    "totp": "fingerprint 2",
    "name": "Ada Lovelace",
}
ORGANIZATION: Fields = {
    "external_id": "org_a",
    "name": "Acme",
    "domains": ["a.example", "b.example"],
    "metadata": {"a": "1", "b": "2"},
}
ROLE: Fields = {"slug": "admin", "name": "Admin", "description": "All of it"}
MEMBERSHIP: Fields = {
    "organization_id": "org_a",
    "user_id": "auth0|1",
    "roles": ["admin", "viewer"],
    "status": "active",
}
RECORDS: dict[Kind, Fields] = {
    "users": USER,
    "organizations": ORGANIZATION,
    "roles": ROLE,
    "memberships": MEMBERSHIP,
}

CASES: list[Any] = [
    pytest.param("users", {}, {}, [], id="nothing changed"),
    pytest.param(
        "users", {"email": "b@x.example"}, {}, [Change("email", "ada@people.example", "b@x.example")], id="email"
    ),
    pytest.param("users", {"email_verified": True}, {}, [Change("email_verified", False, True)], id="verified"),
    pytest.param(
        "users", {"email_verified": False}, {"email_verified": True}, [], id="verified never becomes unverified"
    ),
    pytest.param("users", {"email_verified": False}, {"email_verified": None}, [], id="unverified is the default"),
    pytest.param(
        "users",
        {"email": "b@x.example", "email_verified": True},
        {},
        [Change("email", "ada@people.example", "b@x.example"), Change("email_verified", False, True)],
        id="email and verified together",
    ),
    pytest.param(
        "users", {"first_name": None}, {}, [Change("first_name", "Ada", None)], id="a cleared name is cleared"
    ),
    pytest.param("users", {"last_name": "King"}, {}, [Change("last_name", "Lovelace", "King")], id="a new name"),
    pytest.param("users", {"first_name": None}, {"first_name": ""}, [], id="an empty name is no name"),
    pytest.param("users", {"first_name": None}, {"first_name": None}, [], id="no name stays none"),
    pytest.param(
        "users", {"password": "fingerprint 9"}, {}, [Change("password", "fingerprint 1", "fingerprint 9")], id="hash"
    ),
    pytest.param("users", {"password": None}, {}, [], id="a password is never taken back"),
    pytest.param(
        "users", {}, {"password": None}, [Change("password", None, "fingerprint 1")], id="a hash that came late"
    ),
    pytest.param("users", {"totp": "fingerprint 9"}, {}, [Change("totp", "fingerprint 2", "fingerprint 9")], id="totp"),
    pytest.param("users", {"totp": None}, {}, [], id="an authenticator is never taken back"),
    pytest.param(
        "users", {}, {"external_id": "auth0|2"}, [Change("external_id", "auth0|2", "auth0|1")], id="new primary"
    ),
    pytest.param(
        "users",
        {"metadata": {"plan": "free", "seats": "3"}},
        {"metadata": {"plan": "pro", "old": "x", "same": "y"}},
        [
            Change(
                "metadata",
                {"old": "x", "plan": "pro", "same": "y", "seats": None},
                {"old": None, "plan": "free", "same": None, "seats": "3"},
            )
        ],
        id="metadata pair by pair",
    ),
    pytest.param("users", {"metadata": {}}, {"metadata": None}, [], id="no metadata"),
    pytest.param("organizations", {}, {}, [], id="same organization"),
    pytest.param("organizations", {"name": "New"}, {}, [Change("name", "Acme", "New")], id="organization name"),
    pytest.param("organizations", {"domains": ["b.example", "a.example"]}, {}, [], id="order of domains"),
    pytest.param(
        "organizations",
        {"domains": ["a.example"]},
        {},
        [Change("domains", ["a.example", "b.example"], ["a.example"])],
        id="a domain less",
    ),
    pytest.param("organizations", {"domains": []}, {"domains": None}, [], id="no domains"),
    pytest.param(
        "organizations",
        {"metadata": {"a": "1", "b": "3"}},
        {},
        [Change("metadata", {"b": "2"}, {"b": "3"})],
        id="only the pair that changed",
    ),
    pytest.param("roles", {"name": "Boss"}, {}, [Change("name", "Admin", "Boss")], id="role name"),
    pytest.param("roles", {"description": None}, {}, [Change("description", "All of it", None)], id="role description"),
    pytest.param(
        "roles", {"name": "Boss", "description": "x"}, {"origin": "found"}, [], id="a found role is left alone"
    ),
    pytest.param(
        "roles", {"name": "Boss"}, {"origin": "created"}, [Change("name", "Admin", "Boss")], id="our own role"
    ),
    pytest.param("memberships", {"roles": ["viewer", "admin"]}, {}, [], id="order of roles"),
    pytest.param(
        "memberships",
        {"roles": ["viewer"]},
        {},
        [Change("roles", ["admin", "viewer"], ["viewer"])],
        id="a role change is an update",
    ),
    pytest.param(
        "memberships", {"status": "inactive"}, {}, [Change("status", "active", "inactive")], id="blocked later"
    ),
    pytest.param(
        "memberships",
        {},
        {"status": "inactive"},
        [Change("status", "inactive", "active")],
        id="unblocked: brought back",
    ),
    pytest.param("memberships", {"status": "inactive"}, {"status": "inactive"}, [], id="inactive stays inactive"),
]


@pytest.mark.parametrize(("kind", "desired", "applied", "expected"), CASES)
def test_what_changes(kind: Kind, desired: Fields, applied: Fields, expected: list[Change]) -> None:
    assert changes(kind, {**RECORDS[kind], **desired}, {**RECORDS[kind], **applied}) == expected


@pytest.mark.parametrize("kind", KINDS)
def test_a_record_that_nothing_was_applied_of_is_written_whole(kind: Kind) -> None:
    found = changes(kind, {**RECORDS[kind], "email_verified": True}, {})

    assert tuple(one.field for one in found) == SCHEMAS[kind].names
    if kind != "roles":
        assert {one.field: one.new for one in found} == {
            name: {**RECORDS[kind], "email_verified": True}[name] for name in SCHEMAS[kind].names
        }


@pytest.mark.parametrize("kind", KINDS)
def test_what_was_just_written_needs_no_further_write(kind: Kind) -> None:
    wanted = {**RECORDS[kind], "email_verified": True}
    applied: Fields = {}
    for change in changes(kind, wanted, applied):
        applied[change.field] = change.new

    assert changes(kind, wanted, applied) == []


ADOPTIONS: list[Any] = [
    pytest.param("users", {}, {}, [], id="the same user"),
    pytest.param(
        "users",
        {},
        {"external_id": None},
        [Change("external_id", None, "auth0|1")],
        id="taken over by email, the external id is written",
    ),
    pytest.param("users", {"first_name": None}, {"first_name": "Augusta"}, [], id="a name only WorkOS has stays"),
    pytest.param("users", {}, {"first_name": "Augusta"}, [Change("first_name", "Augusta", "Ada")], id="another name"),
    pytest.param("users", {}, {"email_verified": True}, [], id="a verified email stays verified"),
    pytest.param("users", {"email_verified": True}, {}, [Change("email_verified", False, True)], id="becomes verified"),
    pytest.param("users", {}, {"password": None}, [], id="the password counts as written"),
    pytest.param(
        "users", {}, {"totp": None}, [Change("totp", None, "fingerprint 2")], id="an authenticator is enrolled"
    ),
    pytest.param("users", {"totp": None}, {"totp": None}, [], id="no authenticator"),
    pytest.param("users", {}, {"metadata": {"plan": "pro", "theirs": "x"}}, [], id="pairs Ferry does not name stay"),
    pytest.param("users", {"metadata": {}}, {"metadata": {"theirs": "x"}}, [], id="no pairs named"),
    pytest.param(
        "users",
        {},
        {"metadata": {"plan": "free", "theirs": "x"}},
        [Change("metadata", {"plan": "free"}, {"plan": "pro"})],
        id="a pair that Ferry names",
    ),
    pytest.param(
        "organizations", {}, {"domains": ["a.example", "b.example", "c.example"]}, [], id="a domain more stays"
    ),
    pytest.param(
        "organizations",
        {},
        {"domains": ["b.example", "c.example"]},
        [Change("domains", ["b.example"], ["a.example", "b.example"])],
        id="a domain less is added",
    ),
    pytest.param("organizations", {"domains": []}, {"domains": ["c.example"]}, [], id="no domain named, theirs stay"),
    pytest.param(
        "organizations", {}, {"name": "Other"}, [Change("name", "Other", "Acme")], id="another organization name"
    ),
    pytest.param("memberships", {"roles": []}, {"roles": ["member"]}, [], id="no role named, theirs stays"),
    pytest.param(
        "memberships", {}, {"roles": ["member"]}, [Change("roles", ["member"], ["admin", "viewer"])], id="another role"
    ),
    pytest.param(
        "memberships",
        {},
        {"status": "inactive"},
        [Change("status", "inactive", "active")],
        id="inactive is brought back",
    ),
    pytest.param(
        "memberships", {"status": "inactive"}, {}, [Change("status", "active", "inactive")], id="blocked is deactivated"
    ),
    pytest.param("memberships", {"status": "inactive"}, {"status": "inactive"}, [], id="blocked stays inactive"),
]


@pytest.mark.parametrize(("kind", "desired", "live", "expected"), ADOPTIONS)
def test_what_taking_over_a_live_object_changes(
    kind: Kind, desired: Fields, live: Fields, expected: list[Change]
) -> None:
    wanted = {**RECORDS[kind], **desired}

    assert changes(kind, wanted, adopted(kind, wanted, {**RECORDS[kind], **live})) == expected


def test_the_view_of_an_adopted_object_knows_no_field_that_ferry_does_not_manage() -> None:
    live = {**USER, "id": "user_01", "last_sign_in_at": "2024-01-01", "profile_picture_url": "x"}

    assert adopted("users", USER, live).keys() == set(SCHEMAS["users"].names)


ENDS = {"organization": "org_a", "user": "auth0|1"}
SECRET = Secret("fingerprint 1", "passwords.ndjson", 12, 34)


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            User("auth0|1", "auth0|2", "a@x.example", True, None, "L", {"a": "1"}, SECRET, None),
            {
                "external_id": "auth0|2",
                "email": "a@x.example",
                "email_verified": True,
                "first_name": None,
                "last_name": "L",
                "metadata": {"a": "1"},
                "password": "fingerprint 1",
                "totp": None,
                "name": None,
            },
        ),
        (
            Organization("org_a", "Acme", ("a.example",), {"a": "1"}),
            {"external_id": "org_a", "name": "Acme", "domains": ["a.example"], "metadata": {"a": "1"}},
        ),
        (Role("admin", "Admin", None, "rol_1"), {"slug": "admin", "name": "Admin", "description": None}),
        (Membership("org_a", "auth0|1", ("admin",)), {**ENDS, "roles": ["admin"], "status": "active"}),
        (Membership("org_a", "auth0|1", active=False), {**ENDS, "roles": [], "status": "inactive"}),
    ],
)
def test_the_fields_of_a_record_hold_neither_its_secrets_nor_where_they_stand(
    record: User | Organization | Role | Membership, expected: Fields
) -> None:
    assert fields(record) == expected


def test_a_fingerprint_moves_with_the_secret_and_its_owner_only() -> None:
    told = {fingerprint("a", "x"), fingerprint("a", "y"), fingerprint("b", "x"), fingerprint("a", "x")}

    assert len(told) == 3
    assert all(one.startswith("fingerprint ") for one in told)
