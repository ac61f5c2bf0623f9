"""The door between HTTP and the rooms of Auth0: log, faults, rate limits, token, then one plain function a method."""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from sandbox.auth0.refusals import Refused, management_error, too_many_requests, unknown_route
from sandbox.auth0.state import Auth0, Call, Operation
from sandbox.auth0.tokens import check_token
from sandbox.http.connection import hang_up, read
from sandbox.http.faults import DEFAULT_BODY, MODES, Fault
from sandbox.http.paths import named
from sandbox.http.request_log import DROPPED, Entry

#: Where the Auth0 side begins.
PREFIX: Final = "/auth0"
#: Links lead to a CDN, which knows neither limits nor tokens.
CDN: Final = "/exports/"


class Auth0Endpoint:
    """One path of the Management API and the operations on it, by method."""

    def __init__(self, auth0: Auth0, template: str, operations: Mapping[str, Operation]) -> None:
        self._auth0 = auth0
        self._template = named(template)
        self._operations = operations

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        raw = await read(receive)
        if raw is None:
            return
        auth0 = self._auth0
        entry = Entry(scope["method"], scope["path"], PREFIX + self._template)
        auth0.log.arrive(entry)
        operation = self._operations.get(entry.method)
        asked = raw + b"?" + scope["query_string"]
        fault = auth0.faults.strike(entry.method, entry.path, asked, _modes(operation))
        if fault is not None:
            entry.fault = fault.name
        if auth0.switches.latency_ms:
            await asyncio.sleep(auth0.switches.latency_ms / 1000)
        answer = self._answer(auth0, Request(scope), raw, operation, fault)
        dropped = fault is not None and fault.mode.startswith("drop_")
        if fault is None or fault.mode not in ("drop_before", "drop_after"):
            await answer(scope, receive, _Passage(send, auth0, entry, halved=dropped))
        if dropped:
            auth0.log.answer(entry, DROPPED)
            hang_up(scope)

    def _answer(
        self, auth0: Auth0, request: Request, raw: bytes, operation: Operation | None, fault: Fault | None
    ) -> Response:
        limited = not self._template.startswith(CDN)
        served, headers = auth0.limits.take(self._template) if limited else (True, {})
        try:
            if fault is not None and fault.mode in ("refuse", "drop_before"):
                answer = _refusal_of(fault)
            elif not served:
                raise too_many_requests()
            elif operation is None:
                raise unknown_route()
            else:
                answer = operation.serve(_call(auth0, request, raw, operation, fault))
        except Refused as refused:
            answer = refused.response
        if limited and answer.status_code == 429:
            headers["x-ratelimit-remaining"] = "0"
        for name, value in headers.items():
            answer.headers.setdefault(name, value)
        return answer


class _Passage:
    """Passes an answer on and logs its status as it starts; of a halved one, half of the body goes through."""

    def __init__(self, send: Send, auth0: Auth0, entry: Entry, *, halved: bool) -> None:
        self._send = send
        self._auth0 = auth0
        self._entry = entry
        self._halved = halved
        self._left = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._halved:
                self._left = int(dict(message["headers"])[b"content-length"]) // 2
            else:
                self._auth0.log.answer(self._entry, message["status"])
            await self._send(message)
        elif not self._halved:
            await self._send(message)
        elif self._left:
            body = message["body"][: self._left]
            self._left -= len(body)
            await self._send({"type": "http.response.body", "body": body, "more_body": True})


def _modes(operation: Operation | None) -> tuple[str, ...]:
    played = () if operation is None else operation.faults
    return (*MODES, "drop_midway", *played, *(("token_expired",) if operation and operation.scopes else ()))


def _call(auth0: Auth0, request: Request, raw: bytes, operation: Operation, fault: Fault | None) -> Call:
    mode = None if fault is None else fault.mode
    scopes = check_token(auth0, request.headers, operation.scopes, mode) if operation.scopes else frozenset[str]()
    return Call(
        auth0=auth0,
        path=request.scope["path"],
        origin=str(request.base_url).rstrip("/"),
        parameters=request.path_params,
        query=request.query_params,
        headers=request.headers,
        body=raw,
        scopes=scopes,
        fault=mode,
    )


def _refusal_of(fault: Fault) -> Response:
    """What a refusing fault was told to say, or Auth0's error object of its status."""
    if fault.body is not DEFAULT_BODY:
        return JSONResponse(fault.body, fault.status, fault.headers)
    if fault.status == 429:
        answer = too_many_requests().response
    else:
        answer = management_error(fault.status, "The request could not be served.").response
    answer.headers.update(fault.headers)
    return answer
