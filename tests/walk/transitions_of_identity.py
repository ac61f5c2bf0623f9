"""Who is who changes between two exports: accounts merge and part, emails move. Each row is about users of its own."""

from __future__ import annotations

from typing import Any

from tests.expected_outcome import sha256
from tests.tenant import DATABASE, HASH, Line, member, organization, password, person
from tests.walk.transition import (
    DEACTIVATE,
    DELETE_USER,
    POST_MEMBERSHIP,
    POST_ORGANIZATION,
    POST_USER,
    PUT_MEMBERSHIP,
    PUT_ORGANIZATION,
    PUT_USER,
    Export,
    Step,
    Transition,
    transition,
)
from tests.walk.transitions_of_people import addressed, mailed


def linked(own: str, other: str, **more: Any) -> Line:
    """A user with the identity of another one, whose own account Auth0 removed."""
    identities = [{"provider": "auth0", "connection": DATABASE, "user_id": one} for one in (own, other)]
    return person(own, identities=identities, **more)


def pair(own: str, emails: tuple[str, str], *hashes: str) -> Export:
    """Two accounts, `<own>-a` and `<own>-b`, each a member of the same organization, with the hashes of these."""
    names = (f"{own}-a", f"{own}-b")
    return Export(
        [person(name, **mailed(email)) for name, email in zip(names, emails, strict=True)],
        [organization(own)],
        [member(own, f"auth0|{name}", "Admin") for name in names],
        [password(name) for name in hashes],
    )


def are_in(own: str, *accounts: str, status: str = "active") -> dict[str, Any]:
    """Their memberships in WorkOS."""
    return {f"org_{own}/auth0|{own}-{account}": (("admin",), status) for account in accounts}


GROUPS: list[Transition] = [
    transition(
        "two users with one verified email become one, and part again",
        pair("wed", ("wed.a", "wed.b")),
        Step(
            pair("wed", ("wed.a", "wed.a")),
            {DELETE_USER: 1},
            {
                "auth0|wed-a": addressed("wed.a", True),
                **are_in("wed", "a"),
                "auth0|wed-b": None,
                "org_wed/auth0|wed-b": None,
            },
        ),
        Step(
            pair("wed", ("wed.a", "wed.b")),
            {POST_USER: 1, POST_MEMBERSHIP: 1},
            {"auth0|wed-b": addressed("wed.b", True), **are_in("wed", "a", "b")},
        ),
    ),
    transition(
        "a user linked to another gives it hash and membership",
        Export(
            [person("main"), person("side")],
            [organization("main"), organization("side")],
            [member("main", "auth0|main"), member("side", "auth0|side", "Editor")],
            [password("side")],
        ),
        Step(
            Export(
                [linked("main", "side")],
                [organization("main"), organization("side")],
                [member("main", "auth0|main"), member("side", "auth0|main", "Editor")],
                [password("side")],
            ),
            {PUT_USER: 1, DELETE_USER: 1, POST_MEMBERSHIP: 1},
            {
                "auth0|main": {**addressed("main", True), "password_sha256": sha256(HASH)},
                "auth0|side": None,
                "org_side/auth0|main": (("editor",), "active"),
            },
        ),
    ),
    transition(
        "a merged pair parts: the second account is a new user",
        pair("part", ("part", "part")),
        Step(
            pair("part", ("part", "part.b")),
            {POST_USER: 1, POST_MEMBERSHIP: 1},
            {"auth0|part-a": addressed("part", True), "auth0|part-b": addressed("part.b", True)}
            | are_in("part", "a", "b"),
        ),
        Step(
            pair("part", ("part", "part")),
            {DELETE_USER: 1},
            {"auth0|part-a": addressed("part", True), "auth0|part-b": None} | are_in("part", "a"),
        ),
    ),
    transition(
        "a pair merged under the second account's id parts: the object stays the first one's",
        pair("split", ("split", "split"), "split-b"),
        Step(
            pair("split", ("split.a", "split"), "split-b"),
            {PUT_USER: 1, POST_USER: 1, POST_MEMBERSHIP: 1},
            {
                "auth0|split-a": addressed("split.a", True),
                "auth0|split-b": {**addressed("split", True), "password_sha256": sha256(HASH)},
                **are_in("split", "a", "b"),
            },
            refused={POST_USER: 1},
            becomes={"auth0|split-b": "auth0|split-a"},
        ),
    ),
    transition(
        "a hash that arrives late makes another account the primary one of the same object",
        pair("prime", ("prime", "prime")),
        Step(
            pair("prime", ("prime", "prime"), "prime-b"),
            {PUT_USER: 1},
            {
                "auth0|prime-a": None,
                "auth0|prime-b": {**addressed("prime", True), "password_sha256": sha256(HASH)},
                **are_in("prime", "b"),
            },
            becomes={"auth0|prime-a": "auth0|prime-b"},
        ),
        Step(
            pair("prime", ("prime.new", "prime.new"), "prime-b"),
            {PUT_USER: 1},
            {"auth0|prime-b": addressed("prime.new", True), **are_in("prime", "b")},
        ),
    ),
    transition(
        "a merged pair of which one is blocked lets nobody in",
        pair("ban", ("ban", "ban")),
        Step(
            Export(
                [person("ban-a", **mailed("ban")), person("ban-b", blocked=True, **mailed("ban"))],
                [organization("ban")],
                [member("ban", "auth0|ban-a", "Admin"), member("ban", "auth0|ban-b", "Admin")],
            ),
            {DEACTIVATE: 1},
            are_in("ban", "a", status="inactive"),
        ),
    ),
]


