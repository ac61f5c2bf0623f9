"""Records in, directory and findings out: mapping, merging, refusing. The order of the lines does not matter."""

from __future__ import annotations

from collections import Counter, defaultdict

from providers.auth0.credentials import Match, choose, is_otp, match_passwords, usable_totp
from providers.auth0.export import Export, Read
from providers.auth0.records import Factor, Member
from providers.directory.model import Directory, Membership, Secret, User, fingerprint
from providers.directory.people import Group, People, group_people, read_people
from providers.directory.tenancy import Organizations, Roles, read_organizations, read_roles, slug_fault
from providers.findings import Bucket, Ledger
from providers.settings import Settings

#: Why a line is not declared: its bucket, the finding's code, and what is true.
Fate = tuple[Bucket, str, str]


def build(export: Export, settings: Settings, ledger: Ledger) -> Directory:
    """The directory of an export. Every line ends in one bucket of the ledger; `ledger.summary()` proves it.

    Raises ExportError for an export that cannot be trusted as a whole (see `lines.pieces`).
    """
    organizations = read_organizations(export.read("organizations"), settings, ledger)
    roles = read_roles(export.read("roles"), settings, ledger)
    people = read_people(export.read("users"), settings, ledger)
    matches = match_passwords(export.read("passwords"), people.identities)
    group_people(people, _with_hash(matches), export.claims, settings, ledger)
    passwords = _passwords(matches, people, export, ledger)
    factors = _factors(export, people, ledger)
    sizes: Counter[str] = Counter()
    memberships = _memberships(export, organizations, people, roles, settings, ledger, sizes=sizes)
    export.confirm(sizes)
    return Directory(
        organizations=tuple(one for _, one in sorted(organizations.kept.items())),
        roles=tuple(one for _, one in sorted(roles.kept.items())),
        users=tuple(_user(group, passwords, factors) for _, group in sorted(people.groups.items())),
        memberships=tuple(one for _, one in sorted(memberships.items())),
    )


def _with_hash(matches: list[Match]) -> set[str]:
    """The accounts that have a hash Ferry can use."""
    usable: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        if match.hash and len(match.users) == 1:
            usable[match.users[0]].append(match)
    return {user for user, candidates in usable.items() if choose(candidates)[0] is not None}


def _user(group: Group, passwords: dict[str, Secret], factors: dict[str, Secret]) -> User:
    primary = group.primary
    totp = factors.get(primary.user_id)
    if totp is None:
        earliest = sorted(group.members, key=lambda one: (one.created_at, one.user_id))
        totp = next((factors[one.user_id] for one in earliest if one.user_id in factors), None)
    return User(
        key=group.key,
        external_id=primary.user_id,
        email=primary.email,
        email_verified=primary.verified,
        first_name=primary.first_name,
        last_name=primary.last_name,
        metadata=primary.metadata,
        password=passwords.get(primary.user_id),
        totp=totp,
    )


def _passwords(matches: list[Match], people: People, export: Export, ledger: Ledger) -> dict[str, Secret]:
    usable: dict[str, list[Match]] = defaultdict(list)
    for match in matches:
        fate = _fate_of_password(match, people)
        if fate is None:
            usable[match.users[0]].append(match)
            continue
        bucket, code, message = fate
        user = match.users[0] if len(match.users) == 1 else ""
        whose = user if code.startswith(("user_rejected", "merged_record", "skipped")) else match.raw_id
        ledger.end(bucket, "passwords", match.line, whose, code, message)
    secrets = {}
    for user, candidates in usable.items():
        best, outweighed, tied = choose(candidates)
        for match in outweighed:
            message = "another hash of this user counts"
            ledger.end("merged", "passwords", match.line, match.raw_id, "second_hash", message)
        for match in tied:
            message = "two different hashes claim to be this user's"
            ledger.refuse("passwords", match.line, match.raw_id, "several_hashes", message)
        if best is None or best.hash is None:
            continue
        ledger.put("passwords", "declared")
        if best.by_email:
            ledger.note("passwords", best.line, user, "hash_joined_by_email", "joined by an email that is unique")
        secrets[user] = Secret(fingerprint(user, best.hash), export.files["passwords"].name, best.offset, best.length)
    return secrets


def _fate_of_password(match: Match, people: People) -> Fate | None:
    """Bucket, code and message of a line that brings no password; None if it may."""
    if not match.users:
        return "refused", "no_matching_user", "no user of the export owns this hash"
    if len(match.users) > 1:
        return "refused", "several_matching_users", f"{len(match.users)} users could own this hash"
    user = match.users[0]
    if user in people.skipped:
        return "skipped", "skipped", "its user is left out"
    if code := people.refused.get(user):
        return "refused", f"user_rejected:{code}", "its user is refused"
    group = people.groups[people.home[user]]
    if user != group.primary.user_id:
        return "merged", "merged_record_not_primary", "its account was merged into another"
    if group.blocked:
        return "refused", "user_blocked", "its user is blocked"
    if match.hash is None:
        return "refused", "unsupported_hash", "not a bcrypt hash that WorkOS imports as it stands"
    return None


