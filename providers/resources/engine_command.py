"""The engine's command that started this process: verb, stack and targets, by their places in the command line.

It is read as the engine reads it (cobra and pflag): before the verb every flag but the global switches takes the next
word as its value; a flag may also stand in the environment, as `PULUMI_OPTION_<FLAG>`. What cannot be read counts as
`up` without a stack and without targets, so that nothing is deleted unasked.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

_VERBS = {"update": "up", "pre": "preview", "down": "destroy", "dn": "destroy"}
#: The verbs whose flags are known; a command with another verb is known by its verb alone.
OPERATIONS = ("up", "preview", "destroy", "refresh", "watch")
#: Flags with their short forms, as `pulumi --help` and the help of OPERATIONS print them, and those that help hides.
#: A flag of two operations is the same in both.
GLOBAL_SWITCHES = {
    "disable-integrity-checking": "",
    "emoji": "e",
    "fully-qualify-stack-names": "Q",
    "help": "h",
    "logflow": "",
    "logtostderr": "",
    "non-interactive": "",
    "version": "",
}
GLOBAL_VALUES = {
    "color": "",
    "cwd": "C",
    "memprofilerate": "",
    "otel-traces": "",
    "profiling": "",
    "tracing": "",
    "tracing-header": "",
    "verbose": "v",
}
SWITCHES = {
    "attach-debugger": "",
    "clear-pending-creates": "",
    "config-path": "",
    "continue-on-error": "",
    "copilot": "",
    "debug": "d",
    "diff": "",
    "exclude-dependents": "",
    "exclude-protected": "",
    "expect-no-changes": "",
    "ignore-protect": "",
    "json": "j",
    "neo": "",
    "neo-task-on-failure": "",
    "preview-only": "",
    "refresh": "r",
    "remote": "",
    "remote-inherit-settings": "",
    "remote-skip-install-dependencies": "",
    "remove": "",
    "run-program": "",
    "show-config": "",
    "show-full-output": "",
    "show-policy-remediations": "",
    "show-reads": "",
    "show-replacement-steps": "",
    "show-sames": "",
    "show-secrets": "",
    "skip-config-validation": "",
    "skip-pending-creates": "",
    "skip-plugin-pre-install": "",
    "skip-preview": "f",
    "strict": "",
    "suppress-outputs": "",
    "suppress-permalink": "",
    "suppress-progress": "",
    "suppress-stream-logs": "",
    "target-dependents": "",
    "urns": "",
    "yes": "y",
}
VALUES = {
    "client": "",
    "config": "c",
    "config-file": "",
    "event-log": "",
    "exclude": "x",
    "exec-agent": "",
    "exec-kind": "",
    "import-file": "",
    "import-pending-creates": "",
    "message": "m",
    "output": "",
    "override-env": "",
    "parallel": "p",
    "path": "",
    "plan": "",
    "policy-pack": "",
    "policy-pack-config": "",
    "remote-agent-pool-id": "",
    "remote-env": "",
    "remote-env-secret": "",
    "remote-executor-image": "",
    "remote-executor-image-password": "",
    "remote-executor-image-username": "",
    "remote-git-auth-access-token": "",
    "remote-git-auth-password": "",
    "remote-git-auth-ssh-private-key": "",
    "remote-git-auth-ssh-private-key-path": "",
    "remote-git-auth-username": "",
    "remote-git-branch": "",
    "remote-git-commit": "",
    "remote-git-repo-dir": "",
    "remote-pre-run-command": "",
    "replace": "",
    "save-plan": "",
    "secrets-provider": "",
    "stack": "s",
    "target": "t",
    "target-replace": "",
}
_SWITCHES = GLOBAL_SWITCHES | SWITCHES
_VALUES = GLOBAL_VALUES | VALUES
_LONG = {short: name for name, short in (_SWITCHES | _VALUES).items() if short}
_TRUE = {"1", "t", "T", "TRUE", "true", "True"}


@dataclass(frozen=True, slots=True)
class EngineCommand:
    """What one command of the engine says that Ferry has to know."""

    #: `up`, `preview`, `destroy`, `refresh`, `watch`; any other as it was typed.
    verb: str = "up"
    #: As it was typed, organization and project included; None: the stack that is selected.
    stack: str | None = None
    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()
    #: `destroy --exclude-protected`.
    keeps_protected: bool = False

    @property
    def is_partial(self) -> bool:
        """May resources of the stack stay out of this command?"""
        return bool(self.targets or self.excludes or self.keeps_protected)


class _Unreadable(Exception):
    """The words are not a command that this module knows."""


def parse(words: Sequence[str], environment: Mapping[str, str] | None = None) -> EngineCommand:
    """The command of these words, the program's name left out."""
    environment = environment or {}
    try:
        typed, rest = _verb(words)
        verb = _VERBS.get(typed, typed)
        if verb not in OPERATIONS:
            return EngineCommand(verb)
        flags = [*_from(environment), *_flags(rest)]
    except _Unreadable:
        return EngineCommand()
    named = [value for name, value in flags if name == "stack"]
    protected = [value for name, value in flags if name == "exclude-protected"]
    return EngineCommand(
        verb,
        named[-1] if named else environment.get("PULUMI_STACK") or None,
        tuple(value for name, value in flags if name in {"target", "target-replace"}),
        tuple(value for name, value in flags if name == "exclude"),
        keeps_protected=bool(protected) and protected[-1] in _TRUE,
    )


