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
from tests.stack import soon

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


def spelled(path: str, body: str, length: int | None = None) -> bytes:
    """A POST as it goes over the wire; `length` is what it says of its body."""
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: localhost",
        "Authorization: Bearer sk_test",
        f"Content-Length: {len(body) if length is None else length}",
    ]
    return "\r\n".join([*lines, "", body]).encode()


def test_a_request_that_never_arrives_whole_is_not_done() -> None:
    """The client dies while it sends: the body that it announced is cut short."""
    with running() as url, httpx.Client(base_url=url, headers={"authorization": "Bearer sk_test"}) as client:
        for path in ("/organizations", "/auth0/oauth/token"):
            with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0)) as sender:
                sender.sendall(spelled(path, '{"name":"Acme"}', 100))
                sender.shutdown(socket.SHUT_WR)
                assert sender.recv(100) == b""

        assert client.get("/organizations").json()["data"] == []
        assert client.get("/_sandbox/requests").json()["counts"] == {"GET /organizations": 1}


SLOW = {"path": "^/organizations$", "mode": "slow", "delay_ms": 60_000}
DROP = {"path": "^/organizations$", "mode": "drop_after", "contains": "second"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("fault", "bodies", "cut", "answered", "done"),
    [(SLOW, ["first"], 0, 0, ["first"]), (SLOW, ["first"], 5, 0, []), (DROP, ["first", "second", "third"], 0, 1, None)],
    ids=["a slow answer", "half a request", "a connection dropped among others"],
)
def test_stopping_ends_what_is_under_way_without_a_word(
    fault: dict[str, object], bodies: list[str], cut: int, answered: int, done: list[str] | None
) -> None:
    """Whoever still waits when the grace has passed sees its connection close."""
    requests = b"".join(spelled("/organizations", json.dumps({"name": name})) for name in bodies)
    command = [sys.executable, "-m", "sandbox"]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["workos_url"]
        with httpx.Client(base_url=url) as control:
            control.post("/_sandbox/faults", json=[fault]).raise_for_status()
            with socket.create_connection((httpx.URL(url).host, httpx.URL(url).port or 0)) as sender:
                sender.sendall(requests[: len(requests) - cut])
                wanted = 0 if cut else len(bodies[:2])
                soon(lambda: bool(control.get("/_sandbox/requests").json()["total"] >= wanted), "it is there")
                if done is not None:
                    held = control.get("/_sandbox/directory").json()["organizations"]
                    assert [one["name"] for one in held] == done
                process.send_signal(signal.SIGTERM)
                heard = b"".join(iter(lambda: sender.recv(65536), b""))
        said, complaints = process.communicate(timeout=20)

    assert heard.count(b"HTTP/1.1 201") == answered
    assert (process.returncode, said, complaints) == (0, "", "")


def test_an_address_that_cannot_be_told_ends_the_start_with_a_sentence() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "sandbox"]
        done = subprocess.run(
            command, cwd=PROJECT, stdout=full, stderr=subprocess.PIPE, text=True, check=False, timeout=20
        )

    assert done.returncode == 2
    assert "Error: the address cannot be told on standard output: No space left on device" in done.stderr
    assert "Traceback" not in done.stderr


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
