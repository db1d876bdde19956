"""Trial designs: which cluster is treated and measured when, and how many people are asked.

A design is a matrix of clusters by periods with one of four entries: control, treated, transition
(the programme runs in, nothing is analysed) and not measured. Parallel trials, stepped wedges and
cluster crossovers are matrices of a particular shape.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from sim.errors import InputError, unknown

CONTROL, TREATED, TRANSITION, NOT_MEASURED = 0, 1, 2, 3
SAMPLINGS = ("cross-sectional", "closed cohort", "open cohort")
BASELINES = ("none", "ancova", "change")
RANDOMISATIONS = ("simple", "stratified", "minimised", "restricted")
MISSING = ("completely at random", "at random", "not at random")
LARGEST = 100_000


@dataclass(frozen=True)
class Attrition:
    """Loss to follow-up."""

    # Share lost, 0-0.95: the mean over all who could be lost, whatever loss depends on.
    rate: float = 0.0
    # {'completely at random', 'at random', 'not at random'}: Whether loss depends on nothing, on
    # the baseline, or on the outcome itself.
    mechanism: str = MISSING[0]
    # Change in the log odds of loss per standard deviation of baseline or outcome.
    slope: float = 0.0
    arm_difference: float = 0.0  # Added to the log odds of loss in treated clusters

    def __post_init__(self) -> None:
        if not 0.0 <= self.rate <= 0.95:
            raise InputError(f"attrition.rate = {self.rate}: must be from 0 to 0.95 (share lost)")
        if self.mechanism not in MISSING:
            raise unknown("attrition.mechanism", self.mechanism, MISSING)


@dataclass(frozen=True)
class ReadinessEntry:
    """Measured readiness as an entry criterion or stratum, its error, and work on it before."""

    # Smallest measured readiness (0-1) that lets a team in; None for no such criterion.
    minimum: float | None = None
    # Share of the screened teams, those with the highest scores, that may enter; None for no such
    # criterion.
    share: float | None = None
    # Strata of measured readiness with equal numbers of teams, balanced over arms; 1 for none.
    strata: int = 1
    reliability: float = 0.7  # Share of the variance of the score that is real
    screened_per_team: int = 4  # Teams that are screened for every team that the design needs
    # Weeks of preparatory work on readiness before training; follow-up moves back as much.
    run_in_weeks: int = 0
    run_in_intensity: float = 1.0  # How much of it: 1 as planned

    def __post_init__(self) -> None:
        if self.minimum is not None and not 0.0 <= self.minimum <= 1.0:
            raise InputError(f"readiness.minimum = {self.minimum}: must be from 0 to 1")
        if self.share is not None and not 0.0 < self.share <= 1.0:
            raise InputError(f"readiness.share = {self.share}: must be above 0 and at most 1")
        if (self.minimum is not None) + (self.share is not None) + (self.strata > 1) > 1:
            raise InputError("readiness: give one of minimum, share and strata")
        if not 1 <= self.strata <= 10:
            raise InputError(f"readiness.strata = {self.strata}: must be from 1 to 10")
        if not 0.05 <= self.reliability <= 1.0:
            raise InputError(f"readiness.reliability = {self.reliability}: must be from 0.05 to 1")
        if not 1 <= self.screened_per_team <= 50:
            raise InputError(
                f"readiness.screened_per_team = {self.screened_per_team}: must be from 1 to 50"
            )
        if self.run_in_weeks < 0:
            raise InputError(f"readiness.run_in_weeks = {self.run_in_weeks}: must be 0 or more")
        if not 0.0 <= self.run_in_intensity <= 1.0:
            raise InputError(
                f"readiness.run_in_intensity = {self.run_in_intensity}: must be from 0 to 1"
            )

    @property
    def decides(self) -> bool:
        """Whether measured readiness decides which teams enter, or in which stratum."""
        return self.minimum is not None or self.share is not None or self.strata > 1

    @property
    def asked(self) -> bool:
        """Whether readiness is measured or worked on at all."""
        return self.decides or self.run_in_weeks > 0


@dataclass(frozen=True)
class Design:
    """A cluster trial."""

    name: str  # For reports
    schedule: np.ndarray  # Sequences by periods: CONTROL, TREATED, TRANSITION or NOT_MEASURED
    clusters: tuple[int, ...]  # Clusters randomised to each sequence
    size: float  # People asked per cluster and measured period, on average
    size_variation: float = 0.0  # Coefficient of variation of that number between clusters
    sampling: str = SAMPLINGS[0]  # One of `SAMPLINGS`
    churn: float = 0.0  # In an open cohort, share of people replaced from one period to the next
    # How a period before treatment is used in a parallel trial: one of `BASELINES`.
    baseline: str = BASELINES[0]
    randomisation: str = RANDOMISATIONS[0]  # One of `RANDOMISATIONS`
    strata: int = 1  # Number of strata for stratified randomisation
    # Loss to follow-up after the first measurement (cohorts), or non-response (cross-sections).
    attrition: Attrition = field(default_factory=Attrition)
    # Readiness as an entry criterion.
    readiness: ReadinessEntry = field(default_factory=ReadinessEntry)
    period_weeks: int = 52  # Weeks from one period to the next
    # People in each cluster, in the order of strata, dealt to sequences by the randomisation; empty
    # for sizes of that mean and variation. See `sized`.
    sizes: tuple[float, ...] = ()
    unclustered: int | None = None  # Sequence whose clusters are single people
    # Arms with a treatment of their own; the first sequences, each one arm, if more than one.
    treated_arms: int = 1

    def __post_init__(self) -> None:
        check(self)

    @property
    def total_clusters(self) -> int:
        """Number of clusters."""
        return sum(self.clusters)

    @property
    def periods(self) -> int:
        """Number of periods."""
        return int(self.schedule.shape[1])

    @property
    def by_cluster(self) -> np.ndarray:
        """Schedule with one row per cluster, sequences in order."""
        return np.repeat(self.schedule, self.clusters, axis=0)

    @property
    def is_parallel(self) -> bool:
        """Whether the trial is a comparison of two arms at the last period, and no more than that.

        Every cluster is measured at the end, some under control for good, the others under
        treatment that all began in one period and none gave up; and what was measured before serves
        as baseline or there is nothing. Any other matrix is analysed over all its periods.
        """
        used = self.schedule[np.array(self.clusters) > 0]
        if not np.isin(used[:, -1], (CONTROL, TREATED)).all():
            return False
        arm = used[:, -1] == TREATED
        starts = first_treated(used)
        if arm.all() or not arm.any() or (starts[~arm] >= 0).any() or len(set(starts[arm])) != 1:
            return False
        if (used[arm, starts[arm][0] :] == CONTROL).any():
            return False
        earlier = np.isin(used[:, :-1], (CONTROL, TREATED)).any()
        return bool(not earlier or self.baseline != "none")


def first_treated(schedule: np.ndarray) -> np.ndarray:
    """Return the first period in which each sequence is treated; -1 for never."""
    treated = schedule == TREATED
    return np.where(treated.any(axis=1), treated.argmax(axis=1), -1)


def check(design: Design) -> None:
    """Refuse a design that cannot answer its question, and say what to change.

    Raises
    ------
    InputError
        With the field, its value and the rule.
    """
    schedule = design.schedule
    if schedule.ndim != 2 or schedule.size == 0:
        raise InputError("schedule: must have at least one sequence and one period")
    if not np.isin(schedule, (CONTROL, TREATED, TRANSITION, NOT_MEASURED)).all():
        raise InputError(
            "schedule: entries must be 0 (control), 1 (treated), 2 (transition) or 3 (not measured)"
        )
    if len(design.clusters) != schedule.shape[0]:
        raise InputError(
            f"clusters = {list(design.clusters)}: must name a number for each of the "
            f"{schedule.shape[0]} sequences"
        )
    if any(one < 0 or one != int(one) for one in design.clusters):
        raise InputError(f"clusters = {list(design.clusters)}: must be whole numbers of 0 or more")
    used = design.by_cluster
    if not (used == TREATED).any():
        raise InputError("schedule: treats nobody; give at least one cluster a treated period (1)")
    if not (used == CONTROL).any():
        raise InputError(
            "schedule: has no control observation; give at least one cluster a control period (0)"
        )
    check_comparison(used)
    if design.total_clusters > LARGEST:
        raise InputError(f"clusters: {design.total_clusters} in all: at most {LARGEST}")
    if not 1.0 <= design.size <= LARGEST:
        raise InputError(f"size = {design.size}: must be from 1 to {LARGEST} people")
    if not 0.0 <= design.size_variation <= 2.0:
        raise InputError(f"size_variation = {design.size_variation}: must be from 0 to 2")
    if not 0.0 <= design.churn <= 1.0:
        raise InputError(f"churn = {design.churn}: must be from 0 to 1")
    if design.churn > 0.0 and design.sampling != "open cohort":
        raise InputError(
            f"churn = {design.churn:g}: replaces people of an open cohort, and sampling is "
            f"'{design.sampling}'; set sampling = 'open cohort' or leave churn out"
        )
    for name, value, valid in (
        ("sampling", design.sampling, SAMPLINGS),
        ("baseline", design.baseline, BASELINES),
        ("randomisation", design.randomisation, RANDOMISATIONS),
    ):
        if value not in valid:
            raise unknown(name, value, valid)
    if design.strata < 1 or design.strata > max(1, design.total_clusters // 2):
        raise InputError(
            f"strata = {design.strata}: must be from 1 to half the number of clusters "
            f"({design.total_clusters // 2})"
        )
    if has_two_arms(design):
        per_arm = arm_sizes(design)
        if min(per_arm) < 2:
            raise InputError(
                f"clusters = {list(design.clusters)}: one cluster in an arm cannot be told from "
                "the treatment; give each arm at least 2"
            )
    elif design.total_clusters < 2:
        raise InputError("clusters: a single cluster cannot be randomised; give at least 2")
    if design.baseline != "none" and not has_baseline(design):
        raise InputError(
            f"baseline = '{design.baseline}': needs a period in which every cluster is in control; "
            "add one at the start or set baseline = 'none'"
        )
    over_periods = design.baseline == "ancova" and not compares_clusters(design)
    if over_periods and design.sampling != "closed cohort":
        raise InputError(
            "baseline = 'ancova': over periods every person needs a baseline of their own; set "
            "sampling = 'closed cohort'"
        )
    if design.baseline != "none" and not design.is_parallel and not over_periods:
        raise InputError(
            f"baseline = '{design.baseline}': needs two arms, one in control throughout and one "
            "treated from one period to the end; set baseline = 'none', the analysis then uses all "
            "periods"
        )
    if design.baseline != "none" and design.sampling == "cross-sectional":
        raise InputError(
            f"baseline = '{design.baseline}': needs the same people twice; set sampling = "
            "'closed cohort'"
        )
    check_loss(design)


def check_comparison(used: np.ndarray) -> None:
    """Refuse a matrix in which the effect cannot be told from the periods.

    With an effect for each period, clusters inform about the treatment only where treated and
    control clusters are measured side by side.
    """
    if not np.isin(used[:, -1], (CONTROL, TREATED)).any():
        raise InputError(
            f"schedule: nobody is measured in the last period ({used.shape[1]}); leave it out"
        )
    treated, control = ((used == state).any(axis=0) for state in (TREATED, CONTROL))
    if (treated & control).any():
        return
    begin = first_treated(used)
    if (begin >= 0).all() and len(set(begin.tolist())) == 1:
        raise InputError(
            f"schedule: treats all clusters from period {begin[0] + 1} on and has no control then, "
            "so the effect cannot be told from time; keep some clusters in control, or let them "
            "begin in another period"
        )
    raise InputError(
        "schedule: in no period are treated and control clusters both measured, so the effect "
        "cannot be told from the periods; measure both kinds in at least one period"
    )


def sized(design: Design, sizes: Sequence[float]) -> Design:
    """Return the design with the people of each cluster listed.

    Raises
    ------
    InputError
        If there is not one number of people for each cluster.
    """
    if len(sizes) != design.total_clusters:
        raise InputError(
            f"sizes: {len(sizes)} teams are listed, but {design.total_clusters} are randomised; "
            "give each its number of people"
        )
    wrong = [one for one in sizes if not 1.0 <= one <= LARGEST or one != int(one)]
    if wrong:
        raise InputError(f"sizes: {wrong[0]:g} is no number of people; give whole ones from 1")
    mean = float(np.mean(sizes))
    return replace(
        design, sizes=tuple(sizes), size=mean, size_variation=float(np.std(sizes)) / mean
    )


def compares_clusters(design: Design) -> bool:
    """Return whether clusters are compared: none is measured under both conditions."""
    used = design.by_cluster
    return not ((used == TREATED).any(axis=1) & (used == CONTROL).any(axis=1)).any()


def one_each(design: Design) -> bool:
    """Return whether every measured cluster-period is one person, or one figure of the cluster."""
    return design.size == 1.0 and design.size_variation == 0.0


def has_two_arms(design: Design) -> bool:
    """Return whether clusters are treated or not, and those that are begin together."""
    begin = first_treated(design.by_cluster)
    together = len(set(begin[begin >= 0].tolist())) == 1 and bool((begin < 0).any())
    return together or compares_clusters(design)


def check_loss(design: Design) -> None:
    """Refuse loss that depends on a baseline that nobody has."""
    loss = design.attrition
    if loss.rate <= 0.0 or loss.mechanism != "at random":
        return
    if design.sampling == "cross-sectional":
        why = "people of a cross-section are measured once and have no baseline"
    elif design.periods == 1:
        why = "with one period nobody has a baseline"
    elif not np.isin(design.by_cluster[:, 0], (CONTROL, TREATED)).all():
        why = "some clusters are not measured in the first period and have no baseline"
    else:
        return
    raise InputError(
        f"attrition.mechanism = 'at random': loss depends on the baseline, but {why}; use "
        "'completely at random' or 'not at random', or measure a cohort from the first period on"
    )


def arm_sizes(design: Design) -> tuple[int, int]:
    """Return the numbers of clusters that are never and ever treated: the arms, if parallel."""
    ever = (design.schedule == TREATED).any(axis=1)
    treated = sum(int(n) for n, yes in zip(design.clusters, ever, strict=True) if yes)
    return design.total_clusters - treated, treated


def has_baseline(design: Design) -> bool:
    """Return whether everybody is in control in the first measured period."""
    used = design.by_cluster
    return bool((used[:, 0] == CONTROL).all())


def randomisation_words(design: Design) -> str:
    """Return how teams are allocated, in words."""
    if design.readiness.strata > 1 and design.randomisation == "simple":
        return f"randomisation within {design.readiness.strata} strata of measured readiness"
    strata = f", {design.strata} strata" if design.strata > 1 else ""
    return f"{design.randomisation} randomisation{strata}"


def parallel(
    clusters: int | tuple[int, int],
    size: float,
    *,
    baseline: str = "none",
    size_variation: float = 0.0,
    attrition: Attrition | None = None,
    randomisation: str = "simple",
    strata: int = 1,
    readiness: ReadinessEntry | None = None,
    weeks: int = 52,
    name: str = "parallel cluster trial",
) -> Design:
    """Return a parallel cluster trial.

    Parameters
    ----------
    clusters : int or tuple of int
        Clusters per arm, or (control, treated).
    size : float
        People per cluster.
    baseline : {'none', 'ancova', 'change'}
        Follow-up only, adjusted for baseline, or change from baseline.
    size_variation, attrition, randomisation, strata, readiness, name
        See `Design`.
    weeks : int
        Weeks of follow-up.
    """
    control, treated = (clusters, clusters) if isinstance(clusters, int) else clusters
    columns = [[TREATED, CONTROL]]
    if baseline != "none":
        columns = [[CONTROL, CONTROL], [TREATED, CONTROL]]
    return Design(
        name=name,
        schedule=np.array(columns).T,
        clusters=(treated, control),
        size=size,
        size_variation=size_variation,
        sampling="cross-sectional" if baseline == "none" else "closed cohort",
        baseline=baseline,
        randomisation=randomisation,
        strata=strata,
        attrition=attrition or Attrition(),
        readiness=readiness or ReadinessEntry(),
        period_weeks=weeks,
    )


def stepped_wedge(
    sequences: int,
    clusters_per_sequence: int,
    size: float,
    *,
    transition_periods: int = 0,
    sampling: str = "cross-sectional",
    churn: float = 0.0,
    size_variation: float = 0.0,
    attrition: Attrition | None = None,
    weeks: int = 52,
    name: str = "stepped-wedge trial",
) -> Design:
    """Return a complete stepped wedge: one baseline period, then one sequence more each period.

    Parameters
    ----------
    sequences : int
        Number of steps.
    clusters_per_sequence : int
        Clusters that cross over at each step.
    size : float
        People per cluster and period.
    transition_periods : int
        Periods after each crossing that are not analysed.
    sampling, churn, size_variation, attrition, name
        See `Design`.
    weeks : int
        Weeks per period.
    """
    if sequences < 1:
        raise InputError(f"sequences = {sequences}: must be at least 1")
    periods = sequences + 1 + transition_periods
    schedule = np.zeros((sequences, periods), int)
    for row in range(sequences):
        schedule[row, row + 1 : row + 1 + transition_periods] = TRANSITION
        schedule[row, row + 1 + transition_periods :] = TREATED
    return Design(
        name=name,
        schedule=schedule,
        clusters=(clusters_per_sequence,) * sequences,
        size=size,
        sampling=sampling,
        churn=churn,
        size_variation=size_variation,
        attrition=attrition or Attrition(),
        period_weeks=weeks,
    )


def crossover(
    clusters_per_sequence: int, size: float, *, periods: int = 2, weeks: int = 52
) -> Design:
    """Return a cluster crossover: half begin treated, and all change over each period."""
    if periods < 2:
        raise InputError(f"periods = {periods}: a crossover needs at least 2")
    first = np.arange(periods) % 2
    return Design(
        name="cluster crossover trial",
        schedule=np.stack([first, 1 - first]),
        clusters=(clusters_per_sequence, clusters_per_sequence),
        size=size,
        period_weeks=weeks,
    )
