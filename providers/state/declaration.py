"""What one run declares: each kind in its grain, by names or by the texts of its cohorts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from providers.directory.model import cuts
from providers.directory.store import Store
from providers.settings import COHORT_KINDS, KINDS, Kind, Settings
from providers.state.cohorts import cohort_of, keys_of, texts

#: Above so many records of a kind `auto` takes cohorts.
MOST_RECORDS = 1_000


@dataclass(slots=True)
class Declaration:
    """The keys of every kind in record grain, and the texts of every kind in cohort grain."""

    names: dict[Kind, set[str]] = field(default_factory=dict)
    texts: dict[Kind, list[str]] = field(default_factory=dict)
    _last: tuple[tuple[Kind, int] | None, set[str]] = field(default=(None, set()))

    def text(self, kind: Kind, number: int) -> str | None:
        """The text of one cohort, None if the kind is declared by records."""
        return self.texts[kind][number] if kind in self.texts else None

    def declares(self, kind: Kind, key: str) -> bool:
        """Is this key declared, in whichever grain?"""
        if kind not in self.texts:
            return key in self.names[kind]
        organizations = [organization for organization, _ in cuts(key)] if kind == "memberships" else [key]
        return any(not self.undeclared(kind, cohort_of(organization), [key]) for organization in organizations)

    def undeclared(self, kind: Kind, number: int, keys: Iterable[str]) -> list[str]:
        """Those of the keys of one cohort that are not declared, in whichever grain."""
        declared = self.names[kind] if kind in self.names else self._keys_of(kind, number)
        return [key for key in keys if key not in declared]

    def _keys_of(self, kind: Kind, number: int) -> set[str]:
        """Only the last cohort's are kept: all would hold every key of the directory."""
        if self._last[0] != (kind, number):
            self._last = (kind, number), set(keys_of(self.texts[kind][number]))
        return self._last[1]


def declaration(store: Store, in_cohorts: Callable[[], Collection[Kind]], settings: Settings) -> Declaration:
    """The declaration of a directory; `in_cohorts` returns the kinds that the last state has cohorts of, which `auto`
    never takes back. It is called only for a kind whose number does not decide it.
    """
    totals, result = store.totals(), Declaration()
    for kind in sorted(KINDS, key=lambda kind: -totals[kind]):
        grain = settings.grain_of(kind)
        if grain == "auto":
            grain = "cohort" if totals[kind] > MOST_RECORDS or kind in in_cohorts() else "record"
        if grain == "cohort" and kind in COHORT_KINDS:
            result.texts[kind] = texts(kind, store.records(kind))
        else:
            result.names[kind] = {record.key for record in store.records(kind)}
    return result
