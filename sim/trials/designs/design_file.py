"""Design files: load, check, change and print them, with errors a statistician can act on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from sim.errors import InputError, unknown
from sim.reading.numbers import finite, number_in, repeated
from sim.reading.text_files import read_text
from sim.reading.toml_text import read_toml
from sim.scenarios.fields import ScenarioField, fields_of, problem_in
from sim.trials.analyses.analysis_plan import AnalysisPlan, check_plan_of_design, default_plan
from sim.trials.analyses.hypothesis import bounds_of
from sim.trials.analyses.methods import by_arm, marginal
from sim.trials.analyses.registry import ANALYSES
from sim.trials.data.outcome_kind import check_mean
from sim.trials.designs.design import (
    CONTROL,
    NOT_MEASURED,
    TRANSITION,
    TREATED,
    Attrition,
    Design,
    ReadinessEntry,
    first_treated,
    one_each,
    sized,
    stepped_wedge,
)
from sim.trials.designs.design_schema import DesignFile, Statistical, Trial
from sim.trials.designs.second_outcome import second_file, shared_draws
from sim.trials.fits.gee import EXCHANGEABLE, NESTED

FOLDER = Path(__file__).parent / "library"
HINT = "; 'refocus template design' prints one"
LONGEST = 1040
KINDS = {"number", "whole"}
STEPPED = ("stepped wedge", "batched wedge", "staircase")


@lru_cache(maxsize=1)
def design_fields() -> dict[str, ScenarioField]:
    """Return every field of a design file by dotted name, in the order of the schema."""
    return {one.name: one for one in fields_of(DesignFile)}


def design_names() -> tuple[str, ...]:
    """Return the names of the worked designs that come with the program, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load_design(which: str | Path) -> DesignFile:
    """Load a design from a file, or a worked one by its name.

    Parameters
    ----------
    which : str or pathlib.Path
        A path, which a text is taken for when it ends in ``.toml`` or has a folder in it; or a name
        such as ``"refocus"``.

    Returns
    -------
    DesignFile
        Checked as a whole: a trial can be simulated from it.

    Raises
    ------
    InputError
        When there is no such file, it is not TOML, a field is unknown or breaks its rule, or the
        trial cannot answer its question.
    """
    text = str(which)
    if isinstance(which, Path) or text.endswith(".toml") or "/" in text or "\\" in text:
        path = Path(text)
    elif text in design_names():
        path = FOLDER / f"{text}.toml"
    else:
        raise unknown("design", text, design_names())
    return design_from_text(read_text(path, "design file", hint=HINT), path.stem)


def design_from_text(text: str, name: str = "design") -> DesignFile:
    """Check a design given as TOML text.

    Raises
    ------
    InputError
        As `load_design`.
    """
    table = read_toml(text, f"design '{name}'")
    return design_from_table(table, name)


def design_from_table(table: Mapping[str, Any], name: str = "design") -> DesignFile:
    """Check the tables of a design.

    Raises
    ------
    InputError
        As `load_design`.
    """
    try:
        file = DesignFile.model_validate({"title": name, **table})
    except ValidationError as error:
        line = " ".join(problem_in(error, design_fields()).split())
        raise InputError(f"design '{name}': {line}") from None
    try:
        check_design(file)
    except InputError as error:
        raise InputError(f"design '{name}': {error}") from None
    return file


