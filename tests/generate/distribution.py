"""How a generated tenant is made up: every share is a parameter.

No public statistics on real tenants exist: the shares are judgement, chosen so that among a million users each odd
class has at least 200.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any


def _shares(**shares: float) -> Any:
    return field(default_factory=lambda: shares)


@dataclass(frozen=True)
class Distribution:
    """Shares from 0 to 1, of users unless said otherwise. The shares of a mapping are relative to their sum."""

    #: Provider of the primary identity.
    primary: Mapping[str, float] = _shares(
        **{"auth0": 62, "google-oauth2": 18, "samlp": 7, "waad": 4, "windowslive": 2, "github": 2, "apple": 1.5},
        **{"oidc": 0.5, "oauth2": 0.5, "sms": 1, "email": 1, "adfs": 0.2, "ad": 0.1, "okta": 0.1, "google-apps": 0.1},
    )
    #: Form of a database id; all but `hex` were supplied by the application and stand in `alt_id` of the hash line.
    database_id: Mapping[str, float] = _shares(hex=85, uuid=7, number=7, email=0.5, pipe=0.5)
    #: Database identities of a second database connection.
    second_database: float = 0.15
    linked_two: float = 0.09
    linked_more: float = 0.01

    #: Of the emails: shared by two users, by three or four, by two of the same database connection.
    shared_by_two: float = 0.037
    shared_by_more: float = 0.003
    shared_in_connection: float = 0.001
    #: Of the shared emails: spelled in several cases; which of the accounts are verified.
    shared_case: float = 0.33
    shared_verified: Mapping[str, float] = _shares(all=50, one=30, none=15, some=5)
    #: Of the further accounts of an email: created at the same instant, member of the first account's organization.
    shared_instant: float = 0.1
    shared_organization: float = 0.2

    #: Users without an email, SMS users included; half of the others have the key with null.
    no_email: float = 0.015
    invalid_email: float = 0.0005
    spaced_email: float = 0.0002
    cased_email: float = 0.01
    #: `email_verified`; `email`, the address as its own verification, only for samlp users.
    verified: Mapping[str, float] = _shares(true=78, false=20, missing=1, text=0.5, email=0.5)

    names: Mapping[str, float] = _shares(both=65, email=25, whole=7, one=2, odd=1)
    metadata: Mapping[str, float] = _shares(none=40, flat=40, nested=18, big=2)
    #: Of the users with metadata: an organization's id in it, keys that are reserved words elsewhere.
    metadata_organization: float = 0.05
    metadata_reserved: float = 0.01
    #: Users whose identity holds a token of its provider.
    provider_token: float = 0.02
    blocked: float = 0.015
    never_logged_in: float = 0.12
    #: Users with a second factor, in the profile and in the MFA file, and what stands there.
    multifactor: float = 0.08
    factors: Mapping[str, float] = _shares(otp=35, otp_and_recovery=45, recovery=15, two_otp=5)

    #: Of the database identities; `other` can never be imported, `argon2` as it stands, if the reader knows it.
    hashes: Mapping[str, float] = _shares(bcrypt=97, other=1, argon2=0, no_root_email=1, missing=1)
    #: Of the hash lines: how the id is spelled, and lines without one.
    hash_id: Mapping[str, float] = _shares(object=90, string=9, upper=1)
    hash_without_id: float = 0.002
    #: Hash and MFA lines of nobody, in relation to users.
    stray_hashes: float = 0.003
    #: Hash lines with the id of a user of the other database connection.
    stray_same_id: float = 0.0005
    stray_factors: float = 0.0005

    #: Organizations if their number is not given: one for so many users, but twelve at least.
    users_per_organization: int = 100
    #: Of the memberships: those of the largest organization, of the next ten, of the smaller half.
    largest_organization: float = 0.03
    next_organizations: float = 0.02
    small_organizations: float = 0.015
    #: Of the organizations.
    equal_names: float = 0.01
    no_display_name: float = 0.1
    organization_metadata: float = 0.6
    domains: float = 0.3
    shared_domain: float = 0.01
    #: Organizations a user is in; `few` are two to five, `many` fifty to sixty.
    memberships: Mapping[str, float] = _shares(none=10, one=75, few=14, many=1)
    #: Roles of a membership.
    member_roles: Mapping[str, float] = _shares(none=50, one=40, more=10)
    #: Member lines of nobody and of no organization, in relation to users.
    unknown_members: float = 0.001
    unknown_organizations: float = 0.0005

    #: Of the users of a further tenant: with the id, or the email, of somebody in the first.
    tenants_same_id: float = 0.001
    tenants_same_email: float = 0.05
    #: Of the organizations of a further tenant: with the name of one of the first.
    tenants_same_name: float = 0.01


def with_overrides(base: Distribution, settings: Iterable[str]) -> Distribution:
    """`name=value` each, the value JSON, or the path of a JSON file of such names; a mapping may be given in part.

    Raises ValueError naming what is wrong.
    """
    given: dict[str, Any] = {}
    for setting in settings:
        name, equals, text = setting.partition("=")
        try:
            given.update({name: json.loads(text)} if equals else json.loads(Path(name).read_text(encoding="utf-8")))
        except (OSError, ValueError) as error:
            raise ValueError(f"--set {setting}: {error}. Example: --set no_email=0.02") from None
    known = {one.name: getattr(base, one.name) for one in fields(base)}
    for name, value in given.items():
        if name not in known:
            raise ValueError(f"--set {name}: there is no such share. There are: {', '.join(sorted(known))}")
        if isinstance(known[name], dict):
            wrong = set(value) - set(known[name]) if isinstance(value, dict) else {str(value)}
            if wrong:
                raise ValueError(f"--set {name}: {', '.join(sorted(wrong))} is none of {', '.join(known[name])}")
            given[name] = {**known[name], **value}
        elif isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
            raise ValueError(f"--set {name}: {value} is no share")
    return replace(base, **given)
