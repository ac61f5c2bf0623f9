"""What WorkOS must hold of the accounts of one email: the identity rules of the design (section 4), told a second time.

The rules are applied to what the generator knows that it made. Nothing here reads a file or knows Ferry's code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.generate.accounts import Account, Membership
from tests.generate.tenancy import Organization, Role

Reject = tuple[str, str, str]
#: WorkOS's guide names 64 characters for an external id: a longer one is worth a remark.
_DOCUMENTED_ID = 64


@dataclass(slots=True)
class Outcome:
    """The users as `expected/users.ndjson` has them, the refused lines, and how often a line is remarked upon."""

    users: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    remarks: Counter[str] = field(default_factory=Counter)


def outcome_of(accounts: Sequence[Account], prefixes: Mapping[int, str] | None = None) -> Outcome:
    """The outcome of all accounts with one email; `prefixes` go before the external ids of each tenant."""
    result = Outcome()
    before = prefixes or {}
    refused = _refused(accounts)
    kept = []
    for account in accounts:
        prefix = before.get(account.tenant, "")
        reason = refused.get(id(account))
        if reason:
            _refuse(account, prefix, reason, result)
        else:
            kept.append((account, prefix))
        if account.fault is None:
            _remark(account, prefix, result)
        for membership in account.memberships:
            if not membership.known:
                key = f"{prefix}{membership.organization}/{prefix}{account.user_id}"
                result.rejects.append(("members", key, "unknown_organization"))
    if kept:
        result.users.append(_user(kept, result))
    return result


def _refused(accounts: Sequence[Account]) -> dict[int, str]:
    """Rules 2 and 6: the reason by account."""
    if len(accounts) == 1:
        return {id(account): account.fault for account in accounts if account.fault}
    unverified = [account for account in accounts if not account.verified]
    if not unverified:
        return {}
    if len(unverified) == len(accounts) - 1:
        return {id(one): "unverified_duplicate" for one in unverified}
    return {id(account): "ambiguous_email" for account in accounts}


def _refuse(account: Account, prefix: str, reason: str, result: Outcome) -> None:
    user = prefix + account.user_id
    result.rejects.append(("users", user, reason))
    for membership in account.memberships:
        if membership.known:
            key = f"{prefix}{membership.organization}/{user}"
            result.rejects.append(("members", key, f"user_rejected:{reason}"))
    if account.password:
        if owns_hash(account):
            result.rejects.append(("passwords", user, f"user_rejected:{reason}"))
        else:
            result.rejects.append(("passwords", account.password.raw_id, "no_matching_user"))
    result.rejects += [("mfa", user, f"user_rejected:{reason}") for _ in account.factors]


def _remark(account: Account, prefix: str, result: Outcome) -> None:
    text = account.email_verified
    if isinstance(text, str) and not account.verified:
        result.remarks["users:email_verified_text"] += 1
    if len(prefix + account.user_id) > _DOCUMENTED_ID:
        result.remarks["users:external_id_over_64"] += 1


def owns_hash(account: Account) -> bool:
    """Does the export show the identity that the hash belongs to (rule 7)?"""
    return account.password is not None and any(identity is account.password.owner for identity in account.identities)


def _user(kept: Sequence[tuple[Account, str]], result: Outcome) -> dict[str, Any]:
    def order(one: tuple[Account, str]) -> tuple[bool, str, str]:
        account, prefix = one
        usable = owns_hash(account) and account.password is not None and account.password.importable
        return not usable, account.created_at, prefix + account.user_id

    primary, prefix = min(kept, key=order)
    blocked = any(account.blocked for account, _ in kept)
    if len(kept) > 1:
        result.remarks["users:merged_into_primary"] += len(kept) - 1
    if blocked and not all(account.blocked for account, _ in kept):
        result.remarks["users:merged_blocked"] += 1
    user: dict[str, Any] = {
        "email": primary.address,
        "external_id": prefix + primary.user_id,
        "first_name": primary.given_name or None,
        "last_name": primary.family_name or None,
        "email_verified": primary.verified,
        "password_hash": _password(kept, primary, blocked, result),
        "totp_secret": _totp(kept, primary, blocked, result),
        "memberships": _memberships(kept, blocked, result),
    }
    if not blocked and user["totp_secret"] is None and any("multifactor" in account.profile for account, _ in kept):
        result.remarks["users:authenticator_missing"] += 1
    if len(kept) > 1:
        user["merged_from"] = [prefix + account.user_id for account, prefix in kept]
    return user


def _password(kept: Sequence[tuple[Account, str]], primary: Account, blocked: bool, result: Outcome) -> str | None:
    """Rules 7 and 8: the primary account's hash."""
    found = None
    for account, prefix in kept:
        line = account.password
        if line is None:
            continue
        raw = line.raw_id
        if not owns_hash(account):
            result.rejects.append(("passwords", raw, "no_matching_user"))
        elif account is not primary:
            result.rejects.append(("passwords", prefix + account.user_id, "merged_record_not_primary"))
        elif blocked:
            result.rejects.append(("passwords", raw, "user_blocked"))
        elif not line.importable:
            result.rejects.append(("passwords", raw, "unsupported_hash"))
        else:
            found = line.text
            if line.spelling == "none":
                result.remarks["passwords:hash_joined_by_email"] += 1
    return found


