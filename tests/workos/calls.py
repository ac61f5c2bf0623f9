"""The calls of WorkOS's API as the sandbox's log counts them, and small steps that many tests take."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from providers.workos.kinds import Records, Written

POST_USER = "POST /user_management/users"
PUT_USER = "PUT /user_management/users/{id}"
GET_USER = "GET /user_management/users/{id}"
DELETE_USER = "DELETE /user_management/users/{id}"
LIST_USERS = "GET /user_management/users"
USER_BY_EXTERNAL_ID = "GET /user_management/users/external_id/{external_id}"
ENROL = "POST /user_management/users/{id}/auth_factors"
FACTORS = "GET /user_management/users/{id}/auth_factors"

POST_ORGANIZATION = "POST /organizations"
PUT_ORGANIZATION = "PUT /organizations/{id}"
GET_ORGANIZATION = "GET /organizations/{id}"
DELETE_ORGANIZATION = "DELETE /organizations/{id}"
LIST_ORGANIZATIONS = "GET /organizations"
ORGANIZATION_BY_EXTERNAL_ID = "GET /organizations/external_id/{external_id}"

POST_MEMBERSHIP = "POST /user_management/organization_memberships"
PUT_MEMBERSHIP = "PUT /user_management/organization_memberships/{id}"
GET_MEMBERSHIP = "GET /user_management/organization_memberships/{id}"
DELETE_MEMBERSHIP = "DELETE /user_management/organization_memberships/{id}"
LIST_MEMBERSHIPS = "GET /user_management/organization_memberships"
DEACTIVATE = "PUT /user_management/organization_memberships/{id}/deactivate"
REACTIVATE = "PUT /user_management/organization_memberships/{id}/reactivate"

POST_ROLE = "POST /authorization/roles"
PATCH_ROLE = "PATCH /authorization/roles/{slug}"
ROLE = "GET /authorization/roles/{slug}"
LIST_ROLES = "GET /authorization/roles"

#: How often a list is looked at that does not show what WorkOS says is there.
LOOKS = 4


def made(records: Records[Any], desired: Any) -> Written:
    """What is known after a create."""
    written = Written()
    records.create(written, desired)
    return written


def sha(text: str) -> str:
    """How the sandbox shows a secret."""
    return sha256(text.encode()).hexdigest()
