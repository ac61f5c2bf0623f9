"""The directory as the kinds and the cohorts ask for it, read from the store by many threads."""

from __future__ import annotations

import threading
from collections.abc import Callable

from providers.auth0.hashes import PasswordHash
from providers.directory.model import OrganizationFields, Record, UserFields, fields
from providers.directory.store import Store
from providers.settings import Kind


class StoredDirectory:
    """One store, opened when first asked for. Thread-safe."""

    def __init__(self, store: Callable[[], Store]) -> None:
        self._store = store
        self._totals: dict[str, int] = {}
        self._lock = threading.Lock()

    def user(self, external_id: str) -> UserFields | None:
        """The fields of the declared user with this external id."""
        with self._lock:
            found = self._store().user_by_external_id(external_id)
        return fields(found) if found else None

    def is_verified_in_auth0(self, external_id: str) -> bool:
        """Does Auth0 itself call this declared user's email verified? `trust-text` does not count."""
        with self._lock:
            return self._store().is_verified_in_auth0(external_id)

    def user_by_key(self, key: str) -> UserFields | None:
        """The fields of the declared user with this key."""
        with self._lock:
            found = self._store().user_by_key(key)
        return fields(found) if found else None

    def organization(self, external_id: str) -> OrganizationFields | None:
        """The fields of the declared organization with this external id."""
        with self._lock:
            found = self._store().organization_by_external_id(external_id)
        return fields(found) if found else None

    def total(self, kind: Kind) -> int:
        """How many records of a kind there are; counted once."""
        with self._lock:
            self._totals = self._totals or self._store().totals()
            return self._totals[kind]

    def record(self, kind: Kind, key: str) -> Record | None:
        """The declared record with this key."""
        with self._lock:
            return self._store().record(kind, key)

    def declares(self, kind: Kind, name: str) -> bool:
        """Does the directory declare a record with this key or external id?"""
        with self._lock:
            return self._store().declares(kind, name)

    def has_left(self, kind: Kind, name: str) -> bool:
        """Is the record gone from the export? What is refused or left out on purpose stands there still."""
        with self._lock:
            store = self._store()
            return not store.declares(kind, name) and not store.withholds(kind, name)

    def password(self, external_id: str, fingerprint: str) -> PasswordHash:
        """The hash with this fingerprint, read from the export. Raises ExportError if the export changed."""
        with self._lock:
            return self._store().secret("password", external_id, fingerprint)

    def totp(self, external_id: str, fingerprint: str) -> str:
        """The authenticator secret with this fingerprint, likewise."""
        with self._lock:
            return self._store().secret("totp", external_id, fingerprint)
