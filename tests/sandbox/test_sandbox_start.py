"""Starting the sandbox with limits, settings and faults: by options, and in a test's own process."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from click.testing import CliRunner

from providers.cli import main
from sandbox.auth0.tenant import Tenant, load_tenant
from sandbox.sandbox import Sandbox, Start
from sandbox.server import running
from sandbox.workos.switches import Switches, shown_switches

PROJECT = Path(__file__).parents[2]
SETTINGS = {"multiple_roles": True, "retry_after": False}
FAULTS = [{"path": "/organizations", "mode": "refuse", "status": 503, "probability": 1, "name": "busy"}]


def json_file(folder: Path, name: str, held: object) -> str:
    path = folder / name
    path.write_text(json.dumps(held))
    return str(path)


def test_the_options_are_what_a_reset_goes_back_to(tmp_path: Path) -> None:
    settings, faults = json_file(tmp_path, "settings.json", SETTINGS), json_file(tmp_path, "faults.json", FAULTS)
    command = [sys.executable, "-m", "sandbox", "--limits", "--settings", settings, "--faults", faults]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["workos_url"]
        with httpx.Client(base_url=url, headers={"authorization": "Bearer sk_test"}) as client:
            begun = client.get("/_sandbox/settings").json(), client.get("/_sandbox/faults").json()
            struck = client.get("/organizations").status_code
            client.post("/_sandbox/settings", json={"limits": False, "multiple_roles": False}).raise_for_status()
            client.delete("/_sandbox/faults")
            client.post("/organizations", json={"name": "Acme"}).raise_for_status()
            client.post("/_sandbox/reset").raise_for_status()
            again = client.get("/_sandbox/settings").json(), client.get("/_sandbox/faults").json()
            held = client.get("/_sandbox/directory").json()["organizations"]
        process.send_signal(signal.SIGTERM)
        assert (process.wait(timeout=5), process.stdout.read()) == (0, "")

    assert begun == again
    assert begun[0] == shown_switches(Switches()) | SETTINGS | {"limits": True}
    assert begun[1][0].items() >= {**FAULTS[0], "times": None, "hits": 0}.items()
    assert (struck, held) == (503, [])


def test_a_sandbox_in_this_process_is_started_alike() -> None:
    with running(Start(SETTINGS, FAULTS)) as url, httpx.Client(base_url=url) as client:
        client.post("/_sandbox/reset").raise_for_status()

        assert client.get("/_sandbox/settings").json() == shown_switches(Switches()) | SETTINGS
        assert client.get("/organizations").status_code == 503


def test_a_reset_goes_back_to_the_tenant_of_the_start() -> None:
    sandbox = Sandbox(Start(tenant=load_tenant(PROJECT / "examples" / "acme")))
    begun = sandbox.auth0.tenant.counts()
    sandbox.auth0.serve(Tenant())
    sandbox.reset()

    assert sandbox.auth0.tenant.counts() == begun
    assert begun["users"] == 300


@pytest.mark.parametrize(
    ("option", "held", "sentence"),
    [
        ("--settings", "{", "not JSON"),
        ("--settings", "[]", "must hold a JSON object"),
        ("--settings", "null", "must hold a JSON object"),
        ("--settings", '{"limit": true}', "limit should not exist."),
        ("--settings", '{"limit_window": "rolling"}', "limit_window must be sliding or fixed."),
        ("--faults", "\xff", "not JSON"),
        ("--faults", "{}", "must hold a JSON list"),
        ("--faults", '[{"path": "x"}, {"mode": "slow"}]', "path is required."),
        ("--faults", '[{"path": "x", "probability": 2}]', "probability must be 0 to 1."),
    ],
)
def test_a_wrong_file_is_named_and_refused_before_the_sandbox_listens(
    tmp_path: Path, option: str, held: str, sentence: str
) -> None:
    path = tmp_path / "wrong.json"
    path.write_bytes(held.encode("latin-1"))

    ended = CliRunner().invoke(main, ["sandbox", option, str(path)])

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"Error: {path}: {sentence}\n" in ended.stderr


@pytest.mark.parametrize("option", ["--settings", "--faults", "--tenant", "--snapshot"])
def test_a_file_that_is_not_there_is_refused(tmp_path: Path, option: str) -> None:
    ended = CliRunner().invoke(main, ["sandbox", option, str(tmp_path / "gone")])

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert "gone' does not exist." in ended.stderr


def test_a_sandbox_begins_with_the_environment_of_a_snapshot(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    with running() as url, httpx.Client(base_url=url, headers={"authorization": "Bearer sk_test"}) as client:
        client.post("/organizations", json={"name": "Acme", "external_id": "org_1"}).raise_for_status()
        kept = client.get("/_sandbox/directory").json()
        client.post("/_sandbox/snapshot", json={"path": str(path)}).raise_for_status()

    command = [sys.executable, "-m", "sandbox", "--limits", "--snapshot", str(path)]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        url = json.loads(process.stdout.readline())["workos_url"]
        with httpx.Client(base_url=url, headers={"authorization": "Bearer sk_test"}) as client:
            begun = client.get("/_sandbox/directory").json(), client.get("/_sandbox/settings").json()["limits"]
            again = client.post("/organizations", json={"name": "Acme", "external_id": "org_1"}).status_code
        process.send_signal(signal.SIGTERM)

    assert begun == (kept, True)
    assert again == 400


def test_a_file_that_is_no_snapshot_is_refused_before_the_server_listens(tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["sandbox", "--snapshot", json_file(tmp_path, "other", {})])

    assert done.exit_code == 2
    assert "not a snapshot" in done.output


def test_a_port_that_is_taken_is_said() -> None:
    with running() as url:
        port = url.rpartition(":")[2]
        ended = CliRunner().invoke(main, ["sandbox", "--port", port])

    assert (ended.exit_code, ended.stdout) == (2, "")
    assert f"port {port} cannot be used: Address already in use" in ended.stderr
