"""A stack's settings from its file, without the engine and without its secrets."""

from __future__ import annotations

import json
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from providers.errors import FerryError
from providers.project import stack_name
from providers.settings import NAMESPACE


class UnreadableStack(FerryError):
    """There is no such stack file here, or it is none. The message says which and what to do."""


def stack_config(project: Path, stack: str) -> dict[str, str]:
    """The plain `ferry:` values of `stacks/Pulumi.<stack>.yaml`, as text the way Pulumi hands them out.

    Secrets are left out: nothing is decrypted. Raises UnreadableStack and NoStackName.
    """
    name = f"stacks/Pulumi.{stack_name(stack)}.yaml"
    try:
        # Scalars stay the text they are: settings are typed where they are read.
        document = yaml.BaseLoader((project / name).read_bytes()).get_single_data() or {}
        values = dict(document.get("config") or {})
    except OSError as error:
        message = (
            f"{name} cannot be read here ({error.strerror}): run this in the project's folder, or name another stack"
        )
        raise UnreadableStack(message) from None
    except (yaml.YAMLError, AttributeError, TypeError, ValueError, RecursionError):
        raise UnreadableStack(f"{name} is no stack file: it holds no YAML map with a map `config`") from None
    plain = {key: value for key, value in values.items() if not (isinstance(value, dict) and "secure" in value)}
    return {
        key: value if isinstance(value, str) else json.dumps(value)
        for key, value in plain.items()
        if isinstance(key, str) and key.startswith(f"{NAMESPACE}:")
    }
