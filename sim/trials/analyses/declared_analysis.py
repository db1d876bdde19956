"""The analysis that a design file declares, on the trial's table: what was planned, and no other.

The model follows from the design: outcome, contrast and its direction, what is adjusted for, strata
or pairs, random effects, test and level. What the data have otherwise than planned is told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.errors import InputError, unknown
from sim.trials.analyses.analyse import analyse_table
from sim.trials.analyses.analysis_plan import MISSING_VALUES, AnalysisPlan, average_meant
from sim.trials.analyses.exposure import CONSTANT
from sim.trials.analyses.hypothesis import told
from sim.trials.analyses.likelihood_answers import PROFILE_INTERVAL, T_INTERVAL
from sim.trials.analyses.methods.marginal import OF_CORRELATION
from sim.trials.analyses.registry import analysis_named
from sim.trials.analyses.several_arms import IN_WORDS, adjusted, shares_of
from sim.trials.data.long_export import trial_table
from sim.trials.data.trial_table import as_labels, label_of
from sim.trials.designs.design import TREATED, Design
from sim.trials.designs.design_file import analysis_plan, load_design, trial_design
from sim.trials.designs.design_schema import DesignFile
from sim.trials.designs.second_outcome import second_column, second_file

if TYPE_CHECKING:
    import pandas as pd

# Column of the strata where a design names none.
STRATUM = "stratum"


def analyse_by_design(
    data: str | Path | pd.DataFrame,
    design: str | Path,
    sheet: str | None = None,
    interval: str = T_INTERVAL,
    contrasts: Sequence[str] = (),
) -> dict[str, Any]:
    """Analyse a trial's table as its design file declares.

    Parameters
    ----------
    data : str, Path or DataFrame
        A file has a header; columns as `[columns]` of the design names them.
    design : str or Path
        A design file, or the name of a worked design.
    sheet : str, optional
        Sheet of a workbook.
    interval : str
    contrasts : sequence of str
        See `sim.trials.analyses.analyse.analyse_table`; stand beside the plan.

    Returns
    -------
    dict
        As `sim.trials.analyses.analyse.analyse_table`; and ``plan``: ``title``, ``sha256`` of the
        design file, ``formula``, ``term``, ``test``, ``words``, ``estimates``, ``alpha``,
        ``answers`` (the planned test's, with an interval at the plan's level; of several arms one
        for each, with the p of the plan's rule), ``answer`` (the only one, else None), and
        ``differences`` of the data from the plan. Of several arms the rest is that of a joint test.
        With two primary outcomes ``second`` is all of this of the other one, and ``co_primary`` of
        the plan says what was to be shown and whether it was.

    Raises
    ------
    InputError
        If the design or the table cannot be used, or the planned analysis cannot be done.
    """
    file = load_design(design)
    result = _declared(file, data, design, sheet, interval, contrasts)
    second = file.co_primary
    if second is not None:
        result["second"] = _declared(second_file(file), data, design, sheet, interval, contrasts)
        answers = [one["plan"]["answer"] for one in (result, result["second"])]
        alpha = result["plan"]["alpha"]
        level = alpha if second.success == "both" else alpha / 2.0
        names = [outcome_column(file), second_column(file)]
        first = file.statistical
        planned = (0.0, 0.0) if first is None else (first.effect, second.effect)
        # A two-sided test finds a difference in the other direction too, which shows no benefit.
        found = [one["p"] < level for one in answers]
        against = [
            one["estimate"] * effect < 0.0 for one, effect in zip(answers, planned, strict=True)
        ]
        shown = [one and not other for one, other in zip(found, against, strict=True)]
        result["plan"]["co_primary"] = {
            "outcomes": names,
            "against": [
                name
                for name, one, other in zip(names, found, against, strict=True)
                if one and other
            ],
            "success": second.success,
            "level": level,
            "shown": all(shown) if second.success == "both" else any(shown),
        }
    return result


def _declared(
    file: DesignFile,
    data: str | Path | pd.DataFrame,
    design: str | Path,
    sheet: str | None,
    interval: str,
    contrasts: Sequence[str],
) -> dict[str, Any]:
    """Return the analysis of one outcome."""
    trial = trial_design(file)
    plan = analysis_plan(file, trial)
    if interval == PROFILE_INTERVAL and not analysis_named(plan.test).of_likelihood:
        raise InputError(
            f"interval = '{interval}': goes with the likelihood of a mixed model, which the "
            f"design's test = '{plan.test}' does not use; leave it out"
        )
    if contrasts and not analysis_named(plan.test).of_likelihood:
        raise InputError(
            "contrast: of coefficients of the mixed model, which the design's test = "
            f"'{plan.test}' does not use; leave it out, or state a model with --model"
        )
    if contrasts and plan.estimand != CONSTANT:
        raise InputError(
            f"contrast: of a constant effect, and the design's estimand = '{plan.estimand}' is of "
            "effects by exposure; leave it out, or state a model with --model"
        )
    frame, notes = trial_table(data, used_columns(file, trial, plan), sheet)
    file = with_strata(file, trial, frame.columns)
    used = used_columns(file, trial, plan)
    model, term = declared_model(file, trial, plan)
    for name in used:
        if name not in frame.columns:
            raise InputError(f"{unknown('column', name, frame.columns)}; name it in [columns]")
    columns = file.columns
    references = [] if columns.reference is None else [columns.reference]

    def analysed(tested: str, **more: Any) -> dict[str, Any]:
        coded: dict[str, Any] = {"references": references, "missing": columns.missing}
        coded["confidence"] = plan.confidence
        return analyse_table(frame, model, tested, **coded, **more)

    options: dict[str, Any] = {
        "strata": columns.strata,
        "pairs": columns.pairs,
        "imputations": plan.imputations if plan.missing != MISSING_VALUES[0] else 0,
        "declared": plan,
    }
    if trial.treated_arms == 1:
        result = analysed(term, interval=interval, contrasts=contrasts, **options)
        each = [result]
    else:
        result = analysed(term, interval=interval, contrasts=contrasts)
        arms = len(result.get("tested", [term])) + 1
        if arms != trial.treated_arms + 1:
            raise InputError(
                f"column '{term}': it has {arms} labels, the design has {trial.treated_arms + 1} "
                "arms"
            )
        each = [analysed(one, **options) for one in result["tested"]]
        # What the code of a test needs to know is the same for each arm.
        result |= {one: each[0][one] for one in ("strata", "randomised", "between_within")}
    result["notes"] = [*notes, *result["notes"]]
    known = Path(design)
    answers = compared(each, plan, trial.clusters)
    result["plan"] = {
        "title": file.title,
        "design": str(design),
        "sha256": hashlib.sha256(known.read_bytes()).hexdigest() if known.is_file() else None,
        "formula": model,
        "term": term,
        "test": plan.test,
        "words": words(plan, model, trial.treated_arms),
        "estimand": plan.estimand,
        "correlation": plan.correlation,
        "exposure_period": plan.exposure_period,
        "estimates": estimates(plan, trial),
        "alpha": plan.alpha,
        "confidence": plan.confidence,
        "multiplicity": plan.multiplicity,
        "answer": answers[0] if len(answers) == 1 else None,
        "answers": answers,
        "differences": differences(file, trial, frame, result),
    }
    return result


def compared(
    each: Sequence[dict[str, Any]], plan: AnalysisPlan, clusters: Sequence[int]
) -> list[dict[str, Any]]:
    """Return the planned answers of some analyses, of several with p values by the plan's rule."""
    answers = [
        {"direction": one["direction"], "coefficient": one["coefficient"], **one.pop("declared")}
        for one in each
    ]
    if len(answers) > 1:
        p, df = (np.array([one[name] for one in answers]) for name in ("p", "df"))
        p = adjusted(p, plan.multiplicity, df, shares_of(clusters))
        answers = [{**one, "p_adjusted": float(own)} for one, own in zip(answers, p, strict=True)]
    return answers


def treatment_column(file: DesignFile, design: Design) -> str:
    """Return the column that says what teams got."""
    return file.columns.treatment or ("arm" if design.is_parallel else "treatment")


def outcome_column(file: DesignFile) -> str:
    """Return the column of the outcome."""
    measured = "outcome" if file.agents is None else file.agents.measure
    return file.columns.outcome or measured


def declared_model(file: DesignFile, design: Design, plan: AnalysisPlan) -> tuple[str, str]:
    """Return the model in lme4's notation and its tested term.

    Raises
    ------
    InputError
        For a plan that a table cannot be analysed by.
    """
    if plan.baseline == "constrained":
        raise InputError(
            "analysis.baseline_use = 'constrained': a table is not analysed so yet; fit it by "
            "--model on one row for each measurement, as y ~ period + period:arm + (1|cluster)"
        )
    columns, term = file.columns, treatment_column(file, design)
    outcome, baseline = _quoted(outcome_column(file)), _quoted(columns.baseline)
    several = design.treated_arms > 1
    response, fixed = outcome, [f"factor({_quoted(term)})" if several else _quoted(term)]
    if design.is_parallel and design.baseline == "change":
        response = f"{outcome} - {baseline}"
    if design.baseline == "ancova":
        fixed.append(baseline)
    if not design.is_parallel:
        fixed.append(f"factor({_quoted(columns.period)})")
    fixed += [_quoted(one) for one in columns.covariates]
    if design.is_parallel:
        # Over periods each cluster is compared with itself; its stratum is in its own level.
        strata = columns.strata if columns.pairs is None else (columns.pairs,)
        fixed += [f"factor({_quoted(one)})" for one in strata]
    cluster = _quoted(columns.cluster)
    random = {
        "cluster": f"(1|{cluster})",
        "cluster-period": f"(1|{cluster}:{_quoted(columns.period)})",
        "person": f"(1|{cluster}:{_quoted(columns.person)})",
        "worker": f"(1|{cluster}:{_quoted(columns.worker)})",
        "treatment": f"(0 + {_quoted(term)}|{cluster})",
    }
    right = [*fixed, *(random[one] for one in plan.random_effects)]
    return f"{response} ~ {' + '.join(right)}", term


def with_strata(file: DesignFile, design: Design, names: Collection[str]) -> DesignFile:
    """Return a design with the column `STRATUM` for its strata where it names none itself."""
    columns = file.columns
    if STRATUM not in names or design.strata == 1 or columns.strata or columns.pairs is not None:
        return file
    return file.model_copy(update={"columns": columns.model_copy(update={"strata": (STRATUM,)})})


def used_columns(file: DesignFile, design: Design, plan: AnalysisPlan) -> list[str]:
    """Return the columns that the declared analysis reads."""
    columns = file.columns
    found = [outcome_column(file), treatment_column(file, design), columns.cluster]
    if design.baseline != "none":
        found.append(columns.baseline)
    if not design.is_parallel:
        found.append(columns.period)
    found += [one for one in ("person", "worker") if one in plan.random_effects]
    found += [*columns.covariates, *columns.strata]
    return found if columns.pairs is None else [*found, columns.pairs]


def words(plan: AnalysisPlan, model: str, arms: int = 1) -> str:
    """Return the declared analysis in words."""
    analysis = analysis_named(plan.test)
    how = f"linear mixed model by REML, {model}; " if analysis.of_model else f"{model}; "
    if plan.correlation is not None:
        how += f"working correlation {OF_CORRELATION[plan.correlation]}; "
    if plan.missing != MISSING_VALUES[0]:
        how += f"missing values imputed {plan.imputations} times within clusters, Rubin's rules"
        if plan.estimand != CONSTANT:
            how += f" on the {plan.estimand}, one for each exposure"
    else:
        of = "" if plan.estimand == CONSTANT else f" of the {plan.estimand}, one for each exposure"
        how += f"{analysis.title}{of}, complete cases"
    if arms > 1:
        rule = IN_WORDS[plan.multiplicity]
        how += f"; each treated arm against control, {rule} for {arms} tests, intervals unadjusted"
    return f"{how}; {told(plan.hypothesis, plan.bounds, plan.alpha)}"


def estimates(plan: AnalysisPlan, design: Design) -> str:
    """Return what the declared analysis estimates."""
    own = analysis_named(plan.test).estimates
    if plan.estimand == CONSTANT and not design.is_parallel:
        return f"{own}, taken to be the same in every treated period"
    return f"{own}, {average_meant(design, plan)}"


def differences(
    file: DesignFile, design: Design, frame: pd.DataFrame, result: dict[str, Any]
) -> list[str]:
    """Return in what the data are otherwise than planned."""
    columns, found = file.columns, []
    clusters = [label_of(one) for one in frame[columns.cluster]]
    number = len(set(clusters))
    if number != design.total_clusters:
        found.append(f"{number} clusters, planned {design.total_clusters}")
    size = len(frame) / max(number, 1)
    if not design.is_parallel:
        periods = list(as_labels(frame[columns.period].dropna()).categories)
        size /= max(len(periods), 1)
        planned = analysed_schedule(design).shape[1]
        if len(periods) != planned:
            found.append(f"{len(periods)} periods, planned {planned}")
        else:
            found += _schedules(file, design, frame, clusters, periods, result)
    if abs(size - design.size) > 0.05 * design.size:
        where = "cluster" if design.is_parallel else "cluster and period"
        found.append(f"{size:.3g} rows for each {where}, planned {design.size:g} people")
    if design.strata > 1 and not columns.strata and columns.pairs is None:
        found.append(
            f"randomised within {design.strata} strata, of which [columns] names no column"
        )
    return found


def analysed_schedule(design: Design) -> np.ndarray:
    """Return the schedule of outcomes, without a first period that is each person's baseline."""
    over_periods = design.baseline == "ancova" and not design.is_parallel
    return design.schedule[:, 1:] if over_periods else design.schedule


def _schedules(
    file: DesignFile,
    design: Design,
    frame: pd.DataFrame,
    clusters: list[str],
    periods: list[str],
    result: dict[str, Any],
) -> list[str]:
    """Return how many clusters follow no planned sequence."""
    compared = result["compared"]
    if compared is None:
        return []
    treated = [label_of(one) == compared["level"] for one in frame[treatment_column(file, design)]]
    planned = {tuple((row == TREATED).tolist()) for row in analysed_schedule(design)}
    at = {one: number for number, one in enumerate(periods)}
    grid: dict[str, np.ndarray] = {}
    when = [label_of(one) for one in frame[file.columns.period]]
    for cluster, period, one in zip(clusters, when, treated, strict=True):
        if period in at:
            grid.setdefault(cluster, np.zeros(len(periods), bool))[at[period]] |= one
    other = [one for one, row in grid.items() if tuple(row.tolist()) not in planned]
    if not other:
        return []
    listed = ", ".join(other[:5]) + (", ..." if len(other) > 5 else "")
    return [f"clusters treated in other periods than any planned sequence: {listed}"]


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"
