"""What an `up` makes of the journal that an earlier run left, and of the leavers that it notes."""

from __future__ import annotations

from providers.settings import Kind
from providers.state.declaration import Declaration
from providers.state.journal import Journal, Standing, aside_line
from providers.state.last_state import LastState


def standing(journal: Journal, last_state: LastState) -> Standing:
    """What the journal is beside the last state."""
    whole = _serial(last_state)

    def includes(kind: Kind, cohort: int) -> int:
        known = last_state.cohorts[kind].get(cohort)
        return max(whole, known.outputs.journal if known else 0)

    return journal.standing(last_state.lives(), includes, alone=last_state.is_empty)


def settle_leavers(journal: Journal, last_state: LastState, declaration: Declaration) -> None:
    """Leavers that an earlier run dealt with do not count in this one. The journal is only read."""
    if standing(journal, last_state) != "other":
        last_state.settle(journal.left(), declaration.declares)


def knows_more(journal: Journal, last_state: LastState) -> bool:
    """May the journal know of writes that the state does not?"""
    found = standing(journal, last_state)
    return bool(found == "ahead" or (found == "alone" and journal.objects()))


def begin_journal(journal: Journal, last_state: LastState) -> str:
    """Begin the journal of a run: one of another life is set aside, and one that the state includes gives way.

    `last_state` is settled (`settle_leavers`). Returns what a person is to be told, '' for nothing.
    """
    found, message = standing(journal, last_state), ""
    if found == "other":
        path = journal.path
        message = aside_line(path, journal.set_aside(), "it is of another life of this stack")
    elif found == "included":
        journal.renew(leaver for leaver in journal.left() if last_state.holds(leaver.kind, leaver.id))
    for kind, id_ in last_state.returned:
        journal.note_back(kind, id_)
    lives = last_state.lives()
    journal.begin(
        "" if journal.life in lives else min(lives, default=""), _serial(last_state), alone=last_state.is_empty
    )
    return message


def _serial(last_state: LastState) -> int:
    return last_state.target.journal
