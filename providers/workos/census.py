"""The live directory, listed once in pages of 100: what exists already, found without a request each."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from typing import Protocol

from providers.directory.differ import text
from providers.directory.schema import Values
from providers.settings import Kind
from providers.workos.by_kind import RECORDS
from providers.workos.client import Door, Gone
from providers.workos.listing import Listing
from providers.workos.memberships import STATUSES, Memberships
from providers.workos.organizations import Organizations
from providers.workos.users import Users

#: Requests of one list that are under way at the same time.
_AT_ONCE = 32
#: Pages of one organization's memberships that are read one after the other before its list counts as long.
_SHORT = 10

#: Objects by WorkOS id, each with its `id` among its fields.
ById = dict[str, Values]


class Lists(Protocol):
    """What WorkOS holds, listed: as it is (`Census`), or as a rehearsal knows it."""

    def organizations(self) -> ById:
        """Every organization. Raises WorkOSFault."""

    def users(self) -> ById:
        """Every user, likewise."""

    def memberships(self, organizations: Iterable[str]) -> ById:
        """The active and inactive memberships of these organizations (WorkOS ids), likewise."""

    def by_id(self, kind: Kind, id_: str) -> Values | None:
        """One object read by its id, as it is now; None if it is gone. Lists may lag behind what was written."""


class Census:
    """What WorkOS holds, each list read when it is first asked for and kept for the process. Thread-safe."""

    def __init__(self, door: Door, known: Callable[[Kind, str], Iterable[str]] = lambda *_: ()) -> None:
        """`known` returns WorkOS ids spread over a kind, or over one organization's memberships (by its external id):
        the places from which a long list is read at once.
        """
        self._door, self._known = door, known
        self._lock = threading.Lock()
        self._organizations: ById | None = None
        self._users: ById | None = None
        self._memberships: dict[str, list[Values]] = {}

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """Threads of its own: all callers may be threads of another pool."""
        return ThreadPoolExecutor(_AT_ONCE, "census")

    @cached_property
    def _walkers(self) -> ThreadPoolExecutor:
        """For the long lists that a thread of the pool waits for."""
        return ThreadPoolExecutor(_AT_ONCE, "census-walk")

    def organizations(self) -> ById:
        """Every organization by WorkOS id, its `id` among its fields. Raises WorkOSFault."""
        with self._lock:
            if self._organizations is None:
                found = self._door.pages(*Organizations.path)
                self._organizations = {listed["id"]: Organizations.seen(listed) for listed in found}
            return self._organizations

    def users(self) -> ById:
        """Every user by WorkOS id, likewise."""
        with self._lock:
            if self._users is None:
                self._users = {text(user["id"]): user for user in self.each_user()}
            return self._users

    def each_user(self) -> Iterator[Values]:
        """Every user, likewise, as they are read and not kept; a user may come twice."""
        listing = Listing(self._door, *Users.path, starts=self._known("users", ""))
        for objects in listing.pages(self._pool):
            yield from (Users.seen(user) for user in objects)

    def memberships(self, organizations: Iterable[str]) -> ById:
        """The active and inactive memberships of these organizations (WorkOS ids) by WorkOS id. Raises WorkOSFault."""
        organizations = list(dict.fromkeys(organizations))
        with self._lock:
            missing = [organization for organization in organizations if organization not in self._memberships]
        for organization, found in zip(missing, self._pool.map(self._of, missing), strict=True):
            with self._lock:
                self._memberships[organization] = found
        with self._lock:
            return {
                text(membership["id"]): membership
                for organization in organizations
                for membership in self._memberships[organization]
            }

    def each_organization(self, organizations: Iterable[str]) -> Iterator[tuple[str, list[Values]]]:
        """These organizations (WorkOS ids), each with its memberships, in their order and not kept."""
        organizations = list(organizations)
        yield from zip(organizations, self._pool.map(self._of, organizations), strict=True)

    def by_id(self, kind: Kind, id_: str) -> Values | None:
        """One object read by its id, as it is now; None if it is gone. Lists may lag behind what was written."""
        try:
            return RECORDS[kind].seen(self._door.call("GET", *RECORDS[kind].path, id_))
        except Gone:
            return None

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(cancel_futures=True)
        self._walkers.shutdown(cancel_futures=True)

    def _of(self, organization: str) -> list[Values]:
        params = {"organization_id": organization, "statuses": STATUSES}
        found: ById = {}
        after = None
        for _ in range(_SHORT):
            objects, after = self._door.page(*Memberships.path, after=after, **params)
            found |= {membership["id"]: Memberships.seen(membership) for membership in objects}
            if not after:
                break
        else:
            starts = self._known("memberships", text(self.organizations()[organization]["external_id"]))
            for objects in Listing(self._door, *Memberships.path, starts=starts, after=after, **params).pages(
                self._walkers
            ):
                found |= {membership["id"]: Memberships.seen(membership) for membership in objects}
        return list(found.values())


class Found:
    """What a census found, by the identity of a record to be made: a match is taken over without a request."""

    def __init__(self, census: Lists, *, by_email: bool) -> None:
        """`by_email`: a user without external id is found by its email too (`ferry:adopt`)."""
        self._census, self._by_email = census, by_email
        self._lock = threading.Lock()
        self._index: dict[str, ById] = defaultdict(dict)
        self._listed: set[str] = set()

    def there(self, kind: Kind, desired: Values) -> Values | None:
        """The live object that a record to be made is by its identity, None if there is none."""
        if kind == "organizations":
            return self.organization(text(desired["external_id"]))
        if kind == "users":
            return self.user(text(desired["external_id"]), text(desired["email"]))
        return self.membership(text(desired["organization_id"]), text(desired["user_id"]))

    def organization(self, external_id: str) -> Values | None:
        """The live organization with this external id."""
        with self._lock:
            if "organizations" not in self._listed:
                live = self._census.organizations().values()
                self._index["organizations"] = {
                    text(organization["external_id"]): organization
                    for organization in live
                    if organization["external_id"]
                }
                self._listed.add("organizations")
        return self._index["organizations"].get(external_id)

    def user(self, external_id: str, email: str) -> Values | None:
        """The live user with this external id; else, where allowed, the one with this email and no external id."""
        with self._lock:
            if "users" not in self._listed:
                for user in self._census.users().values():
                    if user["external_id"]:
                        self._index["users"][text(user["external_id"])] = user
                    elif self._by_email:
                        self._index["emails"][text(user["email"]).strip().lower()] = user
                self._listed.add("users")
        return self._index["users"].get(external_id) or self._index["emails"].get(email)

    def membership(self, organization_id: str, user_id: str) -> Values | None:
        """The live membership of this pair of WorkOS ids."""
        pair = f"{organization_id}/{user_id}"
        return self._index["memberships"].get(pair)

    def list_memberships(self, organizations: list[str]) -> None:
        """List the memberships of these organizations (WorkOS ids), so that `membership` knows them."""
        live = self._census.memberships(organizations)
        pairs = {f"{membership['organization_id']}/{membership['user_id']}": membership for membership in live.values()}
        with self._lock:
            self._index["memberships"].update(pairs)
