"""One call of the API as a room sees it: what it is asked, and what it answers."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sandbox.http.refusals import invalid_parameters
from sandbox.http.request_log import Entry
from sandbox.http.schema import Field, read_body, read_query
from sandbox.workos.series import PageRequest, page_request
from sandbox.workos.state import Environment


@dataclass(slots=True)
class Call:
    """One request, as a room sees it."""

    environment: Environment
    parameters: Mapping[str, str]
    query: Mapping[str, list[str]]
    body: object = field(repr=False)
    entry: Entry
    #: A list shows nothing that was made after this moment; None: everything.
    visible_until: int | None = None

    def note(self, external_id: str | None) -> None:
        """Log the request under the external id of the object it is about, if that has one."""
        if external_id is not None:
            self.entry.external_id = external_id

    def read(self, fields: Mapping[str, Field]) -> dict[str, Any]:
        """Return the body if it fits the fields and the switches; refuse it with every violation otherwise."""
        switches = self.environment.switches
        body = read_body(self.body, fields, ignore_unknown=switches.unknown_fields == "ignore")
        if len(body.get("external_id") or "") > switches.external_id_length:
            message = f"external_id must be at most {switches.external_id_length} characters."
            raise invalid_parameters("external_id_invalid", message)
        return body

    def read_page(self, known: frozenset[str], prefix: str) -> PageRequest:
        """Return the page that the query asks for, of objects whose ids begin so; refuse unknown parameters."""
        if self.environment.switches.unknown_fields == "refuse":
            read_query(self.query, known)
        return page_request(self.query, prefix, self.visible_until)


class Answer(NamedTuple):
    """Status and JSON body; no body at all for None."""

    status: int
    body: Mapping[str, Any] | None = None
    headers: Mapping[str, str] = {}


Operation = Callable[[Call], Answer | Awaitable[Answer]]
