"""Exports, configurations and connections that are no good: one clear sentence, nothing written, the next run works."""

from __future__ import annotations

import json
import shlex
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from providers.settings import InvalidSettings
from sandbox.server import running
from tests.stack import LONGEST_COMMAND, Sandbox, Stack, new_stack, soon
from tests.tenant import Line, member, organization, person, role

pytestmark = pytest.mark.engine


def export(stack: Stack, *names: str) -> None:
    """Users who are admins of one organization."""
    stack.exports(
        users=[person(name) for name in names],
        organizations=[organization("one")],
        members=[member("one", f"auth0|{name}", "Admin") for name in names],
        roles=[role("Admin")],
    )


def cut(path: Path) -> None:
    """The file ends in the middle of its last record, as a download that was interrupted."""
    path.write_bytes(path.read_bytes()[:-20])


UNUSABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "empty users": (lambda folder: (folder / "users.ndjson").write_bytes(b""), "the users file holds no line"),
    "no folder": (shutil.rmtree, "does not exist"),
    "no users": (lambda folder: (folder / "users.ndjson").unlink(), "holds no users file"),
    "users cut short": (lambda folder: cut(folder / "users.ndjson"), "users.ndjson:3: the file ends in the middle"),
    "members cut short": (lambda folder: cut(folder / "members.ndjson"), "members.ndjson:3: the file ends in the"),
    "an empty array": (lambda folder: (folder / "users.ndjson").write_text("[]"), "the users file holds no line"),
}


def test_an_unusable_export_stops_the_run_before_anything_is_asked(
    stack: Stack, workos: Sandbox, subtests: pytest.Subtests
) -> None:
    """Of WorkOS, that is; the state stays as it was, and the mended export goes on where it stopped."""
    export(stack, "a", "b", "c")
    stack.up()
    workos.clear()
    for case, (spoil, sentence) in UNUSABLE.items():
        export(stack, "a", "b", "c")
        spoil(stack.export)
        with subtests.test(case):
            assert sentence in stack.up(fails=True).error()
            assert workos.requests()["total"] == 0

    export(stack, "a", "b", "c", "d")
    stack.up()
    assert workos.writes() == {
        "POST /user_management/users": 1,
        "POST /user_management/organization_memberships": 1,
    }


def test_lines_that_are_no_good_are_findings_and_all_others_arrive(stack: Stack, workos: Sandbox) -> None:
    """Bad JSON, blank, BOM, CRLF, twice the same, no email, a number as id, unknown role, membership of nobody."""
    users: list[Line] = [
        person("a"),
        person("b", email=None),
        {**person("c"), "user_id": 42},
        person("d"),
        person("d"),
        person("e", email="not an address"),
    ]
    texts = [json.dumps(user) for user in users]
    texts[1:1] = ['{"user_id": "auth0|broken", "email"', "", "[1, 2]"]
    stack.exports(
        organizations=[organization("one")],
        members=[
            member("one", "auth0|a", "Nobody knows this role"),
            member("one", "auth0|nobody"),
            member("none", "auth0|a"),
            member("one", "auth0|d", "???"),
            member("one", "auth0|b"),
        ],
        roles=[role("Admin")],
    )
    (stack.export / "users.ndjson").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(texts).encode() + b"\r\n")
    said = stack.up().said

    assert workos.users().keys() == {"auth0|a", "auth0|d"}
    assert workos.memberships() == {
        "org_one/auth0|a": (("nobody-knows-this-role",), "active"),
        "org_one/auth0|d": (("member",), "active"),
    }
    assert [(finding["file"], finding["line"], finding["code"]) for finding in stack.findings()] == [
        ("users.ndjson", 2, "invalid_line"),
        ("users.ndjson", 3, "blank_line"),
        ("users.ndjson", 4, "invalid_line"),
        ("users.ndjson", 5, "no_email"),
        ("users.ndjson", 6, "invalid_field"),
        ("users.ndjson", 8, "duplicate_line"),
        ("users.ndjson", 9, "invalid_email"),
        ("members.ndjson", 1, "role_not_in_export"),
        ("members.ndjson", 2, "unknown_user"),
        ("members.ndjson", 3, "unknown_organization"),
        ("members.ndjson", 4, "role_unusable"),
        ("members.ndjson", 5, "user_rejected:no_email"),
    ]
    assert "2 invalid_line (first: users.ndjson:2)" in " ".join(said.split())
    summary = stack.summary()
    assert {bucket: summary["users"][bucket] for bucket in ("lines", "declared", "merged", "refused", "skipped")} == {
        "lines": 9,
        "declared": 2,
        "merged": 1,
        "refused": 5,
        "skipped": 1,
    }
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def test_one_bad_line_among_records_that_are_in_workos_takes_nobody_away(stack: Stack, workos: Sandbox) -> None:
    """What cannot be read any more has not left, so `ferry:removed delete` leaves it where it is."""
    export(stack, "a", "b", "c")
    stack.up()
    stack.configure(removed="delete", maxRemovedPercent="100")
    users = [json.dumps(person("a")), json.dumps(person("b", email=None)), json.dumps(person("c"))]
    stack.exports(
        users=users,
        organizations=[organization("one")],
        members=[member("one", f"auth0|{name}", "Admin") for name in "abc"],
        roles=[role("Admin")],
    )
    workos.clear()
    stack.up()

    assert workos.writes() == {}
    assert workos.counts() == (3, 1, 3)


