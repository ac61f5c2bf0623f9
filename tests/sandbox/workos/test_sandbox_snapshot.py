"""An environment that is kept in a file is the same one when it is started again."""

from __future__ import annotations

import json
import random
import stat
from pathlib import Path
from typing import Any

import pytest

from sandbox.workos import domains, factors, memberships, organizations, permissions, roles, users
from sandbox.workos.call import Operation
from sandbox.workos.directory import directory
from sandbox.workos.event_log import Event
from sandbox.workos.events import shown
from sandbox.workos.snapshot import SnapshotError, load, save
from sandbox.workos.state import Environment
from tests.sandbox.workos.calls import Json, ask

BCRYPT = "$2b$10$" + "A" * 53


def live(environment: Environment, seed: int, steps: int) -> None:
    """Make, change and delete objects of all kinds, in an order that the seed decides."""
    chance = random.Random(seed)
    ask(environment, permissions.create, {"slug": "p", "name": "P"})
    ask(environment, roles.create, {"slug": "admin", "name": "Admin"})
    for step in range(steps):
        user, organization, membership = (
            chance.choice(list(held) or [""])
            for held in (environment.users, environment.organizations, environment.memberships)
        )
        number = chance.randrange(40)
        name = {"external_id": f"x{number}", "metadata": {"n": str(step)}}
        ends = {"user_id": user, "organization_id": organization}
        password = {"password_hash": BCRYPT, "password_hash_type": "bcrypt"}
        calls: list[tuple[Operation, Json, Json]] = [
            (users.create, {"email": f"{number}@x.example", "first_name": "Ada", **name}, {}),
            (users.create, {"email": f"{number}@z.example"}, {}),
            (users.update, password, {"id": user}),
            (users.update, {"email": f"{number}@y.example", "metadata": {}}, {"id": user}),
            (users.delete, {}, {"id": user if step % 3 == 0 else ""}),
            (factors.create, {"type": "totp"}, {"id": user}),
            (organizations.create, {"name": "O", **name}, {}),
            (organizations.delete, {}, {"id": organization if step % 4 == 0 else ""}),
            (roles.create_own, {"name": f"R{number}"}, {"id": organization}),
            (roles.set_permissions, {"permissions": ["p"]}, {"slug": "admin"}),
            (domains.create, {"domain": f"d{number}.example", "organization_id": organization}, {}),
            (memberships.create, ends, {}),
            (memberships.deactivate, {}, {"id": membership}),
            (memberships.update, {"role_slug": "admin"}, {"id": membership}),
            (memberships.delete, {}, {"id": membership}),
        ]
        operation, body, parameters = chance.choice(calls)
        ask(environment, operation, body, **parameters)


def told(environment: Environment) -> list[Any]:
    """Everything that can be asked: objects, events, lists of permissions and own roles."""
    return [
        directory(environment),
        [shown(event) for event in environment.events],
        ask(environment, permissions.list_page),
        [ask(environment, roles.list_own, id=organization) for organization in environment.organizations],
        [ask(environment, users.list_page), ask(environment, organizations.list_page)],
        [ask(environment, factors.list_page, id=user) for user in environment.users],
    ]


@pytest.mark.parametrize("seed", range(20))
def test_a_kept_environment_is_the_same_and_lives_on_in_the_same_way(tmp_path: Path, seed: int) -> None:
    environment = Environment()
    live(environment, seed, 300)
    save(environment, tmp_path / "kept")
    again = load(tmp_path / "kept")
    assert told(again) == told(environment)

    for one in (environment, again):
        live(one, seed + 100, 200)
    assert told(again) == told(environment)
    assert len(environment.events) > 100


def test_the_file_is_for_its_owner_only_and_replaces_an_old_one(tmp_path: Path) -> None:
    path, environment = tmp_path / "kept", Environment()
    path.write_text("old", encoding="utf-8")
    save(environment, path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in tmp_path.iterdir()] == ["kept"]
    assert directory(load(path)) == directory(environment)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda text: "", "not a snapshot"),
        (lambda text: "{}", "not a snapshot"),
        (lambda text: text.replace("snapshot 2", "snapshot 0", 1), "format"),
        (lambda text: text.replace('"now":', '"then":', 1), "damaged"),
        (lambda text: text.replace('"now":', '"now":1', 1), "changed"),
        (lambda text: text.replace("@", "@@", 1), "changed"),
        (lambda text: "[" * 100_000, "not a snapshot"),
        (lambda text: "\n".join(text.splitlines()[:-1]), "cut short"),
        (lambda text: "\n".join(text.splitlines()[:-3]), "cut short"),
        (lambda text: text.replace('"user.created"', '"nobody.created"', 1), "damaged"),
        (lambda text: text[:-30], "damaged"),
    ],
)
def test_a_file_that_is_no_whole_snapshot_is_refused_with_its_name(tmp_path: Path, damage: Any, said: str) -> None:
    environment = Environment()
    live(environment, 1, 100)
    path = tmp_path / "kept"
    save(environment, path)
    path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")

    with pytest.raises(SnapshotError, match=said) as refused:
        load(path)
    assert str(path) in str(refused.value)


def test_what_an_update_leaves_is_held_once_after_loading_too(tmp_path: Path) -> None:
    environment = Environment()
    body = {"email": "a@x.example", "password_hash": BCRYPT, "password_hash_type": "bcrypt", "external_id": "auth0|1"}
    user = ask(environment, users.create, body)
    ask(environment, users.update, {"first_name": "Ada"}, id=user["id"])
    save(environment, tmp_path / "kept")

    for one in (environment, load(tmp_path / "kept")):
        before, after = (event.object for event in one.events)
        assert [
            name
            for name in ("id", "email", "external_id", "password")
            if getattr(before, name) is not getattr(after, name)
        ] == []


def test_a_place_that_takes_no_file_is_left_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError):  # noqa: PT011 (which one is the system's affair)
        save(Environment(), tmp_path / "folder")

    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_secrets_are_in_the_file_and_in_no_repr(tmp_path: Path) -> None:
    """A snapshot must be able to check passwords again; a traceback must not show them."""
    environment = Environment()
    body = {"email": "a@x.example", "password_hash": BCRYPT, "password_hash_type": "bcrypt"}
    user = ask(environment, users.create, body)
    ask(environment, factors.create, {"type": "totp", "totp_secret": "JBSWY3DPEHPK3PXP"}, id=user["id"])
    save(environment, tmp_path / "kept")

    assert BCRYPT in (tmp_path / "kept").read_text(encoding="utf-8")
    shown_in_tracebacks = repr([*environment.users.values(), *environment.factors.values(), *environment.events])
    assert BCRYPT not in shown_in_tracebacks
    assert "JBSWY3DPEHPK3PXP" not in shown_in_tracebacks
    assert isinstance(next(iter(environment.events)), Event)
    assert json.loads((tmp_path / "kept").read_text(encoding="utf-8").splitlines()[0])["now"] == 4
