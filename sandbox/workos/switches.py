"""What ``/_sandbox/settings`` sets: the Dashboard's settings, limits, latency, and what WorkOS's documents leave open.

Where they are silent or disagree, a switch says which reading holds, and its default is the strict one. Three are not:
``metadata_pairs`` and ``external_id_length`` follow the OpenAPI document rather than the guide, and ``second_factor``
accepts, since Ferry is built on these readings and warns of the others.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from sandbox.http.refusals import invalid_parameters
from sandbox.http.schema import Field, read_body

#: What others report as the code of a second active membership.
DUPLICATE_CODES: Final = (
    "organization_membership_already_exists",
    "user_already_organization_member",
    "entity_already_exists",
)


@dataclass(slots=True)
class Switches:
    """The settings of one sandbox."""

    #: Environment setting, off by default (WorkOS docs, roles and permissions).
    multiple_roles: bool = False
    #: Every answer waits so long.
    latency_ms: int = 0
    #: Keep the documented rate limits (``limits``); off by default, since tests and demos need not wait.
    limits: bool = False
    #: ``sliding``: no interval of a limit's length may hold more; ``fixed``: an interval begins with its first request.
    limit_window: str = "sliding"
    #: Whether a 429 says when to come back; seen by others, not promised in the OpenAPI document.
    retry_after: bool = True
    #: What ``domain_data`` does on update: the whole set, or added to what is there. WorkOS's emulator replaces.
    domain_data: str = "replace"
    #: A field or parameter that an operation does not have: ``refuse``, so that a misspelt one shows, or ``ignore``.
    unknown_fields: str = "refuse"
    #: Status of a second membership of the same ends while the first is active; others report 409 and 400.
    duplicate_membership: int = 409
    #: Its code; others report each of the three.
    duplicate_membership_code: str = DUPLICATE_CODES[0]
    #: A second TOTP factor of a user: ``accept`` or ``refuse``; some importers expect a refusal.
    second_factor: str = "accept"
    #: ``null``: ``""`` clears a name; ``keep``: the name is then the empty string.
    empty_names: str = "null"
    #: Pairs of metadata: 50 by the OpenAPI document, 10 by the guide.
    metadata_pairs: int = 50
    #: Characters of an external id: 128 by the OpenAPI document, 64 by the guide.
    external_id_length: int = 128
    #: Domains of mail providers (gmail.com): ``refuse`` or ``accept``.
    consumer_domains: str = "refuse"
    #: bcrypt hashes that begin with ``$2y$``: ``refuse`` or ``accept``.
    bcrypt_2y: str = "refuse"
    #: Whether a password alone signs in a user whose email is not verified (WorkOS: never, unless switched off).
    verified_email_required: bool = True
    #: Unix time at which TOTP codes are checked, for tests; null is the clock of this machine.
    totp_time: int | None = None


#: What a switch may hold, where its type alone does not say.
_ALLOWED: Final[dict[str, Sequence[Any]]] = {
    "latency_ms": range(60_001),
    "limit_window": ("sliding", "fixed"),
    "domain_data": ("replace", "merge"),
    "unknown_fields": ("refuse", "ignore"),
    "duplicate_membership": (400, 409),
    "duplicate_membership_code": DUPLICATE_CODES,
    "second_factor": ("accept", "refuse"),
    "empty_names": ("null", "keep"),
    "metadata_pairs": range(1, 51),
    "external_id_length": range(1, 129),
    "consumer_domains": ("refuse", "accept"),
    "bcrypt_2y": ("refuse", "accept"),
    "totp_time": range(-(2**62), 2**62),
}
_FIELDS: Final = {field.name: Field(type(field.default)) for field in fields(Switches)} | {
    "totp_time": Field(int, nullable=True)
}


def change_switches(switches: Switches, sent: object) -> None:
    """Set the switches that are sent; refuse all of them for one that is wrong."""
    body = read_body(sent, _FIELDS)
    for name, value in body.items():
        allowed = _ALLOWED.get(name)
        if allowed is not None and value is not None and value not in allowed:
            words = f"{allowed[0]} to {allowed[-1]}" if isinstance(allowed, range) else " or ".join(map(str, allowed))
            raise invalid_parameters(f"{name}_invalid", f"{name} must be {words}.")
    for name, value in body.items():
        setattr(switches, name, value)


def shown_switches(switches: Switches) -> dict[str, Any]:
    """Return all switches."""
    return asdict(switches)
