"""Every next step that a failure names: followed as it is written, some nights after it was first said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import Line, organization, person

pytestmark = pytest.mark.engine


@dataclass(frozen=True)
class Failure:
    """One record that WorkOS or Ferry refuses, and what is done about it.

    `before` stands in an export that is applied first, `now` in the one that fails. Somebody signed up in WorkOS with
    the record's email if `signed_up` says whether it was verified. What is then done: the holder of the email is
    removed or verified in WorkOS, the record is `corrected` in the export, or a setting changes.
    """

    code: str
    now: Line
    before: Line | None = None
    signed_up: bool | None = None
    advises: str = ""
    removes_holder: bool = False
    verifies_holder: bool = False
    corrected: Line | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def email(self) -> str:
        """The email that is held, '' for an organization."""
        return str(self.now.get("email") or "")


def held(name: str) -> Line:
    """Who registers again with this email under another id."""
    return person(f"{name}-again", email=f"{name}@people.example")


DOMAIN = [{"domain": "d.example"}]
BY_SETTING = {"removed": {"users": "delete", "organizations": "delete"}}
#: By the value of `ferry:adopt` under which they come about.
FAILURES: dict[str, list[Failure]] = {
    "external-id": [
        Failure("email_held_by_unmanaged", person("a"), signed_up=False, removes_holder=True),
        Failure(
            "email_held_by_unmanaged",
            person("b"),
            signed_up=True,
            advises="ferry:adopt",
            settings={"adopt": "email"},
        ),
        Failure("email_held_by_unmanaged", person("c"), signed_up=False, settings={"skip": ["auth0|c"]}),
        Failure("email_held_by_retained", held("d"), person("d"), removes_holder=True),
        Failure(
            "email_held_by_retained",
            held("e"),
            person("e"),
            advises="pulumi config set --path ferry:removed.users delete",
            settings=BY_SETTING,
        ),
        Failure(
            "domain_held_by_retained",
            organization("new", domains=DOMAIN),
            organization("old", domains=DOMAIN),
            advises="pulumi config set --path ferry:removed.organizations delete",
            settings=BY_SETTING,
        ),
    ],
    "email": [
        Failure("email_held_by_unverified", person("a"), signed_up=False, removes_holder=True),
        Failure("email_held_by_unverified", person("b"), signed_up=False, verifies_holder=True),
        Failure(
            "email_unverified_in_auth0",
            person("c", email_verified=False),
            signed_up=True,
            corrected=person("c", email_verified=True),
        ),
        Failure("email_unverified_in_auth0", person("d", email_verified=False), signed_up=True, removes_holder=True),
    ],
}
KEEP, ORG_KEEP = person("keep"), organization("keep")


def exports(stack: Stack, *records: Line) -> None:
    """An export of these users and organizations."""
    stack.exports(
        users=[KEEP, *(record for record in records if "user_id" in record)],
        organizations=[ORG_KEEP, *(record for record in records if "user_id" not in record)],
    )


def follow(stack: Stack, workos: Sandbox, failure: Failure) -> None:
    """Do what its next step says."""
    there = next((user for user in workos.directory()["users"] if user["email"] == failure.email), None)
    if failure.removes_holder and there:
        workos.call("DELETE", f"/user_management/users/{there['id']}")
    if failure.verifies_holder and there:
        workos.call("PUT", f"/user_management/users/{there['id']}", email_verified=True)
    if failure.settings:
        stack.configure(**failure.settings)


@pytest.mark.parametrize("grain", ["record", "cohort"])
@pytest.mark.parametrize("adopt", FAILURES)
def test_a_next_step_that_is_named_can_be_followed_nights_later(
    stack: Stack, workos: Sandbox, grain: str, adopt: str
) -> None:
    """What a failing run says holds in every later one; after the steps the run ends well and nothing is left to do."""
    failures = FAILURES[adopt]
    grains = {"users": grain, "organizations": grain, "memberships": "record"}
    stack.configure(granularity=grains, maxRemovedPercent="80", adopt=adopt)
    exports(stack, *(failure.before for failure in failures if failure.before))
    stack.up()
    for failure in failures:
        if failure.signed_up is not None:
            words = {"email": failure.email, "email_verified": failure.signed_up, "password": "made up, with 1 word"}
            workos.call("POST", "/user_management/users", **words)
    exports(stack, *(failure.now for failure in failures))
    for _night in range(2):
        error = stack.up(fails=True).error()
        for failure in failures:
            known_by = failure.now.get("user_id") or failure.now["id"]
            said = error[error.index(f" {known_by}: ") :]
            assert failure.code in said.partition("failed ")[0]
            assert failure.advises in said.partition("failed ")[0]

    for failure in failures:
        follow(stack, workos, failure)
    exports(stack, *(failure.corrected or failure.now for failure in failures))
    stack.up()
    skipped = {"auth0|c"} if adopt == "external-id" else set()
    declared = {str(failure.now["user_id"]) for failure in failures if "user_id" in failure.now} | {"auth0|keep"}
    assert workos.users().keys() >= declared - skipped
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0, workos.requests()["requests"]


@pytest.mark.parametrize("grain", ["record", "cohort"])
def test_an_object_that_is_gone_is_made_again_as_the_message_says(stack: Stack, workos: Sandbox, grain: str) -> None:
    """`pulumi refresh`, then `pulumi up`."""
    stack.configure(granularity={"users": grain})
    exports(stack, person("a"))
    stack.up()
    workos.call("DELETE", f"/user_management/users/{workos.users()['auth0|a']['id']}")
    exports(stack, person("a", given_name="Ann"))
    for _night in range(2):
        assert "run pulumi refresh, then pulumi up makes it again" in stack.up(fails=True).error()
    stack.refresh()
    stack.up()

    assert workos.users().keys() == {"auth0|a", "auth0|keep"}
