"""The power of one trial design: simulated, by formula, and why the two differ."""

from __future__ import annotations

import functools
import itertools
from dataclasses import dataclass, field, replace
from math import isfinite, nan, sqrt
from typing import Any, Unpack

import numpy as np

from sim.errors import InputError
from sim.runs.chunk_store import fingerprint, source_version
from sim.runs.pieces import Arrays, Cancelled, How, Progress, Span, run_pieces, spans
from sim.trials.analyses.analysed_trial import CLUSTERS, PARTICIPANTS
from sim.trials.analyses.analysis_plan import AnalysisPlan, analyse_arms, average_meant
from sim.trials.analyses.exposure import CONSTANT, exposure_weights
from sim.trials.analyses.registry import analysis_named
from sim.trials.analyses.trial_result import TrialResult, as_table, from_table
from sim.trials.data.counterfactual import AgentTwins, StatisticalTwins, Truth, TwinSource
from sim.trials.data.moments import Moments, average_moments, known_means, trial_moments
from sim.trials.data.outcome_kind import (
    CONTINUOUS,
    COUNT,
    check_mean,
    variance_of,
    variation_of_rates,
)
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import Design, arm_sizes
from sim.trials.designs.design_file import analysis_plan, field_named, has_use, trial_design
from sim.trials.designs.design_schema import DesignFile, Statistical
from sim.trials.power.design_formula import Assumed, design_power
from sim.trials.power.formula_power import FormulaPower, power_of_effect
from sim.trials.power.left_out import caution
from sim.trials.power.multi_arm_power import ArmsPower, arms_power
from sim.trials.power.simulated_power import BLOCK, Performance, Rate, performance

FIRST_BATCH = 200
MOST_TRIALS = 200_000
FAILURES_BEFORE_STOP = 50
GAP_ERRORS = 3.0
# Of fewer trials nothing is told.
FEWEST_TRIALS = 20

# What is kept of a piece.
KEPT = ("results", "null", "truths", "moments", "people", "eligible", "arms", "null_arms")


@dataclass(frozen=True)
class Study:
    """What is simulated."""

    file: DesignFile
    design: Design
    plan: AnalysisPlan
    source: TwinSource
    covers: str  # What rejection rates are averaged over


@dataclass(frozen=True)
class Estimand:
    """The effect that is to be estimated, and its true value with Monte Carlo standard errors."""

    statement: str  # In words
    # Its two versions; see `sim.trials.data.counterfactual.Truth`.
    participant_average: float
    participant_se: float
    cluster_average: float
    cluster_se: float
    all_screened: float  # The first in all teams that were screened
    # The first less that, in the same simulated teams.
    selected_gain: float
    selected_gain_se: float
    by_exposure: tuple[float, ...]  # By period since a cluster began


@dataclass(frozen=True)
class Gap:
    """The difference of simulated power and formula."""

    difference: float  # Simulated less formula; NaN without a formula
    errors: float  # The same in Monte Carlo standard errors
    flagged: bool  # Whether it is more than three of them
    explanation: tuple[str, ...]  # Where the difference comes from, one sentence each


