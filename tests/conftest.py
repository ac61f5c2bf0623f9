"""No test has the user's credentials or settings, no socket of one leaves this machine, and many share one sandbox."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import settings

from sandbox.server import running
from tests.engine.stack import Sandbox

for name in [one for one in os.environ if one.startswith(("WORKOS_", "AUTH0_", "PULUMI_", "FERRY_"))]:
    if name != "FERRY_BROWSER":
        del os.environ[name]

settings.register_profile("ferry", derandomize=True, database=None, deadline=None)
settings.load_profile("ferry")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of this suite."""
    parser.addoption("--calm", action="store_true", help="engine tests without limits and faults")


@pytest.fixture(autouse=True)
def _loopback_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Connecting to another machine is refused; what tests start as processes is given addresses of this one only."""
    connect = socket.socket.connect

    def connect_to_loopback(this: socket.socket, address: Any) -> None:
        if this.family in {socket.AF_INET, socket.AF_INET6} and not _is_loopback(str(address[0])):
            raise AssertionError(f"a test connects to {address[0]}, which is not this machine")
        connect(this, address)

    monkeypatch.setattr(socket.socket, "connect", connect_to_loopback)


@pytest.fixture(scope="session")
def environment() -> Iterator[Sandbox]:
    """One sandbox for all tests of a process that do not stop it."""
    with running() as url:
        sandbox = Sandbox(url)
        yield sandbox
        sandbox.close()


@pytest.fixture
def workos(environment: Sandbox) -> Sandbox:
    """An empty WorkOS environment."""
    environment.reset()
    return environment


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
