"""Signing in: an imported password works, a wrong one does not, and what may have to follow it."""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import argon2
import bcrypt
import httpx
import pytest
from workos import WorkOSClient
from workos._errors import APIError, AuthorizationError, BadRequestError, UnprocessableEntityError
from workos.user_management._resource import PasswordHashed, PasswordPlaintext

from sandbox.authenticate import STEP, is_code_of, totp
from sandbox.objects import Factor, Password
from sandbox.password_check import matches

RIGHT, WRONG = "correct horse battery", "correct horse batterz"
SECRET = "JBSWY3DPEHPK3PXP"
SALT = b"0123456789abcdef"
AUTHENTICATE = "/user_management/authenticate"


def b64(raw: bytes) -> str:
    """Base64 as PHC strings write it."""
    return base64.b64encode(raw).decode().rstrip("=")


def argon(kind: argon2.Type) -> str:
    """A hash within WorkOS's bounds."""
    hasher = argon2.PasswordHasher(time_cost=3, memory_cost=4096, parallelism=1, type=kind)
    return hasher.hash(RIGHT)


def ssha(algorithm: str, salted: bytes) -> str:
    """Digest and salt in one Base64 text."""
    label = {"sha1": "{SSHA}", "sha256": "{SSHA256}"}[algorithm]
    return label + base64.b64encode(hashlib.new(algorithm, salted).digest() + SALT).decode()


def pbkdf2(digest: str, iterations: int) -> str:
    """The form that WorkOS documents."""
    made = hashlib.pbkdf2_hmac(digest, RIGHT.encode(), SALT, iterations)
    return f"$pbkdf2$i={iterations},d={digest}${b64(SALT)}${b64(made)}"


def scrypt() -> str:
    """The form that WorkOS documents; the cost is n itself."""
    made = hashlib.scrypt(RIGHT.encode(), salt=SALT, n=1024, r=8, p=1, dklen=64)
    return f"$scrypt$v=1$n=1024,r=8,p=1,kl=64${b64(SALT)}${b64(made)}"


HASHES: dict[str, tuple[str, Callable[[], str], str | None]] = {
    "bcrypt 2b": ("bcrypt", lambda: bcrypt.hashpw(RIGHT.encode(), bcrypt.gensalt(4, b"2b")).decode(), None),
    "bcrypt 2a": ("bcrypt", lambda: bcrypt.hashpw(RIGHT.encode(), bcrypt.gensalt(4, b"2a")).decode(), None),
    "argon2id": ("argon2", lambda: argon(argon2.Type.ID), None),
    "argon2i": ("argon2", lambda: argon(argon2.Type.I), None),
    "argon2d": ("argon2", lambda: argon(argon2.Type.D), None),
    "scrypt": ("scrypt", scrypt, None),
    "pbkdf2 sha256": ("pbkdf2", lambda: pbkdf2("sha256", 600_000), None),
    "pbkdf2 sha512": ("pbkdf2", lambda: pbkdf2("sha512", 210_000), None),
    "ssha": ("ssha", lambda: ssha("sha1", RIGHT.encode() + SALT), None),
    "ssha256": ("ssha256", lambda: ssha("sha256", RIGHT.encode() + SALT), None),
    "ssha256 salt first": ("ssha256", lambda: ssha("sha256", SALT + RIGHT.encode()), "prefix"),
}


def imported(workos: WorkOSClient, **more: Any) -> Any:
    """A verified user with a bcrypt hash, as an import makes one."""
    text = bcrypt.hashpw(RIGHT.encode(), bcrypt.gensalt(4)).decode()
    fields = {"email": "ada@example.com", "email_verified": True, **more}
    return workos.user_management.create_user(
        password=PasswordHashed(password_hash=text, password_hash_type="bcrypt"), **fields
    )


