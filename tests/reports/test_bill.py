"""The bill: requests by kind, and the time they take at WorkOS's documented limits."""

from __future__ import annotations

import pytest

from providers.reports.bill import Bill, Requests, bill, duration, seconds

NOTHING = {
    "organizations": 0,
    "roles": 0,
    "users": 0,
    "memberships": 0,
    "inactive_memberships": 0,
    "totps": 0,
    "default_roles": 0,
}


def of(costs: Bill) -> dict[tuple[str, str], int]:
    return {(request["method"], request["path"]): request["count"] for request in costs["requests"]}


def test_each_record_costs_one_request_and_a_little_more_for_what_a_post_cannot_say() -> None:
    totals = {**NOTHING, "organizations": 2, "roles": 3, "default_roles": 1, "users": 10}
    costs = bill({**totals, "memberships": 7, "inactive_memberships": 4, "totps": 5}, 0.9)

    assert of(costs) == {
        ("GET", "/authorization/roles"): 1,
        ("POST", "/authorization/roles"): 2,
        ("POST", "/organizations"): 2,
        ("POST", "/user_management/users"): 10,
        ("POST", "/user_management/users/{id}/auth_factors"): 5,
        ("POST", "/user_management/organization_memberships"): 7,
        ("PUT", "/user_management/organization_memberships/{id}/deactivate"): 4,
    }
    assert costs["total"] == 31
    assert of(costs["undo"]) == {
        ("DELETE", "/user_management/users/{id}"): 10,
        ("DELETE", "/organizations/{id}"): 2,
    }


def test_an_empty_directory_costs_nothing() -> None:
    costs = bill(NOTHING, 1.0)

    assert (costs["requests"], costs["total"], costs["seconds"]) == ([], 0, 0)


def test_users_and_memberships_cost_two_writes_each_at_fifty_a_second() -> None:
    costs = bill({**NOTHING, "users": 100_000, "memberships": 100_000}, 0.5)

    assert (costs["floor_seconds"], costs["seconds"]) == (4_000, 8_000)


def test_the_narrowest_limit_decides() -> None:
    def taking(method: str, path: str, share: float = 1.0) -> int:
        return seconds([Requests(method, path, 6_000, "")], share)

    assert taking("POST", "/organizations") == 60
    assert taking("DELETE", "/organizations/{id}") == 7_200
    assert taking("POST", "/user_management/users") == 120
    assert taking("GET", "/user_management/users") == 60
    assert taking("POST", "/user_management/users", 0.001) == 60_000


@pytest.mark.parametrize(
    ("total", "told"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (61, "2 min"),
        (3_599, "1 h 0 min"),
        (5_461, "1 h 32 min"),
        (40_000, "11 h 7 min"),
    ],
)
def test_durations_are_rounded_up_for_people(total: int, told: str) -> None:
    assert duration(total) == told
