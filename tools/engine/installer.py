"""Runs Pulumi's installer, which brings the CLI with its language hosts, into a folder given as argument.

A process of its own, because its time-outs hold for the whole process: without a network it ends within seconds.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tools.engine.engine import Version, dotted

#: For each answer from the network; the download itself runs in a program of its own and is bounded by the caller.
ANSWER_SECONDS = 5
WHOLE_SECONDS = 600


def install(root: Path, version: Version, environment: Mapping[str, str]) -> str | None:
    """Put Pulumi's programs into `root/bin`; return None, or one line about why it did not work."""
    resolver = {"RES_OPTIONS": f"timeout:{ANSWER_SECONDS} attempts:1"}
    try:
        run = subprocess.run(
            [sys.executable, "-m", "tools.engine.installer", str(root), dotted(version)],
            env={**environment, **resolver},
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=WHOLE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"no end after {WHOLE_SECONDS} seconds"
    if run.returncode:
        return (run.stderr.strip() or f"it ended with {run.returncode}").splitlines()[-1]
    return None


def main() -> None:
    """Install the version named by the second argument under the folder named by the first."""
    from pulumi.automation import PulumiCommand  # noqa: PLC0415 the parent does without the SDK, to start quickly
    from semver import VersionInfo  # noqa: PLC0415

    socket.setdefaulttimeout(ANSWER_SECONDS)
    PulumiCommand.install(root=sys.argv[1], version=VersionInfo.parse(sys.argv[2]), skip_version_check=True)


if __name__ == "__main__":
    main()
