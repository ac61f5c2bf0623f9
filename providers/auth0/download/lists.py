"""Everything but the users: roles, organizations, and the members, domains and connections of each."""

from __future__ import annotations

from functools import partial
from queue import SimpleQueue

from providers.auth0.download.display import Display
from providers.auth0.download.errors import Gone, Refused
from providers.auth0.download.management import IN_FLIGHT, Management
from providers.auth0.download.paging import Listing, fetch
from providers.auth0.download.state import Row, State
from providers.auth0.download.threads import Threads

#: Roles come only if asked for by name, and then nothing comes that is not asked for.
MEMBER_FIELDS = "user_id,email,name,picture,roles"

#: Kinds of lists of the tenant, and of each organization.
TENANT_KINDS = ("roles", "organizations")
ORGANIZATION_KINDS = ("members", "domains", "connections")

#: Management API reference: list roles; list organizations, members, discovery domains, enabled connections.
LISTINGS = {
    "roles": Listing("roles", "roles", "id", by_offset=True),
    "organizations": Listing("organizations", "organizations", "id"),
    "members": Listing("organizations/{}/members", "members", "user_id", params={"fields": MEMBER_FIELDS}),
    "domains": Listing("organizations/{}/discovery-domains", "domains", "domain"),
    "connections": Listing(
        "organizations/{}/enabled_connections", "enabled_connections", "connection_id", by_offset=True
    ),
}
#: An organization without them can still be moved.
_DISPENSABLE = frozenset({"domains", "connections"})


def fetch_lists(management: Management, state: State, threads: Threads, display: Display) -> None:
    """Fetch all lists to their end, those of organizations several at once. Raises DownloadError, Stopped."""
    for kind in TENANT_KINDS:
        state.begin(kind)
    for row in state.unfinished(TENANT_KINDS):
        display.begin(row.kind, total=None, unit="listed")
        fetch(management, state, LISTINGS[row.kind], row, partial(display.advance, row.kind))
    state.plan(ORGANIZATION_KINDS, owners_of="organizations")
    rows, total = state.unfinished(ORGANIZATION_KINDS), state.count(ORGANIZATION_KINDS)
    display.begin("members", total=total, done=total - len(rows), unit="lists")
    waiting: SimpleQueue[Row | None] = SimpleQueue()
    for following in (*rows, *(None for _ in range(IN_FLIGHT))):
        waiting.put(following)

    def work() -> None:
        for row in iter(waiting.get, None):
            _fetch_of_organization(management, state, row)
            display.advance("members")

    for _ in range(IN_FLIGHT):
        threads.start(work)


def _fetch_of_organization(management: Management, state: State, row: Row) -> None:
    try:
        fetch(management, state, LISTINGS[row.kind], row)
    except Gone:
        state.give_up(row, "gone")
    except Refused as refused:
        if refused.status != 403 or refused.code == "insufficient_scope" or row.kind not in _DISPENSABLE:
            raise
        state.give_up(row, f"403 {refused.code}".strip())
