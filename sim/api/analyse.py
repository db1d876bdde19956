"""`sim.analyse` and `refocus analyse`: the exact mixed model on a trial's own data."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sim.api.answers import FROM_PYTHON, Answer
from sim.errors import InputError, unknown
from sim.reading.numbers import whole, without_nan
from sim.spreadsheet import data_frame, frame_csv

if TYPE_CHECKING:
    import pandas as pd


class Analysis(Answer):
    """The analysis of a trial: the effect of a term, by every test that applies.

    Attributes
    ----------
    result : dict
        Everything by name; see `sim.trials.analyses.analyse.analyse_table`. A part of it is an item
        too: ``analysis["estimate"]``.
    """

    def __init__(
        self,
        result: Mapping[str, Any],
        data: str | Path | pd.DataFrame = "data.csv",
        missing: Sequence[str] = (),
    ) -> None:
        self.result = result
        self._data = data if isinstance(data, str | Path) else "data.csv"
        self._missing = tuple(missing)

    def code(self, language: str = "R") -> str:
        """Return a script in R, or in Stata (not run), that gives the same numbers."""
        from sim.trials.analyses.r_code import code

        return code(language, self.result, self._data, self._missing)

    def curve(self) -> str:
        """Return effects by period of exposure with their band as SVG."""
        from sim.report.exposure_figure import exposure_figure

        return exposure_figure(self.result)

    def __getitem__(self, name: str) -> Any:
        """Return a part of the result by name."""
        return self.result[name]

    @property
    def text(self) -> str:
        """The answer as a page of plain text."""
        from sim.trials.analyses.analysis_text import format_analysis

        return format_analysis(dict(self.result))

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Coefficients with standard errors; variances; the correlations with their intervals."""
        coefficients = [
            {
                "coefficient": name,
                "estimate": each["estimate"],
                **{key: each["kenward_roger"][key] for key in ("se_adj", "df", "t", "p")},
            }
            for name, each in self.result["coef"].items()
        ]
        variances = [
            {"term": name, "variance": value} for name, value in self.result["variance"].items()
        ]
        correlations = [
            {
                "correlation": name,
                "estimate": each["estimate"],
                "low": (each["ci95"] or (math.nan, math.nan))[0],
                "high": (each["ci95"] or (math.nan, math.nan))[1],
                "meaning": each["meaning"],
            }
            for name, each in self.result.get("correlations", {}).items()
        ]
        return {
            "coefficients": data_frame(coefficients),
            "variances": data_frame(variances),
            "correlations": data_frame(correlations),
        }

    def csv(self) -> str:
        """Return the coefficients as CSV."""
        return frame_csv(self.tables["coefficients"])

    def content(self, command: str = FROM_PYTHON) -> Any:
        """Return everything as plain data; numbers that do not exist are null."""
        return without_nan(dict(self.result))


class GeneralisedAnalysis(Analysis):
    """The analysis of a binary or count outcome.

    Attributes
    ----------
    result : dict
        See `sim.trials.analyses.generalised.analyse_generalised`.
    """

    @property
    def text(self) -> str:
        """The answer as a page of plain text."""
        from sim.trials.analyses.generalised_text import format_generalised

        return format_generalised(dict(self.result))

    @cached_property
    def tables(self) -> Mapping[str, pd.DataFrame]:
        """Coefficients of both models; empty where the outcome is separated."""
        rows = [
            {"coefficient": name, "model": model, "estimate": value, "se": error}
            for model in ("marginal", "mixed")
            if (one := self.result[model]) is not None
            for (name, value), error in zip(
                one["coefficients"].items(), one["standard_errors"], strict=True
            )
        ]
        return {"coefficients": data_frame(rows)}


