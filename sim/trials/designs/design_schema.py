"""What a design file may say: every choice with its unit, bounds and meaning.

A design file describes one cluster trial for `refocus power`: who is randomised and measured when,
where outcomes come from, how they are analysed, and how precisely the power is wanted.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, model_validator

from sim.scenarios.schema import Part, choice, many, number, table, text
from sim.trials.analyses.exposure import ESTIMANDS
from sim.trials.analyses.hypothesis import HYPOTHESES
from sim.trials.analyses.registry import ANALYSES
from sim.trials.analyses.several_arms import RULES
from sim.trials.fits.gee import CORRELATIONS

if TYPE_CHECKING:
    Test = str
    Estimand = str
    Hypothesis = str
    Rule = str
    Correlation = str
else:
    Test = Literal[tuple(ANALYSES)]
    Estimand = Literal[ESTIMANDS]
    Hypothesis = Literal[HYPOTHESES]
    Rule = Literal[RULES]
    Correlation = Literal[CORRELATIONS]

LARGEST = 100_000

# TOML has lists where the model keeps tuples: the containers alone are read leniently.
Row = Annotated[tuple[int, ...], Field(strict=False)]
Range = Annotated[tuple[float, float], Field(strict=False)]


MOST = 1000
CONTINUOUS_ONLY = {
    "sd",
    "effect_by_size",
    "effect_heterogeneity",
    "effect_correlation",
    "treated_sd",
    "treated_icc",
}


def stated(part: Part, names: Iterable[str]) -> list[str]:
    """Return which of some fields say something: another value than their default."""
    fields = type(part).model_fields
    return sorted(one for one in names if getattr(part, one) != fields[one].default)


class Trial(Part):
    """Who is randomised and measured when."""

    type: Literal[
        "parallel", "stepped wedge", "batched wedge", "staircase", "crossover", "matrix"
    ] = choice(
        "parallel",
        "Shape of the trial. A staircase is a stepped wedge of which each sequence is measured "
        "`before` and `after` its crossing alone; a batched wedge is `batches` stepped wedges, "
        "each begun `batch_lag` periods after the one before; a matrix lists every sequence and "
        "period in `schedule`.",
    )
    clusters: int | None = number(
        None, 0, LARGEST, "teams", "Teams in all, dealt as evenly as can be to arms or sequences."
    )
    clusters_by_sequence: tuple[int, ...] | None = many(
        "Teams in each sequence instead of `clusters`; a parallel trial's are [treated, control].",
        "teams",
        None,
        MOST,
    )
    arms: int = number(
        2,
        2,
        8,
        "arms",
        "Arms of a parallel trial: all but the last are treated, each with its own effect "
        "(`statistical.arm_effects`), and compared with the last, control.",
    )
    size: float = number(
        15.0, 1.0, LARGEST, "people", "Service users asked per team and measured period."
    )
    sizes: tuple[float, ...] = many(
        "People in each team, in the order of strata, instead of `size` and `size_variation`: who "
        "gets which arm or sequence is left to the randomisation.",
        "people",
        (),
        MOST,
    )
    unclustered: Literal["none", "treated", "control"] = choice(
        "none",
        "An arm of a parallel trial whose people are in no clusters, as where treatment is in "
        "groups or by therapists and control is not: its number in `clusters_by_sequence` is then "
        "of people.",
    )
    size_variation: float = number(
        0.0, 0.0, 2.0, "ratio", "Coefficient of variation of that number between teams."
    )
    sampling: Literal["cross-sectional", "closed cohort", "open cohort"] | None = choice(
        None,
        "Whether each period asks other people, the same people, or a mixture. Left out: a closed "
        "cohort where a baseline is used, else cross-sections.",
    )
    churn: float = number(
        0.0,
        0.0,
        1.0,
        "share",
        "Share of an open cohort's people who are replaced from one period to the next, so that "
        "(1 - churn)^k of them are still there k periods later. (Some calculators have one share, "
        "chi, for any two periods, however far apart.)",
    )
    baseline: Literal["none", "ancova", "change"] = choice(
        "none",
        "Use of the baseline: none, adjusted for each person's ('ancova', in a parallel trial or a "
        "stepped wedge of a closed cohort), or change from it (parallel).",
    )
    period_weeks: int = number(52, 1, 520, "weeks", "Weeks from one measurement to the next.")
    steps: int = number(4, 1, 60, "steps", "Sequences of a stepped wedge; one baseline period.")
    transition_periods: int = number(
        0, 0, 20, "periods", "Periods after each crossing of a stepped wedge that are left out."
    )
    batches: int = number(2, 2, 20, "wedges", "Stepped wedges of a batched wedge.")
    batch_lag: int = number(
        1, 1, 60, "periods", "Periods from the begin of one batch to that of the next."
    )
    before: int = number(
        1, 1, 60, "periods", "Periods that a sequence of a staircase is measured before it crosses."
    )
    after: int = number(1, 1, 60, "periods", "The same for after.")
    periods: int = number(2, 2, 60, "periods", "Periods of a crossover.")
    schedule: tuple[Row, ...] = many(
        "Matrix, one row per sequence: 0 control, 1 treated, 2 transition, 3 not measured.",
        "0-3",
        (),
        MOST,
    )

    @model_validator(mode="after")
    def _whole(self) -> Trial:
        if self.clusters is None and self.clusters_by_sequence is None:
            if self.type != "matrix":
                raise ValueError("clusters: is missing; say how many teams are randomised")
        elif self.clusters is not None and self.clusters_by_sequence is not None:
            raise ValueError("clusters and clusters_by_sequence: give one of them")
        if (self.type == "matrix") != bool(self.schedule):
            raise ValueError(
                "schedule: goes with type = 'matrix' and only with it; list one row per sequence"
            )
        if self.arms > 2 and (self.type != "parallel" or self.unclustered != "none"):
            raise ValueError(
                f"arms = {self.arms}: goes with type = 'parallel' and unclustered = 'none'"
            )
        if self.sizes and stated(self, ("size", "size_variation")):
            raise ValueError("size and sizes: give one of them; sizes lists every team")
        if self.unclustered != "none" and (
            self.type != "parallel" or self.baseline != "none" or self.clusters is not None
        ):
            raise ValueError(
                f"unclustered = '{self.unclustered}': goes with type = 'parallel', baseline = "
                "'none' and clusters_by_sequence = [treated, control], people in that arm"
            )
        if self.unclustered != "none" and self.sizes:
            raise ValueError("unclustered and sizes: give one of them")
        stepped = self.type in ("stepped wedge", "batched wedge") and self.baseline == "ancova"
        if self.baseline != "none" and self.type not in ("parallel", "matrix") and not stepped:
            raise ValueError(
                f"baseline = '{self.baseline}': only parallel trials, and stepped wedges of a "
                "cohort by 'ancova', are adjusted for a baseline; leave it out, the analysis uses "
                "all periods"
            )
        return self


class Randomisation(Part):
    """How teams are allocated."""

    method: Literal["simple", "stratified", "minimised", "restricted"] = choice(
        "simple", "How teams are allocated to arms or sequences."
    )
    strata: int = number(
        1,
        1,
        1000,
        "strata",
        "Strata of teams, of equal size; with [agents] neighbouring teams, so that whole trusts "
        "stay together.",
    )

    @model_validator(mode="after")
    def _together(self) -> Randomisation:
        if self.method == "stratified" and self.strata == 1:
            raise ValueError("strata = 1: stratified randomisation needs at least 2 strata")
        return self


class Loss(Part):
    """Loss to follow-up of statistical outcomes; agents leave by mechanisms of their own."""

    rate: float = number(0.0, 0.0, 0.95, "share", "Share lost after the first measurement.")
    mechanism: Literal["completely at random", "at random", "not at random"] = choice(
        "completely at random", "Whether loss depends on nothing, the baseline, or the outcome."
    )
    slope: float = number(
        0.0, -5.0, 5.0, "log odds per SD", "Change in the log odds of loss per SD of that driver."
    )
    arm_difference: float = number(
        0.0, -5.0, 5.0, "log odds", "Added to the log odds of loss where treated."
    )


class ReadinessRule(Part):
    """Measured readiness as an entry criterion or stratum, and work on it first."""

    entry: Literal["none", "cut-off", "top share", "stratum"] = choice(
        "none", "Whether teams enter by a cut-off, by being among the readiest, or by stratum."
    )
    cut_off: float = number(0.5, 0.0, 1.0, "0-1", "Lowest measured readiness that may enter.")
    share: float = number(
        0.5, 0.01, 1.0, "share", "Share of the screened teams, the readiest, that may enter."
    )
    strata: int = number(2, 2, 10, "strata", "Strata of measured readiness.")
    reliability: float = number(
        0.7, 0.05, 1.0, "share", "Share of the variance of the readiness score that is real."
    )
    screened_per_team: int = number(
        4, 1, 50, "teams", "Teams screened for every team that the trial needs."
    )
    run_in_weeks: int = number(
        0, 0, 260, "weeks", "Work on readiness before training; follow-up moves back as much."
    )
    run_in_intensity: float = number(1.0, 0.0, 1.0, "0-1", "How much of it: 1 as planned.")


class Statistical(Part):
    """Outcomes from means and variances, without a mechanism."""

    outcome: Literal["continuous", "binary", "count"] = choice(
        "continuous",
        "Kind of outcome. Of a binary one `mean` and `effect` are probabilities, of a count means "
        "a person; both have the standard deviation that follows, and `icc` on their own scale.",
    )
    mean: float = number(40.0, -1.0e6, 1.0e6, "points", "Mean under control.")
    sd: float = number(10.2, 1.0e-9, 1.0e6, "points", "Total standard deviation under control.")
    icc: float = number(
        0.03, 0.0, 1.0, "correlation", "Intracluster correlation within one period."
    )
    cac: float = number(
        0.8, 0.0, 1.0, "share", "Cluster autocorrelation: ICC between periods over within."
    )
    cluster_decay: float = number(
        1.0,
        0.0,
        1.0,
        "share",
        "The ICC of people k periods apart is icc * cac * cluster_decay^k: 1 for no decay; with "
        "cac = 1 a discrete-time decay.",
    )
    iac: float = number(
        0.6, 0.0, 1.0, "share", "Individual autocorrelation: share of the rest that stays (cohort)."
    )
    effect: float = number(
        4.0, -1.0e6, 1.0e6, "points", "True mean effect, once it is fully there."
    )
    arm_effects: tuple[float, ...] = many(
        "True mean effect of each treated arm, where design.arms is more than 2; instead of "
        "`effect`.",
        "points",
        (),
        MOST,
    )
    treated_sd: float | None = number(
        None, 1.0e-9, 1.0e6, "points", "Standard deviation under treatment, where it is another."
    )
    treated_icc: float | None = number(
        None, 0.0, 1.0, "correlation", "ICC under treatment, where it is another."
    )
    effect_heterogeneity: float = number(
        0.0, 0.0, 1.0e6, "points", "Standard deviation of the effect between clusters."
    )
    effect_correlation: float = number(
        0.0,
        -1.0,
        1.0,
        "correlation",
        "Of a team's level under control with its own effect, where effects differ: below 0 where "
        "weak teams gain more.",
    )
    effect_by_size: float = number(
        0.0,
        -1.0e6,
        1.0e6,
        "points",
        "Added to the effect of a team with twice the mean number of people, and taken from that "
        "of one with hardly any, in proportion: large teams respond otherwise. `effect` is then "
        "that of a team of mean size, and participant and cluster average differ.",
    )
    exposure: tuple[float, ...] = many(
        "Share of the effect that is there in the first, second ... treated period; the last "
        "stays. Left out: all of it at once.",
        "share",
        (),
        MOST,
    )
    period_effects: tuple[float, ...] = many(
        "Added to everybody in each period, one value for each. Left out: none.", "points", (), MOST
    )

    @model_validator(mode="after")
    def _shares(self) -> Statistical:
        if self.outcome != "continuous":
            given = stated(self, CONTINUOUS_ONLY)
            if given:
                raise ValueError(f"{given[0]}: goes with outcome = 'continuous'; leave it out")
        wrong = [one for one in self.exposure if not 0.0 <= one <= 1.0]
        if wrong:
            raise ValueError(
                f"exposure = {list(self.exposure)}: {wrong[0]:g} is no share; each must be from 0 "
                "to 1 (19% is 0.19)"
            )
        if self.exposure and not any(self.exposure):
            raise ValueError(
                f"exposure = {list(self.exposure)}: one share must be above 0; without any effect, "
                "set effect = 0"
            )
        return self


class Agents(Part):
    """Outcomes from the agent-based model."""

    scenario: str = text(
        "What treated teams get: a scenario or its file.", default="refocus-as-delivered"
    )
    control: str = text("What control teams get: a scenario or its file.", default="usual-care")
    measure: str = text("Outcome: a column of the table of assessments.", default="qpr15")
    added_effect: float = number(
        0.0,
        -1.0e6,
        1.0e6,
        "points of the measure",
        "Added to treated outcomes on top of what the scenario does: with scenario = 'usual-care' "
        "a stated effect in the model's own noise, clustering and attrition.",
    )
    settings: dict[str, float] = Field(
        default_factory=dict,
        description="Values of model parameters that go before the draws', by name.",
        json_schema_extra={"unit": "as the parameter"},
    )


class Analysis(Part):
    """The pre-declared analysis."""

    test: Test = choice(tuple(ANALYSES)[0], "The test whose rejections count as power.")
    random_effects: (
        tuple[Literal["cluster", "cluster-period", "person", "worker", "treatment"], ...] | None
    ) = many(
        "Random effects: cluster, cluster-period, person, worker (staff within teams; [agents] "
        "only), treatment. Left out: by design.",
        "names",
        None,
        MOST,
    )
    missing: Literal["complete cases", "multiple imputation"] = choice(
        "complete cases",
        "Who is analysed: those with an outcome, or everybody, missing outcomes (of a table, "
        "columns that stand alone too) imputed within clusters.",
    )
    imputations: int = number(20, 2, 1000, "data sets", "Imputed data sets of each trial.")
    baseline_use: Literal["as designed", "constrained"] = choice(
        "as designed",
        "How a parallel trial's baseline is used: as the design says, or as an outcome whose mean "
        "is the same in both arms.",
    )
    average: Literal["participant average", "cluster average"] | None = choice(
        None,
        "The effect on an average participant, or in an average team, where these differ: the "
        "test is then one that aims at it. Left out: what the test aims at.",
    )
    estimand: Estimand = choice(
        ESTIMANDS[0],
        "What is estimated over periods: a constant effect; or, with an effect for each period "
        "since a team began, their average, the last one, or that of exposure_period.",
    )
    correlation: Correlation | None = choice(
        None,
        "How alike the marginal model of a binary outcome or a count takes people of a team to "
        "be: all the same, otherwise within a period than between, fading with the periods "
        "between, or not at all. Left out: nested exchangeable where random_effects have "
        "'cluster-period', else exchangeable.",
    )
    exposure_period: int | None = number(
        None, 1, 60, "periods", "Analysed period of treatment of 'effect at exposure', from 1."
    )
    alpha: float = number(
        0.05, 1.0e-6, 0.5, "probability", "Level: two-sided, or of each one-sided test."
    )
    hypothesis: Hypothesis = choice(
        HYPOTHESES[0],
        "What is to be shown: a difference; superiority, one in the better direction, one-sided; "
        "non-inferiority, none that is worse by the margin, one-sided; equivalence, none as large "
        "as the margin, by two one-sided tests.",
    )
    multiplicity: Rule = choice(
        RULES[0],
        "Rule for the tests of several arms against control, at `alpha` together: Holm's, "
        "Bonferroni's, Dunnett's (single step, by the planned numbers of clusters), or none.",
    )
    margin: float = number(
        0.0, 0.0, 1.0e6, "points", "Margin of non-inferiority or equivalence, of the effect."
    )
    better: Literal["higher", "lower"] = choice(
        "higher", "Which outcomes are better, for superiority and non-inferiority."
    )


class Columns(Part):
    """Names of columns in the trial's table."""

    outcome: str | None = text("Outcome. Left out: agents.measure, else 'outcome'.", default=None)
    second: str | None = text(
        "Second primary outcome. Left out: co_primary.measure, else 'second'.", default=None
    )
    second_baseline: str = text("Its value before treatment.", default="second_baseline")
    treatment: str | None = text(
        "What teams got: arm of a parallel trial, else treatment in each period. Left out: 'arm' "
        "or 'treatment'.",
        default=None,
    )
    reference: str | None = text(
        "Label of control in that column, the one that is subtracted. Left out: the label that "
        "means control in ordinary use.",
        default=None,
    )
    cluster: str = text("Randomised team.", default="cluster")
    period: str = text("Period of the measurement; not in parallel trials.", default="period")
    person: str = text("Service user, in cohorts over periods.", default="person")
    worker: str = text(
        "Member of staff, where analysis.random_effects has 'worker'.", default="worker"
    )
    baseline: str = text(
        "Outcome before treatment, where design.baseline is used.", default="baseline"
    )
    covariates: tuple[str, ...] = many("Further columns that are adjusted for.", "names", (), MOST)
    strata: tuple[str, ...] = many("Strata within which teams were randomised.", "names", (), MOST)
    pairs: str | None = text("Pairs of teams, one of each arm, instead of strata.", default=None)
    missing: tuple[str, ...] = many('Values that stand for missing, as "-99".', "codes", (), MOST)

    @model_validator(mode="after")
    def _one_kind(self) -> Columns:
        if self.strata and self.pairs is not None:
            raise ValueError("strata and pairs: give one of them; pairs are strata of two")
        return self


