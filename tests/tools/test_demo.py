"""The demo's own steps, as a new user would run them; its claims are its assertions."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.engine
def test_the_demo_ends_with_a_second_up_that_has_nothing_to_do() -> None:
    """Preview without writes, the minimal number of writes, then none; the demo fails by itself otherwise."""
    done = subprocess.run(
        [sys.executable, "-m", "tools.demo"], cwd=ROOT, capture_output=True, text=True, check=False, timeout=300
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "673 to create, 0 writes" in done.stdout
    assert "673 created, with 695 writes and 1 read(s)" in done.stdout
    assert "second up: 0 changes, 0 writes, 0 requests" in done.stdout
