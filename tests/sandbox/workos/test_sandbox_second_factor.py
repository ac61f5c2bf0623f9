"""An imported authenticator at sign-in: its code finishes what the password began."""

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import BadRequestError, MfaChallengeError, NotFoundError
from workos.user_management.models import AuthenticateResponse

from sandbox.workos import factors, users
from sandbox.workos.state import Environment
from tests.sandbox.workos.calls import ask
from tests.sandbox.workos.sign_in import AUTHENTICATE, EMAIL, joined, made, sent, sign_in

#: RFC 6238, appendix B: the SHA-1 secret, a time, and the last six digits of the code at that time.
SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
MOMENT = 1111111109
CODE = "081804"


def test_the_code_of_an_imported_authenticator_finishes_a_sign_in(workos: WorkOSClient, http: httpx.Client) -> None:
    http.post("/_sandbox/settings", json={"totp_time": MOMENT}).raise_for_status()
    user = made(workos)
    (organization,) = joined(workos, user.id, "Acme")
    workos.multi_factor_auth.create_user_auth_factor(user.id, type="totp", totp_secret=SECRET)

    with pytest.raises(MfaChallengeError) as held:
        sign_in(workos)
    (factor,) = held.value.authentication_factors or []
    challenge = workos.multi_factor_auth.challenge_factor(factor["id"])
    answer = workos.user_management.authenticate_with_totp(
        code=CODE,
        pending_authentication_token=held.value.pending_authentication_token or "",
        authentication_challenge_id=challenge.id,
    )

    assert (held.value.status_code, factor["type"], (held.value.user or {})["id"]) == (403, "totp", user.id)
    assert (answer.user.id, answer.organization_id, answer.authentication_method) == (user.id, organization, "Password")


@pytest.mark.parametrize(
    ("moment", "code", "right"),
    [
        (59, "287082", True),
        (1234567890, "005924", True),
        (20000000000, "353130", True),
        (MOMENT + 30, CODE, True),
        (MOMENT - 30, CODE, True),
        (MOMENT + 60, CODE, False),
        (MOMENT - 60, CODE, False),
        (MOMENT, CODE + "0", False),
        (MOMENT, "0" + CODE, False),
        (0, CODE, False),
        (-60, CODE, False),
    ],
)
def test_a_code_is_right_in_its_step_and_one_before_and_after(
    workos: WorkOSClient, http: httpx.Client, moment: int, code: str, *, right: bool
) -> None:
    http.post("/_sandbox/settings", json={"totp_time": moment}).raise_for_status()
    user = made(workos)
    enrolled = workos.multi_factor_auth.create_user_auth_factor(user.id, type="totp", totp_secret=SECRET)
    with pytest.raises(MfaChallengeError) as held:
        sign_in(workos)

    def finish() -> AuthenticateResponse:
        return workos.user_management.authenticate_with_totp(
            code=code,
            pending_authentication_token=held.value.pending_authentication_token or "",
            authentication_challenge_id=enrolled.authentication_challenge.id,
        )

    if right:
        assert finish().user.id == user.id
        return
    with pytest.raises(BadRequestError) as refused:
        finish()
    assert refused.value.code == "invalid_one_time_code"


def test_tokens_and_challenges_are_used_once_and_by_their_own_user(workos: WorkOSClient, http: httpx.Client) -> None:
    http.post("/_sandbox/settings", json={"totp_time": MOMENT}).raise_for_status()
    ada = made(workos)
    eve = workos.user_management.create_user(email="eve@people.example")
    enroll = workos.multi_factor_auth.create_user_auth_factor
    own, foreign = (enroll(one, type="totp", totp_secret=SECRET) for one in (ada.id, eve.id))

    def pending() -> str:
        with pytest.raises(MfaChallengeError) as held:
            sign_in(workos)
        return held.value.pending_authentication_token or ""

    def finish(token: str, challenge: str) -> httpx.Response:
        body = {name: value for name, value in sent().items() if name not in {"email", "password"}}
        return http.post(
            AUTHENTICATE,
            json={
                **body,
                "grant_type": "urn:workos:oauth:grant-type:mfa-totp",
                "code": CODE,
                "pending_authentication_token": token,
                "authentication_challenge_id": challenge,
            },
        )

    token, challenge = pending(), own.authentication_challenge.id
    assert finish(token, foreign.authentication_challenge.id).json()["code"] == "user_mismatch"
    assert finish(token, "auth_challenge_unknown").status_code == 404
    assert finish("unknown", challenge).json()["code"] == "invalid_pending_authentication_token"
    assert finish(token, challenge).status_code == 200
    assert finish(token, challenge).json()["code"] == "invalid_pending_authentication_token"
    token = pending()
    assert finish(token, challenge).json()["code"] == "one_time_code_previously_used"
    workos.multi_factor_auth.delete_factor(own.authentication_factor.id)
    assert finish(token, challenge).status_code == 404


def test_a_challenge_of_a_factor_that_is_not_there_is_a_404(workos: WorkOSClient) -> None:
    with pytest.raises(NotFoundError, match="Authentication factor not found: 'auth_factor_unknown'"):
        workos.multi_factor_auth.challenge_factor("auth_factor_unknown")


def test_a_challenge_takes_no_field_that_it_does_not_have(workos: WorkOSClient, http: httpx.Client) -> None:
    user = workos.user_management.create_user(email="ada@people.example")
    factor = workos.multi_factor_auth.create_user_auth_factor(user.id, type="totp").authentication_factor

    answer = http.post(f"/auth/factors/{factor.id}/challenge", json={"template": "x"})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")


def test_a_factor_that_goes_takes_its_challenges_along() -> None:
    environment = Environment()
    user = ask(environment, users.create, {"email": EMAIL})["id"]
    made = ask(environment, factors.create, {"type": "totp"}, id=user)["authentication_factor"]["id"]
    ask(environment, factors.challenge, {}, id=made)
    assert len(environment.challenges) == 2

    ask(environment, factors.delete, id=made)
    assert environment.challenges == {}
