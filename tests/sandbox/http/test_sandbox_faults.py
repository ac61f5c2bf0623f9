"""Which requests a fault strikes: probability, seed, runs; its fields, and what the log says of it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from random import Random
from typing import Any

import httpx
import pytest
from workos import WorkOSClient

from sandbox.http.faults import Faults

USERS = "/user_management/users"
MEMBERSHIPS = "/user_management/organization_memberships"


def armed(*faults: dict[str, Any]) -> Faults:
    """Faults of a sandbox that serves no requests."""
    made = Faults()
    made.arm([{"path": ".", **fault} for fault in faults])
    return made


def struck(faults: Faults, *subjects: str) -> list[str]:
    """Those of the requests, each named by what it is about, that are struck."""
    return [
        subject for subject in subjects if faults.strike("GET", "/x", b"", request=partial(str, subject)) is not None
    ]


def arm(http: httpx.Client, **fault: object) -> None:
    http.post("/_sandbox/faults", json=[fault]).raise_for_status()


def told(http: httpx.Client) -> Any:
    """The request log."""
    return http.get("/_sandbox/requests").json()


THOUSAND = [f"auth0|{number}" for number in range(1000)]


def test_a_probability_is_the_share_of_requests_that_are_struck() -> None:
    for probability in (0, 0.01, 0.1, 0.5, 1):
        hits = len(struck(armed({"probability": probability}), *THOUSAND))
        assert abs(hits - 1000 * probability) <= 3 * (1000 * probability * (1 - probability)) ** 0.5


def test_a_seed_strikes_the_same_requests_in_any_order_and_another_seed_others() -> None:
    shuffled = Random(1).sample(THOUSAND, 1000)
    first = set(struck(armed({"probability": 0.1, "seed": 5}), *THOUSAND))

    assert set(struck(armed({"probability": 0.1, "seed": 5}), *shuffled)) == first
    assert 5 <= len(set(struck(armed({"probability": 0.1, "seed": 6}), *THOUSAND)) & first) <= 25


def test_a_request_that_comes_again_is_drawn_again_whatever_came_between() -> None:
    quiet, busy = armed({"probability": 0.5}), armed({"probability": 0.5})
    alone, among_others = [], []
    for number in range(40):
        alone.append(struck(quiet, "a"))
        struck(busy, *THOUSAND[: number % 3])
        among_others.append(struck(busy, "a"))

    assert among_others == alone
    assert 10 <= alone.count(["a"]) <= 30


def test_two_faults_of_one_seed_do_not_draw_alike() -> None:
    faults = armed({"probability": 0.5}, {"probability": 0.5})

    first = struck(faults, *THOUSAND)

    hits = [one["hits"] for one in faults.shown()]
    assert sum(hits) == len(first)
    assert 440 <= hits[0] <= 560
    assert 200 <= hits[1] <= 300


def test_with_a_probability_a_fault_strikes_for_ever_unless_times_says_how_often() -> None:
    assert len(struck(armed({"probability": 1}), *THOUSAND)) == 1000
    assert struck(armed({"probability": 1, "times": 2, "after": 3}), *THOUSAND) == THOUSAND[3:5]


def test_a_run_strikes_so_many_requests_in_a_row_and_counts_once() -> None:
    assert struck(armed({"run": 3, "after": 1}), *THOUSAND) == THOUSAND[1:4]
    assert struck(armed({"run": 3, "times": 2}), *THOUSAND) == THOUSAND[:6]

    single, runs = (set(struck(armed({"probability": 0.01, "run": run}), *THOUSAND)) for run in (1, 4))
    assert runs >= single
    assert len(runs) == 4 * len(single)


def test_a_run_strikes_only_requests_that_the_fault_meets(http: httpx.Client) -> None:
    arm(http, path=USERS, method="GET", run=2, status=503)

    statuses = [http.get(path).status_code for path in (USERS, "/organizations", USERS, USERS)]

    assert statuses == [503, 200, 503, 200]


@pytest.mark.parametrize(
    "wrong",
    [
        {"probability": 1.01},
        {"probability": -0.1},
        {"probability": "0.5"},
        {"probability": True},
        {"seed": "a"},
        {"run": 0},
        {"times": -1},
        {"after": -1},
        {"status": 42},
        {"status": 204},
        {"status": 304},
        {"headers": {"X-A": "b\r\nX-C: d"}},
        {"headers": {"X A": "b"}},
        {"headers": {"Content-Length": "7"}},
        {"path": "a{99999999999}"},
        {"mode": "slow", "delay_ms": -1},
        {"mode": "slow", "delay_ms": 0.5},
        {"mode": "lag", "writes": -1},
        {"mode": "lag", "writes": 1001},
        {"mode": "interfere"},
        {"mode": "interfere", "calls": []},
        {"mode": "interfere", "calls": [{"path": "/x"}]},
        {"mode": "interfere", "calls": [{"method": "put", "path": "/x"}]},
        {"mode": "interfere", "calls": [{"method": "PUT", "path": "x"}]},
        {"mode": "interfere", "calls": [{"method": "PUT", "path": "/x", "body": []}]},
        {"mode": "interfere", "calls": [{"method": "PUT", "path": "/x", "bodies": {}}]},
    ],
)
def test_a_wrong_field_is_refused_and_nothing_is_armed(http: httpx.Client, wrong: dict[str, object]) -> None:
    answer = http.post("/_sandbox/faults", json=[{"path": "x"}, {"path": "x", **wrong}])

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")
    assert http.get("/_sandbox/faults").json() == []


def test_every_field_of_a_fault_is_shown_with_its_hits(http: httpx.Client) -> None:
    calls = [{"method": "PUT", "path": "/user_management/users/{id}", "body": {"locale": "de"}}]
    fault = {
        "name": "somebody else",
        "method": "GET",
        "path": "^/organizations$",
        "contains": "x",
        "except_key": "sk_live",
        "times": 4,
        "after": 2,
        "mode": "interfere",
        "probability": 0.5,
        "seed": 9,
        "run": 3,
        "status": 503,
        "body": {"message": "No."},
        "headers": {"Retry-After": "1"},
        "delay_ms": 5,
        "writes": 6,
        "calls": calls,
        "fields": ["email"],
    }
    arm(http, **fault)
    arm(http, path="/organizations", probability=1)
    http.get("/organizations")

    second, first = http.get("/_sandbox/faults").json()

    assert first == fault | {"hits": 0}
    assert (second["mode"], second["name"], second["times"], second["hits"]) == ("refuse", "refuse", None, 1)


def test_a_fault_that_is_certain_comes_before_one_that_is_drawn() -> None:
    drawn, certain = {"probability": 0.999, "name": "drawn"}, {"name": "certain", "times": 1}
    faults = armed(drawn, certain)
    names = [fault and fault.name for fault in (faults.strike("GET", "/x", b"") for _ in range(2))]

    assert names == ["certain", "drawn"]


def test_a_key_that_is_spared_is_not_struck(http: httpx.Client) -> None:
    arm(http, path="/organizations", times=None, except_key="sk_test_other")

    assert http.get("/organizations").status_code == 500
    assert http.get("/organizations", headers={"authorization": "Bearer sk_test_other"}).status_code == 200


def test_the_log_says_which_requests_were_struck_by_what(http: httpx.Client) -> None:
    arm(http, path=USERS, method="POST", mode="drop_after", times=2)
    arm(http, path=USERS, status=503, name="busy")
    for number in range(2):
        with pytest.raises(httpx.TransportError):
            http.post(USERS, json={"email": f"p{number}@example.com", "external_id": f"auth0|{number}"})
    http.post(USERS, json={"email": "p2@example.com"})
    http.post(USERS, json={"email": "p2@example.com"})

    log = told(http)

    assert log["struck"] == {"POST /user_management/users": {"drop_after": 2, "busy": 1}}
    assert [(request["status"], request.get("fault")) for request in log["requests"]] == [
        ("dropped", "drop_after"),
        ("dropped", "drop_after"),
        (503, "busy"),
        (201, None),
    ]
    assert http.delete("/_sandbox/requests").json()["struck"] == {}


def write_in(http: httpx.Client, order: list[int]) -> None:
    """Sixty people, each created, changed, made a member and listed by one of eight clients, in some order."""

    def write(number: int) -> None:
        made = http.post(USERS, json={"email": f"p{number}@example.com", "external_id": f"auth0|{number}"})
        user = made if made.status_code == 201 else http.get(f"{USERS}/external_id/auth0|{number}")
        if user.status_code == 503:
            return
        identifier = user.json().get("id", "user_none")
        http.put(f"{USERS}/{identifier}", json={"first_name": "Ada"})
        http.post(MEMBERSHIPS, json={"user_id": identifier, "organization_id": organization})
        http.get(MEMBERSHIPS, params={"user_id": identifier})

    http.post("/_sandbox/reset").raise_for_status()
    organization = http.post("/organizations", json={"name": "Acme", "external_id": "org_1"}).json()["id"]
    arm(http, path="/user_management/", status=503, probability=0.2, seed=3)
    with ThreadPoolExecutor(8) as clients:
        list(clients.map(write, order))


@pytest.mark.slow
def test_concurrent_clients_meet_the_same_faults_in_every_run(http: httpx.Client) -> None:
    seen = []
    for order in (list(range(60)), list(range(59, -1, -1)), Random(2).sample(range(60), 60)):
        write_in(http, order)
        log = told(http)
        requests = [request for request in log["requests"] if request["method"] != "GET"]
        seen.append(
            (
                log["struck"],
                sorted(
                    (request["method"], request["route"], request["external_id"])
                    for request in requests
                    if "external_id" in request
                ),
                sorted(
                    request["external_id"]
                    for request in requests
                    if request["route"] == USERS and request.get("fault") and request["method"] == "POST"
                ),
            )
        )

    assert seen[0] == seen[1] == seen[2]
    assert len(seen[0][2]) in range(4, 24)
    assert log["struck"].keys() == {
        f"GET {MEMBERSHIPS}",
        f"GET {USERS}/external_id/{{external_id}}",
        f"POST {MEMBERSHIPS}",
        f"POST {USERS}",
        f"PUT {USERS}/{{id}}",
    }


def names_struck(http: httpx.Client, order: list[int]) -> set[str]:
    """Users with an authenticator, organizations with a domain, made in an order; whose calls a seed strikes."""
    http.post("/_sandbox/reset").raise_for_status()
    factors, domains, users = {}, {}, {}
    for number in order:
        domain = {"domain": f"d{number}.example", "state": "pending"}
        made = http.post("/organizations", json={"name": "O", "external_id": f"o{number}", "domain_data": [domain]})
        domains[number] = made.json()["domains"][0]["id"]
        body = {"email": f"p{number}@example.com", "external_id": f"auth0|{number}"}
        users[number] = http.post(USERS, json=body).json()["id"]
        factors[number] = http.post(f"{USERS}/{users[number]}/auth_factors", json={"type": "totp"}).json()[
            "authentication_factor"
        ]["id"]
    arm(http, path=".", probability=0.3, seed=3, status=503)
    calls = [
        call
        for number in sorted(order)
        for call in (
            ("GET", f"/organization_domains/{domains[number]}", f"domain {number}"),
            ("DELETE", f"/organization_domains/{domains[number]}", f"domain {number} ends"),
            ("DELETE", f"/organization_domains/{domains[number]}", f"domain {number} again"),
            ("DELETE", f"/auth/factors/{factors[number]}", f"factor {number}"),
            ("DELETE", f"/auth/factors/{factors[number]}", f"factor {number} again"),
            ("DELETE", f"{USERS}/{users[number]}", f"user {number}"),
            ("DELETE", f"{USERS}/{users[number]}", f"user {number} again"),
        )
    ]
    return {name for method, path, name in calls if http.request(method, path).status_code == 503}


@pytest.mark.slow
def test_a_seed_strikes_the_same_objects_in_whatever_order_they_were_made(http: httpx.Client) -> None:
    """A factor and a domain are known by their owners, and an object that is gone by what it was."""
    order = list(range(20))

    assert 20 < len(names_struck(http, order)) < 65
    assert names_struck(http, order) == names_struck(http, order[::-1])


def test_the_list_that_is_struck_is_the_same_one_in_whatever_order_lists_are_asked_for(
    workos: WorkOSClient, http: httpx.Client
) -> None:
    made = {n: workos.organizations.create_organization(name="O", external_id=f"o{n}").id for n in range(40)}

    def struck_lists(order: list[int]) -> list[int]:
        http.delete("/_sandbox/faults")
        arm(http, path=MEMBERSHIPS, probability=0.3, status=503)
        asked = {n: http.get(MEMBERSHIPS, params={"organization_id": made[n]}).status_code for n in order}
        return sorted(n for n, status in asked.items() if status == 503)

    first = struck_lists(list(range(40)))

    assert struck_lists(list(range(39, -1, -1))) == first
    assert 3 <= len(first) <= 25