@dataclass(frozen=True)
class PowerResult:
    """The power of one design."""

    study: Study
    performance: Performance  # Of the trials as designed
    # Of their twins in which nobody is treated: its `power` is the type I error.
    null: Performance | None
    estimand: Estimand
    moments: Moments  # Of untreated outcomes
    formula: FormulaPower | None
    assumed: Assumed  # What the formula took as known
    formula_problem: str  # Why there is no formula
    gap: Gap
    eligible: float  # Share of screened teams that may enter
    people: dict[int, dict[str, float]]  # Mean numbers by sequence, for a flow diagram
    seed: int
    # Of each trial.
    results: list[TrialResult] = field(repr=False)
    truths: list[Truth] = field(repr=False)
    # Of a trial with several treated arms; the rest is of the first of them.
    arms: ArmsPower | None = None

    @property
    def caution(self) -> str:
        """What the analysis leaves out, and what that does to its type I error; often empty."""
        study = self.study
        return caution(study.file, study.design, study.plan, self.formula)

    def row(self) -> dict[str, Any]:
        """Return the main numbers as one row of a table."""
        p, f = self.performance, self.formula
        row: dict[str, Any] = {
            "clusters": self.study.design.total_clusters,
            "size": self.study.design.size,
            "trials": p.power.trials,
            "power": p.power.value,
            "power_monte_carlo_se": p.power.monte_carlo_se,
            "power_low": p.power.low,
            "power_high": p.power.high,
            "power_formula": f.power if f else nan,
            "formula_gap_flagged": self.gap.flagged,
        }
        if self.null is not None:
            row["type_i_error"] = self.null.power.value
            row["type_i_error_monte_carlo_se"] = self.null.power.monte_carlo_se
        row |= {
            "true_effect": p.true_effect,
            "mean_estimate": p.mean_estimate,
            "bias": p.bias,
            "bias_monte_carlo_se": p.bias_se,
            "coverage": p.coverage.value,
            "coverage_monte_carlo_se": p.coverage.monte_carlo_se,
            "empirical_se": p.empirical_se,
            "empirical_se_monte_carlo_se": p.empirical_se_error,
            "model_se": p.model_se,
            "model_se_monte_carlo_se": p.model_se_error,
            "formula_se": f.se if f else nan,
            "singular_fits": p.singular.value,
            "failed_fits": p.failed.value,
            "icc_realised": self.moments.icc,
            "lost": self.moments.lost,
            "rows_analysed": p.analysed,
            "eligible_teams": self.eligible,
            "true_effect_all_screened": self.estimand.all_screened,
            "gain_by_selection": self.estimand.selected_gain,
            "gain_by_selection_monte_carlo_se": self.estimand.selected_gain_se,
            "seed": self.seed,
        }
        return row


def study_of(file: DesignFile, draws: int | None = None, central: bool = False) -> Study:
    """Return what a file asks to simulate.

    Parameters
    ----------
    draws : int, optional
        Posterior draws of the agent-based model; the file's number when not given.
    central : bool
        Take the median of every parameter over the draws instead of the draws.

    Raises
    ------
    InputError
        When a scenario, parameter or the posterior cannot be used.
    """
    design = trial_design(file)
    plan = analysis_plan(file, design)
    if file.statistical is not None:
        source = statistical_source(file)
        covers = "Monte Carlo error only; every input taken as known"
        return Study(file, design, plan, StatisticalTwins(source), covers)
    from sim.posterior.choose import chosen_draws
    from sim.scenarios.library import load_scenario
    from sim.trials.data.agents import AgentSource

    assert file.agents is not None
    count = file.precision.draws if draws is None else draws
    chosen = chosen_draws(count, path=file.precision.posterior)
    sets = [one for one in chosen.draws if one]
    covers = chosen.covers
    if central and sets:
        sets = [{name: float(np.median([one[name] for one in sets])) for name in sets[0]}]
        covers = "replication noise only; every parameter at its median over the draws"
    agents = AgentSource(
        load_scenario(file.agents.scenario),
        measure=file.agents.measure,
        draws=sets,
        settings=file.agents.settings,
    )
    control = load_scenario(file.agents.control)
    return Study(file, design, plan, AgentTwins(agents, control, file.agents.added_effect), covers)


def statistical_source(file: DesignFile) -> StatisticalSource:
    """Return the statistical source of a file."""
    s = file.statistical
    if s is None:
        raise InputError("statistical: this design takes outcomes from [agents]")
    return StatisticalSource(
        mean=s.mean,
        sd=sd_of(s),
        correlations=Correlations(s.icc, s.cac, s.iac, s.cluster_decay),
        effect=s.arm_effects[0] if s.arm_effects else s.effect,
        effects=tuple(s.arm_effects),
        effect_sd=s.effect_heterogeneity,
        period_effects=tuple(s.period_effects),
        exposure=tuple(s.exposure),
        kind=s.outcome,
        effect_correlation=s.effect_correlation,
        effect_by_size=s.effect_by_size,
        treated_sd=s.treated_sd,
        treated_icc=s.treated_icc,
    )


