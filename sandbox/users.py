"""``/user_management/users`` (API reference, user)."""

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.attributes import first_metadata, merge_metadata
from sandbox.endpoint import Answer, Call, Operation
from sandbox.passwords import read_password
from sandbox.refusals import coded, external_id_taken, not_found, user_creation
from sandbox.schema import EXTERNAL_ID, FLAG, METADATA, NULLABLE_TEXT, TEXT, Field, read_body, read_query
from sandbox.series import PAGE_PARAMETERS, Series, cut_page, page_request
from sandbox.state import Environment, User

_PASSWORD_FIELDS: Final = {
    "password": NULLABLE_TEXT,
    "password_hash": TEXT,
    "password_hash_type": TEXT,
    "password_salt_position": NULLABLE_TEXT,
}
_CREATE_FIELDS: Final = {
    "email": Field(str, required=True, filled=True),
    "first_name": NULLABLE_TEXT,
    "last_name": NULLABLE_TEXT,
    "name": NULLABLE_TEXT,
    "email_verified": Field(bool, nullable=True),
    "metadata": METADATA,
    "external_id": EXTERNAL_ID,
    "ip_address": NULLABLE_TEXT,
    "user_agent": NULLABLE_TEXT,
    "signals_id": TEXT,
    **_PASSWORD_FIELDS,
}
_UPDATE_FIELDS: Final = {
    "email": Field(str, filled=True),
    "first_name": TEXT,
    "last_name": TEXT,
    "name": TEXT,
    "email_verified": FLAG,
    "metadata": METADATA,
    "external_id": EXTERNAL_ID,
    "locale": NULLABLE_TEXT,
    **_PASSWORD_FIELDS,
}
_NAMES: Final = ("first_name", "last_name", "name")
_LIST_PARAMETERS: Final = PAGE_PARAMETERS | {"email", "organization_id"}
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LOCALE: Final = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def shown(user: User) -> dict[str, Any]:
    """Return the user as WorkOS gives it out; nothing about passwords."""
    return {
        "object": "user",
        "id": user.id,
        "email": user.email,
        "email_verified": user.email_verified,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "name": user.name,
        "profile_picture_url": None,
        "external_id": user.external_id,
        "metadata": user.metadata,
        "locale": user.locale,
        "last_sign_in_at": user.last_sign_in_at,
        "created_at": user.created_at,
        "updated_at": user.updated_at,
    }


def create(call: Call) -> Answer:
    """Make a user. A taken email or external id stands in ``errors`` of a ``user_creation_error``.

    An address that is none is refused in the same form; its inner code is not documented.
    """
    body, environment = read_body(call.body, _CREATE_FIELDS), call.environment
    email = body["email"].strip().lower()
    if _EMAIL.fullmatch(email) is None:
        raise user_creation("invalid_email", "The email address is not valid.")
    if email in environment.users_by_email:
        raise user_creation("email_not_available", "This email is not available.")
    if body.get("external_id") in environment.users_by_external_id:
        raise user_creation("external_id_already_used", "This external ID is already in use.")
    password, metadata = read_password(body), first_metadata(body.get("metadata"))
    identifier, moment = environment.registrar.identify("user")
    user = User(
        id=identifier,
        created_at=moment,
        updated_at=moment,
        email=email,
        email_verified=bool(body.get("email_verified")),
        first_name=body.get("first_name") or None,
        last_name=body.get("last_name") or None,
        name=body.get("name") or None,
        external_id=body.get("external_id"),
        metadata=metadata,
        password=password,
    )
    environment.add_user(user)
    return Answer(201, shown(user))


def get(call: Call) -> Answer:
    """Return one user."""
    return Answer(200, shown(found(call)))


def get_by_external_id(call: Call) -> Answer:
    """Return the user with an external id."""
    external_id = call.parameters["external_id"]
    call.note(external_id)
    user = call.environment.users_by_external_id.get(external_id)
    if user is None:
        raise not_found("User", external_id)
    return Answer(200, shown(user))


