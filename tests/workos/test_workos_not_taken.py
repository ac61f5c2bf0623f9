"""A server that says done and ignores a field: what was changed ahead of a turn, and what was sent in parts."""

from __future__ import annotations

import pytest

from providers.workos.client import Refused, WorkOS
from providers.workos.kinds import Written
from providers.workos.users import Users
from tests.stack import Sandbox
from tests.workos.calls import PUT_USER, made
from tests.workos.declaration import Declaration, user


@pytest.fixture
def users(door: WorkOS, declared: Declaration) -> Users:
    return Users(door, declared)


def there(workos: Sandbox, name: str, **more: object) -> Written:
    """A user that an earlier run made."""
    fields = user(name, **more)
    body = {key: value for key, value in fields.items() if value}
    return Written(workos.call("POST", "/user_management/users", **body)["id"], fields)


def test_an_email_that_was_not_given_up_ahead_of_its_turn_is_sent_in_its_turn(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    ann = there(workos, "ann", email_verified=True)
    moved = declared.declares_user("ann", email="ann@moved.example", email_verified=True)
    workos.fault("PUT", "/users/", "ignore", fields=["email"], times=None)
    with pytest.raises(Refused):
        users.create(Written(), declared.declares_user("bee", email="ann@people.example"))
    workos.clear_faults()
    workos.clear()
    users.change(ann, moved)

    assert workos.writes() == {PUT_USER: 1}
    assert workos.users()["auth0|ann"]["email"] == "ann@moved.example"
    assert ann.not_taken == {}


def test_a_parked_user_whose_own_email_is_not_taken_in_the_end_is_told(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """Ann takes bee's email and bee keeps waiting for the one of ann, whose turn to go never comes."""
    ann, bee = there(workos, "ann"), there(workos, "bee")
    there(workos, "cat")
    declared.declares_user("bee", email="cat@people.example")
    users.change(ann, declared.declares_user("ann", email="bee@people.example"))
    assert list(users.parked) == [bee.id]
    workos.call("DELETE", f"/user_management/users/{workos.users()['auth0|cat']['id']}")
    workos.fault("PUT", "/users/", "ignore", fields=["email"])
    ((key, fault),) = users.settle()

    assert (key, "not_taken" in fault.codes, fault.code) == ("auth0|bee", True, "email_parked")


def test_of_many_pairs_those_that_did_not_go_do_not_count_as_gone(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """The removals are sent in a request of their own."""
    old = {f"old{number:02}": "x" for number in range(30)}
    ann = there(workos, "ann", metadata=old)
    wanted = declared.declares_user("ann", metadata={f"new{number:02}": "x" for number in range(30)})
    workos.fault("PUT", "/users/", "ignore", fields=["metadata.old00"], contains="old00")
    users.change(ann, wanted)

    assert list(ann.not_taken) == ["metadata.old00"]
    assert ann.applied["metadata"] == {**wanted["metadata"], "old00": "x"}
    users.change(ann, wanted)
    assert workos.users()["auth0|ann"]["metadata"] == wanted["metadata"]


def test_the_request_that_ignored_a_field_is_named(users: Users, declared: Declaration, workos: Sandbox) -> None:
    """So that WorkOS support can look it up."""
    workos.fault("POST", "/users$", "ignore", fields=["external_id"])
    written = made(users, declared.declares_user("ann"))

    assert "did not take external_id" in written.refusal
    assert "the id of the request, req_" in written.refusal
    assert "people.example" not in written.refusal