@cache
def engine_command() -> EngineCommand:
    """The command that started this process, read once. Whatever its program is called: people wrap the engine."""
    return parse(_parent_command()[1:], os.environ)


def _verb(words: Sequence[str]) -> tuple[str, list[str]]:
    """The first word that is neither a flag nor a flag's value, and all others. Raises _Unreadable."""
    at = 0
    while at < len(words) and words[at] != "--":
        word = words[at]
        if word and not word.startswith("-"):
            return word, [*words[:at], *words[at + 1 :]]
        is_long, is_whole = word.startswith("--"), "=" not in word
        name = word[2:] if is_long else _LONG.get(word[1:], "")
        takes_next = is_whole and (is_long or len(word) == 2) and name not in GLOBAL_SWITCHES
        at += 2 if takes_next else 1
    raise _Unreadable


def _flags(words: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Names and values of the flags among the words after the verb. Raises _Unreadable."""
    left = iter(words)
    for word in left:
        if word == "--":
            return
        if word.startswith("--"):
            yield _long_flag(word[2:], left)
        elif word.startswith("-") and word != "-":
            yield from _short_flags(word[1:], left)


def _long_flag(word: str, following: Iterator[str]) -> tuple[str, str]:
    name, has_value, value = word.partition("=")
    if name not in _VALUES and name not in _SWITCHES:
        raise _Unreadable
    if has_value:
        return name, value
    return name, "true" if name in _SWITCHES else _next(following)


def _short_flags(letters: str, following: Iterator[str]) -> Iterator[tuple[str, str]]:
    """One word may hold several switches, and last a flag with its value: `-ys dev`, `-sdev`, `-s=dev`."""
    while letters:
        name, rest = _LONG.get(letters[0]), letters[1:]
        if name is None:
            raise _Unreadable
        if rest.startswith("="):
            yield name, rest[1:]
            return
        if name in _VALUES:
            yield name, rest or _next(following)
            return
        yield name, "true"
        letters = rest


def _next(following: Iterator[str]) -> str:
    try:
        return next(following)
    except StopIteration:
        raise _Unreadable from None


def _from(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """The flags that the engine takes from the environment, as far as they matter here."""
    for name in ("stack", "target", "target-replace", "exclude", "exclude-protected"):
        if value := environment.get(f"PULUMI_OPTION_{name.replace('-', '_').upper()}"):
            yield name, value


def _parent_command() -> list[str]:
    """The words of the command that started this process, [] if the system does not say."""
    parent = os.getppid()
    try:
        words = Path(f"/proc/{parent}/cmdline").read_bytes().decode(errors="replace")
        return words.removesuffix("\0").split("\0")
    except OSError:
        pass
    try:
        done = subprocess.run(
            ["ps", "-o", "args=", "-p", str(parent)],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return []
    return done.stdout.split()
