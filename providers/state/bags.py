"""What resources hold in the stack's state, parsed once: from the engine's bags of names and values, and back.

A bag lacks what is null, holds the provider itself, and has numbers as floats (Pulumi: dynamic providers). A state of
an earlier Ferry may lack what came later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, TypedDict

from providers.directory.differ import text
from providers.directory.model import SCHEMAS
from providers.directory.schema import Values
from providers.settings import KINDS, Kind
from providers.state.applied import Origin

#: Inputs or outputs of a resource, as the engine hands them over.
Bag = Mapping[str, object]
#: What may hold the unique values of a record: WorkOS id to what becomes of it (`workos.kinds.Written`).
Holders = Mapping[str, str]


class Failure(TypedDict):
    """Why a record is not as declared."""

    state: Literal["failed", "pending"]
    code: str
    message: str


class FailureOf(Failure):
    """That of one record of a cohort."""

    key: str


class Setbacks(TypedDict):
    """How many records of a cohort failed and are pending, and which, as far as each is known."""

    failed: int
    pending: int
    records: list[FailureOf]


def key_of(kind: Kind, bag: Bag) -> str:
    """The logical name as far as a bag tells it: external id, slug, or both ends; of a merged user its own id."""
    return "/".join(text(bag.get(name)) for name in SCHEMAS[kind].identified_by)


@dataclass(frozen=True, slots=True)
class RecordState:
    """The outputs of a record's resource: what was applied to its object, and who made it."""

    #: With what identifies the record, and with its origin.
    values: Values = field(default_factory=dict)
    #: Is there a failure among them?
    failed: bool = False

    @classmethod
    def of(cls, bag: Bag) -> RecordState:
        """The state that a bag holds."""
        return cls({name: value for name, value in bag.items() if name != "failure"}, bool(bag.get("failure")))

    def bag(self) -> dict[str, object]:
        """As a provider gets them; of a failure only that there is one."""
        return {**self.values, **({"failure": self.failed} if self.failed else {})}

    @property
    def origin(self) -> Origin | None:
        """Who made the object; None if the state does not know of one."""
        origin = self.values.get("origin")
        return "found" if origin == "found" else "created" if origin else None

    @property
    def external_id(self) -> str:
        """The external id, '' for a record that has none."""
        return text(self.values.get("external_id"))

    @property
    def ends(self) -> tuple[str, str] | None:
        """The keys of a membership's organization and user; None for another record."""
        return ends_in(self.values)


def ends_in(bag: Bag) -> tuple[str, str] | None:
    """The keys of a membership's organization and user as a bag has them; None for another record."""
    organization, user = text(bag.get("organization")), text(bag.get("user"))
    return (organization, user) if organization and user else None


@dataclass(frozen=True, slots=True)
class RecordInputs:
    """The inputs of a record's resource beside its fields."""

    #: What may hold its unique values.
    holders: Holders = field(default_factory=dict)
    #: Packed: what a cohort knew of it before its kind came into this grain.
    handed: str = ""
    #: WorkOS id of an object of its that an earlier run removed while the engine kept the resource.
    removed_id: str = ""

    @classmethod
    def of(cls, bag: Bag) -> RecordInputs:
        """The inputs that a bag holds."""
        holders = bag.get("holders")
        found = holders if isinstance(holders, Mapping) else {}
        return cls(found, text(bag.get("handed")), text(bag.get("removed_id")))

    def bag(self, fields: Values) -> dict[str, object]:
        """As the engine gets them, with the fields of the record, those left out that hold nothing."""
        filled = {name: value for name, value in fields.items() if value not in (None, {}, [])}
        extra = {"handed": self.handed, "removed_id": self.removed_id}
        return {**filled, "holders": self.holders or None, **{name: value for name, value in extra.items() if value}}


@dataclass(frozen=True, slots=True)
class CohortInputs:
    """The inputs of a cohort's resource."""

    number: int
    stack: str
    #: A line a record (`cohorts`).
    records: str
    #: What may hold unique values, by key of the record that is to get them.
    holders: Mapping[str, Holders] = field(default_factory=dict)
    #: Packed: what records of their own knew before the kind came into this grain; None in every other run.
    handed: str | None = None

    @classmethod
    def of(cls, bag: Bag) -> CohortInputs:
        """The inputs that a bag holds; those of a cohort that is not there have the number 0 and no records."""
        holders, handed = bag.get("holders"), bag.get("handed")
        return cls(
            number_in(bag, "cohort"),
            text(bag.get("stack")),
            text(bag.get("records")),
            holders if isinstance(holders, Mapping) else {},
            None if handed is None else text(handed),
        )

    def bag(self) -> dict[str, object]:
        """As the engine gets them."""
        return {
            "cohort": self.number,
            "stack": self.stack,
            "records": self.records,
            "holders": self.holders or None,
            "handed": self.handed,
        }


