"""What one line of a user export holds: the fields that were asked for, under the names that were asked for.

Source: Auth0 docs, bulk user exports and user profile structure; Management API reference, create export job.
"""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sandbox.auth0.tenant import Line

#: ``fields`` left out means a "predefined set" that is listed nowhere; this one is the sample line of Auth0's docs.
PREDEFINED: Final = (
    "user_id",
    "email",
    "email_verified",
    "name",
    "nickname",
    "picture",
    "identities",
    "created_at",
    "updated_at",
)
#: Attributes of a profile that no export holds (user profile structure).
NEVER_EXPORTED: Final = frozenset({"blocked_for", "guardian_authenticators", "tenant"})
#: Parts of an identity that need the scope ``read:user_idp_tokens``.
IDP_TOKENS: Final = frozenset({"access_token", "access_token_secret", "refresh_token"})
#: Auth0's own dates are the strings that CSV does not mark with an apostrophe.
DATES: Final = frozenset({"created_at", "updated_at", "last_login", "last_password_reset", "multifactor_last_modified"})

_STEP: Final = re.compile(r"[^.\[\]]+")


def export_lines(
    users: Iterable[Line], fields: Sequence[tuple[str, str]], kind: str, *, idp_tokens: bool
) -> Iterator[str]:
    """Lines of an export with their ends; ``fields`` are paths and their names in the file, ``kind`` is json or csv.

    JSON leaves out what a user does not have, and a dotted field keeps its dots in the key (not documented).
    CSV begins with a line of names and leaves such a cell empty.
    """
    steps = [_STEP.findall(path) for path, _ in fields]
    if kind == "csv":
        yield ",".join(_cell_text(name) for _, name in fields) + "\n"
    for user in users:
        shown = user if idp_tokens else _without_idp_tokens(user)
        values = [_value(shown, path) for path in steps]
        if kind == "csv":
            yield ",".join(_cell(path, value) for (path, _), value in zip(fields, values, strict=True)) + "\n"
        else:
            line = {name: value for (_, name), value in zip(fields, values, strict=True) if value is not None}
            yield json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n"


def _without_idp_tokens(user: Line) -> Line:
    identities = user.get("identities")
    if not identities:
        return user
    kept = [{key: value for key, value in identity.items() if key not in IDP_TOKENS} for identity in identities]
    return {**user, "identities": kept}


def _value(user: Line, steps: list[str]) -> Any:
    """What a dotted path (``identities[0].connection``) leads to, or None."""
    if not steps or steps[0] in NEVER_EXPORTED:
        return None
    found: Any = user
    for step in steps:
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return None
    return found


def _cell(path: str, value: Any) -> str:
    """Every text gets an apostrophe in front, is quoted, and its quotes doubled; Auth0's dates are exempt.

    How CSV shows lists is not documented: here as JSON text.
    """
    if value is None or (isinstance(value, str) and path in DATES):
        return value or ""
    if isinstance(value, bool | int | float):
        return json.dumps(value)
    return _cell_text("'" + (value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)))


def _cell_text(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'
