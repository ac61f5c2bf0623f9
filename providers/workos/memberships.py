"""WorkOS organization memberships: the pair is the identity, roles and status change."""

from __future__ import annotations

from contextlib import suppress

from providers.workos.client import Conflict, Gone, Refused
from providers.workos.kinds import Fields, Records, Written, id_in
from providers.workos.taken import taken

MEMBERSHIPS = ("user_management", "organization_memberships")
#: Without them WorkOS lists active ones only; a pending one is an invitation, which only the invited can accept.
STATUSES = "active,inactive"
#: What WorkOS gives a membership without a role; a membership cannot be without any (WorkOS: roles and permissions).
DEFAULT_ROLE = "member"

_END_GONE = "its user or organization is gone from WorkOS; run pulumi refresh, then pulumi up makes both again"


class Memberships(Records):
    """One user in one organization a record."""

    kind = "memberships"

    def create(self, written: Written, desired: Fields) -> None:
        """One POST, which makes it active; a second request where it is declared inactive.

        What WorkOS answers to a second create for one pair is not documented: on any refusal the pair is looked up
        among active and inactive ones, and what is there decides.
        """
        pair = {"organization_id": desired["organization_id"], "user_id": desired["user_id"]}
        roles = role_body(desired.get("roles") or [])
        try:
            made = self.door.call("POST", *MEMBERSHIPS, body={**pair, **roles})
        except Gone as gone:
            raise Gone(_END_GONE, gone.status, gone.codes, gone.request_id) from None
        except (Conflict, Refused) as refusal:
            interrupted = self.door.interrupted()

            def look() -> list[Fields]:
                params = {**pair, "statuses": STATUSES, "limit": 1}
                return list(self.door.call("GET", *MEMBERSHIPS, params=params).get("data", []))

            found = self.door.until_listed(look) if isinstance(refusal, Conflict) else look()
            if not found:
                raise
            live = {"id": found[0]["id"], **membership_fields(found[0])}
            self.take_over(written, desired, live, interrupted=interrupted)
        else:
            written.id = id_in(made)
            written.applied = {**desired, "status": "active"}
            try:
                self.change(written, desired)
            finally:
                status = {"status": "active"} if desired.get("status") == "active" else {}
                self.see(written, {**roles, **status}, made)

    def write(self, written: Written, desired: Fields, changed: Fields) -> None:
        """Reactivate, change the roles, deactivate, in this order: at most two of the three."""
        path = (*MEMBERSHIPS, written.id)
        if changed.get("status") == "active":
            answer = self.door.call("PUT", *path, "reactivate")
            written.applied["status"] = "active"
            self.see(written, {"status": "active"}, answer)
        if "roles" in changed:
            body = role_body(changed["roles"] or [DEFAULT_ROLE])
            answer = self.door.call("PUT", *path, body=body)
            written.applied["roles"] = changed["roles"]
            self.see(written, body, answer)
        if changed.get("status") == "inactive":
            answer = self.deactivate(written.id)
            written.applied["status"] = "inactive"
            self.see(written, {"status": "inactive"}, answer)

    def live(self, id_: str) -> Fields:
        """The membership as WorkOS holds it."""
        return membership_fields(self.door.call("GET", *MEMBERSHIPS, id_))

    def remove(self, id_: str) -> None:
        """Delete the membership."""
        self.delete(*MEMBERSHIPS, id_)

    def switch_off(self, id_: str) -> None:
        """Deactivate a membership that left, once a process; if it is gone already, that is no error."""
        if id_ in self.removed:
            return
        with suppress(Gone):
            if taken(self.kind, {"status": "inactive"}, self.deactivate(id_)).not_taken:
                what = "WorkOS answered that the membership was deactivated and it is not; deactivate it in WorkOS"
                raise Refused(what, codes=("not_taken",), request_id=self.door.request_id())
        self.removed.add(id_)

    def deactivate(self, id_: str) -> Fields:
        """Make it inactive; WorkOS takes a repeat as done. Returns the answer. Raises Gone."""
        return self.door.call("PUT", *MEMBERSHIPS, id_, "deactivate")


def role_body(slugs: list[str]) -> Fields:
    """The role part of a request: nothing, `role_slug`, or `role_slugs` where the environment allows several."""
    if not slugs:
        return {}
    return {"role_slug": slugs[0]} if len(slugs) == 1 else {"role_slugs": list(slugs)}


def membership_fields(membership: Fields) -> Fields:
    """A WorkOS membership object as the differ sees it."""
    several = membership.get("roles") or [membership.get("role") or {}]
    return {
        "organization_id": membership.get("organization_id"),
        "user_id": membership.get("user_id"),
        "roles": [str(role["slug"]) for role in several if role.get("slug")],
        "status": membership.get("status"),
    }
