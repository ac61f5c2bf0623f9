"""The one voice of the provider host: what it says appears in the engine's output."""

from __future__ import annotations

import sys
import threading

from providers.text import plain

_say_lock = threading.Lock()


def say(line: str) -> None:
    """What a provider prints to stderr appears under the stack in the engine's output. Lines of several threads come
    whole, one after the other.
    """
    with _say_lock:
        sys.stderr.write(f"{plain(line)}\n")
        sys.stderr.flush()
