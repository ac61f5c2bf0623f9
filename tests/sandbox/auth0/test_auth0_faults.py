"""Faults and rate limits of the Auth0 side."""

import httpx
import pytest
from auth0.management.core.api_error import ApiError
from auth0.management.errors import TooManyRequestsError

from sandbox.auth0.limits import ENTERPRISE, RateLimits
from tests.sandbox.auth0.auth0_side import Auth0Side
from tests.tenant import member, organization

ORGANIZATIONS = "/auth0/api/v2/organizations$"
MEMBERS = "/members$"


def tenant_of_three(auth0: Auth0Side) -> None:
    """One organization with the members 0, 1 and 2, and two without."""
    auth0.serve(
        organizations=[organization("a"), organization("b"), organization("c")],
        members=[member("a", f"auth0|{number}", "Admin") for number in range(3)],
    )


def ids(auth0: Auth0Side) -> list[str]:
    """The members of the first organization, by following every ``next`` to its end."""
    found, checkpoint = [], None
    while True:
        page = auth0.sdk.organizations.members.list("org_a", take=2, from_=checkpoint).response
        assert page is not None
        found += [str(one.user_id) for one in page.members or ()]
        checkpoint = page.next
        if checkpoint is None:
            return found


def test_an_empty_page_with_a_next_loses_nobody_but_the_sdks_own_pager_stops_at_it(auth0: Auth0Side) -> None:
    tenant_of_three(auth0)
    auth0.fault(MEMBERS, "empty_page", after=1, times=2)

    assert ids(auth0) == ["auth0|0", "auth0|1", "auth0|2"]

    auth0.fault(MEMBERS, "empty_page", after=1)
    assert len(list(auth0.sdk.organizations.members.list("org_a", take=2))) == 2


def test_a_page_may_repeat_an_item(auth0: Auth0Side) -> None:
    tenant_of_three(auth0)
    auth0.fault(MEMBERS, "repeated_item")

    assert ids(auth0) == ["auth0|0", "auth0|1", "auth0|0", "auth0|2"]


def test_a_deleted_member_still_shows_up(auth0: Auth0Side) -> None:
    tenant_of_three(auth0)
    auth0.fault(MEMBERS, "deleted_member")

    ghost, *others = auth0.sdk.organizations.members.list("org_a", fields="user_id,roles")

    assert (ghost.user_id, ghost.roles) == ("auth0|" + "0" * 24, [])
    assert len(others) == 3


def test_a_fault_waits_for_a_request_that_it_is_about(auth0: Auth0Side) -> None:
    tenant_of_three(auth0)
    auth0.fault("/auth0/", "deleted_member")

    assert len(list(auth0.sdk.organizations.list())) == 3
    assert len(ids(auth0)) == 4


def test_faults_of_auth0_alone_do_not_strike_workos(auth0: Auth0Side) -> None:
    auth0.fault(".*", "drop_midway", times=None)

    answer = httpx.get(f"{auth0.url}/organizations", headers={"authorization": "Bearer sk_test"})

    assert answer.status_code == 200


def test_a_fault_can_name_what_stands_in_the_query(auth0: Auth0Side) -> None:
    tenant_of_three(auth0)
    auth0.fault(MEMBERS, "refuse", contains="from=", status=503)

    assert len(list(auth0.sdk.organizations.members.list("org_a"))) == 3
    with pytest.raises(ApiError) as refused:
        ids(auth0)
    assert refused.value.status_code == 503


def test_a_probability_strikes_a_share_of_the_requests_and_the_same_ones_again(auth0: Auth0Side) -> None:
    runs = []
    for _ in range(2):
        auth0.control("DELETE", "faults")
        auth0.fault(ORGANIZATIONS, "refuse", probability=0.4, seed=2)
        runs.append([auth0.get("organizations").status_code for _ in range(30)])

    assert runs[0] == runs[1]
    assert 5 <= runs[0].count(500) <= 20


@pytest.mark.parametrize("status", [500, 503])
def test_a_refusal_has_auth0s_shape(auth0: Auth0Side, status: int) -> None:
    auth0.fault(ORGANIZATIONS, "refuse", status=status)

    answer = auth0.get("organizations")

    assert (answer.status_code, answer.json()["statusCode"]) == (status, status)
    assert answer.json().keys() == {"statusCode", "error", "message"}