def check_design(file: DesignFile) -> None:
    """Refuse a design that cannot be simulated, analysed or answer its question.

    Raises InputError.
    """
    from sim.trials.designs.correlation import from_correlations
    from sim.trials.power.gls_power import gls_standard_error

    design = trial_design(file)
    plan = analysis_plan(file, design)
    if not design.is_parallel:
        if design.total_clusters < 3:
            raise InputError(
                f"clusters: {design.total_clusters} in all leave nothing to judge chance by; "
                "give at least 2 to each sequence, or 3 sequences"
            )
        try:
            gls_standard_error(measured_schedule(design), design.size, from_correlations(1.0, 0.05))
        except InputError as error:
            raise InputError(
                f"{error}; let some clusters begin in another period, or stay in control"
            ) from None
    elif plan.random_effects != ("cluster",):
        raise InputError(
            f"random_effects = {list(plan.random_effects)}: a parallel trial is analysed at its "
            "last period, where only 'cluster' can be told apart; leave the line out"
        )
    check_people(design, plan)
    for name, range_ in file.uncertainty.ranges.items():
        field = field_named(file, name)
        # What is believed of people measured twice may stay where they are measured once.
        if field not in ("statistical.cac", "statistical.iac"):
            check_used(file, field)
        if range_[0] > range_[1]:
            raise InputError(f"uncertainty.ranges.{name} = {list(range_)}: lowest comes first")
        for end in range_:
            if field in design_fields():
                _value_of(field, end)
    if file.statistical is not None:
        from sim.trials.data.statistical import Correlations, StatisticalSource

        s = file.statistical
        StatisticalSource(
            s.mean,
            s.sd,
            Correlations(s.icc, s.cac, s.iac, s.cluster_decay),
            s.effect,
            kind=s.outcome,
        )
        check_lengths(s, design)
        if file.co_primary is not None:
            other = second_file(file)
            assert other.statistical is not None
            check_lengths(other.statistical, design)
            try:
                analysis_plan(other, design)
                s = other.statistical
                for level in (s.mean, s.mean + s.effect):
                    check_mean(s.outcome, level)
            except InputError as error:
                raise InputError(f"co_primary: {error}") from None
            # With a mean that cannot be, normal numbers behind the outcomes have no correlation.
            shared_draws(file)
    else:
        _check_agents(file, design)


def check_people(design: Design, plan: AnalysisPlan) -> None:
    """Refuse so few people that an analysis cannot tell clusters from people.

    One person a cluster and period, such as a team's own rate, is enough where periods tell.
    """
    if design.size < 2.0 and design.is_parallel and plan.test != "cluster-summary":
        raise InputError(
            f"size = {design.size:g}: with one person per cluster a mixed model cannot tell "
            "clusters from people; ask at least 2, or set analysis.test = 'cluster-summary'"
        )
    if not one_each(design) or design.is_parallel:
        return
    confounded = sorted({"cluster-period", "person"} & set(plan.random_effects))
    if confounded:
        raise InputError(
            f"random_effects: with one person per cluster and period '{confounded[0]}' cannot be "
            "told from the rest; leave it out of analysis.random_effects"
        )
    used = design.by_cluster
    if (np.isin(used, (CONTROL, TREATED)).sum(axis=1) < 2).all():
        raise InputError(
            f"size = {design.size:g}: with one person per cluster and one period of each a mixed "
            "model cannot tell clusters from people; ask at least 2"
        )


def check_lengths(s: Statistical, design: Design) -> None:
    """Refuse lists over periods that have another length than the trial."""
    if s.period_effects and len(s.period_effects) != design.periods:
        raise InputError(
            f"period_effects = {list(s.period_effects)}: {len(s.period_effects)} values for "
            f"{design.periods} periods; give one for each"
        )
    from sim.trials.data.counterfactual import exposure_number

    longest = int(exposure_number(design.schedule).max())
    if len(s.exposure) > longest:
        raise InputError(
            f"exposure = {list(s.exposure)}: {len(s.exposure)} values, but no team is exposed for "
            f"more than {longest} period{'s' if longest > 1 else ''}; give at most as many"
        )


