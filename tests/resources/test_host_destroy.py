"""A destroy in the real provider host, which reads the last state from the engine before its first request."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from providers.settings import COHORT_KINDS, Kind
from tests.resources.hosted_cohorts import Cohorts
from tests.resources.provider_host import PROVIDER, Hosted, Project, ProviderHost, Raised
from tests.stack import Sandbox

pytestmark = pytest.mark.slow

ANN, BEE, ACME = "auth0|ann", "auth0|bee", "org_acme"
_TYPES: dict[Kind, str] = {
    "roles": "Role",
    "organizations": "Organization",
    "users": "User",
    "memberships": "Membership",
}
Resource = dict[str, Any]


def hand_out(monkeypatch: pytest.MonkeyPatch, folder: Path, resources: list[Resource]) -> None:
    """The engine's command, as far as a destroy asks it: it exports these resources."""
    bin_ = folder / "bin"
    bin_.mkdir(exist_ok=True)
    (bin_ / "state.json").write_text(json.dumps({"deployment": {"resources": resources}}), encoding="utf-8")
    command = bin_ / "pulumi"
    command.write_text(f'#!/bin/sh\ncat "{bin_ / "state.json"}"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", str(bin_), prepend=os.pathsep)


def resource(type_: str, name: str, id_: str, inputs: Resource, outputs: Resource) -> Resource:
    token = f"pulumi-python:dynamic/workos:{type_}"
    urn = f"urn:pulumi:dev::ferry::{token}::{name}"
    return {"type": token, "urn": urn, "id": id_, "inputs": inputs, "outputs": outputs}


def records_of(hosted: Hosted) -> list[Resource]:
    return [resource(_TYPES[kind], key, id_, {}, outputs) for (kind, key), (id_, outputs) in hosted.held.items()]


def cohorts_of(cohorts: Cohorts) -> list[Resource]:
    found = []
    for name, outputs in cohorts.held.items():
        kind: Kind = next(one for one in COHORT_KINDS if name.startswith(one))
        inputs = {"cohort": outputs["cohort"], "records": "told"}
        found.append(resource(f"{_TYPES[kind]}Cohort", name, name, inputs, outputs))
    return found


def take_away(host: ProviderHost, hosted: Hosted, *kinds: Kind) -> None:
    """Dependants first; what is taken away is no longer held."""
    for kind in kinds or tuple(reversed(PROVIDER)):
        for held_kind, key in list(hosted.held):
            if held_kind == kind:
                hosted.delete(host, kind, key)
                del hosted.held[kind, key]


def test_a_destroy_says_first_what_it_takes_and_asks_once_a_user_and_organization(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    hosted.up(host)
    hand_out(monkeypatch, project.folder, records_of(hosted))
    destroying = project.starts(destroy=True, rateShare="0.9")
    workos.clear()
    take_away(destroying, hosted)

    assert workos.counts() == (0, 0, 0)
    assert workos.writes() == {"DELETE /user_management/users/{id}": 2, "DELETE /organizations/{id}": 1}
    said = destroying.said().splitlines()
    assert said[0] == (
        "destroy: deletes 2 users, 1 organizations and 2 memberships, 2 of these with their user or organization: "
        "3 requests, at least 2 s at ferry:rateShare 0.9"
    )
    assert said[1] == "destroy: leaves in WorkOS 1 roles (first: admin), which WorkOS cannot delete"
    assert "destroy: deletes" not in "".join(said[1:])


def test_a_destroy_of_cohorts_does_the_same(
    project: Project, host: ProviderHost, workos: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    cohorts = Cohorts(project)
    cohorts.up(host)
    hand_out(monkeypatch, project.folder, cohorts_of(cohorts))
    destroying = project.starts(destroy=True, rateShare="0.9")
    workos.clear()
    cohorts.destroy(destroying)

    assert workos.counts() == (0, 0, 0)
    assert workos.writes() == {"DELETE /user_management/users/{id}": 2, "DELETE /organizations/{id}": 1}
    assert destroying.said().startswith("destroy: deletes 2 users, 1 organizations and 2 memberships, 2 of these")


def test_a_membership_between_two_that_stay_is_deleted_by_itself(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ann and Acme were there before Ferry came; that Ann is Acme's admin is Ferry's work."""
    workos.call("POST", "/user_management/users", email="ann@people.example", external_id=ANN)
    workos.call("POST", "/organizations", name="acme", external_id=ACME)
    hosted.up(host)
    hand_out(monkeypatch, project.folder, records_of(hosted))
    destroying = project.starts(destroy=True)
    workos.clear()
    take_away(destroying, hosted)

    assert (*workos.users(), *workos.organizations(), *workos.memberships()) == (ANN, ACME)
    assert workos.writes() == {
        "DELETE /user_management/organization_memberships/{id}": 1,
        "DELETE /user_management/users/{id}": 1,
    }


def test_a_destroy_that_ends_in_the_middle_is_finished_by_the_next_one(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The memberships have left the state, and go with the users who are still in it."""
    hosted.up(host)
    hand_out(monkeypatch, project.folder, records_of(hosted))
    workos.fault("DELETE", f"/users/{hosted.id('users', BEE)}$", status=403, body={"code": "not_now", "message": "no"})
    first = project.starts(destroy=True)
    take_away(first, hosted, "memberships")
    with pytest.raises(Raised, match="not_now"):
        take_away(first, hosted, "users")
    assert workos.memberships().keys() == {f"{ACME}/{BEE}"}

    hand_out(monkeypatch, project.folder, records_of(hosted))
    take_away(project.starts(destroy=True), hosted)
    assert workos.counts() == (0, 0, 0)


def test_memberships_are_not_forgotten_in_another_environment(
    project: Project, host: ProviderHost, hosted: Hosted, workos: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Although they need no request of their own."""
    hosted.up(host)
    hand_out(monkeypatch, project.folder, records_of(hosted))
    workos.reset()
    with pytest.raises(Raised, match="this key opens another environment"):
        take_away(project.starts(destroy=True), hosted, "memberships")
    assert len([kind for kind, _ in hosted.held if kind == "memberships"]) == 2
