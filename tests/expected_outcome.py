"""What an `expected` folder says that WorkOS must hold, compared with what the sandbox holds."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.expectation import Expected
from tests.stack import Sandbox


def sha256(text: str) -> str:
    """As the sandbox shows a secret."""
    return hashlib.sha256(text.encode()).hexdigest()


def expected_users(expected: Expected) -> dict[str, dict[str, Any]]:
    """The users of the folder, with memberships, in the form of `held_users`."""
    return {
        line["external_id"]: {
            **{name: line[name] for name in ("email", "first_name", "last_name", "email_verified")},
            "password_sha256": {None if text is None else sha256(text) for text in hashes_of(line)},
            "totp_sha256": [sha256(line["totp_secret"])] if line["totp_secret"] else [],
            "memberships": sorted([own, sorted(roles), status] for own, roles, status in line["memberships"]),
        }
        for line in expected.lines("users")
    }


def hashes_of(user: dict[str, Any]) -> list[str | None]:
    """The hash a user must have; one that is joined by email only may be there or not."""
    return [None, user["optional_password_hash"]] if "optional_password_hash" in user else [user["password_hash"]]


def held_users(workos: Sandbox, expected: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """What WorkOS holds, likewise; a hash becomes the set of allowed ones if it is among them."""
    memberships: dict[str, list[list[Any]]] = {}
    for key, (roles, status) in workos.memberships().items():
        organization, user = key.split("/", 1)
        memberships.setdefault(user, []).append([organization, list(roles), status])
    held = {}
    for key, one in workos.users().items():
        allowed = expected.get(key, {}).get("password_sha256", set())
        held[key] = {
            **{name: one[name] for name in ("email", "first_name", "last_name", "email_verified", "totp_sha256")},
            "password_sha256": allowed if one["password_sha256"] in allowed else {one["password_sha256"]},
            "memberships": sorted(memberships.get(key, [])),
        }
    return held


def with_kept_credentials(wanted: dict[str, dict[str, Any]], before: dict[str, dict[str, Any]]) -> None:
    """WorkOS takes back neither a password nor an authenticator: what was there before stays where nothing came."""
    for key, user in wanted.items():
        had = before.get(key, {})
        if user["password_sha256"] == {None}:
            user["password_sha256"] = had.get("password_sha256", {None})
        user["totp_sha256"] = user["totp_sha256"] or had.get("totp_sha256", [])


def expect_workos_to_be(expected: Expected, workos: Sandbox, before: Expected | None = None) -> None:
    """Users, credentials, memberships, organizations and roles are those of the folder, and no others.

    `before` is the export that WorkOS held before this one.
    """
    wanted = expected_users(expected)
    if before is not None:
        with_kept_credentials(wanted, expected_users(before))
    assert held_users(workos, wanted) == wanted
    assert len(workos.directory()["users"]) == len(wanted)

    organizations = workos.organizations()
    for line in expected.lines("orgs"):
        held = organizations.pop(line["external_id"])
        assert (held["name"], held["metadata"]) == (line["name"], line["metadata"])
        assert set(line["domains"]) <= held["domains"].keys() <= {*line["domains"], *line["maybe_domains"]}
        assert set(held["domains"].values()) <= {"pending"}
    assert organizations == {}
    assert workos.roles() == {"member", *expected.summary["roles"]}
