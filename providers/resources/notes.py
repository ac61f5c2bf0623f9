"""What a run has to say of records that are in WorkOS: no failure, and yet for somebody to look at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from providers.directory.store import Store
from providers.findings import NEXT_STEP, finding
from providers.reports.findings import append_findings
from providers.settings import Kind

_MESSAGES = {
    "password_unconfirmed": "in WorkOS before: which password it has there WorkOS shows nobody, and Ferry wrote none",
    "factor_of_others": "in WorkOS before, with an authenticator that Ferry did not enrol, which stays",
    "kept_otherwise": "WorkOS keeps another value than was sent",
    "role_directory_managed": "a directory manages this membership: WorkOS keeps the directory's roles",
}


class Note(NamedTuple):
    """One note on one record; `about` names the fields that it is about."""

    code: str
    kind: Kind
    key: str
    about: str

    @property
    def sentence(self) -> str:
        """What is true of the record, by its key."""
        return f"{self.kind} {self.key}: {self.message}"

    @property
    def message(self) -> str:
        """What is true, without the key."""
        return f"{_MESSAGES[self.code]} ({self.about})" if self.about else _MESSAGES[self.code]


def noted(kind: Kind, key: str, notes: Iterable[str]) -> Iterator[Note]:
    """One note for each code among the notes of a record, which are `code` or `code:field`."""
    fields: dict[str, dict[str, None]] = defaultdict(dict)
    for note in notes:
        code, _, name = note.partition(":")
        fields[code] |= {name: None} if name else {}
    return (Note(code, kind, key, ", ".join(names)) for code, names in fields.items())


def noted_lines(found: Mapping[str, Sequence[Note]]) -> Iterator[str]:
    """One line a code: how many, the first of them, and what to do next."""
    for code, notes in sorted(found.items()):
        first = min(notes)
        line = f"{len(notes):>6} {code} (first: {first.kind} {first.key})"
        yield f"{line}: {first.message}. Next: {NEXT_STEP[code]}"


def report_noted(path: Path, found: Mapping[str, Sequence[Note]], store: Store) -> None:
    """Add a finding for each note to the file that the program wrote before the run."""
    in_order = (note for _, notes in sorted(found.items()) for note in sorted(notes))
    append_findings(
        path, (finding(note.code, store.file_of(note.kind, note.key), 0, note.key, note.message) for note in in_order)
    )
