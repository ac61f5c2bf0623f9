"""An email that another WorkOS user holds: freed if its holder gives it up in this run, else explained."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from itertools import permutations
from threading import Thread

import pytest

from providers.workos.client import Refused, WorkOS
from providers.workos.kinds import Written
from providers.workos.users import Users
from tests.stack import KEY, Sandbox
from tests.workos.between import Between
from tests.workos.calls import DELETE_USER, LIST_USERS, LOOKS, POST_USER, PUT_USER, USER_BY_EXTERNAL_ID, made
from tests.workos.declaration import Declaration, Fields, user


@pytest.fixture
def users(door: WorkOS, declared: Declaration) -> Users:
    return Users(door, declared)


def there(workos: Sandbox, name: str, **more: object) -> Written:
    """A user that an earlier run made."""
    fields = user(name, **more)
    body = {key: value for key, value in fields.items() if value}
    return Written(workos.call("POST", "/user_management/users", **body)["id"], fields)


def emails(workos: Sandbox) -> dict[str, str]:
    """Email by external id."""
    return {external_id: one["email"] for external_id, one in workos.users().items()}


def refusal(users: Users, desired: Fields, holders: Mapping[str, str] | None = None) -> Refused:
    """What is said when a user cannot be created."""
    with pytest.raises(Refused) as refused:
        users.create(Written(holders=holders or {}), desired)
    return refused.value


def test_an_email_that_a_declared_user_gives_up_is_free_for_a_new_one(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """The holder's own change comes first, on the spot, and finds nothing to do when its turn comes."""
    holder = there(workos, "ann", email_verified=True)
    moved = declared.declares_user("ann", email="ann@moved.example", email_verified=True)
    workos.clear()
    made(users, declared.declares_user("bee", email="ann@people.example"))

    assert workos.asked() == {POST_USER: 2, USER_BY_EXTERNAL_ID: 1, LIST_USERS: 1, PUT_USER: 1}
    assert emails(workos) == {"auth0|ann": "ann@moved.example", "auth0|bee": "ann@people.example"}
    assert workos.users()["auth0|ann"]["email_verified"] is True
    workos.clear()
    users.change(holder, moved)
    assert workos.requests()["total"] == 0


