"""Identity rules 9 and 10: who is a member of what, in which role."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from providers.directory.model import Membership, Role
from tests.tenant import (
    Line,
    member,
    organization,
    otp,
    person,
    read,
    role,
    sharing,
    write,
)

# Rule 9: memberships


@pytest.mark.parametrize(
    "metadata",
    [
        {"app_metadata": {"org_id": "org_a", "organizations": ["org_a"], "roles": ["Admin"]}},
        {"user_metadata": {"org_id": "org_a"}, "org_id": "org_a"},
    ],
)
def test_memberships_never_come_from_metadata(tmp_path: Path, metadata: Line) -> None:
    outcome = read(write(tmp_path, users=[person("1", **metadata)], organizations=[organization("a")]))

    assert outcome.directory.memberships == ()


MEMBERS = [
    pytest.param({}, "b", "auth0|1", "unknown_organization", "refused", id="unknown organization"),
    pytest.param({}, "a", "auth0|9", "unknown_user", "refused", id="unknown user"),
    pytest.param({}, "b", "auth0|9", "unknown_organization", "refused", id="both unknown"),
    pytest.param({}, "a", "auth0|2", "user_rejected:no_email", "refused", id="refused user"),
    pytest.param({}, "nameless", "auth0|1", "organization_rejected:no_name", "refused", id="refused organization"),
    pytest.param({"skip": '["auth0|1"]'}, "a", "auth0|1", "skipped", "skipped", id="skipped user"),
    pytest.param({"skip": '["org_b"]'}, "b", "auth0|1", "skipped", "skipped", id="skipped, not in the export"),
    pytest.param({"skip": '["org_a"]'}, "a", "auth0|1", "skipped", "skipped", id="skipped organization"),
    pytest.param({"skip": '["org_a/auth0|1"]'}, "a", "auth0|1", "skipped", "skipped", id="skipped membership"),
]


@pytest.mark.parametrize(("config", "name", "user_id", "code", "bucket"), MEMBERS)
def test_a_membership_without_both_its_ends_is_not_declared(
    tmp_path: Path, config: dict[str, str], name: str, user_id: str, code: str, bucket: str
) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2", email=None)],
        organizations=[organization("a"), {"id": "org_nameless"}],
        members=[member(name, user_id)],
    )
    outcome = read(tmp_path, **config)

    assert outcome.directory.memberships == ()
    assert outcome.found("members") == [(1, code, f"org_{name}/{user_id}")]
    assert outcome.buckets("members") == {bucket: 1}


def test_a_skipped_membership_leaves_its_ends(tmp_path: Path) -> None:
    write(tmp_path, users=[person("1")], organizations=[organization("a")], members=[member("a", "auth0|1")])
    directory = read(tmp_path, skip='["org_a/auth0|1"]').directory

    assert ([user.key for user in directory.users], len(directory.organizations)) == (["auth0|1"], 1)


def test_a_membership_of_a_merged_account_can_be_skipped_under_the_name_of_its_user(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=sharing({"own": "1"}, {"own": "2"}),
        organizations=[organization("a")],
        members=[member("a", "auth0|2")],
    )

    assert read(tmp_path, skip='["org_a/auth0|1"]').found("members") == [(1, "skipped", "org_a/auth0|2")]


def test_a_user_in_many_organizations_has_a_membership_in_each(tmp_path: Path) -> None:
    names = [f"{number:02}" for number in range(30)]
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization(name) for name in names],
        members=[member(name, "auth0|1") for name in names],
    )

    assert read(tmp_path).directory.memberships == tuple(Membership(f"org_{name}", "auth0|1") for name in names)


@pytest.mark.parametrize("missing", ["org_id", "user_id"])
def test_a_member_line_without_an_end_is_refused(tmp_path: Path, missing: str) -> None:
    line = {key: value for key, value in member("a", "auth0|1").items() if key != missing}
    write(tmp_path, users=[person("1")], organizations=[organization("a")], members=[line])

    assert [code for _, code, _ in read(tmp_path).found("members")] == ["invalid_field"]


def test_what_belongs_to_a_line_that_cannot_be_read_is_rejected_not_unknown(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2", blocked="perhaps")],
        organizations=[organization("a"), organization("b", metadata=[])],
        members=[member("a", "auth0|2"), member("b", "auth0|1")],
        mfa=[otp("auth0|2")],
    )
    outcome = read(tmp_path)

    assert outcome.found("members") == [
        (1, "user_rejected:invalid_field", "org_a/auth0|2"),
        (2, "organization_rejected:invalid_field", "org_b/auth0|1"),
    ]
    assert outcome.found("mfa") == [(1, "user_rejected:invalid_field", "auth0|2")]


# Rule 10: roles


@pytest.mark.parametrize(
    ("name", "slug"),
    [
        ("Admin", "admin"),
        ("Billing  Admin", "billing-admin"),
        ("Read/Write", "read-write"),
        ("  QA & Test! ", "qa-test"),
        ("Éditeur", "diteur"),
        ("snake_case", "snake-case"),
        ("Tier 1", "tier-1"),
        ("ORG-", "org"),
        ("a" * 48, "a" * 48),
    ],
)
def test_a_slug_is_the_name_in_lower_case_with_everything_else_folded(tmp_path: Path, name: str, slug: str) -> None:
    outcome = read(write(tmp_path, users=[], roles=[{"id": "rol_1", "name": name, "description": "d"}]))

    assert outcome.directory.roles == (Role(slug, name, "d", "rol_1"),)


@pytest.mark.parametrize("name", ["", "!", "管理者", "a" * 49, "Org Admin", "org--x"])
def test_a_role_without_a_slug_that_workos_takes_is_refused_with_a_pointer_to_ferry_roles(
    tmp_path: Path, name: str
) -> None:
    outcome = read(write(tmp_path, users=[], roles=[{"id": "rol_1", "name": name}]))

    assert outcome.directory.roles == ()
    assert outcome.found("roles") == [(1, "role_slug_invalid", "rol_1")]
    assert "ferry:roles" in outcome.findings[0].message


@pytest.mark.parametrize("mapped", ["Admin", "a b", "org-admin", "a" * 49])
def test_a_slug_from_ferry_roles_is_held_to_the_same_rules(tmp_path: Path, mapped: str) -> None:
    outcome = read(write(tmp_path, users=[], roles=[role("Admin")]), roles=json.dumps({"Admin": mapped}))

    assert outcome.found("roles") == [(1, "role_slug_invalid", "rol_Admin")]


def test_ferry_roles_gives_a_role_another_slug(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        roles=[role("管理者")],
        members=[member("a", "auth0|1", "管理者")],
    )
    outcome = read(tmp_path, roles='{"管理者":"admin_jp"}')

    assert outcome.directory.roles == (Role("admin_jp", "管理者", None, "rol_管理者"),)
    assert outcome.directory.memberships[0].roles == ("admin_jp",)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_two_names_with_one_slug_are_one_role_named_by_the_smallest_id(tmp_path: Path, order: tuple[int, int]) -> None:
    lines = [{"id": "rol_2", "name": "Admin"}, {"id": "rol_1", "name": "ADMIN", "description": "first"}]
    outcome = read(write(tmp_path, users=[], roles=[lines[index] for index in order]))

    assert outcome.directory.roles == (Role("admin", "ADMIN", "first", "rol_1"),)
    assert outcome.found("roles") == [(order.index(0) + 1, "role_slug_clash", "rol_2")]


def test_a_role_that_only_members_name_is_declared_with_a_finding(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1", "Admin"), member("a", "auth0|2", "Admin")],
    )
    outcome = read(tmp_path)

    assert outcome.directory.roles == (Role("admin", "Admin", None, "rol_Admin"),)
    assert outcome.found("members") == [(1, "role_not_in_export", "org_a/auth0|1")]


def test_a_membership_goes_in_without_a_role_that_has_no_slug(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1", "!", "Admin")],
        roles=[role("Admin")],
    )
    outcome = read(tmp_path)

    assert outcome.directory.memberships == (Membership("org_a", "auth0|1", ("admin",)),)
    assert outcome.found("members") == [(1, "role_unusable", "org_a/auth0|1")]


def test_a_membership_without_role_names_none(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1"), person("2")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1"), {"org_id": "org_a", "user_id": "auth0|2", "roles": None}],
    )
    outcome = read(tmp_path)

    assert [membership.roles for membership in outcome.directory.memberships] == [(), ()]
    assert outcome.found("members") == []


@pytest.mark.parametrize(
    ("config", "roles", "codes"),
    [
        ({"multipleRoles": "true"}, ("admin", "editor", "viewer"), []),
        ({}, ("admin",), ["several_roles"]),
        ({"roles": '{"Viewer":"viewer","Admin":"admin"}'}, ("viewer",), ["several_roles"]),
        ({"roles": '{"Nobody":"nobody","Editor":"writer"}'}, ("writer",), ["several_roles"]),
        ({"roles": '{"Editor":"admin","Viewer":"admin"}'}, ("admin",), []),
        (
            {"multipleRoles": "true", "roles": '{"Viewer":"x","Admin":"y"}'},
            ("editor", "x", "y"),
            [],
        ),
    ],
)
def test_several_roles_go_in_only_where_workos_takes_several(
    tmp_path: Path, config: dict[str, str], roles: tuple[str, ...], codes: list[str]
) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        roles=[role("Admin"), role("Editor"), role("Viewer")],
        members=[member("a", "auth0|1", "Viewer", "Editor", "Admin")],
    )
    outcome = read(tmp_path, **config)

    assert outcome.directory.memberships == (Membership("org_a", "auth0|1", roles),)
    assert [code for _, code, _ in outcome.found("members")] == codes


def test_every_role_that_a_membership_names_is_declared(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        members=[member("a", "auth0|1", "Viewer", "Admin")],
    )
    directory = read(tmp_path).directory

    assert set(directory.memberships[0].roles) <= {one.slug for one in directory.roles}


def test_a_skipped_role_is_not_declared_and_stays_on_its_memberships(tmp_path: Path) -> None:
    write(
        tmp_path,
        users=[person("1")],
        organizations=[organization("a")],
        roles=[role("Admin")],
        members=[member("a", "auth0|1", "Admin")],
    )
    outcome = read(tmp_path, skip='["rol_Admin"]')

    assert outcome.directory.roles == ()
    assert outcome.directory.memberships[0].roles == ("admin",)
    assert outcome.buckets("roles") == {"skipped": 1}


@pytest.mark.parametrize(
    ("name", "description", "kept"),
    [("A" * 48, "d" * 150, []), ("A" * 48, "d" * 151, ["role_text_cut"])],
)
def test_a_role_text_longer_than_workos_takes_is_cut_with_a_finding(
    tmp_path: Path, name: str, description: str, kept: list[str]
) -> None:
    outcome = read(write(tmp_path, users=[], roles=[{"id": "rol_1", "name": name, "description": description}]))

    assert outcome.directory.roles == (Role("a" * 48, name, "d" * 150, "rol_1"),)
    assert [code for _, code, _ in outcome.found("roles")] == kept


def two_members(*roles: Line) -> dict[str, list[Line]]:
    """Two members of one organization, with a role each."""
    return {
        "users": [person("1"), person("2")],
        "organizations": [organization("a")],
        "members": [member("a", f"auth0|{own}") | {"roles": [one]} for own, one in enumerate(roles, 1)],
    }


def test_role_names_of_members_with_one_slug_are_one_role_named_by_the_smallest_id(tmp_path: Path) -> None:
    write(tmp_path, **two_members({"id": "rol_2", "name": "Admin"}, {"id": "rol_1", "name": "ADMIN"}))
    outcome = read(tmp_path)

    assert outcome.directory.roles == (Role("admin", "ADMIN", None, "rol_1"),)
    assert "role_slug_clash" in {code for _, code, _ in outcome.found("members")}


def test_a_members_role_name_that_clashes_with_a_role_of_the_file_is_a_finding(tmp_path: Path) -> None:
    write(tmp_path, **two_members(role("Admin"), role("ADMIN")), roles=[role("Admin")])

    assert "role_slug_clash" in {code for _, code, _ in read(tmp_path).found("members")}


def test_roles_without_id_that_share_a_slug_clash(tmp_path: Path) -> None:
    outcome = read(write(tmp_path, users=[], roles=[{"name": "Admin"}, {"name": "ADMIN"}]))

    assert [code for _, code, _ in outcome.found("roles")] == ["role_slug_clash"]


def test_a_role_that_a_member_names_by_id_alone_has_the_name_of_the_roles_file(tmp_path: Path) -> None:
    write(tmp_path, **two_members({"id": "rol_Admin"}), roles=[role("Admin")])

    assert read(tmp_path).directory.memberships == (Membership("org_a", "auth0|1", ("admin",)),)
