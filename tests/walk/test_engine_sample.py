"""The sample export, from an empty environment to some days later: exactly what its `expected` folders say."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.expectation import Expected, lines_in
from tests.expected_outcome import expect_workos_to_be
from tests.stack import ROOT, Sandbox, Stack

pytestmark = pytest.mark.engine

ACME = ROOT / "tests" / "cases" / "acme"
CONFIGURED_KEY = "sk_test_configured_as_a_secret"
#: What WorkOS must hold of either version.
EXPECTED = {version: Expected(ACME / version) for version in ("first", "later")}


def expect_the_summary_to_add_up(version: str, summary: dict[str, dict[str, int]]) -> None:
    """Every line is in one bucket, and the counts are the sample's."""
    for counts in summary.values():
        assert counts["lines"] == sum(counts[name] for name in ("declared", "merged", "refused", "skipped"))
        assert (counts["failed"], counts["pending"]) == (0, 0)
    wanted = EXPECTED[version].summary
    assert {kind: summary[kind]["lines"] for kind in wanted["lines"]} == wanted["lines"]
    assert summary["users"]["declared"] == wanted["expected"]["users"]
    assert summary["users"]["merged"] == wanted["rejects"]["users:merged_into_primary"]
    assert summary["members"]["declared"] == wanted["expected"]["memberships"]


def expect_findings_for_all_rejects(version: str, findings: list[dict[str, Any]]) -> None:
    """Each with the real file's name, and the line on which the record stands."""
    found = Counter((finding["file"], finding["external_id"], finding["code"]) for finding in findings)
    rejects = EXPECTED[version].lines("rejects")
    wanted = Counter((f"{reject['file']}.ndjson", reject["id"], reject["reason"]) for reject in rejects)

    assert wanted - found == Counter()
    assert all(finding["line"] > 0 and finding["message"] for finding in findings)


def secrets() -> list[bytes]:
    """Every hash and authenticator secret of both versions, and the API key."""
    found = {CONFIGURED_KEY}
    for version in ("first", "later"):
        found |= {one["passwordHash"] for one in lines_in(ACME / version / "passwords.ndjson")}
        found |= {one["otp_secret"] for one in lines_in(ACME / version / "mfa.ndjson") if one.get("otp_secret")}
    return [secret.encode() for secret in sorted(found)]


def expect_no_secret_outside_the_export(stack: Stack) -> None:
    """Not in the project, its `.ferry` and reports, the backend, the home folder, nor in anything that was said."""
    own = [path for path in stack.folder.rglob("*") if path.is_file() and not path.is_symlink()]
    texts = {str(path.relative_to(stack.folder)): path.read_bytes() for path in own}
    texts["said"] = "\n".join(stack.said).encode()

    assert [name for name, text in texts.items() if any(secret in text for secret in secrets())] == []
    assert any(name.endswith(".sqlite") for name in texts)
    assert any(name.endswith("findings.jsonl") for name in texts)
    assert any(name.endswith("dev.json") for name in texts)


@pytest.mark.calm  # the only test that counts every request as it was sent; its twin below has the weather
def test_the_sample_reaches_workos_exactly_and_with_the_fewest_writes(
    stack: Stack, workos: Sandbox, subtests: pytest.Subtests
) -> None:
    """Preview, up, up, the export of some days later, and up again, configured by hand as a new user would."""
    workos.settings(multiple_roles=True)
    for name in ("WORKOS_API_KEY", "WORKOS_BASE_URL"):
        del stack.environment[name]
    stack.pulumi("config", "set", "ferry:export", str(ACME / "first"))
    stack.pulumi("config", "set", "ferry:multipleRoles", "true")
    stack.pulumi("config", "set", "ferry:workosBaseUrl", workos.url)
    stack.pulumi("config", "set", "--secret", "ferry:workosApiKey", CONFIGURED_KEY)

    with subtests.test("preview sends nothing that writes"):
        stack.preview()
        assert workos.requests()["total"] == 0

    with subtests.test("up writes what is missing, each object once"):
        stack.up()
        asked = workos.requests()
        assert asked["writes"] == EXPECTED["first"].summary["minimal_writes_from_empty"]
        assert asked["reads"] <= 2
        expect_workos_to_be(EXPECTED["first"], workos)

    with subtests.test("the summary and the findings account for every line"):
        expect_the_summary_to_add_up("first", stack.summary())
        expect_findings_for_all_rejects("first", stack.findings())

    with subtests.test("a second up asks nothing"):
        workos.clear()
        stack.up()
        assert workos.requests()["total"] == 0

    stack.pulumi("config", "set", "ferry:export", str(ACME / "later"))
    stack.pulumi("config", "set", "ferry:removed", "delete")
    with subtests.test("days later only what changed is written"):
        workos.clear()
        stack.up()
        assert workos.requests()["writes"] == EXPECTED["later"].summary["minimal_writes_from_first"]
        expect_workos_to_be(EXPECTED["later"], workos)
        expect_the_summary_to_add_up("later", stack.summary())
        expect_findings_for_all_rejects("later", stack.findings())

    with subtests.test("and up again asks nothing"):
        workos.clear()
        stack.up()
        assert workos.requests()["total"] == 0

    with subtests.test("no secret is anywhere but in the export"):
        expect_no_secret_outside_the_export(stack)


def test_the_sample_reaches_workos_exactly_in_bad_weather(stack: Stack, workos: Sandbox) -> None:
    """Limits, lost answers, a busy server, lists that lag: the same directory, no object twice, no write too many."""
    workos.settings(multiple_roles=True)
    stack.configure(export=str(ACME / "first"), multipleRoles=True)
    stack.up()
    asked = workos.requests()

    assert asked["writes"] == EXPECTED["first"].summary["minimal_writes_from_empty"]
    assert asked["statuses"]["dropped"] > 20
    expect_workos_to_be(EXPECTED["first"], workos)
    workos.clear()
    stack.up()
    assert workos.requests()["total"] == 0
