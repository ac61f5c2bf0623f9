"""The budgets in the transport: whose limits a request spends, and who waits after WorkOS said to."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import closing

import httpx2
import pytest

from providers.workos import client as client_module
from providers.workos import pacing
from providers.workos.budgets import Budgets
from providers.workos.client import Unavailable, WorkOS
from providers.workos.pacing import PacedTransport
from tests.stack import KEY

USERS = "/user_management/users"
USER = "/user_management/users/user_1"
ORGANIZATIONS = "/organizations"
ORGANIZATION = "/organizations/org_1"
ROLES = "/authorization/roles"


class Clock:
    """A time that passes only where somebody sleeps."""

    def __init__(self) -> None:
        self.time = 1000.0
        self.when_sleeping: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.when_sleeping()
        self.time += seconds


class Wire:
    """The wire below the budgets: notes when a request passed, and answers as told."""

    def __init__(self, clock: Clock, *answers: httpx2.Response) -> None:
        self.clock, self.answers = clock, list(answers)
        self.passed: list[tuple[str, str, float]] = []
        self.meanwhile: Callable[[], object] = lambda: None

    def __call__(self, request: httpx2.Request) -> httpx2.Response:
        self.passed.append((request.method, request.url.path, self.clock.time))
        meanwhile, self.meanwhile = self.meanwhile, lambda: None
        meanwhile()
        return self.answers.pop(0) if self.answers else httpx2.Response(200, json={})

    def times(self) -> list[float]:
        """When requests passed."""
        return [time for _, _, time in self.passed]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """One clock for all budgets, those of a door too."""
    clock = Clock()
    monkeypatch.setattr(pacing, "_FIRST_PAUSE", 1.0)
    monkeypatch.setattr(client_module, "Budgets", lambda share: Budgets(share, clock.now, clock.sleep))
    return clock


def transport(wire: Wire, share: float = 1.0) -> PacedTransport:
    """The transport over a wire."""
    return PacedTransport(httpx2.MockTransport(wire), Budgets(share, wire.clock.now, wire.clock.sleep))


def send(paced: PacedTransport, method: str, path: str) -> httpx2.Response:
    """One request through it."""
    return paced.handle_request(httpx2.Request(method, f"https://workos.example{path}"))


def told_to_wait(retry_after: str) -> httpx2.Response:
    """WorkOS's 429."""
    return httpx2.Response(429, json={"code": "rate_limit_exceeded"}, headers={"retry-after": retry_after})


class Stopped(Exception):
    """A caller that was stopped while it waited."""


def told_to_wait_and_stopped(paced: PacedTransport, clock: Clock, method: str, path: str) -> None:
    """Another call that is told to wait; it is stopped there, so that no time passes."""

    def stop() -> None:
        raise Stopped

    before, clock.when_sleeping = clock.when_sleeping, stop
    with pytest.raises(Stopped):
        send(paced, method, path)
    clock.when_sleeping = before


def most_within(times: list[float], seconds: float) -> int:
    """The most requests that passed within any window of that length."""
    most = first = 0
    for last, time in enumerate(times):
        while times[first] <= time - seconds:
            first += 1
        most = max(most, last - first + 1)
    return most


#: Requests of each sort until somebody waits a window long, at the whole of WorkOS's documented limits, and the window.
LIMITS = [
    ("POST", USERS, 500, 10),
    ("PUT", USER, 500, 10),
    ("DELETE", USER, 500, 10),
    ("GET", USERS, 1000, 10),
    ("DELETE", ORGANIZATION, 50, 60),
    ("POST", ORGANIZATIONS, 6000, 60),
]


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize(("method", "path", "limit", "window"), LIMITS)
def test_a_run_takes_all_of_its_share_of_a_limit_evenly_and_no_more(
    clock: Clock, method: str, path: str, limit: int, window: float, share: float
) -> None:
    """A twentieth may go at once at first, so that a tenth of a window never holds twice what is its due."""
    wire, allowed = Wire(clock), int(limit * share)
    paced = transport(wire, share)
    for _ in range(2 * allowed + 1):
        send(paced, method, path)

    assert most_within(wire.times(), window) == allowed
    assert most_within(wire.times(), window / 10) <= allowed * 0.15 + 1
    assert 2 * window <= wire.times()[-1] - 1000 < 2.01 * window


