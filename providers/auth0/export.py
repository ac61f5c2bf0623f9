"""An export folder in, typed records with their place out; every line that is no record ends in the ledger."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import ValidationError

from providers.auth0.attribute_names import NO_NAMES, with_api_keys
from providers.auth0.completeness import read_manifest, suspicions
from providers.auth0.fast_lines import fast_record
from providers.auth0.lines import ExportError, pieces
from providers.auth0.records import (
    Factor,
    Member,
    Organization,
    Password,
    Record,
    Role,
    RoundedId,
    User,
    faults,
    with_one_spelling,
)
from providers.findings import LINE, TENANT, Ledger, line_of
from providers.settings import FILES

_MODELS: dict[str, type[Record]] = {
    "users": User,
    "organizations": Organization,
    "members": Member,
    "roles": Role,
    "passwords": Password,
    "mfa": Factor,
}
_ENDINGS = tuple(ending + packed for ending in (".ndjson", ".json") for packed in ("", ".gz"))
_TABLES = (".csv", ".csv.gz")
_ENCRYPTED = (".pgp", ".gpg", ".asc")
#: Names that are meant as a file of the export all the same.
_UNREAD = re.compile(r"\.(?:csv|csv\.gz|pgp|gpg|asc|zip|xlsx|jsonl|bz2|xz|zst)$")
_DEEPEST = 201
#: A string, whatever is in it, or one bracket.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)
_ID_KEYS = ("user_id", "id", "Id", "org_id")


class Read(NamedTuple):
    """A record with its place (`findings.LINE`), byte offset and length in the (unpacked) file."""

    place: int
    offset: int
    length: int
    record: Any


class Export:
    """The files of one tenant's export. Reading a file counts its lines and its unusable ones in the ledger."""

    def __init__(
        self,
        folder: Path,
        ledger: Ledger,
        *,
        number: int = 0,
        tenant: str = "",
        prefix: str = "",
        export_as: Mapping[str, str] = NO_NAMES,
    ) -> None:
        """`number` is the tenant's place in `ferry:tenants`, `tenant` its name, empty if there is but one; `export_as`
        are the stack's names in the users file (`ferry:exportAs`).

        Raises ExportError if the folder or its `users` file is missing, or a kind stands there twice or encrypted.
        """
        self.folder, self.ledger, self.export_as = folder, ledger, export_as
        self.number, self.tenant, self.prefix = number, tenant, prefix
        #: Email and `email_verified` of users whose line cannot be used, by id: they share the email all the same.
        self.claims: dict[str, tuple[str, object]] = {}
        if not folder.is_dir():
            raise ExportError(
                f"the export folder {folder} does not exist. Example: pulumi config set ferry:export exports/acme"
            )
        self.files = {kind: path for kind in FILES if (path := _file_of(folder, kind))}
        if "users" not in self.files:
            raise ExportError(f"{folder} holds no users file (users.ndjson, .json or .csv, each also .gz)")
        self.names = {
            kind: "/".join(part for part in (tenant, self.files[kind].name if kind in self.files else kind) if part)
            for kind in FILES
        }
        ledger.names |= {(number, kind): name for kind, name in self.names.items()}

    def sha256(self) -> dict[str, str]:
        """The SHA-256 of each file by its name, as hex."""
        with ThreadPoolExecutor(2) as pool:
            paths = sorted(self.files.values())
            return dict(zip((path.name for path in paths), pool.map(_sha256, paths), strict=True))

    def beside(self, ledger: Ledger) -> Export:
        """The same export, counted in another ledger."""
        other = copy(self)
        other.ledger = ledger
        return other

    def size(self, kind: str) -> int:
        """Bytes of a file as it stands on the disk; 0 if it is not there."""
        return self.files[kind].stat().st_size if kind in self.files else 0

    def confirm(self, blank: int, members: Mapping[str, int]) -> None:
        """Once everything is read, note counts that look like a sample or a cap.

        `blank` is the number of blank lines among the users, `members` counts them by organization. Raises ExportError
        for a number of lines that is not the manifest's.
        """
        lines = {kind: self.ledger.lines[self.number, kind] for kind in FILES}
        if manifest := read_manifest(self.folder):
            manifest.check_lines({path.name: lines[kind] for kind, path in self.files.items()})
        for suspicion in suspicions(lines["users"] - blank, members):
            self.ledger.note(suspicion.kind, self.number * TENANT, "", suspicion.code, suspicion.message)

    def read(self, kind: str) -> Iterator[Read]:
        """The records of a file in file order, each under its place; nothing if the file is not there.

        Raises ExportError.
        """
        path = self.files.get(kind)
        if path is None:
            return
        own_names = kind == "users" and bool(self.export_as)
        place, last, lines = 0, 0, 0
        try:
            for line, offset, data in pieces(path, self.export_as):
                lines += 1
                place = place + 1 if line == last else self.number * TENANT + line * LINE
                last = line
                record = None if own_names else fast_record(kind, data)
                if record is None:
                    if not data.strip():
                        self.ledger.end("skipped", kind, place, "", "blank_line", "the line is empty")
                        continue
                    record = self._record(kind, path.name, place, data)
                    if record is None:
                        continue
                yield Read(place, offset, len(data), record)
        finally:
            self.ledger.lines[self.number, kind] += lines

    def _record(self, kind: str, name: str, place: int, text: bytes) -> Record | None:
        try:
            data = parse(text)
        except (ValueError, RecursionError):
            message = "the line is not a JSON object, or one that is nested deeper than 200 levels"
            if name.endswith(_TABLES):
                message = "the row is badly quoted, or has not as many columns as the header"
            self.ledger.refuse(kind, place, "", "invalid_line", message)
            return None
        if kind == "users" and not name.endswith(_TABLES):
            data = with_api_keys(data, self.export_as)
        elif kind == "passwords":
            data = with_one_spelling(data)
        try:
            return _MODELS[kind].model_validate(data)
        except ValidationError as error:
            if any(isinstance(fault.get("ctx", {}).get("error"), RoundedId) for fault in error.errors()):
                raise ExportError(
                    f"{name}:{line_of(place)}: an id went through a spreadsheet or script that rounded it (1.09e+20); "
                    "export again and do not edit the file"
                ) from None
            external_id = _id_of(kind, data, self.prefix)
            missing = not external_id and kind != "passwords"
            code = "no_id" if missing and all(data.get(key) is None for key in _ID_KEYS) else "invalid_field"
            self.ledger.refuse(kind, place, external_id, code, f"the line cannot be used ({faults(error)})")
            if kind == "users" and isinstance(data.get("email"), str):
                self.claims[external_id or f"line {place}"] = data["email"], data.get("email_verified")
            return None


