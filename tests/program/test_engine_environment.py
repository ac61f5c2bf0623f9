"""A key or an address of another environment: nothing is forgotten, removed or written there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sandbox.server import running
from tests.stack import Sandbox, Stack
from tests.tenant import organization, person
from tests.weather import weather

pytestmark = pytest.mark.engine

SAID = "this key opens another environment"


@pytest.fixture
def filled(stack: Stack, workos: Sandbox) -> Stack:
    """Two users and an organization in WorkOS."""
    stack.exports(users=[person("a"), person("b")], organizations=[organization("one")])
    stack.up()
    workos.clear()
    return stack


def test_another_environment_is_recognized_by_every_command(
    filled: Stack, workos: Sandbox, request: pytest.FixtureRequest
) -> None:
    """A refresh would forget everything, and the next up make it there."""
    before = filled.state()
    with running(weather(request.node.nodeid)) as url:
        other = Sandbox(url)
        elsewhere = replace(filled, environment={**filled.environment, "WORKOS_BASE_URL": url})
        assert SAID in elsewhere.refresh(fails=True).error()
        assert SAID in elsewhere.up(fails=True).error()
        assert SAID in elsewhere.up("--refresh", fails=True).error()
        assert SAID in elsewhere.destroy(fails=True).error()
        assert other.requests()["writes"] == 0
        other.close()
    after = filled.state()

    assert {name for name in before if name != "verdict"} <= after.keys()
    assert workos.requests()["total"] == 0
    filled.up()
    assert workos.writes() == {}


def test_an_object_that_somebody_removed_is_forgotten_by_a_refresh(filled: Stack, workos: Sandbox) -> None:
    """One object that is there proves the environment, whichever is read first."""
    for external_id in ("auth0|a", "auth0|b"):
        workos.call("DELETE", f"/user_management/users/{workos.users()[external_id]['id']}")
    filled.refresh()
    assert "auth0|a" not in filled.state()

    filled.up()
    assert workos.users().keys() == {"auth0|a", "auth0|b"}


def test_another_key_of_the_same_environment_costs_one_read(filled: Stack, workos: Sandbox) -> None:
    """A key that was changed is tried before it is believed, and only once."""
    filled.environment["WORKOS_API_KEY"] = "sk_test_made_up_other_key"
    filled.up()
    assert workos.requests()["total"] == 1
    workos.clear()
    filled.up()
    assert workos.requests()["total"] == 0
