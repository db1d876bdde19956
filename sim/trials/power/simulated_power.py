"""Power by simulation: rejection rates with their Monte Carlo error, and how the estimator does.

The headline counts every generated trial; an analysis that failed counts as a non-rejection. The
measures of performance and their Monte Carlo standard errors are those of Morris, White and
Crowther (2019).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import nan, sqrt
from typing import Any, Protocol, Unpack

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError
from sim.runs.chunk_store import fingerprint, source_version
from sim.runs.pieces import How, Span, run_pieces, spans
from sim.trials.analyses.analysis_plan import AnalysisPlan, analyse_trial, default_plan
from sim.trials.analyses.trial_result import TrialResult, as_table, from_table
from sim.trials.data.data import TrialData
from sim.trials.designs.design import Design

NORMAL_975 = 1.959963984540054
INTERVAL = "95%, Monte Carlo error alone"
"""What the interval of a simulated probability covers."""
# Trials of a piece: few enough that progress moves, many enough that storing costs little.
BLOCK = 10


class Source(Protocol):
    """Anything that makes trials of a design."""

    def simulate(self, design: Design, seed: int, replication: int) -> TrialData:
        """Return the data of trial number `replication`."""


@dataclass(frozen=True)
class Rate:
    """A simulated probability."""

    value: float  # Share of trials
    monte_carlo_se: float  # sqrt(p (1 - p) / n)
    # Wilson's 95% interval: Monte Carlo error alone.
    low: float
    high: float
    trials: int  # Number of trials


def rate_line(name: str, one: Rate) -> str:
    """Return a simulated probability as a line of text."""
    return (
        f"  {name:<48}{one.value:>7.3f}  MC SE {one.monte_carlo_se:.4f}  {one.low:.3f} to "
        f"{one.high:.3f} ({INTERVAL})"
    )


def rate(successes: int, trials: int) -> Rate:
    """Return a share with its Monte Carlo standard error and Wilson interval."""
    if trials == 0:
        return Rate(nan, nan, nan, nan, 0)
    p = successes / trials
    z2 = NORMAL_975 * NORMAL_975
    centre = (p + z2 / (2.0 * trials)) / (1.0 + z2 / trials)
    half = NORMAL_975 * sqrt(p * (1.0 - p) / trials + z2 / (4.0 * trials * trials))
    half /= 1.0 + z2 / trials
    return Rate(p, sqrt(p * (1.0 - p) / trials), centre - half, centre + half, trials)


@dataclass(frozen=True)
class Performance:
    """How a design and its analysis do over many trials."""

    # Rejections at the plan's level over all trials, failures counted as non-rejections.
    power: Rate
    power_when_fitted: Rate  # The same over trials with an estimate
    # Trials without an estimate; trials with a variance estimated as zero.
    failed: Rate
    singular: Rate
    true_effect: float  # What is estimated, mean over trials; NaN when the source does not state it
    # Mean estimate less the true effect, and its Monte Carlo standard error.
    bias: float
    bias_se: float
    mean_estimate: float  # Mean estimate
    # Standard deviation of estimates about the true effect, and its Monte Carlo standard error.
    empirical_se: float
    empirical_se_error: float
    # Root mean square of the model's standard errors, and its Monte Carlo standard error.
    model_se: float
    model_se_error: float
    coverage: Rate  # Intervals that hold the true effect
    icc: float  # Realised intracluster correlation, mean over trials of the fitted components
    analysed: float  # Mean number of rows analysed
    df: float  # Median degrees of freedom of the test

    def as_dict(self) -> dict[str, Any]:
        """Return plain numbers by name."""
        return asdict(self)


def run_trials(
    source: Source,
    design: Design,
    count: int,
    seed: int = 1,
    plan: AnalysisPlan | None = None,
    **how: Unpack[How],
) -> list[TrialResult]:
    """Simulate and analyse trials.

    Parameters
    ----------
    source : Source
        Where outcomes come from, such as a `StatisticalSource` or an `AgentSource`.
    design : Design
        The trial.
    count, seed : int
        Number of trials, and key of their draws.
    plan : AnalysisPlan, optional
        The analysis; what the design calls for when not given.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    list of TrialResult
        In the order of trials.
    """
    if count < 1:
        raise InputError(f"trials = {count}: must be at least 1")
    chosen = plan or default_plan(design)

    def run(span: Span) -> dict[str, np.ndarray]:
        numbers = range(span.first, span.last)
        made = (source.simulate(design, seed, number) for number in numbers)
        return {"results": as_table([analyse_trial(data, design, chosen) for data in made])}

    pieces = spans(0, count, BLOCK)
    found = run_pieces(
        pieces,
        run,
        ("results",),
        identity=lambda: fingerprint(source_version(), source, design, chosen, seed),
        unit="trials",
        **how,
    )
    return from_table(np.concatenate([found[piece.number]["results"] for piece in pieces]))


def performance(
    results: list[TrialResult], alpha: float = 0.05, true_effect: float | NDArray[np.float64] = nan
) -> Performance:
    """Return rejection rates and measures of performance over trials.

    Parameters
    ----------
    results : list of TrialResult
        One per trial.
    alpha : float
        Level of the test.
    true_effect : float or (n,) array
        What is estimated, in all trials or in each; NaN leaves bias and coverage out.
    """
    count = len(results)
    truths = np.broadcast_to(np.asarray(true_effect, float), (count,))
    have = [not one.failed for one in results]
    fitted = [one for one in results if not one.failed]
    truth = truths[have]
    rejected = sum(1 for one in fitted if one.p < alpha)
    estimates = np.array([one.estimate for one in fitted])
    errors = np.array([one.se for one in fitted])
    n = len(fitted)
    covered = sum(1 for one, at in zip(fitted, truth, strict=True) if one.low <= at <= one.high)
    total = np.array([one.cluster_variance + one.residual_variance for one in fitted])
    between = np.array([one.cluster_variance for one in fitted])
    known = bool(np.isfinite(truth).all()) and n > 0
    away = estimates - truth if known else estimates
    spread = float(away.std(ddof=1)) if n > 1 else nan
    model_se = float(np.sqrt((errors**2).mean())) if n else nan
    return Performance(
        power=rate(rejected, count),
        power_when_fitted=rate(rejected, n),
        failed=rate(count - n, count),
        singular=rate(sum(1 for one in fitted if one.singular), count),
        true_effect=float(np.nanmean(truths)) if np.isfinite(truths).any() else nan,
        bias=float(away.mean()) if known else nan,
        bias_se=spread / sqrt(n) if n > 1 and known else nan,
        mean_estimate=float(estimates.mean()) if n else nan,
        empirical_se=spread,
        empirical_se_error=spread / sqrt(2.0 * (n - 1)) if n > 1 else nan,
        model_se=model_se,
        model_se_error=float((errors**2).std(ddof=1)) / (2.0 * model_se * sqrt(n))
        if n > 1
        else nan,
        coverage=rate(covered, n) if known else Rate(nan, nan, nan, nan, 0),
        icc=float((between / total)[np.isfinite(total)].mean())
        if np.isfinite(total).any()
        else nan,
        analysed=float(np.mean([one.analysed for one in results])) if count else nan,
        df=float(np.median([one.df for one in fitted])) if n else nan,
    )
