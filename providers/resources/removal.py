"""What happens in WorkOS to a record that left the export, as `ferry:removed` says.

The engine deletes last, and not at all after an error. So a run that has a setback removes here first what left: one
record that WorkOS refuses must not keep anybody in who is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from providers.directory.model import SCHEMAS
from providers.resources.host import Host
from providers.resources.setback import Setback
from providers.settings import Kind, Removal
from providers.state.bags import Leaver
from providers.workos.client import Fatal, WorkOSFault
from providers.workos.memberships import Memberships
from providers.workos.users import DELETION_NOT_ALLOWED

_AT_ONCE = 16


def remove(here: Host, kind: Kind, key: str, id_: str, ends: tuple[str, str] | None) -> Removal:
    """Remove or deactivate one record, unless it stands in the export or this run declares its object.

    `ends` are the keys of a membership's organization and user. Returns what became of the object: `retain` if WorkOS
    keeps it as it is. Raises WorkOSFault.
    """
    if id_ in here.in_use or not here.directory.has_left(kind, key):
        return "retain"
    removal = here.settings.removal_of(kind)
    if removal == "retain":
        return "retain"
    if earlier := here.journal.has_left(kind, id_):
        return earlier.removal
    if ends and goes_with_its_end(kind, ends, here.settings.removal_of, here.directory.has_left):
        return "delete"
    records = here.records(kind)
    if removal == "delete":
        records.remove(id_)
    elif isinstance(records, Memberships):
        records.switch_off(id_)
    return removal


def finish(here: Host) -> None:
    """After all turns: bring to its end what is unsettled, and after a setback remove here what left.

    Raises WorkOSFault.
    """
    here.settle()
    if here.fatal is None and here.setbacks:
        remove_all_that_left(here)


def remove_all_that_left(here: Host) -> None:
    """Remove every record that left the stack in this run; what WorkOS refuses is a setback like any other. The
    journal notes what was dealt with: after an error the engine keeps the resource, and would count it again every day.

    A run that is stopped leaves the others to the next one. Raises Fatal.
    """

    def attempt(leaver: Leaver) -> None:
        if here.is_stopping():
            return
        try:
            removal = remove(here, *leaver)
        except Fatal:
            raise
        except WorkOSFault as fault:
            here.set_back(Setback(leaver.kind, leaver.key, "failed", fault.code, why_not_removed(here, fault)))
        else:
            here.journal.note_left(leaver.kind, leaver.key, leaver.id, removal)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(attempt, here.leaving))


def why_not_removed(here: Host, fault: WorkOSFault) -> str:
    """What is said of an object that is to go, and what to do next."""
    message = f"cannot be removed: {fault}"
    if DELETION_NOT_ALLOWED not in fault.codes:
        return f"{message}. Run again"
    if here.destroys:
        return f"{message}. Remove it where it is managed and run again, or keep it: pulumi state delete its resource"
    keep = "pulumi config set --path ferry:removed.users retain"
    return f"{message}. Remove it where it is managed, or keep it in WorkOS ({keep}), and run pulumi up"


def goes_with_its_end(
    kind: Kind, ends: tuple[str, str], removal_of: Callable[[Kind], Removal], has_left: Callable[[Kind, str], bool]
) -> bool:
    """Does WorkOS delete this record with one of those that it is between? Then it needs no write of its own."""
    of = zip(SCHEMAS[kind].ends, ends, strict=True)
    return any(removal_of(end_kind) == "delete" and has_left(end_kind, end) for (_, end_kind), end in of)
