"""Every class of error that WorkOS's SDK has for an answer or for none occurs against the sandbox."""

from __future__ import annotations

import socket
from collections.abc import Callable

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import (
    STATUS_CODE_TO_ERROR,
    APIError,
    AuthenticationError,
    AuthorizationError,
    BadRequestError,
    ConflictError,
    EmailVerificationRequiredError,
    NotFoundError,
    RateLimitExceededError,
    ServerError,
    UnprocessableEntityError,
    WorkOSConnectionError,
    WorkOSError,
    WorkOSTimeoutError,
)

from tests.sandbox.conftest import KEY
from tests.sandbox.sdk_calls import PASSWORD, World, populate

REFUSALS: dict[type[APIError], tuple[str | None, Callable[[WorkOSClient, World], object]]] = {
    BadRequestError: ("user_creation_error", lambda sdk, _: sdk.user_management.create_user(email="ada@example.com")),
    AuthorizationError: (
        "email_verification_required",
        lambda sdk, _: sdk.user_management.authenticate_with_password(email="grace@example.com", password=PASSWORD),
    ),
    NotFoundError: (None, lambda sdk, _: sdk.organizations.get_organization("org_gone")),
    ConflictError: (
        "role_slug_conflict",
        lambda sdk, _: sdk.authorization.create_environment_role(slug="admin", name="Admin"),
    ),
    UnprocessableEntityError: (
        "invalid_role",
        lambda sdk, world: sdk.organization_membership.update_organization_membership(
            world.membership, role=None, request_options={"max_retries": 0}
        ),
    ),
}
