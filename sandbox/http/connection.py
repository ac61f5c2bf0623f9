"""Reading a request whole, and closing a connection as a network does that fails."""

from typing import Final

from starlette.types import Receive, Scope

#: Scope extension with which the server lets an endpoint close the connection without an answer.
HANG_UP: Final = "sandbox.hang_up"


async def read(receive: Receive) -> bytes | None:
    """Return the request's body; None if the client hung up before all of it was here."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def hang_up(scope: Scope) -> None:
    """Close the connection after what was sent; the client sees a transport error, as when a network fails.

    Under a server without the extension, the error is raised instead.
    """
    extension = scope.get("extensions", {}).get(HANG_UP)
    if extension is None:
        message = "the connection was dropped"
        raise ConnectionAbortedError(message)
    extension["close"]()
