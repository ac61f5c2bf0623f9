"""A transport that sends nothing that writes: for commands that look at WorkOS and promise to leave it as it is."""

from __future__ import annotations

import httpx2


class WriteRefused(RuntimeError):
    """A command that may only read was about to write: a fault of Ferry's. Nothing was sent."""


class ReadsOnly(httpx2.BaseTransport):
    """Sends GET requests, and refuses all others before they are sent."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises WriteRefused for what is no GET."""
        if request.method != "GET":
            raise WriteRefused(f"{request.method} {request.url.path} was refused: this command only reads. Report it")
        return self._inner.handle_request(request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
