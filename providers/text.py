"""Text of others, as Ferry prints it: harmless to a terminal, and to the engine, which prints what Ferry hands it."""

from __future__ import annotations

#: What opens a colour tag of the engine's, `<{%fg 1%}>`, which it turns into the terminal's own codes.
_TAG, _AS_TEXT = "<{%", "<{\\x25"


def plain(text: str) -> str:
    """One line, safe to print: a colour tag, and what is not printable, line breaks and marks of direction too, are
    shown as escapes. Letters of any language stay; a terminal that has none of them gets escapes from its encoding.
    """
    escaped = (letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in text)
    return "".join(escaped).replace(_TAG, _AS_TEXT)


def plain_lines(text: str) -> str:
    """As `plain`, for a text whose line breaks Ferry made itself: they stay."""
    return "\n".join(plain(line) for line in text.split("\n"))
