"""The door between HTTP and the rooms: one ASGI endpoint a path, one plain function a method.

An endpoint reads the request, keeps the limits, lets a fault strike, checks the key, calls the function, and writes
answer and log. The functions are synchronous, so each call is atomic: no other request sees half of it. One that has to
wait returns an awaitable instead, and others run meanwhile.
"""

import asyncio
import json
import re
from collections.abc import Awaitable, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qs

from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from sandbox.http.connection import hang_up, read
from sandbox.http.faults import LIST_MODES, WORKOS_MODES, Fault
from sandbox.http.paths import named
from sandbox.http.refusals import Refusal, malformed_body
from sandbox.http.request_log import DROPPED, Entry
from sandbox.http.schema import EXTERNAL_ID_LENGTH
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.refusals import too_many_requests, unauthorized, unknown_route
from sandbox.workos.side import WorkOS

#: A key of this form is refused, for tests of the refusal.
WRONG_KEY: Final = "sk_wrong"
#: Its key is the ``client_secret`` of the body, so it needs none in the header; the call itself checks it.
KEY_IN_BODY: Final = "/user_management/authenticate"
#: Fields of a body that say which object it is about.
_NAMING: Final = ("external_id", "email", "slug", "user_id", "organization_id", "domain")
_SURROGATE: Final = re.compile(rb"\\u[dD][89a-fA-F]")


class Endpoint:
    """One path of the API and the operations on it, by method."""

    def __init__(
        self, side: WorkOS, template: str, operations: Mapping[str, Operation], endpoints: "list[Endpoint]"
    ) -> None:
        """``endpoints`` are all of the side's, to which this one adds itself; the last of them serves every path."""
        self._side, self._endpoints = side, endpoints
        self._template = named(template)
        self._operations = operations
        #: Whether its path names objects, and a GET of it lists them in pages.
        self._lists = not template.endswith(("}", "/roles"))
        self.path = compile_path(template)[0]
        endpoints.append(self)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        raw = await read(receive)
        if raw is None:
            return
        side = self._side
        log, method, path = side.log, scope["method"], scope["path"]
        entry = Entry(method, path, self._template)
        log.arrive(entry)
        body = parsed(raw)
        if isinstance(body, dict) and isinstance(body.get("external_id"), str):
            entry.external_id = body["external_id"][:EXTERNAL_ID_LENGTH]
        key = _key(scope, body if self._template == KEY_IN_BODY else None)
        known = is_key(key)
        over = self._over_limit(entry) if known and side.environment.switches.limits else None
        fault = None
        if side.faults and over is None:
            modes = LIST_MODES if method == "GET" and self._lists else WORKOS_MODES
            fault = side.faults.strike(method, path, raw, modes, lambda: self._subject(scope, body), key)
        if fault is not None:
            entry.fault = fault.name
        if latency := side.environment.switches.latency_ms:
            await asyncio.sleep(latency / 1000)
        answer = over or await self._answer(scope, body, entry, fault, known=known)
        if fault is not None and fault.mode == "slow":
            await asyncio.sleep(fault.delay_ms / 1000)
        if fault is not None and fault.mode.startswith("drop_"):
            log.answer(entry, DROPPED)
            hang_up(scope)
            return
        log.answer(entry, answer.status)
        side.answered += 1
        await _write(send, answer, f"req_{side.answered:026d}")

    def _over_limit(self, entry: Entry) -> Answer | None:
        """Return the refusal of a request that is over a limit, or count it."""
        side = self._side
        switches = side.environment.switches
        wait = side.limits.spend(entry.method, entry.path, switches.limit_window)
        if not wait:
            return None
        refusal = too_many_requests()
        return Answer(refusal.status, refusal.body, {"Retry-After": str(wait)} if switches.retry_after else {})

    async def _answer(self, scope: Scope, body: object, entry: Entry, fault: Fault | None, *, known: bool) -> Answer:
        if fault is not None and fault.mode in ("refuse", "drop_before"):
            return Answer(fault.status, fault.body, fault.headers)
        try:
            if not known and self._template != KEY_IN_BODY:
                raise unauthorized()
            visible_until = None
            if fault is not None and fault.mode == "interfere":
                await self._interfere(fault, scope["path_params"], body)
            elif fault is not None and fault.mode == "lag":
                visible_until = self._side.moment_before(fault.writes)
            elif fault is not None and fault.mode == "ignore":
                body = fault.left_of(body)
            answer = self._operate(scope["path_params"], _query(scope), body, entry, visible_until)
            return answer if isinstance(answer, Answer) else await answer
        except Refusal as refusal:
            return Answer(refusal.status, refusal.body)

    def _operate(
        self,
        parameters: Mapping[str, str],
        query: Mapping[str, list[str]],
        body: object,
        entry: Entry,
        visible_until: int | None = None,
    ) -> Answer | Awaitable[Answer]:
        operation, environment = self._operations.get(entry.method), self._side.environment
        if operation is None:
            raise unknown_route()
        if isinstance(body, Refusal):
            raise body
        now = environment.registrar.now
        answer = operation(Call(environment, parameters, query, body, entry, visible_until))
        if environment.registrar.now != now:
            self._side.moments.append(now)
        return answer

    async def _interfere(self, fault: Fault, parameters: Mapping[str, str], body: object) -> None:
        """Make the calls of somebody else, whose refusals nobody hears of."""
        sent = body.items() if isinstance(body, dict) else ()
        values = {name: value for name, value in sent if isinstance(value, str)} | dict(parameters)
        for call in json.loads(_filled(json.dumps(fault.calls), values)):
            endpoint, named = self._served(call["path"])
            entry = Entry(call["method"], call["path"], endpoint._template)
            with suppress(Refusal):
                answer = endpoint._operate(named, {}, call.get("body", {}), entry)
                if not isinstance(answer, Answer):
                    await answer

    def _served(self, path: str) -> "tuple[Endpoint, dict[str, str]]":
        """Return the endpoint that serves a path, and the path's parameters."""
        for endpoint in self._endpoints:
            if found := endpoint.path.match(path):
                return endpoint, found.groupdict()
        raise unknown_route()

    def _subject(self, scope: Scope, body: object) -> str:
        """Say which request this is in words that another run of the same client would use: by external ids."""
        environment = self._side.environment
        sent = {name: values[-1] for name, values in _query(scope).items()} | (body if isinstance(body, dict) else {})
        named = [str(sent[name]) for name in _NAMING if name in sent]
        words = [environment.external_name(id_) for id_ in (*scope["path_params"].values(), *named)]
        return " ".join([scope["method"], self._template, *words])


