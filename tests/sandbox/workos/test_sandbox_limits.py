"""WorkOS's rate limits: what they are, over a clock of the test's own, and what a client sees of them."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from workos import WorkOSClient
from workos._errors import RateLimitExceededError

from sandbox.workos.limits import Limits

DELETE = ("DELETE", "/organizations/org_1")
#: How many organizations may be deleted in how many seconds: the smallest limit, and the longest window.
DELETES, SECONDS = 50, 60


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spend(limits: Limits, times: int, method: str, path: str, window: str = "sliding") -> list[int]:
    """The waits that so many requests in a row are told; 0 is a request that is served."""
    return [limits.spend(method, path, window) for _ in range(times)]


@pytest.mark.parametrize("window", ["sliding", "fixed"])
@pytest.mark.parametrize(
    ("method", "path", "requests", "seconds"),
    [
        ("GET", "/organizations", 6_000, 60),
        ("POST", "/organizations", 6_000, 60),
        ("DELETE", "/organizations/org_1", 50, 60),
        ("GET", "/user_management/users", 1_000, 10),
        ("POST", "/user_management/users", 500, 10),
        ("PUT", "/user_management/organization_memberships/om_1/deactivate", 500, 10),
        ("DELETE", "/user_management/users/user_1", 500, 10),
    ],
)
def test_each_limit_is_the_documented_one(
    clock: Clock, window: str, method: str, path: str, requests: int, seconds: int
) -> None:
    limits = Limits(clock)

    assert spend(limits, requests + 1, method, path, window) == [0] * requests + [seconds]
    clock.now += seconds
    assert spend(limits, requests + 1, method, path, window) == [0] * requests + [seconds]


def test_a_request_counts_against_every_limit_it_is_under(clock: Clock) -> None:
    limits = Limits(clock)
    for _ in range(6):
        assert spend(limits, 1_000, "GET", "/user_management/users") == [0] * 1_000
        clock.now += 10

    clock.now -= 5
    assert spend(limits, 1, "GET", "/organizations") == [5]
    assert spend(limits, 1, *DELETE) == [5]


def test_reads_and_writes_of_users_have_a_limit_each(clock: Clock) -> None:
    limits = Limits(clock)
    spend(limits, 500, "POST", "/user_management/users")

    assert spend(limits, 1, "POST", "/user_management/users") == [10]
    assert spend(limits, 1, "GET", "/user_management/users") == [0]
    assert spend(limits, 1, "POST", "/organizations") == [0]


def test_a_refused_request_counts_nowhere(clock: Clock) -> None:
    limits = Limits(clock)
    spend(limits, DELETES, *DELETE)
    clock.now += 30
    assert spend(limits, 7_000, *DELETE) == [30] * 7_000

    assert spend(limits, 1, "GET", "/organizations") == [0]
    clock.now += 30
    assert spend(limits, DELETES, *DELETE) == [0] * DELETES


def test_a_fixed_window_begins_with_its_first_request_and_lets_two_bursts_meet(clock: Clock) -> None:
    told = {}
    for window in ("fixed", "sliding"):
        limits = Limits(clock)
        spend(limits, 1, *DELETE, window)
        clock.now += 59
        spend(limits, DELETES - 1, *DELETE, window)
        clock.now += 1
        told[window] = spend(limits, DELETES, *DELETE, window)

    assert told == {"fixed": [0] * DELETES, "sliding": [0] + [59] * (DELETES - 1)}


@given(st.lists(st.integers(0, 5 * 1024), min_size=60, max_size=200))
def test_no_interval_of_a_limits_length_holds_more_than_the_limit(ticks: list[int]) -> None:
    clock, served = Clock(), list[float]()
    limits = Limits(clock)
    for gap in ticks:
        clock.now += gap / 4096
        recent = [moment for moment in served if clock.now - moment < SECONDS]
        wait = limits.spend(*DELETE, "sliding")

        assert (wait == 0) == (len(recent) < DELETES)
        if wait == 0:
            served.append(clock.now)


@given(st.integers(0, 59 * 1024), st.sampled_from(["sliding", "fixed"]))
def test_who_waits_as_long_as_told_is_served_and_is_told_no_second_more(ticks: int, window: str) -> None:
    clock, later = Clock(), ticks / 1024
    limits = Limits(clock)
    spend(limits, DELETES, *DELETE, window)
    clock.now += later

    wait = limits.spend(*DELETE, window)
    assert wait - 1 < SECONDS - later <= wait
    clock.now += wait
    assert limits.spend(*DELETE, window) == 0


def delete(http: httpx.Client, times: int) -> list[int]:
    """The statuses of so many deletions of an organization that does not exist."""
    return [http.delete("/organizations/org_gone").status_code for _ in range(times)]


def set_switches(http: httpx.Client, **switches: object) -> None:
    http.post("/_sandbox/settings", json=switches).raise_for_status()


def test_limits_are_off_unless_switched_on(http: httpx.Client) -> None:
    assert set(delete(http, DELETES + 5)) == {404}


def test_a_request_over_a_limit_is_refused_with_the_time_to_wait_and_nothing_is_done(
    workos: WorkOSClient, http: httpx.Client
) -> None:
    kept = workos.organizations.create_organization(name="Kept").id
    set_switches(http, limits=True)
    delete(http, DELETES)

    answer = http.delete(f"/organizations/{kept}")

    assert answer.status_code == 429
    assert answer.json() == {"code": "rate_limit_exceeded", "message": "You have exceeded the rate limit."}
    assert 1 <= int(answer.headers["retry-after"]) <= SECONDS
    with pytest.raises(RateLimitExceededError):
        workos.organizations.delete_organization(kept, request_options={"max_retries": 0})
    assert workos.organizations.get_organization(kept).name == "Kept"
    assert http.get("/_sandbox/requests").json()["statuses"]["429"] == 2


def test_a_429_need_not_say_how_long(http: httpx.Client) -> None:
    set_switches(http, limits=True, retry_after=False)
    delete(http, DELETES)

    answer = http.delete("/organizations/org_gone")

    assert answer.status_code == 429
    assert "retry-after" not in answer.headers


def test_a_request_without_a_good_key_counts_nowhere(url: str, http: httpx.Client) -> None:
    set_switches(http, limits=True)
    with httpx.Client(base_url=url, headers={"authorization": "Bearer sk_wrong"}) as stranger:
        assert set(delete(stranger, DELETES + 5)) == {401}

        assert set(delete(http, DELETES)) == {404}
        assert delete(http, 1) == [429]
        assert delete(stranger, 1) == [401]


def test_a_sign_in_with_a_wrong_client_secret_counts_nowhere(http: httpx.Client) -> None:
    set_switches(http, limits=True)
    wrong = {
        "grant_type": "password",
        "client_id": "c",
        "client_secret": "wrong",
        "email": "a@x.example",
        "password": "p",
    }

    statuses = {http.post("/user_management/authenticate", json=wrong).status_code for _ in range(500)}
    assert statuses == {400}
    assert http.post("/user_management/users", json={"email": "a@x.example"}).status_code == 201


def test_a_request_that_a_fault_strikes_counts_and_one_over_the_limit_is_not_struck(http: httpx.Client) -> None:
    set_switches(http, limits=True)
    http.post("/_sandbox/faults", json=[{"path": "^/organizations/", "times": None, "status": 503}])

    assert delete(http, DELETES + 2) == [503] * DELETES + [429, 429]
    assert http.get("/_sandbox/faults").json()[0]["hits"] == DELETES


def test_a_reset_forgets_what_was_counted(http: httpx.Client) -> None:
    set_switches(http, limits=True)
    delete(http, DELETES)

    http.post("/_sandbox/reset").raise_for_status()
    set_switches(http, limits=True)

    assert delete(http, 1) == [404]


@pytest.mark.parametrize("sent", [{"limits": 1}, {"limit_window": "rolling"}, {"retry_after": "no"}])
def test_a_wrong_setting_of_the_limits_is_refused_and_changes_nothing(
    http: httpx.Client, sent: dict[str, object]
) -> None:
    before = http.get("/_sandbox/settings").json()

    assert http.post("/_sandbox/settings", json={"multiple_roles": True, **sent}).status_code == 422
    assert http.get("/_sandbox/settings").json() == before
