"""A state that moves from one backend to another with another passphrase, by the commands of docs/state.md."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.stack import KEY, LONGEST_COMMAND, ROOT, Done, Sandbox, Stack
from tests.state.object_store import object_store
from tests.tenant import member, organization, otp, password, person, role

pytestmark = pytest.mark.engine

_BLOCK = re.compile(r"<!-- moving a state -->\n```sh\n(.*?)```\n<!-- /moving a state -->", re.S)
OLD, NEW = "made up", "another, made up as well"
_ANSWERS = {"change-secrets-provider": f"{NEW}\n"}
_UNASKED = {"up": ["--yes", "--skip-preview"], "rm": ["--yes"]}


def documented(old: str, new: str) -> list[list[str]]:
    """The documented commands with this test's names in them, as words."""
    found = _BLOCK.search((ROOT / "docs" / "state.md").read_text(encoding="utf-8"))
    assert found
    names = {"file://~/ferry-state": old, "s3://acme-ferry?region=eu-central-1": new, "the new one": NEW}
    text = found[1]
    for name, own in names.items():
        assert name in text
        text = text.replace(name, own)
    lines = (shlex.split(line.replace("production", "dev"), comments=True) for line in text.splitlines())
    return [words for words in lines if words]


def does(stack: Stack, *words: str) -> Done:
    """One documented command, as a person types it; what it asks for is answered."""
    if words[0] == "export":
        name, _, value = words[1].partition("=")
        stack.environment[name] = value
        return Done(0, "")
    if words[0] == "pulumi":
        unasked = [one for word, more in _UNASKED.items() if word in words for one in more]
        words = (*stack.command(*words[1:]), *unasked)
    answer = "".join(text for word, text in _ANSWERS.items() if word in words)
    run = subprocess.run(
        words,
        cwd=stack.project,
        env=stack.environment,
        input=answer,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LONGEST_COMMAND,
        check=False,
    )
    assert run.returncode == 0, f"{words}\n{run.stdout}"
    return Done(run.returncode, run.stdout)


@pytest.fixture
def at_home(stack: Stack) -> Stack:
    """A stack whose backend is the one that was logged in to, and whose key stands encrypted in its file."""
    del stack.environment["WORKOS_API_KEY"], stack.environment["PULUMI_BACKEND_URL"]
    stack.pulumi("login", backend(stack, "backend"))
    stack.pulumi("config", "set", "--secret", "ferry:workosApiKey", KEY)
    export(stack)
    return stack


def export(stack: Stack, **changed: str) -> None:
    stack.exports(
        users=[person("a", **changed), person("b")],
        organizations=[organization("one")],
        members=[member("one", "auth0|a", "Admin"), member("one", "auth0|b")],
        roles=[role("Admin")],
        passwords=[password("a")],
        mfa=[otp("auth0|b")],
    )


def backend(stack: Stack, name: str) -> str:
    path = stack.folder / name
    path.mkdir(exist_ok=True)
    return f"file://{path}"


def stack_file(stack: Stack) -> str:
    return (stack.project / "stacks" / "Pulumi.dev.yaml").read_text(encoding="utf-8")


@pytest.fixture
def elsewhere(request: pytest.FixtureRequest, stack: Stack) -> Iterator[str]:
    """The address of another backend."""
    if request.param == "file":
        yield backend(stack, "elsewhere")
        return
    stack.environment |= {"AWS_ACCESS_KEY_ID": "made-up", "AWS_SECRET_ACCESS_KEY": "made-up"}
    with object_store() as bucket:
        yield bucket.url
        assert {key.split("/")[0] for key in bucket.objects} == {".pulumi"}
        assert KEY.encode() not in b"".join(bucket.objects.values())
        assert set(bucket.asked) == {"ListBucket", "GetObject", "PutObject", "DeleteObject"}


@pytest.mark.parametrize(("elsewhere", "grain"), [("file", "record"), ("s3", "cohort")], indirect=["elsewhere"])
def test_a_state_moves_by_the_documented_commands_and_the_next_up_asks_nothing(
    at_home: Stack, workos: Sandbox, elsewhere: str, grain: str
) -> None:
    """The grain is that of users: 256 resources are enough."""
    stack = at_home
    stack.pulumi("config", "set", "--path", "ferry:granularity.users", grain)
    stack.up()
    before, file_before, directory = stack.state(), stack_file(stack), workos.directory()
    workos.clear()
    said: dict[str, str] = {}
    for words in documented(backend(stack, "backend"), elsewhere):
        said[" ".join(words[:3])] = does(stack, *words).said
        if words[1:3] == ["stack", "export"]:
            assert KEY not in (stack.project / "state.json").read_text(encoding="utf-8")

    assert workos.requests()["total"] == 0
    assert workos.directory() == directory
    for command in ("pulumi preview", "pulumi up"):
        assert re.search(r"Resources:\n +\d+ unchanged\n", said[command]), said[command]
    assert stack.state().keys() == before.keys()
    assert not list(Path(stack.folder / "backend").rglob("stacks/**/dev.json"))
    assert stack_file(stack) != file_before
    assert KEY not in stack_file(stack)
    stack.environment["PULUMI_CONFIG_PASSPHRASE"] = OLD
    assert "incorrect passphrase" in stack.preview(fails=True).said
    stack.environment["PULUMI_CONFIG_PASSPHRASE"] = NEW
    export(stack, given_name="Ada")
    stack.up()
    assert workos.writes() == {"PUT /user_management/users/{id}": 1}


def test_another_passphrase_too_early_is_refused_and_loses_nothing(at_home: Stack, workos: Sandbox) -> None:
    stack = at_home
    stack.up()
    file_before = stack_file(stack)
    stack.pulumi("stack", "export", "--file", "state.json")
    stack.pulumi("login", backend(stack, "elsewhere"))
    stack.environment["PULUMI_CONFIG_PASSPHRASE"] = NEW
    assert "incorrect passphrase" in stack.pulumi("stack", "init", "dev", fails=True).said
    stack.environment["PULUMI_CONFIG_PASSPHRASE"] = OLD
    stack.pulumi("stack", "init", "dev")
    stack.environment["PULUMI_CONFIG_PASSPHRASE"] = NEW
    assert "incorrect passphrase" in stack.pulumi("stack", "import", "--file", "state.json", fails=True).said

    assert stack_file(stack) == file_before
    stack.environment["PULUMI_CONFIG_PASSPHRASE"] = OLD
    stack.pulumi("stack", "import", "--file", "state.json")
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def test_a_renamed_stack_asks_nothing(at_home: Stack, workos: Sandbox) -> None:
    """Cohorts name the stack among their inputs, records do not."""
    stack = at_home
    stack.pulumi("config", "set", "--path", "ferry:granularity.users", "cohort")
    stack.up()
    workos.clear()
    stack.pulumi("stack", "rename", "live")
    said = stack.up().said

    assert "unchanged" in said
    assert workos.requests()["total"] == 0
