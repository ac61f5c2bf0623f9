"""``POST /oauth/token``: client credentials for a Management API token, and the check of that token.

Source: Auth0 docs, get Management API access tokens for production; Authentication API, client credentials flow.
"""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from sandbox.auth0.refusals import insufficient_scope, oauth_error, unauthorized
from sandbox.auth0.state import Auth0, Call, Operation

#: A client secret of this form is refused, for tests of the refusal; any other is good.
WRONG_SECRET: Final = "wrong"  # noqa: S105 - the form of a secret, not one
#: The audience of the Management API is ``https://<domain>/api/v2/``, slash included; the domain is not compared.
AUDIENCE_END: Final = "/api/v2/"


def create_token(call: Call) -> Response:
    """Give out a token with the scopes that are set; a ``scope`` that is sent changes nothing."""
    sent = _read(call)
    grant = sent.get("grant_type")
    if grant != "client_credentials":
        raise oauth_error(403, "unsupported_grant_type", f"Unsupported grant type: {grant}")
    secret = sent.get("client_secret")
    if not sent.get("client_id") or not isinstance(secret, str) or not secret or secret.startswith(WRONG_SECRET):
        raise oauth_error(401, "access_denied", "Unauthorized")
    audience = sent.get("audience")
    if not isinstance(audience, str) or not audience.endswith(AUDIENCE_END):
        raise oauth_error(403, "access_denied", f"Service not enabled within domain: {audience}")
    token, scopes = secrets.token_urlsafe(32), call.auth0.switches.scopes
    call.auth0.tokens[token] = frozenset(scopes)
    return JSONResponse(
        {
            "access_token": token,
            "scope": " ".join(scopes),
            "expires_in": call.auth0.switches.expires_in,
            "token_type": "Bearer",
        },
    )


def check_token(auth0: Auth0, headers: Headers, expected: tuple[str, ...], fault: str | None) -> frozenset[str]:
    """Return the scopes of the request's token; refuse it if none of the expected ones is among them.

    The fault ``token_expired`` ends the token here and for good.
    """
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise unauthorized("Missing authentication")
    if fault == "token_expired":
        auth0.tokens.pop(token, None)
        raise unauthorized("Expired token received for JSON Web Token validation")
    scopes = auth0.tokens.get(token)
    if scopes is None:
        raise unauthorized("Invalid token")
    if scopes.isdisjoint(expected):
        raise insufficient_scope(expected)
    return scopes


def _read(call: Call) -> Mapping[str, Any]:
    """A form, as the SDK sends it, or JSON."""
    if not call.headers.get("content-type", "").startswith("application/json"):
        return dict(parse_qsl(call.body.decode("utf-8", "replace")))
    try:
        sent = json.loads(call.body)
    except ValueError as error:
        raise oauth_error(400, "invalid_request", "The body is not JSON.") from error
    return sent if isinstance(sent, dict) else {}


OPERATIONS: Final = {"/oauth/token": {"POST": Operation(create_token)}}
