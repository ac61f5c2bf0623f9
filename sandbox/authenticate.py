"""``/user_management/authenticate``: a user signs in, so that an imported password is seen to work (API reference,
authenticate).

Served are the grants for a password, for the TOTP code and for the choice of an organization that may have to follow
it. Tokens are made up; there is no session behind them. Checking a hash takes as long as it takes anywhere (bcrypt of
cost 10 some 50 ms), and no other request is served in that time.
"""

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, NoReturn

from sandbox import users
from sandbox.endpoint import WRONG_KEY, Answer, Call, Operation
from sandbox.identifiers import identifier
from sandbox.objects import Factor, Pending, User
from sandbox.password_check import matches
from sandbox.refusals import coded, invalid_client, invalid_parameters, step_required
from sandbox.schema import TEXT, Field

PATH: Final = "/user_management/authenticate"
_NEEDED: Final = Field(str, required=True, filled=True)
_OPTIONAL: Final = dict.fromkeys(("invitation_token", "ip_address", "device_id", "user_agent"), TEXT)
_CLIENT: Final = {"client_id": _NEEDED, "client_secret": _NEEDED, "grant_type": _NEEDED, **_OPTIONAL}
_TOKEN: Final = {**_CLIENT, "pending_authentication_token": _NEEDED}
_PASSWORD_FIELDS: Final = {**_CLIENT, "email": _NEEDED, "password": Field(str, required=True)}
_TOTP_FIELDS: Final = {**_TOKEN, "code": _NEEDED, "authentication_challenge_id": _NEEDED}
_ORGANIZATION_FIELDS: Final = {**_TOKEN, "organization_id": _NEEDED}
_CODE: Final = re.compile(r"[0-9]{6}")
#: Length of a TOTP interval in seconds (WorkOS takes SHA-1, 6 digits, 30 s only; RFC 6238).
STEP: Final = 30


def authenticate(call: Call) -> Answer:
    """Sign a user in, or say which step has to follow: 403 with a ``pending_authentication_token``.

    A wrong password, an unknown email and a user without a password get one answer, ``invalid_credentials``. In which
    order WorkOS asks for verification, TOTP and organization is not documented.
    """
    grant_type = call.body.get("grant_type") if isinstance(call.body, dict) else None
    grant = _GRANTS.get(grant_type) if isinstance(grant_type, str) else None
    if grant is None:
        message = f"grant_type must be one of {', '.join(_GRANTS)}; the sandbox serves no other."
        raise invalid_parameters("grant_type_invalid", message)
    return grant(call)


def _by_password(call: Call) -> Answer:
    body = _read(call, _PASSWORD_FIELDS)
    user = call.environment.user_by_email(body["email"].strip().lower())
    if user is None or user.password is None or not matches(user.password, body["password"]):
        raise coded(400, "invalid_credentials", "The email or the password is wrong.")
    call.note(user.external_id)
    return _next(call, Pending(user.id))


def _by_totp(call: Call) -> Answer:
    body, environment = _read(call, _TOTP_FIELDS), call.environment
    pending = _pending(call, body)
    factor = environment.factors.get(environment.challenges.get(body["authentication_challenge_id"], ""))
    if factor is None or factor.user_id != pending.user_id:
        raise coded(400, "invalid_one_time_code", "The challenge is not one of this user's factors.")
    if not is_code_of(factor, body["code"], time.time()):
        raise coded(400, "invalid_one_time_code", "The one-time code is wrong.")
    del environment.challenges[body["authentication_challenge_id"]], environment.pending[_token(body)]
    return _next(call, pending._replace(has_code=True))


def _by_organization(call: Call) -> Answer:
    body, environment = _read(call, _ORGANIZATION_FIELDS), call.environment
    pending = _pending(call, body)
    membership = environment.membership_of(pending.user_id, body["organization_id"])
    if membership is None or membership.status != "active":
        raise coded(400, "invalid_organization_id", "The user is no active member of this organization.")
    del environment.pending[_token(body)]
    return _next(call, pending._replace(organization_id=membership.organization_id))


