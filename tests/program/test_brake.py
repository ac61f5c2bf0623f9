"""What stops a run before its first write, and whether a run may write at all; in both grains, without an engine."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from providers.directory.store import open_store
from providers.errors import Brake
from providers.program.brake import brake, has_writes, leavers
from providers.settings import KINDS, read_settings
from providers.state.declaration import declaration
from tests.state.made_state import state_after
from tests.tenant import Line, member, organization, person, role, write

LETTERS = "abcdefghij"
#: Brakes, writes, and says what of the state leaves.
Judge = Callable[..., tuple[bool, list[dict[str, str]]]]


def tenant(letters: str = LETTERS, admins: str | None = "ab", **more: list[Line]) -> dict[str, Any]:
    """Users by letter and those of them who are admins; no members file for None. `more` are whole files instead."""
    files: dict[str, Any] = {
        "users": [person(name) for name in letters],
        "organizations": [organization("one")],
        "roles": [role("Admin")],
    }
    if admins is not None:
        files["members"] = [member("one", f"auth0|{name}", "Admin") for name in admins]
    return {**files, **more}


@pytest.fixture(params=["record", "cohort"])
def judge(request: pytest.FixtureRequest, tmp_path: Path) -> Judge:
    """Does a run with this export after another write, and what leaves? Raises Brake."""

    def judged(after: dict[str, Any], before: dict[str, Any] | None = None, **config: str) -> Any:
        last_state = state_after(tmp_path, request.param, {}, **(before or tenant()))
        texts = {f"ferry:{key}": text for key, text in config.items()}
        export = str(write(tmp_path / "after", **after))
        settings = read_settings({"ferry:export": export, "ferry:granularity": request.param, **texts}, {})
        with open_store(settings, tmp_path) as store:
            declared = declaration(store, last_state.in_cohorts, settings)
            leaving = {kind: last_state.gone(kind, declared) for kind in KINDS}
            brake(last_state, leaving, store, settings)
            return has_writes(last_state, store, declared), [leaver.bag() for leaver in leavers(leaving)]

    return judged


def test_the_same_export_writes_nothing_and_nobody_leaves(judge: Judge) -> None:
    assert judge(tenant()) == (False, [])


@pytest.mark.parametrize(
    "after",
    [
        tenant(LETTERS + "k"),
        tenant(admins="abc"),
        tenant(roles=[role("Admin", description="all of it")]),
        tenant(organizations=[organization("one", display_name="First")]),
    ],
    ids=["user", "membership", "role", "organization"],
)
def test_what_changed_in_any_kind_is_a_write(judge: Judge, after: dict[str, Any]) -> None:
    assert judge(after) == (True, [])


@pytest.mark.parametrize(("percent", "stops"), [("", True), ("9.9", True), ("10", False)])
def test_a_share_of_leavers_above_the_limit_stops_the_run_and_says_which_would_do(
    judge: Judge, percent: str, stops: bool
) -> None:
    config = {"maxRemovedPercent": percent} if percent else {}
    if not stops:
        judge(tenant(LETTERS[:9]), **config)
        return
    with pytest.raises(Brake, match=r"1 of 10 users \(10\.0%\) left the export.*maxRemovedPercent 10, then"):
        judge(tenant(LETTERS[:9]), **config)


def test_the_limit_that_is_advised_is_the_next_whole_percent(judge: Judge) -> None:
    with pytest.raises(
        Brake, match=r"1 of 8 users \(12\.5%\).*maxRemovedPercent 13, then pulumi up, then pulumi config rm"
    ):
        judge(tenant("abcdefg"), before=tenant("abcdefgh"))


def test_where_nobody_is_left_no_limit_is_advised(judge: Judge) -> None:
    with pytest.raises(Brake, match=r"2 of 2 memberships \(100\.0%\).*check ferry:export.*pulumi destroy"):
        judge(tenant(admins="c"), maxRemovedPercent="60")


def test_a_missing_file_stops_the_run_whatever_the_limit_unless_the_kind_is_named(judge: Judge) -> None:
    with pytest.raises(Brake, match="the export has no members, but the stack holds 2 memberships"):
        judge(tenant(admins=None), maxRemovedPercent="100")
    judge(tenant(admins=None), maxRemovedPercent="100", removed='{"memberships":"delete"}')


def test_who_is_left_out_on_purpose_does_not_count_nor_do_the_memberships(judge: Judge) -> None:
    judge(tenant(), skip='["auth0|a"]')


def test_a_role_that_is_gone_does_not_count(judge: Judge) -> None:
    judge(tenant(roles=[]), before=tenant(roles=[role("Admin"), role("Viewer")]))


def test_other_ids_of_the_same_people_are_told_from_leaving(judge: Judge) -> None:
    renamed = [person(f"new{name}", email=f"{name}@people.example") for name in LETTERS]
    with pytest.raises(Brake, match=r"10 of 10 users are declared under other ids \(auth0\|\w is auth0\|new\w now\)"):
        judge(tenant(users=renamed, members=[member("one", "auth0|newa")]), maxRemovedPercent="99")


def test_who_leaves_is_told_to_the_host_one_resource_a_record(judge: Judge, request: pytest.FixtureRequest) -> None:
    _, bags = judge(tenant(LETTERS[:9], "a"), maxRemovedPercent="50")
    expected = [
        {"kind": "users", "key": "auth0|j", "id": "id auth0|j"},
        {
            "kind": "memberships",
            "key": "org_one/auth0|b",
            "id": "id org_one/auth0|b",
            "organization": "org_one",
            "user": "auth0|b",
        },
    ]
    is_record = "[record" in request.node.name
    assert sorted(bags, key=lambda bag: bag["kind"], reverse=True) == (expected if is_record else [])
