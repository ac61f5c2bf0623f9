"""A stack as a command of Ferry's finds it: configuration, directory, last state, and its WorkOS, to be read only."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from providers.directory.model import fingerprint
from providers.directory.store import Store, open_store
from providers.project import stack_name
from providers.resources.previous import Brake, Previous, confirm_target, engine, read_previous, selected_stack
from providers.settings import NAMESPACE, Settings, read_settings
from providers.workos.census import Census
from providers.workos.client import WorkOS


@dataclass(frozen=True, slots=True)
class OpenedStack:
    """What `opened` found."""

    #: Without organization and project.
    name: str
    settings: Settings
    store: Store
    previous: Previous
    door: WorkOS
    census: Census

    def environment(self) -> dict[str, str]:
        """The WorkOS environment as far as it may be told: address, `live` or `test`, a fingerprint of the key."""
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
        previous = read_previous(full, project)
        with closing(WorkOS(key, base_url, settings.rate_share, reads_only=True)) as door:
            confirm_target(previous, door, key.startswith("sk_live_"))
            with closing(Census(door, previous.spread)) as census:
                yield OpenedStack(name, settings, store, previous, door, census)


def read_stack_settings(stack: str, project: Path | None = None) -> Settings:
    """The settings that a run of this stack has: its configuration, decrypted by the engine, and the environment.

    `project` is the stack's project folder, None: the current one. Raises Brake if the engine does not hand it out;
    InvalidSettings.
    """
    command = [engine(), "config", "--json", "--show-secrets", "--stack", stack, "--non-interactive"]
    done = subprocess.run(command, cwd=project, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Brake(f"the configuration of {stack} cannot be read: {' '.join(done.stderr.split())[:500]}")
    held: Mapping[str, Mapping[str, object]] = json.loads(done.stdout or "{}")
    plain = {key: str(one.get("value", "")) for key, one in held.items()}
    return read_settings(plain, os.environ, lambda key: bool(held.get(f"{NAMESPACE}:{key}", {}).get("secret")))
