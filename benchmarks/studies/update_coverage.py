"""Coverage of 90% intervals of an updated posterior, by length of the register.

Run from the project's folder: ``python -m benchmarks.studies.update_coverage`` (``make
study-update_coverage``). Truths are draws of the posterior; of each, one rollout of twelve
invented teams, of which six begin, is simulated in chance of its own, its register is what a
planner would hold, and the posterior without that draw is updated with it. All draws are weighted,
without the moves of the sampler: what is tried is the likelihood, in many rollouts. Writes
``update_coverage.csv`` beside this file and the table of ``docs/how-to/update.md``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import NamedTuple

import numpy as np

from docs.marked import filled
from docs.marked import table as markdown
from sim.inputs.registers import Observed, Session, Turnover
from sim.inputs.roster import Roster, described_roster
from sim.learning.likelihood import expected, log_likelihoods
from sim.learning.statistics import ATTENDED, HELD, LEFT, SHARE, statistics_of
from sim.learning.study import commons, plan_of, simulated
from sim.learning.weights import weights_of
from sim.posterior.choose import chosen_draws
from sim.scenarios.library import load_scenario

STORE = Path(__file__).with_suffix(".csv")
PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "update.md"
SCENARIO = "refocus-as-delivered"
WEEKS = (4, 13, 26)
DATA_SETS, DRAWS, RUNS = 200, 1000, 6
ENDS = (0.05, 0.95)
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


def quantiles(values: np.ndarray, weights: np.ndarray) -> tuple[float, float]:
    """Return the 5% and 95% quantiles of weighted values."""
    order = np.argsort(values)
    reached = np.cumsum(weights[order])
    last = len(values) - 1
    low, high = (values[order[min(int(np.searchsorted(reached, one)), last)]] for one in ENDS)
    return float(low), float(high)


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
    whole = chosen_draws(1000).draws[:: 1000 // draws]
    truths = [(one * 37 + 11) % len(whole) for one in data_sets]
    rollout = ((scenario,), roster, plan, empty, asked)
    before = simulated(*rollout, whole, seed, runs=runs, workers=1)
    common = commons(rollout, whole, before, weights, seed, workers=1)
    means = [
        (1.0 if one.kind == SHARE else 52.0)
        * expected(one, before[:, :, number], weights).mean.mean(axis=1)
        for number, one in enumerate(asked)
    ]
    alike = np.full(len(whole), 1.0 / len(whole))
    found = []
    for data_set, truth in zip(data_sets, truths, strict=True):
        (real,) = simulated(*rollout, [whole[truth]], 1000 + data_set, runs=1, workers=1)
        statistics = statistics_of(register_of(real[0], weeks), roster, started)
        at = [[one.name for one in asked].index(one.name) for one in statistics]
        fit = log_likelihoods(statistics, before[:, :, at], weights, [common[one] for one in at])
        # The truth is none of the draws that are weighted.
        fit[truth] = -np.inf
        for one, values in zip(asked, means, strict=True):
            low, high = quantiles(values, weights_of(fit))
            wide = np.subtract(*quantiles(values, alike)[::-1])
            ratio = float((high - low) / wide)
            found.append(Case(weeks, data_set, one.name, float(values[truth]), low, high, ratio))
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
