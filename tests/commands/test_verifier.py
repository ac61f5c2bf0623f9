"""What a verification finds: every record and every field that is not as the directory says, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from providers.commands import verifier as verification
from providers.reports.verification_text import verification_document, verification_lines
from tests.commands.conftest import NewStack
from tests.commands.in_process import InProcess
from tests.stack import Sandbox
from tests.tenant import member, organization, otp, password, person, role

ADA, ONE, ADA_IN_ONE = ("users", "auth0|a"), ("organizations", "org_one"), ("memberships", "org_one/auth0|a")
USERS, MEMBERSHIPS = "/user_management/users", "/user_management/organization_memberships"


@pytest.fixture
def applied(new_stack: NewStack, grain: str) -> InProcess:
    """Two people with all that can be declared, in WorkOS."""
    stack = new_stack(granularity=grain, userMetadata='{"plan":"app_metadata.plan"}')
    export(stack)
    stack.up()
    assert stack.verification().clean
    return stack


def export(stack: InProcess, **more: Any) -> None:
    """The export; `more` changes the first person."""
    first = {"given_name": "Ada", "family_name": "Old", "app_metadata": {"plan": "gold"}, **more}
    stack.exports(
        users=[person("a", **first), person("b", email_verified=False)],
        organizations=[
            organization("one", metadata={"tier": "1"}, domains=[{"domain": "one.example", "status": "pending"}])
        ],
        members=[member("one", "auth0|a", "Admin"), member("one", "auth0|b")],
        roles=[role("Admin", description="All")],
        passwords=[password("a")],
        mfa=[otp("auth0|b")],
    )


def found(stack: InProcess) -> dict[tuple[str, str], Any]:
    """The fields of each difference, by kind and key."""
    return {
        (difference.kind, difference.key): difference.fields or difference.what
        for difference in stack.verification().differences
    }


@pytest.mark.parametrize(
    ("path", "body", "key", "fields"),
    [
        ("user", {"first_name": "Eve"}, ADA, {"first_name": ("Ada", "Eve")}),
        ("user", {"email": "x@y.example", "email_verified": True}, ADA, {"email": ("a@people.example", "x@y.example")}),
        ("user", {"metadata": {"plan": "iron"}}, ADA, {"metadata": ({"plan": "gold"}, {"plan": "iron"})}),
        ("user", {"metadata": {"plan": None}}, ADA, {"metadata": ({"plan": "gold"}, {"plan": None})}),
        ("user", {"external_id": "other"}, ADA, {"external_id": ("auth0|a", "other")}),
        ("user", {"external_id": None}, ADA, {"external_id": ("auth0|a", None)}),
        (
            "user",
            {"external_id": "other", "first_name": "Eve"},
            ADA,
            {"external_id": ("auth0|a", "other"), "first_name": ("Ada", "Eve")},
        ),
        ("organization", {"external_id": "other"}, ONE, {"external_id": ("org_one", "other")}),
        ("organization", {"external_id": None}, ONE, {"external_id": ("org_one", None)}),
        ("organization", {"name": "Two"}, ONE, {"name": ("one", "Two")}),
        ("organization", {"domain_data": []}, ONE, {"domains": (["one.example"], [])}),
        ("organization", {"metadata": {"tier": "2"}}, ONE, {"metadata": ({"tier": "1"}, {"tier": "2"})}),
        ("membership", {"role_slug": "member"}, ADA_IN_ONE, {"roles": (["admin"], ["member"])}),
        ("deactivate", {}, ADA_IN_ONE, {"status": ("active", "inactive")}),
    ],
)
def test_a_field_that_somebody_changed(
    applied: InProcess, workos: Sandbox, path: str, body: dict[str, Any], key: tuple[str, str], fields: Any
) -> None:
    """Each is a difference, and none of the others; Ferry keeps it, but for an external id."""
    user, directory = workos.users()["auth0|a"]["id"], workos.directory()
    membership = next(one["id"] for one in directory["memberships"] if one["user_external_id"] == "auth0|a")
    paths = {
        "user": f"{USERS}/{user}",
        "organization": f"/organizations/{directory['organizations'][0]['id']}",
        "membership": f"{MEMBERSHIPS}/{membership}",
        "deactivate": f"{MEMBERSHIPS}/{membership}/deactivate",
    }
    workos.call("PUT", paths[path], **body)
    result = applied.verification()
    (difference,) = result.differences

    assert (difference.kind, difference.key) == key
    assert difference.fields == fields
    assert (difference.why, difference.kept) == ("changed in WorkOS", "external_id" not in fields)
    counts = {kind: (one.missing, one.unmanaged) for kind, one in result.counts.items()}
    assert counts == {"organizations": (0, 0), "roles": (0, 1), "users": (0, 0), "memberships": (0, 0)}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("user", {"metadata": {"theme": "dark"}}),
        ("user", {"locale": "de"}),
        ("other", {"first_name": "Chosen"}),
        ("other", {"email_verified": True}),
        ("organization", {"metadata": {"own": "1"}}),
        ("organization", {"domain_data": [{"domain": "one.example", "state": "verified"}]}),
        (
            "organization",
            {"domain_data": [{"domain": one, "state": "pending"} for one in ("one.example", "more.example")]},
        ),
    ],
)
def test_what_the_directory_does_not_speak_of_is_no_difference(
    applied: InProcess, workos: Sandbox, path: str, body: dict[str, Any]
) -> None:
    """A name that Auth0 never had, metadata and domains of others, an email that was verified in WorkOS."""
    users = workos.users()
    paths = {
        "user": f"{USERS}/{users['auth0|a']['id']}",
        "other": f"{USERS}/{users['auth0|b']['id']}",
        "organization": f"/organizations/{workos.directory()['organizations'][0]['id']}",
    }
    workos.call("PUT", paths[path], **body)

    assert applied.verification().clean


@pytest.mark.parametrize(
    ("more", "fields"),
    [
        ({"given_name": None}, {"first_name": (None, "Ada")}),
        ({"app_metadata": {}}, {"metadata": ({"plan": None}, {"plan": "gold"})}),
    ],
)
def test_what_left_auth0_and_is_there_still_is_a_difference(
    applied: InProcess, more: dict[str, Any], fields: Any
) -> None:
    """Ferry gave it, as the last state knows; after the next run all is equal."""
    export(applied, **more)

    assert found(applied) == {("users", "auth0|a"): fields}
    assert {difference.why for difference in applied.verification().differences} == {"not written yet"}
    applied.up()
    assert applied.verification().clean


def test_a_secret_that_was_not_written_is_a_difference(new_stack: NewStack, grain: str) -> None:
    """By the last state, since WorkOS shows nobody a password."""
    stack = new_stack(granularity=grain)
    stack.exports(users=[person("a"), person("b")])
    stack.up()
    stack.exports(users=[person("a"), person("b")], passwords=[password("a")], mfa=[otp("auth0|b")])

    assert found(stack) == {
        ("users", "auth0|a"): {"password": ("declared", "not written")},
        ("users", "auth0|b"): {"totp": ("declared", "not written")},
    }
    stack.up()
    result = stack.verification()
    assert result.clean
    assert (result.secrets, result.unknown_secrets) == ({"password": 1, "totp": 1}, 0)


def test_what_is_not_declared_is_counted_and_no_difference(applied: InProcess, workos: Sandbox) -> None:
    """A sign-up in WorkOS, an organization of hers, her membership in ours, a role."""
    user = workos.call("POST", USERS, email="new@people.example")["id"]
    workos.call("POST", "/organizations", name="hers", external_id="hers")
    ours = next(one["id"] for one in workos.directory()["organizations"] if one["external_id"] == "org_one")
    workos.call("POST", MEMBERSHIPS, user_id=user, organization_id=ours)
    workos.call("POST", "/authorization/roles", slug="new", name="New")
    result = applied.verification()

    assert result.clean
    assert {kind: counts.unmanaged for kind, counts in result.counts.items()} == {
        "organizations": 1,
        "roles": 2,
        "users": 1,
        "memberships": 1,
    }


def test_with_repair_nothing_is_kept_on_purpose(new_stack: NewStack, workos: Sandbox, grain: str) -> None:
    """It is put back, so it is wrong until then."""
    stack = new_stack(granularity=grain, onDrift="repair")
    stack.exports(users=[person("a", given_name="Ada")])
    stack.up()
    workos.call("PUT", f"{USERS}/{workos.users()['auth0|a']['id']}", first_name="Eve")
    (difference,) = stack.verification().differences

    assert (difference.why, difference.kept) == ("changed in WorkOS", False)


@pytest.mark.parametrize("again", [0, verification.MOST_AGAIN])
def test_an_external_id_that_changed_is_no_removal_however_many_differ(
    applied: InProcess, workos: Sandbox, monkeypatch: pytest.MonkeyPatch, again: int
) -> None:
    """Found in the lists alone, or read once more: by the id that the last state knows; who signed up is unmanaged."""
    monkeypatch.setattr(verification, "MOST_AGAIN", again)
    user, organization_id = workos.users()["auth0|a"]["id"], workos.organizations()["org_one"]["id"]
    workos.call("PUT", f"{USERS}/{user}", external_id="other")
    workos.call("PUT", f"/organizations/{organization_id}", external_id="else")
    stranger = workos.call("POST", USERS, email="new@people.example", external_id="new")["id"]
    workos.call("POST", MEMBERSHIPS, user_id=stranger, organization_id=organization_id)
    workos.call("DELETE", f"{USERS}/{workos.users()['auth0|b']['id']}")
    result = applied.verification()

    assert {
        (difference.kind, difference.key): (difference.fields or difference.what, difference.why)
        for difference in result.differences
    } == {
        ADA: ({"external_id": ("auth0|a", "other")}, "changed in WorkOS"),
        ONE: ({"external_id": ("org_one", "else")}, "changed in WorkOS"),
        ("users", "auth0|b"): ("missing", "removed in WorkOS"),
        ("memberships", "org_one/auth0|b"): ("missing", "removed in WorkOS"),
    }
    assert {kind: counts.unmanaged for kind, counts in result.counts.items()} == {
        "organizations": 0,
        "roles": 1,
        "users": 1,
        "memberships": 1,
    }


def test_an_object_with_the_external_id_of_another_record_is_that_records(
    new_stack: NewStack, workos: Sandbox, grain: str
) -> None:
    """Two records never share one: whose external id is nowhere is missing."""
    stack = new_stack(granularity=grain)
    stack.exports(users=[person("a"), person("b")], organizations=[organization("one"), organization("two")])
    stack.up()
    users, organizations = workos.users(), workos.organizations()
    workos.call("DELETE", f"{USERS}/{users['auth0|b']['id']}")
    workos.call("DELETE", f"/organizations/{organizations['org_two']['id']}")
    workos.call("PUT", f"{USERS}/{users['auth0|a']['id']}", external_id="auth0|b")
    workos.call("PUT", f"/organizations/{organizations['org_one']['id']}", external_id="org_two")

    assert {key: what for key, what in found(stack).items() if what == "missing"} == {
        ADA: "missing",
        ONE: "missing",
    }


def test_a_user_whom_lists_do_not_show_yet_is_read_under_another_external_id(
    applied: InProcess, workos: Sandbox
) -> None:
    """And the membership is that user's."""
    workos.call("PUT", f"{USERS}/{workos.users()['auth0|a']['id']}", external_id="other")
    workos.fault("GET", "/users$", "lag", writes=100, times=None)
    result = applied.verification()

    assert {(difference.kind, difference.key): difference.fields for difference in result.differences} == {
        ADA: {"external_id": ("auth0|a", "other")}
    }
    assert result.counts["memberships"].unmanaged == 0


