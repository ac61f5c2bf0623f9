"""Brings the Pulumi engine into the virtual environment whose Python runs this: `python -m tools.engine.bring`.

In this order: a `pulumi` on PATH that is new enough and complete; one kept from an earlier time in the user's cache
folder; Pulumi's installer; a build from the Go module beside this file. `FERRY_ENGINE=build` leaves out whatever Pulumi
made: PATH and the installer. What was installed or built is kept, so that the next clone takes a second.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from tools.engine.build import build, find_go
from tools.engine.engine import (
    LANGUAGE_HOST,
    PROVIDER_HOST,
    Engine,
    EngineError,
    Version,
    dotted,
    pinned_version,
    version_of,
)
from tools.engine.installer import install
from tools.engine.place import place

#: How the bringer tells what it does: one line for each thing.
Say = Callable[[str], None]


def choose(version: Version, environment: Mapping[str, str], say: Say) -> Engine:
    """The first engine to be had, made and kept if need be; one process at a time makes one.

    Raises:
        EngineError: none could be had, with what is missing.
    """
    wish = environment.get("FERRY_ENGINE", "")
    if wish not in {"", "build"}:
        raise EngineError(f"FERRY_ENGINE is {wish!r}; it may be `build` or unset.")
    engine = None if wish else on_path(version, environment, say)
    if engine:
        return engine
    folder = kept_folder(version, environment)
    engine = kept(folder, version, built_only=bool(wish))
    if engine:
        say(f"Pulumi {dotted(version)}, kept in {folder}")
        return engine
    folder.mkdir(parents=True, exist_ok=True)
    with one_at_a_time(folder, say):
        return (
            kept(folder, version, built_only=bool(wish))
            or (None if wish else installed(folder, version, environment, say))
            or built(folder, version, environment, say)
        )


def on_path(version: Version, environment: Mapping[str, str], say: Say) -> Engine | None:
    """A CLI of the user's own that is new enough and has Pulumi's Python programs beside it or on PATH.

    A virtual environment's `bin` is passed over, this one's and any other's: programs there run that one's Python.
    """
    folders = [Path(folder) for folder in environment.get("PATH", "").split(os.pathsep) if folder]
    folders = [folder for folder in folders if not (folder.parent / "pyvenv.cfg").exists()]
    cli = program("pulumi", folders)
    if cli is None:
        return None
    found = version_of(cli)
    if found is None or found < version or found[0] != version[0]:
        description = dotted(found) if found else "a program that does not tell its version"
        say(f"{cli} is {description}, and Ferry is made for {dotted(version)} or newer: not used")
        return None
    beside = [cli.parent, cli.resolve().parent, *folders]
    language_host, provider_host = program(LANGUAGE_HOST, beside), program(PROVIDER_HOST, beside)
    if language_host is None or provider_host is None:
        say(f"{cli} has no {PROVIDER_HOST if language_host else LANGUAGE_HOST} beside it or on PATH: not used")
        return None
    say(f"Pulumi {dotted(found)}, found on PATH at {cli}")
    return Engine(cli, language_host, provider_host)


def program(name: str, folders: list[Path]) -> Path | None:
    """The first program of that name, as an absolute path."""
    found = shutil.which(name, path=os.pathsep.join(map(str, folders))) if folders else None
    return Path(found).absolute() if found else None


def kept_folder(version: Version, environment: Mapping[str, str]) -> Path:
    """Where engines of this version stay between clones."""
    cache = environment.get("XDG_CACHE_HOME") or Path(environment.get("HOME") or Path.home()) / ".cache"
    return Path(cache) / "ferry" / "engine" / dotted(version)


def kept(folder: Path, version: Version, *, built_only: bool) -> Engine | None:
    """What an earlier run installed or built, if it still runs."""
    installed_bin = folder / "installed" / "bin"
    if not built_only and version_of(installed_bin / "pulumi") == version:
        return Engine(installed_bin / "pulumi", installed_bin / LANGUAGE_HOST, installed_bin / PROVIDER_HOST)
    if version_of(folder / "pulumi") == version:
        return Engine(folder / "pulumi")
    return None


def installed(folder: Path, version: Version, environment: Mapping[str, str], say: Say) -> Engine | None:
    """Run Pulumi's installer and keep everything it brings; None without a network."""
    say(f"installing Pulumi {dotted(version)} with its own installer")
    part, whole = folder / "installed.part", folder / "installed"
    shutil.rmtree(part, ignore_errors=True)
    problem = install(part, version, environment)
    if problem is None and not (part / "bin" / PROVIDER_HOST).exists():
        problem = f"it brought no {PROVIDER_HOST}"
    if problem is not None:
        shutil.rmtree(part, ignore_errors=True)
        say(f"the installer did not work here: {problem}")
        return None
    shutil.rmtree(whole, ignore_errors=True)
    part.rename(whole)
    return kept(folder, version, built_only=False)


def built(folder: Path, version: Version, environment: Mapping[str, str], say: Say) -> Engine:
    """Build with Go and keep the result; an interrupted build leaves nothing that the next run would take."""
    go, go_version = find_go(environment)
    say(f"building Pulumi {dotted(version)} with Go {go_version}, once for this machine: this takes 2 to 10 minutes")
    part, whole = folder / "pulumi.part", folder / "pulumi"
    build(go, part, version, environment)
    made = version_of(part)
    if made != version:
        part.unlink()
        raise EngineError(f"The engine built by {go} says it is {made and dotted(made)}, not {dotted(version)}.")
    part.replace(whole)
    say(f"built, and kept in {folder}")
    return Engine(whole)


@contextlib.contextmanager
def one_at_a_time(folder: Path, say: Say) -> Iterator[None]:
    """Hold the folder's lock; the system gives it back however the holder ends."""
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another set-up that is getting the same engine")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def main() -> None:
    """Bring the engine into this Python's virtual environment, or say what is missing and exit with 2."""

    def say(line: str) -> None:
        print(f"engine: {line}", flush=True)

    if sys.prefix == sys.base_prefix:
        sys.exit("engine: run this with the Python of a virtual environment: .venv/bin/python -m tools.engine.bring")
    try:
        place(choose(pinned_version(), os.environ, say), Path(sys.prefix) / "bin")
    except EngineError as error:
        print(f"engine: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
