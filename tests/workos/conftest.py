"""One sandbox and one client for all tests of this folder, emptied before each; the SDK's waits cost nothing."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from workos import _base_client

from providers.workos import client as client_module
from providers.workos import pacing
from providers.workos.client import WorkOS
from tests.stack import KEY, Sandbox
from tests.workos.declaration import Declaration


@pytest.fixture(scope="session")
def client(environment: Sandbox) -> Iterator[WorkOS]:
    """Ferry's door to it."""
    door = WorkOS(KEY, environment.url, rate_share=1.0)
    yield door
    door.close()


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the SDK would have waited before its retries; it does not, nor do the budgets after a 429."""
    waited: list[float] = []
    monkeypatch.setattr(_base_client, "time", SimpleNamespace(sleep=waited.append))
    monkeypatch.setattr(pacing, "_FIRST_PAUSE", 0.0)
    monkeypatch.setattr(client_module, "_LAGS", (0.0, 0.0, 0.0))
    return waited


@pytest.fixture
def door(workos: Sandbox, client: WorkOS) -> WorkOS:
    """Ferry's door to an empty WorkOS environment."""
    assert workos.requests()["total"] == 0
    return client


@pytest.fixture
def declared() -> Declaration:
    """A directory that declares nothing yet."""
    return Declaration()
