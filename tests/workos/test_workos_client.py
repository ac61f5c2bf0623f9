"""The one door: every failure is sorted by what happens next, and no message tells on anybody."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from http import HTTPStatus
from typing import Any

import httpx2
import pytest
from workos import _errors

from providers.workos.client import CONFLICTS, Conflict, Fatal, Gone, Refused, Unavailable, WorkOS, WorkOSFault
from tests.stack import KEY, ROOT, Sandbox
from tests.workos.calls import LIST_MEMBERSHIPS, LIST_USERS

USERS = ("user_management", "users")
#: What a body may repeat of a request, and what no message may repeat of it.
PRIVATE = ("ann@people.example", "Ann Private", "$2b$10$" + "A" * 53, "MADEUPSECRETAAAA", KEY)
TELLTALE = {
    "message": "Could not write " + " ".join(PRIVATE),
    "error": PRIVATE[0],
    "error_description": PRIVATE[1],
    "param": PRIVATE[2],
    "errors": [{"message": " ".join(PRIVATE)}, " ".join(PRIVATE)],
    "email": PRIVATE[0],
}
#: The answers that are not simply refused; all other 4xx are.
SORTED: dict[int, type[WorkOSFault]] = {401: Fatal, 404: Gone, 409: Conflict, 429: Unavailable}
ONCE, FOUR_TIMES = 1, 4
#: The transport sends again six times whatever was refused for its rate, each time the SDK asks.
PATIENTLY = 4 * 7
RETRIED = {429, 500, 502, 503, 504}


def test_a_run_that_asks_nothing_does_without_the_sdk() -> None:
    """Its import takes longer than all the rest of a preview's programs."""
    script = "import sys, providers.program.declare, providers.resources.record; print('workos' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)

    assert done.stdout == "False\n"


class Network:
    """What answers instead of a network, and how often it was asked."""

    def __init__(self, answer: Callable[[httpx2.Request], httpx2.Response]) -> None:
        self.requests: list[httpx2.Request] = []
        self._answer = answer

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return self._answer(request)

    def door(self) -> WorkOS:
        """Ferry's door with this network behind it."""
        return WorkOS(KEY, "https://workos.example", 1.0, httpx2.MockTransport(self))


def answering(status: int, body: object = None, **headers: str) -> Network:
    """A WorkOS that says the same to everything."""
    return Network(lambda _: httpx2.Response(status, json=body, headers={"x-request-id": "req_1", **headers}))


def breaking(error: type[httpx2.TransportError]) -> Network:
    """A network that breaks in one way."""

    def fail(request: httpx2.Request) -> httpx2.Response:
        raise error(" ".join(PRIVATE), request=request)

    return Network(fail)


def fault_of(network: Network, method: str = "GET") -> WorkOSFault:
    """What one call raises."""
    with closing(network.door()) as door, pytest.raises(WorkOSFault) as raised:
        door.call(method, *USERS, "external_id", "auth0|ann", body={"email": PRIVATE[0]} if method != "GET" else None)
    return raised.value


def expected_of(status: int) -> type[WorkOSFault]:
    """What an answer without a telling code means."""
    return Unavailable if status >= 500 else SORTED.get(status, Refused)


def family(base: type[Any]) -> Iterator[type[Any]]:
    """A class and all below it."""
    yield base
    for subclasse in base.__subclasses__():
        yield from family(subclasse)


FAILURES = [status.value for status in HTTPStatus if status >= 400]


@pytest.mark.parametrize("status", FAILURES)
def test_every_answer_that_is_an_error_is_sorted_with_bounded_retries(status: int, waits: list[float]) -> None:
    """4xx is never retried, but 429 is; so are the 5xx that pass."""
    network = answering(status, TELLTALE)
    fault = fault_of(network)

    assert type(fault) is expected_of(status)
    assert (fault.status, fault.request_id) == (status, "req_1")
    times = FOUR_TIMES if status in RETRIED else ONCE
    assert len(network.requests) == (PATIENTLY if status == 429 else times)
    assert len(waits) == times - 1


def test_every_error_class_of_the_sdk_is_sorted() -> None:
    """A class that a new SDK brings fails here until somebody decides what it means."""
    networks = [answering(status, {"message": "no"}) for status in FAILURES]
    networks += [answering(403, {"code": code, "message": "no"}) for code in _errors._AUTH_CODE_TO_ERROR]
    networks += [breaking(one) for one in (httpx2.ConnectError, httpx2.ReadTimeout, httpx2.ReadError)]
    reached = {type(fault_of(network).__context__) for network in networks}

    known = {one for one in family(_errors.WorkOSError) if one.__module__ == _errors.__name__}
    never_raised = {_errors.ConfigurationError, _errors.AuthenticationFlowError}
    assert known == reached | never_raised


