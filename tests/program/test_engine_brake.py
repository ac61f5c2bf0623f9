"""A run that would lose too much stops before its first write, in preview too; `test_brake` has the rules."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import person

pytestmark = pytest.mark.engine


def test_too_many_gone_users_stop_preview_and_up_until_the_limit_is_raised(stack: Stack, workos: Sandbox) -> None:
    """One of three is 33%, more than the 5% that are allowed unless said otherwise."""
    stack.exports(users=[person(name) for name in "abc"])
    stack.up()
    stack.configure(removed="delete")
    stack.exports(users=[person(name) for name in "ab"])
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
