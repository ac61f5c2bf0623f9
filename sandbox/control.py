"""``/_sandbox``: what a test may ask and set; not part of WorkOS, needs no key, is never logged.

``GET`` and ``DELETE /_sandbox/requests``, ``POST /_sandbox/reset``, ``GET`` and ``POST /_sandbox/settings``,
``GET /_sandbox/directory``, ``GET``, ``POST`` and ``DELETE /_sandbox/faults``; of Auth0, see ``sandbox.auth0.control``.
Secrets are given out as SHA-256 only. A request from another machine is refused.
"""

import json
from collections.abc import Callable
from ipaddress import ip_address
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.auth0 import control as auth0_control
from sandbox.directory import directory as shown_directory
from sandbox.endpoint import Sandbox
from sandbox.faults import Faults
from sandbox.refusals import Refusal, invalid_parameters, malformed_body
from sandbox.request_log import RequestLog
from sandbox.schema import FLAG, TEXT, Field, read_body

_SETTINGS: Final = {"multiple_roles": FLAG, "latency_ms": Field(int), "domain_data": TEXT}

Control = Callable[[Sandbox, object], object]


def requests(sandbox: Sandbox, _: object) -> object:
    """Return the request log."""
    return sandbox.log.shown()


def clear_requests(sandbox: Sandbox, _: object) -> object:
    """Empty the request log."""
    sandbox.log = RequestLog()
    return sandbox.log.shown()


def reset(sandbox: Sandbox, _: object) -> object:
    """Empty everything; ids and times start again."""
    sandbox.reset()
    return {}


def settings(sandbox: Sandbox, _: object) -> object:
    """Return the settings."""
    switches = sandbox.environment.switches
    return {
        "multiple_roles": switches.multiple_roles,
        "latency_ms": sandbox.latency_ms,
        "domain_data": switches.domain_data,
    }


def change_settings(sandbox: Sandbox, sent: object) -> object:
    """Change the settings that are sent and return them all."""
    body, switches = read_body(sent, _SETTINGS), sandbox.environment.switches
    if body.get("domain_data", "replace") not in ("replace", "merge"):
        raise invalid_parameters("domain_data_invalid", "domain_data must be replace or merge.")
    switches.multiple_roles = body.get("multiple_roles", switches.multiple_roles)
    switches.domain_data = body.get("domain_data", switches.domain_data)
    sandbox.latency_ms = body.get("latency_ms", sandbox.latency_ms)
    return settings(sandbox, None)


def directory(sandbox: Sandbox, _: object) -> object:
    """Return everything the environment holds, in order of creation."""
    return shown_directory(sandbox.environment)


def faults(sandbox: Sandbox, _: object) -> object:
    """Return what is armed."""
    return sandbox.faults.shown()


def arm_faults(sandbox: Sandbox, sent: object) -> object:
    """Arm more faults."""
    sandbox.faults.arm(sent)
    return sandbox.faults.shown()


def clear_faults(sandbox: Sandbox, _: object) -> object:
    """Disarm every fault."""
    sandbox.faults = Faults()
    return sandbox.faults.shown()


CONTROLS: Final[dict[str, dict[str, Control]]] = {
    "/_sandbox/requests": {"GET": requests, "DELETE": clear_requests},
    "/_sandbox/reset": {"POST": reset},
    "/_sandbox/settings": {"GET": settings, "POST": change_settings},
    "/_sandbox/directory": {"GET": directory},
    "/_sandbox/faults": {"GET": faults, "POST": arm_faults, "DELETE": clear_faults},
    **auth0_control.CONTROLS,
}


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Return the control routes of one sandbox."""
    return [_route(sandbox, path, controls) for path, controls in CONTROLS.items()]


def _route(sandbox: Sandbox, path: str, controls: dict[str, Control]) -> Route:
    async def respond(request: Request) -> JSONResponse:
        if request.client is None or not ip_address(request.client.host).is_loopback:
            return JSONResponse({"message": "Only this machine may control the sandbox."}, 403)
        raw = await request.body()
        try:
            sent = json.loads(raw) if raw else None
            return JSONResponse(controls[request.method](sandbox, sent))
        except ValueError:
            refusal = malformed_body()
        except Refusal as refused:
            refusal = refused
        return JSONResponse(refusal.body, refusal.status)

    return Route(path, respond, methods=list(controls))
