"""The authenticators of users: each enrolled once; a user that has others keeps its own."""

from __future__ import annotations

from collections.abc import Iterable

from providers.directory.differ import text
from providers.directory.model import UserFields
from providers.workos.client import Answer, Door, Gone, Refused, Unavailable
from providers.workos.kinds import Declared, Written

_ATTEMPTS = 3
#: Of a user that was in WorkOS before: it has an authenticator that Ferry did not enrol.
_FACTOR_OF_OTHERS = "factor_of_others"


class Authenticators:
    """What users enrolled, and what they are to have. Every method may raise a WorkOSFault."""

    def __init__(self, door: Door, declared: Declared) -> None:
        self.door, self.declared = door, declared

    def look(self, written: Written, id_: str) -> None:
        """List the factors of a user that is about to be taken over by its email: none of them is Ferry's."""
        try:
            found = list(self.door.pages(*_path(id_)))
        except Gone as gone:
            raise _without_user(gone) from None
        written.factors = _totps(found)
        if found:
            written.notes.append(_FACTOR_OF_OTHERS)

    def secret(self, desired: UserFields) -> str:
        """The secret to be enrolled, '' for none. Raises ExportError if the export changed."""
        own = desired.get("totp")
        return self.declared.totp(text(desired["external_id"]), own) if own else ""

    def enroll(self, written: Written, desired: UserFields, *, created: bool) -> None:
        """Enrol the authenticator once.

        A user that this run did not create, and that has an authenticator Ferry did not enrol, keeps its own. Another
        secret in Auth0 is enrolled beside the earlier one. What is there is listed before a first try at a user that
        was found, and after a lost answer; whether WorkOS takes a second factor is not documented.
        """
        wanted = desired.get("totp")
        if not wanted:
            return
        path = _path(written.id)
        body = {"type": "totp", "totp_secret": self.secret(desired)}
        renewed = written.applied.get("totp") is not None
        before: set[str] = set() if created else self._before(written, path)
        if before and not renewed:
            if written.origin == "found" and _FACTOR_OF_OTHERS not in written.notes:
                written.notes.append(_FACTOR_OF_OTHERS)
            written.applied["totp"] = wanted
            return
        for attempt in range(_ATTEMPTS):
            try:
                self.door.call("POST", *path, body=body, retries=0)
                break
            except Unavailable:
                if self.door.until_listed(lambda: self._listed(path) - before):
                    break
                if attempt == _ATTEMPTS - 1:
                    raise
            except Gone as gone:
                raise _without_user(gone) from None
        written.applied["totp"] = wanted

    def _before(self, written: Written, path: tuple[str, ...]) -> set[str]:
        return self._listed(path) if written.factors is None else written.factors

    def _listed(self, path: tuple[str, ...]) -> set[str]:
        return _totps(self.door.pages(*path))


def _totps(factors: Iterable[Answer]) -> set[str]:
    """The ids of the authenticator apps among factors."""
    return {text(factor["id"]) for factor in factors if factor.get("type") == "totp"}


def _path(id_: str) -> tuple[str, ...]:
    return "user_management", "users", id_, "auth_factors"


def _without_user(gone: Gone) -> Refused:
    return Refused("the user is gone", gone.status, gone.codes, gone.request_id)
