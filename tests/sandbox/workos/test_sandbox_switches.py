"""What WorkOS leaves open is a switch: strict unless told, and told one by one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import BadRequestError, ConflictError

from sandbox.workos.switches import Switches, shown_switches

USERS = "/user_management/users"
MEMBERSHIPS = "/user_management/organization_memberships"
SALT_AND_HASH = "10$" + "A" * 53


@pytest.fixture
def ada(http: httpx.Client) -> str:
    """The id of a user."""
    body = {"email": "ada@example.com", "first_name": "Ada"}
    return str(http.post(USERS, json=body).raise_for_status().json()["id"])


def switch(http: httpx.Client, **switches: object) -> None:
    """Set switches."""
    http.post("/_sandbox/settings", json=switches).raise_for_status()


def hashed(prefix: str) -> dict[str, str]:
    """A user with a bcrypt hash of a kind."""
    return {
        "email": "a@example.com",
        "password_hash": f"{prefix}{SALT_AND_HASH}",
        "password_hash_type": "bcrypt",
    }


def metadata(pairs: int) -> dict[str, Any]:
    """An organization with so many pairs."""
    return {"name": "Acme", "metadata": {f"k{number}": "v" for number in range(pairs)}}


#: Switch, its strict value and another, a request, and the statuses it gets under the two.
READINGS: list[tuple[str, object, object, tuple[str, str, Any], tuple[int, int]]] = [
    ("unknown_fields", "refuse", "ignore", ("POST", "/organizations", {"name": "A", "nmae": "B"}), (422, 201)),
    ("bcrypt_2y", "refuse", "accept", ("POST", USERS, hashed("$2y$")), (400, 201)),
    ("metadata_pairs", 50, 10, ("POST", "/organizations", metadata(11)), (201, 400)),
    ("external_id_length", 128, 64, ("POST", "/organizations", {"name": "A", "external_id": "x" * 65}), (201, 422)),
    (
        "consumer_domains",
        "refuse",
        "accept",
        ("POST", "/organizations", {"name": "A", "domain_data": [{"domain": "gmail.com", "state": "pending"}]}),
        (422, 201),
    ),
]


@pytest.mark.parametrize(
    ("name", "strict", "other", "request_", "statuses"), READINGS, ids=[one[0] for one in READINGS]
)
def test_a_switch_says_which_reading_holds(
    http: httpx.Client,
    name: str,
    strict: object,
    other: object,
    request_: tuple[str, str, Any],
    statuses: tuple[int, int],
) -> None:
    method, path, body = request_
    assert http.get("/_sandbox/settings").json()[name] == strict
    told = [http.request(method, path, json=body).status_code]
    http.post("/_sandbox/reset")
    switch(http, **{name: other})
    told.append(http.request(method, path, json=body).status_code)

    assert tuple(told) == statuses


def test_a_parameter_that_is_not_known_is_refused_or_ignored(http: httpx.Client) -> None:
    """A filter that is ignored answers everything: that is why the strict reading is the default."""
    assert http.get(USERS, params={"mail": "x"}).status_code == 422
    switch(http, unknown_fields="ignore")
    assert http.get(USERS, params={"mail": "x"}).status_code == 200


@pytest.mark.parametrize(("empty_names", "held"), [("null", None), ("keep", "")])
def test_an_empty_name_clears_or_stays_empty(http: httpx.Client, ada: str, empty_names: str, held: str | None) -> None:
    switch(http, empty_names=empty_names)
    assert http.put(f"{USERS}/{ada}", json={"first_name": ""}).json()["first_name"] == held
    assert http.post(USERS, json={"email": "new@example.com", "first_name": ""}).json()["first_name"] == held


@pytest.mark.parametrize(("status", "error"), [(409, ConflictError), (400, BadRequestError)])
def test_a_second_active_membership_is_refused_as_told(
    http: httpx.Client, workos: WorkOSClient, ada: str, status: int, error: type[Exception]
) -> None:
    switch(http, duplicate_membership=status)
    organization = workos.organizations.create_organization(name="Acme").id
    workos.organization_membership.create_organization_membership(user_id=ada, organization_id=organization)
    with pytest.raises(error):
        workos.organization_membership.create_organization_membership(user_id=ada, organization_id=organization)


@pytest.mark.parametrize("code", ["user_already_organization_member", "entity_already_exists"])
def test_a_second_active_membership_is_refused_with_the_code_told(
    http: httpx.Client, workos: WorkOSClient, ada: str, code: str
) -> None:
    switch(http, duplicate_membership_code=code)
    ends = {"user_id": ada, "organization_id": workos.organizations.create_organization(name="Acme").id}
    assert [http.post(MEMBERSHIPS, json=ends).json().get("code") for _ in range(2)] == [None, code]


def test_what_is_ignored_in_a_body_is_ignored_in_its_domains_too(http: httpx.Client) -> None:
    body = {"name": "Acme", "domain_data": [{"domain": "acme.example", "state": "pending", "color": "red"}]}
    assert http.post("/organizations", json=body).status_code == 422
    switch(http, unknown_fields="ignore")
    assert http.post("/organizations", json=body).status_code == 201


@pytest.mark.parametrize(("second_factor", "status"), [("accept", 201), ("refuse", 422)])
def test_a_second_authenticator_is_taken_or_refused(
    http: httpx.Client, ada: str, second_factor: str, status: int
) -> None:
    switch(http, second_factor=second_factor)
    statuses = [http.post(f"{USERS}/{ada}/auth_factors", json={"type": "totp"}).status_code for _ in range(2)]
    assert statuses == [201, status]


@pytest.mark.parametrize(
    "wrong",
    [
        {"limit_window": "leaky"},
        {"metadata_pairs": 51},
        {"metadata_pairs": 0},
        {"latency_ms": -1},
        {"duplicate_membership": 422},
        {"domain_data": "both"},
        {"limits": "yes"},
        {"totp_time": 10**30},
        {"speed": 1},
    ],
)
def test_a_wrong_switch_is_refused_and_none_is_changed(http: httpx.Client, wrong: dict[str, object]) -> None:
    answer = http.post("/_sandbox/settings", json={"multiple_roles": True, **wrong})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")
    assert http.get("/_sandbox/settings").json() == shown_switches(Switches())


def test_an_invitation_makes_a_pending_membership_that_only_its_acceptance_ends(
    http: httpx.Client, workos: WorkOSClient, ada: str
) -> None:
    organization = workos.organizations.create_organization(name="Acme").id
    ends = {"user_id": ada, "organization_id": organization}
    membership = http.post("/_sandbox/invitations", json=ends).raise_for_status().json()["id"]

    assert workos.organization_membership.get_organization_membership(membership).status == "pending"
    members = workos.organization_membership
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: members.deactivate_organization_membership(membership), "deactivate"),
        (lambda: members.reactivate_organization_membership(membership), "reactivate"),
        (lambda: members.create_organization_membership(user_id=ada, organization_id=organization), "reactivate"),
    ]
    for call, verb in calls:
        with pytest.raises(BadRequestError) as refused:
            call()
        assert refused.value.code == f"cannot_{verb}_pending_organization_membership"
    assert http.get(MEMBERSHIPS, params={"user_id": ada}).json()["data"] == []
    assert http.post("/_sandbox/invitations", json=ends).status_code == 422


def test_a_snapshot_is_written_where_told(http: httpx.Client, ada: str, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    document = http.post("/_sandbox/snapshot", json={"path": str(path)}).raise_for_status().json()

    assert document == {"path": str(path), "bytes": path.stat().st_size}
    assert ada in path.read_text(encoding="utf-8")
    for wrong in ("kept", str(tmp_path / "nowhere" / "kept"), "/", "/a\0b"):
        assert http.post("/_sandbox/snapshot", json={"path": wrong}).status_code == 422
