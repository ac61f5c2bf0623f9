"""One call of a room of the sandbox, without HTTP."""

from __future__ import annotations

from typing import Any

from sandbox.http.refusals import Refusal
from sandbox.http.request_log import Entry
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.state import Environment

Json = dict[str, Any]


def ask(
    environment: Environment,
    operation: Operation,
    body: object = None,
    query: dict[str, list[str]] | None = None,
    **parameters: str,
) -> Json:
    """The body of the answer; a refusal is an answer too."""
    try:
        answer = operation(Call(environment, parameters, query or {}, body, Entry("", "", "")))
    except Refusal as refusal:
        return refusal.body
    assert isinstance(answer, Answer)
    return dict(answer.body or {})
