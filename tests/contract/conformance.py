"""Whether an exchange with the sandbox is one that WorkOS's document describes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl, quote

import jsonschema_rs

from tests.contract.document import MEDIA_TYPE, Json

_NAME: Final = "urn:workos"
#: What a violation says of a request that WorkOS's document does not allow.
ACCEPTED: Final = "accepted, but"
#: A path or method that the sandbox does not serve.
NOT_SERVED: Final = (404, {"message": "Not Found"})


class Exchange(NamedTuple):
    """One request to the sandbox and its answer; bodies are bytes, the path is percent-encoded."""

    method: str
    path: str
    query: str
    sent: bytes
    status: int
    headers: Mapping[str, str]
    body: bytes


class Contract:
    """The document in a form that exchanges are held against."""

    def __init__(self, document: Json) -> None:
        self.document = document
        registry = jsonschema_rs.Registry(resources=[(_NAME, self.document)], draft=jsonschema_rs.Draft202012)
        self._registry = registry
        self._validators: dict[str, Any] = {}
        templates = sorted(self.document["paths"], key=lambda path: [part[:1] == "{" for part in path.split("/")])
        self._templates = [(re.compile(re.sub(r"{[^}]*}", "[^/]+", path)), path) for path in templates]

    def operation(self, method: str, path: str) -> tuple[str, Json] | None:
        """The template of a path, and the operation; None if the sandbox does not serve it."""
        for pattern, template in self._templates:
            if pattern.fullmatch(path):
                found = self.document["paths"][template].get(method.lower())
                return None if found is None else (template, found)
        return None

    def violations(self, exchange: Exchange) -> list[str]:
        """What in an exchange the document does not describe; no value that was sent is in it."""
        found = self.operation(exchange.method, exchange.path)
        answered = parsed(exchange.body)
        if found is None:
            name = f"{exchange.method} {exchange.path} {exchange.status}"
            return [] if (exchange.status, answered) == NOT_SERVED else [f"{name}: no such operation"]
        template, operation = found
        name = f"{exchange.method} {template} {exchange.status}"
        if str(exchange.status) not in operation["responses"]:
            return [f"{name}: no such status"]
        wrong = [f"{name}: {one}" for one in self._of_answer(template, exchange, operation, answered)]
        if exchange.status < 300:
            wrong += [f"{name}: {ACCEPTED} {one}" for one in self._of_request(template, exchange, operation)]
        return wrong

    def _of_answer(self, template: str, exchange: Exchange, operation: Json, answered: object) -> Iterable[str]:
        content = operation["responses"][str(exchange.status)].get("content")
        if content is None:
            return ["has a body"] if exchange.body else []
        kind = exchange.headers.get("content-type", "")
        if kind.partition(";")[0] != MEDIA_TYPE:
            return [f"is of type {kind!r}"]
        return self._wrong(answered, template, exchange.method.lower(), "responses", str(exchange.status))

    def _of_request(self, template: str, exchange: Exchange, operation: Json) -> Iterable[str]:
        known = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
        sent = dict(parse_qsl(exchange.query, keep_blank_values=True))
        wrong = [f"the query has {name}" for name in sorted(sent.keys() - known)]
        if "requestBody" not in operation:
            return [*wrong, "the request has a body"] if exchange.sent else wrong
        if not exchange.sent and not operation["requestBody"].get("required", False):
            return wrong
        body = parsed(exchange.sent)
        return [*wrong, *self._wrong(body, template, exchange.method.lower(), "requestBody")]

    def _wrong(self, value: object, template: str, *keys: str) -> Iterable[str]:
        pointer = "/".join(
            one.replace("~", "~0").replace("/", "~1")
            for one in ("paths", template, *keys, "content", MEDIA_TYPE, "schema")
        )
        validator = self._validators.get(pointer)
        if validator is None:
            validator = self._validators[pointer] = jsonschema_rs.Draft202012Validator(
                {"$ref": f"{_NAME}#/{quote(pointer)}"}, registry=self._registry, validate_formats=True, mask="(a value)"
            )
        return [
            f"{'.'.join(map(str, error.instance_path)) or 'body'}: {error.message}"
            for error in validator.iter_errors(value)
        ]


def parsed(body: bytes) -> object:
    """A body of JSON; None for none, its text for anything else."""
    try:
        return json.loads(body) if body else None
    except ValueError:
        return body.decode("utf-8", errors="replace")