def _check_agents(file: DesignFile, design: Design) -> None:
    from sim.measures.user import UserScores
    from sim.parameters import resolve
    from sim.scenarios.library import load_scenario
    from sim.trials.data.agent_calendar import measured_weeks, takes_away

    assert file.agents is not None
    if file.agents.measure not in UserScores._fields:
        raise unknown("agents.measure", file.agents.measure, UserScores._fields)
    second = file.co_primary
    if second is not None and second.measure not in UserScores._fields:
        raise unknown("co_primary.measure", str(second.measure), UserScores._fields)
    if second is not None and second.measure == file.agents.measure:
        raise InputError(f"co_primary.measure = '{second.measure}': is agents.measure already")
    if file.mediation is not None:
        _check_mediator(file)
    named = {}
    for name in ("scenario", "control"):
        try:
            named[name] = load_scenario(getattr(file.agents, name))
        except InputError as error:
            raise InputError(f"agents.{name}: {error}") from None
    if named["control"].who.teams != "none" and not design.is_parallel:
        raise InputError(
            f"agents.control = '{file.agents.control}': an active control needs a parallel trial; "
            "set control = 'usual-care'"
        )
    try:
        resolve(file.agents.settings)
    except InputError as error:
        raise InputError(f"agents.settings: {error}") from None
    if takes_away(design):
        raise InputError(
            "schedule: returns treated clusters to control; training cannot be untaught, use "
            "[statistical] for crossover designs"
        )
    if max(measured_weeks(design)) > LONGEST:
        raise InputError(
            f"period_weeks = {design.period_weeks}: the trial takes {max(measured_weeks(design))} "
            f"weeks; at most {LONGEST} can be simulated"
        )


def _check_mediator(file: DesignFile) -> None:
    from sim.measures.staff import StaffScores
    from sim.trials.analyses.mediation_test import OBSERVED

    assert file.mediation is not None
    known = (*OBSERVED, *StaffScores._fields)
    if file.mediation.mediator not in known:
        raise unknown("mediation.mediator", str(file.mediation.mediator), known)


def measured_schedule(design: Design) -> np.ndarray:
    """Return treatment by cluster and period, NaN where nothing is analysed."""
    used = design.by_cluster
    schedule = np.where(np.isin(used, (TRANSITION, NOT_MEASURED)), np.nan, used == TREATED)
    return np.asarray(schedule, float)


def trial_design(file: DesignFile) -> Design:
    """Return the trial that a file describes.

    Raises
    ------
    InputError
        When it cannot answer its question.
    """
    part = file.design
    if part.type == "parallel" and part.clusters_by_sequence is not None:
        given = list(part.clusters_by_sequence)
        if len(given) != part.arms or min(given) < 2:
            arms = "[treated, control]" if part.arms == 2 else f"{part.arms} numbers, control last,"
            raise InputError(
                f"clusters_by_sequence = {given}: a parallel trial has {arms} teams, at least 2 of "
                "each; one team cannot be told from what it gets"
            )
    schedule = _schedule(part)
    cohort = part.baseline != "none"
    rules = file.readiness
    design = Design(
        name=file.title,
        schedule=schedule,
        clusters=_clusters(part, len(schedule)),
        size=part.size,
        size_variation=part.size_variation,
        sampling=part.sampling or ("closed cohort" if cohort else "cross-sectional"),
        churn=part.churn,
        baseline=part.baseline,
        randomisation=file.randomisation.method,
        strata=file.randomisation.strata,
        attrition=Attrition(**file.attrition.model_dump()),
        readiness=ReadinessEntry(
            minimum=rules.cut_off if rules.entry == "cut-off" else None,
            share=rules.share if rules.entry == "top share" else None,
            strata=rules.strata if rules.entry == "stratum" else 1,
            reliability=rules.reliability,
            screened_per_team=rules.screened_per_team,
            run_in_weeks=rules.run_in_weeks,
            run_in_intensity=rules.run_in_intensity,
        ),
        period_weeks=part.period_weeks,
        treated_arms=part.arms - 1,
        unclustered={"none": None, "treated": 0, "control": 1}[part.unclustered],
    )
    return sized(design, part.sizes) if part.sizes else design


