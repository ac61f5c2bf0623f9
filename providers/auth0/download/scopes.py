"""What the application must be granted, checked before anything is fetched."""

from __future__ import annotations

from typing import NamedTuple

from providers.auth0.download.errors import DownloadError, Gone, Refused
from providers.auth0.download.lists import MEMBER_FIELDS
from providers.auth0.download.management import Management
from providers.auth0.download.paging import own_id


class Scope(NamedTuple):
    """A scope of the Management API and what it is asked for (Management API reference, scopes of each call)."""

    name: str
    purpose: str


NEEDED = (
    Scope("read:users", "the export job of all users"),
    Scope("read:organizations", "the organizations"),
    Scope("read:organization_members", "who is a member of which organization"),
    Scope("read:organization_member_roles", "the roles of the members"),
    Scope("read:organization_discovery_domains", "the domains of the organizations"),
    Scope("read:organization_connections", "the connections that are enabled in an organization"),
    Scope("read:roles", "the roles with their descriptions"),
)
#: No job has this id: who may read jobs is told so, who may not is refused.
_NO_JOB = "job_0000000000000000"


def check_scopes(management: Management) -> None:
    """Raises DownloadError that names every scope that is missing and what it is for.

    The scopes are those of the token's answer; if that names none, one call of each kind is tried.
    """
    management.token()
    granted = management.token.scopes
    if granted is None:
        refused = _probe(management)
        missing = [scope for scope in NEEDED if scope.name in refused]
    else:
        missing = [scope for scope in NEEDED if scope.name not in granted]
    if missing:
        width = max(len(scope.name) for scope in missing)
        lines = "".join(f"\n  {scope.name:<{width}}  {scope.purpose}" for scope in missing)
        raise DownloadError(
            f"the application lacks {len(missing)} of the {len(NEEDED)} scopes that a download needs:{lines}\n"
            "Grant them in Auth0: Dashboard, Applications, APIs, Auth0 Management API, Machine to Machine "
            "Applications. Nothing was downloaded"
        )


def _probe(management: Management) -> set[str]:
    """The scopes without which Auth0 refuses; those of members, domains and connections only if an organization is
    there to ask for.
    """
    refused: set[str] = set()

    def ask(scope: str, *path: str, **params: str | int) -> object:
        try:
            return management.get(*path, **params)
        except Gone:
            return None
        except Refused as error:
            if error.status == 403:
                refused.add(scope)
            elif error.status == 401:
                raise
            return None

    ask("read:users", "jobs", _NO_JOB)
    ask("read:roles", "roles", per_page=1)
    page = ask("read:organizations", "organizations", take=1)
    items = page.get("organizations") if isinstance(page, dict) else page
    if isinstance(items, list) and items and isinstance(items[0], dict) and (own := own_id(items[0], "id")):
        path = ("organizations", own)
        ask("read:organization_members", *path, "members", take=1, fields="user_id")
        if "read:organization_members" not in refused:
            ask("read:organization_member_roles", *path, "members", take=1, fields=MEMBER_FIELDS)
        ask("read:organization_discovery_domains", *path, "discovery-domains", take=1)
        ask("read:organization_connections", *path, "enabled_connections", per_page=1)
    return refused
