"""The people of a made-up tenant, one group after the other: the accounts that share an email, mostly one."""

from __future__ import annotations

from tests.generate.accounts import Account, Identity
from tests.generate.belongings import Belongings
from tests.generate.distribution import Distribution
from tests.generate.draws import GROUPS, MOST_TENANTS, NEWCOMERS, Draws, Weighted
from tests.generate.names import DOMAINS, FAMILY, GIVEN, ODD
from tests.generate.tenancy import Tenancy

DATABASES = ("Username-Password-Authentication", "legacy-db")
SOCIAL = ("google-oauth2", "windowslive", "github", "apple")
_CONNECTIONS = {
    **{"samlp": "corp-saml", "waad": "corp-waad", "oidc": "partner-oidc", "oauth2": "partner-oauth2"},
    **{"adfs": "corp-adfs", "ad": "corp-ad", "okta": "corp-okta", "google-apps": "corp.example"},
}
_NOT_AN_ADDRESS = ("no-at-sign.{}", "two words.{}@mail.example", "@{}.example", "a.{}@@mail.example")


class People:
    """Groups by index. Each is made from its index alone, so that another export can make the same ones again."""

    def __init__(self, seed: int, tenant: int, shares: Distribution, tenancy: Tenancy) -> None:
        self.seed, self.tenant, self.shares = seed, tenant, shares
        self._first = People(seed, 0, shares, tenancy) if tenant else None
        self._draws = Draws(seed, GROUPS, tenant)
        self._newcomers = Draws(seed, NEWCOMERS, tenant)
        self._belongings = Belongings(shares, tenancy)
        self._primary = Weighted(shares.primary)
        self._database_id = Weighted(shares.database_id)
        self._shared_verified = Weighted(shares.shared_verified)
        self._verified = Weighted(shares.verified)
        self._names = Weighted(shares.names)
        total = sum(shares.primary.values())
        linked = shares.linked_two + shares.linked_more
        #: Half of the linked have a social primary identity and a database identity behind it.
        self._linked_database = linked / 2 / max(1e-9, shares.primary["auth0"] / total)
        self._linked_social = linked / 2 / max(1e-9, sum(shares.primary[one] for one in SOCIAL) / total)
        self._no_email = max(0.0, shares.no_email - shares.primary["sms"] / total)
        samlp = max(1e-9, shares.primary["samlp"] / total)
        self._text_is_email = shares.verified["email"] / sum(shares.verified.values()) / samlp

    def group(self, index: int, room: int) -> list[Account]:
        """The accounts of one email, at most `room` of them."""
        draws, shares = self._draws.at(index), self.shares
        place, size, connection = draws.uniform(), 1, None
        if place < shares.shared_by_more:
            size = 3 + draws.below(2)
        elif place < shares.shared_by_more + shares.shared_by_two:
            size = 2
            if place < shares.shared_by_more + shares.shared_in_connection:
                connection = draws.pick(DATABASES)
        size = min(size, room)
        if size == 1:
            return [self._with_first_tenant(index, self._single(draws, index))]
        return self._sharing(draws, index, size, connection)

    def newcomer(self, index: int) -> Account:
        """A user who was not there before: a plain one."""
        draws = self._newcomers.at(index)
        account = self._account(draws, (1 << 40) + index, 0, f"new.{self._suffix(index)}@mail.example", None)
        account.email_verified = account.verified = True
        self._belongings.give(draws, account, alone=False)
        return account

    def _suffix(self, index: int) -> str:
        return f"{index}t{self.tenant}" if self.tenant else str(index)

    def _address(self, draws: Draws, index: int) -> str:
        return f"{draws.pick(GIVEN)}.{draws.pick(FAMILY)}.{self._suffix(index)}@{draws.pick(DOMAINS)}".lower()

    def _single(self, draws: Draws, index: int) -> Account:
        shares = self.shares
        account = self._account(draws, index, 0, self._address(draws, index), None)
        if account.user_id.startswith("sms|") or draws.chance(self._no_email):
            account.email, account.fault = None, "no_email"
            account.email_key = not account.user_id.startswith("sms|") and draws.chance(0.5)
        elif draws.chance(shares.invalid_email):
            account.email, account.fault = draws.pick(_NOT_AN_ADDRESS).format(index), "invalid_email"
        elif draws.chance(shares.spaced_email):
            account.email = f" {account.email}  "
        elif draws.chance(shares.cased_email):
            account.email = (account.email or "").title()
        kind = self._verified.at(draws.uniform())
        self._say(account, kind if kind != "email" else "false")
        if account.user_id.startswith("samlp|") and draws.chance(self._text_is_email):
            account.email_verified, account.verified = account.email or False, False
        self._belongings.give(draws, account, alone=True)
        return account

    def _sharing(self, draws: Draws, index: int, size: int, connection: str | None) -> list[Account]:
        address = self._address(draws, index)
        verified = self._shared_verified.at(draws.uniform())
        number = {"all": size, "one": 1, "none": 0, "some": 2 if size > 2 else 0}[verified]
        sure = draws.below(size)
        spelled = draws.chance(self.shares.shared_case)
        accounts: list[Account] = []
        for position in range(size):
            account = self._account(draws, index, position, address, connection)
            if spelled and position:
                account.email = draws.pick((address.title(), address.upper()))
            kind = "text" if draws.chance(0.05) else "true"
            self._say(account, kind if (position - sure) % size < number else draws.pick(("false", "missing")))
            if position and draws.chance(self.shares.shared_instant):
                account.created_at = accounts[0].created_at
            self._belongings.give(draws, account, alone=False)
            if position and accounts[0].memberships and draws.chance(self.shares.shared_organization):
                self._belongings.join(draws, account, accounts[0].memberships[0].organization)
            accounts.append(account)
        return accounts

    def _say(self, account: Account, kind: str) -> None:
        account.verified = kind in ("true", "text")
        values: dict[str, bool | str] = {"true": True, "false": False, "text": "true"}
        account.email_verified = values.get(kind)

    def _with_first_tenant(self, index: int, account: Account) -> Account:
        """In a further tenant: now and then the id, or the email, of somebody in the first tenant."""
        if self._first is None or account.fault or account.password:
            return account
        place = self._draws.uniform()
        if place >= self.shares.tenants_same_id + self.shares.tenants_same_email:
            return account
        twin, *others = self._first.group(index, 2)
        if others:
            return account
        if place < self.shares.tenants_same_id:
            account.user_id, account.identities = twin.user_id, twin.identities
        elif twin.fault is None and not isinstance(account.email_verified, str):
            account.email = twin.address
        return account

    def _account(self, draws: Draws, index: int, position: int, address: str, connection: str | None) -> Account:
        provider = "auth0" if connection else self._primary.at(draws.uniform())
        number = (index * 8 + position) * MOST_TENANTS + self.tenant
        login = f"{position}.{address}" if position else address
        primary = self._identity(draws, provider, number, login, connection)
        given, family, name = self._name(draws, provider, address, number)
        account = Account(
            tenant=self.tenant,
            user_id=_user_id(primary),
            email=address,
            email_key=True,
            email_verified=None,
            verified=False,
            given_name=given,
            family_name=family,
            name=name,
            identities=(primary, *self._linked(draws, primary, number)),
            created_at=draws.instant(2013, 11),
            blocked=draws.chance(self.shares.blocked),
            fault=None,
        )
        if primary.provider in SOCIAL and draws.chance(self.shares.provider_token):
            primary.token = f"made-up-token-{draws.hexes(16)}"
        return account

    def _linked(self, draws: Draws, primary: Identity, number: int) -> list[Identity]:
        """The further identities; their emails are nobody else's."""
        database = primary.provider == "auth0"
        share = self._linked_database if database else self._linked_social if primary.provider in SOCIAL else 0.0
        if not draws.chance(share):
            return []
        more = self.shares.linked_more / max(1e-9, self.shares.linked_two + self.shares.linked_more)
        providers = ["auth0" if not database else draws.pick(SOCIAL)]
        if draws.chance(more):
            providers.append("samlp")
        found = []
        for place, provider in enumerate(providers):
            email = f"linked{place}.{number}@inbox.test"
            found.append(self._identity(draws, provider, number + (1 << 36) * (place + 1), email, None))
            found[-1].email = email
        return found

    def _name(self, draws: Draws, provider: str, address: str, number: int) -> tuple[str | None, str | None, str]:
        """Given name, family name and name; the name is always there."""
        given, family = draws.pick(GIVEN), draws.pick(FAMILY)
        kind = self._names.at(draws.uniform())
        if kind == "odd":
            given, family = draws.pick(ODD)
        if provider == "sms":
            return given, family, f"+4179{number:010d}"
        if kind == "email":
            return None, None, address
        if kind == "whole":
            return None, None, f"{given} {family}"
        if kind == "one":
            one = draws.chance(0.5)
            return (given if one else draws.pick((None, "")), None if one else family, given if one else family)
        return given, family, f"{given} {family}"

    def _identity(self, draws: Draws, provider: str, number: int, address: str, connection: str | None) -> Identity:
        if provider == "auth0":
            second = draws.chance(self.shares.second_database)
            own = self._database_own(draws, number, address)
            return Identity(provider, connection or DATABASES[second], own)
        if provider == "github":
            return Identity(provider, provider, 10_000_000 + number)
        return Identity(provider, _CONNECTIONS.get(provider, provider), _own(draws, provider, address))

    def _database_own(self, draws: Draws, number: int, address: str) -> str:
        match self._database_id.at(draws.uniform()):
            case "uuid":
                return draws.uuid()
            case "number":
                return str(1_000_000 + number)
            case "email":
                return address
            case "pipe":
                return f"legacy|{number}|{draws.hexes(4)}"
            case _:
                return draws.hexes(24)


def _own(draws: Draws, provider: str, address: str) -> str:
    """An id in the form its provider gives them (those of `waad` and `okta` are a guess)."""
    match provider:
        case "google-oauth2":
            return f"1{draws.digits(20)}"
        case "windowslive":
            return draws.hexes(16)
        case "apple":
            return f"000{draws.digits(3)}.{draws.hexes(32)}.{draws.digits(4)}"
        case "samlp" | "adfs":
            return f"{_CONNECTIONS[provider]}|{address}"
        case "oidc" | "oauth2" | "okta":
            return f"{_CONNECTIONS[provider]}|{draws.hexes(20)}"
        case "ad":
            return f"{_CONNECTIONS[provider]}|{draws.uuid()}"
        case "google-apps":
            return address
        case "waad":
            return draws.uuid()
        case _:
            return draws.hexes(24)


def _user_id(primary: Identity) -> str:
    return f"{primary.provider}|{primary.own}"
