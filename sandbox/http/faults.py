"""Faults that a test or a rehearsal arms: what networks, servers and other people do to a client.

A fault is an object of the list that ``POST /_sandbox/faults`` takes, or the file of ``ferry sandbox --faults``:

| field | meaning |
|---|---|
| ``path`` | regular expression that matches anywhere in the path; required |
| ``method`` | in capitals; none: any |
| ``contains`` | text that the body must hold |
| ``except_key`` | requests with this API key are spared |
| ``mode`` | what it does, see below; ``refuse`` |
| ``times`` | how often it strikes, a run counted once; null: for ever. 1, and null with a ``probability`` |
| ``after`` | so many requests that it meets go by first; 0 |
| ``probability`` | share of the requests it meets that it strikes; 1 |
| ``seed`` | decides which: the same seed strikes the same requests, in whatever order concurrent ones arrive; 0 |
| ``name`` | what the request log calls it; the mode |
| ``run`` | once it strikes, so many requests that it meets are struck in a row, whichever come; 1 |

| mode | what happens |
|---|---|
| ``refuse`` | the answer is ``status`` (500), ``body`` and ``headers``, and nothing is done |
| ``drop_before`` | the connection closes and nothing is done |
| ``drop_after`` | the work is done, if WorkOS does not refuse it, and the connection closes: the answer is lost |
| ``slow`` | the work is done at once and the answer waits ``delay_ms`` (1000) |
| ``lag`` | a list with pages is answered without what the last ``writes`` (10) writes made; it meets lists only |
| ``ignore`` | the work is done as if the body had none of ``fields`` (``email_verified``, ``metadata.plan``) |
| ``interfere`` | somebody else makes ``calls`` first, each ``{method, path, body}`` |

``{name}`` in a path or a text of such a call stands for a path parameter, or a text of the body, of the struck request;
that WorkOS refuses the call changes nothing. The first fault that strikes a request is the only one that does; those
that strike for certain come before those with a probability, else in the order in which they were armed.

A probability chooses a request by its method, route, the external ids it is about, and how often it came before.
So a burst of refusals, and one answer in twenty that is lost, are::

    {"path": "/user_management/", "mode": "refuse", "status": 429, "probability": 0.01, "run": 5, "seed": 7}
    {"method": "POST", "path": "/users$", "mode": "drop_after", "probability": 0.05, "seed": 7}
"""

import re
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from http import HTTPMethod
from typing import Any, Final

from sandbox.http.refusals import invalid_parameters
from sandbox.http.schema import TEXT, Field, read_body

MODES: Final = ("refuse", "drop_before", "drop_after")
WORKOS_MODES: Final = (*MODES, "slow", "ignore", "interfere")
LIST_MODES: Final = (*WORKOS_MODES, "lag")
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
ALL_MODES: Final = LIST_MODES + AUTH0_MODES
DEFAULT_STATUS: Final = 500
DEFAULT_BODY: Final = {"message": "Internal Server Error"}
#: The furthest that a list can lag behind.
LONGEST_LAG: Final = 1000

_MANY: Final = 1_000_000
_RANGES: Final = {
    "times": (0, _MANY),
    "after": (0, _MANY),
    "probability": (0, 1),
    "run": (1, _MANY),
    "status": (200, 599),
    "delay_ms": (0, 60_000),
    "writes": (0, LONGEST_LAG),
}

#: Statuses whose answers have no body, and so no end that a client could see.
_WITHOUT_BODY: Final = (204, 205, 304)
#: A header's line (RFC 9110, 5.5 and 5.6.2), and the headers that the sandbox itself says.
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+:[\x20-\x7e]*")
_FRAMING: Final = ("content-length", "transfer-encoding", "connection")

