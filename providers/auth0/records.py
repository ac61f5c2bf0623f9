"""The lines of an Auth0 export as typed, frozen records: tolerant of spelling, strict in meaning.

Shapes: Auth0's bulk user export, the User Import / Export extension's default keys, support's password and MFA files,
and the Management API's organization, member and role objects. Volatile fields (logins, `updated_at`, `picture`) are
not kept. No message of this module repeats a value.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictStr,
    ValidationError,
)


class RoundedId(ValueError):
    """An id went through a floating point number on its way (`1.09e+20`): the file can be trusted no further."""


#: Digits around a bare `e` may be a database id; and spreadsheets round from 12 digits on.
_ROUNDED = re.compile(r"\d+(?:[.,]\d+[eE]\+?|[eE]\+)(?:1[1-9]|[2-9]\d)")


def is_rounded(own: str) -> bool:
    """Does an id look as if a spreadsheet had rounded it?"""
    if "." not in own and "+" not in own and "," not in own:
        return False
    return _ROUNDED.fullmatch(own, own.rfind("|") + 1) is not None


def _id_text(value: object) -> object:
    """Ids are opaque text; a JSON integer keeps its digits (GitHub's), a fraction or an exponent means damage."""
    if isinstance(value, float) or (isinstance(value, str) and is_rounded(value)):
        raise RoundedId("an id was rounded by a spreadsheet or a script")
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _text(value: object) -> object:
    """A number in a text field is that number's text; empty is the same as absent."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    return None if value == "" else value


def instant(value: object) -> str | None:
    """ISO 8601 or `{"$date": …}` as UTC text that sorts by time; what is no date sorts as absent."""
    if isinstance(value, dict):
        value = value.get("$date")
    if not isinstance(value, str):
        return None
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        return None
    aware = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
    try:
        return aware.astimezone(UTC).isoformat(timespec="microseconds")
    except OverflowError:
        return None


def _absent_is_empty(value: object) -> object:
    return () if value is None else value


def _with_ids(value: object) -> object:
    """Identities without an id own nothing that could be joined to them."""
    if not isinstance(value, list):
        return _absent_is_empty(value)
    return [
        identity for identity in value if not isinstance(identity, dict) or identity.get("user_id") not in (None, "")
    ]


def _mapping_or_none(value: object) -> object:
    return value if isinstance(value, dict) else None


def _list_or_none(value: object) -> object:
    return value if isinstance(value, list) else None


def _own_id(value: object) -> object:
    """The record's own id is text already; a number there is refused, a rounded one stops the run."""
    if isinstance(value, float | str):
        _id_text(value)
    return value


OwnId = Annotated[StrictStr, BeforeValidator(_own_id)]
IdText = Annotated[StrictStr, BeforeValidator(_id_text)]
Text = Annotated[StrictStr | None, BeforeValidator(_text)]
Instant = Annotated[str | None, BeforeValidator(instant)]
Metadata = Annotated[dict[str, Any] | None, BeforeValidator(_mapping_or_none)]
Flag = Annotated[bool, BeforeValidator(lambda value: value if value not in (None, "") else False)]


class Record(BaseModel):
    """One line. Unknown keys are ignored, `null` equals absent."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True, populate_by_name=True)


class Identity(Record):
    """An account the user signs in with; `identities[0]` is the primary one."""

    provider: Text = None
    connection: Text = None
    user_id: IdText


class User(Record):
    """A line of `users`."""

    user_id: OwnId
    email: Text = None
    email_verified: Any = None
    given_name: Text = None
    family_name: Text = None
    blocked: Flag = False
    created_at: Instant = None
    updated_at: Instant = None
    identities: Annotated[tuple[Identity, ...], BeforeValidator(_with_ids)] = ()
    connection: Text = None
    multifactor: Annotated[list[Any] | None, BeforeValidator(_list_or_none)] = None
    user_metadata: Metadata = None
    app_metadata: Metadata = None

    def database_identities(self) -> list[tuple[str | None, str]]:
        """Connection and id of every identity that may own an Auth0 password, in their order.

        A file without `identities` (the extension's default fields) names the primary one by `user_id` and
        `Connection`; the id is cut at its first pipe only.
        """
        if not self.identities:
            provider, _, own = self.user_id.partition("|")
            return [(self.connection, own)] if provider == "auth0" and own else []
        return [(identity.connection, identity.user_id) for identity in self.identities if identity.provider == "auth0"]


class Domain(Record):
    """A discovery domain; its status in Auth0 says nothing about WorkOS."""

    domain: Text = None


class Organization(Record):
    """A line of `organizations`: Auth0's object plus `domains`."""

    id: StrictStr
    name: Text = None
    display_name: Text = None
    metadata: dict[str, Any] | None = None
    domains: Annotated[tuple[Domain, ...], BeforeValidator(_absent_is_empty)] = ()


class Role(Record):
    """A line of `roles`."""

    id: StrictStr = ""
    name: StrictStr
    description: Text = None


class MemberRole(Record):
    """A role of a member; the id alone is as good, if the roles file has its name."""

    id: StrictStr = ""
    name: Text = None


class Member(Record):
    """A line of `members`: Auth0's member object plus `org_id`."""

    org_id: StrictStr
    user_id: OwnId
    roles: Annotated[tuple[MemberRole, ...], BeforeValidator(_absent_is_empty)] = ()


class Password(Record):
    """A line of support's password file. The hash is in no repr; `hashes` judges it, whatever it is."""

    oid: Annotated[Text, BeforeValidator(lambda v: _id_text(v.get("$oid") if isinstance(v, dict) else v))] = Field(
        default=None, validation_alias="_id"
    )
    alt_id: Annotated[Text, BeforeValidator(_id_text)] = None
    email: Text = None
    connection: Text = None
    password_hash: Any = Field(default=None, validation_alias="passwordHash", repr=False)
    custom_password_hash: Any = Field(default=None, validation_alias="customPasswordHash", repr=False)
    set_at: Instant = Field(default=None, validation_alias="password_set_date")

    @property
    def join_ids(self) -> tuple[str, ...]:
        """The ids this hash may belong to within its connection; the first that somebody owns counts.

        `alt_id` where there is one, as it is; else `$oid`, which some files write with the prefix of a user id.
        """
        if self.alt_id or not self.oid:
            return (self.alt_id,) if self.alt_id else ()
        bare = self.oid.removeprefix("auth0|")
        return (self.oid,) if bare == self.oid else (self.oid, bare)

    @property
    def owner(self) -> str:
        """What the hash belongs to, as far as the line says: the bare id, else the email."""
        return (self.join_ids or ((self.email or "").strip().lower(),))[-1]


def with_one_spelling(line: dict[str, Any]) -> dict[str, Any]:
    """A `passwords` line in which `_ID` stands for `_id`, and an email among the `identifiers` for `email`."""
    result = dict(line)
    if result.get("_id") is None:
        result["_id"] = result.get("_ID")
    if not result.get("email") and isinstance(result.get("identifiers"), list):
        emails = (i.get("value") for i in result["identifiers"] if isinstance(i, dict) and i.get("type") == "email")
        result["email"] = next(emails, None)
    return result


class Factor(Record):
    """A line of support's MFA file. The secret is in no repr."""

    user_id: OwnId
    type: Text = None
    otp_secret: Text = Field(default=None, repr=False)


def faults(error: ValidationError) -> str:
    """What is wrong with a line, by field and without its values."""
    parts = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        parts.append(f"{'.'.join(str(part) for part in fault['loc']) or 'line'}: {fault['msg'].lower()}")
    return "; ".join(parts)
