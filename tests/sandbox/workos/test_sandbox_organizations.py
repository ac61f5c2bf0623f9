"""Organizations and their domains."""

import httpx
import pytest
from workos import WorkOSClient
from workos._errors import BadRequestError, ConflictError, NotFoundError, UnprocessableEntityError
from workos.organizations.models import Organization, OrganizationDomainData

ORGANIZATIONS = "/organizations"


def domains(**states: str) -> list[OrganizationDomainData]:
    """Domain data under ``.example``."""
    return [
        OrganizationDomainData.from_dict({"domain": f"{name}.example", "state": state})
        for name, state in states.items()
    ]


def held(organization: Organization) -> dict[str, tuple[str, str]]:
    """Domain to id and state."""
    return {domain.domain: (domain.id, domain.state.value if domain.state else "") for domain in organization.domains}


def test_a_new_organization_holds_what_was_sent_and_can_be_read_by_both_ids(workos: WorkOSClient) -> None:
    made = workos.organizations.create_organization(
        name="Acme", external_id="org_a0", metadata={"tier": "1"}, domain_data=domains(acme="pending")
    )

    assert made.id.startswith("org_01H")
    assert made.domains[0].id.startswith("org_domain_01H")
    assert [(domain.domain, domain.state, domain.organization_id) for domain in made.domains] == [
        ("acme.example", "pending", made.id)
    ]
    assert workos.organizations.get_organization(made.id).to_dict() == made.to_dict()
    assert workos.organizations.get_organization_by_external_id("org_a0").to_dict() == made.to_dict()


def test_names_may_repeat_and_external_ids_may_not(workos: WorkOSClient) -> None:
    first = workos.organizations.create_organization(name="Acme", external_id="org_1")
    second = workos.organizations.create_organization(name="Acme", external_id="org_2")

    with pytest.raises(BadRequestError) as create:
        workos.organizations.create_organization(name="Other", external_id="org_1")
    with pytest.raises(BadRequestError) as update:
        workos.organizations.update_organization(second.id, external_id="org_1")

    assert create.value.code == update.value.code == "external_id_already_used"
    assert workos.organizations.update_organization(first.id, external_id="org_1", name="A").name == "A"


def test_a_domain_of_another_organization_is_a_conflict_without_a_code(workos: WorkOSClient) -> None:
    workos.organizations.create_organization(name="Acme", domain_data=domains(acme="pending"))
    other = workos.organizations.create_organization(name="Other", domain_data=domains(other="pending"))

    with pytest.raises(ConflictError) as create:
        workos.organizations.create_organization(name="Third", domain_data=domains(acme="verified"))
    with pytest.raises(ConflictError) as update:
        workos.organizations.update_organization(other.id, name="X", domain_data=domains(acme="pending"))

    assert create.value.code is update.value.code is None
    assert workos.organizations.get_organization(other.id).to_dict() == other.to_dict()


def test_domain_data_on_update_is_the_whole_set_and_a_domain_that_stays_keeps_its_id(workos: WorkOSClient) -> None:
    made = workos.organizations.create_organization(name="Acme", domain_data=domains(a="pending", b="pending"))
    before = held(made)

    changed = held(workos.organizations.update_organization(made.id, domain_data=domains(b="verified", c="pending")))

    assert changed.keys() == {"b.example", "c.example"}
    assert changed["b.example"] == (before["b.example"][0], "verified")
    assert workos.organizations.update_organization(made.id, name="A").domains != []
    assert workos.organizations.update_organization(made.id, domain_data=[]).domains == []
    assert workos.organizations.create_organization(name="Heir", domain_data=domains(a="pending")).domains != []


def test_domain_data_adds_when_the_switch_says_merge(workos: WorkOSClient, http: httpx.Client) -> None:
    made = workos.organizations.create_organization(name="Acme", domain_data=domains(a="verified"))
    http.post("/_sandbox/settings", json={"domain_data": "merge"}).raise_for_status()

    changed = workos.organizations.update_organization(made.id, domain_data=domains(b="pending"))

    assert held(changed).keys() == {"a.example", "b.example"}


@pytest.mark.parametrize(
    "domain_data",
    [
        [{"domain": "gmail.com", "state": "pending"}],
        [{"domain": "no domain", "state": "pending"}],
        [{"domain": "acme.example", "state": "failed"}],
        [{"domain": "acme.example"}],
        [{"domain": "acme.example", "state": "pending"}, {"domain": "ACME.example", "state": "pending"}],
        ["acme.example"],
    ],
)
def test_domain_data_outside_the_rules_is_refused(http: httpx.Client, domain_data: list[object]) -> None:
    answer = http.post(ORGANIZATIONS, json={"name": "Acme", "domain_data": domain_data})

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")