UNUSABLE_CONFIGURATION: dict[str, tuple[dict[str, object], str]] = {
    "no export": ({"export": ""}, "ferry:export is not set"),
    "no key": ({}, "ferry:workosApiKey is not set"),
    "a key in plain text": ({"workosApiKey": "sk_test_for_all_to_read"}, "stands in the stack's file as plain text"),
    "a key of two words": ({"key": "sk_test one two"}, "ferry:workosApiKey holds characters"),
    "a live key": ({"key": "sk_live_made_up"}, "ferry:live is false"),
    "http to another machine": ({"workosBaseUrl": "http://api.workos.example"}, "ferry:workosBaseUrl would send"),
    "no address": ({"workosBaseUrl": "api.workos.example"}, "ferry:workosBaseUrl is not an http(s) address"),
    "an unknown key": ({"removd": "delete"}, "ferry:removd is not a setting of Ferry"),
    "an unknown word": ({"removed": "purge"}, "ferry:removed"),
    "a number that is none": ({"rateShare": "fast"}, "ferry:rateShare"),
}


def test_an_unusable_configuration_is_named_with_an_example_and_nothing_is_asked(
    stack: Stack, workos: Sandbox, subtests: pytest.Subtests
) -> None:
    """Key, fault and example in one sentence; a key's own text is never repeated."""
    export(stack, "a")
    path = stack.project / "stacks" / "Pulumi.dev.yaml"
    configured, environment = path.read_text(encoding="utf-8"), dict(stack.environment)
    for case, (keys, sentence) in UNUSABLE_CONFIGURATION.items():
        path.write_text(configured, encoding="utf-8")
        stack.environment = dict(environment)
        config = dict(keys)
        if case == "no key":
            del stack.environment["WORKOS_API_KEY"]
        stack.environment |= {"WORKOS_API_KEY": str(config.pop("key"))} if "key" in config else {}
        stack.configure(**config)
        with subtests.test(case):
            error = stack.up(fails=True).error()
            assert sentence in error
            assert case == "an unknown key" or "Example: pulumi config set" in error
            assert "for_all_to_read" not in error
            assert "made_up" not in error
            assert workos.requests()["total"] == 0


