"""A real browser without a window."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.sandbox.page.watched import Watched
from tools.browser import HOW, find

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for the tests of a file: Playwright holds the thread's event loop, which other tests need."""
    program = find(os.environ)
    if program is None:
        pytest.fail(f"these tests need a browser; make test brings one. {HOW}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def watched(browser: Browser, url: str) -> Iterator[Watched]:
    """A page that loads nothing from elsewhere, and whose console stays empty."""
    with browser.new_context(viewport={"width": 1280, "height": 900}) as context:
        watched = Watched(context.new_page(), url)
        yield watched
    assert watched.said == []
    assert [one for one in watched.loaded if not one.startswith((f"{url}/", "data:"))] == []
