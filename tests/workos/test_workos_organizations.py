"""Organizations against the sandbox: name, metadata, and domains that keep what was verified in WorkOS."""

from __future__ import annotations

from contextlib import closing

import pytest

from providers.workos.client import Gone, Refused, WorkOS
from providers.workos.kinds import Written
from providers.workos.organizations import Organizations
from tests.stack import KEY, Sandbox
from tests.workos.between import Between
from tests.workos.calls import (
    DELETE_ORGANIZATION,
    GET_ORGANIZATION,
    LIST_ORGANIZATIONS,
    LOOKS,
    ORGANIZATION_BY_EXTERNAL_ID,
    POST_ORGANIZATION,
    PUT_ORGANIZATION,
    made,
)
from tests.workos.declaration import Declaration, Fields, but, organization

ACME: Fields = {"metadata": {"plan": "gold"}, "domains": ["acme.example", "acme.test"]}


@pytest.fixture
def organizations(door: WorkOS, declared: Declaration) -> Organizations:
    return Organizations(door, declared)


def there(workos: Sandbox, name: str, *domains: str, state: str = "pending", **more: object) -> Written:
    """An organization that an earlier run made."""
    data = [{"domain": domain, "state": state} for domain in domains]
    body = {"name": name.title(), "external_id": f"org_{name}", "domain_data": data, **more}
    id_ = workos.call("POST", "/organizations", **body)["id"]
    return Written(id_, organization(name, domains=list(domains)))


def domains(workos: Sandbox, name: str) -> dict[str, str]:
    """The domains of an organization with their states."""
    held: dict[str, str] = workos.organizations()[f"org_{name}"]["domains"]
    return held


