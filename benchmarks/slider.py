"""What moving a slider costs where two worlds of a team are watched, in years of that team.

The page is opened from a file in a Chromium, as somebody without a server opens it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.table import Row, at_most, reported
from scripts.browser import HOW, system_browser
from sim.pages.watch_page import watch_page

SLIDERS = ("readiness", "leader", "turnover", "relief", "coaching", "assured")
# Twenty lucks in two worlds for a year, and both worlds that are shown for two; what else is done
# may take a third as long.
YEARS, MOST_YEARS, LONGEST = 44, 60.0, 100.0
# Milliseconds of one year of the first team as it stands, in the page's own engine.
YEAR = """
() => {
  const [team, calendar] = [DATA.teams[0], DATA.calendars[0]];
  const p = refocus.parameters(DATA.parameters);
  const layout = refocus.layout({trusts: [team.trust], teams: [team.row],
    actions: calendar.actions, programmes: calendar.programmes, selection: [0, 0, 1]});
  const begun = performance.now();
  for (let luck = 0; luck < 20; luck++) {
    const world = refocus.start(layout, p, DATA.seed, luck);
    while (world.week < 52) refocus.step(world);
  }
  return (performance.now() - begun) / 20;
}"""
# Milliseconds until both worlds are painted anew, and until twenty lucks are told.
MOVE = """
([name, to]) => new Promise(done => {
  const slider = document.getElementById(`slide-${name}`);
  const lucks = document.getElementById("lucks");
  const begun = performance.now();
  let painted = 0;
  new MutationObserver((_, seen) => {
    seen.disconnect();
    done([painted, performance.now() - begun]);
  }).observe(lucks, {childList: true});
  slider.value = to;
  slider.dispatchEvent(new Event("input", {bubbles: true}));
  painted = performance.now() - begun;
})"""


@contextmanager
def watched() -> Iterator[Any]:
    """Open the page of two worlds from a file, without a network."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder, "watch.html")
        file.write_text(watch_page().text, encoding="utf-8")
        browser = playwright.chromium.launch(
            executable_path=system_browser(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        page.context.set_offline(True)
        page.goto(file.as_uri())
        page.get_by_text("In twenty lucks").wait_for()
        yield page
        browser.close()


def measure(quick: bool) -> list[Row]:
    """Return what a moved slider costs, the slowest of them."""
    rounds = 2 if quick else 15
    what = "Moving the slowest slider: two worlds, twenty lucks"
    try:
        with watched() as page:
            years: list[float] = []
            moved: dict[str, list[list[float]]] = {name: [] for name in SLIDERS}
            for turn in range(rounds + 1):
                years.append(page.evaluate(YEAR))
                for name in SLIDERS:
                    moved[name].append(page.evaluate(MOVE, [name, str(20 + turn)]))
            version = page.context.browser.version
            cores = page.evaluate("navigator.hardwareConcurrency")
    except ImportError:
        return [reported(what, "not measured", f"playwright is not installed; {HOW}")]
    # In the first turn the browser compiles.
    year = median(years[1:])
    whole = {name: median(one[1] for one in found[1:]) for name, found in moved.items()}
    slowest = max(SLIDERS, key=whole.__getitem__)
    painted = max(median(one[0] for one in found[1:]) for found in moved.values())
    detail = (
        f"{slowest}; until both worlds are painted {painted:.0f} ms at most; the fastest "
        f"({min(SLIDERS, key=whole.__getitem__)}) {min(whole.values()):.0f} ms; "
        f"Chromium {version} on {cores} cores, from a file, no network"
    )
    return [
        at_most(what, whole[slowest], LONGEST, detail, "ms"),
        at_most(
            "The same in years of that team",
            whole[slowest] / year,
            MOST_YEARS,
            f"a year of the team takes {year:.2f} ms; {YEARS} of them are simulated",
        ),
    ]
