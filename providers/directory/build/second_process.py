"""The second process of a large build: takes in what does not concern users, then joins the members.

It talks in lines of JSON on standard input and output, and reads and writes drafts only; a small export is built by one
process, which calls the same functions.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Any, TypedDict

from providers.auth0.export import Export
from providers.auth0.lines import ExportError
from providers.directory.build.draft import at_once, opened, reopened, settle, uncollected
from providers.directory.build.memberships import end_members
from providers.directory.build.merging import read_back
from providers.directory.build.organizations_and_roles import read_tenancy
from providers.directory.build.passwords import match_passwords
from providers.directory.build.rows import REST, fill, open_exports
from providers.directory.model import Role
from providers.findings import Counted, Ledger
from providers.settings import Settings

#: Before an answer that is a fault.
_FAULT = "fault "
#: Below this many bytes a second process costs more than it brings.
_WORTH_A_PROCESS = 16 << 20


class MembersEnded(TypedDict):
    """What was counted of the members; the roles of the roles file and those that only members name, by attribute."""

    counted: Counted
    roles: list[dict[str, Any]]


class SecondProcess(AbstractContextManager["SecondProcess"]):
    """Does the half of a build that needs no users, in a process of its own if the export is large."""

    def __init__(self, exports: list[Export], settings: Settings, project: Path, ledger: Ledger) -> None:
        self._exports, self._settings, self._ledger = exports, settings, ledger
        self._process: subprocess.Popen[str] | None = None
        self._rest = Path()
        self._members_ended: MembersEnded | None = None
        if sum(export.size(kind) for export in exports for kind in REST) < _WORTH_A_PROCESS:
            return
        self._process = subprocess.Popen(
            [sys.executable, "-m", "providers.directory.build.second_process"],
            cwd=Path(__file__).parents[3],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._tell({"settings": settings.model_dump_json(exclude={"workos_api_key"}), "project": str(project)})

    def __exit__(self, _: type[BaseException] | None, fault: BaseException | None, __: TracebackType | None) -> None:
        if self._process is not None:
            if fault is not None:
                self._process.kill()
            self._process.communicate()

    def take_in(self, rest: Path) -> None:
        """Begin to fill a draft with members, passwords and factors."""
        self._rest = rest
        if self._process is None:
            fill(rest, REST, self._exports, self._settings, self._ledger)
        else:
            self._tell({"rest": str(rest)})

    def taken_in(self) -> None:
        """Wait until the draft is full. Raises ExportError."""
        if self._process is not None:
            self._ledger.add(json.loads(self._answer()))

    def match_passwords(self, people: Path) -> None:
        """Begin to join the hashes with the people of a draft, which stays as it is until that has ended."""
        if self._process is None:
            _match_passwords(people, self._rest)
        else:
            self._tell({"people": str(people)})

    def passwords_matched(self) -> None:
        """Wait until every account's hash is known."""
        if self._process is not None:
            self._answer()

    def end_members(self, people: Path, members: Path) -> None:
        """Begin to join the members with the people of a draft, which stays as it is from now on."""
        if self._process is None:
            self._members_ended = _end_members(people, self._rest, members, self._exports, self._settings)
        else:
            self._tell({"people": str(people), "members": str(members)})

    def members_ended(self) -> list[Role]:
        """Wait for the memberships, and return the roles of the roles file and those that only members name."""
        ended: MembersEnded = self._members_ended or json.loads(self._answer())
        self._ledger.add(ended["counted"])
        return [Role(**role) for role in ended["roles"]]

    def _tell(self, task: Mapping[str, str]) -> None:
        with suppress(BrokenPipeError):  # an answer that does not come says more
            print(json.dumps(task), file=self._process.stdin if self._process else None, flush=True)

    def _answer(self) -> str:
        """The next line of the second process. Raises ExportError if it is a fault, or there is none."""
        line = self._process.stdout.readline() if self._process and self._process.stdout else ""
        if not line:
            raise ExportError(
                "a second process that reads the export ended too early; is memory or disk space short? Run again"
            )
        if line.startswith(_FAULT):
            raise ExportError(json.loads(line.removeprefix(_FAULT)))
        return line


def _match_passwords(people: Path, rest: Path) -> None:
    with reopened(rest, people_draft=people) as db, at_once(db):
        match_passwords(db)


def _end_members(people: Path, rest: Path, members: Path, exports: list[Export], settings: Settings) -> MembersEnded:
    """Write the memberships and their findings into a draft of their own. Returns the counts and the roles."""
    ledger = Ledger({**exports[0].ledger.names})
    aside = Ledger()
    organizations, roles = read_tenancy([export.beside(aside) for export in exports], settings, aside)
    with opened(members, people_draft=people, rest_draft=rest) as db, at_once(db):
        end_members(db, organizations, read_back(db), roles, settings, ledger)
        settle(db, ledger)
    return {"counted": ledger.counted(), "roles": [asdict(role) for role in roles.declared.values()]}


def _serve() -> None:
    first = json.loads(sys.stdin.readline())
    settings, ledger = Settings.model_validate_json(first["settings"]), Ledger()
    try:
        exports = open_exports(settings, Path(first["project"]), ledger)
        rest = Path(json.loads(sys.stdin.readline())["rest"])
        fill(rest, REST, exports, settings, ledger)
        _say(ledger.counted())
        if task := sys.stdin.readline():
            _match_passwords(Path(json.loads(task)["people"]), rest)
            _say(None)
        if task := sys.stdin.readline():
            paths = json.loads(task)
            _say(_end_members(Path(paths["people"]), rest, Path(paths["members"]), exports, settings))
    except ExportError as error:
        _say(str(error), _FAULT)


def _say(answer: Counted | MembersEnded | str | None, before: str = "") -> None:
    sys.stdout.write(f"{before}{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    with uncollected():
        _serve()
