"""The live directory, listed once in pages of 100: what exists already, found without a request each."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property

from providers.settings import Kind
from providers.workos.client import Gone, WorkOS
from providers.workos.kinds import Fields
from providers.workos.listing import Listing
from providers.workos.memberships import MEMBERSHIPS, STATUSES, membership_fields
from providers.workos.organizations import ORGANIZATIONS, organization_fields
from providers.workos.users import USERS, user_fields

#: Requests of one list that are under way at the same time.
_AT_ONCE = 32
#: Pages of one organization's memberships that are read one after the other before its list counts as long.
_SHORT = 10

_READ: dict[Kind, tuple[tuple[str, ...], Callable[[Fields], Fields]]] = {
    "organizations": (ORGANIZATIONS, organization_fields),
    "users": (USERS, user_fields),
    "memberships": (MEMBERSHIPS, membership_fields),
}


class Census:
    """What WorkOS holds, each list read when it is first asked for and kept for the process. Thread-safe."""

    def __init__(self, door: WorkOS, known: Callable[[Kind, str], Iterable[str]] = lambda *_: ()) -> None:
        """`known` returns WorkOS ids spread over a kind, or over one organization's memberships (by its external id):
        the places from which a long list is read at once.
        """
        self._door, self._known = door, known
        self._lock = threading.Lock()
        self._organizations: dict[str, Fields] | None = None
        self._users: dict[str, Fields] | None = None
        self._memberships: dict[str, list[Fields]] = {}

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        """Threads of its own: all callers may be threads of another pool."""
        return ThreadPoolExecutor(_AT_ONCE, "census")

    @cached_property
    def _walkers(self) -> ThreadPoolExecutor:
        """For the long lists that a thread of the pool waits for."""
        return ThreadPoolExecutor(_AT_ONCE, "census-walk")

    def organizations(self) -> dict[str, Fields]:
        """Every organization by WorkOS id, its `id` among its fields. Raises WorkOSFault."""
        with self._lock:
            if self._organizations is None:
                found = self._door.pages(*ORGANIZATIONS)
                self._organizations = {
                    organization["id"]: {"id": organization["id"], **organization_fields(organization)}
                    for organization in found
                }
            return self._organizations

    def users(self) -> dict[str, Fields]:
        """Every user by WorkOS id, likewise."""
        with self._lock:
            if self._users is None:
                self._users = {user["id"]: user for user in self.each_user()}
            return self._users

    def each_user(self) -> Iterator[Fields]:
        """Every user, likewise, as they are read and not kept; a user may come twice."""
        listing = Listing(self._door, *USERS, starts=self._known("users", ""))
        for objects in listing.pages(self._pool):
            yield from ({"id": user["id"], **user_fields(user)} for user in objects)

    def memberships(self, organizations: Iterable[str]) -> dict[str, Fields]:
        """The active and inactive memberships of these organizations (WorkOS ids) by WorkOS id. Raises WorkOSFault."""
        organizations = list(dict.fromkeys(organizations))
        with self._lock:
            missing = [organization for organization in organizations if organization not in self._memberships]
        for organization, found in zip(missing, self._pool.map(self._of, missing), strict=True):
            with self._lock:
                self._memberships[organization] = found
        with self._lock:
            return {
                membership["id"]: membership
                for organization in organizations
                for membership in self._memberships[organization]
            }

    def each_organization(self, organizations: Iterable[str]) -> Iterator[tuple[str, list[Fields]]]:
        """These organizations (WorkOS ids), each with its memberships, in their order and not kept."""
        organizations = list(organizations)
        yield from zip(organizations, self._pool.map(self._of, organizations), strict=True)

    def by_id(self, kind: Kind, id_: str) -> Fields | None:
        """One object read by its id, as it is now; None if it is gone. Lists may lag behind what was written."""
        path, fields = _READ[kind]
        try:
            found = self._door.call("GET", *path, id_)
        except Gone:
            return None
        return {"id": found["id"], **fields(found)}

    def close(self) -> None:
        """Let go of the threads."""
        self._pool.shutdown(cancel_futures=True)
        self._walkers.shutdown(cancel_futures=True)

    def _of(self, organization: str) -> list[Fields]:
        params = {"organization_id": organization, "statuses": STATUSES}
        found: dict[str, Fields] = {}
        after = None
        for _ in range(_SHORT):
            objects, after = self._door.page(*MEMBERSHIPS, after=after, **params)
            found |= {membership["id"]: membership for membership in objects}
            if not after:
                break
        else:
            starts = self._known("memberships", str(self.organizations()[organization]["external_id"]))
            for objects in Listing(self._door, *MEMBERSHIPS, starts=starts, after=after, **params).pages(self._walkers):
                found |= {membership["id"]: membership for membership in objects}
        return [{"id": membership["id"], **membership_fields(membership)} for membership in found.values()]


class Found:
    """What a census found, by the identity of a record to be made: a match is taken over without a request."""

    def __init__(self, census: Census, *, by_email: bool) -> None:
        """`by_email`: a user without external id is found by its email too (`ferry:adopt`)."""
        self._census, self._by_email = census, by_email
        self._lock = threading.Lock()
        self._index: dict[str, dict[str, Fields]] = defaultdict(dict)
        self._listed: set[str] = set()

    def organization(self, external_id: str) -> Fields | None:
        """The live organization with this external id."""
        with self._lock:
            if "organizations" not in self._listed:
                live = self._census.organizations().values()
                self._index["organizations"] = {
                    str(organization["external_id"]): organization
                    for organization in live
                    if organization["external_id"]
                }
                self._listed.add("organizations")
        return self._index["organizations"].get(external_id)

    def user(self, external_id: str, email: str) -> Fields | None:
        """The live user with this external id; else, where allowed, the one with this email and no external id."""
        with self._lock:
            if "users" not in self._listed:
                for user in self._census.users().values():
                    if user["external_id"]:
                        self._index["users"][str(user["external_id"])] = user
                    elif self._by_email:
                        self._index["emails"][str(user["email"]).strip().lower()] = user
                self._listed.add("users")
        return self._index["users"].get(external_id) or self._index["emails"].get(email)

    def membership(self, organization_id: str, user_id: str) -> Fields | None:
        """The live membership of this pair of WorkOS ids."""
        pair = f"{organization_id}/{user_id}"
        return self._index["memberships"].get(pair)

    def list_memberships(self, organizations: list[str]) -> None:
        """List the memberships of these organizations (WorkOS ids), so that `membership` knows them."""
        live = self._census.memberships(organizations)
        pairs = {f"{membership['organization_id']}/{membership['user_id']}": membership for membership in live.values()}
        with self._lock:
            self._index["memberships"].update(pairs)
