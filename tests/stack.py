"""A Pulumi stack of Ferry's in a folder of its own, and the WorkOS sandbox it writes to: what a person has at hand."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from sandbox.sandbox import Start
from tests.tenant import Line, write
from tests.weather import HARMLESS, SOMEBODY_ELSE, without_weather

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
KEY = "sk_test_made_up_key"
LONGEST_COMMAND = 120
Json = dict[str, Any]


def soon(happens: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until it happens, or fail."""
    deadline = time.monotonic() + seconds
    while not happens():
        assert time.monotonic() < deadline, f"not within {seconds} seconds: {what}"
        time.sleep(0.02)


class Sandbox:
    """WorkOS as this test sees it: what was asked of it, what it holds, and the faults it is told to have."""

    def __init__(self, url: str, weather: Start | None = None) -> None:
        self.url, self._weather = url, weather or Start()
        self._control = httpx.Client(base_url=f"{url}/_sandbox/", timeout=LONGEST_COMMAND)
        self._api = httpx.Client(base_url=url, headers={"authorization": f"Bearer {SOMEBODY_ELSE}"})

    def close(self) -> None:
        """Close the connections, so that the server can stop at once."""
        self._control.close()
        self._api.close()

    def requests(self) -> Json:
        """The request log: `writes`, `reads`, `total`, `counts`, `requests`; what the weather repeated is left out."""
        return without_weather(self._ask("GET", "requests"))

    def asked(self) -> dict[str, int]:
        """How often which call was made since the log was cleared."""
        counts: dict[str, int] = self.requests()["counts"]
        return counts

    def writes(self) -> dict[str, int]:
        """The calls that write among them."""
        return {call: number for call, number in self.asked().items() if not call.startswith("GET ")}

    def clear(self) -> None:
        """Forget the requests so far."""
        self._ask("DELETE", "requests")

    def reset(self) -> None:
        """Another, empty environment behind the same address."""
        self._ask("POST", "reset")

    def settings(self, **switches: object) -> None:
        """Change switches of the environment."""
        self._ask("POST", "settings", switches)

    def fault(self, method: str, path: str, mode: str = "refuse", **more: object) -> None:
        """Arm one fault; it strikes once unless `times` says otherwise, None for ever."""
        self._ask("POST", "faults", [{"method": method, "path": path, "mode": mode, **more}])

    def faults_struck(self) -> list[int]:
        """How many requests each fault of the test has struck."""
        return [fault["hits"] for fault in self._ask("GET", "faults") if not fault["name"].startswith(HARMLESS)]

    def clear_faults(self) -> None:
        """Disarm every fault of the test."""
        self._ask("DELETE", "faults")
        self._ask("POST", "faults", list(self._weather.faults))

    def directory(self) -> Json:
        """Everything the environment holds."""
        return dict(self._ask("GET", "directory"))

    def users(self) -> dict[str, Json]:
        """Its users by external id; those without one by email."""
        return {user["external_id"] or user["email"]: user for user in self.directory()["users"]}

    def organizations(self) -> dict[str, Json]:
        """Its organizations by external id, with their domains as name to state."""
        return {
            organization["external_id"]: {
                **organization,
                "domains": {domain["domain"]: domain["state"] for domain in organization["domains"]},
            }
            for organization in self.directory()["organizations"]
        }

    def memberships(self) -> dict[str, tuple[tuple[str, ...], str]]:
        """Its memberships, `<organization>/<user>` by their external ids, to roles and status."""
        return {
            f"{membership['organization_external_id']}/{membership['user_external_id']}": (
                tuple(sorted(membership["roles"])),
                membership["status"],
            )
            for membership in self.directory()["memberships"]
        }

    def roles(self) -> set[str]:
        """The slugs of its roles."""
        return {role["slug"] for role in self.directory()["roles"]}

    def snapshot(self, path: Path) -> None:
        """Keep the environment in a file."""
        self._ask("POST", "snapshot", {"path": str(path.absolute())})

    def counts(self) -> tuple[int, int, int]:
        """How many users, organizations and memberships it holds."""
        directory = self.directory()
        return len(directory["users"]), len(directory["organizations"]), len(directory["memberships"])

    def call(self, method: str, path: str, **body: object) -> Json:
        """Somebody else uses WorkOS; the request log shows that too."""
        answer = self._api.request(method, path, json=body or None).raise_for_status()
        return dict(answer.json()) if answer.content else {}

    def _ask(self, method: str, what: str, body: object = None) -> Any:
        return self._control.request(method, what, json=body).raise_for_status().json()