def sd_of(s: Statistical) -> float:
    """Return the standard deviation under control: of binary outcomes and counts, what follows."""
    if s.outcome == CONTINUOUS:
        return s.sd
    check_mean(s.outcome, s.mean)
    variation = variation_of_rates(s.mean, s.icc) if s.outcome == COUNT else 0.0
    return sqrt(variance_of(s.outcome, s.mean, variation))


def _uncertain(file: DesignFile) -> dict[str, tuple[float, float]]:
    """Return the ranges of what a design makes use of, by full name."""
    ranges = {field_named(file, name): ends for name, ends in file.uncertainty.ranges.items()}
    return {name: ends for name, ends in ranges.items() if has_use(file, name)}


def believed(file: DesignFile, count: int, seed: int) -> list[DesignFile]:
    """Return designs with statistical inputs drawn from what a file says is not known."""
    s = file.statistical
    varied = _uncertain(file)
    loss = varied.pop("attrition.rate", None)
    allowed = {name: one for name, one in varied.items() if name.startswith("statistical.")}
    spread = file.uncertainty.effect_se
    if s is None or (not allowed and loss is None and spread == 0.0):
        return []
    rng = np.random.Generator(np.random.Philox(key=[seed, 2**40]))
    found = []
    for _ in range(count):
        values = {
            name.split(".")[1]: float(rng.uniform(*ends)) for name, ends in sorted(allowed.items())
        }
        effects: dict[str, Any] = {}
        if s.arm_effects:
            moved = spread * rng.standard_normal(len(s.arm_effects))
            effects["arm_effects"] = tuple((np.array(s.arm_effects) + moved).tolist())
        elif spread > 0.0:
            centre = values.get("effect", s.effect)
            effects["effect"] = float(centre + spread * rng.standard_normal())
        found.append(file.model_copy(update={"statistical": s.model_copy(update=values | effects)}))
    if loss is not None:
        for number, rate in enumerate(rng.uniform(*loss, count).tolist()):
            part = file.attrition.model_copy(update={"rate": rate})
            found[number] = found[number].model_copy(update={"attrition": part})
    return found


def uncertain_study(file: DesignFile, count: int, seed: int) -> Study | None:
    """Return a study whose trials draw statistical inputs from what the file says is not known.

    The effect is normal with the file's standard error; every range is even from end to end.

    Returns
    -------
    Study or None
        None when nothing is said to be uncertain, or outcomes come from agents.
    """
    if file.statistical is None:
        return None
    varied = _uncertain(file)
    allowed = {name: one for name, one in varied.items() if name.startswith("statistical.")}
    spread = file.uncertainty.effect_se
    files = believed(file, count, seed)
    if not files:
        return None
    sources = [statistical_source(one) for one in files]
    losses: tuple[float, ...] = ()
    if "attrition.rate" in varied:
        losses = tuple(one.attrition.rate for one in files)
    known = study_of(file)
    told = [
        f"{name} even in [{low:g}, {high:g}]"
        for name, (low, high) in sorted(varied.items())
        if name in allowed or name == "attrition.rate"
    ]
    if spread > 0.0:
        each = "every arm's effect by itself" if file.statistical.arm_effects else "effect"
        told.insert(0, f"{each} normal with standard error {spread:g}")
    twins = StatisticalTwins(sources[0], tuple(sources), losses)
    left_out = sorted(set(varied) - set(allowed) - {"attrition.rate"})
    covers = "Monte Carlo error and " + "; ".join(told)
    if left_out:
        covers += f". Not averaged over (sensitivity only): {', '.join(left_out)}"
    return replace(known, source=twins, covers=covers)


