"""What happens to one person between two exports: fields, credentials, blocks. Each row is about users of its own."""

from __future__ import annotations

from typing import Any

from tests.expected_outcome import sha256
from tests.tenant import HASH, OTHER_HASH, OTHER_OTP, OTP, Line, member, organization, otp, password, person
from tests.walk.transition import (
    DEACTIVATE,
    DELETE_USER,
    POST_FACTOR,
    POST_MEMBERSHIP,
    POST_USER,
    PUT_USER,
    REACTIVATE,
    Export,
    Step,
    Transition,
    transition,
)

FACTORS = "/user_management/users/{id}/auth_factors"
LIST_FACTORS = f"GET {FACTORS}"


def one(own: str, **more: Any) -> Export:
    """An export of this user alone."""
    return Export([person(own, **more)])


def plan(**pairs: str) -> Line:
    """Where the pairs that `ferry:userMetadata` names stand."""
    return {"app_metadata": pairs}


def put(external_id: str, **body: Any) -> tuple[tuple[str, str, Line]]:
    """Somebody changes a user in WorkOS."""
    return (("PUT", f"/user_management/users/{{{external_id}}}", body),)


def addressed(email: str, verified: bool) -> Line:
    """A user's email in WorkOS."""
    return {"email": f"{email}@people.example", "email_verified": verified}


def mailed(email: str, verified: bool = True) -> Line:
    """A user's email in Auth0."""
    return {"email": f"{email}@people.example", "email_verified": verified}


def named(given: str | None, family: str | None) -> Line:
    """A user's names in WorkOS."""
    return {"first_name": given, "last_name": family}


