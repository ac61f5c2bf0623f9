"""`ferry`: what is not `pulumi`'s job."""

from __future__ import annotations

import click


@click.group()
@click.version_option(package_name="ferry")
def main() -> None:
    """Ferry moves Auth0 tenants into WorkOS. Preview and apply with `pulumi preview` and `pulumi up`."""


@main.command()
@click.option("--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0 takes a free port.")
def sandbox(port: int) -> None:
    """Serve an embedded WorkOS API on this machine; prints one JSON line with its address when it is ready."""
    from sandbox.server import serve

    serve(port)
