"""Puts an engine's three programs into a virtual environment's `bin`, each whole or not at all."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Callable
from pathlib import Path

from tools.engine.engine import LANGUAGE_HOST, PROVIDER_HOST, Engine
from tools.engine.lifeline import ENGINE_PID

LAUNCHER = """\
#!/bin/sh
# Written by tools/engine/bring.py.
export {engine_pid}=$PPID
exec {python} -u -P -m {module} "$@"
"""


def place(engine: Engine, bin_folder: Path) -> None:
    """After this, `bin/pulumi` is the engine, whether or not the environment is activated.

    The CLI looks for its Python programs beside its real file and warns if PATH leads elsewhere. So Pulumi's own
    programs are linked by name, while a CLI that goes with Ferry's is a file of its own in this folder.
    """
    if engine.language_host and engine.provider_host:
        link(engine.cli, bin_folder / "pulumi")
        link(engine.language_host, bin_folder / LANGUAGE_HOST)
        link(engine.provider_host, bin_folder / PROVIDER_HOST)
        return
    duplicate(engine.cli, bin_folder / "pulumi")
    launcher(bin_folder / LANGUAGE_HOST, "tools.engine.language_host")
    launcher(bin_folder / PROVIDER_HOST, "tools.engine.provider_host")


def link(program: Path, name: Path) -> None:
    """A symbolic link to a program that stays where it is."""
    renamed(name, lambda new: new.symlink_to(program))


def duplicate(program: Path, name: Path) -> None:
    """The same file under a second name; a copy where the two folders are on different disks."""

    def make(new: Path) -> None:
        try:
            os.link(program, new)
        except OSError:
            shutil.copy2(program, new)

    renamed(name, make)


def launcher(name: Path, module: str) -> None:
    """A shell script that becomes one of Ferry's programs, run by the Python beside it."""

    def make(new: Path) -> None:
        python = shlex.quote(str(name.with_name("python").absolute()))
        new.write_text(LAUNCHER.format(engine_pid=ENGINE_PID, python=python, module=module))
        new.chmod(0o755)

    renamed(name, make)


def renamed(name: Path, make: Callable[[Path], None]) -> None:
    """Make the file under a name of this process and rename it, so that nobody ever sees half of it."""
    new = name.with_name(f".{name.name}.{os.getpid()}")
    new.unlink(missing_ok=True)
    make(new)
    new.replace(name)
    new.unlink(missing_ok=True)  # renaming does nothing if both names are one file already
