"""A record that did not reach WorkOS in this run, and what both grains say of the commonest reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from providers.settings import Kind


@dataclass(frozen=True, slots=True)
class Setback:
    """A record that did not reach WorkOS in this run: WorkOS refused it, or what it depends on failed."""

    kind: Kind
    key: str
    state: Literal["failed", "pending"]
    code: str
    message: str


#: What both grains say of an object that is gone, and of one that two records claim.
GONE = "the object is gone from WorkOS; run pulumi refresh, then pulumi up makes it again"
HELD_TWICE = "its WorkOS object belongs to another record of this stack already; run pulumi refresh"
