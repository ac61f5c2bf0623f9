"""What a person sees while it runs: bars with rate and time left on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn, TimeRemainingColumn
from rich.text import Text

from providers.text import plain

#: Seconds between two lines about one thing that goes on.
_QUIET_SECONDS = 10.0


class Display:
    """Thread-safe; writes to standard error."""

    def __init__(self, console: Console | None = None, now: Callable[[], float] = time.monotonic) -> None:
        self._console = console or Console(stderr=True, highlight=False, soft_wrap=True)
        self._now, self._lock = now, threading.Lock()
        self._bars: Progress | None = None
        if self._console.is_terminal:
            columns = (TextColumn("{task.description:<13}"), BarColumn(), _Amount(), _Rate(), TimeRemainingColumn())
            self._bars = Progress(*columns, console=self._console)
        self._tasks: dict[str, _Lines | TaskID] = {}

    def begin(self, what: str, *, total: int | None, done: int = 0, unit: str) -> None:
        """Show a thing of which `done` is there already; `unit` is bytes or a plural. A second call begins it anew."""
        with self._lock:
            known = self._tasks.get(what)
            if self._bars is None:
                self._tasks[what] = _Lines(total, done, unit, done, self._now(), self._now())
                self._print(what, self._tasks[what])
            elif known is None or isinstance(known, _Lines):
                self._tasks[what] = self._bars.add_task(what, total=total, completed=done, unit=unit)
            else:
                self._bars.reset(known, total=total, completed=done, unit=unit)

    def advance(self, what: str, number: int = 1) -> None:
        """Count `number` more of it."""
        with self._lock:
            task = self._tasks[what]
            if not isinstance(task, _Lines):
                if self._bars is not None:
                    self._bars.advance(task, number)
                return
            task.done += number
            if task.done == task.total or self._now() - task.printed_at >= _QUIET_SECONDS:
                task.printed_at = self._now()
                self._print(what, task)

    def say(self, text: str) -> None:
        """Print one line, above the bars."""
        (self._bars.console if self._bars else self._console).print(plain(text), markup=False)

    def _print(self, what: str, task: _Lines | TaskID) -> None:
        if isinstance(task, _Lines):
            self._console.print(f"{what}: {task.line(self._now())}", markup=False)

    def __enter__(self) -> Self:
        if self._bars is not None:
            self._bars.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bars is not None:
            self._bars.stop()


class _Lines:
    """How far something is, for lines."""

    def __init__(self, total: int | None, done: int, unit: str, first: int, began_at: float, printed_at: float) -> None:
        self.total, self.done, self.unit, self.first = total, done, unit, first
        self.began_at, self.printed_at = began_at, printed_at

    def line(self, now: float) -> str:
        rate = (self.done - self.first) / (now - self.began_at) if now > self.began_at else 0.0
        text = _amount(self.done, self.total, self.unit)
        if rate and self.total is not None and self.done < self.total:
            text += f", {_per_second(rate, self.unit)}, {_duration((self.total - self.done) / rate)} left"
        return text


def _amount(done: float, total: float | None, unit: str) -> str:
    if unit == "bytes":
        return f"{decimal(int(done))} of {decimal(int(total))}" if total is not None else decimal(int(done))
    return f"{int(done):,} of {int(total):,} {unit}" if total is not None else f"{int(done):,} {unit}"


def _per_second(rate: float, unit: str) -> str:
    return f"{decimal(int(rate))}/s" if unit == "bytes" else f"{rate:,.1f}/s"


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}"


class _Amount(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_amount(task.completed, task.total, task.fields["unit"]))


class _Rate(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(_per_second(task.speed, task.fields["unit"]) if task.speed else "")
