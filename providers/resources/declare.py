"""Directory to Pulumi resources, in graph order: roles, organizations, users, memberships, verdict."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

from providers.auth0.lines import ExportError
from providers.directory.model import Record, fields, fingerprint
from providers.directory.store import Store, open_store
from providers.findings import FILE_OF
from providers.reports.findings import findings_lines, write_findings
from providers.resources.previous import Brake, Previous, brake, confirm_target, has_writes, read_previous
from providers.resources.record import (
    Membership,
    MembershipProvider,
    Organization,
    OrganizationProvider,
    Role,
    RoleProvider,
    User,
    UserProvider,
)
from providers.resources.verdict import Verdict, VerdictProvider
from providers.settings import KINDS, InvalidSettings, Kind, Settings, read_settings
from providers.workos.client import WorkOS, WorkOSFault

_TIME_FOR_OUTPUTS_SECONDS = 1.0


def declare_stack() -> None:
    """The program: settings, store, brake, resources, findings, summary. Raises RunError with one clear sentence."""
    try:
        settings = read_settings(CONFIG.get(), os.environ, lambda key: is_config_secret(f"ferry:{key}"))
        key, base_url = settings.require_access()
        with open_store(settings, Path.cwd()) as store:
            _report_path().unlink(missing_ok=True)
            _refuse_empty(store)
            previous = read_previous(pulumi.get_stack())
            brake(previous, store, _declared(store), settings)
            _say_what_leaves(previous, store, settings)
            live = key.startswith("sk_live_")
            target = {"base_url": base_url, "live": live, "key": fingerprint(base_url, key)}
            moved = any(previous.target.get(name, value) != value for name, value in target.items())
            if not pulumi.runtime.is_dry_run() and (moved or has_writes(previous, store, settings)):
                confirm_target(previous, WorkOS(key, base_url, settings.rate_share), live)
            declared = _declare(store, previous, settings)
            _report(store, settings)
            summary = _summary(store.summary(), declared)
            pulumi.export("summary", summary)
            Verdict(
                VerdictProvider(),
                "verdict",
                {
                    **target,
                    "leaving": _leaving(previous, _declared(store), settings),
                    "told": summary.apply(_told),
                },
                pulumi.ResourceOptions(depends_on=[one for group in declared.values() for one in group]),
            )
    except (InvalidSettings, ExportError, Brake, WorkOSFault) as error:
        raise pulumi.RunError(str(error)) from None


def _refuse_empty(store: Store) -> None:
    if not store.summary()["users"]["lines"]:
        raise ExportError("the users file holds no line; an empty export is never what is meant. Export again")


def _declared(store: Store) -> dict[Kind, set[str]]:
    return {kind: {record.key for record in store.records(kind)} for kind in KINDS}


def _declare(store: Store, previous: Previous, settings: Settings) -> dict[Kind, list[Any]]:
    with_email = _Holders(previous, store, "users", "email", settings)
    with_domain = _Holders(previous, store, "organizations", "domains", settings)
    roles = {one.slug: Role(RoleProvider(), one.slug, _bag(one)) for one in store.roles()}
    organizations = {}
    for organization in store.organizations():
        own = organization.external_id
        bag = {**_bag(organization), "holders": with_domain.of(own, own, "domains", organization.domains)}
        organizations[organization.external_id] = Organization(OrganizationProvider(), organization.external_id, bag)
    users = {}
    for user in store.users():
        bag = {**_bag(user), "holders": with_email.of(user.key, user.external_id, "email", [user.email])}
        users[user.key] = User(UserProvider(), user.key, bag)
    memberships = []
    for one in store.memberships():
        bag = {
            "organization": one.organization,
            "user": one.user,
            "organization_id": organizations[one.organization].id,
            "user_id": users[one.user].id,
            **_bag(one),
        }
        options = pulumi.ResourceOptions(depends_on=[roles[slug] for slug in one.roles if slug in roles])
        memberships.append(Membership(MembershipProvider(), one.key, bag, options))
    return {
        "roles": list(roles.values()),
        "organizations": list(organizations.values()),
        "users": list(users.values()),
        "memberships": memberships,
    }


def _bag(record: Record) -> dict[str, Any]:
    """A resource's inputs: the fields that hold something, and the output that says how it went."""
    return {**{name: value for name, value in fields(record).items() if value not in (None, {}, [])}, "failure": None}