def test_a_report_keeps_apart_what_ferry_keeps_and_what_is_wrong(applied: InProcess, workos: Sandbox) -> None:
    """With what to do about each, and the numbers in the last line."""
    users = workos.users()
    workos.call("PUT", f"{USERS}/{users['auth0|a']['id']}", first_name="Eve")
    workos.call("DELETE", f"{USERS}/{users['auth0|b']['id']}")
    about: Any = {
        "stack": "dev",
        "environment": dict.fromkeys(("base_url", "kind", "key"), ""),
        "exports": [],
    }
    about |= {"began": "", "ended": "", "requests": 0, "directory": ""}
    document = verification_document(applied.verification(), about)

    assert (document["clean"], document["wrong"], document["kept"]) == (False, 2, 1)
    assert [(difference["key"], difference["kept"]) for difference in document["differences"]] == [
        ("auth0|a", True),
        ("auth0|b", False),
        ("org_one/auth0|b", False),
    ]
    lines = list(verification_lines(document))
    assert lines[lines.index("WRONG 2") :] == [
        "WRONG 2",
        "  missing    user auth0|b (removed in WorkOS)",
        "  missing    membership org_one/auth0|b (removed in WorkOS)",
        "  Next, removed in WorkOS: pulumi refresh, then pulumi up",
        "",
        "KEPT ON PURPOSE 1",
        "  different  user auth0|a: first_name (changed in WorkOS)",
        "  Ferry leaves what somebody changed in WorkOS, until Auth0 changes it too. Next, to put it back:",
        "    ferry:onDrift repair, pulumi refresh --run-program, then pulumi up",
        "",
        "RESULT DIFFERENT: 2 wrong, 1 kept on purpose",
    ]


def test_everything_is_missing_from_an_empty_environment(applied: InProcess, workos: Sandbox) -> None:
    """Memberships too, whose organization nobody can list."""
    workos.reset()
    result = applied.verification()

    assert {kind: (counts.declared, counts.missing) for kind, counts in result.counts.items()} == {
        "organizations": (1, 1),
        "roles": (1, 1),
        "users": (2, 2),
        "memberships": (2, 2),
    }
    assert not result.clean


def test_a_role_that_ferry_made_keeps_its_name_and_one_it_found_may_have_any(
    applied: InProcess, new_stack: NewStack, workos: Sandbox
) -> None:
    """What Ferry wrote is compared; a role that was there is left alone."""
    workos.call("PATCH", "/authorization/roles/admin", name="Boss")
    assert found(applied) == {("roles", "admin"): {"name": ("Admin", "Boss")}}

    workos.reset()
    workos.call("POST", "/authorization/roles", slug="admin", name="Boss")
    other = new_stack(userMetadata='{"plan":"app_metadata.plan"}')
    other.up()
    assert other.verification().clean
