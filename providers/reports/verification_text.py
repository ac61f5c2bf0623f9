"""A verification as a document for machines and for the files, and as text for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from providers.reports.verification import Difference, Verification
from providers.settings import KINDS
from providers.text import plain

_SHOWN = 20
#: Fields whose values may be told: everything else is a person's.
_TOLD = frozenset({"email_verified", "roles", "status"})


def verification_document(found: Verification, about: Mapping[str, Any]) -> dict[str, Any]:
    """`{clean, **about, kinds, secrets, differences}`, all of them always there.

    `kinds`: by kind `{declared, equal, different, missing, unmanaged}`. `secrets`: `{password, totp, users_unknown}`.
    `differences`: `{kind, key, what, why, fields}` each; `what` is missing or different, `why` is by the last state
    `not written yet`, `changed in WorkOS` or `removed in WorkOS`, and `fields` maps names to `{declared, workos}`, or
    to null for what is a person's.
    """
    return {
        "clean": found.clean,
        **about,
        "kinds": {kind: {name: getattr(found.counts[kind], name) for name in _COLUMNS} for kind in KINDS},
        "secrets": {**found.secrets, "users_unknown": found.unknown_secrets},
        "differences": [_difference(one) for one in found.differences],
    }


_COLUMNS = ("declared", "equal", "different", "missing", "unmanaged")


def _difference(one: Difference) -> dict[str, Any]:
    tells_all = one.kind in {"organizations", "roles"}
    return {
        "kind": one.kind,
        "key": one.key,
        "what": one.what,
        "why": one.why,
        "fields": {
            name: {"declared": declared, "workos": live} if tells_all or name in _TOLD else None
            for name, (declared, live) in one.fields.items()
        },
    }


def verification_lines(document: Mapping[str, Any], shown: int | None = _SHOWN) -> Iterator[str]:
    """The report, line by line, with the first `shown` differences, None for all of them."""
    environment = document["environment"]
    yield plain(f"FERRY VERIFY {document['stack']}")
    yield plain(f"  {'environment':<12}{environment['base_url']} ({environment['kind']}, key {environment['key']})")
    yield f"  {'listed':<12}{document['began']} to {document['ended']}, {document['requests']:,} requests"
    yield f"  {'directory':<12}{document['directory']}, of these files and settings:"
    for one in document["exports"]:
        tenant = f" ({one['tenant']})" if one["tenant"] else ""
        yield plain(f"  {'export':<12}{one['folder']}{tenant}")
        for name, digest in one["sha256"].items():
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
    yield from _told(document["differences"], shown)
    yield ""
    yield f"RESULT {'equal' if document['clean'] else 'DIFFERENT'}"


def _told(differences: list[dict[str, Any]], shown: int | None) -> Iterator[str]:
    if not differences:
        yield "DIFFERENCES none"
        return
    yield f"DIFFERENCES {len(differences):,}"
    for one in differences[:shown]:
        told = f"  {one['what']:<10} {one['kind'].removesuffix('s')} {one['key']}{_fields(one['fields'])}"
        yield plain(f"{told} ({one['why']})")
    if shown is not None and len(differences) > shown:
        yield f"  and {len(differences) - shown:,} more in the report"


def _fields(fields: Mapping[str, Any]) -> str:
    if not fields:
        return ""
    told = (
        name if pair is None else f"{name} {pair['declared']!r}, in WorkOS {pair['workos']!r}"
        for name, pair in fields.items()
    )
    return ": " + "; ".join(told)
