"""A stack as a command of Ferry's finds it: configuration, directory, last state, and its WorkOS, to be read only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from providers.directory.model import fingerprint
from providers.directory.store import Store, open_store
from providers.errors import Brake
from providers.project import stack_name
from providers.reports.verification_text import Environment
from providers.settings import Settings
from providers.state.engine import read_last_state, read_stack_settings, selected_stack
from providers.state.environment import confirm_target
from providers.state.last_state import LastState
from providers.workos.census import Census
from providers.workos.client import WorkOS


@dataclass(frozen=True, slots=True)
class OpenedStack:
    """What `opened` found."""

    #: Without organization and project.
    name: str
    settings: Settings
    store: Store
    last_state: LastState
    door: WorkOS
    census: Census

    def environment(self) -> Environment:
        """The WorkOS environment."""
        key, base_url = self.settings.require_access()
        kind = "live" if key.startswith("sk_live_") else "test"
        return {"base_url": base_url, "kind": kind, "key": fingerprint(base_url, key).removeprefix("fingerprint ")}


@contextmanager
def opened(stack: str | None, project: Path) -> Iterator[OpenedStack]:
    """The stack of this name, None for the selected one. Asks WorkOS for one object that the last state knows.

    Raises Brake if the engine does not hand something out, or the key opens another environment; NoStackName,
    InvalidSettings, ExportError, and WorkOSFault.
    """
    full = stack or selected_stack(project)
    if not full:
        raise Brake("no stack is selected here; say which: --stack STACK, or pulumi stack select")
    name = stack_name(full)
    settings = read_stack_settings(full, project)
    key, base_url = settings.require_access()
    with open_store(settings, project) as store:
        store.require_users()
        last_state = read_last_state(full, project)
        with closing(WorkOS(key, base_url, settings.rate_share, reads_only=True)) as door:
            confirm_target(last_state, door, key.startswith("sk_live_"))
            with closing(Census(door, last_state.spread)) as census:
                yield OpenedStack(name, settings, store, last_state, door, census)
