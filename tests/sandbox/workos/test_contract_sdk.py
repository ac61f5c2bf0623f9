"""WorkOS's SDK calls every operation of the sandbox, and its models are those of WorkOS's document."""

from __future__ import annotations

import httpx
import pytest
from workos import WorkOSClient
from workos._pagination import SyncPage

from tests.contract.conformance import Contract
from tests.contract.document import served
from tests.contract.models import compared
from tests.sandbox.workos.sdk_calls import CALLS, populate


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
    assert not isinstance(answer, SyncPage) or answer.data
    assert log["counts"] == {operation: 1}
    assert compared(contract.document, operation, log["requests"][0]["status"], answer) == []
