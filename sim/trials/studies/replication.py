"""The REFOCUS trial simulated many times, and where its published figures fall.

Each trial has parameter values of its own (a draw of the posterior), chance of its own, and one of
eight rosters that fill what the trial's report leaves open; its figures are those that calibration
fits, computed by the same functions. The published figures were used to fit the posterior, so this
shows how well the fit describes them; it is no test of the model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np

from sim.errors import InputError
from sim.parameters import resolved_records
from sim.runs.pieces import How, Span, spans
from sim.trials.power.simulated_power import Rate, rate
from sim.trials.studies.published import published_figures
from sim.trials.studies.simulated_trials import check_asked, simulated_trials

if TYPE_CHECKING:
    import pandas as pd

# Trials of a piece, which is stored when it is finished.
PIECE = 10
SIGNIFICANT = 0.05
# What is told of each trial, and the figure it is.
COLUMNS = {
    "control_mean": "control_mean",
    "pooled_sd": "log_sd",
    "difference": "difference",
    "standard_error": "standard_error",
    "df": "df",
    "p": "p",
    "icc": "icc",
    "singular": "singular",
    "retention": "retention",
    "attended": "attended_share",
    "participation": "participation",
    "participation_p": "participation_p",
    "participation_smallest_p": "participation_smallest_p",
}


def simulate_refocus(
    draws: Sequence[Mapping[str, float]], count: int, seed: int = 1, **how: Unpack[How]
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
        One row for each trial, `COLUMNS`.

    Raises
    ------
    InputError
        If there is no draw or no trial is asked for.
    """
    from sim.trials.studies.refocus_figures import PLACE
    from sim.trials.studies.refocus_trial import refocus_design, simulate_trial

    check_asked(draws, count)
    design = refocus_design(seed)
    records = resolved_records(draws)
    places = [PLACE[name] for name in COLUMNS.values()]

    def figures_of(span: Span) -> list[list[float]]:
        space: dict[Any, Any] = {}
        return [
            simulate_trial(design, records[number % len(records)], number, False, space)[
                places
            ].tolist()
            for number in range(span.first, span.last)
        ]

    pieces = spans(0, count, PIECE)
    frame = simulated_trials("refocus", pieces, figures_of, tuple(COLUMNS), seed, (draws,), **how)
    frame["pooled_sd"] = np.exp(frame["pooled_sd"])
    return frame


@dataclass(frozen=True)
class Fall:
    """Where a published figure falls among simulated ones."""

    name: str
    label: str
    unit: str
    published: float
    # Of simulated trials: median, and the interval that holds 90% of them.
    median: float
    low: float
    high: float
    below: Rate  # Share of trials with a smaller figure
    tail: float  # Twice the smaller share beyond the published figure
    tail_monte_carlo_se: float
    inside: bool  # Whether the published figure lies within the 90% interval
    trials: int  # Trials with this figure


@dataclass(frozen=True)
class Replication:
    """What many simulated REFOCUS trials say."""

    falls: tuple[Fall, ...]  # One for each published figure; P4 among all trials
    # P4 among trials that would have reported a participation contrast, as one was significant;
    # None when there are fewer than ten.
    selected: Fall | None
    # Trials in which Interpersonal was higher in high-participation teams, the sign of P4.
    higher_participation: Rate
    higher_selected: Rate  # The same among trials that would have reported it
    # Trials whose difference had p < .05: the simulated trial's chance of a positive or negative
    # finding.
    significant: Rate
    at_least_published: Rate  # Trials whose difference was at least the published one
    # Fits with no variance between teams; trials without a difference.
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
        tail=2.0 * side,
        tail_monte_carlo_se=2.0 * sqrt(side * (1.0 - side) / count),
        inside=low <= published <= high,
        trials=count,
    )
