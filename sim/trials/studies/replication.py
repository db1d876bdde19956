"""The REFOCUS trial simulated many times, and where its published figures fall.

Each trial has parameter values of its own (a draw of the posterior), chance of its own, and a
roster that fills what the trial's report leaves open. The published figures were used to fit the
posterior, so this shows how well the fit describes them; it is no test of the model.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan, sqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.errors import InputError
from sim.runs.pieces import How, Span, spans
from sim.trials.power.simulated_power import Rate, rate
from sim.trials.studies.refocus_figures import (
    FOLLOW_UP,
    RefocusFigures,
    drawn_judging,
    refocus_figures,
)
from sim.trials.studies.simulated_trials import check_asked, simulated_trials

if TYPE_CHECKING:
    import pandas as pd

PUBLISHED = Path(__file__).parent / "refocus-published.toml"
ROSTERS = 8
BATCH = 125
# Trials of a piece, which is stored when it is finished.
PIECE = 25
JUDGING_KEY = 7919
SIGNIFICANT = 0.05


def published_figures() -> dict[str, dict[str, Any]]:
    """Return what the trial reported: label, unit, value and evidence by name of figure."""
    return tomllib.loads(PUBLISHED.read_text(encoding="utf-8"))


def simulate_refocus(
    draws: Sequence[Mapping[str, float]],
    count: int,
    seed: int = 1,
    **how: Unpack[How],
) -> pd.DataFrame:
    """Simulate and analyse the REFOCUS trial.

    Parameters
    ----------
    draws : sequence of mappings
        Sets of parameter values, one for each trial in turn.
    count : int
        Trials.
    seed : int
        Seed of chance, of rosters and of how participation was judged.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    DataFrame
        One row for each trial, columns of `RefocusFigures`.

    Raises
    ------
    InputError
        If there is no draw or no trial is asked for.
    """
    from sim.scenarios.library import load_scenario

    check_asked(draws, count)
    scenario = load_scenario("refocus-as-delivered")
    # As many trials share a drawing of the roster.
    size = min(BATCH, -(-count // ROSTERS))
    pieces = [
        piece
        for first in range(0, count, size)
        for piece in spans(first, min(first + size, count), PIECE)
    ]

    def figures_of(span: Span) -> list[RefocusFigures]:
        roster_seed = (seed + span.first // size * size) % 2**32
        return _batch(scenario, draws, range(span.first, span.last), seed, roster_seed)

    return simulated_trials(
        "refocus", pieces, figures_of, RefocusFigures._fields, seed, (draws, size), **how
    )


def _batch(
    scenario: Any,
    draws: Sequence[Mapping[str, float]],
    numbers: range,
    seed: int,
    roster_seed: int,
) -> list[RefocusFigures]:
    """Simulate the trials with these numbers, on one drawing of the roster."""
    from sim.inputs.roster import trial_roster
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate

    roster = trial_roster(roster_seed)
    request = build_request(
        [scenario],
        roster,
        draws=[draws[one % len(draws)] for one in numbers],
        weeks=FOLLOW_UP,
        replications=1,
        seed=seed,
        collect=("assessments", "team_weeks"),
        own_chance=True,
        first_run=numbers[0],
    )
    arrays = simulate(request, workers=1).arrays
    arm = np.array([1 if row.arm == "intervention" else 0 for row in roster.rows])
    people, weeks = arrays["assessments"], arrays["team_weeks"]
    weeks = weeks[weeks["week"] == FOLLOW_UP]
    found = []
    for place, number in enumerate(numbers):
        own = people[people["draw"] == place]
        last = np.sort(weeks[weeks["draw"] == place], order="team")
        offered = last["sessions_offered"]
        attended = np.where(
            offered > 0.0, last["sessions_attended"] / np.maximum(offered, 1.0), nan
        )
        rng = np.random.Generator(np.random.Philox(key=[seed, JUDGING_KEY + number]))
        found.append(
            refocus_figures(
                _in_order(own[own["week"] == 0]),
                _in_order(own[own["week"] == FOLLOW_UP]),
                arm,
                attended,
                drawn_judging(rng, int(arm.sum())),
            )
        )
    return found


def _in_order(rows: np.ndarray) -> np.ndarray:
    return np.sort(rows, order=["team", "place"])


@dataclass(frozen=True)
class Fall:
    """Where a published figure falls among simulated ones.

    Attributes
    ----------
    name, label, unit : str
    published : float
    median, low, high : float
        Of simulated trials: median, and the interval that holds 90% of them.
    below : Rate
        Share of trials with a smaller figure.
    tail : float
        Twice the smaller share beyond the published figure, at most 1.
    tail_monte_carlo_se : float
    inside : bool
        Whether the published figure lies within the 90% interval.
    trials : int
        Trials with this figure.
    """

    name: str
    label: str
    unit: str
    published: float
    median: float
    low: float
    high: float
    below: Rate
    tail: float
    tail_monte_carlo_se: float
    inside: bool
    trials: int


@dataclass(frozen=True)
class Replication:
    """What many simulated REFOCUS trials say.

    Attributes
    ----------
    falls : tuple of Fall
        One for each published figure; P4 among all trials.
    selected : Fall or None
        P4 among trials that would have reported a participation contrast, as one was significant;
        None when there are fewer than ten.
    higher_participation : Rate
        Trials in which Interpersonal was higher in high-participation teams, the sign of P4.
    higher_selected : Rate
        The same among trials that would have reported it.
    significant : Rate
        Trials whose difference had p < .05: the simulated trial's chance of a positive or negative
        finding.
    at_least_published : Rate
        Trials whose difference was at least the published one.
    singular, failed : Rate
        Fits with no variance between teams; trials without a difference.
    """

    falls: tuple[Fall, ...]
    selected: Fall | None
    higher_participation: Rate
    higher_selected: Rate
    significant: Rate
    at_least_published: Rate
    singular: Rate
    failed: Rate


def replication_summary(trials: pd.DataFrame) -> Replication:
    """Return where the published figures fall among simulated trials."""
    figures = published_figures()
    falls = tuple(fall(name, one, trials[name].to_numpy(float)) for name, one in figures.items())
    reported = trials["participation_smallest_p"].to_numpy(float) < SIGNIFICANT
    contrast = trials["participation"].to_numpy(float)
    difference = trials["difference"].to_numpy(float)
    p = trials["p"].to_numpy(float)
    count = len(trials)
    chosen = contrast[reported & np.isfinite(contrast)]
    return Replication(
        falls=falls,
        selected=fall("participation", figures["participation"], chosen)
        if len(chosen) >= 10
        else None,
        higher_participation=rate(int((contrast > 0.0).sum()), int(np.isfinite(contrast).sum())),
        higher_selected=rate(int((chosen > 0.0).sum()), len(chosen)),
        significant=rate(int((p < SIGNIFICANT).sum()), count),
        at_least_published=rate(int((difference >= figures["difference"]["value"]).sum()), count),
        singular=rate(int((trials["singular"] == 1.0).sum()), count),
        failed=rate(int((~np.isfinite(difference)).sum()), count),
    )


def fall(name: str, figure: Mapping[str, Any], values: np.ndarray) -> Fall:
    """Return where one published figure falls."""
    known = values[np.isfinite(values)]
    count = len(known)
    if count == 0:
        raise InputError(f"trials: none has the figure '{name}'")
    published = float(figure["value"])
    below = rate(int((known < published).sum()), count)
    above = rate(int((known > published).sum()), count)
    side = min(below.value, above.value)
    low, middle, high = (float(one) for one in np.quantile(known, (0.05, 0.5, 0.95)))
    return Fall(
        name=name,
        label=str(figure["label"]),
        unit=str(figure["unit"]),
        published=published,
        median=middle,
        low=low,
        high=high,
        below=below,
        tail=min(1.0, 2.0 * side),
        tail_monte_carlo_se=2.0 * sqrt(side * (1.0 - side) / count),
        inside=low <= published <= high,
        trials=count,
    )
