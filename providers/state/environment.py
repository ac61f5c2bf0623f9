"""Is the WorkOS environment that the key opens the one that this stack was written to?"""

from __future__ import annotations

from providers.directory.model import END_KINDS
from providers.errors import Brake
from providers.state.last_state import LastState
from providers.workos.by_kind import RECORDS
from providers.workos.client import Door, Gone

_WITNESSES = 5


def confirm_target(last_state: LastState, door: Door, live: bool) -> None:
    """One GET of an object the state knows, before the first write of a run: is this the environment it was written to?

    Raises Brake if none of a few objects is there, or if the stack moved between test and live. A stack that knows no
    object has nothing to confirm.
    """
    was_live = last_state.target.live
    if was_live is not None and was_live != live:
        words = {True: "a live key (sk_live_)", False: "a key that is not live"}
        raise Brake(
            f"this stack was written with {words[was_live]} and is now run with {words[live]}. One stack is one "
            "WorkOS environment: make another with pulumi stack init"
        )
    known = [
        (RECORDS[kind].path, known_record.id)
        for kind in END_KINDS
        for known_record in last_state.records[kind].values()
        if known_record.reached
    ]
    for kind in END_KINDS:
        filled = [cohort for cohort in last_state.cohorts[kind].values() if cohort.packed]
        for cohort in filled[:: max(1, len(filled) // _WITNESSES)]:
            known.append((RECORDS[kind].path, next(iter(cohort.applied().values())).id))
    for path, id_ in known[:: max(1, len(known) // _WITNESSES)]:
        try:
            door.call("GET", *path, id_)
        except Gone:
            continue
        return
    if known:
        was = last_state.target.base_url
        place = f" (last written at {was}, now {door.base_url})" if was and was != door.base_url else ""
        raise Brake(
            "WorkOS does not know the objects of this stack: this key opens another environment"
            f"{place}. Check ferry:workosApiKey and ferry:workosBaseUrl. If all of them were removed there on purpose, "
            "begin anew: pulumi stack rm --force, then pulumi stack init"
        )
