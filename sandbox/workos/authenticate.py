"""``POST /user_management/authenticate`` (API reference, AuthKit, authentication and authentication errors).

Served: a password, and the two steps that may follow it, a TOTP code and the choice of an organization.
The order in which a right password is held up is not documented; it is that of WorkOS's emulator: email verification,
second factor, organization. Password policy, SSO, domain policy, Radar and the environment's MFA requirement are not
part of the sandbox, so none of their refusals occurs.
Tokens are made up: there are no sessions, keys or refreshes behind them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

from sandbox.http.refusals import coded
from sandbox.http.schema import TEXT, Field
from sandbox.workos import password_check, totp, users
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.endpoint import is_key
from sandbox.workos.objects import Pending, User
from sandbox.workos.refusals import (
    email_verification_required,
    invalid_client,
    invalid_credentials,
    invalid_oauth_request,
    mfa_challenge,
    not_found,
    oauth,
    organization_selection_required,
)
from sandbox.workos.state import Environment

#: Passwords are checked beside the event loop, so other calls go on; two at once, since the largest argon2 hash that
#: WorkOS takes needs 256 MiB.
_WORKERS: Final = ThreadPoolExecutor(2, "password")

_REQUIRED: Final = Field(str, required=True, filled=True)
_CLIENT: Final = {
    "grant_type": _REQUIRED,
    "client_id": _REQUIRED,
    "client_secret": _REQUIRED,
    "ip_address": TEXT,
    "device_id": TEXT,
    "user_agent": TEXT,
}
_PASSWORD_FIELDS: Final = _CLIENT | {
    "email": _REQUIRED,
    "password": _REQUIRED,
    "invitation_token": TEXT,
    "signals_id": TEXT,
    "radar_auth_attempt_id": TEXT,
}
_PENDING_FIELDS: Final = _CLIENT | {"pending_authentication_token": _REQUIRED}
_TOTP_FIELDS: Final = _PENDING_FIELDS | {"code": _REQUIRED, "authentication_challenge_id": _REQUIRED}
_SELECTION_FIELDS: Final = _PENDING_FIELDS | {"organization_id": _REQUIRED}

Grant = Callable[[Call, dict[str, Any]], Answer | Awaitable[Answer]]


def authenticate(call: Call) -> Answer | Awaitable[Answer]:
    """Sign a user in by one of the grants; any client id is taken, the secret is checked as an API key is."""
    sent = call.body if isinstance(call.body, dict) else {}
    fields, grant = _GRANTS.get(str(sent.get("grant_type")), (None, None))
    if fields is None or grant is None:
        raise invalid_oauth_request(f"The sandbox serves these values of grant_type: {', '.join(_GRANTS)}.")
    body = call.read(fields)
    if not is_key(body["client_secret"]):
        raise invalid_client()
    return grant(call, body)


async def _with_password(call: Call, body: dict[str, Any]) -> Answer:
    """Wrong password, unknown email and a user without password are one refusal (WorkOS's emulator)."""
    environment = call.environment
    if "invitation_token" in body:
        raise oauth("invitation_invalid", "The invitation is not valid.")
    user = await _recognized(call, body["email"].strip().lower(), body["password"])
    if not user.email_verified and environment.switches.verified_email_required:
        token, _ = environment.registrar.identify("pending_authentication_token")
        verification_id, _ = environment.registrar.identify("email_verification")
        raise email_verification_required(token, user.email, verification_id)
    factors = list(environment.factor_series(user.id).newer(None))
    if factors:
        token = environment.hold_pending(Pending(user.id, "mfa_challenge"))
        raise mfa_challenge(token, users.shown(user), [{"id": factor, "type": "totp"} for factor in factors])
    return _choose_organization(environment, user)


def _with_totp(call: Call, body: dict[str, Any]) -> Answer:
    """Finish ``mfa_challenge``; a token ends with the step it was for, a challenge with the first right code.

    Which refusal follows an unknown, a foreign or a used challenge is not documented; the codes are of the OpenAPI
    document. Neither are lifetimes and attempts, so there is no end to them here.
    """
    environment = call.environment
    user = _pending_user(call, body, "mfa_challenge")
    challenge = environment.challenges.get(body["authentication_challenge_id"])
    factor = None if challenge is None else environment.factors.get(challenge.factor_id)
    if challenge is None or factor is None:
        raise not_found("Authentication challenge", body["authentication_challenge_id"])
    if factor.user_id != user.id:
        raise coded(400, "user_mismatch", "The challenge is another user's.")
    if challenge.used:
        raise coded(400, "one_time_code_previously_used", "The challenge has been completed already.")
    fixed = environment.switches.totp_time
    if not totp.is_right(body["code"], factor.secret, time.time() if fixed is None else fixed):
        raise coded(400, "invalid_one_time_code", "The one-time code is not valid.")
    environment.challenges[challenge.id] = challenge._replace(used=True)
    del environment.pending[body["pending_authentication_token"]]
    return _choose_organization(environment, user)


def _with_organization(call: Call, body: dict[str, Any]) -> Answer:
    """Finish ``organization_selection_required``; a wrong choice leaves the token for another.

    The codes are of the OpenAPI document; which one follows which wrong choice is not documented.
    """
    environment, organization_id = call.environment, body["organization_id"]
    user = _pending_user(call, body, "organization_selection_required")
    if organization_id not in environment.organizations:
        raise oauth("organization_not_found", "The organization does not exist.")
    if organization_id not in _organizations(environment, user):
        raise oauth("organization_membership_not_found", "The user is not an active member of the organization.")
    del environment.pending[body["pending_authentication_token"]]
    return _signed_in(environment, user, organization_id)


async def _recognized(call: Call, email: str, typed: str) -> User:
    """Return the user whose password was typed.

    Other calls may run while the password is checked, so what is held is read again afterwards.
    """
    environment = call.environment
    user = environment.user_by_email(email)
    password = None if user is None else user.password
    if user is None or password is None:
        raise invalid_credentials()
    call.note(user.external_id)
    try:
        right = await asyncio.get_running_loop().run_in_executor(_WORKERS, password_check.is_right, typed, password)
    except password_check.UncheckableHashError as error:
        raise invalid_oauth_request(str(error)) from error
    user = environment.user_by_email(email)
    if user is None or user.password != password or not right:
        raise invalid_credentials()
    return user


def _pending_user(call: Call, body: Mapping[str, Any], step: str) -> User:
    """Return the user of a token that waits for this step."""
    pending = call.environment.pending.get(body["pending_authentication_token"])
    user = None if pending is None else call.environment.users.get(pending.user_id)
    if pending is None or pending.step != step or user is None:
        raise coded(400, "invalid_pending_authentication_token", "The pending authentication token is not valid.")
    call.note(user.external_id)
    return user


def _choose_organization(environment: Environment, user: User) -> Answer:
    """Sign in to the only organization, or to none; several are the user's choice."""
    organizations = _organizations(environment, user)
    if len(organizations) > 1:
        token = environment.hold_pending(Pending(user.id, "organization_selection_required"))
        choice = [{"id": id_, "name": name} for id_, name in organizations.items()]
        raise organization_selection_required(token, users.shown(user), choice)
    return _signed_in(environment, user, next(iter(organizations), None))


def _organizations(environment: Environment, user: User) -> dict[str, str]:
    """Return id and name of the organizations with an active membership, the oldest membership first."""
    memberships = (environment.memberships[id_] for id_ in environment.roster.of_user(user.id).newer(None))
    active = [membership.organization_id for membership in memberships if membership.status == "active"]
    return {identifier: environment.organizations[identifier].name for identifier in active}


def _signed_in(environment: Environment, user: User, organization_id: str | None) -> Answer:
    user = environment.note_sign_in(user)
    access_token, _ = environment.registrar.identify("sandbox_access_token")
    refresh_token, _ = environment.registrar.identify("sandbox_refresh_token")
    body = {
        "user": users.shown(user),
        "access_token": access_token,
        "refresh_token": refresh_token,
        "authentication_method": "Password",
    }
    return Answer(200, body if organization_id is None else body | {"organization_id": organization_id})


_GRANTS: Final[Mapping[str, tuple[Mapping[str, Field], Grant]]] = {
    "password": (_PASSWORD_FIELDS, _with_password),
    "urn:workos:oauth:grant-type:mfa-totp": (_TOTP_FIELDS, _with_totp),
    "urn:workos:oauth:grant-type:organization-selection": (_SELECTION_FIELDS, _with_organization),
}

OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {"/user_management/authenticate": {"POST": authenticate}}