FIELDS: list[Transition] = [
    transition(
        "an email changes together with its verification",
        one("moved", **mailed("moved")),
        Step(one("moved", **mailed("moved.on")), {PUT_USER: 1}, {"auth0|moved": addressed("moved.on", True)}),
        Step(one("moved", **mailed("moved")), {PUT_USER: 1}, {"auth0|moved": addressed("moved", True)}),
    ),
    transition(
        "a new email that is not verified yet is not verified in WorkOS until it is in Auth0",
        one("unsure", **mailed("unsure")),
        Step(one("unsure", **mailed("unsure.b", False)), {PUT_USER: 1}, {"auth0|unsure": addressed("unsure.b", False)}),
        Step(one("unsure", **mailed("unsure.b")), {PUT_USER: 1}, {"auth0|unsure": addressed("unsure.b", True)}),
    ),
    transition(
        "the email of an unverified user changes and stays unverified",
        one("shy", **mailed("shy", False)),
        Step(one("shy", **mailed("shy.b", False)), {PUT_USER: 1}, {"auth0|shy": addressed("shy.b", False)}),
        Step(one("shy", **mailed("shy.c")), {PUT_USER: 1}, {"auth0|shy": addressed("shy.c", True)}),
    ),
    transition(
        "a verification is written, and never taken back",
        one("sure", **mailed("sure", False)),
        Step(one("sure", **mailed("sure")), {PUT_USER: 1}, {"auth0|sure": addressed("sure", True)}),
        Step(one("sure", **mailed("sure", False)), {}, {"auth0|sure": addressed("sure", True)}),
    ),
    transition(
        "of metadata the pair that changes is written",
        one("pairs", **plan(plan="pro", team="a")),
        Step(
            one("pairs", **plan(plan="max", team="a")),
            {PUT_USER: 1},
            {"auth0|pairs": {"metadata": {"plan": "max", "team": "a"}}},
        ),
        Step(
            one("pairs", **plan(plan="max", team="b")),
            {PUT_USER: 1},
            {"auth0|pairs": {"metadata": {"plan": "max", "team": "b"}}},
        ),
    ),
    transition(
        "of metadata the pair that left goes, and what somebody else set stays",
        one("fewer", **plan(plan="pro", team="a")),
        Step(
            one("fewer", **plan(plan="pro")),
            {PUT_USER: 1},
            {"auth0|fewer": {"metadata": {"plan": "pro", "theirs": "kept"}}},
            by_hand=put("auth0|fewer", metadata={"theirs": "kept"}),
        ),
        Step(one("fewer"), {PUT_USER: 1}, {"auth0|fewer": {"metadata": {"theirs": "kept"}}}),
    ),
    transition(
        "metadata that comes is written once, and what Ferry does not manage is no change",
        one("first", app_metadata={"plan": None, "other": 1}),
        Step(one("first", app_metadata={"plan": None, "other": 2}), {}, {"auth0|first": {"metadata": {}}}),
        Step(one("first", **plan(plan="pro")), {PUT_USER: 1}, {"auth0|first": {"metadata": {"plan": "pro"}}}),
    ),
    transition(
        "names that were cleared are cleared, and set again",
        one("nameless", given_name="Ann", family_name="Ash"),
        Step(one("nameless", given_name=""), {PUT_USER: 1}, {"auth0|nameless": named(None, None)}),
        Step(
            one("nameless", given_name="Bea", family_name="Oak"),
            {PUT_USER: 1},
            {"auth0|nameless": named("Bea", "Oak")},
        ),
    ),
    transition(
        "of two names the one that was cleared is cleared",
        one("half", given_name="Ann", family_name="Ash"),
        Step(one("half", given_name="Ann"), {PUT_USER: 1}, {"auth0|half": named("Ann", None)}),
    ),
    transition(
        "names that were set are written",
        one("named"),
        Step(one("named", given_name="Ann", family_name="Ash"), {PUT_USER: 1}, {"auth0|named": named("Ann", "Ash")}),
    ),
    transition(
        "a name changed in WorkOS survives what else changes in Auth0, until Auth0 changes the name too",
        one("renamer", given_name="Ann", family_name="Ash"),
        Step(
            one("renamer", given_name="Ann", family_name="Oak", **plan(plan="pro")),
            {PUT_USER: 1},
            {"auth0|renamer": {**named("Annie", "Oak"), "metadata": {"plan": "pro"}}},
            by_hand=put("auth0|renamer", first_name="Annie"),
        ),
        Step(
            one("renamer", given_name="Anna", family_name="Oak", **plan(plan="pro")),
            {PUT_USER: 1},
            {"auth0|renamer": named("Anna", "Oak")},
        ),
    ),
    transition(
        "fields that a user changed in WorkOS are no change of Auth0's",
        one("settled", given_name="Ann"),
        Step(
            one("settled", given_name="Ann"),
            {},
            {"auth0|settled": {**named("Annie", "Ash"), "email": "own@people.example"}},
            by_hand=put("auth0|settled", first_name="Annie", last_name="Ash", email="own@people.example"),
        ),
    ),
    transition(
        "a login changes nothing",
        one("busy", logins_count=1, last_login="2024-01-01T00:00:00.000Z", updated_at="2024-01-01T00:00:00.000Z"),
        Step(
            one("busy", logins_count=9, last_login="2025-01-01T00:00:00.000Z", updated_at="2025-01-01T00:00:00.000Z"),
            {},
            {"auth0|busy": addressed("busy", True)},
        ),
    ),
    transition(
        "all that changes at a user is one write",
        Export([person("much", given_name="Ann", **mailed("much", False), **plan(plan="pro"))]),
        Step(
            Export(
                [person("much", given_name="Bea", **mailed("more"), **plan(team="a"))],
                passwords=[password("much")],
            ),
            {PUT_USER: 1},
            {
                "auth0|much": {
                    **addressed("more", True),
                    **named("Bea", None),
                    "metadata": {"team": "a"},
                    "password_sha256": sha256(HASH),
                }
            },
        ),
    ),
]

CREDENTIALS: list[Transition] = [
    transition(
        "a hash that arrives late is written, and one that changes later",
        Export([person("late")]),
        Step(
            Export([person("late")], passwords=[password("late")]),
            {PUT_USER: 1},
            {"auth0|late": {"password_sha256": sha256(HASH)}},
        ),
        Step(
            Export([person("late")], passwords=[password("late", OTHER_HASH)]),
            {PUT_USER: 1},
            {"auth0|late": {"password_sha256": sha256(OTHER_HASH)}},
        ),
    ),
    transition(
        "a hash that left the files is not taken back, and is no news when it is there again",
        Export([person("kept")], passwords=[password("kept")]),
        Step(Export([person("kept")]), {}, {"auth0|kept": {"password_sha256": sha256(HASH)}}),
        Step(
            Export([person("kept")], passwords=[password("kept")]),
            {},
            {"auth0|kept": {"password_sha256": sha256(HASH)}},
        ),
    ),
    transition(
        "an authenticator that arrives late is enrolled once those there are listed, and a new one beside it",
        Export([person("app")]),
        Step(
            Export([person("app")], mfa=[otp("auth0|app")]),
            {POST_FACTOR: 1},
            {"auth0|app": {"totp_sha256": [sha256(OTP)]}},
            looks=LIST_FACTORS,
        ),
        Step(
            Export([person("app")], mfa=[otp("auth0|app", OTHER_OTP)]),
            {POST_FACTOR: 1},
            {"auth0|app": {"totp_sha256": [sha256(OTP), sha256(OTHER_OTP)]}},
            looks=LIST_FACTORS,
        ),
    ),
    transition(
        "an authenticator that a user enrolled in WorkOS is the only one",
        Export([person("own-app")]),
        Step(
            Export([person("own-app")], mfa=[otp("auth0|own-app")]),
            {},
            {"auth0|own-app": {"totp_sha256": [sha256(OTHER_OTP)]}},
            by_hand=(("POST", FACTORS.replace("id", "auth0|own-app"), {"type": "totp", "totp_secret": OTHER_OTP}),),
            looks=LIST_FACTORS,
        ),
    ),
    transition(
        "an authenticator that left the files is not taken back",
        Export([person("app-kept")], mfa=[otp("auth0|app-kept")]),
        Step(Export([person("app-kept")]), {}, {"auth0|app-kept": {"totp_sha256": [sha256(OTP)]}}),
    ),
    transition(
        "hash and authenticator that arrive together are a write each",
        Export([person("both")]),
        Step(
            Export([person("both")], passwords=[password("both")], mfa=[otp("auth0|both")]),
            {PUT_USER: 1, POST_FACTOR: 1},
            {"auth0|both": {"password_sha256": sha256(HASH), "totp_sha256": [sha256(OTP)]}},
        ),
    ),
]


