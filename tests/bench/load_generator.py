"""Requests over keep-alive connections, as fast as they are answered, at little cost to the machine."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from urllib.parse import urlsplit

CONNECTIONS = 16


class Connection(asyncio.Protocol):
    """One connection that sends the next request when the last is answered, until there are none left."""

    def __init__(self, requests: Iterator[bytes], statuses: Counter[int], done: asyncio.Future[None]) -> None:
        self._requests, self._statuses, self.done = requests, statuses, done
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Count an answer that is whole, and go on."""
        self._received += data
        head, ended, body = self._received.partition(b"\r\n\r\n")
        if not ended:
            return
        length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
        if len(body) == length:
            self._statuses[int(head[9:12])] += 1
            self._received = b""
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        """End, well or with the error that broke it."""
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def _send(self) -> None:
        request = next(self._requests, None)
        if request is not None:
            self._transport.write(request)
        elif not self.done.done():
            self.done.set_result(None)
            self._transport.close()


def post(path: str, body: bytes) -> bytes:
    """One request as bytes."""
    return (
        f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer sk_test_load\r\n"
        f"content-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    ).encode() + body


def load(url: str, requests: Iterator[bytes]) -> Counter[int]:
    """Send all requests over 16 connections; how often each status was answered."""
    return asyncio.run(_load(url, requests))


async def _load(url: str, requests: Iterator[bytes]) -> Counter[int]:
    address, statuses, loop = urlsplit(url), Counter[int](), asyncio.get_running_loop()
    connections = [Connection(requests, statuses, loop.create_future()) for _ in range(CONNECTIONS)]
    for connection in connections:
        await loop.create_connection(iter([connection]).__next__, str(address.hostname), int(address.port or 0))
    await asyncio.gather(*(connection.done for connection in connections))
    return statuses
