"""The tenant that is served, the log and the settings of the Auth0 side, and the process that serves it."""

import asyncio
import gzip
import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox.server import build_app
from tests.sandbox.auth0.auth0_side import CREDENTIALS, Auth0Side
from tests.tenant import Line, member, organization, person, role, write

PROJECT = Path(__file__).parents[3]
PROGRAMS = [["-m", "sandbox"], ["-c", "from providers.cli import main; main()", "sandbox"]]


def test_a_folder_is_served_and_counted(auth0: Auth0Side) -> None:
    counts = auth0.serve(
        users=[person("1"), "", person("2", provider="samlp", connection="corp")],
        organizations=[organization("a"), organization("b")],
        members=[member("a", "auth0|1"), member("a", "samlp|2"), member("unknown", "auth0|1")],
        roles=[role("Admin")],
    )

    assert counts == {
        "users": 2,
        "connections": 2,
        "organizations": 2,
        "members": 2,
        "unreachable_members": 1,
        "roles": 1,
    }


@pytest.mark.parametrize("name", ["users.ndjson", "users.ndjson.gz"])
def test_gzip_is_known_by_content(auth0: Auth0Side, name: str) -> None:
    auth0.folder.mkdir()
    (auth0.folder / name).write_bytes(gzip.compress(json.dumps(person("1")).encode()))

    assert auth0.serve_folder(auth0.folder)["users"] == 1
    assert auth0.exported_lines(fields=[{"name": "user_id"}]) == [{"user_id": "auth0|1"}]


def test_another_tenant_takes_the_place_of_the_first_with_its_jobs(auth0: Auth0Side) -> None:
    auth0.serve(organizations=[organization("a")])
    job = auth0.export()

    auth0.serve(organizations=[organization("b")])

    assert [one.id for one in auth0.sdk.organizations.list()] == ["org_b"]
    assert auth0.get(f"jobs/{job}").status_code == 404


@pytest.mark.parametrize(
    ("files", "complaint"),
    [
        ({"users": [person("1"), "{"]}, "users.ndjson:2 is not JSON"),
        ({"users": [{"Id": "auth0|1"}]}, "users.ndjson:1 is not an object with user_id"),
        ({"users": ["[]"]}, "users.ndjson:1 is not an object with user_id"),
        ({"users": [person("1", identities={})]}, None),
        ({"users": [person("1", identities=["auth0|1"])]}, "users.ndjson:1 has identities that are not"),
        ({"organizations": [organization("a", domains=["a.example"])]}, "organizations.ndjson:1 has domains that"),
        ({"members": [{"org_id": "org_a"}]}, "members.ndjson:1 is not an object with org_id and user_id"),
        ({"roles": [{"id": "rol_a"}]}, "roles.ndjson:1 is not an object with id and name"),
    ],
)
def test_a_line_that_auth0_would_not_have_is_named_and_the_tenant_stays(
    auth0: Auth0Side, files: dict[str, list[Line | str]], complaint: str | None
) -> None:
    auth0.serve(organizations=[organization("before")])
    folder = write(auth0.folder.with_name("other"), **{"users": [], **files})

    answer = auth0.ask_control("POST", "tenant", {"folder": str(folder)})

    if complaint is None:
        assert answer.status_code == 200
        return
    assert answer.status_code == 422
    assert complaint in answer.json()["errors"][0]["message"]
    assert [one.id for one in auth0.sdk.organizations.list()] == ["org_before"]


def test_a_folder_without_users_and_a_file_that_is_cut_short_are_refused(auth0: Auth0Side) -> None:
    missing = auth0.ask_control("POST", "tenant", {"folder": str(auth0.folder)})
    auth0.folder.mkdir()
    (auth0.folder / "users.ndjson.gz").write_bytes(gzip.compress(b"{}" * 999)[:-20])
    cut = auth0.ask_control("POST", "tenant", {"folder": str(auth0.folder)})

    assert (missing.status_code, cut.status_code) == (422, 422)
    assert "has no users.ndjson" in missing.text
    assert "users.ndjson.gz cannot be read to its end" in cut.text