def sign_in(workos: WorkOSClient, password: str = RIGHT, email: str = "ada@example.com") -> Any:
    """What a sign-in with a password answers."""
    return workos.user_management.authenticate_with_password(email=email, password=password)


def refused(error: type[APIError], call: Callable[[], object]) -> Any:
    """The SDK's exception."""
    with pytest.raises(error) as raised:
        call()
    return raised.value


@pytest.mark.parametrize("name", HASHES)
def test_an_imported_password_signs_in_and_a_wrong_one_does_not(workos: WorkOSClient, name: str) -> None:
    kind, made, position = HASHES[name]
    password = PasswordHashed(password_hash=made(), password_hash_type=kind, password_salt_position=position)
    workos.user_management.create_user(email="ada@example.com", email_verified=True, password=password)

    assert sign_in(workos, email=" ADA@example.com").user.email == "ada@example.com"
    assert refused(BadRequestError, lambda: sign_in(workos, WRONG)).code == "invalid_credentials"


def test_a_password_that_was_set_signs_in(workos: WorkOSClient) -> None:
    workos.user_management.create_user(
        email="ada@example.com", email_verified=True, password=PasswordPlaintext(password=RIGHT)
    )
    signed_in = sign_in(workos)
    assert (signed_in.organization_id, signed_in.authentication_method.value) == (None, "Password")
    assert signed_in.user.last_sign_in_at is not None
    assert refused(BadRequestError, lambda: sign_in(workos, WRONG)).code == "invalid_credentials"


def test_nobody_learns_whether_an_email_is_known(workos: WorkOSClient) -> None:
    """A wrong password, an unknown email, a user without a password: the same words."""
    imported(workos)
    workos.user_management.create_user(email="bob@example.com", email_verified=True)

    imported_and_others = ((WRONG, "ada@example.com"), (RIGHT, "bob@example.com"), (RIGHT, "eve@example.com"))
    said = {
        str(refused(BadRequestError, partial(sign_in, workos, *tried)).response_json) for tried in imported_and_others
    }
    assert len(said) == 1


def test_bcrypt_looks_at_the_first_72_bytes_as_where_the_hash_was_made() -> None:
    long = "é" * 36
    password = Password(bcrypt.hashpw(long.encode(), bcrypt.gensalt(4)).decode(), "bcrypt")

    assert matches(password, long + "more")
    assert not matches(password, long[:-1])


def test_firebase_scrypt_never_matches() -> None:
    assert not matches(Password("$firebase-scrypt$x", "firebase-scrypt"), RIGHT)


def test_an_email_that_is_not_verified_does_not_sign_in(workos: WorkOSClient, http: httpx.Client) -> None:
    imported(workos, email_verified=False)
    error = refused(AuthorizationError, lambda: sign_in(workos))
    assert error.code == "email_verification_required"
    assert error.response_json["pending_authentication_token"]

    http.post("/_sandbox/settings", json={"verified_email_required": False}).raise_for_status()
    assert sign_in(workos).user.email == "ada@example.com"


