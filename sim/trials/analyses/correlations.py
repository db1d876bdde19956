"""Correlations that a fitted model estimates, in the words and definitions of a design file.

ICC: two people of one cluster in one period. CAC: the share of the clusters' variance that lasts
from period to period. IAC: the share of the rest that stays with a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.trials.analyses.cluster_tests import constant_within
from sim.trials.fits.icc_intervals import (
    EXACT,
    NO_INTERVAL,
    PROFILE,
    RESIDUAL,
    exact_interval,
    profile_interval,
    share_of,
)
from sim.trials.fits.linear_fit import LinearFit
from sim.trials.fits.mixed_model import MixedModelFit
from sim.trials.fits.model_formula import ModelFormula, names_in

if TYPE_CHECKING:
    import pandas as pd

    from sim.trials.fits.cell_sums import RandomEffect

Codes = NDArray[np.intp]
Matrix = NDArray[np.float64]

_PERSON = re.compile(r"(?:^|_|\.)(?:p?id|person|patient|participant|subject|client|record)", re.I)
PERIOD = re.compile(
    r"(?:^|_|\.)(?:period|time|wave|visit|week|month|quarter|year|step|occasion|phase)|^t$", re.I
)
LARGESTPERIODS = 60


def of_time(names: Sequence[str]) -> list[int]:
    """Return which groupings are periods that all clusters share, where others are not.

    Parameters
    ----------
    names : sequence of str
        Of the groupings, as ``period`` and ``cluster:period``.
    """
    found = [at for at, one in enumerate(names) if ":" not in one and PERIOD.search(one)]
    return found if len(found) < len(names) else []


class Roles(NamedTuple):
    """What the random intercepts of a model stand for, by position among the random effects."""

    # The unit that was randomised: the coarsest grouping with one value of the tested column, or
    # the coarsest of all.
    cluster: int
    above: tuple[int, ...]  # Groupings that hold whole clusters, as sites
    cluster_period: int | None
    person: int | None
    within: tuple[int, ...]  # Groupings inside clusters that are neither, as staff
    period: str | None  # Column of periods


def roles_of(
    formula: ModelFormula, effects: Sequence[RandomEffect], table: pd.DataFrame, tested: Matrix
) -> Roles | None:
    """Return what the random intercepts stand for; None if there is none.

    `effects`: in the formula's order; `table`: columns of the model; `tested` (n,): the tested
    column.
    """
    intercepts = [at for at, one in enumerate(effects) if one.slope is None]
    times = of_time([formula.random[at].group for at in intercepts])
    intercepts = [at for place, at in enumerate(intercepts) if place not in times]
    if not intercepts:
        return None
    names = {at: formula.random[at].factors for at in intercepts}
    by_size = sorted(intercepts, key=lambda at: effects[at].n_levels)
    groupings = [effects[at].codes for at in by_size[1:]]
    periods = _periods(formula, table, effects[by_size[0]].codes, groupings)
    person = next((at for at in by_size[1:] if _repeats(effects[at].codes, periods)), None)
    if person is None:
        named = [at for at in by_size[1:] if _PERSON.search(names[at][-1])]
        person = named[-1] if named else None
    units = [at for at in by_size if at != person]
    cluster_period, period = None, None
    for at in units[1:]:
        for name, codes in periods.items():
            cells = _paired(effects[units[0]].codes, codes)
            if _same(effects[at].codes, cells):
                cluster_period, period = at, name
    if cluster_period is not None:
        units.remove(cluster_period)
    elif periods:
        period = next(iter(periods))
    constant = [at for at in units if constant_within(tested[:, None], effects[at].codes)[0]]
    cluster = constant[0] if constant else units[0]
    above = tuple(
        at
        for at in units
        if at != cluster
        and constant_within(effects[at].codes[:, None].astype(float), effects[cluster].codes)[0]
    )
    within = tuple(at for at in units if at != cluster and at not in above)
    return Roles(cluster, above, cluster_period, person, within, period)


def _periods(
    formula: ModelFormula, table: pd.DataFrame, clusters: Codes, groupings: Sequence[Codes]
) -> dict[str, Codes]:
    """Return the columns of periods, which most clusters meet.

    A period has a name that says so, or parts clusters as another grouping does.
    """
    found = {}
    in_groups = [one for term in formula.random for one in term.factors]
    for name in dict.fromkeys((*formula.fixed_names, *in_groups)):
        if name == formula.response or name not in table:
            continue
        codes = np.unique(np.asarray(table[name]).astype(str), return_inverse=True)[1].reshape(-1)
        levels = int(codes.max()) + 1
        if not 2 <= levels <= LARGESTPERIODS:
            continue
        cells = _paired(clusters, codes)
        known = PERIOD.search(name) is not None or (
            name in formula.fixed_names and any(_same(one, cells) for one in groupings)
        )
        if known and np.unique(cells).size >= 0.4 * levels * (int(clusters.max()) + 1):
            found[name] = np.asarray(codes, dtype=np.intp)
    return found


def _repeats(unit: Codes, periods: dict[str, Codes]) -> bool:
    """Return whether a grouping's rows are measurements of one person in several periods."""
    levels = int(unit.max()) + 1
    for codes in periods.values():
        cells = np.unique(_paired(unit, codes)).size
        count = int(codes.max()) + 1
        if cells == unit.size and unit.size >= max(1.2, 0.4 * count) * levels:
            return True
    return False


def _paired(one: Codes, other: Codes) -> Codes:
    return np.asarray(one.astype(np.int64) * (int(other.max()) + 1) + other)