def simulate_power(
    study: Study,
    simulations: int | None = None,
    monte_carlo_se: float | None = None,
    seed: int = 1,
    *,
    null: bool = True,
    partial: bool = False,
    **how: Unpack[How],
) -> PowerResult:
    """Simulate a study.

    Parameters
    ----------
    simulations : int, optional
        Trials; the file's number when neither this nor the next is given.
    monte_carlo_se : float, optional
        Simulate until the standard error of power, and of the type I error, is this small instead.
    null : bool
        Also analyse the untreated twins.
    partial : bool
        Whether the trials done so far are a result when the calculation is cancelled, if there are
        `FEWEST_TRIALS`.
    **how
        See `sim.runs.pieces.How`.

    Raises
    ------
    InputError
        When no trial, or none of the first fifty, can be analysed, which would look like a power
        of 0.
    Cancelled
        When `should_cancel` said so.
    """
    precision = study.file.precision
    if simulations is None and monte_carlo_se is None:
        simulations, monte_carlo_se = precision.simulations, precision.monte_carlo_se
    wanted = simulations if monte_carlo_se is None else FIRST_BATCH
    assert wanted is not None
    collected = _Collected(study, null, seed)
    try:
        while True:
            if not collected.results:
                first = min(FAILURES_BEFORE_STOP, wanted)
                collected.run(first, wanted, how)
                if collected.all_failed():
                    raise InputError(collected.why_all_failed())
            collected.run(wanted, wanted, how)
            if monte_carlo_se is None:
                break
            needed = min(MOST_TRIALS, trials_needed(collected.rates(), wanted, monte_carlo_se))
            if needed <= wanted:
                break
            wanted = min(needed, 4 * wanted)
    except Cancelled:
        if not partial or len(collected.results) < FEWEST_TRIALS or collected.all_failed():
            raise
    return collected.result()


def trials_needed(rates: list[float], trials: int, monte_carlo_se: float) -> int:
    """Return how many trials make every rate's standard error small enough.

    A rate of 0 or 1 in `trials` is taken for one half trial away from it.
    """
    least = 0.5 / trials
    worst = max(
        min(max(p, least), 1.0 - least) * (1.0 - min(max(p, least), 1.0 - least)) for p in rates
    )
    return int(np.ceil(worst / monte_carlo_se**2))


def run_block(study: Study, null: bool, seed: int, span: Span) -> dict[str, np.ndarray]:
    """Simulate and analyse the trials of a piece, and return numbers of each."""
    design, plan = study.design, study.plan
    untreated = plan
    if plan.bounds is not None:
        # The type I error is that at the bound: of no effect, the bounds moved by as much.
        untreated = replace(plan, bounds=plan.bounds.without_effect)
    results, nothing, truths, moments, people, eligible = [], [], [], [], [], []
    arms: list[list[float]] = []
    null_arms: list[list[float]] = []
    for twin in study.source.twins(design, span.first, span.worlds, seed):
        each = analyse_arms(twin.data, design, plan)
        results.append(each[0])
        arms.append([1.0 if one.failed else one.p for one in each])
        if null:
            each = analyse_arms(twin.untreated, design, untreated)
            nothing.append(each[0])
            null_arms.append([1.0 if one.failed else one.p for one in each])
        truth = twin.truth
        averages = truth.participant_average, truth.cluster_average, truth.all_screened
        truths.append((*averages, *truth.by_exposure))
        moments.append(trial_moments(twin.untreated))
        people.append(_people(twin.data, design))
        eligible.append(twin.eligible)
    kept = (
        as_table(results),
        as_table(nothing),
        truths,
        moments,
        people,
        eligible,
        arms,
        null_arms,
    )
    return {name: np.asarray(one, float) for name, one in zip(KEPT, kept, strict=True)}


