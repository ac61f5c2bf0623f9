"""Deletion in the real provider host: `ferry:removed` in an up, what Ferry created in a destroy, else nothing."""

from __future__ import annotations

import pytest

from providers.resources.record import MembershipProvider, UserProvider
from tests.resources.hosted_cohorts import Cohorts
from tests.resources.provider_host import PROVIDER, Hosted, Project, ProviderHost, Raised
from tests.stack import Sandbox
from tests.tenant import member, organization, person, role

pytestmark = pytest.mark.slow

ANN, BEE, ACME = "auth0|ann", "auth0|bee", "org_acme"
OF_BEE = f"{ACME}/{BEE}"


def without_bee(project: Project) -> None:
    """The next export: Bee left."""
    project.exports(
        users=[person("ann", given_name="Ann")],
        organizations=[organization("acme", domains=[{"domain": "acme.example"}])],
        members=[member("acme", ANN, "Admin")],
        roles=[role("Admin")],
    )


@pytest.fixture
def made(host: ProviderHost, hosted: Hosted, workos: Sandbox) -> Hosted:
    """A stack that an earlier run made; the log is empty."""
    hosted.up(host)
    workos.clear()
    return hosted


@pytest.mark.parametrize(
    ("removed", "writes"),
    [
        ("", {}),
        ("retain", {}),
        ("deactivate", {"PUT /user_management/organization_memberships/{id}/deactivate": 1}),
        ("delete", {"DELETE /user_management/users/{id}": 1}),
        ('{"memberships":"delete"}', {"DELETE /user_management/organization_memberships/{id}": 1}),
        ('{"users":"delete"}', {"DELETE /user_management/users/{id}": 1}),
        ('{"users":"delete","memberships":"deactivate"}', {"DELETE /user_management/users/{id}": 1}),
    ],
)
def test_in_an_up_the_setting_decides(
    project: Project, made: Hosted, workos: Sandbox, removed: str, writes: dict[str, int]
) -> None:
    """A gone user costs one write: WorkOS takes its memberships along."""
    without_bee(project)
    host = project.starts(removed=removed)
    made.up(host)
    made.delete(host, "memberships", OF_BEE)
    made.delete(host, "users", BEE)

    assert workos.writes() == writes
    assert ANN in workos.users()


def test_an_organization_that_left_takes_its_memberships_along(project: Project, made: Hosted, workos: Sandbox) -> None:
    project.exports(users=[person("ann", given_name="Ann"), person("bee")], roles=[role("Admin")])
    host = project.starts(removed="delete")
    made.up(host)
    for user in (ANN, BEE):
        made.delete(host, "memberships", f"{ACME}/{user}")
    made.delete(host, "organizations", ACME)

    assert workos.writes() == {"DELETE /organizations/{id}": 1}


def test_a_role_that_left_stays(project: Project, made: Hosted, workos: Sandbox) -> None:
    """WorkOS has no call that deletes one."""
    project.exports(users=[person("ann", given_name="Ann"), person("bee")], organizations=[organization("acme")])
    host = project.starts(removed="delete")
    host.check(UserProvider, project.declares("users")[ANN])
    made.delete(host, "roles", "admin")

    assert workos.requests()["total"] == 0


def test_what_the_export_still_holds_is_never_removed(project: Project, made: Hosted, workos: Sandbox) -> None:
    """Whatever name it had before: declared, in use, refused, or left out on purpose."""
    host = project.starts(removed="delete", skip=f'["{BEE}"]')
    made.up(host)
    made.delete(host, "users", ANN)
    made.delete(host, "memberships", f"{ACME}/{ANN}")
    made.delete(host, "users", BEE)
    host.delete(UserProvider, made.id("users", ANN), {**made.outputs("users", ANN), "external_id": "auth0|former"})

    assert workos.writes() == {}
    project.exports(users=[person("ann", given_name="Ann"), person("bee", email=None)])
    refusing = project.starts(removed="delete")
    made.up(refusing)
    made.delete(refusing, "users", BEE)
    assert workos.requests()["total"] == 0


def test_a_removal_of_something_gone_already_succeeds(project: Project, made: Hosted, workos: Sandbox) -> None:
    without_bee(project)
    workos.call("DELETE", f"/user_management/users/{made.id('users', BEE)}")
    host = project.starts(removed='{"users":"delete","memberships":"delete"}')
    made.up(host)
    made.delete(host, "memberships", OF_BEE)
    made.delete(host, "users", BEE)

    assert workos.users().keys() == {ANN}


