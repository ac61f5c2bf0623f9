"""The check document as text for people: lines of at most 80 columns, but that no id and no name is ever cut."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator

from providers.findings import BUCKETS
from providers.reports.bill import Bill, FirstBill, duration
from providers.reports.check_document import CheckDocument, FoundCode, WayIn
from providers.reports.checklist import count
from providers.reports.counterparts import instead
from providers.text import plain
from providers.workos.limits import ALL, ORGANIZATION_DELETES, USER_MANAGEMENT_WRITES, Limit

_WIDTH = 80
_HEADINGS = {
    "database": "Email and password: nothing to configure",
    "passwordless": "Passwordless email: Magic Auth (a code by email) in WorkOS",
    "social": "Social: configure these providers in WorkOS before the cutover",
    "enterprise": "Enterprise: each connection needs its SSO set-up in WorkOS",
    "none": "No counterpart in WorkOS",
}


def check_lines(document: CheckDocument) -> Iterator[str]:
    """The report, line by line. Only the titles of sections start with no space."""
    folders = ", ".join(export["folder"] for export in document["exports"])
    yield plain(f"FERRY CHECK {folders}")
    for title, lines in (
        ("LINES", _files(document)),
        ("FINDINGS", _findings(document)),
        ("SIGN-IN", _sign_ins(document)),
        ("PASSWORDS AND MFA", _credentials(document)),
        ("BILL", _bill(document["bill"])),
        ("CUTOVER CHECKLIST", _checklist(document)),
    ):
        yield ""
        yield title
        yield from lines


def _wrapped(text: str, indent: int = 2, first: str = "") -> list[str]:
    lead = first or " " * indent
    return textwrap.wrap(
        plain(text),
        _WIDTH,
        initial_indent=lead,
        subsequent_indent=" " * len(lead),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _files(document: CheckDocument) -> Iterator[str]:
    yield f"  {'':<13}" + "".join(f"{name:>12}" for name in ("lines", *BUCKETS))
    for file, counts in document["files"].items():
        yield f"  {file:<13}" + "".join(f"{counts[name]:>12,}" for name in ("lines", *BUCKETS))
    total = sum(bucket_counts["lines"] for bucket_counts in document["files"].values())
    yield f"  Every line is in exactly one bucket: {count(total, 'line')}, none lost."


def _findings(document: CheckDocument) -> Iterator[str]:
    for refuses, heading in ((True, "These refuse lines:"), (False, "These refuse nothing:")):
        of_kind = [finding for finding in document["findings"] if finding["refuses"] is refuses]
        if of_kind:
            yield f"  {heading}"
        for finding in of_kind:
            yield from _finding(finding)
    if not document["findings"]:
        yield "  None."


def _finding(finding: FoundCode) -> Iterator[str]:
    yield plain(f"  {finding['count']:>9,}  {finding['code']}")
    facts = {example["message"] for example in finding["examples"]}
    if len(facts) == 1:
        yield from _wrapped(facts.pop(), 13)
        facts.clear()
    yield from _wrapped(f"Next: {finding['next_step']}.", 13)
    for example in finding["examples"]:
        place = f"{example['file']}:{example['line']}" if example["line"] else example["file"]
        yield plain(f"               {place} {example['external_id']}".rstrip())
        if facts:
            yield from _wrapped(example["message"], 17)


def _sign_ins(document: CheckDocument) -> Iterator[str]:
    yield from _wrapped(
        "Declared users by way, provider and connection; who has several identities is counted at each. "
        "VERIFY: will be asked for a code by email at the first sign-in; the others will not."
    )
    yield f"  {'USERS':>9}  {'VERIFY':>9}  PROVIDER"
    for way, heading in _HEADINGS.items():
        of_way = [sign_in for sign_in in document["sign_ins"] if sign_in["way"] == way]
        if of_way:
            yield f"  {heading}"
        for sign_in in of_way:
            yield _sign_in(sign_in)
            if way == "none":
                yield from _wrapped(f"Instead: {instead(sign_in['provider'])}.", 26)
    spared, verify = document["verification"]["spared"], document["verification"]["must_verify"]
    yield from _wrapped(f"In all, {count(verify, 'user')} must verify the email and {spared:,} need not.")


def _sign_in(sign_in: WayIn) -> str:
    name = sign_in["provider"] or "(none)"
    if sign_in["connection"] not in {"", sign_in["provider"]}:
        name = f"{name} {sign_in['connection']}"
    workos = f" -> {sign_in['workos']}" if sign_in["way"] in {"social", "enterprise"} else ""
    return plain(f"  {sign_in['users']:>9,}  {sign_in['verify']:>9,}  {name}{workos}")


def _credentials(document: CheckDocument) -> Iterator[str]:
    passwords, mfa = document["passwords"], document["mfa"]
    rows = [
        (passwords["with_hash"], "users bring their password hash along"),
        (passwords["without_hash"], "users of a database arrive without one: reset, or Magic Auth"),
        (mfa["totps"], "users bring their authenticator app (TOTP) along"),
        (mfa["authenticator_missing"], "users with MFA enrol again (authenticator_missing)"),
        (mfa["factors_left_behind"], "factors stay behind: SMS, push, WebAuthn, unusable secrets"),
        (mfa["recovery_codes"], "recovery codes stay behind (recovery_code)"),
    ]
    for number, text in rows:
        yield f"  {number:>9,}  {text}"
    yield from _wrapped("Blocked users arrive without credentials; they are among those without.")


def _bill(bill: FirstBill) -> Iterator[str]:
    yield "  A first `pulumi up` into an empty environment:"
    yield from _requests(bill)
    yield _time(bill)
    writes = _limit(USER_MANAGEMENT_WRITES, "writes of user management")
    yield f"  Limits: {writes}, {_limit(ALL, 'requests')}."
    yield "  Undoing it (`pulumi destroy`; roles stay, WorkOS cannot delete them):"
    yield from _requests(bill["undo"])
    yield _time(bill["undo"])
    yield f"  Limits: the same, and {_limit(ORGANIZATION_DELETES, 'organization deletes')}."


def _limit(limit: Limit, what: str) -> str:
    return f"{limit.requests:,} {what} in {limit.seconds} s"


def _time(costs: Bill) -> str:
    share, floor = f"{costs['rate_share']:g}", duration(costs["floor_seconds"])
    return f"  At least {duration(costs['seconds'])} at ferry:rateShare {share}; floor at full limits: {floor}."


def _requests(costs: Bill) -> Iterator[str]:
    for request in costs["requests"]:
        yield f"  {request['count']:>9,}  {request['method']:<6}  {request['what']}"
    yield f"  {costs['total']:>9,}  requests"


def _checklist(document: CheckDocument) -> Iterator[str]:
    for number, step in enumerate(document["checklist"], 1):
        yield from _wrapped(step, first=f"  {number:>2}. ")
