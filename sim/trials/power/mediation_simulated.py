"""Power of simulated trials to see that practice carries the effect, and what is true of it.

What the formula needs (paths, shares of variance) comes from the model's twins and is no guess.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from math import isfinite, nan, sqrt
from typing import TYPE_CHECKING, NamedTuple, Unpack

import numpy as np
from numpy.typing import NDArray

from sim.runs.chunk_store import fingerprint, source_version
from sim.runs.pieces import How, Span, run_pieces, spans
from sim.trials.analyses.mediation_test import MediationTest, mediation_test
from sim.trials.data.counterfactual import AgentTwins
from sim.trials.data.data import TrialData
from sim.trials.designs.design import Design
from sim.trials.power.mediation_power import Mediation, MediationPower, mediation_power
from sim.trials.power.power_study import Study
from sim.trials.power.simulated_power import BLOCK, Rate, rate

if TYPE_CHECKING:
    from sim.trials.data.mediated_trial import MediatedTrial

Column = NDArray[np.float64]
# Columns between teams in the model of the mediator (treatment) and of the outcome (both).
BETWEEN = (1, 2)


class Spread(NamedTuple):
    """Sums of one trial, from which shares of variance are formed over trials.

    Of staff given treatment; of people from the trial's untreated twin.
    """

    # Sum of squared deviations, and how many.
    squares: float
    people: float
    # Sums of products, and numbers, of pairs of one worker, and of one team and two workers; of
    # staff the second alone.
    near: float
    near_pairs: float
    far: float
    far_pairs: float


class Shares(NamedTuple):
    """Standard deviation, and shares of variance between teams and between workers in teams."""

    sd: float
    team: float
    worker: float


class Mean(NamedTuple):
    """A mean over trials with its Monte Carlo standard error."""

    value: float
    monte_carlo_se: float


@dataclass(frozen=True)
class SimulatedMediation:
    """Mediation in simulated trials."""

    # What was measured.
    mediator: str
    outcome: str
    # Teams, staff measured in a team, people with an outcome of a worker.
    clusters: int
    workers: float
    people: float
    # Natural effects, in points: by practice, and beside it.
    total: Mean
    indirect: Mean
    direct: Mean
    # Interventional ones, where they were asked for.
    given_indirect: Mean | None
    given_direct: Mean | None
    # The programme's effect on the mediator,
    # in standard deviations of what is measured within arms.
    a: Mean
    # Points of the outcome that the indirect effect is, for a standard deviation of the mediator;
    # NaN where the programme does not reach the mediator.
    slope: float
    estimated_slope: Mean  # The same as trials estimate it between teams
    estimate: Mean  # The product of both paths' estimates, in points
    # Power.
    path_a: Rate
    path_b: Rate
    within: Rate
    joint: Rate
    sobel: Rate
    # Of the mediator given treatment, and of the outcome (given the baseline, where one is used).
    mediator_shares: Shares
    outcome_shares: Shares
    # By formula with the slope that trials estimate;
    # None where they tell none, and of too few clusters.
    formula: MediationPower | None
    paths: Mediation  # What it takes as known


def mediation_simulated(
    study: Study,
    trials: int,
    seed: int = 1,
    *,
    interventional: bool = False,
    **how: Unpack[How],
) -> SimulatedMediation:
    """Simulate trials of a design with [mediation] and outcomes from agents.

    Parameters
    ----------
    interventional : bool
        Whether interventional effects are worked out too, at twice the cost.
    **how
        See `sim.runs.pieces.How`.
    """
    found = run_pieces(
        spans(0, trials, BLOCK),
        functools.partial(mediation_block, study, seed, interventional),
        ("trials",),
        identity=lambda: fingerprint(source_version(), study, "mediation", interventional, seed),
        told={"design": study.file.model_dump(), "seed": seed},
        unit="trials",
        **how,
    )
    rows = np.concatenate([found[number]["trials"] for number in sorted(found)])
    return summary(study, rows)


def mediation_block(
    study: Study, seed: int, interventional: bool, span: Span
) -> dict[str, NDArray[np.float64]]:
    """Simulate the trials of a piece, and return the numbers of each."""
    from sim.trials.data.mediated_trial import mediated_trials

    rule = study.file.mediation
    assert rule is not None
    assert rule.mediator is not None
    assert isinstance(study.source, AgentTwins)
    rows = []
    for replication in range(span.first, span.first + span.worlds):
        (trial,) = mediated_trials(
            study.source,
            study.design,
            [rule.mediator],
            rule.observer_reliability,
            seed,
            replication,
            interventional=interventional,
        )
        rows.append(trial_row(trial, study.design))
    return {"trials": np.array(rows)}


def trial_row(trial: MediatedTrial, design: Design) -> list[float]:
    """Return tests, true effects and sums of one trial."""
    data, staff = trial.data, trial.staff
    last, before = last_period(data, design)
    baseline = None if before is None else data.outcome[before]
    worker = np.zeros(len(data.outcome), np.int64) if data.worker is None else data.worker
    tested = mediation_test(
        staff.team,
        staff.treated,
        staff.mediator,
        data.cluster[last],
        data.arm[last],
        worker[last],
        trial.own[last],
        data.outcome[last],
        baseline,
    )
    return [
        *tested,
        *trial.effects,
        *_of_staff(trial),
        *_of_people(trial.untreated, design),
    ]


def last_period(
    data: TrialData, design: Design
) -> tuple[NDArray[np.intp], NDArray[np.intp] | None]:
    """Return the rows of the last period, and those of the same people before where it is used."""
    if design.baseline == "none":
        return np.flatnonzero(data.period == design.periods - 1), None
    before, after = data.pair_rows(0, design.periods - 1)
    return after, before


def pair_sums(groups: NDArray[np.int64], values: Column) -> tuple[float, float]:
    """Return the sum of products over ordered pairs of one group, and how many pairs there are."""
    codes = np.unique(groups, return_inverse=True)[1]
    sums, squares = np.bincount(codes, values), np.bincount(codes, values**2)
    counts = np.bincount(codes)
    return float((sums**2 - squares).sum()), float((counts**2 - counts).sum())


def _of_staff(trial: MediatedTrial) -> Spread:
    # Given treatment, in the trial as it is: a programme that takes root here and not there adds
    # to the spread between teams, from which the second path is told.
    staff = trial.staff
    means = np.bincount(staff.treated, staff.mediator) / np.bincount(staff.treated)
    values = staff.mediator - means[staff.treated]
    return Spread(float(values @ values), len(values), 0.0, 0.0, *pair_sums(staff.team, values))


def _of_people(data: TrialData, design: Design) -> Spread:
    last, before = last_period(data, design)
    y = data.outcome[last]
    x = y if before is None else data.outcome[before]
    known = ~np.isnan(y) & ~np.isnan(x)
    values = y[known] - y[known].mean()
    if before is not None:
        centred = x[known] - x[known].mean()
        values -= centred * (centred @ values) / (centred @ centred)
    team = data.cluster[last][known]
    assert data.worker is not None
    near, near_pairs = pair_sums(data.worker[last][known], values)
    all_of, all_pairs = pair_sums(team, values)
    far, far_pairs = all_of - near, all_pairs - near_pairs
    return Spread(float(values @ values), len(values), near, near_pairs, far, far_pairs)


def shares_of(sums: Column) -> Shares:
    """Return spread and shares of variance from sums over trials, in the order of `Spread`."""
    total = Spread(*sums.sum(axis=0))
    variance = total.squares / total.people
    far = total.far / total.far_pairs
    near = total.near / total.near_pairs if total.near_pairs else far
    team = min(max(far / variance, 0.0), 1.0)
    worker = min(max((near - far) / variance, 0.0), 1.0 - team)
    return Shares(sqrt(variance), team, worker)


def treated_share(design: Design) -> float:
    """Return the share of teams in one of two arms; it matters not in which."""
    return design.clusters[0] / design.total_clusters


def mean_of(values: Column) -> Mean:
    """Return a mean over trials with an estimate, with its Monte Carlo standard error."""
    known = values[np.isfinite(values)]
    error = float(known.std(ddof=1) / sqrt(len(known))) if len(known) > 1 else np.nan
    return Mean(float(known.mean()) if len(known) else np.nan, error)


def summary(study: Study, rows: NDArray[np.float64]) -> SimulatedMediation:
    """Return what trials show, from the rows of `trial_row`."""
    from sim.trials.data.mediated_trial import Effects

    alpha, clusters = study.plan.alpha, study.design.total_clusters
    rule = study.file.mediation
    assert rule is not None
    # As `trial_row` puts them in a row.
    parts = [one._fields for one in (MediationTest, Effects, Spread, Spread)]
    ends = np.cumsum([len(one) for one in parts])
    columns = np.split(rows, ends[:-1], axis=1)
    tests, effects, of_staff, of_people = (
        dict(zip(names, own.T, strict=True)) for names, own in zip(parts, columns, strict=True)
    )
    staff, people = shares_of(columns[2]), shares_of(columns[3])
    workers = float(of_staff["people"].mean() / clusters)
    users = float(of_people["people"].mean() / (clusters * workers))
    a = mean_of(effects["mediator"] / staff.sd)
    indirect, estimated = mean_of(effects["indirect"]), mean_of(tests["b"] * staff.sd)
    slope = indirect.value / a.value if a.value else nan
    trials = len(rows)

    def found(*p: Column) -> Rate:
        hits = np.all([np.nan_to_num(one, nan=1.0) < alpha for one in p], axis=0)
        return rate(int(hits.sum()), trials)

    paths = Mediation(
        a.value,
        estimated.value / people.sd,
        staff.team,
        people.worker,
        people.team,
        covariates=BETWEEN,
    )

    formula = None
    if clusters > BETWEEN[1] + 1 and isfinite(paths.b):
        formula = mediation_power(
            paths, clusters, workers, users, treated_share(study.design), alpha
        )
    asked = np.isfinite(effects["given_indirect"]).any()
    return SimulatedMediation(
        mediator=str(rule.mediator),
        outcome=str(study.file.agents and study.file.agents.measure),
        clusters=clusters,
        workers=workers,
        people=users,
        total=mean_of(effects["total"]),
        indirect=indirect,
        direct=mean_of(effects["direct"]),
        given_indirect=mean_of(effects["given_indirect"]) if asked else None,
        given_direct=mean_of(effects["given_direct"]) if asked else None,
        a=a,
        slope=slope,
        estimated_slope=estimated,
        estimate=mean_of(tests["a"] * tests["b"]),
        path_a=found(tests["p_a"]),
        path_b=found(tests["p_b"]),
        within=found(tests["p_within"]),
        joint=found(tests["p_a"], tests["p_b"]),
        sobel=found(tests["p_sobel"]),
        mediator_shares=staff,
        outcome_shares=people,
        formula=formula,
        paths=paths,
    )