_FIELDS: Final = {
    "name": TEXT,
    "method": Field(str, nullable=True),
    "path": Field(str, required=True),
    "contains": Field(str, nullable=True),
    "except_key": Field(str, nullable=True),
    "times": Field(int, nullable=True),
    "after": Field(int),
    "mode": TEXT,
    "probability": Field(float),
    "seed": Field(int),
    "run": Field(int),
    "status": Field(int),
    "body": Field(dict),
    "headers": Field(dict),
    "delay_ms": Field(int),
    "writes": Field(int),
    "calls": Field(list),
    "fields": Field(list),
}
_CALL_FIELDS: Final = {"method": Field(str, required=True), "path": Field(str, required=True), "body": Field(dict)}


@dataclass(slots=True)
class Fault:
    """One armed fault: which requests it meets, which of them it strikes, and what it does to them."""

    name: str
    method: str | None
    path: re.Pattern[str]
    contains: str | None
    except_key: str | None
    times: int | None
    after: int
    mode: str
    probability: float
    seed: int
    run: int
    status: int
    body: dict[str, Any]
    headers: dict[str, str]
    delay_ms: int
    writes: int
    calls: list[dict[str, Any]]
    fields: list[str]
    #: Its place among the armed faults of the same seed, mode and path, so that no two of them draw alike.
    place: int = 0
    hits: int = 0
    #: How often it began to strike, and how many requests of the present run are still to be struck.
    begun: int = 0
    left: int = 0

    def meets(self, method: str, path: str, body: bytes, modes: Collection[str], key: str) -> bool:
        """Tell whether the fault is about this request."""
        return (
            self.mode in modes
            and (self.times is None or self.left > 0 or self.begun < self.times)
            and self.method in (None, method)
            and (not key or key != self.except_key)
            and self.path.search(path) is not None
            and (self.contains is None or self.contains.encode() in body)
        )

    def strikes(self, coming: Callable[[], tuple[str, int]]) -> bool:
        """Tell whether it strikes a request that it meets, and count both.

        ``coming`` says which request it is, and how often that came.
        """
        if self.after:
            self.after -= 1
            return False
        if self.left:
            self.left -= 1
        elif self._is_chosen(coming):
            self.begun += 1
            self.left = self.run - 1
        else:
            return False
        self.hits += 1
        return True

    def _is_chosen(self, coming: Callable[[], tuple[str, int]]) -> bool:
        if self.probability >= 1:
            return True
        request, times = coming()
        drawn = f"{self.seed}/{self.mode}/{self.path.pattern}/{times}" + f"/{self.place}" * (self.place > 0)
        return _number(f"{drawn} {request}") < self.probability * 2**64

    def left_of(self, body: object) -> object:
        """Return a body without the ignored fields: of ``metadata.plan`` the key, and ``metadata`` if then empty."""
        if not isinstance(body, dict):
            return body
        left = {name: value for name, value in body.items() if name not in self.fields}
        for name, _, key in (path.partition(".") for path in self.fields):
            if key and isinstance(left.get(name), dict):
                left[name] = {other: value for other, value in left[name].items() if other != key}
                if not left[name]:
                    del left[name]
        return left

    def shown(self) -> dict[str, Any]:
        """Return the fault as the control route gives it out, with the number of requests it has struck."""
        return {name: getattr(self, name) for name in _FIELDS} | {"path": self.path.pattern, "hits": self.hits}


