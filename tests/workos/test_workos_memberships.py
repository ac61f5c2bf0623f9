"""Memberships against the sandbox: the pair is the identity, roles and status change, nobody is switched on unasked."""

from __future__ import annotations

from typing import Any

import pytest

from providers.workos.client import Conflict, Gone, Refused, WorkOS
from providers.workos.kinds import Written
from providers.workos.memberships import Memberships
from tests.stack import Sandbox
from tests.workos.calls import (
    DEACTIVATE,
    DELETE_MEMBERSHIP,
    GET_MEMBERSHIP,
    LIST_MEMBERSHIPS,
    POST_MEMBERSHIP,
    PUT_MEMBERSHIP,
    REACTIVATE,
    made,
)
from tests.workos.declaration import Declaration, Fields


@pytest.fixture
def memberships(door: WorkOS, declared: Declaration) -> Memberships:
    return Memberships(door, declared)


@pytest.fixture
def pair(workos: Sandbox) -> Fields:
    """One user, one organization, the roles admin and editor; the log is empty."""
    user = workos.call("POST", "/user_management/users", email="ann@people.example", external_id="auth0|ann")
    acme = workos.call("POST", "/organizations", name="Acme", external_id="org_acme")
    for slug in ("admin", "editor"):
        workos.call("POST", "/authorization/roles", slug=slug, name=slug.title())
    workos.clear()
    return {"organization_id": acme["id"], "user_id": user["id"]}


def desired(pair: Fields, *roles: str, status: str = "active") -> Fields:
    """The fields of a membership."""
    return {**pair, "roles": list(roles), "status": status}


def held(workos: Sandbox) -> tuple[list[str], str] | None:
    """Roles and status of the only membership, if there is one."""
    found = workos.directory()["memberships"]
    assert len(found) <= 1
    return (sorted(found[0]["roles"]), found[0]["status"]) if found else None


def there(workos: Sandbox, pair: Fields, role: str = "member", *, active: bool = True) -> dict[str, Any]:
    """A membership that somebody else made."""
    own = workos.call("POST", "/user_management/organization_memberships", **pair, role_slug=role)
    if not active:
        workos.call("PUT", f"/user_management/organization_memberships/{own['id']}/deactivate")
    workos.clear()
    return own


def test_a_new_membership_is_one_post_with_its_role(memberships: Memberships, workos: Sandbox, pair: Fields) -> None:
    wanted = desired(pair, "admin")
    written = made(memberships, wanted)

    assert workos.asked() == {POST_MEMBERSHIP: 1}
    assert held(workos) == (["admin"], "active")
    assert (written.origin, written.applied) == ("created", wanted)


def test_a_membership_without_roles_sends_none(memberships: Memberships, workos: Sandbox, pair: Fields) -> None:
    made(memberships, desired(pair))

    assert workos.asked() == {POST_MEMBERSHIP: 1}
    assert held(workos) == (["member"], "active")


