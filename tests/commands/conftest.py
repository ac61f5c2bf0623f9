"""A stack on an empty sandbox, run in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.commands.in_process import InProcess
from tests.stack import Sandbox

NewStack = Callable[..., InProcess]


@pytest.fixture
def new_stack(tmp_path: Path, workos: Sandbox) -> NewStack:
    """Makes it, with a configuration."""

    def made(**config: str) -> InProcess:
        return InProcess(tmp_path, workos, **config)

    return made


@pytest.fixture(params=["record", "cohort"])
def grain(request: pytest.FixtureRequest) -> str:
    """Both grains."""
    return str(request.param)
