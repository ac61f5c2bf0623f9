"""Accounts as the lines of an Auth0 export: its API's keys, the extension's, and the columns of CSV."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tests.generate.accounts import Account, Hash, Identity
from tests.generate.people import SOCIAL

Line = dict[str, Any]
CSV_COLUMNS = (
    *("user_id", "email", "email_verified", "given_name", "family_name", "name", "nickname", "picture"),
    *("identities[0].connection", "blocked", "user_metadata.plan", "created_at", "updated_at", "last_login"),
)


def api_line(account: Account) -> Line:
    """A users line as the bulk export job writes it."""
    line: Line = {"user_id": account.user_id}
    if account.email is not None or account.email_key:
        line["email"] = account.email
    if account.email_verified is not None:
        line["email_verified"] = account.email_verified
    for key, value in (("given_name", account.given_name), ("family_name", account.family_name)):
        if value is not None:
            line[key] = value
    line["name"] = account.name
    profile = account.profile
    line["nickname"], line["picture"] = profile["nickname"], profile["picture"]
    line["identities"] = [_identity_line(identity) for identity in account.identities]
    line["created_at"] = account.created_at
    line.update(profile)
    if account.blocked:
        line["blocked"] = True
    return line


def extension_line(account: Account) -> Line:
    """The User Import / Export extension's default fields under its own keys."""
    line: Line = {"Id": account.user_id}
    parts = (("Given Name", account.given_name), ("Family Name", account.family_name))
    line.update({key: value for key, value in parts if value is not None})
    line["Nickname"], line["Name"] = account.profile["nickname"], account.name
    if account.email is not None or account.email_key:
        line["Email"] = account.email
    if account.email_verified is not None:
        line["Email Verified"] = account.email_verified
    line["Picture"], line["Connection"] = account.profile["picture"], account.identities[0].connection
    line["Created At"], line["Updated At"] = account.created_at, account.profile["updated_at"]
    return line


def csv_line(account: Account) -> Line:
    """The fields of a CSV export that names what CSV can carry."""
    profile = account.profile
    named = (account.user_id, account.email, account.email_verified, account.given_name, account.family_name)
    described = (account.name, profile["nickname"], profile["picture"], account.identities[0].connection)
    plan = profile.get("user_metadata", {}).get("plan")
    dates = (account.created_at, profile["updated_at"], profile.get("last_login"))
    return dict(zip(CSV_COLUMNS, (*named, *described, account.blocked or None, plan, *dates), strict=True))


#: The users line of each shape that is not the API's.
USER_LINES: dict[str, Callable[[Account], Line]] = {
    "extension": extension_line,
    "csv": csv_line,
    "csv-plain": csv_line,
}


def _identity_line(identity: Identity) -> Line:
    line: Line = {
        "user_id": identity.own,
        "provider": identity.provider,
        "connection": identity.connection,
        "isSocial": identity.provider in SOCIAL,
    }
    if identity.token:
        line["access_token"] = identity.token
    if identity.email:
        line["profileData"] = {"email": identity.email, "email_verified": True}
    return line


def password_line(line: Hash, address: str, verified: bool, tenant: str) -> Line:
    """A line of support's password file."""
    result: Line = {}
    if line.spelling != "none":
        key = "_ID" if line.spelling == "upper" else "_id"
        result[key] = line.oid if line.spelling == "string" else {"$oid": line.oid}
    if line.root_email and address:
        result["email_verified"], result["email"] = verified, address
    result["passwordHash"] = line.text
    result["password_set_date"] = {"$date": line.set_at}
    result["tenant"], result["connection"] = tenant, line.owner.connection
    result["_tmp_is_unique"] = True
    if address:
        result["identifiers"] = [{"type": "email", "value": address, "verified": verified}]
    if line.alt_id is not None and line.spelling != "none":
        result["alt_id"] = line.alt_id
    return result


def factor_line(user_id: str, kind: str, secret: str, tenant: str) -> Line:
    """A line of support's MFA file."""
    key = "otp_secret" if kind == "otp" else "recovery_code"
    return {"user_id": user_id, "tenant": tenant, "type": kind, key: secret}


def member_lines(account: Account) -> Iterator[Line]:
    """The member objects of an account, each with its organization's id."""
    for membership in account.memberships:
        yield {
            "org_id": membership.organization,
            "user_id": account.user_id,
            "email": account.email,
            "name": account.name,
            "picture": account.profile["picture"],
            "roles": [{"id": role.id, "name": role.name} for role in membership.roles],
        }