def test_switching_off_a_membership_that_is_gone_already_succeeds(
    project: Project, made: Hosted, workos: Sandbox
) -> None:
    without_bee(project)
    workos.call("DELETE", f"/user_management/users/{made.id('users', BEE)}")
    host = project.starts(removed="deactivate")
    made.up(host)
    made.delete(host, "memberships", OF_BEE)

    assert [user["external_id"] for user in workos.users().values()] == [ANN]


def test_a_replaced_membership_is_removed_only_if_the_setting_says_so(
    project: Project, made: Hosted, workos: Sandbox
) -> None:
    """The engine deletes what it replaced; the pair is declared under its new ids, so nothing left the export."""
    host = project.starts(removed="delete")
    key = f"{ACME}/{ANN}"
    host.check(MembershipProvider, project.declares("memberships", **made.ids())[key])
    made.delete(host, "memberships", key)

    assert workos.requests()["total"] == 0


@pytest.mark.parametrize("removed", ["retain", "delete"])
def test_without_a_check_and_without_a_destroy_what_is_declared_stays(
    project: Project, made: Hosted, workos: Sandbox, removed: str
) -> None:
    """A targeted run calls no check: it is still an up, and not a destroy."""
    host = project.starts(removed=removed)
    for kind, key in made.held:
        made.delete(host, kind, key)

    assert workos.requests()["total"] == 0


def test_without_a_check_and_without_a_destroy_nothing_is_deleted_that_is_to_be_retained(
    project: Project, made: Hosted, workos: Sandbox
) -> None:
    without_bee(project)
    host = project.starts()
    made.delete(host, "memberships", OF_BEE)
    made.delete(host, "users", BEE)

    assert workos.requests()["total"] == 0


def test_without_a_check_and_without_a_destroy_the_setting_decides_too(
    project: Project, made: Hosted, workos: Sandbox
) -> None:
    without_bee(project)
    host = project.starts(removed="delete")
    made.delete(host, "users", BEE)

    assert workos.writes() == {"DELETE /user_management/users/{id}": 1}


@pytest.mark.parametrize(
    "command",
    [
        ("up", "--target", "urn:pulumi:dev::ferry::auth0|bee", "-m", "down"),
        ("up", "--stack", "destroy"),
        ("up", "-mdn"),
        ("up", "--", "destroy"),
        ("destroy", "--some-day-new"),
    ],
    ids=lambda words: " ".join(words[-2:]),
)
def test_a_word_of_the_command_that_is_no_verb_makes_no_destroy(
    project: Project, made: Hosted, workos: Sandbox, command: tuple[str, ...]
) -> None:
    """An `up` for a record that left alone runs no check. What is kept in WorkOS by `ferry:removed` stays."""
    without_bee(project)
    made.delete(project.starts(*command, removed="retain"), "users", BEE)

    assert workos.requests()["total"] == 0
    assert BEE in workos.users()


def dismantle(hosted: Hosted, host: ProviderHost) -> None:
    """What destroy does: everything, dependants first, and no check before."""
    for kind in reversed(PROVIDER):
        for held_kind, key in list(hosted.held):
            if held_kind == kind:
                hosted.delete(host, kind, key)


def test_a_destroy_removes_what_ferry_created_and_leaves_roles(project: Project, made: Hosted, workos: Sandbox) -> None:
    """`ferry:removed` is not asked: it speaks of records that left the export."""
    host = project.starts(destroy=True, removed="retain")
    dismantle(made, host)

    assert (workos.users(), workos.organizations(), workos.directory()["memberships"]) == ({}, {}, [])
    assert "admin" in workos.roles()
    assert "left in WorkOS: roles admin" in host.said()


def test_a_destroy_leaves_what_was_there_before(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id=ANN)
    hosted.up(host)
    destroying = project.starts(destroy=True, removed="delete")
    dismantle(hosted, destroying)

    assert workos.users().keys() == {ANN}
    assert f"left in WorkOS: users {ANN} (Ferry did not create it)" in destroying.said()