class _Collected:
    """Results of trials so far."""

    def __init__(self, study: Study, null: bool, seed: int) -> None:
        self.study = study
        self.null = null
        self.seed = seed
        self.results: list[TrialResult] = []
        self.null_results: list[TrialResult] = []
        self.truths: list[Truth] = []
        self.moments: list[tuple[float, ...]] = []
        self.people: list[np.ndarray] = []
        self.eligible: list[float] = []
        self.arms: list[list[float]] = []
        self.null_arms: list[list[float]] = []

    def run(self, last: int, wanted: int, how: How) -> None:
        """Run the trials that are missing up to number `last`; those done stay when cancelled."""
        first = len(self.results)
        show = how.get("on_progress")

        def moved(progress: Progress) -> None:
            assert show is not None
            show(replace(progress, done=first + progress.done, total=wanted))

        pieces = spans(first, last, BLOCK)
        study, null, seed = self.study, self.null, self.seed
        part = how.copy()
        part["on_progress"] = None if show is None else moved
        try:
            found = run_pieces(
                pieces,
                functools.partial(run_block, study, null, seed),
                KEPT,
                # Not of the number of trials: more of them may follow.
                identity=lambda: fingerprint(source_version(), study, null, seed),
                told={"design": study.file.model_dump(), "seed": seed},
                unit="trials",
                **part,
            )
        except Cancelled as stopped:
            # Without a gap, so that those kept are the first, not the fastest.
            finished = stopped.finished
            for piece in itertools.takewhile(lambda one: one.number in finished, pieces):
                self.add(finished[piece.number])
            raise
        for piece in pieces:
            self.add(found[piece.number])

    def add(self, kept: Arrays) -> None:
        """Add the trials of a piece."""
        self.results += from_table(kept["results"])
        self.null_results += from_table(kept["null"])
        for person, cluster, screened, *by_exposure in kept["truths"].tolist():
            self.truths.append(Truth(person, cluster, screened, tuple(by_exposure)))
        self.moments += [tuple(row) for row in kept["moments"].tolist()]
        self.people += list(kept["people"])
        self.eligible += kept["eligible"].tolist()
        self.arms += kept["arms"].tolist()
        self.null_arms += kept["null_arms"].tolist()

    def all_failed(self) -> bool:
        return all(one.failed for one in self.results)

    def why_all_failed(self) -> str:
        """Return what is wrong with a design of which no trial could be analysed."""
        study, count = self.study, len(self.results)
        design, rules = study.design, study.design.readiness
        entered = float(np.mean([one[-1] for one in self.moments]))
        if rules.decides and entered < design.total_clusters / 2.0:
            limit = (
                f"readiness.cut_off = {rules.minimum:g}"
                if rules.minimum is not None
                else "[readiness]"
            )
            return (
                f"{limit}: lets in {np.mean(self.eligible):.1%} of the screened teams, "
                f"{entered:.1f} of the {design.total_clusters} that the trial needs, and none of "
                f"{count} trials could be analysed; lower it, or raise readiness.screened_per_team"
            )
        return (
            f"analysis: none of the first {count} trials could be analysed; random effects "
            f"{', '.join(study.plan.random_effects)} ask too much of {design.total_clusters} "
            f"clusters with {entered:.1f} measured; add clusters or people, or name fewer effects "
            "in analysis.random_effects"
        )

    def rates(self) -> list[float]:
        alpha = self.study.plan.alpha
        groups = [self.results, self.null_results] if self.null else [self.results]
        return [
            sum(1 for one in group if not one.failed and one.p < alpha) / len(group)
            for group in groups
        ]

    def of_arms(self) -> ArmsPower | None:
        """Return the power of several arms; None of one."""
        if self.study.design.treated_arms == 1:
            return None
        arms, null = np.array(self.arms), np.array(self.null_arms)
        return arms_power(arms, null, self.study.plan.alpha)

    def result(self) -> PowerResult:
        """Return the power that the trials show."""
        study, alpha = self.study, self.study.plan.alpha
        wanted = np.array([true_effect(study.plan, one) for one in self.truths])
        found = performance(self.results, alpha, wanted)
        estimand = _estimand(study.design, self.truths, study.plan)
        moments = average_moments(self.moments)
        assumed = assumed_of(study.file, estimand.participant_average, moments)
        if study.file.agents is not None and _builds_up(study, estimand):
            # How the effect builds up is the agents' own, in the same proportions.
            assumed = replace(assumed, exposure=estimand.by_exposure)
        formula, problem = None, ""
        try:
            formula = formula_of(study, assumed)
        except InputError as error:
            problem = str(error)
        return PowerResult(
            study=study,
            performance=found,
            null=performance(self.null_results, alpha, 0.0) if self.null else None,
            estimand=estimand,
            moments=moments,
            formula=formula,
            assumed=assumed,
            formula_problem=problem,
            gap=explain_gap(study, found, formula, moments),
            eligible=float(np.mean(self.eligible)),
            people=_flow(self.people),
            seed=self.seed,
            results=self.results,
            truths=self.truths,
            arms=self.of_arms(),
        )


