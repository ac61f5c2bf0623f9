"""Records in the real provider host process: what the engine sees of their lives."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

import pytest

from providers.resources.record import MembershipProvider, OrganizationProvider, RoleProvider, UserProvider
from providers.settings import Kind
from tests.resources.provider_host import PROVIDER, UNKNOWN, Hosted, Project, ProviderHost, Raised, serialized
from tests.stack import KEY, Sandbox
from tests.tenant import HASH, OTHER_HASH, OTP, member, organization, otp, password, person, role

pytestmark = pytest.mark.slow

ANN, BEE = "auth0|ann", "auth0|bee"
REFUSAL = {"code": "user_creation_error", "message": "no", "errors": [{"code": "person_unwelcome", "message": "no"}]}


def test_a_whole_stack_is_created_and_a_second_run_does_nothing(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    done = hosted.up(host)

    assert done == {
        "roles admin": "create",
        "organizations org_acme": "create",
        f"users {ANN}": "create",
        f"users {BEE}": "create",
        f"memberships org_acme/{ANN}": "create",
        f"memberships org_acme/{BEE}": "create",
    }
    assert workos.requests()["writes"] == 7
    assert workos.users()[ANN]["password_sha256"] == sha256(HASH.encode()).hexdigest()
    assert workos.users()[ANN]["totp_sha256"] == [sha256(OTP.encode()).hexdigest()]
    workos.clear()
    assert hosted.up(host) == {}
    assert hosted.up(project.starts()) == {}
    assert workos.requests()["total"] == 0


def test_the_id_is_workos_own_and_the_outputs_are_what_was_applied(
    host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)

    assert hosted.id("users", BEE) == workos.users()[BEE]["id"]
    assert hosted.outputs("users", BEE) == {
        "external_id": BEE,
        "email": "bee@people.example",
        "email_verified": True,
        "origin": "created",
    }
    outputs = hosted.outputs("memberships", f"org_acme/{ANN}")
    assert (outputs["roles"], outputs["status"], outputs["origin"]) == (["admin"], "active", "created")


def test_a_change_in_the_export_is_one_update(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)
    project.exports(
        users=[person("ann", given_name="Anna"), person("bee")],
        organizations=[organization("acme", domains=[{"domain": "acme.example"}])],
        members=[member("acme", ANN), member("acme", BEE)],
        roles=[role("Admin")],
        passwords=[password("ann", OTHER_HASH)],
        mfa=[otp(ANN)],
    )
    workos.clear()
    again = project.starts()

    assert hosted.up(again) == {f"users {ANN}": "update", f"memberships org_acme/{ANN}": "update"}
    assert workos.requests()["writes"] == 2
    assert workos.users()[ANN]["first_name"] == "Anna"
    assert workos.users()[ANN]["password_sha256"] == sha256(OTHER_HASH.encode()).hexdigest()
    assert hosted.up(again) == {}


def test_what_is_there_already_is_adopted_and_said_so(host: ProviderHost, hosted: Hosted, workos: Sandbox) -> None:
    own = workos.call("POST", "/user_management/users", email="ann@people.example", external_id=ANN)
    hosted.up(host)

    assert (hosted.id("users", ANN), hosted.outputs("users", ANN)["origin"]) == (own["id"], "found")
    assert hosted.outputs("users", BEE)["origin"] == "created"


def test_a_failure_in_between_keeps_the_object_and_is_made_good_by_the_next_run(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    """The user is there, its authenticator is not: the state knows both."""
    workos.fault("POST", "/auth_factors$", status=403, body={"message": "no"})
    hosted.up(host)
    assert hosted.id("users", ANN) == workos.users()[ANN]["id"]
    assert hosted.outputs("users", ANN)["failure"]["state"] == "failed"
    workos.clear()

    assert hosted.up(project.starts()) == {f"users {ANN}": "update"}
    assert workos.writes() == {"POST /user_management/users/{id}/auth_factors": 1}
    assert "failure" not in hosted.outputs("users", ANN)


def test_a_refused_update_keeps_what_was_applied_and_is_tried_again(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)
    project.exports(users=[person("ann", given_name="Ann", family_name="Lee"), person("bee")])
    workos.fault("PUT", "/users/", status=400, body={"code": "person_unwelcome", "message": "no"})
    again = project.starts()
    assert hosted.up(again)[f"users {ANN}"] == "update"
    outputs = hosted.outputs("users", ANN)

    assert "last_name" not in outputs
    assert outputs["failure"]["code"] == "person_unwelcome"
    assert hosted.up(again)[f"users {ANN}"] == "update"
    assert hosted.outputs("users", ANN)["last_name"] == "Lee"
    assert "failure" not in hosted.outputs("users", ANN)


def test_an_object_that_somebody_removed_fails_its_update_and_says_what_to_do(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)
    workos.call("DELETE", f"/user_management/users/{hosted.id('users', BEE)}")
    project.exports(users=[person("ann", given_name="Ann"), person("bee", given_name="Bee")])
    hosted.up(project.starts())

    failure = hosted.outputs("users", BEE)["failure"]
    assert (failure["state"], failure["code"]) == ("failed", "gone")
    assert "pulumi refresh" in failure["message"]


def test_a_refused_record_comes_back_as_an_id_that_says_so(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    """It raises nothing, since that would stop the whole program; the next run tries it again, in place of nothing."""
    workos.fault("POST", "/users$", contains=ANN, status=400, body=REFUSAL)
    hosted.up(host)
    id_, outputs = hosted.held["users", ANN]

    assert id_ == f"failed:{ANN}"
    assert outputs["external_id"] == ANN
    assert (outputs["failure"]["state"], outputs["failure"]["code"]) == ("failed", "person_unwelcome")
    assert workos.users().keys() == {BEE}
    news = project.declares("users")[ANN]
    assert host.diff(UserProvider, id_, outputs, news) == "replace"
    workos.clear()
    host.delete(UserProvider, id_, outputs)
    assert host.read(UserProvider, id_, outputs)[0] == id_
    assert workos.requests()["total"] == 0


def test_what_hangs_on_a_failed_record_is_pending_without_a_request(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    workos.fault("POST", "/users$", contains=ANN, status=400, body=REFUSAL)
    hosted.up(host)
    key = f"org_acme/{ANN}"
    id_, outputs = hosted.held["memberships", key]

    assert id_ == f"pending:{key}"
    assert outputs["failure"]["state"] == "pending"
    assert f"user {ANN}" in outputs["failure"]["message"]
    assert workos.asked()["POST /user_management/organization_memberships"] == 1
    workos.clear()
    news = project.declares("memberships", **hosted.ids())[key]
    assert host.diff(MembershipProvider, id_, outputs, news) == "replace"
    host.delete(MembershipProvider, id_, outputs)
    assert host.read(MembershipProvider, id_, outputs)[0] == id_
    assert workos.requests()["total"] == 0


def test_the_next_run_makes_the_failed_and_the_pending_ones_only(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    workos.fault("POST", "/users$", contains=ANN, status=400, body=REFUSAL)
    hosted.up(host)
    again = project.starts()

    assert hosted.up(again) == {f"users {ANN}": "replace", f"memberships org_acme/{ANN}": "replace"}
    assert workos.users().keys() == {ANN, BEE}
    assert hosted.up(again) == {}


def test_a_refused_role_makes_its_memberships_wait(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    """Role and membership are two provider classes in one process, and know of each other."""
    workos.fault("POST", "/roles$", status=403, body={"message": "no"})
    hosted.up(host)

    assert hosted.id("roles", "admin") == "failed:admin"
    assert hosted.outputs("memberships", f"org_acme/{ANN}")["failure"]["message"].startswith("waits for role admin")
    assert hosted.outputs("memberships", f"org_acme/{BEE}")["status"] == "active"
    assert len(hosted.up(project.starts())) == 2


def test_gone_on_refresh_is_an_empty_id(host: ProviderHost, hosted: Hosted, workos: Sandbox) -> None:
    hosted.up(host)
    workos.call("DELETE", f"/organizations/{hosted.id('organizations', 'org_acme')}")
    workos.call("DELETE", f"/user_management/users/{hosted.id('users', BEE)}")

    removed: list[tuple[Kind, str]] = [
        ("organizations", "org_acme"),
        ("users", BEE),
        ("memberships", f"org_acme/{ANN}"),
        ("memberships", f"org_acme/{BEE}"),
    ]
    assert host.read(UserProvider, *hosted.held["users", ANN])[0] == hosted.id("users", ANN)
    for kind, key in removed:
        assert host.read(PROVIDER[kind], *hosted.held[kind, key])[0] == "", key


def test_nothing_is_forgotten_as_long_as_nothing_proves_the_environment(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    """A key of another environment would show everything as gone; without the engine nobody can say."""
    hosted.up(host)
    workos.reset()
    with pytest.raises(Raised, match="the last state of dev cannot be read"):
        project.starts().read(UserProvider, *hosted.held["users", ANN])


def test_a_refresh_of_what_nobody_touched_says_nothing_and_changes_nothing(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)
    workos.clear()
    refreshing = project.starts()
    for (kind, key), (id_, outputs) in hosted.held.items():
        assert refreshing.read(PROVIDER[kind], id_, outputs) == (id_, outputs), key
    assert set(workos.asked().values()) == {1}, "a refresh lists each kind once"

    assert refreshing.said() == ""
    assert workos.writes() == {}


@pytest.mark.parametrize("on_drift", ["report", "repair"])
def test_a_refresh_says_what_somebody_changed_and_puts_it_back_only_if_told_to(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox, on_drift: str
) -> None:
    """The field is named, its value is not."""
    hosted.up(host)
    workos.call("PUT", f"/user_management/users/{hosted.id('users', ANN)}", first_name="Own", metadata={"own": "x"})
    refreshing = project.starts(onDrift=on_drift)
    hosted.held["users", ANN] = refreshing.read(UserProvider, *hosted.held["users", ANN])

    assert f"drift: users {ANN}: first_name changed in WorkOS" in refreshing.said()
    assert "Own" not in refreshing.said()
    done = hosted.up(project.starts())
    assert done == ({f"users {ANN}": "update"} if on_drift == "repair" else {})
    assert workos.users()[ANN]["first_name"] == ("Ann" if on_drift == "repair" else "Own")
    assert workos.users()[ANN]["metadata"] == {"own": "x"}


@pytest.mark.parametrize("on_drift", ["report", "repair"])
def test_what_was_there_before_is_no_drift(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox, on_drift: str
) -> None:
    """An adopted role keeps its name, an adopted user what Auth0 does not know; nobody changed either."""
    workos.call("POST", "/authorization/roles", slug="admin", name="Own name", description="Own words")
    workos.call("POST", "/user_management/users", email="bee@people.example", external_id=BEE, last_name="Own")
    hosted.up(host)
    refreshing = project.starts(onDrift=on_drift)
    refreshing.read(RoleProvider, *hosted.held["roles", "admin"])
    refreshing.read(UserProvider, *hosted.held["users", BEE])

    assert refreshing.said() == ""


@pytest.mark.parametrize("adopted", [True, False])
def test_repair_takes_no_name_that_auth0_never_gave(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox, adopted: bool
) -> None:
    """A name is cleared only when Auth0's value was cleared."""
    if adopted:
        workos.call("POST", "/user_management/users", email="bee@people.example", external_id=BEE)
    hosted.up(host)
    workos.call("PUT", f"/user_management/users/{hosted.id('users', BEE)}", last_name="Own")
    refreshing = project.starts(onDrift="repair")
    hosted.held["users", BEE] = refreshing.read(UserProvider, *hosted.held["users", BEE])
    hosted.up(project.starts())

    assert workos.users()[BEE]["last_name"] == "Own"


