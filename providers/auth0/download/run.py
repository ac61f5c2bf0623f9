"""The walk of one download: folder, access, scopes, then users and lists side by side, then the files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from providers.auth0.completeness import MANIFEST, read_manifest
from providers.auth0.download.access import Access, read_access
from providers.auth0.download.display import Display
from providers.auth0.download.errors import DownloadError
from providers.auth0.download.lists import fetch_lists
from providers.auth0.download.management import Management
from providers.auth0.download.oddities import gaps, oddities
from providers.auth0.download.pacing import Gate
from providers.auth0.download.publish import move_into, utc_now, write_files, write_manifest
from providers.auth0.download.scopes import check_scopes
from providers.auth0.download.state import WORK, State
from providers.auth0.download.threads import Threads
from providers.auth0.download.users import UsersExport
from providers.auth0.lines import ExportError

#: The kinds of files that a download writes.
_KINDS = frozenset({"users", "organizations", "members", "roles"})


@dataclass(frozen=True)
class Downloaded:
    """A finished download: its folder, lines by file name, what is odd about it, and what is missing from it."""

    folder: Path
    lines: dict[str, int]
    oddities: list[str]
    gaps: list[str]


def download(
    folder: Path | None,
    environment: Mapping[str, str],
    display: Display,
    exports: Path = Path("exports"),
    *,
    again: bool = False,
) -> Downloaded:
    """Download the environment's tenant into the folder, by default `<exports>/<tenant>`, or go on with what is begun.

    `again` begins anew over a finished download, whose files stay until all new ones are whole. Raises DownloadError.
    """
    access = read_access(environment)
    folder = folder or exports / access.tenant
    threads = Threads()
    gate = Gate(threads.stopped.wait)
    management = Management(access, gate)
    try:
        _check_folder(folder, again=again)
        check_scopes(management)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        state = State(folder)
        try:
            _check_tenant(access, folder, state, display)
            if not state.fact("whole"):
                with display:
                    _fetch(management, state, threads, gate, display)
                _finish(access, state)
            lines = {name: entry["lines"] for name, entry in state.fact("files").items()}
            done = Downloaded(folder, lines, state.fact("remarks"), state.fact("gaps"))
            move_into(folder, state)
        finally:
            state.close()
    except OSError as error:
        raise DownloadError(f"{error.filename or folder}: {error.strerror or type(error).__name__}") from None
    finally:
        management.close()
    return done


def _check_folder(folder: Path, *, again: bool) -> None:
    """Raises DownloadError for a folder with a finished download, and for files that no download wrote."""
    if not folder.is_dir() or (folder / WORK).is_dir():
        return
    try:
        manifest = read_manifest(folder)
    except ExportError as error:
        raise DownloadError(f"{error}. Or choose another folder") from None
    if manifest and not again:
        raise DownloadError(
            f"{folder} holds a finished download ({MANIFEST} says of what and when). "
            f"Download anew into it with: ferry download {folder} --again"
        )
    known = manifest.files if manifest else {}
    if strange := sorted(path.name for path in folder.iterdir() if _is_kind(path.name) and path.name not in known):
        raise DownloadError(
            f"{folder} holds {', '.join(strange)}, which no `ferry download` wrote: move it away, or choose another "
            "folder"
        )


def _is_kind(name: str) -> bool:
    return name.partition(".")[0] in _KINDS


def _check_tenant(access: Access, folder: Path, state: State, display: Display) -> None:
    """Raises DownloadError for a folder in which another tenant's download is begun."""
    begun = state.fact("domain")
    if begun is None:
        state.note(domain=access.domain, started=utc_now())
    elif begun == access.domain:
        display.say(f"{folder}: going on with the download that was begun at {state.fact('started')}")
    else:
        raise DownloadError(
            f"{folder} holds an unfinished download of another tenant ({begun}): choose another folder, or delete "
            f"{state.work}"
        )


def _fetch(management: Management, state: State, threads: Threads, gate: Gate, display: Display) -> None:
    users = UsersExport(management, state, gate, display)
    users.create()
    threads.start(users.run)
    threads.start(lambda: fetch_lists(management, state, threads, display))
    threads.join()


def _finish(access: Access, state: State) -> None:
    files = write_files(state)
    odd, missing = list(oddities(state)), list(gaps(state))
    state.note(files=files, remarks=odd, gaps=missing)
    write_manifest(state, access, files, [*missing, *odd])
