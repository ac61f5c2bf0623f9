"""The one door to WorkOS: the SDK's client over a paced transport, with errors sorted by what happens next.

Requests go through the SDK's `request_raw` (its authentication, encoding, retries and error classes, without its
response models): a field that a response lacks must not turn a write that was done into an error.

The SDK is imported by the first door that opens: that takes a second, and a preview, or a run without a change, asks
WorkOS nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import httpx2

from providers.errors import FerryError
from providers.workos.answers import AnswersTransport
from providers.workos.budgets import Budgets
from providers.workos.limits import USER_MANAGEMENT_WRITES
from providers.workos.pacing import PacedTransport
from providers.workos.reads_only import ReadsOnly

if TYPE_CHECKING:
    from workos._errors import APIError, WorkOSError

_TIMEOUT_SECONDS = 30
#: The 100 requests a second that WorkOS takes are 30 under way where each takes 300 ms; and half as many again.
CONNECTIONS = 48
_PAGE = 100
#: Nothing promises that lists show at once what was written: how long to wait before each further look, in seconds.
_LAGS = (0.5, 1.0, 2.0)
Found = TypeVar("Found")
#: An object of WorkOS's, or a list of them: JSON, in which any field may be missing.
Answer = dict[str, Any]
#: What is sent: a body, or a query.
Body = Mapping[str, object]

EXTERNAL_ID_USED = "external_id_already_used"
#: Codes that say: somebody holds this already (WorkOS API reference: users, memberships, roles; order of appearance).
CONFLICTS = frozenset(
    {
        "email_not_available",
        EXTERNAL_ID_USED,
        "user_already_exists",
        "organization_membership_already_exists",
        "user_already_organization_member",
        "entity_already_exists",
        "role_slug_conflict",
        "organization_role_slug_conflict",
        "domain_already_exists",
    }
)


class WorkOSFault(FerryError):
    """WorkOS did not do what was asked. `codes` are WorkOS's own words; its message stays out, it may name a person."""

    def __init__(self, what: str, status: int = 0, codes: tuple[str, ...] = (), request_id: str = "") -> None:
        self.status, self.codes, self.request_id = status, codes, request_id
        words = " ".join(part for part in (str(status or ""), *codes) if part)
        request = f" (request {request_id})" if request_id else ""
        super().__init__(f"{what}: {words}{request}" if words else f"{what}{request}")

    @property
    def code(self) -> str:
        """The most precise code WorkOS gave, else the HTTP status."""
        return self.codes[-1] if self.codes else str(self.status or "no_answer")


class Fatal(WorkOSFault):
    """Nothing can work: a wrong key, or nobody answers. The run stops."""


class Unavailable(WorkOSFault):
    """WorkOS went on failing after all retries; this record is tried again by the next run."""


class Gone(WorkOSFault):
    """There is no such object."""


class Conflict(WorkOSFault):
    """Something with this identity exists already: read it, and decide from what it holds."""


class Refused(WorkOSFault):
    """WorkOS refuses this record, and will refuse it again as it is."""


class Door(Protocol):
    """What the kinds need of WorkOS: one environment, or one that is in memory (`rehearsal`)."""

    base_url: str
    #: The writes a second that the share of the limits allows.
    pace: float

    def call(
        self, method: str, *path: str, body: Body | None = None, params: Body | None = None, retries: int | None = None
    ) -> Answer:
        """One request. Raises a WorkOSFault."""

    def interrupted(self) -> bool:
        """Was a write of this thread's last call possibly done although its answer was lost?"""

    def request_id(self) -> str:
        """WorkOS's id of this thread's last request that was answered, '' if the answer named none."""

    def until_listed(self, look: Callable[[], Found]) -> Found:
        """Returns what `look` finds in a list; asks again while a list may lag behind what was written."""

    def page(self, *path: str, after: str | None = None, **params: object) -> tuple[list[Answer], str]:
        """The objects of a list behind a cursor, oldest first, at most 100; and the next cursor, '' at the end."""
        query = {**params, "limit": _PAGE, "order": "asc", **({"after": after} if after else {})}
        answer = self.call("GET", *path, params=query)
        return answer.get("data", []), (answer.get("list_metadata") or {}).get("after") or ""

    def pages(self, *path: str, **params: object) -> Iterator[Answer]:
        """All objects of a list, oldest first, 100 a request. Follows the cursor to its end."""
        after = None
        while after != "":
            objects, after = self.page(*path, after=after, **params)
            yield from objects


