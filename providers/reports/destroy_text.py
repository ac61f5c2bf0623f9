"""What `pulumi destroy` is about to take away, what it leaves, and what that costs, in lines for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from providers.reports.bill import duration, seconds, undoing
from providers.settings import FILE_OF, FILES, KINDS, UNDELETABLE_KINDS, Kind


@dataclass
class Inventory:
    """The objects of a stack by what a destroy does to them; of what stays the first key by kind.

    `along` are the memberships, among those that go, which WorkOS deletes with their user or organization.
    """

    going: Counter[Kind] = field(default_factory=Counter)
    staying: Counter[Kind] = field(default_factory=Counter)
    first: dict[Kind, str] = field(default_factory=dict)
    along: int = 0


def dismantling_lines(inventory: Inventory, share: float) -> Iterator[str]:
    """One line about what goes, and one about what stays, if anything does."""
    memberships, users, organizations = (inventory.going[kind] for kind in ("memberships", "users", "organizations"))
    requests = undoing({**inventory.going, "memberships": memberships - inventory.along})
    number = sum(request.count for request in requests)
    yield (
        f"destroy: deletes {users:,} users, {organizations:,} organizations and {memberships:,} memberships, "
        f"{inventory.along:,} of these with their user or organization: {number:,} requests, "
        f"at least {duration(seconds(requests, share))} at ferry:rateShare {share:g}"
    )
    lines = [
        f"{inventory.staying[kind]:,} {kind} (first: {inventory.first[kind]}), {_why(kind)}"
        for kind in sorted(KINDS, key=lambda kind: FILES.index(FILE_OF[kind]))
        if inventory.staying[kind]
    ]
    if lines:
        yield f"destroy: leaves in WorkOS {'; '.join(lines)}"


def _why(kind: Kind) -> str:
    return "which WorkOS cannot delete" if kind in UNDELETABLE_KINDS else "which Ferry did not create"
