"""The host process itself: many records at once, one mind for all provider classes, and providers that cost nothing."""

from __future__ import annotations

import ast
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pulumi.dynamic import ResourceProvider

import providers.resources.cohort
import providers.resources.record
import providers.resources.verdict
from providers.resources.cohort import CohortProvider
from providers.resources.record import RecordProvider, RoleProvider, UserProvider
from providers.resources.verdict import VerdictProvider
from tests.resources.hosted_cohorts import COHORT_PROVIDER
from tests.resources.provider_host import PROVIDER, Bag, Hosted, Project, ProviderHost, Raised
from tests.stack import ROOT, Sandbox
from tests.tenant import person, role

pytestmark = pytest.mark.slow

CLASSES: list[type[ResourceProvider]] = [*PROVIDER.values(), *COHORT_PROVIDER.values(), VerdictProvider]
ANN = "auth0|ann"
#: Runs in a process of its own: each serialization leaves a wrapper around the process's pickler.
SERIALIZE = """
from pulumi.dynamic.dynamic import serialize_provider
from providers.resources.record import *
from providers.resources.cohort import OrganizationCohortProvider, UserCohortProvider, MembershipCohortProvider
from providers.resources.verdict import VerdictProvider
classes = [RoleProvider, OrganizationProvider, UserProvider, MembershipProvider, VerdictProvider]
classes += [OrganizationCohortProvider, UserCohortProvider, MembershipCohortProvider]
texts = [serialize_provider(classes[number % 8]()) for number in range(1200)]
assert len(set(texts)) == len(classes), "the same provider is not the same text every time"
print(max(map(len, texts)))
"""


def test_1200_providers_are_serialized_to_less_than_200_bytes_each() -> None:
    """An attribute, or a class in the main program, makes this end in a RecursionError."""
    done = subprocess.run(
        [sys.executable, "-c", SERIALIZE], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )

    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 200


def test_every_provider_class_is_known_here() -> None:
    """Those below count for all."""

    def below(one: type[ResourceProvider]) -> set[type[ResourceProvider]]:
        return {one, *(deeper for next_one in one.__subclasses__() for deeper in below(next_one))}

    ours = {one for one in below(ResourceProvider) if one.__module__.startswith("providers.")}
    assert ours == {RecordProvider, CohortProvider, *CLASSES}


@pytest.mark.parametrize("provider", CLASSES)
def test_a_provider_has_no_attributes_and_is_no_secret(provider: type[ResourceProvider]) -> None:
    """Each is pickled into every resource's state; a secret one would be encrypted each time."""
    assert vars(provider()) == {}
    assert provider.serialize_as_secret_always is False


@pytest.mark.parametrize(
    "module", [providers.resources.record, providers.resources.cohort, providers.resources.verdict]
)
def test_a_provider_gives_itself_its_host_in_configure_and_nothing_else(module: object) -> None:
    """It is called in the provider host, after a provider was read from the state, and what it sets is never written
    back: the host hands the text that it read to the engine.
    """
    source = Path(str(vars(module)["__file__"])).read_text(encoding="utf-8")
    methods = [
        (class_.name, method)
        for class_ in ast.walk(ast.parse(source))
        if isinstance(class_, ast.ClassDef)
        for method in class_.body
        if isinstance(method, ast.FunctionDef)
    ]
    stores = {
        (class_, method.name, ast.unparse(node))
        for class_, method in methods
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store) and ast.unparse(node.value) == "self"
    }
    (provider,) = {class_ for class_, method in methods if method.name == "configure"}

    assert stores == {(provider, "configure", "self.host")}


