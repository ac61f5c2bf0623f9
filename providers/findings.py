"""What Ferry has to say about an export: findings, and the ledger in which every input line ends in one bucket."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal, TypedDict

from providers.errors import FerryError
from providers.settings import FILES

Bucket = Literal["declared", "merged", "refused", "skipped"]
BUCKETS: tuple[Bucket, ...] = ("declared", "merged", "refused", "skipped")

#: What a person does about a finding. A code of the form `user_rejected:no_email` is looked up by its first word.
NEXT_STEP: dict[str, str] = {
    "ambiguous_email": "verify the right account in Auth0, or delete or link the others, and export again",
    "authenticator_missing": "this person enrols again in WorkOS, or signs in with Magic Auth",
    "blank_line": "nothing; the line holds nothing",
    "blocked_skipped": "nothing; ferry:blockedUsers is skip",
    "changed_in_both": "ask the person which value is meant if it matters; Auth0's is written",
    "consumer_domain": "nothing; WorkOS takes no public mail domain, sign-in by email goes on working",
    "domain_clash": "decide which organization owns the domain and remove it from the other in Auth0",
    "duplicate_line": "nothing; the newest line counts",
    "duplicate_membership": "nothing; the roles of both lines are united",
    "email_verified_stays": "correct the email in Auth0 if it is not this person's; WorkOS resets it with the email",
    "email_verified_text": "verify the user in Auth0, or set ferry:emailVerified to trust-text",
    "external_id_not_ascii": "WorkOS takes ASCII external ids only: create this account by hand",
    "external_id_over_64": "nothing yet; WorkOS's guide names 64 characters, its API 128",
    "external_id_too_long": "WorkOS takes external ids of at most 128 characters: create this account by hand",
    "factor_of_others": "ask the person whether it is theirs; delete it in WorkOS if not, and let them enrol again",
    "factor_not_importable": "this person enrols again in WorkOS; plan Magic Auth for the first sign-in",
    "hash_joined_by_email": "nothing; the line carries no id and its email is unique in both files",
    "hash_layout_undocumented": "let one of these people sign in to a staging environment before the cutover",
    "invalid_domain": "correct the domain in Auth0 and export again",
    "invalid_email": "correct the address in Auth0 and export again",
    "invalid_field": "correct the named field in the export",
    "invalid_line": "look at the line; export again if it was damaged. Nothing of this kind is removed until then",
    "invalid_totp_secret": "this person enrols again in WorkOS",
    "kept_otherwise": "look at it in WorkOS, and change the value in Auth0 if WorkOS's is not good enough",
    "looks_like_cap": "count in Auth0; if there are more, export again with a tool that reads every page",
    "looks_like_sample": "count the users in Auth0; if there are more, export again without the sample",
    "merged_blocked": "unblock the blocked account in Auth0 if the person should keep access",
    "merged_into_primary": "nothing; this account's memberships moved to the primary one",
    "merged_record_not_primary": "nothing; the primary account's credential counts",
    "metadata_not_ascii": "WorkOS takes ASCII metadata only: rewrite the value in Auth0 if it is needed",
    "metadata_over_10": "nothing yet; WorkOS's guide names 10 pairs, its API 50",
    "metadata_over_limit": "shorten the metadata in Auth0; WorkOS takes 50 pairs, keys of 40, values of 600 characters",
    "no_email": "give the account an email in Auth0; WorkOS has no users without one",
    "no_id": "look at the line: a record without its id cannot be migrated. Nothing of this kind is removed until then",
    "no_matching_user": "nothing, if the account was deleted since the hashes were exported",
    "no_name": "give the record a name in Auth0",
    "organization_rejected": "see the finding of the organization",
    "password_unconfirmed": "let one of them sign in; who may not keep an unknown password gets a reset in WorkOS",
    "password_stays": "who must not sign in any more: delete the user in WorkOS, or give it a password nobody knows",
    "recovery_code": "tell the person to make new recovery codes in WorkOS",
    "role_directory_managed": "change the roles in the directory (WorkOS: role assignment by directory groups)",
    "role_not_in_export": "nothing; the role is declared by its name. Export roles to bring descriptions along",
    "role_slug_clash": "map the two names apart with ferry:roles if they must stay two roles",
    "role_slug_invalid": "map the role name to a slug with ferry:roles",
    "role_text_cut": "shorten the role's name (48) or description (150) in Auth0",
    "role_unusable": "map the role name to a slug with ferry:roles",
    "second_hash": "nothing; the hash of the first identity, or the newest one, counts",
    "second_otp": "nothing; the first authenticator of the user is enrolled",
    "several_hashes": "the person resets the password; two hashes claim to be the account's only one",
    "several_matching_users": "the person resets the password; the line does not say which account it belongs to",
    "several_roles": "switch multiple roles on in WorkOS and set ferry:multipleRoles, or order ferry:roles",
    "skipped": "nothing; it is left out by ferry:skip or ferry:blockedUsers",
    "tenant_collision": "give the tenants different prefixes in ferry:tenants, so that ids stay unique",
    "totp_stays": "delete the authenticator in WorkOS if it must not count any more",
    "unknown_organization": "export the organizations again if this one should exist",
    "unknown_user": "export the users again if this one should exist",
    "unsupported_hash": "the person resets the password, or signs in with Magic Auth",
    "unverified_duplicate": "nothing; another account with this email is verified and counts",
    "user_blocked": "nothing; blocked users arrive without credentials",
    "user_rejected": "see the finding of the user",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """A remark on a line (from 1) of a file, by its real name, or on the whole file (line 0).

    Holds no personal data but the external id.
    """

    code: str
    file: str
    line: int
    external_id: str
    message: str

    def to_json(self) -> str:
        """One line of `findings.jsonl`."""
        return json.dumps(asdict(self), ensure_ascii=True)


def finding(code: str, file: str, line: int, external_id: str, message: str) -> Finding:
    """`message` says what is true; what to do is looked up by the code."""
    sentence = f"{message}. Next: {NEXT_STEP[code.partition(':')[0]]}."
    return Finding(code, file, line, external_id, sentence)


class Unbalanced(FerryError):
    """A line was counted in no bucket or in two: a fault of Ferry's, never of the export."""


