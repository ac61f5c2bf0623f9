"""The lists that a run would read, made from a rehearsal's objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from providers.directory.differ import text
from providers.directory.schema import Values
from providers.settings import Kind
from providers.workos.by_kind import RECORDS
from providers.workos.census import ById
from providers.workos.client import Gone
from providers.workos.rehearsal.door import Rehearsal, Sent

_PAGE = 100


class RehearsedCensus:
    """Answers like a census. Each page that a run would read counts among the requests of the rehearsal."""

    def __init__(self, door: Rehearsal) -> None:
        self._door = door
        self._listed: set[str] = set()
        self._members: dict[str, list[Values]] = {}

    def organizations(self) -> ById:
        """Every organization by WorkOS id."""
        return self._list("organizations")

    def users(self) -> ById:
        """Every user by WorkOS id."""
        return self._list("users")

    def memberships(self, organizations: Iterable[str]) -> ById:
        """The memberships that these organizations had before the rehearsal, by WorkOS id."""
        if not self._members:
            self._members = _by_organization(self._door.objects["memberships"].before.values())
        found: ById = {}
        for organization in organizations:
            members = self._members.get(organization, [])
            if organization not in self._listed:
                self._listed.add(organization)
                self._count("memberships", len(members))
            found |= {text(membership["id"]): membership for membership in members}
        return found

    def by_id(self, kind: Kind, id_: str) -> Values | None:
        """One object as it was before the rehearsal."""
        self._door.sent.append(Sent("GET", RECORDS[kind].one(), kind, id_))
        return self._door.objects[kind].before.get(id_)

    def _list(self, kind: Kind) -> ById:
        found: ById = {text(live["id"]): live for live in self._door.objects[kind]}
        if kind not in self._listed:
            self._listed.add(kind)
            self._count(kind, len(found))
        return found

    def _count(self, kind: Kind, objects: int) -> None:
        self._door.sent += [Sent("GET", RECORDS[kind].template(), kind, "")] * max(1, -(-objects // _PAGE))


class RehearsedDirectory:
    """What a census would find after the run, to be verified."""

    def __init__(self, door: Rehearsal) -> None:
        self._door = door

    def organizations(self) -> ById:
        """Every organization by WorkOS id."""
        return {text(organization["id"]): organization for organization in self._door.objects["organizations"]}

    def each_user(self) -> Iterator[Values]:
        """Every user."""
        yield from self._door.objects["users"]

    def each_organization(self, organizations: Iterable[str]) -> Iterator[tuple[str, list[Values]]]:
        """These organizations with their memberships."""
        members = _by_organization(self._door.objects["memberships"])
        yield from ((id_, members.get(id_, [])) for id_ in organizations)

    def by_id(self, kind: Kind, id_: str) -> Values | None:
        """One object."""
        try:
            return self._door.objects[kind].get(id_)
        except Gone:
            return None


def _by_organization(memberships: Iterable[Values]) -> dict[str, list[Values]]:
    found: dict[str, list[Values]] = defaultdict(list)
    for membership in memberships:
        found[text(membership["organization_id"])].append(membership)
    return found