class CoPrimary(Part):
    """A second primary outcome, of a hybrid type 2 trial: of implementation beside recovery."""

    measure: str | None = text(
        "With [agents]: the other measure, as inspire_support for what users get.", default=None
    )
    test: Test | None = choice(
        None,
        "Its test. Left out: the first outcome's; where it is of another kind, that of its kind.",
    )
    success: Literal["both", "at least one"] = choice(
        "both",
        "What the trial must show: both outcomes, each at `alpha`; or at least one of them, each "
        "at half of it.",
    )
    outcome: Literal["continuous", "binary", "count"] = choice(
        "continuous",
        "Kind of the second outcome, as `statistical.outcome`: of a binary one mean and effect are "
        "probabilities, and its standard deviation follows.",
    )
    mean: float = number(0.0, -1.0e6, 1.0e6, "points", "Its mean under control.")
    effect: float = number(0.0, -1.0e6, 1.0e6, "points", "True difference of the second outcome.")
    sd: float = number(1.0, 1.0e-9, 1.0e6, "points", "Its standard deviation.")
    icc: float = number(0.03, 0.0, 1.0, "correlation", "Its ICC within one period.")
    cac: float | None = number(
        None, 0.0, 1.0, "share", "Its cluster autocorrelation. Left out: the first outcome's."
    )
    iac: float | None = number(
        None, 0.0, 1.0, "share", "Its individual autocorrelation. Left out: the first outcome's."
    )
    exposure: tuple[float, ...] = many(
        "Share of its effect in the first, second ... treated period. Left out: the first "
        "outcome's.",
        "share",
        (),
        MOST,
    )
    within: float = number(
        0.0, -1.0, 1.0, "correlation", "Correlation of one person's two outcomes."
    )
    between: float = number(
        0.0, -1.0, 1.0, "correlation", "Correlation of the two outcomes of two people of a team."
    )

    @model_validator(mode="after")
    def _one_spread(self) -> CoPrimary:
        if self.outcome != "continuous" and stated(self, ["sd"]):
            raise ValueError("sd: goes with outcome = 'continuous'; leave it out")
        return self


