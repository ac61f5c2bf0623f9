"""One Pulumi resource for one record: check, diff, create, read, update, delete, once for all kinds.

Providers carry no attributes and live in this importable module: each is pickled into every resource's state, and an
attribute makes that recurse (Pulumi: dynamic providers). Bags hold `__provider` and numbers as floats, so they are read
by name. Neither `create` nor `update` raises for one record's trouble, since that would stop the whole program: the
record comes back with the id `failed:` or `pending:`, and the verdict at the end of the graph fails the run.
"""

from __future__ import annotations

from typing import NoReturn

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

from providers.directory.differ import changes, drifted, items, text
from providers.directory.model import SCHEMAS
from providers.directory.schema import Values
from providers.errors import Brake
from providers.resources.engine_output import say
from providers.resources.host import Host, host_for
from providers.resources.removal import remove, remove_all_that_left, why_not_removed
from providers.resources.setback import GONE, HELD_TWICE, Setback
from providers.settings import UNDELETABLE_KINDS, Kind
from providers.state.applied import unpack
from providers.state.bags import Bag, Failure, RecordInputs, RecordState, ends_in, key_of
from providers.state.cohorts import applied_fields
from providers.text import plain
from providers.workos.client import Fatal, Gone, WorkOSFault
from providers.workos.kinds import Written

FAILED, PENDING = "failed:", "pending:"
_NOT_THERE = (FAILED, PENDING)


