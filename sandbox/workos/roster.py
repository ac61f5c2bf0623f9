"""Which memberships there are: by their two ends, by user, by organization and status, and who is an active member."""

from collections import Counter
from collections.abc import Iterator
from typing import TypeVar

from sandbox.workos.objects import STATUSES, Membership
from sandbox.workos.ownership import Ownership
from sandbox.workos.series import Series

Key = TypeVar("Key")


class Roster:
    """The indexes of an environment's memberships, which it holds by id; what is returned is only to be read."""

    def __init__(self) -> None:
        #: The ids of all memberships, and how many have which status.
        self.series = Series()
        self.statuses: Counter[str] = Counter()
        self._by_ends: dict[tuple[str, str], str] = {}
        self._of_user = Ownership()
        self._of_organization: dict[tuple[str, str], Series] = {}
        self._members: dict[str, Series] = {}
        self._assigned: Counter[tuple[str, str]] = Counter()

    def add(self, membership: Membership) -> None:
        """List a membership."""
        organization_id = membership.organization_id
        self.series.add(membership.id)
        self.statuses[membership.status] += 1
        self._by_ends[membership.user_id, organization_id] = membership.id
        self._of_user.add(membership.user_id, membership.id)
        self._of_organization.setdefault((organization_id, membership.status), Series()).add(membership.id)
        if membership.status == "active":
            self._members.setdefault(organization_id, Series()).add(membership.user_id)
        self._assigned.update((organization_id, slug) for slug in membership.roles)

    def remove(self, membership: Membership) -> None:
        """Take a membership off, as it was listed."""
        organization_id = membership.organization_id
        self.series.remove(membership.id)
        self.statuses[membership.status] -= 1
        del self._by_ends[membership.user_id, organization_id]
        self._of_user.remove(membership.user_id, membership.id)
        _drop(self._of_organization, (organization_id, membership.status), membership.id)
        if membership.status == "active":
            _drop(self._members, organization_id, membership.user_id)
        self._assigned.subtract((organization_id, slug) for slug in membership.roles)

    def of_ends(self, user_id: str, organization_id: str) -> str | None:
        """Return the id of the membership of a user in an organization, whatever its status."""
        return self._by_ends.get((user_id, organization_id))

    def of_user(self, user_id: str) -> Series:
        """Return the ids of a user's memberships, whatever their status."""
        return self._of_user.series(user_id)

    def of_organization(self, organization_id: str, status: str) -> Series:
        """Return the ids of an organization's memberships of one status."""
        return self._of_organization.get((organization_id, status)) or Series()

    def all_of_organization(self, organization_id: str) -> Iterator[str]:
        """Give out the ids of an organization's memberships, status by status."""
        for status in STATUSES:
            yield from self.of_organization(organization_id, status).newer(None)

    def members(self, organization_id: str) -> Series:
        """Return the ids of the users with an active membership."""
        return self._members.get(organization_id) or Series()

    def is_assigned(self, organization_id: str, slug: str) -> bool:
        """Tell whether a membership of the organization names a role."""
        return self._assigned[organization_id, slug] > 0


def _drop(index: dict[Key, Series], key: Key, identifier: str) -> None:
    series = index[key]
    series.remove(identifier)
    if not series:
        del index[key]
