"""Every operation says no in the way that WorkOS's document describes; the body is checked with every answer."""

from __future__ import annotations

import httpx
import pytest
from workos import WorkOSClient

from tests.contract.conformance import Contract
from tests.contract.document import served
from tests.sandbox.workos.plain_calls import (
    OTHER_SETTINGS,
    odd,
    refused_by_all,
    refused_by_one,
    refused_by_settings,
    send,
)
from tests.sandbox.workos.sdk_calls import populate


@pytest.mark.parametrize("operation", served())
def test_an_operation_refuses_what_every_operation_refuses(
    operation: str, http: httpx.Client, workos: WorkOSClient, contract: Contract
) -> None:
    method, template = operation.split(" ")
    world, described = populate(workos), contract.document["paths"][template][method.lower()]

    asked = list(refused_by_all(operation, described, world))

    assert [send(http, one).status_code for one in asked] == [one.status for one in asked]


def test_each_refusal_of_a_single_operation_is_one_of_the_document(http: httpx.Client, workos: WorkOSClient) -> None:
    asked = list(refused_by_one(populate(workos)))

    assert [send(http, one).status_code for one in asked] == [one.status for one in asked]


def test_a_refusal_that_a_setting_asks_for_is_one_of_the_document(http: httpx.Client, workos: WorkOSClient) -> None:
    asked = list(refused_by_settings(populate(workos)))
    http.post("/_sandbox/settings", json=OTHER_SETTINGS).raise_for_status()

    assert [send(http, one).status_code for one in asked] == [one.status for one in asked]


def test_a_list_may_be_asked_for_with_brackets(http: httpx.Client, workos: WorkOSClient) -> None:
    asked = list(odd(populate(workos)))

    assert [send(http, one).status_code for one in asked] == [one.status for one in asked]
