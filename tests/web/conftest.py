"""A browser and a server for the tests of the page.

Where no browser starts, the tests that need one are skipped with one line between them; in
continuous integration they fail.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import pytest

from scripts.browser import HOW, system_browser
from tests.web.serving import Served
from tests.web.visiting import Visit

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def running_browser() -> Iterator[Any]:
    """Run the system's Chromium, or the one that Playwright has fetched."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=system_browser(), args=FLAGS)
        yield made
        made.close()


@cache
def why_no_browser() -> str | None:
    """Return why no browser starts here, None when one does."""
    try:
        from playwright.sync_api import Error
    except ImportError:
        return "playwright is not installed"
    try:
        with running_browser():
            return None
    except Error as error:
        return str(error)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip before anything is set up; from here, so that all such tests share one line."""
    if "browser" in getattr(item, "fixturenames", ()) and (reason := why_no_browser()):
        if os.environ.get("CI"):
            pytest.fail(f"continuous integration must try the page in a browser: {reason}")
        pytest.skip(f"the page was not tried in a browser: none starts here; {HOW}")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Return a running Chromium."""
    with running_browser() as made:
        yield made


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return `refocus serve` in a process of its own."""
    made = Served(tmp_path_factory.mktemp("served"))
    yield made
    made.stop()


@pytest.fixture(params=["desktop"])
def visit(request: Any, browser: Any, served: Served) -> Iterator[Visit]:
    """Return a visitor whose browser asked no other host and wrote nothing on its console."""
    made = Visit(browser, served, request.param)
    yield made
    made.close()
