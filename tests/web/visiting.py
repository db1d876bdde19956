"""The page in a real browser, for tests: visitors, their screens, and what they wait for."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.web.serving import Served

AXE = Path(__file__).parent / "vendor" / "axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SCREENS = {
    "desktop": {"viewport": {"width": 1280, "height": 900}},
    "phone": {
        "viewport": {"width": 390, "height": 844},
        "is_mobile": True,
        "has_touch": True,
        "device_scale_factor": 2,
    },
}
LONG = 60_000
PATIENCE = 20_000
"""Milliseconds in which anything appears, also beside other work: what is tested, not when."""

both_screens = pytest.mark.parametrize("visit", ["desktop", "phone"], indirect=True)


def expect(found: Any) -> Any:
    """Return Playwright's assertions; it is loaded where there is a browser only."""
    from playwright.sync_api import expect as promised

    promised.set_options(timeout=PATIENCE)
    return promised(found)


class Visit:
    """A visitor: a browser of its own, what it asked for, and what its console said."""

    def __init__(self, browser: Any, served: Served, screen: str, **options: Any) -> None:
        self.served, self.screen = served, screen
        self.context = browser.new_context(**SCREENS[screen], accept_downloads=True, **options)
        self.context.grant_permissions(["clipboard-read", "clipboard-write"])
        self.foreign: list[str] = []
        self.noise: list[str] = []
        self.expected: list[str] = []
        self.context.on("request", self._asked)
        self.page = self.tab()

    def tab(self) -> Any:
        page = self.context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda one: self.noise.append(f"{one.type}: {one.text}"))
        page.on("pageerror", lambda one: self.noise.append(f"error: {one}"))
        return page

    def _asked(self, request: Any) -> None:
        place = urlsplit(request.url)
        if place.scheme in ("http", "https", "ws", "wss") and place.port != self.served.port:
            self.foreign.append(request.url)

    def open(self, view: str = "plan") -> Any:
        self.page.goto(f"{self.served.address}/#{view}")
        expect(self.page.locator(f"#view-{view}")).to_be_visible()
        return self.page

    def close(self) -> None:
        self.context.close()
        assert self.foreign == []
        noise = [one for one in self.noise if not any(text in one for text in self.expected)]
        assert noise == []


def violations(page: Any, colours: bool = True) -> list[str]:
    """Return what axe-core finds wrong with the page as it stands, its colours among it or not."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate(
        """async ([rules, colours]) => (await axe.run(document, {
            runOnly: rules, rules: {"color-contrast": {enabled: colours}},
        })).violations.map(one => {
            const places = one.nodes.slice(0, 3).map(node => node.target.join(" "));
            return `${one.id}: ${places.join(" | ")}`;
        })""",
        [RULES, colours],
    )
    return list(found)


def ready(page: Any, view: str) -> None:
    """Wait until a view has drawn its controls."""
    places = {
        "decide": "iframe.answer",
        "plan": "#plan-run",
        "watch": "#watch-form option[value='SLaM-01']",
        "power": "#power-answer img",
        "about": "#about-content blockquote",
    }
    # Generous, so that a busy machine is no failure.
    page.wait_for_selector(places[view], state="attached", timeout=LONG)


def fill_small(page: Any) -> None:
    """Ask for a run that takes a second or two."""
    page.get_by_label("A service like mine, described").check()
    page.get_by_label("Teams in each", exact=True).fill("3")
    page.get_by_label("Weeks to look at", exact=True).fill("8")
    page.get_by_text("How sure, and luck").click()
    page.get_by_label("Ways things may work", exact=True).fill("4")


def run_small(page: Any) -> None:
    fill_small(page)
    page.click("#plan-run")
    page.wait_for_selector("#plan-heading", timeout=LONG)
