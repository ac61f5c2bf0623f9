"""docs/extending.md names all the files that a field, a kind, a finding or a setting takes."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from providers.directory.build.accounts import Person
from providers.directory.model import SCHEMAS, UserFields
from providers.settings import KINDS
from providers.workos.users import Users
from tests.stack import ROOT

DOCUMENT = (ROOT / "docs" / "extending.md").read_text(encoding="utf-8")
#: What Auth0 has at all, what a download asks for whether it is used or not, and what is there for speed alone.
_BESIDE = {"providers/settings.py", "providers/auth0/download/users.py", "providers/auth0/fast_lines.py"}


def files_of(what: str) -> set[str]:
    """The files in the table of a section."""
    section = DOCUMENT.partition(f"## {what}\n")[2].partition("\n## ")[0]
    return set(re.findall(r"^\| `([\w/.]+)` \|", section, re.M))


def names_in(path: Path) -> set[str]:
    """Every name and short text of a file that is no docstring or comment."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.keyword(arg=str(name)):
                found.add(name)
            case ast.Constant(value=str(name)):
                found.add(name)
    return found


@pytest.mark.parametrize("names", [{"last_name", "family_name"}, {"first_name", "given_name"}])
def test_the_files_of_a_field_are_those_that_name_one_that_is_there(names: set[str]) -> None:
    """By the names that it has in WorkOS and in Auth0."""
    there = {
        str(path.relative_to(ROOT)) for path in ROOT.glob("providers/**/*.py") if not names.isdisjoint(names_in(path))
    }

    assert there - _BESIDE == files_of("A field")
    assert len(there - _BESIDE) <= 4


def test_the_full_name_is_in_each_of_them() -> None:
    """Auth0's line does not have it yet, since nothing maps it; the others bring it to WorkOS and back."""
    assert "name" in Person._fields
    assert "name" in SCHEMAS["users"].names
    assert "name" in UserFields.__annotations__
    assert Users.fields_of({"name": "Ann Lee"})["name"] == "Ann Lee"
    assert SCHEMAS["users"].names[-1] == "name"


@pytest.mark.parametrize("what", ["A field", "A kind", "A finding", "A setting"])
def test_every_file_is_there(what: str) -> None:
    named = {file.replace("KIND", kind) for file in files_of(what) for kind in KINDS}

    assert named
    assert len(files_of(what)) <= 6
    assert [file for file in named if not (ROOT / file).is_file()] == []
