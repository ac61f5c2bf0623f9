"""The token endpoint, and what each call of the Management API wants of a token."""

import httpx
import pytest
from auth0.management.errors import ForbiddenError, UnauthorizedError

from sandbox.auth0.state import SCOPES
from tests.sandbox.auth0.auth0_side import CREDENTIALS, Auth0Side
from tests.tenant import member, organization

CALLS = {
    "organizations": "read:organizations",
    "organizations/org_a": "read:organizations",
    "organizations/org_a/members": "read:organization_members",
    "organizations/org_a/members?fields=roles": "read:organization_member_roles",
    "organizations/org_a/members/auth0%7C1/roles": "read:organization_member_roles",
    "organizations/org_a/discovery-domains": "read:organization_discovery_domains",
    "organizations/org_a/enabled_connections": "read:organization_connections",
    "organizations/org_a/connections": "read:organization_connections",
    "roles": "read:roles",
    "connections": "read:connections",
    "clients": "read:clients",
}


@pytest.mark.parametrize("encoding", ["data", "json"])
def test_client_credentials_give_a_token_with_the_scopes_that_are_set(auth0: Auth0Side, encoding: str) -> None:
    auth0.settings(scopes=["read:users", "read:roles"], expires_in=60)
    sent = {"data": CREDENTIALS} if encoding == "data" else {"json": CREDENTIALS}

    document = httpx.post(f"{auth0.url}/auth0/oauth/token", **sent).raise_for_status().json()  # type: ignore[arg-type]

    token = document.pop("access_token")
    assert document == {"scope": "read:users read:roles", "expires_in": 60, "token_type": "Bearer"}
    asked = {"authorization": f"Bearer {token}"}
    assert httpx.get(f"{auth0.url}/auth0/api/v2/roles", headers=asked).status_code == 200
    assert httpx.get(f"{auth0.url}/auth0/api/v2/clients", headers=asked).status_code == 403


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"client_secret": "wrong-secret"}, 401, "access_denied"),
        ({"client_secret": ""}, 401, "access_denied"),
        ({"client_id": ""}, 401, "access_denied"),
        ({"grant_type": "password"}, 403, "unsupported_grant_type"),
        ({"audience": "https://acme.auth0.example/api/v2"}, 403, "access_denied"),
    ],
)
def test_other_credentials_are_refused(auth0: Auth0Side, changed: dict[str, str], status: int, error: str) -> None:
    answer = auth0.plain.post("/oauth/token", json={**CREDENTIALS, **changed})

    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert "wrong-secret" not in answer.text


def test_a_body_that_is_not_json_is_an_invalid_request(auth0: Auth0Side) -> None:
    answer = auth0.plain.post("/oauth/token", content=b"{", headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_request")


@pytest.mark.parametrize("authorization", [None, "Bearer made-up", "Basic made-up", "Bearer"])
def test_a_request_without_a_good_token_is_unauthorized(auth0: Auth0Side, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}

    answer = httpx.get(f"{auth0.url}/auth0/api/v2/organizations", headers=headers)

    assert answer.status_code == 401
    assert answer.json()["statusCode"] == 401
    assert answer.json()["error"] == "Unauthorized"


def test_a_token_that_expires_is_gone_and_the_next_one_is_good(auth0: Auth0Side) -> None:
    auth0.fault("/auth0/api/v2/organizations$", "token_expired")

    for _ in range(2):
        with pytest.raises(UnauthorizedError):
            auth0.sdk.organizations.list()
    auth0.renew()

    assert list(auth0.sdk.organizations.list()) == []


@pytest.mark.parametrize(("path", "scope"), CALLS.items())
def test_each_call_needs_its_scope(auth0: Auth0Side, path: str, scope: str) -> None:
    auth0.serve(organizations=[organization("a")], members=[member("a", "auth0|1")])
    assert auth0.plain.get(f"/api/v2/{path}").status_code == 200

    auth0.renew(scopes=[one for one in SCOPES if one != scope])
    answer = auth0.plain.get(f"/api/v2/{path}")

    assert answer.status_code == 403
    assert answer.json() == {
        "statusCode": 403,
        "error": "Forbidden",
        "message": f"Insufficient scope, expected any of: {scope}",
        "errorCode": "insufficient_scope",
    }


def test_a_job_is_created_with_read_users_and_polled_with_that_or_create_users(auth0: Auth0Side) -> None:
    job = auth0.export()
    auth0.renew(scopes=["create:users"])

    with pytest.raises(ForbiddenError):
        auth0.sdk.jobs.users_exports.create()
    assert auth0.sdk.jobs.get(job).id == job
    auth0.renew(scopes=["read:roles"])
    with pytest.raises(ForbiddenError):
        auth0.sdk.jobs.get(job)
