"""``/organizations`` (API reference, organization).

A verified domain switches on automatic joining in WorkOS; the sandbox has no sign-ins, so nobody joins here.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from sandbox.http.identifiers import timestamp
from sandbox.http.refusals import invalid_parameters
from sandbox.http.schema import EXTERNAL_ID, FLAG, METADATA, TEXT, Field, read_body
from sandbox.workos.attributes import first_metadata, merge_metadata
from sandbox.workos.call import Answer, Call, Operation
from sandbox.workos.objects import Domain, Organization
from sandbox.workos.refusals import domain_conflict, external_id_taken, not_found, stripe_customer_taken
from sandbox.workos.series import PAGE_PARAMETERS, Series, cut_page
from sandbox.workos.state import Environment

#: Mail providers whose domains no organization can own; WorkOS's whole list, status and code are not documented.
CONSUMER_DOMAINS: Final = frozenset({"gmail.com", "outlook.com", "hotmail.com", "yahoo.com", "icloud.com"})
#: States that may be written; others are only read (API reference, organization domain).
WRITABLE_STATES: Final = ("pending", "verified")

_CREATE_FIELDS: Final = {
    "name": Field(str, required=True, filled=True),
    "domain_data": Field(list),
    "metadata": METADATA,
    "external_id": EXTERNAL_ID,
    "allow_profiles_outside_organization": FLAG,
}
_UPDATE_FIELDS: Final = {**_CREATE_FIELDS, "name": Field(str, filled=True), "stripe_customer_id": TEXT}
_DOMAIN_FIELDS: Final = {"domain": Field(str, required=True, filled=True), "state": Field(str, required=True)}
_PLAIN_FIELDS: Final = ("name", "external_id", "stripe_customer_id", "allow_profiles_outside_organization")
_LIST_PARAMETERS: Final = PAGE_PARAMETERS | {"domains", "domains[]", "search"}
_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def shown(organization: Organization) -> dict[str, Any]:
    """Return the organization as WorkOS gives it out."""
    shown = {
        "object": "organization",
        "id": organization.id,
        "name": organization.name,
        "domains": [shown_domain(domain) for domain in organization.domains],
        "metadata": dict(organization.metadata),
        "external_id": organization.external_id,
        "allow_profiles_outside_organization": organization.allow_profiles_outside_organization,
        "created_at": timestamp(organization.created_at),
        "updated_at": timestamp(organization.updated_at),
    }
    if organization.stripe_customer_id is not None:
        shown["stripe_customer_id"] = organization.stripe_customer_id
    return shown


def create(call: Call) -> Answer:
    """Make an organization; its name need not be unique, its external id and domains must be."""
    body, environment = call.read(_CREATE_FIELDS), call.environment
    metadata = first_metadata(body, environment.switches)
    states = _read_domains(environment, body.get("domain_data", []))
    if environment.organization_by_external_id(body.get("external_id")) is not None:
        raise external_id_taken()
    check_domains(environment, states, None)
    identifier, moment = environment.registrar.identify("org")
    organization = Organization(
        id=identifier,
        created_at=moment,
        updated_at=moment,
        name=body["name"],
        external_id=body.get("external_id"),
        metadata=metadata,
        domains=tuple(new_domain(environment, identifier, name, state) for name, state in states.items()),
        allow_profiles_outside_organization=body.get("allow_profiles_outside_organization", False),
    )
    environment.set_organization(organization)
    return Answer(201, shown(organization))


def get(call: Call) -> Answer:
    """Return one organization."""
    return Answer(200, shown(found(call)))


def get_by_external_id(call: Call) -> Answer:
    """Return the organization with an external id."""
    external_id = call.parameters["external_id"]
    call.note(external_id)
    organization = call.environment.organization_by_external_id(external_id)
    if organization is None:
        raise not_found("Organization", external_id)
    return Answer(200, shown(organization))


def update(call: Call) -> Answer:
    """Change the fields that are sent; ``domain_data`` is the whole set of domains unless the switch says merge."""
    organization, environment = found(call), call.environment
    body = call.read(_UPDATE_FIELDS)
    metadata = merge_metadata(organization.metadata, body, environment.switches)
    states = _read_domains(environment, body.get("domain_data", []))
    if (environment.organization_by_external_id(body.get("external_id")) or organization).id != organization.id:
        raise external_id_taken()
    if (
        environment.organization_by_stripe_customer(body.get("stripe_customer_id")) or organization
    ).id != organization.id:
        raise stripe_customer_taken()
    check_domains(environment, states, organization.id)
    sent: dict[str, Any] = {name: body[name] for name in _PLAIN_FIELDS if name in body}
    if "domain_data" in body:
        sent["domains"] = _merged_domains(environment, organization, states)
    organization = organization._replace(metadata=metadata, updated_at=environment.registrar.moment(), **sent)
    environment.set_organization(organization)
    return Answer(200, shown(organization))


def delete(call: Call) -> Answer:
    """Delete an organization with its domains and memberships; 202 although it is gone at once here."""
    call.environment.remove_organization(found(call))
    return Answer(202)


def list_page(call: Call) -> Answer:
    """List organizations: all, those that hold one of ``domains``, or those whose name contains ``search``.

    How ``search`` matches is not documented; here it ignores case. It is the one call that walks the names.
    """
    environment, asked = call.environment, call.read_page(_LIST_PARAMETERS, "org")
    domains = [name for key in ("domains", "domains[]") for text in call.query.get(key, []) for name in text.split(",")]
    if "" in domains:
        raise invalid_parameters("domains_invalid", "domains must be names of domains.")
    series = _holders(environment, domains) if domains else environment.organization_series
    words = call.query.get("search", [""])[-1].lower()
    page = cut_page(
        [series], asked, (lambda id_: words in environment.organizations[id_].name.lower()) if words else None
    )
    return Answer(200, page.shown(lambda identifier: shown(environment.organizations[identifier])))


def found(call: Call) -> Organization:
    """Return the organization that the path names, and note it for the log."""
    organization = call.environment.organizations.get(call.parameters["id"])
    if organization is None:
        raise not_found("Organization", call.parameters["id"])
    call.note(organization.external_id)
    return organization


def shown_domain(domain: Domain) -> dict[str, Any]:
    """Return the domain as WorkOS gives it out."""
    return {
        "object": "organization_domain",
        "id": domain.id,
        "organization_id": domain.organization_id,
        "domain": domain.domain,
        "state": domain.state,
        "verification_strategy": "manual" if domain.state == "verified" else "dns",
        "created_at": timestamp(domain.created_at),
        "updated_at": timestamp(domain.updated_at),
    }


def new_domain(environment: Environment, organization_id: str, name: str, state: str) -> Domain:
    """Return a domain with an id of its own, to be held by an organization."""
    identifier, moment = environment.registrar.identify("org_domain")
    return Domain(identifier, moment, moment, organization_id, name, state)


def _read_domains(environment: Environment, sent: list[object]) -> dict[str, str]:
    """Return domain to state; refuse a domain that is none, is there twice, or belongs to a mail provider."""
    states: dict[str, str] = {}
    for domain in sent:
        body = read_body(domain, _DOMAIN_FIELDS, ignore_unknown=environment.switches.unknown_fields == "ignore")
        name, state = read_domain(environment, body["domain"]), body["state"]
        if state not in WRITABLE_STATES:
            raise invalid_parameters("state_invalid", f"state must be one of {', '.join(WRITABLE_STATES)}.")
        if name in states:
            raise invalid_parameters("domain_repeated", "domain_data must name each domain once.")
        states[name] = state
    return states


def read_domain(environment: Environment, text: str) -> str:
    """Return a domain name as WorkOS holds it; refuse what is none, or a mail provider's."""
    name = text.strip().lower()
    if _DOMAIN.fullmatch(name) is None:
        raise invalid_parameters("domain_invalid", "domain must be a domain name.")
    if name in CONSUMER_DOMAINS and environment.switches.consumer_domains == "refuse":
        raise invalid_parameters("consumer_domain_not_allowed", "Domains of mail providers are not allowed.")
    return name


