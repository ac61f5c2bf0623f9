"""A whole download: the files, what the manifest says of them, what was asked of Auth0 and what a person is told."""

import hashlib
import json
from pathlib import Path
from shutil import copy

from providers.auth0.download.users import FIELDS
from tests.auth0.download.download import FILES, Download, serve_crowd
from tests.sandbox.auth0.auth0_side import Auth0Side
from tests.stack import ROOT
from tests.tenant import Line, member, organization, person, read, role

ACME = ROOT / "examples" / "acme"


def sample(kind: str) -> list[Line]:
    """The lines of the sample export."""
    return [json.loads(line) for line in (ACME / f"{kind}.ndjson").read_text("utf-8").splitlines()]


def exported(user: Line) -> Line:
    """What an export job gives of a user: the fields asked for, without nulls and tokens of identity providers."""
    identities = [{key: part for key, part in one.items() if "token" not in key} for one in user.get("identities", ())]
    shown = {**user, "identities": identities} if "identities" in user else user
    return {key: value for key, value in shown.items() if key in FIELDS and value is not None}


def in_any_order(lines: list[Line]) -> list[str]:
    return sorted(json.dumps(line, sort_keys=True) for line in lines)


def test_the_sample_tenant_arrives_as_the_sample_export(auth0: Auth0Side, download: Download) -> None:
    auth0.serve_folder(ACME)

    download.run()

    assert in_any_order(download.lines("users")) == in_any_order([exported(line) for line in sample("users")])
    assert download.lines("organizations") == sample("organizations")
    assert download.lines("roles") == sample("roles")
    reachable = [line for line in sample("members") if not line["org_id"].startswith("org_unknown")]
    assert set(in_any_order(download.lines("members"))) == set(in_any_order(reachable))
    assert len(set(download.members())) == len(download.members())


def test_what_arrives_is_read_as_the_same_directory(auth0: Auth0Side, download: Download) -> None:
    auth0.serve_folder(ACME)
    download.run()
    for name in ("passwords.ndjson", "mfa.ndjson"):
        copy(ACME / name, download.folder)

    ours, theirs = read(download.folder), read(ACME)

    assert [user.external_id for user in ours.directory.users] == [user.external_id for user in theirs.directory.users]
    assert ours.directory.organizations == theirs.directory.organizations
    assert ours.directory.memberships == theirs.directory.memberships
    assert ours.directory.roles == theirs.directory.roles


def test_only_the_owner_can_read_the_files_and_nothing_else_is_left(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)
    download.folder.mkdir(parents=True, mode=0o755)

    download.run()

    files = {f"{kind}.ndjson": 0o600 for kind in FILES}
    assert download.modes() == {".": 0o700, **files, "manifest.json": 0o600}


def test_the_manifest_describes_the_files(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0, organizations=2, members=3)

    download.run()
    document = download.manifest()

    def described(path: Path) -> Line:
        data = path.read_bytes()
        return {"lines": data.count(b"\n"), "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}

    assert document["files"] == {f"{kind}.ndjson": described(download.folder / f"{kind}.ndjson") for kind in FILES}
    assert document["files"]["members.ndjson"]["lines"] == 6
    assert (document["tenant"], document["domain"], document["remarks"]) == ("acme", "acme.eu.auth0.com", [])
    assert document["fields"] == list(FIELDS)
    assert document["started"] <= document["time"]
    assert document["time"].endswith("Z")


def test_one_job_brings_all_users_and_no_call_is_about_a_single_one(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0, organizations=2, members=120)

    download.run()

    api = "/auth0/api/v2"
    assert auth0.log()["counts"] == {
        "POST /auth0/oauth/token": 1,
        f"POST {api}/jobs/users-exports": 1,
        f"GET {api}/jobs/{{id}}": 1,
        "GET /auth0/exports/{id}/{name}": 1,
        f"GET {api}/roles": 1,
        f"GET {api}/organizations": 1,
        f"GET {api}/organizations/{{id}}/members": 6,
        f"GET {api}/organizations/{{id}}/discovery-domains": 2,
        f"GET {api}/organizations/{{id}}/enabled_connections": 2,
    }
    assert len(download.lines("members")) == 240


def test_domains_and_connections_stand_in_the_line_of_their_organization(auth0: Auth0Side, download: Download) -> None:
    connections = [{"connection_id": f"con_{number}", "connection": {"name": str(number)}} for number in range(120)]
    domains = [{"domain": "a.example", "status": "verified"}, {"domain": "b.example", "status": "pending"}]
    lines = [organization("a", domains=domains, enabled_connections=connections), organization("b")]
    auth0.serve(organizations=lines)

    download.run()

    assert download.lines("organizations") == lines
    assert download.asked("/enabled_connections") == 4


def test_an_empty_tenant_has_empty_files(auth0: Auth0Side, download: Download) -> None:
    auth0.serve()

    assert "0 users, 0 organizations, 0 members, 0 roles" in download.run()
    assert [download.lines(kind) for kind in FILES] == [[], [], [], []]


def test_the_next_steps_are_told(auth0: Auth0Side, download: Download) -> None:
    serve_crowd(auth0)

    said = download.run()

    assert "3 organizations, 6 members" in said
    assert "password hashes and MFA secrets. Ask Auth0 support" in said
    assert f"Next: ferry check {download.folder}" in said


def test_without_a_folder_the_tenant_names_it(auth0: Auth0Side, download: Download, tmp_path: Path) -> None:
    serve_crowd(auth0)
    process = download.start_in(tmp_path)

    assert process.returncode == 0, process.stdout
    assert (tmp_path / "exports" / "acme" / "manifest.json").exists()


def test_without_a_folder_it_goes_into_the_project_from_any_subfolder(
    auth0: Auth0Side, download: Download, tmp_path: Path
) -> None:
    """The next step can be typed where the person stands."""
    serve_crowd(auth0)
    (tmp_path / "Pulumi.yaml").write_text("name: ferry\n", encoding="utf-8")
    (tmp_path / "below").mkdir()
    process = download.start_in(tmp_path / "below")

    assert (tmp_path / "exports" / "acme" / "manifest.json").exists()
    assert "Next: ferry check ../exports/acme" in process.stdout
    assert [*(tmp_path / "below").iterdir()] == []


def test_more_roles_than_auth0_can_list_are_told_as_missing(auth0: Auth0Side, download: Download) -> None:
    auth0.serve(roles=[role(f"{number:04}") for number in range(1003)])

    said = download.run(code=1)

    assert "missing: Auth0 counts 1,003 role(s) and gave 1,000: its lists of this kind end at 1,000" in said
    assert len(download.lines("roles")) == 1000
    assert len(download.manifest()["remarks"]) == 1


def test_odd_records_arrive_as_they_are(auth0: Auth0Side, download: Download) -> None:
    odd = {"id": "org_b", "name": 7, "metadata": {"key": 1.5, "list": [None]}, "branding": "none", "new": {"ñ": []}}
    auth0.serve(
        users=[person("1", email_verified="1@people.example", created_at="yesterday")],
        organizations=[organization("a"), odd, organization("c")],
        members=[member("b", "auth0|1"), {**member("c", "auth0|1"), "roles": []}],
    )

    download.run()

    assert download.lines("organizations")[1] == odd
    assert download.members() == [("org_b", "auth0|1"), ("org_c", "auth0|1")]
    assert download.lines("users")[0]["email_verified"] == "1@people.example"
