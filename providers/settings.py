"""Stack configuration and environment in, one typed, validated `Settings` out. The only reader of both."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal, get_args
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic.alias_generators import to_camel

from providers.errors import FerryError

NAMESPACE = "ferry"
DEFAULT_BASE_URL = "https://api.workos.com"

Kind = Literal["organizations", "roles", "users", "memberships"]
KINDS: tuple[Kind, ...] = get_args(Kind)
#: Few, and always one resource each.
RECORD_KINDS: frozenset[Kind] = frozenset({"roles"})
#: The kinds that cohorts can carry.
COHORT_KINDS: tuple[Kind, ...] = tuple(kind for kind in KINDS if kind not in RECORD_KINDS)
#: Kinds that WorkOS has no call to delete: what left the export stays.
UNDELETABLE_KINDS: frozenset[Kind] = frozenset({"roles"})
#: The files of an export folder, in the order in which Ferry speaks of them; and which a kind of record comes from.
FILES = ("users", "organizations", "members", "roles", "passwords", "mfa")
FILE_OF: dict[Kind, str] = {
    "organizations": "organizations",
    "roles": "roles",
    "users": "users",
    "memberships": "members",
}
Grain = Literal["auto", "record", "cohort"]
Removal = Literal["retain", "deactivate", "delete"]

#: What a users export can hold (Auth0: user profile structure), beside fields of identity providers.
AUTH0_ATTRIBUTES = (
    *("user_id", "email", "email_verified", "given_name", "family_name", "name", "nickname", "username"),
    *("phone_number", "phone_verified", "picture", "identities", "user_metadata", "app_metadata", "blocked"),
    *("multifactor", "multifactor_last_modified", "created_at", "updated_at", "last_login", "last_ip"),
    *("last_password_reset", "logins_count"),
)
#: And what one can be asked for within them.
_WITHIN = re.compile(r"(?:user_metadata|app_metadata)\..+|identities\[\d{1,3}\]\.\w+", re.ASCII | re.DOTALL)

#: One valid value a key, for error messages and for the documentation.
EXAMPLES: dict[str, str] = {
    "export": "exports/acme",
    "tenants": '[{"name":"eu","export":"exports/eu","prefix":"eu:"}]',
    "granularity": "record",
    "duplicateEmails": "merge-verified",
    "blockedUsers": "without-credentials",
    "emailVerified": "as-exported",
    "roles": '{"Org Admin":"admin"}',
    "multipleRoles": "true",
    "userMetadata": '{"plan":"app_metadata.plan"}',
    "exportAs": '{"Mail":"email"}',
    "removed": "retain",
    "maxRemovedPercent": "5",
    "adopt": "external-id",
    "onDrift": "report",
    "rateShare": "0.9",
    "live": "true",
    "skip": '["auth0|5f7c8ec7c33c6c004bbafe82"]',
    "workosApiKey": "--secret sk_test_...",
    "workosBaseUrl": DEFAULT_BASE_URL,
}
#: What sets a key that is more than one word: lists and maps go by path, since the engine checks their type.
_COMMANDS = {
    "tenants": "--path 'ferry:tenants[0].name' eu",
    "roles": """--path 'ferry:roles["Org Admin"]' admin""",
    "userMetadata": "--path ferry:userMetadata.plan app_metadata.plan",
    "exportAs": "--path ferry:exportAs.Mail email",
    "skip": "--path 'ferry:skip[0]' 'auth0|5f7c8ec7c33c6c004bbafe82'",
    "workosApiKey": "--secret ferry:workosApiKey sk_test_...",
}
ENVIRONMENT = {"workosApiKey": "WORKOS_API_KEY", "workosBaseUrl": "WORKOS_BASE_URL"}
#: For a sandbox that keeps no limits: 50,000 writes a second.
_LARGEST_SHARE = 1000
_STRUCTURED = {"tenants", "roles", "userMetadata", "exportAs", "skip"}
_WORD_OR_MAP = {"granularity", "removed"}


class InvalidSettings(FerryError):
    """A key of the stack configuration cannot be used. The message names the key, the fault and an example."""

    def __init__(self, key: str, fault: str) -> None:
        self.key, self.fault = key, fault
        command = _COMMANDS.get(key) or f"{NAMESPACE}:{key} '{EXAMPLES.get(key, '')}'"
        example = f" Example: pulumi config set {command}" if key in EXAMPLES else ""
        super().__init__(f"{NAMESPACE}:{key} {fault}.{example}")


def _one_word_for_all(value: object) -> object:
    return dict.fromkeys(KINDS, value) if isinstance(value, str) else value


class Tenant(BaseModel):
    """One Auth0 tenant of several: `prefix` goes before every external id of its export."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")
    export: str = Field(min_length=1)
    prefix: str = ""


