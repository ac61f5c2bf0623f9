"""The list of differences between WorkOS's document and the sandbox holds nothing that is not needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import httpx2
import pytest
from workos import WorkOSClient

from tests.contract.conformance import Contract, Exchange
from tests.contract.differences import amended, places
from tests.contract.models import compared
from tests.contract.observer import exchange_of
from tests.sandbox.workos.plain_calls import (
    OTHER_SETTINGS,
    odd,
    refused_by_all,
    refused_by_one,
    refused_by_settings,
    refused_by_the_limit,
    send,
)
from tests.sandbox.workos.sdk_calls import CALLS, populate


@pytest.fixture
def exchanges(monkeypatch: pytest.MonkeyPatch) -> list[Exchange]:
    """What goes over the wire from now on."""
    seen: list[Exchange] = []

    def recorded(send: Callable[..., Any]) -> Callable[..., Any]:
        def send_and_record(client: Any, request: Any, **options: Any) -> Any:
            response = send(client, request, **options)
            exchange = exchange_of(request, response)
            seen.extend([exchange] if exchange else [])
            return response

        return send_and_record

    for client in (httpx.Client, httpx2.Client):
        monkeypatch.setattr(client, "send", recorded(client.send))
    return seen


def about(place: str, contract: Contract, exchanges: list[Exchange]) -> Iterator[Exchange]:
    """The exchanges that a place may matter to."""
    method, path, status = place.split(" ") if place.count(" ") == 2 else ("", "", place.removeprefix("* "))
    for exchange in exchanges:
        found = contract.operation(exchange.method, exchange.path)
        if (not method or (method, path) == (exchange.method, found and found[0])) and (
            not status.isdigit() or exchange.status == int(status)
        ):
            yield exchange


@pytest.mark.slow
def test_no_difference_is_listed_that_nothing_needs(
    http: httpx.Client, workos: WorkOSClient, contract: Contract, exchanges: list[Exchange]
) -> None:
    """Each place of each is left out in turn; then an answer of the walk, or a model of the SDK, must not fit."""
    answers = []
    for operation, call in CALLS.items():
        http.post("/_sandbox/reset").raise_for_status()
        world = populate(workos)
        answer = call(workos, world)
        answers.append((operation, exchanges[-1].status, answer))
    for operation in CALLS:
        http.post("/_sandbox/reset").raise_for_status()
        method, template = operation.split(" ")
        for plain in refused_by_all(operation, contract.document["paths"][template][method.lower()], populate(workos)):
            send(http, plain)
    http.post("/_sandbox/reset").raise_for_status()
    world = populate(workos)
    for plain in [*odd(world), *refused_by_one(world)]:
        send(http, plain)
    http.post("/_sandbox/settings", json=OTHER_SETTINGS | {"limits": True}).raise_for_status()
    for plain in [*refused_by_settings(world), *refused_by_the_limit()]:
        send(http, plain)

    listed, needless = list(places()), []
    for index, (_, place) in enumerate(listed):
        without = Contract(amended(listed[:index] + listed[index + 1 :]))
        fits = not any(without.violations(one) for one in about(place, contract, exchanges))
        if fits and not any(compared(without.document, *answer) for answer in answers):
            needless.append(place)
    assert needless == []
