"""Which command runs, of which stack, and whether it runs still, with the real engine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.stack import Sandbox, Stack, soon
from tests.tenant import member, organization, person

pytestmark = pytest.mark.engine

USERS = "POST /user_management/users"
BELOW = "exports/acme"
MANY = 60


@pytest.fixture
def below(stack: Stack) -> Path:
    """A subfolder of the project."""
    path = stack.project / BELOW
    path.mkdir(parents=True)
    return path


def export(stack: Stack, number: int) -> None:
    """So many users in one organization."""
    names = [f"{one:02}" for one in range(number)]
    stack.exports(
        users=[person(name) for name in names],
        organizations=[organization("one")],
        members=[member("one", f"auth0|{name}") for name in names],
    )


def another(stack: Stack, name: str) -> None:
    """A second stack of the project with the same settings, which is not the selected one."""
    stack.pulumi("stack", "init", name, "--no-select")
    path = stack.project / "stacks" / f"Pulumi.{name}.yaml"
    salt = path.read_text(encoding="utf-8").removeprefix("encryptionsalt:").strip()
    config = {"ferry:export": str(stack.export), "ferry:maxRemovedPercent": "100"}
    path.write_text(json.dumps({"encryptionsalt": salt, "config": config}), encoding="utf-8")


def written_by_ferry(stack: Stack) -> set[str]:
    """What there is in the project of Ferry's, stores left out; a journal without its environment."""
    folders = [*stack.project.glob("**/.ferry/*"), *stack.project.glob("**/reports/*")]
    names = (str(path.relative_to(stack.project)) for path in folders if path.suffix != ".sqlite")
    return {re.sub(r"-test-[0-9a-f]{8}", "", name) for name in names}


@pytest.mark.calm  # the writes are counted
def test_a_run_of_records_is_stopped_from_a_subfolder_and_goes_on(stack: Stack, workos: Sandbox, below: Path) -> None:
    """What is not in WorkOS then is pending; nothing else is asked to stop, neither before nor afterwards."""
    export(stack, MANY)
    assert "no run of dev holds its lock" in stack.ferry("stop", code=2).said
    workos.settings(latency_ms=400)
    up = stack.starts("up", "--yes", "--skip-preview")
    soon(lambda: workos.writes().get(USERS, 0) >= 4, "the first users")
    said = stack.ferry("stop", "--stack", "prod", code=2, at=BELOW).said
    assert said == (
        "ferry stop: no run of prod holds its lock (.ferry/prod.run), so nothing is stopped; these run here: dev\n"
    )
    said = stack.ferry("stop", "--wait", "60", at=BELOW).said

    assert said.splitlines() == [
        "the run of dev ends after the calls under way",
        "the run of dev has ended; pulumi up goes on from there",
    ]
    assert up.wait() != 0
    made, _, joined = workos.counts()
    assert joined < MANY
    assert f"(ferry stop). {MANY - joined} memberships" in stack.told()
    assert written_by_ferry(stack) == {".ferry/dev.journal", ".ferry/dev.run", "reports/dev"}
    assert "no run of dev holds its lock" in stack.ferry("stop", code=2, at=BELOW).said
    workos.settings(latency_ms=0)
    workos.clear()
    stack.up()
    assert workos.writes().get(USERS, 0) == MANY - made
    assert workos.counts() == (MANY, 1, MANY)
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


@pytest.mark.calm  # the writes are counted
def test_a_destroy_of_records_is_stopped_and_goes_on(stack: Stack, workos: Sandbox) -> None:
    """No program runs then; the provider host alone holds the lock."""
    export(stack, MANY)
    stack.up()
    workos.clear()
    workos.settings(latency_ms=400)
    destroy = stack.starts("destroy", "--yes", "--skip-preview")
    soon(lambda: len(workos.users()) < MANY - 3, "the first users go")
    said = stack.ferry("stop", "--stack", "organization/ferry/dev", "--wait", "60").said

    assert "the run of dev has ended" in said
    assert destroy.wait() != 0
    assert "the run was stopped (ferry stop). What is left stays in the state: run the same command" in stack.told()
    assert 0 < len(workos.users()) < MANY - 3
    workos.settings(latency_ms=0)
    stack.destroy()
    assert workos.counts() == (0, 0, 0)


@pytest.mark.parametrize("words", [("-m", "down"), ("--message", "destroy")])
def test_a_message_that_reads_like_a_verb_makes_no_destroy(
    stack: Stack, workos: Sandbox, words: tuple[str, ...]
) -> None:
    """Without a verdict in the state a leaver can be the only target: no `check` runs, and yet it is no destroy."""
    export(stack, 3)
    workos.fault("POST", "/organization_memberships$", status=400, body={"code": "no", "message": "no"})
    stack.up(fails=True)
    stack.configure(maxRemovedPercent="100")
    state = stack.state()
    assert "verdict" not in state
    targets = [f"--target={one['urn']}" for name, one in state.items() if name.endswith("auth0|02")]
    export(stack, 2)
    workos.clear()
    stack.up(*targets, *words)

    assert "auth0|02" not in stack.state()
    assert workos.writes() == {}
    assert "auth0|02" in workos.users()


def test_a_stack_named_like_a_verb_and_one_with_dots_are_stacks_like_others(
    stack: Stack, workos: Sandbox, below: Path
) -> None:
    """`ferry:removed` is obeyed, their files lie beside one another, and commands take their names in full."""
    export(stack, 3)
    for name in ("destroy", "acme.prod"):
        workos.reset()
        export(stack, 3)
        another(stack, name)
        workos.fault("POST", "/organization_memberships$", status=400, body={"code": "no", "message": "no"})
        stack.up("--stack", name, fails=True)
        held = json.loads(stack.pulumi("stack", "export", "--stack", name).said)["deployment"]["resources"]
        urns = [one["urn"] for one in held if one["urn"].endswith("auth0|02")]
        export(stack, 2)
        workos.clear()
        stack.pulumi("-C", str(below), "up", "-ys", name, "-f", *(f"-t={urn}" for urn in urns))
        assert workos.writes() == {}
        assert "auth0|02" in workos.users()
        stack.up("--stack", name)
        said = stack.ferry("verify", "--stack", f"organization/ferry/{name}", at=BELOW).said
        assert f"Report: ../../reports/{name}/verification.txt, ../../reports/{name}/verification.json" in said

    assert written_by_ferry(stack) == {
        ".ferry/acme.prod.journal",
        ".ferry/acme.prod.run",
        ".ferry/destroy.journal",
        ".ferry/destroy.run",
        "reports/acme.prod",
        "reports/destroy",
    }
    said = stack.ferry("clean", at=BELOW).said
    assert "removed: 2 journals of runs that ended well\n" in said
    assert "removed: 2 orders to stop, and locks, of stacks that do not run\n" in said
