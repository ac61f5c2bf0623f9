"""A run that is killed with checkpoints on: what the engine says of it for ever after, and what Ferry says to that."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from tests.stack import Sandbox, Stack, kill, soon
from tests.tenant import person

pytestmark = pytest.mark.engine

ENGINES_WARNING = "pending operations from previous deployment"
FERRYS_LINE = "the engine's warning about 1 pending operation is harmless here"
CLEARS = "pulumi refresh --clear-pending-creates"


def killed_in_the_middle(stack: Stack, workos: Sandbox, method: str, happens: Callable[[], bool]) -> None:
    """An `up` that is killed while WorkOS has done its one write and has not answered yet."""
    workos.fault(method, "/users", "slow", delay_ms=60_000)
    process = stack.starts("up", "--yes", "--skip-preview", "--suppress-progress")
    try:
        soon(happens, f"a {method}")
    finally:
        kill(process)
    workos.clear_faults()
    stack.pulumi("cancel", "--yes", fails=None)
    assert len(json.loads(stack.pulumi("stack", "export").said)["deployment"]["pending_operations"]) == 1


def test_ferry_says_that_pending_operations_are_harmless_until_they_are_cleared(stack: Stack, workos: Sandbox) -> None:
    """In preview and up; the command that it names ends both lines; nothing is lost or doubled."""
    del stack.environment["PULUMI_SKIP_CHECKPOINTS"]
    stack.exports(users=[person("a")])
    assert "pending" not in stack.preview().said
    killed_in_the_middle(stack, workos, "POST", lambda: bool(workos.users()))

    assert FERRYS_LINE in stack.preview().said
    said = stack.up().said
    assert ENGINES_WARNING in said
    (line,) = {one.strip() for one in said.splitlines() if one.strip().startswith("a run was killed: ")}
    assert FERRYS_LINE in line
    assert CLEARS in line
    assert workos.users().keys() == {"auth0|a"}

    stack.pulumi(*CLEARS.split()[1:], "--yes")
    said = stack.up().said
    assert ENGINES_WARNING not in said
    assert "a run was killed" not in said
    assert stack.ferry("verify").said.count("RESULT equal") == 1


def test_a_change_that_was_under_way_is_cleared_by_the_same_command(stack: Stack, workos: Sandbox) -> None:
    """The engine counts it among the pending operations too."""
    del stack.environment["PULUMI_SKIP_CHECKPOINTS"]
    stack.exports(users=[person("a", given_name="Ann")])
    stack.up()
    stack.exports(users=[person("a", given_name="Anna")])
    killed_in_the_middle(stack, workos, "PUT", lambda: workos.users()["auth0|a"]["first_name"] == "Anna")
    assert FERRYS_LINE in stack.up().said
    stack.pulumi(*CLEARS.split()[1:], "--yes")

    assert "a run was killed" not in stack.up().said