@pytest.mark.parametrize("code", sorted(_errors._AUTH_CODE_TO_ERROR))
def test_an_answer_for_the_sign_in_of_a_person_is_refused(code: str) -> None:
    assert type(fault_of(answering(403, {**TELLTALE, "code": code}))) is Refused


@pytest.mark.parametrize("code", sorted(CONFLICTS))
@pytest.mark.parametrize("nested", [False, True])
def test_a_code_that_says_held_by_somebody_is_a_conflict_wherever_it_stands(code: str, nested: bool) -> None:
    """Bare on update, among `errors` on create; always with status 400."""
    body = {"code": "user_creation_error", "errors": [{"code": code}]} if nested else {"code": code}
    fault = fault_of(answering(400, {**TELLTALE, **body}), "POST")

    assert type(fault) is Conflict
    assert fault.code == code


def test_the_most_precise_code_is_the_code() -> None:
    assert fault_of(answering(400, {"code": "outer", "errors": [{"code": "inner"}]})).code == "inner"
    assert fault_of(answering(400, {"code": "outer"})).code == "outer"
    assert fault_of(answering(400, {"message": "no"})).code == "400"
    assert fault_of(breaking(httpx2.ReadError)).code == "no_answer"


@pytest.mark.parametrize("status", FAILURES)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_no_message_tells_what_a_body_says(status: int, method: str) -> None:
    """Codes, status and request id only; not even the traceback has more."""
    fault = fault_of(answering(status, TELLTALE), method)
    told = "".join(traceback.format_exception(fault)) + repr(fault) + repr(vars(fault))

    assert [text for text in PRIVATE if text in told] == []
    assert "auth0|ann" not in str(fault)


@pytest.mark.parametrize("error", [httpx2.ConnectError, httpx2.ReadTimeout, httpx2.ReadError])
def test_no_message_tells_what_the_network_says(error: type[httpx2.TransportError]) -> None:
    told = "".join(traceback.format_exception(fault_of(breaking(error), "POST")))

    assert [text for text in PRIVATE if text in told] == []


@pytest.mark.parametrize(
    "body",
    [
        "",
        "no",
        "<html>no</html>",
        "null",
        "{}",
        "[]",
        '"no"',
        "1",
        '{"errors": "no"}',
        '{"errors": {"a": 1}}',
        '{"code": null}',
    ],
)
@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_an_error_that_is_not_in_workos_form_is_sorted_by_its_status(status: int, body: str) -> None:
    network = Network(lambda _: httpx2.Response(status, text=body))

    assert type(fault_of(network)) is expected_of(status)


