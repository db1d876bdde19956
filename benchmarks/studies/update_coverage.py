"""Coverage of 90% intervals of an updated posterior, by length of the register.

Run from the project's folder: ``python -m benchmarks.studies.update_coverage`` (``make
study-update_coverage``). Truths are draws of the posterior; of each, one rollout of twelve
invented teams is simulated in chance of its own, its register is what a planner would hold, and
the posterior without that draw is updated with it. Writes ``update_coverage.csv`` beside this file
and the table of ``docs/how-to/update.md``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from functools import partial
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from docs.marked import filled
from docs.marked import table as markdown
from sim.inputs.registers import Observed, Session, Turnover
from sim.inputs.roster import Roster, described_roster
from sim.learning.likelihood import expected, log_likelihoods
from sim.learning.particles import informed, update_draws
from sim.learning.statistics import ATTENDED, HELD, LEFT, SHARE, Statistic, statistics_of
from sim.learning.study import figures_of, movable, plan_of, simulated
from sim.parameters import registry
from sim.posterior.choose import chosen_draws
from sim.scenarios.library import load_scenario

STORE = Path(__file__).with_suffix(".csv")
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "update.md"
SCENARIO = "refocus-as-delivered"
WEEKS = (4, 13, 26)
DATA_SETS, DRAWS, RUNS = 20, 100, 6
FIGURES = (HELD, ATTENDED, LEFT)


class Case(NamedTuple):
    """One figure of one data set: whether 90% intervals before and after hold the truth."""

    weeks: int
    data_set: int
    figure: str
    truth: float
    low: float
    high: float
    width_ratio: float

    @property
    def holds(self) -> bool:
        """Whether the truth lies within."""
        return self.low <= self.truth <= self.high


def teams() -> Roster:
    """Return twelve invented teams in two trusts."""
    return described_roster(trusts=2, teams_per_trust=6, staff_mean=16.0, sampled=15, seed=3)


def register_of(seen: np.ndarray, weeks: int) -> Observed:
    """Return what a planner would hold of one simulated rollout: totals of each team.

    `seen`: held, attended and left of each team: shape (3, teams, 3).
    """
    sessions, turnover = [], []
    for team in range(seen.shape[1]):
        (held, planned), (came, asked) = (
            seen[0, team, :2].astype(int),
            seen[1, team, :2].astype(int),
        )
        for number in range(planned):
            first = number == 0
            went = number < held
            # What is learnt rests on a team's totals: they stand in its first session.
            sessions.append(
                Session(
                    0,
                    team,
                    min(number + 1, weeks),
                    int(asked) if first and went else 0,
                    int(came) if first and went else 0,
                    went,
                )
            )
        turnover.append(Turnover(0, team, 0, weeks, int(seen[2, team, 0]), None))
    return Observed(tuple(sessions), (), tuple(turnover), ())


def shells(roster: Roster, weeks: int) -> Observed:
    """Return a register without counts, which says what is to be simulated."""
    numbers = range(len(roster.rows))
    return Observed(
        tuple(Session(0, team, weeks, 1, 1, True) for team in numbers),
        (),
        tuple(Turnover(0, team, 0, weeks, 0, None) for team in numbers),
        (),
    )


def fitted(
    statistics: list[Statistic], at: list[int], weights: np.ndarray, seen: np.ndarray
) -> np.ndarray:
    """Return log likelihoods of what was observed, whose places among all statistics are `at`."""
    return log_likelihoods(statistics, seen[:, :, at], weights)


def cases(
    weeks: int, data_sets: Sequence[int], draws: int = DRAWS, runs: int = RUNS, seed: int = 1
) -> list[Case]:
    """Return how far intervals hold the truth.

    A figure is the mean over teams of what a draw expects, in the runs of chance of the update;
    the truth is the same of the true draw.
    """
    roster, scenario = teams(), load_scenario(SCENARIO)
    plan = plan_of(scenario, roster, weeks)
    weights = np.array([row.turnover_multiplier for row in roster.rows])
    started = plan.start >= 0
    empty = shells(roster, weeks)
    asked = statistics_of(empty, roster, started)
    # Every draw of the posterior but those that are truths may be one of the start.
    whole = chosen_draws(1000).draws
    truths = [whole[(one * 37 + 11) % 1000] for one in data_sets]
    start = [one for one in whole if one not in truths][:: 1000 // draws][:draws]

    def simulate(values: Sequence[dict[str, float]], chance: int = seed) -> np.ndarray:
        return simulated(scenario, roster, plan, empty, asked, values, chance, runs=runs, workers=1)

    before, expected_truth = simulate(start), simulate(truths)
    found = []
    names = informed(start, movable(start), figures_of(before))
    bounds = {name: registry()[name].bounds for name in names}
    for data_set, truth, own in zip(data_sets, truths, expected_truth, strict=True):
        (real,) = simulated(
            scenario,
            roster,
            plan,
            empty,
            asked,
            [truth],
            1000 + data_set,
            runs=1,
            workers=1,
        )
        observed = register_of(real[0], weeks)
        statistics = statistics_of(observed, roster, started)
        at = [[one.name for one in asked].index(one.name) for one in statistics]

        fit = partial(fitted, statistics, at, weights)
        updated = update_draws(start, before, names, simulate, fit, data_set, bounds=bounds)
        for number, one in enumerate(asked):
            means = [
                expected(one, seen[:, :, number], weights).mean.mean(axis=1)
                for seen in (before, updated.seen, own[None])
            ]
            scale = 1.0 if one.kind == SHARE else 52.0
            low, high = np.quantile(scale * means[1], [0.05, 0.95])
            wide = np.subtract(*np.quantile(scale * means[0], [0.95, 0.05]))
            found.append(
                Case(
                    weeks,
                    data_set,
                    one.name,
                    float(scale * means[2][0]),
                    float(low),
                    float(high),
                    float((high - low) / wide),
                )
            )
    return found


def rows_of(found: Sequence[Case]) -> list[list[str]]:
    """Return coverage with its Monte Carlo error and the width beside that of the start."""
    rows = []
    for weeks in sorted({one.weeks for one in found}):
        for figure in FIGURES:
            own = [one for one in found if (one.weeks, one.figure) == (weeks, figure)]
            if own:
                share = sum(one.holds for one in own) / len(own)
                error = sqrt(0.9 * 0.1 / len(own))
                ratio = float(np.median([one.width_ratio for one in own]))
                rows.append(
                    [
                        str(weeks),
                        figure,
                        str(len(own)),
                        f"{share:.2f}",
                        f"{error:.2f}",
                        f"{ratio:.2f}",
                    ]
                )
    return rows


HEADING = ("weeks", "figure", "rollouts", "coverage of 90%", "Monte Carlo SE", "width / before")


def table(found: Sequence[Case]) -> str:
    """Return the table as Markdown."""
    return markdown(HEADING, [tuple(row) for row in rows_of(found)])


def stored() -> list[Case]:
    """Return the cases that are committed."""
    with STORE.open(encoding="utf-8") as file:
        return [
            Case(int(one[0]), int(one[1]), one[2], *(float(value) for value in one[3:]))
            for one in list(csv.reader(file))[1:]
        ]


def main() -> None:
    """Simulate, write the cases and the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data-sets", type=int, default=DATA_SETS)
    given = parser.parse_args()
    found: list[Case] = []
    for weeks in WEEKS:
        found += cases(weeks, range(given.data_sets))
        print(table(found), flush=True)
    with STORE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(Case._fields)
        writer.writerows([*one[:3], *(f"{value:.6g}" for value in one[3:])] for one in found)
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(filled(page, {"coverage": lambda: table(found)}), encoding="utf-8")


if __name__ == "__main__":
    main()
