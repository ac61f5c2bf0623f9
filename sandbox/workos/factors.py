"""TOTP factors: ``/user_management/users/{id}/auth_factors`` and ``/auth/factors/{id}`` (API reference, AuthKit MFA).

Whether WorkOS refuses a second one of a user is not documented: the switch ``second_factor`` says.
"""

import base64
import hashlib
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

from sandbox.http.identifiers import timestamp
from sandbox.http.refusals import invalid_parameters
from sandbox.http.schema import TEXT, Field
from sandbox.workos import users
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.objects import Challenge, Factor
from sandbox.workos.refusals import factor_enrolled, not_found
from sandbox.workos.series import PAGE_PARAMETERS, cut_page

DEFAULT_ISSUER: Final = "Sandbox"

_FIELDS: Final = {
    "type": Field(str, required=True),
    "totp_issuer": TEXT,
    "totp_user": TEXT,
    "totp_secret": TEXT,
}
_BASE32: Final = re.compile(r"[A-Z2-7]+=*")
#: How many characters the last Base32 group may have, padding left out (RFC 4648, section 6).
_LAST_GROUPS: Final = (0, 2, 4, 5, 7)


def create(call: Call) -> Answer:
    """Enrol a TOTP factor, with the secret that is sent or a new one; the only answer that shows the secret."""
    user, environment = users.found(call), call.environment
    body = call.read(_FIELDS)
    if body["type"] != "totp":
        raise invalid_parameters("type_invalid", "type must be totp.")
    secret = body.get("totp_secret")
    if secret is not None and not _is_base32(secret):
        raise invalid_parameters("totp_secret_invalid", "totp_secret must be Base32.")
    if environment.switches.second_factor == "refuse" and environment.factor_series(user.id):
        raise factor_enrolled()
    identifier, moment = environment.registrar.identify("auth_factor")
    issuer, account = body.get("totp_issuer", DEFAULT_ISSUER), body.get("totp_user", user.email)
    factor = Factor(identifier, moment, moment, user.id, issuer, account, secret or _generated(identifier))
    environment.add_factor(factor)
    challenge = _shown_challenge(environment.add_challenge(factor))
    return Answer(201, {"authentication_factor": _enrolled(factor), "authentication_challenge": challenge})


def list_page(call: Call) -> Answer:
    """List a user's factors, without secrets."""
    user, environment = users.found(call), call.environment
    page = cut_page([environment.factor_series(user.id)], call.read_page(PAGE_PARAMETERS, "auth_factor"))
    return Answer(200, page.shown(lambda identifier: shown(environment.factors[identifier])))


def get(call: Call) -> Answer:
    """Return one factor, without its secret."""
    return Answer(200, shown(_found(call)))


def challenge(call: Call) -> Answer:
    """Make a challenge of a factor: what the TOTP step of a sign-in names (API reference, MFA, challenge factor)."""
    factor = _found(call)
    call.read({"sms_template": TEXT})
    return Answer(201, _shown_challenge(call.environment.add_challenge(factor)))


def delete(call: Call) -> Answer:
    """Delete a factor."""
    call.environment.remove_factor(_found(call))
    return Answer(200)


def _found(call: Call) -> Factor:
    factor = call.environment.factors.get(call.parameters["id"])
    if factor is None:
        raise not_found("Authentication factor", call.parameters["id"])
    call.note(call.environment.users[factor.user_id].external_id)
    return factor


def _shown_challenge(challenge: Challenge) -> dict[str, Any]:
    """Return the challenge as WorkOS gives it out; one of a TOTP factor has no end."""
    return {
        "object": "authentication_challenge",
        "id": challenge.id,
        "authentication_factor_id": challenge.factor_id,
        "created_at": timestamp(challenge.created_at),
        "updated_at": timestamp(challenge.created_at),
    }


def shown(factor: Factor) -> dict[str, Any]:
    """Return the factor as WorkOS lists it."""
    return {
        "object": "authentication_factor",
        "id": factor.id,
        "type": "totp",
        "user_id": factor.user_id,
        "totp": {"issuer": factor.issuer, "user": factor.account},
        "created_at": timestamp(factor.created_at),
        "updated_at": timestamp(factor.updated_at),
    }


def _enrolled(factor: Factor) -> dict[str, Any]:
    label = quote(f"{factor.issuer}:{factor.account}")
    uri = f"otpauth://totp/{label}?{urlencode({'secret': factor.secret, 'issuer': factor.issuer})}"
    enrolment = {"secret": factor.secret, "qr_code": "data:image/png;base64,", "uri": uri}
    return shown(factor) | {"totp": {"issuer": factor.issuer, "user": factor.account, **enrolment}}


def _is_base32(text: str) -> bool:
    return _BASE32.fullmatch(text) is not None and len(text.rstrip("=")) % 8 in _LAST_GROUPS


def _generated(identifier: str) -> str:
    return base64.b32encode(hashlib.sha256(identifier.encode()).digest()[:20]).decode()


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/user_management/users/{id}/auth_factors": {"POST": create, "GET": list_page},
    "/auth/factors/{id}": {"GET": get, "DELETE": delete},
    "/auth/factors/{id}/challenge": {"POST": challenge},
}
