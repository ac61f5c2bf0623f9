"""Whether a WorkOS user without external id may become that of an Auth0 account with the same email: one rule.

An email proves nothing by itself. Whoever registers it first, in WorkOS or in Auth0, would get the other's account: a
stranger's password would open it, or a stranger's names, hash and authenticator would be written to it. Only where both
sides call it verified do both accounts belong to whoever reads that mailbox.
"""

from __future__ import annotations

_ASK = (
    "a WorkOS user without external id has this email, and WorkOS and Auth0 both call it verified: to take it over run "
    "pulumi config set ferry:adopt email, then pulumi up"
)
_UNVERIFIED_IN_WORKOS = (
    "a WorkOS user without external id has this email, and WorkOS does not call it verified: somebody else may have "
    "registered it. Look at that user in WorkOS (dashboard, Users: its password, identities and authenticators; or GET "
    "/user_management/users?email=), remove it there, or let its owner verify the email in WorkOS, then run pulumi up"
)
_UNVERIFIED_IN_AUTH0 = (
    "a WorkOS user without external id has this email, which WorkOS calls verified and Auth0 does not (text that only "
    "ferry:emailVerified trust-text takes does not count): the account in Auth0 may be somebody else's. Look at that "
    "user in WorkOS (dashboard, Users; or GET /user_management/users?email=). Let the account's owner verify the email "
    "in Auth0 and export again, or remove the user in WorkOS if it is the same person's, then run pulumi up"
)


def why_not(*, in_workos: bool, in_auth0: bool, is_allowed: bool) -> tuple[str, str] | None:
    """Code and sentence of the refusal, None if the user may be taken over.

    `in_workos` and `in_auth0` say who calls the email verified, `is_allowed` is `ferry:adopt` email.
    """
    if in_workos and in_auth0:
        return None if is_allowed else ("email_held_by_unmanaged", _ASK)
    if not in_workos:
        return "email_held_by_unverified" if is_allowed else "email_held_by_unmanaged", _UNVERIFIED_IN_WORKOS
    return "email_unverified_in_auth0" if is_allowed else "email_held_by_unmanaged", _UNVERIFIED_IN_AUTH0
