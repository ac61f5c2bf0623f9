"""A generated tenant, and the same some days later: exactly what changed is written, nothing else."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from tests.expectation import Expected
from tests.expected_outcome import expect_workos_to_be
from tests.generate.distribution import Distribution, with_overrides
from tests.generate.export import Plan, generate
from tests.stack import Sandbox, Stack
from tests.walk.transition import Sent, ids_in, writes_among

pytestmark = pytest.mark.engine

#: Nobody is in 50 organizations: some 1.2 memberships a user.
SHARES = with_overrides(Distribution(), ['memberships={"many":0}'])
#: `make soak` takes 20,000; the writes of their first load are minutes of a test.
USERS = int(os.environ.get("DRIFTED_USERS", "4000"))
PLAN = Plan(USERS, 1, drift=0.02, shares=SHARES)
LONGEST_COMMAND = 600


def writes_by_kind(sent: Sent, first: Expected, later: Expected) -> dict[str, int]:
    """The writes by what happened to the user whom they are about."""
    kinds = {line["external_id"]: line["kind"] for line in later.lines("drift")}
    kinds |= dict.fromkeys(later.users().keys() - first.users().keys() - kinds.keys(), "unlinked")
    found: Counter[str] = Counter()
    for external_id, kind in kinds.items():
        found[kind] += writes_among(sent.about({external_id})).total()
    return dict(+found)


def expect_workos_to_equal(later: Expected, first: Expected | None, stack: Stack, workos: Sandbox) -> None:
    """Field by field as the generator expects it, and as `ferry verify` finds it; another up asks nothing."""
    expect_workos_to_be(later, workos, first)
    stack.ferry("verify")
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


@pytest.mark.calm  # thousands of writes, for which WorkOS's limits allow minutes
def test_a_drifted_tenant_takes_exactly_the_writes_of_what_changed(
    stack: Stack, workos: Sandbox, subtests: pytest.Subtests, tmp_path: Path
) -> None:
    """New, gone, renamed, unlinked and blocked users, moved roles, other emails, hashes that arrive late."""
    generate(tmp_path / "tenant", PLAN)
    first, later = (Expected(tmp_path / "tenant" / name) for name in ("first", "later"))
    workos.settings(multiple_roles=True)
    stack.longest = LONGEST_COMMAND
    stack.configure(multipleRoles="true", removed="delete", rateShare="1000")

    with subtests.test("the first export takes the fewest writes"):
        stack.configure(export=str(first.folder.parent))
        stack.up()
        assert workos.requests()["writes"] == first.summary["minimal_writes_from_empty"]
        expect_workos_to_be(first, workos)

    before = ids_in(workos)
    stack.configure(export=str(later.folder.parent))
    with subtests.test("a preview of the later export asks nothing"):
        workos.clear()
        stack.preview()
        assert workos.requests()["total"] == 0

    with subtests.test("the later export takes the fewest writes, and each user his own"):
        stack.up()
        after = ids_in(workos)
        assert workos.requests()["writes"] == later.summary["minimal_writes_from_first"]
        assert writes_by_kind(Sent(workos, before, after), first, later) == later.summary["minimal_writes_by_kind"]
        stay = before.keys() & after.keys()
        assert {key: after[key] for key in stay} == {key: before[key] for key in stay}

    with subtests.test("WorkOS equals the later export"):
        expect_workos_to_equal(later, first, stack, workos)
