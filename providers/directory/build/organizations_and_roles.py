"""Organizations and roles of an export as WorkOS takes them."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from providers.auth0.export import Export, Read
from providers.auth0.records import MemberRole
from providers.auth0.records import Organization as Auth0Organization
from providers.auth0.records import Role as Auth0Role
from providers.directory.build.accounts import external_id_fault, note_long_id
from providers.directory.build.metadata import fitted
from providers.directory.model import Organization, Record, Role
from providers.findings import TENANT, Ledger
from providers.settings import Kind, Settings

_DOMAIN = re.compile(r"^(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]$")
#: Public mail domains that WorkOS refuses (WorkOS API reference: organization policies); it may refuse more.
_CONSUMER_DOMAINS = frozenset(
    [
        "aol.com",
        "gmail.com",
        "gmx.com",
        "gmx.de",
        "googlemail.com",
        "hotmail.com",
        "icloud.com",
        "live.com",
        "mail.com",
        "me.com",
        "msn.com",
        "outlook.com",
        "proton.me",
        "protonmail.com",
        "yahoo.com",
        "yandex.com",
    ]
)
#: WorkOS API reference: environment roles.
_LONGEST_SLUG, _LONGEST_ROLE_NAME, _LONGEST_DESCRIPTION = 48, 48, 150


def slugged(name: str) -> str:
    """Lower case, runs of anything but a-z and 0-9 folded to `-`, trimmed (identity rule 10)."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _records(exports: list[Export], kind: str) -> Iterator[Read]:
    for export in exports:
        for read in export.read(kind):
            own = read.record.id
            named = export.prefix and own.strip()
            yield read._replace(record=read.record.model_copy(update={"id": export.prefix + own})) if named else read


@dataclass(slots=True)
class Organizations:
    """The organizations by id, and the fate of those that are not declared."""

    declared: dict[str, Organization] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)
    skipped: set[str] = field(default_factory=set)


def read_organizations(lines: Iterable[Read], settings: Settings, ledger: Ledger) -> Organizations:
    """Each line declared, refused or skipped; a domain that several claim goes to the smallest id."""
    known: dict[str, Read] = {}
    collided: dict[str, list[Read]] = defaultdict(list)
    for read in lines:
        record: Auth0Organization = read.record
        other = known.setdefault(record.id, read)
        if other.place // TENANT != read.place // TENANT:
            collided[record.id].append(read)
        elif other is not read:
            winner, loser = sorted((read, other), key=lambda candidate: candidate.record.model_dump_json())
            known[record.id] = winner
            message = "the id stands on another line too"
            ledger.end("merged", "organizations", loser.place, record.id, "duplicate_line", message)
    unreadable = {own: code for (file, own), code in ledger.withheld.items() if file == "organizations" and own}
    result = Organizations(refused={own: code for own, code in unreadable.items() if own not in known})
    for external_id, reads in collided.items():
        result.refused[external_id] = "tenant_collision"
        for read in (known.pop(external_id), *reads):
            message = "another tenant of this stack has the same id"
            ledger.refuse("organizations", read.place, external_id, "tenant_collision", message)
    owners: dict[str, str] = {}
    for external_id, read in sorted(known.items()):
        _keep_or_refuse(external_id, read, owners, result, settings, ledger)
    return result


def _keep_or_refuse(
    external_id: str, read: Read, owners: dict[str, str], result: Organizations, settings: Settings, ledger: Ledger
) -> None:
    record: Auth0Organization = read.record
    if external_id in settings.skip:
        result.skipped.add(external_id)
        ledger.end("skipped", "organizations", read.place, external_id, "skipped", "left out on purpose")
        return
    name = next((text for text in (record.display_name, record.name) if text and text.strip()), None)
    fault = external_id_fault(external_id) if external_id.strip() else ("no_id", "the organization has no id")
    if fault is None and name is None:
        fault = "no_name", "the organization has neither display_name nor name"
    if fault is not None or name is None:
        code, message = fault or ("no_name", "")
        result.refused[external_id] = code
        ledger.refuse("organizations", read.place, external_id, code, message)
        return
    note_long_id(ledger, "organizations", read.place, external_id)
    metadata = fitted(record.metadata or {}, "organizations", read.place, external_id, ledger)
    result.declared[external_id] = Organization(external_id, name, _domains(read, owners, ledger), metadata)
    ledger.put("organizations", "declared")


def _domains(read: Read, owners: dict[str, str], ledger: Ledger) -> tuple[str, ...]:
    record: Auth0Organization = read.record
    domains = set()
    for listed in record.domains:
        domain = (listed.domain or "").strip().lower().rstrip(".")
        owner = owners.setdefault(domain, record.id)
        if not _DOMAIN.fullmatch(domain):
            code, message = "invalid_domain", "a domain is not a host name and is left out"
        elif domain in _CONSUMER_DOMAINS:
            code, message = "consumer_domain", f"the domain {domain} is a public mail domain and is left out"
        elif owner != record.id:
            code, message = "domain_clash", f"the domain {domain} belongs to {owner}, which has the smaller id"
        else:
            domains.add(domain)
            continue
        ledger.note("organizations", read.place, record.id, code, message)
    return tuple(sorted(domains))


