"""Memberships: identity, roles, status, listing."""

from dataclasses import dataclass

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import BadRequestError, ConflictError, NotFoundError, UnprocessableEntityError
from workos.organization_membership._resource import RoleMultiple, RoleSingle
from workos.organization_membership.models import OrganizationMembership

MEMBERSHIPS = "/user_management/organization_memberships"


@dataclass(frozen=True)
class Ends:
    """A user and an organization."""

    user: str
    organization: str


@pytest.fixture
def ends(workos: WorkOSClient) -> Ends:
    """A user and an organization without a membership, and the roles admin and viewer."""
    for slug in ("admin", "viewer"):
        workos.authorization.create_environment_role(slug=slug, name=slug.title())
    user = workos.user_management.create_user(email="ada@example.com", external_id="auth0|1")
    return Ends(user.id, workos.organizations.create_organization(name="Acme", external_id="org_1").id)


def join(workos: WorkOSClient, ends: Ends, role: RoleSingle | RoleMultiple | None = None) -> OrganizationMembership:
    """Make the membership of both ends."""
    return workos.organization_membership.create_organization_membership(
        user_id=ends.user, organization_id=ends.organization, role=role
    )


def slugs(membership: OrganizationMembership) -> list[str]:
    """Slugs of all roles."""
    return [role.slug for role in membership.roles]


def listed(workos: WorkOSClient, **filters: object) -> list[str]:
    """Ids of a membership list."""
    page = workos.organization_membership.list_organization_memberships(**filters)  # type: ignore[arg-type]
    return [one.id for one in page.data]


def test_a_membership_is_active_has_the_default_role_and_embeds_its_user(workos: WorkOSClient, ends: Ends) -> None:
    made = join(workos, ends)

    assert made.id.startswith("om_01H")
    assert (made.status, made.role.slug, slugs(made)) == ("active", "member", ["member"])
    assert (made.user.id, made.user.external_id, made.organization_name) == (ends.user, "auth0|1", "Acme")
    assert workos.organization_membership.get_organization_membership(made.id).to_dict()["user"] == made.user.to_dict()


def test_an_unknown_role_is_refused(workos: WorkOSClient, ends: Ends) -> None:
    for role in (RoleSingle(role_slug="nobody"), RoleMultiple(role_slugs=["nobody"])):
        with pytest.raises(UnprocessableEntityError) as refused:
            join(workos, ends, role)
        assert refused.value.code == "invalid_role"


def test_several_roles_need_the_environments_setting(workos: WorkOSClient, http: httpx.Client, ends: Ends) -> None:
    several = RoleMultiple(role_slugs=["admin", "viewer"])

    with pytest.raises(UnprocessableEntityError) as refused:
        join(workos, ends, several)
    http.post("/_sandbox/settings", json={"multiple_roles": True}).raise_for_status()

    assert refused.value.code == "multiple_roles_not_enabled"
    assert slugs(join(workos, ends, several)) == ["admin", "viewer"]


def test_a_list_of_one_role_needs_no_setting(workos: WorkOSClient, ends: Ends) -> None:
    assert slugs(join(workos, ends, RoleMultiple(role_slugs=["admin"]))) == ["admin"]


@pytest.mark.parametrize(
    "roles",
    [{"role_slug": "admin", "role_slugs": ["admin"]}, {"role_slugs": []}, {"role_slugs": [1]}, {"role": "admin"}],
)
def test_a_body_outside_the_schema_is_refused(http: httpx.Client, ends: Ends, roles: dict[str, object]) -> None:
    answer = http.post(MEMBERSHIPS, json={"user_id": ends.user, "organization_id": ends.organization, **roles})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")


@pytest.mark.parametrize("missing", ["user", "organization"])
def test_an_end_that_does_not_exist_is_a_404_with_a_message_only(
    workos: WorkOSClient, ends: Ends, missing: str
) -> None:
    absent = Ends(**{"user": ends.user, "organization": ends.organization, missing: "gone_01H"})

    with pytest.raises(NotFoundError) as refused:
        join(workos, absent)

    assert refused.value.code is None
    assert "gone_01H" in refused.value.message


def test_a_second_active_membership_is_a_conflict(workos: WorkOSClient, ends: Ends) -> None:
    made = join(workos, ends)

    with pytest.raises(ConflictError) as refused:
        join(workos, ends, RoleSingle(role_slug="admin"))

    assert refused.value.code == "organization_membership_already_exists"
    assert slugs(workos.organization_membership.get_organization_membership(made.id)) == ["member"]