@pytest.mark.parametrize(
    ("method", "path"),
    [("PUT", ORGANIZATION), ("GET", ORGANIZATIONS), ("POST", ROLES), ("PATCH", f"{ROLES}/admin"), ("GET", ROLES)],
)
def test_organizations_and_roles_have_the_limit_over_all_only(clock: Clock, method: str, path: str) -> None:
    wire = Wire(clock)
    paced = transport(wire, 0.01)
    for _ in range(61):
        send(paced, method, path)

    assert wire.times()[59] < 1060 <= wire.times()[60]


def test_reads_and_writes_of_users_have_limits_of_their_own(clock: Clock) -> None:
    paced = transport(Wire(clock), 0.01)
    for _ in range(5):
        send(paced, "POST", USERS)
    after_all_writes = clock.time
    send(paced, "GET", USERS)
    assert clock.time == after_all_writes < 1010
    send(paced, "DELETE", USER)

    assert clock.time >= 1010


def test_users_memberships_and_factors_share_their_limit(clock: Clock) -> None:
    paced = transport(Wire(clock), 0.01)
    for path in (USERS, "/user_management/organization_memberships", f"{USER}/auth_factors", USERS, USERS):
        send(paced, "POST", path)
    assert clock.time < 1010
    send(paced, "PUT", "/user_management/organization_memberships/om_1/deactivate")

    assert clock.time >= 1010


def test_everything_counts_against_the_limit_over_all(clock: Clock) -> None:
    paced = transport(Wire(clock), 0.001)
    for method, path in (("GET", ROLES), ("POST", ORGANIZATIONS), ("GET", USERS), ("GET", ORGANIZATION)) * 2:
        clock.time += 5
        send(paced, method, path)

    assert clock.time >= 1060


def test_the_smallest_share_still_sends(clock: Clock) -> None:
    wire = Wire(clock)
    paced = transport(wire, 0.0001)
    for _ in range(2):
        send(paced, "DELETE", ORGANIZATION)

    assert len(wire.passed) == 2


def test_told_to_wait_every_caller_of_the_process_waits(clock: Clock) -> None:
    """Another thread, and another kind of request, as long as WorkOS said."""
    wire = Wire(clock, told_to_wait("7"))
    paced = transport(wire)

    def another_call() -> None:
        clock.when_sleeping = lambda: None
        other = threading.Thread(target=send, args=(paced, "GET", ORGANIZATIONS))
        other.start()
        other.join()

    clock.when_sleeping = another_call
    assert send(paced, "POST", USERS).status_code == 200

    assert wire.passed[1] == ("GET", ORGANIZATIONS, 1007.0)
    assert wire.passed[2][:2] == ("POST", USERS)


def test_nobody_waits_longer_than_a_minute(clock: Clock) -> None:
    wire = Wire(clock, told_to_wait("86400"))
    paced = transport(wire)
    send(paced, "POST", USERS)

    assert wire.times() == [1000.0, 1060.0]


def test_the_longest_of_several_waits_counts(clock: Clock) -> None:
    """Two calls were under way; the second answer must not shorten what the first one said."""
    wire = Wire(clock, told_to_wait("30"), told_to_wait("2"))
    paced = transport(wire)
    wire.meanwhile = lambda: told_to_wait_and_stopped(paced, clock, "POST", USERS)
    send(paced, "POST", USERS)

    assert wire.times() == [1000.0, 1000.0, 1030.0]


@pytest.mark.parametrize("retry_after", ["", "soon", "-1", "0"])
def test_a_wait_that_says_nothing_is_longer_each_time_and_ends(clock: Clock, retry_after: str) -> None:
    """WorkOS does not promise the header; who goes on at once would storm."""
    wire = Wire(clock, *[told_to_wait(retry_after)] * 9)
    paced = transport(wire)
    assert send(paced, "POST", USERS).status_code == 429

    assert wire.times() == [1000.0, 1001.0, 1003.0, 1007.0, 1015.0, 1031.0, 1061.0]


