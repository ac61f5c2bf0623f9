"""`ferry check` as a person and a machine meet it: exit codes, text, JSON, settings of a stack.

REWRITE_GOLDEN=1 writes `acme.txt` anew; a person reads the difference before it is committed.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from click.testing import CliRunner, Result

from providers.cli import main
from providers.reports.check_document import CheckDocument
from tests.tenant import member, organization, otp, password, person, role

ROOT = Path(__file__).parents[2]
ACME = ROOT / "examples" / "acme"
GOLDEN = Path(__file__).parent / "acme.txt"
REWRITE = os.environ.get("REWRITE_GOLDEN") == "1"
FERRY = [sys.executable, "-c", "from providers.cli import main; main()"]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def ferry(*words: str) -> Result:
    return CliRunner().invoke(main, ["check", *words])


def checked(*words: str) -> dict[str, Any]:
    return dict(json.loads(ferry(*words, "--json").stdout))


def write(folder: str, **files: Iterable[Any]) -> str:
    Path(folder).mkdir()
    for name, lines in files.items():
        Path(folder, f"{name}.ndjson").write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")
    return folder


def clean() -> str:
    return write("clean", users=[person("one"), person("two")])


def stack(**config: str) -> None:
    Path("stacks").mkdir()
    text = "".join(f"  ferry:{key}: {value}\n" for key, value in config.items())
    Path("stacks/Pulumi.rehearsal.yaml").write_text(f"config:\n{text}", encoding="utf-8")


def test_the_report_on_the_sample_is_the_golden_one() -> None:
    Path("acme").symlink_to(ACME)
    done = subprocess.run([*FERRY, "check", "acme"], capture_output=True, env=environment(), check=False)
    if REWRITE:
        GOLDEN.write_bytes(done.stdout)

    assert done.stdout.decode() == GOLDEN.read_text(encoding="utf-8")
    assert (done.returncode, done.stderr) == (1, b"")


def environment() -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C", "TERM": "xterm-256color"}


def test_the_report_is_plain_text_of_eighty_columns_but_for_ids() -> None:
    lines = ferry(str(ACME)).stdout.splitlines()
    long = [line for line in lines if len(line) > 80]

    assert "\x1b" not in "".join(lines)
    assert len(long) < len(lines) / 10
    assert all(".ndjson:" in line or line.startswith("FERRY CHECK") for line in long)


def test_the_document_on_the_sample_has_its_known_numbers() -> None:
    document = checked(str(ACME))

    known = {"users": 260, "memberships": 361, "inactive_memberships": 4, "organizations": 12, "roles": 38}
    known |= {"passwords": 172, "totps": 21}
    assert {name: document["records"][name] for name in known} == known
    lines = {name: counts["lines"] for name, counts in document["files"].items()}
    assert lines == {"users": 300, "members": 401, "passwords": 205, "mfa": 34, "organizations": 12, "roles": 40}
    assert document["bill"]["total"] - 1 == 695
    counts = {finding["code"]: finding["count"] for finding in document["findings"]}
    known = {"ambiguous_email": 10, "invalid_email": 2, "merged_into_primary": 14, "no_email": 7}
    known |= {"unverified_duplicate": 7, "recovery_code": 7, "second_otp": 2, "unknown_organization": 2}
    known |= {"unknown_user": 2 + 2, "user_blocked": 2 + 4, "unsupported_hash": 2, "merged_record_not_primary": 2}
    known |= {"user_rejected:ambiguous_email": 10 + 6, "user_rejected:no_email": 10 + 2}
    known |= {"user_rejected:invalid_email": 2 + 1, "user_rejected:unverified_duplicate": 6 + 7}
    assert {code: counts[code] for code in known} == known


def test_the_document_has_its_documented_keys_and_its_buckets_add_up() -> None:
    document = checked(str(ACME))

    assert document.keys() == get_type_hints(CheckDocument).keys()
    for counts in document["files"].values():
        assert sum(counts.values()) == 2 * counts["lines"]
    refusing = [finding["refuses"] for finding in document["findings"]]
    assert refusing == sorted(refusing, reverse=True)
    assert len(set(refusing)) == 2


def test_a_clean_export_exits_0_and_a_refused_record_1() -> None:
    assert ferry(clean()).exit_code == 0
    refused = write("refused", users=[person("one"), person("two", email=None)])
    done = ferry(refused, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["clean"] is False


def test_accepted_findings_are_told_and_do_not_count_for_the_exit_code() -> None:
    folder = write(
        "refused",
        users=[person("one"), person("two", email=None)],
        organizations=[organization("acme")],
        members=[member("acme", "auth0|two")],
    )

    def code(*accepted: str) -> int:
        return ferry(folder, *(word for one in accepted for word in ("--accept", one))).exit_code

    assert code() == code("no_email") == code("user_rejected") == code("no_email", "user_rejected:invalid_email") == 1
    assert code("no_email", "user_rejected") == code("no_email", "user_rejected:no_email") == 0
    assert "no_email" in ferry(folder, "--accept", "no_email", "--accept", "user_rejected").stdout
    done = ferry(folder, "--accept", "no_emial")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "no finding has the code no_emial" in done.stderr


def test_a_clean_tenant_is_told_only_the_steps_that_apply() -> None:
    document = checked(clean())

    assert document["clean"] is True
    assert document["findings"] == []
    assert [step.split()[0] for step in document["checklist"]] == ["Request", *_ALWAYS_WITH_PASSWORDS]
    assert "2 users" in document["checklist"][0]


_ALWAYS_WITH_PASSWORDS = ["Switch", "Tell", "Rehearse", "Do", "On", "Switch"]


def test_each_way_to_sign_in_has_its_step() -> None:
    folder = write(
        "ways",
        users=[
            person("one"),
            person("two", provider="google-oauth2", connection="google-oauth2", email_verified=False),
            person("three", provider="facebook", connection="facebook"),
            person("four", provider="samlp", connection="corp"),
            person("five", provider="email", connection="email"),
            person("six", multifactor=["guardian"]),
        ],
        organizations=[organization("acme")],
        members=[member("acme", "auth0|one", "Admin", "Billing")],
        roles=[role("Admin"), role("Billing")],
        passwords=[password("one")],
        mfa=[otp("auth0|one")],
    )
    document = checked(folder)
    steps = "\n".join(document["checklist"])

    assert {(sign_in["provider"], sign_in["way"], sign_in["workos"]) for sign_in in document["sign_ins"]} == {
        ("auth0", "database", "Password"),
        ("email", "passwordless", "MagicAuth"),
        ("facebook", "none", ""),
        ("google-oauth2", "social", "GoogleOAuth"),
        ("samlp", "enterprise", "GenericSAML"),
    }
    assert document["passwords"] == {"with_hash": 1, "database_users": 2, "without_hash": 1}
    assert document["verification"] == {"must_verify": 1, "spared": 5}
    assert document["mfa"]["totps"] == document["mfa"]["authenticator_missing"] == 1
    for words in (
        "GoogleOAuth (1)",
        "with users: corp (1)",
        "now on: facebook (1)",
        "1 users of passwordless email, 1 without a password hash, 1 without a counterpart",
        "Tell 1 user to enrol",
        "1 membership with several roles",
        "1 user will be asked",
    ):
        assert words in steps
    assert "hashes of" not in steps


def test_several_roles_need_the_environments_leave_once_the_stack_has_them() -> None:
    write(
        "several",
        users=[person("one")],
        organizations=[organization("acme")],
        members=[member("acme", "auth0|one", "Admin", "Billing")],
    )
    stack(export="several", multipleRoles="true")
    document = checked("--stack", "rehearsal")

    assert document["records"]["memberships_with_several_roles"] == 1
    assert any(step.startswith("Allow several roles") for step in document["checklist"])


def test_a_stacks_plain_settings_count_and_its_secrets_do_not() -> None:
    clean()
    write("other", users=[person("three")])
    stack(
        export="clean",
        rateShare="0.5",
        skip='["auth0|two"]',
        workosApiKey="{secure: v1:not-decrypted}",
    )
    document = checked("--stack", "rehearsal")

    assert document["bill"]["rate_share"] == 0.5
    assert document["files"]["users"] == {"lines": 2, "declared": 1, "merged": 0, "refused": 0, "skipped": 1}
    assert document["exports"] == [{"tenant": "", "folder": "clean"}]
    assert checked("other", "--stack", "rehearsal")["exports"] == [{"tenant": "", "folder": "other"}]


def test_an_export_counts_instead_of_the_stacks_tenants() -> None:
    clean()
    stack(tenants="[{name: eu, export: nowhere, prefix: 'eu:'}]")

    assert checked("clean", "--stack", "rehearsal")["exports"] == [{"tenant": "", "folder": "clean"}]


@pytest.mark.parametrize(
    ("words", "config", "fault"),
    [
        ([], {}, "say what to check"),
        (["nowhere"], {}, "nowhere does not exist"),
        (["--stack", "missing"], {}, "stacks/Pulumi.missing.yaml cannot be read here"),
        (["--stack", "rehearsal"], {"rateShare": "7"}, "ferry:rateShare"),
        (["--stack", "rehearsal"], {"unknown": "x"}, "ferry:unknown"),
        (["--stack", "rehearsal"], {"workosApiKey": "sk_test_Zq7"}, "plain text"),
        (["--stack", "rehearsal"], {"export": "'"}, "no stack file"),
        (["empty"], {}, "holds no line"),
    ],
)
def test_what_cannot_run_exits_2_with_one_sentence(words: list[str], config: dict[str, str], fault: str) -> None:
    write("empty", users=[])
    stack(**config)
    done = ferry(*words, "--json")

    assert done.exit_code == 2
    assert done.stdout == ""
    assert fault in done.stderr
    assert done.stderr.startswith("ferry check: ")
    assert done.stderr.count("\n") == 1
    assert "sk_test_Zq7" not in done.stderr


def test_only_the_store_is_written() -> None:
    folder = clean()
    before = sorted(Path().rglob("*"))
    ferry(folder)

    new = set(Path().rglob("*")) - set(before)
    assert {path.suffix for path in new if path.is_file()} == {".sqlite"}
    assert {path.parts[0] for path in new} == {".ferry"}


def test_what_is_no_printable_text_in_an_export_is_told_as_an_escape() -> None:
    odd = "corp\x1b[31m\u202e"
    done = ferry(write("odd", users=[person("one", provider="samlp", connection=odd)])).stdout

    assert "samlp corp\\x1b[31m\\u202e -> GenericSAML" in done


def test_in_a_subfolder_an_export_is_what_is_typed_there_and_ferry_s_files_go_into_the_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stack's export stays relative to the project."""
    Path("Pulumi.yaml").write_text("name: ferry\n", encoding="utf-8")
    Path("exports").mkdir()
    write("exports/one", users=[person("one")])
    stack(export="exports/one")
    monkeypatch.chdir(tmp_path / "exports")

    typed, configured = checked("one"), checked("--stack", "acme/ferry/rehearsal")
    assert typed["records"] == configured["records"]
    assert {path.name for path in tmp_path.iterdir()} == {"Pulumi.yaml", "exports", "stacks", ".ferry"}
    assert {path.name for path in (tmp_path / "exports").iterdir()} == {"one"}
    assert len([*(tmp_path / ".ferry").glob("*.sqlite")]) == 1
    assert ferry("exports/one").exit_code == 2
    assert ferry("--stack", "../../x").exit_code == 2
