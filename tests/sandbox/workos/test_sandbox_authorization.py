"""Permissions, and the roles that an organization has of its own."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import BadRequestError, ConflictError, NotFoundError, UnprocessableEntityError
from workos.organization_membership._resource import RoleSingle


@pytest.fixture
def organization_id(workos: WorkOSClient) -> str:
    """An organization with a role of its own."""
    organization = workos.organizations.create_organization(name="Acme")
    workos.authorization.create_organization_role(organization.id, name="Keeper", slug="org-keeper")
    return organization.id


def refused(error: type[Exception], call: Callable[[], object]) -> str | None:
    """The code of the SDK's exception."""
    with pytest.raises(error) as raised:
        call()
    return getattr(raised.value, "code", None)


def test_permissions_are_made_changed_listed_and_deleted(workos: WorkOSClient) -> None:
    authorization = workos.authorization
    for slug in ("door:open", "door.shut", "door-*"):
        authorization.create_permission(slug=slug, name=slug, description="of the door")
    authorization.update_permission("door.shut", name="Shut", description=None)

    listed = list(authorization.list_permissions(limit=2, order="asc").auto_paging_iter())
    assert [(one.slug, one.name, one.description) for one in listed] == [
        ("door:open", "door:open", "of the door"),
        ("door.shut", "Shut", None),
        ("door-*", "door-*", "of the door"),
    ]
    authorization.delete_permission("door.shut")
    assert refused(NotFoundError, lambda: authorization.get_permission("door.shut")) is None
    assert refused(ConflictError, lambda: authorization.create_permission(slug="door-*", name="x")) == (
        "permission_slug_conflict"
    )
    assert refused(UnprocessableEntityError, lambda: authorization.create_permission(slug="Door", name="x")) == (
        "invalid_request_parameters"
    )


def test_a_role_has_the_permissions_it_is_given_until_they_are_deleted(
    workos: WorkOSClient, organization_id: str
) -> None:
    authorization = workos.authorization
    for slug in ("a", "b", "c"):
        authorization.create_permission(slug=slug, name=slug)
    authorization.create_environment_role(slug="admin", name="Admin")

    assert authorization.set_environment_role_permissions("admin", permissions=["a", "b", "a"]).permissions == [
        "a",
        "b",
    ]
    assert authorization.add_environment_role_permission("admin", body_slug="c").permissions == ["a", "b", "c"]
    assert authorization.set_organization_role_permissions(
        organization_id, "org-keeper", permissions=["b"]
    ).permissions == ["b"]
    authorization.delete_permission("b")
    assert authorization.get_environment_role("admin").permissions == ["a", "c"]
    assert authorization.get_organization_role(organization_id, "org-keeper").permissions == []
    assert (
        refused(NotFoundError, lambda: authorization.set_environment_role_permissions("admin", permissions=["b"]))
        is None
    )


def test_an_organizations_own_role_is_for_its_members_only(workos: WorkOSClient, organization_id: str) -> None:
    """Listed after the environment's, assigned there, and nowhere else."""
    authorization, members = workos.authorization, workos.organization_membership
    user, other = (
        workos.user_management.create_user(email="ada@example.com"),
        workos.organizations.create_organization(name="Bolt"),
    )
    keeper = RoleSingle(role_slug="org-keeper")
    listed = authorization.list_organization_roles(organization_id).data
    assert [(role.slug, role.type.value) for role in listed] == [
        ("member", "EnvironmentRole"),
        ("org-keeper", "OrganizationRole"),
    ]
    assert [role.slug for role in authorization.list_organization_roles(other.id).data] == ["member"]

    assert (
        refused(
            UnprocessableEntityError,
            lambda: members.create_organization_membership(user_id=user.id, organization_id=other.id, role=keeper),
        )
        == "invalid_role"
    )
    membership = members.create_organization_membership(user_id=user.id, organization_id=organization_id, role=keeper)
    assert membership.role.slug == "org-keeper"

    def delete() -> None:
        authorization.delete_organization_role(organization_id, "org-keeper")

    assert refused(ConflictError, delete) == "role_has_assignments"
    members.update_organization_membership(membership.id, role=RoleSingle(role_slug="member"))
    delete()
    assert refused(NotFoundError, delete) is None