def test_several_roles_go_where_the_environment_allows_them(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    workos.settings(multiple_roles=True)
    made(memberships, desired(pair, "admin", "editor"))

    assert workos.asked() == {POST_MEMBERSHIP: 1}
    assert held(workos) == (["admin", "editor"], "active")


def test_several_roles_are_refused_with_workos_code_where_they_are_not(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    with pytest.raises(Refused) as refused:
        made(memberships, desired(pair, "admin", "editor"))

    assert refused.value.code == "multiple_roles_not_enabled"
    assert held(workos) is None


def test_an_unchanged_membership_costs_no_request(memberships: Memberships, workos: Sandbox, pair: Fields) -> None:
    workos.settings(multiple_roles=True)
    written = made(memberships, desired(pair, "admin", "editor"))
    workos.clear()
    memberships.change(written, desired(pair, "editor", "admin"))

    assert workos.requests()["total"] == 0


def test_another_role_is_one_put(memberships: Memberships, workos: Sandbox, pair: Fields) -> None:
    written = made(memberships, desired(pair, "admin"))
    workos.clear()
    memberships.change(written, desired(pair, "editor"))

    assert workos.asked() == {PUT_MEMBERSHIP: 1}
    assert held(workos) == (["editor"], "active")
    assert written.applied["roles"] == ["editor"]


def test_a_membership_that_loses_its_roles_becomes_a_member(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    """WorkOS keeps no membership without a role; leaving the old one would leave its rights."""
    written = made(memberships, desired(pair, "admin"))
    workos.clear()
    memberships.change(written, desired(pair))

    assert workos.asked() == {PUT_MEMBERSHIP: 1}
    assert held(workos) == (["member"], "active")
    workos.clear()
    memberships.change(written, desired(pair))
    assert workos.requests()["total"] == 0


def test_an_inactive_membership_is_made_and_switched_off(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    written = made(memberships, desired(pair, "admin", status="inactive"))

    assert workos.asked() == {POST_MEMBERSHIP: 1, DEACTIVATE: 1}
    assert held(workos) == (["admin"], "inactive")
    assert written.applied["status"] == "inactive"


def test_a_membership_that_could_not_be_switched_off_is_known_as_active(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    """So that the next run switches it off."""
    workos.fault("PUT", "/deactivate$", status=403, body={"message": "no"})
    written = Written()
    wanted = desired(pair, "admin", status="inactive")
    with pytest.raises(Refused):
        memberships.create(written, wanted)
    assert written.id
    assert written.applied["status"] == "active"

    memberships.change(written, wanted)
    assert held(workos) == (["admin"], "inactive")


def test_a_blocked_persons_membership_is_switched_off_and_on_again(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    written = made(memberships, desired(pair, "admin"))
    workos.clear()
    memberships.change(written, desired(pair, "admin", status="inactive"))
    assert workos.asked() == {DEACTIVATE: 1}
    assert held(workos) == (["admin"], "inactive")
    memberships.change(written, desired(pair, "editor"))

    assert workos.asked() == {DEACTIVATE: 1, REACTIVATE: 1, PUT_MEMBERSHIP: 1}
    assert held(workos) == (["editor"], "active")


def test_a_membership_that_is_there_already_is_read_and_converged(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    own = there(workos, pair, "editor")
    written = made(memberships, desired(pair, "admin"))

    assert workos.asked() == {POST_MEMBERSHIP: 1, LIST_MEMBERSHIPS: 1, PUT_MEMBERSHIP: 1}
    assert held(workos) == (["admin"], "active")
    assert (written.id, written.origin) == (own["id"], "found")


@pytest.mark.parametrize("status", ["active", "inactive"])
def test_an_inactive_membership_is_found_too_where_workos_refuses_to_make_it_again(
    memberships: Memberships, workos: Sandbox, pair: Fields, status: str
) -> None:
    own = there(workos, pair, "admin", active=False)
    workos.fault("POST", "/organization_memberships$", status=409, body={"message": "no"})
    written = made(memberships, desired(pair, "admin", status=status))

    assert held(workos) == (["admin"], status)
    assert (written.id, written.origin) == (own["id"], "found")


def test_a_membership_that_is_there_keeps_roles_that_the_directory_does_not_speak_of(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    there(workos, pair, "editor")
    made(memberships, desired(pair))

    assert workos.writes() == {POST_MEMBERSHIP: 1}
    assert held(workos) == (["editor"], "active")


def test_an_active_membership_that_should_not_be_is_switched_off(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    there(workos, pair, "admin")
    made(memberships, desired(pair, "admin", status="inactive"))

    assert workos.asked() == {POST_MEMBERSHIP: 1, LIST_MEMBERSHIPS: 1, DEACTIVATE: 1}
    assert held(workos) == (["admin"], "inactive")


def test_an_inactive_membership_comes_back_with_its_new_role_if_the_directory_says_active(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    own = there(workos, pair, "editor", active=False)
    written = made(memberships, desired(pair, "admin"))

    assert workos.asked() == {POST_MEMBERSHIP: 1}
    assert held(workos) == (["admin"], "active")
    assert written.id == own["id"]


def test_an_inactive_membership_is_inactive_after_a_create_that_says_so(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    """WorkOS switches it on with the POST; the second request undoes that."""
    there(workos, pair, "editor", active=False)
    made(memberships, desired(pair, "admin", status="inactive"))

    assert workos.asked() == {POST_MEMBERSHIP: 1, DEACTIVATE: 1}
    assert held(workos) == (["admin"], "inactive")


@pytest.mark.parametrize("status", ["active", "inactive"])
def test_a_create_whose_answer_was_lost_knows_its_own_membership_again(
    memberships: Memberships, workos: Sandbox, pair: Fields, status: str
) -> None:
    workos.fault("POST", "/organization_memberships$", "drop_after")
    wanted = desired(pair, "admin", status=status)
    written = made(memberships, wanted)

    assert held(workos) == (["admin"], status)
    assert written.origin == "created"
    assert written.applied["status"] == status


def test_an_unknown_end_is_gone_and_an_unknown_role_is_refused(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    with pytest.raises(Gone):
        made(memberships, desired({**pair, "user_id": "user_01HK153X000000000000000000"}))
    with pytest.raises(Refused) as refused:
        made(memberships, desired(pair, "nobody"))

    assert refused.value.code == "invalid_role"


def test_a_pending_invitation_is_not_taken_for_a_membership(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    """WorkOS refuses the create; the pair is looked up, found by nobody else's status, and the refusal stands."""
    body = {"code": "cannot_reactivate_pending_organization_membership", "message": "no"}
    workos.fault("POST", "/organization_memberships$", status=400, body=body)
    with pytest.raises(Refused) as refused:
        made(memberships, desired(pair, "admin"))

    assert refused.value.code == "cannot_reactivate_pending_organization_membership"
    assert workos.asked() == {POST_MEMBERSHIP: 1, LIST_MEMBERSHIPS: 1}


def test_a_conflict_that_shows_no_membership_stands(memberships: Memberships, workos: Sandbox, pair: Fields) -> None:
    workos.fault("POST", "/organization_memberships$", status=409, body={"message": "no"})
    with pytest.raises(Conflict):
        made(memberships, desired(pair, "admin"))


def test_a_membership_that_is_gone_is_gone_for_every_call_but_removal(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    written = made(memberships, desired(pair, "admin"))
    workos.call("DELETE", f"/user_management/organization_memberships/{written.id}")

    with pytest.raises(Gone):
        memberships.live(written.id)
    with pytest.raises(Gone):
        memberships.change(written, desired(pair, "editor"))
    workos.clear()
    memberships.remove(written.id)
    memberships.remove(written.id)
    assert workos.asked() == {DELETE_MEMBERSHIP: 1}


def test_a_membership_that_left_is_switched_off_once(memberships: Memberships, workos: Sandbox, pair: Fields) -> None:
    """A run with a setback does it ahead of the engine, which then asks again; one that is gone is as good."""
    own = there(workos, pair, "admin")
    workos.clear()
    for id_ in (own["id"], own["id"], "om_01HK153X000000000000000000"):
        memberships.switch_off(id_)

    assert held(workos) == (["admin"], "inactive")
    assert workos.asked() == {DEACTIVATE: 2}


def test_a_membership_is_deactivated_as_often_as_it_is_asked(
    memberships: Memberships, workos: Sandbox, pair: Fields
) -> None:
    written = made(memberships, desired(pair, "admin"))
    memberships.deactivate(written.id)
    memberships.deactivate(written.id)

    assert held(workos) == (["admin"], "inactive")


def test_the_live_membership_has_ends_roles_and_status(memberships: Memberships, workos: Sandbox, pair: Fields) -> None:
    written = made(memberships, desired(pair, "admin", status="inactive"))
    workos.clear()

    assert memberships.live(written.id) == desired(pair, "admin", status="inactive")
    assert workos.asked() == {GET_MEMBERSHIP: 1}
