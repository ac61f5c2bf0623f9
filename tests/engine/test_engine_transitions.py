"""What each change of a tenant between two exports costs, write by write, one resource a record and in cohorts."""

from __future__ import annotations

import pytest

from tests.engine.stack import Sandbox, Stack
from tests.engine.transition import disjoint, walk
from tests.engine.transitions_of_identity import EMAILS, GROUPS
from tests.engine.transitions_of_people import COMING_AND_GOING, CREDENTIALS, FIELDS
from tests.engine.transitions_of_places import MEMBERSHIPS, ORGANIZATIONS

pytestmark = pytest.mark.engine

ALL = [*FIELDS, *CREDENTIALS, *COMING_AND_GOING, *MEMBERSHIPS, *ORGANIZATIONS, *GROUPS, *EMAILS]
SETTINGS = {
    "userMetadata": {"plan": "app_metadata.plan", "team": "app_metadata.team"},
    "removed": {"users": "delete", "organizations": "delete", "memberships": "deactivate"},
    "maxRemovedPercent": "100",
}
GRAINS = pytest.mark.parametrize("grain", ["record", "cohort"])


def test_no_two_transitions_share_a_record() -> None:
    """Else the writes of one could be taken for those of another."""
    assert list(disjoint(ALL)) == []
    assert len({one.name for one in ALL}) == len(ALL)


@GRAINS
def test_each_transition_takes_its_writes_and_no_others(
    stack: Stack, workos: Sandbox, subtests: pytest.Subtests, grain: str
) -> None:
    """Preview, up, up again for every export of all of them."""
    stack.configure(granularity=grain, **SETTINGS)
    walk(stack, workos, subtests, ALL)
