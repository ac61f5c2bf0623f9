"""Which command of the engine runs, read off its command line as the engine reads it."""

from __future__ import annotations

import re
import subprocess
from itertools import chain

import pytest

from providers.resources.engine_command import (
    GLOBAL_SWITCHES,
    GLOBAL_VALUES,
    OPERATIONS,
    SWITCHES,
    VALUES,
    EngineCommand,
    parse,
)
from tests.stack import BIN

URN = "urn:pulumi:dev::ferry::pulumi-python:dynamic/workos:User::auth0|down"


@pytest.mark.parametrize(
    ("line", "verb", "stack"),
    [
        ("up", "up", None),
        ("update --yes", "up", None),
        ("pre", "preview", None),
        ("destroy", "destroy", None),
        ("down -y", "destroy", None),
        ("dn", "destroy", None),
        ("refresh --skip-preview", "refresh", None),
        ("watch -s dev", "watch", "dev"),
        ("stack rm destroy", "stack", None),
        ("state delete destroy", "state", None),
        ("import down destroy", "import", None),
        # A value is no verb, wherever it stands.
        ("up -m down", "up", None),
        ("up -mdown", "up", None),
        ("up -m=down", "up", None),
        ("up --message destroy", "up", None),
        ("up --stack destroy", "up", "destroy"),
        ("up --stack=destroy", "up", "destroy"),
        ("up -s down --yes", "up", "down"),
        ("up -c ferry:export=destroy -p 4 dn", "up", None),
        ("up --exec-kind destroy --exec-agent=down", "up", None),
        ("--cwd d destroy", "destroy", None),
        ("--cwd destroy up", "up", None),
        ("-C destroy up", "up", None),
        ("-Cdestroy up", "up", None),
        ("-C=d destroy", "destroy", None),
        ("-C d -v 3 --color never --logtostderr -e destroy", "destroy", None),
        ("--tracing destroy preview", "preview", None),
        ("--memprofilerate 1 --profiling down --non-interactive up", "up", None),
        # Flags of the verb may come before it; the engine then takes the next word for their value.
        ("--stack dev destroy", "destroy", "dev"),
        ("--stack destroy up", "up", "destroy"),
        ("-s destroy up", "up", "destroy"),
        ("-s=x destroy", "destroy", "x"),
        ("-m down up", "up", None),
        ("destroy -s=x", "destroy", "x"),
        ("destroy -sx", "destroy", "x"),
        ("destroy -s x", "destroy", "x"),
        ("destroy -ys dev", "destroy", "dev"),
        ("destroy -fysdev", "destroy", "dev"),
        ("destroy -ys=dev", "destroy", "dev"),
        ("destroy -r -s dev", "destroy", "dev"),
        ("destroy -rs dev", "destroy", "dev"),
        ("destroy --refresh --stack acme/ferry/dev", "destroy", "acme/ferry/dev"),
        ("destroy --stack one --stack two", "destroy", "two"),
        ("destroy -- --stack dev", "destroy", None),
        ("up -- destroy", "up", None),
        # What the engine would refuse, or this table does not know, counts as up.
        ("", "up", None),
        ("--cwd", "up", None),
        ("--cwd destroy", "up", None),
        ("-- destroy", "up", None),
        ("destroy --stack", "up", None),
        ("destroy -s", "up", None),
        ("destroy --some-day-new dev", "up", None),
        ("destroy -Z", "up", None),
        ("-y destroy", "up", None),
        # Neither is the command of another program the engine's.
        ("-m pytest tests/destroy", "tests/destroy", None),
        ("wrap.py destroy", "wrap.py", None),
        ("/usr/bin/pulumi destroy", "/usr/bin/pulumi", None),
    ],
)
def test_verb_and_stack_are_read_by_position(line: str, verb: str, stack: str | None) -> None:
    command = parse(line.split())

    assert (command.verb, command.stack) == (verb, stack)


