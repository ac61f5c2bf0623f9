"""A long list read from several places at once is read whole, wherever it is begun and whatever became of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from providers.workos.census import Census
from providers.workos.client import Gone, Unavailable, WorkOS
from providers.workos.listing import Listing
from tests.examples import examples
from tests.stack import Sandbox
from tests.workos.calls import LIST_USERS

PAGE = 3


class Lists:
    """WorkOS's end of a list: ids in an order of its own. Those who are doomed are deleted once they were shown, and an
    id that is not there is no cursor.
    """

    def __init__(self, ids: list[str], doomed: set[str]) -> None:
        self.ids, self.doomed = ids, doomed
        self._lock = Lock()

    def page(self, *_: str, after: str | None = None, **__: Any) -> tuple[list[dict[str, Any]], str]:
        """Three objects behind a cursor."""
        with self._lock:
            if after and after not in self.ids:
                raise Gone("cursor", 404)
            at = self.ids.index(after) + 1 if after else 0
            found = self.ids[at : at + PAGE]
            following = found[-1] if self.ids[at + PAGE :] else ""
            self.ids = [id_ for id_ in self.ids if id_ not in self.doomed.intersection(found[:-1])]
            return [{"id": one} for one in found], following


@settings(max_examples=examples(300))
@given(st.data())
def test_nothing_is_left_out(data: st.DataObject) -> None:
    """In whatever order the list is, and whichever places are gone from it, before or meanwhile."""
    ids = data.draw(st.permutations([f"user_{number}" for number in range(data.draw(st.integers(0, 20)))]))
    starts = data.draw(st.lists(st.sampled_from([*ids, "user_gone", "user_gone_too"]), unique=True))
    doomed = set(data.draw(st.lists(st.sampled_from(starts), unique=True))) if starts else set()
    lists = Lists(list(ids), doomed)
    with ThreadPoolExecutor(data.draw(st.sampled_from([1, 4]))) as pool:
        found = [one["id"] for page in Listing(cast(WorkOS, lists), starts=starts).pages(pool) for one in page]

    assert set(found) == set(ids)


def test_a_fault_of_one_walk_is_a_fault_of_the_list(door: WorkOS, workos: Sandbox) -> None:
    """Nothing counts as listed that was not."""
    for number in range(3):
        workos.call("POST", "/user_management/users", email=f"p{number}@people.example")
    workos.fault("GET", "/users$", status=500, body={}, times=None)
    with pytest.raises(Unavailable):
        list(Census(door).each_user())


@pytest.mark.slow
@pytest.mark.parametrize("places", [[], [1], [250, 120, 30], [0, 299], [150, 151, 152]])
def test_a_census_begins_where_it_is_told(door: WorkOS, workos: Sandbox, places: list[int]) -> None:
    """300 users are three pages from the beginning, and at most two more for each other place."""
    ids = [
        workos.call("POST", "/user_management/users", email=f"p{number}@people.example")["id"] for number in range(300)
    ]
    workos.clear()
    found = {
        one["id"]
        for one in Census(door, lambda *_: [*(ids[place] for place in places), "user_" + "0" * 26]).each_user()
    }

    assert found == set(ids)
    assert workos.asked()[LIST_USERS] <= 3 + 3 + 2 * len(places)


@pytest.mark.slow
def test_the_memberships_of_a_large_organization_are_begun_where_it_is_told(door: WorkOS, workos: Sandbox) -> None:
    """From the tenth page on."""
    organization = workos.call("POST", "/organizations", name="large", external_id="org_large")["id"]
    ids = []
    for number in range(1_150):
        user = workos.call("POST", "/user_management/users", email=f"p{number}@people.example")["id"]
        ids.append(
            workos.call(
                "POST", "/user_management/organization_memberships", user_id=user, organization_id=organization
            )["id"]
        )
    asked: list[tuple[str, str]] = []

    def known(kind: str, of: str) -> list[str]:
        asked.append((kind, of))
        return ids[300::300]

    found = Census(door, known).memberships([organization])

    assert found.keys() == set(ids)
    assert asked == [("memberships", "org_large")]
