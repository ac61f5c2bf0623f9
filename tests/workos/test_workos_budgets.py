"""What a budget promises: requests that take their time on the way, and overtake each other, trip no limit."""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.workos.budgets import Budget
from providers.workos.limits import limits_of
from sandbox.workos.limits import Limits

#: Method, path, and the requests a second that are allowed; one for each of the documented limits.
CREATES = ("POST", "/user_management/users", 50.0)
READS = ("GET", "/user_management/users/user_1", 100.0)
DELETES = ("DELETE", "/organizations/org_1", 50 / 60)
OTHERS = ("POST", "/organizations", 100.0)
SORTS = [CREATES, READS, DELETES, OTHERS]
#: How long a request takes to arrive, and its answer to come back.
Ways = Callable[[], tuple[float, float]]


def travelled(method: str, path: str, count: int, ways: Ways) -> tuple[list[float], list[float]]:
    """When requests were sent as soon as they might be, and when they arrived; in order of time both."""
    budgets = [Budget(limit, 1.0) for limit in limits_of(method, path)]
    time, sent, arrived = 0.0, list[float](), list[float]()
    under_way: list[tuple[float, float]] = []
    while len(sent) < count:
        while under_way and under_way[0][0] <= time:
            ended, took = heapq.heappop(under_way)
            for budget in budgets:
                budget.end(ended, took)
        if (wait := max(budget.wait(time) for budget in budgets)) > 0:
            time += wait
            continue
        for budget in budgets:
            budget.take(time)
        there, back = ways()
        sent.append(time)
        arrived.append(time + there)
        heapq.heappush(under_way, (time + there + back, there + back))
    return sent, sorted(arrived)


def refused(method: str, path: str, arrived: list[float], window: str) -> int:
    """How many of them a sandbox refuses that keeps WorkOS's limits."""
    clock = iter(arrived)
    limits = Limits(lambda: next(clock))
    return sum(limits.spend(method, path, window) > 0 for _ in arrived)


@pytest.mark.parametrize("window", ["sliding", "fixed"])
@given(
    sort=st.sampled_from(SORTS),
    least=st.tuples(st.floats(0, 1), st.floats(0, 1)),
    more=st.tuples(st.floats(0, 5), st.floats(0, 5)),
    seed=st.integers(0, 999),
)
def test_requests_that_overtake_each_other_trip_no_limit(
    window: str, sort: tuple[str, str, float], least: tuple[float, float], more: tuple[float, float], seed: int
) -> None:
    """However long they take, if one of the first took at most twice as long as any can."""
    method, path, _ = sort
    draw = random.Random(seed).random
    first = [(2 * least[0], 2 * least[1])]

    def ways() -> tuple[float, float]:
        return first.pop() if first else (least[0] + more[0] * draw(), least[1] + more[1] * draw())

    _, arrived = travelled(method, path, 1_200, ways)

    assert refused(method, path, arrived, window) == 0


@pytest.mark.parametrize(("least", "more", "promised"), [(0.05, 0, 0.99), (0.15, 0, 0.98), (0.025, 0.175, 0.975)])
@pytest.mark.parametrize("sort", SORTS)
def test_nearly_all_of_a_limit_is_made_use_of(
    sort: tuple[str, str, float], least: float, more: float, promised: float
) -> None:
    """Where answers take 100 ms, 300 ms, or anything from 50 to 400."""
    method, path, rate = sort
    draw = random.Random(7).random
    windows = round(6_000 / rate / 60)
    count = round(windows * 60 * rate)
    sent, _ = travelled(method, path, count + 1, lambda: (least + more * draw(), least + more * draw()))

    assert count / (sent[-1] - sent[0]) >= promised * rate
