"""Identity rule 11: organizations, their metadata and their domains."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from providers.directory.model import Organization
from tests.tenant import (
    Line,
    organization,
    person,
    read,
    write,
)

# Rule 11: organizations


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ({"id": "org_1", "name": "acme", "display_name": "Acme AG"}, "Acme AG"),
        ({"id": "org_1", "name": "acme"}, "acme"),
        ({"id": "org_1", "name": "acme", "display_name": ""}, "acme"),
        ({"id": "org_1", "name": "acme", "display_name": None}, "acme"),
        ({"id": "org_1", "display_name": "Acme"}, "Acme"),
    ],
)
def test_an_organization_is_named_by_its_display_name_or_name(tmp_path: Path, line: Line, name: str) -> None:
    outcome = read(write(tmp_path, users=[], organizations=[line]))

    assert outcome.directory.organizations == (Organization("org_1", name),)


def test_an_organization_without_any_name_is_refused(tmp_path: Path) -> None:
    lines: list[Line] = [{"id": "org_1"}, {"id": "org_2", "name": ""}]
    outcome = read(write(tmp_path, users=[], organizations=lines))

    assert outcome.directory.organizations == ()
    assert outcome.found("organizations") == [(1, "no_name", "org_1"), (2, "no_name", "org_2")]


def test_equal_names_are_two_organizations(tmp_path: Path) -> None:
    lines = [organization("a", display_name="Acme"), organization("b", display_name="Acme")]

    assert [one.name for one in read(write(tmp_path, users=[], organizations=lines)).directory.organizations] == [
        "Acme",
        "Acme",
    ]


METADATA = [
    pytest.param({"a": "1", "b": ""}, {"a": "1", "b": ""}, [], id="text"),
    pytest.param({"a": None, "b": "1"}, {"b": "1"}, [], id="null is left out"),
    pytest.param({"a": 1, "b": [1, 2], "c": True}, {"a": "1", "b": "[1,2]", "c": "true"}, [], id="other types"),
    pytest.param({"k" * 40: "v" * 600}, {"k" * 40: "v" * 600}, [], id="as long as WorkOS takes"),
    pytest.param({"k" * 41: "v", "a": "1"}, {"a": "1"}, ["metadata_over_limit"], id="key too long"),
    pytest.param({"k": "v" * 601, "a": "1"}, {"a": "1"}, ["metadata_over_limit"], id="value too long"),
    pytest.param({"": "v", "a": "1"}, {"a": "1"}, ["metadata_over_limit"], id="empty key"),
    pytest.param({"ö": "v", "k": "ö", "a": "1"}, {"a": "1"}, ["metadata_not_ascii"], id="not ASCII"),
    pytest.param({f"{key:02}": "v" for key in range(10)}, {f"{key:02}": "v" for key in range(10)}, [], id="ten pairs"),
    pytest.param(
        {f"{key:02}": "v" for key in range(11)},
        {f"{key:02}": "v" for key in range(11)},
        ["metadata_over_10"],
        id="eleven pairs",
    ),
    pytest.param(
        {f"{key:02}": "v" for key in range(52)},
        {f"{key:02}": "v" for key in range(50)},
        ["metadata_over_10", "metadata_over_limit"],
        id="more than fifty pairs",
    ),
]


@pytest.mark.parametrize(("exported", "kept", "codes"), METADATA)
def test_an_organization_brings_the_metadata_that_workos_takes(
    tmp_path: Path, exported: Line, kept: dict[str, str], codes: list[str]
) -> None:
    outcome = read(write(tmp_path, users=[], organizations=[organization("a", metadata=exported)]))

    assert [one.metadata for one in outcome.directory.organizations] == [kept]
    assert [code for _, code, _ in outcome.found("organizations")] == codes


def test_a_users_metadata_is_copied_only_where_it_is_named(tmp_path: Path) -> None:
    line = person(
        "1",
        app_metadata={"plan": "pro", "seats": {"used": 3}, "secret": "x"},
        user_metadata={"theme": None, "plan": "free"},
    )
    paths = {
        "plan": "app_metadata.plan",
        "used": "app_metadata.seats.used",
        "seats": "app_metadata.seats",
        "theme": "user_metadata.theme",
        "none": "app_metadata.plan.deeper",
        "gone": "user_metadata.gone",
    }
    write(tmp_path, users=[line])

    assert read(tmp_path, userMetadata=json.dumps(paths)).user("auth0|1").metadata == {
        "plan": "pro",
        "seats": '{"used":3}',
        "used": "3",
    }
    assert read(tmp_path).user("auth0|1").metadata == {}


def test_a_users_metadata_over_the_limits_is_left_out_with_a_finding(tmp_path: Path) -> None:
    write(tmp_path, users=[person("1", app_metadata={"a": "x" * 601, "b": "ok"})])
    outcome = read(tmp_path, userMetadata='{"a":"app_metadata.a","b":"app_metadata.b"}')

    assert outcome.user("auth0|1").metadata == {"b": "ok"}
    assert outcome.found("users") == [(1, "metadata_over_limit", "auth0|1")]


def domains(*names: str) -> list[Line]:
    """Verified discovery domains."""
    return [{"domain": name, "status": "verified"} for name in names]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_domain_that_two_organizations_claim_goes_to_the_smallest_id(tmp_path: Path, order: tuple[int, int]) -> None:
    lines = [
        organization("a", domains=domains("shared.example")),
        organization("b", domains=domains("Shared.Example.", "own.example")),
    ]
    outcome = read(write(tmp_path, users=[], organizations=[lines[index] for index in order]))

    assert [one.domains for one in outcome.directory.organizations] == [("shared.example",), ("own.example",)]
    assert outcome.found("organizations") == [(order.index(1) + 1, "domain_clash", "org_b")]


def test_an_organization_that_is_not_declared_claims_no_domain(tmp_path: Path) -> None:
    lines = [
        {"id": "org_a", "domains": domains("shared.example")},
        organization("b", domains=domains("other.example")),
        organization("c", domains=domains("shared.example", "other.example")),
    ]
    outcome = read(write(tmp_path, users=[], organizations=lines), skip='["org_b"]')

    assert [one.domains for one in outcome.directory.organizations] == [("other.example", "shared.example")]


@pytest.mark.parametrize(
    ("domain", "code"),
    [
        ("gmail.com", "consumer_domain"),
        (" GMail.com ", "consumer_domain"),
        ("localhost", "invalid_domain"),
        ("https://acme.example", "invalid_domain"),
        ("acme.example/path", "invalid_domain"),
        ("*.acme.example", "invalid_domain"),
        ("-acme.example", "invalid_domain"),
        ("10.0.0.1", "invalid_domain"),
        ("", "invalid_domain"),
        (None, "invalid_domain"),
    ],
)
def test_a_domain_that_workos_does_not_take_is_left_out_with_a_finding(
    tmp_path: Path, domain: str | None, code: str
) -> None:
    line = organization("a", domains=[{"domain": domain}, {"domain": "good.example"}])
    outcome = read(write(tmp_path, users=[], organizations=[line]))

    assert [one.domains for one in outcome.directory.organizations] == [("good.example",)]
    assert outcome.found("organizations") == [(1, code, "org_a")]


def test_the_status_of_a_domain_in_auth0_never_enters_the_directory(tmp_path: Path) -> None:
    pending = [{"domain": "acme.example", "status": "pending"}]
    one = read(write(tmp_path / "one", users=[], organizations=[organization("a", domains=domains("acme.example"))]))
    two = read(write(tmp_path / "two", users=[], organizations=[organization("a", domains=pending)]))

    assert one.directory == two.directory


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_two_lines_with_one_organization_id_the_same_counts_in_either_order(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    lines = [organization("a", display_name="Acme 2"), organization("a", display_name="Acme 1")]
    outcome = read(write(tmp_path, users=[], organizations=[lines[index] for index in order]))

    assert [one.name for one in outcome.directory.organizations] == ["Acme 1"]
    assert outcome.buckets("organizations") == {"declared": 1, "merged": 1}
    assert [code for _, code, _ in outcome.found("organizations")] == ["duplicate_line"]


def nested(depth: int) -> Any:
    """An object inside an object, and so on."""
    return json.loads('{"a":' * depth + "1" + "}" * depth)


@pytest.mark.parametrize("kind", ["users", "organizations"])
def test_metadata_nested_deeper_than_anyone_writes_refuses_its_line_and_stops_nothing(
    tmp_path: Path, kind: str
) -> None:
    people = [person("1", user_metadata=nested(depth)) for depth in (190, 191, 300, 900)]
    places = [organization("a", metadata=nested(depth)) for depth in (190, 191, 300, 900)]
    write(tmp_path, users=people if kind == "users" else [], organizations=[] if kind == "users" else places)

    outcome = read(tmp_path)

    assert outcome.buckets(kind) == {"declared": 1, "merged": 1, "refused": 2}
    assert [line for line, code, _ in outcome.found(kind) if code == "invalid_line"] == [3, 4]


def test_a_display_name_of_spaces_counts_as_none(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[], organizations=[organization("a", display_name="  ")]))

    assert [one.name for one in outcome.directory.organizations] == ["a"]