def _schedule(part: Trial) -> np.ndarray:
    if part.type == "matrix":
        if len({len(row) for row in part.schedule}) > 1:
            raise InputError("schedule: every row must have the same number of periods")
        return np.array(part.schedule, int)
    if part.type == "stepped wedge":
        return stepped_wedge(
            part.steps, 1, part.size, transition_periods=part.transition_periods
        ).schedule
    if part.type == "batched wedge":
        return batched(
            stepped_wedge(
                part.steps, 1, part.size, transition_periods=part.transition_periods
            ).schedule,
            part.batches,
            part.batch_lag,
        )
    if part.type == "staircase":
        whole = stepped_wedge(part.steps, 1, part.size).schedule
        # A period either side beyond the trial's own is there for the first and last sequences.
        wide = np.pad(whole, ((0, 0), (part.before - 1, part.after - 1)), mode="edge")
        start = first_treated(wide)[:, None]
        lag = np.arange(wide.shape[1]) - start
        return np.where((lag >= -part.before) & (lag < part.after), wide, NOT_MEASURED)
    if part.type == "crossover":
        first = (np.arange(part.periods) + 1) % 2
        return np.stack([first, 1 - first])
    last = np.array([[TREATED]] * (part.arms - 1) + [[CONTROL]])
    return last if part.baseline == "none" else np.column_stack([0 * last + CONTROL, last])


def batched(wedge: np.ndarray, batches: int, lag: int) -> np.ndarray:
    """Return the schedule of equal wedges, each begun some periods after the one before."""
    last = lag * (batches - 1)
    return np.concatenate(
        [
            np.pad(wedge, ((0, 0), (lag * one, last - lag * one)), constant_values=NOT_MEASURED)
            for one in range(batches)
        ]
    )


def _clusters(part: Trial, sequences: int) -> tuple[int, ...]:
    """Return teams by sequence; every sequence of a wedge or crossover must have one."""
    if part.clusters_by_sequence is not None:
        given = tuple(part.clusters_by_sequence)
        if part.type not in ("parallel", "matrix") and 0 in given:
            raise InputError(
                f"clusters_by_sequence = {list(given)}: sequence {given.index(0) + 1} has no team; "
                "give every sequence at least 1, or describe the trial as type = 'matrix'"
            )
        return given
    if part.clusters is None:
        return (1,) * sequences
    if part.type != "parallel" and part.clusters < sequences:
        stepped = part.type in STEPPED
        remedy = "add teams or take fewer steps" if stepped else "add teams"
        raise InputError(
            f"clusters = {part.clusters}: fewer teams than the {sequences} sequences, each of "
            f"which needs at least 1; {remedy}"
        )
    each, more = divmod(part.clusters, sequences)
    return tuple(each + (number < more) for number in range(sequences))


def analysis_plan(file: DesignFile, design: Design) -> AnalysisPlan:
    """Return the analysis that a file declares, or the one its design calls for."""
    part = file.analysis
    effects = part.random_effects or default_plan(design).random_effects
    test = part.test
    s = file.statistical
    if s is not None and s.outcome != "continuous" and "test" not in part.model_fields_set:
        test = marginal.ANALYSIS.name
    arms_differ = s is not None and (s.treated_sd is not None or s.treated_icc is not None)
    if design.is_parallel and "test" not in part.model_fields_set:
        adjusted = design.baseline == "ancova" or design.strata > 1
        if (arms_differ or design.unclustered is not None) and not adjusted:
            test = by_arm.ANALYSIS.name
    if part.average is not None:
        aiming = next(name for name, one in ANALYSES.items() if one.aims == part.average)
        if "test" not in part.model_fields_set:
            test = aiming
        elif ANALYSES[test].aims != part.average:
            raise InputError(
                f"analysis.test = '{test}': aims at {ANALYSES[test].aims}, and analysis.average = "
                f"'{part.average}'; use test = '{aiming}', or leave one of the two out"
            )
    if (s is None or s.outcome == "continuous") and test == marginal.ANALYSIS.name:
        raise InputError(
            f"analysis.test = '{test}': needs statistical.outcome = 'binary' or 'count'"
        )
    correlation = part.correlation
    if correlation is None and test == marginal.ANALYSIS.name:
        correlation = NESTED if "cluster-period" in effects else EXCHANGEABLE
    plan = AnalysisPlan(
        test,
        tuple(effects),
        part.alpha,
        part.missing,
        part.imputations,
        part.baseline_use,
        part.estimand,
        part.exposure_period,
        part.hypothesis,
        bounds_of(part.hypothesis, part.margin, part.better == "lower"),
        part.multiplicity,
        correlation,
    )
    if plan.bounds is not None and file.co_primary is not None:
        raise InputError(
            f"analysis.hypothesis = '{plan.hypothesis}': co-primary outcomes are tested two-sided; "
            "leave it out"
        )
    check_plan_of_design(plan, design)
    return plan