def analyse(
    data: str | Path | pd.DataFrame,
    model: str | None = None,
    term: str | None = None,
    *,
    reference: str | Sequence[str] = (),
    missing: str | Sequence[str] = (),
    participation: str | None = None,
    impute: int = 0,
    strata: str | Sequence[str] = (),
    pairs: str | None = None,
    weights: str | None = None,
    residual_by: str | None = None,
    design: str | Path | None = None,
    family: str | None = None,
    quadrature: int | str | None = None,
    independent: bool = False,
    interval: str = "t",
    contrast: str | Sequence[str] = (),
    spline: int | str | None = None,
    sheet: str | None = None,
) -> Analysis:
    """Fit a linear mixed model to a trial's data and test one term, or do what a design declares.

    Parameters
    ----------
    data : path or DataFrame
        One row for each measurement. A file is CSV, a workbook, Stata, SPSS or Parquet, with a line
        of headings.
    model : str
        Formula in lme4's notation, such as ``"fu ~ arm + base + (1|cluster)"``. A column of numbers
        is a number unless the formula says ``factor(column)``.
    term : str
        The term to test, such as ``"arm"``; one with several coefficients is tested as a whole.
    reference : str or sequence of str
        Label the others are compared with, ``LABEL`` or ``COLUMN=LABEL``.
    missing : str or sequence of str
        Values that stand for missing, ``CODE`` or ``COLUMN=CODE``.
    participation : str, optional
        Column that says how far clusters took part: complier-average effect.
    impute : int
        Impute missing outcomes (no counts), and columns that stand in the formula by themselves,
        within clusters so many times.
    strata : str or sequence of str
        Columns of strata within which clusters were randomised; a text names several by commas.
    pairs : str, optional
        Column of pairs of clusters, one of each arm.
    weights : str, optional
        Column of weights, by which each row's residual variance is divided.
    residual_by : str, optional
        Column of labels with a residual variance each, such as the arm.
    design : str or Path, optional
        The trial's design file, instead of all of the above but `data`: its planned analysis is
        done, and what the data have otherwise than planned is told.
    family : {'binomial', 'poisson'}, optional
        Of a 0/1 outcome or a count: a marginal and a mixed model instead of the linear one. The
        formula has one random intercept, one nested in it besides, as
        ``(1|team) + (1|team:period)``, or ``decay(period|team)``, which the marginal model alone
        has; and ``offset(log(months))`` for people's time.
    quadrature : int, optional
        Points of that mixed model; 1 is Laplace's approximation; by default 9, with two random
        intercepts 1.
    independent : bool
        Whether that marginal model is to count every participant the same instead, so that it is of
        an average participant also where effects go with the size of clusters.
    interval : {'t', 'profile'}
        ``profile`` adds profile-likelihood intervals of all coefficients and the likelihood-ratio
        test of the term, by maximum likelihood.
    contrast : str or sequence of str
        Sums of coefficients by their names, as ``"armfull - 0.5*armlight"``: each is tested, and
        all of them together. With a design they stand beside its plan.
    spline : int, optional
        The effect grows with exposure along a natural cubic spline of so many columns, nought
        before treatment; where clusters begin in different periods and stay treated.
    sheet : str, optional
        Sheet of a workbook.

    Returns
    -------
    Analysis
        Shows itself; its `result` holds everything by name.

    Raises
    ------
    InputError
        Names the column, value and rule that stand in the way.
    """
    from sim.trials.analyses.analyse import analyse_csv, analyse_table
    from sim.trials.analyses.likelihood_answers import INTERVALS

    if interval not in INTERVALS:
        raise unknown("interval", interval, INTERVALS)
    of_linear = {
        "participation": participation,
        "strata": strata,
        "pairs": pairs,
        "weights": weights,
        "residual_by": residual_by,
    }
    of_family = {"quadrature": quadrature, "independent": independent}
    of_both = {"reference": reference, "missing": missing, "impute": impute, "family": family}
    of_both |= {"spline": spline}
    contrasts = [contrast] if isinstance(contrast, str) else list(contrast)
    columns = None if spline is None else whole("spline", spline, 1, 100)
    if design is not None:
        _refuse("with design", of_linear | of_both | of_family)
    elif family is not None:
        _refuse("with family", of_linear)
    else:
        _refuse("without family", of_family)
    if design is not None:
        from sim.trials.analyses.declared_analysis import analyse_by_design

        if model is not None or term is not None:
            raise InputError("design: declares the analysis; leave model and term out")
        return Analysis(analyse_by_design(data, design, sheet, interval, contrasts), data)
    if model is None or term is None:
        raise InputError(
            "model and term: say what is analysed, as --model 'fu ~ arm + (1|cluster)' --term arm; "
            "or name the trial's design file, --design"
        )
    if family is not None:
        if interval != INTERVALS[0]:
            raise InputError(f"interval = '{interval}': of the linear model; leave family out")
        from sim.trials.analyses.generalised import analyse_generalised
        from sim.trials.data.long_export import trial_table

        frame, notes = trial_table(data, re.findall(r"[\w.]+", model), sheet)
        result = analyse_generalised(
            frame,
            model,
            term,
            family,
            references=[reference] if isinstance(reference, str) else list(reference),
            missing=[missing] if isinstance(missing, str) else list(missing),
            points=None if quadrature is None else whole("quadrature", quadrature, 1, 100),
            independent=independent,
            imputations=imputations(impute),
            contrasts=contrasts,
            spline=columns,
        )
        told = {**result, "notes": [*notes, *result["notes"]]}
        codes = [missing] if isinstance(missing, str) else list(missing)
        return GeneralisedAnalysis(told, data, codes)
    if isinstance(strata, str):
        strata = [name.strip() for name in strata.split(",")]
    options: dict[str, Any] = {
        "references": [reference] if isinstance(reference, str) else list(reference),
        "missing": [missing] if isinstance(missing, str) else list(missing),
        "participation": participation,
        "imputations": imputations(impute),
        "strata": list(strata),
        "pairs": pairs,
        "weights": weights,
        "residual_by": residual_by,
        "interval": interval,
        "contrasts": contrasts,
        "spline": columns,
    }
    if isinstance(data, str | Path):
        found = analyse_csv(data, model, term, sheet=sheet, **options)
        return Analysis(found, data, options["missing"])
    return Analysis(analyse_table(data, model, term, **options), data, options["missing"])


def _refuse(where: str, options: Mapping[str, Any]) -> None:
    """Refuse options that would be ignored."""
    for name, value in options.items():
        if value not in (None, 0, "0", "", (), []):
            raise InputError(f"{name}: has no meaning {where}; leave it out")


def imputations(count: int | str) -> int:
    """Return the number of imputations, or refuse it."""
    found = whole("impute", count, 0, 1000)
    if found == 1:
        raise InputError("impute = 1: must be a whole number from 2 to 1000, or 0 for none")
    return found
