"""What happens to a record that left the export, and what `pulumi destroy` takes away."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import member, organization, person, role

pytestmark = pytest.mark.engine

TWO = ("one", "two")


def export(stack: Stack, users: str, organizations: tuple[str, ...] = TWO, members: str = "") -> None:
    """Users by letter; `members` of them are admins of every organization."""
    stack.exports(
        users=[person(name) for name in users],
        organizations=[organization(name) for name in organizations],
        members=[member(name, f"auth0|{one}", "Admin") for name in organizations for one in members],
        roles=[role("Admin")],
    )


@pytest.fixture
def filled(stack: Stack, workos: Sandbox) -> Stack:
    """Three users in two organizations, all in WorkOS; any share of them may leave."""
    export(stack, "abc", members="abc")
    stack.up()
    stack.configure(maxRemovedPercent="100")
    workos.clear()
    return stack


def test_retain_forgets_the_record_and_keeps_the_object(filled: Stack, workos: Sandbox) -> None:
    """The default: nothing is sent, and the stack knows neither the user nor its memberships any more."""
    export(filled, "ab", members="ab")
    filled.up()

    assert workos.requests()["total"] == 0
    assert workos.counts() == (3, 2, 6)
    assert [name for name in filled.state() if "auth0|c" in name] == []


def test_delete_costs_one_write_a_user_and_one_an_organization(filled: Stack, workos: Sandbox) -> None:
    """WorkOS deletes their memberships with them."""
    filled.configure(removed="delete")
    export(filled, "ab", ("one",), members="ab")
    filled.up()

    assert workos.writes() == {"DELETE /user_management/users/{id}": 1, "DELETE /organizations/{id}": 1}
    assert workos.memberships().keys() == {"org_one/auth0|a", "org_one/auth0|b"}
    workos.clear()
    filled.up()
    assert workos.requests()["total"] == 0


def test_a_membership_that_left_alone_is_deleted_or_deactivated_as_configured(filled: Stack, workos: Sandbox) -> None:
    """By kind: users who left stay, with memberships that let nobody in."""
    filled.configure(removed={"memberships": "deactivate"})
    export(filled, "ab", members="a")
    filled.up()
    assert workos.writes() == {"PUT /user_management/organization_memberships/{id}/deactivate": 4}
    assert {status for key, (_, status) in workos.memberships().items() if not key.endswith("|a")} == {"inactive"}
    assert workos.users().keys() == {"auth0|a", "auth0|b", "auth0|c"}

    filled.configure(removed={"memberships": "delete"})
    workos.clear()
    export(filled, "ab", ("one", "two"), members="b")
    filled.up()
    assert workos.writes()["DELETE /user_management/organization_memberships/{id}"] == 2
    assert {key: status for key, (_, status) in workos.memberships().items() if status == "active"} == {
        "org_one/auth0|b": "active",
        "org_two/auth0|b": "active",
    }


@pytest.mark.parametrize(("removed", "left"), [("retain", "abc"), ("delete", "ab")])
def test_up_with_a_target_that_is_gone_obeys_the_setting(
    stack: Stack, workos: Sandbox, removed: str, left: str
) -> None:
    """There only the user and the verdict that depends on it are looked at, and yet it is no destroy."""
    export(stack, "abc")
    stack.up()
    stack.configure(maxRemovedPercent="100", removed=removed)
    export(stack, "ab")
    state = stack.state()
    stack.up("--target", state["auth0|c"]["urn"], "--target", state["verdict"]["urn"])

    assert "auth0|c" not in stack.state()
    assert workos.users().keys() == {f"auth0|{name}" for name in left}


def test_destroy_of_one_user_takes_it_and_its_memberships_only(filled: Stack, workos: Sandbox) -> None:
    """`--target` with `--target-dependents`."""
    said = filled.destroy("--target", filled.state()["auth0|c"]["urn"], "--target-dependents").said

    assert "destroy: only what the command names goes" in said
    assert workos.writes()["DELETE /user_management/organization_memberships/{id}"] == 2
    assert workos.users().keys() == {"auth0|a", "auth0|b"}
    assert workos.counts() == (2, 2, 4)


@pytest.mark.parametrize("way", [(), ("--run-program",)])
def test_destroy_takes_what_ferry_created_and_leaves_what_it_found(
    stack: Stack, workos: Sandbox, way: tuple[str, ...]
) -> None:
    """Whether or not the engine runs the program for it; roles stay, since WorkOS deletes none."""
    workos.call("POST", "/user_management/users", email="b@people.example", external_id="auth0|b")
    workos.call("POST", "/organizations", name="two", external_id="org_two")
    export(stack, "ab", members="ab")
    stack.up()
    said = stack.destroy(*way).said

    assert workos.users().keys() == {"auth0|b"}
    assert workos.organizations().keys() == {"org_two"}
    assert workos.memberships() == {}
    assert workos.roles() == {"member", "admin"}
    assert "left in WorkOS: users auth0|b" in said
    assert "destroy: deletes 1 users, 1 organizations and 4 memberships, 3 of these with their user or" in said
    assert "destroy: leaves in WorkOS 1 users (first: auth0|b), which Ferry did not create; 1 organizations" in said
    assert [one for one in stack.state().values() if "workos:" in one["type"]] == []


@pytest.mark.parametrize("grain", ["record", "cohort"])
def test_destroy_costs_one_write_a_user_and_an_organization_and_is_finished_by_the_next_one(
    filled: Stack, workos: Sandbox, grain: str
) -> None:
    """It says so before the first; a user whom WorkOS refuses to delete keeps its memberships until it does."""
    filled.configure(granularity=grain)
    filled.up()
    workos.clear()
    stuck = workos.users()["auth0|c"]["id"]
    workos.fault("DELETE", f"/users/{stuck}$", status=403, body={"code": "not_now", "message": "no"})
    filled.destroy(fails=True)
    assert "auth0|c" in workos.users()
    said = filled.destroy().said

    assert workos.counts() == (0, 0, 0)
    assert "DELETE /user_management/organization_memberships/{id}" not in workos.writes()
    assert "destroy: deletes 3 users, 2 organizations and 6 memberships, 6 of these with their" in filled.said[-2]
    assert "destroy: deletes " in said


def test_destroy_is_not_moved_by_retain_nor_by_an_export_that_is_gone(filled: Stack, workos: Sandbox) -> None:
    """It needs no export: what the state says Ferry created goes."""
    filled.configure(export="nowhere", removed="retain")
    filled.destroy()

    assert workos.counts() == (0, 0, 0)


def test_destroy_with_the_key_of_another_environment_stops_and_keeps_the_state(filled: Stack, workos: Sandbox) -> None:
    """Objects that are not there are no objects that were removed; two of them could be somebody else's."""
    workos.reset()
    error = filled.destroy(fails=True).error()

    assert "this key opens another environment" in error
    assert workos.writes() == {}
    left = filled.state()
    assert {"auth0|a", "auth0|b", "auth0|c", "org_one", "org_two"} <= left.keys()