def field_named(file: DesignFile, name: str, *, words: bool = False) -> str:
    """Return the dotted name of a field from its last part, such as ``icc`` or ``clusters``.

    Where the tables of the first outcome and of the second both have it, the first is meant; a
    field of the second then needs its whole name, such as ``co_primary.icc``. With `words`, fields
    that hold words are among the names that a wrong one is told.

    Raises
    ------
    InputError
        When there is no such number, or it could be one of several.
    """
    fields = design_fields()
    if name.startswith("agents.settings."):
        return name
    numbers = [one for one, field in fields.items() if field.kind in KINDS]
    if name in numbers:
        return name
    found = [one for one in numbers if one.rsplit(".", 1)[-1] == name and _in_use(file, one)]
    if name == "attrition":
        return "attrition.rate"
    if name == "strata":
        return "readiness.strata" if file.readiness.entry == "stratum" else "randomisation.strata"
    found = _first_outcome(found)
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(f"field '{name}': could be {' or '.join(found)}; write the whole name")
    unused = [one for one in numbers if one.rsplit(".", 1)[-1] == name]
    if unused:
        raise InputError(
            f"field '{name}': {unused[0]} is not used by this design, which has no "
            f"[{unused[0].split('.')[0]}]"
        )
    if file.agents is not None:
        from sim.parameters import registry

        if name in registry():
            return f"agents.settings.{name}"
    valid = [one for one, field in fields.items() if field.kind != "table"] if words else numbers
    raise unknown("field", name, {one.rsplit(".", 1)[-1] for one in valid})


def _first_outcome(found: list[str]) -> list[str]:
    """Return the fields that are not of the second outcome; all where there are none."""
    return [one for one in found if not one.startswith("co_primary.")] or found


def _in_use(file: DesignFile, dotted: str) -> bool:
    table = dotted.split(".")[0]
    return getattr(file, table, None) is not None


