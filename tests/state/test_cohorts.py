"""Cohorts without engine and network: lines, digests, what is packed into the state, and what a new text changes."""

from __future__ import annotations

import hashlib
import string
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.directory.differ import changes, drifted
from providers.directory.model import Membership, Organization, Secret, User, fields
from providers.state.applied import Applied, applied_keys, pack, unpack
from providers.state.cohorts import (
    applied_fields,
    applied_record,
    cohort_name,
    cohort_of,
    cohort_of_record,
    digests,
    line,
    marked,
    plan,
    texts,
    updated,
)

ANN = User("auth0|ann", "auth0|ann", "ann@people.example", True, "Ann", None, {"plan": "free", "team": "red"})
WORDS = st.text(string.ascii_letters + " |/é", max_size=6)
SECRETS = st.none() | st.builds(Secret, WORDS.map(lambda text: f"fingerprint {text}"), WORDS, st.just(0), st.just(0))
PAIRS = st.dictionaries(st.sampled_from(["plan", "team", "size"]), WORDS.filter(bool))
USERS = st.builds(
    User,
    st.just("auth0|ann"),
    st.sampled_from(["auth0|ann", "auth0|bee"]),
    WORDS.filter(bool),
    st.booleans(),
    st.none() | WORDS,
    st.none() | WORDS,
    PAIRS,
    SECRETS,
    SECRETS,
    st.none() | WORDS,
)
ORGANIZATIONS = st.builds(
    Organization,
    st.just("org_one"),
    WORDS.filter(bool),
    st.lists(st.sampled_from(["a.example", "b.example", "c.example"]), unique=True).map(tuple),
    PAIRS,
)
MEMBERSHIPS = st.builds(
    Membership,
    st.just("org_one"),
    st.just("auth0|ann"),
    st.lists(st.sampled_from(["admin", "viewer"]), unique=True).map(tuple),
    st.booleans(),
)
PAIRS_OF_RECORDS = st.one_of(
    st.tuples(st.just("users"), USERS, USERS),
    st.tuples(st.just("organizations"), ORGANIZATIONS, ORGANIZATIONS),
    st.tuples(st.just("memberships"), MEMBERSHIPS, MEMBERSHIPS),
)


def applied(kind: Any, record: Any, origin: str = "created") -> Applied:
    """What is remembered of a record that was written as it is declared."""
    return applied_record(kind, record.key, "id_1", origin, fields(record))


def test_a_record_is_in_the_cohort_of_the_first_byte_of_its_external_ids_sha_256() -> None:
    first = hashlib.sha256(b"auth0|ann").digest()[0]

    assert cohort_of_record(ANN) == first
    assert cohort_name("users", first) == f"users-{hashlib.sha256(b'auth0|ann').hexdigest()[:2]}"
    assert cohort_of_record(Membership("org_one", "auth0|ann")) == cohort_of("org_one")


def test_a_merged_user_stays_in_its_keys_cohort_when_its_primary_account_changes() -> None:
    merged = User("auth0|ann", "auth0|bee", "ann@people.example", True)

    assert cohort_of_record(merged) == cohort_of("auth0|ann")
    assert line("users", merged).startswith("auth0|ann ")


def test_the_lines_of_all_cohorts_are_all_records_and_a_new_one_moves_no_other() -> None:
    users = [User(f"auth0|{number}", f"auth0|{number}", f"{number}@x.example", False) for number in range(500)]
    before, after = texts("users", users[:-1]), texts("users", users)

    assert len(after) == 256
    assert all(text.endswith("\n") for text in after if text)
    assert sorted(key for text in after for key in digests(text)) == sorted(user.key for user in users)
    assert [number for number in range(256) if before[number] != after[number]] == [cohort_of(users[-1].key)]


def test_a_line_is_byte_for_byte_what_it_was_before_users_had_a_ninth_field() -> None:
    """Each is as the states of earlier commits have it: with all eight fields, and with the fewest. A new field comes
    after them, and adds to the lines of those records alone that have it.
    """
    secret = Secret("fingerprint 0011223344556677", "passwords", 0, 1)
    ann = User("auth0|ann", "auth0|anna", "ann@x.example", True, "Ann", "Lee", {"plan": "gold"}, secret, secret)
    fewest = User("auth0|ann", "auth0|ann", "ann@x.example", False)
    acme = Organization("org_a", "Acme", ("a.example",), {"plan": "gold"})

    assert line("users", ann) == "auth0|ann _5mkHEqejM8mkEdSPcdEMjC4bj1VilKQQmqYNfE"
    assert line("users", fewest) == "auth0|ann Ap6MzyY"
    assert line("organizations", acme) == "org_a DgFR0uUcAhyjuG49VQ"
    assert line("memberships", Membership("org_a", "auth0|ann", ("admin",))) == "org_a/auth0|ann AxK4Gnk"
    for user in (ann, fewest):
        named = digests(line("users", replace(user, name="Ann Lee")))["auth0|ann"]
        before = digests(line("users", user))["auth0|ann"]
        assert (named[: len(before)], len(named)) == (before, len(before) + 5)