def test_a_new_organization_is_one_post_with_every_field(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    """Domains enter as pending: a verified one would let people join by their address."""
    desired = declared.declares_organization("acme", **ACME)
    written = made(organizations, desired)

    assert workos.asked() == {POST_ORGANIZATION: 1}
    assert workos.organizations()["org_acme"] == {
        "id": written.id,
        "name": "Acme",
        "external_id": "org_acme",
        "metadata": {"plan": "gold"},
        "domains": {"acme.example": "pending", "acme.test": "pending"},
    }
    assert (written.origin, written.applied) == ("created", desired)


def test_an_unchanged_organization_costs_no_request(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    desired = declared.declares_organization("acme", **ACME)
    written = made(organizations, desired)
    workos.clear()
    organizations.change(written, but(desired, domains=["acme.test", "acme.example"]))

    assert workos.requests()["total"] == 0


def test_name_and_metadata_change_with_one_put_and_domains_stay_out_of_it(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    written = made(organizations, declared.declares_organization("acme", **ACME))
    workos.call("PUT", f"/organizations/{written.id}", metadata={"own": "kept"})
    workos.clear()
    changed = declared.declares_organization("acme", **{**ACME, "name": "Acme Ltd", "metadata": {"seats": "5"}})
    organizations.change(written, changed)

    assert workos.asked() == {PUT_ORGANIZATION: 1}
    held = workos.organizations()["org_acme"]
    assert (held["name"], held["metadata"]) == ("Acme Ltd", {"own": "kept", "seats": "5"})
    assert written.applied == changed


def test_more_metadata_than_one_body_may_hold_takes_two_requests(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    before, after = ({f"{name}{number}": "x" for number in range(50)} for name in ("old", "new"))
    written = made(organizations, declared.declares_organization("acme", metadata=before))
    workos.clear()
    organizations.change(written, declared.declares_organization("acme", metadata=after))

    assert workos.requests()["writes"] == 2
    assert workos.organizations()["org_acme"]["metadata"] == written.applied["metadata"] == after


def test_metadata_is_cleared_with_its_own_pairs_only(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    written = made(organizations, declared.declares_organization("acme", metadata={"plan": "gold"}))
    workos.call("PUT", f"/organizations/{written.id}", metadata={"own": "kept"})
    organizations.change(written, declared.declares_organization("acme"))

    assert workos.organizations()["org_acme"]["metadata"] == {"own": "kept"}


def test_an_organization_that_is_gone_is_gone_for_every_call_but_removal(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    desired = declared.declares_organization("acme", **ACME)
    written = made(organizations, desired)
    workos.call("DELETE", f"/organizations/{written.id}")

    with pytest.raises(Gone):
        organizations.live(written.id)
    with pytest.raises(Gone):
        organizations.change(written, but(desired, name="Other"))
    with pytest.raises(Gone):
        organizations.change(written, but(desired, domains=[]))
    workos.clear()
    organizations.remove(written.id)
    organizations.remove(written.id)
    assert workos.asked() == {DELETE_ORGANIZATION: 1}


def test_the_live_organization_has_the_managed_fields(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    desired = declared.declares_organization("acme", **ACME)
    written = made(organizations, desired)
    workos.clear()

    assert organizations.live(written.id) == desired
    assert workos.asked() == {GET_ORGANIZATION: 1}


def test_a_new_domain_leaves_a_verification_made_in_workos(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    """WorkOS takes the whole set: those Ferry does not manage, and all states, are sent as they are."""
    written = made(organizations, declared.declares_organization("acme", domains=["acme.example"]))
    workos.call(
        "PUT",
        f"/organizations/{written.id}",
        domain_data=[
            {"domain": "acme.example", "state": "verified"},
            {"domain": "added.example", "state": "verified"},
            {"domain": "asked.example", "state": "pending"},
        ],
    )
    workos.clear()
    organizations.change(written, declared.declares_organization("acme", domains=["acme.example", "new.example"]))

    assert workos.asked() == {GET_ORGANIZATION: 1, PUT_ORGANIZATION: 1}
    assert domains(workos, "acme") == {
        "acme.example": "verified",
        "new.example": "pending",
        "added.example": "verified",
        "asked.example": "pending",
    }
    assert written.applied["domains"] == ["acme.example", "new.example"]


def test_a_domain_that_left_goes_and_others_stay(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    written = made(organizations, declared.declares_organization("acme", **ACME))
    data = [{"domain": one, "state": "verified"} for one in ("acme.example", "acme.test", "added.example")]
    workos.call("PUT", f"/organizations/{written.id}", domain_data=data)
    organizations.change(written, declared.declares_organization("acme", metadata=ACME["metadata"]))

    assert domains(workos, "acme") == {"added.example": "verified"}
    assert written.applied["domains"] == []


def test_an_organization_that_is_there_already_is_read_and_converged(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    own = there(workos, "acme", "acme.example", "own.example", state="verified", metadata={"own": "kept"})
    workos.clear()
    written = made(organizations, declared.declares_organization("acme", **{**ACME, "name": "Acme Ltd"}))

    assert workos.asked() == {
        POST_ORGANIZATION: 1,
        ORGANIZATION_BY_EXTERNAL_ID: 1,
        GET_ORGANIZATION: 1,
        PUT_ORGANIZATION: 1,
    }
    held = workos.organizations()["org_acme"]
    assert (held["id"], held["name"], held["metadata"]) == (own.id, "Acme Ltd", {"own": "kept", "plan": "gold"})
    assert held["domains"] == {"acme.example": "verified", "acme.test": "pending", "own.example": "verified"}
    assert (written.id, written.origin) == (own.id, "found")


def test_an_organization_that_is_there_as_declared_costs_no_write(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    there(workos, "acme", "acme.example", "own.example", state="verified")
    workos.clear()
    written = made(organizations, declared.declares_organization("acme", domains=["acme.example"]))

    assert workos.asked() == {POST_ORGANIZATION: 1, ORGANIZATION_BY_EXTERNAL_ID: 1}
    assert written.origin == "found"


def test_a_create_whose_answer_was_lost_knows_its_own_organization_again(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    workos.fault("POST", "/organizations$", "drop_after")
    desired = declared.declares_organization("acme", **ACME)
    written = made(organizations, desired)

    assert workos.asked() == {POST_ORGANIZATION: 2, ORGANIZATION_BY_EXTERNAL_ID: 1}
    assert len(workos.organizations()) == 1
    assert (written.origin, written.applied) == ("created", desired)


def test_a_refused_organization_says_why(organizations: Organizations, declared: Declaration, workos: Sandbox) -> None:
    with pytest.raises(Refused) as refused:
        made(organizations, declared.declares_organization("acme", metadata={"key": "é"}))

    assert refused.value.code == "invalid_metadata"
    assert workos.organizations() == {}


def test_a_domain_that_a_declared_organization_gives_up_is_free_for_a_new_one(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    """The giver keeps its other domains as they are; its own change, ahead of its turn, leaves nothing to do."""
    acme = there(workos, "acme", "shared.example", "acme.example", state="verified")
    given_up = declared.declares_organization("acme", domains=["acme.example"])
    workos.clear()
    written = made(organizations, declared.declares_organization("beta", domains=["shared.example"]))

    assert workos.writes() == {POST_ORGANIZATION: 2, PUT_ORGANIZATION: 1}
    assert domains(workos, "acme") == {"acme.example": "verified"}
    assert domains(workos, "beta") == {"shared.example": "pending"}
    assert written.origin == "created"
    workos.clear()
    organizations.change(acme, given_up)
    assert workos.requests()["total"] == 0


def test_a_holder_whose_turn_comes_while_another_makes_way_keeps_its_new_domain(
    declared: Declaration, workos: Sandbox
) -> None:
    acme = there(workos, "acme", "shared.example")
    moved = declared.declares_organization("acme", domains=["new.example"])
    between = Between("GET", "/organizations", lambda: busy.change(acme, moved))
    with closing(WorkOS(KEY, workos.url, rate_share=1.0, inner=between)) as door:
        busy = Organizations(door, declared)
        made(busy, declared.declares_organization("beta", domains=["shared.example"]))

    assert between.has_happened
    assert domains(workos, "acme") == {"new.example": "pending"}
    assert domains(workos, "beta") == {"shared.example": "pending"}


def test_two_organizations_swap_their_domains(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    acme, beta = there(workos, "acme", "acme.example"), there(workos, "beta", "beta.example")
    to_beta = declared.declares_organization("acme", domains=["beta.example"])
    to_acme = declared.declares_organization("beta", domains=["acme.example"])
    organizations.change(acme, to_beta)
    organizations.change(beta, to_acme)

    assert (domains(workos, "acme"), domains(workos, "beta")) == (
        {"beta.example": "pending"},
        {"acme.example": "pending"},
    )
    workos.clear()
    organizations.change(acme, to_beta)
    organizations.change(beta, to_acme)
    assert workos.requests()["total"] == 0


def test_several_domains_are_freed_from_several_organizations(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    there(workos, "acme", "one.example")
    there(workos, "beta", "two.example")
    declared.declares_organization("acme")
    declared.declares_organization("beta")
    made(organizations, declared.declares_organization("cato", domains=["one.example", "two.example"]))

    assert domains(workos, "cato") == {"one.example": "pending", "two.example": "pending"}


def test_a_domain_of_an_organization_that_this_run_removes_is_freed_by_removing_it(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    gone = there(workos, "acme", "acme.example")
    workos.clear()
    organizations.create(
        Written(holders={gone.id: ""}), declared.declares_organization("beta", domains=["acme.example"])
    )
    organizations.remove(gone.id)

    assert workos.writes() == {POST_ORGANIZATION: 2, DELETE_ORGANIZATION: 1}
    assert workos.organizations().keys() == {"org_beta"}


@pytest.mark.parametrize("declares_holder", [False, True])
def test_a_domain_that_stays_with_its_holder_is_explained(
    organizations: Organizations, declared: Declaration, workos: Sandbox, declares_holder: bool
) -> None:
    there(workos, "acme", "acme.example")
    if declares_holder:
        declared.declares_organization("acme", domains=["acme.example"])
    workos.clear()
    with pytest.raises(Refused) as refused:
        made(organizations, declared.declares_organization("beta", domains=["acme.example"]))

    assert refused.value.code == "domain_held_by_retained"
    assert "org_acme" in str(refused.value)
    assert "acme.example" in str(refused.value)
    assert workos.writes() == {POST_ORGANIZATION: 1}


def test_a_new_domain_that_another_organization_keeps_changes_nothing(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    there(workos, "acme", "acme.example")
    beta = there(workos, "beta", "beta.example")
    with pytest.raises(Refused) as refused:
        organizations.change(
            beta, declared.declares_organization("beta", name="New", domains=["acme.example", "beta.example"])
        )

    assert refused.value.code == "domain_held_by_retained"
    assert beta.applied["domains"] == ["beta.example"]
    assert workos.organizations()["org_beta"]["name"] == "Beta"


def test_a_conflict_without_a_holder_is_refused_when_it_does_not_clear(
    organizations: Organizations, declared: Declaration, workos: Sandbox
) -> None:
    workos.fault("POST", "/organizations$", times=None, status=409, body={"message": "no"})
    with pytest.raises(Refused):
        made(organizations, declared.declares_organization("acme", domains=["acme.example"]))

    assert workos.asked() == {POST_ORGANIZATION: 3, ORGANIZATION_BY_EXTERNAL_ID: 3, LIST_ORGANIZATIONS: 2 * LOOKS}
