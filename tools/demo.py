"""`make demo`: the sample export against the sandbox with the real engine: preview, up, up again, verify.

Everything it makes lies in `.ferry/demo/`, a copied project folder with a stack, a file backend and a passphrase of its
own, so that no tracked file changes. Whatever it starts it stops.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
from rich.console import Console
from rich.panel import Panel
from rich.table import Table

from providers.settings import FILES

ROOT = Path(__file__).resolve().parents[1]
HOME = ROOT / ".ferry" / "demo"
PROJECT = HOME / "project"
STACK = "demo"
_COPIED = ("Pulumi.yaml", "__main__.py", "stacks", "providers", "sandbox", "examples")
_ENDED = re.compile(
    r"^\s+([+~-]) (\d+) (created|updated|deleted|to create|to update|to delete)|^\s+(\d+) unchanged", re.M
)

console = Console(highlight=False, soft_wrap=True)


class DemoFailed(Exception):
    """A step ended otherwise than a new user may expect."""


def main() -> None:
    """Run the demo; exit 1 with the engine's last words if a step fails."""
    try:
        with sandbox() as address:
            run(address)
    except KeyboardInterrupt:
        console.print("\nthe demo was stopped; nothing of it runs on")
        sys.exit(130)
    except DemoFailed as error:
        console.print(Panel(str(error), title="the demo failed", style="red"))
        sys.exit(1)


def run(address: str) -> None:
    """Preview, up, up, each with what it did to the sandbox, and the verification."""
    prepare_project()
    environment = environment_of_stack(address)
    pulumi(environment, "stack", "init", STACK)
    console.print("[bold]Ferry[/]  an Auth0 export of 300 users, the real Pulumi engine, a WorkOS sandbox\n")

    step(1, "pulumi preview", "what would change; nothing is written")
    previewed = pulumi(environment, "preview", "--diff")
    expect(requests(address)["writes"] == 0, "the preview wrote to WorkOS")
    show_preview(previewed)

    step(2, "pulumi up", "reconciles WorkOS with the export")
    applied = pulumi(environment, "up", "--yes", "--skip-preview")
    first = requests(address)
    summary = json.loads(pulumi(environment, "stack", "output", "summary", "--json"))
    show_summary(summary)
    console.print(f"   {ended(applied)}, with {first['writes']} writes and {first['reads']} read(s)\n")

    step(3, "pulumi up", "again, with the same export")
    httpx2.delete(f"{address}/_sandbox/requests")
    again = pulumi(environment, "up", "--yes", "--skip-preview")
    second = requests(address)
    changed = sum(ended_counts(again)[sign] for sign in "+~-")
    expect(changed == 0 and second["writes"] == 0, "the second up found something to do")
    console.print(f"   [green]second up: {changed} changes, {second['writes']} writes[/], {second['total']} requests\n")

    step(4, "ferry verify", "lists WorkOS once; every record and every field is compared with the export")
    report = json.loads(ferry(environment, "verify", "--json"))
    show_verification(report["kinds"])
    console.print(f"   [green]{len(report['differences'])} differences[/], {report['requests']} requests\n")
    show_findings(PROJECT / "reports" / STACK / "findings.jsonl")
    console.print(
        "[bold]Look next[/]\n"
        f"   findings, one a line     {relative(PROJECT / 'reports' / STACK / 'findings.jsonl')}\n"
        f"   the whole preview        {relative(HOME / 'preview.txt')}\n"
        f"   the verification         {relative(PROJECT / 'reports' / STACK / 'verification.txt')}\n"
        "   your own tenant          README.md, «With a real tenant»"
    )


def step(number: int, command: str, meaning: str) -> None:
    """A heading."""
    console.print(f"[bold cyan]{number}[/]  [bold]{command}[/]  [dim]{meaning}[/]")


def expect(holds: bool, otherwise: str) -> None:
    """Raises DemoFailed with what went wrong instead."""
    if not holds:
        raise DemoFailed(otherwise)


def prepare_project() -> None:
    """A fresh copy of the project folder; the virtual environment is the one this runs in."""
    shutil.rmtree(HOME, ignore_errors=True)
    HOME.parent.mkdir(mode=0o700, exist_ok=True)
    PROJECT.mkdir(parents=True)
    (HOME / "backend").mkdir()
    for name in _COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, PROJECT / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, PROJECT / name)
    (PROJECT / ".venv").symlink_to(ROOT / ".venv", target_is_directory=True)


