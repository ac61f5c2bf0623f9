"""What a kind of record is made of: its fields by name and sort, read off the annotations of its class.

All tables by kind are made from this: what the differ manages, what a cohort's line and its marks hold, the columns of
the store, what an answer of WorkOS is held against.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from functools import cached_property
from typing import Any, Generic, Literal, TypeVar, get_args, get_type_hints

from providers.settings import Kind

R_co = TypeVar("R_co", covariant=True)
#: Values of fields by name: what is desired, what was applied, or what is live.
Values = Mapping[str, object]
#: How the values of a field compare, and who may change them:
#: - `identity`: another value is another record. `end`: the key of the record that this one is between, likewise.
#: - `id`: text by which WorkOS finds the object; that of a cohort's record is its key unless it says otherwise.
#: - `text`. `state`: active or inactive.
#: - `flag`: true or not; true is never taken back.
#: - `set`: texts in any order. `given`: likewise, and what Ferry did not give is the object's own.
#: - `pairs`: texts by name, merged into what is there; what Ferry did not give is the object's own.
#: - `secret`: the fingerprint of what nothing can read back; never taken back.
Sort = Literal["identity", "end", "id", "text", "state", "flag", "set", "given", "pairs", "secret"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a kind. `name` is the one it has in WorkOS, that of the record's attribute if it is left out."""

    sort: Sort = "text"
    name: str = ""
    #: No two objects may have its value.
    is_unique: bool = False
    #: There is no record without it; of sorts that identify a record that is understood.
    is_required: bool = False
    #: It tells a person that two records are the same one, whatever their ids are.
    tells: bool = False
    #: The kind of an end.
    of: Kind | None = None
    #: The file of the export that a secret stands in.
    file: str = ""
    #: The record's attribute.
    attribute: str = ""

    @property
    def is_managed(self) -> bool:
        """May it change, and does Ferry bring the change to WorkOS?"""
        return self.sort not in {"identity", "end"}


@dataclass(frozen=True)
class Schema(Generic[R_co]):
    """One kind: the class of its records and their fields, in the order in which people read them.

    The order is a promise, since a cohort's state counts fields by it: a new field comes after all others.
    """

    kind: Kind
    record: type[R_co]
    fields: tuple[Field, ...]
    #: Columns of the store that are the key of its table, and sort as the keys do.
    columns: tuple[str, ...]
    #: An object that Ferry did not make is left as it is.
    keeps_found: bool = False

    @cached_property
    def managed(self) -> tuple[Field, ...]:
        """The fields that Ferry brings to WorkOS."""
        return tuple(each for each in self.fields if each.is_managed)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(each.name for each in self.managed)

    @cached_property
    def by_name(self) -> dict[str, Field]:
        """Every field by its name."""
        return {each.name: each for each in self.fields}

    @cached_property
    def secrets(self) -> frozenset[str]:
        """The names of those that nothing can read back."""
        return self.of_sort("secret")

    @cached_property
    def ends(self) -> tuple[tuple[str, Kind], ...]:
        """The ends of a record that is between two others, and their kinds; none for another kind."""
        return tuple((each.name, each.of) for each in self.fields if each.of)

    @cached_property
    def identity(self) -> tuple[str, ...]:
        """What makes a record this record, as WorkOS knows it: a change here is another record."""
        own = tuple(each.name for each in self.fields if each.sort == "identity")
        return (*own, *(f"{name}_id" for name, _ in self.ends))

    @cached_property
    def named(self) -> tuple[str, ...]:
        """What names a record to a person, and without which there is none."""
        return tuple(each.name for each in self.fields if each.is_required or each.name in self.identified_by)

    @cached_property
    def identified_by(self) -> tuple[str, ...]:
        """The fields that are the logical name, or its parts."""
        return tuple(each.name for each in self.fields if each.sort in {"identity", "end", "id"})

    @cached_property
    def outputs(self) -> tuple[str, ...]:
        """What a record's state holds beside its fields, whatever became of it."""
        return tuple(dict.fromkeys((*self.named, *self.identity)))

    @cached_property
    def unique(self) -> str:
        """The field beside the id whose values no two objects may share, '' for none."""
        return next((each.name for each in self.managed if each.is_unique and each.sort != "id"), "")

    @cached_property
    def telling(self) -> str:
        """The field that tells a person that two records are the same one, '' for none."""
        return next((each.name for each in self.managed if each.tells), "")

    @cached_property
    def given(self) -> str:
        """The field of which only what Ferry gave counts, '' for none."""
        return next(iter(self.of_sort("given")), "")

    @cached_property
    def pairs(self) -> str:
        """The field of pairs, '' for none."""
        return next(iter(self.of_sort("pairs")), "")

    def of_sort(self, *sorts: Sort) -> frozenset[str]:
        """The names of the fields of these sorts."""
        return frozenset(each.name for each in self.fields if each.sort in sorts)


def schema_of(kind: Kind, record: type[R_co], *, key: str = "", keeps_found: bool = False) -> Schema[R_co]:
    """The schema of a kind, from the annotations of its record's class.

    `key` is the attribute that is the logical name, for a class that has one beside what identifies a record.
    """
    found = []
    for name, hint in get_type_hints(record, include_extras=True).items():
        for each in get_args(hint):
            if isinstance(each, Field):
                found.append(replace(each, name=each.name or name, attribute=name))
    own = tuple(each.attribute for each in found if each.sort in {"identity", "end", "id"})
    return Schema(kind, record, tuple(found), (key,) if key else own, keeps_found)


def attributes(record: type[Any]) -> dict[str, bool]:
    """The attributes of a record's class in their order; true for one that may be left out."""
    return {each.name: each.default is not MISSING or each.default_factory is not MISSING for each in fields(record)}
