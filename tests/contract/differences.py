"""Where WorkOS's document is not what the sandbox answers, one by one, each with its reason.

The document is that of npm package ``@workos/openapi-spec`` 0.1.0 (2026-07-16), older than the SDK 10.8.0 and than the
document 0.61.0 (2026-08-07) that the SDK is generated from. Where they differ, the newer one holds.

A place is a schema (``UserlandUser``), an answer (``POST /organizations 409``), the parameters of an operation
(``GET /events parameters``) or the data of an event (``user.created``); keys inside of it follow after dots.
``*`` stands for every operation. ``test_contract_differences`` fails for a place that is not needed any more.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sandbox.workos.switches import DUPLICATE_CODES
from tests.contract.document import MEDIA_TYPE, Json, close, cut_down


class Amendment(NamedTuple):
    """What is put into a part of the document: keys are merged, lists go on, anything else replaces."""

    reason: str
    places: tuple[str, ...]
    more: Json


class Answer(NamedTuple):
    """A body of an answer that the document does not describe, and for some operations its status neither."""

    reason: str
    places: tuple[str, ...]
    body: Json


Difference = Amendment | Answer


def _text(value: str | None = None) -> Json:
    return {"type": "string"} if value is None else {"const": value}


def _object(**properties: Json) -> Json:
    return {"type": "object", "properties": properties, "required": list(properties)}


_EVENT: Final = re.compile(r"[a-z_]+\.(created|updated|deleted)")
_NULLABLE: Final = {"type": ["string", "null"]}
_ROLES: Final = {"type": "array", "items": {"$ref": "#/components/schemas/SlimRole"}}
_MESSAGE: Final = _object(message=_text())
_VIOLATIONS: Final = _object(
    code=_text("invalid_request_parameters"),
    message=_text(),
    errors={"type": "array", "items": _object(code=_text(), message=_text()), "minItems": 1},
)
_USER: Final = {"$ref": "#/components/schemas/UserlandUser"}
_MEMBERSHIPS: Final = "/user_management/organization_memberships"
_USERS: Final = "/user_management/users"
_AUTHENTICATE: Final = "/user_management/authenticate"
_OWN_ROLES: Final = "/authorization/organizations/{id}/roles"


def _step(code: str, **more: Json) -> Json:
    return _object(code=_text(code), message=_text(), pending_authentication_token=_text(), **more)


_NAMED: Final = {"type": "array", "items": _object(id=_text(), name=_text())}
_FACTORS: Final = {"type": "array", "items": _object(id=_text(), type=_text())}

DIFFERENCES: Final[tuple[Difference, ...]] = (
    # Keys of objects.
    Amendment(
        "A user has a name since document 0.61.0; SDK: User.name, optional and nullable.",
        ("UserlandUser",),
        {"properties": {"name": _NULLABLE}},
    ),
    Amendment(
        "A membership lists all its roles since document 0.61.0; SDK: OrganizationMembership.roles, required.",
        (
            "UserlandUserOrganizationMembership",
            f"POST {_MEMBERSHIPS} 201",
            f"PUT {_MEMBERSHIPS}/{{id}}/deactivate 200",
        ),
        {"properties": {"roles": _ROLES}, "required": ["roles"]},
    ),
    Amendment(
        "A permission in an event is the same object as elsewhere since 0.61.0; SDK: AuthorizationPermission for both.",
        ("permission.created", "permission.updated", "permission.deleted"),
        {"properties": {"resource_type_slug": _text()}, "required": ["resource_type_slug"]},
    ),
    Amendment(
        "Radar's attempt is told since document 0.61.0; SDK: UserCreateResponse.radar_auth_attempt_id, optional. The "
        "sandbox has no Radar and never sends it.",
        (f"POST {_USERS} 201",),
        {"properties": {"radar_auth_attempt_id": _text()}},
    ),
    # What may be sent.
    Amendment(
        "A user takes a name since document 0.61.0; SDK: create_user(name=), update_user(name=).",
        ("CreateUserlandUserDto", "UpdateUserlandUserDto"),
        {"properties": {"name": _NULLABLE}},
    ),
    Amendment(
        "A new user takes what Radar judges by since document 0.61.0; SDK: create_user(ip_address=, ...).",
        ("CreateUserlandUserDto",),
        {"properties": {"ip_address": _NULLABLE, "user_agent": _NULLABLE, "signals_id": _text()}},
    ),
    Amendment(
        "Hashes of type ssha256 are taken since document 0.61.0; SDK: PasswordHashed.",
        (
            "CreateUserlandUserDto.allOf.1.oneOf.2.properties.password_hash_type.enum",
            "UpdateUserlandUserDto.allOf.1.oneOf.2.properties.password_hash_type.enum",
        ),
        ["ssha256"],
    ),
    Amendment(
        "The place of their salt is taken since document 0.61.0; SDK: PasswordHashed.password_salt_position.",
        ("CreateUserlandUserDto", "UpdateUserlandUserDto"),
        {"properties": {"password_salt_position": {"enum": ["prefix", "suffix"]}}},
    ),
    Amendment(
        "A null deletes a key of metadata (WorkOS docs, authkit/metadata); the document knows strings only.",
        (
            "UpdateUserlandUserDto.allOf.0.properties.metadata.additionalProperties",
            "UpdateOrganizationDto.properties.metadata.additionalProperties",
        ),
        _NULLABLE,
    ),
    *(
        Amendment(
            "Other clients write a repeated parameter with brackets, and WorkOS's emulator reads it so; the SDK does "
            "not.",
            (f"GET {path} parameters",),
            [{"in": "query", "name": f"{name}[]", "schema": _text()}],
        )
        for path, name in ((_MEMBERSHIPS, "statuses"), ("/organizations", "domains"), ("/events", "events"))
    ),
    # Statuses and bodies of refusals.
    Answer(
        "Every operation needs a key (API reference, API authentication); the document never says 401.",
        ("* 401",),
        _object(message=_text("Unauthorized")),
    ),
    Answer(
        "Every operation is under a rate limit (API reference, rate limits); the document knows it of audit logs only, "
        "in this shape.",
        ("* 429",),
        _object(code=_text("rate_limit_exceeded"), message=_text()),
    ),
    Answer(
        "A body that is not JSON; the document says nothing of it.",
        ("* 400",),
        _object(message=_text("The request body is not valid JSON.")),
    ),
    Answer(
        "Which fields are wrong stands in errors; the document names message, at times code. SDK: "
        "InvalidRequestParametersErrorBodyWithErrors.",
        (
            f"POST {_USERS} 422",
            f"GET {_USERS} 422",
            f"PUT {_USERS}/{{id}} 422",
            f"POST {_MEMBERSHIPS} 422",
            f"GET {_MEMBERSHIPS} 422",
            f"PUT {_MEMBERSHIPS}/{{id}} 422",
            "POST /organizations 422",
            "GET /organizations 422",
            "PUT /organizations/{id} 422",
            "POST /authorization/roles 422",
            "PATCH /authorization/roles/{slug} 422",
            "PUT /authorization/roles/{slug}/permissions 422",
            "POST /authorization/roles/{slug}/permissions 422",
            f"POST {_OWN_ROLES} 422",
            f"PATCH {_OWN_ROLES}/{{slug}} 422",
            f"PUT {_OWN_ROLES}/{{slug}}/permissions 422",
            f"POST {_OWN_ROLES}/{{slug}}/permissions 422",
            "POST /authorization/permissions 422",
            "PATCH /authorization/permissions/{slug} 422",
            f"POST {_USERS}/{{id}}/auth_factors 422",
            f"GET {_USERS}/{{id}}/auth_factors 422",
            "POST /auth/factors/{id}/challenge 422",
            f"POST {_AUTHENTICATE} 422",
        ),
        _VIOLATIONS,
    ),
    Answer(
        "These two have no 422 in the document, although they take a body or parameters that may be wrong.",
        ("POST /organization_domains 422", "GET /authorization/permissions 422"),
        _VIOLATIONS,
    ),
    Answer(
        "These have no 404 in the document, although they name an object that may not be there; other operations of "
        "the same objects have it.",
        (
            f"PUT {_USERS}/{{id}} 404",
            "DELETE /organizations/{id} 404",
            "POST /organization_domains 404",
            "POST /organization_domains/{id}/verify 404",
            f"POST {_USERS}/{{id}}/auth_factors 404",
            f"GET {_USERS}/{{id}}/auth_factors 404",
        ),
        _MESSAGE,
    ),
    Answer(
        "The place of a salt without a hash is refused since document 0.61.0; SDK: "
        "PasswordSaltPositionRequiresPasswordHashErrorBody.",
        (f"POST {_USERS} 400", f"PUT {_USERS}/{{id}} 400"),
        _object(code=_text("password_salt_position_requires_password_hash"), message=_text()),
    ),
    Answer(
        "A second active membership of the same ends: no document says what WorkOS answers; other clients report "
        "these codes, with either status (the settings duplicate_membership and duplicate_membership_code).",
        (f"POST {_MEMBERSHIPS} 409", f"POST {_MEMBERSHIPS} 400"),
        _object(code={"enum": list(DUPLICATE_CODES)}, message=_text()),
    ),
    Answer(
        "A second authenticator of a user: no document says that WorkOS refuses it; the setting second_factor may.",
        (f"POST {_USERS}/{{id}}/auth_factors 422",),
        _object(code=_text("totp_already_enrolled"), message=_text()),
    ),
    Answer(
        "A step of a sign-in carries what the next one needs (API reference, authentication errors); SDK: "
        "AuthenticationFlowError and its subclasses. The document names code and message only.",
        (f"POST {_AUTHENTICATE} 403",),
        {
            "anyOf": [
                _step("email_verification_required", email=_text(), email_verification_id=_text()),
                _step("mfa_challenge", authentication_factors=_FACTORS, user=_USER),
                _step("organization_selection_required", organizations=_NAMED, user=_USER),
            ]
        },
    ),
)


def places(differences: tuple[Difference, ...] = DIFFERENCES) -> Iterator[tuple[Difference, str]]:
    """Every difference at each of its places."""
    return ((difference, place) for difference in differences for place in difference.places)


def amended(applied: list[tuple[Difference, str]] | None = None) -> Json:
    """The document with the differences put in; all of them unless told."""
    document = cut_down()
    for difference, place in places() if applied is None else applied:
        if isinstance(difference, Answer):
            _answer(document, place, difference.body)
        else:
            _merge_into(document, place, difference.more)
    return document


def event_data(document: Json, name: str) -> Json:
    """The schema of what an event carries."""
    return _event(document, name)["data"]


def _event(document: Json, name: str) -> Json:
    events = document["components"]["schemas"]["EventSchema"]["allOf"][1]["oneOf"]
    return next(event["properties"] for event in events if event["properties"]["event"]["const"] == name)


def _answer(document: Json, place: str, body: Json) -> None:
    operation, _, status = place.rpartition(" ")
    body = copy.deepcopy(body)
    close(body)
    for path, operations in document["paths"].items():
        for method, found in operations.items():
            if operation in ("*", f"{method.upper()} {path}"):
                content = found["responses"].setdefault(status, {}).setdefault("content", {})
                held = content.get(MEDIA_TYPE, {}).get("schema")
                content[MEDIA_TYPE] = {"schema": body if held is None else {"anyOf": [held, body]}}


def _merge_into(document: Json, place: str, more: Json) -> None:
    holder, key = _found(document, place)
    if "$ref" in holder[key]:
        holder[key] = copy.deepcopy(document["components"]["schemas"][holder[key]["$ref"].rpartition("/")[2]])
    holder[key] = _merged(holder[key], copy.deepcopy(more))


def _merged(held: Json, more: Json) -> Json:
    if isinstance(held, dict) and isinstance(more, dict):
        return held | {key: _merged(held[key], value) if key in held else value for key, value in more.items()}
    if isinstance(held, list) and isinstance(more, list):
        return held + more
    return more


def _found(document: Json, place: str) -> tuple[Json, Any]:
    """The part of the document that a place names, as its holder and its key there."""
    schemas = document["components"]["schemas"]
    if " " in place:
        method, path, what = place.split(" ")
        operation = document["paths"][path][method.lower()]
        if what == "parameters":
            return operation, what
        return operation["responses"][what]["content"][MEDIA_TYPE], "schema"
    if _EVENT.fullmatch(place):
        return _event(document, place), "data"
    holder, (*keys, last) = schemas, place.split(".")
    for key in keys:
        holder = holder[int(key) if isinstance(holder, list) else key]
    return holder, last
