"""Every way WorkOS says no, with its status, code and shape, in one place.

Shapes: ``{message}`` alone (most 404 and 409), ``{code, message}``, ``{code, message, errors: [{code, message}]}``,
``{error, error_description}`` (WorkOS API reference, errors; the published OpenAPI document, per operation). Messages
never repeat a value from the request body, so nothing a person typed comes back out through an error or a log.
"""

from typing import Any

from sandbox.http.refusals import Refusal, coded


def unauthorized() -> Refusal:
    """No key or a wrong one (API reference, API authentication)."""
    return Refusal(401, {"message": "Unauthorized"})


def too_many_requests() -> Refusal:
    """Over a rate limit (API reference, rate limits)."""
    return coded(429, "rate_limit_exceeded", "You have exceeded the rate limit.")


def unknown_route() -> Refusal:
    """A path or method that is not part of this sandbox."""
    return Refusal(404, {"message": "Not Found"})


def not_found(kind: str, identifier: str) -> Refusal:
    """An unknown id: ``{message}`` alone, worded as the example of the OpenAPI document."""
    return Refusal(404, {"message": f"{kind} not found: '{identifier}'."})


def bad_request(refusal: Refusal) -> Refusal:
    """The same words with status 400 (events/list says so of an unknown organization)."""
    return Refusal(400, refusal.body)


def by_field(refusal: Refusal) -> Refusal:
    """The same violations as the list of events names them: ``{code, field}``, and no code over them (events/list)."""
    errors = [{"code": error["code"], "field": error["message"].split()[0]} for error in refusal.body["errors"]]
    return Refusal(422, {"message": "Validation failed.", "errors": errors})


def user_creation(code: str, message: str) -> Refusal:
    """A user that cannot be created: the reason stands in ``errors`` (user/create)."""
    errors = [{"code": code, "message": message}]
    return Refusal(400, {"code": "user_creation_error", "message": "Could not create user.", "errors": errors})


def weak_password() -> Refusal:
    """A plaintext password that is too short (user/create, user/update)."""
    errors = [{"code": "password_too_short", "message": "Password must be at least 10 characters."}]
    message = "Password does not meet strength requirements."
    return Refusal(400, {"code": "password_strength_error", "message": message, "errors": errors})


def domain_conflict() -> Refusal:
    """A domain that another organization holds: 409 with a message and no code (organization/create, update)."""
    return Refusal(409, {"message": "An organization with this domain already exists."})


def already_member(status: int, code: str) -> Refusal:
    """A second active membership of one user in one organization. Status and code are not documented: switches."""
    return coded(status, code, "The user is already a member of the organization.")


def pending_membership(verb: str) -> Refusal:
    """A membership that waits for an invitation (organization-membership/create, deactivate, reactivate)."""
    code = f"cannot_{verb}_pending_organization_membership"
    return coded(400, code, f"Cannot {verb} a pending organization membership.")


def invalid_role() -> Refusal:
    """A role slug that the environment does not have (organization-membership/create, update)."""
    return coded(422, "invalid_role", "The role does not exist in this environment.")


def multiple_roles_off() -> Refusal:
    """Several roles while the environment's multiple-roles setting is off (organization-membership/create, update)."""
    return coded(422, "multiple_roles_not_enabled", "Multiple roles are not enabled for this environment.")


def role_slug_taken() -> Refusal:
    """A role slug that is in use (roles/create)."""
    return coded(409, "role_slug_conflict", "A role with this slug already exists.")


def organization_role_slug_taken() -> Refusal:
    """A slug that another role of the organization has (roles/organization-role/create)."""
    return coded(409, "organization_role_slug_conflict", "A role with this slug already exists in the organization.")


def role_assigned() -> Refusal:
    """An organization's own role that memberships have (roles/organization-role/delete)."""
    return coded(409, "role_has_assignments", "The role is assigned to organization memberships.")


def permission_slug_taken() -> Refusal:
    """A permission slug that is in use (permissions/create)."""
    return coded(409, "permission_slug_conflict", "A permission with this slug already exists.")


def domain_taken() -> Refusal:
    """A domain that an organization has already (organization-domain/create)."""
    return coded(409, "domain_already_exists", "This domain already exists.")


def domain_verified() -> Refusal:
    """A domain whose verification has ended well (organization-domain/verify)."""
    return coded(400, "domain_already_verified", "This domain is already verified.")


def external_id_taken() -> Refusal:
    """An external id that another object of the kind holds (organization/create and update, user/update)."""
    return coded(400, "external_id_already_used", "This external ID is already in use.")


def stripe_customer_taken() -> Refusal:
    """A Stripe customer that another organization has (organization/update)."""
    return coded(400, "stripe_customer_id_already_used", "This Stripe customer ID is already in use.")


def factor_enrolled() -> Refusal:
    """A second TOTP factor, if the switch says so; not documented."""
    return coded(422, "totp_already_enrolled", "The user already has a TOTP factor.")


def invalid_metadata(message: str) -> Refusal:
    """Metadata beyond its limits (metadata and external ids)."""
    return coded(400, "invalid_metadata", message)


def invalid_password_hash(message: str) -> Refusal:
    """A hash that is not of its type, or an unknown type (user/create, user/update)."""
    return coded(400, "invalid_password_hash", message)


def oauth(error: str, description: str) -> Refusal:
    """``{error, error_description}``, how the authenticate call says no to a client (authentication)."""
    return Refusal(400, {"error": error, "error_description": description})


def invalid_client() -> Refusal:
    """A wrong ``client_secret``; of a wrong key in the header the status is 401, of this one the document says 400."""
    return oauth("invalid_client", "The client secret is not valid.")


def invalid_oauth_request(description: str) -> Refusal:
    """What WorkOS would serve and the sandbox does not; the description says so."""
    return oauth("invalid_request", description)


def invalid_credentials() -> Refusal:
    """No user with this email and password; WorkOS's message goes on with the email."""
    return coded(400, "invalid_credentials", "Invalid credentials.")


def email_verification_required(token: str, email: str, verification_id: str) -> Refusal:
    """A right password of a user whose email is not verified; the check is on by default (email verification)."""
    message = "Email ownership must be verified before authentication."
    more = {"email": email, "email_verification_id": verification_id}
    return _step("email_verification_required", message, token, more)


def mfa_challenge(token: str, user: dict[str, Any], factors: list[dict[str, str]]) -> Refusal:
    """A right password of a user with a factor, at every sign-in (authentication, totp)."""
    message = "The user must complete an MFA challenge to finish authenticating."
    return _step("mfa_challenge", message, token, {"authentication_factors": factors, "user": user})


def organization_selection_required(token: str, user: dict[str, Any], organizations: list[dict[str, str]]) -> Refusal:
    """An active member of several organizations (authentication, organization selection)."""
    message = "The user must choose an organization to finish their authentication."
    return _step("organization_selection_required", message, token, {"organizations": organizations, "user": user})


def _step(code: str, message: str, token: str, more: dict[str, Any]) -> Refusal:
    """Ask for one more step: 403 with a token to take it (API reference, authentication errors)."""
    return Refusal(403, {"code": code, "message": message, "pending_authentication_token": token, **more})
