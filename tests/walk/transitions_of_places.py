"""What happens to memberships and organizations between two exports. Each row is about records of its own."""

from __future__ import annotations

from typing import Any

from tests.tenant import Line, member, organization, person
from tests.walk.transition import (
    DEACTIVATE,
    DELETE_ORGANIZATION,
    POST_MEMBERSHIP,
    POST_ORGANIZATION,
    PUT_MEMBERSHIP,
    PUT_ORGANIZATION,
    Export,
    Step,
    Transition,
    transition,
)

READ_ORGANIZATION = "GET /organizations/{id}"


def inside(own: str, *roles: str) -> Export:
    """A user and the organization of the same name, with the user as a member in these roles."""
    return Export([person(own)], [organization(own)], [member(own, f"auth0|{own}", *roles)])


def outside(own: str) -> Export:
    """The same without the membership."""
    return Export([person(own)], [organization(own)])


def is_in(own: str, role: str, status: str = "active") -> dict[str, Any]:
    """The membership in WorkOS."""
    return {f"org_{own}/auth0|{own}": ((role,), status)}


MEMBERSHIPS: list[Transition] = [
    transition(
        "a role that moved is one write",
        inside("mover", "Admin"),
        Step(inside("mover", "Editor"), {PUT_MEMBERSHIP: 1}, is_in("mover", "editor")),
    ),
    transition(
        "a role that was taken away makes place for WorkOS's default, and comes back",
        inside("plain", "Admin"),
        Step(inside("plain"), {PUT_MEMBERSHIP: 1}, is_in("plain", "member")),
        Step(inside("plain", "Admin"), {PUT_MEMBERSHIP: 1}, is_in("plain", "admin")),
    ),
    transition(
        "of several roles the first counts, and a change behind it is none",
        inside("several", "Admin"),
        Step(inside("several", "Editor", "Admin"), {}, is_in("several", "admin")),
        Step(inside("several", "Editor"), {PUT_MEMBERSHIP: 1}, is_in("several", "editor")),
    ),
    transition(
        "a membership that is new is one write",
        outside("joiner"),
        Step(inside("joiner", "Admin"), {POST_MEMBERSHIP: 1}, is_in("joiner", "admin")),
    ),
    transition(
        "a membership that left lets nobody in, and comes back with one write",
        inside("leaver", "Admin"),
        Step(outside("leaver"), {DEACTIVATE: 1}, is_in("leaver", "admin", "inactive")),
        Step(inside("leaver", "Editor"), {POST_MEMBERSHIP: 1}, is_in("leaver", "editor")),
    ),
    transition(
        "a role that somebody changed in WorkOS stays until Auth0 changes it too",
        inside("elsewhere", "Admin"),
        Step(
            inside("elsewhere", "Admin"),
            {},
            is_in("elsewhere", "editor"),
            by_hand=(
                (
                    "PUT",
                    "/user_management/organization_memberships/{org_elsewhere/auth0|elsewhere}",
                    {"role_slug": "editor"},
                ),
            ),
        ),
        Step(inside("elsewhere"), {PUT_MEMBERSHIP: 1}, is_in("elsewhere", "member")),
    ),
]


def place(name: str, *domains: str, **more: Any) -> Line:
    """An organization with these domains."""
    return organization(name, domains=[{"domain": f"{domain}.example"} for domain in domains], **more)


def places(*lines: Line) -> Export:
    """An export of organizations."""
    return Export(organizations=lines)


def has(name: str, **domains: str) -> dict[str, Any]:
    """The domains of an organization in WorkOS."""
    return {f"org_{name}": {"domains": {f"{one.replace('_', '-')}.example": state for one, state in domains.items()}}}


def verified(name: str, *domains: str) -> tuple[tuple[str, str, Line]]:
    """Somebody verifies domains of an organization in WorkOS."""
    data = [{"domain": f"{domain}.example", "state": "verified"} for domain in domains]
    return (("PUT", f"/organizations/{{org_{name}}}", {"domain_data": data}),)


