"""`ferry stop`: the order to a run that goes on, and to no other."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from providers.cli import main
from providers.commands.stop import has_ended, order_stop
from providers.project import run_path, stop_path
from providers.state.run_lock import hold_run, is_running
from tests.stack import ROOT

RUNS = "import sys; from pathlib import Path; from providers.state.run_lock import hold_run; "
RUNS += "hold_run(Path(sys.argv[1]), sys.argv[2]); print('runs', flush=True); sys.stdin.read()"
Begin = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project in which nothing runs; the command is typed in its folder."""
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "Pulumi.yaml").write_text("name: ferry\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path / "project")
    return tmp_path / "project"


@pytest.fixture
def begin(project: Path) -> Iterator[Begin]:
    """Begins a run of a stack: a process that holds its lock until its input ends."""
    begun = []

    def run(stack: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", RUNS, str(project), stack],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        assert process.stdout
        assert process.stdout.readline() == "runs\n"
        return process

    yield run
    for process in begun:
        process.communicate()


def ferry_stop(*words: str) -> Result:
    return CliRunner().invoke(main, ["stop", *words])


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("named", ["production", "acme/production", "acme/ferry/production"])
def test_a_run_gets_the_order_by_the_last_part_of_the_stack_s_name(project: Path, begin: Begin, named: str) -> None:
    begin("production")
    done = ferry_stop("--stack", named, "--wait", "0")

    assert done.exit_code == 0, done.output
    assert done.output.splitlines() == [
        "the run of production ends after the calls under way",
        "the run of production still ends: calls under way are waited for; look again with ferry stop --stack "
        "production --wait 60",
    ]
    assert stop_path(project, "production").exists()


def test_a_stack_with_dots_in_its_name_has_files_of_its_own(project: Path, begin: Begin) -> None:
    begin("acme.prod")

    assert ferry_stop("--stack", "acme.prod", "--wait", "0").exit_code == 0
    assert files(project) == {"Pulumi.yaml", ".ferry/acme.prod.run", ".ferry/acme.prod.stop"}
    assert ferry_stop("--stack", "acme", "--wait", "0").exit_code == 2


def test_it_is_typed_in_any_subfolder_and_writes_into_the_project_only(
    project: Path, begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = project / "exports" / "acme"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    begin("dev")

    assert ferry_stop("--stack", "dev", "--wait", "0").exit_code == 0
    assert files(project) == {"Pulumi.yaml", ".ferry/dev.run", ".ferry/dev.stop"}


def test_a_stack_that_does_not_run_is_not_stopped(project: Path, begin: Begin) -> None:
    """A typo, say. Those that do run are named, and nothing is left behind for the next run."""
    begin("production")
    begin("staging")
    done = ferry_stop("--stack", "prodution")

    assert done.exit_code == 2
    assert done.output == (
        "ferry stop: no run of prodution holds its lock (.ferry/prodution.run), so nothing is stopped; these run here: "
        "production, staging\n"
    )
    assert files(project) == {"Pulumi.yaml", ".ferry/production.run", ".ferry/staging.run"}


def test_a_run_that_has_ended_is_not_stopped(project: Path, begin: Begin) -> None:
    """Its lock's file is still there; so it is after a kill, since the system frees the lock."""
    killed = begin("dev")
    killed.kill()
    killed.wait()
    assert run_path(project, "dev").exists()
    done = ferry_stop("--stack", "dev")

    assert done.exit_code == 2
    assert done.output == "ferry stop: no run of dev holds its lock (.ferry/dev.run), so nothing is stopped\n"
    assert not stop_path(project, "dev").exists()


@pytest.mark.parametrize(
    "name", ["../../x", "..", ".", "a/../x", "a/b/c/d", "/x", "x/", "x y", "dev\n", "a" * 101, "ä"]
)
def test_what_is_no_name_of_a_stack_is_refused(project: Path, name: str) -> None:
    done = ferry_stop("--stack", name)

    assert done.exit_code == 2
    assert done.output.startswith(f"ferry stop: {name!r} is not the name of a stack: letters, digits, ")
    assert done.output.count("\n") == 1
    assert files(project.parent) == {"project/Pulumi.yaml"}


def test_outside_a_project_it_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = ferry_stop("--stack", "dev")

    assert done.exit_code == 2
    assert done.output == (
        f"ferry stop: no Pulumi.yaml in {tmp_path} or above it; run this in Ferry's project folder or below\n"
    )


@pytest.mark.usefixtures("project")
def test_without_a_stack_it_says_what_to_add(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PULUMI_BACKEND_URL", f"file://{tmp_path}")
    done = ferry_stop()

    assert done.exit_code == 2
    assert "ferry stop --stack STACK" in done.output


def test_it_waits_for_the_end_and_then_takes_the_order_back(project: Path, begin: Begin) -> None:
    """An order that stays would be one for the next run."""
    run, clock = begin("dev"), iter(range(100))
    order_stop(project, "dev")
    looked: list[bool | None] = []

    def sleep(_: float) -> None:
        looked.append(is_running(run_path(project, "dev")))
        if len(looked) == 3:
            run.communicate()

    assert has_ended(project, "dev", 10, lambda: next(clock), sleep)
    assert looked == [True] * 3
    assert not stop_path(project, "dev").exists()


def test_it_waits_as_long_as_it_is_told_and_leaves_the_order_to_a_run_that_still_ends(
    project: Path, begin: Begin
) -> None:
    clock, waited = iter(range(100)), list[float]()
    begin("dev")
    order_stop(project, "dev")

    assert not has_ended(project, "dev", 5, lambda: next(clock), waited.append)
    assert len(waited) == 4
    assert stop_path(project, "dev").exists()


def test_the_next_run_that_begins_meanwhile_is_not_waited_for(project: Path, begin: Begin) -> None:
    """It took the order away, which was none for it."""
    begin("dev")
    order_stop(project, "dev")
    stop_path(project, "dev").unlink()

    assert has_ended(project, "dev", 0)


def test_a_run_that_begins_takes_away_the_order_to_the_one_before_and_keeps_its_own(
    project: Path, begin: Begin
) -> None:
    order = stop_path(project, "dev")
    order.parent.mkdir()
    order.touch()
    begin("dev")
    assert not order.exists()
    order_stop(project, "dev")
    begin("dev")  # another process of the same run

    assert order.exists()


def test_without_locks_the_order_is_given_and_the_doubt_said(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows has none."""
    monkeypatch.setattr("providers.state.run_lock.fcntl", None)
    hold_run(project, "dev")
    assert not run_path(project, "dev").exists()

    assert order_stop(project, "dev").startswith("nobody can say here whether dev runs (no file locks)")
    assert stop_path(project, "dev").exists()
    assert not has_ended(project, "dev", 0)
