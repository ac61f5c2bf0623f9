"""What a test may ask of the Auth0 side and set there; part of ``/_sandbox``, see ``sandbox.control``.

``POST /_sandbox/tenant`` (``{"folder": path}``: serve the export folder at that place of this machine, and answer how
much it holds), ``GET`` and ``DELETE /_sandbox/auth0/requests``, ``GET`` and ``POST /_sandbox/auth0/settings``. Faults
are armed with all others; their paths begin with ``/auth0``, and ``contains`` looks at the query too.
"""

from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Final

from sandbox.auth0 import limits
from sandbox.auth0.routes import PATHS
from sandbox.auth0.state import Auth0
from sandbox.auth0.tenant import TenantError, load_tenant
from sandbox.http.refusals import Refusal, invalid_parameters
from sandbox.http.request_log import RequestLog
from sandbox.http.schema import TEXT, Field, read_body

_SETTINGS: Final = {
    "scopes": Field(list),
    "expires_in": Field(int),
    "job_polls": Field(int),
    "link_requests": Field(int, nullable=True),
    "page_maximum": Field(int),
    "latency_ms": Field(int),
    "limited": TEXT,
    "limits": Field(dict),
}


def serve_tenant(auth0: Auth0, sent: object) -> object:
    """Serve another tenant; log, settings and tokens stay."""
    folder = read_body(sent, {"folder": Field(str, required=True, filled=True)})["folder"]
    try:
        tenant = load_tenant(Path(folder))
    except (TenantError, OSError) as error:
        raise invalid_parameters("folder_invalid", str(error)) from error
    auth0.serve(tenant)
    return tenant.counts()


def requests(auth0: Auth0, _: object) -> object:
    """Return the request log of the Auth0 side."""
    return auth0.log.shown()


def clear_requests(auth0: Auth0, _: object) -> object:
    """Empty the request log of the Auth0 side."""
    auth0.log = RequestLog()
    return auth0.log.shown()


def settings(auth0: Auth0, _: object) -> object:
    """Return the settings of the Auth0 side."""
    rates = auth0.limits
    return {**asdict(auth0.switches), "limited": rates.mode, "limits": rates.limits}


def change_settings(auth0: Auth0, sent: object) -> object:
    """Change the settings that are sent and return them all; single ``limits`` are changed, the others stay."""
    body = read_body(sent, _SETTINGS)
    if body.get("limited", "off") not in limits.MODES:
        raise _refused("limited", f"one of {', '.join(limits.MODES)}")
    if not all(isinstance(scope, str) for scope in body.get("scopes", [])):
        raise _refused("scopes", "a list of strings")
    if body.get("page_maximum", 50) not in (50, 100):
        raise _refused("page_maximum", "50 or 100")
    if body.get("job_polls", 1) < 1:
        raise _refused("job_polls", "at least 1")
    changed = body.get("limits", {})
    if not changed.keys() <= {*PATHS, limits.REST} or not all(
        type(number) is int and number > 0 for number in changed.values()
    ):
        raise _refused("limits", "numbers of requests by path, as the log names it without /auth0; * is all others")
    rates = auth0.limits
    rates.mode = body.pop("limited", rates.mode)
    rates.limits |= body.pop("limits", {})
    for name, value in body.items():
        setattr(auth0.switches, name, value)
    return settings(auth0, None)


def _refused(name: str, allowed: str) -> Refusal:
    return invalid_parameters(f"{name}_invalid", f"{name} must be {allowed}.")


CONTROLS: Final[dict[str, dict[str, Callable[[Auth0, object], object]]]] = {
    "/_sandbox/tenant": {"POST": serve_tenant},
    "/_sandbox/auth0/requests": {"GET": requests, "DELETE": clear_requests},
    "/_sandbox/auth0/settings": {"GET": settings, "POST": change_settings},
}