#: A place is where a record stands, in one number that sorts as the records do: its tenant (from 0) times `TENANT`, its
#: line (from 1) times `LINE`, and the number of records before it on that line.
LINE = 1 << 27
TENANT = 1 << 55


def line_of(place: int) -> int:
    """The line of a place."""
    return place % TENANT // LINE


class Counted(TypedDict):
    """What a ledger counted, as plain values for another process: tenant, kind and number; kind, bucket and number."""

    lines: list[tuple[int, str, int]]
    buckets: list[tuple[str, Bucket, int]]
    refusing: list[str]


@dataclass
class Ledger:
    """Findings, and for each file of the export how many lines ended in which bucket."""

    #: The real names of the files, by tenant and kind.
    names: dict[tuple[int, str], str] = field(default_factory=dict)
    #: By tenant and kind.
    lines: Counter[tuple[int, str]] = field(default_factory=Counter)
    buckets: Counter[tuple[str, Bucket]] = field(default_factory=Counter)
    findings: list[tuple[int, Finding]] = field(default_factory=list)
    #: File and external id of what stands in the export and is not declared, and the finding's code: it has not left,
    #: so nothing removes it. An empty id is a line that nobody can read: it may be any record's.
    withheld: dict[tuple[str, str], str] = field(default_factory=dict)
    #: The codes that kept a line from being declared.
    refusing: set[str] = field(default_factory=set)

    def put(self, kind: str, bucket: Bucket, number: int = 1) -> None:
        """Count lines of a file into their bucket."""
        self.buckets[kind, bucket] += number

    def name(self, kind: str, place: int) -> str:
        """The real name of the file that a place is in."""
        return self.names.get((place // TENANT, kind), kind)

    def note(self, kind: str, place: int, external_id: str, code: str, message: str) -> None:
        """Add a finding that changes no bucket."""
        self.findings.append((place, finding(code, self.name(kind, place), line_of(place), external_id, message)))

    def end(self, bucket: Bucket, kind: str, place: int, external_id: str, code: str, message: str) -> None:
        """End a line in a bucket, with a finding that says why."""
        self.put(kind, bucket)
        if bucket == "refused" or (bucket == "skipped" and external_id):
            self.withheld[kind, external_id] = code
        if bucket == "refused":
            self.refusing.add(code)
        self.note(kind, place, external_id, code, message)

    def refuse(self, kind: str, place: int, external_id: str, code: str, message: str) -> None:
        """End a line as refused."""
        self.end("refused", kind, place, external_id, code, message)

    def counted(self) -> Counted:
        """What was counted."""
        buckets = [(kind, bucket, number) for (kind, bucket), number in self.buckets.items()]
        lines = [(tenant, kind, number) for (tenant, kind), number in self.lines.items()]
        return {"lines": lines, "buckets": buckets, "refusing": sorted(self.refusing)}

    def add(self, counted: Counted) -> None:
        """Take over what another ledger `counted`."""
        self.lines.update({(tenant, kind): number for tenant, kind, number in counted["lines"]})
        self.refusing.update(counted["refusing"])
        for kind, bucket, number in counted["buckets"]:
            self.put(kind, bucket, number)

    def summary(self) -> dict[str, dict[str, int]]:
        """Lines and buckets of each file. Raises Unbalanced if they do not add up."""
        result = {}
        for kind in FILES:
            counts: dict[str, int] = {bucket: self.buckets[kind, bucket] for bucket in BUCKETS}
            lines = sum(number for (_, file), number in self.lines.items() if file == kind)
            if sum(counts.values()) != lines:
                raise Unbalanced(f"{kind}: {lines} lines, but {counts}")
            result[kind] = {"lines": lines, **counts}
        return result


@dataclass(frozen=True, slots=True)
class CodeCount:
    """How often a code was found, whether it keeps records from being declared, and the first few findings."""

    code: str
    count: int
    refuses: bool
    examples: tuple[Finding, ...]


def code_counts(findings: Iterable[Finding]) -> list[CodeCount]:
    """The codes of findings that keep no record from being declared, in their order."""
    by_code: dict[str, list[Finding]] = {}
    for item in findings:
        by_code.setdefault(item.code, []).append(item)
    return [CodeCount(code, len(group), refuses=False, examples=(group[0],)) for code, group in by_code.items()]
