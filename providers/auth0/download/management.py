"""The one door to Auth0: token and Management API over auth0-python's low-level client, as plain JSON.

Its response models are left out: one organization or member that they do not expect would fail a whole page. Its
retries are off, since they repeat the request that starts an export job; `pacing` has ours.
"""

from __future__ import annotations

import threading
import time
from typing import Any
from urllib.parse import quote

import httpx
from auth0.management.client import Auth0

from providers.auth0.download.access import Access
from providers.auth0.download.errors import DownloadError, Gone, Refused, Unanswered
from providers.auth0.download.pacing import MOST_FAILURES, Attempts, Gate

Json = dict[str, Any]
#: Requests in flight at once: enough to use what Auth0 allows (16 a second on its fastest public plan).
IN_FLIGHT = 8
_TIMEOUT = httpx.Timeout(30)
#: A token is renewed this long before its end.
_LEEWAY_SECONDS = 60
#: Nothing has arrived at the server when these are raised.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class Token:
    """A Management API token by client credentials, renewed before it ends; thread-safe, never in a message.

    `scopes` are those that Auth0 says it granted with the latest one, None if it says nothing.
    """

    def __init__(self, access: Access, http: httpx.Client, gate: Gate) -> None:
        self._access, self._http, self._gate = access, http, gate
        self._lock = threading.Lock()
        self._text, self._ends_at = "", 0.0
        self.scopes: frozenset[str] | None = None

    def __call__(self) -> str:
        """The token as text. Raises DownloadError if Auth0 gives none."""
        with self._lock:
            if not self._text or time.monotonic() >= self._ends_at:
                self._fetch()
            return self._text

    def drop(self, text: str) -> None:
        """Forget a refused token: the next call gets another one."""
        with self._lock:
            if self._text == text:
                self._text = ""

    def _fetch(self) -> None:
        access = self._access
        form = {
            "grant_type": "client_credentials",
            "client_id": access.client_id,
            "client_secret": access.client_secret,
            "audience": access.audience,
        }
        # A wrong address is told at once; a long download outlasts what comes and goes.
        attempts = Attempts(self._gate, f"{access.base_url}/oauth/token", MOST_FAILURES if self._ends_at else 4)
        while True:
            self._gate.enter()
            try:
                response = self._http.post(f"{access.base_url}/oauth/token", data=form)
            except httpx.RequestError as error:
                attempts.failed(_word(error))
                continue
            told_to_wait = self._gate.heed(response.status_code, response.headers)
            answer = _json(response)
            if response.is_success and isinstance(answer, dict) and isinstance(answer.get("access_token"), str):
                self._text = answer["access_token"]
                lifetime = answer.get("expires_in")
                self._ends_at = time.monotonic() + (lifetime if isinstance(lifetime, int) else 3600) - _LEEWAY_SECONDS
                scope = answer.get("scope")
                self.scopes = frozenset(scope.split()) if isinstance(scope, str) else None
                return
            if _is_final(response):
                raise _no_token(access, response.status_code, answer)
            limited = response.status_code == 429 and told_to_wait
            attempts.failed(f"answers {response.status_code} and no token", told_to_wait=limited)


class Management:
    """The Management API of one tenant. Thread-safe; all its requests pass the gate."""

    def __init__(self, access: Access, gate: Gate) -> None:
        self._gate = gate
        limits = httpx.Limits(max_connections=IN_FLIGHT + 2, max_keepalive_connections=IN_FLIGHT + 2)
        self._http = httpx.Client(timeout=_TIMEOUT, limits=limits, follow_redirects=False)
        self.token = Token(access, self._http, gate)
        sdk = Auth0(
            base_url=f"{access.base_url}/api/v2", token=self.token, httpx_client=self._http, timeout=30, max_retries=0
        )
        self._sdk = sdk._client_wrapper.httpx_client

    def get(self, *path: str, **params: str | int) -> Any:
        """The JSON of one GET, tried again on 429, 5xx and network failures. Raises Refused, Gone, Unanswered."""
        return self._ask("GET", path, params=params)

    def post_once(self, *path: str, body: Json) -> Any:
        """The JSON of one POST, repeated only if Auth0 surely did not do it (429, or nothing could be sent).

        Raises Refused, and Unanswered if it may have been done without an answer.
        """
        return self._ask("POST", path, body=body)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _ask(self, method: str, path: tuple[str, ...], params: Json | None = None, body: Json | None = None) -> Any:
        what = f"{method} {'/'.join(path)}"
        attempts, renewed = Attempts(self._gate, f"Auth0 {what}"), False
        while True:
            self._gate.enter()
            try:
                response = self._sdk.request(
                    "/".join(quote(part, safe="") for part in path), method=method, params=params, json=body
                )
            except httpx.RequestError as error:
                if method == "POST" and not isinstance(error, _NOT_SENT):
                    raise Unanswered(f"Auth0 {what}: {_word(error)}") from None
                attempts.failed(_word(error))
                continue
            status = response.status_code
            told_to_wait = self._gate.heed(status, response.headers)
            answer = _json(response)
            if response.is_success and isinstance(answer, dict | list):
                return answer
            if status == 401 and not renewed:
                self.token.drop(response.request.headers["authorization"].partition(" ")[2])
                renewed = True
                continue
            if _is_final(response):
                raise _refusal(what, status, answer)
            if method == "POST" and status != 429:
                raise Unanswered(f"Auth0 {what}: answers {status}")
            fault = f"answers {status}" if not response.is_success else "answers with something else than JSON"
            attempts.failed(fault, told_to_wait=told_to_wait and status == 429)


def _is_final(response: httpx.Response) -> bool:
    """The same request would be answered in the same way again."""
    return response.is_redirect or (response.is_client_error and response.status_code not in {408, 429})


def _json(response: httpx.Response) -> Any:
    try:
        return response.json()
    except (ValueError, RecursionError):
        return None


def _word(error: httpx.RequestError) -> str:
    """What went wrong on the way, without the address: a link's address opens the file."""
    if isinstance(error, httpx.ConnectError):
        return "cannot be reached; check AUTH0_DOMAIN and the network"
    return "did not answer in time" if isinstance(error, httpx.TimeoutException) else "the connection broke"


def _refusal(what: str, status: int, answer: Any) -> Refused:
    code = answer.get("errorCode") if isinstance(answer, dict) else None
    code = code if isinstance(code, str) else ""
    message = f"Auth0 refuses {what} ({' '.join(part for part in (str(status), code) if part)})"
    if status == 401:
        message += ": it does not accept the token it gave a moment ago. Check AUTH0_DOMAIN and AUTH0_BASE_URL"
    elif status == 403:
        message += ": the application is not allowed to. Check its scopes and the tenant's plan"
    return (Gone if status == 404 else Refused)(message, status, code)


def _no_token(access: Access, status: int, answer: Any) -> DownloadError:
    code = answer.get("error") if isinstance(answer, dict) else None
    message = f"Auth0 at {access.base_url} gives no token ({' '.join([str(status), *([code] if code else [])])}). "
    if status == 401:
        return DownloadError(message + "AUTH0_CLIENT_ID or AUTH0_CLIENT_SECRET is wrong for this tenant")
    return DownloadError(
        f"{message}Authorize the application for the API {access.audience} (Dashboard, Applications, APIs), "
        "and check that AUTH0_DOMAIN is the tenant's own domain, not a custom one"
    )
