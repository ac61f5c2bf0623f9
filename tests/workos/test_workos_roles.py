"""Environment roles against the sandbox: listed once, adopted by slug, never renamed unasked, never deleted."""

from __future__ import annotations

import pytest

from providers.workos.client import Gone, Refused, Unavailable, WorkOS
from providers.workos.kinds import Written
from providers.workos.roles import Roles
from tests.stack import Sandbox
from tests.workos.calls import LIST_ROLES, PATCH_ROLE, POST_ROLE, ROLE, made
from tests.workos.declaration import Declaration, role


@pytest.fixture
def roles(door: WorkOS, declared: Declaration) -> Roles:
    return Roles(door, declared)


def held(workos: Sandbox, slug: str) -> dict[str, str | None]:
    """A role as WorkOS holds it."""
    (found,) = [one for one in workos.directory()["roles"] if one["slug"] == slug]
    return dict(found)


def test_new_roles_are_one_list_and_one_post_each(roles: Roles, workos: Sandbox) -> None:
    first = made(roles, role("admin", description="May do everything"))
    made(roles, role("editor"))

    assert workos.asked() == {LIST_ROLES: 1, POST_ROLE: 2}
    assert held(workos, "admin") == role("admin", description="May do everything")
    assert held(workos, "editor") == role("editor")
    assert first.id
    assert (first.origin, first.applied) == ("created", role("admin", description="May do everything"))


def test_a_slug_that_is_there_is_adopted_and_left_alone(roles: Roles, workos: Sandbox) -> None:
    own = workos.call("POST", "/authorization/roles", slug="admin", name="Own name", description="Own words")
    workos.clear()
    written = made(roles, role("admin", name="Administrator"))
    roles.change(written, role("admin", name="Another name"))

    assert workos.asked() == {LIST_ROLES: 1}
    assert held(workos, "admin") == {"slug": "admin", "name": "Own name", "description": "Own words"}
    assert (written.id, written.origin) == (own["id"], "found")


def test_the_role_that_every_environment_has_is_adopted(roles: Roles, workos: Sandbox) -> None:
    assert made(roles, role("member")).origin == "found"
    assert workos.writes() == {}


def test_an_unchanged_role_costs_no_request(roles: Roles, workos: Sandbox) -> None:
    written = made(roles, role("admin"))
    workos.clear()
    roles.change(written, role("admin"))

    assert workos.requests()["total"] == 0


def test_name_and_description_change_with_one_patch(roles: Roles, workos: Sandbox) -> None:
    written = made(roles, role("admin", description="May do everything"))
    workos.clear()
    roles.change(written, role("admin", name="Chief"))

    assert workos.asked() == {PATCH_ROLE: 1}
    assert held(workos, "admin") == role("admin", name="Chief")
    assert written.applied == role("admin", name="Chief")


def test_a_role_that_somebody_made_between_list_and_post_is_adopted(roles: Roles, workos: Sandbox) -> None:
    made(roles, role("editor"))
    workos.call("POST", "/authorization/roles", slug="admin", name="Own name")
    workos.clear()
    written = made(roles, role("admin"))

    assert workos.asked() == {POST_ROLE: 1, ROLE: 1}
    assert written.origin == "found"
    assert held(workos, "admin")["name"] == "Own name"


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (409, {"message": "no"}),
        (422, {"code": "duplicate", "message": "no"}),
        (422, {"message": "no", "errors": [{"code": "duplicate", "message": "no"}]}),
    ],
)
@pytest.mark.parametrize("is_listed", [True, False])
def test_a_role_that_exists_after_all_is_read_by_its_slug(
    roles: Roles, workos: Sandbox, status: int, body: dict[str, object], is_listed: bool
) -> None:
    """However the refusal is worded. Where the slug cannot be read, the list is looked at again."""
    made(roles, role("editor"))
    own = workos.call("POST", "/authorization/roles", slug="admin", name="Own name")
    workos.fault("POST", "/roles$", status=status, body=body)
    if is_listed:
        workos.fault("GET", "/roles/admin$", status=404, body={"message": "no"})
    written = made(roles, role("admin"))

    assert (written.id, written.origin) == (own["id"], "found")
    workos.clear()
    made(roles, role("admin"))
    assert workos.requests()["total"] == 0


def test_a_role_that_is_refused_as_a_duplicate_and_is_not_there_is_refused(roles: Roles, workos: Sandbox) -> None:
    workos.fault("POST", "/roles$", status=422, body={"code": "duplicate", "message": "no"})
    with pytest.raises(Refused) as refused:
        made(roles, role("admin"))

    assert refused.value.code == "duplicate"


def test_a_list_of_roles_in_pages_is_read_to_its_end(door: WorkOS, declared: Declaration, workos: Sandbox) -> None:
    """WorkOS documents none; another server ends the first page with a cursor, and one never changes it."""
    page = {"data": [{"id": "role_1", "slug": "admin", "name": "Admin"}], "list_metadata": {"after": "role_1"}}
    workos.call("POST", "/authorization/roles", slug="editor", name="Editor")
    workos.fault("GET", "/roles$", status=200, body=page)
    workos.clear()

    assert Roles.listed(door).keys() == {"admin", "editor", "member"}
    assert workos.asked() == {LIST_ROLES: 2}
    workos.clear_faults()
    workos.fault("GET", "/roles$", status=200, body=page, times=None)
    assert Roles.listed(door).keys() == {"admin"}


def test_a_create_whose_answer_was_lost_knows_its_own_role_again(roles: Roles, workos: Sandbox) -> None:
    workos.fault("POST", "/roles$", "drop_after")
    written = made(roles, role("admin", description="May do everything"))

    assert workos.asked() == {LIST_ROLES: 1, POST_ROLE: 2, ROLE: 1}
    assert written.origin == "created"
    roles.change(written, role("admin", name="Chief"))
    assert held(workos, "admin")["name"] == "Chief"


def test_a_refused_role_says_why(roles: Roles, workos: Sandbox) -> None:
    with pytest.raises(Refused) as refused:
        made(roles, role("admin", name="n" * 49))

    assert "invalid_request_parameters" in refused.value.codes
    assert workos.roles() == {"member"}


def test_a_list_that_cannot_be_had_is_asked_again_for_the_next_role(roles: Roles, workos: Sandbox) -> None:
    workos.fault("GET", "/roles$", times=4)
    with pytest.raises(Unavailable):
        made(roles, role("admin"))
    written = Written()
    roles.create(written, role("admin"))

    assert written.origin == "created"


def test_a_role_is_never_deleted(roles: Roles, workos: Sandbox) -> None:
    written = made(roles, role("admin"))
    workos.clear()
    roles.remove(written.id)

    assert workos.requests()["total"] == 0
    assert "admin" in workos.roles()


def test_the_live_role_is_found_by_its_id(door: WorkOS, declared: Declaration, workos: Sandbox) -> None:
    written = made(Roles(door, declared), role("admin"))
    workos.clear()
    roles = Roles(door, declared)

    assert roles.live(written.id) == role("admin")
    with pytest.raises(Gone):
        roles.live("role_01HK153X000000000000000000")
    assert workos.asked() == {LIST_ROLES: 1}