@dataclass(slots=True)
class Roles:
    """The roles by slug, the slug of each Auth0 role name, and the order of `ferry:roles`."""

    mapping: dict[str, str]
    skipped: frozenset[str] = frozenset()
    declared: dict[str, Role] = field(default_factory=dict)
    #: The names in the roles file, by Auth0 role id.
    names: dict[str, str] = field(default_factory=dict)

    def slug(self, name: str) -> str:
        """The WorkOS slug of an Auth0 role name, usable or not."""
        return self.mapping.get(name) or slugged(name)

    def name_of(self, role: MemberRole) -> str:
        """The name of a member's role, which may be given by its id alone; empty if nobody knows it."""
        return role.name or self.names.get(role.id, "")

    def rank(self, name: str) -> tuple[int, str]:
        """Names by their place in `ferry:roles`, then by themselves."""
        order = list(self.mapping)
        return (order.index(name) if name in self.mapping else len(order), name)

    def declare_named(self, external_id: str, name: str) -> tuple[str, str] | None:
        """Declare a role that only members name; smallest id first. Returns a finding's code and message, or None."""
        slug = self.slug(name)
        if slug_fault(slug) or slug in self.skipped or name in self.names.values():
            return None
        if known := self.declared.get(slug):
            clash = name[:_LONGEST_ROLE_NAME] != known.name
            return ("role_slug_clash", f"the slug {slug} belongs to {known.external_id} already") if clash else None
        self.declared[slug] = Role(slug, name[:_LONGEST_ROLE_NAME], None, external_id)
        return "role_not_in_export", f"the role {slug} is named here and stands in no roles file"


class Tenancy(NamedTuple):
    """What an export says beside its users and members."""

    organizations: Organizations
    roles: Roles

    def declared(self) -> dict[Kind, Collection[Record]]:
        """The records by kind; roles that only members name are not among them yet."""
        return {"organizations": self.organizations.declared.values(), "roles": self.roles.declared.values()}


def read_tenancy(exports: list[Export], settings: Settings, ledger: Ledger) -> Tenancy:
    """Organizations and roles of all tenants, their ids under the prefix of the tenant."""
    organizations = read_organizations(_records(exports, "organizations"), settings, ledger)
    return Tenancy(organizations, read_roles(_records(exports, "roles"), settings, ledger))


def slug_fault(slug: str) -> str | None:
    """Why WorkOS would not take this slug for an environment role, or None."""
    if not slug:
        return "the role's name has no letter or digit a slug could be made of"
    if len(slug) > _LONGEST_SLUG:
        return f"the slug would have {len(slug)} characters, WorkOS takes {_LONGEST_SLUG}"
    if slug.startswith("org-"):
        return "the slug would start with org-, which WorkOS keeps for organization roles"
    if not re.fullmatch(r"[a-z0-9_-]+", slug):
        return "the slug holds characters other than a-z, 0-9, - and _"
    return None


def read_roles(lines: Iterable[Read], settings: Settings, ledger: Ledger) -> Roles:
    """Each line declared, merged into the role with the same slug, refused or skipped (by id or slug; memberships may
    still name a skipped role, which then must be in WorkOS already). The smallest Auth0 id names a role.
    """
    ordered = sorted(
        lines, key=lambda line: (line.record.id, line.record.name, line.record.description or "", line.place)
    )
    roles = Roles(dict(settings.roles))
    left_out = {roles.slug(read.record.name) for read in ordered if read.record.id in settings.skip}
    roles.skipped = frozenset(left_out | settings.skip)
    for read in ordered:
        record: Auth0Role = read.record
        roles.names.setdefault(record.id, record.name)
        slug = roles.slug(record.name)
        if slug in roles.skipped:
            ledger.end("skipped", "roles", read.place, record.id, "skipped", "left out on purpose")
        elif fault := slug_fault(slug):
            ledger.refuse("roles", read.place, record.id, "role_slug_invalid", fault)
        elif known := roles.declared.get(slug):
            same = known.external_id == record.id and (record.id or known.name == record.name[:_LONGEST_ROLE_NAME])
            code = "duplicate_line" if same else "role_slug_clash"
            message = f"the slug {slug} belongs to {known.external_id} already"
            ledger.end("merged", "roles", read.place, record.id, code, message)
        else:
            roles.declared[slug] = _role(read, slug, ledger)
            ledger.put("roles", "declared")
    return roles


def _role(read: Read, slug: str, ledger: Ledger) -> Role:
    record: Auth0Role = read.record
    name, description = record.name[:_LONGEST_ROLE_NAME], (record.description or "")[:_LONGEST_DESCRIPTION] or None
    if name != record.name or description != (record.description or None):
        ledger.note("roles", read.place, record.id, "role_text_cut", "name or description is longer than WorkOS takes")
    return Role(slug, name, description, record.id)
