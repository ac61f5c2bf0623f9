"""Signing in to the sandbox: what holds a right password up, what finishes the sign-in, what never comes back out."""

import asyncio
import json

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import (
    BadRequestError,
    EmailVerificationRequiredError,
    MfaChallengeError,
    OrganizationSelectionRequiredError,
)
from workos.user_management._resource import PasswordHashed, PasswordPlaintext
from workos.user_management.models import AuthenticateResponse

from sandbox.http.refusals import Refusal
from sandbox.http.request_log import Entry
from sandbox.workos import users
from sandbox.workos.authenticate import authenticate
from sandbox.workos.call import Answer, Call
from sandbox.workos.objects import Password
from sandbox.workos.state import Environment
from tests.sandbox.workos.sign_in import AUTHENTICATE, EMAIL, PASSWORD, code_of, joined, made, of_bcrypt, sent, sign_in


def test_a_password_set_by_the_api_lets_in_and_a_new_one_replaces_it(workos: WorkOSClient) -> None:
    user = workos.user_management.create_user(
        email=EMAIL, email_verified=True, password=PasswordPlaintext(password=PASSWORD)
    )
    assert sign_in(workos).user.id == user.id

    kind, text = of_bcrypt("another one")
    workos.user_management.update_user(user.id, password=PasswordHashed(password_hash=text, password_hash_type=kind))

    assert sign_in(workos, "another one").user.id == user.id
    assert code_of(workos, PASSWORD) == "invalid_credentials"


def test_an_answer_holds_the_user_made_up_tokens_and_the_method(workos: WorkOSClient) -> None:
    user = made(workos)

    first, second = sign_in(workos, email=" ADA@people.example "), sign_in(workos)

    assert (first.authentication_method, first.organization_id) == ("Password", None)
    assert first.access_token.startswith("sandbox_access_token_")
    assert first.refresh_token.startswith("sandbox_refresh_token_")
    assert first.access_token != second.access_token
    assert first.user.to_dict() == {**user.to_dict(), "last_sign_in_at": first.user.to_dict()["last_sign_in_at"]}


def test_a_sign_in_moves_the_last_one_of_its_user_and_a_refused_one_does_not(workos: WorkOSClient) -> None:
    user = made(workos)
    assert user.last_sign_in_at is None

    first = sign_in(workos).user.last_sign_in_at
    code_of(workos, "wrong")

    assert first is not None
    assert first > user.created_at
    assert workos.user_management.get_user(user.id).last_sign_in_at == first
    second = sign_in(workos).user.last_sign_in_at
    assert second is not None
    assert second > first


def test_a_wrong_password_an_unknown_email_and_no_password_are_one_answer(http: httpx.Client) -> None:
    http.post("/user_management/users", json={"email": "none@people.example"}).raise_for_status()
    kind, text = of_bcrypt()
    hashed = {"password_hash": text, "password_hash_type": kind}
    http.post("/user_management/users", json={"email": EMAIL, **hashed}).raise_for_status()

    bodies = [sent(password="wrong"), sent(email="nobody@people.example"), sent(email="none@people.example")]
    answers = [http.post(AUTHENTICATE, json=body) for body in bodies]

    assert {(answer.status_code, answer.text) for answer in answers} == {
        (400, '{"code":"invalid_credentials","message":"Invalid credentials."}')
    }


def test_an_email_that_is_not_verified_holds_a_right_password_up(workos: WorkOSClient) -> None:
    user = made(workos, verified=False)
    workos.multi_factor_auth.create_user_auth_factor(user.id, type="totp")

    assert code_of(workos, "wrong") == "invalid_credentials"
    with pytest.raises(EmailVerificationRequiredError) as held:
        sign_in(workos)

    assert (held.value.status_code, held.value.email) == (403, EMAIL)
    assert (held.value.email_verification_id or "").startswith("email_verification_")
    assert held.value.pending_authentication_token
    workos.user_management.update_user(user.id, email_verified=True)
    with pytest.raises(MfaChallengeError):
        sign_in(workos)


def test_the_only_active_membership_is_signed_in_to(workos: WorkOSClient) -> None:
    user = made(workos)
    first, second = joined(workos, user.id, "Acme", "Globex")
    (membership,) = workos.organization_membership.list_organization_memberships(
        user_id=user.id, organization_id=first
    ).data
    workos.organization_membership.deactivate_organization_membership(membership.id)

    assert sign_in(workos).organization_id == second


