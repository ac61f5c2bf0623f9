"""Ends this process when the engine that started it is gone, however it went: a killed engine tells nobody."""

from __future__ import annotations

import os
import signal
import threading
import time

#: Set by the launchers in `.venv/bin`: who their parent was before Python started, so that no early death is missed.
ENGINE_PID = "FERRY_ENGINE_PID"


def end_with_engine(every_seconds: float = 1.0) -> None:
    """Listen to the parent's interrupt and watch its life from a daemon thread; return at once. Main thread only.

    An interrupt is how the engine dismisses its plugins. A shell has it ignored by all that it starts in the
    background, so it is switched on again here; else the engine waits five seconds for each plugin.

    An orphan is handed to another parent by the system, so the parent's number is all there is to look at. The process
    ends without clean-up: calls in flight may wait on an engine that will never answer.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    engine = int(os.environ.get(ENGINE_PID) or os.getppid())

    def watch() -> None:
        while os.getppid() == engine:
            time.sleep(every_seconds)
        os._exit(1)

    threading.Thread(target=watch, name="lifeline", daemon=True).start()
