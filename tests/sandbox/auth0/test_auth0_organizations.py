"""Organizations, members, domains, connections, roles, applications, and the two kinds of paging."""

from typing import Any

import httpx
import pytest
from auth0.management.errors import BadRequestError, NotFoundError
from auth0.management.types import OrganizationMemberRole

from tests.sandbox.auth0.auth0_side import Auth0Side
from tests.tenant import DATABASE, Line, member, organization, person, role

ENABLED: Line = {
    "connection_id": "con_0000000000000001",
    "assign_membership_on_login": True,
    "show_as_button": False,
    "is_signup_enabled": False,
    "connection": {"name": "corp", "strategy": "samlp"},
}


def many(number: int) -> dict[str, list[Line]]:
    """So many organizations, each with one member."""
    names = [f"n{one}" for one in range(number)]
    return {
        "organizations": [organization(name) for name in names],
        "members": [member(name, "auth0|1") for name in names],
    }


@pytest.mark.parametrize(("number", "requests"), [(0, 1), (1, 1), (50, 1), (51, 2), (120, 3)])
def test_the_sdk_walks_all_organizations_by_checkpoint(auth0: Auth0Side, number: int, requests: int) -> None:
    auth0.serve(**many(number))

    ids = [one.id for one in auth0.sdk.organizations.list()]

    assert ids == [f"org_n{one}" for one in range(number)]
    assert auth0.log()["counts"]["GET /auth0/api/v2/organizations"] == requests


def test_the_last_page_by_checkpoint_has_no_next_and_no_total(auth0: Auth0Side) -> None:
    auth0.serve(**many(3))

    first = auth0.get("organizations", take=2, include_totals="true").json()
    last = auth0.get("organizations", take=2, **{"from": first["next"]}).json()

    assert first.keys() == {"organizations", "next"}
    assert [one["id"] for one in first["organizations"] + last["organizations"]] == ["org_n0", "org_n1", "org_n2"]
    assert last.keys() == {"organizations"}


@pytest.mark.parametrize(("maximum", "lengths"), [(50, [50, 50, 20]), (100, [100, 20])])
def test_a_page_is_cut_at_the_maximum_without_a_word(auth0: Auth0Side, maximum: int, lengths: list[int]) -> None:
    auth0.serve(**many(120))
    auth0.settings(page_maximum=maximum)

    pages = auth0.sdk.organizations.list(take=100).iter_pages()

    assert [len(page.items or ()) for page in pages] == lengths


@pytest.mark.parametrize(
    ("path", "parameters"),
    [
        ("organizations", {"take": 101}),
        ("organizations", {"take": 0}),
        ("organizations", {"take": "ten"}),
        ("organizations", {"from": "made-up"}),
        ("organizations", {"take": 10, "page": 0}),
        ("organizations", {"per_page": 101}),
        ("organizations", {"page": -1}),
        ("organizations", {"include_totals": "yes"}),
        ("organizations", {"q": "name:a"}),
        ("organizations/org_n0", {"take": 10}),
        ("organizations/org_n0/members", {"fields": "user_id,role"}),
        ("organizations/org_n0/discovery-domains", {"page": 0}),
        ("organizations/org_n0/enabled_connections", {"take": 10}),
        ("roles", {"take": 10}),
        ("clients", {"take": 10}),
    ],
)
def test_a_query_that_auth0_does_not_have_is_refused(auth0: Auth0Side, path: str, parameters: dict[str, Any]) -> None:
    auth0.serve(**many(1))

    answer = auth0.get(path, **parameters)

    assert (answer.status_code, answer.json()["errorCode"]) == (400, "invalid_query_string")


def test_a_checkpoint_is_good_for_its_own_list_only(auth0: Auth0Side) -> None:
    auth0.serve(organizations=[organization("a"), organization("b")])
    checkpoint = auth0.get("organizations", take=1).json()["next"]

    assert auth0.get("connections", **{"from": checkpoint}).status_code == 400


