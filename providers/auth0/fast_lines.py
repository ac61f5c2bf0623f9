"""The lines that stand exactly as Auth0's API writes them, read straight from their bytes.

A line that fits is the same record that `records` would make of it, in a fifth of the time; what does not fit is None
and left to `records`, which knows every other spelling. A million users are read this way.
"""

from __future__ import annotations

from typing import Any

from pydantic import AliasPath, BaseModel, ConfigDict, Field, ValidationError

from providers.auth0.attribute_names import attribute
from providers.auth0.records import Factor, Identity, Member, MemberRole, Password, Record, User, is_rounded

#: Keys of `users` lines that mean nothing to Ferry under any spelling; filled as they are met.
_HARMLESS: set[str] = set()


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=False, strict=True, extra="ignore")


class _Identity(_Strict, Identity):
    provider: str | None = None
    connection: str | None = None
    user_id: str = Field(min_length=1)


class _User(_Strict, User):
    model_config = ConfigDict(extra="allow")

    user_id: str
    email: str | None = None
    email_verified: bool | None = None
    given_name: str | None = None
    family_name: str | None = None
    blocked: bool = False
    created_at: str | None = None
    updated_at: str | None = None
    identities: tuple[_Identity, ...] = ()
    connection: None = None
    multifactor: list[Any] | None = None
    user_metadata: dict[str, Any] | None = None
    app_metadata: dict[str, Any] | None = None


class _Role(_Strict, MemberRole):
    id: str = ""
    name: str | None = None


class _Member(_Strict, Member):
    org_id: str
    user_id: str
    roles: tuple[_Role, ...] = ()


class _Password(_Strict, Password):
    oid: str = Field(validation_alias=AliasPath("_id", "$oid"), min_length=1)
    alt_id: str | None = None
    email: str = Field(min_length=1)
    connection: str | None = None
    password_hash: str = Field(validation_alias="passwordHash", repr=False)
    custom_password_hash: None = Field(default=None, validation_alias="customPasswordHash")
    set_at: str | None = Field(default=None, validation_alias=AliasPath("password_set_date", "$date"))


class _Factor(_Strict, Factor):
    user_id: str
    type: str | None = None
    otp_secret: str | None = Field(default=None, repr=False)


def _is_plain_user(user: _User) -> bool:
    extra = user.__pydantic_extra__
    if extra and not extra.keys() <= _HARMLESS:
        for key in extra:
            if attribute(key).partition(".")[0].partition("[")[0] in User.model_fields:
                return False
            _HARMLESS.add(key)
    for identity in user.identities:
        if is_rounded(identity.user_id):
            return False
    return not is_rounded(user.user_id)


def fast_record(kind: str, data: bytes) -> Record | None:
    """The record of a line in Auth0's own shape, or None if it takes a closer look."""
    try:
        match kind:
            case "users":
                user = _User.model_validate_json(data)
                return user if _is_plain_user(user) else None
            case "members":
                member = _Member.model_validate_json(data)
                return None if is_rounded(member.user_id) else member
            case "passwords":
                password = _Password.model_validate_json(data)
                odd = is_rounded(password.oid) or (password.alt_id and is_rounded(password.alt_id))
                return None if odd else password
            case "mfa":
                factor = _Factor.model_validate_json(data)
                return None if is_rounded(factor.user_id) else factor
    except ValidationError:
        pass
    return None
