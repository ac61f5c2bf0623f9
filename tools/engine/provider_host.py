"""The program `pulumi-resource-pulumi-python`: the SDK's host for dynamic providers, ending with its engine."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from tools.engine.lifeline import end_with_engine


def main() -> None:
    """Serve until the engine interrupts; providers are imported from the working directory, which is the project's."""
    end_with_engine()
    sys.path.insert(0, str(Path.cwd()))
    runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
