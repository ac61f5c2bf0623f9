"""The final files: written whole under `.download`, then moved into the folder together, the manifest last."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from providers.auth0.completeness import MANIFEST
from providers.auth0.download.access import Access
from providers.auth0.download.files import Entry, ExportFile, open_private
from providers.auth0.download.paging import as_line, own_id
from providers.auth0.download.state import State
from providers.auth0.download.users import FIELDS, FILE


def write_files(state: State) -> dict[str, Entry]:
    """Write every file but the users', which is there. Returns the manifest's entries by file name."""
    entries: dict[str, Entry] = {FILE: state.fact("users")}
    for name, lines in (("organizations", _organizations), ("members", _members), ("roles", _roles)):
        with ExportFile(state.work / f"{name}.ndjson") as file:
            for line in lines(state):
                file.write(f"{line}\n".encode())
        entries[f"{name}.ndjson"] = file.entry()
    return entries


def write_manifest(state: State, access: Access, files: dict[str, Entry], oddities: list[str]) -> None:
    """Write down what was downloaded, when, with which fields, and what is odd about it."""
    manifest = {
        "tenant": access.tenant,
        "domain": access.domain,
        "started": state.fact("started"),
        "time": utc_now(),
        "ferry": version("ferry"),
        "fields": FIELDS,
        "files": files,
        "remarks": oddities,
    }
    with open_private(state.work / MANIFEST, "wb") as file:
        file.write(json.dumps(manifest, indent=2, ensure_ascii=False).encode() + b"\n")
    state.note(whole=[*files, MANIFEST])


def move_into(folder: Path, state: State) -> None:
    """Move the files that are not moved yet into the folder, then close and remove the working folder."""
    for name in state.fact("whole"):
        if (state.work / name).exists():
            (state.work / name).replace(folder / name)
    state.close()
    shutil.rmtree(state.work)


def utc_now() -> str:
    """This moment as Auth0 writes one."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _roles(state: State) -> Iterator[str]:
    return (item for _, item in state.items("roles"))


def _members(state: State) -> Iterator[str]:
    """Auth0's member object with `org_id` before it."""
    for owner, item in state.items("members"):
        yield as_line({"org_id": owner, **json.loads(item)})


def _organizations(state: State) -> Iterator[str]:
    """Auth0's organization object with `domains` and `enabled_connections` after it, where it has any."""
    for _, item in state.items("organizations"):
        organization = json.loads(item)
        if own := own_id(organization, "id"):
            domains = [json.loads(text) for _, text in state.items("domains", own)]
            connections = [json.loads(text) for _, text in state.items("connections", own)]
            if domains:
                organization["domains"] = [
                    {"domain": domain.get("domain"), "status": domain.get("status")} for domain in domains
                ]
            if connections:
                organization["enabled_connections"] = connections
        yield as_line(organization)