def _say_what_leaves(previous: Previous, store: Store, settings: Settings) -> None:
    """The engine calls every record that is declared no more deleted; this says what happens to it in WorkOS."""
    for kind, names in _declared(store).items():
        gone = previous.gone(kind, names)
        kept = [name for name in gone if store.withholds(kind, name)]
        removal = "retain" if kind == "roles" else settings.removal_of(kind)
        fate = {"retain": "WorkOS keeps", "deactivate": "WorkOS deactivates", "delete": "WorkOS deletes"}[removal]
        if left := len(gone) - len(kept):
            why = "which cannot delete roles" if kind == "roles" else f"ferry:removed is {removal}"
            pulumi.info(f"{left} {kind} left the export: {fate} them ({why}); the stack forgets them")
        if kept:
            pulumi.info(f"{len(kept)} {kind} are refused or left out now: WorkOS keeps them; the stack forgets them")


def _leaving(previous: Previous, declared: dict[Kind, set[str]], settings: Settings) -> list[dict[str, str]]:
    """What the stack held, declares no more, and does not retain."""
    return [
        {
            "kind": kind,
            "key": name if kind == "memberships" else str(held.outputs.get("external_id")),
            "id": held.id,
            **{end: str(held.outputs[end]) for end in ("organization", "user") if end in held.outputs},
        }
        for kind in KINDS
        if settings.removal_of(kind) != "retain" and kind != "roles"
        for name, held in previous.gone(kind, declared[kind]).items()
    ]


class _Holders:
    """Objects of this stack that hold, as far as the last state knows, what another record is to get in this run."""

    def __init__(self, previous: Previous, store: Store, kind: Kind, unique: str, settings: Settings) -> None:
        """`unique` is the field whose values no two objects may share, beside the external id."""
        declared = {record.key for record in store.records(kind)}
        self._by_value: dict[tuple[str, str], tuple[str, str]] = {}
        for name, held in previous.records[kind].items():
            if not held.reached:
                continue
            own = str(held.outputs.get("external_id"))
            if name in declared:
                self._by_value["external_id", own] = held.id, name
            elif settings.removal_of(kind) == "delete" and not (
                store.withholds(kind, name) or store.withholds(kind, own)
            ):
                values = held.outputs.get(unique) or []
                for value in [values] if isinstance(values, str) else values:
                    self._by_value[unique, value] = held.id, ""
                self._by_value["external_id", own] = held.id, ""

    def of(self, key: str, external_id: str, unique: str, values: Iterable[str]) -> dict[str, str] | None:
        """WorkOS id -> key of the declared record that gives the value up, '' for an object that goes; None if none."""
        wanted = [("external_id", external_id), *((unique, value) for value in values)]
        found = dict(self._by_value[one] for one in wanted if one in self._by_value)
        return {id_: owner for id_, owner in found.items() if owner != key} or None


def _report_path() -> Path:
    return Path("reports") / pulumi.get_stack() / "findings.jsonl"


def _report(store: Store, settings: Settings) -> None:
    path = _report_path()
    write_findings(path, store.findings())
    for line in findings_lines(store.summary(), store.codes(), path):
        pulumi.info(line)
    rich = sum(one["declared"] for name, one in store.summary().items() if name in FILE_OF.values())
    if rich > 1000 and "PULUMI_SKIP_CHECKPOINTS" not in os.environ:
        pulumi.info(
            f"{rich} records, one resource each: set PULUMI_SKIP_CHECKPOINTS=true, or the engine's state costs hours"
        )


async def _told(summary: dict[str, dict[str, int]]) -> bool:
    """True, once the engine has had the time to take the stack's outputs: after a verdict that fails it takes none."""
    if any(one["failed"] or one["pending"] for one in summary.values()):
        await asyncio.sleep(_TIME_FOR_OUTPUTS_SECONDS)
    return True


def _summary(counts: dict[str, dict[str, int]], declared: dict[Kind, list[Any]]) -> pulumi.Output[dict[str, Any]]:
    kinds = list(declared)
    failures = [pulumi.Output.all(*(one.failure for one in declared[kind])) for kind in kinds]

    def with_setbacks(groups: list[list[Any]]) -> dict[str, Any]:
        states = {
            FILE_OF[kind]: Counter(one["state"] for one in group if one)
            for kind, group in zip(kinds, groups, strict=True)
        }
        return {
            file: {
                **one,
                "failed": states.get(file, Counter())["failed"],
                "pending": states.get(file, Counter())["pending"],
            }
            for file, one in counts.items()
        }

    return pulumi.Output.all(*failures).apply(with_setbacks)