def digest(exports: Iterable[Export]) -> str:
    """SHA-256 over tenants, names and contents of all files, as hex.

    Raises ExportError for a file that is not the one in its download's manifest.
    """
    total = hashlib.sha256()
    with ThreadPoolExecutor(2) as pool:
        for export in exports:
            kinds, paths = list(export.files), list(export.files.values())
            digests = dict(zip(kinds, pool.map(_sha256, paths), strict=True))
            if manifest := read_manifest(export.folder):
                manifest.check_contents({path.name: digests[kind] for kind, path in export.files.items()})
            for kind, path in sorted(export.files.items()):
                total.update(f"{export.tenant} {export.prefix} {kind} {path.name} {digests[kind]}\n".encode())
    return total.hexdigest()


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _id_of(kind: str, data: dict[str, Any], prefix: str) -> str:
    """The external id of a line that cannot be used otherwise, as far as it has one."""
    if kind == "members":
        organization, user = data.get("org_id"), data.get("user_id")
        both = isinstance(organization, str) and isinstance(user, str)
        return f"{prefix}{organization}/{prefix}{user}" if both else ""
    own = next((data[key] for key in _ID_KEYS if isinstance(data.get(key), str)), "")
    return own and prefix + own


def parse(data: bytes) -> dict[str, Any]:
    """One JSON object. Raises ValueError for anything else, also for half a surrogate pair, which is no text, and for
    one nested too deep to be compared or written again.
    """
    if data.count(b"{") + data.count(b"[") > _DEEPEST and _depth(data) > _DEEPEST:
        raise ValueError("nested too deep")
    value = json.loads(data.decode("utf-8-sig"))
    if not isinstance(value, dict):
        raise ValueError("not a JSON object")
    if b"\\ud" in data or b"\\uD" in data:
        json.dumps(value, ensure_ascii=False).encode("utf-8")
    return value


def _depth(data: bytes) -> int:
    levels = accumulate(
        1 if bracket.group() in b"[{" else -1 for bracket in _BRACKETS.finditer(data) if len(bracket.group()) == 1
    )
    return max(levels, default=0)


def _file_of(folder: Path, kind: str) -> Path | None:
    endings = (*_ENDINGS, *_TABLES) if kind == "users" else _ENDINGS
    paths = [path for ending in endings if (path := folder / f"{kind}{ending}").is_file()]
    if len(paths) > 1:
        raise ExportError(f"{folder} holds {' and '.join(path.name for path in paths)}: keep the one that counts")
    if not paths and (
        other := next(filter(_UNREAD.search, sorted(path.name for path in folder.glob(f"{kind}.*"))), "")
    ):
        raise ExportError(f"{folder}/{other}: {_way_to_read(other, kind)}")
    return paths[0] if paths else None


def _way_to_read(name: str, kind: str) -> str:
    """What to do with a file of this kind that Ferry does not read; leaving it out silently would lose its records."""
    if name.endswith(_ENCRYPTED):
        clear = name.rpartition(".")[0]
        clear = clear if clear != kind else f"{kind}.ndjson"
        return f"the file is encrypted; decrypt it: gpg --output {clear} --decrypt {name}"
    if ".csv" in name:
        return "CSV is read for users only; export as JSON"
    return f"unpack it, or convert it to {kind}.ndjson"
