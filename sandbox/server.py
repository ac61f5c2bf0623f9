"""Starting and stopping the sandbox: in this process for tests, or as a process of its own for a demo."""

import asyncio
import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox.auth0.endpoint import PREFIX
from sandbox.auth0.routes import auth0_routes
from sandbox.control import control_routes
from sandbox.http.connection import HANG_UP, hang_up
from sandbox.http.loopback import ThisMachineOnly
from sandbox.page import page_routes
from sandbox.sandbox import Sandbox, Start
from sandbox.workos import authenticate, domains, events, factors, memberships, organizations, permissions, roles, users
from sandbox.workos.call import Operation
from sandbox.workos.endpoint import Endpoint
from sandbox.workos.state import Environment

HOST: Final = "127.0.0.1"
#: Idle connections stay open for an hour: a client must never meet a closed one that no test asked for.
KEEP_ALIVE_SECONDS: Final = 3600
#: Calls still running when the server stops get this long.
GRACE_SECONDS: Final = 2

OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    **users.OPERATIONS,
    **memberships.OPERATIONS,
    **organizations.OPERATIONS,
    **domains.OPERATIONS,
    **roles.OPERATIONS,
    **permissions.OPERATIONS,
    **factors.OPERATIONS,
    **events.OPERATIONS,
    **authenticate.OPERATIONS,
    "/{path:rest}": {},
}


def build_app(start: Start | None = None, environment: Environment | None = None) -> Starlette:
    """Return a new sandbox as an ASGI application: how it starts, and the environment to begin with.

    Raises:
        Refusal: a setting or a fault is wrong.
    """
    sandbox = Sandbox(start)
    if environment is not None:
        sandbox.workos.begin(environment)
    endpoints: list[Endpoint] = []
    routes = [
        Route(template, Endpoint(sandbox.workos, template, calls, endpoints)) for template, calls in OPERATIONS.items()
    ]
    routes = [*page_routes(sandbox), *control_routes(sandbox), *auth0_routes(sandbox.auth0), *routes]
    return Starlette(routes=routes, middleware=[Middleware(ThisMachineOnly)])


def serve(listener: socket.socket, app: Starlette, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then return.

    ``announce`` is called with one line of JSON, ``{"workos_url": U, "auth0_url": U/auth0}``, as soon as connections
    are accepted.
    """
    url = _url(listener)
    _Server(app, lambda: announce(json.dumps({"workos_url": url, "auth0_url": url + PREFIX}))).run([listener])


@contextlib.contextmanager
def running(start: Start | None = None, environment: Environment | None = None) -> Iterator[str]:
    """Serve in a thread of this process and yield the base URL; the Auth0 side is under ``/auth0`` of it.

    ``environment`` is the one to begin with, None: an empty one.
    """
    started = threading.Event()
    with listen(0) as listener:
        server = _Server(build_app(start, environment), started.set)

        def run() -> None:
            try:
                server.run([listener])
            finally:
                started.set()

        thread = threading.Thread(target=run, name="sandbox", daemon=True)
        thread.start()
        try:
            started.wait()
            yield _url(listener)
        finally:
            server.should_exit = True
            thread.join()


class _Protocol(HttpToolsProtocol):
    """Lets an endpoint close its connection, which ASGI alone cannot do."""

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        cycle = self.cycle
        if cycle is None or cycle.scope is not self.scope:
            return

        def close() -> None:
            cycle.disconnected = True
            cycle.transport.close()

        self.scope["extensions"] = {HANG_UP: {"close": close}}


class _Server(uvicorn.Server):
    """Says when it accepts connections, and takes a signal as the wish to stop rather than a way to die."""

    def __init__(self, app: Starlette, announce: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                _until_stopped(app),
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
            ),
        )
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        giving_up = asyncio.create_task(self._give_up())
        await super().shutdown(sockets)
        giving_up.cancel()

    async def _give_up(self) -> None:
        """Hang up on whoever is not answered when the grace has passed."""
        await asyncio.sleep(GRACE_SECONDS)
        for task in self.server_state.tasks:
            task.cancel()
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


def _until_stopped(app: ASGIApp) -> ASGIApp:
    """Return the application whose requests end without an answer when the server gives up on them."""

    async def serve_one(scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:
            hang_up(scope)

    return serve_one


def listen(port: int) -> socket.socket:
    """Return a socket on 127.0.0.1; port 0 takes a free one. Raises OSError for one that is taken."""
    return socket.create_server((HOST, port), backlog=1024)


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
