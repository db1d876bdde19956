"""What it costs to record every team of the trial, and to see the rules of one team's week."""

from __future__ import annotations

from collections.abc import Callable

from benchmarks.linearity import run_all
from benchmarks.table import Row, at_most, reported
from benchmarks.timing import median_seconds_in_turns
from benchmarks.worlds import trial_request
from sim.engines.mesa_model import RecoveryModel
from sim.engines.watched import around, watched_week
from sim.parameters import defaults

TEAM = "SLaM-01"


def measure(quick: bool) -> list[Row]:
    """Return what recording costs, in costs of one team watched on Mesa."""
    weeks, rounds = (4, 1) if quick else (52, 3)
    everybody = ("staff_weeks", "user_weeks", "ties", "team_weeks", "events")
    request = trial_request(1, everybody)
    (layout,) = request.layouts
    world = (defaults(), request.seed, 0)

    def on_mesa() -> None:
        model = RecoveryModel(around(layout, TEAM, *world), *world)
        team = next(one for one in model.teams if one.name == TEAM)
        for one in (team, *team.members, *team.users):
            one.watched = True
        model.run_weeks(weeks).release()

    works: dict[str, Callable[[], object]] = {
        "mesa": on_mesa,
        "record": lambda: run_all(request),
        "week": lambda: watched_week(layout, TEAM, *world, weeks),
    }
    taken = median_seconds_in_turns(works, rounds)
    return [
        at_most(
            "Recording all teams, in costs of one on Mesa",
            taken["record"] / taken["mesa"],
            1.0,
            f"{len(layout.teams)} teams over 52 weeks, {taken['record']:.2f} s; one on Mesa "
            f"with every rule noted over {weeks}, {taken['mesa']:.2f} s",
        ),
        reported(
            "Rules of one team's week, in costs of the same",
            f"{taken['week'] / taken['mesa']:.3f} x",
            f"{taken['week']:.2f} s for week {weeks}, the weeks before it compiled",
        ),
    ]
