"""``ferry sandbox``, also ``python -m sandbox``: serve the embedded WorkOS and Auth0 APIs until told to stop."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command(name="sandbox", short_help="Serve embedded WorkOS and Auth0 APIs on this machine.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free port.")
@click.option(
    "--tenant",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Export folder that the Auth0 side serves; without it, an empty tenant.",
)
@click.option("--limits", is_flag=True, help="Keep WorkOS's rate limits.")
@click.option("--settings", type=_FILE, help="JSON file of switches, as POST /_sandbox/settings takes them.")
@click.option("--faults", type=_FILE, help="JSON file of faults, as POST /_sandbox/faults takes them.")
@click.option("--snapshot", type=_FILE, help="Begin with an environment that POST /_sandbox/snapshot kept.")
def sandbox(
    port: int, tenant: Path | None, limits: bool, settings: Path | None, faults: Path | None, snapshot: Path | None
) -> None:
    """Serve embedded WorkOS and Auth0 APIs on this machine; prints one JSON line with their addresses when ready.

    A page to look at is at the address itself. docs/sandbox.md says what the sandbox promises.
    """
    from sandbox.auth0.tenant import TenantError, load_tenant
    from sandbox.http.faults import Faults
    from sandbox.sandbox import Start
    from sandbox.server import build_app, listen, serve
    from sandbox.workos.snapshot import SnapshotError, load
    from sandbox.workos.switches import Switches, change_switches

    try:
        switches = _read(settings, {}, lambda sent: change_switches(Switches(), sent))
        start = Start(
            {**switches, "limits": True} if limits else switches,
            _read(faults, [], Faults().arm),
            None if tenant is None else load_tenant(tenant),
        )
        app = build_app(start, None if snapshot is None else load(snapshot))
    except (TenantError, SnapshotError, OSError) as error:
        raise click.UsageError(str(error)) from error
    try:
        listener = listen(port)
    except OSError as error:
        raise click.UsageError(f"port {port} cannot be used: {error.strerror or error}") from error
    with listener:
        serve(listener, app, _announce)


def _announce(line: str) -> None:
    try:
        print(line, flush=True)
    except OSError as error:
        raise click.UsageError(f"the address cannot be told on standard output: {error.strerror}") from error


def _read(path: Path | None, empty: Any, check: Callable[[object], None]) -> Any:
    from sandbox.http.refusals import Refusal

    if path is None:
        return empty
    try:
        read = json.loads(path.read_bytes())
        if type(read) is not type(empty):
            raise click.UsageError(f"{path}: must hold a JSON {'list' if empty == [] else 'object'}")
        check(read)
    except (ValueError, RecursionError) as error:
        raise click.UsageError(f"{path}: not JSON") from error
    except Refusal as refused:
        raise click.UsageError(f"{path}: {' '.join(error_['message'] for error_ in refused.body['errors'])}") from None
    return read
