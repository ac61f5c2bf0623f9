"""Who may look at the sandbox and control it: programs on this machine, and the sandbox's own page.

A web page of somebody else, open in a browser on this machine, must neither read what is here nor write: its name may
point to this address (DNS rebinding, so ``Host`` must be loopback), and it may send requests blindly (CSRF, so
``Origin`` must be the sandbox's own). Clients that are no browser send no ``Origin``.
"""

from collections.abc import Awaitable, Callable
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

Respond = Callable[[Request], Awaitable[Response]]


def guarded(respond: Respond) -> Respond:
    """Return the endpoint with a guard before it, which answers 403 and one sentence."""

    async def respond_if_local(request: Request) -> Response:
        refusal = _refusal(request)
        return await respond(request) if refusal is None else JSONResponse({"message": refusal}, 403)

    return respond_if_local


def _refusal(request: Request) -> str | None:
    host, origin = request.headers.get("host", ""), request.headers.get("origin")
    if request.client is None or not _is_loopback(request.client.host):
        return "Only this machine may control the sandbox."
    if not _is_loopback(_name(host)):
        return "The Host header must be localhost or a loopback address."
    if origin is not None and origin != f"http://{host}":
        return "A page of another origin may not control the sandbox."
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
