"""One Pulumi resource for many records: the same kinds and the same differ as one resource a record.

Inputs and outputs are `CohortInputs` and `CohortOutputs` of `providers/state/bags`, and hold a line a record
(`providers/state/cohorts`). Nothing that happens to a record raises: what WorkOS refuses, and what a stopped run
leaves, is in the outputs, and the verdict fails the run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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

from providers.directory.model import SCHEMAS
from providers.errors import Brake
from providers.resources.cohort_read import read_cohort, read_retained
from providers.resources.cohort_run import CohortRun, anew, with_journal
from providers.resources.engine_output import say
from providers.resources.host import Host, host_for
from providers.resources.removal import remove, why_not_removed
from providers.resources.workos_ids import ends_of
from providers.settings import Kind
from providers.state.applied import Applied, applied_keys, pack, unpack
from providers.state.bags import Bag, CohortInputs, CohortOutputs, Setbacks
from providers.state.cohorts import Plan, cohort_name, digests, plan, text_digest
from providers.text import plain
from providers.workos.client import Gone, WorkOSFault


class CohortProvider(ResourceProvider):
    """The lifecycle. A subclass names its kind. No attributes: it is pickled into every resource's state."""

    serialize_as_secret_always = False
    kind: Kind
    #: What `configure` got; never serialized, since it comes after unpickling.
    host: Host

    def configure(self, req: ConfigureRequest) -> None:
        """Called once a class and process, before anything else, in every command."""
        self.host = host_for(req.config.get)

    def check(self, _olds: Bag, news: Bag) -> CheckResult:
        """In preview and up, before `diff` or `create`: a new cohort, which preview would pass over, says its plan."""
        inputs = CohortInputs.of(news)
        self.host.checked()
        self.host.stack = inputs.stack
        if "records" not in _olds:
            self._tell(inputs.number, plan(self.kind, digests(inputs.records), unpack(inputs.handed or "")))
        return CheckResult({**news}, [])

    def diff(self, _id: str, _olds: Bag, _news: Bag) -> DiffResult:
        """Offline: what was applied, by the last state and a killed run's journal, against the lines of this run."""
        here, olds, news = self.host, CohortOutputs.of(_olds), CohortInputs.of(_news)
        here.ids.note_cohort(self.kind, news.number, olds.applied)
        fresh = any(here.ids.fresh[kind] for _, kind in SCHEMAS[self.kind].ends)
        here.stack = news.stack
        newer = here.journal.beyond(self.kind, news.number, olds.journal, olds.life)
        if olds.text == text_digest(news.records) and not fresh and not newer:
            return DiffResult(changes=False)
        known = {**unpack(olds.applied), **newer}
        applied = {key: record for key, record in known.items() if record is not None}
        found = plan(self.kind, digests(news.records), applied, anew(here, self.kind, news.number, applied))
        here.ids.fresh[self.kind].update(found.added)
        self._tell(news.number, found)
        return DiffResult(changes=bool(found or newer or olds.setbacks))

    def create(self, props: Bag) -> CreateResult:
        """Every record of the cohort: one POST each, or nothing for what an earlier run or grain has made."""
        news = CohortInputs.of(props)
        return CreateResult(cohort_name(self.kind, news.number), self._run(None, news))

    def update(self, _id: str, _olds: Bag, _news: Bag) -> UpdateResult:
        """Only what Auth0 changed since the last run is written."""
        return UpdateResult(self._run(CohortOutputs.of(_olds), CohortInputs.of(_news)))

    def read(self, id_: str, props: Bag) -> ReadResult:
        """Refresh: from one census, gone is gone, and drift is reported, or marked for repair (`ferry:onDrift`)."""
        here, known = self.host, CohortOutputs.of(props)
        here.stack = known.stack or here.stack
        try:
            applied = read_cohort(here, self.kind, self._remembered(known))
            left = read_retained(here, self.kind, unpack(known.retained or ""))
        except (Brake, WorkOSFault) as error:
            raise RuntimeError(plain(str(error))) from None
        packed, retained, outputs = pack(applied), pack(left), {**props}
        if retained != (known.retained or ""):
            outputs["retained"] = retained
        if packed != known.applied:
            journal = {"journal": str(here.journal.serial()), "life": here.journal.life}
            outputs |= {"text": "", "applied": packed, **journal}
        return ReadResult(id_, outputs)

    def delete(self, _id: str, _props: Bag) -> None:
        """In `up`: the kind changed its grain; what left the export meets `ferry:removed`. In `destroy`: what Ferry
        created goes.
        """
        here, known = self.host, CohortOutputs.of(_props)
        here.stack = known.stack or here.stack
        try:
            applied = self._remembered(known)
            if here.destroys:
                self._destroy(applied, applied_keys(known.retained or ""), known.number)
            else:
                for key, record in applied.items():
                    here.stop_removal(self.kind)
                    ends = ends_of(key, known.number) if SCHEMAS[self.kind].ends else None
                    remove(here, self.kind, key, record.id, ends)
        except Brake as error:
            raise RuntimeError(plain(f"{_id} cannot be removed: {error}. Run again")) from None
        except WorkOSFault as fault:
            raise RuntimeError(plain(f"{_id} {why_not_removed(here, fault)}")) from None

    def _destroy(self, applied: Mapping[str, Applied], retained: list[str], number: int) -> None:
        here = self.host
        here.dismantling.begin(is_partial=here.is_partial)
        along = self._going_along(applied, number)
        found = [key for key, record in applied.items() if record.origin != "created" and key not in along]
        if retained:
            say(f"left in WorkOS: {len(retained)} {self.kind} that left the export before (first: {retained[0]})")
        if found:
            say(f"left in WorkOS: {len(found)} {self.kind} that Ferry did not create (first: {found[0]})")
        going = {key: record for key, record in applied.items() if record.origin == "created" or key in along}
        if going and not here.confirmed:
            self._confirm(next(iter(going.values())))

        def attempt(item: tuple[str, Applied]) -> None:
            here.stop_removal(self.kind)
            if item[0] not in along:
                here.records(self.kind).remove(item[1].id)
            here.journal.note(self.kind, item[0], None, number)

        list(here.pool.map(attempt, going.items()))

    def _going_along(self, keys: Iterable[str], number: int) -> set[str]:
        """The memberships that WorkOS deletes with their user or organization."""
        if not SCHEMAS[self.kind].ends:
            return set()
        return {key for key in keys if self.host.dismantling.goes_along(*ends_of(key, number))}

    def _confirm(self, record: Applied) -> None:
        """Before the first removal: raise Brake if neither this object nor another of the stack is in WorkOS."""
        try:
            self.host.records(self.kind).live(record.id)
        except Gone:
            self.host.confirm_environment()
        self.host.confirmed = True

    def _remembered(self, known: CohortOutputs) -> dict[str, Applied]:
        """What the outputs know, and what a killed run wrote after them."""
        self.host.prepare_for_cohorts()
        return with_journal(self.host, self.kind, known.number, unpack(known.applied), known)

    def _run(self, olds: CohortOutputs | None, news: CohortInputs) -> dict[str, object]:
        self.host.stack = news.stack
        try:
            outputs = CohortRun(self.host, self.kind, olds, news).run()
        except (Brake, WorkOSFault) as error:
            raise RuntimeError(plain(str(error))) from None
        self.host.ids.note_cohort(self.kind, news.number, outputs.applied)
        if outputs.setbacks and self.host.is_targeted:
            self._stop_targeted(outputs.setbacks)
        return outputs.bag()

    def _stop_targeted(self, setbacks: Setbacks) -> None:
        """With `--target` there may be no verdict to fail the run; the journal remembers what was done."""
        first = next((f" (first: {setback['key']}: {setback['message']})" for setback in setbacks["records"]), "")
        counts = f"{setbacks['failed']} failed and {setbacks['pending']} are pending"
        raise RuntimeError(plain(f"of the {self.kind} {counts}{first}. Run again"))

    def _tell(self, number: int, found: Plan) -> None:
        if found:
            self.host.cohorts_change = True
            say(f"{cohort_name(self.kind, number)}: {found}")


