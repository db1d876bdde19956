"""Measure every page of the documentation site at the width of a phone: ``make site``.

A page that must be scrolled sideways is named with its width, and the exit code is 1. Tables, code
and drawings scroll within their own places, which does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from scripts.browser import HOW, system_browser

WIDTH = 390


def too_wide(folder: Path, browser_path: str) -> Iterator[tuple[str, int]]:
    """Yield pages of a built site that are wider than the screen, with their widths in pixels."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": 844})
        for place in sorted(folder.rglob("*.html")):
            page.goto(place.resolve().as_uri(), wait_until="domcontentloaded")
            width = page.evaluate("document.documentElement.scrollWidth")
            if width > WIDTH:
                yield str(place.relative_to(folder)), width


def main(folder: Path) -> int:
    """Name the pages that are too wide; return 1 when there are any."""
    browser_path = system_browser()
    if browser_path is None:
        print(f"pages were not measured: no browser starts here; {HOW}")
        return 0
    found = list(too_wide(folder, browser_path))
    for name, width in found:
        print(f"{name}: {width} pixels wide on a screen of {WIDTH}")
    print(f"{len(list(folder.rglob('*.html')))} pages measured, {len(found)} too wide")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1] if len(sys.argv) > 1 else "site")))
