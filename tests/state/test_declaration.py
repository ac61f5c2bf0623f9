"""Which grain a kind is declared in, and what is declared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from providers.directory.store import Store, open_store
from providers.settings import Kind, Settings, read_settings
from providers.state.cohorts import cohort_of
from providers.state.declaration import declaration
from tests.tenant import member, organization, person, write

PEOPLE = 1_001


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """1,001 users, one of them in an organization whose id holds a slash."""
    folder = tmp_path_factory.mktemp("export")
    write(
        folder,
        users=[person(f"{number:04}") for number in range(PEOPLE)],
        organizations=[organization("a/b")],
        members=[member("a/b", "auth0|0000")],
    )
    with open_store(read_settings({"ferry:export": str(folder)}, {}), folder) as opened:
        yield opened


def grains(store: Store, settings: Settings, *in_cohorts: Kind) -> set[str]:
    """The kinds that are declared in cohorts."""
    return set(declaration(store, lambda: set(in_cohorts), settings).texts)


def test_auto_takes_cohorts_above_a_thousand_records_of_a_kind(store: Store) -> None:
    assert grains(store, Settings()) == {"users"}


def test_auto_never_goes_back_to_records(store: Store) -> None:
    assert grains(store, Settings(), "memberships") == {"users", "memberships"}


def test_what_is_configured_wins_and_roles_are_always_records(store: Store) -> None:
    everything: dict[Kind, str] = dict.fromkeys(("organizations", "users", "memberships", "roles"), "cohort")

    assert grains(store, Settings.model_validate({"granularity": everything})) == everything.keys() - {"roles"}
    assert grains(store, Settings.model_validate({"granularity": "record"}), "users") == set()


@pytest.mark.parametrize("grain", ["record", "cohort"])
def test_what_is_declared_is_known_by_its_key_in_either_grain(store: Store, grain: str) -> None:
    """A membership's cohort is its organization's, whatever slashes there are."""
    declared = declaration(store, set, Settings.model_validate({"granularity": grain}))

    assert declared.declares("users", "auth0|0500")
    assert not declared.declares("users", "auth0|9999")
    assert declared.declares("memberships", "org_a/b/auth0|0000")
    assert not declared.declares("memberships", "org_a/b/auth0|0001")
    assert declared.undeclared("users", cohort_of("auth0|0500"), ["auth0|0500", "gone"]) == ["gone"]
