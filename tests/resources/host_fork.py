"""Provider hosts without the second of imports that each of them costs: forks of one process that has them done.

`python -u -m tests.resources.host_fork SOCKET` serves at a socket's descriptor until it is closed. A request is JSON,
`{"command", "cwd", "environment"}`, with two descriptors for what the host writes; the answer is the number of
the process that stands for the engine: it has the command line that is asked for, and the host as its child.
"""

from __future__ import annotations

import atexit
import gc
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[2]
#: Set where branches are measured, for the processes that a process starts.
COVERAGE = "COVERAGE_PROCESS_CONFIG"
#: A shell script that is named like the engine's verb, so that the words of its process are the engine's.
_ENGINE = "while :; do sleep 3600; done\n"
_LONGEST = 65_536


@cache
def _server() -> socket.socket:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "tests.resources.host_fork", str(theirs.fileno())],
        cwd=ROOT,
        env={name: os.environ[name] for name in ("PATH", COVERAGE) if name in os.environ} | {"PYTHONPATH": str(ROOT)},
        pass_fds=[theirs.fileno()],
        stdin=subprocess.DEVNULL,
    )
    theirs.close()

    def end() -> None:
        ours.close()
        process.wait()

    atexit.register(end)
    return ours


def fork_host(command: tuple[str, ...], cwd: Path, environment: dict[str, str], stdout: int, stderr: int) -> int:
    """Start a host and the engine that it is started by. Returns the engine's process, which leads a group of both."""
    (cwd / command[0]).write_text(_ENGINE, encoding="utf-8")
    request = json.dumps({"command": command, "cwd": str(cwd), "environment": environment}).encode()
    socket.send_fds(_server(), [request], [stdout, stderr])
    return int(_server().recv(_LONGEST))


def end_host(engine: int) -> None:
    """Kill the engine's process and the host; where branches are measured, the host writes down its own first."""
    os.killpg(engine, signal.SIGTERM if COVERAGE in os.environ else signal.SIGKILL)


def _serve(requests: socket.socket) -> None:
    import pulumi.dynamic  # noqa: F401
    import workos  # noqa: F401

    import providers.resources.cohort
    import providers.resources.record
    import providers.resources.verdict  # noqa: F401

    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while True:
        sent, descriptors, _, _ = socket.recv_fds(requests, _LONGEST, 2)
        if not sent:
            return
        if not (engine := os.fork()):
            requests.close()
            _become_engine(json.loads(sent), *descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        requests.send(str(engine).encode())


def _become_engine(asked: dict[str, Any], stdout: int, stderr: int) -> NoReturn:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    os.chdir(asked["cwd"])
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    # The write end closes as the engine gets its command line, which the host then may read.
    has_begun, begins = os.pipe()
    if not os.fork():
        os.close(begins)
        os.read(has_begun, 1)
        _become_host(asked)
    os.execv("/bin/sh", ["sh", *asked["command"]])


def _become_host(asked: dict[str, Any]) -> NoReturn:
    os.environ.clear()
    os.environ.update(asked["environment"])
    sys.argv = ["host", "127.0.0.1:0"]
    sys.path.insert(0, asked["cwd"])
    try:
        runpy.run_module("pulumi.dynamic", run_name="__main__", alter_sys=True)
    finally:
        os._exit(0)


if __name__ == "__main__":
    _serve(socket.socket(fileno=int(sys.argv[1])))
