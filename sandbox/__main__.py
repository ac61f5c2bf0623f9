"""``python -m sandbox --port 0``: serve the embedded WorkOS and Auth0 APIs on this machine until told to stop."""

import argparse
from pathlib import Path

from sandbox.auth0.tenant import TenantError, load_tenant
from sandbox.server import serve


def main() -> None:
    """Read port and tenant, and serve."""
    parser = argparse.ArgumentParser(prog="sandbox", description="Embedded WorkOS and Auth0 APIs on 127.0.0.1.")
    parser.add_argument("--port", type=int, default=0, help="port on 127.0.0.1; 0 (the default) takes a free one")
    parser.add_argument("--tenant", type=Path, help="export folder that the Auth0 side serves; none: an empty tenant")
    arguments = parser.parse_args()
    try:
        tenant = None if arguments.tenant is None else load_tenant(arguments.tenant)
    except (TenantError, OSError) as error:
        parser.error(str(error))
    serve(arguments.port, tenant)


if __name__ == "__main__":
    main()
