"""A list that does not show yet what WorkOS says is there is looked at again, before anything is decided from it."""

from __future__ import annotations

from providers.workos.client import WorkOS
from providers.workos.kinds import Written
from providers.workos.memberships import Memberships
from providers.workos.organizations import Organizations
from providers.workos.users import Users
from tests.stack import Sandbox
from tests.workos.calls import made, sha
from tests.workos.declaration import Declaration

OTP = "JBSWY3DPEHPK3PXP"


def lag(workos: Sandbox, path: str) -> None:
    """The next lists of this path show nothing of what was made."""
    workos.fault("GET", path, "lag", times=2, writes=1000)


def test_a_membership_whose_answer_was_lost_is_found(door: WorkOS, declared: Declaration, workos: Sandbox) -> None:
    user = workos.call("POST", "/user_management/users", email="ann@people.example")["id"]
    organization = workos.call("POST", "/organizations", name="Acme")["id"]
    workos.fault("POST", "/organization_memberships$", "drop_after")
    lag(workos, "/organization_memberships$")
    desired = {"organization_id": organization, "user_id": user, "roles": [], "status": "active"}
    written = made(Memberships(door, declared), desired)

    assert (written.id, written.origin) == (workos.directory()["memberships"][0]["id"], "created")
    assert workos.faults_struck() == [1, 2]


def test_an_authenticator_whose_answer_was_lost_is_enrolled_once(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    """WorkOS would take it twice."""
    workos.fault("POST", "/auth_factors$", "drop_after")
    lag(workos, "/auth_factors$")
    made(Users(door, declared), declared.declares_user("ann", totp=OTP))

    assert workos.users()["auth0|ann"]["totp_sha256"] == [sha(OTP)]
    assert workos.faults_struck() == [1, 2]


def test_who_holds_an_email_is_found(door: WorkOS, declared: Declaration, workos: Sandbox) -> None:
    """Ann gives it up in this run, so Bee can have it."""
    made(Users(door, declared), declared.declares_user("ann"))
    declared.declares_user("ann", email="ann@moved.example")
    lag(workos, "/users$")
    made(Users(door, declared), declared.declares_user("bee", email="ann@people.example"))

    assert {key: user["email"] for key, user in workos.users().items()} == {
        "auth0|ann": "ann@moved.example",
        "auth0|bee": "ann@people.example",
    }
    assert workos.faults_struck() == [2]


def test_who_holds_a_domain_is_found(door: WorkOS, declared: Declaration, workos: Sandbox) -> None:
    organizations = Organizations(door, declared)
    made(organizations, declared.declares_organization("old", domains=["d.example"]))
    declared.declares_organization("old")
    lag(workos, "/organizations$")
    organizations.create(Written(), declared.declares_organization("new", domains=["d.example"]))

    assert {key: set(organization["domains"]) for key, organization in workos.organizations().items()} == {
        "org_old": set(),
        "org_new": {"d.example"},
    }
    assert workos.faults_struck() == [2]