@pytest.mark.parametrize(
    "answer",
    [
        httpx2.Response(301, headers={"location": "https://elsewhere.example/"}),
        httpx2.Response(307, headers={"location": "https://elsewhere.example/"}, json={"id": "user_elsewhere"}),
        httpx2.Response(200, text="<html>Sign in to the guest network</html>"),
        httpx2.Response(200, json=["not an object"]),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
def test_an_answer_that_workos_would_not_give_is_no_success(method: str, answer: httpx2.Response) -> None:
    """A redirect or a page of something on the way: nothing was read, made or deleted."""
    fault = fault_of(Network(lambda _: answer), method)

    assert type(fault) in {Fatal, Unavailable}


def test_a_wrong_key_stops_the_run_with_one_line_that_names_the_setting(workos: Sandbox) -> None:
    with closing(WorkOS("sk_wrong_key", workos.url, 1.0)) as door, pytest.raises(Fatal) as raised:
        door.call("GET", *USERS)

    said = str(raised.value)
    assert "ferry:workosApiKey" in said
    assert workos.url in said
    assert "\n" not in said
    assert "sk_wrong_key" not in said
    assert workos.asked() == {LIST_USERS: 1}


def test_nobody_at_the_address_stops_the_run_with_one_line(waits: list[float]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with closing(WorkOS(KEY, address, 1.0)) as door, pytest.raises(Fatal) as raised:
        door.call("POST", *USERS, body={"email": PRIVATE[0]})

    said = str(raised.value)
    assert said.startswith(f"WorkOS at {address} does not answer")
    assert "run again" in said
    assert "\n" not in said
    assert not door.interrupted()
    assert len(waits) == FOUR_TIMES - 1


@pytest.mark.parametrize(
    "error", [httpx2.ReadTimeout, httpx2.WriteTimeout, httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError]
)
def test_an_answer_that_never_comes_is_unavailable_after_bounded_retries(
    error: type[httpx2.TransportError], waits: list[float]
) -> None:
    network = breaking(error)

    assert type(fault_of(network)) is Unavailable
    assert (len(network.requests), len(waits)) == (FOUR_TIMES, FOUR_TIMES - 1)


def test_a_call_may_forbid_retries() -> None:
    network = answering(503)
    with closing(network.door()) as door, pytest.raises(Unavailable):
        door.call("POST", *USERS, body={}, retries=0)

    assert len(network.requests) == 1


@pytest.mark.parametrize(
    ("method", "answers", "expected"),
    [
        ("POST", [500, 201], True),
        ("POST", [httpx2.ReadError, 201], True),
        ("PUT", [httpx2.ReadTimeout, 409], True),
        ("GET", [500, 200], False),
        ("POST", [httpx2.ConnectError, 201], False),
        ("POST", [429, 201], False),
        ("POST", [201], False),
    ],
)
def test_a_write_may_have_been_done_if_its_answer_was_lost(method: str, answers: list[Any], expected: bool) -> None:
    """Not if it was a read, if nobody was there to take it, or if WorkOS said no."""
    left = list(answers)

    def answer(request: httpx2.Request) -> httpx2.Response:
        this = left.pop(0)
        if isinstance(this, int):
            return httpx2.Response(this, json={})
        raise this("lost", request=request)

    with closing(Network(answer).door()) as door:
        try:
            door.call(method, *USERS, body=None if method == "GET" else {})
        except Conflict:
            assert answers[-1] == 409
        assert door.interrupted() is expected
        left.append(200)
        door.call("GET", *USERS)
        assert door.interrupted() is False


def test_a_list_is_followed_to_its_end_oldest_first(door: WorkOS, workos: Sandbox) -> None:
    wanted = [
        workos.call("POST", "/user_management/users", email=f"p{number}@people.example")["id"] for number in range(201)
    ]
    workos.clear()

    assert [page["id"] for page in door.pages(*USERS)] == wanted
    assert workos.asked() == {LIST_USERS: 3}


def test_a_list_that_ends_with_a_full_page_asks_no_more(door: WorkOS, workos: Sandbox) -> None:
    for number in range(100):
        workos.call("POST", "/user_management/users", email=f"p{number}@people.example")
    workos.clear()

    assert len(list(door.pages(*USERS))) == 100
    assert workos.asked() == {LIST_USERS: 1}


def test_an_empty_list_is_one_request(door: WorkOS, workos: Sandbox) -> None:
    assert list(door.pages(*USERS)) == []
    assert workos.asked() == {LIST_USERS: 1}


def test_every_page_is_asked_with_the_same_filters(door: WorkOS, workos: Sandbox) -> None:
    acme = workos.call("POST", "/organizations", name="Acme")["id"]
    for number in range(101):
        user = workos.call("POST", "/user_management/users", email=f"p{number}@people.example")["id"]
        own = workos.call("POST", "/user_management/organization_memberships", user_id=user, organization_id=acme)
        if number % 2:
            workos.call("PUT", f"/user_management/organization_memberships/{own['id']}/deactivate")
    workos.clear()
    path = ("user_management", "organization_memberships")

    assert len(list(door.pages(*path, organization_id=acme, statuses="active,inactive"))) == 101
    assert workos.asked() == {LIST_MEMBERSHIPS: 2}
    assert len(list(door.pages(*path, organization_id=acme, statuses="inactive"))) == 50


def test_an_external_id_reaches_workos_as_it_is() -> None:
    """Pipes, slashes, percent signs and spaces are one segment of the path."""
    network = answering(200, {})
    with closing(network.door()) as door:
        door.call("GET", *USERS, "external_id", "oidc|a/b%2F c?d#e")

    assert network.requests[0].url.raw_path.decode().endswith("/external_id/oidc%7Ca%2Fb%252F%20c%3Fd%23e")


def test_the_key_travels_in_its_header_only() -> None:
    network = answering(200, {})
    with closing(network.door()) as door:
        door.call("POST", *USERS, body={"email": "ann@people.example"})
    (request,) = network.requests

    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert KEY not in str(request.url)
    assert json.loads(request.content) == {"email": "ann@people.example"}
