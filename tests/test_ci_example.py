"""The workflow that people copy: its commands exist, secrets stay where they are needed, permissions are few."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.shell_commands import commands, unknown_to_ferry
from tests.stack import BIN, ROOT, Sandbox, new_stack
from tests.tenant import person, write

EXAMPLE = ROOT / "examples" / "ci" / "re-sync.yml"
TEXT = EXAMPLE.read_text(encoding="utf-8")
#: `on` is a word here, and every scalar the text it is.
WORKFLOW: dict[str, Any] = yaml.load(TEXT, yaml.BaseLoader)
JOBS: dict[str, dict[str, Any]] = WORKFLOW["jobs"]
STEPS = [(job, step) for job, held in JOBS.items() for step in held["steps"]]
SCRIPTS = [(job, step) for job, step in STEPS if "run" in step]


def called(program: str) -> list[list[str]]:
    """What the workflow calls a program with."""
    found = (command for _, step in SCRIPTS for command in commands(step["run"]))
    return [command[1:] for command in found if command[:1] == [program]]


def secrets_of(step: dict[str, Any]) -> set[str]:
    return {name for name, value in step.get("env", {}).items() if "secrets." in value or "github.token" in value}


def test_every_ferry_command_and_option_exists() -> None:
    assert {words[0] for words in called("ferry")} == {"download", "check", "plan", "verify"}
    assert [unknown for words in called("ferry") for unknown in unknown_to_ferry(words)] == []


@pytest.mark.engine
def test_every_pulumi_command_and_option_exists() -> None:
    assert {words[0] for words in called("pulumi")} == {"preview", "up"}
    for words in called("pulumi"):
        done = subprocess.run([BIN / "pulumi", words[0], "--help"], capture_output=True, text=True, check=True).stdout
        options = set(re.findall(r"(?<!\S)--?[a-z][a-z-]*", done))
        assert [word for word in words if word.startswith("-") and word not in options] == []


def test_a_preview_shows_ids_and_no_emails() -> None:
    assert all("--diff" not in words and "--json" not in words for words in called("pulumi"))


@pytest.mark.engine
def test_what_is_told_of_a_preview_names_people_by_their_ids(tmp_path: Path, workos: Sandbox) -> None:
    (words,) = [one for one in called("pulumi") if one[0] == "preview"]
    words = [word.replace("$STACK", "dev") for word in words]
    stack = new_stack(tmp_path, workos)
    stack.exports(users=[person("one", given_name="Secretname"), person("two")])
    stack.up()
    stack.exports(users=[person("one", email="other@people.example", given_name="Secondname"), person("new")])
    stack.configure(removed="delete", maxRemovedPercent="100")
    run = subprocess.run(
        [BIN / "pulumi", *words],
        cwd=stack.project,
        env=stack.environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )

    assert all(f"auth0|{one}" in run.stdout for one in ("one", "two", "new"))
    assert not re.search("people.example|Secretname|Secondname", run.stdout + run.stderr)


def test_nothing_is_written_without_approval() -> None:
    verbs = {(job, words[1]) for job, step in SCRIPTS for words in commands(step["run"]) if words[:1] == ["pulumi"]}

    assert verbs == {("look", "preview"), ("apply", "up")}
    assert JOBS["apply"]["environment"] == "${{ inputs.stack || 'production' }}"
    assert JOBS["apply"]["needs"] == "look"
    assert JOBS["apply"]["if"] == "needs.look.outputs.changes == 'true'"
    assert JOBS["look"]["environment"] != JOBS["apply"]["environment"]


def test_permissions_are_what_a_job_needs_and_no_more() -> None:
    assert WORKFLOW["permissions"] in ({}, "{}")
    assert {job: held["permissions"] for job, held in JOBS.items()} == {
        "look": {"contents": "read"},
        "comment": {"issues": "write", "pull-requests": "write"},
        "apply": {"contents": "read"},
        "clean": {},
    }
    assert all(
        step["with"]["persist-credentials"] == "false" for _, step in STEPS if "checkout" in step.get("uses", "")
    )


def test_one_run_of_a_stack_at_a_time() -> None:
    assert WORKFLOW["concurrency"] == {
        "group": "ferry-${{ inputs.stack || 'production' }}",
        "cancel-in-progress": "false",
    }
    assert set(WORKFLOW["on"]) == {"schedule", "workflow_dispatch"}


def test_secrets_are_given_to_the_steps_that_need_them_alone() -> None:
    """Each `secrets.` of the file stands in the environment of a step that runs a command which asks for it."""
    state = {"PULUMI_CONFIG_PASSPHRASE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "WORKOS_API_KEY"}
    given = {step["name"]: secrets_of(step) for _, step in STEPS if secrets_of(step)}

    assert given == {
        "Download": {"AUTH0_CLIENT_SECRET"},
        **dict.fromkeys(("Preview", "Plan", "Apply", "Verify"), state),
        "Comment": {"GH_TOKEN"},
    }
    assert TEXT.count("secrets.") == sum(len(names) for names in given.values()) - 1
    assert TEXT.count("github.token") == 1


def test_no_script_prints_a_secret_or_takes_text_from_outside_as_code() -> None:
    for _, step in SCRIPTS:
        assert "${{" not in step["run"]
        assert not re.search(r"\b(printenv|env|set -x|set -o xtrace|declare -p|export -p)\b", step["run"])
        for name in secrets_of(step):
            assert name not in step["run"]
    assert "ACTIONS_STEP_DEBUG" not in TEXT


def test_artifacts_hold_reports_only_and_peoples_data_goes_however_the_run_ends() -> None:
    kept = [path for _, step in STEPS if "upload-artifact" in step.get("uses", "") for path in _paths(step)]

    assert kept
    assert {Path(path).name for path in kept} == {"verification.json", "verification.txt", "findings.jsonl"}
    assert all(path.startswith("reports/") for path in kept)
    clean = JOBS["clean"]
    assert (clean["if"], set(clean["needs"])) == ("always()", {"look", "apply"})


def _paths(step: dict[str, Any]) -> list[str]:
    return str(step["with"]["path"]).split("\n")[:-1]


def test_actions_are_pinned_to_commits_with_their_version_beside() -> None:
    used = re.findall(r"uses: (\S+)(.*)", TEXT)

    assert len(used) == sum("uses" in step for _, step in STEPS)
    for action, comment in used:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    pins = {action.partition("@")[0]: action for action, _ in used}
    assert set(pins.values()) == {action for action, _ in used}


def test_every_script_is_bash() -> None:
    for _, step in SCRIPTS:
        done = subprocess.run(["bash", "-n"], input=step["run"], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")


def script(name: str) -> str:
    (found,) = [step["run"] for _, step in SCRIPTS if step["name"] == name]
    return str(found)


@pytest.fixture
def runner(tmp_path: Path) -> Path:
    """A checkout on a runner with a stack one of whose users has no email; `ferry` is on the path."""
    write(tmp_path / "exports" / "acme", users=[person("one"), person("two", email=None)])
    (tmp_path / "stacks").mkdir()
    text = json.dumps({"config": {"ferry:export": "exports/acme"}})
    (tmp_path / "stacks" / "Pulumi.production.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "bin").mkdir()
    return tmp_path


def stands_in(runner: Path, program: str, does: str) -> None:
    path = runner / "bin" / program
    path.write_text(f"#!/bin/bash\n{does}\n", encoding="utf-8")
    path.chmod(0o755)


def runs(runner: Path, name: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A step, as GitHub runs it."""
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script(name)],
        cwd=runner,
        env={
            "PATH": f"{runner / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "STACK": "production",
            "EXPORT": "exports/acme",
            "GITHUB_OUTPUT": str(runner / "output"),
            "GITHUB_STEP_SUMMARY": str(runner / "summary"),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_refused_record_stops_the_run_until_its_code_is_accepted(runner: Path) -> None:
    stands_in(runner, "ferry", f"exec {BIN / 'python'} -c 'from providers.cli import main; main()' \"$@\"")
    stopped = runs(runner, "Check", ACCEPTED_FINDINGS="")
    assert stopped.returncode == 1
    assert "::error::Findings refuse records." in stopped.stdout
    assert "no_email" in stopped.stdout
    accepted = runs(runner, "Check", ACCEPTED_FINDINGS="invalid_email no_email")
    assert (accepted.returncode, accepted.stderr) == (0, "")
    assert "::error::" not in accepted.stdout
    assert runs(runner, "Check", ACCEPTED_FINDINGS="no_emial").returncode == 2


@pytest.mark.parametrize(("code", "ends", "told"), [(0, 0, "changes=false\n"), (1, 0, "changes=true\n"), (2, 2, "")])
def test_the_plan_decides_whether_anybody_is_asked(runner: Path, code: int, ends: int, told: str) -> None:
    stands_in(runner, "ferry", f"echo said; exit {code}")
    (runner / "output").touch()
    done = runs(runner, "Plan")

    assert (done.returncode, done.stdout) == (ends, "")
    assert (runner / "output").read_text() == told


def test_what_is_told_is_one_block_that_fits_into_a_comment(runner: Path) -> None:
    folder = runner / "reports" / "production"
    folder.mkdir(parents=True)
    (folder / "preview.txt").write_text("3 to create\n```\n<script>é\n" + "+ auth0|one\n" * 20_000)
    done = runs(runner, "Tell")

    assert (done.returncode, done.stderr) == (0, "")
    summary = (runner / "summary").read_text()
    title, _, block = summary.partition("\n\n")
    assert title == "## production: what pulumi up would do"
    assert block.startswith("    3 to create\n    ```\n    <script>\n")
    assert all(line.startswith("    ") or not line for line in block.splitlines()[:-1])
    assert len(summary) < 65_536
    first, *rest = (runner / "output").read_text().splitlines()
    assert rest.index(first.removeprefix("told<<")) == len(rest) - 1


def test_people_are_gone_from_the_runner_afterwards_and_the_journal_is_not(runner: Path) -> None:
    (runner / ".ferry").mkdir()
    for name in ("ab.sqlite", "ab.7.draft", "ab.7.people", "production-1234.journal"):
        (runner / ".ferry" / name).touch()

    for name in ("Remove what an interrupted run left of people's data", "Remove people's data"):
        assert runs(runner, name).returncode == 0
        assert script(name) == script("Remove people's data")
    assert [path.name for path in (runner / ".ferry").iterdir()] == ["production-1234.journal"]
    assert not (runner / "exports").exists()
