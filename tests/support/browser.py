"""A browser, and a page that is open in it."""

import contextlib
import os
import shutil
import time

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextlib.contextmanager
def launched(*options):
    """Run Chromium, with further options."""
    required = bool(os.environ.get("KERASAUDIO_REQUIRE_SHARED"))
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    if not found or sync_playwright is None:
        reason = "needs Chromium on the path, and pip install playwright"
        if required:
            pytest.fail(f"KERASAUDIO_REQUIRE_SHARED is set, and this {reason}")
        pytest.skip(reason)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=found, args=[*OPTIONS, *options]
        )
        yield running
        running.close()


class Visit:
    """An open page, what it asked for and what it complained of."""

    def __init__(self, browser, address, **settings):
        self.complaints, self.requests = [], []
        settings = {"viewport": {"width": 1000, "height": 700}} | settings
        self.page = browser.new_page(**settings)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        self.page.evaluate(
            """() => {
                window.played = [];
                const player = document.getElementById("player");
                player.addEventListener("playing", () =>
                    window.played.push(player.duration));
            }"""
        )

    def place(self, point):
        return self.page.evaluate(
            "point => document.getElementById('map').positionOf(point)", point
        )

    def click(self, point):
        self.page.mouse.click(*self.place(point))

    def wait_until(self, condition):
        # The page's policy forbids Playwright's own wait_for_function, too.
        end = time.monotonic() + 20
        while not self.ask(condition):
            assert time.monotonic() < end, f"never: {condition}"
            self.page.wait_for_timeout(20)

    def ask(self, expression):
        return self.page.evaluate(expression)

    def text(self, name):
        return self.page.locator(name).inner_text()