def _totp(kept: Sequence[tuple[Account, str]], primary: Account, blocked: bool, result: Outcome) -> str | None:
    """Rules 6 to 8: the first authenticator of the primary account, else of the earliest that has one."""
    candidates: list[tuple[tuple[bool, str, str], str]] = []
    for account, prefix in kept:
        user, seen = prefix + account.user_id, False
        for kind, secret in account.factors:
            if kind != "otp":
                result.rejects.append(("mfa", user, "recovery_code"))
            elif blocked:
                result.rejects.append(("mfa", user, "user_blocked"))
            elif seen:
                result.rejects.append(("mfa", user, "second_otp"))
            else:
                seen = True
                candidates.append(((account is not primary, account.created_at, user), secret))
    candidates.sort()
    result.rejects += [("mfa", user, "merged_record_not_primary") for (_, _, user), _ in candidates[1:]]
    return candidates[0][1] if candidates else None


def _memberships(kept: Sequence[tuple[Account, str]], blocked: bool, result: Outcome) -> list[list[Any]]:
    """Rules 6, 8, 9 and 10: one membership an organization, with the roles of all lines; no role is the default."""
    united: dict[str, list[Membership]] = {}
    for account, prefix in kept:
        for membership in account.memberships:
            if membership.known:
                united.setdefault(prefix + membership.organization, []).append(membership)
    status, found = "inactive" if blocked else "active", []
    for organization, lines in united.items():
        if len(lines) > 1:
            result.remarks["members:duplicate_membership"] += len(lines) - 1
        roles = {role.name: role.slug for line in lines for role in line.roles}
        if None in roles.values():
            result.remarks["members:role_unusable"] += list(roles.values()).count(None)
        slugs = sorted({slug for slug in roles.values() if slug is not None})
        found.append([organization, slugs or ["member"], status])
    return found


def roles_of(roles: Iterable[tuple[str, Role]], remarks: Counter[str]) -> tuple[dict[str, list[str]], list[Reject]]:
    """Rule 10: the names of each slug, and the roles, each with its prefix, that have none."""
    slugs: dict[str, list[str]] = {}
    rejects = []
    for prefix, role in roles:
        if role.slug is None:
            rejects.append(("roles", prefix + role.id, "role_slug_invalid"))
            continue
        remarks["roles:role_slug_clash"] += role.slug in slugs
        slugs.setdefault(role.slug, []).append(role.name)
    return slugs, rejects


def organizations_of(found: Sequence[tuple[str, Organization]], remarks: Counter[str]) -> list[dict[str, Any]]:
    """Rule 11: the organizations, each with its prefix, as `expected/orgs.ndjson` has them."""
    owners: dict[str, str] = {}
    for prefix, one in sorted(found, key=lambda one: one[0] + one[1].id):
        for domain in one.domains:
            owners.setdefault(domain, prefix + one.id)
    lines = []
    for prefix, one in found:
        metadata = {key: value for key, value in one.metadata.items() if value is not None}
        own = [domain for domain in one.domains if owners[domain] == prefix + one.id]
        remarks["organizations:metadata_over_10"] += len(metadata) > 10
        remarks["organizations:domain_clash"] += len(one.domains) - len(own)
        name = one.display_name or one.name
        line = {"external_id": prefix + one.id, "name": name, "metadata": metadata}
        lines.append({**line, "domains": own, "maybe_domains": []})
    return lines


def writes_for(users: Iterable[Mapping[str, Any]]) -> int:
    """The fewest writes that bring users into an empty environment: each membership that is inactive takes two."""
    return sum(
        1 + bool(user["totp_secret"]) + sum(1 + (status == "inactive") for _, _, status in user["memberships"])
        for user in users
    )


def writes_between(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> int:
    """The fewest writes that turn the users of before into those of after, credentials never taken back."""
    old, new = ({one["external_id"]: one for one in users} for users in (before, after))
    number = len(old.keys() - new.keys()) + writes_for(one for own, one in new.items() if own not in old)
    for own in old.keys() & new.keys():
        was, now = old[own], new[own]
        fields = ("email", "first_name", "last_name")
        changed = any(was[name] != now[name] for name in fields) or now["email_verified"] > was["email_verified"]
        number += changed or now["password_hash"] not in (None, was["password_hash"])
        number += now["totp_secret"] is not None and was["totp_secret"] is None
        ours, theirs = ({membership[0]: membership[1:] for membership in user["memberships"]} for user in (was, now))
        number += sum(ours.get(one) != theirs.get(one) for one in ours.keys() | theirs.keys())
    return number
