"""What an engine is: a `pulumi` that runs, perhaps with Pulumi's own Python programs; and which version is wanted."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

#: The only place that pins the engine's version: the Go module that builds it.
GO_MODULE = Path(__file__).with_name("go.mod")

LANGUAGE_HOST = "pulumi-language-python"
PROVIDER_HOST = "pulumi-resource-pulumi-python"

Version = tuple[int, int, int]


class EngineError(Exception):
    """No engine could be had; the text says what is missing and what to do."""


@dataclass(frozen=True)
class Engine:
    """A working CLI, and where Pulumi's own two Python programs are; None: Ferry's take their place."""

    cli: Path
    language_host: Path | None = None
    provider_host: Path | None = None


def pinned_version() -> Version:
    """The version in `go.mod`: built or installed exactly, and the least that a CLI on PATH must have."""
    found = re.search(r"^\s*github\.com/pulumi/pulumi/pkg/v3 v(\d+)\.(\d+)\.(\d+)\b", GO_MODULE.read_text(), re.M)
    if found is None:
        raise EngineError(f"{GO_MODULE} names no version of github.com/pulumi/pulumi/pkg/v3. Restore it: git checkout.")
    return int(found[1]), int(found[2]), int(found[3])


def dotted(version: Version) -> str:
    """`3.259.0`, without the `v`."""
    return ".".join(map(str, version))


def version_of(cli: Path) -> Version | None:
    """The version that the program prints, or None if it does not run: half a file, or one made for another machine."""
    try:
        output = subprocess.run(
            [cli, "version"],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.match(r"v?(\d+)\.(\d+)\.(\d+)", output)
    return (int(found[1]), int(found[2]), int(found[3])) if found else None
