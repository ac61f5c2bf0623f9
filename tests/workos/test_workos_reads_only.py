"""A door that only reads sends no request that writes, whoever asks for it."""

from __future__ import annotations

from contextlib import closing

import pytest

from providers.workos.client import WorkOS
from providers.workos.reads_only import WriteRefused
from tests.stack import KEY, Sandbox


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_write_is_refused_before_it_is_sent(workos: Sandbox, method: str) -> None:
    with closing(WorkOS(KEY, workos.url, 1.0, reads_only=True)) as door:
        assert door.call("GET", "user_management", "users")["data"] == []
        with pytest.raises(WriteRefused, match=f"{method} /user_management/users was refused"):
            door.call(method, "user_management", "users", body={"email": "a@people.example"})

    assert workos.asked() == {"GET /user_management/users": 1}
