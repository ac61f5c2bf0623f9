"""WorkOS users: email, names, verification, metadata, password hash, authenticator."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from providers.workos.authenticators import Authenticators
from providers.workos.client import EXTERNAL_ID_USED, Conflict, Gone, Refused, Unavailable, WorkOS
from providers.workos.kinds import (
    RETAINED,
    UNCONFIRMED,
    Declared,
    Fields,
    Records,
    Written,
    held_by_retained,
    id_in,
    merged_metadata,
    refused,
)
from providers.workos.taken import same_email, taken
from providers.workos.takeover import why_not

USERS = ("user_management", "users")
_ATTEMPTS = 3
#: WorkOS's code for a user that its API does not delete.
DELETION_NOT_ALLOWED = "user_deletion_not_allowed"


class Users(Records):
    """One WorkOS user a record, found again by its external id."""

    kind = "users"

    def __init__(self, door: WorkOS, declared: Declared, *, adopt_by_email: bool = False) -> None:
        super().__init__(door, declared, adopt_by_email=adopt_by_email)
        self._authenticators = Authenticators(door, declared)
        #: WorkOS ids whose own turn has given them their email.
        self._settled: set[str] = set()
        #: Held while a user is moved out of the way: of two users that swap emails, only one is parked.
        self._making_way = threading.Lock()

    def create(self, written: Written, desired: Fields) -> None:
        """One POST with every field, password hash included; then the authenticator."""
        body = {
            "email": desired["email"],
            "email_verified": bool(desired.get("email_verified")),
            "external_id": desired["external_id"],
            **{name: desired[name] for name in ("first_name", "last_name", "metadata") if desired.get(name)},
            **self._password(desired),
        }
        self._authenticators.secret(desired)
        for attempt in range(_ATTEMPTS):
            try:
                made = self.door.call("POST", *USERS, body=body)
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

    def write(self, written: Written, desired: Fields, changed: Fields) -> None:
        """One PUT for all fields; the authenticator after it."""
        changed = self.shed(written, changed, *USERS)
        body: Fields = {name: changed[name] or "" for name in ("first_name", "last_name") if name in changed}
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
                after["metadata"] = merged_metadata(written.applied, changed["metadata"])
            written.applied |= after
            self.see(written, sent, answer)
        if "totp" in changed:
            self._authenticators.enroll(written, desired, created=False)

    def live(self, id_: str) -> Fields:
        """The user as WorkOS holds it."""
        return user_fields(self.door.call("GET", *USERS, id_))

    def take_over(self, written: Written, desired: Fields, live: Mapping[str, Any], *, interrupted: bool) -> None:
        """A user without external id was found by its email: Ferry set neither its password nor its authenticators, and
        it is taken over only where `why_not` allows it. Raises Refused.
        """
        if not live.get("external_id"):
            if refusal := self._why_not(desired, live):
                code, what = refusal
                raise Refused(what, codes=(code,))
            written.notes.append(UNCONFIRMED)
            self._authenticators.look(written, str(live["id"]))
        super().take_over(written, desired, live, interrupted=interrupted)

    def remove(self, id_: str) -> None:
        """Delete the user; WorkOS deletes its memberships with it."""
        try:
            self.delete(*USERS, id_)
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
                    if missing := taken(self.kind, body, self.door.call("PUT", *USERS, id_, body=body)).not_taken:
                        what = f"WorkOS answered that it was done and did not take {', '.join(missing)}"
                        raise Refused(what, codes=("not_taken",), request_id=self.door.request_id())
            except (Conflict, Unavailable, Refused) as fault:
                what = (
                    "its WorkOS user gave its email to another user and cannot have its own. Free that in WorkOS, then "
                    "run pulumi refresh --run-program with ferry:onDrift repair, and pulumi up"
                )
                refusal = Refused(what, fault.status, (*fault.codes, "email_parked"), fault.request_id)
                left.append((target["external_id"], refusal))
        return left

    def _password(self, desired: Fields) -> Fields:
        if not desired.get("password"):
            return {}
        found = self.declared.password(desired["external_id"], desired["password"])
        position = {"password_salt_position": found.salt_position} if found.salt_position else {}
        return {"password_hash": found.text, "password_hash_type": found.type, **position}

    def _put(self, written: Written, desired: Fields, body: Fields) -> tuple[Fields, Fields]:
        """PUT the body without what was changed ahead of this turn. Returns what was sent, and the answer."""
        left, answer = body, dict[str, Any]()
        for attempt in range(_ATTEMPTS):
            try:
                with self.alone(written.id):
                    made = self.made_way.pop(written.id, {})
                    left = {name: value for name, value in body.items() if made.get(name) != value}
                    if left:
                        answer = self.door.call("PUT", *USERS, written.id, body=left)
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

    def _why_not(self, desired: Fields, holder: Mapping[str, Any]) -> tuple[str, str] | None:
        in_auth0 = self.declared.is_verified_in_auth0(desired["external_id"])
        in_workos = holder.get("email_verified") is True
        return why_not(in_workos=in_workos, in_auth0=in_auth0, is_allowed=self.adopt_by_email)

    def _find(self, written: Written, desired: Fields, conflict: Conflict, *, last: bool) -> Fields | None:
        """Returns the user to take over; None if the way is free now and the POST is worth another try."""
        found = self.get(*USERS, "external_id", desired["external_id"])
        if found is not None and not written.is_given_up(found["id"]):
            return {"id": found["id"], **user_fields(found)}
        if last:
            raise refused(conflict, conflict.code, "WorkOS reports a conflict that does not clear")
        holder = found or self._holder(desired["email"], is_held=conflict.code != EXTERNAL_ID_USED)
        if holder is None:
            return None
        if not holder.get("external_id"):
            if refusal := self._why_not(desired, holder):
                raise refused(conflict, *refusal)
            return {"id": holder["id"], **user_fields(holder)}
        self._make_way(holder, written, desired, conflict)
        return None

    def _holders(self, desired: Fields, body: Fields, own: str, conflict: Conflict) -> list[Fields]:
        """The other users that hold the email or external id that a PUT gives this one."""
        is_held = conflict.code != EXTERNAL_ID_USED
        found = [self._holder(desired["email"], is_held=is_held) if "email" in body else None]
        if "external_id" in body:
            found.append(self.get(*USERS, "external_id", desired["external_id"]))
        return list({user["id"]: user for user in found if user is not None and user["id"] != own}.values())

    def _holder(self, email: str, *, is_held: bool) -> Fields | None:
        def look() -> list[Fields]:
            return list(self.door.call("GET", *USERS, params={"email": email, "limit": 1}).get("data", []))

        found = self.door.until_listed(look) if is_held else look()
        return next((user for user in found if same_email(user.get("email"), email)), None)

    def _make_way(self, holder: Fields, written: Written, desired: Fields, conflict: Conflict) -> None:
        """Free an email or external id that another user gives up in this run: change or delete that user first."""
        id_, external_id = str(holder["id"]), str(holder.get("external_id") or "")
        key = written.holders.get(id_)
        if key == "":
            self.remove(id_)
            return
        if key and key != RETAINED:
            target = self.declared.user_by_key(key)
        else:
            target = self.declared.user(external_id) if external_id else None
        if target is not None and all(holder.get(name) != target[name] for name in _clashing(holder, desired)):
            self._move(holder, target)
            return
        is_own = external_id == desired["external_id"]
        code = "external_id_held_by_retained" if is_own else "email_held_by_retained"
        what = "this external id" if is_own else "this email"
        raise refused(conflict, code, held_by_retained("users", external_id, what, is_known=key == RETAINED))

    def _move(self, holder: Fields, target: Fields) -> None:
        """Give a declared user its new identity ahead of its turn; if its email is taken too (a swap), park it.

        Does nothing if its turn came meanwhile.
        """
        id_ = str(holder["id"])
        with self._making_way, self.alone(id_):
            if id_ not in self._settled:
                self._move_now(id_, holder, target)

    def _move_now(self, id_: str, holder: Fields, target: Fields) -> None:
        body: Fields = {
            field_name: target[field_name]
            for field_name in ("external_id", "email")
            if holder.get(field_name) != target[field_name]
        }
        if "email" in body and target.get("email_verified"):
            body["email_verified"] = True
        if not body:
            return
        try:
            answer = self.door.call("PUT", *USERS, id_, body=body)
        except Conflict as conflict:
            if "email" not in body:
                raise
            if not self.may_park:
                what = "users change places, which takes all of them: run pulumi up without --target"
                raise refused(conflict, "email_held_by_others", what) from None
            parked = f"ferry-{id_.lower().replace('_', '-')}@{str(holder['email']).rpartition('@')[2]}"
            body = {**body, "email": parked}
            body.pop("email_verified", None)
            answer = self.door.call("PUT", *USERS, id_, body=body)
            self.parked[id_] = target
        moved = {**body, "email_verified": bool(body.get("email_verified"))} if "email" in body else body
        missing = taken(self.kind, body, answer).not_taken
        moved = {name: value for name, value in moved.items() if name not in missing}
        self.made_way[id_] = {**self.made_way.get(id_, {}), **moved}


def _clashing(holder: Fields, desired: Fields) -> list[str]:
    return [name for name in ("external_id", "email") if holder.get(name) == desired[name]]


def user_fields(user: Fields) -> Fields:
    """A WorkOS user object as the differ sees it."""
    names = ("external_id", "email", "email_verified", "first_name", "last_name")
    return {**{name: user.get(name) for name in names}, "metadata": user.get("metadata") or {}}
