"""What every kind can do with WorkOS: create, change, read, remove; and what a kind may ask the directory."""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from typing import ClassVar, Generic, Literal, NamedTuple, Protocol, TypeVar

from providers.auth0.hashes import PasswordHash
from providers.directory.differ import adopted, changes, pairs, text
from providers.directory.model import OrganizationFields, UserFields
from providers.directory.schema import Values
from providers.settings import Kind, Removal
from providers.workos.client import Answer, Body, Conflict, Door, Gone, Refused, Unavailable
from providers.workos.taken import merged, taken

Origin = Literal["created", "found"]
#: The fields of one kind of record.
Desired = TypeVar("Desired", bound=Values)
#: Note on a user that was in WorkOS before: nobody can say which password it has.
UNCONFIRMED = "password_unconfirmed"
#: Metadata pairs that one body may hold, nulls included (WorkOS's OpenAPI document, `maxProperties`).
SENT_PAIRS = 50


#: Stands in `holders` for an object that left the export and that WorkOS keeps; no key has a line break.
RETAINED = "\n"


class Declared(Protocol):
    """The directory, as far as a conflict or a write-only field needs it. Raises ExportError if the export changed."""

    def user(self, external_id: str) -> UserFields | None:
        """The fields of the declared user with this external id, or None."""

    def user_by_key(self, key: str) -> UserFields | None:
        """The fields of the declared user with this key, or None."""

    def is_verified_in_auth0(self, external_id: str) -> bool:
        """Does Auth0 itself call this declared user's email verified? `trust-text` does not count."""

    def organization(self, external_id: str) -> OrganizationFields | None:
        """The fields of the declared organization with this external id, or None."""

    def password(self, external_id: str, fingerprint: str) -> PasswordHash:
        """The hash with this fingerprint."""

    def totp(self, external_id: str, fingerprint: str) -> str:
        """The Base32 secret with this fingerprint."""


@dataclass
class Written:
    """What is known to be in WorkOS for one record: filled step by step, so that a failure in between loses nothing.

    `holders` are other objects of this stack that may still hold a unique value of this record: WorkOS id -> key of
    the declared record that gives it up in this run, '' for an object that this run may delete for it, or RETAINED.
    `notes` are codes of findings, each with what it is about: `kept_otherwise:first_name`.
    """

    id: str = ""
    applied: dict[str, object] = field(default_factory=dict)
    origin: Origin = "created"
    holders: Mapping[str, str] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    #: Fields that WorkOS said were done and did not take, with the id of the request; `applied` is without them.
    not_taken: dict[str, str] = field(default_factory=dict)
    #: The authenticators that a user had when it was taken over by its email; None: nobody looked.
    factors: set[str] | None = None

    @property
    def refusal(self) -> str:
        """The sentence on the fields that were not taken, '' if there are none."""
        if not self.not_taken:
            return ""
        *_, request_id = self.not_taken.values()
        request = f" with the id of the request, {request_id}" if request_id else ""
        return (
            f"WorkOS answered that it was done and did not take {', '.join(self.not_taken)}: sent again by the next "
            f"pulumi up. If that repeats, set it in WorkOS by hand, or tell WorkOS support{request}"
        )

    def is_given_up(self, id_: str) -> bool:
        """Does another declared record give up what this object holds?"""
        return self.holders.get(id_, "") not in {"", RETAINED}


class Request(NamedTuple):
    """One request: its method, its path with `{id}` for what is in it, and what it is for."""

    method: str
    template: str
    what: str = ""


@dataclass(frozen=True, slots=True)
class Creation:
    """A record is made that holds these fields (of flags and states: that are true, or active)."""

    held: Collection[str] = ()
    key: str = ""


@dataclass(frozen=True, slots=True)
class Update:
    """Fields of a record change to these values; of metadata only the pairs that change."""

    news: Values


Step = Creation | Update | Removal


