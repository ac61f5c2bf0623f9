"""Schemathesis makes up requests from WorkOS's document; the sandbox answers each as the document describes.

Its own checks: no 5xx; status, type and body are those of the document; what breaks the schema is refused. One is left
out, that what fits the schema is taken: WorkOS's rules go beyond the schema (a domain is a domain, a slug is in
lowercase, an id is one of an object that is there). ``NARROWED`` says them, so that requests get behind those rules.
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Final
from urllib.parse import unquote

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from workos import WorkOSClient

from tests.contract.conformance import Contract
from tests.contract.differences import amended
from tests.contract.document import MEDIA_TYPE, Json, served
from tests.sandbox.conftest import KEY
from tests.sandbox.workos.plain_calls import path_of
from tests.sandbox.workos.sdk_calls import EVENTS, PASSWORD, World, populate

pytestmark = pytest.mark.slow

EXAMPLES: Final = 25
AUTHENTICATE: Final = "/user_management/authenticate"
GONE: Final = "gone"
#: Ids of one kind; both at once are refused.
CURSORS: Final = ("before", "after")
SLUG: Final = {"type": "string", "pattern": "^[a-z]{1,8}$"}
ASCII: Final = {"type": "string", "pattern": "^[ -~]{1,20}$"}
NARROWED: Final[dict[str, Json]] = {
    "domain": {"type": "string", "pattern": "^[a-z]{1,8}\\.example$"},
    "email": {"type": "string", "pattern": "^[a-z]{1,8}@example\\.com$"},
    "external_id": SLUG,
    "locale": {"enum": ["en", "de-AT", None]},
    "metadata": {"type": "object", "additionalProperties": ASCII, "propertyNames": SLUG, "maxProperties": 3},
    "name": ASCII,
    "order": {"enum": ["asc", "desc", "normal"]},
    "password": {"type": "string", "pattern": "^[a-z]{10,20}$"},
    "password_hash": {"type": "string", "pattern": "^\\$2b\\$10\\$[A-Za-z0-9./]{53}$"},
    "password_hash_type": {"const": "bcrypt"},
    "permissions": {"type": "array", "items": {"enum": ["door:open", GONE]}, "maxItems": 2},
    "resource_type_slug": {"const": "organization"},
    "role_slug": {"enum": ["admin", "member", GONE]},
    "role_slugs": {"type": "array", "items": {"enum": ["admin", GONE]}, "maxItems": 1},
    "slug": SLUG,
    "totp_secret": {"type": "string", "pattern": "^([A-Z2-7]{8}){1,3}$"},
    "events": {"type": "array", "items": {"enum": EVENTS}, "minItems": 1, "maxItems": 3},
    "range_start": {"enum": ["2024-01-01T00:00:00Z", "yesterday"]},
    "range_end": {"enum": ["2024-01-01T00:00:00.050Z", "tomorrow"]},
}
#: The grant types of sign-ins that the sandbox serves without a step before.
GRANTS: Final = ("password",)
#: Of one schema or operation only.
NARROWED_IN: Final[dict[str, dict[str, Json]]] = {
    "AddRolePermissionDto": {"slug": {"enum": ["door:open", GONE]}},
    "CreateOrganizationRoleDto": {"slug": {"type": "string", "pattern": "^org-[a-z]{1,8}$"}},
    AUTHENTICATE: {
        "email": {"enum": ["ada@example.com", "grace@example.com"]},
        "password": {"enum": [PASSWORD, "wrong"]},
        "client_secret": {"const": KEY},
    },
}


def located(document: Json, world: World) -> Json:
    """The document with paths of objects that are there, or of one that is not."""
    for path, operations in document["paths"].items():
        there = dict(zip(path.split("/"), path_of(path, world).split("/"), strict=True))
        for operation in operations.values():
            for parameter in operation["parameters"]:
                if parameter["in"] == "path":
                    parameter["schema"] = {"enum": [unquote(there[f"{{{parameter['name']}}}"]), GONE]}
    return document


def narrowed(document: Json, world: World) -> Json:
    """The document with requests that WorkOS's rules beyond the schema let pass; answers are as before."""
    ids = {"user_id": {"enum": [world.user, world.other_user, GONE]}, "organization_id": {"enum": [world.organization]}}
    for name, schema in document["components"]["schemas"].items():
        if name.endswith("Dto"):
            _narrow(schema, NARROWED | ids | NARROWED_IN.get(name, {}))
    for path, operations in document["paths"].items():
        for operation in operations.values():
            body = operation.get("requestBody", {}).get("content", {}).get(MEDIA_TYPE, {}).get("schema", {})
            _narrow(body, NARROWED | ids | NARROWED_IN.get(path, {}))
            if path == AUTHENTICATE:
                body["oneOf"] = [one for one in body["oneOf"] if one["properties"]["grant_type"]["const"] in GRANTS]
            operation["parameters"] = [
                parameter for parameter in operation["parameters"] if parameter["name"] not in CURSORS
            ]
            for parameter in operation["parameters"]:
                if parameter["in"] == "query":
                    parameter["schema"] = (NARROWED | ids).get(parameter["name"], parameter["schema"])
    return document


