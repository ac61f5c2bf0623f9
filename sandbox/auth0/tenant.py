"""The tenant that is served: an export folder in Auth0's shapes.

Read: ``users.ndjson`` (required), ``organizations.ndjson`` (Auth0's object plus ``domains`` and, if wanted,
``enabled_connections``), ``members.ndjson`` (Auth0's member object plus ``org_id``), ``roles.ndjson``; each also
``.gz``, and gzip is known by content. Every line is checked once, here; users are read again from the file by each
export, so a million of them cost no memory, and the file must stay as it is.
"""

import gzip
import hashlib
import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO, Final, cast

Line = dict[str, Any]
Nested = Mapping[str, tuple[str, ...]]

_ALPHABET: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_GZIP: Final = b"\x1f\x8b"
#: Lists within a line, and the texts that each of their objects must have.
_IDENTITIES: Final[Nested] = {"identities": ()}
_PARTS: Final[Nested] = {"domains": ("domain",), "enabled_connections": ("connection_id",)}


class TenantError(ValueError):
    """A folder that cannot be served; the text names file and line."""


@dataclass(slots=True)
class Tenant:
    """What the Management API shows of one tenant."""

    users: Path | None = None
    user_count: int = 0
    #: Connection objects by name, in the order in which users have them.
    connections: dict[str, Line] = field(default_factory=dict)
    organizations: dict[str, Line] = field(default_factory=dict)
    #: Lines of ``members`` by organization, unparsed: parsed, a million would take over a gigabyte.
    members: dict[str, list[bytes]] = field(default_factory=dict)
    roles: dict[str, Line] = field(default_factory=dict)
    #: Members of organizations that the folder does not have: no call can reach them.
    unreachable_members: int = 0

    def lines_of_users(self) -> Iterator[Line]:
        """The users, in the order of the file."""
        return (line for line, _ in _records(self.users, ("user_id",), _IDENTITIES))

    def counts(self) -> dict[str, int]:
        """How much of everything is served."""
        return {
            "users": self.user_count,
            "connections": len(self.connections),
            "organizations": len(self.organizations),
            "members": sum(len(lines) for lines in self.members.values()),
            "unreachable_members": self.unreachable_members,
            "roles": len(self.roles),
        }


def load_tenant(folder: Path) -> Tenant:
    """Read an export folder; a million users take some fifteen seconds.

    Raises TenantError for a folder without users and for a line that is not an object with the id Auth0 gives it.
    """
    users = _file(folder, "users")
    if users is None:
        raise TenantError(f"{folder} has no users.ndjson and no users.ndjson.gz")
    tenant = Tenant(users)
    for user, _ in _records(users, ("user_id",), _IDENTITIES):
        tenant.user_count += 1
        for identity in user.get("identities") or ():
            _connect(tenant.connections, identity)
    tenant.organizations = {line["id"]: line for line, _ in _records(_file(folder, "organizations"), ("id",), _PARTS)}
    tenant.roles = {line["id"]: line for line, _ in _records(_file(folder, "roles"), ("id", "name"), {})}
    for member, raw in _records(_file(folder, "members"), ("org_id", "user_id"), {"roles": ("id", "name")}):
        if member["org_id"] in tenant.organizations:
            tenant.members.setdefault(member["org_id"], []).append(raw)
        else:
            tenant.unreachable_members += 1
    return tenant


def opaque(text: str, length: int) -> str:
    """Letters and digits that stand for a text: the same ones every time."""
    value = int.from_bytes(hashlib.sha256(text.encode()).digest())
    return "".join(_ALPHABET[value // 62**place % 62] for place in range(length))


def _connect(connections: dict[str, Line], identity: Line) -> None:
    name = identity.get("connection")
    if isinstance(name, str) and name not in connections:
        connections[name] = {
            "id": f"con_{opaque(name, 16)}",
            "name": name,
            "strategy": identity.get("provider"),
            "is_domain_connection": False,
            "realms": [name],
        }


def _file(folder: Path, name: str) -> Path | None:
    candidates = (folder / f"{name}.ndjson", folder / f"{name}.ndjson.gz")
    return next((path for path in candidates if path.is_file()), None)


def _records(path: Path | None, required: tuple[str, ...], nested: Nested) -> Iterator[tuple[Line, bytes]]:
    if path is None:
        return
    try:
        with _unpacked(path) as file:
            for number, raw in enumerate(file, 1):
                if raw.strip():
                    yield _read_line(raw, f"{path.name}:{number}", required, nested), raw
    except (OSError, EOFError, zlib.error) as error:
        raise TenantError(f"{path.name} cannot be read to its end") from error


def _read_line(raw: bytes, place: str, required: tuple[str, ...], nested: Nested) -> Line:
    try:
        line: Line = json.loads(raw)
    except ValueError as error:
        raise TenantError(f"{place} is not JSON") from error
    if not _has(line, required):
        raise TenantError(f"{place} is not an object with {' and '.join(required)}")
    for name, keys in nested.items():
        parts = line.get(name) or []
        if not isinstance(parts, list) or not all(_has(part, keys) for part in parts):
            raise TenantError(f"{place} has {name} that are not a list of objects as Auth0 has them")
    return line


def _has(value: object, required: tuple[str, ...]) -> bool:
    return isinstance(value, dict) and all(isinstance(value.get(key), str) for key in required)


def _unpacked(path: Path) -> BinaryIO:
    with path.open("rb") as file:
        packed = file.read(2) == _GZIP
    return cast(BinaryIO, gzip.open(path, "rb")) if packed else path.open("rb")
