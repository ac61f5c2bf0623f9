"""What the page is told: counts, traffic, what is armed, tables and what is found; nothing of a person."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from workos import WorkOSClient
from workos.user_management._resource import PasswordHashed

from sandbox.http.request_log import Entry, RequestLog
from sandbox.page.rows import KINDS, ROWS

BCRYPT = "$2b$10$" + "A" * 53
SECRET = "JBSWY3DPEHPK3PXP"
USERS = "/user_management/users"


def overview(http: httpx.Client, **query: str) -> dict[str, Any]:
    """The answer."""
    answer = http.get("/_sandbox/overview", params=query)
    answer.raise_for_status()
    told: dict[str, Any] = answer.json()
    return told


@pytest.fixture
def peopled(workos: WorkOSClient) -> dict[str, str]:
    """A user with everything, an organization, a membership and a role; their WorkOS ids."""
    user = workos.user_management.create_user(
        email="ada@example.com",
        first_name="Ada",
        last_name="Lovelace",
        external_id="auth0|1",
        email_verified=True,
        metadata={"plan": "pro"},
        password=PasswordHashed(password_hash=BCRYPT, password_hash_type="bcrypt"),
    )
    workos.mfa.create_user_auth_factor(user.id, type="totp", totp_secret=SECRET)
    organization = workos.organizations.create_organization(name="Acme", external_id="org/1")
    membership = workos.organization_membership.create_organization_membership(
        user_id=user.id, organization_id=organization.id
    )
    role = workos.authorization.create_environment_role(slug="admin", name="Admin")
    return {"user": user.id, "organization": organization.id, "membership": membership.id, "role": role.id}


def test_an_empty_sandbox_has_nothing_but_its_role(http: httpx.Client) -> None:
    document = overview(http)

    assert document["counts"] == {"users": 0, "organizations": 0, "memberships": 0, "roles": 1}
    assert document["statuses"] == {"active": 0, "inactive": 0, "pending": 0}
    assert set(document["traffic"].values()) == {0}
    assert (document["auth0"], document["requests"], document["settings"], document["faults"]) == (0, [], {}, [])
    assert document["table"] == {"kind": "users", "rows": [], "next": None}
    assert document["found"] is None


def test_each_kind_has_its_rows(http: httpx.Client, peopled: dict[str, str]) -> None:
    tables = {kind: overview(http, kind=kind)["table"]["rows"] for kind in KINDS}

    user = {"id": peopled["user"], "external_id": "auth0|1", "email_verified": True, "password": "bcrypt", "totp": 1}
    assert tables["users"] == [user]
    organization = {"id": peopled["organization"], "external_id": "org/1", "name": "Acme", "domains": 0, "own_roles": 0}
    assert tables["organizations"] == [organization]
    assert tables["memberships"] == [
        {
            "id": peopled["membership"],
            "user": "auth0|1",
            "organization": "org/1",
            "organization_name": "Acme",
            "roles": ["member"],
            "status": "active",
        }
    ]
    assert [(row["slug"], row["name"]) for row in tables["roles"]] == [("admin", "Admin"), ("member", "Member")]


def test_memberships_are_counted_by_status(workos: WorkOSClient, http: httpx.Client, peopled: dict[str, str]) -> None:
    workos.organization_membership.deactivate_organization_membership(peopled["membership"])
    assert overview(http)["statuses"] == {"active": 0, "inactive": 1, "pending": 0}

    workos.user_management.delete_user(peopled["user"])
    document = overview(http, kind="memberships")
    assert document["statuses"] == {"active": 0, "inactive": 0, "pending": 0}
    assert document["table"]["rows"] == []


def test_traffic_counts_how_requests_ended(http: httpx.Client) -> None:
    http.post("/_sandbox/faults", json=[{"path": "/gone$"}, {"path": "/dropped$", "mode": "drop_after"}])
    http.post(USERS, json={"email": "ada@example.com", "external_id": "auth0|1"})
    http.post(USERS, json={"email": "no address", "external_id": "auth0|2"})
    http.get(f"{USERS}/unknown")
    http.get(f"{USERS}/gone")
    with pytest.raises(httpx.TransportError):
        http.get(f"{USERS}/dropped")

    document = overview(http)

    ended = {"limited": 0, "refused": 2, "failed": 1, "dropped": 1}
    assert document["traffic"] == {"writes": 2, "written": 1, "reads": 3, **ended}
    assert [
        (request["number"], request["status"], request["external_id"], request["fault"])
        for request in document["requests"]
    ] == [
        (5, "dropped", None, "drop_after"),
        (4, 500, None, "refuse"),
        (3, 404, None, None),
        (2, 400, "auth0|2", None),
        (1, 201, "auth0|1", None),
    ]
    phrases = [None, "Internal Server Error", "Not Found", "Bad Request", "Created"]
    assert [request["phrase"] for request in document["requests"]] == phrases


def test_a_request_that_asks_for_a_head_is_a_read() -> None:
    log = RequestLog()
    for method in ("GET", "HEAD", "OPTIONS", "POST"):
        log.arrive(Entry(method, USERS, USERS))

    assert (log.reads, log.writes) == (3, 1)


def test_however_long_a_name_is_that_is_refused_the_log_stays_small(http: httpx.Client) -> None:
    http.post(USERS, json={"email": "ada@example.com", "external_id": "x" * 100_000})
    http.get(f"/{'p' * 10_000}")

    assert [len(request["external_id"] or request["route"]) for request in overview(http)["requests"]] == [400, 128]


def test_a_request_is_shown_by_its_route_and_by_its_path_only_without_one(http: httpx.Client) -> None:
    http.get(f"{USERS}/ada@example.com")
    http.get("/nowhere")

    assert [request["route"] for request in overview(http)["requests"]] == ["/nowhere", "/user_management/users/{id}"]


def test_what_is_armed_is_told_without_what_it_looks_for(http: httpx.Client) -> None:
    fault = {"path": "x", "contains": "ada@example.com", "except_key": "sk_secret", "body": {"message": "Ada"}}
    http.post("/_sandbox/faults", json=[fault]).raise_for_status()
    http.post("/_sandbox/settings", json={"latency_ms": 1, "limits": True, "multiple_roles": False}).raise_for_status()

    document = overview(http)

    assert document["settings"] == {"latency_ms": 1, "limits": True}
    assert [one["path"] for one in document["faults"]] == ["x"]
    assert not any(word in str(document) for word in ("ada@", "sk_secret", "Ada"))


def test_pages_hold_every_object_once_newest_first(workos: WorkOSClient, http: httpx.Client) -> None:
    made = [workos.organizations.create_organization(name=f"O{number}").id for number in range(2 * ROWS + 1)]
    seen: list[str] = []
    sizes: list[int] = []
    cursor = ""
    while cursor is not None:
        table = overview(http, kind="organizations", cursor=cursor)["table"]
        seen += [row["id"] for row in table["rows"]]
        sizes.append(len(table["rows"]))
        cursor = table["next"]

    assert (seen, sizes) == (made[::-1], [ROWS, ROWS, 1])


def test_a_page_keeps_its_place_when_newer_objects_come(workos: WorkOSClient, http: httpx.Client) -> None:
    for number in range(ROWS + 1):
        workos.organizations.create_organization(name=f"O{number}")
    cursor = overview(http, kind="organizations")["table"]["next"]
    before = overview(http, kind="organizations", cursor=cursor)["table"]
    workos.organizations.create_organization(name="newer")

    assert overview(http, kind="organizations", cursor=cursor)["table"] == before


def test_roles_have_pages_too(http: httpx.Client) -> None:
    for number in range(ROWS):
        http.post("/authorization/roles", json={"slug": f"r{number}", "name": "R"}).raise_for_status()
    first = overview(http, kind="roles")["table"]
    second = overview(http, kind="roles", cursor=first["next"])["table"]

    assert [row["slug"] for row in first["rows"]] == [f"r{number}" for number in reversed(range(ROWS))]
    assert [row["slug"] for row in second["rows"]] == ["member"]
    assert second["next"] is None


@pytest.mark.parametrize(
    ("name", "kinds"),
    [
        ("auth0|1", {"users", "memberships"}),
        (" auth0|1 ", {"users", "memberships"}),
        ("user", {"users", "memberships"}),
        ("org/1", {"organizations", "memberships"}),
        ("organization", {"organizations", "memberships"}),
        ("membership", {"memberships"}),
        ("org/1/auth0|1", {"memberships"}),
        ("role", {"roles"}),
        ("admin", {"roles"}),
        ("auth0|", set()),
        ("auth0", set()),
        ("ada@example.com", set()),
        ("Acme", set()),
        ("/" * 5000, set()),
    ],
)
def test_an_object_is_found_by_its_exact_name(
    http: httpx.Client, peopled: dict[str, str], name: str, kinds: set[str]
) -> None:
    found = overview(http, find=peopled.get(name, name))["found"]

    assert found.keys() == kinds
    assert all(rows[0]["id"] == peopled[kind.removesuffix("s")] for kind, rows in found.items())
    assert all(len(rows) == 1 for rows in found.values())


def test_of_a_persons_data_only_ids_are_told(http: httpx.Client, peopled: dict[str, str]) -> None:
    text = "".join(http.get("/_sandbox/overview", params={"kind": kind, "find": "auth0|1"}).text for kind in KINDS)

    assert peopled["user"] in text
    assert not any(word in text for word in ("example.com", "Ada", "Lovelace", "pro", BCRYPT, "$2b", SECRET))


@pytest.mark.parametrize("query", [{"kind": "people"}, {"page": "2"}])
def test_a_query_that_does_not_exist_is_refused(http: httpx.Client, query: dict[str, str]) -> None:
    assert http.get("/_sandbox/overview", params=query).status_code == 422


def test_looking_is_not_logged(http: httpx.Client) -> None:
    http.get("/").raise_for_status()
    overview(http)

    assert http.get("/_sandbox/requests").json()["total"] == 0


def test_the_page_is_whole_and_allows_nothing_else(http: httpx.Client) -> None:
    answer = http.get("/")

    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in answer.text
    assert "innerHTML" not in answer.text
