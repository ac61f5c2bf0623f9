"""A sandbox and a stack a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.endpoint import Start
from sandbox.server import running
from tests.engine.stack import Sandbox, Stack, new_stack
from tests.engine.weather import weather


@pytest.fixture
def workos(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """An empty WorkOS environment, in the weather of the test."""
    is_calm = request.config.getoption("--calm") or request.node.get_closest_marker("calm")
    start = Start() if is_calm else weather(request.node.nodeid)
    with running(start) as url:
        sandbox = Sandbox(url, start)
        yield sandbox
        sandbox.close()


@pytest.fixture
def stack(tmp_path: Path, workos: Sandbox) -> Stack:
    """A new stack that writes to it."""
    return new_stack(tmp_path, workos)