def _query(scope: Scope) -> dict[str, list[str]]:
    text: bytes = scope["query_string"]
    return parse_qs(text.decode(errors="replace"), keep_blank_values=True) if text else {}


def _filled(text: str, values: Mapping[str, str]) -> str:
    """Put values in place of ``{name}`` in a text of JSON."""
    return re.sub(r"\{(\w+)\}", lambda name: json.dumps(values.get(name[1], name[0]))[1:-1], text)


def parsed(raw: bytes) -> object:
    """Return the body, None for none, or the refusal of what is no JSON, or holds half of a character."""
    try:
        body = json.loads(raw.decode(), parse_constant=_refuse_constant) if raw else None
        if _SURROGATE.search(raw):
            json.dumps(body, ensure_ascii=False).encode()
        return body
    except (ValueError, RecursionError):
        return malformed_body()


def _refuse_constant(name: str) -> None:
    message = f"{name} is no JSON"
    raise ValueError(message)


def is_key(text: str) -> bool:
    """Tell whether a text is taken as a secret key."""
    return text.startswith("sk_") and not text.startswith(WRONG_KEY)


def _key(scope: Scope, body: object) -> str:
    """Return the API key of a request, from the body if it is given; empty for none (API reference, authentication)."""
    if body is not None:
        return str(body.get("client_secret", "")) if isinstance(body, dict) else ""
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = value.decode("latin-1").partition(" ")
            return str(key) if scheme.lower() == "bearer" else ""
    return ""


async def _write(send: Send, answer: Answer, request_id: str) -> None:
    body = b"" if answer.body is None else json.dumps(answer.body, separators=(",", ":")).encode()
    headers = {"x-request-id": request_id} | {name.lower(): value for name, value in answer.headers.items()}
    if answer.status != HTTPStatus.NO_CONTENT:
        headers["content-length"] = str(len(body))
    if body:
        headers.setdefault("content-type", "application/json; charset=utf-8")
    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": answer.status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
