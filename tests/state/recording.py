"""States of stacks as an earlier commit of Ferry left them, kept as test data: a state is a promise.

`python -m tests.state.recording FOLDER` records with today's code, a folder a grain: the export, what the stack was
configured with, its state as `pulumi stack export` gives it, its journal, and a snapshot of the sandbox. Every person
is made up. What stands in `recorded` is never made anew: a later commit adds a folder beside it.
"""

from __future__ import annotations

import gzip
import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from providers.directory.model import fingerprint
from providers.state.journal import journal_path
from sandbox.server import running
from sandbox.workos.snapshot import load
from tests.stack import KEY, Sandbox, Stack, new_stack
from tests.tenant import member, organization, otp, password, person, role

RECORDED = Path(__file__).parent / "recorded"
GRAINS: dict[str, Any] = {
    "record": "record",
    "cohort": "cohort",
    "mixed": {"organizations": "record", "users": "cohort", "memberships": "record"},
}
#: Whom WorkOS has before Ferry comes, who leaves in the second night, and whom WorkOS refuses then.
ADOPTED, LEAVER, REFUSED = "auth0|05", "auth0|06", "auth0|08"
REFUSAL = {"code": "user_creation_error", "message": "no", "errors": [{"code": "person_unwelcome", "message": "no"}]}
_URL, _FINGERPRINT = "http://recorded.example", "fingerprint recorded"


def record(grain: str, folder: Path) -> None:
    """Two nights of a small tenant: in the second one user leaves and one is refused, so that a membership waits."""
    with tempfile.TemporaryDirectory() as name, running() as url:
        workos = Sandbox(url)
        stack = new_stack(Path(name), workos)
        config = {
            "granularity": GRAINS[grain],
            "removed": {"memberships": "deactivate"},
            "maxRemovedPercent": "50",
            "multipleRoles": True,
            "userMetadata": {"plan": "app_metadata.plan"},
        }
        stack.configure(**config)
        workos.settings(multiple_roles=True)
        workos.call("POST", "/user_management/users", email="05@people.example", external_id=ADOPTED)
        _export(stack, [f"{number:02}" for number in range(8)])
        stack.up()
        workos.fault("POST", "/users$", contains=REFUSED, times=None, status=400, body=REFUSAL)
        _export(stack, [f"{number:02}" for number in range(9) if f"auth0|{number:02}" != LEAVER], family_name="Later")
        stack.up(fails=True)
        shutil.copytree(stack.export, folder / "export")
        _keep(folder, stack, workos, config)
        workos.close()


def _export(stack: Stack, names: list[str], **more: object) -> None:
    users = [person(name, given_name=f"N{name}", app_metadata={"plan": "gold"}) for name in names]
    users[1] |= more
    stack.exports(
        users=users,
        organizations=[
            organization("one", display_name="One", metadata={"a": "b"}, domains=[{"domain": "one.example"}]),
            organization("two"),
        ],
        members=[
            *(member("one", f"auth0|{name}", "Admin") for name in names),
            *(member("two", f"auth0|{name}", "Admin", "Viewer") for name in names[:3]),
        ],
        roles=[role("Admin"), role("Viewer", description="may look")],
        passwords=[password(name) for name in names[:4]],
        mfa=[otp(f"auth0|{names[0]}")],
    )


def _keep(folder: Path, stack: Stack, workos: Sandbox, config: dict[str, Any]) -> None:
    exported = json.loads(stack.pulumi("stack", "export").said)
    for resource in exported["deployment"]["resources"]:
        for place in ("sourcePosition", "stackTrace"):
            resource.pop(place, None)
    state = json.dumps(exported, indent=1).replace(str(stack.export), "export")
    state = state.replace(workos.url, _URL).replace(fingerprint(workos.url, KEY), _FINGERPRINT)
    (folder / "state.json.gz").write_bytes(gzip.compress(state.encode(), mtime=0))
    salt = json.loads((stack.project / "stacks" / "Pulumi.dev.yaml").read_bytes())["encryptionsalt"]
    (folder / "stack.json").write_text(json.dumps({"encryptionsalt": salt, "config": config}, indent=2) + "\n")
    shutil.copyfile(journal_path(stack.project, "dev", workos.url, KEY), folder / "journal")
    workos.snapshot(folder / "snapshot")


class RecordedStack:
    """One folder of `recorded`."""

    def __init__(self, grain: str) -> None:
        self._folder = RECORDED / grain
        self.environment = load(self._folder / "snapshot")

    def state(self, url: str = _URL) -> dict[str, Any]:
        """The exported state, as if it had been written to a WorkOS at this address."""
        text = gzip.decompress((self._folder / "state.json.gz").read_bytes()).decode()
        state: dict[str, Any] = json.loads(text.replace(_URL, url).replace(_FINGERPRINT, fingerprint(url, KEY)))
        return state

    def restore(self, folder: Path, workos: Sandbox) -> Stack:
        """A stack with this state, whose WorkOS is the sandbox that began with `environment`."""
        stack = new_stack(folder, workos)
        shutil.copytree(self._folder / "export", stack.export)
        held = json.loads((self._folder / "stack.json").read_bytes())
        (stack.project / "stacks" / "Pulumi.dev.yaml").write_text(
            json.dumps({"encryptionsalt": held["encryptionsalt"]})
        )
        stack.configure(export=str(stack.export), **held["config"])
        path = folder / "state.json"
        path.write_text(json.dumps(self.state(workos.url)), encoding="utf-8")
        stack.pulumi("stack", "import", "--file", str(path))
        journal = journal_path(stack.project, "dev", workos.url, KEY)
        journal.parent.mkdir(mode=0o700, exist_ok=True)
        shutil.copyfile(self._folder / "journal", journal)
        return stack


if __name__ == "__main__":
    for one in GRAINS:
        target = Path(sys.argv[1]) / one
        target.mkdir(parents=True)
        record(one, target)