def test_a_destroy_makes_no_request_for_what_never_reached_workos(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    workos.fault("POST", "/users$", times=None, status=400, body={"code": "no", "message": "no"})
    hosted.up(host)
    workos.clear()
    destroying = project.starts(destroy=True)
    for key in (ANN, BEE):
        hosted.delete(destroying, "memberships", f"{ACME}/{key}")
        hosted.delete(destroying, "users", key)

    assert workos.requests()["total"] == 0


def test_a_destroy_of_another_environment_stops_at_its_first_object(
    project: Project, made: Hosted, workos: Sandbox
) -> None:
    """A wrong key must not look like a stack whose objects are gone already."""
    workos.reset()
    workos.call("POST", "/user_management/users", email="other@people.example")
    host = project.starts(destroy=True)
    workos.clear()
    with pytest.raises(Raised, match="the last state of dev cannot be read") as raised:
        made.delete(host, "users", BEE)

    assert "\n" not in str(raised.value)
    assert workos.writes() == {}


def test_a_destroy_goes_on_over_an_object_that_somebody_removed(
    project: Project, made: Hosted, workos: Sandbox
) -> None:
    """One object that is there proves the environment."""
    workos.call("DELETE", f"/user_management/users/{made.id('users', ANN)}")
    host = project.starts(destroy=True)
    made.delete(host, "users", BEE)
    made.delete(host, "users", ANN)

    assert workos.users() == {}


def test_a_removal_that_workos_refuses_fails_the_run_with_one_line(
    project: Project, made: Hosted, workos: Sandbox
) -> None:
    """The engine keeps the record then, and the next run tries it again."""
    without_bee(project)
    workos.fault("DELETE", "/users/", status=409, body={"code": "user_deletion_not_allowed", "message": "no"})
    host = project.starts(removed="delete")
    made.up(host)
    with pytest.raises(Raised, match="user_deletion_not_allowed") as raised:
        made.delete(host, "users", BEE)
    assert "\n" not in str(raised.value)

    made.delete(host, "users", BEE)
    assert workos.users().keys() == {ANN}


def test_an_email_of_a_user_who_left_is_free_in_the_same_run(project: Project, made: Hosted, workos: Sandbox) -> None:
    """Creates come before deletes: the displaced user goes first, and its own delete is no second request."""
    project.exports(users=[person("ann", given_name="Ann"), person("new", email="bee@people.example")])
    host = project.starts(removed="delete")
    news = {**project.declares("users")["auth0|new"], "holders": {made.id("users", BEE): ""}}
    host.check(UserProvider, news)
    id_, outputs = host.create(UserProvider, news)
    made.delete(host, "memberships", OF_BEE)
    made.delete(host, "users", BEE)

    assert workos.users().keys() == {ANN, "auth0|new"}
    assert (id_, outputs["origin"]) == (workos.users()["auth0|new"]["id"], "created")
    assert workos.asked()["DELETE /user_management/users/{id}"] == 1


@pytest.mark.parametrize("destroy", [True, False])
@pytest.mark.parametrize("grain", ["record", "cohort"])
def test_a_user_that_workos_does_not_delete_says_what_to_do(
    project: Project, workos: Sandbox, destroy: bool, grain: str
) -> None:
    """In an up that is to keep it by the setting, in a destroy to let go of it."""
    project.exports(users=[person("ann")])
    hosted, cohorts = Hosted(project), Cohorts(project)
    (hosted if grain == "record" else cohorts).up(project.starts())
    refusal = {"code": "user_deletion_not_allowed", "message": "no"}
    workos.fault("DELETE", "/users/", times=None, status=409, body=refusal)
    if not destroy:
        project.exports(users=[person("bee")])
    host = project.starts(destroy=destroy, removed="delete")
    if grain == "record" or destroy:
        if not destroy:
            hosted.up(host)
        with pytest.raises(Raised) as raised:
            hosted.delete(host, "users", ANN) if grain == "record" else cohorts.destroy(host)
        said = str(raised.value)
    else:
        cohorts.up(host)
        assert cohorts.setbacks() == {ANN: ("failed", "user_deletion_not_allowed")}
        told = [bag["setbacks"]["records"] for bag in cohorts.held.values() if bag.get("setbacks")]
        said = told[0][0]["message"]

    assert "does not let this user be deleted" in said
    assert "Remove it where it is managed" in said
    assert ("pulumi state delete" in said) is destroy
    assert ("pulumi config set --path ferry:removed.users retain" in said) is not destroy
    assert ANN in workos.users()
