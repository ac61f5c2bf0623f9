"""Who is asked for a code by email at the first sign-in: the documented exceptions, and nobody else, are spared."""

from __future__ import annotations

import pytest

from providers.directory.sign_in import SignIn, must_verify, people_of, sign_ins_of

DATABASE = "auth0\tUsername-Password-Authentication"
GOOGLE = "google-oauth2\tgoogle-oauth2"


@pytest.mark.parametrize("providers", [("auth0",), ("samlp",), ("email",), ("auth0", "google-oauth2")])
def test_an_email_that_is_verified_in_auth0_is_not_verified_again(providers: tuple[str, ...]) -> None:
    assert not must_verify("a@firm.example", True, providers)


@pytest.mark.parametrize("email", ["a@gmail.com", "a@googlemail.com"])
@pytest.mark.parametrize("providers", [("google-oauth2",), ("google-oauth2", "google-oauth2")])
def test_google_vouches_for_an_address_of_its_own(email: str, providers: tuple[str, ...]) -> None:
    assert not must_verify(email, False, providers)


@pytest.mark.parametrize(
    ("email", "providers"),
    [
        ("a@firm.example", ("google-oauth2",)),
        ("a@notgmail.com", ("google-oauth2",)),
        ("a@gmail.com.example", ("google-oauth2",)),
        ("a@mail.gmail.com", ("google-oauth2",)),
        ("a@gmail.com", ("auth0",)),
        ("a@gmail.com", ("google-oauth2", "auth0")),
        ("a@gmail.com", ("google-apps",)),
        ("a@gmail.com", ()),
        ("a@outlook.com", ("windowslive",)),
        ("a@icloud.com", ("apple",)),
        ("a@firm.example", ("samlp",)),
        ("a@firm.example", ("email",)),
    ],
)
def test_what_is_not_documented_has_to_verify(email: str, providers: tuple[str, ...]) -> None:
    assert must_verify(email, False, providers)


def test_a_user_of_two_connections_counts_at_both_and_once_among_people() -> None:
    counted = {
        (DATABASE, False): 5,
        (DATABASE, True): 2,
        (f"{DATABASE}\n{GOOGLE}", True): 3,
        (f"auth0\tother\n{DATABASE}", False): 1,
        (f"{GOOGLE}\n{GOOGLE}", False): 4,
        ("auth0-oidc\tcorp", False): 6,
    }

    assert sign_ins_of(counted) == [
        SignIn("auth0", "Username-Password-Authentication", 11, 5),
        SignIn("auth0", "other", 1, 0),
        SignIn("auth0-oidc", "corp", 6, 0),
        SignIn("google-oauth2", "google-oauth2", 7, 3),
    ]
    assert people_of(counted) == {"must_verify": 5, "database_users": 11}
