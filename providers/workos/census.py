"""The live directory, listed once in pages of 100: what exists already, found without a request each."""

from __future__ import annotations

import threading
from collections import defaultdict
from concurrent.futures import Executor

from providers.workos.client import WorkOS
from providers.workos.kinds import Fields
from providers.workos.memberships import MEMBERSHIPS, STATUSES, membership_fields
from providers.workos.organizations import ORGANIZATIONS, organization_fields
from providers.workos.users import USERS, user_fields


class Census:
    """What WorkOS holds, each list read when it is first asked for and kept for the process. Thread-safe."""

    def __init__(self, door: WorkOS, pool: Executor) -> None:
        """Memberships of several organizations are listed at once, in `pool`."""
        self._door, self._pool = door, pool
        self._lock = threading.Lock()
        self._organizations: dict[str, Fields] | None = None
        self._users: dict[str, Fields] | None = None
        self._memberships: dict[str, list[Fields]] = {}

    def organizations(self) -> dict[str, Fields]:
        """Every organization by WorkOS id, its `id` among its fields. Raises WorkOSFault."""
        with self._lock:
            if self._organizations is None:
                found = self._door.pages(*ORGANIZATIONS)
                self._organizations = {one["id"]: {"id": one["id"], **organization_fields(one)} for one in found}
            return self._organizations

    def users(self) -> dict[str, Fields]:
        """Every user by WorkOS id, likewise."""
        with self._lock:
            if self._users is None:
                found = self._door.pages(*USERS)
                self._users = {one["id"]: {"id": one["id"], **user_fields(one)} for one in found}
            return self._users

    def memberships(self, organizations: list[str]) -> dict[str, Fields]:
        """The active and inactive memberships of these organizations (WorkOS ids) by WorkOS id. Raises WorkOSFault."""
        with self._lock:
            missing = [one for one in dict.fromkeys(organizations) if one not in self._memberships]
        for organization, found in zip(missing, self._pool.map(self._of, missing), strict=True):
            with self._lock:
                self._memberships[organization] = found
        with self._lock:
            return {one["id"]: one for organization in organizations for one in self._memberships[organization]}

    def _of(self, organization: str) -> list[Fields]:
        found = self._door.pages(*MEMBERSHIPS, organization_id=organization, statuses=STATUSES)
        return [{"id": one["id"], **membership_fields(one)} for one in found]


class Found:
    """What a census found, by what a record to be made is known by: so that it is taken over without a request."""

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
                self._index["organizations"] = {str(one["external_id"]): one for one in live if one["external_id"]}
                self._listed.add("organizations")
        return self._index["organizations"].get(external_id)

    def user(self, external_id: str, email: str) -> Fields | None:
        """The live user with this external id; else, where allowed, one with this email and none."""
        with self._lock:
            if "users" not in self._listed:
                for one in self._census.users().values():
                    if one["external_id"]:
                        self._index["users"][str(one["external_id"])] = one
                    elif self._by_email:
                        self._index["emails"][str(one["email"])] = one
                self._listed.add("users")
        return self._index["users"].get(external_id) or self._index["emails"].get(email)

    def membership(self, organization_id: str, user_id: str) -> Fields | None:
        """The live membership of this pair of WorkOS ids."""
        pair = f"{organization_id}/{user_id}"
        return self._index["memberships"].get(pair)

    def list_memberships(self, organizations: list[str]) -> None:
        """List the memberships of these organizations (WorkOS ids), so that `membership` knows them."""
        live = self._census.memberships(organizations)
        pairs = {f"{one['organization_id']}/{one['user_id']}": one for one in live.values()}
        with self._lock:
            self._index["memberships"].update(pairs)
