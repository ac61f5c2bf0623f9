"""Names that a terminal or the engine would obey: Ferry prints them as text, wherever it prints them."""

from __future__ import annotations

import pytest

from tests.stack import Sandbox, Stack
from tests.tenant import organization, person

pytestmark = pytest.mark.engine

TAGGED, AS_TEXT = "auth0|x<{%fg 1%}>y", "auth0|x<{\\x25fg 1%}>y"


def test_colour_tags_and_control_codes_come_out_as_text(stack: Stack, workos: Sandbox) -> None:
    """Of an external id in Ferry's lines, and of WorkOS's message in the verdict; the engine would leave a tag out."""
    stack.exports(users=[{**person("x", given_name="Ann"), "user_id": TAGGED}], organizations=[organization("one")])
    body = {"code": "no<{%fg 2%}>", "message": "stop\x1b[31m\nSUCCESS"}
    workos.fault("POST", "/users$", times=None, status=422, body=body)
    said = stack.up(fails=True).said
    (failed,) = [line for line in said.splitlines() if line.lstrip().startswith("failed users")]
    assert f"failed users {AS_TEXT}: " in failed
    assert "no<{\\x25fg 2%}>" in failed
    assert "\x1b" not in said
    assert not any(line.strip().startswith("SUCCESS") for line in said.splitlines())

    workos.clear_faults()
    planned = stack.ferry("plan", code=1).said
    assert f"+ create user {AS_TEXT}" in planned
    stack.up()
    workos.call("PUT", f"/user_management/users/{workos.users()[TAGGED]['id']}", first_name="Eve")
    assert f"drift: users {AS_TEXT}: first_name changed in WorkOS" in stack.refresh("--run-program").said
    assert f"user {AS_TEXT}: first_name" in stack.ferry("verify", code=1).said
    assert stack.findings() == []
