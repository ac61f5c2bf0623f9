"""The document of `ferry check`: the same for people (`check_text`) and, as JSON, for machines. No key is absent."""

from __future__ import annotations

from typing import TypedDict

from providers.reports.bill import FirstBill
from providers.reports.counterparts import Way


class ExportFolder(TypedDict):
    """One export, as configured."""

    tenant: str
    folder: str


class Example(TypedDict):
    """One finding; line 0 is none in particular."""

    file: str
    line: int
    external_id: str
    message: str


class FoundCode(TypedDict):
    """The findings of one code, and the first few of them."""

    code: str
    count: int
    refuses: bool
    next_step: str
    examples: list[Example]


class WayIn(TypedDict):
    """Declared users of one provider and connection; `verify` of them have to verify their email."""

    provider: str
    connection: str
    users: int
    verify: int
    way: Way
    #: The provider's name in WorkOS.
    workos: str


class Verifying(TypedDict):
    """Users who will be asked for a code by email, and those who will not."""

    must_verify: int
    spared: int


class MagicAuth(TypedDict):
    """Users of passwordless email, and of connections without a counterpart in WorkOS."""

    passwordless: int
    no_counterpart: int


class Passwords(TypedDict):
    """Users."""

    with_hash: int
    database_users: int
    without_hash: int


class Mfa(TypedDict):
    """Users who bring a TOTP along, and who enrol again; then lines that stay behind."""

    totps: int
    authenticator_missing: int
    factors_left_behind: int
    recovery_codes: int


class Checked(TypedDict):
    """Everything but the checklist."""

    #: No finding refuses a record.
    clean: bool
    exports: list[ExportFolder]
    #: By file `lines`, and the four buckets whose sum they are.
    files: dict[str, dict[str, int]]
    #: Refusing ones first, then by count.
    findings: list[FoundCode]
    #: How many of what the directory declares (`Store.totals`).
    records: dict[str, int]
    #: A user with several identities is counted at each.
    sign_ins: list[WayIn]
    verification: Verifying
    magic_auth: MagicAuth
    passwords: Passwords
    mfa: Mfa
    bill: FirstBill


class CheckDocument(Checked):
    """The whole document; `checklist` has the steps in order, as sentences."""

    checklist: list[str]
