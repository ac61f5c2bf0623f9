"""What a verification found: the counts of each kind, and every record that is not as declared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from providers.settings import KINDS, Kind

MISSING = "missing"


@dataclass(slots=True)
class Count:
    """Records of one kind. `declared` is the sum of `equal`, `different` and `missing`."""

    declared: int = 0
    equal: int = 0
    different: int = 0
    missing: int = 0
    unmanaged: int = 0


#: Why a record is not as declared, by the last state.
Why = Literal["not written yet", "changed in WorkOS", "removed in WorkOS"]


class Difference(NamedTuple):
    """One record that is not as declared: `fields` by name to what is declared and what WorkOS holds.

    For a record that is `missing` there are no fields. `kept`: Ferry leaves it so on purpose (the rule of updates).
    """

    kind: Kind
    key: str
    what: str
    fields: Mapping[str, tuple[object, object]]
    why: Why
    kept: bool = False


@dataclass
class Verification:
    """What a comparison found."""

    counts: dict[Kind, Count] = field(default_factory=lambda: {kind: Count() for kind in KINDS})
    differences: list[Difference] = field(default_factory=list)
    #: Declared passwords and authenticators, and the number of users whose the last state does not know.
    secrets: dict[str, int] = field(default_factory=dict)
    unknown_secrets: int = 0

    @property
    def clean(self) -> bool:
        """Is every declared record there, and equal?"""
        return not self.differences
