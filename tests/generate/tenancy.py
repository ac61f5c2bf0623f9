"""The organizations and roles of a made-up tenant; they fit in memory, users do not."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tests.generate.distribution import Distribution
from tests.generate.draws import ORGANIZATIONS, ROLES, Draws

#: Forty, with clashes of case and white space, names that are not Latin, and two that no slug can be made of.
ROLE_NAMES = (
    *("Admin", "admin", "Member", "Viewer", "Billing Admin", "billing  admin", "Read/Write", " QA & Test "),
    *("Support Tier 1", "Éditeur", "Owner (legacy)", "Développeur Senior", "Ops", "Data-Science", "auditor"),
    *("Finance", "HR Manager", "Sales EMEA", "Sales APAC", "Partner", "Contractor", "Security", "Legal"),
    *("Product Owner", "Scrum Master", "Designer", "Release Manager", "Beta Tester", "API User", "Reporting"),
    *("Warehouse", "Dispatcher", "Field Agent", "Trainer", "Guest", "Moderator", "Incident Commander", "Root"),
    *("管理者", "Org Admin"),
)
_COMPANIES = ("Abel & Huber", "Borealis", "Costa Dubois", "Delta Werke", "Éclair", "Fjord AB", "Golden Gate", "和光")


@dataclass(frozen=True, slots=True)
class Role:
    """A role; `slug` is None if WorkOS would take none of this name."""

    id: str
    name: str
    slug: str | None


@dataclass(frozen=True, slots=True)
class Organization:
    """An organization as Auth0 has it."""

    id: str
    name: str
    display_name: str | None
    metadata: dict[str, str | None]
    domains: list[str]


@dataclass(frozen=True)
class Tenancy:
    """Roles and organizations of a tenant, the largest organization first."""

    roles: tuple[Role, ...]
    organizations: tuple[Organization, ...]
    _bounds: Sequence[float] = field(repr=False)

    def organization_at(self, place: float) -> Organization:
        """The organization of a membership, at a place from 0 to 1 (exclusive)."""
        return self.organizations[bisect(self._bounds, place * self._bounds[-1])]


def slug_of(name: str) -> str | None:
    """The slug by identity rule 10 of the design; None where WorkOS takes none (empty, over 48, starting `org-`)."""
    kept = "".join(letter if letter in "abcdefghijklmnopqrstuvwxyz0123456789" else " " for letter in name.lower())
    slug = "-".join(kept.split())
    return slug if slug and len(slug) <= 48 and not slug.startswith("org-") else None


def make_tenancy(seed: int, tenant: int, count: int, shares: Distribution) -> Tenancy:
    """Roles and `count` organizations."""
    draws = Draws(seed, ROLES, tenant)
    roles = [Role(f"rol_{draws.letters(16)}", name, slug_of(name)) for name in ROLE_NAMES]
    organizations: list[Organization] = []
    for index in range(count):
        organizations.append(_organization(Draws(seed, ORGANIZATIONS, tenant).at(index), index, tenant, shares))
        if tenant and draws.at(index + 1).chance(shares.tenants_same_name):
            first = _organization(Draws(seed, ORGANIZATIONS).at(index), index, 0, shares)
            organizations[-1] = _renamed(organizations[-1], first)
    return Tenancy(tuple(roles), tuple(organizations), _sizes(count, shares))


def _renamed(one: Organization, like: Organization) -> Organization:
    return Organization(one.id, like.name, like.display_name, one.metadata, one.domains)


def _organization(draws: Draws, index: int, tenant: int, shares: Distribution) -> Organization:
    company = draws.pick(_COMPANIES)
    name = f"org-{index}" + (f"-t{tenant}" if tenant else "")
    display_name = None if draws.chance(shares.no_display_name) else f"{company} {index}"
    if draws.chance(shares.equal_names):
        display_name = company
    metadata: dict[str, str | None] = {}
    if draws.chance(shares.organization_metadata):
        pairs = draws.below(26) if draws.chance(0.2) else draws.below(6)
        metadata = {f"key_{place}": _value(draws, place) for place in range(pairs)}
    domains = []
    if draws.chance(shares.domains):
        domains = [f"d{place}.{name}.example" for place in range(1 + draws.below(2))]
    if draws.chance(shares.shared_domain):
        domains.append(f"shared{draws.below(1 + index // 200)}.example")
    return Organization(f"org_{draws.letters(16)}", name, display_name, metadata, domains)


def _value(draws: Draws, place: int) -> str | None:
    kind = draws.below(20)
    if kind == 0:
        return None
    return "v" * 255 if kind == 1 else f"value {place}"


def _sizes(count: int, shares: Distribution) -> list[float]:
    """Upper bounds: one organization of its own size, ten large ones, a middle of Zipf's law, and a small half."""
    large, small = min(11, max(1, count // 4)), count // 2
    ten = [1 / rank for rank in range(1, large)]
    middle = [rank**-0.25 for rank in range(large, max(large + 1, count - small))]
    rest = 1 - shares.largest_organization - shares.next_organizations - shares.small_organizations
    weights = [shares.largest_organization]
    weights += [shares.next_organizations * one / sum(ten) for one in ten]
    weights += [rest * one / sum(middle) for one in middle]
    weights += [shares.small_organizations / max(1, count - len(weights))] * (count - len(weights))
    return list(accumulate(weights))


def organization_line(one: Organization) -> dict[str, Any]:
    """Auth0's organization object, with its discovery domains."""
    line: dict[str, Any] = {"id": one.id, "name": one.name}
    if one.display_name is not None:
        line["display_name"] = one.display_name
    line["branding"] = {"logo_url": f"https://cdn.example/{one.name}.png"}
    line["metadata"] = one.metadata
    if one.domains:
        line["domains"] = [{"domain": name, "status": "verified"} for name in one.domains]
    return line
