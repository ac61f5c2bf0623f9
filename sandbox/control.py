"""``/_sandbox``: what a test may ask and set; not part of WorkOS, needs no key, is never logged.

``GET`` and ``DELETE /_sandbox/requests``, ``POST /_sandbox/reset``, ``GET`` and ``POST /_sandbox/settings``,
``GET /_sandbox/directory``, ``GET``, ``POST`` and ``DELETE /_sandbox/faults``, ``POST /_sandbox/invitations``,
``POST /_sandbox/snapshot``; of Auth0, see ``sandbox.auth0.control``.
Secrets are given out as SHA-256 only.
"""

from collections.abc import Callable
from http import HTTPMethod
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.auth0.control import CONTROLS as AUTH0_CONTROLS
from sandbox.auth0.state import Auth0
from sandbox.http.refusals import Refusal, invalid_parameters
from sandbox.http.request_log import RequestLog
from sandbox.http.schema import Field, read_body
from sandbox.sandbox import Sandbox
from sandbox.workos.directory import directory as shown_directory
from sandbox.workos.endpoint import parsed
from sandbox.workos.objects import Membership
from sandbox.workos.snapshot import save
from sandbox.workos.state import DEFAULT_ROLE
from sandbox.workos.switches import change_switches, shown_switches

_INVITATION: Final = {name: Field(str, required=True) for name in ("user_id", "organization_id")}

Control = Callable[[Sandbox, object], object]


def requests(sandbox: Sandbox, _: object) -> object:
    """Return the request log."""
    return sandbox.workos.log.shown()


def clear_requests(sandbox: Sandbox, _: object) -> object:
    """Empty the request log."""
    sandbox.workos.log = RequestLog()
    return sandbox.workos.log.shown()


def reset(sandbox: Sandbox, _: object) -> object:
    """Empty everything; ids and times start again."""
    sandbox.reset()
    return {}


def settings(sandbox: Sandbox, _: object) -> object:
    """Return the settings (``switches``)."""
    return shown_switches(sandbox.workos.environment.switches)


def change_settings(sandbox: Sandbox, sent: object) -> object:
    """Change the settings that are sent and return them all."""
    change_switches(sandbox.workos.environment.switches, sent)
    return settings(sandbox, None)


def invite(sandbox: Sandbox, sent: object) -> object:
    """Make a pending membership, as an invitation does: ``{"user_id", "organization_id"}``."""
    body, environment = read_body(sent, _INVITATION), sandbox.workos.environment
    user, organization = environment.users.get(body["user_id"]), environment.organizations.get(body["organization_id"])
    if user is None or organization is None or environment.membership_of(user.id, organization.id) is not None:
        raise invalid_parameters("invitation_invalid", "user and organization must exist and have no membership.")
    identifier, moment = environment.registrar.identify("om")
    roles = (DEFAULT_ROLE,)
    environment.set_membership(Membership(identifier, moment, moment, user.id, organization.id, roles, "pending"))
    return {"id": identifier}


def keep(sandbox: Sandbox, sent: object) -> object:
    """Write the environment to a file to start from again (``snapshot``): ``{"path": absolute path}``."""
    path = Path(read_body(sent, {"path": Field(str, required=True, filled=True)})["path"])
    if not path.is_absolute():
        raise invalid_parameters("path_invalid", "path must be absolute.")
    try:
        save(sandbox.workos.environment, path)
    except (OSError, ValueError) as error:
        raise invalid_parameters("path_invalid", f"path: {getattr(error, 'strerror', error)}.") from error
    return {"path": str(path), "bytes": path.stat().st_size}


def directory(sandbox: Sandbox, _: object) -> object:
    """Return everything the environment holds, in order of creation."""
    return shown_directory(sandbox.workos.environment)


def faults(sandbox: Sandbox, _: object) -> object:
    """Return what is armed."""
    return sandbox.faults.shown()


def arm_faults(sandbox: Sandbox, sent: object) -> object:
    """Arm more faults."""
    sandbox.faults.arm(sent)
    return sandbox.faults.shown()


def clear_faults(sandbox: Sandbox, _: object) -> object:
    """Disarm every fault."""
    sandbox.faults.clear()
    return sandbox.faults.shown()


def _of_auth0(control: Callable[[Auth0, object], object]) -> Control:
    """Return a control of the Auth0 side as one of the sandbox."""
    return lambda sandbox, sent: control(sandbox.auth0, sent)


CONTROLS: Final[dict[str, dict[str, Control]]] = {
    "/_sandbox/requests": {"GET": requests, "DELETE": clear_requests},
    "/_sandbox/reset": {"POST": reset},
    "/_sandbox/settings": {"GET": settings, "POST": change_settings},
    "/_sandbox/directory": {"GET": directory},
    "/_sandbox/invitations": {"POST": invite},
    "/_sandbox/snapshot": {"POST": keep},
    "/_sandbox/faults": {"GET": faults, "POST": arm_faults, "DELETE": clear_faults},
    **{
        path: {method: _of_auth0(control) for method, control in controls.items()}
        for path, controls in AUTH0_CONTROLS.items()
    },
}


def control_routes(sandbox: Sandbox) -> list[Route]:
    """Return the control routes of one sandbox; what else begins with ``/_sandbox/`` is not the API's either."""

    async def unknown(_: Request) -> JSONResponse:
        return JSONResponse({"message": "The sandbox has no such call; docs/sandbox.md lists them."}, 404)

    routes = [_route(sandbox, path, controls) for path, controls in CONTROLS.items()]
    return [*routes, Route("/_sandbox/{path:rest}", unknown, methods=list(HTTPMethod))]


def _route(sandbox: Sandbox, path: str, controls: dict[str, Control]) -> Route:
    async def respond(request: Request) -> JSONResponse:
        sent = parsed(await request.body())
        try:
            if isinstance(sent, Refusal):
                raise sent
            return JSONResponse(controls[request.method](sandbox, sent))
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)

    return Route(path, respond, methods=list(controls))
