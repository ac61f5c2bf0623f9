"""`ferry check` as one document: the same for people (`check_text`) and, as JSON, for machines.

Keys, all always there:

- `clean`: no finding refuses a record.
- `exports`: `{tenant, folder}` each, as configured.
- `files`: by file `{lines, declared, merged, refused, skipped}`; lines are the sum of the other four.
- `findings`: `{code, count, refuses, next_step, examples: [{file, line, external_id, message}]}` each, refusing ones
  first, then by count.
- `records`: how many of what the directory declares (`Store.totals`).
- `sign_ins`: `{provider, connection, users, verify, way, workos}` each; a user with several identities is counted at
  each. `way`: database, passwordless, social, enterprise, none.
- `verification`: `{must_verify, spared}`, users. `magic_auth`: `{passwordless, no_counterpart}`, users by connection.
- `passwords`: `{with_hash, database_users, without_hash}`.
- `mfa`: `{totps, authenticator_missing, factors_left_behind, recovery_codes}`: users, users, lines, lines.
- `bill`: `{rate_share, requests: [{method, path, count, what}], total, seconds, floor_seconds, undo: the same keys}`.
- `checklist`: the steps in order, as sentences.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import asdict
from typing import Any

from providers.directory.sign_in import SignIn
from providers.directory.store import Store
from providers.findings import NEXT_STEP, CodeCount
from providers.reports.bill import bill
from providers.reports.checklist import checklist
from providers.reports.counterparts import counterpart
from providers.settings import Settings


def check(store: Store, settings: Settings) -> dict[str, Any]:
    """The document for a store. Raises ExportError if the users file holds no line."""
    store.require_users()
    return document(store.summary(), store.codes(), store.totals(), store.sign_ins(), settings)


def document(
    summary: dict[str, dict[str, int]],
    codes: list[CodeCount],
    totals: dict[str, int],
    sign_ins: list[SignIn],
    settings: Settings,
) -> dict[str, Any]:
    """The same from a store's answers."""
    found = Counter({code.code: code.count for code in codes})
    ways = [{**asdict(sign_in), **counterpart(sign_in.provider)._asdict()} for sign_in in sign_ins]
    exports = [{"tenant": tenant.name, "folder": tenant.export} for tenant in settings.tenants]
    report: dict[str, Any] = {
        "clean": not any(code.refuses for code in codes),
        "exports": exports or [{"tenant": "", "folder": settings.export}],
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


def refusing(report: dict[str, Any], accepted: Collection[str] = ()) -> list[str]:
    """The codes of the document that refuse records and are not accepted, as a whole or by their first word."""
    codes = [finding["code"] for finding in report["findings"] if finding["refuses"]]
    return [code for code in codes if not {code, code.partition(":")[0]}.intersection(accepted)]


def _findings(codes: list[CodeCount]) -> list[dict[str, Any]]:
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


def _users(ways: Iterable[dict[str, Any]], way: str) -> int:
    return sum(sign_in["users"] for sign_in in ways if sign_in["way"] == way)
