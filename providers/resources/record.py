"""One Pulumi resource for one record: check, diff, create, read, update, delete, once for all kinds.

Providers carry no attributes and live in this importable module: each is pickled into every resource's state, and an
attribute makes that recurse (Pulumi: dynamic providers). Bags hold `__provider` and numbers as floats, so they are read
by name. Neither `create` nor `update` raises for one record's trouble, since that would stop the whole program: the
record comes back with the id `failed:` or `pending:`, and the verdict at the end of the graph fails the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, NoReturn

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from providers.directory.differ import IDENTITY, MANAGED, changes, drifted
from providers.errors import Brake
from providers.resources.engine_output import say
from providers.resources.host import Host, configure, host
from providers.resources.removal import ends_in, remove, remove_all_that_left, why_not_removed
from providers.resources.setback import GONE, HELD_TWICE, Setback
from providers.resources.workos_ids import ENDS
from providers.settings import Kind
from providers.state.applied import unpack
from providers.state.cohorts import applied_fields
from providers.text import plain
from providers.workos.client import Fatal, Gone, WorkOSFault
from providers.workos.kinds import Fields, Written

FAILED, PENDING = "failed:", "pending:"
_NOT_THERE = (FAILED, PENDING)


class RecordProvider(ResourceProvider):
    """The lifecycle. A subclass names its kind and says which inputs identify a record to a person."""

    serialize_as_secret_always = False
    kind: Kind

    def configure(self, req: ConfigureRequest) -> None:
        """Called once a class and process, before anything else, in every command."""
        configure(req.config.get)

    def key(self, bag: Mapping[str, Any]) -> str:
        """The logical name as far as a bag tells it: the external id, or the pair."""
        return str(bag.get("external_id") or "")

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Called in preview and up for each declared record, before `diff`."""
        host().checked()
        missing = [name for name in self.named() if news.get(name) in (None, "")]
        failures = [CheckFailure(name, plain(f"{self.kind} {self.key(news)}: {name} is missing")) for name in missing]
        return CheckResult(news, failures)

    def required(self) -> tuple[str, ...]:
        """What identifies a record, among the outputs."""
        return ("external_id",)

    def named(self) -> tuple[str, ...]:
        """Inputs without which there is no record."""
        return self.required()

    def with_ends(self, bag: dict[str, Any], _olds: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The bag with the WorkOS ids that it does not name because a cohort has them."""
        return bag

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Offline: outputs of the last run (what was applied) against inputs of this one."""
        _news = self.with_ends(_news, _olds)
        identity = [name for name in IDENTITY[self.kind] if _olds.get(name) != _news.get(name)]
        absent = _id.startswith(_NOT_THERE) or _news.get("removed_id") == _id
        if absent or identity:
            replaces = identity or [MANAGED[self.kind][0]]
            return DiffResult(changes=True, replaces=replaces, delete_before_replace=absent)
        host().in_use.add(_id)
        host().ids.note(self.kind, self.key(_news), _id)
        return DiffResult(changes=bool(changes(self.kind, _news, _olds)) or bool(_olds.get("failure")))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """One POST, or the take-over of what is there. What fails comes back as an id that says so."""
        if host().is_stopping():
            return self._stopped_create(props)
        props = self.with_ends(props)
        written = self._handed(props)
        waits_for = self.waits_for(props)
        if waits_for:
            state, code, message = PENDING, "pending", f"waits for {waits_for}, which failed"
            return CreateResult(f"{PENDING}{self.key(props)}", self._set_back(props, state, code, message, written))
        try:
            if written.id:
                host().records(self.kind).change(written, self.desired(props))
            else:
                host().records(self.kind).create(written, self.desired(props))
        except WorkOSFault as fault:
            return self._failed_create(fault, props, written)
        if not host().claim(written.id):
            outs = self._set_back(props, FAILED, "held_twice", HELD_TWICE, Written())
            return CreateResult(f"{FAILED}{self.key(props)}", outs)
        host().note(self.kind, self.key(props), written.notes)
        host().ids.note(self.kind, self.key(props), written.id)
        if props.get("removed_id") == written.id:
            host().journal.note_back(self.kind, written.id)
        if written.origin == "created" and not props.get("handed"):
            host().ids.fresh[self.kind].add(self.key(props))
        return CreateResult(written.id, self._done(props, written))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Only what Auth0 changed since the last run is written."""
        _news = self.with_ends(_news, _olds)
        written = self._written(_id, _olds)
        written.holders = _news.get("holders") or {}
        if host().is_stopping():
            return UpdateResult(self._wait(_news, written))
        try:
            host().records(self.kind).change(written, self.desired(_news))
        except Gone:
            self._stop_if_targeted(_news, GONE)
            return UpdateResult(self._set_back(_news, FAILED, "gone", GONE, written))
        except WorkOSFault as fault:
            self._stop_if_fatal(fault)
            self._stop_if_targeted(_news, str(fault))
            return UpdateResult(self._set_back(_news, FAILED, fault.code, str(fault), written))
        host().note(self.kind, self.key(_news), written.notes)
        return UpdateResult(self._done(_news, written))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Refresh: gone is gone; a field that somebody changed is reported, or marked for repair (`ferry:onDrift`)."""
        if id_.startswith(_NOT_THERE) or not props.get("origin"):
            return ReadResult(id_, dict(props))
        try:
            live = self._live(id_, props)
        except Gone:
            self._confirm_environment()
            return ReadResult(None, {})
        except WorkOSFault as fault:
            self._stop(fault)
        host().confirmed = True
        found = drifted(self.kind, props, live)
        outs = dict(props)
        if found and host().tell_drift(self.kind, self.key(props), found):
            outs |= found
        return ReadResult(id_, outs)

    def _live(self, id_: str, props: Mapping[str, Any]) -> Fields:
        """The record as the lists of this refresh have it; read by its id if they do not show it, or if only some
        records are refreshed. Raises Gone.
        """
        here = host()
        listed = None if here.is_targeted else here.listed(self.kind, id_, str(props.get("organization_id")))
        return listed or here.records(self.kind).live(id_)

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """In `up`: the record left the export, and `ferry:removed` decides. In `destroy`: what Ferry created goes."""
        here = host()
        if _id.startswith(_NOT_THERE):
            return
        here.stop_removal(self.kind)
        try:
            if here.destroys:
                self._destroy(here, _id, _props)
            else:
                remove(here, self.kind, self.key(_props), _id, ends_in(_props))
        except WorkOSFault as fault:
            self._stop_if_fatal(fault)
            if not here.destroys:
                remove_all_that_left(here)
            raise RuntimeError(plain(f"{self.kind} {self.key(_props)} {why_not_removed(here, fault)}")) from None

    def _destroy(self, here: Host, id_: str, props: Mapping[str, Any]) -> None:
        here.dismantling.begin(is_partial=here.is_partial)
        ends = ends_in(props)
        along = ends is not None and here.dismantling.goes_along(*ends)
        if not along and (props.get("origin") != "created" or self.kind == "roles"):
            why = "WorkOS cannot delete environment roles" if self.kind == "roles" else "Ferry did not create it"
            say(f"left in WorkOS: {self.kind} {self.key(props)} ({why})")
            return
        if not here.confirmed:
            try:
                here.records(self.kind).live(id_)
            except Gone:
                self._confirm_environment()
        here.confirmed = True
        if not along:
            here.records(self.kind).remove(id_)

    def desired(self, bag: Mapping[str, Any]) -> Fields:
        """The fields of a bag that reach WorkOS, with what identifies the record."""
        names = (*self.required(), *IDENTITY[self.kind], *MANAGED[self.kind])
        return {name: bag.get(name) for name in names}

    def waits_for(self, bag: Mapping[str, Any]) -> str:
        """What this record depends on and what failed, '' if nothing did."""
        return ""

    def _written(self, id_: str, olds: Mapping[str, Any]) -> Written:
        origin: Literal["created", "found"] = "found" if olds.get("origin") == "found" else "created"
        return Written(id_, self.desired(olds), origin)

    def _handed(self, props: Mapping[str, Any]) -> Written:
        """What a cohort knew of the record before its kind came into this grain; else nothing."""
        holders = props.get("holders") or {}
        known = unpack(props.get("handed") or "").get(self.key(props))
        if known is None:
            return Written(holders=holders)
        applied = applied_fields(self.kind, self.key(props), known, self.desired(props))
        return Written(known.id, applied, known.origin, holders)

    def _outputs(self, props: Mapping[str, Any], written: Written) -> dict[str, Any]:
        identity = {name: props.get(name) for name in self.required()}
        return {**identity, **written.applied, "origin": written.origin, "failure": None}

    def _done(self, props: Mapping[str, Any], written: Written) -> dict[str, Any]:
        """The outputs of a record that WorkOS answered; a field that it did not take is a setback."""
        if not written.not_taken:
            return self._outputs(props, written)
        self._stop_if_targeted(props, written.refusal)
        return self._set_back(props, FAILED, "not_taken", written.refusal, written)

    def _set_back(
        self, props: Mapping[str, Any], state: str, code: str, message: str, written: Written
    ) -> dict[str, Any]:
        kind_of: Literal["failed", "pending"] = "pending" if state == PENDING else "failed"
        host().set_back(Setback(self.kind, self.key(props), kind_of, code, message))
        failure = {"state": kind_of, "code": code, "message": message}
        return {**self._outputs(props, written), "failure": failure}

    def _stopped_create(self, props: Mapping[str, Any]) -> CreateResult:
        """The run is stopping: nothing is asked, and what an earlier grain knew stays known."""
        props = self.with_ends(dict(props)) if props.get("handed") else props
        written = self._handed(props)
        if written.id:
            host().in_use.add(written.id)
        outs = self._wait(props, written)
        return CreateResult(written.id or f"{PENDING}{self.key(props)}", outs)

    def _wait(self, props: Mapping[str, Any], written: Written) -> dict[str, Any]:
        """The outputs of a record whose turn did not come."""
        here = host()
        self._stop_if_targeted(props, here.why_stopping)
        with here.lock:
            here.pending[self.kind] += 1
        failure = {"state": "pending", "code": "pending", "message": here.why_stopping}
        return {**self._outputs(props, written), "failure": failure}

    def _failed_create(self, fault: WorkOSFault, props: Mapping[str, Any], written: Written) -> CreateResult:
        self._stop_if_fatal(fault)
        self._stop_if_targeted(props, str(fault))
        if written.id:
            host().in_use.add(written.id)
            host().note(self.kind, self.key(props), written.notes)
        outs = self._set_back(props, FAILED, fault.code, str(fault), written)
        return CreateResult(written.id or f"{FAILED}{self.key(props)}", outs)

    def _stop_if_targeted(self, props: Mapping[str, Any], message: str) -> None:
        """With `--target` there may be no verdict to fail the run; an object that was made is found by the next one."""
        if host().is_targeted:
            raise RuntimeError(plain(f"{self.kind} {self.key(props)}: {message}")) from None

    def _confirm_environment(self) -> None:
        try:
            host().confirm_environment()
        except (Brake, WorkOSFault) as error:
            raise RuntimeError(plain(str(error))) from None

    def _stop_if_fatal(self, fault: WorkOSFault) -> None:
        if isinstance(fault, Fatal):
            self._stop(fault)

    def _stop(self, fault: WorkOSFault) -> NoReturn:
        raise RuntimeError(plain(str(fault))) from None


class OrganizationProvider(RecordProvider):
    """Organizations."""

    kind: Kind = "organizations"


class UserProvider(RecordProvider):
    """Users."""

    kind: Kind = "users"


class RoleProvider(RecordProvider):
    """Environment roles, known by their slug."""

    kind: Kind = "roles"

    def key(self, bag: Mapping[str, Any]) -> str:
        """The slug."""
        return str(bag.get("slug") or "")

    def required(self) -> tuple[str, ...]:
        """Slug and name."""
        return ("slug", "name")


class MembershipProvider(RecordProvider):
    """Memberships, known by organization and user."""

    kind: Kind = "memberships"

    def key(self, bag: Mapping[str, Any]) -> str:
        """`<organization id>/<user id>`."""
        return f"{bag.get('organization')}/{bag.get('user')}"

    def required(self) -> tuple[str, ...]:
        """Both ends, as Auth0 and as WorkOS know them."""
        return ("organization", "user", "organization_id", "user_id")

    def named(self) -> tuple[str, ...]:
        """Both ends, as Auth0 knows them."""
        return ("organization", "user")

    def with_ends(self, bag: dict[str, Any], _olds: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The bag with the ids of its ends: from this process, else the last state, else, for a new record, WorkOS."""
        found = dict(bag)
        for name, kind in ENDS:
            if bag.get(f"{name}_id"):
                continue
            known = host().ids.of(kind, str(bag.get(name)))
            found[f"{name}_id"] = known or (_olds.get(f"{name}_id") if _olds is not None else _ask(kind, bag, name))
        return found

    def waits_for(self, bag: Mapping[str, Any]) -> str:
        """An end, or a role, that did not reach WorkOS."""
        for name, end in (("organization_id", "organization"), ("user_id", "user")):
            if not bag.get(name) or str(bag.get(name)).startswith(_NOT_THERE):
                return f"{end} {bag.get(end)}"
        failed = {key for kind, key in list(host().setbacks) if kind == "roles"}
        return next((f"role {slug}" for slug in bag.get("roles") or [] if slug in failed), "")


def _ask(kind: Kind, bag: Mapping[str, Any], name: str) -> str:
    try:
        return host().ask(kind, str(bag.get(name)))
    except WorkOSFault:
        return ""


class _Record(Resource):
    failure: pulumi.Output[dict[str, str] | None]


class Organization(_Record, module="workos", name="Organization"):
    """Type token `pulumi-python:dynamic/workos:Organization`."""


class Role(_Record, module="workos", name="Role"):
    """Type token `pulumi-python:dynamic/workos:Role`."""


class User(_Record, module="workos", name="User"):
    """Type token `pulumi-python:dynamic/workos:User`."""


class Membership(_Record, module="workos", name="Membership"):
    """Type token `pulumi-python:dynamic/workos:Membership`."""
