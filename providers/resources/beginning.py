"""What an `up` makes of the journal that an earlier run left, and of the leavers that it notes."""

from __future__ import annotations

from providers.resources.declaration import Declaration
from providers.resources.journal import Journal, Standing, aside_line
from providers.resources.previous import Previous
from providers.settings import Kind


def standing(journal: Journal, previous: Previous) -> Standing:
    """What the journal is beside the last state."""
    whole = _serial(previous)

    def includes(kind: Kind, cohort: int) -> int:
        held = previous.cohorts[kind].get(cohort)
        return max(whole, int(held.outputs.get("journal") or 0) if held else 0)

    return journal.standing(previous.lives(), includes, alone=previous.is_empty)


def settle_leavers(journal: Journal, previous: Previous, declaration: Declaration) -> None:
    """Whom an earlier run dealt with is no leaver of this one. Reads only."""
    if standing(journal, previous) != "other":
        previous.settle(journal.left(), declaration.declares)


def knows_more(journal: Journal, previous: Previous) -> bool:
    """May the journal know of writes that the state does not?"""
    found = standing(journal, previous)
    return bool(found == "ahead" or (found == "alone" and journal.objects()))


def begin_journal(journal: Journal, previous: Previous) -> str:
    """Begin the journal of a run: one of another life is set aside, and one that the state includes gives way.

    `previous` is settled (`settle_leavers`). Returns what a person is to be told, '' for nothing.
    """
    found, told = standing(journal, previous), ""
    if found == "other":
        path = journal.path
        told = aside_line(path, journal.set_aside(), "it is of another life of this stack")
    elif found == "included":
        journal.renew(one for one in journal.left() if previous.holds(one.kind, one.id))
    for kind, id_ in previous.returned:
        journal.note_back(kind, id_)
    lives = previous.lives()
    journal.begin("" if journal.life in lives else min(lives, default=""), _serial(previous), alone=previous.is_empty)
    return told


def _serial(previous: Previous) -> int:
    return int(previous.target.get("journal") or 0)
