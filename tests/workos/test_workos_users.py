"""Users against the sandbox: one write where one is enough, none where nothing differs, and nothing lost on the way."""

from __future__ import annotations

import pytest

from providers.auth0.custom_hash import SaltPosition
from providers.auth0.hashes import PasswordHash
from providers.auth0.lines import ExportError
from providers.workos.client import Conflict, Gone, Refused, Unavailable, WorkOS
from providers.workos.users import Users
from tests.stack import Sandbox
from tests.workos.calls import DELETE_USER, GET_USER, POST_USER, PUT_USER, USER_BY_EXTERNAL_ID, made, sha
from tests.workos.declaration import HASH, OTHER_HASH, Declaration, Fields, but

POSITIONS: tuple[SaltPosition, ...] = ("prefix", "suffix")
SOMEBODY: Fields = {
    "email_verified": True,
    "first_name": "Ann",
    "last_name": "Lee",
    "metadata": {"plan": "gold"},
    "password": HASH,
}


@pytest.fixture
def users(door: WorkOS, declared: Declaration) -> Users:
    return Users(door, declared)


def test_a_new_user_is_one_post_with_every_field_and_no_read(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    desired = declared.declares_user("ann", **SOMEBODY)
    written = made(users, desired)

    assert workos.asked() == {POST_USER: 1}
    (held,) = workos.directory()["users"]
    assert held == {
        "id": written.id,
        "email": "ann@people.example",
        "external_id": "auth0|ann",
        "first_name": "Ann",
        "last_name": "Lee",
        "name": None,
        "email_verified": True,
        "metadata": {"plan": "gold"},
        "password_sha256": sha(HASH),
        "password_hash_type": "bcrypt",
        "password_salt_position": None,
        "totp_sha256": [],
    }
    assert (written.origin, written.applied, written.notes) == ("created", desired, [])


def test_a_user_with_nothing_but_an_email_is_one_post_too(users: Users, declared: Declaration, workos: Sandbox) -> None:
    made(users, declared.declares_user("ann"))

    assert workos.asked() == {POST_USER: 1}
    user = workos.users()["auth0|ann"]
    assert (user["email_verified"], user["first_name"], user["password_sha256"]) == (False, None, None)


def test_an_unchanged_user_costs_no_request(users: Users, declared: Declaration, workos: Sandbox) -> None:
    desired = declared.declares_user("ann", **SOMEBODY)
    written = made(users, desired)
    workos.clear()
    users.change(written, but(desired))

    assert workos.requests()["total"] == 0


def test_several_changes_of_a_user_are_one_put(users: Users, declared: Declaration, workos: Sandbox) -> None:
    written = made(users, declared.declares_user("ann", **SOMEBODY))
    workos.clear()
    moved = declared.declares_user(
        "ann", **{**SOMEBODY, "email": "ann@moved.example", "last_name": "May", "password": OTHER_HASH}
    )
    users.change(written, moved)

    assert workos.asked() == {PUT_USER: 1}
    user = workos.users()["auth0|ann"]
    assert (user["email"], user["last_name"]) == ("ann@moved.example", "May")
    assert user["password_sha256"] == sha(OTHER_HASH)
    assert written.applied == moved


def test_only_the_changed_field_is_sent(users: Users, declared: Declaration, workos: Sandbox) -> None:
    """What a person changed in WorkOS meanwhile stays, since Auth0 did not change it."""
    written = made(users, declared.declares_user("ann", **SOMEBODY))
    workos.call("PUT", f"/user_management/users/{written.id}", first_name="Anna", metadata={"plan": "silver"})
    users.change(written, declared.declares_user("ann", **{**SOMEBODY, "last_name": "May"}))

    user = workos.users()["auth0|ann"]
    assert (user["first_name"], user["last_name"], user["metadata"]) == ("Anna", "May", {"plan": "silver"})


def test_a_user_that_is_gone_is_gone_for_every_call_but_removal(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    desired = declared.declares_user("ann", **SOMEBODY)
    written = made(users, desired)
    workos.call("DELETE", f"/user_management/users/{written.id}")

    with pytest.raises(Gone):
        users.live(written.id)
    with pytest.raises(Gone):
        users.change(written, but(desired, last_name="May"))
    workos.clear()
    users.remove(written.id)
    assert workos.asked() == {DELETE_USER: 1}


def test_a_user_is_removed_once_however_often_it_is_asked(users: Users, declared: Declaration, workos: Sandbox) -> None:
    written = made(users, declared.declares_user("ann"))
    workos.clear()
    users.remove(written.id)
    users.remove(written.id)

    assert workos.asked() == {DELETE_USER: 1}
    assert workos.users() == {}


def test_a_removal_whose_answer_was_lost_counts_as_done(users: Users, declared: Declaration, workos: Sandbox) -> None:
    written = made(users, declared.declares_user("ann"))
    workos.fault("DELETE", "/users/", "drop_after")
    users.remove(written.id)

    assert workos.users() == {}


def test_the_live_user_has_the_managed_fields_and_no_secret(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    written = made(users, declared.declares_user("ann", **SOMEBODY))
    workos.clear()

    assert users.live(written.id) == {
        "external_id": "auth0|ann",
        "email": "ann@people.example",
        "email_verified": True,
        "first_name": "Ann",
        "last_name": "Lee",
        "name": None,
        "metadata": {"plan": "gold"},
    }
    assert workos.asked() == {GET_USER: 1}


@pytest.mark.parametrize("name", ["first_name", "last_name"])
def test_a_name_is_cleared_when_auth0_clears_it(
    users: Users, declared: Declaration, workos: Sandbox, name: str
) -> None:
    written = made(users, declared.declares_user("ann", **SOMEBODY))
    workos.clear()
    users.change(written, declared.declares_user("ann", **{**SOMEBODY, name: None}))

    assert workos.asked() == {PUT_USER: 1}
    assert workos.users()["auth0|ann"][name] is None
    assert written.applied[name] is None


def test_a_name_that_auth0_never_had_is_left_alone(users: Users, declared: Declaration, workos: Sandbox) -> None:
    desired = declared.declares_user("ann")
    written = made(users, desired)
    workos.call("PUT", f"/user_management/users/{written.id}", first_name="Ann")
    workos.clear()
    users.change(written, but(desired))

    assert workos.requests()["total"] == 0
    assert workos.users()["auth0|ann"]["first_name"] == "Ann"


def test_metadata_is_merged_pair_by_pair(users: Users, declared: Declaration, workos: Sandbox) -> None:
    """Changed pairs are set, managed pairs that left are deleted, and what Ferry does not manage stays."""
    written = made(users, declared.declares_user("ann", metadata={"plan": "gold", "team": "red", "old": "x"}))
    workos.call("PUT", f"/user_management/users/{written.id}", metadata={"own": "kept", "team": "blue"})
    workos.clear()
    users.change(written, declared.declares_user("ann", metadata={"plan": "silver", "team": "red", "new": "y"}))

    assert workos.asked() == {PUT_USER: 1}
    assert workos.users()["auth0|ann"]["metadata"] == {"plan": "silver", "team": "blue", "own": "kept", "new": "y"}
    assert written.applied["metadata"] == {"plan": "silver", "team": "red", "new": "y"}


def test_more_metadata_than_one_body_may_hold_takes_two_requests(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """50 pairs change their names: the old ones go first, since WorkOS holds no more, and neither does a body."""
    before, after = ({f"{name}{number}": "x" for number in range(50)} for name in ("old", "new"))
    written = made(users, declared.declares_user("ann", metadata=before))
    workos.clear()
    users.change(written, declared.declares_user("ann", metadata=after, first_name="Ann"))

    assert workos.asked() == {PUT_USER: 2}
    user = workos.users()["auth0|ann"]
    assert (user["metadata"], user["first_name"], written.applied["metadata"]) == (after, "Ann", after)


def test_metadata_that_left_altogether_takes_nobody_elses_along(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    written = made(users, declared.declares_user("ann", metadata={"plan": "gold"}))
    workos.call("PUT", f"/user_management/users/{written.id}", metadata={"own": "kept"})
    users.change(written, declared.declares_user("ann"))

    assert workos.users()["auth0|ann"]["metadata"] == {"own": "kept"}
    assert written.applied["metadata"] == {}


def test_a_new_email_of_a_verified_user_stays_verified(users: Users, declared: Declaration, workos: Sandbox) -> None:
    """WorkOS takes the verification away with the old address, unless the same request sets it."""
    written = made(users, declared.declares_user("ann", **SOMEBODY))
    workos.clear()
    users.change(written, declared.declares_user("ann", **{**SOMEBODY, "email": "ann@moved.example"}))

    assert workos.asked() == {PUT_USER: 1}
    user = workos.users()["auth0|ann"]
    assert (user["email"], user["email_verified"]) == ("ann@moved.example", True)
    assert written.applied["email_verified"] is True


def test_a_new_email_that_is_not_verified_arrives_unverified(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    written = made(users, declared.declares_user("ann", email_verified=True))
    moved = declared.declares_user("ann", email="ann@moved.example", email_verified=False)
    users.change(written, moved)

    assert workos.users()["auth0|ann"]["email_verified"] is False
    assert written.applied["email_verified"] is False
    users.change(written, but(moved, email_verified=True))
    assert workos.users()["auth0|ann"]["email_verified"] is True


def test_an_email_becomes_verified_with_one_put(users: Users, declared: Declaration, workos: Sandbox) -> None:
    written = made(users, declared.declares_user("ann"))
    workos.clear()
    users.change(written, declared.declares_user("ann", email_verified=True))

    assert workos.asked() == {PUT_USER: 1}
    assert workos.users()["auth0|ann"]["email_verified"] is True


def test_a_verified_email_never_becomes_unverified(users: Users, declared: Declaration, workos: Sandbox) -> None:
    written = made(users, declared.declares_user("ann", **SOMEBODY))
    workos.clear()
    users.change(written, declared.declares_user("ann", **{**SOMEBODY, "email_verified": False}))

    assert workos.requests()["total"] == 0


def test_a_late_password_is_one_put_and_one_that_left_stays(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    written = made(users, declared.declares_user("ann"))
    workos.clear()
    users.change(written, declared.declares_user("ann", password=HASH))
    assert workos.asked() == {PUT_USER: 1}
    users.change(written, declared.declares_user("ann"))

    assert workos.asked() == {PUT_USER: 1}
    assert workos.users()["auth0|ann"]["password_sha256"] == sha(HASH)


@pytest.mark.parametrize(
    ("hashed", "position"),
    [
        (PasswordHash("bcrypt", HASH), None),
        (PasswordHash("argon2", "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA"), None),
        (PasswordHash("scrypt", "$scrypt$v=1$n=16384,r=8,p=1,kl=4$c2FsdA$aGFzaA"), None),
        (PasswordHash("pbkdf2", "$pbkdf2$i=600000,d=sha256$c2FsdA$aGFzaA"), None),
        (PasswordHash("ssha", "{SSHA}" + "QUFB" * 8), None),
        (PasswordHash("ssha256", "{SSHA256}" + "QUFB" * 12, "prefix"), "prefix"),
        (PasswordHash("ssha256", "{SSHA256}" + "QUFB" * 12, "suffix"), "suffix"),
    ],
    ids=lambda one: f"{one.type} {one.salt_position or ''}".strip() if isinstance(one, PasswordHash) else "",
)
def test_a_hash_of_every_type_reaches_workos_by_create_and_by_update(
    users: Users, declared: Declaration, workos: Sandbox, hashed: PasswordHash, position: str | None
) -> None:
    made(users, declared.declares_user("new", password=hashed))
    late = made(users, declared.declares_user("late"))
    users.change(late, declared.declares_user("late", password=hashed))

    for name in ("new", "late"):
        user = workos.users()[f"auth0|{name}"]
        assert (user["password_hash_type"], user["password_salt_position"]) == (hashed.type, position)
        assert user["password_sha256"] == sha(hashed.text)


def test_the_same_digest_with_its_salt_elsewhere_is_another_password(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    before, after = (PasswordHash("ssha256", "{SSHA256}" + "QUFB" * 12, one) for one in POSITIONS)
    written = made(users, declared.declares_user("ann", password=before))
    users.change(written, declared.declares_user("ann", password=after))

    assert workos.users()["auth0|ann"]["password_salt_position"] == "suffix"


def test_a_password_that_cannot_be_read_stops_before_the_write(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    desired = declared.declares_user("ann", password=HASH)
    declared.secrets.clear()

    with pytest.raises(ExportError):
        made(users, desired)
    assert workos.requests()["total"] == 0


def test_another_primary_account_is_one_put_on_the_same_user(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """A merged group whose hash arrives late: the external id moves, the WorkOS user stays."""
    written = made(users, declared.declares_user("ann"))
    workos.clear()
    users.change(written, declared.declares_user("bee", email="ann@people.example", password=HASH))

    assert workos.asked() == {PUT_USER: 1}
    assert {user["external_id"]: user["id"] for user in workos.users().values()} == {"auth0|bee": written.id}


def test_a_user_that_is_there_already_is_read_and_converged(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """Already there is never success unread; what the directory does not speak of is left alone."""
    there = workos.call(
        "POST",
        "/user_management/users",
        email="old@people.example",
        external_id="auth0|ann",
        first_name="Old",
        last_name="Kept",
        metadata={"plan": "old", "own": "kept"},
    )
    workos.clear()
    written = made(
        users,
        declared.declares_user("ann", first_name="Ann", email_verified=True, metadata={"plan": "gold"}),
    )

    assert workos.asked() == {POST_USER: 1, USER_BY_EXTERNAL_ID: 1, PUT_USER: 1}
    user = workos.users()["auth0|ann"]
    assert (user["id"], user["email"], user["email_verified"]) == (there["id"], "ann@people.example", True)
    assert (user["first_name"], user["last_name"]) == ("Ann", "Kept")
    assert user["metadata"] == {"plan": "gold", "own": "kept"}
    assert (written.id, written.origin) == (there["id"], "found")


def test_a_user_that_is_there_as_declared_costs_no_write(users: Users, declared: Declaration, workos: Sandbox) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id="auth0|ann")
    workos.clear()
    written = made(users, declared.declares_user("ann"))

    assert workos.asked() == {POST_USER: 1, USER_BY_EXTERNAL_ID: 1}
    assert (written.origin, written.notes) == ("found", [])


def test_the_password_of_a_found_user_counts_as_written_and_is_noted(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """Nothing can read it back; sending it again would reset a password that a person changed in WorkOS."""
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id="auth0|ann")
    desired = declared.declares_user("ann", password=HASH)
    written = made(users, desired)

    assert written.notes == ["password_unconfirmed"]
    assert workos.users()["auth0|ann"]["password_sha256"] is None
    workos.clear()
    users.change(written, desired)
    assert workos.requests()["total"] == 0


def test_a_found_user_never_loses_its_verification(users: Users, declared: Declaration, workos: Sandbox) -> None:
    workos.call(
        "POST",
        "/user_management/users",
        email="ann@people.example",
        external_id="auth0|ann",
        email_verified=True,
    )
    workos.clear()
    made(users, declared.declares_user("ann"))

    assert workos.writes() == {POST_USER: 1}
    assert workos.users()["auth0|ann"]["email_verified"] is True


def test_a_create_whose_answer_was_lost_knows_its_own_user_again(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    """The SDK sends it again and meets its own object: created, not found, and the password is the export's."""
    workos.fault("POST", "/users$", "drop_after")
    desired = declared.declares_user("ann", **SOMEBODY)
    written = made(users, desired)

    assert workos.asked() == {POST_USER: 2, USER_BY_EXTERNAL_ID: 1}
    assert len(workos.users()) == 1
    assert (written.origin, written.notes) == ("created", [])
    assert written.applied == desired


def test_a_lost_answer_does_not_make_another_users_object_ours(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id="auth0|ann", last_name="Was")
    workos.fault("POST", "/users$", "drop_before")
    written = made(users, declared.declares_user("ann", **SOMEBODY))

    assert (written.origin, written.notes) == ("found", ["password_unconfirmed"])
    assert workos.users()["auth0|ann"]["last_name"] == "Lee"


@pytest.mark.parametrize("mode", ["conflict", "other"])
def test_a_user_that_workos_does_not_delete_is_refused_with_its_reason(
    users: Users, declared: Declaration, workos: Sandbox, mode: str
) -> None:
    written = made(users, declared.declares_user("ann"))
    code = "user_deletion_not_allowed" if mode == "conflict" else "busy"
    workos.fault("DELETE", "/users/", status=409, body={"code": code, "message": "no"})
    with pytest.raises(Refused if mode == "conflict" else Conflict) as refusal:
        users.remove(written.id)

    assert refusal.value.code == code
    assert ("does not let this user be deleted" in str(refusal.value)) is (mode == "conflict")


def test_a_create_that_names_no_id_is_looked_for_by_the_next_run(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    workos.fault("POST", "/users$", status=201, body={})
    with pytest.raises(Unavailable, match="named no id"):
        made(users, declared.declares_user("ann"))


def test_a_refused_user_says_why_and_holds_nothing(users: Users, declared: Declaration, workos: Sandbox) -> None:
    with pytest.raises(Refused) as refusal:
        made(users, declared.declares_user("ann", metadata={"k" * 41: "too long a key"}))

    assert refusal.value.code == "invalid_metadata"
    assert (workos.users(), workos.asked()) == ({}, {POST_USER: 1})


def test_a_put_that_goes_on_failing_leaves_what_was_applied_as_it_was(
    users: Users, declared: Declaration, workos: Sandbox
) -> None:
    written = made(users, declared.declares_user("ann", **SOMEBODY))
    before = dict(written.applied)
    workos.fault("PUT", "/users/", times=None)

    with pytest.raises(Unavailable):
        users.change(written, declared.declares_user("ann", **{**SOMEBODY, "last_name": "May"}))
    assert written.applied == before
    workos.clear_faults()
    users.change(written, declared.declares_user("ann", **{**SOMEBODY, "last_name": "May"}))
    assert workos.users()["auth0|ann"]["last_name"] == "May"