def _builds_up(study: Study, estimand: Estimand) -> bool:
    """Return whether the formula takes the effect by exposure from simulated trials.

    An analysis with one constant effect makes another number of an effect that builds up; in
    proportion to an effect that chance hides, what it makes is not known.
    """
    if study.plan.estimand != CONSTANT:
        return True
    told = abs(estimand.participant_average) > GAP_ERRORS * estimand.participant_se
    known = len(estimand.by_exposure) > 1 and all(map(isfinite, estimand.by_exposure))
    return told and known and not study.design.is_parallel


def _people(data: Any, design: Design) -> np.ndarray:
    """Return, never and ever treated, clusters, people asked, and people with an outcome."""
    last = data.period == design.periods - 1
    ever = data.arm > 0
    return np.array(
        [
            [
                len(np.unique(data.cluster[ever == arm])),
                (last & (ever == arm)).sum(),
                (last & (ever == arm) & ~np.isnan(data.outcome)).sum(),
                (ever == arm).sum(),
                ((ever == arm) & ~np.isnan(data.outcome)).sum(),
            ]
            for arm in (0, 1)
        ],
        float,
    )


def _flow(counts: list[np.ndarray]) -> dict[int, dict[str, float]]:
    mean = np.mean(counts, axis=0)
    names = ("clusters", "asked", "answered", "rows_asked", "rows_answered")
    return {arm: dict(zip(names, mean[arm].tolist(), strict=True)) for arm in (0, 1)}


def true_effect(plan: AnalysisPlan, truth: Truth) -> float:
    """Return the true value of what a plan estimates, in one trial.

    What weighs clusters by what they tell is judged against the participant average.
    """
    if analysis_named(plan.test).aims == CLUSTERS:
        return truth.cluster_average
    if plan.estimand == CONSTANT:
        return truth.participant_average
    known = np.array([one for one in truth.by_exposure if isfinite(one)])
    levels = np.arange(1, len(known) + 1)
    return float(known @ exposure_weights(levels, plan.estimand, plan.exposure_period))


def _estimand(design: Design, truths: list[Any], plan: AnalysisPlan) -> Estimand:
    person = np.array([one.participant_average for one in truths])
    cluster = np.array([one.cluster_average for one in truths])
    if design.is_parallel:
        weighting = "every person counts the same"
    else:
        weighting = "every person and period counts the same"
    entry = design.readiness.decides and design.readiness.strata == 1
    who = "those that readiness lets in" if entry else "the teams of the trial"
    statement = (
        "Difference in mean outcome between the programme and its absence in the same people of "
        f"treated teams, {average_meant(design, plan)}; population: the service users asked in "
        f"{who}, whether or not they were lost or left the service (treatment policy); "
        f"participant average: {weighting}; cluster average: every team counts the same. "
        "Marginal, a difference of means."
    )
    screened = np.array([one.all_screened for one in truths])
    exposure = np.array([one.by_exposure for one in truths])
    by_exposure = known_means(exposure)
    return Estimand(
        statement,
        float(np.nanmean(person)),
        _error(person),
        float(np.nanmean(cluster)),
        _error(cluster),
        float(np.nanmean(screened)),
        float(np.nanmean(person - screened)),
        _error(person - screened),
        tuple(by_exposure.tolist()),
    )


def _error(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.std(ddof=1) / sqrt(len(known))) if len(known) > 1 else nan


