"""High and low participation, and the patterns of the trial, from simulated trials.

Participation is seen after randomisation and teams choose it themselves: a contrast between high
and low participation is not evidence that training causes the difference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.runs.results import Results
from sim.runs.world_spread import world_spread
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

HIGH, LOW, CONTROL = "high participation", "low participation", "control"
FOLLOW_UP = 52


def participation_groups(results: Results, scenario: int) -> dict[tuple[int, int], np.ndarray]:
    """Return each team's group in every run of a scenario, by (draw, replication).

    The half of the intervention teams with the larger share of offered staff-sessions attended by
    the last week is high, the other half low; teams without the programme are control.
    """
    rows = results.arrays["team_weeks"]
    own = rows[(rows["scenario"] == scenario) & (rows["week"] == rows["week"].max())]
    groups: dict[tuple[int, int], np.ndarray] = {}
    for draw, replication in {(int(r["draw"]), int(r["replication"])) for r in own}:
        world = own[(own["draw"] == draw) & (own["replication"] == replication)]
        world = np.sort(world, order="team")
        offered, attended = world["sessions_offered"], world["sessions_attended"]
        share = np.where(offered > 0.0, attended / np.maximum(offered, 1.0), np.nan)
        trained = np.flatnonzero(offered > 0.0)
        label = np.full(len(world), CONTROL, dtype=object)
        order = trained[np.argsort(-share[trained], kind="stable")]
        half = len(order) // 2
        label[order[:half]] = HIGH
        label[order[half:]] = LOW
        groups[(draw, replication)] = label
    return groups


def participation_trajectories(results: Results, scenario: int, variable: str) -> pd.DataFrame:
    """Return the weekly mean over teams of each group in every run.

    Returns
    -------
    pandas.DataFrame
        Columns ``group, draw, replication, week, value``.
    """
    rows = results.arrays["team_weeks"]
    own = rows[rows["scenario"] == scenario]
    groups = participation_groups(results, scenario)
    labels = np.empty(len(own), dtype=object)
    for (draw, replication), label in groups.items():
        chosen = (own["draw"] == draw) & (own["replication"] == replication)
        labels[chosen] = label[own["team"][chosen]]
    frame = data_frame(
        {
            "group": labels,
            "draw": own["draw"],
            "replication": own["replication"],
            "week": own["week"],
            "value": own[variable],
        }
    )
    keys = ["group", "draw", "replication", "week"]
    return frame.groupby(keys, sort=False)["value"].mean().reset_index()


def simulated_patterns(results: Results, scenario: int) -> dict[str, np.ndarray]:
    """Return the trial's quantities, and the draw, of every simulated trial of a scenario.

    The adjusted difference is the exact mixed model's: follow-up on arm and baseline with a random
    intercept of team. The participation contrast is the plain difference in QPR Interpersonal at
    follow-up between users of high and low participation teams.
    """
    from sim.trials.fits.random_intercept_compiled import fit_random_intercept

    users = results.arrays["assessments"]
    own = users[users["scenario"] == scenario]
    treated = np.array([arm == "intervention" for arm in results.labels["team_arm"]])
    groups = participation_groups(results, scenario)
    found: dict[str, list[float]] = {
        name: []
        for name in ("draw", "control", "intervention", "sd", "difference", "kept", "contrast")
    }
    for (draw, replication), label in sorted(groups.items()):
        world = own[(own["draw"] == draw) & (own["replication"] == replication)]
        before = world[world["week"] == 0]
        after = world[world["week"] == FOLLOW_UP]
        kept = after["in_research"] == 1
        team = after["team"]
        arm = treated[team]
        score = after["qpr15"]
        columns = np.column_stack(
            [np.ones(int(kept.sum())), arm[kept].astype(float), before["qpr15"][kept]]
        )
        _, codes = np.unique(team[kept], return_inverse=True)
        fit = fit_random_intercept(codes, int(codes.max()) + 1, columns, score[kept], 1)
        interpersonal = after["qpr_interpersonal"]
        high = kept & (label[team] == HIGH)
        low = kept & (label[team] == LOW)
        contrast = np.nan
        if high.any() and low.any():
            contrast = interpersonal[high].mean() - interpersonal[low].mean()
        for name, value in (
            ("draw", float(draw)),
            ("control", score[kept & ~arm].mean()),
            ("intervention", score[kept & arm].mean()),
            ("sd", score[kept].std(ddof=1)),
            ("difference", fit.estimate),
            ("kept", float(kept.sum())),
            ("contrast", contrast),
        ):
            found[name].append(float(value))
    return {name: np.array(values) for name, values in found.items()}


def pattern_table(results: Results, scenario: int) -> pd.DataFrame:
    """Return the trial's figures beside what the simulated trials show."""
    simulated = simulated_patterns(results, scenario)
    rows = []
    for code, what, observed, name in (
        ("P1", "QPR-15 at one year, control, mean", "40.0", "control"),
        ("P1", "QPR-15 at one year, both arms, SD", "10.1-10.2", "sd"),
        ("P2", "QPR-15 adjusted difference", "0.68 (95% CI -1.7 to 3.1)", "difference"),
        ("P4", "High v low participation, QPR Interpersonal", "+1.6 (0.5 to 2.7)", "contrast"),
        ("P6", "Followed up at one year, of 403", "297", "kept"),
    ):
        known = np.isfinite(simulated[name])
        spread = world_spread(simulated[name][known], simulated["draw"][known])
        rows.append(
            {
                "pattern": code,
                "quantity": what,
                "trial": observed,
                "simulated mean": spread.mean,
                "Monte Carlo SE": spread.monte_carlo_se,
                "5%": spread.low,
                "95%": spread.high,
            }
        )
    return data_frame(rows)
