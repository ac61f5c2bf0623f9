"""One sandbox for all tests of this folder, emptied before each."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import httpx2
import pytest
from workos import WorkOSClient

from sandbox.server import running
from tests.contract.conformance import Contract
from tests.contract.differences import amended
from tests.contract.observer import observed
from tests.sandbox.auth0.auth0_side import Auth0Side

KEY = "sk_test_sandbox"


@pytest.fixture(scope="session")
def contract() -> Contract:
    """WorkOS's OpenAPI document, with its known differences."""
    return Contract(amended())


@pytest.fixture(autouse=True)
def _observed(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a test of this folder is answered must be an answer that WorkOS's document describes."""
    for client in (httpx.Client, httpx2.Client):
        monkeypatch.setattr(client, "send", observed(client.send, contract))


@pytest.fixture(scope="session")
def url() -> Iterator[str]:
    """Base URL of the sandbox."""
    with running() as base_url:
        yield base_url


@pytest.fixture(scope="session")
def connection(url: str) -> Iterator[httpx.Client]:
    """A plain client with a good key."""
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {KEY}"}) as client:
        yield client


@pytest.fixture(scope="session")
def sdk_client(url: str) -> Iterator[WorkOSClient]:
    """WorkOS's own client, kept for all tests."""
    with WorkOSClient(api_key=KEY, client_id="client_sandbox", base_url=url) as client:
        yield client


@pytest.fixture
def http(connection: httpx.Client) -> httpx.Client:
    """A plain client, for what WorkOS's own cannot send, over an empty sandbox."""
    connection.post("/_sandbox/reset").raise_for_status()
    return connection


@pytest.fixture
def workos(http: httpx.Client, sdk_client: WorkOSClient) -> WorkOSClient:
    """WorkOS's own client over an empty sandbox."""
    assert http.get("/_sandbox/requests").json()["total"] == 0
    return sdk_client


@pytest.fixture
def auth0(url: str, tmp_path: Path) -> Iterator[Auth0Side]:
    """The Auth0 side of an empty sandbox."""
    side = Auth0Side(url, tmp_path / "tenant")
    yield side
    side.close()
