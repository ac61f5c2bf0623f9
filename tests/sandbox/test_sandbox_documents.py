"""`docs/sandbox.md` names every call, switch and control, and none that there is not."""

from __future__ import annotations

import json
import re
from pathlib import Path

from sandbox.control import CONTROLS
from sandbox.http.faults import Faults
from sandbox.http.paths import named
from sandbox.server import OPERATIONS
from sandbox.workos.switches import Switches, shown_switches

PAGE = (Path(__file__).parents[2] / "docs" / "sandbox.md").read_text(encoding="utf-8")
_METHOD = r"(?:GET|POST|PUT|PATCH|DELETE)"


def section(title: str) -> str:
    """The text under a heading."""
    return PAGE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def calls(text: str) -> set[str]:
    """`GET`, `POST /path` as one call a method."""
    found = set()
    for methods, path in re.findall(rf"((?:`{_METHOD}`, )*`{_METHOD}) (/[^`]*)`", text):
        found |= {f"{method} {path}" for method in re.findall(_METHOD, methods)}
    return found


def test_every_call_is_named() -> None:
    served = {f"{method} {named(path)}" for path, methods in OPERATIONS.items() for method in methods}
    assert calls(section("What it promises")) == served


def test_every_control_is_named() -> None:
    named = calls(section("To ask of it, beside the API"))
    served = {f"{method} {path}" for path, methods in CONTROLS.items() for method in methods}
    assert named <= served | {"GET /_sandbox/overview"}
    assert {one for one in served - named if "auth0" not in one} == set()


def test_every_switch_is_named_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]*)` \|", section("Where WorkOS's documents are silent or disagree"), re.M)
    defaults = {
        name: value if isinstance(value, str) else json.dumps(value)
        for name, value in shown_switches(Switches()).items()
    }
    assert dict(rows) == defaults


def test_the_bad_day_can_be_armed() -> None:
    faults = Faults()
    faults.arm(json.loads(section("Faults").partition("```json\n")[2].partition("```")[0]))
    assert len(faults.shown()) == 6
