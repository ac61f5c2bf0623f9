"""`ferry stop`: the order to a run that goes on."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from providers.cli import main
from providers.resources.journal import stop_path


def test_it_leaves_the_order_where_the_run_of_the_stack_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["stop", "--stack", "production"])

    assert done.exit_code == 0
    assert "the run of production ends after the calls under way" in done.output
    assert stop_path(tmp_path, "production").exists()
    assert not stop_path(tmp_path, "staging").exists()


def test_without_a_stack_it_says_what_to_add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    done = CliRunner().invoke(main, ["stop"])

    assert done.exit_code == 2
    assert "ferry stop --stack STACK" in done.output
