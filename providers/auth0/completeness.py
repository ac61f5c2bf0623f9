"""Is the export all there? Counts that look like a sample or a cap, and the manifest that the download wrote."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from providers.auth0.lines import ExportError

MANIFEST = "manifest.json"
_WAY_OUT = f"download again; if it was changed on purpose, delete {MANIFEST}"

#: The Dashboard's sample, and where older versions of its export stopped (Auth0: bulk user exports; the issues of the
#: User Import / Export extension).
_SAMPLE, _USER_CAPS = 10, (1_000, 10_000, 100_000)
#: Pages of the members endpoint, and where paging by offset ends (Auth0: get organization members).
_MEMBER_CAPS = (50, 100, 1_000)


class Suspicion(NamedTuple):
    """A count that a whole export has by chance only: file of the export, code and message of the finding."""

    kind: str
    code: str
    message: str


def suspicions(users: int, members: Mapping[str, int]) -> list[Suspicion]:
    """What looks cut short, by the number of users and of members an organization.

    A size of organizations is suspicious only if none is larger: a tool that stops there can write no larger one.
    """
    result = []
    if users == _SAMPLE:
        message = f"the file holds exactly {_SAMPLE} users, as the Dashboard's sample does"
        result.append(Suspicion("users", "looks_like_sample", message))
    if users in _USER_CAPS:
        message = f"the file holds exactly {users} users, where some exports stop"
        result.append(Suspicion("users", "looks_like_cap", message))
    largest = max(members.values(), default=0)
    if largest in _MEMBER_CAPS:
        full = sorted(own for own, size in members.items() if size == largest)
        message = f"{len(full)} organization(s) have exactly {largest} members and none has more ({full[0]} is one)"
        result.append(Suspicion("members", "looks_like_cap", message))
    return result


class _Entry(BaseModel):
    model_config = ConfigDict(extra="ignore")

    lines: int
    sha256: str


class Manifest(BaseModel):
    """What the download wrote about its files, by their names."""

    model_config = ConfigDict(extra="ignore")

    files: dict[str, _Entry]

    def check_contents(self, digests: Mapping[str, str]) -> None:
        """Compare the SHA-256 (hex) of the files that are there, by name. Raises ExportError for one that differs or is
        missing; files the manifest does not know, such as support's, may lie beside them.
        """
        for name, entry in sorted(self.files.items()):
            if name not in digests:
                raise ExportError(f"{name} is not there, but {MANIFEST} lists it; {_WAY_OUT}")
            if digests[name] != entry.sha256:
                raise ExportError(f"{name} is not the file that was downloaded (SHA-256 differs); {_WAY_OUT}")

    def check_lines(self, lines: Mapping[str, int]) -> None:
        """Compare the numbers of records that were read, by name of file. Raises ExportError for one that differs."""
        for name, entry in sorted(self.files.items()):
            if lines.get(name, 0) != entry.lines:
                fault = f"{name} holds {lines.get(name, 0)} lines, {entry.lines} were downloaded"
                raise ExportError(f"{fault}; {_WAY_OUT}")


def read_manifest(folder: Path) -> Manifest | None:
    """The manifest of a folder, None if there is none. Raises ExportError if it cannot be read."""
    path = folder / MANIFEST
    if not path.exists():
        return None
    try:
        return Manifest.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ExportError(f"{path}: cannot be read as the manifest of a download; {_WAY_OUT}") from error
