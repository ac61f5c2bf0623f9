"""All users, by one bulk export job: created once, polled, its file fetched at once, checked and rewritten.

Source: Management API reference, create export job and get job; Auth0 docs, bulk user exports.
"""

from __future__ import annotations

from typing import Any

import httpx

from providers.auth0.download.display import Display
from providers.auth0.download.errors import Damaged, DownloadError, Gone, LinkExpired, Unanswered
from providers.auth0.download.files import ExportFile
from providers.auth0.download.link import Link
from providers.auth0.download.management import Management
from providers.auth0.download.pacing import Attempts, Gate
from providers.auth0.download.profiles import rewrite
from providers.auth0.download.state import State

#: Everything of a profile that a migration may need. Without `fields` Auth0 exports a set that is listed nowhere.
FIELDS = (
    "user_id", "email", "email_verified", "username", "phone_number", "phone_verified", "given_name", "family_name",
    "name", "nickname", "picture", "identities", "app_metadata", "user_metadata", "blocked", "multifactor",
    "created_at", "updated_at", "last_login",
)  # fmt: skip
FILE = "users.ndjson"

_FIRST_POLL, _LONGEST_POLL = 0.5, 15.0
_MOST_DAMAGED = 3


class UsersExport:
    """The job of one download; `run` goes on from wherever the state says it is."""

    def __init__(self, management: Management, state: State, gate: Gate, display: Display) -> None:
        self._management, self._state, self._gate, self._display = management, state, gate, display
        self._part = state.work / "users.part"
        self._link = Link(self._part, state, display, lambda: gate.wait(0))

    def create(self) -> None:
        """Start the export job, unless one is started. Raises DownloadError."""
        if self._state.fact("users") or self._state.fact("job"):
            return
        body = {"format": "json", "fields": [{"name": name} for name in FIELDS]}
        try:
            answer = self._management.post_once("jobs", "users-exports", body=body)
        except Unanswered as error:
            raise DownloadError(
                f"{error}. The export job may have been started all the same, so it is not asked for twice; run the "
                "same command again to start one (Auth0 forgets a job that nobody fetches after 24 hours)"
            ) from None
        job = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(job, str) or not job:
            raise DownloadError("Auth0 started an export job without an id; run the same command again")
        self._link.forget()
        self._state.note(job=job)

    def run(self) -> None:
        """Bring the job's file whole under `.download`. Raises DownloadError, Stopped."""
        if self._state.fact("users"):
            return
        try:
            self._run()
        finally:
            self._link.close()

    def _run(self) -> None:
        created_again, damaged = False, 0
        while not self._state.fact("users"):
            try:
                self._fetch()
                self._unpack()
            except Gone:
                self._state.note(job=None)
                if created_again:
                    raise DownloadError(
                        "the export job vanished twice before its file was fetched; run the same command again, and "
                        "look at Auth0's status if it happens again"
                    ) from None
                created_again = True
                self._display.say("users: the export job is gone (Auth0 keeps one for 24 hours); starting another one")
                self.create()
            except Damaged:
                damaged += 1
                self._link.forget()
                if damaged == _MOST_DAMAGED:
                    raise DownloadError(
                        f"Auth0's file of users arrived {damaged} times and was never a whole export in JSON; "
                        f"delete {self._state.work} and run the same command again for another export job"
                    ) from None
                self._display.say("users: the file is cut short or damaged; fetching it again")

    def _fetch(self) -> None:
        attempts = Attempts(self._gate, "Auth0's file of users")
        while not self._state.fact("users_fetched"):
            address, size = self._completed(), self._link.size()
            try:
                self._link.fetch(address)
            except LinkExpired:
                fault = "the link had expired"
            except httpx.HTTPStatusError as error:
                fault = f"answers {error.response.status_code}"
            except httpx.RequestError:
                fault = "the connection broke"
            else:
                return
            if self._link.size() > size:
                attempts.progressed()
            attempts.failed(fault)

    def _completed(self) -> str:
        """Poll the job until it is completed. Returns its link. Raises Gone, DownloadError."""
        poll = _FIRST_POLL
        while True:
            job = self._state.fact("job")
            answer = self._management.get("jobs", job)
            answered: dict[str, Any] = answer if isinstance(answer, dict) else {}
            match answered.get("status"):
                case "completed" if isinstance(answered.get("location"), str):
                    return str(answered["location"])
                case "pending" | "processing" as status:
                    self._show(status, answered.get("percentage_done"))
                    self._gate.wait(_next_poll(answered.get("time_left_seconds"), poll))
                    poll = min(poll * 2, _LONGEST_POLL)
                case "expired":
                    raise Gone("the export job expired", 404)
                case status:
                    self._state.note(job=None)
                    raise _failed(job, status, answered.get("status_details"))

    def _show(self, status: str, percentage: Any) -> None:
        done = int(percentage) if isinstance(percentage, int | float) else 0
        self._display.begin("users", total=100, done=done, unit=f"% of the export job, which is {status}")

    def _unpack(self) -> None:
        with ExportFile(self._state.work / FILE) as target:
            repeated = self._state.replace_users(rewrite(self._part, target, lambda: self._gate.wait(0)))
        self._state.note(users=target.entry(), users_repeated=repeated)
        self._part.unlink()


def _next_poll(left: Any, poll: float) -> float:
    """Seconds until the next look at the job: what Auth0 says is left, within reason."""
    if isinstance(left, int | float) and left > 0:
        return float(min(max(left, _FIRST_POLL), _LONGEST_POLL))
    return poll


def _failed(job: str, status: Any, details: Any) -> DownloadError:
    reason = f": {details[:200]}" if isinstance(details, str) and details else ""
    ending = "failed" if status == "failed" else f"ended as {status!r} without a file"
    return DownloadError(
        f"Auth0's export job {job} {ending}{reason}. Nothing of it is used; run the same command again to start "
        "another one"
    )
