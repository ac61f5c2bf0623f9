"""An export in, a finished store out: mapping, merging, refusing. The order of the lines does not matter.

Linear in the size of the export, and within a fixed memory but for the accounts that share an email, are blocked or
refused: rows are sorted and joined in drafts on disk.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import asdict
from pathlib import Path

from providers.auth0.export import Export, Read
from providers.directory.draft import connect, settle
from providers.directory.intake import take_in
from providers.directory.memberships import end_members
from providers.directory.passwords import end_passwords, match_passwords
from providers.directory.people import drop_repeated, group_people
from providers.directory.sign_in import sign_ins_of
from providers.directory.tenancy import Organizations, Roles, read_organizations, read_roles
from providers.directory.users import end_factors, end_users
from providers.findings import FILES, TENANT, Ledger
from providers.settings import Settings

#: A finished store. Each table of records is in the order of its keys.
STORE = """
CREATE TABLE final.organizations (key TEXT PRIMARY KEY, name TEXT, metadata TEXT, domains TEXT) WITHOUT ROWID;
CREATE TABLE final.roles (key TEXT PRIMARY KEY, name TEXT, description TEXT, external_id TEXT) WITHOUT ROWID;
CREATE TABLE final.users (key TEXT PRIMARY KEY, external_id TEXT, email TEXT, email_verified INT, first_name TEXT,
    last_name TEXT, metadata TEXT, password TEXT, password_tenant INT, password_offset INT, password_length INT,
    totp TEXT, totp_tenant INT, totp_offset INT, totp_length INT) WITHOUT ROWID;
CREATE TABLE final.memberships (organization TEXT, user TEXT, roles TEXT, active INT,
    PRIMARY KEY (organization, user)) WITHOUT ROWID;
CREATE TABLE final.findings (code TEXT, file TEXT, line INT, external_id TEXT, message TEXT);
CREATE TABLE final.withheld (file TEXT, external_id TEXT, PRIMARY KEY (file, external_id)) WITHOUT ROWID;
CREATE TABLE final.codes (code TEXT PRIMARY KEY, number INT, refuses INT, examples TEXT) WITHOUT ROWID;
CREATE TABLE final.meta (name TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
"""


def build(exports: list[Export], settings: Settings, project: Path, path: Path, ledger: Ledger) -> None:
    """Write the store of an export under `path`, mode 0600. Every line ends in one bucket; the summary proves it.

    Raises ExportError for an export that cannot be trusted as a whole (see `lines.pieces`).
    """
    drafts = path.with_suffix(".people"), path.with_suffix(".rest")
    try:
        take_in(exports, settings, project, drafts, ledger)
        connect(path).close()
        with closing(sqlite3.connect(drafts[0], isolation_level=None)) as db:
            db.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -65536;")
            db.execute("ATTACH ? AS rest", (str(drafts[1]),))
            db.execute("ATTACH ? AS final", (str(path),))
            for other in ("rest", "final"):
                db.executescript(f"PRAGMA {other}.journal_mode = OFF; PRAGMA {other}.synchronous = OFF;")
            db.executescript(STORE)
            db.execute("BEGIN")
            _write(db, exports, settings, ledger)
            db.execute("COMMIT")
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        for draft in drafts:
            draft.unlink(missing_ok=True)


def _write(db: sqlite3.Connection, exports: list[Export], settings: Settings, ledger: Ledger) -> None:
    organizations = read_organizations(_records(exports, "organizations"), settings, ledger)
    roles = read_roles(_records(exports, "roles"), settings, ledger)
    drop_repeated(db, ledger)
    match_passwords(db)
    people = group_people(db, settings)
    end_passwords(db, people, ledger)
    end_factors(db, people, ledger)
    sign_ins = end_users(db, people, ledger)
    end_members(db, organizations, people, roles, settings, ledger)
    _write_organizations(db, organizations, roles)
    _confirm(db, exports)
    settle(db, ledger)
    _write_findings(db, exports, ledger)
    meta = {
        "summary": ledger.summary(),
        "sign_ins": [asdict(one) for one in sign_ins_of(sign_ins)],
    }
    db.executemany("INSERT INTO final.meta VALUES (?, ?)", ((name, json.dumps(told)) for name, told in meta.items()))


def _records(exports: Iterable[Export], kind: str) -> Iterator[Read]:
    """Organizations or roles of all tenants, their ids under the prefix of the tenant."""
    for export in exports:
        for read in export.read(kind):
            own = read.record.id
            named = export.prefix and own.strip()
            yield read._replace(record=read.record.model_copy(update={"id": export.prefix + own})) if named else read


def _confirm(db: sqlite3.Connection, exports: list[Export]) -> None:
    found = "SELECT code, file FROM main.findings UNION ALL SELECT code, file FROM rest.findings"
    blank = f"SELECT count(*) FROM ({found}) WHERE code = 'blank_line' AND file = ?"
    members = "SELECT organization, count(*) FROM members WHERE place / ? = ? GROUP BY organization"
    for export in exports:
        (number,) = db.execute(blank, (export.names["users"],)).fetchone()
        export.confirm(number, dict(db.execute(members, (TENANT, export.number))))


def _insert(db: sqlite3.Connection, table: str, width: int, rows: Iterable[tuple[object, ...]]) -> None:
    db.executemany(f"INSERT INTO final.{table} VALUES ({','.join('?' * width)})", rows)


def _write_organizations(db: sqlite3.Connection, organizations: Organizations, roles: Roles) -> None:
    kept = sorted(organizations.kept.items())
    rows = ((key, one.name, json.dumps(one.metadata), json.dumps(one.domains)) for key, one in kept)
    _insert(db, "organizations", 4, rows)
    _insert(db, "roles", 4, ((one.slug, one.name, one.description, one.external_id) for one in roles.kept.values()))


def _write_findings(db: sqlite3.Connection, exports: list[Export], ledger: Ledger) -> None:
    """All findings by tenant, file and line; then a row a code, with the first three."""
    db.execute("CREATE TABLE places (file TEXT PRIMARY KEY, turn INT)")
    names = (one.names[kind] for one in exports for kind in FILES)
    db.executemany("INSERT OR IGNORE INTO places VALUES (?, ?)", ((name, turn) for turn, name in enumerate(names)))
    found = "SELECT * FROM main.findings UNION ALL SELECT * FROM rest.findings"
    order = "turn, line, code, external_id, message"
    columns = "code, file, line, external_id, message"
    found = f"SELECT {columns} FROM ({found}) LEFT JOIN places USING (file) ORDER BY {order}"
    db.execute(f"INSERT INTO final.findings {found}")
    held = "SELECT file, external_id FROM main.withheld UNION SELECT file, external_id FROM rest.withheld"
    db.execute(f"INSERT INTO final.withheld {held}")
    for code, number in db.execute("SELECT code, count(*) FROM final.findings GROUP BY code").fetchall():
        query = "SELECT code, file, line, external_id, message FROM final.findings WHERE code = ? LIMIT 3"
        examples = json.dumps(db.execute(query, (code,)).fetchall())
        row = code, number, code in ledger.refusing, examples
        db.execute("INSERT INTO final.codes VALUES (?, ?, ?, ?)", row)