def assumed_of(file: DesignFile, effect: float, moments: Moments | None = None) -> Assumed:
    """Return what the formula takes as known: a file's inputs, or the moments of agents' data."""
    if file.statistical is not None:
        s = file.statistical
        return Assumed(
            effect,
            sd_of(s),
            s.icc,
            s.cac,
            s.iac,
            file.attrition.rate,
            s.effect_heterogeneity,
            s.cluster_decay,
            tuple(s.exposure),
            s.outcome,
            s.mean,
            s.effect_correlation,
            s.treated_sd,
            s.treated_icc,
            tuple(s.arm_effects),
        )
    assert moments is not None
    return Assumed(
        effect, moments.sd, moments.icc, moments.cac, moments.iac, moments.lost
    ).within_bounds()


def formula_of(study: Study, assumed: Assumed) -> FormulaPower:
    """Return power by formula for a study's design and analysis.

    Raises
    ------
    InputError
        When there is no formula for them.
    """
    s = study.file.statistical
    if s is not None and s.effect_by_size:
        raise InputError("formula: none where effects go with the size of teams; simulate it")
    if analysis_named(study.plan.test).aims == PARTICIPANTS:
        raise InputError(f"formula: none for analysis.test = '{study.plan.test}'; simulate it")
    return design_power(study.design, assumed, study.plan.alpha, plan=study.plan)


def explain_gap(
    study: Study, found: Performance, formula: FormulaPower | None, moments: Moments
) -> Gap:
    """Return how far simulation and formula are apart, and why when it is more than chance.

    The formula is worked again with the simulated mean estimate, then also the empirical standard
    error, then also the model's standard error, then also the test's degrees of freedom; each
    step's share of the gap is told.
    """
    if formula is None:
        return Gap(nan, nan, False, ())
    trials = found.power.trials
    p = min(max(formula.power, 0.5 / trials), 1.0 - 0.5 / trials)
    unit = max(found.power.monte_carlo_se, sqrt(p * (1.0 - p) / trials))
    difference = float(found.power.value - formula.power)
    errors = difference / float(unit)
    if abs(errors) <= GAP_ERRORS:
        return Gap(difference, errors, False, ())
    steps = []
    at = formula.power
    values = {
        "expected": formula.expected,
        "se": formula.spread,
        "model_se": formula.model_se,
        "df": formula.df,
    }
    for name, new, told in (
        (
            "expected",
            found.mean_estimate,
            f"estimates average {found.mean_estimate:.3g}, the formula has {formula.expected:.3g}",
        ),
        (
            "se",
            found.empirical_se,
            f"estimates spread by {found.empirical_se:.3g}, the formula has {formula.spread:.3g}",
        ),
        (
            "model_se",
            found.model_se,
            f"the test reckons with standard errors of {found.model_se:.3g}, the formula with "
            f"{formula.model_se:.3g}",
        ),
        (
            "df",
            found.df,
            f"the test has {found.df:.0f} degrees of freedom (median), the formula "
            f"{formula.df:.0f}",
        ),
    ):
        if not isfinite(new) or (name != "expected" and new <= 0.0):
            continue
        values[name] = new
        step = formula.but(**values)
        steps.append((step - at, told))
        at = step
    rest = found.power.value - at
    steps.append(
        (
            rest,
            f"what remains: {found.singular.value:.1%} of fits are singular and "
            f"{found.failed.value:.1%} failed",
        )
    )
    steps.sort(key=lambda one: -abs(one[0]))
    lines = [f"{100 * share:+z.1f} points: {told}" for share, told in steps if abs(share) >= 0.001]
    return Gap(difference, errors, True, (*lines, *_causes(study, found, moments)))