def test_offset_paging_counts_and_ends_at_a_thousand_records(auth0: Auth0Side) -> None:
    auth0.serve(**many(120))

    page = auth0.get("organizations", page=2, per_page=50, include_totals="true").json()
    plain = auth0.get("organizations").json()
    beyond = auth0.get("organizations", page=20, per_page=50)

    assert (page["start"], page["limit"], page["total"], len(page["organizations"])) == (100, 50, 120, 20)
    assert [one["id"] for one in plain] == [f"org_n{one}" for one in range(50)]
    assert auth0.get("organizations", page=19, per_page=50).json() == []
    assert (beyond.status_code, beyond.json()["errorCode"]) == (400, "invalid_paging")


def test_the_sdk_meets_the_end_of_offset_paging_inside_its_iterator(auth0: Auth0Side) -> None:
    auth0.serve(roles=[role(f"r{number}") for number in range(1001)])
    seen: list[str | None] = []

    with pytest.raises(BadRequestError):
        seen.extend(one.name for one in auth0.sdk.roles.list())

    assert len(seen) == 1000


def test_an_organization_is_auth0s_object_without_what_the_folder_adds(auth0: Auth0Side) -> None:
    added = {"domains": [{"domain": "a.example"}], "enabled_connections": [ENABLED]}
    shown = {"display_name": "Acme", "metadata": {"tier": "gold"}, "branding": {"logo_url": "https://a.example/l.png"}}
    auth0.serve(organizations=[organization("a", **shown, **added)])

    assert auth0.get("organizations/org_a").json() == organization("a", **shown)
    assert [one.display_name for one in auth0.sdk.organizations.list()] == ["Acme"]
    assert auth0.sdk.organizations.get("org_a").metadata == {"tier": "gold"}


@pytest.mark.parametrize("rest", ["", "/members", "/discovery-domains", "/enabled_connections", "/connections"])
def test_an_unknown_organization_is_not_found(auth0: Auth0Side, rest: str) -> None:
    answer = auth0.get(f"organizations/org_gone{rest}")

    assert (answer.status_code, answer.json()["errorCode"]) == (404, "inexistent_organization")


def test_members_have_roles_only_if_they_are_asked_for(auth0: Auth0Side) -> None:
    auth0.serve(organizations=[organization("a")], members=[member("a", "auth0|1", "Admin")])
    members = auth0.sdk.organizations.members

    (plain,) = members.list("org_a")
    (asked,) = members.list("org_a", fields="user_id,roles")

    assert (plain.user_id, plain.email, plain.roles) == ("auth0|1", "member@people.example", None)
    assert (asked.user_id, asked.email) == ("auth0|1", None)
    assert asked.roles == [OrganizationMemberRole(id="rol_Admin", name="Admin")]


def test_fields_can_be_left_out_and_a_member_without_roles_has_an_empty_list(auth0: Auth0Side) -> None:
    auth0.serve(organizations=[organization("a")], members=[{"org_id": "org_a", "user_id": "auth0|1", "name": "Ada"}])

    answer = auth0.get("organizations/org_a/members", fields="name", include_fields="false").json()

    assert answer == [{"user_id": "auth0|1", "roles": []}]


def test_members_are_paged_by_organization(auth0: Auth0Side) -> None:
    ids = [f"auth0|{number}" for number in range(60)]
    auth0.serve(
        organizations=[organization("a"), organization("b")],
        members=[member("ab"[number % 2], id_) for number, id_ in enumerate(ids)],
    )

    assert [one.user_id for one in auth0.sdk.organizations.members.list("org_b", take=7)] == ids[1::2]


