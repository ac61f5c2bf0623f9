"""``/events``: what happened, oldest first (API reference, events).

The sandbox's clock is logical (``identifiers``): ``range_start`` and ``range_end`` are times of that clock, which
begins on 2024-01-01, and no event grows too old to be listed.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any, Final

from sandbox.http.identifiers import BEGINNING, timestamp
from sandbox.http.refusals import Refusal, invalid_parameters
from sandbox.workos import memberships, organizations, permissions, roles, users
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.event_log import PREFIX, Event
from sandbox.workos.objects import Organization, Role
from sandbox.workos.refusals import bad_request, by_field, not_found
from sandbox.workos.series import PAGE_PARAMETERS, cut_page

_RANGES: Final = ("range_start", "range_end")
_PARAMETERS: Final = PAGE_PARAMETERS | {"events", "events[]", "organization_id", *_RANGES}
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?Z")


def _organization(organization: Organization) -> dict[str, Any]:
    shown = organizations.shown(organization)
    del shown["allow_profiles_outside_organization"]
    return shown


def _role(role: Role) -> dict[str, Any]:
    shown = roles.shown(role)
    return {name: shown[name] for name in ("object", "slug", "resource_type_slug", "permissions", *_TIMES)}


def _organization_role(role: Role) -> dict[str, Any]:
    named = {"object": "organization_role", "organization_id": role.organization_id, "name": role.name}
    return _role(role) | named | {"description": role.description}


_TIMES: Final = ("created_at", "updated_at")
#: What an event carries, by the first word of its name.
_PAYLOADS: Final[Mapping[str, Callable[[Any], dict[str, Any]]]] = {
    "user": users.shown,
    "organization": _organization,
    "organization_domain": organizations.shown_domain,
    "organization_membership": memberships.brief,
    "role": _role,
    "organization_role": _organization_role,
    "permission": permissions.shown,
}


def shown(event: Event) -> dict[str, Any]:
    """Return the event as WorkOS gives it out."""
    return {
        "object": "event",
        "id": event.id,
        "event": event.name,
        "data": _PAYLOADS[event.name.partition(".")[0]](event.object),
        "created_at": timestamp(event.moment),
    }


def list_page(call: Call) -> Answer:
    """List the events of the names asked for, oldest first by default; of one organization if it is named.

    ``after`` and ``range_start`` exclude each other. A range holds what is after its start and before its end. A name
    that WorkOS or this sandbox does not know has no events.
    """
    try:
        return _page(call)
    except Refusal as refusal:
        raise by_field(refusal) if refusal.status == HTTPStatus.UNPROCESSABLE_ENTITY else refusal from None


def _page(call: Call) -> Answer:
    call.query = {"order": ["asc"], **call.query}
    asked = call.read_page(_PARAMETERS, PREFIX)
    names = [name for key in ("events", "events[]") for text in call.query.get(key, []) for name in text.split(",")]
    if not any(names):
        raise invalid_parameters("required", "events is required.")
    organization_id = call.query.get("organization_id", [None])[-1]
    if organization_id is not None and organization_id not in call.environment.organizations:
        raise bad_request(not_found("Organization", organization_id))
    if "after" in call.query and "range_start" in call.query:
        raise invalid_parameters("range_start_excluded", "after and range_start exclude each other.")
    start, end = (_moment(call.query, name) for name in _RANGES)
    log, now = call.environment.events, call.environment.registrar.now
    series = log.series(names, organization_id, 0 if start is None else start + 1, now if end is None else end - 1)
    page = cut_page(series, asked)
    return Answer(200, page.shown(lambda identifier: shown(log.get(identifier)), back=False))


def _moment(query: Mapping[str, list[str]], name: str) -> int | None:
    """Return a time of the query as a moment of the clock; only UTC, written with ``Z``, is taken."""
    if name not in query:
        return None
    text = query[name][-1]
    try:
        if _TIME.fullmatch(text) is None:
            raise ValueError
        passed = datetime.fromisoformat(text) - BEGINNING
    except ValueError:
        raise invalid_parameters(f"{name}_invalid", f"{name} must be an ISO 8601 time that ends in Z.") from None
    return max(0, passed // timedelta(milliseconds=1))


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {"/events": {"GET": list_page}}
