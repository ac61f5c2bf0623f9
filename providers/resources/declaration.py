"""What one run declares: each kind in its grain, by names or by the texts of its cohorts."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from providers.directory.cohorts import COHORT_KINDS, cohort_of, digests, texts
from providers.directory.model import cuts
from providers.directory.store import Store
from providers.settings import KINDS, Kind, Settings

#: Above so many records of a kind `auto` takes cohorts.
MOST_RECORDS = 1_000


@dataclass(slots=True)
class Declaration:
    """The keys of every kind in record grain, and the texts of every kind in cohort grain."""

    names: dict[Kind, set[str]] = field(default_factory=dict)
    texts: dict[Kind, list[str]] = field(default_factory=dict)
    _keys: dict[tuple[Kind, int], Collection[str]] = field(default_factory=dict)

    def text(self, kind: Kind, number: int) -> str | None:
        """The text of one cohort, None if the kind is declared by records."""
        return self.texts[kind][number] if kind in self.texts else None

    def declares(self, kind: Kind, key: str) -> bool:
        """Is this key declared, in whichever grain?"""
        if kind not in self.texts:
            return key in self.names[kind]
        organizations = [organization for organization, _ in cuts(key)] if kind == "memberships" else [key]
        return any(key in self._keys_of(kind, cohort_of(one)) for one in organizations)

    def _keys_of(self, kind: Kind, number: int) -> Collection[str]:
        if (kind, number) not in self._keys:
            self._keys[kind, number] = digests(self.texts[kind][number]).keys()
        return self._keys[kind, number]


def declaration(store: Store, in_cohorts: Collection[Kind], settings: Settings) -> Declaration:
    """The declaration of a directory; `in_cohorts` are the kinds that the last state has cohorts of, which `auto` never
    takes back.
    """
    totals, result = store.totals(), Declaration()
    for kind in KINDS:
        grain = settings.grain_of(kind)
        if grain == "auto":
            grain = "cohort" if kind in in_cohorts or totals[kind] > MOST_RECORDS else "record"
        if grain == "cohort" and kind in COHORT_KINDS:
            result.texts[kind] = texts(kind, store.records(kind))
        else:
            result.names[kind] = {record.key for record in store.records(kind)}
    return result
