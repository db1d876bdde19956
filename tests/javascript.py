"""The third executor for tests: scripts in node, or in a headless Chromium, and what they print."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from scripts.browser import HOW, system_browser
from sim.engines.javascript import layout_data, week_javascript
from sim.parameters import ParameterSet
from sim.population import Layout
from sim.state import KINDS
from tests.worlds import DTYPES, State

SECONDS = 120
# Every variable of every agent, week after week, as the bytes of doubles.
STATES = """
function bytes(agents) {
  const all = new Uint8Array(new Float64Array(agents.flatMap(Object.values)).buffer);
  let text = "";
  for (let at = 0; at < all.length; at += 8192)
    text += String.fromCharCode(...all.subarray(at, at + 8192));
  return btoa(text);
}
function states(given) {
  const world = refocus.start(refocus.layout(given.layout), refocus.parameters(given.p),
    given.seed, given.replication);
  const weeks = [];
  for (let week = 0; week <= given.weeks; week++) {
    if (week > 0) refocus.step(world);
    const staff = world.teams.flatMap((_, index) => refocus.members(world, index));
    weeks.push(bytes([...world.trusts, ...world.teams, ...staff, ...world.users]));
  }
  return {weeks, events: world.events};
}
"""


@cache
def engine() -> str | None:
    """Return the path of node or of a Chromium; None where there is neither."""
    return shutil.which("node") or system_browser()


def needs_engine() -> None:
    """Skip a test, in one line, where no engine of JavaScript starts; fail in CI."""
    if engine() is None:
        if os.environ.get("CI"):
            pytest.fail("continuous integration must try the third executor")
        pytest.skip(f"the third executor was not tried: neither node nor a browser starts; {HOW}")


def printed(script: str, folder: Path) -> Any:
    """Return what a script leaves in ``answer``: any JSON."""
    program = engine()
    assert program is not None
    whole = f"{week_javascript()}\n{STATES}\n{script}\n"
    if "node" in Path(program).name:
        file = folder / "script.js"
        file.write_text(f"{whole}process.stdout.write(JSON.stringify(answer));", encoding="utf-8")
        command = [program, str(file)]
    else:
        file = folder / "script.html"
        shown = "document.body.textContent = JSON.stringify(answer);"
        file.write_text(f"<body><script>{whole}{shown}</script>", encoding="utf-8")
        quiet = ["--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
        command = [program, *quiet, file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    text = done.stdout
    if "<body>" in text:
        text = text.partition("<body>")[2].rpartition("</body>")[0]
    return json.loads(text)


class Asked:
    """A world that the third executor is to run."""

    def __init__(
        self, layout: Layout, p: ParameterSet, seed: int, replication: int, weeks: int
    ) -> None:
        self.layout, self.p, self.seed, self.replication = layout, p, seed, replication
        self.weeks = weeks

    def data(self) -> dict[str, Any]:
        return {
            "layout": layout_data(self.layout),
            "p": list(self.p.as_dict().values()),
            "seed": self.seed,
            "replication": self.replication,
            "weeks": self.weeks,
        }

    def states(self, weeks: Sequence[str]) -> Iterator[State]:
        """Return the states of all weeks as arrays, from what was printed."""
        sizes = (len(self.layout.trusts), len(self.layout.teams), self.layout.staff)
        counts = dict(zip(KINDS, (*sizes, self.layout.users), strict=True))
        for text in weeks:
            numbers = np.frombuffer(base64.b64decode(text), np.float64)
            at = 0
            state: State = {}
            for kind, count in counts.items():
                dtype = DTYPES[kind]
                names = dtype.names or ()
                part = numbers[at : at + count * len(names)].reshape(count, len(names))
                at += part.size
                state[kind] = np.empty(count, dtype)
                for column, name in enumerate(names):
                    state[kind][name] = part[:, column]
            assert at == numbers.size
            yield state


def run_worlds(asked: Sequence[Asked], folder: Path) -> list[dict[str, Any]]:
    """Return states and events of several worlds, from one process."""
    given = json.dumps([one.data() for one in asked])
    found: list[dict[str, Any]] = printed(f"const answer = {given}.map(states);", folder)
    return found
