"""WorkOS's SDK calls every operation of the sandbox, and its models are those of WorkOS's document."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from workos import WorkOSClient
from workos._pagination import ListMetadata, SyncPage

from tests.contract.conformance import Contract
from tests.contract.differences import event_data
from tests.contract.document import MEDIA_TYPE, Json, served
from tests.contract.models import keys, unlike
from tests.sandbox.sdk_calls import CALLS, populate


def test_the_sdk_has_a_call_for_every_operation_of_the_sandbox() -> None:
    assert CALLS.keys() == set(served())


@pytest.mark.parametrize("operation", CALLS)
def test_the_sdk_calls_the_operation_and_reads_the_answer(
    operation: str, workos: WorkOSClient, http: httpx.Client, contract: Contract
) -> None:
    world = populate(workos)
    http.delete("/_sandbox/requests")

    answer = CALLS[operation](workos, world)

    log = http.get("/_sandbox/requests").json()
    assert log["counts"] == {operation: 1}
    assert compared(contract.document, operation, str(log["requests"][0]["status"]), answer) == []


def compared(document: Json, operation: str, status: str, answer: Any) -> list[str]:
    """Where the document and the models of an answer differ; of events their data only, which differs by name."""
    if answer is None:
        return []
    method, path = operation.split(" ")
    schema = document["paths"][path][method.lower()]["responses"][status]["content"][MEDIA_TYPE]["schema"]
    if not isinstance(answer, SyncPage):
        return list(unlike(document, schema, type(answer), operation))
    parts, _ = keys(document, schema)
    wrong = list(unlike(document, parts["list_metadata"], ListMetadata, f"{operation} list_metadata"))
    assert answer.data
    for item in answer.data:
        name = getattr(item, "event", None)
        inner = parts["data"]["items"] if name is None else event_data(document, name)
        wrong += unlike(document, inner, type(item if name is None else item.data), name or operation)
    return wrong
