"""``GET /_sandbox/overview``: what the page at ``/`` shows, in one answer that costs the same over a million users.

Query, all optional:

- ``kind``: which table, ``users`` (without it), ``organizations``, ``memberships`` or ``roles``;
- ``cursor``, a WorkOS id: only what is older;
- ``find``: an external id, a WorkOS id, a role's slug, or an organization's and a user's external id, a slash between.

Answer:

- ``counts`` by kind, and ``statuses`` of memberships;
- ``traffic`` since the log was cleared: requests that are ``writes`` or ``reads``; how many writes were done
  (``written``); how many requests were over a limit (``limited``, 429), ``refused`` (any other 4xx), ``failed`` (5xx)
  or ``dropped``; and ``auth0``, the number of requests to that side;
- ``requests``: the last ones, newest first;
- ``settings`` that differ from the default ones, and the ``faults`` that are armed;
- ``table``: ``kind``, ``rows``, newest first, and ``next``, the cursor of the next page or null;
- ``found``: rows by kind; null without ``find``.

No email, name of a person, hash or secret is in it, and of a fault only what cannot hold one.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

from sandbox.http.refusals import invalid_parameters
from sandbox.http.request_log import DROPPED, Entry
from sandbox.http.schema import read_query
from sandbox.page.rows import KINDS, found, page
from sandbox.sandbox import Sandbox
from sandbox.workos.objects import STATUSES
from sandbox.workos.switches import Switches, shown_switches

#: How many requests of the log are shown.
REQUESTS: Final = 24
#: How much of a path that the API does not have is shown.
LONGEST_PATH: Final = 400
#: The route of what the API does not have.
UNKNOWN: Final = "/{path}"

_PARAMETERS: Final = frozenset({"kind", "cursor", "find"})
_DEFAULTS: Final = shown_switches(Switches())
_FAULT_FIELDS: Final = ("name", "mode", "method", "path", "status", "times", "probability", "hits")
_PHRASES: Final[Mapping[object, str]] = {status.value: status.phrase for status in HTTPStatus}


def overview(sandbox: Sandbox, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the overview.

    Raises:
        Refusal: a parameter or a kind that does not exist.
    """
    read_query(query, _PARAMETERS)
    environment, log, kind = sandbox.workos.environment, sandbox.workos.log, query.get("kind", KINDS[0])
    if kind not in KINDS:
        raise invalid_parameters("kind_unknown", f"kind must be one of {', '.join(KINDS)}.")
    rows, following = page(environment, kind, query.get("cursor") or None)
    name = query.get("find", "")
    return {
        "counts": {
            "users": len(environment.users),
            "organizations": len(environment.organizations),
            "memberships": len(environment.memberships),
            "roles": len(environment.roles()),
        },
        "statuses": {status: environment.roster.statuses[status] for status in STATUSES},
        "traffic": {
            "writes": log.writes,
            "written": log.written,
            "reads": log.reads,
            "limited": log.ended("429"),
            "refused": log.ended("4") - log.ended("429"),
            "failed": log.ended("5"),
            "dropped": log.ended(DROPPED),
        },
        "auth0": sandbox.auth0.log.total,
        "requests": [_request(log.total - age, entry) for age, entry in enumerate(log.latest(REQUESTS))],
        "settings": {
            name: value for name, value in shown_switches(environment.switches).items() if value != _DEFAULTS[name]
        },
        "faults": [{name: fault[name] for name in _FAULT_FIELDS} for fault in sandbox.faults.shown()],
        "table": {"kind": kind, "rows": rows, "next": following},
        "found": found(environment, name) or found(environment, name.strip()) if name.strip() else None,
    }


def _request(number: int, entry: Entry) -> dict[str, Any]:
    """Return a request by its route, which names nobody, or by its path if the API has no such route."""
    return {
        "number": number,
        "method": entry.method,
        "route": entry.path[:LONGEST_PATH] if entry.route == UNKNOWN else entry.route,
        "status": entry.status,
        "phrase": _PHRASES.get(entry.status),
        "external_id": entry.external_id,
        "fault": entry.fault,
    }
