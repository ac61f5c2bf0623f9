"""What an answer says of what was sent: taken, not taken, or kept otherwise."""

from __future__ import annotations

from typing import Any

import pytest

from providers.settings import Kind
from providers.workos.taken import taken

DOMAINS = [{"domain": "one.example", "state": "pending"}, {"domain": "two.example", "state": "pending"}]
ROLES = [{"slug": "admin"}, {"slug": "member"}]


@pytest.mark.parametrize(
    ("kind", "sent", "answer", "names"),
    [
        ("users", {"external_id": "a"}, {"external_id": None}, ["external_id"]),
        ("users", {"external_id": "a"}, {"external_id": "b"}, ["external_id"]),
        ("users", {"email": "a@x.example"}, {"email": "b@x.example"}, ["email"]),
        ("users", {"email_verified": True}, {"email_verified": False}, ["email_verified"]),
        ("users", {"metadata": {"a": "1", "b": "2"}}, {"metadata": {"a": "1"}}, ["metadata.b"]),
        ("users", {"metadata": {"a": "1"}}, {"metadata": None}, ["metadata.a"]),
        ("users", {"metadata": {"a": None}}, {"metadata": {"a": "1"}}, ["metadata.a"]),
        ("organizations", {"external_id": "a"}, {"external_id": None}, ["external_id"]),
        ("organizations", {"domain_data": DOMAINS}, {"domains": DOMAINS[:1]}, ["domain two.example"]),
        ("memberships", {"role_slug": "admin"}, {"role": {"slug": "member"}}, ["roles"]),
        ("memberships", {"role_slugs": ["admin", "member"]}, {"roles": ROLES[:1]}, ["roles"]),
        ("memberships", {"role_slug": "admin"}, {"roles": ROLES}, ["roles"]),
        ("memberships", {"status": "inactive"}, {"status": "active"}, ["status"]),
        ("roles", {"slug": "admin"}, {"slug": "member"}, ["slug"]),
    ],
)
def test_what_an_answer_does_not_hold_was_not_taken(
    kind: Kind, sent: dict[str, Any], answer: dict[str, Any], names: list[str]
) -> None:
    found = taken(kind, sent, answer)

    assert (found.not_taken, found.otherwise) == (names, [])
    assert found.instead or found.pairs


@pytest.mark.parametrize(
    ("kind", "sent", "answer"),
    [
        ("users", {"external_id": "a", "email": "a@x.example", "email_verified": True, "metadata": {"a": "1"}}, {}),
        ("users", {"email": "a@x.example"}, {"email": " A@X.Example "}),
        ("users", {"email_verified": False}, {"email_verified": True}),
        ("users", {"first_name": ""}, {"first_name": None}),
        ("users", {"password_hash": "x"}, {"email": "a@x.example"}),
        ("users", {"metadata": {"a": None}}, {"metadata": {"a": None}}),
        ("users", {"metadata": {"a": "1"}}, {"metadata": {"a": "1", "theirs": "2"}}),
        ("roles", {"description": None}, {"description": ""}),
        (
            "organizations",
            {"domain_data": DOMAINS},
            {"domains": [{"domain": "TWO.example", "state": "verified"}, {"domain": "one.example", "state": "failed"}]},
        ),
        ("memberships", {"organization_id": "o", "user_id": "u"}, {"roles": [{"slug": "member"}]}),
        ("memberships", {"role_slugs": ["member", "admin"]}, {"role": {"slug": "admin"}, "roles": ROLES}),
        ("memberships", {"role_slug": "admin"}, {"status": "active"}),
    ],
)
def test_what_says_nothing_is_not_compared(kind: Kind, sent: dict[str, Any], answer: dict[str, Any]) -> None:
    found = taken(kind, sent, answer)

    assert (found.not_taken, found.otherwise, found.by_directory, found.instead, found.pairs) == ([], [], False, {}, {})


@pytest.mark.parametrize(
    ("kind", "sent", "answer", "names"),
    [
        ("users", {"first_name": "Ann"}, {"first_name": "ANN"}, ["first_name"]),
        ("users", {"last_name": "Lee"}, {"last_name": None}, ["last_name"]),
        ("users", {"metadata": {"a": "1"}}, {"metadata": {"a": "one"}}, ["metadata.a"]),
        ("organizations", {"name": "One"}, {"name": "ONE"}, ["name"]),
        (
            "roles",
            {"name": "Admin", "description": "x"},
            {"name": "admin", "description": None},
            ["name", "description"],
        ),
    ],
)
def test_what_came_back_otherwise_is_a_hint(
    kind: Kind, sent: dict[str, Any], answer: dict[str, Any], names: list[str]
) -> None:
    found = taken(kind, sent, answer)

    assert (found.not_taken, found.otherwise, found.instead) == ([], names, {})


def test_roles_that_a_directory_gives_are_a_hint_of_their_own() -> None:
    answer = {"roles": ROLES[1:], "directory_managed": True}
    found = taken("memberships", {"role_slug": "admin"}, answer)

    assert (found.by_directory, found.not_taken, found.instead) == (True, [], {})
    assert not taken("memberships", {"role_slug": "member"}, answer).by_directory


def test_what_was_not_taken_does_not_count_as_applied_and_the_rest_does() -> None:
    sent = {"external_id": "a", "email": "a@x.example", "metadata": {"new": "1", "kept": "2", "gone": None}}
    answer = {"external_id": None, "email": "a@x.example", "metadata": {"kept": "2", "gone": "3"}}
    applied = {"external_id": "a", "email": "a@x.example", "metadata": {"new": "1", "kept": "2"}, "first_name": "Ann"}

    assert taken("users", sent, answer).corrected(applied) == {
        "external_id": "",
        "email": "a@x.example",
        "metadata": {"kept": "2", "gone": "3"},
        "first_name": "Ann",
    }