@pytest.mark.parametrize("body", [{}, {"name": ""}, {"name": None}, {"name": "Acme", "domains": ["acme.example"]}])
def test_a_body_outside_the_schema_is_refused(http: httpx.Client, body: dict[str, object]) -> None:
    assert http.post(ORGANIZATIONS, json=body).status_code == 422


def test_metadata_is_merged_and_limited(workos: WorkOSClient) -> None:
    made = workos.organizations.create_organization(name="Acme", metadata={"a": "1", "b": "2"})

    changed = workos.organizations.update_organization(made.id, metadata={"a": None, "c": "3"})  # type: ignore[dict-item]

    assert changed.metadata == {"b": "2", "c": "3"}
    with pytest.raises(BadRequestError) as refused:
        workos.organizations.update_organization(made.id, metadata={"k": "v" * 601})
    assert refused.value.code == "invalid_metadata"
    assert workos.organizations.update_organization(made.id, metadata={}).metadata == {}


@pytest.mark.parametrize("kind", ["users", "organizations"])
def test_a_body_holds_50_pairs_of_metadata_nulls_included(http: httpx.Client, kind: str) -> None:
    full = {f"k{number}": "v" for number in range(50)}
    path = {"users": "/user_management/users", "organizations": "/organizations"}[kind]
    names = {"users": {"email": "ada@example.com"}, "organizations": {"name": "Acme"}}[kind]
    made = http.post(path, json={**names, "metadata": full}).raise_for_status().json()["id"]

    refused = http.put(f"{path}/{made}", json={"metadata": {**dict.fromkeys(full), "new": "v"}})
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_metadata")
    assert http.put(f"{path}/{made}", json={"metadata": dict.fromkeys(full)}).json()["metadata"] == {}


def test_an_external_id_with_a_line_break_is_found(http: httpx.Client) -> None:
    made = http.post(ORGANIZATIONS, json={"name": "Acme", "external_id": "a\n"}).raise_for_status().json()

    assert http.get(f"{ORGANIZATIONS}/external_id/a%0A").json() == made
    assert http.get(f"{ORGANIZATIONS}/external_id/a").status_code == 404


def test_a_stripe_customer_is_one_organizations(workos: WorkOSClient) -> None:
    first, second = (workos.organizations.create_organization(name=name).id for name in ("Acme", "Bolt"))
    update = workos.organizations.update_organization
    update(first, stripe_customer_id="cus_1")
    assert update(first, stripe_customer_id="cus_1").stripe_customer_id == "cus_1"

    with pytest.raises(BadRequestError) as refused:
        update(second, stripe_customer_id="cus_1")
    assert refused.value.code == "stripe_customer_id_already_used"
    workos.organizations.delete_organization(first)
    assert update(second, stripe_customer_id="cus_1").stripe_customer_id == "cus_1"


def test_deleting_answers_202_and_removes_domains_and_memberships(workos: WorkOSClient, http: httpx.Client) -> None:
    made = workos.organizations.create_organization(
        name="Acme", external_id="org_1", domain_data=domains(acme="pending")
    )
    user = workos.user_management.create_user(email="ada@example.com")
    membership = workos.organization_membership.create_organization_membership(user_id=user.id, organization_id=made.id)

    assert http.delete(f"{ORGANIZATIONS}/{made.id}").status_code == 202

    with pytest.raises(NotFoundError):
        workos.organizations.get_organization_by_external_id("org_1")
    with pytest.raises(NotFoundError):
        workos.organization_membership.get_organization_membership(membership.id)
    assert workos.organization_membership.list_organization_memberships(user_id=user.id).data == []
    heir = workos.organizations.create_organization(
        name="Acme", external_id="org_1", domain_data=domains(acme="pending")
    )
    assert heir.id != made.id


def test_organizations_are_listed_by_domain_and_by_words_of_the_name(workos: WorkOSClient) -> None:
    acme = workos.organizations.create_organization(name="Acme Corp", domain_data=domains(acme="pending"))
    other = workos.organizations.create_organization(name="Globex", domain_data=domains(globex="pending"))

    def ids(wanted: list[str] | None = None, search: str | None = None) -> list[str]:
        return [one.id for one in workos.organizations.list_organizations(domains=wanted, search=search).data]

    assert ids() == [other.id, acme.id]
    assert ids(wanted=["acme.example"]) == [acme.id]
    assert ids(wanted=["acme.example", "globex.example", "none.example"]) == [other.id, acme.id]
    assert ids(search="acme") == [acme.id]
    assert ids(wanted=["none.example"]) == []


def test_an_external_id_over_128_characters_is_refused(workos: WorkOSClient) -> None:
    with pytest.raises(UnprocessableEntityError):
        workos.organizations.create_organization(name="Acme", external_id="x" * 129)
