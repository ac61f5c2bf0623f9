"""`ferry download` as a person meets it: progress while it runs, the outcome, and what to do next."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from pathlib import Path

import click

from providers.auth0.download.display import Display
from providers.auth0.download.errors import DownloadError
from providers.auth0.download.run import Downloaded, download
from providers.text import plain, plain_lines

_NEVER_IN_IT = (
    "Not in it, since no API gives them: password hashes and MFA secrets. Ask Auth0 support for both (paid plans, a\n"
    "ticket, no promised date), and save what comes as passwords.ndjson and mfa.ndjson in this folder."
)


def run_download(folder: Path | None, environment: Mapping[str, str], exports: Path, *, again: bool) -> int:
    """Download and say how it went; without a folder, into `exports`/<tenant>.

    Returns the exit code: 0 whole, 1 something is missing, 2 could not, 130 stopped.
    """
    try:
        done = download(folder, environment, Display(), exports, again=again)
    except DownloadError as error:
        click.echo(f"ferry download: {plain_lines(str(error))}", err=True)
        return 2
    except KeyboardInterrupt:
        click.echo("ferry download: stopped; run the same command again to go on", err=True)
        return 128 + signal.SIGINT
    click.echo(_outcome(done))
    return 1 if done.gaps else 0


def _outcome(done: Downloaded) -> str:
    counts = ", ".join(f"{lines:,} {name.partition('.')[0]}" for name, lines in done.lines.items())
    parts = [f"{done.folder}: {counts}"]
    parts += [f"  missing: {gap}" for gap in done.gaps]
    parts += [f"  note: {oddity}" for oddity in done.oddities]
    return "\n".join([*map(plain, parts), _NEVER_IN_IT, f"Next: ferry check {plain(str(done.folder))}"])
