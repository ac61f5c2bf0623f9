"""The page at ``/``: what happens in the sandbox, for a person to look at, on this machine alone.

One answer holds the whole page; its script asks ``overview`` every second. The style and the script may run because
the page's policy names their hashes; nothing else may be loaded or run.
"""

import base64
import hashlib
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from sandbox.http.refusals import Refusal
from sandbox.page.overview import overview
from sandbox.sandbox import Sandbox

_FOLDER: Final = Path(__file__).parent
_STYLE: Final = (_FOLDER / "page.css").read_text(encoding="utf-8")
_SCRIPT: Final = (_FOLDER / "page.js").read_text(encoding="utf-8")
_HTML: Final = (
    (_FOLDER / "page.html")
    .read_text(encoding="utf-8")
    .replace("<style></style>", f"<style>{_STYLE}</style>")
    .replace("<script></script>", f"<script>{_SCRIPT}</script>")
)


def _source(text: str) -> str:
    """Name an inline text in a policy (W3C, Content Security Policy, hash sources)."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


HEADERS: Final = {
    "content-security-policy": "; ".join(
        (
            "default-src 'none'",
            f"style-src {_source(_STYLE)}",
            f"script-src {_source(_SCRIPT)}",
            "connect-src 'self'",
            "img-src data:",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    ),
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


def page_routes(sandbox: Sandbox) -> list[Route]:
    """Return the page's routes of one sandbox."""

    async def show(_: Request) -> Response:
        return HTMLResponse(_HTML, headers=HEADERS)

    async def tell(request: Request) -> Response:
        try:
            return JSONResponse(overview(sandbox, request.query_params), headers={"cache-control": "no-store"})
        except Refusal as refusal:
            return JSONResponse(refusal.body, refusal.status)

    return [Route("/", show), Route("/_sandbox/overview", tell)]
