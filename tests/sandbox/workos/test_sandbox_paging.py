"""Pages: order, cursors, limits; and the series they are cut from."""

from bisect import insort

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from workos import WorkOSClient

from sandbox.http.identifiers import Registrar
from sandbox.workos.series import BLOCK, PageRequest, Series, cut_page

ORGANIZATIONS = "/organizations"


def make(workos: WorkOSClient, count: int) -> list[str]:
    """Make organizations and return their ids in order of creation."""
    return [workos.organizations.create_organization(name=f"Organization {index}").id for index in range(count)]


def test_ids_sort_by_creation_and_repeat_after_a_reset(workos: WorkOSClient, http: httpx.Client) -> None:
    first = make(workos, 40)
    http.post("/_sandbox/reset").raise_for_status()

    assert first == sorted(first)
    assert make(workos, 40) == first


def test_a_page_holds_ten_newest_first_unless_told(workos: WorkOSClient) -> None:
    made = make(workos, 12)

    page = workos.organizations.list_organizations()

    assert [one.id for one in page.data] == made[:1:-1]
    assert (page.before, page.after) == (None, made[2])


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 5, 7, 100])
def test_paging_on_gives_every_object_once_in_order(workos: WorkOSClient, order: str, limit: int) -> None:
    made = make(workos, 15)

    page = workos.organizations.list_organizations(limit=limit, order=order)
    seen = [one.id for one in page.auto_paging_iter()]

    assert seen == (made if order == "asc" else made[::-1])


def test_before_gives_the_nearest_page_back_in_the_same_order(workos: WorkOSClient) -> None:
    made = make(workos, 9)
    newest_first = made[::-1]

    page = workos.organizations.list_organizations(limit=3, before=newest_first[6])

    assert [one.id for one in page.data] == newest_first[3:6]
    assert (page.before, page.after) == (newest_first[3], newest_first[5])
    assert [
        one.id for one in workos.organizations.list_organizations(limit=3, order="asc", before=made[2]).data
    ] == made[:2]


def test_normal_order_is_newest_first_with_reversed_cursors(workos: WorkOSClient) -> None:
    made = make(workos, 9)

    older = workos.organizations.list_organizations(limit=3, order="normal", before=made[5])
    newer = workos.organizations.list_organizations(limit=3, order="normal", after=made[5])

    assert [one.id for one in older.data] == [made[4], made[3], made[2]]
    assert (older.before, older.after) == (made[2], made[4])
    assert [one.id for one in newer.data] == [made[8], made[7], made[6]]
    assert (newer.before, newer.after) == (made[6], None)


def test_a_cursor_keeps_its_place_when_its_object_is_deleted_during_a_scan(workos: WorkOSClient) -> None:
    made = make(workos, 6)
    first = workos.organizations.list_organizations(limit=2, order="asc")
    for one in first.data:
        workos.organizations.delete_organization(one.id)

    second = workos.organizations.list_organizations(limit=10, order="asc", after=first.after)

    assert [one.id for one in second.data] == made[2:]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "101"},
        {"limit": "-1"},
        {"limit": "ten"},
        {"limit": "9" * 5000},
        {"order": "up"},
        {"after": "user_01HK153X01G7KPY9XZ0000000A"},
        {"after": "org_1"},
        {"after": "org_01HK153X01G7KPY9XZ0000000A", "before": "org_01HK153X01G7KPY9XZ0000000A"},
        {"page": "2"},
    ],
)
def test_paging_outside_the_schema_is_refused(http: httpx.Client, query: dict[str, str]) -> None:
    answer = http.get(ORGANIZATIONS, params=query)

    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_request_parameters")


def test_an_empty_list_has_no_cursors(http: httpx.Client) -> None:
    assert http.get(ORGANIZATIONS).json() == {
        "object": "list",
        "data": [],
        "list_metadata": {"before": None, "after": None},
    }


def test_ids_stay_unique_and_sorted_far_beyond_one_block() -> None:
    registrar = Registrar()

    made = [registrar.identify("user")[0] for _ in range(5000)]

    assert made == sorted(set(made))


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 60)), max_size=120), st.integers(0, 60))
def test_a_series_walks_like_a_sorted_list(changes: list[tuple[bool, int]], cursor: int) -> None:
    series, model = Series(), list[str]()
    for add, number in changes:
        identifier = f"x{number:02d}"
        if add and identifier not in model:
            series.add(identifier)
            insort(model, identifier)
        elif not add and identifier in model:
            series.remove(identifier)
            model.remove(identifier)
    place = f"x{cursor:02d}"

    assert list(series.newer(None)) == model
    assert list(series.older(None)) == model[::-1]
    assert list(series.newer(place)) == [one for one in model if one > place]
    assert list(series.older(place)) == [one for one in model if one < place][::-1]
    assert bool(series) == bool(model)


def test_a_series_splits_its_blocks_and_loses_nothing() -> None:
    series = Series()
    numbers = [f"{index * 7919 % 10007:05d}" for index in range(3 * BLOCK)]
    for number in numbers:
        series.add(number)
    for number in numbers[::2]:
        series.remove(number)

    assert list(series.newer(None)) == sorted(numbers[1::2])


def test_a_page_of_several_series_is_the_page_of_their_union() -> None:
    odd, even = Series(), Series()
    for index in range(10):
        (odd if index % 2 else even).add(f"{index}")

    page = cut_page([odd, even], PageRequest(limit=4, order="desc", before=None, after="8"))

    assert (page.identifiers, page.before, page.after) == (["7", "6", "5", "4"], "7", "4")