class Settings(BaseModel):
    """All of `ferry:`; what is not set has the default of `Pulumi.yaml`. Frozen; the API key never shows in a repr."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, hide_input_in_errors=True
    )

    export: str = ""
    tenants: tuple[Tenant, ...] = Field(default=(), max_length=100)
    granularity: Annotated[dict[Kind, Grain], BeforeValidator(_one_word_for_all)] = Field(default_factory=dict)
    duplicate_emails: Literal["merge-verified", "reject"] = "merge-verified"
    blocked_users: Literal["without-credentials", "skip"] = "without-credentials"
    email_verified: Literal["as-exported", "trust-text"] = "as-exported"
    roles: dict[str, str] = Field(default_factory=dict)
    multiple_roles: bool = False
    user_metadata: dict[str, str] = Field(default_factory=dict)
    export_as: dict[str, str] = Field(default_factory=dict)
    removed: Annotated[dict[Kind, Removal], BeforeValidator(_one_word_for_all)] = Field(default_factory=dict)
    max_removed_percent: float = Field(default=5, ge=0, le=100)
    adopt: Literal["external-id", "email"] = "external-id"
    on_drift: Literal["report", "repair"] = "report"
    live: bool = False
    skip: frozenset[str] = frozenset()
    workos_api_key: SecretStr | None = None
    workos_base_url: str = DEFAULT_BASE_URL
    #: After the address, which its check reads.
    rate_share: float = Field(default=0.9, gt=0)

    @field_validator("tenants")
    @classmethod
    def _tenants_have_names_of_their_own(cls, value: tuple[Tenant, ...]) -> tuple[Tenant, ...]:
        if len({tenant.name for tenant in value}) < len(value):
            raise ValueError("names a tenant twice: findings are told by tenant, so each needs a name of its own")
        return value

    @field_validator("granularity")
    @classmethod
    def _roles_are_records(cls, value: dict[Kind, Grain]) -> dict[Kind, Grain]:
        everywhere = set(value.values()) == {"cohort"} and len(value) == len(KINDS)
        if not everywhere and (few := [kind for kind in RECORD_KINDS if value.get(kind) == "cohort"]):
            raise ValueError(f"is cohort for {few[0]}, but {few[0]} are few, and always one resource each")
        return value

    @field_validator("export_as")
    @classmethod
    def _names_of_auth0(cls, value: dict[str, str]) -> dict[str, str]:
        if any(attribute not in AUTH0_ATTRIBUTES and not _WITHIN.fullmatch(attribute) for attribute in value.values()):
            known = f"{', '.join(AUTH0_ATTRIBUTES)}, user_metadata.KEY, app_metadata.KEY, identities[0].connection"
            raise ValueError(f"names an attribute that no Auth0 export has. Attributes: {known}")
        return value

    @field_validator("removed")
    @classmethod
    def _deactivate_is_for_memberships(cls, value: dict[Kind, Removal], info: Any) -> dict[Kind, Removal]:
        everywhere = set(value.values()) == {"deactivate"} and len(value) == len(KINDS)
        if not everywhere and any(word == "deactivate" for kind, word in value.items() if kind != "memberships"):
            raise ValueError("is deactivate for a kind that has no such state: only memberships can be deactivated")
        return value

    @field_validator("workos_base_url")
    @classmethod
    def _https_unless_loopback(cls, value: str) -> str:
        try:
            url = urlsplit(value)
            usable = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
        except ValueError:
            usable = False
        if not usable or not url.hostname:
            raise ValueError("is not an http(s) address")
        if url.scheme == "http" and not is_loopback(url.hostname):
            raise ValueError("would send the API key in clear text: use https, or http to this machine only")
        return value.rstrip("/")

    @field_validator("rate_share")
    @classmethod
    def _all_of_the_limits_at_most_unless_loopback(cls, value: float, info: Any) -> float:
        host = urlsplit(info.data.get("workos_base_url", DEFAULT_BASE_URL)).hostname or ""
        if value > 1 and not is_loopback(host):
            raise ValueError(
                "is above 1, which is all that WorkOS takes: only a sandbox on this machine (ferry:workosBaseUrl) may "
                "be sent more"
            )
        if value > _LARGEST_SHARE:
            raise ValueError(f"is above {_LARGEST_SHARE}, more than any machine sends")
        return value

    def removal_of(self, kind: Kind) -> Removal:
        """What happens to a record of this kind that left the export; `deactivate` for another kind is `retain`, and
        what WorkOS cannot delete is retained.
        """
        word = self.removed.get(kind, "retain")
        is_impossible = kind in UNDELETABLE_KINDS or (word == "deactivate" and kind != "memberships")
        return "retain" if is_impossible else word

    def grain_of(self, kind: Kind) -> Grain:
        """The grain that a kind is declared in."""
        return "record" if kind in RECORD_KINDS else self.granularity.get(kind, "auto")

    def require_tenants(self, project: Path) -> list[tuple[Tenant, Path]]:
        """The tenants with their export folders, absolute; `ferry:export` is one tenant without name and prefix.

        Raises InvalidSettings if neither key is set, or both.
        """
        if self.export and self.tenants:
            raise InvalidSettings("tenants", "is set beside ferry:export, and only one of them can be meant")
        if self.tenants:
            return [(tenant, (project / tenant.export).resolve()) for tenant in self.tenants]
        if not self.export:
            raise InvalidSettings("export", "is not set, so there is nothing to declare")
        only = Tenant.model_construct(name="", export=self.export, prefix="")
        return [(only, (project / self.export).resolve())]

    def require_access(self) -> tuple[str, str]:
        """API key and base URL. Raises InvalidSettings if there is no key, or a live key without `ferry:live`."""
        key = self.workos_api_key.get_secret_value() if self.workos_api_key else ""
        if not key:
            raise InvalidSettings("workosApiKey", "is not set and neither is WORKOS_API_KEY in the environment")
        if not key.isascii() or not key.isprintable() or " " in key:
            raise InvalidSettings("workosApiKey", "holds characters that no WorkOS API key has")
        if key.startswith("sk_live_") and not self.live:
            raise InvalidSettings("live", "is false, but the API key starts with sk_live_: this is a production key")
        return key, self.workos_base_url


def read_settings(
    config: Mapping[str, str],
    environment: Mapping[str, str],
    is_secret: Callable[[str], bool] = lambda key: True,
) -> Settings:
    """Settings from raw configuration (`ferry:key` -> text as Pulumi hands it out) and the environment.

    The configuration wins over the environment; an empty string, list or map means unset. Raises InvalidSettings,
    also for an unknown key and for an API key that stands in the stack file as plain text (`is_secret` says no).
    """
    known = {field.alias or name for name, field in Settings.model_fields.items()}
    values: dict[str, Any] = {}
    for full, text in config.items():
        namespace, _, key = full.partition(":")
        if namespace != NAMESPACE:
            continue
        if key not in known:
            raise InvalidSettings(key, f"is not a setting of Ferry. Settings: {', '.join(sorted(known))}")
        if text in {"", "[]", "{}"}:
            continue
        if key == "workosApiKey" and not is_secret(key):
            raise InvalidSettings(key, "stands in the stack's file as plain text; set it again with --secret")
        values[key] = _decoded(key, text)
    for key, variable in ENVIRONMENT.items():
        if key not in values and environment.get(variable):
            values[key] = environment[variable]
    try:
        return Settings.model_validate(values)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        key, *inside = [str(part) for part in first["loc"]]
        fault = first["msg"].removeprefix("Value error, ")
        if fault == first["msg"]:
            within = [] if isinstance(values.get(key), str) else inside
            fault = f"cannot be used ({' '.join([*within, fault[0].lower() + fault[1:]])})"
        raise InvalidSettings(key, fault) from None


def _decoded(key: str, text: str) -> object:
    if key not in _STRUCTURED and not (key in _WORD_OR_MAP and text.lstrip().startswith(("{", "["))):
        return text
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidSettings(key, "is not valid JSON") from None


def is_loopback(host: str) -> bool:
    """Is this host name or address this very machine?"""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
