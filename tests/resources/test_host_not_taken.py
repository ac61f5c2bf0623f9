"""A WorkOS that answers 200 or 201 and ignores what was sent: a setback, sent again, and nothing else is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from providers.resources.verdict import VerdictProvider
from tests.resources.hosted_cohorts import Cohorts
from tests.resources.provider_host import Hosted, Project, ProviderHost, Raised
from tests.stack import Sandbox
from tests.tenant import member, organization, person, role

pytestmark = pytest.mark.slow

ANN, BEE = "auth0|ann", "auth0|bee"
PUT_USER = "PUT /user_management/users/{id}"
PUT_ORGANIZATION = "PUT /organizations/{id}"
PUT_MEMBERSHIP = "PUT /user_management/organization_memberships/{id}"
#: As the program declares it; none of it matters here.
VERDICT = {"base_url": "told", "live": False, "key": "told", "told": True}


@dataclass
class Grain:
    """A run in one of the grains, and who was set back in it: the code by key."""

    up: Callable[[ProviderHost], dict[str, str]]
    setbacks: Callable[[], dict[str, str]]


@pytest.fixture(params=["record", "cohort"])
def grain(request: pytest.FixtureRequest, project: Project) -> Grain:
    """Both grains."""
    if request.param == "cohort":
        cohorts = Cohorts(project)
        return Grain(cohorts.up, lambda: {key: code for key, (_, code) in cohorts.setbacks().items()})
    hosted = Hosted(project)

    def setbacks() -> dict[str, str]:
        return {key: outs["failure"]["code"] for (_, key), (_, outs) in hosted.held.items() if outs.get("failure")}

    return Grain(hosted.up, setbacks)


@pytest.mark.parametrize(
    ("path", "field", "key", "again"),
    [
        ("/users$", "external_id", ANN, PUT_USER),
        ("/users$", "email_verified", ANN, PUT_USER),
        ("/users$", "metadata.plan", ANN, PUT_USER),
        ("/organizations$", "external_id", "org_acme", PUT_ORGANIZATION),
        ("/organizations$", "domain_data", "org_acme", PUT_ORGANIZATION),
        ("/organizations$", "metadata", "org_acme", PUT_ORGANIZATION),
        ("/organization_memberships$", "role_slug", f"org_acme/{ANN}", PUT_MEMBERSHIP),
    ],
)
def test_a_field_that_a_create_ignored_is_a_setback_and_is_sent_again(  # noqa: PLR0917
    project: Project, workos: Sandbox, grain: Grain, path: str, field: str, key: str, again: str
) -> None:
    """By one PUT to the object that was made, and nothing else is written again."""
    project.exports(
        users=[person("ann", app_metadata={"plan": "gold", "team": "x"})],
        organizations=[organization("acme", domains=[{"domain": "acme.example"}], metadata={"plan": "gold"})],
        members=[member("acme", ANN, "Admin")],
        roles=[role("Admin")],
    )
    told = '{"plan":"app_metadata.plan","team":"app_metadata.team"}'
    workos.fault("POST", path, "ignore", fields=[field])
    grain.up(project.starts(userMetadata=told))
    assert grain.setbacks() == {key: "not_taken"}

    workos.clear()
    grain.up(project.starts(userMetadata=told))
    assert grain.setbacks() == {}
    assert workos.writes() == {again: 1}
    user, held = workos.users()[ANN], workos.organizations()["org_acme"]
    assert (user["email_verified"], user["metadata"]) == (True, {"plan": "gold", "team": "x"})
    assert (held["domains"], held["metadata"]) == ({"acme.example": "pending"}, {"plan": "gold"})
    assert workos.memberships() == {f"org_acme/{ANN}": (("admin",), "active")}
    workos.clear()
    assert grain.up(project.starts(userMetadata=told)) == {}
    assert workos.requests()["total"] == 0


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("email", {"email": "new@people.example"}),
        ("metadata.plan", {"app_metadata": {"plan": "silver"}}),
        ("metadata.plan", {"app_metadata": {}}),
    ],
)
def test_a_field_that_a_change_ignored_is_sent_again_and_the_others_are_not(
    project: Project, workos: Sandbox, grain: Grain, field: str, changed: dict[str, Any]
) -> None:
    told = '{"plan":"app_metadata.plan"}'
    project.exports(users=[person("ann", app_metadata={})])
    grain.up(project.starts(userMetadata=told))
    before: dict[str, Any] = {"app_metadata": {"plan": "gold"} if changed.get("app_metadata") == {} else {}}
    project.exports(users=[person("ann", **before)])
    grain.up(project.starts(userMetadata=told))
    project.exports(users=[person("ann", **{**before, **changed}, given_name="Ann")])
    workos.fault("PUT", "/users/", "ignore", fields=[field])
    grain.up(project.starts(userMetadata=told))

    assert grain.setbacks() == {ANN: "not_taken"}
    assert workos.users()[ANN]["first_name"] == "Ann"
    workos.call("PUT", f"/user_management/users/{workos.users()[ANN]['id']}", first_name="Own")
    workos.clear()
    grain.up(project.starts(userMetadata=told))
    assert grain.setbacks() == {}
    assert workos.writes() == {PUT_USER: 1}
    user = workos.users()[ANN]
    assert user["email"] == changed.get("email", "ann@people.example")
    assert user["metadata"] == changed.get("app_metadata", {})
    assert user["first_name"] == "Own"


def test_a_deactivation_that_was_ignored_is_sent_again(project: Project, workos: Sandbox, grain: Grain) -> None:
    both = {"organizations": [organization("acme")], "members": [member("acme", ANN)]}
    project.exports(users=[person("ann")], **both)
    grain.up(project.starts())
    project.exports(users=[person("ann", blocked=True)], **both)
    workos.fault("PUT", "/deactivate$", status=200, body={"id": "om_1", "status": "active"})
    grain.up(project.starts())

    assert grain.setbacks() == {f"org_acme/{ANN}": "not_taken"}
    grain.up(project.starts())
    assert grain.setbacks() == {}
    assert workos.memberships() == {f"org_acme/{ANN}": (("member",), "inactive")}


def test_a_membership_that_left_and_is_active_still_is_no_done_removal(project: Project, workos: Sandbox) -> None:
    """The engine keeps a resource whose deletion raised."""
    files = {"users": [person("ann")], "organizations": [organization("acme")]}
    project.exports(**files, members=[member("acme", ANN)])
    hosted = Hosted(project)
    hosted.up(project.starts())
    project.exports(**files)
    workos.fault("PUT", "/deactivate$", status=200, body={"id": "om_1", "status": "active"})
    host = project.starts(removed="deactivate")
    hosted.up(host)
    with pytest.raises(Raised, match="not_taken"):
        hosted.delete(host, "memberships", f"org_acme/{ANN}")

    hosted.delete(host, "memberships", f"org_acme/{ANN}")
    assert workos.memberships() == {f"org_acme/{ANN}": (("member",), "inactive")}


def test_a_membership_of_a_cohort_that_left_and_is_active_still_is_a_setback(project: Project, workos: Sandbox) -> None:
    files = {"users": [person("ann")], "organizations": [organization("acme")]}
    project.exports(**files, members=[member("acme", ANN)])
    cohorts = Cohorts(project)
    cohorts.up(project.starts())
    project.exports(**files)
    workos.fault("PUT", "/deactivate$", status=200, body={"id": "om_1", "status": "active"})
    cohorts.up(project.starts(removed="deactivate"))
    assert cohorts.setbacks() == {f"org_acme/{ANN}": ("failed", "not_taken")}

    cohorts.up(project.starts(removed="deactivate"))
    assert cohorts.setbacks() == {}
    assert workos.memberships() == {f"org_acme/{ANN}": (("member",), "inactive")}


def answer(workos: Sandbox, kind: str, **more: object) -> None:
    """WorkOS answers a create with an object of its own making."""
    workos.fault("POST", f"/{kind}$", status=201, body={"id": f"{kind}_1", **more})


def test_what_came_back_otherwise_is_told_once_and_counts_as_applied(
    project: Project, workos: Sandbox, grain: Grain
) -> None:
    """In one line a code, and of a directory's roles in one of its own."""
    project.exports(
        users=[person("ann", given_name="Ann")],
        organizations=[organization("acme", metadata={"plan": "gold"})],
        members=[member("acme", ANN, "Admin")],
        roles=[role("Admin")],
    )
    answer(workos, "users", first_name="ANN")
    answer(workos, "organizations", name="ACME", metadata={"plan": "GOLD"})
    roles = {"roles": [{"slug": "member"}], "status": "active", "directory_managed": True}
    answer(workos, "organization_memberships", **roles)
    host = project.starts()
    grain.up(host)
    assert grain.setbacks() == {}
    assert host.diff(VerdictProvider, "verdict", VERDICT, VERDICT) == "update"
    host.update(VerdictProvider, "verdict", VERDICT, VERDICT)

    said = " ".join(host.said().split())
    assert "2 kept_otherwise (first: organizations org_acme): WorkOS keeps another value" in said
    assert "(name, metadata.plan). Next: " in said
    assert f"1 role_directory_managed (first: memberships org_acme/{ANN})" in said
    workos.clear()
    assert grain.up(project.starts()) == {}
    assert workos.requests()["total"] == 0