class RecordProvider(ResourceProvider):
    """The lifecycle. A subclass names its kind; what identifies its records, its schema says."""

    serialize_as_secret_always = False
    kind: Kind
    #: What `configure` got; never serialized, since it comes after unpickling.
    host: Host

    def configure(self, req: ConfigureRequest) -> None:
        """Called once a class and process, before anything else, in every command."""
        self.host = host_for(req.config.get)

    def check(self, _olds: Bag, news: Bag) -> CheckResult:
        """Called in preview and up for each declared record, before `diff`."""
        self.host.checked()
        missing = [name for name in SCHEMAS[self.kind].named if news.get(name) in (None, "")]
        failures = [CheckFailure(name, plain(f"{self.kind} {self._key(news)}: {name} is missing")) for name in missing]
        return CheckResult({**news}, failures)

    def diff(self, _id: str, _olds: Bag, _news: Bag) -> DiffResult:
        """Offline: outputs of the last run (what was applied) against inputs of this one."""
        schema, state, key = SCHEMAS[self.kind], RecordState.of(_olds), self._key(_news)
        desired = self._desired(self._with_ends(_news, state))
        identity = [name for name in schema.identity if state.values.get(name) != desired.get(name)]
        absent = _id.startswith(_NOT_THERE) or RecordInputs.of(_news).removed_id == _id
        if absent or identity:
            replaces = identity or [schema.names[0]]
            return DiffResult(changes=True, replaces=replaces, delete_before_replace=absent)
        self.host.in_use.add(_id)
        self.host.ids.note(self.kind, key, _id)
        return DiffResult(changes=bool(changes(self.kind, desired, state.values)) or state.failed)

    def create(self, props: Bag) -> CreateResult:
        """One POST, or the take-over of what is there. What fails comes back as an id that says so."""
        inputs, key = RecordInputs.of(props), self._key(props)
        if self.host.is_stopping():
            return self._stopped_create(props, inputs)
        desired = self._desired(self._with_ends(props))
        written = self._handed(key, desired, inputs)
        if waits_for := self._waits_for(desired):
            failure: Failure = {
                "state": "pending",
                "code": "pending",
                "message": f"waits for {waits_for}, which failed",
            }
            return CreateResult(f"{PENDING}{key}", self._set_back(key, desired, failure, written))
        try:
            if written.id:
                self.host.records(self.kind).change(written, desired)
            else:
                self.host.records(self.kind).create(written, desired)
        except WorkOSFault as fault:
            return self._failed_create(fault, key, desired, written)
        if not self.host.claim(written.id):
            outs = self._set_back(key, desired, _failed("held_twice", HELD_TWICE), Written())
            return CreateResult(f"{FAILED}{key}", outs)
        self.host.note(self.kind, key, written.notes)
        self.host.ids.note(self.kind, key, written.id)
        if inputs.removed_id == written.id:
            self.host.journal.note_back(self.kind, written.id)
        if written.origin == "created" and not inputs.handed:
            self.host.ids.fresh[self.kind].add(key)
        return CreateResult(written.id, self._done(key, desired, written))

    def update(self, _id: str, _olds: Bag, _news: Bag) -> UpdateResult:
        """Only what Auth0 changed since the last run is written."""
        state, key = RecordState.of(_olds), self._key(_news)
        desired = self._desired(self._with_ends(_news, state))
        holders = RecordInputs.of(_news).holders
        written = Written(_id, self._desired(_olds), state.origin or "created", holders)
        if self.host.is_stopping():
            return UpdateResult(self._wait(key, desired, written))
        try:
            self.host.records(self.kind).change(written, desired)
        except Gone:
            self._stop_if_targeted(key, GONE)
            return UpdateResult(self._set_back(key, desired, _failed("gone", GONE), written))
        except WorkOSFault as fault:
            self._stop_if_fatal(fault)
            self._stop_if_targeted(key, str(fault))
            return UpdateResult(self._set_back(key, desired, _failed(fault.code, str(fault)), written))
        self.host.note(self.kind, key, written.notes)
        return UpdateResult(self._done(key, desired, written))

    def read(self, id_: str, props: Bag) -> ReadResult:
        """Refresh: gone is gone; a field that somebody changed is reported, or marked for repair (`ferry:onDrift`)."""
        state = RecordState.of(props)
        if id_.startswith(_NOT_THERE) or not state.origin:
            return ReadResult(id_, {**props})
        try:
            live = self._live(id_, state)
        except Gone:
            self._confirm_environment()
            return ReadResult(None, {})
        except WorkOSFault as fault:
            self._stop(fault)
        self.host.confirmed = True
        found = drifted(self.kind, state.values, live)
        outs = {**props}
        if found and self.host.tell_drift(self.kind, self._key(props), found):
            outs |= found
        return ReadResult(id_, outs)

    def _live(self, id_: str, state: RecordState) -> Values:
        """The record as the lists of this refresh have it; read by its id if they do not show it, or if only some
        records are refreshed. Raises Gone.
        """
        organization = text(state.values.get("organization_id"))
        listed = None if self.host.is_targeted else self.host.listed(self.kind, id_, organization)
        return listed or self.host.records(self.kind).live(id_)

    def delete(self, _id: str, _props: Bag) -> None:
        """In `up`: the record left the export, and `ferry:removed` decides. In `destroy`: what Ferry created goes."""
        here, key = self.host, self._key(_props)
        if _id.startswith(_NOT_THERE):
            return
        here.stop_removal(self.kind)
        try:
            if here.destroys:
                self._destroy(_id, key, RecordState.of(_props))
            else:
                remove(here, self.kind, key, _id, ends_in(_props))
        except WorkOSFault as fault:
            self._stop_if_fatal(fault)
            if not here.destroys:
                remove_all_that_left(here)
            raise RuntimeError(plain(f"{self.kind} {key} {why_not_removed(here, fault)}")) from None

    def _destroy(self, id_: str, key: str, state: RecordState) -> None:
        here = self.host
        here.dismantling.begin(is_partial=here.is_partial)
        along = state.ends is not None and here.dismantling.goes_along(*state.ends)
        is_staying = self.kind in UNDELETABLE_KINDS
        if not along and (state.origin != "created" or is_staying):
            why = f"WorkOS cannot delete environment {self.kind}" if is_staying else "Ferry did not create it"
            say(f"left in WorkOS: {self.kind} {key} ({why})")
            return
        if not here.confirmed:
            try:
                here.records(self.kind).live(id_)
            except Gone:
                self._confirm_environment()
        here.confirmed = True
        if not along:
            here.records(self.kind).remove(id_)

    def _key(self, bag: Bag) -> str:
        return key_of(self.kind, bag)

    def _desired(self, bag: Bag) -> dict[str, object]:
        """The fields of a bag that reach WorkOS, with what identifies the record."""
        schema = SCHEMAS[self.kind]
        return {name: bag.get(name) for name in (*schema.outputs, *schema.names)}

    def _with_ends(self, bag: Bag, state: RecordState | None = None) -> Bag:
        """The bag with the ids of its ends: from this process, else the last state, else, for a new record, WorkOS."""
        found = {**bag}
        for name, kind in SCHEMAS[self.kind].ends:
            if bag.get(f"{name}_id"):
                continue
            known, end = self.host.ids.of(kind, text(bag.get(name))), f"{name}_id"
            found[end] = known or (state.values.get(end) if state else self._ask(kind, text(bag.get(name))))
        return found

    def _ask(self, kind: Kind, key: str) -> str:
        try:
            return self.host.ask(kind, key)
        except WorkOSFault:
            return ""

    def _waits_for(self, desired: Values) -> str:
        """An end, or a role, that did not reach WorkOS; '' if this record waits for nothing."""
        for name, _ in SCHEMAS[self.kind].ends:
            id_ = text(desired.get(f"{name}_id"))
            if not id_ or id_.startswith(_NOT_THERE):
                return f"{name} {desired.get(name)}"
        failed = (slug for slug in items(desired.get("roles")) if ("roles", slug) in self.host.setbacks)
        return next((f"role {slug}" for slug in failed), "")

    def _handed(self, key: str, desired: Values, inputs: RecordInputs) -> Written:
        """What a cohort knew of the record before its kind came into this grain; else nothing."""
        known = unpack(inputs.handed).get(key)
        if known is None:
            return Written(holders=inputs.holders)
        return Written(known.id, applied_fields(self.kind, key, known, desired), known.origin, inputs.holders)

    def _outputs(self, desired: Values, written: Written, failure: Failure | None = None) -> dict[str, object]:
        identity = {name: desired.get(name) for name in SCHEMAS[self.kind].outputs}
        return {**identity, **written.applied, "origin": written.origin, "failure": failure}

    def _done(self, key: str, desired: Values, written: Written) -> dict[str, object]:
        """The outputs of a record that WorkOS answered; a field that it did not take is a setback."""
        if not written.not_taken:
            return self._outputs(desired, written)
        self._stop_if_targeted(key, written.refusal)
        return self._set_back(key, desired, _failed("not_taken", written.refusal), written)

    def _set_back(self, key: str, desired: Values, failure: Failure, written: Written) -> dict[str, object]:
        self.host.set_back(Setback(self.kind, key, failure["state"], failure["code"], failure["message"]))
        return self._outputs(desired, written, failure)

    def _stopped_create(self, props: Bag, inputs: RecordInputs) -> CreateResult:
        """The run is stopping: nothing is asked, and what an earlier grain knew stays known."""
        key, desired = self._key(props), self._desired(self._with_ends(props) if inputs.handed else props)
        written = self._handed(key, desired, inputs)
        if written.id:
            self.host.in_use.add(written.id)
        outs = self._wait(key, desired, written)
        return CreateResult(written.id or f"{PENDING}{key}", outs)

    def _wait(self, key: str, desired: Values, written: Written) -> dict[str, object]:
        """The outputs of a record whose turn did not come."""
        here = self.host
        self._stop_if_targeted(key, here.why_stopping)
        with here.lock:
            here.pending[self.kind] += 1
        return self._outputs(desired, written, {"state": "pending", "code": "pending", "message": here.why_stopping})

    def _failed_create(self, fault: WorkOSFault, key: str, desired: Values, written: Written) -> CreateResult:
        self._stop_if_fatal(fault)
        self._stop_if_targeted(key, str(fault))
        if written.id:
            self.host.in_use.add(written.id)
            self.host.note(self.kind, key, written.notes)
        outs = self._set_back(key, desired, _failed(fault.code, str(fault)), written)
        return CreateResult(written.id or f"{FAILED}{key}", outs)

    def _stop_if_targeted(self, key: str, message: str) -> None:
        """With `--target` there may be no verdict to fail the run; an object that was made is found by the next one."""
        if self.host.is_targeted:
            raise RuntimeError(plain(f"{self.kind} {key}: {message}")) from None

    def _confirm_environment(self) -> None:
        try:
            self.host.confirm_environment()
        except (Brake, WorkOSFault) as error:
            raise RuntimeError(plain(str(error))) from None

    def _stop_if_fatal(self, fault: WorkOSFault) -> None:
        if isinstance(fault, Fatal):
            self._stop(fault)

    def _stop(self, fault: WorkOSFault) -> NoReturn:
        raise RuntimeError(plain(str(fault))) from None