def test_a_refusal_says_what_it_was_told(auth0: Auth0Side) -> None:
    body = {"statusCode": 403, "error": "Forbidden", "message": "No.", "errorCode": "operation_not_supported"}
    auth0.fault(ORGANIZATIONS, "refuse", status=403, body=body, headers={"x-ratelimit-reset": "7"})

    answer = auth0.get("organizations")

    assert (answer.status_code, answer.json()) == (403, body)
    assert answer.headers["x-ratelimit-reset"] == "7"


def test_a_burst_of_too_many_requests_passes(auth0: Auth0Side) -> None:
    tenant_of_three(auth0)
    auth0.fault(ORGANIZATIONS, "refuse", status=429, times=2, headers={"retry-after": "1"})

    for _ in range(2):
        with pytest.raises(TooManyRequestsError) as refused:
            auth0.sdk.organizations.list()
        headers = refused.value.headers or {}
        assert (headers["x-ratelimit-remaining"], headers["retry-after"]) == ("0", "1")
        assert refused.value.body["errorCode"] == "too_many_requests"

    assert len(list(auth0.sdk.organizations.list())) == 3


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        ("drop_before", "without sending a response"),
        ("drop_midway", "without sending complete message body"),
        ("drop_after", "without sending a response"),
    ],
)
def test_a_dropped_page_is_a_transport_error_and_in_the_log(auth0: Auth0Side, mode: str, error: str) -> None:
    auth0.fault(ORGANIZATIONS, mode)

    with pytest.raises(httpx.RemoteProtocolError, match=error):
        auth0.get("organizations")

    assert auth0.get("organizations").status_code == 200
    assert [(request["status"], request.get("fault")) for request in auth0.log()["requests"][-2:]] == [
        ("dropped", mode),
        (200, None),
    ]
    assert auth0.log()["struck"] == {"GET /auth0/api/v2/organizations": {mode: 1}}


@pytest.mark.parametrize(("mode", "made"), [("drop_before", 0), ("drop_after", 1)])
def test_a_job_that_nobody_was_told_about_may_have_been_made(auth0: Auth0Side, mode: str, made: int) -> None:
    auth0.fault("/users-exports$", mode)

    with pytest.raises(httpx.RemoteProtocolError):
        auth0.export()
    second = auth0.sdk.jobs.users_exports.create()

    assert second.created_at == f"2024-01-01T00:00:00.00{1 + made}Z"


def test_every_answer_of_the_api_tells_the_limit(auth0: Auth0Side) -> None:
    for path in ("/api/v2/organizations", "/api/v2/nowhere", "/oauth/token"):
        headers = auth0.plain.get(path).headers
        assert int(headers["x-ratelimit-limit"]) == int(headers["x-ratelimit-remaining"]) + 1
        assert headers["x-ratelimit-reset"].isdigit()

    assert "x-ratelimit-limit" not in httpx.get(auth0.link(auth0.export())).headers


def test_a_limit_by_requests_refuses_each_request_over_it_once(auth0: Auth0Side) -> None:
    auth0.settings(limited="requests", limits={"/api/v2/organizations": 2})

    statuses = [auth0.get("organizations").status_code for _ in range(6)]

    assert statuses == [200, 200, 429, 200, 200, 429]
    assert auth0.get("roles").status_code == 200


def test_a_limit_by_the_minute_fills_with_the_minute() -> None:
    now = [120.0]
    limits = RateLimits(lambda: now[0])
    limits.mode, limits.limits = "minute", {"*": 2, "/roles": 1}

    first = [limits.take("/organizations"), limits.take("/connections"), limits.take("/organizations")]
    assert [served for served, _ in first] == [True, True, False]
    assert first[2][1] == {"x-ratelimit-limit": "2", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "180"}
    assert limits.take("/roles")[0]
    now[0] = 179.9
    assert not limits.take("/organizations")[0]
    now[0] = 180.0
    served, headers = limits.take("/organizations")
    assert (served, headers["x-ratelimit-remaining"], headers["x-ratelimit-reset"]) == (True, "1", "240")


def test_without_a_switch_no_limit_is_reached() -> None:
    limits = RateLimits(lambda: 0.0)

    answers = [limits.take("/api/v2/organizations") for _ in range(200)]

    assert all(served for served, _ in answers)
    assert {headers["x-ratelimit-remaining"] for _, headers in answers} == {
        str(ENTERPRISE["/api/v2/organizations"] - 1)
    }
