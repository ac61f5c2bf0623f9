"""What happens in WorkOS to a record that left the export, as `ferry:removed` says.

The engine deletes last, and not at all after an error. So a run that has a setback removes here first what left: one
record that WorkOS refuses must not keep anybody in who is gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from providers.resources.host import Host
from providers.resources.setback import Setback
from providers.settings import Kind, Removal
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
    if removal == "retain" or kind == "roles":
        return "retain"
    if earlier := here.journal.has_left(kind, id_):
        return earlier.removal
    if ends and _goes_with_its_end(here, *ends):
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

    def attempt(leaver: Mapping[str, Any]) -> None:
        kind: Kind = leaver["kind"]
        if here.is_stopping():
            return
        try:
            removal = remove(here, kind, leaver["key"], leaver["id"], ends_in(leaver))
        except Fatal:
            raise
        except WorkOSFault as fault:
            here.set_back(Setback(kind, leaver["key"], "failed", fault.code, why_not_removed(here, fault)))
        else:
            here.journal.note_left(kind, leaver["key"], leaver["id"], removal)

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


def ends_in(bag: Mapping[str, Any]) -> tuple[str, str] | None:
    """The keys of a membership's ends as a bag has them, None for another record."""
    return (str(bag["organization"]), str(bag["user"])) if bag.get("organization") and bag.get("user") else None


def _goes_with_its_end(here: Host, organization: str, user: str) -> bool:
    """Does WorkOS delete this membership with its user or organization? Then it needs no write of its own."""
    of: tuple[tuple[Kind, str], ...] = (("users", user), ("organizations", organization))
    return any(here.settings.removal_of(kind) == "delete" and here.directory.has_left(kind, end) for kind, end in of)