def environment_of_stack(address: str) -> dict[str, str]:
    """The engine's environment: own backend, own passphrase, and WorkOS is the sandbox."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PULUMI_", "WORKOS_", "AUTH0_"))}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}",
        "PULUMI_BACKEND_URL": f"file://{HOME / 'backend'}",
        "PULUMI_CONFIG_PASSPHRASE": "demo",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_SKIP_CHECKPOINTS": "true",
        "WORKOS_API_KEY": "sk_test_demo",
        "WORKOS_BASE_URL": address,
    }


def pulumi(environment: dict[str, str], *words: str) -> str:
    """One engine command in the demo's project. Raises DemoFailed with its last lines."""
    command = ["pulumi", *words, "--non-interactive", "--color", "never"]
    if words[0] in {"preview", "up"}:
        command.append("--suppress-progress")
    output = said_by(environment, command)
    if words[0] == "preview":
        (HOME / "preview.txt").write_text(output, encoding="utf-8")
    return output


def ferry(environment: dict[str, str], *words: str) -> str:
    """One of Ferry's own commands, likewise."""
    return said_by(environment, [str(Path(sys.executable).parent / "ferry"), *words])


def said_by(environment: dict[str, str], command: list[str]) -> str:
    """What a command prints. Raises DemoFailed with its last lines if it fails."""
    with console.status(f"[dim]{' '.join(command[1:])}[/]"):
        done = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL
        )
    if done.returncode != 0:
        tail = "\n".join((done.stdout + done.stderr).splitlines()[-30:])
        raise DemoFailed(f"{' '.join(command)} ended with {done.returncode}:\n{tail}")
    return done.stdout


def requests(address: str) -> dict[str, Any]:
    """What the sandbox was asked so far."""
    answer: dict[str, Any] = httpx2.get(f"{address}/_sandbox/requests").json()
    return answer


def ended_counts(output: str) -> Counter[str]:
    """The engine's closing counts by sign; unchanged under `=`."""
    counts: Counter[str] = Counter()
    for sign, number, _, unchanged in _ENDED.findall(output):
        counts[sign or "="] += int(number or unchanged)
    return counts


def ended(output: str) -> str:
    """The engine's closing counts in words, without the stack itself."""
    words = {"+": "created", "~": "updated", "-": "deleted", "=": "unchanged"}
    counts = ended_counts(output)
    return ", ".join(f"{counts[sign]} {word}" for sign, word in words.items() if counts[sign])


def show_preview(output: str) -> None:
    """One user of the diff, as the engine prints it, and the closing count."""
    blocks = re.split(r"^(?=    [+~-] pulumi-python)", output, flags=re.M)
    user = next(
        (block for block in blocks if "workos:User: (create)" in block and "password" in block and "_name" in block), ""
    )
    shown = [line[4:] for line in user.splitlines() if line.strip() and "[urn=" not in line]
    console.print(
        Panel("\n".join(shown), title="one of the users", title_align="left", border_style="dim", expand=False)
    )
    console.print(f"   {ended_counts(output)['+']} to create, 0 writes\n")


def show_summary(summary: dict[str, dict[str, int]]) -> None:
    """Lines in, records out, by file of the export."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    columns = ("lines", "declared", "merged", "refused", "skipped", "failed", "pending")
    table.add_column("", style="bold")
    for column in columns:
        table.add_column(column, justify="right")
    for file in FILES:
        table.add_row(f"   {file}", *(f"{int(summary[file][column])}" for column in columns))
    console.print(table)


def show_verification(kinds: dict[str, dict[str, int]]) -> None:
    """Declared, equal, and what else, by kind."""
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    table.add_column("", style="bold")
    for column in ("declared", "equal", "different", "missing", "unmanaged"):
        table.add_column(column, justify="right")
    for kind, counts in kinds.items():
        table.add_row(f"   {kind}", *map(str, counts.values()))
    console.print(table)


def show_findings(path: Path) -> None:
    """The most frequent findings and how many more there are."""
    codes = Counter(json.loads(line)["code"] for line in path.read_text(encoding="utf-8").splitlines())
    console.print(f"[bold]{codes.total()} findings[/] [dim]every line that is not declared as it stands, and why[/]")
    for code, number in codes.most_common(6):
        console.print(f"   {number:>4}  {code}")
    console.print(f"   [dim]and {len(codes) - 6} more codes[/]\n")


def relative(path: Path) -> str:
    """A path as one would type it from the project's folder."""
    return str(path.relative_to(ROOT))


@contextmanager
def sandbox() -> Iterator[str]:
    """The sandbox in a process of its own, stopped at the end; yields its address."""
    command = [sys.executable, "-m", "sandbox", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            expect(bool(line), "the sandbox did not start")
            address = str(json.loads(line)["workos_url"])
            httpx2.post(f"{address}/_sandbox/settings", json={"multiple_roles": True}).raise_for_status()
            yield address
        finally:
            process.terminate()
            process.wait(timeout=10)


if __name__ == "__main__":
    main()
