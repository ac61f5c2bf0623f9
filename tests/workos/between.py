"""Ferry's transport to the sandbox, with something that happens right after one chosen answer."""

from __future__ import annotations

from collections.abc import Callable

import httpx2


class Between(httpx2.HTTPTransport):
    """Calls `then` once, after the first answer to a request whose method and path end so, before it is given out."""

    def __init__(self, method: str, path: str, then: Callable[[], object]) -> None:
        super().__init__()
        self._method, self._path, self._then = method, path, then
        self.has_happened = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The answer."""
        response = super().handle_request(request)
        response.read()
        if not self.has_happened and request.method == self._method and request.url.path.endswith(self._path):
            self.has_happened = True
            self._then()
        return response
