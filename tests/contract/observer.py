"""Every answer that a client gets from the sandbox is held against WorkOS's document."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import httpx

from tests.contract.conformance import ACCEPTED, Contract, Exchange, parsed

#: Not part of WorkOS, as the sandbox's page at ``/``.
_OTHERS: Final = ("/_sandbox", "/auth0")


def exchange_of(request: Any, response: Any) -> Exchange | None:
    """What went over the wire, of httpx or httpx2; None for a path that is not part of WorkOS."""
    path, _, query = request.url.raw_path.decode().partition("?")
    if path == "/" or path.startswith(_OTHERS):
        return None
    return Exchange(
        request.method, path, query, request.read(), response.status_code, response.headers, response.read()
    )


def observed(send: Callable[..., Any], contract: Contract) -> Callable[..., Any]:
    """A client's ``send`` that fails for an answer which the document does not describe.

    Left out is only what the test has made up itself (``_made_up``).
    """

    def send_and_observe(client: Any, request: Any, **options: Any) -> Any:
        response = send(client, request, **options)
        exchange = exchange_of(request, response)
        wrong = [] if exchange is None else contract.violations(exchange)
        if exchange is not None and wrong and not _made_up(exchange, wrong, str(request.url.copy_with(raw_path=b"/"))):
            raise AssertionError("\n".join(["WorkOS's document knows no such answer:", *wrong]))
        return response

    return send_and_observe


def _made_up(exchange: Exchange, wrong: list[str], url: str) -> bool:
    """Whether an armed fault that has struck answers exactly so, or the setting lets unknown fields pass."""
    for fault in httpx.get(f"{url}_sandbox/faults").json():
        if fault["hits"] and (fault["status"], fault["body"]) == (exchange.status, parsed(exchange.body)):
            return True
    ignored = httpx.get(f"{url}_sandbox/settings").json()["unknown_fields"] == "ignore"
    return ignored and all(ACCEPTED in one for one in wrong)
