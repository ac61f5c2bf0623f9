"""Who may look at the sandbox and control it: this machine's programs and the sandbox's own page, no other page."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from sandbox.server import build_app

PLACES = [
    ("GET", "/"),
    ("GET", "/_sandbox/overview"),
    ("GET", "/_sandbox/requests"),
    ("GET", "/_sandbox/directory"),
    ("GET", "/_sandbox/auth0/settings"),
    ("POST", "/_sandbox/reset"),
]


def ask(method: str, path: str, client: str = "127.0.0.1", **headers: str) -> httpx.Response:
    """What a new sandbox answers on port 8080."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(app=build_app(), client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as http:
            return await http.request(method, path, headers=headers)

    return asyncio.run(send())


@pytest.mark.parametrize(("method", "path"), [*PLACES, ("GET", "/organizations"), ("POST", "/auth0/oauth/token")])
@pytest.mark.parametrize(
    ("client", "headers", "reason"),
    [
        ("192.0.2.1", {}, "Only this machine"),
        ("127.0.0.1", {"host": "rebound.example:8080"}, "The Host header"),
        ("127.0.0.1", {"host": "127.0.0.1.rebound.example"}, "The Host header"),
        ("127.0.0.1", {"host": "[::1"}, "The Host header"),
        ("127.0.0.1", {"host": ""}, "The Host header"),
        ("127.0.0.1", {"origin": "https://elsewhere.example"}, "A page of another origin"),
        ("127.0.0.1", {"origin": "http://127.0.0.1:3000"}, "A page of another origin"),
        ("127.0.0.1", {"origin": "https://127.0.0.1:8080"}, "A page of another origin"),
        ("127.0.0.1", {"origin": "null"}, "A page of another origin"),
        ("127.0.0.1", {"host": "rebound.example", "origin": "http://rebound.example"}, "The Host header"),
    ],
)
def test_others_get_one_sentence(method: str, path: str, client: str, headers: dict[str, str], reason: str) -> None:
    answer = ask(method, path, client, **headers)

    assert answer.status_code == 403
    assert answer.json().keys() == {"message"}
    assert answer.json()["message"].startswith(reason)


@pytest.mark.parametrize(("method", "path"), PLACES)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": "localhost:8080"},
        {"host": "LOCALHOST"},
        {"host": "127.0.0.1"},
        {"host": "[::1]:8080"},
        {"origin": "http://127.0.0.1:8080"},
        {"host": "localhost:8080", "origin": "http://localhost:8080"},
    ],
)
def test_this_machine_and_the_sandboxs_own_page_are_served(method: str, path: str, headers: dict[str, str]) -> None:
    assert ask(method, path, **headers).status_code == 200


def test_a_page_of_another_origin_empties_nothing(http: httpx.Client) -> None:
    http.post("/organizations", json={"name": "Acme"}).raise_for_status()

    refused = http.post("/_sandbox/reset", headers={"origin": "https://elsewhere.example"})

    assert refused.status_code == 403
    assert len(http.get("/_sandbox/directory").json()["organizations"]) == 1