def test_an_id_with_spaces_is_read_back_from_its_line() -> None:
    spaced = User("samlp|acme|John Doe ", "samlp|acme|John Doe ", "j@x.example", True)

    assert list(digests(line("users", spaced))) == ["samlp|acme|John Doe "]


@given(PAIRS_OF_RECORDS)
def test_a_plan_by_digests_finds_a_change_exactly_where_the_differ_does(case: Any) -> None:
    """Preview sees marks only, the kinds see the fields: both must say the same."""
    kind, old, new = case
    wanted = {new.key: marked(kind, new.key, fields(new))}

    found = plan(kind, wanted, {old.key: applied(kind, old)})

    assert bool(found.changed) == bool(changes(kind, fields(new), fields(old)))
    assert not found.added
    assert not found.removed


@given(PAIRS_OF_RECORDS)
def test_the_differ_sees_the_same_changed_fields_through_the_marks(case: Any) -> None:
    kind, old, new = case
    view = applied_fields(kind, old.key, applied(kind, old), fields(new))

    through_marks = changes(kind, fields(new), view)
    directly = changes(kind, fields(new), fields(old))

    assert [(through_mark.field, through_mark.new) for through_mark in through_marks] == [
        (one.field, one.new) for one in directly
    ]


@given(PAIRS_OF_RECORDS)
def test_what_is_remembered_after_a_change_is_what_a_fresh_write_would_leave(case: Any) -> None:
    kind, old, new = case
    held = applied(kind, old)
    view = applied_fields(kind, old.key, held, fields(new))

    assert updated(kind, new.key, held, view, fields(new)) == applied(kind, new)
    assert updated(kind, new.key, held, view, view) == held


@given(PAIRS_OF_RECORDS)
def test_drift_is_seen_through_the_marks_as_it_is_in_the_fields(case: Any) -> None:
    """`old` was applied, somebody made `new` of it: secrets, which nobody can read, apart."""
    kind, old, new = case
    live = {name: value for name, value in fields(new).items() if name not in {"password", "totp"}}
    view = applied_fields(kind, old.key, applied(kind, old), live)

    through_marks = drifted(kind, {**view, "origin": "created"}, live)

    assert through_marks.keys() == drifted(kind, {**fields(old), "origin": "created"}, live).keys()


@given(st.lists(PAIRS_OF_RECORDS, max_size=4), st.sampled_from(["created", "found"]))
def test_what_is_packed_is_what_is_unpacked(cases: Any, origin: str) -> None:
    held = {f"{place} {old.key}": applied(kind, old, origin) for place, (kind, old, _) in enumerate(cases)}
    packed = pack(held)

    assert unpack(packed) == held
    assert applied_keys(packed) == list(held)
    assert not set(packed) & set('<>&"\\')


def test_a_change_of_one_metadata_pair_sends_that_pair_alone() -> None:
    paid = User(**{**_parts(ANN), "metadata": {"plan": "paid", "team": "red"}})
    view = applied_fields("users", ANN.key, applied("users", ANN), fields(paid))

    assert [(change.field, change.new) for change in changes("users", fields(paid), view)] == [
        ("metadata", {"plan": "paid"})
    ]


def test_a_verification_that_is_gone_and_a_password_that_is_gone_change_nothing() -> None:
    rich = User(**{**_parts(ANN), "password": Secret("fingerprint 1", "passwords", 0, 1)})
    poor = User(**{**_parts(ANN), "email_verified": False})
    wanted = {ANN.key: marked("users", ANN.key, fields(poor))}

    assert not plan("users", wanted, {ANN.key: applied("users", rich)})


def test_a_membership_whose_end_is_made_anew_is_made_anew() -> None:
    one = Membership("org_one", "auth0|ann")
    wanted = {one.key: marked("memberships", one.key, fields(one))}

    found = plan("memberships", wanted, {one.key: applied("memberships", one)}, {one.key})

    assert (found.added, found.changed, found.removed) == ([one.key], [], [])
    assert str(found) == "+1 ~0 -0"


@pytest.mark.parametrize("text", ["no_digest", "key "])
def test_what_is_no_line_is_refused(text: str) -> None:
    with pytest.raises((ValueError, IndexError)):
        plan("users", digests(text), {"key": applied("users", ANN)})


@pytest.mark.parametrize("text", ["!!!!", "00000", "~~~~~", "&<>&<", "é"])
def test_what_is_no_packed_state_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        unpack(text)


def _parts(user: User) -> dict[str, Any]:
    return {name: getattr(user, name) for name in User.__slots__}
