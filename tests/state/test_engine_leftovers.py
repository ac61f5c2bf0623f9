"""A password that WorkOS keeps of somebody who is blocked: said in every run in which it is so."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import OTHER_HASH, Line, member, organization, password, person

pytestmark = pytest.mark.engine


def export(stack: Stack, ann: Line) -> None:
    stack.exports(
        users=[ann, person("bee")],
        organizations=[organization("one")],
        members=[member("one", "auth0|ann"), member("one", "auth0|bee")],
        passwords=[password("ann"), password("bee", OTHER_HASH)],
    )


@pytest.mark.parametrize("grain", ["record", "cohort"])
def test_a_password_that_stays_is_a_finding_until_it_stays_no_more(stack: Stack, workos: Sandbox, grain: str) -> None:
    """Before it is so, in the preview; after the run that blocked the user; and not once the user is unblocked."""
    stack.configure(granularity={"users": grain})
    export(stack, person("ann"))
    assert "password_stays" not in stack.up().said
    export(stack, person("ann", blocked=True))
    for run in (stack.preview, stack.up, stack.preview):
        assert "     1 password_stays (first: auth0|ann)" in run().said
        told = [
            (finding["file"], finding["external_id"])
            for finding in stack.findings()
            if finding["code"] == "password_stays"
        ]
        assert told == [("users.ndjson", "auth0|ann")]
    assert workos.memberships()["org_one/auth0|ann"][1] == "inactive"

    workos.clear()
    export(stack, person("ann"))
    stack.up()
    assert "password_stays" not in stack.up().said
    assert workos.writes() == {"PUT /user_management/organization_memberships/{id}/reactivate": 1}
