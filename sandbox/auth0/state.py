"""What one sandboxed tenant holds, and a request as its rooms see it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response

from sandbox.auth0.jobs import Job
from sandbox.auth0.limits import RateLimits
from sandbox.auth0.tenant import Tenant
from sandbox.http.faults import Faults
from sandbox.http.identifiers import Registrar
from sandbox.http.request_log import RequestLog

#: What a machine-to-machine application that exports a tenant is granted.
SCOPES: Final = (
    "read:users",
    "read:organizations",
    "read:organization_members",
    "read:organization_member_roles",
    "read:organization_connections",
    "read:organization_discovery_domains",
    "read:roles",
    "read:connections",
    "read:clients",
)


@dataclass(slots=True)
class Switches:
    """What a test may set; every field is a key of ``/_sandbox/auth0/settings``."""

    #: Scopes of the tokens given out from now on.
    scopes: list[str] = field(default_factory=lambda: list(SCOPES))
    #: What the token endpoint says; no clock ends a token here, the fault ``token_expired`` does.
    expires_in: int = 86400
    #: A new export job completes at this poll.
    job_polls: int = 3
    #: How many requests one link serves before it expires; None: any number.
    link_requests: int | None = None
    #: The longest page, 50 on Auth0's public cloud and 100 on its private one.
    page_maximum: int = 50
    latency_ms: int = 0


@dataclass(slots=True)
class Auth0:
    """Everything one running tenant holds."""

    faults: Faults = field(default_factory=Faults)
    tenant: Tenant = field(default_factory=Tenant)
    switches: Switches = field(default_factory=Switches)
    limits: RateLimits = field(default_factory=RateLimits)
    log: RequestLog = field(default_factory=RequestLog)
    registrar: Registrar = field(default_factory=Registrar)
    #: Scopes by token.
    tokens: dict[str, frozenset[str]] = field(default_factory=dict)
    jobs: dict[str, Job] = field(default_factory=dict)

    def serve(self, tenant: Tenant) -> None:
        """Change the tenant; the jobs of the one before go with it."""
        self.tenant, self.jobs = tenant, {}


@dataclass(slots=True)
class Call:
    """One request that may be served: its scopes are checked."""

    auth0: Auth0
    path: str
    #: Scheme, host and port under which the client reached the sandbox.
    origin: str
    parameters: Mapping[str, str]
    query: QueryParams
    headers: Headers
    body: bytes
    scopes: frozenset[str]
    #: The mode of the fault that strikes it, if that is one the operation itself plays.
    fault: str | None


class Operation(NamedTuple):
    """What one method of one path does."""

    serve: Callable[[Call], Response]
    #: One of these is enough; none: no token is wanted.
    scopes: tuple[str, ...] = ()
    #: Modes of faults that this operation plays.
    faults: tuple[str, ...] = ()