def update(call: Call) -> Answer:
    """Change the fields that are sent.

    A new email resets ``email_verified`` unless the same body sets it true; verified to unverified is refused (API
    reference, user/update). ``""`` clears a name; that is not documented.
    """
    user, environment = found(call), call.environment
    body = read_body(call.body, _UPDATE_FIELDS)
    email, verified = _verified_email(environment, user, body)
    _check_external_id(environment, user, body)
    _check_locale(body)
    metadata = merge_metadata(user.metadata, body["metadata"]) if "metadata" in body else user.metadata
    user.password = read_password(body) or user.password
    if email != user.email:
        environment.readdress_user(user, email)
    if "external_id" in body and body["external_id"] != user.external_id:
        environment.rename_user(user, body["external_id"])
    for name in _NAMES:
        if name in body:
            setattr(user, name, body[name] or None)
    user.email_verified, user.metadata, user.locale = verified, metadata, body.get("locale", user.locale)
    user.updated_at = environment.registrar.moment()
    return Answer(200, shown(user))


def delete(call: Call) -> Answer:
    """Delete a user with memberships and factors."""
    call.environment.remove_user(found(call))
    return Answer(200)


def list_page(call: Call) -> Answer:
    """List users, newest first unless told.

    ``organization_id`` gives active members only; that is reported by others and not documented.
    """
    read_query(call.query, _LIST_PARAMETERS)
    environment, asked = call.environment, page_request(call.query, "user")
    email, organization_id = (call.query.get(name, [None])[-1] for name in ("email", "organization_id"))
    if email is not None:
        series = _with_email(environment, email, organization_id)
    elif organization_id is not None:
        series = environment.member_series(organization_id)
    else:
        series = environment.user_series
    page = cut_page([series], asked)
    return Answer(200, page.shown(lambda identifier: shown(environment.users[identifier])))


def found(call: Call) -> User:
    """Return the user that the path names, and note it for the log."""
    user = call.environment.users.get(call.parameters["id"])
    if user is None:
        raise not_found("User", call.parameters["id"])
    call.note(user.external_id)
    return user


def _with_email(environment: Environment, email: str, organization_id: str | None) -> Series:
    series, user = Series(), environment.users_by_email.get(email.strip().lower())
    if user is None:
        return series
    membership = environment.memberships_by_ends.get((user.id, organization_id or ""))
    if organization_id is None or (membership is not None and membership.status == "active"):
        series.add(user.id)
    return series


def _verified_email(environment: Environment, user: User, body: Mapping[str, Any]) -> tuple[str, bool]:
    email = body.get("email", user.email).strip().lower()
    if _EMAIL.fullmatch(email) is None:
        raise coded(400, "invalid_email", "The email address is not valid.")
    if environment.users_by_email.get(email, user) is not user:
        raise coded(400, "email_not_available", "This email is not available.")
    if email != user.email:
        return email, body.get("email_verified", False)
    verified = body.get("email_verified", user.email_verified)
    if user.email_verified and not verified:
        raise coded(400, "email_already_verified", "The email of this user is already verified.")
    return email, verified


def _check_external_id(environment: Environment, user: User, body: Mapping[str, Any]) -> None:
    external_id = body.get("external_id")
    if external_id is not None and environment.users_by_external_id.get(external_id, user) is not user:
        raise external_id_taken()


def _check_locale(body: Mapping[str, Any]) -> None:
    locale = body.get("locale")
    if locale is not None and _LOCALE.fullmatch(locale) is None:
        raise coded(400, "invalid_locale", "The locale is not valid.")


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/user_management/users": {"POST": create, "GET": list_page},
    "/user_management/users/external_id/{external_id:path}": {"GET": get_by_external_id},
    "/user_management/users/{id}": {"GET": get, "PUT": update, "DELETE": delete},
}