def test_a_caller_that_waits_for_its_budget_waits_out_what_workos_says_meanwhile(clock: Clock) -> None:
    """It was waiting when the answer came, and must not send into the pause."""
    wire = Wire(clock)
    paced = transport(wire, 0.01)
    for _ in range(5):
        send(paced, "POST", USERS)

    def another_call_is_told_to_wait() -> None:
        clock.when_sleeping = lambda: None
        wire.answers = [told_to_wait("30")]
        told_to_wait_and_stopped(paced, clock, "GET", ORGANIZATIONS)

    clock.when_sleeping = another_call_is_told_to_wait
    send(paced, "POST", USERS)
    told, late = wire.passed[-2:]

    assert (told[1], late[1]) == (ORGANIZATIONS, USERS)
    assert late[2] >= told[2] + 30


def test_after_a_pause_nobody_storms(clock: Clock) -> None:
    """Who waited, and what was saved up meanwhile, goes on one by one at the pace of the limit."""
    wire = Wire(clock, told_to_wait("30"))
    paced = transport(wire)
    for _ in range(100):
        send(paced, "POST", USERS)

    assert wire.times()[1:] == pytest.approx([1030 + number * 0.02 for number in range(100)])


@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 418, 422])
def test_a_refusal_pauses_nobody(clock: Clock, status: int) -> None:
    wire = Wire(clock, httpx2.Response(status, headers={"retry-after": "30"}))
    paced = transport(wire)
    send(paced, "POST", USERS)
    send(paced, "POST", USERS)

    assert wire.times() == [1000.0, 1000.0]


def test_a_request_that_ended_without_an_answer_counts_too(clock: Clock) -> None:
    """It may have arrived."""
    wire = Wire(clock)
    paced = transport(wire, 0.01)

    def lose() -> None:
        raise httpx2.ReadError("lost")

    for _ in range(6):
        wire.meanwhile = lose
        with pytest.raises(httpx2.ReadError):
            send(paced, "POST", USERS)

    assert wire.times()[4] < 1010 <= wire.times()[5]


def test_a_share_so_small_that_one_request_is_all_waits_for_the_one_under_way(clock: Clock) -> None:
    wire = Wire(clock)
    paced = transport(wire, 0.0001)

    def another() -> None:
        other = threading.Thread(target=send, args=(paced, "DELETE", ORGANIZATION))
        clock.when_sleeping = going_on.set
        other.start()
        assert going_on.wait(60)
        others.append(other)

    going_on, others = threading.Event(), list[threading.Thread]()
    wire.meanwhile = another
    send(paced, "DELETE", ORGANIZATION)
    others[0].join()

    assert wire.times()[1] >= wire.times()[0] + 60


def test_the_door_says_how_many_writes_it_sent_and_how_many_a_second_it_may(clock: Clock) -> None:
    wire = Wire(clock, httpx2.Response(200, json={}), told_to_wait("1"))
    with closing(WorkOS(KEY, "https://workos.example", 0.9, httpx2.MockTransport(wire))) as door:
        door.call("GET", "user_management", "users")
        door.call("POST", "user_management", "users", body={})

        assert (door.writes, door.pace) == (2, 45.0)


def test_the_retries_of_the_sdk_are_paced_too(clock: Clock) -> None:
    """They pass through the same budgets: one create that is retried three times spends four."""
    wire = Wire(clock, *(httpx2.Response(503) for _ in range(8)))
    with closing(WorkOS(KEY, "https://workos.example", 0.01, httpx2.MockTransport(wire))) as door:
        for _ in range(2):
            with pytest.raises(Unavailable):
                door.call("POST", "user_management", "users", body={})

    assert len(wire.passed) == 8
    assert most_within(wire.times(), 10) == 5
