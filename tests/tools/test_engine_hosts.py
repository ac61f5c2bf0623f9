"""Ferry's own Python programs for the engine behave as Pulumi's do: here the real engine starts them."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.engine.engine import LANGUAGE_HOST, PROVIDER_HOST, Engine
from tools.engine.place import place

PROGRAM = """\
import os, pathlib, pulumi, sys, thing
print("printed by the program")
pathlib.Path("language.pid").write_text(str(os.getpid()))
wanted = pulumi.Config("tiny").get("end")
if wanted == "sentence":
    raise pulumi.RunError("a sentence for the user")
if wanted == "fault":
    raise ValueError("a fault")
if wanted == "exit":
    sys.exit(3)
made = thing.Thing("one")
if wanted == "late fault":
    pulumi.Output.from_input(1).apply(lambda _: 1 / 0)
pulumi.export("id", made.id)
"""

THING = """\
import os, pathlib, time
import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, ResourceProvider

class ThingProvider(ResourceProvider):
    serialize_as_secret_always = False

    def create(self, props):
        pathlib.Path("provider.pid").write_text(str(os.getpid()))
        time.sleep(float(os.environ.get("CREATE_SECONDS", "0")))
        return CreateResult("made", {})

    def diff(self, id, olds, news):
        return DiffResult(changes=False)

class Thing(Resource):
    def __init__(self, name):
        super().__init__(ThingProvider(), name, {})
"""


#: How the traceback of a fault in the program begins.
FIRST_LINE = 'Traceback (most recent call last):\n      File "{folder}/__main__.py", line '


class Project:
    """A Pulumi project with one dynamic resource, run by the real engine with Ferry's programs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.folder.mkdir()
        (self.folder / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
        (self.folder / "__main__.py").write_text(PROGRAM)
        (self.folder / "thing.py").write_text(THING)
        (folder / "state").mkdir()
        bin_folder = folder / "bin"
        bin_folder.mkdir()
        (bin_folder / "python").write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (bin_folder / "python").chmod(0o755)
        place(Engine((Path(sys.prefix) / "bin" / "pulumi").resolve()), bin_folder)
        self.cli = bin_folder / "pulumi"
        self.environment = {
            "PATH": f"{bin_folder}:{os.environ['PATH']}",
            "HOME": str(folder),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "tiny",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
        }

    def pulumi(self, *words: str, ends_with: int = 0) -> str:
        """Run one command and return all it wrote."""
        command: list[str | Path] = [self.cli, *words, "--non-interactive", "--color", "never"]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == ends_with, done.stdout + done.stderr
        return done.stdout + done.stderr


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a new stack."""
    project = Project(tmp_path)
    project.pulumi("stack", "init", "dev")
    return project


def soon(happens: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until it happens, or fail."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether the process runs; one that waits for its parent to look at it does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    return True


@pytest.mark.engine
def test_a_stack_goes_through_its_whole_life_without_a_warning(project: Project) -> None:
    assert "2 to create" in project.pulumi("preview")
    first = project.pulumi("up", "--yes", "--skip-preview")
    assert "2 created" in first
    assert "printed by the program" in first
    again = project.pulumi("up", "--yes")
    assert "2 unchanged" in again
    assert "2 unchanged" in project.pulumi("refresh", "--yes")
    assert "2 deleted" in project.pulumi("destroy", "--yes")
    assert "warning" not in first + again


@pytest.mark.engine
@pytest.mark.parametrize(
    ("end", "shown", "not_shown"),
    [
        ("sentence", ["error: a sentence for the user\n"], "Traceback"),
        ("fault", [FIRST_LINE, "in <module>\n", "ValueError: a fault\n"], "runpy"),
        ("late fault", [FIRST_LINE, "in <lambda>\n", "ZeroDivisionError: division by zero\n"], "asyncio"),
        ("exit", ["error: The program called sys.exit(3).\n"], "Traceback"),
    ],
)
def test_a_program_that_fails_says_why_and_fails_the_command(
    project: Project, end: str, shown: list[str], not_shown: str
) -> None:
    project.pulumi("config", "set", "end", end)
    said = project.pulumi("preview", ends_with=1)

    assert [text for text in shown if text.format(folder=project.folder) not in said] == [], said
    assert not_shown not in said


@pytest.mark.engine
def test_both_hosts_end_when_the_engine_is_killed(project: Project) -> None:
    cli = subprocess.Popen(
        [project.cli, "up", "--yes", "--skip-preview", "--non-interactive"],
        cwd=project.folder,
        env={**project.environment, "CREATE_SECONDS": "600"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    files = [project.folder / name for name in ("language.pid", "provider.pid")]
    try:
        soon(lambda: all(file.exists() and file.read_text() for file in files), "a create under way")
    finally:
        cli.kill()
        cli.wait()
    hosts = [int(file.read_text()) for file in files]

    assert hosts[0] != hosts[1]
    soon(lambda: not any(map(alive, hosts)), "both hosts gone", seconds=15)


@pytest.mark.engine
@pytest.mark.parametrize("name", [LANGUAGE_HOST, PROVIDER_HOST])
def test_a_host_obeys_an_interrupt_that_its_parent_ignores(project: Project, name: str) -> None:
    """The engine dismisses its plugins so, and a shell's background job ignores interrupts."""
    shell = f"trap '' INT; exec {shutil.which('env')} {project.cli.with_name(name)} 127.0.0.1:9"
    with subprocess.Popen(
        ["/bin/sh", "-c", shell], cwd=project.folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as host:
        assert host.stdout
        assert int(host.stdout.readline()) > 0
        host.send_signal(signal.SIGINT)
        try:
            host.wait(timeout=15)
        finally:
            host.kill()