def test_an_email_that_a_declared_user_gives_up_is_free_for_a_change(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    there(workos, "ann")
    declared.declares_user("ann", email="ann@moved.example")
    bee = there(workos, "bee")
    workos.clear()
    users.change(bee, declared.declares_user("bee", email="ann@people.example"))

    assert workos.asked() == {PUT_USER: 3, LIST_USERS: 1}
    assert emails(workos) == {"auth0|ann": "ann@moved.example", "auth0|bee": "ann@people.example"}


@pytest.mark.parametrize("order", [*permutations("abc")])
def test_emails_go_round_in_any_order(
    users: Users, declared: Declaration, workos: Sandbox, order: tuple[str, ...]
) -> None:
    """Each takes the next one's email: somebody is parked for a moment, nobody stays so, nobody is made anew."""
    next_of = {"a": "b", "b": "c", "c": "a"}
    held = {name: there(workos, name, email_verified=True) for name in "abc"}
    wanted = {
        name: declared.declares_user(name, email=f"{next_of[name]}@people.example", email_verified=True)
        for name in "abc"
    }
    for name in order:
        users.change(held[name], wanted[name])

    assert {
        one["external_id"]: (one["id"], one["email"], one["email_verified"]) for one in workos.users().values()
    } == {f"auth0|{name}": (held[name].id, f"{next_of[name]}@people.example", True) for name in "abc"}
    workos.clear()
    for name in order:
        users.change(held[name], wanted[name])
    assert workos.requests()["total"] == 0


def test_two_users_swap_their_emails(users: Users, declared: Declaration, workos: Sandbox) -> None:
    """At most one of them is parked, unverified, and only until its own turn."""
    ann, bee = there(workos, "ann"), there(workos, "bee", email_verified=True)
    to_bee = declared.declares_user("ann", email="bee@people.example")
    to_ann = declared.declares_user("bee", email="ann@people.example", email_verified=True)
    workos.clear()
    users.change(ann, to_bee)
    assert emails(workos)["auth0|ann"] == "bee@people.example"
    users.change(bee, to_ann)

    assert emails(workos) == {"auth0|ann": "bee@people.example", "auth0|bee": "ann@people.example"}
    assert [one["email_verified"] for one in workos.users().values()] == [False, True]
    assert workos.asked() == {PUT_USER: 5, LIST_USERS: 1}


def test_a_user_whose_turn_comes_while_another_makes_way_keeps_its_email(
    declared: Declaration, workos: Sandbox
) -> None:
    """A takes b's email, b takes c's, c a free one: b's and c's turns come right before b would be parked for a."""
    held = {name: there(workos, name) for name in "abc"}
    wanted = {
        name: declared.declares_user(name, email=f"{following}@people.example")
        for name, following in zip("abc", "bcd", strict=True)
    }
    turns = {name: Thread(target=lambda name=name: busy.change(held[name], wanted[name])) for name in "bc"}

    def others() -> None:
        turns["c"].start()
        turns["c"].join()
        turns["b"].start()
        turns["b"].join(0.5)

    between = Between("PUT", held["b"].id, others)
    with closing(WorkOS(KEY, workos.url, rate_share=1.0, inner=between)) as door:
        busy = Users(door, declared)
        busy.change(held["a"], wanted["a"])
        turns["b"].join()

    assert between.has_happened
    assert emails(workos) == {
        "auth0|a": "b@people.example",
        "auth0|b": "c@people.example",
        "auth0|c": "d@people.example",
    }
    assert not busy.parked


@pytest.mark.parametrize("becomes_free", [True, False])
def test_a_parked_user_whose_turn_never_comes_is_settled_or_told(
    users: Users, declared: Declaration, workos: Sandbox, becomes_free: bool
) -> None:
    """Somebody gave bee's user ann's wish, and cat's user bee's own email: nothing is to change for bee."""
    ann = there(workos, "ann")
    bee = there(workos, "bee", email="wish@people.example")
    cat = there(workos, "cat", email="bee@people.example")
    declared.declares_user("bee", email_verified=True)
    declared.declares_user("cat", email="bee@people.example")
    users.change(ann, declared.declares_user("ann", email="wish@people.example"))
    assert emails(workos)["auth0|ann"] == "wish@people.example"
    assert list(users.parked) == [bee.id]

    if becomes_free:
        users.change(cat, declared.declares_user("cat"))
        assert users.settle() == []
        assert emails(workos)["auth0|bee"] == "bee@people.example"
        assert workos.users()["auth0|bee"]["email_verified"] is True
        return
    ((key, fault),) = users.settle()
    assert (key, fault.code) == ("auth0|bee", "email_parked")
    assert "people.example" not in str(fault)


def test_an_email_of_a_user_that_this_run_removes_is_freed_by_removing_it(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """Creates come before deletes; the delete that follows finds nothing to do."""
    gone = there(workos, "ann")
    workos.clear()
    users.create(Written(holders={gone.id: ""}), declared.declares_user("bee", email="ann@people.example"))
    users.remove(gone.id)

    assert workos.writes() == {POST_USER: 2, DELETE_USER: 1}
    assert emails(workos) == {"auth0|bee": "ann@people.example"}


def test_a_changed_email_may_displace_as_well(users: Users, declared: Declaration, workos: Sandbox) -> None:
    gone, bee = there(workos, "ann"), there(workos, "bee")
    bee.holders = {gone.id: ""}
    users.change(bee, declared.declares_user("bee", email="ann@people.example"))

    assert emails(workos) == {"auth0|bee": "ann@people.example"}


def test_nobody_else_is_displaced(users: Users, declared: Declaration, workos: Sandbox) -> None:
    there(workos, "ann")
    other = there(workos, "cat")
    said = refusal(users, declared.declares_user("bee", email="ann@people.example"), holders={other.id: ""})

    assert said.code == "email_held_by_retained"
    assert emails(workos) == {"auth0|ann": "ann@people.example", "auth0|cat": "cat@people.example"}


def test_an_email_of_a_retained_user_is_explained_with_its_external_id(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    there(workos, "ann")
    workos.clear()
    said = refusal(users, declared.declares_user("bee", email="ann@people.example"))

    assert said.code == "email_held_by_retained"
    assert "auth0|ann" in str(said)
    assert "people.example" not in str(said)
    assert workos.writes() == {POST_USER: 1}


def test_a_change_to_an_email_of_a_retained_user_is_explained_too(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    there(workos, "ann")
    bee = there(workos, "bee")
    workos.clear()
    with pytest.raises(Refused) as refused:
        users.change(bee, declared.declares_user("bee", email="ann@people.example"))

    assert refused.value.code == "email_held_by_retained"
    assert workos.writes() == {PUT_USER: 1}
    assert bee.applied["email"] == "bee@people.example"


def test_a_declared_user_that_keeps_its_email_is_not_moved(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    there(workos, "ann")
    declared.declares_user("ann")
    said = refusal(users, declared.declares_user("bee", email="ann@people.example"))

    assert said.code == "email_held_by_retained"
    assert emails(workos) == {"auth0|ann": "ann@people.example"}


def test_a_user_with_another_external_id_is_never_taken_over_by_email(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    there(workos, "ann")
    said = refusal(
        Users(door, declared, adopt_by_email=True), declared.declares_user("bee", email="ann@people.example")
    )

    assert said.code == "email_held_by_retained"


def test_a_conflict_without_a_holder_that_does_not_clear_is_refused_with_workos_code(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    workos.fault(
        "POST",
        "/users$",
        times=None,
        status=400,
        body={"code": "user_creation_error", "message": "no", "errors": [{"code": "email_not_available"}]},
    )
    assert refusal(users, declared.declares_user("ann")).code == "email_not_available"
    assert workos.asked() == {POST_USER: 3, USER_BY_EXTERNAL_ID: 3, LIST_USERS: 2 * LOOKS}


def test_an_external_id_that_another_user_holds_is_refused(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """A merged group must not take the external id of a user that stays."""
    there(workos, "ann")
    bee = there(workos, "bee")
    with pytest.raises(Refused) as refused:
        users.change(bee, declared.declares_user("ann", email="bee@people.example"))

    assert refused.value.code == "external_id_held_by_retained"
    assert "remove it in WorkOS" in str(refused.value)
    assert bee.applied["external_id"] == "auth0|bee"


def test_a_user_whose_group_fell_apart_gets_its_own_object(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """Ann and Bee were one user under Bee's id. Whoever comes first, each has an object of their own in the end."""
    both = there(workos, "bee")
    ann = declared.declares_user("ann")
    workos.clear()
    bee = Written(holders={both.id: "auth0|ann"})
    users.create(bee, declared.declares_user("bee"))

    assert workos.writes() == {POST_USER: 2, PUT_USER: 1}
    assert emails(workos) == {"auth0|ann": "ann@people.example", "auth0|bee": "bee@people.example"}
    assert bee.id != both.id
    workos.clear()
    users.change(both, ann)
    assert workos.requests()["total"] == 0


def test_a_group_that_cannot_give_the_other_account_up_keeps_it_out(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """Taking over the other's object would make one of two people disappear."""
    both = there(workos, "bee")
    declared.declares_user("ann")
    workos.fault("PUT", "/users/", status=422, body={"code": "not_now", "message": "no"})

    assert refusal(users, declared.declares_user("bee"), holders={both.id: "auth0|ann"}).code == "not_now"
    assert emails(workos) == {"auth0|bee": "bee@people.example"}


def test_an_external_id_of_a_user_that_this_run_removes_is_freed_by_removing_it(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """Two users who were migrated apart became one, under the id of the one that goes."""
    gone, bee = there(workos, "ann"), there(workos, "bee")
    bee.holders = {gone.id: ""}
    users.change(bee, declared.declares_user("ann", email="bee@people.example"))

    assert emails(workos) == {"auth0|ann": "bee@people.example"}
    assert workos.users()["auth0|ann"]["id"] == bee.id


def test_a_record_under_a_new_name_keeps_its_object(users: Users, declared: Declaration, workos: Sandbox) -> None:
    """A smaller id joined the group: the old name goes, the user stays."""
    same = there(workos, "ann")
    written = Written(holders={same.id: ""})
    users.create(written, declared.declares_user("ann"))

    assert (written.id, written.origin) == (same.id, "found")
    assert emails(workos) == {"auth0|ann": "ann@people.example"}
