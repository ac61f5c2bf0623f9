"""The page in hand: a phone, a keyboard, the dark, a hidden tab, and a sandbox that stops."""

from __future__ import annotations

import re

import httpx
import pytest
from playwright.sync_api import Browser, Page, Route, expect
from workos import WorkOSClient

from sandbox.server import running
from tests.sandbox.page.watched import Watched

pytestmark = pytest.mark.browser

KINDS = ("users", "organizations", "memberships", "roles")
#: What is wider than the window or than the box it stands in; what only a screen reader is told is passed over.
CUT_OFF = """() => {
  const hidden = (element) => element.closest(".quiet, thead, svg, [hidden], noscript");
  const cut = [...document.querySelectorAll("body *")].filter((element) => {
    if (hidden(element) || element.matches("input, script, style")) return false;
    const box = element.getBoundingClientRect();
    const inner = getComputedStyle(element).display !== "inline" && element.scrollWidth > element.clientWidth + 1;
    return box.left < -0.5 || box.right > innerWidth + 0.5 || inner;
  });
  return [document.documentElement.scrollWidth - innerWidth, ...cut.map((element) => element.outerHTML.slice(0, 200))];
}"""
#: What stands before the content of a cell.
LABELS = "cells => cells.map((cell) => getComputedStyle(cell, '::before').content)"
#: Roles and statuses that take more than one line, and WorkOS ids that do.
BROKEN = """() => {
  const short = document.querySelectorAll("#listed .status, #listed td:nth-child(3) div, #listed td:first-child .also");
  return [...short].filter((element) => element.offsetHeight > 24).map((element) => element.innerText);
}"""
#: Texts whose contrast with what is behind them is below 4.5 (WCAG 2.2, 1.4.3), which spares disabled controls.
PALE = """() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).map(Number);
  const luminance = (colour) => channels(colour).slice(0, 3)
    .map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (element) => {
    const colour = getComputedStyle(element).backgroundColor;
    return (channels(colour)[3] ?? 1) === 1 ? colour : behind(element.parentElement);
  };
  const texts = [...document.querySelectorAll("body *")].filter((element) => element.checkVisibility()
    && !element.matches("script, style, :disabled, noscript *")
    && [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.data.trim()));
  const pale = texts.filter((element) => {
    const [one, other] = [getComputedStyle(element).color, behind(element)].map(luminance).sort();
    return (other + 0.05) / (one + 0.05) < 4.5;
  });
  return [texts.length > 20, ...pale.map((element) => element.outerHTML.slice(0, 200))];
}"""


@pytest.fixture
def crowded(workos: WorkOSClient, http: httpx.Client) -> None:
    """Long names everywhere, and requests that ended in every way."""
    long_id = "x" * 128
    user = workos.user_management.create_user(email="p@example.com", external_id=long_id).id
    organization = workos.organizations.create_organization(name="N" * 300, external_id=long_id).id
    http.post("/_sandbox/settings", json={"multiple_roles": True, "totp_time": 2**60}).raise_for_status()
    slugs = [f"{number}{'r' * 46}" for number in range(3)]
    for slug in slugs:
        http.post("/authorization/roles", json={"slug": slug, "name": "R" * 48}).raise_for_status()
    body = {"user_id": user, "organization_id": organization, "role_slugs": slugs}
    http.post("/user_management/organization_memberships", json=body).raise_for_status()
    http.get(f"/{'p' * 400}")
    http.get("/user_management/users/user_gone")
    faults = [
        {"path": "/users$", "name": "f" * 80, "status": 503, "times": 1},
        {"path": "q" * 200, "mode": "lag", "times": 1_000_000},
    ]
    http.post("/_sandbox/faults", json=faults).raise_for_status()
    http.get("/user_management/users")


