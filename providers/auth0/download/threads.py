"""Threads that end together: the first failure, or a person's Ctrl-C, stops all."""

from __future__ import annotations

import threading
from collections.abc import Callable

from providers.auth0.download.errors import Stopped

#: A thread that waits for the network when all must stop is left behind: what it has not stored is fetched again.
_PATIENCE_SECONDS = 2.0


class Threads:
    """Starts functions in threads of their own; `stopped` is set when they should leave."""

    def __init__(self) -> None:
        self.stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._failure: BaseException | None = None
        self._lock = threading.Lock()

    def start(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread of its own; it may start others."""
        thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def join(self) -> None:
        """Wait for all. Raises the first failure, and whatever interrupts the wait."""
        try:
            # A thread that is waited for may start others: the list grows while it is gone through.
            for thread in self._threads:
                thread.join()
        finally:
            self.stopped.set()
            for thread in self._threads:
                thread.join(_PATIENCE_SECONDS)
        if self._failure is not None:
            raise self._failure

    def _run(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Stopped:
            pass
        except BaseException as error:
            with self._lock:
                self._failure = self._failure or error
            self.stopped.set()