def _failed(code: str, message: str) -> Failure:
    return {"state": "failed", "code": code, "message": message}


class OrganizationProvider(RecordProvider):
    """Organizations."""

    kind: Kind = "organizations"


class UserProvider(RecordProvider):
    """Users."""

    kind: Kind = "users"


class RoleProvider(RecordProvider):
    """Environment roles, known by their slug."""

    kind: Kind = "roles"


class MembershipProvider(RecordProvider):
    """Memberships, known by organization and user."""

    kind: Kind = "memberships"


class RecordResource(Resource):
    """One record, declared by its fields."""

    provider: type[RecordProvider]
    failure: pulumi.Output[Failure | None]

    def __init__(
        self,
        name: str,
        *,
        fields: Values,
        inputs: RecordInputs | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`fields` as the directory has them, or what will be their values."""
        super().__init__(self.provider(), name, {**(inputs or RecordInputs()).bag(fields), "failure": None}, opts)


class Organization(RecordResource, module="workos", name="Organization"):
    """Type token `pulumi-python:dynamic/workos:Organization`."""

    provider = OrganizationProvider


class Role(RecordResource, module="workos", name="Role"):
    """Type token `pulumi-python:dynamic/workos:Role`."""

    provider = RoleProvider


class User(RecordResource, module="workos", name="User"):
    """Type token `pulumi-python:dynamic/workos:User`."""

    provider = UserProvider


class Membership(RecordResource, module="workos", name="Membership"):
    """Type token `pulumi-python:dynamic/workos:Membership`."""

    provider = MembershipProvider


#: The resource of each kind.
RECORD_RESOURCES: dict[Kind, type[RecordResource]] = {
    resource.provider.kind: resource for resource in (Organization, Role, User, Membership)
}
