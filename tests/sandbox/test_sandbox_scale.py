"""What a call costs does not grow with what the environment holds, and a user is about 1 KB."""

from __future__ import annotations

import gc
import sys
import tracemalloc
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from sandbox.page.overview import overview
from sandbox.sandbox import Sandbox
from sandbox.workos import domains, events, factors, memberships, organizations, permissions, roles, users
from sandbox.workos.state import Environment
from tests.sandbox.workos.calls import Json, ask

pytestmark = pytest.mark.slow

SMALL, BIG = 200, 6_000
#: The users of a real export: a bcrypt hash, an id of Auth0's, two names.
HASH = "$2b$10$" + "A" * 53


def user(number: int) -> Json:
    """The body that creates a user."""
    return {
        "email": f"person{number}@example{number % 100}.com",
        "external_id": f"auth0|{number:024x}",
        "first_name": f"Given{number % 5000}",
        "last_name": f"Family{number}",
        "email_verified": True,
        "password_hash": HASH[:-8] + f"{number:08d}",
        "password_hash_type": "bcrypt",
    }


def filled(size: int) -> Environment:
    """So many users, organizations, permissions and own roles; all users in the first organization, too."""
    environment = Environment()
    first = ask(environment, organizations.create, {"name": "All", "external_id": "all"})["id"]
    for number in range(size):
        person = ask(environment, users.create, user(number))["id"]
        domain = {"domain": f"o{number}.example", "state": "pending"}
        own = ask(
            environment, organizations.create, {"name": "O", "external_id": f"o{number}", "domain_data": [domain]}
        )["id"]
        for organization in (first, own):
            ask(environment, memberships.create, {"user_id": person, "organization_id": organization})
        ask(environment, roles.create_own, {"name": f"Own {number}"}, id=own)
        ask(environment, permissions.create, {"slug": f"p{number}", "name": "P"})
    return environment


def middle(held: dict[str, Any]) -> str:
    """The id of one in the middle, where nothing is quick by luck."""
    return list(held)[len(held) // 2]


def steps(call: Callable[[], object]) -> int:
    """How many instructions of Python a call takes."""
    count = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes = True
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        call()
    finally:
        sys.settrace(before)
    return count


def whole(environment: Environment) -> dict[str, str]:
    """Ids of objects in the middle."""
    return {
        "user": middle(environment.users),
        "organization": middle(environment.organizations),
        "all": next(iter(environment.organizations)),
        "membership": middle(environment.memberships),
        "domain": next(
            domain.id for organization in environment.organizations.values() for domain in organization.domains
        ),
        "permission": middle(environment.permissions),
        "event": list(environment.events)[len(environment.events) // 2].id,
    }


def seen(environment: Environment) -> Sandbox:
    """A sandbox that holds it."""
    sandbox = Sandbox()
    sandbox.workos.begin(environment)
    return sandbox


CALLS: dict[str, Callable[[Environment, dict[str, str]], object]] = {
    "create a user": lambda e, _: ask(e, users.create, user(999_999)),
    "get a user": lambda e, ids: ask(e, users.get, id=ids["user"]),
    "get by external id": lambda e, _: ask(e, users.get_by_external_id, external_id=f"auth0|{7:024x}"),
    "update a user": lambda e, ids: ask(e, users.update, {"email": "new@example.com"}, id=ids["user"]),
    "list users": lambda e, ids: ask(e, users.list_page, None, {"limit": ["10"], "after": [ids["user"]]}),
    "users by email": lambda e, _: ask(e, users.list_page, None, {"email": ["person7@example7.com"]}),
    "members": lambda e, ids: ask(
        e, users.list_page, None, {"organization_id": [ids["all"]], "after": [ids["user"]], "limit": ["10"]}
    ),
    "update an organization": lambda e, ids: ask(e, organizations.update, {"name": "N"}, id=ids["organization"]),
    "organization by domain": lambda e, _: ask(e, organizations.list_page, None, {"domains": ["o100.example"]}),
    "get a domain": lambda e, ids: ask(e, domains.get, id=ids["domain"]),
    "delete a domain": lambda e, ids: ask(e, domains.delete, id=ids["domain"]),
    "deactivate": lambda e, ids: ask(e, memberships.deactivate, id=ids["membership"]),
    "members of one": lambda e, ids: ask(
        e, memberships.list_page, None, {"organization_id": [ids["all"]], "limit": ["10"], "order": ["asc"]}
    ),
    "memberships of a user": lambda e, ids: ask(e, memberships.list_page, None, {"user_id": [ids["user"]]}),
    "enrol a factor": lambda e, ids: ask(e, factors.create, {"type": "totp"}, id=ids["user"]),
    "create a role": lambda e, ids: ask(e, roles.create_own, {"name": "New"}, id=ids["organization"]),
    "list roles": lambda e, ids: ask(e, roles.list_own, id=ids["organization"]),
    "grant": lambda e, ids: ask(e, roles.set_permissions, {"permissions": ["p100"]}, slug="member"),
    "delete a permission": lambda e, ids: ask(e, permissions.delete, slug=ids["permission"]),
    "list permissions": lambda e, _: ask(e, permissions.list_page),
    "events": lambda e, ids: ask(
        e, events.list_page, None, {"events": ["user.created,role.created,user.deleted"], "after": [ids["event"]]}
    ),
    "events of one": lambda e, ids: ask(
        e, events.list_page, None, {"events": ["organization.updated"], "organization_id": [ids["organization"]]}
    ),
    "the page": lambda e, ids: overview(seen(e), {"kind": "memberships", "cursor": ids["membership"], "find": "all"}),
    "delete a user": lambda e, ids: ask(e, users.delete, id=ids["user"]),
    "delete an organization": lambda e, ids: ask(e, organizations.delete, id=ids["organization"]),
}


def test_a_call_takes_as_long_in_a_big_environment() -> None:
    """Thirty times the objects: a search in a sorted list may take some steps more, a scan would take thirty times."""
    small, big = (
        {what: cost(environment, call) for what, call in CALLS.items()} for environment in (filled(SMALL), filled(BIG))
    )
    assert {what: (small[what], taken) for what, taken in big.items() if taken > small[what] * 1.3 + 200} == {}


def cost(environment: Environment, call: Callable[[Environment, dict[str, str]], object]) -> int:
    """The steps of one call, which must not be refused."""
    ids, answers = whole(environment), []
    taken = steps(lambda: answers.append(call(environment, ids)))
    assert "message" not in str(answers), answers
    return taken


def test_a_user_is_about_a_kilobyte_with_its_event() -> None:
    count, environment = 20_000, Environment()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for number in range(count):
        ask(environment, users.create, user(number))
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()

    assert used / count < 1_100