@dataclass(frozen=True, slots=True)
class CohortOutputs:
    """The outputs of a cohort's resource."""

    number: int = 0
    stack: str = ""
    #: The SHA-256 of the records if all of them are applied, else ''.
    text: str = ""
    #: Packed: what was applied.
    applied: str = ""
    #: The last serial of the journal that is included, and the life of the stack that the journal has.
    journal: int = 0
    life: str = ""
    setbacks: Setbacks | None = None
    #: Of users: what WorkOS keeps although the records no longer say it, keys by code.
    kept: Mapping[str, list[str]] | None = None
    #: Packed: records that left and that WorkOS keeps; of kinds that remember them.
    retained: str | None = None

    @classmethod
    def of(cls, bag: Bag) -> CohortOutputs:
        """The outputs that a bag holds, {} for a new cohort."""
        setbacks, kept, retained = bag.get("setbacks"), bag.get("kept"), bag.get("retained")
        return cls(
            number_in(bag, "cohort"),
            text(bag.get("stack")),
            text(bag.get("text")),
            text(bag.get("applied")),
            number_in(bag, "journal"),
            text(bag.get("life")),
            setbacks_in(setbacks),
            kept if isinstance(kept, Mapping) else None,
            None if retained is None else text(retained),
        )

    def bag(self) -> dict[str, object]:
        """As the engine gets them."""
        return {
            "cohort": self.number,
            "stack": self.stack,
            "text": self.text,
            "applied": self.applied,
            "journal": str(self.journal),
            "life": self.life,
            "setbacks": self.setbacks,
            **({} if self.kept is None else {"kept": self.kept}),
            **({} if self.retained is None else {"retained": self.retained}),
        }


class Leaver(NamedTuple):
    """A record that left the export and has a resource of its own, as the verdict's inputs have it."""

    kind: Kind
    key: str
    id: str
    #: The keys of a membership's ends.
    ends: tuple[str, str] | None

    @classmethod
    def of(cls, bag: Bag) -> Leaver:
        """The leaver that a bag holds."""
        kind = next(kind for kind in KINDS if kind == bag["kind"])
        return cls(kind, text(bag["key"]), text(bag["id"]), ends_in(bag))

    def bag(self) -> dict[str, str]:
        """As the engine gets it."""
        ends = dict(zip(("organization", "user"), self.ends or (), strict=False))
        return {"kind": self.kind, "key": self.key, "id": self.id, **ends}


def leavers_in(bag: Bag) -> list[Leaver]:
    """The leavers among the verdict's inputs."""
    leaving = bag.get("leaving")
    return [Leaver.of(leaver) for leaver in leaving] if isinstance(leaving, list | tuple) else []


@dataclass(frozen=True, slots=True)
class Target:
    """The environment of a stack as its verdict has it, as far as it may be told, and how far the journal is in it."""

    base_url: str = ""
    live: bool | None = None
    #: A fingerprint of the API key.
    key: str = ""
    #: The last serial of the journal that the state includes, and the life that the journal has.
    journal: int = 0
    life: str = ""

    @classmethod
    def of(cls, bag: Bag) -> Target:
        """The target that a bag holds."""
        base_url, key, life = (text(bag.get(name)) for name in ("base_url", "key", "life"))
        live = bag.get("live")
        return cls(base_url, live if isinstance(live, bool) else None, key, number_in(bag, "journal"), life)

    def is_another(self, target: Target) -> bool:
        """Does it name another environment than this one? What it does not name is none."""
        known = ((self.base_url, target.base_url), (self.live, target.live), (self.key, target.key))
        return any(own not in ("", None) and own != other for own, other in known)

    def environment(self) -> dict[str, object]:
        """What says which environment it is."""
        return {"base_url": self.base_url, "live": self.live, "key": self.key}


def number_in(bag: Bag, name: str) -> int:
    """A whole number that a bag holds as number or text, 0 for none."""
    value = bag.get(name)
    return int(value) if isinstance(value, int | float | str) and value else 0


def setbacks_in(value: object) -> Setbacks | None:
    """The setbacks of a cohort; None if there are none."""
    if not isinstance(value, Mapping):
        return None
    return {"failed": int(value["failed"]), "pending": int(value["pending"]), "records": list(value["records"])}
