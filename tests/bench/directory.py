"""`make bench`: what the build of a directory costs beside a bare loop of `json.loads` over the same files.

Each figure is taken in a process of its own, on a generated export that stays in `.ferry/bench/`. The table goes into
`docs/performance.md`, between its marks. `python -m tests.bench.directory 10000 100000` takes other sizes.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

from tests.generate.distribution import Distribution, with_overrides
from tests.generate.export import Plan, generate

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".ferry" / "bench"
PAGE = ROOT / "docs" / "performance.md"
SIZES = (100_000, 1_000_000)
#: About 1.2 memberships a user: nobody is in 50 organizations.
SHARES = ['memberships={"many":0}']
#: What a million users may take at most.
LIMITS = {"ratio": 4.0, "MiB": 1024, "reuse s": 5.0}
COLUMNS = (
    "users",
    "memberships",
    "organizations",
    "hashes",
    "MB",
    "json.loads s",
    "build s",
    "ratio",
    "MiB",
    "reuse s",
    "MB store",
)


def exported(users: int) -> Path:
    """The generated export of this size; made once."""
    folder = HOME / str(users)
    if not (folder / "expected" / "summary.json").exists():
        print(f"{users:,} users: generating", flush=True)
        shutil.rmtree(folder, ignore_errors=True)
        generate(folder, Plan(users, 1, shares=with_overrides(Distribution(), SHARES)))
    return folder


def bare(folder: str, _: str) -> dict[str, Any]:
    """Seconds of one process that parses every line and keeps nothing."""
    began = time.perf_counter()
    for path in sorted(Path(folder).glob("*.ndjson")):
        with path.open("rb") as file:
            for line in file:
                json.loads(line)
    return {"seconds": time.perf_counter() - began}


def build(folder: str, project: str) -> dict[str, Any]:
    """Seconds until the store is open, and the sum of what both processes had resident at the most, in MiB."""
    from providers.directory.store import open_store
    from providers.settings import read_settings

    settings = read_settings({"ferry:export": folder, "ferry:multipleRoles": "true"}, {})
    began = time.perf_counter()
    with open_store(settings, Path(project)) as store:
        seconds = time.perf_counter() - began
        counts, totals, size = store.summary(), store.totals(), store.path.stat().st_size
    whose = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    resident = sum(resource.getrusage(one).ru_maxrss for one in whose) >> (20 if sys.platform == "darwin" else 10)
    return {"seconds": seconds, "resident": resident, "counts": counts, "totals": totals, "store": size}


def apart(what: str, folder: Path, project: str) -> dict[str, Any]:
    """The answer of one of the functions above, from a process of its own."""
    command = [sys.executable, "-m", "tests.bench.directory", what, str(folder), project]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def measured(users: int) -> dict[str, Any]:
    """One row of the table."""
    folder = exported(users)
    with tempfile.TemporaryDirectory(dir=HOME) as project:
        loop = apart("bare", folder, project)
        first = apart("build", folder, project)
        again = apart("build", folder, project)
    lines = {kind: counts["lines"] for kind, counts in first["counts"].items()}
    row = {
        "users": lines["users"],
        "memberships": lines["members"],
        "organizations": lines["organizations"],
        "hashes": lines["passwords"],
        "MB": sum(path.stat().st_size for path in folder.glob("*.ndjson")) // 1_000_000,
        "json.loads s": round(loop["seconds"], 1),
        "build s": round(first["seconds"], 1),
        "ratio": round(first["seconds"] / loop["seconds"], 2),
        "MiB": first["resident"],
        "reuse s": round(again["seconds"], 2),
        "MB store": first["store"] // 1_000_000,
    }
    print("  ".join(f"{name} {value:,}" for name, value in row.items()), flush=True)
    return row


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown, with the machine under them."""
    head = [f"| {' | '.join(COLUMNS)} |", f"|{'---:|' * len(COLUMNS)}"]
    body = [f"| {' | '.join(f'{row[name]:,}' for name in COLUMNS)} |" for row in rows]
    growth = []
    for small, big in pairwise(rows):
        users, seconds = (big[name] / small[name] for name in ("users", "build s"))
        growth.append(f"{users:.0f} times the users take {seconds:.1f} times the time.")
    machine = f"`make bench` on {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}."
    return "\n".join([*head, *body, "", " ".join([machine, *growth]), ""])


def publish(mark: str, text: str) -> None:
    """Put a table between its marks in `docs/performance.md`."""
    begin, end = f"<!-- make bench: {mark} -->\n", f"<!-- /make bench: {mark} -->\n"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(begin)
    PAGE.write_text(f"{before}{begin}{text}{end}{rest.partition(end)[2]}", encoding="utf-8")


def main() -> None:
    """Measure, print, and write the table if the sizes are the usual ones."""
    match sys.argv[1:]:
        case [("bare" | "build") as what, folder, project]:
            print(json.dumps({"bare": bare, "build": build}[what](folder, project)))
        case given:
            HOME.mkdir(parents=True, exist_ok=True)
            rows = [measured(users) for users in map(int, given or SIZES)]
            text = table(rows)
            if over := [
                f"{name} {rows[-1][name]}, at most {most}" for name, most in LIMITS.items() if rows[-1][name] > most
            ]:
                sys.exit(f"too much: {'; '.join(over)}")
            if not given:
                publish("build", text)


if __name__ == "__main__":
    main()
