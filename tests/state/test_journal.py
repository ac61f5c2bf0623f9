"""The journal on disk: what was written is read back, whatever cut it short, and only what the state does not know."""

from __future__ import annotations

from pathlib import Path

import pytest

from providers.state.applied import Applied
from providers.state.journal import Journal, Left, journal_path

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
    assert journal.serial() == 9


def test_serials_go_on_from_the_last_one(path: Path) -> None:
    written(path)
    later = Journal(path, lambda: 3)
    later.since("users", 1, 0)
    later.note("users", "auth0|cee", ANN, 1)

    assert Journal(path).serial() == 10


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


def test_a_journal_that_does_not_fit_is_set_aside_and_never_lost(path: Path) -> None:
    written(path)
    before = path.read_bytes()
    journal = Journal(path)
    aside = journal.set_aside()

    assert aside.name == "dev.journal.aside-1"
    assert aside.read_bytes() == before
    assert journal.since("users", 1, 0) == {}
    assert not path.exists()
    journal.note("users", "auth0|cee", ANN, 1)
    assert Journal(path).set_aside().name == "dev.journal.aside-2"


def test_it_is_the_owners_alone_and_a_rotated_key_opens_the_same(path: Path, tmp_path: Path) -> None:
    """Another address, and live keys beside test keys, have another."""
    written(path)

    assert path.stat().st_mode & 0o777 == 0o600
    one = journal_path(tmp_path, "dev", "https://api.workos.com", "sk_test_1")
    assert one == journal_path(tmp_path, "dev", "https://api.workos.com", "sk_test_2")
    assert one.name.startswith("dev-test-")
    others = [
        journal_path(tmp_path, "dev", "https://api.workos.com", "sk_live_1"),
        journal_path(tmp_path, "dev", "http://127.0.0.1:8080", "sk_test_1"),
        journal_path(tmp_path, "production", "https://api.workos.com", "sk_test_1"),
    ]
    assert len({one, *others}) == 4


def test_the_name_that_an_earlier_ferry_gave_it_is_found(tmp_path: Path) -> None:
    """It had the key in it, as the first digits of a fingerprint."""
    earlier = tmp_path / ".ferry" / "dev-b1074fed.journal"
    written(earlier)
    path = journal_path(tmp_path, "dev", "https://api.workos.com", "sk_test_1")

    assert Journal(path).since("users", 1, 0).keys() == {"auth0|ann", "auth0|bee"}
    assert not earlier.exists()


@pytest.mark.parametrize(
    ("lives", "serial", "alone", "standing"),
    [
        ({"one"}, 0, False, "ahead"),
        ({"one"}, 9, False, "included"),
        ({"other"}, 0, False, "other"),
        (set(), 0, False, "ahead"),
        (set(), 9, False, "included"),
        (set(), 0, True, "alone"),
    ],
)
def test_what_a_journal_is_beside_a_state(
    path: Path, lives: set[str], serial: int, *, alone: bool, standing: str
) -> None:
    """A state of an earlier Ferry names no life; its journal is the one that is there."""
    Journal(path).begin("one", 0, alone=True)
    written(path)

    assert Journal(path).standing(lives, lambda *_: serial, alone=alone) == standing


def test_a_run_says_which_life_it_is_of_and_serials_never_go_back(path: Path) -> None:
    """The state includes the lines up to 40; the clock was set back since."""
    Journal(path, lambda: 7).begin("one", 40, alone=False)
    journal = Journal(path, lambda: 7)
    journal.note("users", "auth0|ann", ANN, 1)

    assert (journal.life, journal.stands_alone, journal.serial()) == ("one", False, 41)
    Journal(path).begin("", 0, alone=True)
    again = Journal(path)
    assert (again.life, again.stands_alone, again.serial()) == ("one", True, 41)


def test_a_journal_without_a_life_gets_one_that_stays(path: Path) -> None:
    written(path)

    life = Journal(path).life
    assert len(life) == 16
    assert Journal(path).life == life


def test_a_write_is_never_noted_in_the_journal_of_another_life(path: Path) -> None:
    written(path)
    journal = Journal(path)

    assert journal.require_life(journal.life) is None
    aside = journal.require_life("other")
    assert aside is not None
    assert aside.exists()
    journal.note("users", "auth0|cee", ANN, 1)
    assert Journal(path).life == "other"
    assert Journal(path).since("users", 1, 0).keys() == {"auth0|cee"}


def test_each_cohort_knows_how_much_of_it_is_in_the_state(path: Path) -> None:
    """One record that fails every night keeps the verdict from saying so; the cohorts still do."""
    journal = written(path)
    journal.note("users", "auth0|dee", ANN, 2)
    known = {("users", 1): 9, ("users", 2): 10}

    assert Journal(path).standing({journal.life}, lambda *of: known[of], alone=False) == "included"
    known["users", 2] = 0
    assert Journal(path).standing({journal.life}, lambda *of: known[of], alone=False) == "ahead"
    assert Journal(path).since("users", 1, 9) == {}
    assert Journal(path).since("users", 2, 9) == {"auth0|dee": ANN}


DAY = 1_796_000_000 * 10**9


def test_leavers_that_were_dealt_with_are_noted_by_day_until_they_are_declared_again(path: Path) -> None:
    journal = Journal(path, lambda: DAY)
    journal.note_left("users", "auth0|ann", "user_1", "retain")
    journal.note_left("users", "auth0|bee", "user_2", "delete")
    bee = Left("2026-11-30", "users", "auth0|bee", "user_2", "delete")

    assert Journal(path).has_left("users", "user_2") == bee
    assert Journal(path).has_left("memberships", "user_2") is None
    Journal(path).note_back("users", "user_1")
    assert Journal(path).left() == [bee]


def test_a_renewed_journal_keeps_its_life_and_the_leavers_that_the_state_still_has(path: Path) -> None:
    journal = written(path)
    life = journal.life
    journal.note_left("users", "auth0|ann", "user_1", "retain")
    journal.note_left("users", "auth0|bee", "user_2", "delete")
    journal.renew(one for one in journal.left() if one.id == "user_2")

    again = Journal(path)
    assert again.since("users", 1, 0) == {}
    assert [one.id for one in again.left()] == ["user_2"]
    assert (again.life, again.serial()) == (life, 9)


def test_a_good_run_seals_it(path: Path) -> None:
    """Sealed or not, it is read; nothing is sealed that is not there."""
    Journal(path).seal()
    assert not path.exists()
    written(path).seal()

    assert path.read_text(encoding="utf-8").splitlines()[-1] == '{"sealed": 9}'
    assert Journal(path).since("users", 1, 8) == {"auth0|ann": None}
