"""Plan equals apply: for any two exports, what a plan announces is what its run writes, and nothing else.

Both run the same providers in this process, the plan over a WorkOS in memory, the run over the sandbox. That the engine
does the same with them is what the engine's tests show.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.commands.in_process import InProcess
from tests.directory.test_directory_properties import Files, tenants
from tests.examples import examples
from tests.stack import Sandbox

pytestmark = [pytest.mark.slow, pytest.mark.property]

CONFIGS: list[dict[str, str]] = [
    {"removed": "retain", "multipleRoles": "true"},
    {"removed": "delete"},
    {"removed": '{"users":"delete","organizations":"delete","memberships":"deactivate"}', "adopt": "email"},
    {"removed": '{"users":"retain","organizations":"delete","memberships":"delete"}', "duplicateEmails": "reject"},
]


@pytest.mark.parametrize("grain", ["record", "cohort"])
@settings(
    max_examples=examples(200), phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(exports=st.tuples(tenants(), tenants()), config=st.sampled_from(CONFIGS))
def test_what_is_announced_is_what_is_written(
    environment: Sandbox, grain: str, exports: tuple[Files, Files], config: dict[str, str]
) -> None:
    """Of 200 pairs of exports in which everything clashes; the second run follows the state of the first."""
    environment.reset()
    environment.settings(multiple_roles=True)
    with TemporaryDirectory() as folder:
        stack = InProcess(Path(folder), environment, granularity=grain, **config)
        for files in exports:
            stack.exports(**files)
            environment.clear()
            *lines, summary = stack.plan()
            assert environment.writes() == {}
            announced = Counter(
                request.removesuffix(" (refused)") for line in lines for request in line.get("requests", ())
            )
            bill = {f"{one['method']} {one['path']}": one["count"] for one in summary["bill"]["requests"]}
            said = stack.announcement()
            environment.clear()
            setbacks = stack.up().setbacks
            written = environment.writes()
            assert {call: number for call, number in bill.items() if not call.startswith("GET ")} == written
            assert announced == written
            meets_others = said.exchanges or any(line.get("verb") == "adopt" for line in lines)
            if not setbacks and not meets_others:
                calls = {f"{method} {path}": number for (method, path), number in said.requests.items()}
                assert {call: number for call, number in calls.items() if not call.startswith("GET ")} == written
            assert {line["key"] for line in lines if line.get("code")} == {key for _, key in setbacks}
            left = {(line["kind"], line["key"]) for line in lines if line["type"] == "difference"}
            found = {(difference.kind, difference.key) for difference in stack.verification().differences}
            assert left == {one for one in found if one not in setbacks}