def test_a_wrong_key_is_said_and_the_right_one_goes_on(stack: Stack, workos: Sandbox) -> None:
    """On a new stack the first create meets it, on one with a state the question for the environment does."""
    export(stack, "a", "b", "c", "d", "e")
    stack.environment["WORKOS_API_KEY"] = "sk_wrong_key"
    assert "does not accept the API key (ferry:workosApiKey)" in stack.up(fails=True).error()
    assert workos.counts() == (0, 0, 0)
    stack.environment["WORKOS_API_KEY"] = "sk_test_right_key"
    stack.up()
    assert workos.counts() == (5, 1, 5)

    export(stack, "a", "b", "c", "d", "e", "f")
    stack.environment["WORKOS_API_KEY"] = "sk_wrong_key"
    workos.clear()
    assert "does not accept the API key (ferry:workosApiKey)" in stack.up(fails=True).error()
    assert workos.writes() == {}
    assert "sk_wrong_key" not in "".join(stack.said)


def test_workos_that_cannot_be_reached_is_said_and_the_next_run_goes_on(stack: Stack, workos: Sandbox) -> None:
    """The address is named; nothing is in the state that is not in WorkOS."""
    export(stack, "a", "b")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        closed = f"http://127.0.0.1:{listener.getsockname()[1]}"
    stack.environment["WORKOS_BASE_URL"] = closed
    assert f"WorkOS at {closed} does not answer" in stack.up(fails=True).error()
    assert not [one for one in stack.state().values() if "workos:" in one["type"]]

    stack.environment["WORKOS_BASE_URL"] = workos.url
    stack.up()
    assert workos.counts() == (2, 1, 2)


@pytest.mark.calm  # weather may strike the very requests that are to get through before the answers stop
def test_answers_that_stop_half_way_leave_a_run_that_the_next_one_finishes(stack: Stack, workos: Sandbox) -> None:
    """What was written before is not written again, and nothing is there twice."""
    names = [f"p{number}" for number in range(6)]
    export(stack, *names)
    workos.fault("POST", "users$", "drop_before", times=None, after=2)
    said = stack.up(fails=True).said
    assert "error: " in said
    assert "Traceback" not in said
    assert 1 <= workos.counts()[0] <= 2

    workos.clear_faults()
    stack.up()
    assert workos.counts() == (6, 1, 6)
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0


def test_a_workos_that_goes_away_half_way_is_said_and_stops_the_run(tmp_path: Path) -> None:
    """Nothing more is sent; what was written until then is in the state. No weather: that it goes away is enough."""
    with running() as url:
        workos = Sandbox(url)
        stack = new_stack(tmp_path, workos)
        export(stack, *[f"p{number:02}" for number in range(60)])
        workos.settings(latency_ms=150)
        up = stack.starts("up", "--yes", "--skip-preview")
        soon(lambda: len(workos.directory()["users"]) >= 2, "two users written")
        workos.close()
    assert up.wait(timeout=LONGEST_COMMAND) != 0

    assert f"WorkOS at {url} does not answer" in stack.told()
    assert "Traceback" not in stack.told()
    reached = [name for name, one in stack.state().items() if one.get("id", "").startswith("user_")]
    assert 2 <= len(reached) < 60


def test_the_example_commands_for_lists_and_maps_work_as_they_stand(stack: Stack) -> None:
    """The engine checks their type, so JSON text on the command line is refused before Ferry can speak."""
    stack.exports(users=[person("a")])
    for key in ("roles", "userMetadata", "skip"):
        example = str(InvalidSettings(key, "")).partition("Example: pulumi ")[2]
        stack.pulumi(*shlex.split(example))
    config = json.loads(stack.pulumi("config", "--json").said)

    stack.preview()
    assert json.loads(config["ferry:roles"]["value"]) == {"Org Admin": "admin"}
    assert json.loads(config["ferry:userMetadata"]["value"]) == {"plan": "app_metadata.plan"}
    assert json.loads(config["ferry:skip"]["value"]) == ["auth0|5f7c8ec7c33c6c004bbafe82"]
