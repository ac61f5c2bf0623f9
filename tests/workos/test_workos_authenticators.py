"""TOTP secrets: enrolled once, listed first only where somebody else may have enrolled, and never twice."""

from __future__ import annotations

import pytest

from providers.auth0.lines import ExportError
from providers.workos.client import Refused, Unavailable, WorkOS
from providers.workos.kinds import Written
from providers.workos.users import Users
from tests.stack import Sandbox
from tests.workos.calls import ENROL, FACTORS, LOOKS, POST_USER, USER_BY_EXTERNAL_ID, made, sha
from tests.workos.declaration import HASH, OTHER_OTP, OTP, Declaration, but


@pytest.fixture
def users(door: WorkOS, declared: Declaration) -> Users:
    return Users(door, declared)


def enrolled(workos: Sandbox) -> list[str]:
    """The fingerprints of the only user's secrets."""
    (one,) = workos.directory()["users"]
    factors: list[str] = one["totp_sha256"]
    return factors


def test_a_new_user_is_enrolled_without_a_read(users: Users, declared: Declaration, workos: Sandbox) -> None:
    desired = declared.declares_user("ann", totp=OTP, password=HASH)
    written = made(users, desired)

    assert workos.asked() == {POST_USER: 1, ENROL: 1}
    assert enrolled(workos) == [sha(OTP)]
    assert written.applied == desired


def test_a_late_authenticator_is_listed_and_enrolled(users: Users, declared: Declaration, workos: Sandbox) -> None:
    written = made(users, declared.declares_user("ann"))
    workos.clear()
    users.change(written, declared.declares_user("ann", totp=OTP))

    assert workos.asked() == {FACTORS: 1, ENROL: 1}
    assert enrolled(workos) == [sha(OTP)]


def test_an_enrolled_user_costs_no_request_and_never_loses_it(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    desired = declared.declares_user("ann", totp=OTP)
    written = made(users, desired)
    workos.clear()
    users.change(written, but(desired))
    users.change(written, declared.declares_user("ann"))

    assert workos.requests()["total"] == 0
    assert enrolled(workos) == [sha(OTP)]


def test_another_authenticator_in_auth0_is_one_write(users: Users, declared: Declaration, workos: Sandbox) -> None:
    """The person set up a new phone; the old secret alone would lock them out at the cutover."""
    written = made(users, declared.declares_user("ann", totp=OTP))
    renewed = declared.declares_user("ann", totp=OTHER_OTP)
    users.change(written, renewed)

    assert sha(OTHER_OTP) in enrolled(workos)
    workos.clear()
    users.change(written, renewed)
    assert workos.requests()["total"] == 0


def test_a_secret_that_cannot_be_read_leaves_no_user_behind(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """What raises leaves nothing in the state: the user would be somebody else's on the next run."""
    desired = declared.declares_user("ann", totp=OTP)
    declared.secrets.clear()
    with pytest.raises(ExportError):
        made(users, desired)

    assert workos.users() == {}


def test_a_found_user_without_authenticator_is_enrolled(users: Users, declared: Declaration, workos: Sandbox) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id="auth0|ann")
    workos.clear()
    made(users, declared.declares_user("ann", totp=OTP))

    assert workos.asked() == {POST_USER: 1, USER_BY_EXTERNAL_ID: 1, FACTORS: 1, ENROL: 1}
    assert enrolled(workos) == [sha(OTP)]


def test_a_found_user_with_an_authenticator_keeps_its_own(users: Users, declared: Declaration, workos: Sandbox) -> None:
    own = workos.call("POST", "/user_management/users", email="ann@people.example", external_id="auth0|ann")
    workos.call("POST", f"/user_management/users/{own['id']}/auth_factors", type="totp", totp_secret=OTHER_OTP)
    workos.clear()
    written = made(users, declared.declares_user("ann", totp=OTP))

    assert workos.asked() == {POST_USER: 1, USER_BY_EXTERNAL_ID: 1, FACTORS: 1}
    assert enrolled(workos) == [sha(OTHER_OTP)]
    assert written.notes == ["factor_of_others"]
    workos.clear()
    users.change(written, declared.users["auth0|ann"])
    assert workos.requests()["total"] == 0


def test_an_enrolment_whose_answer_was_lost_is_not_made_twice(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    workos.fault("POST", "/auth_factors$", "drop_after")
    written = made(users, declared.declares_user("ann", totp=OTP))

    assert workos.asked() == {POST_USER: 1, ENROL: 1, FACTORS: 1}
    assert enrolled(workos) == [sha(OTP)]
    assert written.applied["totp"] == declared.users["auth0|ann"]["totp"]


def test_an_enrolment_that_did_not_arrive_is_made_again(users: Users, declared: Declaration, workos: Sandbox) -> None:
    workos.fault("POST", "/auth_factors$", "drop_before")
    made(users, declared.declares_user("ann", totp=OTP))

    assert workos.asked() == {POST_USER: 1, ENROL: 2, FACTORS: LOOKS}
    assert enrolled(workos) == [sha(OTP)]


def test_a_create_whose_answer_was_lost_still_enrols_once(users: Users, declared: Declaration, workos: Sandbox) -> None:
    workos.fault("POST", "/users$", "drop_after")
    written = made(users, declared.declares_user("ann", totp=OTP, password=HASH))

    assert enrolled(workos) == [sha(OTP)]
    assert (written.origin, written.notes) == ("created", [])


def test_an_enrolment_that_goes_on_failing_keeps_the_user_and_is_tried_again(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """The user is in WorkOS and known as such; only its authenticator is still to be written."""
    desired = declared.declares_user("ann", totp=OTP)
    workos.fault("POST", "/auth_factors$", times=None)
    written = Written()
    with pytest.raises(Unavailable):
        users.create(written, desired)
    (held,) = workos.directory()["users"]
    assert (written.id, written.origin, written.applied) == (held["id"], "created", {**desired, "totp": None})

    workos.clear_faults()
    users.change(written, desired)
    assert enrolled(workos) == [sha(OTP)]
    assert written.applied == desired


def test_a_refused_authenticator_keeps_the_user(users: Users, declared: Declaration, workos: Sandbox) -> None:
    desired = declared.declares_user("ann", totp="not Base32")
    written = Written()
    with pytest.raises(Refused):
        users.create(written, desired)

    assert written.applied == {**desired, "totp": None}
    assert workos.writes() == {POST_USER: 1, ENROL: 1}


def test_a_user_that_went_before_its_enrolment_is_refused_not_gone(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """Gone would say that there is nothing to do."""
    workos.fault("POST", "/auth_factors$", status=404, body={"message": "User not found"})
    with pytest.raises(Refused):
        made(users, declared.declares_user("ann", totp=OTP))
