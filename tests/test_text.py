"""Text of others is printed so that no terminal and no engine obeys it, and lines of several threads stay lines."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import redirect_stderr

import pytest

from providers.resources.engine_output import say
from providers.text import plain, plain_lines


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("auth0|a~ \\ {%x%} <b> 100%", "auth0|a~ \\ {%x%} <b> 100%"),
        ("\x1b[31mred\x07\x7f", "\\x1b[31mred\\x07\\x7f"),
        ("one\r\ntwo\tthree", "one\\r\\ntwo\\tthree"),
        ("\x85\x9b31m", "\\x85\\x9b31m"),
        ("a\u202eb\u2066c\u200b\u2028", "a\\u202eb\\u2066c\\u200b\\u2028"),
        ("half \udc80", "half \\udc80"),
        ("Zo\u00eb \U0001f600", "Zo\u00eb \U0001f600"),
        ("<{%fg 1%}>red<{%reset%}>", "<{\\x25fg 1%}>red<{\\x25reset%}>"),
        ("<{<{%%reset%}>", "<{<{\\x25%reset%}>"),
    ],
)
def test_what_a_terminal_or_the_engine_would_obey_is_shown_as_an_escape(text: str, told: str) -> None:
    """Once: a text that was made plain is not changed again."""
    assert plain(text) == told
    assert plain(told) == told


def test_a_line_break_of_ferrys_own_stays() -> None:
    """The carriage return before it does not."""
    assert plain_lines("one\n  two\r\n<{%reset%}>") == "one\n  two\\r\n<{\\x25reset%}>"


class _Written(io.StringIO):
    """Remembers each write."""

    def __init__(self) -> None:
        super().__init__()
        self.writes: list[str] = []

    def write(self, text: str) -> int:
        self.writes.append(text)
        return len(text)


def test_a_line_that_is_said_is_one_write() -> None:
    """So those of several threads cannot run together; and a name cannot make two of one."""
    with redirect_stderr(_Written()) as written, ThreadPoolExecutor(8) as threads:
        list(threads.map(say, [f"line {number}\nof a <{{%bold%}}> name" for number in range(200)]))

    assert sorted(written.writes) == sorted(f"line {number}\\nof a <{{\\x25bold%}}> name\n" for number in range(200))
