"""Every way the Management API says no: ``{statusCode, error, message, errorCode}``, and a CDN's XML for links.

Shapes and texts: Management API reference (errors), and public issue threads where the reference shows none.
"""

from http import HTTPStatus
from typing import Any

from starlette.responses import JSONResponse, Response


class Refused(Exception):
    """An answer of 4xx or 5xx."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def management_error(status: int, message: str, code: str | None = None, **more: Any) -> Refused:
    """The Management API's error object."""
    body: dict[str, Any] = {"statusCode": status, "error": HTTPStatus(status).phrase, "message": message, **more}
    return Refused(JSONResponse(body if code is None else {**body, "errorCode": code}, status))


def unknown_route() -> Refused:
    """A path or method that is not part of this sandbox."""
    return management_error(404, "Not Found")


def unauthorized(message: str) -> Refused:
    """No token, or one that is not valid (any more)."""
    return management_error(401, message, attributes={"error": message})


def insufficient_scope(expected: tuple[str, ...]) -> Refused:
    """The token lacks a scope; ``expected`` are those of which one is enough."""
    message = f"Insufficient scope, expected any of: {','.join(expected)}"
    return management_error(403, message, "insufficient_scope")


def too_many_requests() -> Refused:
    """The endpoint's bucket is empty."""
    return management_error(429, "Global limit has been reached", "too_many_requests")


def invalid_query(message: str) -> Refused:
    """A query parameter that is unknown or outside its range."""
    return management_error(400, f"Query validation error: '{message}'", "invalid_query_string")


def invalid_body(message: str) -> Refused:
    """A body that its schema does not allow."""
    return management_error(400, f"Payload validation error: '{message}'", "invalid_body")


def beyond_offset_paging(page: int) -> Refused:
    """Offset paging ends at 1,000 records, whatever the real count."""
    message = (
        f"Requesting page {page} exceeds the allowed maximum of 1000 records. "
        "To fetch results beyond 1000, use the checkpoint pagination method."
    )
    return management_error(400, message, "invalid_paging")


def not_found(what: str, code: str) -> Refused:
    """An unknown id. The texts are not documented."""
    return management_error(404, f"The {what} does not exist.", code)


def oauth_error(status: int, error: str, description: str) -> Refused:
    """The token endpoint's error object (RFC 6749, section 5.2)."""
    return Refused(JSONResponse({"error": error, "error_description": description}, status))


def cdn_error(status: int, code: str, message: str) -> Refused:
    """A signed link that is refused, as the store behind the CDN words it."""
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>'
    return Refused(Response(body, status, media_type="application/xml"))
