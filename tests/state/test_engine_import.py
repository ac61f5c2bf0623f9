"""A canary: `pulumi import` cannot work for dynamic providers in Python; if it does one day, docs/state.md is wrong."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import person

pytestmark = pytest.mark.engine

#: The provider host looks for the provider in the inputs, which are empty when the engine reads by id alone.
SAID = "Exception calling application: '__provider'"


def test_import_fails_with_the_engines_message_and_adoption_does_what_it_would(stack: Stack, workos: Sandbox) -> None:
    made = workos.call("POST", "/user_management/users", email="ann@people.example", external_id="auth0|ann")
    stack.exports(users=[person("bob")])
    stack.up()
    before = stack.state()
    workos.clear()
    type_ = "pulumi-python:dynamic/workos:User"
    done = stack.pulumi("import", type_, "auth0|ann", str(made["id"]), "--yes", fails=True)

    assert SAID in done.error()
    assert stack.state() == before
    assert workos.requests()["total"] == 0
    stack.exports(users=[person("ann"), person("bob")])
    stack.up()
    assert stack.state()["auth0|ann"]["id"] == made["id"]
    assert workos.users()["auth0|ann"]["id"] == made["id"]
