"""Faults a test arms: an answer that refuses, a connection that closes, or something that Auth0 alone does."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from http import HTTPMethod
from typing import Any, Final

from sandbox.refusals import invalid_parameters
from sandbox.schema import TEXT, Field, read_body

#: ``refuse`` answers without doing the work; ``drop_before`` closes the connection before it, ``drop_after`` after it.
MODES: Final = ("refuse", "drop_before", "drop_after")
#: Auth0 only. ``drop_midway`` sends half of the answer; the others strike the requests they are about: a job that fails
#: or is gone, a link or token that ends, a page without items but with a ``next``, one that repeats its first item, a
#: member who is no user any more.
AUTH0_MODES: Final = (
    "drop_midway",
    "job_failed",
    "job_gone",
    "link_expired",
    "token_expired",
    "empty_page",
    "repeated_item",
    "deleted_member",
)
DEFAULT_STATUS: Final = 500
DEFAULT_BODY: Final = {"message": "Internal Server Error"}

_FIELDS: Final = {
    "method": Field(str, nullable=True),
    "path": Field(str, required=True),
    "contains": Field(str, nullable=True),
    "times": Field(int, nullable=True),
    "after": Field(int),
    "mode": TEXT,
    "status": Field(int),
    "body": Field(dict),
    "headers": Field(dict),
}


@dataclass(slots=True)
class Fault:
    """One armed fault: which requests it meets, how often, and what it does to them."""

    method: str | None
    path: re.Pattern[str]
    contains: str | None
    times: int | None
    #: So many requests that it meets go by first.
    after: int
    mode: str
    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    hits: int = 0

    def meets(self, method: str, path: str, body: bytes, modes: Collection[str]) -> bool:
        """Tell whether the fault is about this request; ``path`` may match anywhere in the path."""
        return (
            self.mode in modes
            and (self.times is None or self.hits < self.times)
            and self.method in (None, method)
            and self.path.search(path) is not None
            and (self.contains is None or self.contains.encode() in body)
        )

    def shown(self) -> dict[str, Any]:
        """Return the fault as the control route gives it out."""
        return {
            "method": self.method,
            "path": self.path.pattern,
            "contains": self.contains,
            "times": self.times,
            "after": self.after,
            "mode": self.mode,
            "status": self.status,
            "body": self.body,
            "headers": self.headers,
            "hits": self.hits,
        }


class Faults:
    """The armed faults; the first that meets a request strikes it."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []

    def arm(self, sent: object) -> None:
        """Arm a list of faults after those that are armed already; refuse the whole list for one that is wrong."""
        if not isinstance(sent, list):
            raise invalid_parameters("faults_list_required", "Send a list of faults.")
        self._armed += [_read_fault(one) for one in sent]

    def strike(self, method: str, path: str, body: bytes, modes: Collection[str] = MODES) -> Fault | None:
        """Return the fault of one of the modes that meets the request, counted, or None."""
        for fault in self._armed:
            if fault.meets(method, path, body, modes):
                if fault.after:
                    fault.after -= 1
                    continue
                fault.hits += 1
                return fault
        return None

    def shown(self) -> list[dict[str, Any]]:
        """Return what is armed, with the number of requests each fault has struck."""
        return [fault.shown() for fault in self._armed]


def _read_fault(sent: object) -> Fault:
    body = read_body(sent, _FIELDS)
    mode = body.get("mode", "refuse")
    if mode not in MODES + AUTH0_MODES:
        raise invalid_parameters("mode_unknown", f"mode must be one of {', '.join(MODES + AUTH0_MODES)}.")
    method = body.get("method")
    if method not in (None, *HTTPMethod):
        raise invalid_parameters("method_unknown", "method must be an HTTP method in capitals.")
    try:
        path = re.compile(body["path"])
    except re.error as error:
        raise invalid_parameters("path_invalid", "path must be a regular expression.") from error
    return Fault(
        method=method,
        path=path,
        contains=body.get("contains"),
        times=body.get("times", 1),
        after=body.get("after", 0),
        mode=mode,
        status=body.get("status", DEFAULT_STATUS),
        body=body.get("body", DEFAULT_BODY),
        headers={str(name): str(value) for name, value in body.get("headers", {}).items()},
    )
