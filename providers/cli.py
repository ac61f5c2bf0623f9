"""`ferry`: what is not `pulumi`'s job."""

from __future__ import annotations

import os
from pathlib import Path

import click


@click.group()
@click.version_option(package_name="ferry")
def main() -> None:
    """Ferry moves Auth0 tenants into WorkOS. Preview and apply with `pulumi preview` and `pulumi up`."""


@main.command()
@click.argument("folder", required=False, type=click.Path(file_okay=False, path_type=Path))
@click.option("--again", is_flag=True, help="Download anew over a finished download in FOLDER.")
@click.pass_context
def download(context: click.Context, folder: Path | None, again: bool) -> None:
    """Download an Auth0 tenant into FOLDER (default: exports/<tenant>): users, organizations, members, roles.

    AUTH0_DOMAIN, AUTH0_CLIENT_ID and AUTH0_CLIENT_SECRET say which, and by which application. A download that was
    stopped goes on when the same command runs again.
    """
    from providers.auth0.download.command import run_download

    context.exit(run_download(folder, os.environ, again=again))


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free port.")
@click.option(
    "--tenant",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Export folder that the Auth0 side serves; without it, an empty tenant.",
)
def sandbox(port: int, tenant: Path | None) -> None:
    """Serve embedded WorkOS and Auth0 APIs on this machine; prints one JSON line with their addresses when ready."""
    from sandbox.auth0.tenant import TenantError, load_tenant
    from sandbox.server import serve

    try:
        served = None if tenant is None else load_tenant(tenant)
    except (TenantError, OSError) as error:
        raise click.UsageError(str(error)) from error
    serve(port, served)