@dataclass(frozen=True)
class Done:
    """How a command ended, and everything it said."""

    code: int
    said: str

    def error(self) -> str:
        """What it said from the first error on, in one line; tracebacks have no place anywhere."""
        assert "Traceback" not in self.said, self.said
        assert "error: " in self.said, self.said
        return " ".join(self.said[self.said.index("error: ") :].split())


@dataclass
class Stack:
    """A copied project folder with one stack, its own backend and passphrase."""

    folder: Path
    workos: Sandbox
    environment: dict[str, str]
    said: list[str] = field(default_factory=list)
    #: Seconds that a command may take.
    longest: int = LONGEST_COMMAND

    @property
    def project(self) -> Path:
        """Where `Pulumi.yaml` stands."""
        return self.folder / "project"

    @property
    def export(self) -> Path:
        """The export folder that the stack is configured with."""
        return self.folder / "export"

    def command(self, *words: str) -> list[str]:
        """The words of one call of the engine."""
        return [str(BIN / "pulumi"), *words, "--non-interactive", "--color", "never"]

    def pulumi(self, *words: str, fails: bool | None = False) -> Done:
        """One command; that it succeeds, or fails, is asserted unless `fails` is None."""
        run = subprocess.run(
            self.command(*words),
            cwd=self.project,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=self.longest,
            check=False,
        )
        self.said.append(run.stdout)
        assert fails is None or bool(run.returncode) is fails, f"exit {run.returncode}\n{run.stdout}"
        return Done(run.returncode, run.stdout)

    def preview(self, *words: str, fails: bool = False) -> Done:
        """What would change."""
        return self.pulumi("preview", "--suppress-progress", *words, fails=fails)

    def up(self, *words: str, fails: bool = False) -> Done:
        """Reconcile."""
        return self.pulumi("up", "--yes", "--skip-preview", "--suppress-progress", *words, fails=fails)

    def refresh(self, *words: str, fails: bool = False) -> Done:
        """Read back."""
        return self.pulumi("refresh", "--yes", "--skip-preview", "--suppress-progress", *words, fails=fails)

    def destroy(self, *words: str, fails: bool = False) -> Done:
        """Take away."""
        return self.pulumi("destroy", "--yes", "--skip-preview", "--suppress-progress", *words, fails=fails)

    def starts(self, *words: str) -> subprocess.Popen[bytes]:
        """A command that goes on while the test looks at it; `told` is what it says. The engine's, or `ferry ...`."""
        with (self.folder / "told.txt").open("wb") as told:
            return subprocess.Popen(
                [str(BIN / "ferry"), *words[1:]] if words[0] == "ferry" else self.command(*words),
                cwd=self.project,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=told,
                stderr=subprocess.STDOUT,
            )

    def told(self) -> str:
        """What the last command that was started has said so far."""
        return (self.folder / "told.txt").read_text(encoding="utf-8")

    def ferry(self, *words: str, code: int | None = 0, at: str = ".") -> Done:
        """One of Ferry's own commands, which ends with this code unless it is None; what it prints, errors last.

        `at` is the folder of the project in which it is typed.
        """
        run = subprocess.run(
            [str(BIN / "ferry"), *words],
            cwd=self.project / at,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=self.longest,
            check=False,
        )
        assert code in (None, run.returncode), f"exit {run.returncode}\n{run.stdout}{run.stderr}"
        return Done(run.returncode, run.stdout + run.stderr)

    def summary(self) -> dict[str, dict[str, int]]:
        """The stack output."""
        told: dict[str, dict[str, int]] = json.loads(self.pulumi("stack", "output", "summary", "--json").said)
        return told

    def state(self) -> dict[str, Json]:
        """The resources of the last state by their logical name."""
        exported = json.loads(self.pulumi("stack", "export").said)
        resources = (exported.get("deployment") or {}).get("resources") or []
        return {resource["urn"].split("::", 3)[3]: resource for resource in resources}

    def findings(self) -> list[Json]:
        """The lines of `findings.jsonl`."""
        text = (self.project / "reports" / "dev" / "findings.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]

    def exports(self, **files: Iterable[Line | str]) -> None:
        """The export folder, made anew from lines by file."""
        shutil.rmtree(self.export, ignore_errors=True)
        write(self.export, **files)

    def configure(self, **keys: object) -> None:
        """Set `ferry:` keys in the stack's file, as `pulumi config set` would; None unsets."""
        path = self.project / "stacks" / "Pulumi.dev.yaml"
        held = json.loads(path.read_text(encoding="utf-8"))
        config = {**held.get("config", {}), **{f"ferry:{key}": value for key, value in keys.items()}}
        held["config"] = {key: value for key, value in config.items() if value is not None}
        path.write_text(json.dumps(held), encoding="utf-8")

    def fresh_backend(self) -> None:
        """The state is lost; the stack is made anew under its old name."""
        config = {key.removeprefix("ferry:"): value for key, value in self._config().items()}
        shutil.rmtree(self.folder / "backend")
        (self.folder / "backend").mkdir()
        self.init()
        self.configure(**config)

    def init(self) -> None:
        """`pulumi stack init`, and its file rewritten as JSON, which is YAML too."""
        path = self.project / "stacks" / "Pulumi.dev.yaml"
        path.unlink(missing_ok=True)
        self.pulumi("stack", "init", "dev")
        salt = path.read_text(encoding="utf-8").removeprefix("encryptionsalt:").strip()
        path.write_text(json.dumps({"encryptionsalt": salt}), encoding="utf-8")

    def _config(self) -> Json:
        text = (self.project / "stacks" / "Pulumi.dev.yaml").read_text(encoding="utf-8")
        return dict(json.loads(text).get("config", {}))


def new_stack(folder: Path, workos: Sandbox) -> Stack:
    """A stack `dev` whose export is `<folder>/export` and whose WorkOS is the sandbox."""
    project = folder / "project"
    (project / "stacks").mkdir(parents=True)
    (folder / "backend").mkdir()
    (folder / "home").mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy2(ROOT / name, project / name)
    for name in ("providers", "sandbox", ".venv"):
        (project / name).symlink_to(ROOT / name, target_is_directory=True)
    stack = Stack(
        folder,
        workos,
        {
            **os.environ,
            "PATH": f"{BIN}{os.pathsep}{os.environ.get('PATH', '')}",
            "HOME": str(folder / "home"),
            "PULUMI_HOME": str(folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{folder / 'backend'}",
            "PULUMI_CONFIG_PASSPHRASE": "made up",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            "PULUMI_SKIP_CHECKPOINTS": "true",
            "WORKOS_API_KEY": KEY,
            "WORKOS_BASE_URL": workos.url,
        },
    )
    stack.init()
    stack.configure(export=str(stack.export))
    return stack


def kill(process: subprocess.Popen[bytes]) -> None:
    """`kill -9` on the command alone; the programs that it started are on their own."""
    with suppress(ProcessLookupError):
        os.kill(process.pid, signal.SIGKILL)
    process.wait()
