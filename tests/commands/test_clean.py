"""`ferry clean`: what no later run uses goes, and nothing of a stack that runs."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from providers.cli import main
from providers.directory.store import open_store, store_path
from providers.project import run_path
from providers.settings import Settings, read_settings
from providers.stack_file import stack_config
from providers.state.run_lock import hold_run
from tests.tenant import person, write

LINE = json.dumps([1, "users", 3, "auth0|ann", "packed"]) + "\n"
SEALED = LINE + json.dumps({"sealed": "life"}) + "\n"
HASH = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one stack, whose export and store are there; the command is typed in a subfolder."""
    (tmp_path / "Pulumi.yaml").write_text("name: ferry\n", encoding="utf-8")
    (tmp_path / "stacks").mkdir()
    (tmp_path / "stacks" / "Pulumi.dev.yaml").write_text("config:\n  ferry:export: export\n", encoding="utf-8")
    write(tmp_path / "export", users=[person("ann")])
    open_store(settings(tmp_path, "dev"), tmp_path).close()
    monkeypatch.chdir(tmp_path / "export")
    return tmp_path


def settings(project: Path, stack: str) -> Settings:
    return read_settings(stack_config(project, stack), {}, lambda _: False)


def put(project: Path, **texts: str) -> None:
    for name, text in texts.items():
        (project / ".ferry" / name).write_text(text, encoding="utf-8")


def left(project: Path) -> set[str]:
    """What is in `.ferry` beside the store of the stack."""
    store = store_path(settings(project, "dev"), project)
    assert store.exists()
    return {path.name for path in (project / ".ferry").iterdir()} - {store.name}


def clean() -> list[str]:
    done = CliRunner().invoke(main, ["clean"])
    assert done.exit_code == 0, done.output
    return done.output.splitlines()


def test_journals_that_are_sealed_or_set_aside_go_and_those_of_killed_runs_stay(project: Path) -> None:
    put(
        project,
        **{
            "dev-test-00000001.journal": SEALED,
            "acme.prod-live-00000002.journal": SEALED + "\n",
            "dev-test-00000001.journal.aside-1": LINE,
            "old-00000003.journal.aside-12": SEALED,
            "dev-test-00000004.journal": LINE,
            "dev-test-00000005.journal": SEALED + LINE,
            "dev-test-00000006.journal": LINE + '{"sealed": "li',
            "dev-test-00000007.journal": "",
            "notes.journal": SEALED,
        },
    )

    assert clean() == ["removed: 2 journals that were set aside", "removed: 2 journals of runs that ended well"]
    assert left(project) == {*(f"dev-test-0000000{number}.journal" for number in (4, 5, 6, 7)), "notes.journal"}


def test_orders_and_locks_of_stacks_that_do_not_run_go(project: Path) -> None:
    put(project, **{"dev.stop": "", "dev.run": "", "acme.prod.run": "", "gone.stop": ""})

    assert clean() == ["removed: 4 orders to stop, and locks, of stacks that do not run"]
    assert left(project) == set()


def test_nothing_of_a_stack_that_runs_is_touched(project: Path) -> None:
    hold_run(project, "acme.prod")
    own = {
        "acme.prod.run": "",
        "acme.prod.stop": "",
        "acme.prod-live-00000001.journal": SEALED,
        "acme.prod-live-00000001.journal.aside-1": LINE,
        "acme.prod-00000002.journal": SEALED,
        f"{HASH}.sqlite": "",
    }
    put(project, **{name: text for name, text in own.items() if name != "acme.prod.run"})
    put(project, **{"dev.stop": "", "dev-test-00000001.journal": SEALED})

    assert clean() == [
        "removed: 1 journals of runs that ended well",
        "removed: 1 orders to stop, and locks, of stacks that do not run",
        "left alone: the files of acme.prod, and all stores, since a run may use them",
    ]
    assert left(project) == own.keys()


def test_stores_that_no_stack_file_leads_to_go(project: Path) -> None:
    """Of every stack the one that its next run opens stays, however old it is."""
    (project / "stacks" / "Pulumi.acme.prod.yaml").write_text(
        'config:\n  ferry:export: export\n  ferry:skip: ["auth0|bee"]\n', encoding="utf-8"
    )
    open_store(settings(project, "acme.prod"), project).close()
    other = store_path(settings(project, "acme.prod"), project)
    put(project, **{f"{HASH}.sqlite": "newest"})
    os.utime(other, (1, 1))

    assert clean() == ["removed: 1 stores that no stack uses"]
    assert left(project) == {other.name}


def test_where_a_stack_s_store_cannot_be_told_the_newest_two_stay(project: Path) -> None:
    (project / "stacks" / "Pulumi.prod.yaml").write_text("config:\n  ferry:export: nowhere\n", encoding="utf-8")
    names = [f"{number}{HASH[1:]}.sqlite" for number in range(4)]
    put(project, **dict.fromkeys(names, ""))
    for age, name in enumerate(names):
        os.utime(project / ".ferry" / name, (9_999_999_999 - age,) * 2)

    assert clean() == ["removed: 2 stores that no stack uses"]
    assert left(project) == set(names[:2])


def test_drafts_of_builds_that_were_killed_go(project: Path) -> None:
    """One that a build is making stays, and so does what only looks like a draft: a stack's name may hold numbers."""
    dead, alive = 2**22 + 1, os.getpid()
    put(
        project,
        **{
            f"{HASH}.{dead}.draft": "",
            f"{HASH}.{dead}.people": "",
            f"{HASH}.{alive}.draft": "",
            f"acme.{dead}-test-00000001.journal": LINE,
        },
    )

    assert clean() == ["removed: 2 drafts of directories that were never finished"]
    assert left(project) == {f"{HASH}.{alive}.draft", f"acme.{dead}-test-00000001.journal"}


def test_where_there_is_nothing_it_says_so(project: Path) -> None:
    assert clean() == ["nothing to remove"]


def test_a_build_leaves_the_files_of_a_stack_alone_whose_name_holds_a_number(project: Path) -> None:
    """They look like those of a process that ended."""
    hold_run(project, f"acme.{2**22 + 1}")
    write(project / "export", users=[person("bee")])
    open_store(settings(project, "dev"), project).close()

    assert run_path(project, f"acme.{2**22 + 1}").exists()


def test_outside_a_project_it_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, ["clean"])

    assert done.exit_code == 2
    assert done.output.startswith(f"ferry clean: no Pulumi.yaml in {tmp_path} or above it")
