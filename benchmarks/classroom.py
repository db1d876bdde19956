"""A class at one server: visitors who each watch another team and compare scenarios.

What they wait is set beside the processor work: what another server takes in processor time when
one visitor asks it for everything once, one thing after the other.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import httpx
import psutil

from benchmarks.table import Row, at_most
from sim.inputs.roster import trial_roster
from sim.scenarios.library import scenario_names
from tests.web.serving import Served

VISITORS, CLASS = 20, 30
LIMIT = 2.0
USUAL = "usual-care"
LESSON = (USUAL, "refocus-as-delivered", "refocus-full")
LEVERS = (
    "priorities-reduced",
    "continuing-coaching",
    "newcomer-induction",
    "leadership-support",
    "refocus-boosters",
    "protected-time",
    "readiness-selected",
    "train-the-trainer",
    "telephone-coaching",
    "staff-wellbeing",
)
SETTLED = 5.0
# As often as the page asks how a job is.
PAUSE = 0.35
EXPLAINED = 26

Ask = tuple[str, dict[str, Any]]


def watch(team: str, weeks: int) -> Ask:
    """Return what asks to watch a team of the trial."""
    scenario = {"preset": "refocus-as-delivered"}
    return "watch", {"teams": {"kind": "trial"}, "team": team, "weeks": weeks, "scenario": scenario}


def compare(scenarios: Iterable[str], weeks: int, draws: int) -> Ask:
    """Return what asks to compare scenarios on the trial's teams."""
    listed = [{"preset": one} for one in scenarios]
    return "plan", {
        "teams": {"kind": "trial"},
        "weeks": weeks,
        "draws": draws,
        "scenarios": listed,
    }


def visit(address: str, number: int, asked: Sequence[Ask]) -> list[float]:
    """Ask one thing after another, as the page does; return how long each took."""
    session = {"x-refocus-session": f"visitor{number:08d}"}
    taken = []
    with httpx.Client(base_url=address, headers=session, timeout=600.0, verify=False) as browser:

        def read(path: str, **body: Any) -> Any:
            reply = browser.post(path, **body) if body else browser.get(path)
            reply.raise_for_status()
            return reply

        for kind, settings in asked:
            begun = time.monotonic()
            state = read("/api/jobs", json={"kind": kind, "settings": settings}).json()
            while state["state"] in ("waiting", "running"):
                time.sleep(PAUSE)
                state = read(f"/api/jobs/{state['key']}").json()
            if state["state"] != "done":
                raise RuntimeError(f"{kind}: {state['error']}")
            folder = f"/api/results/{state['key']}"
            result = read(f"{folder}/result.json").json()
            if kind == "watch":
                read(f"{folder}/team-{result['teams'].index(settings['team'])}.json")
                week = min(EXPLAINED, settings["weeks"])
                read("/api/watch/why", json={"settings": settings, "week": week})
            for figure in result.get("figures", ()):
                read(f"{folder}/{figure['name']}.svg")
            taken.append(time.monotonic() - begun)
    return taken


def spent(served: Served) -> float:
    """Return processor seconds of a server and its workers until now."""
    root = psutil.Process(served.process.pid)
    return sum(sum(one.cpu_times()[:2]) for one in (root, *root.children(recursive=True)))


@contextmanager
def serving() -> Iterator[Served]:
    """Serve from an empty folder, with as many workers as a user gets, until one is ready."""
    with tempfile.TemporaryDirectory() as folder:
        server = Served(Path(folder), jobs=None)
        try:
            while not httpx.get(f"{server.address}/api/health", verify=False).json()["ready"]:
                time.sleep(0.1)
            # So that no other worker's start counts as work.
            time.sleep(SETTLED)
            yield server
        finally:
            server.stop()


class Lesson(NamedTuple):
    """How visitors were served, in seconds."""

    wall: float  # Until the last of them had all answers
    busy: float  # Processor time of the server and its workers
    work: float  # Processor time where everything is asked for once, by one visitor
    asked: int  # How many different things that is
    waited: list[list[float]]  # By visitor and answer


def lesson(visitors: Sequence[Sequence[Ask]]) -> Lesson:
    """Serve visitors at once, and their work to one."""
    each = {json.dumps(one): one for asked in visitors for one in asked}
    with serving() as server:
        before = spent(server)
        visit(server.address, 0, list(each.values()))
        work = spent(server) - before
    with serving() as server:
        before, begun = spent(server), time.monotonic()
        with ThreadPoolExecutor(len(visitors)) as pool:
            came = [
                pool.submit(visit, server.address, number, asked)
                for number, asked in enumerate(visitors)
            ]
            waited = [one.result() for one in came]
        wall, busy = time.monotonic() - begun, spent(server) - before
    return Lesson(wall, busy, work, len(each), waited)


def told(done: Lesson) -> str:
    """Return what a lesson's ratio is made of."""
    first = [one[0] for one in done.waited]
    return (
        f"{done.wall:.1f} s by the wall clock; the {done.asked} different things asked take "
        f"{done.work:.1f} s of processor time for one visitor, {done.busy:.1f} s here. A visitor "
        f"waited {median(first):.1f} s for the team and "
        f"{median(one[-1] for one in done.waited):.1f} s for the last comparison (medians; "
        f"longest {max(max(one) for one in done.waited):.1f} s)"
    )


def measure(quick: bool) -> list[Row]:
    """Return what visitors of one server wait, in processor time of what they ask for."""
    weeks, draws = (8, 4) if quick else (52, 50)
    teams = [one.team for one in trial_roster(1).rows]
    others = [one for one in scenario_names() if one != USUAL and "5-years" not in one]
    each = [
        (watch(teams[number], weeks), compare((USUAL, others[number]), weeks, draws))
        for number in range(2 if quick else VISITORS)
    ]
    together = [
        (
            watch(teams[number % len(teams)], weeks),
            compare(LESSON, weeks, draws),
            # Groups of three put a lever of theirs beside it.
            compare((*LESSON, LEVERS[number // 3 % len(LEVERS)]), weeks, draws),
        )
        for number in range(3 if quick else CLASS)
    ]
    visitors, group = lesson(each), lesson(together)
    return [
        at_most(
            f"{len(each)} visitors at one server, in processor time of their work",
            visitors.wall / visitors.work,
            LIMIT,
            f"Each watches another team and compares another scenario. {told(visitors)}",
        ),
        at_most(
            f"A class of {len(together)} at one server, in the same",
            group.wall / group.work,
            LIMIT,
            "The worksheet: each watches a team, all ask one question, then groups of three add "
            f"a lever of theirs. {told(group)}",
        ),
    ]
