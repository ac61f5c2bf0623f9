"""The pace that the budgets allow, kept in the HTTP transport below the SDK, so that its retries are paced too."""

from __future__ import annotations

import threading

import httpx2

from providers.workos.budgets import Budgets

#: What a WorkOS answer may make the whole process wait; the SDK caps its own waits likewise.
_LONGEST_PAUSE = 60.0
#: A 429 that does not say for how long: the first pause, doubled for each further 429 in a row, in seconds.
_FIRST_PAUSE, _LONGEST_GUESS = 1.0, 30.0
#: How often a request that was refused for its rate is sent again before the caller hears of it.
_PATIENCE = 6


class PacedTransport(httpx2.BaseTransport):
    """Sends a request when the budgets allow it; after a 429 nobody sends until the pause has passed.

    A request that was answered 429 was not done, so it is sent again from here, a create too.
    `interrupted` tells the calling thread whether a write since `begin` may have been done without an answer.
    """

    def __init__(self, inner: httpx2.BaseTransport, budgets: Budgets) -> None:
        self._inner, self._budgets = inner, budgets
        self._thread = threading.local()
        self._counting = threading.Lock()
        #: The writes sent so far, repeats included.
        self.writes = 0
        #: The other requests, likewise.
        self.reads = 0

    def begin(self) -> None:
        """The calling thread starts a new call."""
        self._thread.interrupted, self._thread.request_id = False, ""

    def request_id(self) -> str:
        """WorkOS's id of the last request of this thread that was answered, '' if the answer named none."""
        return str(getattr(self._thread, "request_id", ""))

    def interrupted(self) -> bool:
        """Did a write of this thread's call end without an answer, or with a server's fault?"""
        return bool(getattr(self._thread, "interrupted", False))

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pace and send, again after each 429, and remember what the answer means for the others."""
        for refused in range(_PATIENCE + 1):
            response = self._send(request)
            if response.status_code != 429:
                break
            self._pause(response.headers.get("retry-after", ""), refused)
            if refused < _PATIENCE:
                response.close()
        return response

    def _send(self, request: httpx2.Request) -> httpx2.Response:
        is_write = request.method != "GET"
        try:
            response = self._paced(request, is_write)
        except httpx2.ConnectError:
            raise
        except httpx2.TransportError:
            self._thread.interrupted = self.interrupted() or is_write
            raise
        self._thread.request_id = response.headers.get("x-request-id", "")
        if response.status_code >= 500:
            self._thread.interrupted = self.interrupted() or is_write
        return response

    def _paced(self, request: httpx2.Request, is_write: bool) -> httpx2.Response:
        method, path = request.method, request.url.path
        sent, answered = self._budgets.spend(method, path), False
        with self._counting:
            self.writes += is_write
            self.reads += not is_write
        try:
            response = self._inner.handle_request(request)
            answered = True
        finally:
            self._budgets.end(method, path, sent, answered)
        return response

    def _pause(self, retry_after: str, refused: int) -> None:
        is_told = retry_after.isdecimal() and int(retry_after) > 0
        seconds = min(float(retry_after), _LONGEST_PAUSE) if is_told else min(_FIRST_PAUSE * 2**refused, _LONGEST_GUESS)
        self._budgets.pause(seconds)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()
