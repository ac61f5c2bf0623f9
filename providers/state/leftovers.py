"""What WorkOS keeps of users though the directory no longer declares it: a password, an authenticator, a verification.

Nothing takes them back, so every run says it again. Compared are the last state and the declaration; of cohorts only
those whose text is another than the one that was applied, since the others have it among their outputs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from providers.directory.model import SCHEMAS, fields
from providers.directory.store import Store
from providers.findings import Finding, finding
from providers.state.applied import Applied, unpack
from providers.state.cohorts import digests, lines_of, marked, marks_of, split, text_digest
from providers.state.declaration import Declaration
from providers.state.last_state import KnownCohort, LastState

_FIELD_OF = {"password_stays": "password", "totp_stays": "totp", "email_verified_stays": "email_verified"}
_MESSAGES = {
    "password_stays": "WorkOS keeps the password that Ferry gave this user; the directory has none for it now",
    "totp_stays": "WorkOS keeps the authenticator that Ferry gave this user; the directory has none for it now",
    "email_verified_stays": "WorkOS keeps this user's email as verified; Auth0 says now that it is not",
}
#: Secrets come from a file of their own: without it the directory says nothing about any of them.
_SECRETS_FROM = {code: of.file for code, name in _FIELD_OF.items() if (of := SCHEMAS["users"].by_name[name]).file}


def kept(applied: Mapping[str, bytes], wanted: Mapping[str, bytes]) -> list[str]:
    """The codes for one user, by the marks of what was applied and of what the directory declares.

    A new email is unverified in WorkOS until Ferry says otherwise, so a verification stays only with its email.
    """
    found = [code for code, name in _FIELD_OF.items() if name in applied and name not in wanted]
    return [code for code in found if code != "email_verified_stays" or applied.get("email") == wanted.get("email")]


def kept_in(applied: Mapping[str, Applied], wanted: Mapping[str, bytes]) -> dict[str, list[str]]:
    """The users of a cohort by code; `wanted` are the `digests` of its text."""
    found: dict[str, list[str]] = {}
    for key, record in applied.items():
        digest = wanted.get(key)
        if digest is not None and digest != record.digest:
            for code in kept(split("users", record.digest), split("users", digest)):
                found.setdefault(code, []).append(key)
    return found


def kept_findings(last_state: LastState, declaration: Declaration, store: Store) -> list[Finding]:
    """A finding a user and code, in order of codes and keys; one for all of them if the file of the secrets is not
    there.
    """
    keys: dict[str, list[str]] = {code: [] for code in _FIELD_OF}
    for code, key in _kept_by_records(last_state, store):
        keys[code].append(key)
    for number, cohort in last_state.cohorts["users"].items():
        for code, found in _kept_by_cohort(cohort, declaration.text("users", number), store).items():
            keys[code] += found
    summary = store.summary()
    silent = {code for code, file in _SECRETS_FROM.items() if not summary[file]["lines"]}
    return [each for code, found in keys.items() if found for each in _findings(code, sorted(found), store, silent)]


def _kept_by_records(last_state: LastState, store: Store) -> Iterator[tuple[str, str]]:
    known = last_state.records["users"]
    for record in store.records("users") if known else ():
        known_user = known.get(record.key)
        if known_user and known_user.reached:
            applied, wanted = (
                marks_of("users", record.key, values) for values in (known_user.state.values, fields(record))
            )
            for code in kept(applied, wanted):
                yield code, record.key


def _kept_by_cohort(cohort: KnownCohort, text: str | None, store: Store) -> Mapping[str, list[str]]:
    """`text` is that of this run, None if users are records of their own now. What the outputs say of a line that did
    not change still holds.
    """
    outputs = cohort.outputs
    if text is None:
        applied = cohort.applied()
        return kept_in(applied, _declared(applied, store))
    before = outputs.kept
    if before is None or outputs.text not in {text_digest(text), text_digest(cohort.text)}:
        return kept_in(cohort.applied(), digests(text))
    if outputs.text == text_digest(text):
        return before
    lines = {*lines_of(text)}
    new = digests("\n".join(lines.difference(lines_of(cohort.text))))
    found = kept_in(unpack(cohort.packed, keys_in=new), new)
    same = {line.rpartition(" ")[0] for line in lines} - new.keys() if before else set()
    return {code: [*found.get(code, ()), *(key for key in before.get(code, ()) if key in same)] for code in _FIELD_OF}


def _declared(keys: Collection[str], store: Store) -> dict[str, bytes]:
    found = {key: store.record("users", key) for key in keys}
    return {key: marked("users", key, fields(record)) for key, record in found.items() if record}


def _findings(code: str, keys: list[str], store: Store, silent: Collection[str]) -> Iterator[Finding]:
    if code in silent:
        what = {"password_stays": "password", "totp_stays": "authenticator"}[code]
        message = f"the export has no {_SECRETS_FROM[code]} file; {len(keys)} users keep the {what} Ferry gave them"
        yield finding(code, _SECRETS_FROM[code], 0, "", message)
        return
    for key in keys:
        record = store.user_by_key(key)
        external_id = record.external_id if record else key
        yield finding(code, store.file_of("users", external_id), 0, external_id, _MESSAGES[code])
