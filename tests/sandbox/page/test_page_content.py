"""What a person sees of a rehearsal on the page."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Locator, Route, expect
from workos import WorkOSClient
from workos.user_management._resource import PasswordHashed

from tests.sandbox.page.watched import Watched

pytestmark = pytest.mark.browser

BCRYPT = "$2b$10$" + "A" * 53
SECRET = "JBSWY3DPEHPK3PXP"
USERS = "/user_management/users"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"


def people(workos: WorkOSClient, count: int, first: int = 0) -> list[str]:
    """Create users; their WorkOS ids."""
    create = workos.user_management.create_user
    return [
        create(email=f"p{number}@example.com", external_id=f"auth0|{number:03}").id
        for number in range(first, first + count)
    ]


@pytest.fixture
def rehearsed(workos: WorkOSClient, http: httpx.Client) -> dict[str, str]:
    """Three users, one of them with everything, an organization, two memberships, a role; WorkOS ids of the first."""
    user = workos.user_management.create_user(
        email="ada@example.com",
        first_name="Ada",
        last_name="Lovelace",
        external_id="auth0|ada",
        email_verified=True,
        password=PasswordHashed(password_hash=BCRYPT, password_hash_type="bcrypt"),
    ).id
    workos.mfa.create_user_auth_factor(user, type="totp", totp_secret=SECRET)
    organization = workos.organizations.create_organization(name="Acme Foundry", external_id="org_acme").id
    members = [user, *people(workos, 2)]
    memberships = [
        workos.organization_membership.create_organization_membership(user_id=member, organization_id=organization).id
        for member in members[:2]
    ]
    workos.organization_membership.deactivate_organization_membership(memberships[1])
    workos.authorization.create_environment_role(slug="admin", name="Admin")
    http.delete("/_sandbox/requests").raise_for_status()
    return {"user": user, "organization": organization, "membership": memberships[0]}


def tab(watched: Watched, name: str) -> Locator:
    """The tab of a kind."""
    return watched.page.get_by_role("tab", name=re.compile(f"^{name}"))


def rows(watched: Watched) -> Locator:
    """The rows of the table below the tabs, without its head."""
    return watched.page.locator("#listed tbody").get_by_role("row")


def request(watched: Watched, text: str) -> Locator:
    """The requests with this text."""
    return watched.page.get_by_role("region", name="Last requests").get_by_role("listitem").filter(has_text=text)


def figure(watched: Watched, name: str) -> Locator:
    """A number of the traffic."""
    return watched.page.get_by_role("region", name="Traffic").locator(f'div:has(> dt:text-is("{name}")) > dd')


def test_counts_and_tables_show_what_was_created(watched: Watched, rehearsed: dict[str, str]) -> None:
    page = watched.open()

    expect(tab(watched, "Users")).to_have_text(re.compile("3$"))
    expect(tab(watched, "Organizations")).to_have_text(re.compile("1$"))
    expect(tab(watched, "Memberships")).to_contain_text("1 active, 1 inactive")
    expect(tab(watched, "Roles")).to_have_text(re.compile("2$"))
    expect(page.get_by_role("table", name="Users")).to_be_visible()
    expect(rows(watched)).to_have_count(3)
    assert [cell.inner_text().split() for cell in rows(watched).nth(2).get_by_role("cell").all()] == [
        ["auth0|ada", rehearsed["user"]],
        ["verified"],
        ["bcrypt"],
        ["1"],
    ]
    expect(rows(watched).nth(0)).to_contain_text(re.compile("auth0.001.*unverified.*none.*none", re.S))

    tab(watched, "Organizations").click()
    expect(page.get_by_role("table", name="Organizations")).to_be_visible()
    expect(rows(watched)).to_contain_text(["Acme Foundry"])
    tab(watched, "Memberships").click()
    expect(rows(watched)).to_contain_text(["inactive", "active"])
    expect(rows(watched).locator(".status.good")).to_have_text("active")
    expect(rows(watched).nth(1)).to_contain_text(re.compile("auth0.ada.*Acme Foundry.*org_acme.*member", re.S))
    tab(watched, "Roles").click()
    expect(rows(watched)).to_contain_text(["Admin", "Member"])


def test_what_happens_while_the_page_is_open_appears(watched: Watched, workos: WorkOSClient) -> None:
    page = watched.open()
    expect(page.get_by_text("No users yet.")).to_be_visible()
    expect(page.get_by_text("any key that starts with sk_test_")).to_be_visible()

    people(workos, 2)
    watched.tick()

    expect(rows(watched)).to_contain_text(["auth0|001", "auth0|000"])
    expect(tab(watched, "Users")).to_have_text(re.compile("2$"))
    expect(request(watched, "POST /user_management/users")).to_have_count(2)


def test_each_request_is_worded_with_its_status(watched: Watched, http: httpx.Client) -> None:
    http.post(
        "/_sandbox/faults",
        json=[{"path": "/gone$", "name": "outage"}, {"path": "/lost$", "mode": "drop_after", "times": 2}],
    )
    http.post(USERS, json={"email": "ada@example.com", "external_id": "auth0|1"})
    http.get(f"{USERS}/external_id/auth0|2")
    http.get(f"{USERS}/gone")
    for _ in range(2):
        with pytest.raises(httpx.TransportError):
            http.get(f"{USERS}/lost")
    watched.open()

    expect(request(watched, "auth0|1")).to_contain_text("201 Created")
    expect(request(watched, "auth0|2")).to_contain_text("404 Not Found")
    expect(request(watched, "fault outage")).to_contain_text("500 Internal Server Error")
    expect(request(watched, "fault drop_after").first).to_contain_text("dropped")
    colours = {
        word: request(watched, word).locator(".status").evaluate("element => getComputedStyle(element).color")
        for word in ("201", "404", "500")
    }
    assert len(set(colours.values())) == 3
    for name, number in {"Writes": 1, "Reads": 4, "Refused (4xx)": 1, "Failed (5xx)": 1, "Dropped": 2}.items():
        expect(figure(watched, name)).to_have_text(str(number))
    expect(watched.page.get_by_role("region", name="Armed").get_by_role("listitem")).to_contain_text(
        [r"struck 1", r"struck 2"]
    )
    expect(figure(watched, "Auth0 requests")).to_have_count(0)


def test_a_request_over_a_limit_is_told_from_other_refusals_and_is_no_write(
    watched: Watched, http: httpx.Client
) -> None:
    http.post("/_sandbox/settings", json={"limits": True}).raise_for_status()
    page = watched.open()
    for _ in range(60):
        http.delete("/organizations/org_gone")
    http.post("/organizations", json={"name": "Acme"}).raise_for_status()
    http.get("/auth0/api/v2/roles")
    watched.tick()

    for name, number in {"Writes": 61, "Limited (429)": 10, "Refused (4xx)": 50, "Auth0 requests": 1}.items():
        expect(figure(watched, name)).to_have_text(str(number))
    expect(page.locator("#rate")).to_have_text("1")


def test_the_write_rate_is_that_of_the_last_second(watched: Watched, workos: WorkOSClient, http: httpx.Client) -> None:
    people(workos, 5)
    page = watched.open()
    rate, spark = page.locator("#rate"), page.get_by_role("img", name="Writes per second")
    expect(rate).to_have_text("\u2013")

    people(workos, 7, first=5)
    http.get(USERS)
    watched.tick()
    expect(rate).to_have_text("7")
    expect(spark).to_have_accessible_name(re.compile("peak 7/s"))
    first = page.locator("#spark-line").get_attribute("d")
    watched.tick()
    expect(rate).to_have_text("0")
    expect(spark).to_have_accessible_name(re.compile("peak 7/s"))
    assert page.locator("#spark-line").get_attribute("d") != first

    http.delete("/_sandbox/requests").raise_for_status()
    people(workos, 3, first=12)
    watched.tick()
    expect(rate).to_have_text("3")
    watched.tick(60_000)
    expect(spark).to_have_accessible_name(re.compile("peak 0/s"))


def test_what_is_armed_is_named(watched: Watched, http: httpx.Client) -> None:
    page = watched.open()
    armed = page.get_by_role("region", name="Armed")
    expect(armed).to_contain_text("nothing")

    fault = {"path": "/users$", "method": "POST", "status": 503, "name": "outage", "probability": 0.25}
    http.post("/_sandbox/faults", json=[fault]).raise_for_status()
    http.post("/_sandbox/settings", json={"latency_ms": 3, "limits": True}).raise_for_status()
    watched.tick()

    expect(armed.get_by_role("listitem")).to_have_text(
        ["outage refuse 503 POST /users$ · 25 % · struck 0", "latency_ms 3", "limits true"]
    )


def test_pages_go_to_older_objects_and_back(watched: Watched, workos: WorkOSClient) -> None:
    people(workos, 45)
    page = watched.open()
    older, newer, newest = (page.get_by_role("button", name=name) for name in ("Older", "Newer", "Newest"))
    expect(rows(watched)).to_have_count(20)
    expect(rows(watched).first).to_contain_text("auth0|044")
    expect(newer).to_be_disabled()

    older.click()
    expect(rows(watched).first).to_contain_text("auth0|024")
    people(workos, 1, first=45)
    watched.tick()
    expect(tab(watched, "Users")).to_have_text(re.compile("46$"))
    expect(rows(watched).first).to_contain_text("auth0|024")
    older.click()
    expect(rows(watched)).to_have_count(5)
    expect(page.get_by_text("Page 3")).to_be_visible()
    expect(older).to_be_disabled()
    newer.click()
    expect(rows(watched).first).to_contain_text("auth0|024")
    newest.click()
    expect(rows(watched).first).to_contain_text("auth0|045")


def test_a_second_click_before_the_answer_skips_no_page(watched: Watched, workos: WorkOSClient) -> None:
    people(workos, 45)
    page = watched.open()
    older, newer = (page.get_by_role("button", name=name) for name in ("Older", "Newer"))

    older.dblclick()
    expect(page.get_by_text("Page 2")).to_be_visible()
    expect(rows(watched).first).to_contain_text("auth0|024")
    newer.dblclick()
    expect(page.get_by_text("Page 1")).to_be_visible()
    expect(rows(watched).first).to_contain_text("auth0|044")
    expect(older).to_be_focused()


def test_an_answer_that_comes_late_is_not_drawn(watched: Watched, rehearsed: dict[str, str]) -> None:
    page = watched.open()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/_sandbox/overview?kind=organizations*", hold)
    tab(watched, "Organizations").click()
    tab(watched, "Roles").click()
    expect(page.get_by_role("table", name="Roles")).to_be_visible()

    with page.expect_response("**/_sandbox/overview?kind=organizations*"):
        held[0].continue_()
    page.evaluate("fetch('/_sandbox/overview').then((answer) => answer.text())")
    expect(page.get_by_role("table", name="Roles")).to_be_visible()


def test_an_object_is_found_by_its_name(watched: Watched, rehearsed: dict[str, str]) -> None:
    page = watched.open()
    field = page.get_by_role("searchbox", name="External id or WorkOS id")

    field.fill("auth0|ada")
    field.press("Enter")
    expect(page.locator("#found").get_by_role("table", name="Users")).to_contain_text(rehearsed["user"])
    expect(page.locator("#found").get_by_role("table", name="Memberships")).to_contain_text("Acme Foundry")
    expect(page.locator("#listed")).to_be_hidden()

    page.locator("#found").get_by_role("link", name="org_acme").click()
    expect(page.locator("#found").get_by_role("table", name="Organizations")).to_contain_text("Acme Foundry")
    expect(field).to_have_value("org_acme")

    field.fill("auth0|nobody")
    page.get_by_role("button", name="Find").click()
    expect(page.get_by_text("Nothing has the external id or WorkOS id “auth0|nobody”.")).to_be_visible()
    page.get_by_role("button", name="Show all").click()
    expect(rows(watched)).to_have_count(3)
    expect(field).to_have_value("")


def test_a_request_leads_to_the_object_it_was_about(watched: Watched, http: httpx.Client) -> None:
    external_id = "auth0|a+b%26 &=#/"
    http.post(USERS, json={"email": "ada@example.com", "external_id": external_id}).raise_for_status()
    page = watched.open()

    request(watched, "POST").get_by_role("link").click()

    expect(page.locator("#found").get_by_role("table", name="Users")).to_contain_text(external_id)
    page.go_back()
    expect(rows(watched)).to_have_count(1)


@pytest.mark.parametrize("width", [375, 1280])
def test_what_a_link_leads_to_is_in_sight(watched: Watched, workos: WorkOSClient, width: int) -> None:
    people(workos, 20)
    watched.page.set_viewport_size({"width": width, "height": 700})
    page = watched.open()

    request(watched, "auth0|000").get_by_role("link").click()

    found = page.get_by_text("Found “auth0|000”")
    expect(found).to_be_in_viewport()
    expect(found).to_be_focused()
    page.get_by_role("button", name="Show all").click()
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_spaces_around_a_name_are_part_of_it_if_something_has_them(watched: Watched, http: httpx.Client) -> None:
    http.post(USERS, json={"email": "a@example.com", "external_id": " lead"}).raise_for_status()
    http.post(USERS, json={"email": "b@example.com", "external_id": "plain"}).raise_for_status()
    page = watched.open()
    for typed, held in ((" lead", " lead"), (" plain ", "plain")):
        page.get_by_role("searchbox").fill(typed)
        page.get_by_role("searchbox").press("Enter")
        expect(page.locator("#found").get_by_role("table", name="Users")).to_contain_text(held)


def test_an_address_that_names_nothing_shows_the_users(watched: Watched, rehearsed: dict[str, str]) -> None:
    watched.open("#toString")

    expect(rows(watched)).to_have_count(3)


def test_a_hostile_name_stays_text(watched: Watched, workos: WorkOSClient, http: httpx.Client) -> None:
    organization = workos.organizations.create_organization(name=HOSTILE, external_id=HOSTILE).id
    (user,) = people(workos, 1)
    workos.organization_membership.create_organization_membership(user_id=user, organization_id=organization)
    http.post("/authorization/roles", json={"slug": "r", "name": "<b>r</b>"}).raise_for_status()
    http.post("/_sandbox/faults", json=[{"path": HOSTILE, "name": HOSTILE}]).raise_for_status()
    http.get(f"/{HOSTILE}")
    page = watched.open("#organizations")

    expect(rows(watched)).to_contain_text(HOSTILE)
    expect(request(watched, HOSTILE).first).to_be_visible()
    expect(page.get_by_role("region", name="Armed")).to_contain_text(HOSTILE)
    for name, text in {"Memberships": HOSTILE, "Roles": "<b>r</b>"}.items():
        tab(watched, name).click()
        expect(rows(watched).filter(has_text=text)).to_have_count(1)
    page.get_by_role("searchbox").fill(HOSTILE)
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#found").get_by_role("table", name="Organizations")).to_contain_text(HOSTILE)
    expect(page.locator("img, main script, td b")).to_have_count(0)


def test_no_person_and_no_secret_is_on_the_page(watched: Watched, rehearsed: dict[str, str]) -> None:
    page = watched.open()
    seen = page.content()
    for name in ("Organizations", "Memberships", "Roles", "Users"):
        tab(watched, name).click()
        expect(page.get_by_role("table", name=name)).to_be_visible()
        seen += page.content()
    page.get_by_role("searchbox").fill(rehearsed["user"])
    page.get_by_role("searchbox").press("Enter")
    expect(page.locator("#found")).to_contain_text("auth0|ada")
    seen += page.content()

    assert "auth0|ada" in seen
    assert [word for word in ("example.com", "Ada", "Lovelace", "$2b$", SECRET) if word in seen] == []