def test_a_reset_empties_tenant_jobs_tokens_settings_and_log(auth0: Auth0Side) -> None:
    auth0.serve(organizations=[organization("a")])
    job = auth0.export()
    before = auth0.control("GET", "auth0/settings")
    auth0.settings(job_polls=1, limited="requests", limits={"*": 1})

    auth0.control("POST", "reset")

    assert auth0.log()["total"] == 0
    assert auth0.control("GET", "auth0/settings") == before
    assert auth0.get("organizations").status_code == 401
    auth0.renew()
    assert auth0.get("organizations").json() == []
    assert auth0.get(f"jobs/{job}").status_code == 404


def test_the_logs_of_the_two_sides_do_not_mix(auth0: Auth0Side) -> None:
    auth0.serve(organizations=[organization("a")], members=[member("a", "auth0|1")])
    auth0.control("DELETE", "auth0/requests")
    httpx.get(auth0.link(auth0.export()))
    list(auth0.sdk.organizations.members.list("org_a"))
    httpx.post(f"{auth0.url}/organizations", json={"name": "Acme"}, headers={"authorization": "Bearer sk_test"})

    log = auth0.log()
    assert log["counts"] == {
        "GET /auth0/api/v2/jobs/{id}": 3,
        "GET /auth0/api/v2/organizations/{id}/members": 1,
        "GET /auth0/exports/{id}/{name}": 1,
        "POST /auth0/api/v2/jobs/users-exports": 1,
    }
    assert (log["writes"], log["total"], log["statuses"]) == (1, 6, {"200": 6})
    assert "signature" not in json.dumps(log)
    assert auth0.control("GET", "requests")["counts"] == {"POST /organizations": 1}
    assert auth0.control("DELETE", "auth0/requests")["total"] == 0
    assert auth0.control("GET", "requests")["total"] == 1


@pytest.mark.parametrize(
    "sent",
    [
        {"scope": "read:users"},
        {"scopes": [1]},
        {"page_maximum": 75},
        {"job_polls": 0},
        {"limited": "sometimes"},
        {"limits": {"*": 0}},
        {"limits": {"/api/v2/nowhere": 5}},
        {"link_requests": "1"},
    ],
)
def test_a_setting_that_does_not_exist_is_refused_whole(auth0: Auth0Side, sent: dict[str, object]) -> None:
    before = auth0.control("GET", "auth0/settings")

    assert auth0.ask_control("POST", "auth0/settings", {"latency_ms": 5, **sent}).status_code == 422
    assert auth0.control("GET", "auth0/settings") == before


def test_limits_are_set_by_the_paths_of_the_log(auth0: Auth0Side) -> None:
    path = "/api/v2/organizations/{id}/members/{user_id}/roles"

    assert auth0.settings(limits={path: 7})["limits"][path] == 7


def test_only_this_machine_controls_the_sandbox() -> None:
    async def ask(client: str) -> int:
        transport = httpx.ASGITransport(app=build_app(), client=(client, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
            return (await http.get("/_sandbox/requests")).status_code

    assert asyncio.run(ask("127.0.0.1")) == 200
    assert asyncio.run(ask("192.0.2.1")) == 403


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_process_serves_the_folder_it_is_given(tmp_path: Path, program: list[str]) -> None:
    folder = write(tmp_path, users=[person("1")], organizations=[organization("a")])
    command = [sys.executable, *program, "--tenant", str(folder)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            auth0_url = json.loads(process.stdout.readline())["auth0_url"]
            token = httpx.post(f"{auth0_url}/oauth/token", data=CREDENTIALS).json()["access_token"]
            asked = {"authorization": f"Bearer {token}"}
            listed = httpx.get(f"{auth0_url}/api/v2/organizations", headers=asked).json()
        finally:
            process.terminate()

    assert [one["id"] for one in listed] == ["org_a"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_the_process_says_what_is_wrong_with_the_folder(tmp_path: Path, program: list[str]) -> None:
    command = [sys.executable, *program, "--tenant", str(tmp_path)]

    ended = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)

    assert ended.returncode == 2
    assert "has no users.ndjson" in ended.stderr