def emails(**of: str) -> Export:
    """Users by name with their emails."""
    return Export([person(name.replace("_", "-"), **mailed(email)) for name, email in of.items()])


EMAILS: list[Transition] = [
    transition(
        "two users swap emails: one is parked for a moment",
        emails(swap_a="swap.x", swap_b="swap.y"),
        Step(
            emails(swap_a="swap.y", swap_b="swap.x"),
            {PUT_USER: 3},
            {"auth0|swap-a": addressed("swap.y", True), "auth0|swap-b": addressed("swap.x", True)},
            refused={PUT_USER: 3},
        ),
    ),
    transition(
        "an email is passed on by a user who takes another",
        emails(giver="gift", taker="taker"),
        Step(
            emails(giver="giver", taker="gift"),
            {PUT_USER: 2},
            {"auth0|giver": addressed("giver", True), "auth0|taker": addressed("gift", True)},
            refused={PUT_USER: 1},
        ),
    ),
    transition(
        "an email is passed on to a user who is new",
        emails(host="seat"),
        Step(
            emails(host="host", guest="seat"),
            {PUT_USER: 1, POST_USER: 1},
            {"auth0|host": addressed("host", True), "auth0|guest": addressed("seat", True)},
            refused={POST_USER: 1},
        ),
    ),
    transition(
        "an account deleted and registered again under its email takes the place of the old one",
        emails(reborn_old="reborn"),
        Step(
            emails(reborn_new="reborn"),
            {DELETE_USER: 1, POST_USER: 1},
            {"auth0|reborn-old": None, "auth0|reborn-new": addressed("reborn", True)},
            refused={POST_USER: 1},
        ),
    ),
]

#: With `ferry:removed` as it is by default.
RETAINED: list[Transition] = [
    transition(
        "a user who left is kept with all that it has, and found when there again",
        pair("away", ("away.a", "away.b"), "away-b"),
        Step(
            Export(
                [person("away-a", **mailed("away.a"))],
                [organization("away")],
                [member("away", "auth0|away-a", "Admin")],
            ),
            {},
            {
                "auth0|away-a": addressed("away.a", True),
                "auth0|away-b": {**addressed("away.b", True), "password_sha256": sha256(HASH)},
                **are_in("away", "a", "b"),
            },
        ),
        Step(
            pair("away", ("away.a", "away.c"), "away-b"),
            {POST_USER: 1, PUT_USER: 1, POST_MEMBERSHIP: 1},
            {
                "auth0|away-b": {**addressed("away.c", True), "password_sha256": sha256(HASH)},
                **are_in("away", "a", "b"),
            },
        ),
    ),
    transition(
        "a user who became part of another is kept beside it",
        pair("join", ("join.a", "join.b")),
        Step(
            pair("join", ("join.a", "join.a")),
            {},
            {
                "auth0|join-a": addressed("join.a", True),
                "auth0|join-b": addressed("join.b", True),
                **are_in("join", "a", "b"),
            },
        ),
    ),
    transition(
        "a membership that left goes on, and is found when there again",
        Export([person("guest")], [organization("guest")], [member("guest", "auth0|guest", "Admin")]),
        Step(
            Export([person("guest")], [organization("guest")]),
            {},
            {"org_guest/auth0|guest": (("admin",), "active")},
        ),
        Step(
            Export([person("guest")], [organization("guest")], [member("guest", "auth0|guest", "Editor")]),
            {POST_MEMBERSHIP: 1, PUT_MEMBERSHIP: 1},
            {"org_guest/auth0|guest": (("editor",), "active")},
        ),
    ),
    transition(
        "an organization that left is kept with its members, and found when there again",
        Export([person("clerk")], [organization("clerk")], [member("clerk", "auth0|clerk")]),
        Step(
            Export([person("clerk")]),
            {},
            {"org_clerk": {"name": "clerk"}, "org_clerk/auth0|clerk": (("member",), "active")},
        ),
        Step(
            Export([person("clerk")], [organization("clerk", display_name="Clerks")], [member("clerk", "auth0|clerk")]),
            {POST_ORGANIZATION: 1, PUT_ORGANIZATION: 1, POST_MEMBERSHIP: 1},
            {"org_clerk": {"name": "Clerks"}, "org_clerk/auth0|clerk": (("member",), "active")},
        ),
    ),
]
