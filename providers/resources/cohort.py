"""One Pulumi resource for many records: the same kinds and the same differ as one resource a record.

Inputs: `cohort` (its number), `stack`, `records` (a line a record, `state/cohorts.py`), and where needed `holders`
(key -> what may hold its unique values) and `handed` (what an earlier grain knew). Outputs: `applied` (packed), `text`
(the SHA-256 of the records that are all applied), `journal` (the last serial included), `life` (of the stack, as the
journal has it), `setbacks`, of users `kept` (by code, what WorkOS keeps although the records no longer say it), and of
users and organizations `retained` (packed: those that left and that WorkOS keeps).

Nothing that happens to a record raises: what WorkOS refuses, and what a stopped run leaves, is in the outputs, and the
verdict fails the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pulumi
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from providers.errors import Brake
from providers.resources.cohort_read import read_cohort, read_retained
from providers.resources.cohort_run import CohortRun, anew, with_journal
from providers.resources.engine_output import say
from providers.resources.host import Host, configure, host
from providers.resources.removal import remove, why_not_removed
from providers.resources.workos_ids import ends_of
from providers.settings import Kind
from providers.state.applied import Applied, applied_keys, pack, unpack
from providers.state.cohorts import Plan, cohort_name, digests, plan, text_digest
from providers.text import plain
from providers.workos.client import Gone, WorkOSFault


class CohortProvider(ResourceProvider):
    """The lifecycle. A subclass names its kind. No attributes: it is pickled into every resource's state."""

    serialize_as_secret_always = False
    kind: Kind

    def configure(self, req: ConfigureRequest) -> None:
        """Called once a class and process, before anything else, in every command."""
        configure(req.config.get)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """In preview and up, before `diff` or `create`: a new cohort, which preview would pass over, says its plan."""
        here = host()
        here.checked()
        here.stack = str(news["stack"])
        if "records" not in _olds:
            wanted, applied = digests(news["records"]), unpack(news.get("handed") or "")
            self._tell(here, news, plan(self.kind, wanted, applied))
        return CheckResult(news, [])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """Offline: what was applied, by the last state and a killed run's journal, against the lines of this run."""
        here, number = host(), int(_news["cohort"])
        here.ids.note_cohort(self.kind, number, _olds.get("applied") or "")
        fresh = self.kind == "memberships" and (here.ids.fresh["users"] or here.ids.fresh["organizations"])
        serial, life = int(_olds.get("journal") or 0), str(_olds.get("life") or "")
        here.stack = str(_news["stack"])
        newer = here.journal.beyond(self.kind, number, serial, life)
        if _olds.get("text") == text_digest(_news["records"]) and not fresh and not newer:
            return DiffResult(changes=False)
        wanted = digests(_news["records"])
        known = {**unpack(_olds.get("applied") or ""), **newer}
        applied = {key: record for key, record in known.items() if record is not None}
        found = plan(self.kind, wanted, applied, anew(here, self.kind, number, applied))
        here.ids.fresh[self.kind].update(found.added)
        self._tell(here, _news, found)
        return DiffResult(changes=bool(found or newer or _olds.get("setbacks")))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Every record of the cohort: one POST each, or nothing for what an earlier run or grain has made."""
        return CreateResult(cohort_name(self.kind, int(props["cohort"])), self._run({}, props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """Only what Auth0 changed since the last run is written."""
        return UpdateResult(self._run(_olds, _news))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """Refresh: from one census, gone is gone, and drift is reported, or marked for repair (`ferry:onDrift`)."""
        here = host()
        here.stack = str(props.get("stack") or here.stack)
        try:
            applied = read_cohort(here, self.kind, self._remembered(here, props))
            left = read_retained(here, self.kind, unpack(props.get("retained") or ""))
        except (Brake, WorkOSFault) as error:
            raise RuntimeError(plain(str(error))) from None
        packed, retained = pack(applied), pack(left)
        outputs = {**props, "retained": retained} if retained != (props.get("retained") or "") else dict(props)
        if packed == (props.get("applied") or ""):
            return ReadResult(id_, outputs)
        known = {"journal": str(here.journal.serial()), "life": here.journal.life}
        return ReadResult(id_, {**outputs, "text": "", "applied": packed, **known})

    def delete(self, _id: str, _props: dict[str, Any]) -> None:
        """In `up`: the kind changed its grain; what left the export meets `ferry:removed`. In `destroy`: what Ferry
        created goes.
        """
        here = host()
        here.stack = str(_props.get("stack") or here.stack)
        number = int(_props.get("cohort") or 0)
        try:
            applied = self._remembered(here, _props)
            if here.destroys:
                self._destroy(here, applied, applied_keys(_props.get("retained") or ""), number)
            else:
                for key, record in applied.items():
                    here.stop_removal(self.kind)
                    ends = ends_of(key, number) if self.kind == "memberships" else None
                    remove(here, self.kind, key, record.id, ends)
        except Brake as error:
            raise RuntimeError(plain(f"{_id} cannot be removed: {error}. Run again")) from None
        except WorkOSFault as fault:
            raise RuntimeError(plain(f"{_id} {why_not_removed(here, fault)}")) from None

    def _destroy(self, here: Host, applied: Mapping[str, Applied], retained: list[str], number: int) -> None:
        here.dismantling.begin(is_partial=here.is_partial)
        along = self._going_along(here, applied, number)
        found = [key for key, record in applied.items() if record.origin != "created" and key not in along]
        if retained:
            say(f"left in WorkOS: {len(retained)} {self.kind} that left the export before (first: {retained[0]})")
        if found:
            say(f"left in WorkOS: {len(found)} {self.kind} that Ferry did not create (first: {found[0]})")
        going = {key: record for key, record in applied.items() if record.origin == "created" or key in along}
        if going and not here.confirmed:
            self._confirm(here, next(iter(going.values())))

        def attempt(item: tuple[str, Applied]) -> None:
            here.stop_removal(self.kind)
            if item[0] not in along:
                here.records(self.kind).remove(item[1].id)
            here.journal.note(self.kind, item[0], None, number)

        list(here.pool.map(attempt, going.items()))

    def _going_along(self, here: Host, keys: Iterable[str], number: int) -> set[str]:
        """The memberships that WorkOS deletes with their user or organization."""
        if self.kind != "memberships":
            return set()
        return {key for key in keys if here.dismantling.goes_along(*ends_of(key, number))}

    def _confirm(self, here: Host, record: Applied) -> None:
        """Before the first removal: raise Brake if neither this object nor another of the stack is in WorkOS."""
        try:
            here.records(self.kind).live(record.id)
        except Gone:
            here.confirm_environment()
        here.confirmed = True

    def _remembered(self, here: Host, props: Mapping[str, Any]) -> dict[str, Applied]:
        """What the outputs know, and what a killed run wrote after them."""
        here.prepare_for_cohorts()
        applied = unpack(props.get("applied") or "")
        return with_journal(here, self.kind, int(props.get("cohort") or 0), applied, props)

    def _run(self, olds: Mapping[str, Any], news: Mapping[str, Any]) -> dict[str, Any]:
        here, number = host(), int(news["cohort"])
        here.stack = str(news["stack"])
        try:
            outputs = CohortRun(here, self.kind, number, olds, news).run()
        except (Brake, WorkOSFault) as error:
            raise RuntimeError(plain(str(error))) from None
        here.ids.note_cohort(self.kind, number, outputs["applied"])
        if outputs["setbacks"] and here.is_targeted:
            self._stop_targeted(outputs["setbacks"])
        done = "" if outputs["setbacks"] else text_digest(news["records"])
        return {"cohort": number, "stack": here.stack, "text": done, **outputs}

    def _stop_targeted(self, setbacks: Mapping[str, Any]) -> None:
        """With `--target` there may be no verdict to fail the run; the journal remembers what was done."""
        first = next((f" (first: {setback['key']}: {setback['message']})" for setback in setbacks["records"]), "")
        counts = f"{setbacks['failed']} failed and {setbacks['pending']} are pending"
        raise RuntimeError(plain(f"of the {self.kind} {counts}{first}. Run again"))

    def _tell(self, here: Host, news: Mapping[str, Any], found: Plan) -> None:
        if found:
            here.cohorts_change = True
            say(f"{cohort_name(self.kind, int(news['cohort']))}: {found}")


class OrganizationCohortProvider(CohortProvider):
    """Organizations."""

    kind: Kind = "organizations"


class UserCohortProvider(CohortProvider):
    """Users."""

    kind: Kind = "users"


class MembershipCohortProvider(CohortProvider):
    """Memberships, by their organization."""

    kind: Kind = "memberships"


class _Cohort(Resource):
    setbacks: pulumi.Output[dict[str, Any] | None]


class OrganizationCohort(_Cohort, module="workos", name="OrganizationCohort"):
    """Type token `pulumi-python:dynamic/workos:OrganizationCohort`."""


class UserCohort(_Cohort, module="workos", name="UserCohort"):
    """Type token `pulumi-python:dynamic/workos:UserCohort`."""


class MembershipCohort(_Cohort, module="workos", name="MembershipCohort"):
    """Type token `pulumi-python:dynamic/workos:MembershipCohort`."""