class Faults:
    """The armed faults; the first that strikes a request is the only one."""

    def __init__(self) -> None:
        self._armed: list[Fault] = []
        self._places: Counter[tuple[int, str, str]] = Counter()
        #: How often each request came, by a number that stands for what it is.
        self._came: Counter[int] = Counter()

    def __bool__(self) -> bool:
        return bool(self._armed)

    def clear(self) -> None:
        """Disarm all of them, and forget which requests came."""
        self._armed.clear()
        self._places.clear()
        self._came.clear()

    def arm(self, sent: object) -> None:
        """Arm a list of faults beside those that are armed already; refuse the whole list for one that is wrong."""
        if not isinstance(sent, list):
            raise invalid_parameters("faults_list_required", "Send a list of faults.")
        for fault in [_read_fault(description) for description in sent]:
            alike = fault.seed, fault.mode, fault.path.pattern
            fault.place = self._places[alike]
            self._places[alike] += 1
            self._armed.append(fault)
        self._armed.sort(key=lambda fault: fault.probability < 1)

    def strike(
        self,
        method: str,
        path: str,
        body: bytes,
        modes: Collection[str] = MODES,
        request: Callable[[], str] | None = None,
        key: str = "",
    ) -> Fault | None:
        """Return the fault of one of the modes that strikes the request, counted, or None.

        ``request`` says which request it is, for faults with a probability; without it, method and path do. ``key`` is
        the API key it comes with.
        """

        @cache
        def coming() -> tuple[str, int]:
            words = f"{method} {path}" if request is None else request()
            number = _number(words)
            self._came[number] += 1
            return words, self._came[number]

        for fault in self._armed:
            if fault.meets(method, path, body, modes, key) and fault.strikes(coming):
                return fault
        return None

    def shown(self) -> list[dict[str, Any]]:
        """Return what is armed."""
        return [fault.shown() for fault in self._armed]


def _number(text: str) -> int:
    """Return a number below 2**64 that stands for a text."""
    return int.from_bytes(blake2b(text.encode(errors="surrogatepass"), digest_size=8).digest())


def _read_fault(sent: object) -> Fault:
    if isinstance(sent, dict) and type(sent.get("probability")) is int:
        sent = sent | {"probability": float(sent["probability"])}
    body = read_body(sent, _FIELDS)
    mode, method = body.get("mode", "refuse"), body.get("method")
    if mode not in ALL_MODES:
        raise invalid_parameters("mode_unknown", f"mode must be one of {', '.join(ALL_MODES)}.")
    if method not in (None, *HTTPMethod):
        raise invalid_parameters("method_unknown", "method must be an HTTP method in capitals.")
    for name, (least, most) in _RANGES.items():
        if body.get(name) is not None and not least <= body[name] <= most:
            raise invalid_parameters(f"{name}_invalid", f"{name} must be {least} to {most}.")
    if mode == "interfere" and not body.get("calls"):
        raise invalid_parameters("calls_required", "interfere needs calls, a list of {method, path, body}.")
    if mode == "ignore" and not body.get("fields"):
        raise invalid_parameters("fields_required", "ignore needs fields, a list of names.")
    if body.get("status") in _WITHOUT_BODY:
        raise invalid_parameters("status_invalid", f"status must not be one of {_WITHOUT_BODY}, which have no body.")
    headers = {str(name): str(value) for name, value in body.get("headers", {}).items()}
    if any(not _HEADER.fullmatch(f"{name}:{value}") or name.lower() in _FRAMING for name, value in headers.items()):
        raise invalid_parameters("headers_invalid", f"headers must be ones of HTTP, and none of {', '.join(_FRAMING)}.")
    try:
        path = re.compile(body["path"])
    except (re.error, OverflowError, RecursionError) as error:
        raise invalid_parameters("path_invalid", "path must be a regular expression.") from error
    return Fault(
        name=body.get("name", mode),
        method=method,
        path=path,
        contains=body.get("contains"),
        except_key=body.get("except_key"),
        times=body.get("times", None if "probability" in body else 1),
        after=body.get("after", 0),
        mode=mode,
        probability=body.get("probability", 1.0),
        seed=body.get("seed", 0),
        run=body.get("run", 1),
        status=body.get("status", DEFAULT_STATUS),
        body=body.get("body", DEFAULT_BODY),
        headers=headers,
        delay_ms=body.get("delay_ms", 1000),
        writes=body.get("writes", 10),
        calls=[_read_call(call) for call in body.get("calls", [])],
        fields=[str(field_name) for field_name in body.get("fields", [])],
    )


def _read_call(sent: object) -> dict[str, Any]:
    call = read_body(sent, _CALL_FIELDS)
    if call["method"] not in set(HTTPMethod) or not call["path"].startswith("/"):
        message = "Each of calls needs a method in capitals and a path that begins with /."
        raise invalid_parameters("calls_invalid", message)
    return call
