"""All paths of the Auth0 side."""

from collections.abc import Mapping
from typing import Final

from starlette.routing import Route

from sandbox.auth0 import catalog, exports, organizations, tokens
from sandbox.auth0.endpoint import PREFIX, Auth0Endpoint
from sandbox.auth0.state import Auth0, Operation
from sandbox.http.paths import named

OPERATIONS: Final[Mapping[str, Mapping[str, Operation]]] = {
    **tokens.OPERATIONS,
    **exports.OPERATIONS,
    **organizations.OPERATIONS,
    **catalog.OPERATIONS,
    "/{path:rest}": {},
}
#: Paths as limits and logs name them.
PATHS: Final = frozenset(map(named, OPERATIONS))


def auth0_routes(auth0: Auth0) -> list[Route]:
    """Return the routes of one Auth0 side."""
    return [Route(PREFIX + path, Auth0Endpoint(auth0, path, calls)) for path, calls in OPERATIONS.items()]
