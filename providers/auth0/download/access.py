"""Which tenant is downloaded and by which application: environment in, `Access` out. Names no value in any message."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from providers.auth0.download.errors import DownloadError
from providers.settings import is_loopback

#: A host name of at least two labels; an Auth0 domain or a custom one.
_DOMAIN = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+", re.ASCII)
_WHERE = "Dashboard, Applications: a Machine to Machine application authorized for the Auth0 Management API has them"


@dataclass(frozen=True)
class Access:
    """A tenant's domain, the server that is asked (without a slash at its end), and an application's credentials."""

    domain: str
    base_url: str
    client_id: str = field(repr=False)
    client_secret: str = field(repr=False)

    @property
    def tenant(self) -> str:
        """The domain's first label, which is the tenant's name unless the domain is a custom one."""
        return self.domain.partition(".")[0]

    @property
    def audience(self) -> str:
        """The Management API's name in token requests, whatever server is asked."""
        return f"https://{self.domain}/api/v2/"


def read_access(environment: Mapping[str, str]) -> Access:
    """`AUTH0_DOMAIN`, `AUTH0_CLIENT_ID`, `AUTH0_CLIENT_SECRET`, and `AUTH0_BASE_URL` instead of `https://<domain>`.

    Raises DownloadError with all that is missing or unusable.
    """
    names = ("AUTH0_DOMAIN", "AUTH0_CLIENT_ID", "AUTH0_CLIENT_SECRET")
    values = {name: environment.get(name, "").strip() for name in names}
    missing = [name for name in names if not values[name]]
    if missing:
        raise DownloadError(f"{' and '.join(missing)} must be set in the environment. {_WHERE}")
    domain, client_id, client_secret = values.values()
    domain = domain.lower().removeprefix("https://").rstrip("/")
    if not _DOMAIN.fullmatch(domain):
        raise DownloadError("AUTH0_DOMAIN is not a domain. Example: acme.eu.auth0.com")
    for name, text in (("AUTH0_CLIENT_ID", client_id), ("AUTH0_CLIENT_SECRET", client_secret)):
        if not text.isascii() or not text.isprintable():
            raise DownloadError(f"{name} holds characters that no value of Auth0's has. {_WHERE}")
    base_url = environment.get("AUTH0_BASE_URL", "").strip() or f"https://{domain}"
    if not is_safe(base_url):
        raise DownloadError("AUTH0_BASE_URL must be an https address, or http to this machine only")
    return Access(domain, base_url.rstrip("/"), client_id, client_secret)


def is_safe(url: str) -> bool:
    """Is this an address that nobody on the way can listen to: https, or http to this machine?"""
    try:
        parts = urlsplit(url)
        host = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host or "")))