class WorkOS(Door):
    """A thread-safe client of one environment. Build it once a process: it owns the budgets."""

    def __init__(
        self,
        api_key: str,
        base_url: str,
        rate_share: float,
        inner: httpx2.BaseTransport | None = None,
        *,
        reads_only: bool = False,
    ) -> None:
        """`reads_only`: a call that writes raises WriteRefused and is not sent."""
        from workos import WorkOSClient

        limits = httpx2.Limits(max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS)
        self.base_url = base_url
        #: The writes on user management that the share allows, a second; what `writes` is to be seen against.
        self.pace = USER_MANAGEMENT_WRITES.allowed(rate_share) / USER_MANAGEMENT_WRITES.seconds
        #: Once nothing can work, no later call is sent.
        self._fatal: Fatal | None = None
        network = inner or httpx2.HTTPTransport(limits=limits)
        answers = AnswersTransport(ReadsOnly(network) if reads_only else network)
        self._transport = PacedTransport(answers, Budgets(rate_share))
        self._http = httpx2.Client(transport=self._transport, timeout=_TIMEOUT_SECONDS)
        self._sdk = WorkOSClient(
            api_key=api_key, base_url=base_url, request_timeout=_TIMEOUT_SECONDS, http_client=self._http
        )

    def call(
        self, method: str, *path: str, body: Body | None = None, params: Body | None = None, retries: int | None = None
    ) -> Answer:
        """One request, retried by the SDK on 429, 5xx and network failures, POST too. Raises a WorkOSFault.

        A create whose first answer was lost meets its own object when it is sent again: it raises Conflict, and
        `interrupted` is true.
        """
        from workos._errors import WorkOSError

        if self._fatal:
            raise self._fatal
        self._transport.begin()
        options: Any = {} if retries is None else {"max_retries": retries}
        try:
            return self._sdk.request_raw(method, path, body=_sent(body), params=_sent(params), request_options=options)
        except WorkOSError as error:
            fault = self._sorted(error, f"{method} {_template(path)}")
            if isinstance(fault, Fatal):
                self._fatal = fault
            raise fault from None

    @property
    def writes(self) -> int:
        """The writes sent so far, repeats included."""
        return self._transport.writes

    @property
    def reads(self) -> int:
        """The other requests, likewise."""
        return self._transport.reads

    def interrupted(self) -> bool:
        """Was a write of this thread's last call possibly done although its answer was lost?"""
        return self._transport.interrupted()

    def request_id(self) -> str:
        """WorkOS's id of this thread's last request that was answered, '' if the answer named none."""
        return self._transport.request_id()

    def until_listed(self, look: Callable[[], Found]) -> Found:
        """Returns what `look` finds in a list; asks again for some seconds while it finds nothing.

        For what WorkOS has said is there, or may have made although its answer was lost.
        """
        for seconds in _LAGS:
            if found := look():
                return found
            time.sleep(seconds)
        return look()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _sorted(self, error: WorkOSError, what: str) -> WorkOSFault:
        from workos._errors import APIError, WorkOSConnectionError, WorkOSTimeoutError

        if not isinstance(error, APIError):
            if isinstance(error, WorkOSConnectionError):
                return Fatal(
                    f"WorkOS at {self.base_url} does not answer; nothing more is sent. Check the network and run again"
                )
            if isinstance(error, WorkOSTimeoutError):
                return Unavailable(f"{what} timed out")
            return Unavailable(f"{what}: the connection broke, or something else than WorkOS answered")
        status, codes = error.status_code or 0, _codes(error)
        known = (status, codes, error.request_id or "")
        if status == 401:
            return Fatal(f"WorkOS at {self.base_url} does not accept the API key (ferry:workosApiKey)", *known)
        if status == 404:
            return Gone(what, *known)
        if status == 409 or CONFLICTS.intersection(codes):
            return Conflict(what, *known)
        if status == 429 or status >= 500:
            return Unavailable(what, *known)
        return Refused(what, *known)


def _sent(values: Body | None) -> dict[str, Any] | None:
    return None if values is None else dict(values)


def _codes(error: APIError) -> tuple[str, ...]:
    """The codes of an error body: the outer one, then those of its `errors`."""
    inner = error.errors if isinstance(error.errors, list) else []
    found = [error.code, *(inner_error.get("code") for inner_error in inner if isinstance(inner_error, dict))]
    return tuple(str(code) for code in found if code)


def _template(path: tuple[str, ...]) -> str:
    """A path without the ids in it: messages name a record by its external id only."""
    return "/" + "/".join(part for part in path if not any(letter in part for letter in "|0123456789"))
