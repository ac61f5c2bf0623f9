"""One running sandbox: both sides, how it was started, and what a reset goes back to."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from sandbox.auth0.state import Auth0
from sandbox.auth0.tenant import Tenant
from sandbox.http.faults import Faults
from sandbox.workos.side import WorkOS
from sandbox.workos.switches import change_switches


class Start(NamedTuple):
    """How a sandbox is started, and what a reset goes back to."""

    settings: Mapping[str, Any] = {}
    faults: Iterable[Mapping[str, Any]] = ()
    #: What the Auth0 side serves; None: an empty tenant.
    tenant: Tenant | None = None


class Sandbox:
    """Everything one running sandbox holds. Both sides have the same faults."""

    def __init__(self, start: Start | None = None) -> None:
        """Raises Refusal if a setting or a fault is wrong."""
        self._start = start or Start()
        self.faults = Faults()
        self.workos = WorkOS(self.faults)
        self.auth0 = Auth0(self.faults)
        self._prepare()

    def reset(self) -> None:
        """Empty everything, the counters behind ids and times too; settings, faults and tenant are the start's."""
        self.faults.clear()
        for side in (self.workos, self.auth0):
            fresh = type(side)(self.faults)
            for attribute in fields(side):
                setattr(side, attribute.name, getattr(fresh, attribute.name))
        self._prepare()

    def _prepare(self) -> None:
        change_switches(self.workos.environment.switches, dict(self._start.settings))
        self.faults.arm([dict(fault) for fault in self._start.faults])
        if self._start.tenant is not None:
            self.auth0.serve(self._start.tenant)