class Records(Generic[Desired]):
    """One kind of record. Subclasses say only what is their own; every method may raise a WorkOSFault."""

    kind: ClassVar[Kind]
    #: Where WorkOS has the objects, and by which of their fields it finds one.
    path: ClassVar[tuple[str, ...]]
    found_by: ClassVar[str] = "id"
    #: WorkOS's code for a unique value that is taken, by its name.
    conflicts: ClassVar[Mapping[str, str]] = {}
    #: All objects are listed before the first is made.
    is_listed_first: ClassVar[bool] = False

    def __init__(self, door: Door, declared: Declared, *, adopt_by_email: bool = False) -> None:
        self.door, self.declared, self.adopt_by_email = door, declared, adopt_by_email
        #: Does every record get its turn in this run, so that a user may wait for its email until then?
        self.may_park = True
        #: Changes made ahead of their turn, by WorkOS id, so that the later call need not make them again.
        self.made_way: dict[str, dict[str, object]] = {}
        #: WorkOS ids of what this process removed or switched off.
        self.removed: set[str] = set()
        #: Users whose email is not theirs until their own turn comes: what is declared for them, by WorkOS id.
        self.parked: dict[str, UserFields] = {}
        self._writing: dict[str, threading.Lock] = {}

    @classmethod
    def template(cls, *rest: str) -> str:
        """A path at or below that of the kind, as `Request` has it."""
        return "/" + "/".join((*cls.path, *rest))

    @classmethod
    def one(cls, *rest: str) -> str:
        """The path of one object, and below it, likewise."""
        return cls.template(f"{{{cls.found_by}}}", *rest)

    @classmethod
    def fields_of(cls, answer: Answer) -> Desired:
        """A WorkOS object as the differ sees it; what nothing can read back is left out."""
        raise NotImplementedError

    @classmethod
    def answer_of(cls, fields: Values) -> Answer:
        """The inverse of `fields_of`: how WorkOS gives out an object. The rehearsal answers so."""
        return dict(fields)

    @classmethod
    def after(cls, known: Values, body: Body) -> dict[str, object]:
        """The fields that an object has after this body; `known` is {} for a new one. The rehearsal does so."""
        return {**known, **body}

    @classmethod
    def unique_values(cls, fields: Values) -> dict[str, list[str]]:
        """The values that no two objects may share, by the name that a search and a refusal have for them."""
        raise NotImplementedError

    @classmethod
    def listed(cls, door: Door) -> dict[str, Answer]:
        """Every object of a kind that is one list, by what WorkOS finds it by. WorkOS documents no pages there; a list
        that names a cursor is followed. Raises WorkOSFault.
        """
        found: dict[str, Answer] = {}
        cursors: list[str] = []
        while True:
            answer = door.call("GET", *cls.path, params={"after": cursors[-1]} if cursors else None)
            found |= {text(listed[cls.found_by]): listed for listed in answer.get("data", [])}
            after = text((answer.get("list_metadata") or {}).get("after"))
            if not after or after in cursors:
                return found
            cursors.append(after)

    @classmethod
    def requests(cls, step: Step) -> list[Request]:
        """The requests of one step, as `create`, `write` and `remove` send them where no conflict is met."""
        raise NotImplementedError

    def create(self, written: Written, desired: Desired) -> None:
        """Make the object with one POST; on a conflict take over what is there, or refuse."""
        raise NotImplementedError

    def write(self, written: Written, desired: Desired, changed: Values) -> None:
        """Send the changed fields (`changed`: field -> new value) and note them in `written.applied`."""
        raise NotImplementedError

    def live(self, id_: str) -> Values:
        """The object as WorkOS holds it now, write-only fields left out. Raises Gone."""
        return self.fields_of(self.door.call("GET", *self.path, id_))

    def remove(self, id_: str) -> None:
        """Delete the object; one that is gone already is no error."""
        self.delete(*self.path, id_)

    def change(self, written: Written, desired: Desired) -> None:
        """Bring the object from what was applied to what is desired; no request if nothing differs."""
        written.applied.update(self.made_way.pop(written.id, {}))
        todo = changes(self.kind, desired, {**written.applied, "origin": written.origin})
        if todo:
            self.write(written, desired, {change.field: change.new for change in todo})

    def take_over(self, written: Written, desired: Desired, live: Values, *, interrupted: bool) -> None:
        """Make an existing object this record's. If this call's own answer was lost and all is as sent, it is ours."""
        written.id = text(live["id"])
        written.applied = adopted(self.kind, desired, live)
        sent = {**desired, "totp": None, "status": live.get("status")}
        ours = interrupted and not changes(self.kind, sent, written.applied)
        written.origin = "created" if ours else "found"
        if desired.get("password") and not ours and UNCONFIRMED not in written.notes:
            written.notes.append(UNCONFIRMED)
        self.change(written, desired)

    def see(self, written: Written, sent: Body, answer: Answer) -> None:
        """Take back from `written.applied`, where `sent` was noted already, what the answer does not hold."""
        found = taken(self.kind, sent, answer)
        written.applied = found.corrected(written.applied)
        written.not_taken |= dict.fromkeys(found.not_taken, self.door.request_id())
        written.notes += [f"kept_otherwise:{name}" for name in found.otherwise]
        if found.by_directory:
            written.notes.append("role_directory_managed:roles")

    def shed(self, written: Written, changed: Values) -> Values:
        """Over 50 pairs of metadata: send the removals in a PUT of their own. Returns the change without them."""
        sent: Mapping[str, str | None] = pairs(changed.get("metadata"))
        if len(sent) <= SENT_PAIRS:
            return changed
        gone = {key: None for key, value in sent.items() if value is None}
        answer = self.door.call("PUT", *self.path, written.id, body={"metadata": gone})
        written.applied["metadata"] = merged(pairs(written.applied.get("metadata")), gone)
        self.see(written, {"metadata": gone}, answer)
        return {**changed, "metadata": {key: value for key, value in sent.items() if value is not None}}

    def alone(self, id_: str) -> AbstractContextManager[bool]:
        """Lock on one object's email, external id and domains."""
        return self._writing.setdefault(id_, threading.Lock())

    def settle(self) -> list[tuple[str, Refused]]:
        """Finish what was changed ahead of a turn that never came. Returns the refusals, each with its key."""
        return []

    def delete(self, *path: str) -> None:
        """DELETE, sent once a process; an object that is gone already is no error."""
        with self.alone(path[-1]):
            if path[-1] in self.removed:
                return
            with suppress(Gone):
                self.door.call("DELETE", *path)
            self.removed.add(path[-1])

    def with_external_id(self, external_id: str) -> dict[str, object] | None:
        """The object with this external id, its `id` among its fields; None if there is none."""
        try:
            return self.seen(self.door.call("GET", *self.path, "external_id", external_id))
        except Gone:
            return None

    @classmethod
    def seen(cls, answer: Answer) -> dict[str, object]:
        """An object as the differ sees it, its `id` among its fields."""
        return {"id": answer["id"], **cls.fields_of(answer)}


