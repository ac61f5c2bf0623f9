"""`ferry check --stack A --against B`: what two stacks declare differently; its refusals."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from providers.cli import main
from providers.directory.store import open_store
from providers.settings import read_settings
from tests.tenant import (
    HASH,
    OTHER_HASH,
    Line,
    member,
    organization,
    otp,
    password,
    person,
    role,
)
from tests.tenant import write as write_export

STACKS = ("--stack", "production", "--against", "staging")


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("stacks").mkdir()


def ferry(*words: str) -> Result:
    return CliRunner().invoke(main, ["check", *words])


def document() -> dict[str, Any]:
    return dict(json.loads(ferry(*STACKS, "--json").stdout))


def stack(name: str, **config: object) -> None:
    keys = {f"ferry:{key}": value for key, value in {"export": name, **config}.items()}
    Path(f"stacks/Pulumi.{name}.yaml").write_text(json.dumps({"config": keys}), encoding="utf-8")


def exports(name: str, **files: Iterable[Line | str]) -> None:
    write_export(Path(name), **files)


def told(found: dict[str, Any]) -> list[tuple[str, str, str, list[str]]]:
    return [
        (difference["kind"], difference["key"], difference["where"], [each["field"] for each in difference["fields"]])
        for difference in found["differences"]
    ]


@pytest.fixture
def differing() -> None:
    """Two exports of one tenant, some days apart, and mappings of their own."""
    production = [
        person("gone"),
        person("moved", email="secret.before@people.example", given_name="Secretname"),
        person("same"),
        person("hash"),
        person("late"),
        person("plan", app_metadata={"plan": "secret-plan", "team": "x"}),
    ]
    staging = [
        person("moved", email="secret.after@people.example", given_name="Othersecret"),
        person("same"),
        person("hash"),
        person("late"),
        person("new"),
        person("plan", app_metadata={"plan": "other-plan", "team": "x"}),
    ]
    exports(
        "production",
        users=production,
        organizations=[organization("one", display_name="One", domains=[{"domain": "one.example"}])],
        members=[member("one", "auth0|same", "Team Lead"), member("one", "auth0|gone")],
        roles=[role("Team Lead")],
        passwords=[password("hash", HASH), password("late", HASH)],
        mfa=[otp("auth0|same")],
    )
    exports(
        "staging",
        users=staging,
        organizations=[organization("one", display_name="Uno", metadata={"k": "hidden"}), organization("two")],
        members=[member("one", "auth0|same", "Team Lead"), member("one", "auth0|new")],
        roles=[role("Team Lead")],
        passwords=[password("hash", OTHER_HASH)],
        mfa=[otp("auth0|same")],
    )
    stack("production", roles={"Team Lead": "admin"}, userMetadata={"plan": "app_metadata.plan"})
    stack("staging", userMetadata={"plan": "app_metadata.plan"}, multipleRoles="true", rateShare="0.5")


@pytest.mark.usefixtures("differing")
def test_every_difference_is_named_once_by_kind_and_field() -> None:
    assert told(document()) == [
        ("organizations", "org_one", "other_fields", ["name", "domains", "metadata.k"]),
        ("organizations", "org_two", "only_there", []),
        ("roles", "admin", "only_here", []),
        ("roles", "team-lead", "only_there", []),
        ("users", "auth0|gone", "only_here", []),
        ("users", "auth0|hash", "other_fields", ["other password hash"]),
        ("users", "auth0|late", "other_fields", ["password hash here only"]),
        ("users", "auth0|moved", "other_fields", ["email", "first_name"]),
        ("users", "auth0|new", "only_there", []),
        ("users", "auth0|plan", "other_fields", ["metadata.plan"]),
        ("memberships", "org_one/auth0|gone", "only_here", []),
        ("memberships", "org_one/auth0|new", "only_there", []),
        ("memberships", "org_one/auth0|same", "other_fields", ["roles"]),
    ]


@pytest.mark.usefixtures("differing")
def test_counts_add_up_to_the_records_of_both() -> None:
    counts = document()["counts"]

    assert counts == {
        "organizations": {"same": 0, "only_here": 0, "only_there": 1, "other_fields": 1},
        "roles": {"same": 0, "only_here": 1, "only_there": 1, "other_fields": 0},
        "users": {"same": 1, "only_here": 1, "only_there": 1, "other_fields": 4},
        "memberships": {"same": 0, "only_here": 1, "only_there": 1, "other_fields": 1},
    }


@pytest.mark.usefixtures("differing")
def test_names_and_domains_of_organizations_are_told_and_nothing_of_a_person() -> None:
    text, machine = ferry(*STACKS).stdout, ferry(*STACKS, "--json").stdout

    assert '      org_one: name "One" here, "Uno" there, domains ["one.example"] here, unset there, metadata.k' in text
    assert '      org_two "two"' in text
    assert '      admin "Team Lead"' in text
    assert "      auth0|moved: email, first_name" in text
    for private in ("ecret", "@", HASH, OTHER_HASH, "fingerprint", "hidden", "-plan"):
        assert private not in text
        assert private not in machine


@pytest.mark.usefixtures("differing")
def test_the_settings_that_shape_a_directory_are_told_and_no_other() -> None:
    assert document()["settings"] == [
        {"setting": "multipleRoles", "here": False, "there": True},
        {"setting": "roles", "here": [["Team Lead", "admin"]], "there": []},
    ]
    text = ferry(*STACKS).stdout
    assert "ferry:multipleRoles\n      here:  false\n      there: true\n" in text
    assert "rateShare" not in text


@pytest.mark.usefixtures("differing")
def test_the_other_way_round_everything_is_mirrored() -> None:
    there = json.loads(ferry("--stack", "staging", "--against", "production", "--json").stdout)
    swapped = {"only_here": "only_there", "only_there": "only_here", "other_fields": "other_fields"}

    mirrored = [(kind, key, swapped[where]) for kind, key, where, _ in told(document())]
    assert [(kind, key, where) for kind, key, where, _ in told(there)] == mirrored


@pytest.mark.usefixtures("differing")
def test_the_exit_code_says_whether_the_directories_differ() -> None:
    done = ferry(*STACKS)
    assert (done.exit_code, done.stderr) == (1, "")
    stack("staging", export="production", roles={"Team Lead": "admin"}, userMetadata={"plan": "app_metadata.plan"})
    done = ferry(*STACKS)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "Both declare the same." in done.stdout
    assert "The same in both stacks." in done.stdout


@pytest.mark.usefixtures("differing")
def test_settings_that_change_no_record_are_told_and_do_not_count() -> None:
    same = {"roles": {"Team Lead": "admin"}, "userMetadata": {"plan": "app_metadata.plan"}}
    stack("staging", export="production", blockedUsers="skip", **same)
    done = ferry(*STACKS)

    assert done.exit_code == 0
    assert "ferry:blockedUsers" in done.stdout


def test_of_many_differences_the_first_twenty_are_shown_and_all_are_in_the_document() -> None:
    exports("production", users=[person(f"{number:03}") for number in range(45)])
    exports("staging", users=[person("044")])
    stack("production")
    stack("staging")
    text = ferry(*STACKS).stdout

    assert "  44 records that only production declares:" in text
    assert "      auth0|019\n      and 24 more (all of them: --json)\n" in text
    assert "auth0|020" not in text
    assert len(document()["differences"]) == 44


def test_ids_are_paired_in_the_order_of_the_store_whatever_letters_they_hold() -> None:
    odd = ["a", "a/b", "B", "~", "a b", "a|b", "a-", "a0"]
    exports(
        "production",
        users=[person(one, email=f"u{number}@people.example") for number, one in enumerate(odd)],
        organizations=[organization("x"), organization("x/a")],
        members=[member(name, f"auth0|{one}") for one in odd for name in ("x", "x/a")],
    )
    stack("production")
    stack("staging", export="production", blockedUsers="skip", skip=["auth0|a/b"])
    found = document()

    assert {difference["where"] for difference in found["differences"]} == {"only_here"}
    assert {difference["key"] for difference in found["differences"]} == {
        "auth0|a/b",
        "org_x/auth0|a/b",
        "org_x/a/auth0|a/b",
    }
    assert found["counts"]["users"]["same"] == len(odd) - 1


def test_tenants_are_compared_by_name_and_prefix_and_not_by_folder() -> None:
    for name in ("production", "staging"):
        exports(name, users=[person("one")])
        stack(name, export="", tenants=[{"name": "eu", "export": name, "prefix": "eu:"}])
    assert ferry(*STACKS).exit_code == 0
    assert document()["settings"] == []
    stack("staging", export="", tenants=[{"name": "eu", "export": "staging", "prefix": "us:"}])

    assert told(document()) == [("users", "eu:auth0|one", "only_here", []), ("users", "us:auth0|one", "only_there", [])]
    assert [setting["setting"] for setting in document()["settings"]] == ["tenants"]


def test_what_is_no_printable_text_in_a_name_is_told_as_an_escape() -> None:
    exports("production", users=[person("one")], organizations=[organization("x", display_name="Corp\x1b[31m")])
    exports("staging", users=[person("one")])
    stack("production")
    stack("staging")

    assert "\x1b" not in ferry(*STACKS).stdout


def test_the_document_has_its_documented_keys() -> None:
    from providers.reports import against_text

    exports("production", users=[person("one")])
    exports("staging", users=[person("two")])
    stack("production")
    stack("staging")
    found = document()

    assert [name for name in found if f"`{name}`" not in str(against_text.__doc__)] == []
    assert found["equal"] is False
    assert found["here"] == {"stack": "production", "exports": [{"tenant": "", "folder": "production"}]}


def test_the_first_store_stays_while_the_second_is_built_beside_newer_ones() -> None:
    """Only two stores stay on the disk; the two that are compared must be them."""
    for name in ("production", "staging", "third"):
        exports(name, users=[person(name)])
        stack(name)
    first = store_of("production")
    store_of("third")
    assert ferry("--stack", "third", "--against", "production").exit_code == 1
    assert ferry(*STACKS).exit_code == 1

    assert first.exists()
    assert len(list(Path(".ferry").glob("*.sqlite"))) == 2


def store_of(name: str) -> Path:
    with open_store(read_settings({"ferry:export": name}, {}), Path.cwd()) as store:
        return store.path


@pytest.mark.parametrize(
    ("words", "config", "fault"),
    [
        (["--against", "staging"], {}, "--against needs the stack to compare: ferry check --stack STACK"),
        (["production", *STACKS], {}, "leave EXPORT out"),
        ([*STACKS, "--accept", "no_email"], {}, "--accept is for findings"),
        (["--stack", "staging", "--against", "staging"], {}, "both name staging"),
        (["--stack", "org/staging", "--against", "staging"], {}, "both name staging"),
        (["--stack", "production", "--against", "missing"], {}, "stacks/Pulumi.missing.yaml cannot be read here"),
        (["--stack", "production", "--against", ""], {}, "'' is not the name of a stack"),
        (STACKS, {"rateShare": "7"}, "staging: ferry:rateShare"),
        (STACKS, {"export": ""}, "staging: ferry:export is not set"),
        (STACKS, {"export": "nowhere"}, "nowhere does not exist"),
        (STACKS, {"export": "empty"}, "the users file of staging holds no line"),
        (STACKS, {"workosApiKey": "sk_test_Zq7"}, "plain text"),
    ],
)
def test_what_cannot_run_exits_2_with_one_sentence(words: list[str], config: dict[str, str], fault: str) -> None:
    exports("production", users=[person("one")])
    exports("staging", users=[person("one")])
    exports("empty", users=[])
    stack("production")
    stack("staging", **config)
    done = ferry(*words)

    assert done.exit_code == 2
    assert done.stdout == ""
    assert fault in done.stderr
    assert done.stderr.startswith("ferry check: ")
    assert done.stderr.count("\n") == 1
    assert "sk_test_Zq7" not in done.stderr
