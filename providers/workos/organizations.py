"""WorkOS organizations: name, metadata, domains."""

from __future__ import annotations

from providers.directory.differ import items, pairs, text
from providers.directory.model import OrganizationFields
from providers.directory.schema import Values
from providers.workos.client import EXTERNAL_ID_USED, Answer, Body, Conflict
from providers.workos.kinds import (
    RETAINED,
    Creation,
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
from providers.workos.taken import merged

_ATTEMPTS = 3
#: Domain states WorkOS accepts back; `legacy_verified` counts as verified, all others as pending.
_VERIFIED = frozenset({"verified", "legacy_verified"})


class Organizations(Records[OrganizationFields]):
    """One WorkOS organization a record, found again by its external id."""

    kind = "organizations"
    path = ("organizations",)
    conflicts = {"external_id": EXTERNAL_ID_USED}  # noqa: RUF012 - as in the base

    @classmethod
    def requests(cls, step: Step) -> list[Request]:
        """One POST or PUT; before domains change, one look at those that are there."""
        if isinstance(step, Creation):
            return [Request("POST", cls.template(), "organizations")]
        path = cls.one()
        if isinstance(step, Update):
            look = [Request("GET", path)] if "domains" in step.news else []
            return [*[Request("PUT", path)] * puts(step.news), *look]
        return [Request("DELETE", path, "organizations")]

    @classmethod
    def fields_of(cls, answer: Answer) -> OrganizationFields:
        """A WorkOS organization object as the differ sees it."""
        return {
            "external_id": answer.get("external_id"),
            "name": answer.get("name"),
            "domains": [domain["domain"] for domain in answer.get("domains") or []],
            "metadata": answer.get("metadata") or {},
        }

    @classmethod
    def answer_of(cls, fields: Values) -> Answer:
        """Domains are objects there."""
        return {**fields, "domains": [{"domain": name, "state": "pending"} for name in items(fields["domains"])]}

    @classmethod
    def after(cls, known: Values, body: Body) -> dict[str, object]:
        """Metadata is merged; domains are replaced by those that are sent."""
        sent = {"domains": body["domain_data"]} if "domain_data" in body else {}
        domains = cls.fields_of(sent)["domains"] if sent else list(items(known.get("domains")))
        changed = {name: body.get(name, known.get(name)) for name in ("external_id", "name")}
        metadata = merged(pairs(known.get("metadata")), pairs(body.get("metadata")))
        return {**changed, "domains": domains, "metadata": metadata}

    @classmethod
    def unique_values(cls, fields: Values) -> dict[str, list[str]]:
        """Domains and external id."""
        return {"domains": list(items(fields["domains"])), "external_id": [text(fields["external_id"])]}

    def create(self, written: Written, desired: OrganizationFields) -> None:
        """One POST with every field; domains enter as pending."""
        body: dict[str, object] = {"name": desired["name"], "external_id": desired["external_id"]}
        if desired.get("metadata"):
            body["metadata"] = desired["metadata"]
        if desired.get("domains"):
            body["domain_data"] = [{"domain": domain, "state": "pending"} for domain in desired["domains"]]
        for attempt in range(_ATTEMPTS):
            try:
                made = self.door.call("POST", *self.path, body=body)
            except Conflict as conflict:
                interrupted = self.door.interrupted()
                found = self.with_external_id(text(desired["external_id"]))
                if found is not None:
                    self.take_over(written, desired, found, interrupted=interrupted)
                    return
                if attempt == _ATTEMPTS - 1:
                    raise refused(conflict, conflict.code, "WorkOS reports a conflict that does not clear") from None
                self._make_way(written, desired, desired.get("domains") or [], conflict)
            else:
                written.id, written.applied = id_in(made), {**desired}
                self.see(written, body, made)
                return

    def change(self, written: Written, desired: OrganizationFields) -> None:
        """Likewise; domains that were freed ahead of its turn are given up already."""
        self._note_freed(written)
        super().change(written, desired)

    def write(self, written: Written, desired: OrganizationFields, changed: Values) -> None:
        """One PUT; domains are re-sent whole, with their live state, and with those Ferry does not manage."""
        changed = self.shed(written, changed)
        body: dict[str, object] = {
            name: changed[name] for name in ("external_id", "name", "metadata") if name in changed
        }
        wanted, answer = list(items(changed.get("domains"))), Answer()
        for attempt in range(_ATTEMPTS):
            try:
                with self.alone(written.id):
                    self._note_freed(written)
                    if "domains" in changed and set(wanted) != set(items(written.applied.get("domains"))):
                        body["domain_data"] = self._domain_data(written, wanted)
                    if body:
                        answer = self.door.call("PUT", *self.path, written.id, body=body)
                break
            except Conflict as conflict:
                if "domains" not in changed or attempt == _ATTEMPTS - 1:
                    raise refused(conflict, conflict.code, "another organization holds this identity") from None
                fresh = [domain for domain in wanted if domain not in items(written.applied.get("domains"))]
                self._make_way(written, desired, fresh, conflict)
        after = {name: value for name, value in changed.items() if name != "metadata"}
        if "metadata" in changed:
            after["metadata"] = merged(pairs(written.applied.get("metadata")), pairs(changed["metadata"]))
        written.applied |= after
        if "domain_data" in body:
            body["domain_data"] = [{"domain": domain} for domain in wanted]
        self.see(written, body, answer)

    def _note_freed(self, written: Written) -> None:
        """Take from `applied` the domains that it gave up for another organization before or during its turn."""
        freed = self.made_way.pop(written.id, {})
        if freed:
            written.applied["domains"] = [
                domain for domain in items(written.applied.get("domains")) if domain not in freed
            ]

    def _domain_data(self, written: Written, wanted: list[str]) -> list[dict[str, str]]:
        states = self._states(written.id)
        managed = set(items(written.applied.get("domains")))
        kept = [*wanted, *(domain for domain in states if domain not in managed and domain not in wanted)]
        return [{"domain": domain, "state": states.get(domain, "pending")} for domain in kept]

    def _states(self, id_: str) -> dict[str, str]:
        """The domains that an organization has now, with their states as WorkOS takes them back."""
        live = self.door.call("GET", *self.path, id_).get("domains") or []
        return {str(domain["domain"]): "verified" if domain.get("state") in _VERIFIED else "pending" for domain in live}

    def _make_way(self, written: Written, desired: OrganizationFields, domains: list[str], conflict: Conflict) -> None:
        """Free the domains that organizations of this stack give up in this run; a domain nobody holds is free."""

        def look() -> list[tuple[str, Answer]]:
            return [(domain, holder) for domain in domains for holder in self._holders(domain, written.id)]

        is_domain = conflict.code != EXTERNAL_ID_USED
        for domain, holder in self.door.until_listed(look) if is_domain else look():
            id_, external_id = str(holder["id"]), str(holder.get("external_id") or "")
            target = self.declared.organization(external_id) if external_id else None
            if target is not None and domain not in target["domains"]:
                self._give_up(id_, domain)
            elif written.holders.get(id_) == "":
                self.remove(id_)
            else:
                is_known = written.holders.get(id_) == RETAINED
                what = held_by_retained("organizations", external_id, f"the domain {domain}", is_known=is_known)
                raise refused(conflict, "domain_held_by_retained", what)

    def _holders(self, domain: str, own: str) -> list[Answer]:
        found = self.door.call("GET", *self.path, params={"domains": domain, "limit": 1}).get("data", [])
        return [holder for holder in found if holder["id"] != own]

    def _give_up(self, id_: str, domain: str) -> None:
        """Take a domain from an organization; its others stay as they are now, its own turn may have changed them."""
        with self.alone(id_):
            states = self._states(id_)
            if domain in states:
                data = [{"domain": name, "state": state} for name, state in states.items() if name != domain]
                self.door.call("PUT", *self.path, id_, body={"domain_data": data})
            self.made_way.setdefault(id_, {})[domain] = None
