"""Who signed up in WorkOS and has no external id: taken over by email only if both sides call that verified."""

from __future__ import annotations

import pytest

from providers.workos.client import Refused, WorkOS
from providers.workos.kinds import Written
from providers.workos.users import Users
from tests.stack import Sandbox
from tests.workos.calls import FACTORS, LIST_USERS, POST_USER, PUT_USER, USER_BY_EXTERNAL_ID, made, sha
from tests.workos.declaration import HASH, OTHER_OTP, OTP, Declaration, Fields


def refusal(users: Users, desired: Fields) -> Refused:
    """What is said when a user cannot be created."""
    with pytest.raises(Refused) as refused:
        users.create(Written(), desired)
    return refused.value


def test_a_user_without_external_id_is_not_taken_over_unasked(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", first_name="Own", email_verified=True)
    said = refusal(Users(door, declared), declared.declares_user("ann", first_name="Ann", email_verified=True))

    assert said.code == "email_held_by_unmanaged"
    assert "pulumi config set ferry:adopt email" in str(said)
    (held,) = workos.users().values()
    assert (held["external_id"], held["first_name"]) == (None, "Own")


@pytest.mark.parametrize(
    ("in_workos", "in_auth0", "code"),
    [
        (False, True, "email_held_by_unverified"),
        (True, False, "email_unverified_in_auth0"),
        (False, False, "email_held_by_unverified"),
    ],
)
@pytest.mark.parametrize("adopts", [True, False])
def test_nobody_is_taken_over_by_an_email_that_one_side_does_not_call_verified(  # noqa: PLR0917
    door: WorkOS, declared: Declaration, workos: Sandbox, in_workos: bool, in_auth0: bool, code: str, adopts: bool
) -> None:
    """Nothing is written to it, and no message names a setting that would be refused next."""
    workos.call(
        "POST", "/user_management/users", email="ann@people.example", email_verified=in_workos, password="made up, 1!"
    )
    before = workos.directory()
    workos.clear()
    users = Users(door, declared, adopt_by_email=adopts)
    said = refusal(
        users, declared.declares_user("ann", first_name="Ann", email_verified=in_auth0, password=HASH, totp=OTP)
    )

    assert said.code == (code if adopts else "email_held_by_unmanaged")
    assert "ferry:adopt" not in str(said)
    assert "run pulumi up" in str(said)
    assert "people.example" not in str(said)
    assert (workos.directory(), workos.writes()) == (before, {POST_USER: 1})


def test_an_email_that_only_trust_text_calls_verified_takes_nobody_over(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", email_verified=True)
    declared.by_text.add("auth0|ann")
    users = Users(door, declared, adopt_by_email=True)

    assert refusal(users, declared.declares_user("ann", email_verified=True)).code == "email_unverified_in_auth0"


def test_a_server_that_ignores_the_filter_for_an_email_hands_nobody_over(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    """The list of an email is of that email only if the user in it has it."""
    workos.call("POST", "/user_management/users", email="ann@people.example", email_verified=True)
    other = {"id": "user_other", "email": "other@people.example", "email_verified": True, "external_id": None}
    workos.fault("GET", "/users$", status=200, body={"data": [other], "list_metadata": {}}, times=None)
    workos.clear()
    users = Users(door, declared, adopt_by_email=True)

    assert refusal(users, declared.declares_user("ann", email_verified=True)).code == "email_not_available"
    assert workos.writes() == {POST_USER: 3}


def test_a_user_without_external_id_is_taken_over_where_that_is_allowed(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    """Both sides call the email verified. It may have a password of its own, whatever Auth0 has."""
    body = {"email": "ann@people.example", "first_name": "Own", "last_name": "Name", "email_verified": True}
    own = workos.call("POST", "/user_management/users", **body)
    workos.clear()
    written = made(
        Users(door, declared, adopt_by_email=True),
        declared.declares_user("ann", first_name="Ann", email_verified=True),
    )

    assert workos.asked() == {POST_USER: 1, USER_BY_EXTERNAL_ID: 1, LIST_USERS: 1, FACTORS: 1, PUT_USER: 1}
    user = workos.users()["auth0|ann"]
    assert (user["id"], user["first_name"], user["last_name"]) == (own["id"], "Ann", "Name")
    assert (written.id, written.origin, written.notes) == (own["id"], "found", ["password_unconfirmed"])


@pytest.mark.parametrize("brings", [{}, {"totp": OTP}])
def test_who_is_taken_over_keeps_an_authenticator_that_ferry_did_not_enrol_and_it_is_noted(
    door: WorkOS, declared: Declaration, workos: Sandbox, brings: Fields
) -> None:
    own = workos.call("POST", "/user_management/users", email="ann@people.example", email_verified=True)
    workos.call("POST", f"/user_management/users/{own['id']}/auth_factors", type="totp", totp_secret=OTHER_OTP)
    workos.clear()
    desired = declared.declares_user("ann", email_verified=True, password=HASH, **brings)
    written = made(Users(door, declared, adopt_by_email=True), desired)

    assert workos.asked() == {POST_USER: 1, USER_BY_EXTERNAL_ID: 1, LIST_USERS: 1, FACTORS: 1, PUT_USER: 1}
    assert written.notes == ["password_unconfirmed", "factor_of_others"]
    assert workos.users()["auth0|ann"]["totp_sha256"] == [sha(OTHER_OTP)]


def test_who_is_taken_over_without_an_authenticator_gets_auth0s(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", email_verified=True)
    workos.clear()
    written = made(
        Users(door, declared, adopt_by_email=True), declared.declares_user("ann", email_verified=True, totp=OTP)
    )

    assert workos.asked()[FACTORS] == 1
    assert workos.users()["auth0|ann"]["totp_sha256"] == [sha(OTP)]
    assert written.notes == ["password_unconfirmed"]


def test_factors_that_cannot_be_listed_leave_the_user_as_it_was(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    """What is taken over now would never be looked at again."""
    workos.call("POST", "/user_management/users", email="ann@people.example", email_verified=True)
    workos.fault("GET", "/auth_factors$", status=404, body={"message": "no"})
    written = Written()
    with pytest.raises(Refused):
        Users(door, declared, adopt_by_email=True).create(written, declared.declares_user("ann", email_verified=True))

    assert written.id == ""
    assert [user["external_id"] for user in workos.users().values()] == [None]
