"""A verification as a document for machines and for the files, and as text for people."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping
from typing import Literal, TypedDict

from providers.reports.verification import Difference, Verification, Why
from providers.settings import KINDS, Kind
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


class Environment(TypedDict):
    """A WorkOS environment as far as it may be told: address, `live` or `test`, a fingerprint of the key."""

    base_url: str
    kind: str
    key: str


class VerifiedExport(TypedDict):
    """One export that the directory is made of; `sha256` by the file's name."""

    tenant: str
    folder: str
    sha256: dict[str, str]


class About(TypedDict):
    """What was verified: the stack, from when to when, with how many requests, and the directory's digest."""

    stack: str
    environment: Environment
    began: str
    ended: str
    requests: int
    exports: list[VerifiedExport]
    directory: str


class Compared(TypedDict):
    """What the directory declares of a field, and what WorkOS holds."""

    declared: object
    workos: object


class DifferenceLine(TypedDict):
    """One record that is not as declared; `what` is missing or different. Null stands for what is a person's."""

    kind: Kind
    key: str
    what: str
    why: Why
    kept: bool
    fields: dict[str, Compared | None]


class VerificationDocument(About):
    """The document of `ferry verify`; no key is absent.

    A difference is `kept` if Ferry leaves it on purpose: somebody changed it in WorkOS, it is no external id, and
    `ferry:onDrift` is report; all else is wrong. `wrong` and `kept` count both sorts.
    """

    clean: bool
    wrong: int
    kept: int
    #: By kind `declared`, `equal`, `different`, `missing`, `unmanaged`.
    kinds: dict[Kind, dict[str, int]]
    #: `password`, `totp`, and the `users_unknown` to the last state.
    secrets: dict[str, int]
    differences: list[DifferenceLine]


def verification_document(found: Verification, about: About) -> VerificationDocument:
    """The document of what was found."""
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


def _difference(difference: Difference) -> DifferenceLine:
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


def verification_lines(document: VerificationDocument, shown: int | None = _SHOWN) -> Iterator[str]:
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


def _differences(sort: Sort, differences: list[DifferenceLine], shown: int | None) -> Iterator[str]:
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


def _fields(fields: Mapping[str, Compared | None]) -> str:
    if not fields:
        return ""
    advice = (
        name if pair is None else f"{name} {pair['declared']!r}, in WorkOS {pair['workos']!r}"
        for name, pair in fields.items()
    )
    return ": " + "; ".join(advice)
