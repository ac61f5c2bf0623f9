"""``/user_management/users`` (API reference, user)."""

import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from sandbox.http.identifiers import timestamp
from sandbox.http.refusals import coded
from sandbox.http.schema import EXTERNAL_ID, FLAG, METADATA, NULLABLE_TEXT, TEXT, Field
from sandbox.workos.attributes import first_metadata, merge_metadata
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.objects import User
from sandbox.workos.passwords import read_password
from sandbox.workos.refusals import external_id_taken, not_found, user_creation
from sandbox.workos.series import PAGE_PARAMETERS, Series, cut_page
from sandbox.workos.state import Environment

_PASSWORD_FIELDS: Final = {
    "password": TEXT,
    "password_hash": TEXT,
    "password_hash_type": TEXT,
    "password_salt_position": TEXT,
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
    "password": NULLABLE_TEXT,
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
_LIST_PARAMETERS: Final = PAGE_PARAMETERS | {"email", "organization_id", "organization"}
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
        "metadata": dict(user.metadata),
        "locale": user.locale,
        "last_sign_in_at": None if user.last_sign_in_at is None else timestamp(user.last_sign_in_at),
        "created_at": timestamp(user.created_at),
        "updated_at": timestamp(user.updated_at),
    }


def create(call: Call) -> Answer:
    """Make a user. A taken email or external id stands in ``errors`` of a ``user_creation_error``.

    An address that is none is refused in the same form; its inner code is not documented.
    """
    body, environment = call.read(_CREATE_FIELDS), call.environment
    email = body["email"].strip().lower()
    if _EMAIL.fullmatch(email) is None:
        raise user_creation("invalid_email", "The email address is not valid.")
    if environment.user_by_email(email) is not None:
        raise user_creation("email_not_available", "This email is not available.")
    if environment.user_by_external_id(body.get("external_id")) is not None:
        raise user_creation("external_id_already_used", "This external ID is already in use.")
    switches = environment.switches
    password, metadata = read_password(body, switches), first_metadata(body, switches)
    names = _read_names(environment, body)
    identifier, moment = environment.registrar.identify("user")
    user = User(
        id=identifier,
        created_at=moment,
        updated_at=moment,
        email=email,
        email_verified=bool(body.get("email_verified")),
        first_name=names.get("first_name"),
        last_name=names.get("last_name"),
        name=names.get("name"),
        external_id=body.get("external_id"),
        metadata=metadata,
        password=password,
    )
    environment.set_user(user)
    return Answer(201, shown(user))


def get(call: Call) -> Answer:
    """Return one user."""
    return Answer(200, shown(found(call)))


def get_by_external_id(call: Call) -> Answer:
    """Return the user with an external id."""
    external_id = call.parameters["external_id"]
    call.note(external_id)
    user = call.environment.user_by_external_id(external_id)
    if user is None:
        raise not_found("User", external_id)
    return Answer(200, shown(user))


def update(call: Call) -> Answer:
    """Change the fields that are sent.

    A new email resets ``email_verified`` unless the same body sets it true; verified to unverified is refused (API
    reference, user/update). What ``""`` makes of a name is not documented: the switch ``empty_names`` says.
    """
    user, environment = found(call), call.environment
    body = call.read(_UPDATE_FIELDS)
    email, verified = _verified_email(environment, user, body)
    _check_external_id(environment, user, body)
    _check_locale(body)
    metadata = merge_metadata(user.metadata, body, environment.switches)
    user = user._replace(
        email=email,
        email_verified=verified,
        metadata=metadata,
        password=read_password(body, environment.switches) or user.password,
        external_id=body.get("external_id", user.external_id),
        locale=body.get("locale", user.locale),
        updated_at=environment.registrar.moment(),
        **_read_names(environment, body),
    )
    environment.set_user(user)
    return Answer(200, shown(user))


def delete(call: Call) -> Answer:
    """Delete a user with memberships and factors."""
    call.environment.remove_user(found(call))
    return Answer(200)


def list_page(call: Call) -> Answer:
    """List users, newest first unless ``order`` says otherwise.

    ``organization_id`` gives active members only; that is reported by others and not documented. ``organization`` is
    its old name.
    """
    environment, asked = call.environment, call.read_page(_LIST_PARAMETERS, "user")
    email, of, named = (call.query.get(name, [None])[-1] for name in ("email", "organization", "organization_id"))
    organization_id, keep = of if named is None else named, None
    if email is not None:
        series = _with_email(environment, email, organization_id)
    elif organization_id is not None:
        series = environment.roster.members(organization_id)
        if (until := call.visible_until) is not None:
            keep = partial(_was_member, environment, organization_id, until)
    else:
        series = environment.user_series
    page = cut_page([series], asked, keep)
    return Answer(200, page.shown(lambda identifier: shown(environment.users[identifier])))


def _was_member(environment: Environment, organization_id: str, moment: int, user_id: str) -> bool:
    """Tell whether a user was a member at a moment already."""
    membership = environment.membership_of(user_id, organization_id)
    return membership is not None and membership.created_at <= moment


def found(call: Call) -> User:
    """Return the user that the path names, and note it for the log."""
    user = call.environment.users.get(call.parameters["id"])
    if user is None:
        raise not_found("User", call.parameters["id"])
    call.note(user.external_id)
    return user


def _read_names(environment: Environment, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the names that are sent, as they are stored."""
    empties = (None,) if environment.switches.empty_names == "keep" else (None, "")
    return {name: None if body[name] in empties else body[name] for name in _NAMES if name in body}


def _with_email(environment: Environment, email: str, organization_id: str | None) -> Series:
    series, user = Series(), environment.user_by_email(email.strip().lower())
    if user is None:
        return series
    membership = environment.membership_of(user.id, organization_id or "")
    if organization_id is None or (membership is not None and membership.status == "active"):
        series.add(user.id)
    return series


def _verified_email(environment: Environment, user: User, body: Mapping[str, Any]) -> tuple[str, bool]:
    email = body["email"].strip().lower() if "email" in body else user.email
    if _EMAIL.fullmatch(email) is None:
        raise coded(400, "invalid_email", "The email address is not valid.")
    if (environment.user_by_email(email) or user).id != user.id:
        raise coded(400, "email_not_available", "This email is not available.")
    if email != user.email:
        return email, body.get("email_verified", False)
    verified = body.get("email_verified", user.email_verified)
    if user.email_verified and not verified:
        raise coded(400, "email_already_verified", "The email of this user is already verified.")
    return email, verified


def _check_external_id(environment: Environment, user: User, body: Mapping[str, Any]) -> None:
    if (environment.user_by_external_id(body.get("external_id")) or user).id != user.id:
        raise external_id_taken()


def _check_locale(body: Mapping[str, Any]) -> None:
    locale = body.get("locale")
    if locale is not None and _LOCALE.fullmatch(locale) is None:
        raise coded(400, "invalid_locale", "The locale is not valid.")


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/user_management/users": {"POST": create, "GET": list_page},
    "/user_management/users/external_id/{external_id:rest}": {"GET": get_by_external_id},
    "/user_management/users/{id}": {"GET": get, "PUT": update, "DELETE": delete},
}