def test_many_creates_at_once_make_no_duplicates(project: Project, workos: Sandbox) -> None:
    """32 callers, four workers; a lost answer among them."""
    names = [f"p{number}" for number in range(64)]
    project.exports(users=[person(name) for name in names], roles=[role(f"R{number}") for number in range(8)])
    host = project.starts()
    workos.fault("POST", "/users$", "drop_after", contains="auth0|p7")
    jobs: list[tuple[type[ResourceProvider], Bag]] = [
        (UserProvider, news) for news in project.declares("users").values()
    ]
    jobs += [(RoleProvider, news) for news in project.declares("roles").values()]
    with ThreadPoolExecutor(32) as pool:
        made = list(pool.map(lambda job: host.create(*job), jobs))

    assert len({id_ for id_, _ in made}) == 72
    assert {outputs["origin"] for _, outputs in made} == {"created"}
    assert len(workos.directory()["users"]) == 64
    assert workos.asked() == {
        "POST /user_management/users": 65,
        "GET /user_management/users/external_id/{external_id}": 1,
        "GET /authorization/roles": 1,
        "POST /authorization/roles": 8,
    }


def test_all_classes_share_one_mind(project: Project, workos: Sandbox) -> None:
    """The role's and the user's trouble is the verdict's, though each class is configured by itself."""
    workos.fault("POST", "/roles$", status=403, body={"message": "no"})
    workos.fault("POST", "/users$", contains=ANN, status=400, body={"code": "person_unwelcome", "message": "no"})
    host = project.starts()
    Hosted(project).up(host)
    with pytest.raises(Raised) as raised:
        host.create(VerdictProvider, verdict(workos))
    said = str(raised.value)

    assert said.startswith("2 record(s) failed and 1 wait for them; everything else is in WorkOS.\n")
    assert f"  failed users {ANN}: " in said
    assert "  failed roles admin: " in said
    assert f"  pending memberships org_acme/{ANN}: waits for " in said
    assert "ferry:skip" in said


def verdict(workos: Sandbox) -> Bag:
    """The inputs of the verdict."""
    return {"base_url": workos.url, "live": False, "key": "fingerprint 0011223344556677"}


def test_a_verdict_over_a_run_without_trouble_is_silent_and_stays(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)
    id_, outputs = host.create(VerdictProvider, verdict(workos))
    again = project.starts()
    hosted.up(again)

    assert verdict(workos).items() <= outputs.items()
    assert outputs.keys() - verdict(workos).keys() == {"journal", "life"}
    assert again.diff(VerdictProvider, id_, outputs, verdict(workos)) == "same"
    assert host.said() == ""


def test_a_verdict_speaks_up_when_something_fails_later(
    host: ProviderHost, project: Project, hosted: Hosted, workos: Sandbox
) -> None:
    hosted.up(host)
    id_, outputs = host.create(VerdictProvider, verdict(workos))
    project.exports(users=[person("ann", given_name="Anna"), person("bee")])
    workos.fault("PUT", "/users/", status=400, body={"code": "person_unwelcome", "message": "no"})
    again = project.starts()
    hosted.up(again)

    assert again.diff(VerdictProvider, id_, outputs, verdict(workos)) == "update"
    with pytest.raises(Raised, match="person_unwelcome"):
        again.update(VerdictProvider, id_, outputs, verdict(workos))


def test_a_stack_that_moves_to_another_environment_is_a_change_of_the_verdict(
    host: ProviderHost, workos: Sandbox
) -> None:
    held = verdict(workos)

    assert host.diff(VerdictProvider, "verdict", held, {**held, "live": True}) == "update"
    assert host.diff(VerdictProvider, "verdict", held, {**held, "base_url": "https://api.workos.com"}) == "update"


def test_passwords_that_nobody_can_confirm_are_said_in_one_line(
    host: ProviderHost, hosted: Hosted, workos: Sandbox
) -> None:
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id=ANN)
    hosted.up(host)
    host.create(VerdictProvider, verdict(workos))

    (line,) = host.said().splitlines()
    assert "1 password_unconfirmed" in line
    assert ANN in line


def test_a_long_list_of_trouble_is_cut_short(project: Project, workos: Sandbox) -> None:
    project.exports(users=[person(f"p{number:02}") for number in range(25)])
    workos.fault("POST", "/users$", times=None, status=400, body={"code": "person_unwelcome", "message": "no"})
    host = project.starts()
    Hosted(project).up(host)
    with pytest.raises(Raised) as raised:
        host.create(VerdictProvider, verdict(workos))

    assert str(raised.value).count("failed users") == 20
    assert "and 5 more" in str(raised.value)
