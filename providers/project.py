"""Where a stack's files are: the project's folder, and the names that are made from the stack's name."""

from __future__ import annotations

import re
from pathlib import Path

from providers.errors import FerryError

_PROJECT_FILE = "Pulumi.yaml"
#: The engine's rule for each part of `organization/project/stack`; a part of dots alone is a folder, and no name.
_PART = re.compile(r"(?!\.+\Z)[A-Za-z0-9_.-]{1,100}")
_MOST_PARTS = 3


class NoProject(FerryError):
    """There is no Pulumi project at or above a folder. The message says where and what to do."""


class NoStackName(FerryError):
    """A text is not the name of a stack. The message says why and what a name is."""


def project_at(folder: Path) -> Path | None:
    """The nearest folder upwards that holds a `Pulumi.yaml`, None if there is none."""
    return next((place for place in (folder, *folder.parents) if (place / _PROJECT_FILE).is_file()), None)


def require_project(folder: Path) -> Path:
    """`project_at`, but raises NoProject if there is none."""
    project = project_at(folder)
    if project is None:
        raise NoProject(f"no {_PROJECT_FILE} in {folder} or above it; run this in Ferry's project folder or below")
    return project


def stack_name(stack: str) -> str:
    """The last part of `organization/project/stack`, which names every file of the stack. Raises NoStackName."""
    parts = stack.split("/")
    if len(parts) > _MOST_PARTS or not all(_PART.fullmatch(part) for part in parts):
        raise NoStackName(
            f"{stack!r} is not the name of a stack: letters, digits, hyphens, underscores and dots, at most 100, also "
            "as organization/project/stack; pulumi stack ls lists the stacks"
        )
    return parts[-1]


def state_folder(project: Path) -> Path:
    """`.ferry`: stores, journals, locks and orders to stop."""
    return project / ".ferry"


def reports_folder(project: Path, stack: str) -> Path:
    """`reports/<stack>`. Raises NoStackName."""
    return project / "reports" / stack_name(stack)


def run_path(project: Path, stack: str) -> Path:
    """The file that every process of a run holds locked. Raises NoStackName."""
    return state_folder(project) / f"{stack_name(stack)}.run"


def stop_path(project: Path, stack: str) -> Path:
    """The file whose presence stops a run between two records (`ferry stop`). Raises NoStackName."""
    return state_folder(project) / f"{stack_name(stack)}.stop"