def refused(conflict: Conflict, code: str, what: str) -> Refused:
    """A conflict that cannot be resolved, with Ferry's own code and sentence."""
    return Refused(what, conflict.status, (*conflict.codes, code), conflict.request_id)


def held_by_retained(kind: Kind, external_id: str, what: str, *, is_known: bool) -> str:
    """The sentence on an object that stays and holds what another record needs; `is_known`: the stack knows it."""
    kept = f"the {kind.removesuffix('s')} {external_id or 'without external id'} in WorkOS holds {what} and stays"
    if is_known:
        return (
            f"{kept}, since it left the export. Remove it in WorkOS, or let Ferry do that: pulumi config set --path "
            f"ferry:removed.{kind} delete. Then run pulumi up"
        )
    return (
        f"{kept}, since this stack does not know it. Look whose it is and remove it in WorkOS, or list this record "
        "under ferry:skip. Then run pulumi up"
    )


def id_in(answer: Answer) -> str:
    """The id of an object that was made. Raises Unavailable for an answer without one: the next run looks for it."""
    if not answer.get("id"):
        raise Unavailable("WorkOS answered that it was made and named no id; the next pulumi up looks for it")
    return str(answer["id"])


def puts(news: Values) -> int:
    """How many PUTs take these changes: metadata over what one body holds goes in two (`Records.shed`)."""
    return 2 if len(pairs(news.get("metadata"))) > SENT_PAIRS else 1
