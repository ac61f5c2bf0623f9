"""The file behind an export job's link: a signed address of a CDN that lives 60 seconds, fetched without any token.

Source: Auth0 docs, bulk user exports.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import httpx

from providers.auth0.download.access import is_safe
from providers.auth0.download.display import Display
from providers.auth0.download.errors import Damaged, DownloadError, LinkExpired
from providers.auth0.download.files import open_private
from providers.auth0.download.state import State

#: How a CDN or a store says that a signature or an object is not valid any more.
_EXPIRED = frozenset({400, 401, 403, 404, 410})
_TIMEOUT = httpx.Timeout(30)


class Link:
    """Downloads one file into `part`, link after link; each goes on where the last one broke."""

    def __init__(self, part: Path, state: State, display: Display, check: Callable[[], None]) -> None:
        """`check` is called for every piece that arrives, and raises to leave."""
        self._part, self._state, self._display, self._check = part, state, display, check
        self._http = httpx.Client(timeout=_TIMEOUT, follow_redirects=False)

    def size(self) -> int:
        """Bytes that have arrived."""
        return self._part.stat().st_size if self._part.exists() else 0

    def forget(self) -> None:
        """Begin the file anew."""
        self._part.unlink(missing_ok=True)
        self._state.note(users_tag=None, users_fetched=None)

    def fetch(self, address: str) -> None:
        """Fetch the rest of the file. Raises LinkExpired, Damaged, httpx.RequestError and HTTPStatusError."""
        if not is_safe(address):
            raise DownloadError("Auth0's link to the file of users is no https address: it is not opened")
        tag, size = self._state.fact("users_tag"), self.size()
        headers = {"accept-encoding": "identity"}
        if tag and size:
            headers |= {"range": f"bytes={size}-", "if-range": tag}
        with self._http.stream("GET", address, headers=headers) as response:
            status = response.status_code
            if status in _EXPIRED:
                raise LinkExpired
            if status == 416:
                raise Damaged
            if status == 206 and response.headers.get("content-range", "").startswith(f"bytes {size}-"):
                mode = "ab"
            elif status == 200:
                mode, size = "wb", 0
                etag = response.headers.get("etag", "")
                self._state.note(users_tag=etag if etag.startswith('"') else None)
            else:
                raise httpx.HTTPStatusError(f"answers {status}", request=response.request, response=response)
            length = response.headers.get("content-length", "")
            self._display.begin(
                "users", total=size + int(length) if length.isdecimal() else None, done=size, unit="bytes"
            )
            with open_private(self._part, mode) as file:
                for piece in response.iter_raw():
                    file.write(piece)
                    self._display.advance("users", len(piece))
                    self._check()
                file.flush()
                os.fsync(file.fileno())
        self._state.note(users_fetched=True)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()
