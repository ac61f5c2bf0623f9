"""The sandbox's page in a browser, whose clock stands still unless a test moves it."""

from __future__ import annotations

from playwright.sync_api import Page, expect

NOON = 1_700_000_000


class Watched:
    """A page of the sandbox, with everything that its console said and that it loaded."""

    def __init__(self, page: Page, url: str) -> None:
        self.page, self.url = page, url
        self.said: list[str] = []
        self.loaded: list[str] = []
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(dialog.message))
        page.on("request", lambda request: self.loaded.append(request.url))
        page.clock.install(time=NOON)

    def open(self, fragment: str = "") -> Page:
        """Open the page, at a fragment, and wait for its first answer."""
        self.page.clock.pause_at(NOON + 3600)
        self.page.goto(f"{self.url}/{fragment}")
        expect(self.page.get_by_role("status")).to_have_text("Live")
        return self.page

    def tick(self, milliseconds: int = 1000) -> None:
        """Let time pass at once in the page, until it has drawn what it asked for and set its next timer."""
        before = self.page.evaluate("timer")
        self.page.clock.fast_forward(milliseconds)
        self.page.wait_for_function("before => timer !== before", arg=before)