def check_used(file: DesignFile, dotted: str) -> None:
    """Refuse a field that this design makes no use of, so that nobody varies it in vain.

    Raises
    ------
    InputError
    """
    part, entry = file.design, file.readiness.entry
    baseline = part.baseline != "none"
    once = part.type == "parallel" and not baseline
    cohort = baseline if part.sampling is None else part.sampling != "cross-sectional"
    hypothesis = file.analysis.hypothesis
    needs = {
        "analysis.multiplicity": (part.arms > 2, "design.arms above 2"),
        "analysis.imputations": (
            file.analysis.missing != "complete cases",
            "analysis.missing = 'multiple imputation'",
        ),
        "analysis.better": (
            hypothesis in ("superiority", "non-inferiority") or file.decision is not None,
            "hypothesis = 'superiority' or 'non-inferiority', or [decision]",
        ),
        "columns.second": (file.co_primary is not None, "[co_primary]"),
        "columns.second_baseline": (file.co_primary is not None and baseline, "[co_primary]"),
        "columns.period": (part.type != "parallel", "a design over periods"),
        "columns.person": (cohort and part.type != "parallel", "a cohort over periods"),
        "columns.baseline": (baseline, "design.baseline = 'ancova' or 'change'"),
        "columns.worker": (
            "worker" in (file.analysis.random_effects or ()),
            "'worker' in analysis.random_effects",
        ),
        "statistical.cac": (not once, "clusters measured more than once"),
        "statistical.cluster_decay": (not once, "clusters measured more than once"),
        "statistical.iac": (cohort and not once, "people measured more than once"),
        "readiness.cut_off": (entry == "cut-off", "readiness.entry = 'cut-off'"),
        "readiness.share": (entry == "top share", "readiness.entry = 'top share'"),
        "readiness.strata": (entry == "stratum", "readiness.entry = 'stratum'"),
        "readiness.reliability": (entry != "none", "a readiness.entry other than 'none'"),
        "readiness.screened_per_team": (entry != "none", "a readiness.entry other than 'none'"),
        "readiness.run_in_weeks": (file.agents is not None, "[agents]"),
        "readiness.run_in_intensity": (file.readiness.run_in_weeks > 0, "run_in_weeks above 0"),
        "attrition.rate": (file.statistical is not None, "[statistical]"),
        "attrition.slope": (file.attrition.rate > 0.0, "attrition.rate above 0"),
        "attrition.arm_difference": (file.attrition.rate > 0.0, "attrition.rate above 0"),
        "mediation.observer_reliability": (
            file.mediation is not None and file.mediation.mediator in ("practice", "fidelity"),
            "mediation.mediator = 'practice' or 'fidelity'",
        ),
        "design.churn": (part.sampling == "open cohort", "design.sampling = 'open cohort'"),
        "design.size": (not part.sizes, "design.sizes left out, which lists every team's people"),
        "design.size_variation": (not part.sizes, "design.sizes left out"),
        "statistical.effect_correlation": (
            file.statistical is not None and file.statistical.effect_heterogeneity > 0.0,
            "effect_heterogeneity above 0",
        ),
        "design.steps": (
            part.type in STEPPED,
            "design.type = 'stepped wedge', 'batched wedge' or 'staircase'",
        ),
        "statistical.effect": (part.arms == 2, "design.arms = 2; statistical.arm_effects has them"),
        "design.batches": (part.type == "batched wedge", "design.type = 'batched wedge'"),
        "design.batch_lag": (part.type == "batched wedge", "design.type = 'batched wedge'"),
        "design.before": (part.type == "staircase", "design.type = 'staircase'"),
        "design.after": (part.type == "staircase", "design.type = 'staircase'"),
        "design.transition_periods": (
            part.type in ("stepped wedge", "batched wedge"),
            "design.type = 'stepped wedge' or 'batched wedge'",
        ),
        "design.periods": (part.type == "crossover", "design.type = 'crossover'"),
    }
    used, needed = needs.get(dotted, (True, ""))
    if not used:
        raise InputError(f"{dotted}: has no meaning in this design; it needs {needed}")


def has_use(file: DesignFile, name: str) -> bool:
    """Return whether a design makes use of a field; see `check_used`."""
    try:
        check_used(file, field_named(file, name))
    except InputError:
        return False
    return True


def check_findable(file: DesignFile, name: str) -> None:
    """Refuse to look for a number that a list of every team's people decides.

    Raises
    ------
    InputError
    """
    if file.design.sizes and name in ("clusters", "size", "cost"):
        raise InputError(
            f"find = '{name}': design.sizes lists every team's people; give design.size and "
            "size_variation instead"
        )


