"""The WorkOS environment that belongs to an imported state: every record of an export, under the ids of that state.

Written as a snapshot of the sandbox by the sandbox's own code, in seconds where a load over HTTP takes an hour. It has
neither passwords nor authenticators.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

from providers.directory.store import Store, open_store
from providers.settings import read_settings
from providers.workos.memberships import DEFAULT_ROLE
from sandbox.http.identifiers import identifier
from sandbox.workos.objects import NO_METADATA, Domain, Membership, Organization, Role, User
from sandbox.workos.snapshot import save
from sandbox.workos.state import Environment
from tests.bench.imported_state import APART_MS, PREFIXES


def import_environment(export: Path, project: Path, snapshot: Path) -> None:
    """Write the snapshot of an environment that holds this export as `imported_state` says it does."""
    environment = Environment()
    settings = read_settings({"ferry:export": str(export), "ferry:multipleRoles": "true"}, {})
    with open_store(settings, project) as store:
        last = _fill(environment, store)
    environment.registrar.now = APART_MS * (last + 1)
    save(environment, snapshot)


def _fill(environment: Environment, store: Store) -> int:
    """In the order and with the numbers of the state; the last number."""
    numbers = count(1)
    organizations, users = {}, {}
    for role in store.records("roles"):
        if role.slug != DEFAULT_ROLE:
            environment.set_role(Role(identifier("role", 1), 1, 1, role.slug, role.name, role.description))
    for organization in store.records("organizations"):
        id_, now = _identified("organizations", numbers)
        organizations[organization.key] = id_
        domains = tuple(
            Domain(identifier("org_domain", now + place + 1), now, now, id_, name, "pending")
            for place, name in enumerate(organization.domains)
        )
        metadata = dict(organization.metadata) or NO_METADATA
        environment.set_organization(
            Organization(id_, now, now, organization.name, organization.external_id, metadata, domains)
        )
    for user in store.records("users"):
        id_, now = _identified("users", numbers)
        users[user.key] = id_
        named = (user.first_name, user.last_name, None)
        held = User(id_, now, now, user.email, user.email_verified, *named, user.external_id, dict(user.metadata))
        environment.set_user(held)
    for membership in store.records("memberships"):
        id_, now = _identified("memberships", numbers)
        status = "active" if membership.active else "inactive"
        roles = membership.roles or (DEFAULT_ROLE,)
        held_as = Membership(
            id_, now, now, users[membership.user], organizations[membership.organization], roles, status
        )
        environment.set_membership(held_as)
    return next(numbers)


def _identified(kind: str, numbers: Iterator[int]) -> tuple[str, int]:
    moment = APART_MS * next(numbers)
    return identifier(PREFIXES[kind], moment), moment
