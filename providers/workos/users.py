"""WorkOS users: email, names, verification, metadata, password hash, authenticator."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Literal

from providers.directory.differ import pairs, text
from providers.directory.model import SCHEMAS, UserFields
from providers.directory.schema import Values
from providers.workos.authenticators import Authenticators
from providers.workos.client import EXTERNAL_ID_USED, Answer, Body, Conflict, Door, Gone, Refused, Unavailable
from providers.workos.kinds import (
    RETAINED,
    UNCONFIRMED,
    Creation,
    Declared,
    Records,
    Request,
    Step,
    Update,
    Written,
    held_by_retained,
    id_in,
    puts,
    refused,
)
from providers.workos.taken import merged, same_email, taken
from providers.workos.takeover import why_not

_ATTEMPTS = 3
#: The fields that a new user has where they hold something, and those that "" clears.
_WHERE_FILLED = ("first_name", "last_name", "name", "metadata")
_UNIQUE = ("external_id", "email")
_NAMES: tuple[Literal["first_name", "last_name", "name"], ...] = ("first_name", "last_name", "name")
#: WorkOS's code for a user that its API does not delete.
DELETION_NOT_ALLOWED = "user_deletion_not_allowed"


class Users(Records[UserFields]):
    """One WorkOS user a record, found again by its external id."""

    kind = "users"
    path = ("user_management", "users")
    conflicts = {"email": "email_not_available", "external_id": EXTERNAL_ID_USED}  # noqa: RUF012 - as in the base

    def __init__(self, door: Door, declared: Declared, *, adopt_by_email: bool = False) -> None:
        super().__init__(door, declared, adopt_by_email=adopt_by_email)
        self._authenticators = Authenticators(door, declared)
        #: WorkOS ids whose own turn has given them their email.
        self._settled: set[str] = set()
        #: Held while a user is moved out of the way: of two users that swap emails, only one is parked.
        self._making_way = threading.Lock()

    @classmethod
    def requests(cls, step: Step) -> list[Request]:
        """One POST, and one for the authenticator, whose others are listed where the user was there before."""
        factors = cls.one("auth_factors")
        if isinstance(step, Creation):
            made = [Request("POST", cls.template(), "users, password hash included")]
            return [*made, Request("POST", factors, "authenticators (TOTP)")] if "totp" in step.held else made
        if isinstance(step, Update):
            put = [Request("PUT", cls.one())] * puts(step.news) if step.news.keys() - {"totp"} else []
            return [*put, Request("GET", factors), Request("POST", factors)] if "totp" in step.news else put
        return [Request("DELETE", cls.one(), "users, and with them their memberships")]

    @classmethod
    def fields_of(cls, answer: Answer) -> UserFields:
        """A WorkOS user object as the differ sees it."""
        return {
            "external_id": answer.get("external_id"),
            "email": answer.get("email") or "",
            "email_verified": bool(answer.get("email_verified")),
            "first_name": answer.get("first_name"),
            "last_name": answer.get("last_name"),
            "name": answer.get("name"),
            "metadata": answer.get("metadata") or {},
        }

    @classmethod
    def after(cls, known: Values, body: Body) -> dict[str, object]:
        """A new email resets `email_verified` unless the same body sets it (WorkOS API reference, user update)."""
        changed = {name: known.get(name) for name in SCHEMAS["users"].names if name not in SCHEMAS["users"].secrets}
        changed |= {name: body[name] for name in ("email", "external_id", "email_verified") if name in body}
        changed |= {name: body[name] or None for name in _NAMES if name in body}
        if known and changed["email"] != known["email"]:
            changed["email_verified"] = bool(body.get("email_verified"))
        return {**changed, "metadata": merged(pairs(known.get("metadata")), pairs(body.get("metadata")))}

    @classmethod
    def unique_values(cls, fields: Values) -> dict[str, list[str]]:
        """Email and external id."""
        return {"email": [text(fields["email"])], "external_id": [text(fields["external_id"])]}

    def create(self, written: Written, desired: UserFields) -> None:
        """One POST with every field, password hash included; then the authenticator."""
        body = {
            "email": desired["email"],
            "email_verified": bool(desired.get("email_verified")),
            "external_id": desired["external_id"],
            **{name: desired.get(name) for name in _WHERE_FILLED if desired.get(name)},
            **self._password(desired),
        }
        self._authenticators.secret(desired)
        for attempt in range(_ATTEMPTS):
            try:
                made = self.door.call("POST", *self.path, body=body)
            except Conflict as conflict:
                interrupted = self.door.interrupted()
                found = self._find(written, desired, conflict, last=attempt == _ATTEMPTS - 1)
                if found is None:
                    continue
                self.take_over(written, desired, found, interrupted=interrupted)
                return
            written.id = id_in(made)
            written.applied = {**desired, "totp": None}
            self.see(written, body, made)
            self._authenticators.enroll(written, desired, created=True)
            return

    def write(self, written: Written, desired: UserFields, changed: Values) -> None:
        """One PUT for all fields; the authenticator after it."""
        changed = self.shed(written, changed)
        body: dict[str, object] = {name: changed[name] or "" for name in _NAMES if name in changed}
        body |= {name: changed[name] for name in ("external_id", "metadata", "email") if name in changed}
        if desired.get("email_verified") and ("email" in changed or "email_verified" in changed):
            body["email_verified"] = True
        if "password" in changed:
            body |= self._password(desired)
        if body:
            sent, answer = self._put(written, desired, body)
            after = {name: changed[name] for name in changed if name not in {"metadata", "totp"}}
            if "email" in body:
                after["email_verified"] = bool(desired.get("email_verified"))
            if "metadata" in body:
                after["metadata"] = merged(pairs(written.applied.get("metadata")), pairs(changed["metadata"]))
            written.applied |= after
            self.see(written, sent, answer)
        if "totp" in changed:
            self._authenticators.enroll(written, desired, created=False)

    def take_over(self, written: Written, desired: UserFields, live: Values, *, interrupted: bool) -> None:
        """A user without external id was found by its email: Ferry set neither its password nor its authenticators, and
        it is taken over only where `why_not` allows it. Raises Refused.
        """
        if not live.get("external_id"):
            if refusal := self._why_not(desired, live):
                code, what = refusal
                raise Refused(what, codes=(code,))
            written.notes.append(UNCONFIRMED)
            self._authenticators.look(written, text(live["id"]))
        super().take_over(written, desired, live, interrupted=interrupted)

    def remove(self, id_: str) -> None:
        """Delete the user; WorkOS deletes its memberships with it."""
        try:
            super().remove(id_)
        except Conflict as conflict:
            if DELETION_NOT_ALLOWED not in conflict.codes:
                raise
            what = "WorkOS does not let this user be deleted, as where a directory or an organization manages it"
            raise Refused(what, conflict.status, conflict.codes, conflict.request_id) from None

    def settle(self) -> list[tuple[str, Refused]]:
        """Give parked users their email. Returns those whose email is still taken."""
        left = []
        for id_, target in sorted(self.parked.items()):
            body = {"email": target["email"], **({"email_verified": True} if target.get("email_verified") else {})}
            try:
                with suppress(Gone):
                    if missing := taken(self.kind, body, self.door.call("PUT", *self.path, id_, body=body)).not_taken:
                        what = f"WorkOS answered that it was done and did not take {', '.join(missing)}"
                        raise Refused(what, codes=("not_taken",), request_id=self.door.request_id())
            except (Conflict, Unavailable, Refused) as fault:
                what = (
                    "its WorkOS user gave its email to another user and cannot have its own. Free that in WorkOS, then "
                    "run pulumi refresh --run-program with ferry:onDrift repair, and pulumi up"
                )
                refusal = Refused(what, fault.status, (*fault.codes, "email_parked"), fault.request_id)
                left.append((text(target["external_id"]), refusal))
        return left

    def _password(self, desired: UserFields) -> dict[str, object]:
        if not (own := desired.get("password")):
            return {}
        found = self.declared.password(text(desired["external_id"]), own)
        position = {"password_salt_position": found.salt_position} if found.salt_position else {}
        return {"password_hash": found.text, "password_hash_type": found.type, **position}

    def _put(self, written: Written, desired: UserFields, body: Body) -> tuple[Body, Answer]:
        """PUT the body without what was changed ahead of this turn. Returns what was sent, and the answer."""
        left: Body = body
        answer: Answer = {}
        for attempt in range(_ATTEMPTS):
            try:
                with self.alone(written.id):
                    made = self.made_way.pop(written.id, {})
                    left = {name: value for name, value in body.items() if made.get(name) != value}
                    if left:
                        answer = self.door.call("PUT", *self.path, written.id, body=left)
                    if "email" in body:
                        self.parked.pop(written.id, None)
                        self._settled.add(written.id)
            except Conflict as conflict:
                holders = self._holders(desired, body, written.id, conflict)
                if attempt == _ATTEMPTS - 1 or not {"email", "external_id"} & body.keys():
                    raise refused(conflict, conflict.code, "another WorkOS user holds this identity") from None
                for holder in holders:
                    self._make_way(holder, written, desired, conflict)
            else:
                break
        return left, answer

    def _why_not(self, desired: UserFields, holder: Values) -> tuple[str, str] | None:
        in_auth0 = self.declared.is_verified_in_auth0(text(desired["external_id"]))
        in_workos = holder.get("email_verified") is True
        return why_not(in_workos=in_workos, in_auth0=in_auth0, is_allowed=self.adopt_by_email)

    def _find(self, written: Written, desired: UserFields, conflict: Conflict, *, last: bool) -> Values | None:
        """Returns the user to take over; None if the way is free now and the POST is worth another try."""
        found = self.with_external_id(text(desired["external_id"]))
        if found is not None and not written.is_given_up(text(found["id"])):
            return found
        if last:
            raise refused(conflict, conflict.code, "WorkOS reports a conflict that does not clear")
        holder = found or self._holder(desired["email"], is_held=conflict.code != EXTERNAL_ID_USED)
        if holder is None:
            return None
        if not holder.get("external_id"):
            if refusal := self._why_not(desired, holder):
                raise refused(conflict, *refusal)
            return holder
        self._make_way(holder, written, desired, conflict)
        return None

    def _holders(self, desired: UserFields, body: Body, own: str, conflict: Conflict) -> list[Values]:
        """The other users that hold the email or external id that a PUT gives this one."""
        is_held = conflict.code != EXTERNAL_ID_USED
        found = [self._holder(desired["email"], is_held=is_held) if "email" in body else None]
        if "external_id" in body:
            found.append(self.with_external_id(text(desired["external_id"])))
        return list({text(user["id"]): user for user in found if user is not None and user["id"] != own}.values())

    def _holder(self, email: str, *, is_held: bool) -> Values | None:
        def look() -> list[Answer]:
            return list(self.door.call("GET", *self.path, params={"email": email, "limit": 1}).get("data", []))

        found = self.door.until_listed(look) if is_held else look()
        return next((self.seen(user) for user in found if same_email(user.get("email"), email)), None)

    def _make_way(self, holder: Values, written: Written, desired: UserFields, conflict: Conflict) -> None:
        """Free an email or external id that another user gives up in this run: change or delete that user first."""
        id_, external_id = text(holder["id"]), text(holder.get("external_id"))
        key = written.holders.get(id_)
        if key == "":
            self.remove(id_)
            return
        if key and key != RETAINED:
            target = self.declared.user_by_key(key)
        else:
            target = self.declared.user(external_id) if external_id else None
        if target is not None and all(holder.get(name) != target.get(name) for name in _clashing(holder, desired)):
            self._move(holder, target)
            return
        is_own = external_id == desired["external_id"]
        code = "external_id_held_by_retained" if is_own else "email_held_by_retained"
        what = "this external id" if is_own else "this email"
        raise refused(conflict, code, held_by_retained("users", external_id, what, is_known=key == RETAINED))

    def _move(self, holder: Values, target: UserFields) -> None:
        """Give a declared user its new identity ahead of its turn; if its email is taken too (a swap), park it.

        Does nothing if its turn came meanwhile.
        """
        id_ = text(holder["id"])
        with self._making_way, self.alone(id_):
            if id_ not in self._settled:
                self._move_now(id_, holder, target)

    def _move_now(self, id_: str, holder: Values, target: UserFields) -> None:
        body = {name: target.get(name) for name in _UNIQUE if holder.get(name) != target.get(name)}
        if "email" in body and target.get("email_verified"):
            body["email_verified"] = True
        if not body:
            return
        try:
            answer = self.door.call("PUT", *self.path, id_, body=body)
        except Conflict as conflict:
            if "email" not in body:
                raise
            if not self.may_park:
                what = "users change places, which takes all of them: run pulumi up without --target"
                raise refused(conflict, "email_held_by_others", what) from None
            parked = f"ferry-{id_.lower().replace('_', '-')}@{text(holder['email']).rpartition('@')[2]}"
            body = {**{name: value for name, value in body.items() if name != "email_verified"}, "email": parked}
            answer = self.door.call("PUT", *self.path, id_, body=body)
            self.parked[id_] = target
        moved = {**body, "email_verified": bool(body.get("email_verified"))} if "email" in body else body
        missing = taken(self.kind, body, answer).not_taken
        moved = {name: value for name, value in moved.items() if name not in missing}
        self.made_way[id_] = {**self.made_way.get(id_, {}), **moved}


def _clashing(holder: Values, desired: UserFields) -> list[str]:
    return [name for name in _UNIQUE if holder.get(name) == desired.get(name)]
