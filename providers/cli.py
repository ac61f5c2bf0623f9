"""`ferry`: what is not `pulumi`'s job."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
@click.version_option(package_name="ferry")
def main() -> None:
    """Ferry moves Auth0 tenants into WorkOS. Preview and apply with `pulumi preview` and `pulumi up`."""


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
