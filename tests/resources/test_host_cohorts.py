"""Cohorts in the real provider host process: the same outcomes as one resource a record, at one request a record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from providers.project import stop_path
from providers.resources.verdict import VerdictProvider
from providers.settings import Kind
from providers.state.applied import pack
from providers.state.cohorts import cohort_name, cohort_of
from providers.state.run_lock import hold_run
from tests.resources.hosted_cohorts import COHORT_PROVIDER, Cohorts
from tests.resources.provider_host import Bag, Hosted, Project, ProviderHost, Raised
from tests.stack import KEY, Sandbox
from tests.tenant import HASH, OTHER_HASH, OTP, member, organization, otp, password, person, role

pytestmark = pytest.mark.slow

ANN, BEE = "auth0|ann", "auth0|bee"
REFUSAL = {"code": "user_creation_error", "message": "no", "errors": [{"code": "person_unwelcome", "message": "no"}]}
USERS = "POST /user_management/users"


@pytest.fixture
def cohorts(project: Project) -> Cohorts:
    """No state yet."""
    return Cohorts(project)


def many(project: Project, number: int) -> list[str]:
    """An export of so many users without anything else; their ids."""
    project.exports(users=[person(f"{one:03}") for one in range(number)])
    return [f"auth0|{one:03}" for one in range(number)]


def test_everything_is_created_once_and_a_second_run_asks_nothing(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    done = cohorts.up(host)

    assert set(done.values()) == {"create"}
    assert workos.requests()["writes"] == 7
    assert {key: held.id for key, held in cohorts.applied("users").items()} == {
        key: user["id"] for key, user in workos.users().items()
    }
    assert workos.memberships() == {
        f"org_acme/{ANN}": (("admin",), "active"),
        f"org_acme/{BEE}": (("member",), "active"),
    }
    workos.clear()
    assert cohorts.up(project.starts()) == {}
    assert workos.requests()["total"] == 0


def test_a_change_in_the_export_is_one_write_a_record(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    cohorts.up(host)
    project.exports(
        users=[person("ann", given_name="Anna"), person("bee"), person("cee")],
        organizations=[organization("acme", domains=[{"domain": "acme.example"}])],
        members=[member("acme", ANN), member("acme", BEE), member("acme", "auth0|cee", "Admin")],
        roles=[role("Admin")],
        passwords=[password("ann", OTHER_HASH)],
        mfa=[otp(ANN)],
    )
    workos.clear()
    again = project.starts()
    done = cohorts.up(again)

    assert workos.writes() == {
        "PUT /user_management/users/{id}": 1,
        USERS: 1,
        "POST /user_management/organization_memberships": 1,
        "PUT /user_management/organization_memberships/{id}": 1,
    }
    assert done[cohort_name("memberships", cohort_of("org_acme"))] == "update"
    assert f"{cohort_name('memberships', cohort_of('org_acme'))}: +1 ~1 -0" in again.said()
    assert cohorts.up(project.starts()) == {}


def test_a_refused_record_loses_no_other_and_only_it_is_tried_again(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    """What depends on it is pending."""
    workos.fault("POST", "/users$", contains=ANN, status=400, body=REFUSAL)
    cohorts.up(host)

    assert cohorts.setbacks() == {
        ANN: ("failed", "person_unwelcome"),
        f"org_acme/{ANN}": ("pending", "pending"),
    }
    assert set(cohorts.applied("users")) == {BEE}
    workos.clear()
    again = project.starts()
    cohorts.up(again)
    assert cohorts.setbacks() == {}
    assert workos.writes() == {
        USERS: 1,
        "POST /user_management/users/{id}/auth_factors": 1,
        "POST /user_management/organization_memberships": 1,
    }
    workos.clear()
    assert cohorts.up(project.starts()) == {}
    assert workos.requests()["total"] == 0


def test_what_is_in_workos_already_is_listed_once_and_adopted_without_a_request_each(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    """The state is lost, and so is the journal; only what is missing is written."""
    ids = many(project, 150)
    cohorts.up(host)
    before = {key: user["id"] for key, user in workos.users().items()}
    for journal in (project.folder / ".ferry").glob("*.journal"):
        journal.unlink()
    workos.clear()
    project.exports(users=[*(person(f"{one:03}") for one in range(150)), person("new")])
    anew = Cohorts(project)
    anew.up(project.starts())

    assert workos.asked() == {USERS: 1, "GET /user_management/users": 2}
    assert {key: held.id for key, held in anew.applied("users").items() if key in before} == before
    assert {held.origin for key, held in anew.applied("users").items() if key in ids} == {"found"}


def test_memberships_that_are_there_are_adopted_by_organization(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    cohorts.up(host)
    for journal in (project.folder / ".ferry").glob("*.journal"):
        journal.unlink()
    workos.clear()
    anew = Cohorts(project)
    anew.up(project.starts())

    assert workos.requests()["writes"] == 0
    assert workos.asked()["GET /user_management/organization_memberships"] == 1
    assert anew.applied("memberships").keys() == {f"org_acme/{ANN}", f"org_acme/{BEE}"}
    assert anew.up(project.starts()) == {}


def test_a_run_that_was_killed_is_remembered_by_the_journal(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    """The outputs were never saved; one read confirms that the journal is of this environment."""
    ids = many(project, 40)
    cohorts.up(host)
    before = {key: user["id"] for key, user in workos.users().items()}
    workos.clear()
    anew = Cohorts(project)
    anew.up(project.starts())

    assert workos.asked() == {"GET /user_management/users/{id}": 1}
    assert {key: held.id for key, held in anew.applied("users").items()} == before
    assert {held.origin for held in anew.applied("users").values()} == {"created"}
    assert len(before) == len(ids)


def test_a_journal_line_that_was_cut_short_by_the_kill_costs_one_lookup(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    many(project, 10)
    cohorts.up(host)
    (journal,) = (project.folder / ".ferry").glob("*.journal")
    journal.write_bytes(journal.read_bytes()[:-20])
    workos.clear()
    anew = Cohorts(project)
    anew.up(project.starts())

    assert workos.counts() == (10, 0, 0)
    assert workos.writes() == {USERS: 1}
    assert len(anew.applied("users")) == 10
    workos.clear()
    assert anew.up(project.starts()) == {}
    assert workos.requests()["total"] == 0


def test_a_journal_of_another_environment_is_set_aside(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    """The sandbox was reset behind the same address: nothing of the journal is there, so everything is made."""
    many(project, 10)
    cohorts.up(host)
    workos.reset()
    anew = Cohorts(project)
    again = project.starts()
    anew.up(again)

    assert workos.counts() == (10, 0, 0)
    (aside,) = (project.folder / ".ferry").glob("*.aside-*")
    assert f"is set aside as {aside.name}" in again.said()


def test_the_journal_holds_no_secret_and_is_the_owners_alone(
    host: ProviderHost, project: Project, cohorts: Cohorts
) -> None:
    cohorts.up(host)
    (journal,) = (project.folder / ".ferry").glob("*.journal")

    assert journal.stat().st_mode & 0o777 == 0o600
    text = journal.read_text(encoding="utf-8") + json.dumps(cohorts.held)
    assert all(secret not in text for secret in (HASH, OTP, KEY))
    assert "ann@people.example" not in text


def test_what_an_earlier_grain_knew_is_handed_over_without_a_request(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    from providers.state.cohorts import applied_record

    records = Hosted(project)
    records.up(host)
    workos.clear()
    handed: dict[str, dict[str, object]] = {}
    for name, kind, _ in cohorts.inputs():
        known = {
            key: applied_record(kind, key, id_, str(outputs["origin"]), outputs)
            for (one, key), (id_, outputs) in records.held.items()
            if one == kind and cohort_name(kind, cohort_of(key.partition("/")[0])) == name
        }
        handed[name.replace("-", "_")] = {"handed": pack(known)}
    cohorts.roles = {"admin": records.held["roles", "admin"]}
    again = project.starts()
    done = cohorts.up(again, **handed)

    assert set(done.values()) == {"create"}
    assert workos.requests()["total"] == 0
    assert cohorts.up(project.starts()) == {}
    assert "+" not in again.said()


@pytest.mark.parametrize(("removed", "writes"), [("retain", 0), ("delete", 1), ("deactivate", 1)])
def test_who_left_meets_the_setting_and_the_cohort_forgets_it(
    project: Project, cohorts: Cohorts, workos: Sandbox, removed: str, writes: int
) -> None:
    """A membership, whose user and organization stay."""
    cohorts.up(project.starts())
    project.exports(
        users=[person("ann", given_name="Ann"), person("bee")],
        organizations=[organization("acme", domains=[{"domain": "acme.example"}])],
        members=[member("acme", ANN, "Admin")],
        roles=[role("Admin")],
        passwords=[password("ann", HASH)],
        mfa=[otp(ANN, OTP)],
    )
    workos.clear()
    again = project.starts(removed=removed)
    cohorts.up(again)

    assert workos.requests()["writes"] == writes
    assert cohorts.applied("memberships").keys() == {f"org_acme/{ANN}"}
    membership = workos.memberships().get(f"org_acme/{BEE}")
    assert membership == {"retain": (("member",), "active"), "deactivate": (("member",), "inactive")}.get(removed)


def test_a_gone_user_costs_one_write_and_its_memberships_none(
    project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    cohorts.up(project.starts())
    project.exports(
        users=[person("ann", given_name="Ann")],
        organizations=[organization("acme", domains=[{"domain": "acme.example"}])],
        members=[member("acme", ANN, "Admin")],
        roles=[role("Admin")],
        passwords=[password("ann", HASH)],
        mfa=[otp(ANN, OTP)],
    )
    workos.clear()
    cohorts.up(project.starts(removed="delete"))

    assert workos.writes() == {"DELETE /user_management/users/{id}": 1}
    assert workos.users().keys() == {ANN}
    assert cohorts.applied("memberships").keys() == {f"org_acme/{ANN}"}


def test_a_removal_that_fails_is_remembered_and_tried_again(
    project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    cohorts.up(project.starts())
    project.exports(users=[person("ann", given_name="Ann")])
    workos.fault("DELETE", "/users/", status=403, body={"message": "no"})
    cohorts.up(project.starts(removed='{"users":"delete"}'))
    assert cohorts.setbacks()[BEE][0] == "failed"
    assert BEE in cohorts.applied("users")
    workos.clear()
    cohorts.up(project.starts(removed='{"users":"delete"}'))

    assert workos.users().keys() == {ANN}
    assert workos.writes() == {"DELETE /user_management/users/{id}": 1}
    assert cohorts.setbacks() == {}


def test_a_run_that_is_told_to_stop_returns_the_rest_as_pending(
    project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    many(project, 30)
    hold_run(project.folder, "dev")  # as the program does
    stop = stop_path(project.folder, "dev")
    stop.touch()
    cohorts.up(project.starts())

    assert workos.requests()["writes"] == 0
    assert sum(int(bag["setbacks"]["pending"]) for bag in cohorts.held.values()) == 30
    with pytest.raises(Raised, match=r"stopped \(ferry stop\). 30 users wait for their turn"):
        project.hosts[-1].create(VerdictProvider, {})
    stop.unlink()
    cohorts.up(project.starts())
    assert workos.writes() == {USERS: 30}


def test_a_key_that_workos_does_not_accept_leaves_everything_pending_and_sends_no_more(
    project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    many(project, 200)
    workos.fault("POST", "/users$", status=401, times=None, body={"message": "Unauthorized"})
    cohorts.up(project.starts())

    assert sum(int(bag["setbacks"]["pending"]) for bag in cohorts.held.values()) == 200
    assert workos.requests()["writes"] < 40
    with pytest.raises(Raised, match=r"does not accept the API key .* 200 users wait for their turn"):
        project.hosts[-1].create(VerdictProvider, {})
    workos.clear_faults()


def test_refresh_lists_each_kind_once_and_finds_what_is_gone_or_changed(
    project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    """What no list shows is read by its id before it counts as gone: lists may lag."""
    cohorts.up(project.starts())
    users = workos.users()
    workos.call("PUT", f"/user_management/users/{users[ANN]['id']}", first_name="Somebody")
    workos.call("DELETE", f"/user_management/users/{users[BEE]['id']}")
    workos.clear()
    host = project.starts()
    cohorts.refresh(host)

    assert workos.asked() == {
        "GET /organizations": 1,
        "GET /user_management/users": 1,
        "GET /user_management/organization_memberships": 1,
        "GET /user_management/users/{id}": 1,
        "GET /user_management/organization_memberships/{id}": 1,
    }
    assert f"drift: users {ANN}: first_name changed in WorkOS (kept" in host.said()
    assert f"gone: users {BEE}" in host.said()
    workos.clear()
    cohorts.up(project.starts())
    assert workos.writes() == {USERS: 1, "POST /user_management/organization_memberships": 1}
    assert workos.users()[ANN]["first_name"] == "Somebody"


def test_a_refresh_after_a_kill_knows_what_the_killed_run_wrote(
    project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    """The state is that of the run before; what somebody removed since then is made again."""
    ids = many(project, 20)
    cohorts.up(project.starts())
    before = dict(cohorts.held)
    project.exports(users=[person(f"{one:03}", given_name="New") for one in range(20)])
    cohorts.up(project.starts())
    cohorts.held = before
    workos.call("DELETE", f"/user_management/users/{workos.users()[ids[0]]['id']}")
    cohorts.refresh(project.starts())
    workos.clear()
    cohorts.up(project.starts())

    assert workos.writes() == {USERS: 1}
    assert {user["first_name"] for user in workos.users().values()} == {"New"}
    assert len(workos.users()) == 20


def test_drift_is_put_back_where_that_is_asked_for(project: Project, cohorts: Cohorts, workos: Sandbox) -> None:
    cohorts.up(project.starts())
    workos.call("PUT", f"/user_management/users/{workos.users()[ANN]['id']}", first_name="Somebody")
    cohorts.refresh(project.starts(onDrift="repair"))
    workos.clear()
    cohorts.up(project.starts())

    assert workos.writes() == {"PUT /user_management/users/{id}": 1}
    assert workos.users()[ANN]["first_name"] == "Ann"
    workos.clear()
    assert cohorts.up(project.starts()) == {}


def test_destroy_removes_what_was_created_and_leaves_what_was_found(
    project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id=ANN)
    cohorts.up(project.starts())
    destroyer = project.starts(destroy=True)
    cohorts.destroy(destroyer)

    assert workos.users().keys() == {ANN}
    assert workos.counts()[1:] == (0, 0)
    assert f"left in WorkOS: 1 users that Ferry did not create (first: {ANN})" in destroyer.said()


def test_a_stack_that_was_destroyed_is_made_anew_although_the_journal_remembers_it(
    project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id=ANN)
    cohorts.up(project.starts())
    cohorts.destroy(project.starts(destroy=True))
    cohorts.up(project.starts())

    assert workos.users().keys() == {ANN, BEE}
    assert workos.memberships().keys() == {f"org_acme/{ANN}", f"org_acme/{BEE}"}


def test_a_directory_that_is_not_the_declared_one_writes_nothing(
    host: ProviderHost, project: Project, cohorts: Cohorts, workos: Sandbox
) -> None:
    inputs = {name: (kind, bag) for name, kind, bag in _after_the_export_changed(project, cohorts)}
    name = cohort_name("users", cohort_of(ANN))
    kind, bag = inputs[name]
    with pytest.raises(Raised, match="is not the one that was declared"):
        host.create(COHORT_PROVIDER[kind], bag)

    assert workos.requests()["total"] == 0


def _after_the_export_changed(project: Project, cohorts: Cohorts) -> list[tuple[str, Kind, Bag]]:
    before = cohorts.inputs()
    project.exports(users=[person("ann", given_name="Anna"), person("bee")])
    return before


def test_the_state_holds_neither_names_nor_emails_of_people(
    host: ProviderHost, cohorts: Cohorts, tmp_path: Path
) -> None:
    cohorts.up(host)

    assert "Ann" not in json.dumps(cohorts.held)
    assert "people.example" not in json.dumps(cohorts.held)
