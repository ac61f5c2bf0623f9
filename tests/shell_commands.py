"""The simple commands of a shell script, and whether Ferry has them."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click

from providers.cli import main
from tests.stack import ROOT

_STARTS = {"if", "then", "else", "do", "!", "{", "("}
_SEPARATES = {";", "&&", "||", "|", "&", ";;"}
#: Commands that this version has not got yet, by what the README says of it.
_NOT_THERE = set(re.findall(r"`ferry (\w+)`", (ROOT / "README.md").read_text().partition("Not there yet:")[2]))


def commands(script: str) -> Iterator[list[str]]:
    """The simple commands of a script, as words; redirections end one."""
    for line in script.replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars="();<>|&")
        words.whitespace_split = True
        command: list[str] = []
        for word in words:
            if word in _SEPARATES or set(word) <= set("<>&;|()"):
                yield command
                command = []
            elif command or word not in _STARTS:
                command.append(word)
        yield command


def unknown_to_ferry(words: list[str]) -> list[str]:
    """What of a call of `ferry` does not exist: the command, or its options."""
    command = main.commands.get(words[0])
    if command is None:
        return [] if words[0] in _NOT_THERE else words[:1]
    options = {name for param in command.params if isinstance(param, click.Option) for name in param.opts}
    return [word for word in words if word.startswith("-") and word not in options]
