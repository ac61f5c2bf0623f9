"""How a call is refused: by raising what is to be answered, in WorkOS's shapes, which ``/_sandbox`` has too."""

from typing import Any


class Refusal(Exception):
    """An answer of 4xx; raised by a rule before anything has changed, but for a token that lets the caller go on."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(body.get("message") or body["error_description"])
        self.status = status
        self.body = body


def coded(status: int, code: str, message: str) -> Refusal:
    """``{code, message}``."""
    return Refusal(status, {"code": code, "message": message})


def malformed_body() -> Refusal:
    """The body is not JSON; the status is not documented."""
    return Refusal(400, {"message": "The request body is not valid JSON."})


def invalid_parameters(code: str, message: str) -> Refusal:
    """One violation of the request schema; a message begins with the name of the field."""
    return invalid_parameter_list([{"code": code, "message": message}])


def invalid_parameter_list(errors: list[dict[str, str]]) -> Refusal:
    """Violations of the request schema: 422 ``invalid_request_parameters``."""
    return Refusal(422, {"code": "invalid_request_parameters", "message": "Validation failed", "errors": errors})
