"""One export, or one of several tenants, with its expected outcome beside it, written in one pass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from itertools import count
from pathlib import Path
from typing import NamedTuple

from tests.generate.accounts import Account, Hash, Identity, Membership, as_shown
from tests.generate.belongings import Belongings
from tests.generate.distribution import Distribution
from tests.generate.draws import MOST_TENANTS, ORDER, STRAYS, Draws
from tests.generate.drift import Drift, days_later
from tests.generate.expected import Expected
from tests.generate.lines import USER_LINES, api_line, factor_line, member_lines, password_line
from tests.generate.outcome import outcome_of
from tests.generate.people import DATABASES, People
from tests.generate.shapes import LineFile
from tests.generate.tenancy import make_tenancy, organization_line

FILES = ("users", "organizations", "members", "roles", "passwords", "mfa")
_LONG_AGO = "2014-01-01T00:00:00.000Z"

#: File, the ids that make up the finding's, reason.
Stray = tuple[str, tuple[str, ...], str]


class Step(NamedTuple):
    """What one index gave: the groups as they were and as they are, what drifted whose, and lines of nobody."""

    kind: str
    user_id: str
    before: list[list[Account]]
    after: list[list[Account]]
    strays: list[Stray]


@dataclass(frozen=True)
class Plan:
    """What to generate; equal plans give equal bytes."""

    users: int
    seed: int = 1
    organizations: int | None = None
    shape: str = "api"
    tenants: int = 1
    #: Share of the users who changed between the first export and the later one; 0: there is only the first.
    drift: float = 0.0
    #: The line of `users` that is damaged or holds the rounded id; None: the middle one.
    bad_line: int | None = None
    shares: Distribution = field(default_factory=Distribution)

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be generated."""
        if self.users < 1 or self.seed < 0 or not 0 <= self.drift <= 1 or not 1 <= self.tenants <= MOST_TENANTS:
            raise ValueError(f"users from 1, seed from 0, drift from 0 to 1, tenants from 1 to {MOST_TENANTS}")
        if not 1 <= (self.bad_line or 1) <= self.users:
            raise ValueError(f"the bad line {self.bad_line} is none of the {self.users} lines")


def generate(folder: Path, plan: Plan) -> None:
    """Write an export and its `expected` folder; with drift two, `first` and `later`; with tenants one folder each,
    and an `expected` folder over all of them. Raises FileExistsError rather than write into an old one.
    """
    if not plan.drift:
        _write(folder, plan, later=False)
        return
    _write(folder / "first", plan, later=False)
    _write(folder / "later", plan, later=True)


