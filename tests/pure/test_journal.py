"""The journal on disk: what was written is read back, whatever cut it short, and only what the state does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.directory.applied import Applied
from providers.resources.journal import Journal, journal_path, last_serial

ANN, BEE = Applied("user_1", b"\0"), Applied("user_2", b"\1abcd", "found", ("a.example",), {"plan": "00000000"})


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A journal that is not there yet, nor its folder."""
    return tmp_path / "new" / "dev.journal"


def written(path: Path, now: int = 7) -> Journal:
    """Ann was made, then Bee, in cohort 1; Ann was removed."""
    journal = Journal(path, lambda: now)
    journal.note("users", "auth0|ann", ANN, 1)
    journal.note("users", "auth0|bee", BEE, 1)
    journal.note("users", "auth0|ann", None, 1)
    return journal


def test_what_was_written_is_known_to_the_next_run(path: Path) -> None:
    written(path)
    journal = Journal(path)

    assert journal.since("users", 1, 0) == {"auth0|ann": None, "auth0|bee": BEE}
    assert journal.since("users", 2, 0) == {}
    assert journal.since("memberships", 1, 0) == {}
    assert journal.knows("users")
    assert not journal.knows("memberships")


def test_a_state_that_includes_a_line_is_told_only_later_ones(path: Path) -> None:
    """The serials are 7, 8 and 9: the clock stands, or was set back."""
    written(path)
    journal = Journal(path)

    assert journal.since("users", 1, 8) == {"auth0|ann": None}
    assert journal.since("users", 1, journal.serial()) == {}
    assert (journal.serial(), last_serial(path)) == (9, 9)


def test_serials_go_on_from_the_last_one(path: Path) -> None:
    written(path)
    later = Journal(path, lambda: 3)
    later.since("users", 1, 0)
    later.note("users", "auth0|cee", ANN, 1)

    assert last_serial(path) == 10


@pytest.mark.parametrize("cut", [1, 5, 30])
def test_a_line_that_a_kill_cut_short_is_left_out_and_spoils_no_later_one(path: Path, cut: int) -> None:
    written(path)
    path.write_bytes(path.read_bytes()[:-cut])
    Journal(path, lambda: 20).note("users", "auth0|cee", ANN, 1)

    told = Journal(path).since("users", 1, 0)
    assert told["auth0|cee"] == ANN
    assert told["auth0|bee"] == BEE
    assert told["auth0|ann"] == (None if cut == 1 else ANN)


def test_witnesses_are_objects_that_should_be_there(path: Path) -> None:
    written(path)

    assert Journal(path).witnesses() == [("users", "user_2")]


def test_a_journal_that_is_dropped_is_gone(path: Path) -> None:
    written(path)
    journal = Journal(path)
    journal.forget()

    assert journal.since("users", 1, 0) == {}
    assert not path.exists()


def test_it_is_the_owners_alone_and_every_environment_has_its_own(path: Path, tmp_path: Path) -> None:
    written(path)

    assert path.stat().st_mode & 0o777 == 0o600
    one = journal_path(tmp_path, "dev", "https://api.workos.com", "sk_test_1")
    assert one != journal_path(tmp_path, "dev", "https://api.workos.com", "sk_test_2")
    assert "sk_test" not in one.name
    assert journal_path(tmp_path, "acme/ferry/dev", "https://api.workos.com", "sk_test_1") == one
