"""Starting and stopping the sandbox: in this process for tests, or as a process of its own for a demo."""

import contextlib
import json
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from types import FrameType
from typing import Final

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from sandbox import authenticate, domains, events, factors, memberships, organizations, permissions, roles, users
from sandbox.auth0.endpoint import PREFIX
from sandbox.auth0.routes import auth0_routes
from sandbox.call import Operation
from sandbox.connection import HANG_UP
from sandbox.control import control_routes
from sandbox.endpoint import Endpoint, Sandbox, Start
from sandbox.page import page_routes
from sandbox.state import Environment

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
    sandbox = Sandbox(start or Start())
    if environment is not None:
        sandbox.begin(environment)
    routes = [Route(template, Endpoint(sandbox, template, calls)) for template, calls in OPERATIONS.items()]
    return Starlette(routes=[*page_routes(sandbox), *control_routes(sandbox), *auth0_routes(sandbox), *routes])


def serve(port: int, app: Starlette) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT, then return; port 0 takes a free one.

    Prints one line of JSON, ``{"workos_url": U, "auth0_url": U/auth0}``, as soon as connections are accepted.
    """
    with _listener(port) as listener:
        url = _url(listener)

        def announce() -> None:
            sys.stdout.write(json.dumps({"workos_url": url, "auth0_url": url + PREFIX}) + "\n")
            sys.stdout.flush()

        _Server(app, announce).run([listener])


@contextlib.contextmanager
def running(start: Start | None = None) -> Iterator[str]:
    """Serve in a thread of this process and yield the base URL; the Auth0 side is under ``/auth0`` of it."""
    started = threading.Event()
    with _listener(0) as listener:
        server = _Server(build_app(start), started.set)

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

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {HANG_UP: {"close": self.transport.close}}


class _Server(uvicorn.Server):
    """Says when it accepts connections, and takes a signal as the wish to stop rather than a way to die."""

    def __init__(self, app: Starlette, announce: Callable[[], None]) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level="error",
                access_log=False,
                server_header=False,
                date_header=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=GRACE_SECONDS,
            ),
        )
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._announce()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.should_exit = True


def _listener(port: int) -> socket.socket:
    return socket.create_server((HOST, port), backlog=1024)


def _url(listener: socket.socket) -> str:
    return f"http://{HOST}:{listener.getsockname()[1]}"