def changed(file: DesignFile, changes: Mapping[str, Any]) -> DesignFile:
    """Return a design with some fields changed, checked again as a whole.

    Parameters
    ----------
    file : DesignFile
        Where to start from.
    changes : mapping
        New values by name: dotted, or the last part of it where that is enough. Another number of
        clusters is dealt in the proportions of `clusters_by_sequence` where that was given.

    Raises
    ------
    InputError
        For a name that does not exist and a value that breaks a rule.
    """
    table = file.model_dump(exclude_none=True, exclude_unset=True)
    by_field: dict[str, str] = {}
    for name in changes:
        dotted = settable(file, name)
        # The whole says how many there are and so do the parts.
        same = "design.clusters" if dotted == "design.clusters_by_sequence" else dotted
        if same in by_field:
            raise InputError(f"{name}: {by_field[same]} sets the same; give one of them")
        by_field[same] = name
    for name, given in changes.items():
        dotted = settable(file, name)
        value = _value_of(dotted, given)
        *tables, last = dotted.split(".")
        inner = table
        for one in tables:
            inner = inner.setdefault(one, {})
        if dotted == "design.clusters":
            shares = inner.pop("clusters_by_sequence", None)
            if shares is not None:
                inner["clusters_by_sequence"] = dealt(value, shares)
                continue
        if dotted == "design.clusters_by_sequence":
            inner.pop("clusters", None)
        inner[last] = value
    _forget_threshold(file, table, changes)
    found = design_from_table(table, file.title)
    for name in changes:
        check_used(found, settable(found, name))
    return found


def _forget_threshold(file: DesignFile, table: dict[str, Any], changes: Mapping[str, Any]) -> None:
    """Take the important difference out where the outcome is changed.

    A threshold belongs to the instrument it was found for.
    """
    names = {settable(file, name) for name in changes}
    outcome = table.get("agents", {}).get("measure", "qpr15")
    if file.agents is None or outcome == file.agents.measure:
        return
    if "target.minimum_important_difference" not in names:
        for name in ("minimum_important_difference", "rationale"):
            table.get("target", {}).pop(name, None)


def settable(file: DesignFile, name: str) -> str:
    """Return the dotted name of a field that may be set, numbers and words alike.

    Raises
    ------
    InputError
        See `field_named`.
    """
    field = design_fields().get(name)
    if field is not None and field.kind != "table":
        return name
    words = [
        one
        for one, other in design_fields().items()
        if other.kind not in KINDS
        and one.rsplit(".", 1)[-1] == name
        and _in_use(file, one)
        and other.kind != "table"
        # Columns of a table are named in full: some are called as fields of the design are.
        and not one.startswith("columns.")
    ]
    words = _first_outcome(words)
    return words[0] if len(words) == 1 else field_named(file, name, words=True)


def check_apart(
    file: DesignFile, names: Iterable[str], others: Mapping[str, str], written: str = "settings"
) -> None:
    """Refuse a field that is set where something else varies it: the value would go unused.

    Parameters
    ----------
    file : DesignFile
        The design, with the fields set.
    names : iterable of str
        Fields that are set.
    others : mapping
        What varies a field, as ``"grid"``, by the field's name.
    written : str
        How setting is written.

    Raises
    ------
    InputError
        That names both.
    """
    varied = {settable(file, name): option for name, option in others.items()}
    for name in names:
        if option := varied.get(settable(file, name)):
            raise InputError(f"{written} {name}: {option} sets it; leave one of them out")


def dealt(total: int, shares: Sequence[int]) -> list[int]:
    """Return whole numbers that add up to `total` in the proportions of `shares`."""
    weights = np.array(shares, float)
    exact = total * weights / max(weights.sum(), 1.0)
    found = np.floor(exact).astype(int)
    for index in np.argsort(found - exact, kind="stable")[: total - int(found.sum())]:
        found[index] += 1
    return [int(one) for one in found]


def _value_of(dotted: str, given: Any) -> Any:
    """Return a value of the type that a field has; numbers may come as text."""
    field = design_fields().get(dotted)
    if not isinstance(given, str) and not isinstance(given, float):
        return given
    if field is not None and field.kind not in KINDS:
        return given
    number = number_in(given) if isinstance(given, str) else finite(given)
    if number is None:
        raise InputError(f"{dotted} = {repeated(given)}: must be a finite number")
    if field is not None and field.kind == "whole":
        if not number.is_integer():
            raise InputError(f"{dotted} = {repeated(given)}: must be a whole number")
        return int(number)
    return number
