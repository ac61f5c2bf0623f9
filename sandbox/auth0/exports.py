"""``/api/v2/jobs``: create an export job, ask how it is, fetch its file by a signed link.

The link takes no token, lives as long as the switches say, and a new GET of the job mints another. What is behind it is
gzip by content, without ``Content-Encoding``, and can be fetched in ranges.

Source: Management API reference, create export job and get job; Auth0 docs, bulk user exports.
"""

import json
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from starlette.responses import FileResponse, JSONResponse, Response

from sandbox.auth0.jobs import Job
from sandbox.auth0.paging import check_query
from sandbox.auth0.projection import PREDEFINED, export_lines
from sandbox.auth0.refusals import Refused, cdn_error, invalid_body, not_found
from sandbox.auth0.state import Call, Operation
from sandbox.auth0.tenant import Line
from sandbox.http.identifiers import timestamp

FORMATS: Final = ("json", "csv")
#: CSV only: at most so many fields, and no whole metadata (bulk user exports).
CSV_FIELDS: Final = 30
CSV_REFUSES: Final = ("app_metadata", "user_metadata")
NAME_LENGTH: Final = 100
IDP_TOKENS_SCOPE: Final = "read:user_idp_tokens"

_CONNECTION_ID: Final = re.compile(r"con_[A-Za-z0-9]{16}")


def create_job(call: Call) -> Response:
    """Start an export of all users, or of those with any identity in one connection.

    Whether a secondary identity counts is not documented.
    """
    asked = _read(call.body)
    auth0 = call.auth0
    identifier, moment = auth0.registrar.identify("job")
    fields = asked.get("fields") or [{"name": name} for name in PREDEFINED]
    lines = export_lines(
        _users(call, asked),
        [(field["name"], field.get("export_as", field["name"])) for field in fields],
        asked["format"],
        idp_tokens=IDP_TOKENS_SCOPE in call.scopes,
    )
    job = auth0.jobs[identifier] = Job(identifier, timestamp(moment), asked, lines, auth0.switches.job_polls)
    return JSONResponse(job.shown())


def get_job(call: Call) -> Response:
    """Show a job one step further on; a completed one with a new link."""
    check_query(call.query, frozenset())
    job = _found(call)
    if job is None:
        raise not_found("job", "inexistent_job")
    if call.fault == "job_failed":
        job.fail("The export failed.")
    if job.status in ("pending", "processing"):
        job.poll()
    shown = job.shown()
    if job.status == "completed":
        shown["location"] = f"{call.origin}/auth0/exports/{job.id}/{job.file_name}?signature={job.mint_link()}"
    return JSONResponse(shown)


def download(call: Call) -> Response:
    """Send the file, or the range of it that is asked for; 403 for a link that is unknown or has expired."""
    if "authorization" in call.headers:
        raise cdn_error(400, "InvalidArgument", "Only one auth mechanism allowed")
    job, signature = _found(call), call.query.get("signature", "")
    if job is None or call.parameters["name"] != job.file_name or signature not in job.links:
        raise cdn_error(403, "AccessDenied", "Access denied")
    longest = call.auth0.switches.link_requests
    if call.fault == "link_expired" or (longest is not None and job.links[signature] >= longest):
        del job.links[signature]
        raise cdn_error(403, "AccessDenied", "Request has expired")
    job.links[signature] += 1
    return FileResponse(job.path, media_type="application/gzip")


def _found(call: Call) -> Job | None:
    """The job, unless the fault ``job_gone`` takes it and its file away, as 24 hours do."""
    if call.fault == "job_gone":
        call.auth0.jobs.pop(call.parameters["id"], None)
    return call.auth0.jobs.get(call.parameters["id"])


def _users(call: Call, asked: dict[str, Any]) -> Iterator[Line]:
    tenant, users = call.auth0.tenant, call.auth0.tenant.lines_of_users()
    if "connection_id" in asked:
        name = next(
            (
                connection["name"]
                for connection in tenant.connections.values()
                if connection["id"] == asked["connection_id"]
            ),
            None,
        )
        if name is None:
            raise invalid_body("The connection does not exist on property connection_id")
        users = (
            user
            for user in users
            if any(identity.get("connection") == name for identity in user.get("identities") or ())
        )
    return islice(users, asked.get("limit"))


def _read(body: bytes) -> dict[str, Any]:
    try:
        sent = json.loads(body or b"{}")
    except ValueError as error:
        raise invalid_body("The body is not JSON") from error
    if not isinstance(sent, dict):
        raise invalid_body("Expected type object")
    for name in sent.keys() - {"connection_id", "format", "limit", "fields"}:
        raise invalid_body(f"Additional properties not allowed: {name}")
    asked = {"format": "json", **sent}
    if asked["format"] not in FORMATS:
        raise _wrong("format", "No enum match")
    if "limit" in asked and (type(asked["limit"]) is not int or asked["limit"] < 1):
        raise _wrong("limit", "Expected an integer of at least 1")
    identifier = asked.get("connection_id", "con_0123456789abcdef")
    if not (isinstance(identifier, str) and _CONNECTION_ID.fullmatch(identifier)):
        raise _wrong("connection_id", "String does not match pattern ^con_[A-Za-z0-9]{16}$")
    _check_fields(asked.get("fields", []), asked["format"])
    return asked


def _check_fields(fields: object, kind: str) -> None:
    if not isinstance(fields, list) or not all(isinstance(field, dict) for field in fields):
        raise _wrong("fields", "Expected an array of objects")
    for field in fields:
        if "name" not in field or not field.keys() <= {"name", "export_as"}:
            raise _wrong("fields", "Expected name and, if wanted, export_as")
        if not all(isinstance(text, str) and 0 < len(text) <= NAME_LENGTH for text in field.values()):
            raise _wrong("fields", f"Expected strings of 1 to {NAME_LENGTH} characters")
        if kind == "csv" and field["name"] in CSV_REFUSES:
            raise _wrong("fields", f"{field['name']} cannot be exported as a whole to csv")
    if kind == "csv" and len(fields) > CSV_FIELDS:
        raise _wrong("fields", f"Array is too long ({len(fields)}), maximum {CSV_FIELDS}")


def _wrong(name: str, message: str) -> Refused:
    return invalid_body(f"{message} on property {name}")


OPERATIONS: Final = {
    "/api/v2/jobs/users-exports": {"POST": Operation(create_job, ("read:users",))},
    "/api/v2/jobs/{id}": {"GET": Operation(get_job, ("create:users", "read:users"), ("job_failed", "job_gone"))},
    "/exports/{id}/{name}": {"GET": Operation(download, (), ("link_expired", "job_gone"))},
}