class MediationPart(Part):
    """Whether a mediator of staff carries the effect: team, worker, service user."""

    mediator: str | None = text(
        "With [agents]: what is measured of staff at the last measurement: 'practice' (what they "
        "do) or 'fidelity' (the same times skill) as an observer sees it, or a score of staff such "
        "as 'staff_behaviour'. Paths and shares of variance then come from the model.",
        default=None,
    )
    observer_reliability: float = number(
        0.7, 0.05, 1.0, "share", "Share of the variance of an observer's scores that is real."
    )
    a: float = number(
        0.5, -10.0, 10.0, "SD", "Effect of the programme on the mediator, in its SD within arms."
    )
    b: float = number(
        0.3,
        -10.0,
        10.0,
        "SD per SD",
        "Effect of a team's mediator on the outcome, in its SD for an SD of the mediator.",
    )
    workers: float = number(4.0, 1.0, 1000.0, "workers", "Staff measured in each team.")
    mediator_icc: float = number(
        0.2, 0.0, 1.0, "correlation", "Share of the mediator's variance within arms between teams."
    )
    worker_icc: float = number(
        0.05, 0.0, 1.0, "share", "Share of the outcome's variance between workers of a team."
    )
    mediator_explained: Range = many(
        "Shares of the mediator's variance between workers and between teams that covariates "
        "explain.",
        "share",
        (0.0, 0.0),
    )
    outcome_explained: Annotated[tuple[float, float, float], Field(strict=False)] = many(
        "The same of the outcome's variance between people, workers and teams.",
        "share",
        (0.0, 0.0, 0.0),
    )
    team_columns: Annotated[tuple[int, int], Field(strict=False)] = many(
        "Columns between teams in the models of mediator and outcome: treatment, and in the second "
        "the mediator, are among them.",
        "columns",
        (1, 2),
    )

    @model_validator(mode="after")
    def _one_kind(self) -> MediationPart:
        of_model = {"mediator", "observer_reliability"}
        given = stated(self, set(type(self).model_fields) - of_model)
        if self.mediator is not None and given:
            raise ValueError(
                f"{given[0]}: goes with [statistical]; with mediation.mediator the model tells it"
            )
        if self.team_columns[0] < 1 or self.team_columns[1] < 2:
            raise ValueError(
                f"team_columns = {list(self.team_columns)}: treatment is in both models, the "
                "mediator in the second; at least [1, 2]"
            )
        return self


