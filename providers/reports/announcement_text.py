"""What a run is about to write, in one line: records by kind, requests, and the least time they take."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from providers.reports.bill import Requests, duration, seconds
from providers.settings import KINDS, Kind


@dataclass
class Announcement:
    """Records by what happens to them, and requests by method and path.

    `forgotten` records leave the stack and stay in WorkOS. If values change hands between records of the stack
    (`exchanges`), WorkOS may refuse a request that comes before its turn, so more are needed than are counted.
    """

    created: Counter[Kind] = field(default_factory=Counter)
    changed: Counter[Kind] = field(default_factory=Counter)
    removed: Counter[Kind] = field(default_factory=Counter)
    forgotten: Counter[Kind] = field(default_factory=Counter)
    requests: Counter[tuple[str, str]] = field(default_factory=Counter)
    exchanges: bool = False

    def writes(self) -> int:
        """The requests that write."""
        return sum(number for (method, _), number in self.requests.items() if method != "GET")


def announcement_lines(announced: Announcement, share: float, *, resumes: bool = False) -> list[str]:
    """Nothing for a run in which nothing happens; `resumes` if a journal knows of writes that the state does not."""
    kinds = [text for kind in KINDS if (text := _kind(announced, kind))]
    if not kinds:
        return []
    return [f"bill: {', '.join(kinds)}; {_costs(announced, share, resumes=resumes)}"]


def _kind(announced: Announcement, kind: Kind) -> str:
    created, changed, removed, forgotten = (
        numbers[kind] for numbers in (announced.created, announced.changed, announced.removed, announced.forgotten)
    )
    text = f"{kind} +{created} ~{changed} -{removed}" if created or changed or removed else ""
    if not forgotten:
        return text
    return f"{text} ({forgotten} only forgotten)" if text else f"{kind} {forgotten} only forgotten"


def _costs(announced: Announcement, share: float, *, resumes: bool) -> str:
    writes = announced.writes()
    if not writes:
        return "nothing to write"
    reads = sum(announced.requests.values()) - writes
    requests = [Requests(method, path, number, "") for (method, path), number in announced.requests.items()]
    least = duration(seconds(requests, share))
    text = f"{'at least ' if announced.exchanges else ''}{writes:,} write{'s' if writes > 1 else ''}"
    if reads:
        text += f" and {reads:,} read{'s' if reads > 1 else ''}"
    less = ", less what the journal of a killed run remembers" if resumes else ""
    return f"{text}{less}, at least {least} at ferry:rateShare {share:g}"
