"""`/events`: what happened, as it was then, oldest first."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import BadRequestError, UnprocessableEntityError
from workos.common.models import OrganizationDomainDataState
from workos.organizations.models import OrganizationDomainData

KINDS = ("user", "organization", "organization_domain", "organization_membership", "role", "organization_role")
ALL = [f"{kind}.{what}" for kind in (*KINDS, "permission") for what in ("created", "updated", "deleted", "verified")]


def happened(workos: WorkOSClient, *names: str, **filters: Any) -> list[Any]:
    """All events of these names, crossing pages."""
    page = workos.events.list_events(events=list(names) or ALL, limit=100, **filters)
    return list(page.auto_paging_iter())


def named(events: list[Any]) -> list[str]:
    """Their names, in order."""
    return [event.event for event in events]


def test_every_change_is_one_event_that_the_sdk_can_read(workos: WorkOSClient) -> None:
    """A whole life of each kind, from the first object to the last."""
    users, organizations, members = workos.user_management, workos.organizations, workos.organization_membership
    authorization = workos.authorization
    user = users.create_user(email="ada@example.com", external_id="auth0|1", metadata={"plan": "gold"})
    users.update_user(user.id, first_name="Ada")
    organization = organizations.create_organization(
        name="Acme",
        domain_data=[OrganizationDomainData(domain="acme.example", state=OrganizationDomainDataState.PENDING)],
    )
    organizations.update_organization(
        organization.id,
        domain_data=[OrganizationDomainData(domain="acme.example", state=OrganizationDomainDataState.VERIFIED)],
    )
    authorization.create_permission(slug="door:open", name="Open the door")
    authorization.create_environment_role(slug="admin", name="Admin")
    authorization.set_environment_role_permissions("admin", permissions=["door:open"])
    authorization.create_organization_role(organization.id, name="Keeper", slug="org-keeper")
    membership = members.create_organization_membership(user_id=user.id, organization_id=organization.id)
    members.deactivate_organization_membership(membership.id)
    members.deactivate_organization_membership(membership.id)
    users.delete_user(user.id)
    authorization.delete_permission("door:open")
    organizations.delete_organization(organization.id)

    events = happened(workos)
    assert named(events) == [
        "user.created",
        "user.updated",
        "organization.created",
        "organization_domain.created",
        "organization.updated",
        "organization_domain.verified",
        "permission.created",
        "role.created",
        "role.updated",
        "organization_role.created",
        "organization_membership.created",
        "organization_membership.updated",
        "organization_membership.deleted",
        "user.deleted",
        "role.updated",
        "permission.deleted",
        "organization_role.deleted",
        "organization_domain.deleted",
        "organization.deleted",
    ]
    assert [event.data.first_name for event in events[:2]] == [None, "Ada"]
    assert [event.data.status.value for event in events[10:12]] == ["active", "inactive"]
    assert events[3].data.state.value == "pending"
    assert len({event.id for event in events}) == len(events)
    assert [event.created_at for event in events] == sorted(event.created_at for event in events)


def test_events_are_filtered_by_name_organization_and_time(workos: WorkOSClient) -> None:
    first, second = (workos.organizations.create_organization(name=name) for name in ("Acme", "Bolt"))
    user = workos.user_management.create_user(email="ada@example.com")
    for organization in (first, second):
        workos.organization_membership.create_organization_membership(user_id=user.id, organization_id=organization.id)

    made = happened(workos, "organization.created")
    assert [event.data.name for event in made] == ["Acme", "Bolt"]
    assert named(happened(workos, organization_id=second.id)) == [
        "organization.created",
        "organization_membership.created",
    ]
    later = made[1].created_at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    assert named(happened(workos, range_start=later)) == [
        "user.created",
        "organization_membership.created",
        "organization_membership.created",
    ]
    assert named(happened(workos, range_end=later)) == ["organization.created"]
    assert happened(workos, "dsync.user.created") == []


def test_domains_go_in_the_order_in_which_they_came(http: httpx.Client, workos: WorkOSClient) -> None:
    names = [f"{letter}.example" for letter in "qwertyuiop"]
    body = {"name": "Acme", "domain_data": [{"domain": name, "state": "pending"} for name in names]}
    made, _ = (http.post("/organizations", json=one).raise_for_status().json() for one in (body, {"name": "Bolt"}))
    of_acme = happened(workos, "organization_domain.created", organization_id=made["id"])
    assert [event.data.domain for event in of_acme] == names
    workos.organizations.delete_organization(made["id"])

    assert [event.data.domain for event in happened(workos, "organization_domain.deleted")] == names


@pytest.mark.parametrize("limit", [1, 2, 100])
def test_events_are_read_on_from_the_last_one_seen(workos: WorkOSClient, limit: int) -> None:
    for number in range(5):
        workos.user_management.create_user(email=f"{number}@example.com", external_id=f"auth0|{number}")
    page = workos.events.list_events(events=["user.created", "user.deleted"], limit=limit)
    seen: list[Any] = list(page.auto_paging_iter())
    assert [event.data.external_id for event in seen] == [f"auth0|{number}" for number in range(5)]

    workos.user_management.delete_user(seen[2].data.id)
    rest = workos.events.list_events(events=["user.created", "user.deleted"], after=seen[-1].id).data
    assert named(rest) == ["user.deleted"]


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_an_order_that_is_asked_for_is_kept(workos: WorkOSClient, order: str) -> None:
    for number in range(3):
        workos.user_management.create_user(email=f"{number}@example.com", external_id=f"auth0|{number}")

    page = workos.events.list_events(events=["user.created"], limit=2, order=order)

    seen: list[Any] = list(page.auto_paging_iter())
    ids = [f"auth0|{number}" for number in range(3)]
    assert [event.data.external_id for event in seen] == (ids if order == "asc" else ids[::-1])


@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        ({"events": ""}, "required", "events"),
        ({"range_start": "2024-01-01"}, "range_start_invalid", "range_start"),
        ({"range_start": "2024-01-01T00:00:00+00:00"}, "range_start_invalid", "range_start"),
        ({"range_end": "2024-13-01T00:00:00Z"}, "range_end_invalid", "range_end"),
        ({"range_start": "2024-01-01T00:00:00Z", "after": "event_" + "0" * 26}, "range_start_excluded", "after"),
        ({"limit": "101"}, "limit_out_of_range", "limit"),
        ({"after": "user_" + "0" * 26}, "cursor_invalid", "after"),
        ({"user_id": "user_1"}, "parameter_not_allowed", "user_id"),
    ],
)
def test_a_question_outside_the_rules_is_refused(
    http: httpx.Client, query: dict[str, str], code: str, field: str
) -> None:
    answer = http.get("/events", params={"events": "user.created", **query})

    assert answer.status_code == 422
    assert answer.json() == {"message": "Validation failed.", "errors": [{"code": code, "field": field}]}


def test_the_names_of_events_must_be_told(http: httpx.Client) -> None:
    answer = http.get("/events")

    assert (answer.status_code, answer.json()["errors"]) == (422, [{"code": "required", "field": "events"}])


def test_the_sdk_names_the_two_refusals(workos: WorkOSClient) -> None:
    with pytest.raises(UnprocessableEntityError):
        workos.events.list_events(events=[])
    with pytest.raises(BadRequestError):
        workos.events.list_events(events=["user.created"], organization_id="org_unknown")