class Uncertainty(Part):
    """What is not known: for assurance, and for sensitivity one quantity at a time."""

    effect_se: float = number(
        0.0, 0.0, 1.0e6, "points", "Standard error of what is believed of the effect (normal)."
    )
    ranges: dict[str, Range] = Field(
        default_factory=dict,
        strict=False,
        description="Lowest and highest plausible value of any field, each as likely as between.",
        json_schema_extra={"unit": "as the field"},
    )


class Decision(Part):
    """Go or no-go after the trial, by one-sided confidence limits of the effect."""

    least: float = number(
        0.0, -1.0e6, 1.0e6, "points", "Go on where confident of a better effect than this."
    )
    wanted: float = number(
        4.0, -1.0e6, 1.0e6, "points", "Stop where confident of a worse effect than this."
    )
    confidence: float = number(
        0.9, 0.5, 0.999, "probability", "One-sided confidence that each decision needs."
    )


class Target(Part):
    """What the trial is for."""

    power: float = number(0.8, 0.05, 0.999, "probability", "Power wanted.")
    minimum_important_difference: float | None = number(
        None, 0.0, 1.0e6, "points", "Smallest difference between groups that matters to people."
    )
    cost_per_team: float = number(
        0.0, 0.0, 1.0e9, "money", "What another team costs, for --find cost."
    )
    cost_per_person: float = number(
        0.0, 0.0, 1.0e9, "money", "What another person costs in each measured period."
    )
    rationale: str = text("Why this difference was chosen, and where it comes from.", default="")


