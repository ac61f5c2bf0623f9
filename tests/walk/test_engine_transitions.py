"""What each change of a tenant between two exports costs, write by write, one resource a record and in cohorts."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.walk.transition import DELETE_USER, POST_USER, Step, Transition, disjoint, put_exports, walk
from tests.walk.transitions_of_identity import EMAILS, GROUPS, RETAINED, emails
from tests.walk.transitions_of_people import COMING_AND_GOING, CREDENTIALS, FIELDS
from tests.walk.transitions_of_places import MEMBERSHIPS, ORGANIZATIONS

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


@GRAINS
def test_each_transition_of_what_is_retained_takes_its_writes_and_no_others(
    stack: Stack, workos: Sandbox, subtests: pytest.Subtests, grain: str
) -> None:
    """What left is not touched; what comes back is asked for with one write that WorkOS refuses."""
    stack.configure(granularity=grain, maxRemovedPercent="100")
    walk(stack, workos, subtests, RETAINED)


@GRAINS
@pytest.mark.parametrize("way", ["setting", "hand"])
def test_an_account_registered_again_under_a_retained_email_waits_until_the_old_one_goes(
    stack: Stack, workos: Sandbox, grain: str, way: str
) -> None:
    """One write, which WorkOS refuses. Then the old one goes, by `ferry:removed`, as the message says, or by hand."""
    again = [Transition("registered again", emails(old="x", b="b"), (Step(emails(new="x", b="b"), {}, {}),))]
    stack.configure(granularity={"users": grain}, maxRemovedPercent="100")
    put_exports(stack, again, 0)
    stack.up()
    put_exports(stack, again, 1)
    workos.clear()
    stack.preview()
    assert workos.requests()["total"] == 0
    error = stack.up(fails=True).error()
    assert "failed users auth0|new: the user auth0|old in WorkOS holds this email and stays" in error
    assert "pulumi config set --path ferry:removed.users delete" in error
    assert "email_held_by_retained" in error
    assert workos.writes() == {POST_USER: 1}
    assert workos.users().keys() == {"auth0|old", "auth0|b"}

    if way == "setting":
        stack.configure(removed="delete")
    else:
        workos.call("DELETE", f"/user_management/users/{workos.users()['auth0|old']['id']}")
    workos.clear()
    stack.up()
    assert workos.writes() == ({POST_USER: 2, DELETE_USER: 1} if way == "setting" else {POST_USER: 1})
    assert workos.users().keys() == {"auth0|new", "auth0|b"}
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
