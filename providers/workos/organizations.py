"""WorkOS organizations: name, metadata, domains."""

from __future__ import annotations

from providers.workos.client import EXTERNAL_ID_USED, Conflict
from providers.workos.kinds import RETAINED, Fields, Records, Written, held_by_retained, id_in, merged_metadata, refused

ORGANIZATIONS = ("organizations",)
_ATTEMPTS = 3
#: Domain states WorkOS accepts back; `legacy_verified` counts as verified, all others as pending.
_VERIFIED = frozenset({"verified", "legacy_verified"})


class Organizations(Records):
    """One WorkOS organization a record, found again by its external id."""

    kind = "organizations"

    def create(self, written: Written, desired: Fields) -> None:
        """One POST with every field; domains enter as pending."""
        body: Fields = {"name": desired["name"], "external_id": desired["external_id"]}
        if desired.get("metadata"):
            body["metadata"] = desired["metadata"]
        if desired.get("domains"):
            body["domain_data"] = [{"domain": domain, "state": "pending"} for domain in desired["domains"]]
        for attempt in range(_ATTEMPTS):
            try:
                made = self.door.call("POST", *ORGANIZATIONS, body=body)
            except Conflict as conflict:
                interrupted = self.door.interrupted()
                found = self.get(*ORGANIZATIONS, "external_id", desired["external_id"])
                if found is not None:
                    live = {"id": found["id"], **organization_fields(found)}
                    self.take_over(written, desired, live, interrupted=interrupted)
                    return
                if attempt == _ATTEMPTS - 1:
                    raise refused(conflict, conflict.code, "WorkOS reports a conflict that does not clear") from None
                self._make_way(written, desired, desired.get("domains") or [], conflict)
            else:
                written.id, written.applied = id_in(made), dict(desired)
                self.see(written, body, made)
                return

    def change(self, written: Written, desired: Fields) -> None:
        """Likewise; domains that were freed ahead of its turn are given up already."""
        self._note_freed(written)
        super().change(written, desired)

    def write(self, written: Written, desired: Fields, changed: Fields) -> None:
        """One PUT; domains are re-sent whole, with their live state, and with those Ferry does not manage."""
        changed = self.shed(written, changed, *ORGANIZATIONS)
        body: Fields = {name: changed[name] for name in ("external_id", "name", "metadata") if name in changed}
        wanted, answer = changed.get("domains") or [], {}
        for attempt in range(_ATTEMPTS):
            try:
                with self.alone(written.id):
                    self._note_freed(written)
                    if "domains" in changed and set(wanted) != set(written.applied.get("domains") or []):
                        body["domain_data"] = self._domain_data(written, wanted)
                    if body:
                        answer = self.door.call("PUT", *ORGANIZATIONS, written.id, body=body)
                break
            except Conflict as conflict:
                if "domains" not in changed or attempt == _ATTEMPTS - 1:
                    raise refused(conflict, conflict.code, "another organization holds this identity") from None
                fresh = [domain for domain in wanted if domain not in (written.applied.get("domains") or [])]
                self._make_way(written, desired, fresh, conflict)
        after = {name: value for name, value in changed.items() if name != "metadata"}
        if "metadata" in changed:
            after["metadata"] = merged_metadata(written.applied, changed["metadata"])
        written.applied |= after
        if "domain_data" in body:
            body = {**body, "domain_data": [sent for sent in body["domain_data"] if sent["domain"] in wanted]}
        self.see(written, body, answer)

    def live(self, id_: str) -> Fields:
        """The organization as WorkOS holds it."""
        return organization_fields(self.door.call("GET", *ORGANIZATIONS, id_))

    def remove(self, id_: str) -> None:
        """Delete the organization; WorkOS answers before it is done and deletes its memberships with it."""
        self.delete(*ORGANIZATIONS, id_)

    def _note_freed(self, written: Written) -> None:
        """Take from `applied` the domains that it gave up for another organization before or during its turn."""
        freed = self.made_way.pop(written.id, {})
        if freed:
            written.applied["domains"] = [
                domain for domain in written.applied.get("domains") or [] if domain not in freed
            ]

    def _domain_data(self, written: Written, wanted: list[str]) -> list[dict[str, str]]:
        states = self._states(written.id)
        managed = set(written.applied.get("domains") or [])
        kept = [*wanted, *(domain for domain in states if domain not in managed and domain not in wanted)]
        return [{"domain": domain, "state": states.get(domain, "pending")} for domain in kept]

    def _states(self, id_: str) -> dict[str, str]:
        """The domains that an organization has now, with their states as WorkOS takes them back."""
        live = self.door.call("GET", *ORGANIZATIONS, id_).get("domains") or []
        return {str(domain["domain"]): "verified" if domain.get("state") in _VERIFIED else "pending" for domain in live}

    def _make_way(self, written: Written, desired: Fields, domains: list[str], conflict: Conflict) -> None:
        """Free the domains that organizations of this stack give up in this run; a domain nobody holds is free."""

        def look() -> list[tuple[str, Fields]]:
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

    def _holders(self, domain: str, own: str) -> list[Fields]:
        found = self.door.call("GET", *ORGANIZATIONS, params={"domains": domain, "limit": 1}).get("data", [])
        return [holder for holder in found if holder["id"] != own]

    def _give_up(self, id_: str, domain: str) -> None:
        """Take a domain from an organization; its others stay as they are now, its own turn may have changed them."""
        with self.alone(id_):
            states = self._states(id_)
            if domain in states:
                data = [{"domain": name, "state": state} for name, state in states.items() if name != domain]
                self.door.call("PUT", *ORGANIZATIONS, id_, body={"domain_data": data})
            self.made_way.setdefault(id_, {})[domain] = None


def organization_fields(organization: Fields) -> Fields:
    """A WorkOS organization object as the differ sees it."""
    return {
        "external_id": organization.get("external_id"),
        "name": organization.get("name"),
        "domains": [domain["domain"] for domain in organization.get("domains") or []],
        "metadata": organization.get("metadata") or {},
    }