def test_a_phone_shows_everything_without_scrolling_sideways(browser: Browser, url: str, crowded: None) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    with context:
        watched = Watched(context.new_page(), url)
        page = watched.open()
        for kind in KINDS:
            page.locator(f"#tab-{kind}").tap()
            expect(page.get_by_role("table", name=kind.title())).to_be_visible()
            expect(page.locator("#listed").get_by_role("row").last).to_be_visible()
            assert page.evaluate(CUT_OFF) == [0]
        labels = page.locator("#listed td:not(:first-child)").evaluate_all(LABELS)
        assert labels == ['"Slug and WorkOS id"', '"Permissions"'] * 4
        page.get_by_role("searchbox").fill("x" * 128)
        page.get_by_role("searchbox").press("Enter")
        expect(page.locator("#found").get_by_role("table")).to_have_count(3)
        assert page.evaluate(CUT_OFF) == [0]
        page.get_by_role("button", name="Last requests").tap()
        expect(page.get_by_role("heading", name="Last requests")).to_be_in_viewport()
        assert watched.said == []


@pytest.mark.parametrize("width", [641, 900, 1081, 1600])
def test_no_width_cuts_anything_off(watched: Watched, crowded: None, width: int) -> None:
    watched.page.set_viewport_size({"width": width, "height": 900})
    page = watched.open()
    for kind in KINDS:
        page.locator(f"#tab-{kind}").click()
        expect(page.get_by_role("table", name=kind.title())).to_be_visible()
        assert page.evaluate(CUT_OFF) == [0]


@pytest.mark.parametrize("width", [641, 1280])
def test_a_long_name_breaks_no_short_word(watched: Watched, workos: WorkOSClient, width: int) -> None:
    user = workos.user_management.create_user(email="p@example.com", external_id="auth0|5f7c8ec7c33c6c004bbafe82").id
    organization = workos.organizations.create_organization(name="N" * 300, external_id="x" * 128).id
    workos.organization_membership.create_organization_membership(user_id=user, organization_id=organization)
    watched.page.set_viewport_size({"width": width, "height": 900})
    page = watched.open("#memberships")
    expect(page.get_by_role("table", name="Memberships")).to_contain_text("member")

    assert page.evaluate(BROKEN) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_stands_out(browser: Browser, url: str, crowded: None, scheme: str) -> None:
    with browser.new_context(color_scheme="dark" if scheme == "dark" else "light") as context:
        page = Watched(context.new_page(), url).open("#memberships")
        expect(page.get_by_role("table", name="Memberships")).to_be_visible()
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")

        assert page.evaluate(PALE) == [True]
        assert (max(int(part) for part in re.findall(r"\d+", ground)) < 64) == (scheme == "dark")


def test_the_keyboard_reaches_tabs_and_search(watched: Watched, http: httpx.Client) -> None:
    http.post("/organizations", json={"name": "Acme", "external_id": "org_acme"}).raise_for_status()
    page = watched.open()

    def focused() -> str:
        return str(page.evaluate("document.activeElement.id"))

    page.keyboard.press("Tab")
    assert focused() == "tab-users"
    page.keyboard.press("ArrowRight")
    expect(page.locator("#tab-organizations")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("table", name="Organizations")).to_be_visible()
    assert focused() == "tab-organizations"
    page.keyboard.press("End")
    expect(page.get_by_role("table", name="Roles")).to_be_visible()
    page.keyboard.press("ArrowRight")
    assert focused() == "tab-users"
    page.keyboard.press("ArrowLeft")
    assert focused() == "tab-roles"
    expect(page.locator("#tab-roles")).to_have_attribute("aria-selected", "true")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Tab")
    assert focused() == "find"
    page.keyboard.type("org_acme")
    page.keyboard.press("Enter")
    expect(page.locator("#found")).to_contain_text("Acme")


def test_rows_that_stay_keep_the_focus_while_others_come(watched: Watched, http: httpx.Client) -> None:
    http.post("/user_management/users", json={"email": "a@example.com", "external_id": "auth0|1"}).raise_for_status()
    page = watched.open()
    page.get_by_role("link", name="auth0|1").focus()

    http.post("/user_management/users", json={"email": "b@example.com", "external_id": "auth0|2"}).raise_for_status()
    watched.tick()

    expect(page.get_by_role("link", name="auth0|2")).to_be_visible()
    expect(page.get_by_role("link", name="auth0|1")).to_be_focused()


