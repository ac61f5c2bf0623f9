"""A run that would lose too much stops before its first write, in preview too."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import Line, member, organization, person, role

pytestmark = pytest.mark.engine


def export(stack: Stack, users: str, members: str | None, *, roles: bool = True) -> None:
    """Users by letter and those of them who are admins; no members file for None."""
    files: dict[str, list[Line]] = {
        "users": [person(name) for name in users],
        "organizations": [organization("one")],
    }
    if members is not None:
        files["members"] = [member("one", f"auth0|{name}", "Admin") for name in members]
    if roles:
        files["roles"] = [role("Admin")]
    stack.exports(**files)


def test_too_many_gone_users_stop_preview_and_up_until_the_limit_is_raised(stack: Stack, workos: Sandbox) -> None:
    """One of three is 33%, more than the 5% that are allowed unless said otherwise."""
    export(stack, "abc", "")
    stack.up()
    stack.configure(removed="delete")
    export(stack, "ab", "")
    workos.clear()
    for done in (stack.preview(fails=True), stack.up(fails=True)):
        error = done.error()
        assert "1 of 3 users (33.3%) left the export" in error
        assert "pulumi config set ferry:maxRemovedPercent" in error
    assert workos.requests()["total"] == 0
    assert "auth0|c" in stack.state()

    stack.configure(maxRemovedPercent="34")
    stack.up()
    assert workos.writes() == {"DELETE /user_management/users/{id}": 1}
    assert workos.users().keys() == {"auth0|a", "auth0|b"}


def test_a_missing_members_file_stops_the_run_unless_memberships_are_named(stack: Stack, workos: Sandbox) -> None:
    """However much may go: a file that was forgotten never means that all of it left."""
    export(stack, "ab", "ab")
    stack.up()
    stack.configure(maxRemovedPercent="100")
    export(stack, "ab", None)
    workos.clear()
    for done in (stack.preview(fails=True), stack.up(fails=True)):
        error = done.error()
        assert "the export has no members, but the stack holds 2 memberships" in error
        assert "ferry:removed" in error
    assert workos.requests()["total"] == 0

    stack.configure(removed={"memberships": "delete"})
    stack.up()
    assert workos.writes() == {"DELETE /user_management/organization_memberships/{id}": 2}
    assert workos.counts() == (2, 1, 0)


def test_a_user_who_is_skipped_on_purpose_trips_no_brake_with_its_memberships(stack: Stack, workos: Sandbox) -> None:
    """Leaving out is not losing: the stack forgets the user and its memberships, WorkOS keeps them."""
    export(stack, "abc", "abc")
    stack.up()
    stack.configure(skip=["auth0|c"], removed="delete")
    workos.clear()
    stack.up()

    assert workos.writes() == {}
    assert workos.counts() == (3, 1, 3)
    assert "org_one/auth0|c" not in stack.state()


def test_a_role_that_nobody_holds_any_more_trips_no_brake(stack: Stack, workos: Sandbox) -> None:
    """Only `users` is required: without a roles file the roles come from the members, and none is ever lost."""
    export(stack, "ab", "ab", roles=False)
    stack.up()
    stack.exports(
        users=[person("a"), person("b")],
        organizations=[organization("one")],
        members=[member("one", "auth0|a", "Viewer"), member("one", "auth0|b", "Viewer")],
    )
    stack.up()

    assert set(workos.memberships().values()) == {(("viewer",), "active")}
    assert workos.roles() == {"member", "admin", "viewer"}
