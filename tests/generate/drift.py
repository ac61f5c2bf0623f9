"""The same tenant some days later: who is new, gone, renamed, unlinked, blocked, who moved or set a password."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tests.generate.accounts import Account, Identity, Membership
from tests.generate.belongings import Belongings
from tests.generate.draws import DRIFT, Draws
from tests.generate.names import FAMILY, GIVEN
from tests.generate.tenancy import Tenancy

KINDS = ("new", "gone", "renamed", "unlinked", "role", "email", "late", "blocked")
#: Users who can be unlinked, and those whose hash can arrive late, are few: a tenth, and one in 150. Of the others,
#: some are too odd to be changed.
_UNLINKED_ODDS, _LATE_ODDS, _OTHER_ODDS = 10, 150, 1.3


class Drift:
    """Changes about `share` of the users, an eighth for each kind; the same ones for the same seed."""

    def __init__(self, seed: int, tenant: int, share: float, tenancy: Tenancy, belongings: Belongings) -> None:
        self._draws, self._each = Draws(seed, DRIFT, tenant), share / len(KINDS)
        self._tenancy, self._belongings = tenancy, belongings
        self._changes: dict[str, Callable[[Account], list[Account]]] = {
            "gone": lambda _: [],
            "renamed": self._renamed,
            "role": self._moved,
            "email": self._readdressed,
            "blocked": lambda account: [replace(account, blocked=True)],
        }

    def newcomers(self, users: int) -> int:
        """How many users are new."""
        return max(1, round(users * self._each))

    def change(self, index: int, account: Account) -> tuple[str, list[Account]] | None:
        """What happened to a user who shares no email, and what became of him: mostly nothing."""
        plain = account.fault is None and isinstance(account.email_verified, bool) and not account.blocked
        if not plain or (account.password and account.password.spelling == "none"):
            return None
        draws = self._draws.at(index)
        owner = next((identity for identity in account.identities if identity.provider == "auth0"), None)
        if owner and account.password is None:
            if not draws.chance(self._each * _LATE_ODDS):
                return None
            return "late", [replace(account, password=self._belongings.hash_of(draws, owner))]
        if len(account.identities) > 1:
            return ("unlinked", _unlinked(account)) if draws.chance(self._each * _UNLINKED_ODDS) else None
        if not draws.chance(self._each * len(self._changes) * _OTHER_ODDS):
            return None
        kind = draws.pick(tuple(self._changes))
        if kind in ("role", "blocked") and not account.memberships:
            kind = "renamed"
        return kind, self._changes[kind](account)

    def _renamed(self, account: Account) -> list[Account]:
        given, family = (
            self._draws.pick([name for name in names if name != now])
            for names, now in ((GIVEN, account.given_name), (FAMILY, account.family_name))
        )
        return [replace(account, given_name=given, family_name=family, name=f"{given} {family}")]

    def _readdressed(self, account: Account) -> list[Account]:
        return [replace(account, email=f"moved.{account.address}")]

    def _moved(self, account: Account) -> list[Account]:
        first, *others = account.memberships
        held = {role.slug for role in first.roles}
        other = [role for role in self._tenancy.roles if role.slug not in {*held, None, "member"}]
        moved = Membership(first.organization, (self._draws.pick(other),), first.known)
        return [replace(account, memberships=[moved, *others])]


def _unlinked(account: Account) -> list[Account]:
    """The last identity is an account of its own again, and takes its hash with it."""
    *kept, last = account.identities
    alone = Identity(last.provider, last.connection, last.own)
    moves = account.password is not None and account.password.owner is last
    other = replace(
        account,
        user_id=f"{alone.provider}|{alone.own}",
        email=last.email,
        email_verified=True,
        verified=True,
        given_name=None,
        family_name=None,
        name=last.email or "",
        identities=(alone,),
        password=replace(account.password, owner=alone) if account.password and moves else None,
        factors=[],
        memberships=[],
        profile={key: account.profile[key] for key in ("nickname", "picture", "updated_at")},
    )
    return [replace(account, identities=tuple(kept), password=None if moves else account.password), other]


def days_later(account: Account) -> Account:
    """The fields that move with every login have moved; Ferry must not see a change in it."""
    profile = {**account.profile, "updated_at": "2025-01-02T03:04:05.006Z"}
    if "logins_count" in profile:
        profile |= {"logins_count": profile["logins_count"] + 3, "last_login": "2025-01-02T03:04:05.006Z"}
    return replace(account, profile=profile)