def check_domains(environment: Environment, names: Iterable[str], owner_id: str | None) -> None:
    """Refuse domains that another organization than the owner holds."""
    holders = (environment.organization_by_domain(name) for name in names)
    if any(holder is not None and holder.id != owner_id for holder in holders):
        raise domain_conflict()


def _merged_domains(environment: Environment, organization: Organization, states: dict[str, str]) -> tuple[Domain, ...]:
    """Return the domains after an update; those that stay keep their ids, and all stay if the switch says merge."""
    known = {domain.domain: domain for domain in organization.domains}
    kept = (
        {}
        if environment.switches.domain_data == "replace"
        else {name: known_domain.state for name, known_domain in known.items()}
    )
    return tuple(
        _domain(environment, organization, known.get(name), name, state) for name, state in (kept | states).items()
    )


def _domain(
    environment: Environment, organization: Organization, known: Domain | None, name: str, state: str
) -> Domain:
    if known is None:
        return new_domain(environment, organization.id, name, state)
    return known if known.state == state else known._replace(state=state, updated_at=environment.registrar.moment())


def _holders(environment: Environment, domains: list[str]) -> Series:
    holders = (environment.organization_by_domain(name.strip().lower()) for name in domains)
    series = Series()
    for identifier in {organization.id for organization in holders if organization is not None}:
        series.add(identifier)
    return series


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/organizations": {"POST": create, "GET": list_page},
    "/organizations/external_id/{external_id:rest}": {"GET": get_by_external_id},
    "/organizations/{id}": {"GET": get, "PUT": update, "DELETE": delete},
}
