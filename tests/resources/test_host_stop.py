"""`ferry stop` as the provider host obeys it, one resource a record; a run holds the stack's lock meanwhile."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.project import run_path, stop_path
from providers.resources.record import UserProvider
from providers.resources.verdict import VerdictProvider
from providers.state.run_lock import hold_run, is_running
from tests.resources.hosted_cohorts import Cohorts
from tests.resources.provider_host import Hosted, Project, ProviderHost, Raised
from tests.stack import Sandbox
from tests.tenant import member, organization, person, role

pytestmark = pytest.mark.slow

ANN, BEE, ACME = "auth0|ann", "auth0|bee", "org_acme"


def order(project: Project) -> Path:
    """`ferry stop`, while the program holds the lock as it does in every `up`."""
    hold_run(project.folder, "dev")
    path = stop_path(project.folder, "dev")
    path.touch()
    return path


def renamed(project: Project) -> None:
    """Ann has another name now, and Bee left."""
    project.exports(
        users=[person("ann", given_name="Anna")],
        organizations=[organization("acme", domains=[{"domain": "acme.example"}])],
        members=[member("acme", ANN, "Admin")],
        roles=[role("Admin")],
    )


def test_records_whose_turn_comes_after_the_order_are_pending_and_the_next_run_makes_them(
    project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    stop = order(project)
    host = project.starts()
    hosted.up(host)

    assert workos.requests()["total"] == 0
    assert {id_.partition(":")[0] for id_, _ in hosted.held.values()} == {"pending"}
    assert {outputs["failure"]["state"] for _, outputs in hosted.held.values()} == {"pending"}
    assert host.diff(VerdictProvider, "verdict", {}, {}) == "update"
    with pytest.raises(Raised) as raised:
        host.create(VerdictProvider, {})
    assert str(raised.value) == (
        "the run was stopped (ferry stop). 2 memberships, 1 organizations, 1 roles, 2 users wait for their turn; "
        "everything else is in WorkOS.\nRun pulumi up again: only what is missing is written."
    )
    stop.unlink()
    next_host = project.starts()
    assert set(hosted.up(next_host).values()) == {"replace"}
    assert workos.counts() == (2, 1, 2)
    next_host.create(VerdictProvider, {})


def test_a_change_that_was_stopped_is_made_by_the_next_run(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)
    workos.clear()
    renamed(project)
    stop = order(project)
    stopped = project.starts()
    assert hosted.up(stopped) == {f"users {ANN}": "update"}

    assert workos.requests()["total"] == 0
    assert hosted.outputs("users", ANN)["first_name"] == "Ann"
    with pytest.raises(Raised, match=r"stopped \(ferry stop\). 1 users wait for their turn"):
        stopped.update(VerdictProvider, "verdict", {}, {})
    stop.unlink()
    assert hosted.up(project.starts()) == {f"users {ANN}": "update"}
    assert workos.writes() == {"PUT /user_management/users/{id}": 1}
    assert hosted.outputs("users", ANN)["first_name"] == "Anna"


def test_with_a_target_a_stopped_record_fails_the_run_itself(project: Project, hosted: Hosted, workos: Sandbox) -> None:
    """There may be no verdict to do it."""
    order(project)
    with pytest.raises(Raised, match=r"users auth0\|ann: the run was stopped \(ferry stop\)|roles admin: the run was"):
        hosted.up(project.starts("up", "--target", "urn:pulumi:dev::ferry::auth0|ann"))

    assert workos.requests()["total"] == 0


@pytest.mark.parametrize(("removed", "is_kept_back"), [("delete", True), ("retain", False)])
def test_after_the_order_nobody_is_removed(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox, removed: str, is_kept_back: bool
) -> None:
    """What is retained takes no request, and leaves the state as ever."""
    hosted.up(host)
    workos.clear()
    renamed(project)
    leaver = project.starts(removed=removed)
    order(project)
    if is_kept_back:
        with pytest.raises(Raised, match=r"stopped \(ferry stop\). What is left stays in the state: run the same"):
            hosted.delete(leaver, "users", BEE)
    else:
        hosted.delete(leaver, "users", BEE)

    assert workos.requests()["total"] == 0


def test_after_the_order_a_run_with_setbacks_removes_nobody_ahead_of_the_engine(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)
    renamed(project)
    failing = project.starts(removed="delete")
    workos.fault("PUT", "/users/[^/]+$", status=400, body={"code": "no", "message": "no"})
    hosted.up(failing)
    leaving = [{"kind": "users", "key": BEE, "id": hosted.id("users", BEE)}]
    failing.check(VerdictProvider, {"leaving": leaving})
    workos.clear()
    order(project)
    with pytest.raises(Raised, match="1 record"):
        failing.update(VerdictProvider, "verdict", {}, {})

    assert workos.writes() == {}


def test_a_destroy_holds_the_lock_and_obeys_orders_of_its_own_time_only(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    """An order that an earlier run left is none for it."""
    hosted.up(host)
    host.close()
    stale = stop_path(project.folder, "dev")
    stale.touch()
    destroying = project.starts(destroy=True)
    hosted.delete(destroying, "memberships", f"{ACME}/{BEE}")
    assert not stale.exists()
    assert is_running(run_path(project.folder, "dev")) is True
    stale.touch()
    with pytest.raises(Raised, match=r"stopped \(ferry stop\). What is left stays in the state"):
        hosted.delete(destroying, "users", BEE)
    assert BEE in workos.users()
    destroying.close()

    assert is_running(run_path(project.folder, "dev")) is False


def test_a_destroy_of_cohorts_obeys_too_and_the_next_one_goes_on(project: Project, workos: Sandbox) -> None:
    cohorts = Cohorts(project)
    cohorts.up(project.starts())
    project.hosts[-1].close()
    workos.clear()
    destroying = project.starts(destroy=True)
    order(project)
    with pytest.raises(Raised, match=r"stopped \(ferry stop\)"):
        cohorts.destroy(destroying)
    assert workos.writes() == {}
    stop_path(project.folder, "dev").unlink()
    cohorts.destroy(destroying)

    assert workos.users() == {}


def test_a_preview_holds_no_lock(project: Project, hosted: Hosted) -> None:
    host = project.starts("preview")
    for key, news in project.declares("users").items():
        assert not host.check(UserProvider, news, {}).failures, key

    assert is_running(run_path(project.folder, "dev")) is False


def test_the_lock_s_file_is_the_owner_s_alone(project: Project, host: ProviderHost, hosted: Hosted) -> None:
    hosted.up(host)

    path = run_path(project.folder, "dev")
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert is_running(path) is True