def test_the_page_has_landmarks_headings_and_heads_of_tables(watched: Watched, crowded: None) -> None:
    page = watched.open("#memberships")

    for role in ("banner", "main", "search"):
        expect(page.get_by_role(role)).to_have_count(1)
    for name in ("Traffic", "Armed", "Objects", "Last requests"):
        expect(page.get_by_role("region", name=name)).to_have_count(1)
        expect(page.get_by_role("heading", name=name)).to_have_count(1)
    expect(page.locator("#listed").get_by_role("columnheader")).to_have_text(
        ["User and membership id", "Organization", "Roles", "Status"]
    )
    expect(page.get_by_role("tabpanel")).to_have_accessible_name(re.compile("^Memberships"))


def test_a_hidden_tab_asks_nothing(watched: Watched, http: httpx.Client) -> None:
    page = watched.open()
    show(page, hidden=True)
    expect(page.get_by_role("status")).to_have_text("Paused")
    before = len(watched.loaded)

    page.clock.run_for(60_000)
    assert page.evaluate("1") == 1
    assert len(watched.loaded) == before

    http.post("/organizations", json={"name": "Acme"}).raise_for_status()
    show(page, hidden=False)
    expect(page.get_by_role("status")).to_have_text("Live")
    expect(page.locator("#tab-organizations .count")).to_have_text("1")
    expect(page.locator("#rate")).to_have_text("\u2013")


def test_a_tab_that_is_hidden_while_it_asks_asks_no_more(watched: Watched) -> None:
    page = watched.open()
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/_sandbox/overview*", hold)
    page.clock.fast_forward(1000)
    page.wait_for_function("() => asked === 2")
    show(page, hidden=True)

    with page.expect_response("**/_sandbox/overview*"):
        held[0].continue_()
    page.unroute("**/_sandbox/overview*")
    page.evaluate("fetch('/_sandbox/overview').then((answer) => answer.text())")
    page.clock.run_for(60_000)
    assert page.evaluate("asked") == 2


def show(page: Page, *, hidden: bool) -> None:
    """Hide the tab or bring it back, as its script sees it."""
    page.evaluate(
        """(hidden) => {
          Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_the_page_says_that_the_sandbox_has_stopped_and_keeps_what_it_knew(browser: Browser) -> None:
    with browser.new_context() as context:
        with running() as url:
            headers = {"authorization": "Bearer sk_test"}
            httpx.post(f"{url}/organizations", json={"name": "Acme"}, headers=headers).raise_for_status()
            watched = Watched(context.new_page(), url)
            page = watched.open("#organizations")
            expect(page.get_by_role("alert")).to_be_hidden()
        with page.expect_event("requestfailed"):
            page.clock.fast_forward(1000)

        expect(page.get_by_role("status")).to_have_text("Stopped")
        expect(page.get_by_role("alert")).to_contain_text("The sandbox has stopped answering.")
        expect(page.locator("#listed tbody")).to_contain_text("Acme")
        page.locator("#tab-users").click()
        expect(page.locator("#listed tbody")).to_have_count(0)
        assert all("ERR_CONNECTION" in line for line in watched.said)


def test_the_page_goes_on_when_the_sandbox_is_back(watched: Watched, http: httpx.Client) -> None:
    page = watched.open()
    page.context.set_offline(True)
    page.clock.fast_forward(1000)
    expect(page.get_by_role("status")).to_have_text("Stopped")
    http.post("/organizations", json={"name": "Acme"}).raise_for_status()

    page.context.set_offline(False)
    watched.tick()

    expect(page.get_by_role("status")).to_have_text("Live")
    expect(page.get_by_role("alert")).to_be_hidden()
    expect(page.locator("#tab-organizations .count")).to_have_text("1")
    assert all("ERR_INTERNET_DISCONNECTED" in line for line in watched.said)
    watched.said.clear()
