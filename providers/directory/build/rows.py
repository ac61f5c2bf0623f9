"""The lines of an export as rows of a draft: each judged by itself, before anything is compared.

The users and the rest are independent here, so two processes take a large export in, one on either core.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from providers.auth0.credentials import factor_fault, hash_fault, usable_hash, usable_totp
from providers.auth0.export import Export, Read
from providers.auth0.records import Factor, Member, Password, User
from providers.directory.build.accounts import SignInSet, is_verified, judge, providers_in, sign_in_of
from providers.directory.build.draft import INDEXES, Stage, connect
from providers.directory.model import fingerprint
from providers.findings import Ledger
from providers.settings import Settings

#: The files whose lines become rows; organizations and roles are few.
PEOPLE, REST = ("users",), ("members", "passwords", "mfa")


def open_exports(settings: Settings, project: Path, ledger: Ledger) -> list[Export]:
    """The export folders of the stack's tenants. Raises InvalidSettings or ExportError."""
    return [
        Export(
            folder,
            ledger,
            number=number,
            tenant=tenant.name,
            prefix=tenant.prefix,
            export_as=settings.export_as,
        )
        for number, (tenant, folder) in enumerate(settings.require_tenants(project))
    ]


def fill(path: Path, kinds: tuple[str, ...], exports: list[Export], settings: Settings, ledger: Ledger) -> None:
    """Make a draft with the rows of these files. Raises ExportError."""
    with closing(connect(path)) as db:
        stage = Stage(db, kinds, ledger)
        db.execute("BEGIN")
        for export in exports:
            for kind in kinds:
                _TAKERS[kind](export, settings, stage)
        db.execute("COMMIT")
        for kind in kinds:
            db.executescript(INDEXES.get(kind, ""))


def _users(export: Export, settings: Settings, stage: Stage) -> None:
    identities: list[tuple[Any, ...]] = []
    (known,) = stage.db.execute("SELECT count(*) FROM sign_ins").fetchone()
    sets: dict[str, SignInSet] = {}

    def rows() -> Iterator[tuple[Any, ...]]:
        for read in export.read("users"):
            user: User = read.record
            if not user.user_id.strip():
                stage.ledger.refuse("users", read.place, "", "no_id", "the user has no user_id")
                continue
            for rank, (connection, own) in enumerate(user.database_identities()):
                identities.append((own, export.number, connection, read.place, rank))
            if len(identities) > 4096:
                stage.add("identities", identities)
                identities.clear()
            text = sign_in_of(user)
            if (sign_in := sets.get(text)) is None:
                sign_in = sets[text] = SignInSet(known + len(sets), providers_in(text))
            yield judge(read.place, export.prefix + user.user_id, user, sign_in, settings, stage.ledger)

    stage.fill("people", rows())
    stage.add("identities", identities)
    stage.add("sign_ins", ((numbered.number, text) for text, numbered in sets.items()))
    claims = (
        (own, email.strip().lower(), is_verified(claim, settings)) for own, (email, claim) in export.claims.items()
    )
    stage.add("claims", claims)


def _members(export: Export, _: Settings, stage: Stage) -> None:
    prefix = export.prefix
    (known,) = stage.db.execute("SELECT count(*) FROM role_sets").fetchone()
    numbers: dict[tuple[tuple[str, str | None], ...], int] = {}

    def rows() -> Iterator[tuple[Any, ...]]:
        for read in export.read("members"):
            member: Member = read.record
            roles = tuple([(prefix + role.id if role.id else "", role.name) for role in member.roles])
            number = numbers.setdefault(roles, known + len(numbers))
            yield read.place, prefix + member.org_id, prefix + member.user_id, number

    stage.fill("members", rows())
    stage.add("role_sets", ((number, json.dumps(roles)) for roles, number in numbers.items()))


def _passwords(export: Export, _: Settings, stage: Stage) -> None:
    stage.fill("passwords", (_password(read, export.number, stage.ledger) for read in export.read("passwords")))


def _password(read: Read, tenant: int, ledger: Ledger) -> tuple[Any, ...]:
    record: Password = read.record
    password_hash = usable_hash(record)
    ids = record.join_ids
    if password_hash and password_hash.type == "ssha256":
        message = "WorkOS does not document the layout in which it takes salted SHA-256"
        ledger.note("passwords", read.place, ids[-1] if ids else "", "hash_layout_undocumented", message)
    return (
        read.place,
        read.offset,
        read.length,
        tenant,
        record.connection,
        ids[0] if ids else "",
        ids[1] if len(ids) > 1 else "",
        (record.email or "").strip().lower(),
        record.set_at or "",
        fingerprint(record.owner, password_hash.whole) if password_hash else "",
        "" if password_hash else hash_fault(record),
    )


def _factors(export: Export, _: Settings, stage: Stage) -> None:
    def rows() -> Iterable[tuple[Any, ...]]:
        for read in export.read("mfa"):
            record: Factor = read.record
            own = export.prefix + record.user_id
            fault, secret = factor_fault(record), usable_totp(record)
            mark = fingerprint(own, secret) if secret and not fault else ""
            yield read.place, read.offset, read.length, own, fault, mark

    stage.fill("factors", rows())


_TAKERS: dict[str, Callable[[Export, Settings, Stage], None]] = {
    "users": _users,
    "members": _members,
    "passwords": _passwords,
    "mfa": _factors,
}
