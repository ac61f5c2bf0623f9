"""The last resource of the graph: fails the run while a record is failed or pending, after everything else was done."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
from providers.resources.host import configure, host
from providers.resources.notes import noted_lines, report_noted
from providers.resources.removal import finish
from providers.text import plain
from providers.workos.client import WorkOSFault

_SHOWN = 20
#: The environment of the stack, as far as it may be told: address, test or live, and a fingerprint of the key.
_TARGET = ("base_url", "live", "key")


class VerdictProvider(ResourceProvider):
    """Depends on all others, so by the time it is called the host knows every setback of this run."""

    serialize_as_secret_always = False

    def configure(self, req: ConfigureRequest) -> None:
        """Called once a process."""
        configure(req.config.get)

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Nothing to check; the inputs say what leaves, to whoever removes it."""
        host().checked()
        if news.get("stack"):
            host().stack = str(news["stack"])
        host().leaving = [dict(leaver) for leaver in news.get("leaving") or []]
        return CheckResult(news, [])

    def diff(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> DiffResult:
        """A change exactly if there is something to complain about, or the target of the stack moved."""
        moved = any(_olds.get(name) != _news.get(name) for name in _TARGET)
        here = host()
        complains = here.setbacks or here.noted or here.pending or here.fatal or here.is_unsettled
        return DiffResult(changes=moved or here.cohorts_change or bool(complains))

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Raises RuntimeError with the list of records that did not reach WorkOS."""
        _speak()
        host().journal.seal()
        return CreateResult("verdict", _outputs(props))

    def update(self, _id: str, _olds: dict[str, Any], _news: dict[str, Any]) -> UpdateResult:
        """As create."""
        _speak()
        host().journal.seal()
        return UpdateResult(_outputs(_news))


def _outputs(news: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the environment, the life of the journal, and its last serial that this state includes."""
    journal = host().journal
    known = {"journal": str(journal.serial()), "life": journal.life}
    return {**{name: news.get(name) for name in _TARGET}, **known}


def _speak() -> None:
    here = host()
    for line in noted_lines(here.noted):
        say(line)
    if here.noted and here.stack:
        report_noted(here.project / "reports" / here.stack / "findings.jsonl", here.noted, here.store)
    try:
        finish(here)
    except WorkOSFault as fault:
        raise RuntimeError(plain(str(fault))) from None
    _stop_for_what_waits()
    if not host().setbacks:
        return
    setbacks = sorted(host().setbacks.values(), key=lambda setback: (setback.state, setback.kind, setback.key))
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


def _stop_for_what_waits() -> None:
    if waiting := host().pending:
        counts = ", ".join(f"{number} {kind}" for kind, number in sorted(waiting.items()))
        setbacks = f" {len(host().setbacks)} record(s) failed or wait for another." if host().setbacks else ""
        raise RuntimeError(
            f"{plain(host().why_stopping)}. {counts} wait for their turn; everything else is in WorkOS.{setbacks}\n"
            "Run pulumi up again: only what is missing is written."
        )


class Verdict(Resource, module="workos", name="Verdict"):
    """Type token `pulumi-python:dynamic/workos:Verdict`."""