def test_another_end_is_another_membership(host: ProviderHost, project: Project, hosted: Hosted) -> None:
    hosted.up(host)
    key = f"org_acme/{ANN}"
    news = project.declares("memberships", **hosted.ids())[key]

    for end in ("organization_id", "user_id"):
        other = {**news, end: "org_01HK153X000000000000000000"}
        assert host.diff(MembershipProvider, *hosted.held["memberships", key], other) == "replace"


def test_another_email_or_external_id_is_the_same_user(host: ProviderHost, project: Project, hosted: Hosted) -> None:
    hosted.up(host)
    news = project.declares("users")[ANN]

    for more in ({"email": "ann@moved.example"}, {"external_id": "google-oauth2|1"}, {"email_verified": True, "x": 1}):
        expected = "same" if "x" in more else "update"
        assert host.diff(UserProvider, *hosted.held["users", ANN], {**news, **more}) == expected


def test_a_provider_pickled_by_another_release_and_numbers_are_no_change(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    """Every bag holds the provider itself, and numbers arrive as floats; neither reaches WorkOS."""
    hosted.up(host)
    news = {**project.declares("users")[ANN], "seats": 3}
    olds = {**hosted.outputs("users", ANN), "__provider": serialized(OrganizationProvider)}

    assert host.diff(UserProvider, hosted.id("users", ANN), olds, news) == "same"
    assert host.check(UserProvider, news, olds).inputs["seats"] == 3.0
    id_, outputs = host.create(
        UserProvider, {**news, "external_id": "auth0|new", "email": "n@people.example", "password": None, "totp": None}
    )
    assert id_ == workos.users()["auth0|new"]["id"]
    assert "seats" not in outputs


def test_unknown_values_of_a_preview_are_answered_without_a_request(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    """An end that will be made anew is not known yet: the membership will be another one."""
    hosted.up(host)
    workos.clear()
    key = f"org_acme/{ANN}"
    news = {**project.declares("memberships", **hosted.ids())[key], "user_id": UNKNOWN}

    assert not host.check(MembershipProvider, news).failures
    assert host.check(MembershipProvider, news).inputs["user_id"] == UNKNOWN
    assert host.diff(MembershipProvider, *hosted.held["memberships", key], news) == "replace"
    new_user = {**project.declares("users")[ANN], "first_name": UNKNOWN}
    assert host.diff(UserProvider, *hosted.held["users", ANN], new_user) == "update"
    assert workos.requests()["total"] == 0


def test_a_record_without_what_identifies_it_fails_its_check(host: ProviderHost, project: Project) -> None:
    for provider, bag, missing in [
        (UserProvider, {"email": "ann@people.example"}, ["external_id"]),
        (OrganizationProvider, {"external_id": ""}, ["external_id"]),
        (RoleProvider, {"slug": "admin"}, ["name"]),
        (MembershipProvider, {"organization": "org_acme", "user_id": "user_1"}, ["user"]),
    ]:
        assert [failure.property for failure in host.check(provider, bag).failures] == missing


def test_a_wrong_key_stops_the_run_with_one_line(project: Project, workos: Sandbox) -> None:
    host = project.starts(workosApiKey="sk_wrong_key")
    for kind, provider in PROVIDER.items():
        for news in project.declares(kind).values():
            host.check(provider, news)
            with pytest.raises(Raised) as raised:
                host.create(provider, news)
            said = str(raised.value)
            assert said.startswith(f"WorkOS at {workos.url} does not accept the API key (ferry:workosApiKey)")
            assert "\n" not in said
            assert "sk_wrong_key" not in said


def test_an_export_that_changed_since_the_preview_stops_before_the_write(
    host: ProviderHost, project: Project, workos: Sandbox
) -> None:
    """The hash that stands there now is not the one that was previewed."""
    news = project.declares("users")[ANN]
    passwords = project.folder / "export" / "passwords.ndjson"
    host.check(UserProvider, news)
    host.create(UserProvider, project.declares("users")[BEE])
    passwords.write_text(passwords.read_text().replace("A" * 53, "C" * 53))
    with pytest.raises(Raised, match="run again") as raised:
        host.create(UserProvider, news)

    assert "\n" not in str(raised.value)
    assert workos.users().keys() == {BEE}


def test_an_unusable_setting_is_named(project: Project) -> None:
    host = project.starts(rateShare="much")
    with pytest.raises(Raised, match="ferry:rateShare"):
        host.check(UserProvider, {"external_id": ANN})


def test_no_secret_and_no_key_leaves_the_process(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox, tmp_path: Path
) -> None:
    """Not in an answer, not in an error, not in what is kept, not in a file it writes."""
    workos.fault("POST", "/users$", contains=BEE, status=400, body={**REFUSAL, "message": f"{HASH} {OTP} {KEY}"})
    hosted.up(host)
    host.read(UserProvider, *hosted.held["users", ANN])
    for (kind, _), (id_, outputs) in hosted.held.items():
        host.read(PROVIDER[kind], id_, outputs)
    bad = project.starts(workosApiKey=f"{KEY}_wrong")
    workos.fault("POST", "/users$", status=401, body={"message": f"{HASH} {OTP} {KEY}"})
    with pytest.raises(Raised):
        bad.create(UserProvider, project.declares("users")[ANN])

    assert workos.users()[ANN]["totp_sha256"]
    written = "".join(
        path.read_bytes().decode("latin-1")
        for path in tmp_path.rglob("*")
        if path.is_file() and path.suffix != ".ndjson"
    )
    for secret in (HASH, OTP, KEY):
        assert secret not in host.told() + bad.told()
        assert secret not in hosted.text()
        assert secret not in written
