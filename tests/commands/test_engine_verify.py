"""`ferry verify`: WorkOS listed once and held against the directory, record by record and field by field.

`test_verifier` shows it in both grains without the engine.
"""

from __future__ import annotations

import json
import stat
from typing import Any

import pytest

from tests.stack import KEY, Sandbox, Stack
from tests.tenant import member, organization, person, role

pytestmark = pytest.mark.engine


def export(stack: Stack, **more: Any) -> None:
    """Three people with all that Ferry brings along, in two organizations."""
    stack.exports(
        users=[
            person("a", given_name="Ada", app_metadata={"plan": "gold"}),
            person("b", given_name="Bea", **more),
            person("c", blocked=True),
        ],
        organizations=[
            organization("one", domains=[{"domain": "one.example", "status": "pending"}]),
            organization("two"),
        ],
        members=[member("one", "auth0|a", "Admin"), member("one", "auth0|b"), member("two", "auth0|c", "Admin")],
        roles=[role("Admin")],
    )


def verified(stack: Stack, code: int) -> dict[str, Any]:
    """The report of a verification that ends with this code."""
    return dict(json.loads(stack.ferry("verify", "--json", code=code).said))


def test_after_up_all_is_equal_and_nothing_is_written(stack: Stack, workos: Sandbox) -> None:
    """The report is filed with counts, time, environment and the digests of the files."""
    stack.configure(
        granularity={"users": "cohort", "memberships": "cohort"}, userMetadata={"plan": "app_metadata.plan"}
    )
    export(stack)
    stack.up()
    workos.clear()
    said = stack.ferry("verify").said

    assert workos.writes() == {}
    assert "RESULT equal" in said
    folder = stack.project / "reports" / "dev"
    report = json.loads((folder / "verification.json").read_text(encoding="utf-8"))
    assert report["clean"] is True
    assert report["differences"] == []
    assert {kind: (counts["declared"], counts["equal"]) for kind, counts in report["kinds"].items()} == {
        "organizations": (2, 2),
        "roles": (1, 1),
        "users": (3, 3),
        "memberships": (3, 3),
    }
    assert report["kinds"]["roles"]["unmanaged"] == 1
    assert report["exports"][0]["sha256"].keys() == {
        f"{one}.ndjson" for one in ("users", "organizations", "members", "roles")
    }
    assert report["environment"]["base_url"] == workos.url
    for name in ("verification.json", "verification.txt"):
        text = (folder / name).read_text(encoding="utf-8")
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
        assert KEY not in text
        assert "people.example" not in text


def test_what_a_report_says_to_do_next_ends_the_difference(stack: Stack, workos: Sandbox) -> None:
    """Of each sort and reason, one after the other, until all is equal; `ferry plan` says the same."""
    stack.configure(granularity={"users": "cohort", "organizations": "cohort"})
    export(stack)
    stack.up()
    users, organizations = workos.users(), workos.organizations()
    workos.call("PUT", f"/user_management/users/{users['auth0|a']['id']}", external_id="other")
    workos.call("PUT", f"/organizations/{organizations['org_one']['id']}", external_id="else")
    workos.call("PUT", f"/user_management/users/{users['auth0|b']['id']}", first_name="Chosen")
    workos.call("DELETE", f"/user_management/users/{users['auth0|c']['id']}")
    said, planned = stack.ferry("verify", code=1).said, stack.ferry("plan", code=1).said
    assert "RESULT DIFFERENT: 4 wrong, 1 kept on purpose" in said
    assert "CHANGES none" in planned
    repair = "ferry:onDrift repair, pulumi refresh --run-program, then pulumi up"
    for report in (said, planned):
        assert "  Next, removed in WorkOS: pulumi refresh, then pulumi up\n" in report
        assert f"  Next, changed in WorkOS: set it back there; or {repair}\n" in report
        assert f"    {repair}\n" in report

    stack.refresh()
    stack.up()
    document = verified(stack, 1)
    assert {(difference["key"], difference["kept"]) for difference in document["differences"]} == {
        ("org_one", False),
        ("auth0|a", False),
        ("auth0|b", True),
    }
    workos.call("PUT", f"/organizations/{organizations['org_one']['id']}", external_id="org_one")
    stack.configure(onDrift="repair")
    stack.refresh("--run-program")
    assert "Next, not written yet: pulumi up\n" in stack.ferry("verify", code=1).said
    workos.clear()
    stack.up()
    assert workos.writes() == {"PUT /user_management/users/{id}": 2}
    assert "RESULT equal" in stack.ferry("verify").said
