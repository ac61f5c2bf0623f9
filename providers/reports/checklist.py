"""The cutover checklist: what a person does, in order, with this tenant's own numbers; only steps that apply."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Literal

from providers.reports.bill import duration
from providers.reports.check_document import Checked
from providers.reports.counterparts import Way
from providers.settings import KINDS

#: Above so many records a checkpoint after each step costs more than WorkOS.
_MANY_RECORDS = 1_000


def checklist(document: Checked) -> list[str]:
    """The steps for a check document that has everything but them."""
    return [*_in_auth0(document), *_in_workos(document), *_for_people(document), *_on_the_day(document)]


def count(number: int, word: str) -> str:
    """`1 user`, `2,000 users`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _in_auth0(document: Checked) -> Iterator[str]:
    refused = sum(counts["refused"] for counts in document["files"].values())
    if refused:
        yield (
            f"Read the findings that refuse {count(refused, 'line')}; correct what should come along in Auth0 and "
            "export again. The rest stays behind."
        )
    passwords = document["passwords"]
    if passwords["database_users"] and not document["files"]["passwords"]["lines"]:
        yield (
            f"Request the password hashes of {count(passwords['database_users'], 'user')} from Auth0 support, now: it "
            "is a ticket without a promised date. Save them as passwords.ndjson."
        )


def _in_workos(document: Checked) -> Iterator[str]:
    records, magic = document["records"], document["magic_auth"]
    if several := records["memberships_with_several_roles"]:
        yield f"Allow several roles a membership in WorkOS (Authorization): {count(several, 'membership')} have them."
    cut = sum(finding["count"] for finding in document["findings"] if finding["code"] == "several_roles")
    if cut:
        yield (
            f"Decide about {count(cut, 'membership')} with several roles in Auth0, of which only one comes along: "
            "allow several in WorkOS and set ferry:multipleRoles, or order ferry:roles."
        )
    if social := _users_by(document, "social", "workos"):
        yield f"Configure these social providers in WorkOS (Authentication), with users: {social}."
    if enterprise := _users_by(document, "enterprise", "connection"):
        yield f"Set up SSO for these enterprise connections with their administrators, with users: {enterprise}."
    if records["domains"]:
        yield (
            f"Have {count(records['domains'], 'organization domain')} verified (they arrive as pending): SSO users of "
            "a verified domain need not verify their email."
        )
    ways_in = {
        "users of passwordless email": magic["passwordless"],
        "without a password hash": document["passwords"]["without_hash"],
        "without a counterpart": magic["no_counterpart"],
    }
    if any(ways_in.values()):
        ways = ", ".join(f"{number:,} {who}" for who, number in ways_in.items() if number)
        yield f"Switch Magic Auth on in WorkOS (Authentication): it is the way in of {ways}."
    if document["mfa"]["totps"]:
        yield (
            f"Decide in WorkOS (Authentication) who needs MFA: {count(document['mfa']['totps'], 'user')} bring an "
            "authenticator app along."
        )


def _for_people(document: Checked) -> Iterator[str]:
    if without := document["passwords"]["without_hash"]:
        yield f"Tell {count(without, 'user')} without a password hash to reset the password or to use Magic Auth."
    if stranded := _users_by(document, "none", "connection"):
        yield f"Tell the users of connections without a counterpart how they sign in from now on: {stranded}."
    mfa = document["mfa"]
    if mfa["authenticator_missing"]:
        yield f"Tell {count(mfa['authenticator_missing'], 'user')} to enrol an authenticator in WorkOS."
    if mfa["recovery_codes"]:
        yield f"Tell the owners of {count(mfa['recovery_codes'], 'recovery code')} that they no longer work."
    if verify := document["verification"]["must_verify"]:
        yield (
            f"Announce that {count(verify, 'user')} will be asked for a code by email at the first sign-in, and send "
            "mail from a domain of your own (Domains)."
        )


def _on_the_day(document: Checked) -> Iterator[str]:
    cost, records = document["bill"], document["records"]
    if sum(records[kind] for kind in KINDS) > _MANY_RECORDS:
        yield "Set PULUMI_SKIP_CHECKPOINTS=true: at this size each checkpoint costs more than the requests."
    yield (
        f"Rehearse on a staging environment: `pulumi preview`, `pulumi up` ({count(cost['total'], 'request')}, at "
        f"least {duration(cost['seconds'])}), then sign in as one user of each way."
    )
    yield "Do the same on production; Auth0 stays in charge, and every later export writes only what changed."
    yield (
        "On the day: stop sign-ups and changes in Auth0, export a last time, `pulumi preview --diff`, `pulumi up`; a "
        "second `pulumi up` changes nothing."
    )
    yield "Switch the application to AuthKit. Keep the Auth0 tenant until nobody signs in there any more."


def _users_by(document: Checked, way: Way, name: Literal["workos", "connection"]) -> str:
    """`corp-saml (13), corp-okta (2)`: the sign-ins of a way by one of their names, or by the provider's."""
    users: Counter[str] = Counter()
    for sign_in in document["sign_ins"]:
        if sign_in["way"] == way:
            users[sign_in[name] or sign_in["provider"] or "(none)"] += sign_in["users"]
    return ", ".join(f"{connection} ({number:,})" for connection, number in users.most_common())
