"""A sandbox for all tests of this folder, emptied before each; a project folder and host processes a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.resources.provider_host import Hosted, Project, ProviderHost
from tests.stack import Sandbox
from tests.tenant import HASH, OTP, member, organization, otp, password, person, role


@pytest.fixture
def project(tmp_path: Path, workos: Sandbox) -> Iterator[Project]:
    """Ann, who has a password and an authenticator, is admin of Acme; Bee is its member."""
    project = Project(tmp_path, workos)
    project.exports(
        users=[person("ann", given_name="Ann"), person("bee")],
        organizations=[organization("acme", domains=[{"domain": "acme.example"}])],
        members=[member("acme", "auth0|ann", "Admin"), member("acme", "auth0|bee")],
        roles=[role("Admin")],
        passwords=[password("ann", HASH)],
        mfa=[otp("auth0|ann", OTP)],
    )
    yield project
    for host in project.hosts:
        host.close()


@pytest.fixture
def host(project: Project) -> ProviderHost:
    """A host with nothing but the defaults."""
    return project.starts()


@pytest.fixture
def hosted(project: Project) -> Hosted:
    """A stack without a state."""
    return Hosted(project)
