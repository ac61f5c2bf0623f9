"""A sandbox and a stack a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import running
from tests.engine.stack import Sandbox, Stack, new_stack


@pytest.fixture
def workos() -> Iterator[Sandbox]:
    """An empty WorkOS environment."""
    with running() as url:
        sandbox = Sandbox(url)
        yield sandbox
        sandbox.close()


@pytest.fixture
def stack(tmp_path: Path, workos: Sandbox) -> Stack:
    """A new stack that writes to it."""
    return new_stack(tmp_path, workos)