class _Tenant:
    """The files of one tenant, and its people one group after the other."""

    def __init__(self, folder: Path, plan: Plan, number: int, *, later: bool) -> None:
        self.name = f"tenant-{number + 1}" if plan.tenants > 1 else "acme"
        self.folder = folder / self.name if plan.tenants > 1 else folder
        self.folder.mkdir(parents=True)
        self._plan, self._made, self._later = plan, 0, later
        organizations = plan.organizations or max(12, plan.users // plan.shares.users_per_organization)
        self.tenancy = make_tenancy(plan.seed, number, organizations, plan.shares)
        self._people = People(plan.seed, number, plan.shares, self.tenancy)
        self._drift = Drift(plan.seed, number, plan.drift, self.tenancy, Belongings(plan.shares, self.tenancy))
        self._strays = Draws(plan.seed, STRAYS, number)
        bad_line = plan.bad_line or plan.users // 2 + 1
        self._files = {
            kind: LineFile(self.folder, kind, plan.shape, Draws(plan.seed, ORDER, number).at(place), bad_line)
            for place, kind in enumerate(FILES)
        }
        self._user_line = USER_LINES.get(plan.shape, api_line)
        for organization in self.tenancy.organizations:
            self._files["organizations"].put(organization_line(organization))
        for role in self.tenancy.roles:
            line = {"id": role.id, "name": role.name, "description": f"{role.name} of the old tenant"}
            self._files["roles"].put(line)

    def step(self, index: int) -> Step | None:
        """The next accounts that share an email, as they were and as they are; None if all are made."""
        if self._made < self._plan.users:
            group = self._people.group(index, self._plan.users - self._made)
            self._made += len(group)
        elif self._later and self._made < self._plan.users + self._drift.newcomers(self._plan.users):
            self._made += 1
            newcomer = as_shown(self._people.newcomer(self._made), self._plan.shape)
            return Step("new", newcomer.user_id, [], [[newcomer]], [])
        else:
            return None
        strays = self._write_strays(group[0])
        before = [as_shown(account, self._plan.shape) for account in group]
        change = self._drift.change(index, group[0]) if self._later and len(group) == 1 else None
        if change is None:
            return Step("", "", [before], [before], strays)
        kind, accounts = change
        after = [[as_shown(account, self._plan.shape)] for account in accounts]
        return Step(kind, group[0].user_id, [before], after, strays)

    def put(self, account: Account) -> None:
        """The lines of an account."""
        files = self._files
        files["users"].put(self._user_line(days_later(account) if self._later else account))
        for line in member_lines(account):
            files["members"].put(line)
        if account.password:
            files["passwords"].put(password_line(account.password, account.address, account.verified, self.name))
        if account.factors:
            files["mfa"].put(*[factor_line(account.user_id, *factor, self.name) for factor in account.factors])

    def close(self) -> tuple[dict[str, int], str]:
        """Finish the files; how many lines each has, and the place where a reader has to stop."""
        stops = [file.close() for file in self._files.values()]
        return {kind: file.lines for kind, file in self._files.items()}, "".join(stops)

    def _write_strays(self, somebody: Account) -> list[Stray]:
        """Lines of nobody, who was deleted between the exports, and one of an organization that is none."""
        draws, shares = self._strays, self._plan.shares
        found: list[Stray] = []
        if draws.chance(shares.unknown_organizations):
            somebody.memberships.append(Membership(f"org_{draws.letters(16)}", (), known=False))
        if draws.chance(shares.stray_hashes):
            found.append(self._write_stray_hash(draws.hexes(24), DATABASES[0], draws.bcrypt()))
        if somebody.password and draws.chance(shares.stray_same_id):
            theirs = somebody.password.owner
            (other,) = set(DATABASES) - {theirs.connection}
            found.append(self._write_stray_hash(str(theirs.own), other, draws.bcrypt()))
        if draws.chance(shares.stray_factors):
            own = f"auth0|{draws.hexes(24)}"
            self._files["mfa"].put(factor_line(own, "otp", draws.base32(), self.name))
            found.append(("mfa", (own,), "unknown_user"))
        if draws.chance(shares.unknown_members):
            organization = self.tenancy.organization_at(draws.uniform()).id
            own = f"auth0|{draws.hexes(24)}"
            self._files["members"].put({"org_id": organization, "user_id": own, "email": "", "name": "", "roles": []})
            found.append(("members", (organization, own), "unknown_user"))
        return found

    def _write_stray_hash(self, own: str, connection: str, text: str) -> Stray:
        identity = Identity("auth0", connection, own)
        line = Hash(identity, "0" * 24, own, text, True, "object", True, _LONG_AGO)
        self._files["passwords"].put(password_line(line, "", False, self.name))
        return "passwords", (own,), "no_matching_user"


class _View:
    """What WorkOS must hold of some of the tenants, with a prefix before their ids."""

    def __init__(self, folder: Path, tenants: Mapping[int, _Tenant], prefixed: bool, *, later: bool) -> None:
        self._prefixes = {number: f"{tenant.name}:" if prefixed else "" for number, tenant in tenants.items()}
        self._expected = Expected(folder / "expected", drifted=later)
        self._expected.tenancy(
            [
                (self._prefixes[number], organization)
                for number, tenant in tenants.items()
                for organization in tenant.tenancy.organizations
            ],
            [(self._prefixes[number], role) for number, tenant in tenants.items() for role in tenant.tenancy.roles],
        )

    def take(self, steps: Mapping[int, Step]) -> None:
        """What the tenants made at one index."""
        steps = {number: step for number, step in steps.items() if number in self._prefixes}
        groups = self._together([group for step in steps.values() for group in step.after])
        after = [self._expected.group(group, self._prefixes) for group in groups]
        for number, step in steps.items():
            prefix = self._prefixes[number]
            self._expected.refuse(
                (file, "/".join((prefix if file != "passwords" else "") + part for part in own), why)
                for file, own, why in step.strays
            )
        changed = [(number, step) for number, step in steps.items() if step.kind]
        if changed:
            groups = self._together([group for step in steps.values() for group in step.before])
            number, step = changed[0]
            before = [outcome_of(group, self._prefixes) for group in groups]
            self._expected.drifted(step.kind, self._prefixes[number] + step.user_id, before, after)

    def close(self, plan: Plan, closed: Mapping[int, tuple[dict[str, int], str]]) -> None:
        """Finish the `expected` folder. Of an export at which a reader has to stop, nothing is expected but that."""
        lines = [closed[number][0] for number in self._prefixes]
        stop = next((closed[number][1] for number in self._prefixes), "")
        if plan.shape == "bad-line":
            self._expected.refuse(("users", "", "invalid_line") for _ in lines)
        self._expected.close({kind: sum(line[kind] for line in lines) for kind in FILES}, asdict(plan), stop)

    def _together(self, groups: list[list[Account]]) -> list[list[Account]]:
        """One email in several tenants is one group."""
        if len(self._prefixes) == 1:
            return groups
        found: dict[object, list[Account]] = {}
        for group in groups:
            found.setdefault(id(group) if group[0].fault else group[0].address, []).extend(group)
        return list(found.values())


def _write(folder: Path, plan: Plan, *, later: bool) -> None:
    tenants = {number: _Tenant(folder, plan, number, later=later) for number in range(plan.tenants)}
    views = [_View(one.folder, {number: one}, False, later=later) for number, one in tenants.items()]
    if len(tenants) > 1:
        views.append(_View(folder, tenants, True, later=later))
    for index in count():
        made = {number: tenant.step(index) for number, tenant in tenants.items()}
        steps = {number: step for number, step in made.items() if step is not None}
        if not steps:
            break
        for number, step in steps.items():
            for group in step.after:
                for account in group:
                    tenants[number].put(account)
        for view in views:
            view.take(steps)
    closed = {number: tenant.close() for number, tenant in tenants.items()}
    for view in views:
        view.close(plan, closed)