def test_an_imported_authenticator_is_asked_and_its_code_signs_in(workos: WorkOSClient, http: httpx.Client) -> None:
    user = imported(workos)
    workos.mfa.create_user_auth_factor(user.id, type="totp", totp_secret=SECRET)
    error = refused(AuthorizationError, lambda: sign_in(workos))
    assert error.code == "mfa_challenge"
    (factor,) = error.response_json["authentication_factors"]
    challenge = workos.mfa.challenge_factor(factor["id"])

    def answer(code: str) -> Any:
        return workos.user_management.authenticate_with_totp(
            code=code,
            pending_authentication_token=error.response_json["pending_authentication_token"],
            authentication_challenge_id=challenge.id,
        )

    code = totp(SECRET, int(time.time() // STEP))
    assert refused(BadRequestError, lambda: answer("abcdef")).code == "invalid_one_time_code"
    assert answer(code).user.id == user.id
    assert refused(BadRequestError, lambda: answer(code)).code == "invalid_pending_authentication_token"

    http.post("/_sandbox/settings", json={"mfa": False}).raise_for_status()
    assert sign_in(workos).user.id == user.id


def test_codes_are_those_of_rfc_6238() -> None:
    """The SHA-1 vectors of its appendix B, last six of eight digits; one interval of grace on either side."""
    secret = base64.b32encode(b"12345678901234567890").decode()
    vectors = {59: "287082", 1111111109: "081804", 1234567890: "005924", 20000000000: "353130"}
    factor = Factor("auth_factor_1", 1, 1, "user_1", "", "", secret)

    assert {at: totp(secret, at // STEP) for at in vectors} == vectors
    begins = 1111111080
    right = [at for at in range(begins - 60, begins + 90, 10) if is_code_of(factor, "081804", at)]
    assert (right[0], right[-1]) == (begins - 30, begins + 50)
    assert not is_code_of(factor, "٠٨١٨٠٤", begins)


def test_a_member_of_one_organization_signs_in_to_it_and_of_several_chooses(workos: WorkOSClient) -> None:
    user = imported(workos)
    ids = []
    for name in ("Acme", "Bolt"):
        ids.append(workos.organizations.create_organization(name=name).id)
        workos.organization_membership.create_organization_membership(user_id=user.id, organization_id=ids[-1])
        if name == "Acme":
            assert sign_in(workos).organization_id == ids[0]
    error = refused(AuthorizationError, lambda: sign_in(workos))
    assert error.code == "organization_selection_required"
    assert [one["id"] for one in error.response_json["organizations"]] == ids

    def choose(organization_id: str) -> Any:
        return workos.user_management.authenticate_with_organization_selection(
            organization_id=organization_id,
            pending_authentication_token=error.response_json["pending_authentication_token"],
        )

    assert refused(BadRequestError, lambda: choose("org_other")).code == "invalid_organization_id"
    assert choose(ids[1]).organization_id == ids[1]


@pytest.mark.parametrize(
    ("change", "status", "said"),
    [
        ({"client_secret": "sk_wrong"}, 400, {"error": "invalid_client"}),
        ({"client_secret": "pk_test"}, 400, {"error": "invalid_client"}),
        ({"grant_type": "refresh_token"}, 422, {"code": "invalid_request_parameters"}),
        ({"password": None}, 422, {"code": "invalid_request_parameters"}),
        ({"grant_type": ["password"]}, 422, {"code": "invalid_request_parameters"}),
    ],
)
def test_a_sign_in_outside_the_rules_is_refused(
    url: str, workos: WorkOSClient, change: dict[str, Any], status: int, said: dict[str, str]
) -> None:
    imported(workos)
    body = {
        "client_id": "client",
        "client_secret": "sk_test_1",
        "grant_type": "password",
        "email": "ada@example.com",
        "password": RIGHT,
    }
    assert httpx.post(url + AUTHENTICATE, json=body).status_code == 200
    answer = httpx.post(url + AUTHENTICATE, json=body | change)
    assert (answer.status_code, said.items() <= answer.json().items()) == (status, True)


def test_a_body_that_is_none_is_refused(http: httpx.Client) -> None:
    assert http.post(AUTHENTICATE, json=[]).status_code == 422


def test_neither_password_nor_hash_is_in_log_or_answer(workos: WorkOSClient, http: httpx.Client) -> None:
    imported(workos)
    error = refused(BadRequestError, lambda: sign_in(workos, WRONG))

    assert WRONG not in str(error.response_json)
    assert not any(secret in http.get("/_sandbox/requests").text for secret in (WRONG, RIGHT, "$2b$", "ada@"))
    assert (
        refused(
            UnprocessableEntityError,
            lambda: workos.user_management.authenticate_with_refresh_token(refresh_token="none"),
        ).code
        == "invalid_request_parameters"
    )
