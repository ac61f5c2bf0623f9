"""Every class of error that WorkOS's SDK has for an answer, or for none, occurs against the sandbox."""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import (
    STATUS_CODE_TO_ERROR,
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
from workos._types import RequestOptions

from tests.sandbox.workos.plain_calls import DELETED_ORGANIZATIONS_PER_MINUTE
from tests.sandbox.workos.sdk_calls import PASSWORD, populate

ONCE = RequestOptions(max_retries=0)


def raised(error: type[WorkOSError], call: Callable[[], object]) -> Any:
    """The error that the call raises; of exactly this class."""
    with pytest.raises(error) as caught:
        call()
    assert type(caught.value) is error
    return caught.value


def test_refusals_of_the_api_are_the_sdks_errors_by_status(workos: WorkOSClient) -> None:
    world = populate(workos)

    taken = raised(BadRequestError, lambda: workos.user_management.create_user(email="ada@example.com"))
    absent = raised(NotFoundError, lambda: workos.organizations.get_organization("org_gone"))
    held = raised(ConflictError, lambda: workos.authorization.create_environment_role(slug="admin", name="x"))
    wrong = raised(
        UnprocessableEntityError, lambda: workos.organizations.update_organization(world.organization, name="")
    )

    assert [(one.status_code, one.code) for one in (taken, absent, held, wrong)] == [
        (400, "user_creation_error"),
        (404, None),
        (409, "role_slug_conflict"),
        (422, "invalid_request_parameters"),
    ]


def test_a_key_that_is_none_is_an_authentication_error(http: httpx.Client) -> None:
    with WorkOSClient(api_key="sk_wrong", client_id="client", base_url=str(http.base_url)) as client:
        assert raised(AuthenticationError, client.authorization.list_environment_roles).status_code == 401


def test_a_key_without_the_permission_is_an_authorization_error(workos: WorkOSClient, http: httpx.Client) -> None:
    """Keys of the sandbox may do everything, so a fault says no, in the document's words for it."""
    body = {"message": "You do not have permission to perform this action."}
    http.post("/_sandbox/faults", json=[{"path": "/organizations", "status": 403, "body": body}]).raise_for_status()

    refused = raised(AuthorizationError, lambda: workos.organizations.update_organization("org_1", name="x"))

    assert (refused.status_code, refused.message) == (403, body["message"])


def test_a_step_of_a_sign_in_is_a_kind_of_authorization_error(workos: WorkOSClient) -> None:
    populate(workos)
    sign_in = workos.user_management.authenticate_with_password

    refused: Any = raised(EmailVerificationRequiredError, lambda: sign_in(email="grace@example.com", password=PASSWORD))

    assert (refused.email, bool(refused.pending_authentication_token)) == ("grace@example.com", True)
    assert isinstance(refused, AuthorizationError)


def test_a_request_over_a_limit_says_when_to_come_again(workos: WorkOSClient, http: httpx.Client) -> None:
    http.post("/_sandbox/settings", json={"limits": True}).raise_for_status()

    def delete() -> None:
        workos.organizations.delete_organization("org_gone", request_options=ONCE)

    for _ in range(DELETED_ORGANIZATIONS_PER_MINUTE):
        raised(NotFoundError, delete)
    refused = raised(RateLimitExceededError, delete)

    assert (refused.status_code, refused.code) == (429, "rate_limit_exceeded")
    assert 0 < refused.retry_after <= 60


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_outage_is_a_server_error(workos: WorkOSClient, http: httpx.Client, status: int) -> None:
    http.post("/_sandbox/faults", json=[{"path": "/organizations", "status": status}]).raise_for_status()

    refused = raised(ServerError, lambda: workos.organizations.list_organizations(request_options=ONCE))

    assert refused.status_code == status


def test_an_address_where_nobody_listens_is_a_connection_error() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{bound.getsockname()[1]}"
        with WorkOSClient(api_key="sk_x", client_id="client", base_url=url) as client:
            raised(WorkOSConnectionError, lambda: client.organizations.list_organizations(request_options=ONCE))


def test_an_answer_that_comes_too_late_is_a_timeout_error(workos: WorkOSClient, http: httpx.Client) -> None:
    http.post("/_sandbox/settings", json={"latency_ms": 1000}).raise_for_status()
    impatient = RequestOptions(max_retries=0, timeout=0.05)

    raised(WorkOSTimeoutError, lambda: workos.organizations.list_organizations(request_options=impatient))


@pytest.mark.parametrize("mode", ["drop_before", "drop_after"])
def test_a_connection_that_breaks_is_the_sdks_plain_error(workos: WorkOSClient, http: httpx.Client, mode: str) -> None:
    http.post("/_sandbox/faults", json=[{"path": "/organizations", "mode": mode}]).raise_for_status()

    raised(WorkOSError, lambda: workos.organizations.list_organizations(request_options=ONCE))


def test_no_status_has_an_error_class_that_these_tests_do_not_know() -> None:
    assert set(STATUS_CODE_TO_ERROR) == {400, 401, 403, 404, 409, 422, 429}
