"""What a test may ask of the sandbox: request log, reset, settings, directory, faults; and the key."""

import hashlib
import time

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import APIError, AuthenticationError, RateLimitExceededError, ServerError, WorkOSError
from workos.user_management._resource import PasswordHashed

from sandbox.workos.switches import Switches, shown_switches

BCRYPT = "$2b$10$" + "A" * 53
USERS = "/user_management/users"
SECRET = "JBSWY3DPEHPK3PXP"


def sha256(text: str) -> str:
    """Hex digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()


def arm(http: httpx.Client, **fault: object) -> None:
    """Arm one fault."""
    http.post("/_sandbox/faults", json=[fault]).raise_for_status()


@pytest.mark.parametrize(
    "key", [None, "Bearer pk_test", "Bearer sk_wrong", "Bearer sk_wrong_2", "Basic sk_test", "sk_test"]
)
def test_a_request_without_a_good_key_is_refused_and_counted(url: str, http: httpx.Client, key: str | None) -> None:
    answer = httpx.post(
        url + USERS, json={"email": "a@example.com"}, headers={} if key is None else {"authorization": key}
    )

    assert answer.status_code == 401
    assert http.get("/_sandbox/requests").json()["statuses"] == {"401": 1}
    assert http.get("/_sandbox/directory").json()["users"] == []


def test_a_wrong_key_is_the_sdks_authentication_error(url: str, http: httpx.Client) -> None:
    assert http is not None
    with (
        WorkOSClient(api_key="sk_wrong", client_id="client", base_url=url) as client,
        pytest.raises(AuthenticationError),
    ):
        client.user_management.list_users()


def test_the_log_counts_by_route_and_names_no_person(workos: WorkOSClient, http: httpx.Client) -> None:
    made = workos.user_management.create_user(email="ada@example.com", external_id="auth0|1")
    workos.user_management.update_user(made.id, first_name="Ada")
    workos.user_management.get_user_by_external_id("auth0|1")
    workos.user_management.list_users(email="ada@example.com")
    organization = workos.organizations.create_organization(name="Acme", external_id="org_1")
    workos.organization_membership.create_organization_membership(user_id=made.id, organization_id=organization.id)

    log = http.get("/_sandbox/requests")
    document = log.json()

    assert document["counts"] == {
        "GET /user_management/users": 1,
        "GET /user_management/users/external_id/{external_id}": 1,
        "POST /organizations": 1,
        "POST /user_management/organization_memberships": 1,
        "POST /user_management/users": 1,
        "PUT /user_management/users/{id}": 1,
    }
    assert (document["writes"], document["reads"], document["total"]) == (4, 2, 6)
    assert document["statuses"] == {"200": 3, "201": 3}
    assert [request.get("external_id") for request in document["requests"]] == [
        "auth0|1",
        "auth0|1",
        "auth0|1",
        None,
        "org_1",
        "org_1/auth0|1",
    ]
    assert "example.com" not in log.text
    assert "Ada" not in log.text


def test_the_log_can_be_cleared_and_control_calls_are_not_in_it(workos: WorkOSClient, http: httpx.Client) -> None:
    workos.user_management.create_user(email="ada@example.com")

    cleared = http.delete("/_sandbox/requests").json()

    assert (cleared["total"], cleared["requests"]) == (0, [])
    assert len(http.get("/_sandbox/directory").json()["users"]) == 1
    assert http.get("/_sandbox/requests").json()["total"] == 0


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/_sandbox/reset"), ("POST", "/_sandbox/reset/"), ("PUT", "/_sandbox/x")]
)
def test_a_control_call_that_does_not_exist_is_none_of_the_api(http: httpx.Client, method: str, path: str) -> None:
    answer = http.request(method, path)

    assert (answer.status_code, answer.json()["message"][:28]) == (404, "The sandbox has no such call")
    assert http.get("/_sandbox/requests").json()["total"] == 0


@pytest.mark.parametrize("body", [b"[" * 200_000, b'[{"path": "x", "body": {"a": NaN}}]', b'[{"path": "\\ud83d"}]'])
def test_a_control_call_whose_body_is_no_json_is_refused(http: httpx.Client, body: bytes) -> None:
    assert http.post("/_sandbox/faults", content=body).status_code == 400
    assert http.get("/_sandbox/faults").json() == []


def test_a_refusing_fault_may_say_what_its_body_is(http: httpx.Client) -> None:
    fault = {"path": "/x$", "status": 502, "headers": {"Content-Type": "application/problem+json"}}
    http.post("/_sandbox/faults", json=[fault]).raise_for_status()

    assert http.get("/x").headers.get_list("content-type") == ["application/problem+json"]


@pytest.mark.slow
def test_the_log_keeps_the_last_thousand_requests_and_all_counts(http: httpx.Client) -> None:
    for _ in range(1005):
        http.get("/user_management/users/user_gone")

    document = http.get("/_sandbox/requests").json()

    assert (len(document["requests"]), document["total"], document["statuses"]) == (1000, 1005, {"404": 1005})


def test_an_unknown_route_or_method_is_a_404_with_a_request_id(http: httpx.Client) -> None:
    for method, path in (("GET", "/nowhere"), ("PATCH", USERS), ("DELETE", "/authorization/roles/member")):
        answer = http.request(method, path)
        assert answer.status_code == 404
        assert answer.headers["x-request-id"].startswith("req_")


def test_a_body_that_is_not_json_is_a_400(http: httpx.Client) -> None:
    assert http.post(USERS, content=b"{").status_code == 400


@pytest.mark.parametrize("content", [b"", b"null", b"[]"])
def test_a_body_that_is_no_object_is_a_422(workos: WorkOSClient, http: httpx.Client, content: bytes) -> None:
    made = workos.user_management.create_user(email="ada@example.com")

    answer = http.put(f"{USERS}/{made.id}", content=content)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "body_object_required")


def test_a_reset_empties_objects_log_faults_and_settings(workos: WorkOSClient, http: httpx.Client) -> None:
    first = workos.user_management.create_user(email="ada@example.com")
    workos.authorization.create_environment_role(slug="admin", name="Admin")
    arm(http, path=".*", times=None)
    http.post("/_sandbox/settings", json={"multiple_roles": True, "latency_ms": 1}).raise_for_status()

    http.post("/_sandbox/reset").raise_for_status()

    assert http.get("/_sandbox/directory").json() == {
        "users": [],
        "organizations": [],
        "memberships": [],
        "roles": [{"slug": "member", "name": "Member", "description": None}],
    }
    assert http.get("/_sandbox/faults").json() == []
    assert http.get("/_sandbox/settings").json() == shown_switches(Switches())
    assert http.get("/_sandbox/requests").json()["total"] == 0
    assert workos.user_management.create_user(email="ada@example.com").to_dict() == first.to_dict()


@pytest.mark.parametrize("sent", [{"multiple_roles": "yes"}, {"latency": 5}, {"domain_data": "keep"}])
def test_a_setting_that_does_not_exist_is_refused(http: httpx.Client, sent: dict[str, object]) -> None:
    assert http.post("/_sandbox/settings", json=sent).status_code == 422


def test_latency_delays_the_api(http: httpx.Client) -> None:
    http.post("/_sandbox/settings", json={"latency_ms": 30}).raise_for_status()
    began = time.monotonic()

    http.get(USERS)

    assert time.monotonic() - began >= 0.03


def test_the_directory_shows_everything_but_secrets(workos: WorkOSClient, http: httpx.Client) -> None:
    user = workos.user_management.create_user(
        email="ada@example.com",
        first_name="Ada",
        external_id="auth0|1",
        metadata={"plan": "pro"},
        password=PasswordHashed(password_hash=BCRYPT, password_hash_type="bcrypt"),
    )
    workos.mfa.create_user_auth_factor(user.id, type="totp", totp_secret=SECRET)
    organization = workos.organizations.create_organization(name="Acme", external_id="org_1")
    workos.organization_membership.create_organization_membership(user_id=user.id, organization_id=organization.id)

    answer = http.get("/_sandbox/directory")

    assert answer.json()["users"] == [
        {
            "id": user.id,
            "email": "ada@example.com",
            "external_id": "auth0|1",
            "first_name": "Ada",
            "last_name": None,
            "name": None,
            "email_verified": False,
            "metadata": {"plan": "pro"},
            "password_sha256": sha256(BCRYPT),
            "password_hash_type": "bcrypt",
            "password_salt_position": None,
            "totp_sha256": [sha256(SECRET)],
        }
    ]
    (membership,) = answer.json()["memberships"]
    assert membership.pop("id").startswith("om_")
    assert membership == {
        "organization_external_id": "org_1",
        "user_external_id": "auth0|1",
        "roles": ["member"],
        "status": "active",
    }
    assert BCRYPT not in answer.text
    assert SECRET not in answer.text


def test_a_new_hash_by_update_replaces_the_old_one_and_other_updates_keep_it(
    workos: WorkOSClient, http: httpx.Client
) -> None:
    user = workos.user_management.create_user(
        email="ada@example.com", password=PasswordHashed(password_hash=BCRYPT, password_hash_type="bcrypt")
    )
    workos.user_management.update_user(user.id, first_name="Ada")
    assert http.get("/_sandbox/directory").json()["users"][0]["password_sha256"] == sha256(BCRYPT)

    other = "$2a$10$" + "B" * 53
    workos.user_management.update_user(
        user.id, password=PasswordHashed(password_hash=other, password_hash_type="bcrypt")
    )

    assert http.get("/_sandbox/directory").json()["users"][0]["password_sha256"] == sha256(other)


@pytest.mark.parametrize(("sent", "shown"), [("prefix", "prefix"), ("suffix", "suffix"), (None, "suffix")])
def test_the_salt_of_ssha256_stands_after_the_password_unless_told(
    workos: WorkOSClient, http: httpx.Client, sent: str | None, shown: str
) -> None:
    text = "{SSHA256}" + "QUFB" * 12
    hashed = PasswordHashed(password_hash=text, password_hash_type="ssha256", password_salt_position=sent)
    workos.user_management.create_user(email="ada@example.com", password=hashed)

    assert http.get("/_sandbox/directory").json()["users"][0]["password_salt_position"] == shown


def test_a_refusing_fault_answers_what_it_was_told_and_does_no_work(workos: WorkOSClient, http: httpx.Client) -> None:
    body = {"message": "Slow down.", "code": "rate_limit_exceeded"}
    arm(http, method="POST", path="^/user_management/users$", status=429, body=body, headers={"Retry-After": "7"})

    with pytest.raises(RateLimitExceededError) as refused:
        workos.user_management.create_user(
            email="ada@example.com", external_id="auth0|1", request_options={"max_retries": 0}
        )

    assert (refused.value.code, refused.value.retry_after) == ("rate_limit_exceeded", 7)
    assert http.get("/_sandbox/directory").json()["users"] == []
    document = http.get("/_sandbox/requests").json()
    assert (document["writes"], document["statuses"], document["requests"][0]["external_id"]) == (
        1,
        {"429": 1},
        "auth0|1",
    )
    assert workos.user_management.create_user(email="ada@example.com").email == "ada@example.com"


def test_a_fault_strikes_only_the_requests_it_names_and_only_so_often(workos: WorkOSClient, http: httpx.Client) -> None:
    arm(http, method="POST", path="/users$", contains="grace@", times=2)
    create = workos.user_management.create_user

    assert create(email="ada@example.com").email == "ada@example.com"
    for _ in range(2):
        with pytest.raises(ServerError):
            create(email="grace@example.com", request_options={"max_retries": 0})
    assert create(email="grace@example.com").email == "grace@example.com"
    assert [(one["times"], one["hits"]) for one in http.get("/_sandbox/faults").json()] == [(2, 2)]


def test_a_fault_without_times_strikes_once_and_with_null_until_it_is_cleared(http: httpx.Client) -> None:
    arm(http, path="/organizations")
    arm(http, path=USERS, times=None, status=503)

    assert [http.get("/organizations").status_code for _ in range(2)] == [500, 200]
    assert [http.get(USERS).status_code for _ in range(3)] == [503, 503, 503]
    assert http.delete("/_sandbox/faults").json() == []
    assert http.get(USERS).status_code == 200


def test_a_connection_dropped_before_leaves_nothing_behind(workos: WorkOSClient, http: httpx.Client) -> None:
    arm(http, method="POST", path=USERS, mode="drop_before")

    with pytest.raises(WorkOSError, match="Network error") as lost:
        workos.user_management.create_user(email="ada@example.com", request_options={"max_retries": 0})

    assert not isinstance(lost.value, APIError)
    assert http.get("/_sandbox/directory").json()["users"] == []
    document = http.get("/_sandbox/requests").json()
    assert (document["writes"], document["statuses"]) == (1, {"dropped": 1})


def test_a_connection_dropped_after_leaves_the_write_behind(workos: WorkOSClient, http: httpx.Client) -> None:
    arm(http, method="POST", path=USERS, mode="drop_after")

    with pytest.raises(WorkOSError, match="Network error") as lost:
        workos.user_management.create_user(
            email="ada@example.com", external_id="auth0|1", request_options={"max_retries": 0}
        )

    assert not isinstance(lost.value, APIError)
    assert workos.user_management.get_user_by_external_id("auth0|1").email == "ada@example.com"
    assert http.get("/_sandbox/requests").json()["statuses"] == {"200": 1, "dropped": 1}


def test_a_dropped_connection_is_a_transport_error_for_a_plain_client(http: httpx.Client) -> None:
    for mode in ("drop_before", "drop_after"):
        arm(http, path=USERS, mode=mode)
        with pytest.raises(httpx.TransportError):
            http.get(USERS)
    assert http.get(USERS).status_code == 200


@pytest.mark.parametrize(
    "fault",
    [
        {},
        {"path": "("},
        {"path": "x", "mode": "explode"},
        {"path": "x", "method": "get"},
        {"path": "x", "time": 1},
        "x",
    ],
)
def test_a_fault_that_is_wrong_is_refused_and_none_of_its_list_is_armed(http: httpx.Client, fault: object) -> None:
    assert http.post("/_sandbox/faults", json=[{"path": "x"}, fault]).status_code == 422
    assert http.get("/_sandbox/faults").json() == []