ORGANIZATIONS: list[Transition] = [
    transition(
        "an organization is renamed",
        places(place("shop", display_name="Shop")),
        Step(places(place("shop", display_name="Store")), {PUT_ORGANIZATION: 1}, {"org_shop": {"name": "Store"}}),
    ),
    transition(
        "of an organization's metadata a pair changes, one comes, one goes, and somebody else's stays",
        places(place("farm", metadata={"plan": "pro", "size": "1", "same": "x"})),
        Step(
            places(place("farm", metadata={"plan": "max", "team": "a", "same": "x"})),
            {PUT_ORGANIZATION: 1},
            {"org_farm": {"metadata": {"plan": "max", "team": "a", "same": "x", "theirs": "kept"}}},
            by_hand=(("PUT", "/organizations/{org_farm}", {"metadata": {"theirs": "kept"}}),),
        ),
        Step(places(place("farm")), {PUT_ORGANIZATION: 1}, {"org_farm": {"metadata": {"theirs": "kept"}}}),
    ),
    transition(
        "a domain that was added enters as pending, and goes again",
        places(place("yard", "yard-a")),
        Step(
            places(place("yard", "yard-a", "yard-b")),
            {PUT_ORGANIZATION: 1},
            has("yard", yard_a="pending", yard_b="pending"),
            looks=READ_ORGANIZATION,
        ),
        Step(places(place("yard", "yard-a")), {PUT_ORGANIZATION: 1}, has("yard", yard_a="pending")),
    ),
    transition(
        "the last domain goes",
        places(place("lane", "lane")),
        Step(places(place("lane")), {PUT_ORGANIZATION: 1}, has("lane")),
    ),
    transition(
        "a domain verified in WorkOS stays so while others come and go",
        places(place("mill", "mill-a", "mill-b")),
        Step(
            places(place("mill", "mill-a", "mill-b", "mill-c")),
            {PUT_ORGANIZATION: 1},
            has("mill", mill_a="verified", mill_b="pending", mill_c="pending"),
            by_hand=(
                (
                    "PUT",
                    "/organizations/{org_mill}",
                    {
                        "domain_data": [
                            {"domain": "mill-a.example", "state": "verified"},
                            {"domain": "mill-b.example", "state": "pending"},
                        ]
                    },
                ),
            ),
        ),
        Step(
            places(place("mill", "mill-c", "mill-a")),
            {PUT_ORGANIZATION: 1},
            has("mill", mill_a="verified", mill_c="pending"),
        ),
    ),
    transition(
        "a domain that somebody added in WorkOS stays when others come",
        places(place("dock")),
        Step(
            places(place("dock", "dock-a")),
            {PUT_ORGANIZATION: 1},
            has("dock", dock_theirs="verified", dock_a="pending"),
            by_hand=verified("dock", "dock-theirs"),
        ),
        Step(places(place("dock")), {PUT_ORGANIZATION: 1}, has("dock", dock_theirs="verified")),
    ),
    transition(
        "a domain moves to another organization, and back",
        places(place("east", "wind", "east"), place("west", "west")),
        Step(
            places(place("east", "east"), place("west", "west", "wind")),
            {PUT_ORGANIZATION: 2},
            {**has("east", east="pending"), **has("west", west="pending", wind="pending")},
            refused={PUT_ORGANIZATION: 1},
        ),
        Step(
            places(place("east", "wind", "east"), place("west", "west")),
            {PUT_ORGANIZATION: 2},
            {**has("east", east="pending", wind="pending"), **has("west", west="pending")},
            refused={PUT_ORGANIZATION: 1},
        ),
    ),
    transition(
        "a domain moves to an organization that is new",
        places(place("old-home", "home", "old")),
        Step(
            places(place("old-home", "old"), place("new-home", "home")),
            {PUT_ORGANIZATION: 1, POST_ORGANIZATION: 1},
            {**has("old-home", old="pending"), **has("new-home", home="pending")},
            refused={POST_ORGANIZATION: 1},
        ),
    ),
    transition(
        "an organization that is new is a write, and each membership one",
        Export([person("founder")]),
        Step(inside("founder", "Admin"), {POST_ORGANIZATION: 1, POST_MEMBERSHIP: 1}, is_in("founder", "admin")),
    ),
    transition(
        "an organization that left is one write, with all memberships",
        inside("closer", "Admin"),
        Step(
            Export([person("closer")]),
            {DELETE_ORGANIZATION: 1},
            {"org_closer": None, "org_closer/auth0|closer": None},
        ),
    ),
]
