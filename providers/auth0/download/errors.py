"""Why a download stops, by what happens next."""

from __future__ import annotations

from providers.errors import FerryError


class DownloadError(FerryError):
    """The download cannot go on. The message says why and what to do next; what was fetched is kept."""


class Stopped(Exception):
    """Another part of the download failed, or a person stopped it: leave at once."""


class Unanswered(DownloadError):
    """Auth0 gave no usable answer, after all tries."""


class Refused(DownloadError):
    """Auth0 refuses a request, and will refuse it again: its HTTP status, and its error code or ''."""

    def __init__(self, message: str, status: int, code: str = "") -> None:
        self.status, self.code = status, code
        super().__init__(message)


class Gone(Refused):
    """There is no such object (any more)."""


class Damaged(Exception):
    """The file behind the link is not a whole export: fetch it again."""


class LinkExpired(Exception):
    """The link opens no file any more: ask the job for a new one."""