@pytest.mark.parametrize(
    ("line", "targets", "is_partial"),
    [
        (f"destroy --target {URN}", (URN,), True),
        (f"destroy --target={URN} -t a -tb -t=c", (URN, "a", "b", "c"), True),
        ("up -yt a", ("a",), True),
        ("up --target-replace a", ("a",), True),
        ("up --target a -m down", ("a",), True),
        ("destroy --exclude a", (), True),
        ("destroy -x a", (), True),
        ("destroy --exclude-protected", (), True),
        ("destroy --exclude-protected=false", (), False),
        ("up -m --target", (), False),
        ("up -m -t", (), False),
        ("up --replace a --target-dependents", (), False),
        ("up -- --target a", (), False),
        ("destroy --stack --target", (), False),
    ],
)
def test_targets_and_exclusions_are_flags_and_not_words(line: str, targets: tuple[str, ...], is_partial: bool) -> None:
    command = parse(line.split())

    assert (command.targets, command.is_partial) == (targets, is_partial)


def test_a_message_of_several_words_is_one_value() -> None:
    assert parse(["-m", "take it --stack down", "destroy", "-m", "-t destroy"]) == EngineCommand("destroy")


@pytest.mark.parametrize(
    ("line", "environment", "expected"),
    [
        ("up", {"PULUMI_STACK": "dev"}, EngineCommand("up", "dev")),
        ("up --stack prod", {"PULUMI_STACK": "dev"}, EngineCommand("up", "prod")),
        ("up", {"PULUMI_STACK": "dev", "PULUMI_OPTION_STACK": "prod"}, EngineCommand("up", "prod")),
        ("up --stack test", {"PULUMI_OPTION_STACK": "prod"}, EngineCommand("up", "test")),
        ("up", {"PULUMI_OPTION_TARGET": "a"}, EngineCommand("up", targets=("a",))),
        ("destroy", {"PULUMI_OPTION_EXCLUDE": "a"}, EngineCommand("destroy", excludes=("a",))),
        (
            "destroy",
            {"PULUMI_OPTION_EXCLUDE_PROTECTED": "true"},
            EngineCommand("destroy", keeps_protected=True),
        ),
        ("destroy", {"PULUMI_OPTION_MESSAGE": "--target"}, EngineCommand("destroy")),
    ],
)
def test_what_the_engine_takes_from_the_environment_counts(
    line: str, environment: dict[str, str], expected: EngineCommand
) -> None:
    assert parse(line.split(), environment) == expected


#: The help prints a word behind these switches, which is an example and no value.
_LOOK_LIKE_VALUES = {"show-secrets"}
_FLAG = re.compile(r"^ +(?:-(\w), |    )--([a-z-]+)(?: ([^ \n]+))?(?=  |\n)", re.M)


@pytest.mark.engine
@pytest.mark.parametrize("verb", OPERATIONS)
def test_the_table_is_what_the_engine_s_help_prints(verb: str) -> None:
    """A flag that a newer engine has would make every command that uses it count as `up`: put it into the table."""
    printed = subprocess.run([BIN / "pulumi", verb, "--help"], capture_output=True, text=True, check=True).stdout
    of_verb, _, of_all = printed.partition("Global Flags:")
    found = 0
    for text, switches, values in ((of_verb, SWITCHES, VALUES), (of_all, GLOBAL_SWITCHES, GLOBAL_VALUES)):
        for short, name, value in _FLAG.findall(text):
            found += 1
            takes_value = bool(value) and "[=" not in value and name not in _LOOK_LIKE_VALUES
            table = GLOBAL_SWITCHES if name == "help" else values if takes_value else switches
            assert name in table, f"pulumi {verb} --{name}"
            assert short in {"", table[name]}, f"pulumi {verb} --{name}: a verb may lack the letter, and have no other"
    assert found == len(re.findall(r"^ +(?:-\w, )?--", printed, re.M))


def test_no_flag_is_in_two_tables_and_no_letter_stands_for_two() -> None:
    tables = (GLOBAL_SWITCHES, GLOBAL_VALUES, SWITCHES, VALUES)
    names = [*chain.from_iterable(tables)]
    letters = [short for table in tables for short in table.values() if short]

    assert (len(names), len(letters)) == (len(set(names)), len(set(letters)))
