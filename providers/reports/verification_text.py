"""A verification as a document for machines and for the files, and as text for people."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Any, Literal

from providers.reports.verification import Difference, Verification, Why
from providers.settings import KINDS
from providers.text import plain

_SHOWN = 20
#: Fields whose values may be told: everything else is a person's.
_TOLD = frozenset({"email_verified", "external_id", "roles", "status"})
#: What to do about what is wrong, by its reason.
_NEXT: dict[Why, str] = {
    "not written yet": "pulumi up",
    "removed in WorkOS": "pulumi refresh, then pulumi up",
    "changed in WorkOS": "set it back there; or ferry:onDrift repair, pulumi refresh --run-program, then pulumi up",
}


def verification_document(found: Verification, about: Mapping[str, Any]) -> dict[str, Any]:
    """`{clean, wrong, kept, **about, kinds, secrets, differences}`, all of them always there.

    `kinds`: by kind `{declared, equal, different, missing, unmanaged}`. `secrets`: `{password, totp, users_unknown}`.
    `differences`: `{kind, key, what, why, kept, fields}` each; `what` is missing or different, `why` is by the last
    state `not written yet`, `changed in WorkOS` or `removed in WorkOS`, and `fields` maps names to
    `{declared, workos}`, or to null for what is a person's. `kept` is true for what Ferry leaves on purpose: somebody
    changed it in WorkOS, it is no external id, and `ferry:onDrift` is report; all else is wrong. `wrong` and `kept`
    count both sorts.
    """
    return {
        "clean": found.clean,
        "wrong": sum(not difference.kept for difference in found.differences),
        "kept": sum(difference.kept for difference in found.differences),
        **about,
        "kinds": {kind: {name: getattr(found.counts[kind], name) for name in _COLUMNS} for kind in KINDS},
        "secrets": {**found.secrets, "users_unknown": found.unknown_secrets},
        "differences": [_difference(difference) for difference in found.differences],
    }


Sort = Literal["wrong", "kept"]
SORTS: tuple[Sort, ...] = ("wrong", "kept")
HEADINGS: dict[Sort, str] = {"wrong": "WRONG", "kept": "KEPT ON PURPOSE"}
_COLUMNS = ("declared", "equal", "different", "missing", "unmanaged")


def _difference(difference: Difference) -> dict[str, Any]:
    tells_all = difference.kind in {"organizations", "roles"}
    return {
        "kind": difference.kind,
        "key": difference.key,
        "what": difference.what,
        "why": difference.why,
        "kept": difference.kept,
        "fields": {
            name: {"declared": declared, "workos": live} if tells_all or name in _TOLD else None
            for name, (declared, live) in difference.fields.items()
        },
    }


def verification_lines(document: Mapping[str, Any], shown: int | None = _SHOWN) -> Iterator[str]:
    """The report, line by line, with the first `shown` differences of each sort, None for all of them."""
    environment = document["environment"]
    yield plain(f"FERRY VERIFY {document['stack']}")
    yield plain(f"  {'environment':<12}{environment['base_url']} ({environment['kind']}, key {environment['key']})")
    yield f"  {'listed':<12}{document['began']} to {document['ended']}, {document['requests']:,} requests"
    yield f"  {'directory':<12}{document['directory']}, of these files and settings:"
    for export in document["exports"]:
        tenant = f" ({export['tenant']})" if export["tenant"] else ""
        yield plain(f"  {'export':<12}{export['folder']}{tenant}")
        for name, digest in export["sha256"].items():
            yield plain(f"  {'':<12}{digest}  {name}")
    yield ""
    yield "RECORDS"
    yield f"  {'':<14}" + "".join(f"{name:>12}" for name in _COLUMNS)
    for kind, counts in document["kinds"].items():
        yield f"  {kind:<14}" + "".join(f"{counts[name]:>12,}" for name in _COLUMNS)
    yield "  Unmanaged: in WorkOS and not in the directory (kept on purpose, or made there). No difference."
    secrets = document["secrets"]
    yield (
        f"  {secrets['password']:,} passwords and {secrets['totp']:,} authenticators cannot be read back: "
        "what the last state says was written is compared."
    )
    if secrets["users_unknown"]:
        yield f"  Of {secrets['users_unknown']:,} users the last state knows no password or authenticator."
    yield ""
    if document["clean"]:
        yield "DIFFERENCES none"
        yield ""
        yield "RESULT equal"
        return
    for sort in SORTS:
        yield from _differences(
            sort,
            [difference for difference in document["differences"] if difference["kept"] is (sort == "kept")],
            shown,
        )
    yield f"RESULT DIFFERENT: {document['wrong']:,} wrong, {document['kept']:,} kept on purpose"


def _differences(sort: Sort, differences: list[dict[str, Any]], shown: int | None) -> Iterator[str]:
    if not differences:
        return
    yield f"{HEADINGS[sort]} {len(differences):,}"
    for difference in differences[:shown]:
        record = f"{difference['kind'].removesuffix('s')} {difference['key']}"
        line = f"  {difference['what']:<10} {record}{_fields(difference['fields'])}"
        yield plain(f"{line} ({difference['why']})")
    if shown is not None and len(differences) > shown:
        yield f"  and {len(differences) - shown:,} more in the report"
    yield from next_steps(sort, {difference["why"] for difference in differences})
    yield ""


def next_steps(sort: Sort, whys: Container[str]) -> Iterator[str]:
    """What to do about differences of a sort that have these reasons."""
    if sort == "kept":
        yield "  Ferry leaves what somebody changed in WorkOS, until Auth0 changes it too. Next, to put it back:"
        yield "    ferry:onDrift repair, pulumi refresh --run-program, then pulumi up"
        return
    for why, step in _NEXT.items():
        if why in whys:
            yield f"  Next, {why}: {step}"


def _fields(fields: Mapping[str, Any]) -> str:
    if not fields:
        return ""
    advice = (
        name if pair is None else f"{name} {pair['declared']!r}, in WorkOS {pair['workos']!r}"
        for name, pair in fields.items()
    )
    return ": " + "; ".join(advice)
