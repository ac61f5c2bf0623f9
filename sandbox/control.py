"""``/_sandbox``: what a test may ask and set; not part of WorkOS, needs no key, is never logged.

``GET`` and ``DELETE /_sandbox/requests``, ``POST /_sandbox/reset``, ``GET`` and ``POST /_sandbox/settings``,
``GET /_sandbox/directory``, ``GET``, ``POST`` and ``DELETE /_sandbox/faults``; of Auth0, see ``sandbox.auth0.control``.
Secrets are given out as SHA-256 only. A request from another machine is refused.
"""

import hashlib
import json
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox.auth0 import control as auth0_control
from sandbox.endpoint import Sandbox
from sandbox.faults import Faults
from sandbox.refusals import Refusal, invalid_parameters, malformed_body
from sandbox.request_log import RequestLog
from sandbox.schema import FLAG, TEXT, Field, read_body
from sandbox.state import Environment, Membership, Organization, User

_SETTINGS: Final = {
    "multiple_roles": FLAG,
    "latency_ms": Field(int),
    "domain_data": TEXT,
    "totp_time": Field(int, nullable=True),
}

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
        "totp_time": switches.totp_time,
    }


def change_settings(sandbox: Sandbox, sent: object) -> object:
    """Change the settings that are sent and return them all."""
    body, switches = read_body(sent, _SETTINGS), sandbox.environment.switches
    if body.get("domain_data", "replace") not in ("replace", "merge"):
        raise invalid_parameters("domain_data_invalid", "domain_data must be replace or merge.")
    switches.multiple_roles = body.get("multiple_roles", switches.multiple_roles)
    switches.domain_data = body.get("domain_data", switches.domain_data)
    switches.totp_time = body.get("totp_time", switches.totp_time)
    sandbox.latency_ms = body.get("latency_ms", sandbox.latency_ms)
    return settings(sandbox, None)


def directory(sandbox: Sandbox, _: object) -> object:
    """Return everything the environment holds, in order of creation."""
    environment = sandbox.environment
    return {
        "users": [_user(environment, user) for user in environment.users.values()],
        "organizations": [_organization(organization) for organization in environment.organizations.values()],
        "memberships": [_membership(membership) for membership in environment.memberships.values()],
        "roles": [
            {"slug": role.slug, "name": role.name, "description": role.description}
            for role in environment.roles.values()
        ],
    }


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


def _user(environment: Environment, user: User) -> dict[str, Any]:
    text, kind, salt_position = user.password or (None, None, None)
    secrets = [environment.factors[identifier].secret for identifier in environment.factor_series(user).newer(None)]
    return {
        "id": user.id,
        "email": user.email,
        "external_id": user.external_id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "name": user.name,
        "email_verified": user.email_verified,
        "metadata": user.metadata,
        "password_sha256": None if text is None else _sha256(text),
        "password_hash_type": kind,
        "password_salt_position": salt_position,
        "totp_sha256": [_sha256(secret) for secret in secrets],
    }


def _organization(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "external_id": organization.external_id,
        "metadata": organization.metadata,
        "domains": [{"domain": domain.domain, "state": domain.state} for domain in organization.domains],
    }


def _membership(membership: Membership) -> dict[str, Any]:
    return {
        "id": membership.id,
        "organization_external_id": membership.organization.external_id,
        "user_external_id": membership.user.external_id,
        "roles": membership.roles,
        "status": membership.status,
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


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
