"""One sandbox for all tests of this folder; each gets its Auth0 side emptied, and a folder to download into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import running
from tests.auth0.download.download import Download
from tests.sandbox.auth0.auth0_side import Auth0Side


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Base URL of the sandbox."""
    with running() as base_url:
        yield base_url


@pytest.fixture
def auth0(url: str, tmp_path: Path) -> Iterator[Auth0Side]:
    """The Auth0 side of an empty sandbox; an export job is completed at its first poll."""
    side = Auth0Side(url, tmp_path / "tenant")
    side.settings(job_polls=1)
    side.control("DELETE", "auth0/requests")
    yield side
    side.close()


@pytest.fixture
def download(auth0: Auth0Side, tmp_path: Path) -> Download:
    """`ferry download` of that tenant into a folder that is not there yet."""
    return Download(auth0, tmp_path / "exports" / "acme")
