"""What a fault does: answers that come late, lists that lag behind, and somebody else who writes in between."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient
from workos import WorkOSClient

from sandbox.sandbox import Start
from sandbox.server import build_app
from sandbox.workos import organizations
from sandbox.workos.state import Environment
from tests.sandbox.workos.calls import ask

USERS = "/user_management/users"
MEMBERSHIPS = "/user_management/organization_memberships"


def arm(http: httpx.Client, **fault: object) -> None:
    http.post("/_sandbox/faults", json=[fault]).raise_for_status()


def told(http: httpx.Client) -> Any:
    """The request log."""
    return http.get("/_sandbox/requests").json()


def test_a_slow_answer_comes_late_and_its_work_is_done_at_once(http: httpx.Client) -> None:
    arm(http, path=USERS, method="POST", mode="slow", delay_ms=1500)

    with pytest.raises(httpx.ReadTimeout):
        http.post(USERS, json={"email": "ada@example.com", "external_id": "auth0|1"}, timeout=0.5)

    assert http.get(f"{USERS}/external_id/auth0|1").status_code == 200


def test_a_slow_answer_is_the_usual_one(http: httpx.Client) -> None:
    arm(http, path=USERS, mode="slow", delay_ms=1)

    answer = http.post(USERS, json={"email": "ada@example.com"})

    assert (answer.status_code, answer.json()["email"]) == (201, "ada@example.com")
    assert told(http)["struck"] == {f"POST {USERS}": {"slow": 1}}


def make_users(workos: WorkOSClient, count: int) -> list[str]:
    return [workos.user_management.create_user(email=f"p{number}@example.com").id for number in range(count)]


def listed(http: httpx.Client, path: str, **query: str | int) -> tuple[list[str], object, object]:
    """The ids of a page, and its cursors before and after."""
    page = http.get(path, params=query).raise_for_status().json()
    return [one["id"] for one in page["data"]], page["list_metadata"].get("before"), page["list_metadata"]["after"]


def test_a_list_that_lags_shows_what_it_showed_some_writes_ago(workos: WorkOSClient, http: httpx.Client) -> None:
    made = make_users(workos, 8)
    before = made[:6]
    arm(http, path=USERS, mode="lag", writes=2, times=None)

    assert listed(http, USERS) == (before[::-1], None, None)
    assert listed(http, USERS, order="asc", limit=4) == (before[:4], None, before[3])
    assert listed(http, USERS, order="asc", limit=4, after=before[3]) == (before[4:], before[4], None)
    assert listed(http, USERS, order="desc", limit=2) == (before[:3:-1], None, before[4])
    assert listed(http, USERS, order="normal", after=before[3]) == ([before[5], before[4]], before[4], None)
    assert listed(http, USERS, after=made[7]) == (before[::-1], None, None)
    assert listed(http, USERS, order="asc", after=made[6]) == ([], None, None)
    assert listed(http, USERS, email="p7@example.com") == ([], None, None)
    assert http.get(f"{USERS}/{made[7]}").json()["id"] == made[7]


def test_a_list_lags_by_writes_that_were_done_of_whatever_kind(workos: WorkOSClient, http: httpx.Client) -> None:
    made = make_users(workos, 4)
    workos.user_management.update_user(made[0], first_name="Ada")
    assert http.post(USERS, json={"email": "p0@example.com"}).status_code == 400
    for writes in (0, 1, 2, 4, 5, 1000):
        arm(http, path=USERS, mode="lag", writes=writes)

    shown = [listed(http, USERS, order="asc")[0] for _ in range(6)]

    assert shown == [made, made, made[:3], made[:1], [], []]


def test_every_paged_list_lags(workos: WorkOSClient, http: httpx.Client) -> None:
    domains = [{"domain": "a.example", "state": "pending"}, {"domain": "b.example", "state": "pending"}]
    user = make_users(workos, 1)[0]
    http.post("/organizations", json={"name": "Acme"}).raise_for_status()
    organization = http.post("/organizations", json={"name": "New", "domain_data": domains}).json()["id"]
    arm(http, path="^/organizations$", mode="lag", writes=1)
    assert len(listed(http, "/organizations")[0]) == 1
    assert len(listed(http, "/organizations")[0]) == 2

    workos.organization_membership.create_organization_membership(user_id=user, organization_id=organization)
    arm(http, path=MEMBERSHIPS, mode="lag", writes=1, times=2)
    assert listed(http, MEMBERSHIPS, user_id=user)[0] == []
    assert listed(http, MEMBERSHIPS, user_id=user, organization_id=organization)[0] == []
    assert len(listed(http, MEMBERSHIPS, user_id=user)[0]) == 1
    arm(http, path=f"{USERS}$", mode="lag", writes=1)
    assert listed(http, USERS, organization_id=organization)[0] == []
    assert len(listed(http, USERS, organization_id=organization)[0]) == 1

    for secret in ("JBSWY3DPEHPK3PXP", "JBSWY3DPEHPK3PXQ"):
        workos.mfa.create_user_auth_factor(user, type="totp", totp_secret=secret)
    arm(http, path="/auth_factors$", mode="lag", writes=1)
    assert len(listed(http, f"{USERS}/{user}/auth_factors")[0]) == 1
    assert len(listed(http, f"{USERS}/{user}/auth_factors")[0]) == 2

    arm(http, path="/events$", mode="lag", writes=4)
    assert len(listed(http, "/events", events="organization.created")[0]) == 1
    assert len(listed(http, "/events", events="organization.created")[0]) == 2


def test_a_lag_meets_lists_only(workos: WorkOSClient, http: httpx.Client) -> None:
    arm(http, path=f"{USERS}|/authorization/roles", mode="lag", writes=1)
    made = make_users(workos, 2)
    workos.user_management.get_user(made[1])
    http.get("/authorization/roles")

    assert listed(http, USERS)[0] == made[:1]
    assert told(http)["struck"] == {f"GET {USERS}": {"lag": 1}}


def test_what_a_sandbox_began_with_is_not_new() -> None:
    environment = Environment()
    kept = ask(environment, organizations.create, {"name": "Kept"})["id"]
    start = Start(faults=[{"path": "^/organizations$", "mode": "lag", "method": "GET", "times": None}])
    headers, here = {"authorization": "Bearer sk_test"}, "127.0.0.1"
    with TestClient(build_app(start, environment), f"http://{here}", headers=headers, client=(here, 1)) as client:
        assert [one["id"] for one in client.get("/organizations").json()["data"]] == [kept]
        client.post("/organizations", json={"name": "New"}).raise_for_status()
        assert [one["id"] for one in client.get("/organizations").json()["data"]] == [kept]


def interfere(http: httpx.Client, method: str, path: str, *calls: dict[str, Any]) -> None:
    arm(http, mode="interfere", method=method, path=path, calls=list(calls))


def test_somebody_else_changes_the_user_just_before(workos: WorkOSClient, http: httpx.Client) -> None:
    user = make_users(workos, 1)[0]
    interfere(http, "PUT", "/users/", {"method": "PUT", "path": USERS + "/{id}", "body": {"locale": "de"}})

    answer = http.put(f"{USERS}/{user}", json={"first_name": "Ada"}).json()

    assert (answer["first_name"], answer["locale"]) == ("Ada", "de")
    log = told(http)
    assert log["counts"] == {f"POST {USERS}": 1, f"PUT {USERS}/{{id}}": 1}
    assert (log["total"], log["struck"]) == (2, {f"PUT {USERS}/{{id}}": {"interfere": 1}})


def test_somebody_else_may_take_what_the_request_needs(workos: WorkOSClient, http: httpx.Client) -> None:
    user, organization = make_users(workos, 1)[0], workos.organizations.create_organization(name="Acme").id
    interfere(http, "POST", MEMBERSHIPS, {"method": "DELETE", "path": USERS + "/{user_id}"})

    answer = http.post(MEMBERSHIPS, json={"user_id": user, "organization_id": organization})

    assert answer.status_code == 404
    assert http.get("/_sandbox/directory").json()["users"] == []


def test_placeholders_are_filled_with_texts_as_they_are(http: httpx.Client) -> None:
    body = {
        "name": "{external_id} {unknown} {size}",
        "external_id": "copy of {external_id}",
        "metadata": {"of": "{name}"},
    }
    interfere(http, "POST", "/organizations$", {"method": "POST", "path": "/organizations", "body": body})

    http.post("/organizations", json={"name": 'Ann "{external_id}" \\', "external_id": "org|1"}).raise_for_status()

    copy, _ = http.get("/_sandbox/directory").json()["organizations"]
    assert (copy["name"], copy["external_id"]) == ("org|1 {unknown} {size}", "copy of org|1")
    assert copy["metadata"] == {"of": 'Ann "{external_id}" \\'}


@pytest.mark.parametrize(
    "call",
    [
        {"method": "DELETE", "path": USERS + "/user_gone"},
        {"method": "POST", "path": USERS, "body": {"email": "none"}},
        {"method": "PATCH", "path": "/nowhere"},
        {"method": "POST", "path": "/user_management/authenticate", "body": {}},
    ],
)
def test_that_somebody_else_is_refused_changes_nothing(http: httpx.Client, call: dict[str, Any]) -> None:
    interfere(http, "POST", USERS, call)

    assert http.post(USERS, json={"email": "ada@example.com"}).status_code == 201
    assert [user["email"] for user in http.get("/_sandbox/directory").json()["users"]] == ["ada@example.com"]


def test_somebody_else_may_fail_to_sign_in_which_takes_its_time(http: httpx.Client) -> None:
    body = {"email": "ada@example.com", "password": "correct horse battery"}
    user = http.post(USERS, json=body).json()["id"]
    given = {"client_id": "c", "client_secret": "sk_test", "grant_type": "password", **body, "password": "wrong"}
    interfere(http, "PUT", USERS, {"method": "POST", "path": "/user_management/authenticate", "body": given})

    assert http.put(f"{USERS}/{user}", json={"first_name": "Ada"}).json()["first_name"] == "Ada"
    assert told(http)["statuses"] == {"200": 1, "201": 1}


def test_somebody_else_does_nothing_for_a_request_that_is_refused_for_its_key(url: str, http: httpx.Client) -> None:
    interfere(http, "GET", USERS, {"method": "POST", "path": USERS, "body": {"email": "other@example.com"}})

    assert httpx.get(url + USERS).status_code == 401
    assert http.get("/_sandbox/directory").json()["users"] == []


def test_faults_of_workos_alone_do_not_strike_auth0(url: str, http: httpx.Client) -> None:
    for mode in ("slow", "lag", "interfere"):
        arm(http, path=".*", mode=mode, calls=[{"method": "GET", "path": "/"}], times=None)

    httpx.get(f"{url}/auth0/api/v2/organizations")

    assert [one["hits"] for one in http.get("/_sandbox/faults").json()] == [0, 0, 0]


def test_fields_that_are_ignored_are_not_done_and_the_answer_says_nothing_of_it(http: httpx.Client) -> None:
    arm(http, path=f"{USERS}$", method="POST", mode="ignore", fields=["external_id", "metadata.plan"])
    sent = {"email": "ada@example.com", "external_id": "auth0|1", "metadata": {"plan": "gold", "team": "x"}}
    answer = http.post(USERS, json=sent)

    assert answer.status_code == 201
    assert (answer.json()["external_id"], answer.json()["metadata"]) == (None, {"team": "x"})
    assert http.get(f"{USERS}/external_id/auth0|1").status_code == 404
    assert (
        http.put(f"{USERS}/{answer.json()['id']}", json={"external_id": "auth0|1"}).json()["external_id"] == "auth0|1"
    )


def test_a_fault_that_ignores_nothing_is_refused(http: httpx.Client) -> None:
    assert http.post("/_sandbox/faults", json=[{"path": USERS, "mode": "ignore"}]).status_code == 422