class Precision(Part):
    """How precisely power is wanted."""

    simulations: int = number(1000, 20, 1_000_000, "trials", "Simulated trials.")
    monte_carlo_se: float | None = number(
        None, 0.0005, 0.2, "probability", "Simulate until the error of power is this small instead."
    )
    posterior: str = text(
        "Draws of which posterior trials of agents take: 'both-trials', 'refocus-alone', 'prior', "
        "or a CSV file.",
        default="both-trials",
    )
    draws: int = number(
        200, 0, 100_000, "draws", "Posterior draws that trials take in turn; 0 for the defaults."
    )


class DesignFile(Part):
    """One trial design."""

    title: str = text("Short title.", default="")
    description: str = text("What the trial is, in plain words.", default="")
    assumptions: tuple[str, ...] = many("What is assumed, one sentence each.", "text", (), MOST)
    design: Trial = Field(
        description="Who is randomised and measured when.", json_schema_extra={"unit": "table"}
    )
    randomisation: Randomisation = table(Randomisation, "How teams are allocated.")
    attrition: Loss = table(Loss, "Loss to follow-up with statistical outcomes.")
    readiness: ReadinessRule = table(ReadinessRule, "Readiness as a criterion; needs [agents].")
    statistical: Statistical | None = Field(
        None,
        description="Outcomes from means and variances.",
        json_schema_extra={"unit": "table"},
    )
    agents: Agents | None = Field(
        None,
        description="Outcomes from the agent-based model.",
        json_schema_extra={"unit": "table"},
    )
    co_primary: CoPrimary | None = Field(
        None,
        description="A second primary outcome, for power to find both or at least one.",
        json_schema_extra={"unit": "table"},
    )
    mediation: MediationPart | None = Field(
        None,
        description="A mediator of staff, for power to see that practice carries the effect.",
        json_schema_extra={"unit": "table"},
    )
    analysis: Analysis = table(Analysis, "The pre-declared analysis.")
    columns: Columns = table(Columns, "The trial's table, for `refocus analyse --design`.")
    uncertainty: Uncertainty = table(Uncertainty, "What is not known.")
    decision: Decision | None = Field(
        None,
        description="A rule of go or no-go, whose chances are then told by true effect.",
        json_schema_extra={"unit": "table"},
    )
    target: Target = table(Target, "What the trial is for.")
    precision: Precision = table(Precision, "How precisely power is wanted.")

    @model_validator(mode="after")
    def _one_source(self) -> DesignFile:
        if (self.statistical is None) == (self.agents is None):
            raise ValueError(
                "statistical and agents: give one of the two tables; outcomes come from a "
                "statistical model or from the agent-based one"
            )
        if self.statistical is not None and (
            self.readiness.entry != "none" or self.readiness.run_in_weeks > 0
        ):
            raise ValueError(
                "readiness: statistical outcomes know no readiness; use [agents], or leave "
                "[readiness] out"
            )
        allocation = self.randomisation
        if (
            self.statistical is not None
            and allocation.method in ("minimised", "restricted")
            and allocation.strata == 1
        ):
            raise ValueError(
                f"randomisation.strata = 1: {allocation.method} randomisation of statistical "
                "outcomes balances strata and needs at least 2; with [agents] it balances trusts "
                "and types"
            )
        if self.statistical is not None and "worker" in (self.analysis.random_effects or ()):
            raise ValueError(
                "analysis.random_effects: 'worker' needs staff; statistical outcomes have none, "
                "use [agents]"
            )
        s, second = self.statistical, self.co_primary
        arms = self.design.arms - 1
        if arms > 1 and (s is None or s.outcome != "continuous" or second is not None):
            raise ValueError(
                f"design.arms = {arms + 1}: needs [statistical] with a continuous outcome, and no "
                "[co_primary]"
            )
        if s is not None and len(s.arm_effects) != (arms if arms > 1 else 0):
            raise ValueError(
                f"statistical.arm_effects = {list(s.arm_effects)}: with design.arms = {arms + 1} "
                + (f"it lists {arms} effects" if arms > 1 else "leave it out, and give effect")
            )
        if second is not None and (second.measure is None) == (self.agents is not None):
            raise ValueError(
                "co_primary.measure: goes with [agents] and only with it; with [statistical] give "
                "effect, sd, icc, within and between"
            )
        carrier = self.mediation
        if carrier is not None and (carrier.mediator is None) == (self.agents is not None):
            raise ValueError(
                "mediation.mediator: goes with [agents] and only with it; with [statistical] give "
                "a, b, workers, mediator_icc and worker_icc"
            )
        if carrier is not None and (
            self.design.type != "parallel" or arms > 1 or self.design.unclustered != "none"
        ):
            raise ValueError("mediation: goes with a parallel trial of two arms, both in teams")
        if carrier is not None and s is not None and carrier.worker_icc + s.icc > 1.0:
            raise ValueError(
                f"mediation.worker_icc = {carrier.worker_icc:g}: and statistical.icc = {s.icc:g} "
                "are shares of one variance, at most 1 together"
            )
        if carrier is not None and s is not None and s.outcome != "continuous":
            raise ValueError(
                f"mediation: goes with a continuous outcome; statistical.outcome is '{s.outcome}'"
            )
        if (
            s is not None
            and s.effect_by_size
            and not (self.design.sizes or self.design.size_variation)
        ):
            raise ValueError(
                f"statistical.effect_by_size = {s.effect_by_size:g}: needs teams of different "
                "size; give design.sizes or design.size_variation"
            )
        if second is not None and s is None and second.outcome != "continuous":
            raise ValueError(
                f"co_primary.outcome = '{second.outcome}': goes with [statistical]; with [agents] "
                "the measure says what it is"
            )
        kinds = [one.outcome for one in (s, second) if one is not None]
        special = next((one for one in kinds if one != "continuous"), None)
        if special is not None:
            if self.attrition.rate > 0.0 and self.attrition.mechanism != "completely at random":
                raise ValueError(
                    f"attrition.mechanism = '{self.attrition.mechanism}': a {special} outcome is "
                    "lost 'completely at random'"
                )
            if self.design.baseline != "none":
                raise ValueError(
                    f"design.baseline = '{self.design.baseline}': a {special} outcome has none; "
                    "set baseline = 'none'"
                )
        rule = self.decision
        if rule is not None and (
            rule.least > rule.wanted
            if self.analysis.better == "higher"
            else rule.least < rule.wanted
        ):
            raise ValueError(
                f"decision.least = {rule.least:g}: asks for more than decision.wanted = "
                f"{rule.wanted:g}; the least effect worth having is the smaller one"
            )
        if self.agents is not None and self.design.sizes:
            raise ValueError(
                "design.sizes: goes with [statistical]; agents are asked `size` people a team"
            )
        if self.agents is not None and self.design.unclustered != "none":
            raise ValueError("design.unclustered: goes with [statistical]; agents are in teams")
        if self.agents is not None and self.attrition.rate > 0.0:
            raise ValueError(
                f"attrition.rate = {self.attrition.rate:g}: agents leave by mechanisms of their "
                "own; leave [attrition] out and set dropout_yearly in agents.settings instead"
            )
        return self
