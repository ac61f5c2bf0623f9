"""WorkOS organization memberships: the pair is the identity, roles and status change."""

from __future__ import annotations

from contextlib import suppress

from providers.directory.differ import items, text
from providers.directory.model import MembershipFields
from providers.directory.schema import Values
from providers.workos.client import Answer, Body, Conflict, Gone, Refused
from providers.workos.kinds import Creation, Records, Request, Step, Update, Written, id_in
from providers.workos.taken import taken

#: Without them WorkOS lists active ones only; a pending one is an invitation, which only the invited can accept.
STATUSES = "active,inactive"
#: What WorkOS gives a membership without a role; a membership cannot be without any (WorkOS: roles and permissions).
DEFAULT_ROLE = "member"

_END_GONE = "its user or organization is gone from WorkOS; run pulumi refresh, then pulumi up makes both again"


class Memberships(Records[MembershipFields]):
    """One user in one organization a record."""

    kind = "memberships"
    path = ("user_management", "organization_memberships")
    conflicts = {"pair": "organization_membership_already_exists"}  # noqa: RUF012 - as in the base

    @classmethod
    def requests(cls, step: Step) -> list[Request]:
        """A new one is active; roles and status have calls of their own."""
        path = cls.one()
        off = Request("PUT", f"{path}/deactivate", "memberships that arrive inactive")
        if isinstance(step, Creation):
            made = Request("POST", cls.template(), "memberships")
            return [made] if "status" in step.held else [made, off]
        if isinstance(step, Update):
            roles = [Request("PUT", path)] if "roles" in step.news else []
            if "status" not in step.news:
                return roles
            return [*roles, Request("PUT", f"{path}/reactivate") if step.news["status"] == "active" else off]
        return [off if step == "deactivate" else Request("DELETE", path, "memberships")]

    @classmethod
    def fields_of(cls, answer: Answer) -> MembershipFields:
        """A WorkOS membership object as the differ sees it."""
        several = answer.get("roles") or [answer.get("role") or {}]
        return {
            "organization_id": answer.get("organization_id") or "",
            "user_id": answer.get("user_id") or "",
            "roles": [role["slug"] for role in several if role.get("slug")],
            "status": answer.get("status"),
        }

    @classmethod
    def answer_of(cls, fields: Values) -> Answer:
        """Roles are objects there."""
        return {**fields, "roles": [{"slug": slug} for slug in items(fields["roles"])]}

    @classmethod
    def after(cls, known: Values, body: Body) -> dict[str, object]:
        """A new one is active, and has WorkOS's default role where none is sent."""
        ends = {name: body.get(name, known.get(name)) for name in ("organization_id", "user_id")}
        roles = list(items(body.get("role_slugs"))) or [text(body.get("role_slug")) or DEFAULT_ROLE]
        return {**ends, "roles": roles, "status": known.get("status", "active")}

    @classmethod
    def unique_values(cls, fields: Values) -> dict[str, list[str]]:
        """The pair."""
        return {"pair": [f"{fields['organization_id']}/{fields['user_id']}"]}

    def create(self, written: Written, desired: MembershipFields) -> None:
        """One POST, which makes it active; a second request where it is declared inactive.

        What WorkOS answers to a second create for one pair is not documented: on any refusal the pair is looked up
        among active and inactive ones, and what is there decides.
        """
        pair = {"organization_id": desired["organization_id"], "user_id": desired["user_id"]}
        roles = role_body(desired.get("roles") or [])
        try:
            made = self.door.call("POST", *self.path, body={**pair, **roles})
        except Gone as gone:
            raise Gone(_END_GONE, gone.status, gone.codes, gone.request_id) from None
        except (Conflict, Refused) as refusal:
            interrupted = self.door.interrupted()

            def look() -> list[Answer]:
                params = {**pair, "statuses": STATUSES, "limit": 1}
                return list(self.door.call("GET", *self.path, params=params).get("data", []))

            found = self.door.until_listed(look) if isinstance(refusal, Conflict) else look()
            if not found:
                raise
            self.take_over(written, desired, self.seen(found[0]), interrupted=interrupted)
        else:
            written.id = id_in(made)
            written.applied = {**desired, "status": "active"}
            try:
                self.change(written, desired)
            finally:
                status = {"status": "active"} if desired.get("status") == "active" else {}
                self.see(written, {**roles, **status}, made)

    def write(self, written: Written, desired: MembershipFields, changed: Values) -> None:
        """Reactivate, change the roles, deactivate, in this order: at most two of the three."""
        path = (*self.path, written.id)
        if changed.get("status") == "active":
            answer = self.door.call("PUT", *path, "reactivate")
            written.applied["status"] = "active"
            self.see(written, {"status": "active"}, answer)
        if "roles" in changed:
            body = role_body(list(items(changed["roles"])) or [DEFAULT_ROLE])
            answer = self.door.call("PUT", *path, body=body)
            written.applied["roles"] = changed["roles"]
            self.see(written, body, answer)
        if changed.get("status") == "inactive":
            answer = self.deactivate(written.id)
            written.applied["status"] = "inactive"
            self.see(written, {"status": "inactive"}, answer)

    def switch_off(self, id_: str) -> None:
        """Deactivate a membership that left, once a process; if it is gone already, that is no error."""
        if id_ in self.removed:
            return
        with suppress(Gone):
            if taken(self.kind, {"status": "inactive"}, self.deactivate(id_)).not_taken:
                what = "WorkOS answered that the membership was deactivated and it is not; deactivate it in WorkOS"
                raise Refused(what, codes=("not_taken",), request_id=self.door.request_id())
        self.removed.add(id_)

    def deactivate(self, id_: str) -> Answer:
        """Make it inactive; WorkOS takes a repeat as done. Returns the answer. Raises Gone."""
        return self.door.call("PUT", *self.path, id_, "deactivate")


def role_body(slugs: list[str]) -> dict[str, object]:
    """The role part of a request: nothing, `role_slug`, or `role_slugs` where the environment allows several."""
    if not slugs:
        return {}
    return {"role_slug": slugs[0]} if len(slugs) == 1 else {"role_slugs": list(slugs)}
