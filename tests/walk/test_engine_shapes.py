"""Made-up exports in another shape than the sample's, and of several tenants, through the real engine."""

from __future__ import annotations

import pytest

from tests.expectation import Expected
from tests.expected_outcome import expect_workos_to_be
from tests.generate.export import Plan, generate
from tests.stack import Sandbox, Stack

pytestmark = pytest.mark.engine


@pytest.mark.parametrize(("shape", "seed"), [("csv", 21)])  # the others in directory/test_generated
def test_an_export_of_any_shape_becomes_what_is_expected(stack: Stack, workos: Sandbox, shape: str, seed: int) -> None:
    workos.settings(multiple_roles=True)
    generate(stack.export, Plan(70, seed, organizations=4, shape=shape))
    stack.configure(multipleRoles=True)
    stack.up()

    expect_workos_to_be(Expected(stack.export), workos)
    assert workos.requests()["writes"] == Expected(stack.export).summary["minimal_writes_from_empty"]

    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def test_several_tenants_become_one_environment(stack: Stack, workos: Sandbox) -> None:
    workos.settings(multiple_roles=True)
    generate(stack.export, Plan(30, 24, organizations=3, tenants=2))
    names = [path.name for path in sorted(stack.export.glob("tenant-*"))]
    tenants = [{"name": name, "export": str(stack.export / name), "prefix": f"{name}:"} for name in names]
    stack.configure(export=None, tenants=tenants, multipleRoles=True)
    stack.up()

    expect_workos_to_be(Expected(stack.export), workos)
    assert {finding["file"].partition("/")[0] for finding in stack.findings()} <= set(names)

    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
