"""`ferry download` as a test runs it, in this process or as one of its own, and what it left in its folder."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from providers.cli import main
from tests.sandbox.auth0.auth0_side import Auth0Side
from tests.stack import ROOT, soon
from tests.tenant import Line, member, organization, person

SECRET = "made-up-secret-of-the-application"
#: Ctrl-C counts, even if the tests run where it does not (in the background of a shell).
_START = (
    "import signal; signal.signal(signal.SIGINT, signal.default_int_handler);"
    "from providers.cli import main; main(prog_name='ferry')"
)
COMMAND = (sys.executable, "-c", _START, "download")
FILES = ("users", "organizations", "members", "roles")


@dataclass
class Download:
    """One folder, and the tenant that is downloaded into it."""

    auth0: Auth0Side
    folder: Path
    said: str = ""
    environment: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.environment = {
            "AUTH0_DOMAIN": "acme.eu.auth0.com",
            "AUTH0_CLIENT_ID": "made-up-client",
            "AUTH0_CLIENT_SECRET": SECRET,
            "AUTH0_BASE_URL": f"{self.auth0.url}/auth0",
        }

    def run(self, *words: str, code: int = 0) -> str:
        """Run the command; it ends with that exit code, and this is what it says. It never says a secret."""
        done = CliRunner().invoke(main, ["download", str(self.folder), *words], env=self.environment)
        self.said = done.output
        assert done.exit_code == code, f"exit {done.exit_code}\n{done.output}\n{done.exception!r}"
        tokens = self.auth0.plain.headers["authorization"].split()[1:]
        assert not [one for one in (SECRET, *tokens) if one in done.output]
        return done.output

    def start(self) -> subprocess.Popen[str]:
        """Start it as a process of its own."""
        return subprocess.Popen(
            [*COMMAND, str(self.folder)],
            cwd=ROOT,
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def start_in(self, folder: Path) -> subprocess.CompletedProcess[str]:
        """Run it to its end in a working folder, without naming one to download into."""
        environment = {**os.environ, **self.environment, "PYTHONPATH": str(ROOT)}
        return subprocess.run(COMMAND, cwd=folder, env=environment, capture_output=True, text=True, check=False)

    def stop_after(self, requests: int, signal: int, path: str = "/members") -> tuple[int, str]:
        """Start it, and send a signal once so many requests for a path were answered and the next ones were not.

        Returns the exit code and what it said.
        """
        self.auth0.fault(path, "refuse", after=requests, times=None, status=503)
        process = self.start()
        soon(lambda: self.statuses(path)[503] > 0, f"{requests} requests")
        process.send_signal(signal)
        said, _ = process.communicate(timeout=60)
        self.auth0.control("DELETE", "faults")
        return process.returncode, said

    def asked(self, path: str = "") -> int:
        """How many requests were made whose route ends so, since the log was cleared."""
        counts: dict[str, int] = self.auth0.log()["counts"]
        return sum(number for route, number in counts.items() if route.endswith(path))

    def statuses(self, path: str) -> Counter[Any]:
        """How the latest requests for paths with this part ended."""
        return Counter(request["status"] for request in self.auth0.log()["requests"] if path in request["path"])

    def forget_requests(self) -> None:
        """Clear the log."""
        self.auth0.control("DELETE", "auth0/requests")

    def lines(self, kind: str) -> list[Line]:
        """The lines of a downloaded file."""
        return [json.loads(line) for line in (self.folder / f"{kind}.ndjson").read_text("utf-8").splitlines()]

    def members(self) -> list[tuple[str, str]]:
        """Organization and user of each member line."""
        return [(line["org_id"], line["user_id"]) for line in self.lines("members")]

    def manifest(self) -> Any:
        """The manifest."""
        return json.loads((self.folder / "manifest.json").read_text("utf-8"))

    def modes(self) -> dict[str, int]:
        """The permissions of everything in the folder, and of itself."""
        found = [self.folder, *self.folder.rglob("*")]
        return {str(path.relative_to(self.folder)): stat.S_IMODE(path.stat().st_mode) for path in found}


def serve_crowd(auth0: Auth0Side, organizations: int = 3, members: int = 2) -> list[tuple[str, str]]:
    """A tenant of organizations with as many members each; the pairs of them, in the order of the lists."""
    pairs = [(f"{one:03}", f"auth0|{one:03}-{other:05}") for one in range(organizations) for other in range(members)]
    auth0.serve(
        users=[person(user.removeprefix("auth0|")) for _, user in pairs],
        organizations=[organization(f"{one:03}") for one in range(organizations)],
        members=[member(name, user) for name, user in pairs],
    )
    return [(f"org_{name}", user) for name, user in pairs]