def _causes(study: Study, found: Performance, moments: Moments) -> list[str]:
    """Return what the formula leaves out and this design has."""
    file, design = study.file, study.design
    causes = []
    s = file.statistical
    if s is not None and s.effect_heterogeneity > 0.0:
        causes.append(
            f"effects differ between clusters (SD {s.effect_heterogeneity:g}): the formula's "
            "standard error counts that, a test without a random treatment effect need not"
        )
    if s is None:
        causes.append(
            "every trial has its own parameter values, so power is a mean over stronger and weaker "
            "effects and over more and less clustering"
        )
    if study.plan.test == "permutation":
        causes.append("the formula is that of a t test, the p value that of a permutation test")
    if file.attrition.rate > 0.0 and file.attrition.mechanism != "completely at random":
        causes.append(f"people are lost {file.attrition.mechanism}; the formula loses them by lot")
    if found.singular.value > 0.05:
        causes.append(
            f"{found.singular.value:.0%} of fits put a variance at zero; the formula takes all "
            "variances as known"
        )
    if moments.clusters < design.total_clusters - 0.5:
        causes.append(
            f"only {moments.clusters:.1f} of {design.total_clusters} teams could be entered on "
            "average"
        )
    if design.is_parallel and min(arm_sizes(design)) < 5:
        causes.append("with under five clusters in an arm no approximation is good")
    return causes


def power_of_estimand(formula: FormulaPower, plan: AnalysisPlan, effect: float) -> float:
    """Return power by formula where what the plan estimates has another value.

    A constant effect is the average over treated periods, and misses some of one that builds up;
    an effect by exposure is what the analysis expects.
    """
    return formula.at(effect if plan.estimand == CONSTANT else effect / formula.share).power


def power_at(result: PowerResult, effect: float) -> float:
    """Return power by formula at another effect, with what was simulated of the estimate.

    The estimate spreads and the test's standard errors are as simulated. An effect that builds up
    is missed in proportion to its size: what the estimate can be expected to be is scaled. Bias
    that remains, such as by unequal loss, is added as it was simulated where it is more than
    chance. Where the formula works its tests out anew for each effect, it is the formula's alone.

    Parameters
    ----------
    effect : float
        Such as the minimum important difference: the same average as the estimand's.

    Returns
    -------
    float
        NaN where the effect builds up by the agents' own mechanisms: how an analysis with one
        constant effect would average another effect is not known.
    """
    p, study, formula = result.performance, result.study, result.formula
    if not (p.empirical_se > 0.0 and p.df >= 1.0):
        return nan
    if study.file.agents is not None and not study.design.is_parallel:
        return nan
    if formula is not None and formula.remade is not None:
        return power_of_estimand(formula, study.plan, effect)
    share = formula.share if formula is not None else 1.0
    rest = p.bias + (1.0 - share) * p.true_effect
    expected = share * effect
    if isfinite(rest) and abs(rest) > GAP_ERRORS * p.bias_se:
        expected += rest
    alpha = study.plan.alpha
    if formula is not None:
        return formula.at(effect).but(expected, p.empirical_se, p.model_se, p.df)
    bounds, model_se = study.plan.bounds, p.model_se
    return power_of_effect(
        expected, p.empirical_se, p.df, "", alpha, model_se=model_se, bounds=bounds
    ).power


def conditional_and_assurance(
    result: PowerResult, seed: int, draws: int | None, **how: Unpack[How]
) -> tuple[Rate | None, Rate | None, str]:
    """Return conditional power, assurance, and what the second is averaged over.

    Conditional power takes every input as known: the file's values, or each parameter's median over
    the posterior draws. Assurance averages over what is not known. One of the two is the result's
    own power; the other is simulated with as many trials.
    """
    file = result.study.file
    count = result.performance.power.trials
    own = result.performance.power
    if file.statistical is not None:
        other = uncertain_study(file, count, seed)
        if other is None:
            return own, None, "nothing is said to be uncertain in [uncertainty]"
        found = simulate_power(other, count, seed=seed, null=False, **how)
        return own, found.performance.power, other.covers
    used = file.precision.draws if draws is None else draws
    if used == 0:
        return own, None, "no posterior draws were asked for (draws = 0)"
    central = study_of(file, draws, central=True)
    found = simulate_power(central, count, seed=seed, null=False, **how)
    covers = result.study.covers
    if file.uncertainty.ranges:
        names = ", ".join(sorted(file.uncertainty.ranges))
        covers += f". Not averaged over (sensitivity only): {names}"
    return found.performance.power, own, covers