def test_of_several_organizations_the_user_chooses_one(workos: WorkOSClient) -> None:
    user = made(workos)
    first, second = joined(workos, user.id, "Acme", "Globex")
    (other,) = joined(workos, workos.user_management.create_user(email="eve@people.example").id, "Initech")

    with pytest.raises(OrganizationSelectionRequiredError) as held:
        sign_in(workos)
    token = held.value.pending_authentication_token or ""

    def choose(organization: str) -> AuthenticateResponse:
        return workos.user_management.authenticate_with_organization_selection(
            pending_authentication_token=token, organization_id=organization
        )

    assert held.value.organizations == [{"id": first, "name": "Acme"}, {"id": second, "name": "Globex"}]
    for wrong, error in ((other, "organization_membership_not_found"), ("org_unknown", "organization_not_found")):
        with pytest.raises(BadRequestError) as refused:
            choose(wrong)
        assert refused.value.error == error
    answer = choose(second)
    assert (answer.user.id, answer.organization_id) == (user.id, second)
    with pytest.raises(BadRequestError) as again:
        choose(second)
    assert again.value.code == "invalid_pending_authentication_token"


def test_a_token_takes_no_other_step_than_its_own(workos: WorkOSClient) -> None:
    user = made(workos)
    (organization,) = joined(workos, user.id, "Acme")
    workos.multi_factor_auth.create_user_auth_factor(user.id, type="totp")
    with pytest.raises(MfaChallengeError) as held:
        sign_in(workos)

    with pytest.raises(BadRequestError) as refused:
        workos.user_management.authenticate_with_organization_selection(
            pending_authentication_token=held.value.pending_authentication_token or "", organization_id=organization
        )

    assert refused.value.code == "invalid_pending_authentication_token"


def test_the_key_is_the_client_secret_and_no_header_is_needed(
    http: httpx.Client, workos: WorkOSClient, url: str
) -> None:
    made(workos)

    assert httpx.post(url + AUTHENTICATE, json=sent()).status_code == 200
    for wrong in ("sk_wrong_one", "something"):
        answer = http.post(AUTHENTICATE, json=sent(client_secret=wrong))
        assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client")
    assert httpx.get(f"{url}/user_management/users").status_code == 401


@pytest.mark.parametrize("missing", ["client_id", "client_secret", "email", "password"])
def test_a_missing_field_is_refused(http: httpx.Client, missing: str) -> None:
    answer = http.post(AUTHENTICATE, json={name: value for name, value in sent().items() if name != missing})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")


def test_what_the_sandbox_does_not_serve_says_so(workos: WorkOSClient, http: httpx.Client) -> None:
    made(workos)

    with pytest.raises(BadRequestError, match="The sandbox serves these values of grant_type: password, ") as refused:
        workos.user_management.authenticate_with_magic_auth(code="123456", email=EMAIL)
    assert refused.value.error == "invalid_request"
    assert http.post(AUTHENTICATE, json=[]).json()["error"] == "invalid_request"
    assert http.post(AUTHENTICATE, json=sent(invitation_token="x")).json()["error"] == "invitation_invalid"


def call(environment: Environment, body: object, **parameters: str) -> Call:
    return Call(environment, parameters, {}, body, Entry("POST", AUTHENTICATE, AUTHENTICATE))


def test_other_calls_run_while_a_password_is_checked_and_one_that_changes_it_counts() -> None:
    environment = Environment()
    kind, text = of_bcrypt()
    _, other = of_bcrypt("another one")
    created = users.create(
        call(environment, {"email": EMAIL, "email_verified": True, "password_hash": text, "password_hash_type": kind})
    )

    async def sign_in_while(changed: dict[str, str]) -> Answer:
        answer = authenticate(call(environment, sent()))
        assert not isinstance(answer, Answer)
        task = asyncio.ensure_future(answer)
        await asyncio.sleep(0)
        assert not task.done()
        users.update(call(environment, changed, id=(created.body or {})["id"]))
        return await task

    assert asyncio.run(sign_in_while({"first_name": "Ada"})).status == 200
    with pytest.raises(Refusal, match="Invalid credentials"):
        asyncio.run(sign_in_while({"password_hash": other, "password_hash_type": kind}))


def test_no_password_and_no_hash_stands_in_a_log_or_in_what_an_object_shows_of_itself(
    workos: WorkOSClient, http: httpx.Client
) -> None:
    kind, text = of_bcrypt()
    made(workos, (kind, text))
    code_of(workos, "mistyped one")

    log = http.get("/_sandbox/requests").json()
    shown = f"{Password(text, kind)!r} {call(Environment(), sent())!r}"

    assert log["requests"][-1] == {
        "method": "POST",
        "path": AUTHENTICATE,
        "route": AUTHENTICATE,
        "status": 400,
        "external_id": "auth0|ada",
    }
    assert not any(secret in json.dumps(log) + shown for secret in (text, PASSWORD, "mistyped one"))