def _factors(export: Export, people: People, ledger: Ledger) -> dict[str, Secret]:
    """The first authenticator line of each user, where it stands; merged accounts hand theirs over later."""
    secrets: dict[str, Secret] = {}
    lines: dict[str, int] = {}
    for read in export.read("mfa"):
        record: Factor = read.record
        user = record.user_id
        fate = _fate_of_factor(record, people, user in secrets)
        if fate is not None:
            bucket, code, message = fate
            ledger.end(bucket, "mfa", read.line, user, code, message)
            continue
        secret = usable_totp(record)
        if secret is None:
            ledger.refuse("mfa", read.line, user, "invalid_totp_secret", "the secret is not Base32")
            continue
        lines[user] = read.line
        secrets[user] = Secret(fingerprint(user, secret), export.files["mfa"].name, read.offset, read.length)
    for user in list(secrets):
        group = people.groups[people.home[user]]
        rivals = sorted(
            (one for one in group.members if one.user_id in secrets),
            key=lambda one: (one is not group.primary, one.created_at, one.user_id),
        )
        if rivals[0].user_id == user:
            ledger.put("mfa", "declared")
        else:
            message = "another merged account's authenticator counts"
            ledger.end("merged", "mfa", lines[user], user, "merged_record_not_primary", message)
    return secrets


def _fate_of_factor(record: Factor, people: People, has_one: bool) -> Fate | None:
    user = record.user_id
    if user in people.skipped:
        return "skipped", "skipped", "its user is left out"
    if code := people.refused.get(user):
        return "refused", f"user_rejected:{code}", "its user is refused"
    if user not in people.home:
        return "refused", "unknown_user", "no user of the export has this id"
    if record.type == "recovery-code":
        return "refused", "recovery_code", "recovery codes cannot be imported"
    if not is_otp(record):
        return "refused", "factor_not_importable", "only authenticator apps (TOTP) can be imported"
    if people.groups[people.home[user]].blocked:
        return "refused", "user_blocked", "its user is blocked"
    if has_one:
        return "refused", "second_otp", "the user has an earlier authenticator line"
    return None


def _memberships(
    export: Export,
    organizations: Organizations,
    people: People,
    roles: Roles,
    settings: Settings,
    ledger: Ledger,
    *,
    sizes: Counter[str],
) -> dict[str, Membership]:
    """`sizes` counts the members of each organization as they are read."""
    gathered: dict[tuple[str, str], list[Read]] = defaultdict(list)
    for read in export.read("members"):
        record: Member = read.record
        sizes[record.org_id] += 1
        fate = _fate_of_member(record, organizations, people, settings)
        if fate is None:
            gathered[record.org_id, people.home[record.user_id]].append(read)
        else:
            bucket, code, message = fate
            key = f"{record.org_id}/{record.user_id}"
            ledger.end(bucket, "members", read.line, key, code, message)
    _declare_named_roles(gathered, roles, ledger)
    result = {}
    for (organization, user), reads in sorted(gathered.items()):
        membership = Membership(
            organization,
            user,
            _roles_of(reads, f"{organization}/{user}", roles, settings, ledger),
            active=not people.groups[user].blocked,
        )
        result[membership.key] = membership
        ledger.put("members", "declared")
        first = min(reads, key=lambda one: one.line)
        for read in reads:
            if read is not first:
                key = f"{organization}/{read.record.user_id}"
                message = f"the membership stands on line {first.line} too"
                ledger.end("merged", "members", read.line, key, "duplicate_membership", message)
    return result


def _declare_named_roles(gathered: dict[tuple[str, str], list[Read]], roles: Roles, ledger: Ledger) -> None:
    """Roles that stand in no roles file: the smallest Auth0 id names a slug, every further name is a clash."""
    named: dict[tuple[str, str], tuple[int, str]] = {}
    for (organization, user), reads in sorted(gathered.items()):
        for read in sorted(reads, key=lambda one: one.line):
            for role in read.record.roles:
                named.setdefault((role.id, roles.name_of(role)), (read.line, f"{organization}/{user}"))
    for (own, name), (line, key) in sorted(named.items()):
        if remark := roles.declare_named(own, name):
            ledger.note("members", line, key, *remark)


def _fate_of_member(record: Member, organizations: Organizations, people: People, settings: Settings) -> Fate | None:
    home = people.home.get(record.user_id, record.user_id)
    pairs = f"{record.org_id}/{record.user_id}", f"{record.org_id}/{home}"
    if settings.skip.intersection((*pairs, record.org_id, record.user_id)):
        return "skipped", "skipped", "left out on purpose"
    if record.org_id in organizations.skipped or record.user_id in people.skipped:
        return "skipped", "skipped", "its user or organization is left out"
    if code := organizations.refused.get(record.org_id):
        return "refused", f"organization_rejected:{code}", "its organization is refused"
    if record.org_id not in organizations.kept:
        return "refused", "unknown_organization", "no organization of the export has this id"
    if code := people.refused.get(record.user_id):
        return "refused", f"user_rejected:{code}", "its user is refused"
    if record.user_id not in people.home:
        return "refused", "unknown_user", "no user of the export has this id"
    return None


def _roles_of(reads: list[Read], key: str, roles: Roles, settings: Settings, ledger: Ledger) -> tuple[str, ...]:
    """The slugs of a membership: all of them, or the first by `ferry:roles` and name if the environment takes one."""
    first = min(read.line for read in reads)
    named = {roles.name_of(role) for read in reads for role in read.record.roles}
    slugs: list[str] = []
    for name in sorted(named, key=roles.rank):
        slug = roles.slug(name)
        if slug_fault(slug):
            ledger.note("members", first, key, "role_unusable", "a role of this membership has no usable slug")
        elif slug not in slugs:
            slugs.append(slug)
    if len(slugs) > 1 and not settings.multiple_roles:
        ledger.note(
            "members", first, key, "several_roles", f"{len(slugs)} roles, WorkOS is set to one: {slugs[0]} counts"
        )
        slugs = slugs[:1]
    return tuple(sorted(slugs))
