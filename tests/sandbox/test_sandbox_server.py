"""The sandbox as a process: the ready line, the address, the end."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.server import running

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_the_process_says_where_it_listens_serves_and_stops_cleanly(stop: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--port", "0"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        with httpx.Client(base_url=ready["workos_url"], headers={"authorization": "Bearer sk_test"}) as client:
            listed = client.get("/organizations").json()
            process.send_signal(stop)
            rest, complaints = process.communicate(timeout=5)

    assert ready.keys() == {"workos_url", "auth0_url"}
    assert ready["workos_url"].startswith("http://127.0.0.1:")
    assert ready["auth0_url"] == ready["workos_url"] + "/auth0"
    assert listed["data"] == []
    assert (process.returncode, rest, complaints) == (0, "", "")


def test_a_request_that_never_arrives_whole_is_not_done() -> None:
    """The client dies while it sends: the body that it announced is cut short."""
    with running() as url, httpx.Client(base_url=url, headers={"authorization": "Bearer sk_test"}) as client:
        address = (httpx.URL(url).host, httpx.URL(url).port or 0)
        for path in ("/organizations", "/auth0/oauth/token"):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer sk_test\r\nContent-Length: 100\r\n\r\n"
            with socket.create_connection(address) as sender:
                sender.sendall(head.encode() + b'{"name":"Acme"}')
                sender.shutdown(socket.SHUT_WR)
                assert sender.recv(100) == b""

        assert client.get("/organizations").json()["data"] == []
        assert client.get("/_sandbox/requests").json()["counts"] == {"GET /organizations": 1}


def test_two_sandboxes_in_one_process_share_nothing() -> None:
    headers = {"authorization": "Bearer sk_test"}
    with running() as first, running() as second:
        httpx.post(f"{first}/organizations", json={"name": "Acme"}, headers=headers).raise_for_status()

        assert len(httpx.get(f"{first}/organizations", headers=headers).json()["data"]) == 1
        assert httpx.get(f"{second}/organizations", headers=headers).json()["data"] == []


def test_a_sandbox_that_has_ended_accepts_nothing() -> None:
    with running() as url:
        pass

    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{url}/organizations")
