"""Everything an environment holds, as a test compares it: by external ids, with secrets as SHA-256 only."""

import hashlib
from typing import Any

from sandbox.workos.objects import Membership, Organization, User
from sandbox.workos.state import Environment


def directory(environment: Environment) -> dict[str, Any]:
    """Return users, organizations, memberships and roles in order of creation."""
    return {
        "users": [_user(environment, user) for user in environment.users.values()],
        "organizations": [_organization(organization) for organization in environment.organizations.values()],
        "memberships": [_membership(environment, membership) for membership in environment.memberships.values()],
        "roles": [
            {"slug": role.slug, "name": role.name, "description": role.description}
            for role in environment.roles().values()
        ],
    }


def _user(environment: Environment, user: User) -> dict[str, Any]:
    text, kind, salt_position = user.password or (None, None, None)
    secrets = [environment.factors[identifier].secret for identifier in environment.factor_series(user.id).newer(None)]
    return {
        "id": user.id,
        "email": user.email,
        "external_id": user.external_id,
        "first_name": user.first_name,
        "last_name": user.last_name,
        "name": user.name,
        "email_verified": user.email_verified,
        "metadata": dict(user.metadata),
        "password_sha256": None if text is None else _sha256(text),
        "password_hash_type": kind,
        "password_salt_position": salt_position,
        "totp_sha256": [_sha256(secret) for secret in secrets],
    }


def _organization(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.id,
        "name": organization.name,
        "external_id": organization.external_id,
        "metadata": dict(organization.metadata),
        "domains": [{"domain": domain.domain, "state": domain.state} for domain in organization.domains],
    }


def _membership(environment: Environment, membership: Membership) -> dict[str, Any]:
    return {
        "id": membership.id,
        "organization_external_id": environment.organizations[membership.organization_id].external_id,
        "user_external_id": environment.users[membership.user_id].external_id,
        "roles": list(membership.roles),
        "status": membership.status,
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
