"""Records whose turns fall together: what one gives up for another is written once."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from providers.workos.client import WorkOS
from providers.workos.kinds import Written
from providers.workos.organizations import Organizations
from providers.workos.users import Users
from tests.stack import KEY, Sandbox
from tests.workos.between import Between
from tests.workos.calls import DELETE_USER, GET_ORGANIZATION, POST_USER, PUT_ORGANIZATION, PUT_USER
from tests.workos.declaration import Declaration, organization, user

#: Long enough for two calls to be under way together.
LATENCY_MS = 100


def there(workos: Sandbox, name: str, **more: object) -> Written:
    """A user that an earlier run made."""
    fields = user(name, **more)
    body = {key: value for key, value in fields.items() if value}
    return Written(workos.call("POST", "/user_management/users", **body)["id"], fields)


def together(*calls: Callable[[], object]) -> None:
    """All at the same time."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for one in [pool.submit(call) for call in calls]:
            one.result()


def test_of_two_users_who_swap_at_once_one_is_parked(door: WorkOS, declared: Declaration, workos: Sandbox) -> None:
    """Three changes are made, and three at most are refused on the way."""
    ann, bee = there(workos, "ann"), there(workos, "bee")
    to_bee = declared.declares_user("ann", email="bee@people.example")
    to_ann = declared.declares_user("bee", email="ann@people.example")
    users = Users(door, declared)
    workos.settings(latency_ms=LATENCY_MS)
    workos.clear()
    together(lambda: users.change(ann, to_bee), lambda: users.change(bee, to_ann))

    asked = workos.requests()
    assert {key: one["email"][:3] for key, one in workos.users().items()} == {"auth0|ann": "bee", "auth0|bee": "ann"}
    assert asked["statuses"].get("200", 0) - asked["reads"] == 3
    assert asked["writes"] <= 6
    workos.settings(latency_ms=0)


def test_an_email_given_up_while_its_holder_waits_is_not_written_again(declared: Declaration, workos: Sandbox) -> None:
    """Ann wants Bee's email and is refused; before she tries again Bee has another, and Cee took Ann's."""
    ann, bee = there(workos, "ann"), there(workos, "bee")
    to_bee = declared.declares_user("ann", email="bee@people.example")
    to_free = declared.declares_user("bee", email="free@people.example")
    cee = declared.declares_user("cee", email="ann@people.example")

    def others() -> None:
        busy.change(bee, to_free)
        busy.create(Written(), cee)

    between = Between("GET", "/user_management/users", others)
    with closing(WorkOS(KEY, workos.url, rate_share=1.0, inner=between)) as door:
        busy = Users(door, declared)
        workos.clear()
        busy.change(ann, to_bee)

    assert workos.writes() == {PUT_USER: 3, POST_USER: 2}
    assert workos.users()["auth0|ann"]["email"] == "bee@people.example"
    assert ann.applied["email"] == "bee@people.example"


def test_a_user_that_two_records_remove_at_once_is_removed_once(
    door: WorkOS, declared: Declaration, workos: Sandbox
) -> None:
    """Its own turn, and a new user who is to have its email."""
    ann = there(workos, "ann")
    users = Users(door, declared)
    workos.settings(latency_ms=LATENCY_MS)
    workos.clear()
    together(*[lambda: users.remove(ann.id)] * 2)

    assert workos.writes() == {DELETE_USER: 1}
    workos.settings(latency_ms=0)


def test_a_domain_taken_while_its_holder_waits_is_not_given_up_again(declared: Declaration, workos: Sandbox) -> None:
    """Acme's metadata takes two requests; between them Beta takes the domain that Acme gives up."""
    pairs = {str(number): "x" for number in range(30)}
    domain = [{"domain": "acme.example", "state": "pending"}]
    body = {"name": "Acme", "external_id": "org_acme", "domain_data": domain, "metadata": pairs}
    id_ = workos.call("POST", "/organizations", **body)["id"]
    acme = Written(id_, organization("acme", domains=["acme.example"], metadata=pairs))
    other = declared.declares_organization("acme", metadata={f"new {key}": "x" for key in pairs})
    beta = declared.declares_organization("beta", domains=["acme.example"])
    between = Between("PUT", id_, lambda: busy.create(Written(), beta))
    with closing(WorkOS(KEY, workos.url, rate_share=1.0, inner=between)) as door:
        busy = Organizations(door, declared)
        workos.clear()
        busy.change(acme, other)

    assert (workos.asked()[PUT_ORGANIZATION], workos.asked()[GET_ORGANIZATION]) == (3, 1)
    assert acme.applied == other
    assert {key: set(one["domains"]) for key, one in workos.organizations().items()} == {
        "org_acme": set(),
        "org_beta": {"acme.example"},
    }
