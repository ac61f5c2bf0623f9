"""The line that a long cohort says every few seconds, by a clock of its own."""

from __future__ import annotations

from providers.resources.progress import Progress


class Run:
    """A run that writes a record every so many seconds."""

    def __init__(self) -> None:
        self.time, self.said = 0.0, list[str]()
        self.progress = Progress(self.said.append, lambda: 8.0, lambda: self.time)

    def writes(self, records: int, seconds: float) -> None:
        """So many records, so many seconds each."""
        for _ in range(records):
            self.time += seconds
            self.progress.done("users")


def test_a_line_says_done_of_how_many_rate_share_and_time_left() -> None:
    run = Run()
    run.progress.expect("users", 600)
    run.progress.expect("users", 400)
    run.writes(41, 0.25)

    assert run.said == [
        "users: 20 of 1,000, 4.0 a second (50% of what ferry:rateShare allows), 4 min 05 s left",
        "users: 40 of 1,000, 4.0 a second (50% of what ferry:rateShare allows), 4 min 00 s left",
    ]


def test_a_first_run_knows_how_many_there_are_although_its_cohorts_come_one_by_one() -> None:
    run = Run()
    run.progress.expect("users", 40, of=1_000)
    run.writes(21, 0.25)

    assert run.said[-1].startswith("users: 20 of 1,000,")


def test_it_says_nothing_before_some_seconds_have_passed() -> None:
    run = Run()
    run.progress.expect("users", 10)
    run.writes(4, 1)

    assert run.said == []


def test_a_night_is_told_in_hours() -> None:
    run = Run()
    run.progress.expect("users", 1_000_000)
    run.writes(20, 0.25)

    assert run.said[-1].endswith("69 h 26 min left")
