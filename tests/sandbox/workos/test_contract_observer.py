"""What the tests of this folder would notice of an answer that WorkOS does not give."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from workos import WorkOSClient

from tests.contract import document
from tests.contract.conformance import Contract, Exchange

USER = {
    "object": "user",
    "id": "user_1",
    "email": "ada@example.com",
    "email_verified": False,
    "first_name": None,
    "last_name": None,
    "name": None,
    "profile_picture_url": None,
    "external_id": None,
    "metadata": {},
    "locale": None,
    "last_sign_in_at": None,
    "created_at": "2024-01-01T00:00:00.001Z",
    "updated_at": "2024-01-01T00:00:00.001Z",
}
LIST = {"object": "list", "data": [USER], "list_metadata": {"before": None, "after": None}}
NEW = {"email": "ada@example.com"}


def exchange(
    operation: str, status: int, body: object, sent: object = None, kind: str = "application/json", query: str = ""
) -> Exchange:
    """One exchange; bodies as JSON, None for none."""
    method, path = operation.split(" ")
    headers, (asked, answered) = (
        {"content-type": kind},
        [b"" if one is None else json.dumps(one).encode() for one in (sent, body)],
    )
    return Exchange(method, path, query, asked, status, headers, answered)


@pytest.mark.parametrize(
    "fitting",
    [
        exchange("GET /user_management/users/user_1", 200, USER),
        exchange("GET /user_management/users", 200, LIST, query="limit=5&email=a%40example.com"),
        exchange("POST /user_management/users", 201, USER, NEW),
        exchange("POST /user_management/users", 422, {"code": "invalid_request_parameters", "message": "x"}, {"x": 1}),
        exchange("DELETE /user_management/users/user_1", 200, None),
        exchange("GET /nowhere", 404, {"message": "Not Found"}),
    ],
)
def test_an_exchange_that_the_document_describes_is_let_pass(contract: Contract, fitting: Exchange) -> None:
    assert contract.violations(fitting) == []


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (exchange("GET /user_management/users/user_1", 200, USER | {"phone": "1"}), "'phone' was unexpected"),
        (exchange("GET /user_management/users", 200, LIST | {"data": [USER | {"phone": ""}]}), "data.0: "),
        (exchange("GET /user_management/users/user_1", 200, {**USER, "object": "person"}), "object: "),
        (exchange("GET /user_management/users/user_1", 200, USER | {"created_at": "yesterday"}), "created_at: "),
        (exchange("GET /user_management/users/user_1", 200, NEW), '"id" is a required property'),
        (exchange("GET /user_management/users/user_1", 202, USER), "no such status"),
        (exchange("GET /user_management/users/user_1", 200, USER, kind="text/plain"), "is of type 'text/plain'"),
        (exchange("GET /user_management/users/user_1", 404, {"message": "x", "code": "y"}), "'code' was unexpected"),
        (exchange("DELETE /user_management/users/user_1", 200, {}), "has a body"),
        (exchange("DELETE /user_management/users/user_1", 200, None, {}), "accepted, but the request has a body"),
        (exchange("POST /user_management/users", 201, USER, NEW | {"phone": "1"}), "accepted, but body: "),
        (exchange("POST /user_management/users", 201, USER), "accepted, but body: "),
        (exchange("GET /user_management/users", 200, LIST, query="phone=1"), "accepted, but the query has phone"),
        (exchange("GET /nowhere", 200, {}), "GET /nowhere 200: no such operation"),
        (exchange("PATCH /user_management/users/user_1", 404, {}), "no such operation"),
    ],
)
def test_an_exchange_that_the_document_does_not_describe_is_found(
    contract: Contract, wrong: Exchange, words: str
) -> None:
    found = contract.violations(wrong)

    assert words in "\n".join(found)
    assert "ada@example.com" not in "\n".join(found)


def answered(url: str, **answer: Any) -> None:
    """Get something else than the sandbox would answer from the address of the sandbox."""
    transport = httpx.MockTransport(lambda _: httpx.Response(**answer))
    with httpx.Client(base_url=url, transport=transport) as client:
        client.get("/organizations")


def test_a_client_that_gets_such_an_answer_fails_its_test(url: str, http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json=[{"path": "/organizations", "status": 418, "body": {"tea": True}}])

    with pytest.raises(AssertionError, match="GET /organizations 418: no such status"):
        answered(url, status_code=418, json={"tea": True})


def test_the_answer_of_a_fault_that_has_struck_is_the_tests_own(
    url: str, http: httpx.Client, workos: WorkOSClient
) -> None:
    http.post("/_sandbox/faults", json=[{"path": "/organizations", "status": 418, "body": {"tea": True}}])

    assert http.get("/organizations").json() == {"tea": True}
    answered(url, status_code=418, json={"tea": True})
    for other in ({"tea": False}, {"tea": True, "milk": True}):
        with pytest.raises(AssertionError, match="418: no such status"):
            answered(url, status_code=418, json=other)
    assert workos.organizations.list_organizations().data == []


def test_what_the_sandbox_takes_beyond_the_document_is_found_unless_the_setting_lets_it_pass(
    http: httpx.Client,
) -> None:
    http.post("/_sandbox/settings", json={"unknown_fields": "ignore"}).raise_for_status()

    made = http.post("/user_management/users", json=NEW | {"phone": "1"})

    assert made.status_code == 201


def test_a_document_that_is_missing_is_named_with_the_next_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(document, "SOURCE", tmp_path / "open-api-spec.yaml")

    with pytest.raises(FileNotFoundError, match=r"Run make test, or npm ci --prefix tests/contract"):
        document.published.__wrapped__()
