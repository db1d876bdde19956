"""One team, two worlds: the page that runs the model's own week in the browser."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

from sim.engines.javascript import layout_data, week_javascript
from sim.inputs.roster import Roster, trial_roster
from sim.pages.page import Page, bundled, page, part
from sim.parameters import defaults
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import load_scenario

SEED = 1
WEEKS = 104
PROGRAMMES = {
    "refocus-as-delivered": "As delivered in the trial",
    "refocus-full": "Everything, fully carried out",
    "refocus-full-with-conditions": "Fully, and competing work cleared",
}
"""Scenarios that can be watched, and what they are called there."""
PLAYED = ("worlds.js", "lucks.js")
SEEN = ("dom.js", "map.js", "lines.js", "people.js", "story.js", "watch.js")
"""Scripts that workers run too, and those of the page alone."""


def watch_data() -> dict[str, Any]:
    """Return teams, calendars and parameters as the page's script wants them.

    Each team of the trial stands alone in its trust, with the programme whatever its arm was; its
    people and their luck are those that its name and seed give it everywhere.
    """
    rows = tuple(replace(row, arm="intervention") for row in trial_roster(SEED).rows)
    teams, calendars = [], []
    for row in rows:
        roster = Roster((row,))
        plan = expand(load_scenario(next(iter(PROGRAMMES))), roster, WEEKS)
        data = layout_data(lay_out(roster, plan, "sample"))
        team = data["teams"][0]
        first, posts = (1 if row.staff > row.coordinators else 0), row.coordinators
        teams.append(
            {
                "title": f"{row.team}, {row.type} team",
                "trust": data["trusts"][0],
                "row": team,
                "coordinators": [int(first <= place < first + posts) for place in range(row.staff)],
            }
        )
    one = Roster(rows[:1])
    for name, title in PROGRAMMES.items():
        layout = lay_out(one, expand(load_scenario(name), one, WEEKS), "sample")
        data = layout_data(layout)
        done = layout.actions[-1]
        taught = done["prt_session"] + done["coaching_session"] > 0.0
        calendars.append(
            {
                "title": title,
                "actions": data["actions"],
                "programmes": data["programmes"],
                "trained": int(taught.argmax()),
                "relief": float(done["priorities_relief"].max()),
                "assured": float(done["attendance_assured"].max()),
            }
        )
    p = defaults().as_dict()
    return {
        "seed": SEED,
        "parameters": list(p.values()),
        "turnover": p["turnover_yearly"],
        "teams": teams,
        "calendars": calendars,
    }


@cache
def watch_page() -> Page:
    """Return the page."""
    data = f"const DATA = {json.dumps(watch_data(), separators=(',', ':'))};"
    return page(
        "watch.html",
        "Watch a team: two worlds under the same luck",
        part("watch.html"),
        ("watch.css",),
        (week_javascript(), data, bundled(PLAYED), bundled(SEEN)),
        workers=True,
    )
