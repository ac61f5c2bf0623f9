"""What belongs to an account: password hash, second factors, memberships, and a profile that stays in Auth0."""

from __future__ import annotations

from typing import Any

from tests.generate.accounts import Account, Hash, Identity, Membership
from tests.generate.distribution import Distribution
from tests.generate.draws import Draws, Weighted
from tests.generate.names import BIG
from tests.generate.tenancy import Role, Tenancy

#: What no reader can import: unsalted, without a scheme, bcrypt that is none, and too few rounds.
_FOREIGN = (
    "0123456789abcdef0123456789abcdef",
    "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
    "$2b$10$short",
    "$pbkdf2-sha512$i=1000,l=64$c2FsdHNhbHQ$aGFzaGhhc2g",
    "{SMD5}c2FsdGVkIG1kNSBvZiBub2JvZHk=",
)
_ARGON2 = "$argon2id$v=19$m=65536,t=3,p=4$bWFkZXVwc2FsdA$bWFkZXVwaGFzaG1hZGV1cGhhc2htYWRldXBoYXNobWE"
_OTHER_VALUES: tuple[Any, ...] = (None, True, 0, 1.5, "", "texte é", [1, "two", None], {"deep": {"er": []}})


class Belongings:
    """Draws what belongs to one account after the other."""

    def __init__(self, shares: Distribution, tenancy: Tenancy) -> None:
        self._shares, self._tenancy = shares, tenancy
        self._hashes, self._hash_id = Weighted(shares.hashes), Weighted(shares.hash_id)
        self._factors, self._metadata = Weighted(shares.factors), Weighted(shares.metadata)
        self._memberships, self._member_roles = Weighted(shares.memberships), Weighted(shares.member_roles)

    def give(self, draws: Draws, account: Account, *, alone: bool) -> None:
        """Everything, for an account whose fields stand; only one that is alone with its email is known by it."""
        owner = next((identity for identity in account.identities if identity.provider == "auth0"), None)
        if owner is not None:
            kind = self._hashes.at(draws.uniform())
            account.password = None if kind == "missing" else self.hash_of(draws, owner, kind)
            plain = alone and not account.fault and not account.blocked and owner is account.identities[0]
            if account.password and kind == "bcrypt" and plain and draws.chance(self._shares.hash_without_id):
                account.password.spelling = "none"
        number = self._number_of_memberships(draws)
        for organization in dict.fromkeys(self._tenancy.organization_at(draws.uniform()).id for _ in range(number)):
            account.memberships.append(Membership(organization, self.roles(draws)))
        self._profile(draws, account)
        if draws.chance(self._shares.multifactor):
            account.profile["multifactor"] = ["guardian"]
            account.factors = self._second_factors(draws)

    def hash_of(self, draws: Draws, owner: Identity, kind: str = "bcrypt") -> Hash:
        """A line of the password file for a database identity; a supplied id stands in `alt_id`."""
        text = {"other": draws.pick(_FOREIGN), "argon2": _ARGON2}.get(kind) or draws.bcrypt()
        own = str(owner.own)
        supplied = len(own) != 24 or "|" in own or "@" in own
        return Hash(
            owner=owner,
            oid=draws.hexes(24) if supplied else own,
            alt_id=own if supplied else None,
            text=text,
            importable=kind != "other",
            spelling=self._hash_id.at(draws.uniform()),
            root_email=kind != "no_root_email",
            set_at=draws.instant(2014, 10),
        )

    def join(self, draws: Draws, account: Account, organization: str) -> None:
        """One membership more, unless the account has it already."""
        if all(membership.organization != organization for membership in account.memberships):
            account.memberships.append(Membership(organization, self.roles(draws)))

    def roles(self, draws: Draws) -> tuple[Role, ...]:
        """The roles of a membership, by their ids."""
        kind = self._member_roles.at(draws.uniform())
        if kind == "none":
            return ()
        drawn = {draws.below(len(self._tenancy.roles)) for _ in range(1 if kind == "one" else 2 + draws.below(3))}
        return tuple(self._tenancy.roles[one] for one in sorted(drawn))

    def _number_of_memberships(self, draws: Draws) -> int:
        kind = self._memberships.at(draws.uniform())
        return {"none": 0, "one": 1, "few": 2 + draws.below(4), "many": 50 + draws.below(11)}[kind]

    def _second_factors(self, draws: Draws) -> list[tuple[str, str]]:
        kind = self._factors.at(draws.uniform())
        found = [("otp", draws.base32()) for _ in range({"recovery": 0, "two_otp": 2}.get(kind, 1))]
        if "recovery" in kind:
            found.insert(draws.below(len(found) + 1), ("recovery-code", draws.bcrypt()))
        return found

    def _profile(self, draws: Draws, account: Account) -> None:
        profile = account.profile
        profile["nickname"] = account.name.partition("@")[0]
        profile["picture"] = f"https://avatars.example/{draws.hexes(32)}.png"
        if account.user_id.startswith("sms|"):
            profile["phone_number"], profile["phone_verified"] = account.name, True
        kind = self._metadata.at(draws.uniform())
        if kind != "none":
            self._describe(draws, account, kind)
        if not draws.chance(self._shares.never_logged_in):
            profile["last_login"] = draws.instant(2024, 1)
            profile["logins_count"] = 1 + draws.below(900)
        profile["updated_at"] = draws.instant(2024, 1)

    def _describe(self, draws: Draws, account: Account, kind: str) -> None:
        user: dict[str, Any] = {"plan": draws.pick(("free", "team", "gold")), "theme": "dark"}
        app: dict[str, Any] = {"credits": draws.below(1000), "customer": f"cus_{draws.hexes(14)}"}
        if kind == "nested":
            user["address"] = {"city": "Zürich", "geo": {"lat": 47.37, "lon": 8.54}, "lines": ["Am See 1", None]}
            user["odd"] = draws.pick(_OTHER_VALUES)
            app["stripe"] = {"subscription": {"status": "active", "items": [{"seat": 1}, {"seat": 2}]}}
        elif kind == "big":
            user["notes"] = BIG
        if draws.chance(self._shares.metadata_organization):
            app["org_id"] = self._tenancy.organization_at(draws.uniform()).id
        if draws.chance(self._shares.metadata_reserved):
            user.update({"__proto__": "x", "constructor": 1, "external_id": "auth0|somebody", "email_verified": True})
        account.profile["user_metadata"], account.profile["app_metadata"] = user, app
