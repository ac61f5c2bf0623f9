"""`ferry check` as one document (`check_document`), from a store's answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable

from providers.directory.sign_in import SignIn
from providers.directory.store import Store
from providers.findings import NEXT_STEP, CodeCount
from providers.reports.bill import bill
from providers.reports.check_document import CheckDocument, Checked, FoundCode, WayIn
from providers.reports.checklist import checklist
from providers.reports.counterparts import Way, counterpart
from providers.settings import Settings


def check(store: Store, settings: Settings) -> CheckDocument:
    """The document for a store. Raises ExportError if the users file holds no line."""
    store.require_users()
    return document(store.summary(), store.codes(), store.totals(), store.sign_ins(), settings)


def document(
    summary: dict[str, dict[str, int]],
    codes: list[CodeCount],
    totals: dict[str, int],
    sign_ins: list[SignIn],
    settings: Settings,
) -> CheckDocument:
    """The same from a store's answers."""
    found = Counter({code.code: code.count for code in codes})
    ways = [_way_in(sign_in) for sign_in in sign_ins]
    exports = [(tenant.name, tenant.export) for tenant in settings.tenants] or [("", settings.export)]
    report: Checked = {
        "clean": not any(code.refuses for code in codes),
        "exports": [{"tenant": name, "folder": folder} for name, folder in exports],
        "files": summary,
        "findings": _findings(codes),
        "records": totals,
        "sign_ins": ways,
        "verification": {"must_verify": totals["must_verify"], "spared": totals["users"] - totals["must_verify"]},
        "magic_auth": {"passwordless": _users(ways, "passwordless"), "no_counterpart": _users(ways, "none")},
        "passwords": {
            "with_hash": totals["passwords"],
            "database_users": totals["database_users"],
            "without_hash": max(0, totals["database_users"] - totals["passwords"]),
        },
        "mfa": {
            "totps": totals["totps"],
            "authenticator_missing": found["authenticator_missing"],
            "factors_left_behind": found["factor_not_importable"] + found["invalid_totp_secret"],
            "recovery_codes": found["recovery_code"],
        },
        "bill": bill(totals, settings.rate_share),
    }
    return {**report, "checklist": checklist(report)}


def refusing(report: Checked, accepted: Collection[str] = ()) -> list[str]:
    """The codes of the document that refuse records and are not accepted, as a whole or by their first word."""
    codes = [finding["code"] for finding in report["findings"] if finding["refuses"]]
    return [code for code in codes if not {code, code.partition(":")[0]}.intersection(accepted)]


def _way_in(sign_in: SignIn) -> WayIn:
    way, workos = counterpart(sign_in.provider)
    return {
        "provider": sign_in.provider,
        "connection": sign_in.connection,
        "users": sign_in.users,
        "verify": sign_in.verify,
        "way": way,
        "workos": workos,
    }


def _findings(codes: list[CodeCount]) -> list[FoundCode]:
    return [
        {
            "code": code.code,
            "count": code.count,
            "refuses": code.refuses,
            "next_step": NEXT_STEP[code.code.partition(":")[0]],
            "examples": [
                {"file": each.file, "line": each.line, "external_id": each.external_id, "message": _fact(each.message)}
                for each in code.examples
            ],
        }
        for code in sorted(codes, key=lambda code: (not code.refuses, -code.count, code.code))
    ]


def _fact(message: str) -> str:
    return message.partition(". Next: ")[0]


def _users(ways: Iterable[WayIn], way: Way) -> int:
    return sum(sign_in["users"] for sign_in in ways if sign_in["way"] == way)
