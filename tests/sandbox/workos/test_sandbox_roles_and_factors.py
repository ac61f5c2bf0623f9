"""Environment roles and TOTP factors."""

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import ConflictError, NotFoundError, UnprocessableEntityError

ROLES = "/authorization/roles"
SECRET = "JBSWY3DPEHPK3PXP"


def test_a_new_environment_holds_the_role_member_only(workos: WorkOSClient) -> None:
    assert [role.slug for role in workos.authorization.list_environment_roles().data] == ["member"]


def test_a_new_role_is_listed_after_the_others_and_read_by_slug(workos: WorkOSClient) -> None:
    made = workos.authorization.create_environment_role(slug="billing_admin-2", name="Billing", description="Pays")

    assert [role.slug for role in workos.authorization.list_environment_roles().data] == ["member", "billing_admin-2"]
    assert workos.authorization.get_environment_role("billing_admin-2").to_dict() == made.to_dict()


def test_a_role_takes_a_new_name_and_a_cleared_description(workos: WorkOSClient) -> None:
    workos.authorization.create_environment_role(slug="admin", name="Admin", description="All")

    assert workos.authorization.update_environment_role("admin", name="Boss").description == "All"
    assert workos.authorization.update_environment_role("admin", description=None).to_dict()["description"] is None
    assert workos.authorization.get_environment_role("admin").name == "Boss"


def test_a_taken_slug_is_a_conflict(workos: WorkOSClient) -> None:
    with pytest.raises(ConflictError) as refused:
        workos.authorization.create_environment_role(slug="member", name="Member")

    assert refused.value.code == "role_slug_conflict"


@pytest.mark.parametrize(
    "body",
    [
        {"slug": "Admin", "name": "x"},
        {"slug": "a b", "name": "x"},
        {"slug": "", "name": "x"},
        {"slug": "a" * 49, "name": "x"},
        {"slug": "org-admin", "name": "x"},
        {"slug": "admin", "name": "x" * 49},
        {"slug": "admin", "name": "x", "description": "x" * 151},
        {"slug": "admin"},
        {"slug": "admin", "name": "x", "permissions": []},
    ],
)
def test_a_role_outside_the_rules_is_refused(http: httpx.Client, body: dict[str, object]) -> None:
    answer = http.post(ROLES, json=body)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")


def test_a_role_of_the_longest_slug_and_name_is_kept(workos: WorkOSClient) -> None:
    assert workos.authorization.create_environment_role(slug="a" * 48, name="x" * 48).slug == "a" * 48


def test_an_unknown_role_is_a_404_and_cannot_be_deleted(workos: WorkOSClient, http: httpx.Client) -> None:
    with pytest.raises(NotFoundError):
        workos.authorization.get_environment_role("nobody")
    with pytest.raises(NotFoundError):
        workos.authorization.update_environment_role("nobody", name="x")
    assert http.delete(f"{ROLES}/member").status_code == 404


def test_an_imported_totp_secret_is_shown_once_and_never_listed(workos: WorkOSClient, http: httpx.Client) -> None:
    user = workos.user_management.create_user(email="ada@example.com")

    enrolled = workos.mfa.create_user_auth_factor(user.id, type="totp", totp_secret=SECRET, totp_issuer="Acme")

    assert enrolled.authentication_factor.totp is not None
    assert enrolled.authentication_factor.totp.secret == SECRET
    assert enrolled.authentication_challenge.authentication_factor_id == enrolled.authentication_factor.id
    (listed,) = workos.mfa.list_user_auth_factors(user.id).data
    assert (listed.id, listed.type) == (enrolled.authentication_factor.id, "totp")
    assert SECRET not in http.get(f"/user_management/users/{user.id}/auth_factors").text


def test_a_secret_is_made_up_when_none_is_sent(workos: WorkOSClient) -> None:
    user = workos.user_management.create_user(email="ada@example.com")

    secrets = [workos.mfa.create_user_auth_factor(user.id, type="totp").authentication_factor.totp for _ in range(2)]

    assert len({secret.secret for secret in secrets if secret}) == 2


@pytest.mark.parametrize("secret", ["not base32!", "jbswy3dpehpk3pxp", "A", "ABC", "JBSWY3DPEHPK3PX1", ""])
def test_a_secret_that_is_not_base32_is_refused(http: httpx.Client, workos: WorkOSClient, secret: str) -> None:
    user = workos.user_management.create_user(email="ada@example.com")

    answer = http.post(f"/user_management/users/{user.id}/auth_factors", json={"type": "totp", "totp_secret": secret})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")
    assert workos.mfa.list_user_auth_factors(user.id).data == []


def test_another_type_of_factor_is_refused(http: httpx.Client, workos: WorkOSClient) -> None:
    user = workos.user_management.create_user(email="ada@example.com")

    assert http.post(f"/user_management/users/{user.id}/auth_factors", json={"type": "sms"}).status_code == 422


def test_a_factor_goes_by_itself_or_with_its_user(workos: WorkOSClient) -> None:
    user = workos.user_management.create_user(email="ada@example.com")
    first, second = (
        workos.mfa.create_user_auth_factor(user.id, type="totp", totp_secret=SECRET).authentication_factor.id
        for _ in range(2)
    )

    workos.mfa.delete_factor(first)
    assert [one.id for one in workos.mfa.list_user_auth_factors(user.id).data] == [second]
    workos.user_management.delete_user(user.id)

    for factor in (first, second):
        with pytest.raises(NotFoundError):
            workos.mfa.delete_factor(factor)


def test_a_factor_for_an_unknown_user_is_a_404(workos: WorkOSClient) -> None:
    with pytest.raises(NotFoundError):
        workos.mfa.create_user_auth_factor("user_gone", type="totp")


def test_an_unknown_role_name_is_refused_before_anything_changes(workos: WorkOSClient) -> None:
    with pytest.raises(UnprocessableEntityError):
        workos.authorization.update_environment_role("member", name="x" * 49)

    assert workos.authorization.get_environment_role("member").name == "Member"