def test_each_user_that_was_taken_over_is_a_finding_with_what_it_keeps(project: Project, workos: Sandbox) -> None:
    """In the file that the program wrote before the run, for its owner only."""
    path = project.folder / "reports" / "dev" / "findings.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"code": "first"}\n', encoding="utf-8")
    path.chmod(0o600)
    project.exports(users=[person("ann"), person("bee")])
    for name in ("ann", "bee"):
        body = {"email": f"{name}@people.example", "email_verified": True}
        own = workos.call("POST", "/user_management/users", **body)
    workos.call("POST", f"/user_management/users/{own['id']}/auth_factors", type="totp", totp_secret="MADEUPSECRETAAAA")
    host = project.starts(adopt="email")
    Cohorts(project).up(host)
    host.create(VerdictProvider, VERDICT)

    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    assert [(one["code"], one.get("external_id")) for one in lines] == [
        ("first", None),
        ("factor_of_others", BEE),
        ("password_unconfirmed", ANN),
        ("password_unconfirmed", BEE),
    ]
    assert {(one["file"], one["line"], "Next: " in one["message"]) for one in lines[1:]} == {("users.ndjson", 0, True)}
    assert path.stat().st_mode & 0o777 == 0o600
    assert "people.example" not in path.read_text(encoding="utf-8")
    assert "2 password_unconfirmed (first: users auth0|ann)" in host.said()


def test_a_role_under_another_slug_is_not_the_role(project: Project, workos: Sandbox, grain: Grain) -> None:
    """Who is to have it waits, and it is made again."""
    project.exports(
        users=[person("ann")],
        organizations=[organization("acme")],
        members=[member("acme", ANN, "Admin")],
        roles=[role("Admin")],
    )
    workos.fault("POST", "/roles$", status=201, body={"id": "role_1", "slug": "admin-1", "name": "Admin"})
    grain.up(project.starts())
    assert grain.setbacks()[f"org_acme/{ANN}"] == "pending"
    assert workos.memberships() == {}
