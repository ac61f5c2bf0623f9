"""``/organizations`` (API reference, organization).

A verified domain switches on automatic joining in WorkOS; the sandbox has no sign-ins, so nobody joins here.
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from sandbox.attributes import first_metadata, merge_metadata
from sandbox.endpoint import Answer, Call, Operation
from sandbox.refusals import domain_conflict, external_id_taken, invalid_parameters, not_found
from sandbox.schema import EXTERNAL_ID, FLAG, METADATA, TEXT, Field, read_body, read_query
from sandbox.series import PAGE_PARAMETERS, Series, cut_page, page_request
from sandbox.state import Domain, Environment, Organization

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
_LIST_PARAMETERS: Final = PAGE_PARAMETERS | {"domains", "domains[]", "search"}
_DOMAIN: Final = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+")


def shown(organization: Organization) -> dict[str, Any]:
    """Return the organization as WorkOS gives it out."""
    shown = {
        "object": "organization",
        "id": organization.id,
        "name": organization.name,
        "domains": [_shown_domain(organization, domain) for domain in organization.domains],
        "metadata": organization.metadata,
        "external_id": organization.external_id,
        "allow_profiles_outside_organization": organization.allow_profiles_outside_organization,
        "created_at": organization.created_at,
        "updated_at": organization.updated_at,
    }
    if organization.stripe_customer_id is not None:
        shown["stripe_customer_id"] = organization.stripe_customer_id
    return shown


def create(call: Call) -> Answer:
    """Make an organization; its name need not be unique, its external id and domains must be."""
    body, environment = read_body(call.body, _CREATE_FIELDS), call.environment
    metadata, states = first_metadata(body.get("metadata")), _read_domains(body.get("domain_data", []))
    if body.get("external_id") in environment.organizations_by_external_id:
        raise external_id_taken()
    _check_domains(environment, states, None)
    identifier, moment = environment.registrar.identify("org")
    organization = Organization(identifier, moment, moment, body["name"], body.get("external_id"), metadata)
    organization.allow_profiles_outside_organization = body.get("allow_profiles_outside_organization", False)
    environment.add_organization(organization)
    environment.set_domains(organization, states)
    return Answer(201, shown(organization))


def get(call: Call) -> Answer:
    """Return one organization."""
    return Answer(200, shown(_found(call)))


def get_by_external_id(call: Call) -> Answer:
    """Return the organization with an external id."""
    external_id = call.parameters["external_id"]
    call.note(external_id)
    organization = call.environment.organizations_by_external_id.get(external_id)
    if organization is None:
        raise not_found("Organization", external_id)
    return Answer(200, shown(organization))


def update(call: Call) -> Answer:
    """Change the fields that are sent; ``domain_data`` is the whole set of domains unless the switch says merge."""
    organization, environment = _found(call), call.environment
    body = read_body(call.body, _UPDATE_FIELDS)
    metadata = merge_metadata(organization.metadata, body["metadata"]) if "metadata" in body else organization.metadata
    states = _read_domains(body.get("domain_data", []))
    external_id = body.get("external_id", organization.external_id)
    if (
        external_id is not None
        and environment.organizations_by_external_id.get(external_id, organization) is not organization
    ):
        raise external_id_taken()
    _check_domains(environment, states, organization)
    if external_id != organization.external_id:
        environment.rename_organization(organization, external_id)
    if "domain_data" in body:
        environment.set_domains(organization, _kept_domains(environment, organization) | states)
    organization.metadata = metadata
    for name in ("name", "stripe_customer_id", "allow_profiles_outside_organization"):
        setattr(organization, name, body.get(name, getattr(organization, name)))
    organization.updated_at = environment.registrar.moment()
    return Answer(200, shown(organization))


def delete(call: Call) -> Answer:
    """Delete an organization with its domains and memberships; 202 although it is gone at once here."""
    call.environment.remove_organization(_found(call))
    return Answer(202)


def list_page(call: Call) -> Answer:
    """List organizations: all, those that hold one of ``domains``, or those whose name contains ``search``.

    How ``search`` matches is not documented; here it ignores case. It is the one call that walks the names.
    """
    read_query(call.query, _LIST_PARAMETERS)
    environment, asked = call.environment, page_request(call.query, "org")
    domains = [name for key in ("domains", "domains[]") for text in call.query.get(key, []) for name in text.split(",")]
    series = _holders(environment, domains) if domains else environment.organization_series
    words = call.query.get("search", [""])[-1].lower()
    page = cut_page(
        [series], asked, (lambda one: words in environment.organizations[one].name.lower()) if words else None
    )
    return Answer(200, page.shown(lambda identifier: shown(environment.organizations[identifier])))


def _found(call: Call) -> Organization:
    organization = call.environment.organizations.get(call.parameters["id"])
    if organization is None:
        raise not_found("Organization", call.parameters["id"])
    call.note(organization.external_id)
    return organization


def _shown_domain(organization: Organization, domain: Domain) -> dict[str, Any]:
    return {
        "object": "organization_domain",
        "id": domain.id,
        "organization_id": organization.id,
        "domain": domain.domain,
        "state": domain.state,
        "verification_strategy": "manual" if domain.state == "verified" else "dns",
        "created_at": domain.created_at,
        "updated_at": domain.updated_at,
    }


def _read_domains(sent: list[object]) -> dict[str, str]:
    """Return domain to state; refuse a domain that is none, is there twice, or belongs to a mail provider."""
    states: dict[str, str] = {}
    for one in sent:
        body = read_body(one, _DOMAIN_FIELDS)
        name, state = body["domain"].strip().lower(), body["state"]
        if _DOMAIN.fullmatch(name) is None:
            raise invalid_parameters("domain_invalid", "domain must be a domain name.")
        if state not in WRITABLE_STATES:
            raise invalid_parameters("state_invalid", f"state must be one of {', '.join(WRITABLE_STATES)}.")
        if name in states:
            raise invalid_parameters("domain_repeated", "domain_data must name each domain once.")
        if name in CONSUMER_DOMAINS:
            raise invalid_parameters("consumer_domain_not_allowed", "Domains of mail providers are not allowed.")
        states[name] = state
    return states


def _check_domains(environment: Environment, states: Mapping[str, str], owner: Organization | None) -> None:
    if any(environment.organizations_by_domain.get(name, owner) is not owner for name in states):
        raise domain_conflict()


def _kept_domains(environment: Environment, organization: Organization) -> dict[str, str]:
    if environment.switches.domain_data == "replace":
        return {}
    return {domain.domain: domain.state for domain in organization.domains}


def _holders(environment: Environment, domains: list[str]) -> Series:
    holders = (environment.organizations_by_domain.get(name.strip().lower()) for name in domains)
    series = Series()
    for identifier in {organization.id for organization in holders if organization is not None}:
        series.add(identifier)
    return series


OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    "/organizations": {"POST": create, "GET": list_page},
    "/organizations/external_id/{external_id:path}": {"GET": get_by_external_id},
    "/organizations/{id}": {"GET": get, "PUT": update, "DELETE": delete},
}
