"""No test has the user's credentials or settings, no socket of one leaves this machine, and many share one sandbox."""

from __future__ import annotations

import os
import socket
import ssl
from collections.abc import Iterator
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from sandbox.sandbox import Start
from sandbox.server import running
from tests.examples import QUICK, examples
from tests.stack import Sandbox, Stack, new_stack
from tests.weather import weather

for name in [one for one in os.environ if one.startswith(("WORKOS_", "AUTH0_", "PULUMI_", "FERRY_"))]:
    if name != "FERRY_BROWSER":
        del os.environ[name]

#: Each client of a test would read all certificates of the machine anew, of which none is ever asked for.
ssl.create_default_context = cache(ssl.create_default_context)  # type: ignore[assignment]


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options of this suite."""
    parser.addoption("--calm", action="store_true", help="engine tests without limits and faults")
    parser.addoption("--quick", action="store_true", help="properties with a tenth of their examples")


def pytest_configure(config: pytest.Config) -> None:
    """Properties are tried with the same examples in every run."""
    if config.getoption("--quick"):
        os.environ[QUICK] = "true"
    settings.register_profile("ferry", derandomize=True, database=None, deadline=None, max_examples=examples(100))
    settings.load_profile("ferry")


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
def workos(request: pytest.FixtureRequest) -> Iterator[Sandbox]:
    """An empty WorkOS environment; a test of the engine has one of its own, in the weather of the test."""
    if not request.node.get_closest_marker("engine"):
        environment: Sandbox = request.getfixturevalue("environment")
        environment.reset()
        yield environment
        return
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


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
