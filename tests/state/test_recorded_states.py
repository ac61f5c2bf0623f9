"""A state that an earlier commit left is run by today's code: nothing changes but what had failed."""

from __future__ import annotations

import base64
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import pytest

from sandbox.server import running
from tests.resources.provider_host import serialized
from tests.stack import Sandbox, Stack
from tests.state.recording import ADOPTED, GRAINS, LEAVER, REFUSED, RecordedStack

#: What a run that WorkOS refuses nobody any more has to do, by grain: the steps that the engine announces.
CHANGED = {
    "record": {
        REFUSED: "replace",
        f"org_one/{REFUSED}": "replace",
        LEAVER: "delete",
        f"org_one/{LEAVER}": "delete",
    },
    "cohort": {"users-da": "update", "memberships-7f": "update", "verdict": "update"},
    "mixed": {
        "users-da": "update",
        "verdict": "update",
        f"org_one/{REFUSED}": "replace",
        f"org_one/{LEAVER}": "delete",
    },
}


@pytest.fixture(params=GRAINS)
def grain(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def workos(grain: str) -> Iterator[Sandbox]:
    with running(None, RecordedStack(grain).environment) as url:
        sandbox = Sandbox(url)
        yield sandbox
        sandbox.close()


@pytest.mark.engine
def test_only_what_had_failed_is_written_and_destroy_takes_what_ferry_made(
    tmp_path: Path, workos: Sandbox, grain: str
) -> None:
    workos.settings(multiple_roles=True)
    stack = RecordedStack(grain).restore(tmp_path, workos)
    assert _announced(stack) == CHANGED[grain]
    assert workos.requests()["total"] == 0
    stack.up()
    assert workos.writes() == {
        "POST /user_management/users": 1,
        "POST /user_management/organization_memberships": 1,
    }
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
    said = stack.refresh().said
    assert " unchanged" in said
    assert " updated" not in said
    assert not workos.writes()
    stack.destroy()
    assert sorted(workos.users()) == [ADOPTED, LEAVER]


def test_providers_are_pickled_into_states_as_they_were(grain: str) -> None:
    """The engine keeps a provider as the bytes of a pickled object, and serves `refresh` and `destroy` of an old state
    from them: a class that has moved cannot be loaded, and one that carries more is a change of every resource.
    """
    resources = RecordedStack(grain).state()["deployment"]["resources"]
    pickled = {
        resource["type"]: resource["outputs"]["__provider"]
        for resource in resources
        if resource["type"].startswith("pulumi-python:dynamic/")
    }
    assert len(pickled) > 4
    for text in pickled.values():
        assert serialized(type(pickle.loads(base64.b64decode(text)))) == text


def _announced(stack: Stack) -> dict[str, str]:
    steps = json.loads(stack.preview("--json").said)["steps"]
    return {step["urn"].split("::", 3)[3]: step["op"] for step in steps if step["op"] != "same"}
