"""Finds a browser for the tests of the sandbox's page, or installs one: `python -m tools.browser`.

In this order: the one that FERRY_BROWSER names; a Chrome or Chromium of this machine; one that an earlier run put into
the virtual environment; the system's package, as root on Debian and what is made from it; Playwright's own download,
which goes into the virtual environment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
#: What Playwright calls the Chromium that has no window, by version.
DOWNLOADED = ("chrome-headless-shell", "headless_shell")
FOLDER = Path(sys.prefix) / "browser"
WHOLE_SECONDS = 600
ANSWER_SECONDS = 20
HOW = (
    "Install Chrome or Chromium (apt-get install chromium, or: brew install --cask chromium), "
    "or set FERRY_BROWSER to the program's path."
)
_APT = (
    "apt-get",
    "-o",
    f"Acquire::http::Timeout={ANSWER_SECONDS}",
    "-o",
    f"Acquire::https::Timeout={ANSWER_SECONDS}",
    "-o",
    "DPkg::Lock::Timeout=120",
)


class BrowserError(Exception):
    """No browser, with what is missing."""


def find(environment: Mapping[str, str]) -> Path | None:
    """Returns the first browser that prints its version, None without any.

    Raises:
        BrowserError: FERRY_BROWSER names something else.
    """
    named = environment.get("FERRY_BROWSER")
    if named is not None:
        if not runs(Path(named)):
            raise BrowserError(f"FERRY_BROWSER is {named!r}, which is no browser that runs here. {HOW}")
        return Path(named)
    on_path = (shutil.which(name, path=environment.get("PATH", "")) for name in NAMES)
    brought = (path for name in DOWNLOADED for path in FOLDER.rglob(name))
    candidates = [*(Path(path) for path in (*on_path, *APPLICATIONS) if path is not None), *brought]
    return next((path for path in candidates if runs(path)), None)


def runs(program: Path) -> bool:
    """Whether the program prints its version."""
    try:
        return _run([str(program), "--version"], seconds=ANSWER_SECONDS) is None
    except OSError:
        return False


def install(environment: Mapping[str, str]) -> Path:
    """Install a browser and return it.

    Raises:
        BrowserError: it could not be had, with every reason.
    """
    problems = []
    is_administrator = os.name == "posix" and os.geteuid() == 0 and shutil.which("apt-get") is not None
    if is_administrator:
        problems.append(_installed_by_system(environment))
        if found := find(environment):
            return found
    problems.append(_downloaded(environment, with_libraries=is_administrator))
    if found := find(environment):
        return found
    reasons = "; ".join(problem for problem in problems if problem is not None)
    raise BrowserError(
        f"no browser is here, and none could be installed ({reasons or 'what came does not run'}). {HOW}"
    )


def _installed_by_system(environment: Mapping[str, str]) -> str | None:
    quiet = {**environment, "DEBIAN_FRONTEND": "noninteractive"}
    wanted = [*_APT, "install", "--yes", "--quiet", "--no-install-recommends", "chromium"]
    print("browser: installing the package chromium", flush=True)
    if _run(wanted, quiet) is None:
        return None
    problem = _run([*_APT, "update", "--quiet"], quiet)
    return _run(wanted, quiet) or problem


def _downloaded(environment: Mapping[str, str], *, with_libraries: bool) -> str | None:
    print("browser: downloading Playwright's Chromium", flush=True)
    command = [sys.executable, "-m", "playwright", "install", "chromium", "--only-shell"]
    if with_libraries:
        command.append("--with-deps")
    return _run(command, {**environment, "PLAYWRIGHT_BROWSERS_PATH": str(FOLDER), "DEBIAN_FRONTEND": "noninteractive"})


def _run(
    command: Sequence[str], environment: Mapping[str, str] | None = None, seconds: float = WHOLE_SECONDS
) -> str | None:
    """Run a program; None, or one line about why it did not work."""
    try:
        done = subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{Path(command[0]).name}: no end after {seconds} seconds"
    if done.returncode:
        output = f"{done.stdout}\n{done.stderr}".splitlines()
        reason = next(
            (line for line in output if line.startswith(("E: ", "Error: "))), f"it ended with {done.returncode}"
        )
        return f"{Path(command[0]).name}: {reason}"
    return None


def main() -> None:
    """Find or install a browser, or say what is missing and exit with 2."""
    try:
        print(f"browser: {find(os.environ) or install(os.environ)}")
    except BrowserError as error:
        print(f"browser: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    main()