class OrganizationCohortProvider(CohortProvider):
    """Organizations."""

    kind: Kind = "organizations"


class UserCohortProvider(CohortProvider):
    """Users."""

    kind: Kind = "users"


class MembershipCohortProvider(CohortProvider):
    """Memberships, by their organization."""

    kind: Kind = "memberships"


class CohortResource(Resource):
    """The records of one cohort."""

    provider: type[CohortProvider]
    setbacks: pulumi.Output[Setbacks | None]

    def __init__(self, name: str, *, inputs: CohortInputs, opts: pulumi.ResourceOptions | None = None) -> None:
        """`name` is the cohort's (`cohort_name`)."""
        super().__init__(self.provider(), name, {**inputs.bag(), "setbacks": None}, opts)


class OrganizationCohort(CohortResource, module="workos", name="OrganizationCohort"):
    """Type token `pulumi-python:dynamic/workos:OrganizationCohort`."""

    provider = OrganizationCohortProvider


class UserCohort(CohortResource, module="workos", name="UserCohort"):
    """Type token `pulumi-python:dynamic/workos:UserCohort`."""

    provider = UserCohortProvider


class MembershipCohort(CohortResource, module="workos", name="MembershipCohort"):
    """Type token `pulumi-python:dynamic/workos:MembershipCohort`."""

    provider = MembershipCohortProvider


#: The cohorts of each kind that may be in cohorts.
COHORT_RESOURCES: dict[Kind, type[CohortResource]] = {
    resource.provider.kind: resource for resource in (OrganizationCohort, UserCohort, MembershipCohort)
}
