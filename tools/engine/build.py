"""Builds the engine from the Go module in this folder: the last resort, since it takes minutes."""

from __future__ import annotations

import platform
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tools.engine.engine import GO_MODULE, EngineError, Version, dotted

PACKAGE = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
VERSION_VARIABLE = "github.com/pulumi/pulumi/sdk/v3/go/common/version.Version"


def find_go(environment: Mapping[str, str]) -> tuple[Path, str]:
    """The Go command and its version as text; a missing or old one is refused with the way to get it."""
    found = shutil.which("go", path=environment.get("PATH", ""))
    least = least_go()
    if found is None:
        raise EngineError(f"Go {least} or newer builds the engine, and there is no `go` on PATH. {how_to_get(least)}")
    output = subprocess.run([found, "version"], capture_output=True, text=True, check=False).stdout
    version = re.search(r"\bgo((\d+)\.(\d+)\S*)", output)
    if version is None or (int(version[2]), int(version[3])) < tuple(map(int, least.split(".")[:2])):
        raise EngineError(f"Go {least} or newer builds the engine; {found} is {output.strip()!r}. {how_to_get(least)}")
    return Path(found), version[1]


def least_go() -> str:
    """The Go version that `go.mod` asks for. A Go of the same minor version fetches the patch it lacks by itself."""
    found = re.search(r"^go (\S+)$", GO_MODULE.read_text(), re.MULTILINE)
    if found is None:
        raise EngineError(f"{GO_MODULE} has no go line. Restore it: git checkout.")
    return found[1]


def how_to_get(go_version: str) -> str:
    """The command that installs Go on this machine."""
    if platform.system() == "Darwin":
        return "Install it: brew install go"
    machine = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    archive = f"https://go.dev/dl/go{go_version}.{platform.system().lower()}-{machine}.tar.gz"
    return f"Install it: curl -fsSL {archive} | sudo tar -C /usr/local -xz && export PATH=/usr/local/go/bin:$PATH"


def build(go: Path, target: Path, version: Version, environment: Mapping[str, str]) -> None:
    """Compile the CLI into `target`. Go's own messages go to a log beside it, whose end is shown if the build fails."""
    log = target.with_name("build.log")
    stamp = f"-s -w -X {VERSION_VARIABLE}=v{dotted(version)}"
    arguments = [
        "build",
        "-mod=readonly",
        "-buildvcs=false",
        "-trimpath",
        "-ldflags",
        stamp,
        "-o",
        str(target),
        PACKAGE,
    ]
    with log.open("w") as lines:
        run = subprocess.run(
            [go, *arguments],
            cwd=GO_MODULE.parent,
            env={**environment, "GOWORK": "off"},
            stdin=subprocess.DEVNULL,
            stdout=lines,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if run.returncode:
        end = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise EngineError(f"The engine did not build; the whole log is {log}, and it ends:\n{end}")
