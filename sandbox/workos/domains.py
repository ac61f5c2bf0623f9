"""``/organization_domains``: domains one by one (API reference, organization domain)."""

from collections.abc import Mapping
from typing import Final

from sandbox.http.schema import Field
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.objects import Domain, Organization
from sandbox.workos.organizations import new_domain, read_domain, shown_domain
from sandbox.workos.refusals import domain_taken, domain_verified, not_found
from sandbox.workos.state import Environment

_CREATE_FIELDS: Final = {
    "domain": Field(str, required=True, filled=True),
    "organization_id": Field(str, required=True, filled=True),
}


def create(call: Call) -> Answer:
    """Give an organization a domain whose verification is pending; 409 if any organization has it."""
    body, environment = call.read(_CREATE_FIELDS), call.environment
    organization = environment.organizations.get(body["organization_id"])
    name = read_domain(environment, body["domain"])
    if organization is None:
        raise not_found("Organization", body["organization_id"])
    call.note(organization.external_id)
    if environment.organization_by_domain(name) is not None:
        raise domain_taken()
    domain = new_domain(environment, organization.id, name, "pending")
    _set_domains(environment, organization, (*organization.domains, domain))
    return Answer(201, shown_domain(domain))


def get(call: Call) -> Answer:
    """Return one domain."""
    return Answer(200, shown_domain(_found(call)))


def delete(call: Call) -> Answer:
    """Take a domain from its organization."""
    domain, environment = _found(call), call.environment
    organization = environment.organizations[domain.organization_id]
    _set_domains(environment, organization, tuple(other for other in organization.domains if other.id != domain.id))
    return Answer(204)


def verify(call: Call) -> Answer:
    """Begin the verification: the domain is pending until DNS answers, which it never does here."""
    domain, environment = _found(call), call.environment
    if domain.state == "verified":
        raise domain_verified()
    organization = environment.organizations[domain.organization_id]
    begun = domain._replace(state="pending", updated_at=environment.registrar.moment())
    _set_domains(
        environment, organization, tuple(begun if other is domain else other for other in organization.domains)
    )
    return Answer(201, shown_domain(begun))


def _set_domains(environment: Environment, organization: Organization, domains: tuple[Domain, ...]) -> None:
    environment.set_organization(organization._replace(domains=domains, updated_at=environment.registrar.moment()))


def _found(call: Call) -> Domain:
    domain = call.environment.domain(call.parameters["id"])
    if domain is None:
        raise not_found("Organization Domain", call.parameters["id"])
    call.note(call.environment.organizations[domain.organization_id].external_id)
    return domain


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/organization_domains": {"POST": create},
    "/organization_domains/{id}": {"GET": get, "DELETE": delete},
    "/organization_domains/{id}/verify": {"POST": verify},
}