def _narrow(schema: Json, by: dict[str, Json]) -> None:
    for name, inner in schema.get("properties", {}).items():
        if name in by:
            schema["properties"][name] = by[name]
        else:
            _narrow(inner, by)
    for key in ("allOf", "anyOf", "oneOf"):
        for member in schema.get(key, ()):
            _narrow(member, by)


@pytest.fixture(scope="session")
def world(sdk_client: WorkOSClient, connection: httpx.Client) -> World:
    """The ids of a populated environment; they are the same after every reset."""
    connection.post("/_sandbox/reset").raise_for_status()
    return populate(sdk_client)


@pytest.fixture(scope="session")
def fitting(world: World) -> Any:
    """Requests that fit the schema and the rules beyond it."""
    return schemathesis.openapi.from_dict(narrowed(located(amended(), world), world))


@pytest.fixture(scope="session")
def breaking(world: World) -> Any:
    """Requests to break the schema with."""
    return schemathesis.openapi.from_dict(located(amended(), world))


@pytest.mark.parametrize("operation", served())
def test_requests_that_fit_the_schema_are_answered_as_the_document_says(
    operation: str, fitting: Any, url: str, workos: WorkOSClient
) -> None:
    statuses = answered(operation, fitting, url, workos, GenerationMode.POSITIVE)

    assert any(200 <= status < 300 for status in statuses), statuses


@pytest.mark.parametrize("operation", served())
def test_requests_that_break_the_schema_are_refused(
    operation: str, breaking: Any, url: str, workos: WorkOSClient, contract: Contract
) -> None:
    method, path = operation.split(" ")
    described = contract.document["paths"][path][method.lower()]
    if "requestBody" not in described and all(parameter["in"] == "path" for parameter in described["parameters"]):
        return
    statuses = answered(operation, breaking, url, workos, GenerationMode.NEGATIVE)

    assert any(status >= 400 for status in statuses), statuses


def answered(operation: str, document: Any, url: str, workos: WorkOSClient, mode: GenerationMode) -> Counter[int]:
    """Send examples, let Schemathesis check every answer, and return how often which status came."""
    populate(workos)
    method, path = operation.split(" ")
    statuses: Counter[int] = Counter()

    @settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
    @given(case=document[path][method.lower()].as_strategy(generation_mode=mode))
    def send(case: Any) -> None:
        response = case.call(base_url=url, headers={"authorization": f"Bearer {KEY}"})
        case.validate_response(response, excluded_checks=CHECKS.get_by_names(["positive_data_acceptance"]))
        statuses[response.status_code] += 1

    send()
    return statuses
