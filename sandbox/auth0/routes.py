"""All paths of the Auth0 side."""

from collections.abc import Mapping
from typing import Final

from starlette.routing import Route

from sandbox.auth0 import catalog, exports, organizations, tokens
from sandbox.auth0.endpoint import PREFIX, Auth0Endpoint
from sandbox.auth0.state import Operation
from sandbox.endpoint import Sandbox
from sandbox.paths import named

OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    **tokens.OPERATIONS,
    **exports.OPERATIONS,
    **organizations.OPERATIONS,
    **catalog.OPERATIONS,
    "/{path:rest}": {},
}
#: Paths as limits and logs name them.
PATHS: Final = frozenset(map(named, OPERATIONS))


def auth0_routes(sandbox: Sandbox) -> list[Route]:
    """Return the routes of one sandbox's Auth0 side."""
    return [Route(PREFIX + path, Auth0Endpoint(sandbox, path, calls)) for path, calls in OPERATIONS.items()]