def test_an_organizations_own_role_follows_the_rules_of_slugs(workos: WorkOSClient, organization_id: str) -> None:
    create = workos.authorization.create_organization_role
    assert refused(ConflictError, lambda: create(organization_id, name="x", slug="org-keeper")) == (
        "organization_role_slug_conflict"
    )
    assert refused(UnprocessableEntityError, lambda: create(organization_id, name="x", slug="keeper")) == (
        "invalid_request_parameters"
    )
    assert refused(NotFoundError, lambda: create("org_unknown", name="x")) is None
    changed = workos.authorization.update_organization_role(organization_id, "org-keeper", name="Warden")
    assert (changed.name, changed.slug) == ("Warden", "org-keeper")


@pytest.mark.parametrize(
    ("name", "words"), [("Night Watch", "org-night-watch"), ("夜警", "org"), ("a" * 43 + " bbb", "org-" + "a" * 37)]
)
def test_a_role_without_a_slug_gets_one_of_its_name_and_a_suffix(
    workos: WorkOSClient, organization_id: str, name: str, words: str
) -> None:
    create = workos.authorization.create_organization_role
    slugs = [create(organization_id, name=name).slug for _ in range(2)]

    assert [slug.rpartition("-")[0] for slug in slugs] == [words] * 2
    assert len(set(slugs)) == 2
    assert max(map(len, slugs)) <= 48


def test_an_organization_knows_its_own_roles_and_the_environments(workos: WorkOSClient, organization_id: str) -> None:
    get = workos.authorization.get_organization_role
    assert [get(organization_id, slug).type.value for slug in ("member", "org-keeper")] == [
        "EnvironmentRole",
        "OrganizationRole",
    ]
    assert refused(NotFoundError, lambda: get(organization_id, "org-nobody")) is None
    assert refused(NotFoundError, lambda: workos.authorization.update_organization_role(organization_id, "member")) is (
        None
    )


def test_a_permission_that_a_role_has_is_no_change(workos: WorkOSClient) -> None:
    authorization = workos.authorization
    authorization.create_permission(slug="a", name="a")
    first, second = (authorization.add_environment_role_permission("member", body_slug="a") for _ in range(2))

    assert first.to_dict() == second.to_dict()
    assert len(workos.events.list_events(events=["role.updated"]).data) == 1


def test_domains_are_added_and_taken_away_one_by_one(workos: WorkOSClient, organization_id: str) -> None:
    domains = workos.organization_domains
    made = domains.create_organization_domain(domain=" Acme.Example ", organization_id=organization_id)
    assert (made.domain, made.state and made.state.value) == ("acme.example", "pending")
    assert domains.get_organization_domain(made.id).to_dict() == made.to_dict()
    assert [domain.domain for domain in workos.organizations.get_organization(organization_id).domains] == [
        "acme.example"
    ]
    assert (
        refused(
            ConflictError,
            lambda: domains.create_organization_domain(domain="acme.example", organization_id=organization_id),
        )
        == "domain_already_exists"
    )
    assert domains.verify_organization_domain(made.id).state == "pending"

    domains.delete_organization_domain(made.id)
    assert refused(NotFoundError, lambda: domains.get_organization_domain(made.id)) is None
    assert workos.organizations.get_organization(organization_id).domains == []


def test_a_verified_domain_is_not_verified_again(
    http: httpx.Client, workos: WorkOSClient, organization_id: str
) -> None:
    body = {"domain_data": [{"domain": "acme.example", "state": "verified"}]}
    (domain,) = http.put(f"/organizations/{organization_id}", json=body).json()["domains"]

    assert refused(BadRequestError, lambda: workos.organization_domains.verify_organization_domain(domain["id"])) == (
        "domain_already_verified"
    )
