"""A user who may sign in to the sandbox, and the sign-in."""

import bcrypt
import pytest
from workos import WorkOSClient
from workos._errors import BadRequestError
from workos.common.models import User
from workos.user_management._resource import PasswordHashed
from workos.user_management.models import AuthenticateResponse

AUTHENTICATE = "/user_management/authenticate"
EMAIL = "ada@people.example"
PASSWORD = "correct hörse 🐎"

#: The type of a hash and the hash.
Kept = tuple[str, str]


def of_bcrypt(password: str = PASSWORD, prefix: bytes = b"2b") -> Kept:
    """A cheap bcrypt hash."""
    return "bcrypt", bcrypt.hashpw(password.encode(), bcrypt.gensalt(4, prefix)).decode()


def made(workos: WorkOSClient, kept: Kept | None = None, position: str | None = None, *, verified: bool = True) -> User:
    """A user with an imported hash; bcrypt unless told."""
    kind, text = kept or of_bcrypt()
    hashed = PasswordHashed(password_hash=text, password_hash_type=kind, password_salt_position=position)
    created = workos.user_management.create_user(
        email=EMAIL, email_verified=verified, external_id="auth0|ada", password=hashed
    )
    return workos.user_management.get_user(created.id)


def sign_in(workos: WorkOSClient, password: str = PASSWORD, email: str = EMAIL) -> AuthenticateResponse:
    """Sign in by password."""
    return workos.user_management.authenticate_with_password(email=email, password=password)


def code_of(workos: WorkOSClient, password: str, email: str = EMAIL) -> str | None:
    """The code with which a sign-in is refused."""
    with pytest.raises(BadRequestError) as refused:
        sign_in(workos, password, email)
    return refused.value.code


def joined(workos: WorkOSClient, user_id: str, *names: str) -> list[str]:
    """Make organizations, the user an active member of each, and return their ids."""
    organizations = [workos.organizations.create_organization(name=name).id for name in names]
    for organization in organizations:
        workos.organization_membership.create_organization_membership(user_id=user_id, organization_id=organization)
    return organizations


def sent(**more: str) -> dict[str, str]:
    """The body of a sign-in by password."""
    own = {"grant_type": "password", "client_id": "client_x", "client_secret": "sk_x", "email": EMAIL}
    return {**own, "password": PASSWORD, **more}
