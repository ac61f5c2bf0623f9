"""The door between HTTP and the rooms: one ASGI endpoint a path, one plain function a method.

An endpoint reads the request, lets faults strike, checks the key, calls the function, and writes answer and log. The
functions are synchronous, so each call is atomic: no other request sees half of it. One that has to wait returns an
awaitable instead, and others run meanwhile.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs

from starlette.types import Receive, Scope, Send

from sandbox.auth0.state import Auth0
from sandbox.connection import hang_up, read
from sandbox.faults import Fault, Faults
from sandbox.refusals import Refusal, malformed_body, unauthorized, unknown_route
from sandbox.request_log import DROPPED, Entry, RequestLog
from sandbox.state import Environment

#: A key of this form is refused, for tests of the refusal.
WRONG_KEY: Final = "sk_wrong"
#: Its key is the ``client_secret`` of the body, so it needs none in the header; the call itself checks it.
KEY_IN_BODY: Final = "/user_management/authenticate"


@dataclass(slots=True)
class Sandbox:
    """Everything one running sandbox holds."""

    environment: Environment = field(default_factory=Environment)
    #: The other side: a tenant to download, with a request log of its own.
    auth0: Auth0 = field(default_factory=Auth0)
    log: RequestLog = field(default_factory=RequestLog)
    faults: Faults = field(default_factory=Faults)
    latency_ms: int = 0
    answered: int = 0

    def reset(self) -> None:
        """Empty everything: objects, log, faults, settings, and the counters behind ids and times."""
        self.environment = Environment()
        self.auth0 = Auth0()
        self.log = RequestLog()
        self.faults = Faults()
        self.latency_ms = 0
        self.answered = 0


@dataclass(slots=True)
class Call:
    """One request, as a room sees it."""

    environment: Environment
    parameters: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: object = field(repr=False)
    entry: Entry

    def note(self, external_id: str | None) -> None:
        """Log the request under the external id of the object it is about, if that has one."""
        if external_id is not None:
            self.entry.external_id = external_id


class Answer(NamedTuple):
    """Status and JSON body; no body at all for None."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = {}


Operation = Callable[[Call], Answer | Awaitable[Answer]]


class Endpoint:
    """One path of the API and the operations on it, by method."""

    def __init__(self, sandbox: Sandbox, template: str, operations: Mapping[str, Operation]) -> None:
        self._sandbox = sandbox
        self._template = template.replace(":path}", "}")
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        raw = await read(receive)
        sandbox = self._sandbox
        log = sandbox.log
        entry = Entry(scope["method"], scope["path"], self._template)
        log.arrive(entry)
        fault = sandbox.faults.strike(entry.method, entry.path, raw)
        if sandbox.latency_ms:
            await asyncio.sleep(sandbox.latency_ms / 1000)
        answer = await self._answer(scope, raw, entry, fault)
        if fault is not None and fault.mode != "refuse":
            log.answer(entry, DROPPED)
            await hang_up(scope, receive)
            return
        log.answer(entry, answer.status)
        sandbox.answered += 1
        await _write(send, answer, f"req_{sandbox.answered:026d}")

    async def _answer(self, scope: Scope, raw: bytes, entry: Entry, fault: Fault | None) -> Answer:
        try:
            body = json.loads(raw) if raw else None
        except ValueError:
            body = malformed_body()
        if isinstance(body, dict) and isinstance(body.get("external_id"), str):
            entry.external_id = body["external_id"]
        if fault is not None and fault.mode != "drop_after":
            return Answer(fault.status, fault.body, fault.headers)
        try:
            if self._template != KEY_IN_BODY:
                _check_key(scope)
            return await self._operate(scope, body, entry)
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body)

    async def _operate(self, scope: Scope, body: object, entry: Entry) -> Answer:
        operation = self._operations.get(entry.method)
        if operation is None:
            raise unknown_route()
        if isinstance(body, Refusal):
            raise body
        query = parse_qs(scope["query_string"].decode(), keep_blank_values=True) if scope["query_string"] else {}
        answer = operation(Call(self._sandbox.environment, scope["path_params"], query, body, entry))
        return answer if isinstance(answer, Answer) else await answer


def is_key(text: str) -> bool:
    """Tell whether a text is taken as a secret key."""
    return text.startswith("sk_") and not text.startswith(WRONG_KEY)


def _check_key(scope: Scope) -> None:
    """Refuse a request without a secret key (API reference, API authentication)."""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = value.decode("latin-1").partition(" ")
            if scheme.lower() == "bearer" and is_key(key):
                return
    raise unauthorized()


async def _write(send: Send, answer: Answer, request_id: str) -> None:
    body = b"" if answer.body is None else json.dumps(answer.body, separators=(",", ":")).encode()
    headers = [
        (b"content-length", str(len(body)).encode()),
        (b"x-request-id", request_id.encode()),
        *((name.lower().encode(), value.encode()) for name, value in answer.headers.items()),
    ]
    if body:
        headers.append((b"content-type", b"application/json; charset=utf-8"))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