@pytest.mark.parametrize("user_id", ["auth0|1", "samlp|corp|ann/al@a.example", "auth0|a b%2Fc"])
def test_the_roles_of_a_member_are_whole_role_objects(auth0: Auth0Side, user_id: str) -> None:
    auth0.serve(
        organizations=[organization("a")],
        members=[member("a", user_id, "Admin", "Gone")],
        roles=[role("Admin", description="May do all")],
    )
    roles = auth0.sdk.organizations.members.roles

    assert [(one.name, one.description) for one in roles.list("org_a", user_id)] == [
        ("Admin", "May do all"),
        ("Gone", None),
    ]
    with pytest.raises(NotFoundError):
        roles.list("org_a", f"{user_id}0")


def test_discovery_domains_have_what_the_sdk_requires(auth0: Auth0Side) -> None:
    domains = [{"domain": "a.example", "status": "verified"}, {"domain": "b.example"}]
    auth0.serve(organizations=[organization("a", domains=domains), organization("b")])
    listed = auth0.sdk.organizations.discovery_domains.list

    assert [(one.domain, one.status) for one in listed("org_a", take=1)] == [
        ("a.example", "verified"),
        ("b.example", "pending"),
    ]
    assert list(listed("org_b")) == []


def test_enabled_connections_come_from_the_organizations_line(auth0: Auth0Side) -> None:
    auth0.serve(organizations=[organization("a", enabled_connections=[ENABLED])])
    organizations = auth0.sdk.organizations

    (enabled,) = organizations.enabled_connections.list("org_a")
    (newer,) = organizations.connections.list("org_a", is_enabled=True)

    assert enabled.model_dump(exclude_none=True) == ENABLED
    assert (newer.connection_id, newer.is_enabled) == (ENABLED["connection_id"], True)
    assert list(organizations.connections.list("org_a", is_enabled=False)) == []


def test_roles_are_filtered_by_name_type_and_owner(auth0: Auth0Side) -> None:
    own = role("Own", type="organization", owner_id="org_a")
    auth0.serve(roles=[role("Admin", description="May do all"), role("Sub-admin"), role("Guest"), own])

    assert [one.name for one in auth0.sdk.roles.list()] == ["Admin", "Sub-admin", "Guest"]
    assert [one.name for one in auth0.sdk.roles.list(name_filter="aDMIN")] == ["Admin", "Sub-admin"]
    assert [one.name for one in auth0.sdk.roles.list(type="organization", owner_id="org_a")] == ["Own"]
    assert list(auth0.sdk.roles.list(type="organization", owner_id="org_b")) == []


def test_connections_are_those_of_the_users_identities(auth0: Auth0Side) -> None:
    auth0.serve(users=[person("1"), person("2"), person("3", provider="samlp", connection="corp")])
    connections = auth0.sdk.connections

    assert [(one.name, one.strategy, one.options) for one in connections.list()] == [
        (DATABASE, "auth0", None),
        ("corp", "samlp", None),
    ]
    assert [one.name for one in connections.list(strategy=["samlp", "waad"])] == ["corp"]
    assert [one.name for one in connections.list(name=DATABASE)] == [DATABASE]
    (named,) = auth0.get("connections", fields="id,name", name="corp").json()
    assert named.keys() == {"id", "name"}


def test_options_of_connections_need_a_scope_of_their_own(auth0: Auth0Side) -> None:
    auth0.serve(users=[person("1")])
    auth0.renew(scopes=["read:connections", "read:connections_options"])

    assert [one["options"] for one in auth0.get("connections").json()] == [{}]


def test_the_one_application_is_the_one_that_exports(auth0: Auth0Side) -> None:
    (client,) = auth0.sdk.clients.list()

    assert client.app_type == "non_interactive"


@pytest.mark.parametrize(("method", "path"), [("GET", "users"), ("POST", "organizations"), ("GET", "nowhere")])
def test_what_is_not_part_of_it_is_not_found(auth0: Auth0Side, method: str, path: str) -> None:
    answer = auth0.plain.request(method, f"/api/v2/{path}")

    assert (answer.status_code, answer.json()["error"]) == (404, "Not Found")
    assert httpx.get(f"{auth0.url}/auth0/nowhere").status_code == 404
