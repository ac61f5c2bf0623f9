"""Who left the export stays dealt with: in a stack where one record fails every night, and where WorkOS keeps them."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from providers.state.applied import unpack
from tests.stack import Sandbox, Stack
from tests.tenant import member, organization, person, role

pytestmark = pytest.mark.engine

GRAINS = pytest.mark.parametrize("grain", ["record", "cohort"])
DELETE_USER = "DELETE /user_management/users/{id}"
POST_USER = "POST /user_management/users"
NAMES = [f"{number:02}" for number in range(40)]
#: What WorkOS never takes.
REFUSAL = {"code": "user_creation_error", "message": "no", "errors": [{"code": "person_unwelcome", "message": "no"}]}


def export(stack: Stack, names: Iterable[str], *, bad: bool = True) -> None:
    """These users, members of one organization; and one whom WorkOS refuses."""
    names = [*names, *(["bad"] if bad else [])]
    stack.exports(
        users=[person(name) for name in names],
        organizations=[organization("one")],
        members=[member("one", f"auth0|{name}") for name in names if name != "bad"],
        roles=[role("Admin")],
    )


@pytest.mark.parametrize(("grain", "removed"), [("record", "retain"), ("record", "delete"), ("cohort", "delete")])
def test_one_leaver_a_night_never_stops_a_stack_in_which_one_record_always_fails(
    stack: Stack, workos: Sandbox, grain: str, removed: str
) -> None:
    """Each is counted, billed and removed in the night in which it left: 2.5% of 40, of 5% that are allowed."""
    stack.configure(granularity={"users": grain}, removed=removed)
    workos.fault("POST", "/users$", contains="auth0|bad", times=None, status=400, body=REFUSAL)
    export(stack, NAMES)
    stack.up(fails=True)
    for night in range(1, 4):
        export(stack, NAMES[night:])
        workos.clear()
        said = stack.up(fails=True).said
        assert "1 users left the export" in said, said
        assert "person_unwelcome" in said
        gone = {DELETE_USER: 1} if removed == "delete" else {}
        assert workos.writes() == {POST_USER: 1, **gone}, (said, workos.requests()["requests"])
    workos.clear_faults()
    workos.clear()
    stack.up()

    assert workos.writes() == {POST_USER: 1}
    assert len(workos.users()) == (38 if removed == "delete" else 41)
    workos.clear()
    assert "left the export" not in stack.up().said
    assert workos.requests()["total"] == 0


def test_who_was_removed_beside_a_failure_and_comes_back_is_made_again(stack: Stack, workos: Sandbox) -> None:
    """The engine still has its resource, which says that nothing changed."""
    stack.configure(removed="delete")
    workos.fault("POST", "/users$", contains="auth0|bad", times=None, status=400, body=REFUSAL)
    export(stack, NAMES)
    stack.up(fails=True)
    export(stack, NAMES[1:])
    stack.up(fails=True)
    assert "auth0|00" not in workos.users()
    assert "auth0|00" in stack.state()
    export(stack, NAMES)
    workos.clear()
    stack.up(fails=True)

    assert workos.writes() == {POST_USER: 2, "POST /user_management/organization_memberships": 1}
    assert workos.counts() == (40, 1, 40)
    workos.clear_faults()
    stack.up()
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
    assert "RESULT equal" in stack.ferry("verify").said


def test_who_was_kept_beside_a_failure_and_comes_back_can_leave_again(stack: Stack, workos: Sandbox) -> None:
    """Coming back is no write; leaving a second time counts like the first."""
    workos.fault("POST", "/users$", contains="auth0|bad", times=None, status=400, body=REFUSAL)
    export(stack, NAMES)
    stack.up(fails=True)
    for names, told in ((NAMES[1:], True), (NAMES[1:], False), (NAMES, False), (NAMES[1:], True)):
        export(stack, names)
        workos.clear()
        assert ("1 users left the export" in stack.up(fails=True).said) is told
        assert workos.writes() == {POST_USER: 1}


@GRAINS
def test_a_prefix_that_changed_is_no_leaving(stack: Stack, workos: Sandbox, grain: str) -> None:
    """The message names the setting and says nothing of the limit; back again, nothing is written."""
    stack.configure(granularity={"users": grain})
    export(stack, NAMES, bad=False)
    stack.up()
    tenant = {"name": "eu", "export": str(stack.export), "prefix": "eu:"}
    stack.configure(export=None, tenants=[tenant])
    workos.clear()
    for done in (stack.preview(fails=True), stack.up(fails=True)):
        error = done.error()
        assert "are declared under other ids" in error
        assert "ferry:tenants" in error
        assert "maxRemovedPercent" not in error
    stack.configure(export=str(stack.export), tenants=None)
    stack.up()
    assert workos.requests()["total"] == 0


def retained(stack: Stack, kind: str = "users") -> set[str]:
    """The keys that the cohorts of a kind remember of those who left."""
    packed = [one["outputs"].get("retained") or "" for name, one in stack.state().items() if name.startswith(kind)]
    return {key for one in packed for key in unpack(one)}


def test_a_cohort_remembers_whom_workos_keeps(stack: Stack, workos: Sandbox) -> None:
    """No leaver, no bill, no brake. `delete` takes none unasked, refresh drops who is gone, destroy leaves them."""
    stack.configure(granularity={"users": "cohort"}, maxRemovedPercent="8")
    export(stack, NAMES, bad=False)
    stack.up()
    export(stack, NAMES[3:], bad=False)
    assert "3 users left the export: WorkOS keeps them" in stack.up().said
    assert retained(stack) == {"auth0|00", "auth0|01", "auth0|02"}

    stack.configure(removed="delete", maxRemovedPercent="0")
    workos.clear()
    said = stack.up().said
    assert "left the export" not in said
    assert "bill" not in said
    assert workos.requests()["total"] == 0

    workos.call("DELETE", f"/user_management/users/{workos.users()['auth0|01']['id']}")
    stack.refresh()
    assert retained(stack) == {"auth0|00", "auth0|02"}
    export(stack, ["00", *NAMES[3:]], bad=False)
    stack.up()
    assert retained(stack) == {"auth0|02"}

    assert "left in WorkOS: 1 users that left the export before (first: auth0|02)" in stack.destroy().said
    assert "auth0|02" in workos.users()
    assert not workos.users().keys() & {f"auth0|{name}" for name in NAMES[3:]}


def test_delete_takes_of_the_retained_only_whose_values_are_needed(stack: Stack, workos: Sandbox) -> None:
    """An email and a domain of those who left are wanted; the others stay."""
    stack.configure(granularity={"users": "cohort", "organizations": "cohort"}, maxRemovedPercent="100")
    stack.exports(
        users=[person("keep"), person("old", email="x@people.example"), person("gone")],
        organizations=[organization("old", domains=[{"domain": "d.example"}]), organization("gone")],
    )
    stack.up()
    stack.exports(users=[person("keep")], organizations=[organization("keep")])
    stack.up()
    assert retained(stack, "organizations") == {"org_old", "org_gone"}
    stack.exports(
        users=[person("keep"), person("new", email="x@people.example")],
        organizations=[organization("keep"), organization("new", domains=[{"domain": "d.example"}])],
    )
    error = stack.up(fails=True).error()
    assert "pulumi config set --path ferry:removed.users delete" in error
    assert "pulumi config set --path ferry:removed.organizations delete" in error
    stack.configure(removed={"users": "delete", "organizations": "delete"})
    plan = stack.ferry("plan", code=1).said
    assert "- delete user auth0|old" in plan
    assert "- delete organization org_old" in plan
    stack.up()

    assert workos.users().keys() == {"auth0|keep", "auth0|new", "auth0|gone"}
    assert workos.organizations().keys() == {"org_keep", "org_new", "org_gone"}
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