def _same(one: Codes, other: Codes) -> bool:
    """Return whether two groupings part the rows alike."""
    first, second = np.unique(one).size, np.unique(other).size
    both = np.unique(np.unique(other, return_inverse=True)[1].reshape(-1) * (one.max() + 1) + one)
    return first == second == both.size


def correlations(
    formula: ModelFormula,
    effects: Sequence[RandomEffect],
    fit: LinearFit,
    table: pd.DataFrame,
    tested: Matrix,
    tested_columns: Sequence[str],
) -> tuple[dict[str, dict[str, Any]], list[str]]:
    """Return ICC, CAC and IAC with 95% intervals, as far as the model has them, and notes.

    Parameters
    ----------
    formula, effects, fit, table, tested
        The model; see `roles_of`.
    tested_columns : sequence of str
        Columns of the tested term.

    Returns
    -------
    found : dict
        By name (``icc``, ``cac``, ``iac``, and ``icc_GROUP`` for other groupings): ``estimate``,
        ``ci95``, ``method``, ``meaning``.
    notes : list of str
    """
    # With more in the covariance than independent effects, shares of variance are no constants.
    if not isinstance(fit, MixedModelFit):
        return {}, []
    slopes = [at for at, one in enumerate(effects) if one.slope is not None]
    roles = roles_of(formula, effects, table, tested)
    if roles is None:
        return _of_slope(formula, effects, fit), []
    intercepts = [at for at in range(len(effects)) if at not in slopes]
    names = [one.group for one in formula.random]
    # An effect of a period moves all of its people: within one period it is no variance.
    times = [intercepts[one] for one in of_time([names[at] for at in intercepts])]
    whole = [*(at for at in intercepts if at not in times), RESIDUAL]
    cluster = names[roles.cluster]
    shared = [roles.cluster, *roles.above]
    cell = [] if roles.cluster_period is None else [roles.cluster_period]
    alone = effects[roles.cluster].codes
    single = roles.person is None and _repeats(alone, _periods(formula, table, alone, []))
    people = "measurements" if single else "people"
    in_period = f" in one {roles.period}" if (cell or times) and roles.period else ""
    where = " and ".join(
        dict.fromkeys(f"{one.slope} is 0" for one in formula.random if one.slope is not None)
    )
    where = f", where {where}" if where else ""
    wanted = {"icc": ([*shared, *cell], whole, f"two {people} of one {cluster}{in_period}{where}")}
    if cell:
        wanted["cac"] = (
            shared,
            [*shared, *cell],
            f"share of the {cluster}s' variance that lasts from one {roles.period} to another",
        )
    if roles.person is not None:
        wanted["iac"] = (
            [roles.person],
            [roles.person, RESIDUAL],
            f"share of the rest that stays with one {names[roles.person]}",
        )
    for at in roles.above:
        wanted[f"icc_{names[at]}"] = ([at], whole, f"two people of one {names[at]}{where}")
    for at in roles.within:
        wanted[f"icc_{names[at]}"] = (
            [*shared, at],
            whole,
            f"two people of one {names[at]} in one {cluster}{where}",
        )
    found = {
        name: {**_share(fit, part, of), "meaning": meaning}
        for name, (part, of, meaning) in wanted.items()
        if share_of(_ratios(fit), part, of) is not None
    }
    return found, _notes(formula, roles, tuple(wanted), single, tested_columns)


def _of_slope(
    formula: ModelFormula, effects: Sequence[RandomEffect], fit: MixedModelFit
) -> dict[str, dict[str, Any]]:
    """Return the ICC where a single random effect acts in some rows only, as in partial nesting."""
    slope = effects[0].slope
    if len(effects) != 1 or slope is None or not np.isin(slope, (0.0, 1.0)).all():
        return {}
    one = formula.random[0]
    meaning = f"two people of one {one.group}, where {one.slope} is 1"
    return {"icc": {**_share(fit, [0], [0, RESIDUAL]), "meaning": meaning}}


def _ratios(fit: MixedModelFit) -> Matrix:
    residual = fit.variances["residual"]
    return np.array([one / residual for name, one in fit.variances.items() if name != "residual"])


def _share(fit: MixedModelFit, part: Sequence[int], whole: Sequence[int]) -> dict[str, Any]:
    ratios = _ratios(fit)
    exact = ratios.size == 1 and not fit.has_slopes
    try:
        if exact:
            interval = exact_interval(fit.sums)
        else:
            interval = profile_interval(fit.sums, ratios, part, whole)
    except (ArithmeticError, ValueError):
        interval = None
    method = NO_INTERVAL if interval is None else EXACT if exact else PROFILE
    return {
        "estimate": share_of(ratios, part, whole),
        "ci95": None if interval is None else list(interval),
        "method": method,
    }


def _notes(
    formula: ModelFormula,
    roles: Roles,
    names: Sequence[str],
    single: bool,
    tested_columns: Sequence[str],
) -> list[str]:
    """Return what a reader must know who puts these numbers into a design file."""
    notes = []
    covariates = [
        one
        for one in formula.fixed_names
        if one not in (*names_in(formula.response), *tested_columns, roles.period)
    ]
    if covariates:
        notes.append(
            f"correlations are of what {', '.join(covariates)} leave unexplained; a design file "
            "asks for those of the outcome itself, from a model without covariates"
        )
    cluster = formula.random[roles.cluster].group
    if roles.period is not None and "cac" not in names and not single:
        notes.append(
            f"the model has no effect of {cluster} by {roles.period}, which takes CAC for 1; add "
            f"(1|{cluster}:{roles.period}) to estimate it"
        )
    return notes
