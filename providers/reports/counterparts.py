"""Which way into AuthKit the users of an Auth0 provider (strategy) have."""

from __future__ import annotations

from typing import Literal, NamedTuple

Way = Literal["database", "passwordless", "social", "enterprise", "none"]


class Counterpart(NamedTuple):
    """The way in, and the provider's name in WorkOS ("" if it has none)."""

    way: Way
    workos: str


#: Auth0's names: `identities[].provider`, Management API. WorkOS's: `provider` of an identity and the types of SSO
#: connections (API reference: user identities, connection). A type with "or": the protocol decides.
_COUNTERPARTS: dict[str, Counterpart] = {
    "auth0": Counterpart("database", "Password"),
    "email": Counterpart("passwordless", "MagicAuth"),
    "apple": Counterpart("social", "AppleOAuth"),
    "bitbucket": Counterpart("social", "BitbucketOAuth"),
    "github": Counterpart("social", "GitHubOAuth"),
    "google-oauth2": Counterpart("social", "GoogleOAuth"),
    "linkedin": Counterpart("social", "LinkedInOAuth"),
    "salesforce": Counterpart("social", "SalesforceOAuth"),
    "windowslive": Counterpart("social", "MicrosoftOAuth"),
    "ad": Counterpart("enterprise", "ADFSSAML or GenericSAML"),
    "adfs": Counterpart("enterprise", "ADFSSAML"),
    "auth0-oidc": Counterpart("enterprise", "GenericOIDC"),
    "google-apps": Counterpart("enterprise", "GoogleSAML or GoogleOIDC"),
    "office365": Counterpart("enterprise", "AzureSAML or EntraIdOIDC"),
    "oidc": Counterpart("enterprise", "GenericOIDC"),
    "okta": Counterpart("enterprise", "OktaSAML or OktaOIDC"),
    "pingfederate": Counterpart("enterprise", "PingFederateSAML"),
    "samlp": Counterpart("enterprise", "GenericSAML"),
    "waad": Counterpart("enterprise", "AzureSAML or EntraIdOIDC"),
}


def counterpart(provider: str) -> Counterpart:
    """The counterpart of an Auth0 provider; `none` for one that WorkOS has no name for, known or not."""
    return _COUNTERPARTS.get(provider, Counterpart("none", ""))


#: What the users of a provider without a counterpart do instead.
_INSTEAD = {
    "oauth2": "SSO as GenericOIDC if the provider speaks OpenID Connect, else Magic Auth (a code by email)",
    "oauth1": "Magic Auth (a code by email); WorkOS has no custom OAuth 1 connection",
    "sms": "Magic Auth (a code by email); WorkOS has no sign-in by text message",
}


def instead(provider: str) -> str:
    """What the users of a provider without a counterpart do."""
    return _INSTEAD.get(provider, "Magic Auth (a code by email), or a password of their own by a reset")
