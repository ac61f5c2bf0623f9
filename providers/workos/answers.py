"""What counts as an answer of WorkOS: a JSON object. A proxy's page, a redirect or cut JSON says nothing was done."""

from __future__ import annotations

import httpx2


class NotAnAnswer(httpx2.RemoteProtocolError):
    """Something else than WorkOS answered; retried like a broken connection, since a write may have been done."""


class AnswersTransport(httpx2.BaseTransport):
    """Lets through JSON objects and the empty answers of deletions; an error's other bodies become an empty object."""

    def __init__(self, inner: httpx2.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Raises NotAnAnswer for a success or redirect that is none of WorkOS's."""
        response = self._inner.handle_request(request)
        response.read()
        if response.is_success and not response.content and request.method == "DELETE":
            return response
        if _is_object(response) and not response.is_redirect:
            return response
        if response.is_error:
            kept = [(name, value) for name, value in response.headers.multi_items() if not name.startswith("content-")]
            return httpx2.Response(response.status_code, headers=kept, content=b"{}", request=request)
        raise NotAnAnswer("the answer is none of WorkOS's", request=request)

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()


def _is_object(response: httpx2.Response) -> bool:
    try:
        return isinstance(response.json(), dict)
    except ValueError:
        return False
