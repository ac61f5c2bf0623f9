"""The journal beside a state, beside none, and beside one of another life: it alone proves nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from providers.state.applied import unpack
from tests.bench.soak import killed_at
from tests.stack import Sandbox, Stack
from tests.tenant import member, organization, password, person, role

pytestmark = pytest.mark.engine

#: Of many users; cohorts of few records are still cohorts.
NAMES = [f"{number:02}" for number in range(24)]
DELETE_USER = "DELETE /user_management/users/{id}"
POST_USER = "POST /user_management/users"


def export(stack: Stack, names: list[str], *kinds: str) -> None:
    """Users with a password each, in an organization, some of them as admins; users, and these kinds, in cohorts."""
    stack.configure(granularity=dict.fromkeys(("users", *kinds), "cohort"))
    stack.exports(
        users=[person(name) for name in names],
        organizations=[organization("one")],
        members=[member("one", f"auth0|{name}", *(["Admin"] if name < "05" else [])) for name in names],
        roles=[role("Admin")],
        passwords=[password(name) for name in names],
    )


def origins(stack: Stack, kind: str = "users") -> dict[str, str]:
    """Of every record of a kind that is in a cohort."""
    packed = [one["outputs"]["applied"] for name, one in stack.state().items() if name.startswith(f"{kind}-")]
    return {key: held.origin for one in packed for key, held in unpack(one).items()}


def journals(stack: Stack) -> list[Path]:
    """Those in use."""
    return list((stack.project / ".ferry").glob("*.journal"))


def journaled(stack: Stack) -> set[str]:
    """The users whose write was confirmed; those that were under way at a kill are in WorkOS alone."""
    text = "".join(path.read_text(encoding="utf-8") for path in journals(stack))
    return set(re.findall(r'^\[\d+, "users", \d+, "([^"]+)", "[^"]', text, re.MULTILINE))


def remove(workos: Sandbox, *names: str) -> None:
    """Somebody deletes these users in WorkOS."""
    for name in names:
        workos.call("DELETE", f"/user_management/users/{workos.users()[f'auth0|{name}']['id']}")


def test_a_stack_that_begins_anew_makes_again_what_was_removed_meanwhile(stack: Stack, workos: Sandbox) -> None:
    """`pulumi stack rm --force`, `pulumi stack init`: its journal stays, and WorkOS is listed. Plan and up agree."""
    export(stack, NAMES, "organizations", "memberships")
    stack.up()
    stack.pulumi("stack", "rm", "--force", "--yes", "--preserve-config", "dev")
    stack.fresh_backend()
    remove(workos, "00", "01", "02")
    workos.clear()
    said = stack.ferry("plan", code=1).said
    assert workos.writes() == {}
    assert "users                   3" in said
    assert "memberships             3" in said
    stack.up()

    assert workos.writes() == {POST_USER: 3, "POST /user_management/organization_memberships": 3}
    assert workos.counts() == (24, 1, 24)
    assert {origin for kind in ("users", "memberships") for origin in origins(stack, kind).values()} == {"created"}
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
    assert "RESULT equal" in stack.ferry("verify").said


def test_what_is_in_the_list_alone_is_found(stack: Stack, workos: Sandbox) -> None:
    """A line that is not in the journal says nothing; a later destroy leaves that user."""
    export(stack, NAMES, "organizations", "memberships")
    stack.up()
    stack.fresh_backend()
    (journal,) = journals(stack)
    lines = journal.read_text(encoding="utf-8").splitlines(keepends=True)
    journal.write_text("".join(line for line in lines if '"auth0|07"' not in line), encoding="utf-8")
    workos.clear()
    stack.up()

    assert workos.writes() == {}
    assert {key for key, origin in origins(stack).items() if origin == "found"} == {"auth0|07"}
    stack.destroy()
    assert workos.users().keys() == {"auth0|07"}


def test_a_first_load_that_was_killed_goes_on_under_a_rotated_key(stack: Stack, workos: Sandbox) -> None:
    """No state was saved: what list and journal both hold is Ferry's, passwords included; the key is no part of it."""
    export(stack, NAMES, "organizations", "memberships")
    killed_at(stack, workos, 20)
    stack.pulumi("cancel", "--yes", fails=None)
    done = journaled(stack)
    assert done
    remove(workos, *(key.removeprefix("auth0|") for key in workos.users().keys() - done))
    stack.environment["WORKOS_API_KEY"] = "sk_test_rotated"
    said = stack.up().said

    assert "password_unconfirmed" not in said
    assert workos.counts() == (24, 1, 24)
    assert set(origins(stack).values()) == {"created"}
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
    stack.destroy()
    assert workos.counts() == (0, 0, 0)


def test_a_user_who_goes_between_the_kill_and_the_next_run_is_made_again(stack: Stack, workos: Sandbox) -> None:
    """With its membership; the journal alone would have passed it over."""
    export(stack, NAMES, "memberships")
    killed_at(stack, workos, 40)
    stack.pulumi("cancel", "--yes", fails=None)
    remove(workos, "03")
    stack.up()

    assert workos.counts() == (24, 1, 24)
    assert "RESULT equal" in stack.ferry("verify").said


def test_a_journal_of_another_life_is_set_aside_and_not_asked(stack: Stack, workos: Sandbox) -> None:
    """It comes back from a backup, or from another machine; the state names its own life."""
    export(stack, NAMES)
    stack.up()
    (journal,) = journals(stack)
    earlier = journal.read_bytes()
    journal.unlink()
    stack.fresh_backend()
    workos.reset()
    stack.up()
    journal.write_bytes(earlier)
    workos.clear()
    said = stack.up().said
    assert workos.requests()["total"] == 0
    (aside,) = (stack.project / ".ferry").glob("*.aside-*")
    assert aside.read_bytes() == earlier
    assert f"is set aside as {aside.name}" in said


def test_a_journal_whose_objects_are_gone_is_set_aside_and_can_be_put_back(stack: Stack, workos: Sandbox) -> None:
    """One wrong key, which opens an empty environment: everything is made there, and nothing is lost."""
    export(stack, NAMES)
    stack.up()
    (journal,) = journals(stack)
    earlier = journal.read_bytes()
    stack.fresh_backend()
    workos.reset()
    said = stack.up().said

    assert workos.counts() == (24, 1, 24)
    (aside,) = (stack.project / ".ferry").glob("*.aside-*")
    assert aside.read_bytes().startswith(earlier)
    assert f"mv .ferry/{aside.name} .ferry/{journal.name}" in said


def test_a_destroy_that_was_killed_is_remembered(stack: Stack, workos: Sandbox) -> None:
    """The state says that all is there; the journal knows what went, but for the requests under way, which a refresh
    finds. So the next up makes it again.
    """
    export(stack, NAMES, "organizations", "memberships")
    stack.up()
    workos.clear()
    killed_at(stack, workos, 5, "destroy")
    stack.pulumi("cancel", "--yes", fails=None)
    assert len(workos.users()) < 24
    said = stack.preview().said
    assert "the journal knows of writes that the last state does not" in said
    assert ": +1 ~0 -0" in said
    stack.refresh()
    stack.up()

    assert workos.counts() == (24, 1, 24)
    assert "RESULT equal" in stack.ferry("verify").said
