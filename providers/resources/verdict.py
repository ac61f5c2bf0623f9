"""The last resource of the graph: fails the run while a record is failed or pending, after everything else was done."""

from __future__ import annotations

from collections.abc import Iterable

import pulumi
from pulumi.dynamic import (
    CheckResult,
    ConfigureRequest,
    CreateResult,
    DiffResult,
    Resource,
    ResourceProvider,
    UpdateResult,
)

from providers.resources.engine_output import say
from providers.resources.host import Host, host_for
from providers.resources.notes import noted_lines, report_noted
from providers.resources.removal import finish
from providers.state.bags import Bag, Leaver, Target, leavers_in
from providers.text import plain
from providers.workos.client import WorkOSFault

_SHOWN = 20


class VerdictProvider(ResourceProvider):
    """Depends on all others, so by the time it is called the host knows every setback of this run."""

    serialize_as_secret_always = False
    #: What `configure` got; never serialized, since it comes after unpickling.
    host: Host

    def configure(self, req: ConfigureRequest) -> None:
        """Called once a process."""
        self.host = host_for(req.config.get)

    def check(self, _olds: Bag, news: Bag) -> CheckResult:
        """Nothing to check; the inputs say what leaves, to whoever removes it."""
        self.host.checked()
        if stack := news.get("stack"):
            self.host.stack = str(stack)
        self.host.leaving = leavers_in(news)
        return CheckResult({**news}, [])

    def diff(self, _id: str, _olds: Bag, _news: Bag) -> DiffResult:
        """A change exactly if there is something to complain about, or the target of the stack moved."""
        here = self.host
        moved = Target.of(_olds).environment() != Target.of(_news).environment()
        complains = here.setbacks or here.noted or here.pending or here.fatal or here.is_unsettled
        return DiffResult(changes=moved or here.cohorts_change or bool(complains))

    def create(self, props: Bag) -> CreateResult:
        """Raises RuntimeError with the list of records that did not reach WorkOS."""
        return CreateResult("verdict", self._spoken(props))

    def update(self, _id: str, _olds: Bag, _news: Bag) -> UpdateResult:
        """As create."""
        return UpdateResult(self._spoken(_news))

    def _spoken(self, news: Bag) -> dict[str, object]:
        """Returns the environment, the life of the journal, and its last serial that this state includes."""
        _speak(self.host)
        journal = self.host.journal
        journal.seal()
        return {**Target.of(news).environment(), "journal": str(journal.serial()), "life": journal.life}


def _speak(here: Host) -> None:
    for line in noted_lines(here.noted):
        say(line)
    if here.noted and here.stack:
        report_noted(here.project / "reports" / here.stack / "findings.jsonl", here.noted, here.store)
    try:
        finish(here)
    except WorkOSFault as fault:
        raise RuntimeError(plain(str(fault))) from None
    _stop_for_what_waits(here)
    if not here.setbacks:
        return
    setbacks = sorted(here.setbacks.values(), key=lambda setback: (setback.state, setback.kind, setback.key))
    failed = sum(setback.state == "failed" for setback in setbacks)
    lines = [
        plain(f"  {setback.state} {setback.kind} {setback.key}: {setback.message}") for setback in setbacks[:_SHOWN]
    ]
    if len(setbacks) > _SHOWN:
        lines.append(f"  and {len(setbacks) - _SHOWN} more: resources whose id starts with failed: or pending:")
    raise RuntimeError(
        f"{failed} record(s) failed and {len(setbacks) - failed} wait for them; everything else is in WorkOS.\n"
        + "\n".join(lines)
        + "\nNext: correct in Auth0 what WorkOS refuses and export again, or list its id under ferry:skip; a 5xx or a "
        "timeout needs nothing. Run pulumi up again: only these are tried."
    )


def _stop_for_what_waits(here: Host) -> None:
    if waiting := here.pending:
        counts = ", ".join(f"{number} {kind}" for kind, number in sorted(waiting.items()))
        setbacks = f" {len(here.setbacks)} record(s) failed or wait for another." if here.setbacks else ""
        raise RuntimeError(
            f"{plain(here.why_stopping)}. {counts} wait for their turn; everything else is in WorkOS.{setbacks}\n"
            "Run pulumi up again: only what is missing is written."
        )


class Verdict(Resource, module="workos", name="Verdict"):
    """Type token `pulumi-python:dynamic/workos:Verdict`."""

    def __init__(
        self,
        name: str,
        *,
        target: Target,
        stack: str,
        leaving: Iterable[Leaver],
        told: pulumi.Output[bool],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """`leaving` is what is removed in this run; `told` is there when the stack's outputs are."""
        bag = {**target.environment(), "stack": stack, "leaving": [leaver.bag() for leaver in leaving], "told": told}
        super().__init__(VerdictProvider(), name, bag, opts)
