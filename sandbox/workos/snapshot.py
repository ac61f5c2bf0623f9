"""An environment in a file, to start from again: its events in order, then the authentication factors.

JSON lines: a head with format and clock, an event a line, a factor a line, and an end with a digest of all before it,
so that a file cut short or changed by hand is seen. It holds hashes and authenticator secrets, so it is mode 0600.
Settings, faults, the request log, the times of last sign-ins and the Auth0 side are not in it.
"""

import json
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from sandbox.workos.event_log import Event
from sandbox.workos.objects import (
    NO_METADATA,
    Domain,
    Factor,
    Membership,
    Organization,
    Password,
    Permission,
    Role,
    User,
)
from sandbox.workos.state import Environment

FORMAT: Final = "sandbox snapshot 2"


class SnapshotError(Exception):
    """A file that is no whole snapshot of this format; the message says which and why."""


def save(environment: Environment, path: Path) -> None:
    """Write the environment to a new file, mode 0600, which replaces an old one only when it is whole."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    digest = blake2b()
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 (the descriptor carries the mode)
            for line in _lines(environment):
                text = _text(line)
                digest.update(text)
                file.write(text)
            file.write(_text({"digest": digest.hexdigest()}))
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _text(line: object) -> bytes:
    return json.dumps(line, separators=(",", ":"), default=dict).encode() + b"\n"


def _lines(environment: Environment) -> Iterator[object]:
    yield {"format": FORMAT, "now": environment.registrar.now}
    yield from environment.events
    yield from environment.factors.values()


def load(path: Path) -> Environment:
    """Return the environment that a file holds.

    Raises:
        OSError: the file cannot be read.
        SnapshotError: it is no snapshot, of another format, or cut short.
    """
    environment, digest = Environment(), blake2b()
    try:
        with path.open("rb") as file:
            line = file.readline()
            head, end = json.loads(line), None
            if head["format"] != FORMAT:
                message = f"{path}: not a snapshot of this sandbox's format ({FORMAT})"
                raise SnapshotError(message)
            for following in file:
                digest.update(line)
                match end := json.loads(line := following):
                    case [int(moment), str(name), [*fields]]:
                        value = _READERS[name.partition(".")[0]](environment, fields)
                        environment.restore(Event(moment, sys.intern(name), value))
                    case [*fields]:
                        environment.add_factor(Factor(*fields))
            environment.registrar.now = head["now"]
    except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
        message = f"{path}: not a snapshot, or damaged: make it anew with POST /_sandbox/snapshot"
        raise SnapshotError(message) from error
    if end != {"digest": digest.hexdigest()}:
        message = f"{path}: cut short, or changed: make it anew with POST /_sandbox/snapshot"
        raise SnapshotError(message)
    return environment


def _user(environment: Environment, fields: list[Any]) -> User:
    user = User(*fields)
    password = None if user.password is None else Password(*user.password)
    user = user._replace(metadata=user.metadata or NO_METADATA, password=password)
    return User(*_shared(environment.users.get(user.id), user))


def _organization(environment: Environment, fields: list[Any]) -> Organization:
    organization = Organization(*fields)
    domains = tuple(Domain(*domain) for domain in organization.domains)
    organization = organization._replace(metadata=organization.metadata or NO_METADATA, domains=domains)
    return Organization(*_shared(environment.organizations.get(organization.id), organization))


def _shared(known: Iterable[object] | None, following: Iterable[object]) -> Iterable[Any]:
    """Return the fields of ``following``; those that did not change are shared with ``known``, as in the original."""
    if known is None:
        return following
    return [before if before == after else after for before, after in zip(known, following, strict=True)]


def _membership(environment: Environment, fields: list[Any]) -> Membership:
    """Share the ids with their owners: a million copies of them are a fifth of the memory."""
    membership = Membership(*fields)
    return membership._replace(
        user_id=environment.users[membership.user_id].id,
        organization_id=environment.organizations[membership.organization_id].id,
        roles=tuple(map(sys.intern, membership.roles)),
        status=sys.intern(membership.status),
    )


def _role(_: Environment, fields: list[Any]) -> Role:
    role = Role(*fields)
    return role._replace(permissions=tuple(role.permissions))


#: How an event's object is read, by the first word of the event's name.
_READERS: Final[Mapping[str, Callable[[Environment, list[Any]], Any]]] = {
    "user": _user,
    "organization": _organization,
    "organization_domain": lambda _, fields: Domain(*fields),
    "organization_membership": _membership,
    "role": _role,
    "organization_role": _role,
    "permission": lambda _, fields: Permission(*fields),
}
