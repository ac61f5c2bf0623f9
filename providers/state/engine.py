"""What the engine says of a stack when a process asks it: its name, its last state, its configuration."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryFile

from providers.errors import Brake
from providers.settings import NAMESPACE, Settings, read_settings
from providers.state.last_state import LastState, parse_last_state


def selected_stack(project: Path | None = None) -> str:
    """The name of the stack that is selected in a project, '' if none is or the engine does not say.

    `project` is its folder, None: the current one.
    """
    command = [engine(), "stack", "--show-name"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""


def engine() -> str:
    """The engine's command: the one on PATH, else the one beside this Python."""
    return shutil.which("pulumi") or str(Path(sys.executable).parent / "pulumi")


def read_last_state(stack: str | None, project: Path | None = None) -> LastState:
    """The last state of a stack, None for the selected one, by `pulumi stack export` (works inside a running program).

    `project` is the stack's project folder, None: the current one. Raises Brake if the engine does not hand it out.
    """
    named = ["--stack", stack] if stack else []
    command = [engine(), "stack", "export", *named]
    with TemporaryFile() as exported:
        done = subprocess.run(command, cwd=project, stdout=exported, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode != 0:
            raise Brake(
                f"the last state of {stack or 'the stack'} cannot be read: {' '.join(done.stderr.split())[:500]}"
            )
        exported.seek(0)
        return parse_last_state(json.load(exported))


def read_stack_settings(stack: str, project: Path | None = None) -> Settings:
    """The settings that a run of this stack has: its configuration, decrypted by the engine, and the environment.

    `project` is the stack's project folder, None: the current one. Raises Brake if the engine does not hand it out;
    InvalidSettings.
    """
    command = [engine(), "config", "--json", "--show-secrets", "--stack", stack, "--non-interactive"]
    done = subprocess.run(command, cwd=project, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Brake(f"the configuration of {stack} cannot be read: {' '.join(done.stderr.split())[:500]}")
    configuration: Mapping[str, Mapping[str, object]] = json.loads(done.stdout or "{}")
    plain = {key: str(value.get("value", "")) for key, value in configuration.items()}
    return read_settings(plain, os.environ, lambda key: bool(configuration.get(f"{NAMESPACE}:{key}", {}).get("secret")))