def lodger(own: str, **more: Any) -> Export:
    """A user with both credentials who is in two organizations, an admin of the first."""
    return Export(
        [person(own, **more)],
        [organization(f"{own}-a"), organization(f"{own}-b")],
        [member(f"{own}-a", f"auth0|{own}", "Admin"), member(f"{own}-b", f"auth0|{own}")],
        [password(own)],
        [otp(f"auth0|{own}")],
    )


def lodgings(own: str, status: str) -> dict[str, Any]:
    """Its memberships in WorkOS."""
    return {
        f"org_{own}-a/auth0|{own}": (("admin",), status),
        f"org_{own}-b/auth0|{own}": (("member",), status),
    }


_CREDENTIALS = {"password_sha256": sha256(HASH), "totp_sha256": [sha256(OTP)]}

COMING_AND_GOING: list[Transition] = [
    transition(
        "a blocked user's memberships let nobody in until the block ends; the credentials stay",
        lodger("blocked"),
        Step(
            lodger("blocked", blocked=True),
            {DEACTIVATE: 2},
            {"auth0|blocked": _CREDENTIALS, **lodgings("blocked", "inactive")},
        ),
        Step(lodger("blocked"), {REACTIVATE: 2}, {"auth0|blocked": _CREDENTIALS, **lodgings("blocked", "active")}),
    ),
    transition(
        "a user who came blocked gets the credentials when the block ends",
        lodger("barred", blocked=True),
        Step(
            lodger("barred"),
            {PUT_USER: 1, POST_FACTOR: 1, REACTIVATE: 2},
            {"auth0|barred": _CREDENTIALS, **lodgings("barred", "active")},
        ),
        Step(
            lodger("barred", blocked=True, given_name="Ann"),
            {PUT_USER: 1, DEACTIVATE: 2},
            {"auth0|barred": {**_CREDENTIALS, **named("Ann", None)}, **lodgings("barred", "inactive")},
        ),
    ),
    transition(
        "a new user is a write, an authenticator one, and each membership one",
        Export((), lodger("new").organizations),
        Step(
            lodger("new"),
            {POST_USER: 1, POST_FACTOR: 1, POST_MEMBERSHIP: 2},
            {"auth0|new": _CREDENTIALS, **lodgings("new", "active")},
        ),
    ),
    transition(
        "a new user who is blocked has memberships that let nobody in, and no credentials",
        Export((), lodger("new-blocked").organizations),
        Step(
            lodger("new-blocked", blocked=True),
            {POST_USER: 1, POST_MEMBERSHIP: 2, DEACTIVATE: 2},
            {
                "auth0|new-blocked": {"password_sha256": None, "totp_sha256": []},
                **lodgings("new-blocked", "inactive"),
            },
        ),
    ),
    transition(
        "a user who left is one write, with all memberships, and is made anew when there again",
        lodger("gone"),
        Step(
            Export((), lodger("gone").organizations),
            {DELETE_USER: 1},
            {"auth0|gone": None, **dict.fromkeys(lodgings("gone", "active"))},
        ),
        Step(
            lodger("gone"),
            {POST_USER: 1, POST_FACTOR: 1, POST_MEMBERSHIP: 2},
            {"auth0|gone": _CREDENTIALS, **lodgings("gone", "active")},
        ),
    ),
]
