"""An export in, a finished store out: mapping, merging, refusing. The order of the lines does not matter.

Linear in the size of the export, and within a fixed memory but for the accounts that share an email, are blocked or
refused: rows are sorted and joined in drafts on disk.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from providers.auth0.export import Export
from providers.directory.build.draft import at_once, attach, connect, opened, settle, uncollected
from providers.directory.build.merging import drop_repeated, group_people
from providers.directory.build.organizations_and_roles import read_tenancy
from providers.directory.build.passwords import end_passwords
from providers.directory.build.rows import PEOPLE, fill
from providers.directory.build.second_process import SecondProcess
from providers.directory.build.users import end_factors, end_users
from providers.directory.model import Record
from providers.directory.sign_in import people_of, sign_ins_of
from providers.directory.tables import columns_of, create_table, row_of
from providers.findings import TENANT, Ledger
from providers.settings import FILES, KINDS, Kind, Settings

#: A finished store. Each table of records is in the order of its keys.
STORE = f"""
{"".join(create_table(kind, "final") for kind in KINDS)}
CREATE INDEX final.merged_users ON users (external_id) WHERE external_id <> key;
CREATE TABLE final.findings (code TEXT, file TEXT, line INT, external_id TEXT, message TEXT);
CREATE TABLE final.withheld (file TEXT, external_id TEXT, PRIMARY KEY (file, external_id)) WITHOUT ROWID;
CREATE TABLE final.codes (code TEXT PRIMARY KEY, number INT, refuses INT, examples TEXT) WITHOUT ROWID;
CREATE TABLE final.meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""

#: Where findings lie until all are known.
_DRAFTS = ("main", "people_draft", "rest_draft", "members_draft")


def build(exports: list[Export], settings: Settings, project: Path, path: Path, ledger: Ledger) -> None:
    """Write the store of an export under `path`, mode 0600. Every line ends in one bucket; the summary proves it.

    Raises ExportError for an export that cannot be trusted as a whole (see `lines.pieces`).
    """
    drafts = {name: path.with_suffix(f".{name}") for name in ("people", "rest", "members", "work")}
    try:
        with uncollected(), SecondProcess(exports, settings, project, ledger) as second:
            second.take_in(drafts["rest"])
            fill(drafts["people"], PEOPLE, exports, settings, ledger)
            second.taken_in()
            connect(path).close()
            with opened(drafts["work"], people_draft=drafts["people"], rest_draft=drafts["rest"], final=path) as db:
                db.executescript(STORE)
                _write(db, second, drafts, exports, settings, ledger)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        for draft in drafts.values():
            draft.unlink(missing_ok=True)


def _write(
    db: sqlite3.Connection,
    second: SecondProcess,
    drafts: dict[str, Path],
    exports: list[Export],
    settings: Settings,
    ledger: Ledger,
) -> None:
    tenancy = read_tenancy(exports, settings, ledger)
    with at_once(db):
        drop_repeated(db, ledger)
    second.match_passwords(drafts["people"])
    with at_once(db):
        people = group_people(db, settings, second.passwords_matched)
    second.end_members(drafts["people"], drafts["members"])
    with at_once(db):
        end_passwords(db, people, ledger)
        end_factors(db, people, ledger)
        sign_ins = end_users(db, people, ledger)
    roles = second.members_ended()
    attach(db, "members_draft", drafts["members"])
    with at_once(db):
        db.execute("INSERT INTO final.memberships SELECT * FROM members_draft.memberships ORDER BY organization, user")
        for kind, records in {**tenancy.declared(), "roles": roles}.items():
            _insert(db, kind, records)
        _confirm(db, exports)
        settle(db, ledger)
        _write_findings(db, exports, ledger)
        meta = {"summary": ledger.summary(), "sign_ins": [asdict(sign_in) for sign_in in sign_ins_of(sign_ins)]}
        meta["people"] = people_of(sign_ins)
        texts = ((name, json.dumps(value)) for name, value in meta.items())
        db.executemany("INSERT INTO final.meta VALUES (?, ?)", texts)


def _confirm(db: sqlite3.Connection, exports: list[Export]) -> None:
    blank = "SELECT count(*) FROM people_draft.findings WHERE code = 'blank_line' AND file = ?"
    members = "SELECT organization, count(*) FROM members WHERE place / ? = ? GROUP BY organization"
    for export in exports:
        (number,) = db.execute(blank, (export.names["users"],)).fetchone()
        export.confirm(number, dict(db.execute(members, (TENANT, export.number))))


def _insert(db: sqlite3.Connection, kind: Kind, records: Iterable[Record]) -> None:
    columns = columns_of(kind)
    places = ", ".join("?" * len(columns))
    rows = (row_of(kind, record) for record in sorted(records, key=lambda record: record.key))
    db.executemany(f"INSERT INTO final.{kind} ({', '.join(columns)}) VALUES ({places})", rows)


def _write_findings(db: sqlite3.Connection, exports: list[Export], ledger: Ledger) -> None:
    """Write all findings by tenant, file and line; then a row for each code, with its first three."""
    db.execute("CREATE TABLE places (file TEXT PRIMARY KEY, turn INT)")
    names = (export.names[kind] for export in exports for kind in FILES)
    db.executemany("INSERT OR IGNORE INTO places VALUES (?, ?)", ((name, turn) for turn, name in enumerate(names)))
    findings = " UNION ALL ".join(f"SELECT * FROM {draft}.findings" for draft in _DRAFTS)
    order = "turn, line, code, external_id, message"
    columns = "code, file, line, external_id, message"
    findings = f"SELECT {columns} FROM ({findings}) LEFT JOIN places USING (file) ORDER BY {order}"
    db.execute(f"INSERT INTO final.findings {findings}")
    withheld = " UNION ".join(f"SELECT file, external_id FROM {draft}.withheld" for draft in _DRAFTS)
    db.execute(f"INSERT INTO final.withheld {withheld}")
    for code, number in db.execute("SELECT code, count(*) FROM final.findings GROUP BY code").fetchall():
        query = "SELECT code, file, line, external_id, message FROM final.findings WHERE code = ? LIMIT 3"
        examples = json.dumps(db.execute(query, (code,)).fetchall())
        row = code, number, code in ledger.refusing, examples
        db.execute("INSERT INTO final.codes VALUES (?, ?, ?, ?)", row)