def test_creating_over_an_inactive_membership_brings_the_same_one_back_with_the_new_role(
    workos: WorkOSClient, ends: Ends
) -> None:
    made = join(workos, ends)
    workos.organization_membership.deactivate_organization_membership(made.id)

    again = join(workos, ends, RoleSingle(role_slug="admin"))

    assert (again.id, again.status, slugs(again)) == (made.id, "active", ["admin"])


def test_an_update_changes_the_role_and_nothing_else(workos: WorkOSClient, http: httpx.Client, ends: Ends) -> None:
    made = join(workos, ends)

    changed = workos.organization_membership.update_organization_membership(made.id, role=RoleSingle(role_slug="admin"))

    assert (changed.id, slugs(changed), changed.status) == (made.id, ["admin"], "active")
    assert http.put(f"{MEMBERSHIPS}/{made.id}", json={"user_id": ends.user}).status_code == 422
    assert http.put(f"{MEMBERSHIPS}/{made.id}", json={"role_slug": "nobody"}).json()["code"] == "invalid_role"


def test_deactivating_and_reactivating_keep_the_role_and_repeat_without_effect(
    workos: WorkOSClient, ends: Ends
) -> None:
    made = join(workos, ends, RoleSingle(role_slug="admin"))
    door = workos.organization_membership

    first, second = (door.deactivate_organization_membership(made.id) for _ in range(2))
    third, fourth = (door.reactivate_organization_membership(made.id) for _ in range(2))

    assert (first.status, second.updated_at) == ("inactive", first.updated_at)
    assert (third.status, fourth.updated_at) == ("active", third.updated_at)
    assert [role.slug for role in fourth.roles] == ["admin"]


def test_a_list_needs_a_user_or_an_organization(workos: WorkOSClient) -> None:
    with pytest.raises(BadRequestError) as refused:
        workos.organization_membership.list_organization_memberships()

    assert refused.value.code == "missing_user_id_or_organization_id"


def test_a_list_holds_active_memberships_unless_statuses_says_more(workos: WorkOSClient, ends: Ends) -> None:
    inactive = join(workos, ends)
    workos.organization_membership.deactivate_organization_membership(inactive.id)
    grace = workos.user_management.create_user(email="grace@example.com")
    active = join(workos, Ends(grace.id, ends.organization))
    org = ends.organization

    assert listed(workos, organization_id=org) == [active.id]
    assert listed(workos, organization_id=org, statuses=["inactive"]) == [inactive.id]
    assert listed(workos, organization_id=org, statuses=["active", "inactive", "pending"]) == [active.id, inactive.id]
    assert listed(workos, organization_id=org, statuses=["active", "inactive"], order="asc") == [inactive.id, active.id]
    assert listed(workos, user_id=ends.user) == []
    assert listed(workos, user_id=ends.user, statuses=["inactive"]) == [inactive.id]
    assert listed(workos, user_id=grace.id, organization_id=org) == [active.id]
    assert listed(workos, user_id=ends.user, organization_id=org) == []


def test_statuses_may_be_repeated_or_comma_separated(workos: WorkOSClient, http: httpx.Client, ends: Ends) -> None:
    made = join(workos, ends)
    workos.organization_membership.deactivate_organization_membership(made.id)

    for query in ("statuses=active,inactive", "statuses=active&statuses=inactive", "statuses[]=inactive"):
        data = http.get(f"{MEMBERSHIPS}?organization_id={ends.organization}&{query}").json()["data"]
        assert [one["id"] for one in data] == [made.id]
    assert http.get(f"{MEMBERSHIPS}?organization_id={ends.organization}&statuses=gone").status_code == 422


def test_a_list_for_an_end_that_does_not_exist_is_a_404(workos: WorkOSClient) -> None:
    for end in ("user_id", "organization_id"):
        with pytest.raises(NotFoundError):
            listed(workos, **{end: "gone_01H"})


def test_a_deleted_membership_is_gone_and_can_be_made_anew(workos: WorkOSClient, ends: Ends) -> None:
    made = join(workos, ends)

    workos.organization_membership.delete_organization_membership(made.id)

    with pytest.raises(NotFoundError):
        workos.organization_membership.delete_organization_membership(made.id)
    assert listed(workos, organization_id=ends.organization, statuses=["active", "inactive"]) == []
    assert join(workos, ends).id != made.id


def test_deleting_a_user_removes_active_and_inactive_memberships(workos: WorkOSClient, ends: Ends) -> None:
    other = Ends(ends.user, workos.organizations.create_organization(name="Other").id)
    workos.organization_membership.deactivate_organization_membership(join(workos, ends).id)
    join(workos, other)

    workos.user_management.delete_user(ends.user)

    for organization in (ends.organization, other.organization):
        assert listed(workos, organization_id=organization, statuses=["active", "inactive"]) == []
