"""WorkOS users: email, names, verification, metadata, password hash, authenticator."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Any

from providers.workos.client import EXTERNAL_ID_USED, Conflict, Gone, Refused, Unavailable, WorkOS
from providers.workos.kinds import (
    RETAINED,
    Declared,
    Fields,
    Records,
    Written,
    held_by_retained,
    merged_metadata,
    refused,
)

USERS = ("user_management", "users")
_ATTEMPTS = 3


class Users(Records):
    """One WorkOS user a record, found again by its external id."""

    kind = "users"

    def __init__(self, door: WorkOS, declared: Declared, *, adopt_by_email: bool = False) -> None:
        super().__init__(door, declared, adopt_by_email=adopt_by_email)
        #: WorkOS ids whose own turn has given them their email.
        self._settled: set[str] = set()
        #: Held by the one that makes another make way: of two who swap, only one is parked.
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
        self._secret(desired)
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
            written.id = made["id"]
            written.applied = {**desired, "totp": None}
            self._enroll(written, desired, created=True)
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
            self._put(written, desired, body)
            after = {name: changed[name] for name in changed if name not in {"metadata", "totp"}}
            if "email" in body:
                after["email_verified"] = bool(desired.get("email_verified"))
            if "metadata" in body:
                after["metadata"] = merged_metadata(written.applied, changed["metadata"])
            written.applied |= after
        if "totp" in changed:
            self._enroll(written, desired, created=False)

    def live(self, id_: str) -> Fields:
        """The user as WorkOS holds it."""
        return user_fields(self.door.call("GET", *USERS, id_))

    def remove(self, id_: str) -> None:
        """Delete the user; WorkOS deletes its memberships with it."""
        self.delete(*USERS, id_)

    def settle(self) -> list[tuple[str, Refused]]:
        """A parked user whose turn never came gets its email now; those for whom it is taken still."""
        left = []
        for id_, target in sorted(self.parked.items()):
            body = {"email": target["email"], **({"email_verified": True} if target.get("email_verified") else {})}
            try:
                with suppress(Gone):
                    self.door.call("PUT", *USERS, id_, body=body)
            except (Conflict, Unavailable, Refused) as fault:
                what = (
                    "its WorkOS user gave its email to another user and cannot have its own. Free that in WorkOS, then "
                    "run pulumi refresh --run-program with ferry:onDrift repair, and pulumi up"
                )
                told = Refused(what, fault.status, (*fault.codes, "email_parked"), fault.request_id)
                left.append((target["external_id"], told))
        return left

    def _password(self, desired: Fields) -> Fields:
        if not desired.get("password"):
            return {}
        found = self.declared.password(desired["external_id"], desired["password"])
        position = {"password_salt_position": found.salt_position} if found.salt_position else {}
        return {"password_hash": found.text, "password_hash_type": found.type, **position}

    def _put(self, written: Written, desired: Fields, body: Fields) -> None:
        for attempt in range(_ATTEMPTS):
            try:
                with self.alone(written.id):
                    made = self.made_way.pop(written.id, {})
                    left = {name: value for name, value in body.items() if made.get(name) != value}
                    if left:
                        self.door.call("PUT", *USERS, written.id, body=left)
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
                return

    def _find(self, written: Written, desired: Fields, conflict: Conflict, *, last: bool) -> Fields | None:
        """The object to take over; None if the way is free now and the POST is worth another try."""
        found = self.get(*USERS, "external_id", desired["external_id"])
        if found is not None and not written.is_given_up(found["id"]):
            return {"id": found["id"], **user_fields(found)}
        if last:
            raise refused(conflict, conflict.code, "WorkOS reports a conflict that does not clear")
        holder = found or self._holder(desired["email"], is_held=conflict.code != EXTERNAL_ID_USED)
        if holder is None:
            return None
        if not holder.get("external_id"):
            if self.adopt_by_email:
                return {"id": holder["id"], **user_fields(holder)}
            what = "a WorkOS user without external id has this email; set ferry:adopt to email to take it over"
            raise refused(conflict, "email_held_by_unmanaged", what)
        self._make_way(holder, written, desired, conflict)
        return None

    def _holders(self, desired: Fields, body: Fields, own: str, conflict: Conflict) -> list[Fields]:
        """The other objects that hold what a PUT wants to give this one."""
        is_held = conflict.code != EXTERNAL_ID_USED
        found = [self._holder(desired["email"], is_held=is_held) if "email" in body else None]
        if "external_id" in body:
            found.append(self.get(*USERS, "external_id", desired["external_id"]))
        return list({one["id"]: one for one in found if one is not None and one["id"] != own}.values())

    def _holder(self, email: str, *, is_held: bool) -> Fields | None:
        def look() -> list[Fields]:
            return list(self.door.call("GET", *USERS, params={"email": email, "limit": 1}).get("data", []))

        found = self.door.until_listed(look) if is_held else look()
        return found[0] if found else None

    def _make_way(self, holder: Fields, written: Written, desired: Fields, conflict: Conflict) -> None:
        """Free an email or external id that another object of this stack gives up in this run: change that first."""
        id_, external_id = str(holder["id"]), str(holder.get("external_id") or "")
        key = written.holders.get(id_)
        if key == "":
            self.remove(id_)
            return
        if key and key != RETAINED:
            target = self.declared.user_by_key(key)
        else:
            target = self.declared.user(external_id) if external_id else None
        if target is not None and all(holder.get(one) != target[one] for one in _clashing(holder, desired)):
            self._move(holder, target)
            return
        is_own = external_id == desired["external_id"]
        code = "external_id_held_by_retained" if is_own else "email_held_by_retained"
        what = "this external id" if is_own else "this email"
        raise refused(conflict, code, held_by_retained("users", external_id, what, is_known=key == RETAINED))

    def _move(self, holder: Fields, target: Fields) -> None:
        """Give a declared user its new identity ahead of its turn; if its email is taken too (a swap), park it.

        Nothing if its turn came meanwhile: what it has now it keeps.
        """
        id_ = str(holder["id"])
        with self._making_way, self.alone(id_):
            if id_ not in self._settled:
                self._move_now(id_, holder, target)

    def _move_now(self, id_: str, holder: Fields, target: Fields) -> None:
        body: Fields = {one: target[one] for one in ("external_id", "email") if holder.get(one) != target[one]}
        if "email" in body and target.get("email_verified"):
            body["email_verified"] = True
        if not body:
            return
        try:
            self.door.call("PUT", *USERS, id_, body=body)
        except Conflict as conflict:
            if "email" not in body:
                raise
            if not self.may_park:
                what = "users change places, which takes all of them: run pulumi up without --target"
                raise refused(conflict, "email_held_by_others", what) from None
            parked = f"ferry-{id_.lower().replace('_', '-')}@{str(holder['email']).rpartition('@')[2]}"
            body = {**body, "email": parked}
            body.pop("email_verified", None)
            self.door.call("PUT", *USERS, id_, body=body)
            self.parked[id_] = target
        moved = {**body, "email_verified": bool(body.get("email_verified"))} if "email" in body else body
        self.made_way[id_] = {**self.made_way.get(id_, {}), **moved}

    def _secret(self, desired: Fields) -> str:
        return self.declared.totp(desired["external_id"], desired["totp"]) if desired.get("totp") else ""

    def _enroll(self, written: Written, desired: Fields, *, created: bool) -> None:
        """Enrol the authenticator once.

        A user that this run did not create, and that has an authenticator Ferry did not enrol, keeps its own. Another
        secret in Auth0 is enrolled beside the earlier one. What is there is listed before a first try at a user that
        was found, and after a lost answer; whether WorkOS takes a second factor is not documented.
        """
        wanted = desired.get("totp")
        if not wanted:
            return
        path = (*USERS, written.id, "auth_factors")
        body: dict[str, Any] = {"type": "totp", "totp_secret": self._secret(desired)}
        renewed = written.applied.get("totp") is not None
        before = set() if created else self._authenticators(path)
        if before and not renewed:
            written.applied["totp"] = wanted
            return
        for attempt in range(_ATTEMPTS):
            try:
                self.door.call("POST", *path, body=body, retries=0)
                break
            except Unavailable:
                if self.door.until_listed(lambda: self._authenticators(path) - before):
                    break
                if attempt == _ATTEMPTS - 1:
                    raise
            except Gone as gone:
                raise Refused("the user is gone", gone.status, gone.codes, gone.request_id) from None
        written.applied["totp"] = wanted

    def _authenticators(self, path: tuple[str, ...]) -> set[str]:
        return {str(one.get("id")) for one in self.door.pages(*path) if one.get("type") == "totp"}


def _clashing(holder: Fields, desired: Fields) -> list[str]:
    return [one for one in ("external_id", "email") if holder.get(one) == desired[one]]


def user_fields(user: Fields) -> Fields:
    """A WorkOS user object as the differ sees it."""
    names = ("external_id", "email", "email_verified", "first_name", "last_name")
    return {**{name: user.get(name) for name in names}, "metadata": user.get("metadata") or {}}