def _next(call: Call, pending: Pending) -> Answer:
    """Go on to the first step that is still to do, or sign in."""
    environment = call.environment
    user, switches = environment.users[pending.user_id], environment.switches
    if switches.verified_email_required and not user.email_verified:
        more: dict[str, Any] = {"email": user.email}
        more["email_verification_id"] = identifier("email_verification", user.updated_at)
        _ask_for(call, pending, "email_verification_required", "The email must be verified first.", more)
    factors = [environment.factors[one] for one in environment.factor_series(user.id).newer(None)]
    if switches.mfa and factors and not pending.has_code:
        listed = [{"id": factor.id, "type": "totp"} for factor in factors]
        more = {"user": users.shown(user), "authentication_factors": listed}
        _ask_for(call, pending, "mfa_challenge", "A code of the authenticator app is needed.", more)
    organizations = _organizations(call, user)
    if len(organizations) > 1 and pending.organization_id is None:
        chosen = [{"id": one, "name": environment.organizations[one].name} for one in organizations]
        more = {"user": users.shown(user), "organizations": chosen}
        _ask_for(call, pending, "organization_selection_required", "An organization must be chosen.", more)
    return _signed_in(call, user, pending.organization_id or next(iter(organizations), None))


def _signed_in(call: Call, user: User, organization_id: str | None) -> Answer:
    registrar = call.environment.registrar
    moment = registrar.moment()
    user = user._replace(last_sign_in_at=moment, updated_at=moment)
    call.environment.set_user(user)
    tokens = {name: registrar.identify(f"sandbox_{name}")[0] for name in ("access_token", "refresh_token")}
    chosen = {} if organization_id is None else {"organization_id": organization_id}
    return Answer(200, {"user": users.shown(user), **chosen, **tokens, "authentication_method": "Password"})


def _organizations(call: Call, user: User) -> list[str]:
    memberships = (call.environment.memberships[one] for one in call.environment.roster.of_user(user.id).newer(None))
    return [membership.organization_id for membership in memberships if membership.status == "active"]


def _ask_for(call: Call, pending: Pending, code: str, message: str, more: Mapping[str, Any]) -> NoReturn:
    token = call.environment.registrar.identify("pending_authentication")[0]
    call.environment.pending[token] = pending
    raise step_required(code, message, {"pending_authentication_token": token, **more})


def _read(call: Call, fields: Mapping[str, Field]) -> dict[str, Any]:
    body = call.read(fields)
    secret = body["client_secret"]
    if not secret.startswith("sk_") or secret.startswith(WRONG_KEY):
        raise invalid_client()
    return body


def _token(body: Mapping[str, Any]) -> str:
    return str(body["pending_authentication_token"])


def _pending(call: Call, body: Mapping[str, Any]) -> Pending:
    pending = call.environment.pending.get(_token(body))
    if pending is None or pending.user_id not in call.environment.users:
        raise coded(400, "invalid_pending_authentication_token", "The pending authentication token is not valid.")
    return pending


def is_code_of(factor: Factor, code: str, at: float) -> bool:
    """Tell whether the authenticator shows this code at a time (seconds since 1970), an interval earlier or later."""
    step = int(at // STEP)
    shown = (totp(factor.secret, step + offset) for offset in (-1, 0, 1))
    return _CODE.fullmatch(code) is not None and any(hmac.compare_digest(code, one) for one in shown)


def totp(secret: str, step: int) -> str:
    """Return the code of an interval (RFC 6238 over RFC 4226: SHA-1, six digits); the secret is Base32."""
    key = base64.b32decode(secret.rstrip("=") + "=" * (-len(secret.rstrip("=")) % 8))
    digest = hmac.digest(key, step.to_bytes(8), hashlib.sha1)
    place = digest[-1] & 15
    return f"{(int.from_bytes(digest[place : place + 4]) & 0x7FFFFFFF) % 1_000_000:06d}"


_GRANTS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    "password": _by_password,
    "urn:workos:oauth:grant-type:mfa-totp": _by_totp,
    "urn:workos:oauth:grant-type:organization-selection": _by_organization,
}
OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {PATH: {"POST": authenticate}}
