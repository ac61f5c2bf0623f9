"""Who may use the sandbox, look at it and control it: programs on this machine, and the sandbox's own page.

A web page of somebody else, open in a browser on this machine, must neither read what is here nor write: its name may
point to this address (DNS rebinding, so ``Host`` must be loopback), and it may send requests blindly (CSRF, so
``Origin`` must be the sandbox's own). Clients that are no browser send no ``Origin``.
"""

from functools import lru_cache
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send


class ThisMachineOnly:
    """The application with a guard before it, which answers 403 and one sentence."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        refusal = _refusal(scope) if scope["type"] == "http" else None
        app = self._app if refusal is None else JSONResponse({"message": refusal}, 403)
        await app(scope, receive, send)


def _refusal(scope: Scope) -> str | None:
    host, origin = b"", None
    for name, value in scope["headers"]:
        if name == b"host":
            host = value
        elif name == b"origin":
            origin = value
    return _judged(scope["client"] and scope["client"][0], host, origin)


@lru_cache(100)
def _judged(client: str | None, host: bytes, origin: bytes | None) -> str | None:
    if client is None or not _is_loopback(client):
        return "Only this machine may use the sandbox."
    if not _is_loopback(_name(host.decode("latin-1"))):
        return "The Host header must be localhost or a loopback address."
    if origin is not None and origin != b"http://" + host:
        return "A page of another origin may not use the sandbox."
    return None


def _name(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_loopback(name: str) -> bool:
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return name == "localhost"
