"""Power by formula for every design of a cluster trial, and the size that a power needs.

The answer is the power of a t test by the noncentral t with stated degrees of freedom. Two others
stand beside it for comparison: that of a z test, which takes the variances for known, and that of a
shifted central t, which several calculators print. All of them take the correlations as given; the
report must say so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.errors import InputError, unknown
from sim.trials.analyses.hypothesis import Bounds
from sim.trials.designs.correlation import check_positive, check_share
from sim.trials.power.by_arm import two_variance_power
from sim.trials.power.drawn_sizes import dealt_people, drawn_people
from sim.trials.power.expected_test import ExpectedTest
from sim.trials.power.noncentral_t import Floor, power_shifted_t, power_t, power_z, shifts_to
from sim.trials.power.parallel_test import Outcome, parallel_tests
from sim.trials.power.search import LARGEST, smallest_integer

ANALYSES = ("follow-up", "ancova", "change")
# Clusters of an arm, beyond which nobody looks.
MOST_CLUSTERS = 100_000


@dataclass(frozen=True)
class FormulaPower:
    """Power by formula."""

    power: float  # Of the test stated in `test`
    effect: float  # True effect; where effects differ, their average
    expected: float  # What the estimate can be expected to be
    se: float  # True standard error of the estimate, the variances taken as known
    # Standard error that the test reckons with (root of its mean square); the true one, unless the
    # analysis leaves something out.
    model_se: float
    df: float  # Degrees of freedom of the test
    spread_df: float  # Those with which its standard error is in truth estimated
    df_rule: str  # How they were counted
    test: str
    power_z: float  # Of a z test, which ignores that variances are estimated
    power_shifted_t: float  # By the shifted central t, an approximation other calculators print
    # By the noncentral t as calculators print it: no variance stops at zero and none costs
    # precision.
    power_noncentral_t: float
    alpha: float
    sides: int
    bounds: Bounds | None  # Of a hypothesis that is not two-sided; `alpha` is then one-sided
    # What it is averaged over: cluster sizes as they may turn out.
    tests: tuple[ExpectedTest, ...] = field(repr=False)
    # Gives the answer for another effect, where the tests depend on it.
    remade: Callable[[float], FormulaPower] | None = field(default=None, repr=False, compare=False)

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as a dictionary, ready for JSON."""
        names = [one.name for one in fields(self) if one.name not in ("tests", "remade")]
        return {name: getattr(self, name) for name in names}

    @property
    def spread(self) -> float:
        """True standard error of the estimate, the variances estimated."""
        return math.sqrt(float(np.mean([one.spread**2 for one in self.tests])))

    @property
    def type_i_error(self) -> float:
        """How often the test rejects where there is no effect, or one at the bound."""
        return self.at(0.0 if self.bounds is None else self.bounds.nearest / self.share).power

    @property
    def share(self) -> float:
        """Expected estimate for a true average effect of one."""
        return float(np.mean([one.share for one in self.tests]))

    def at(self, effect: float) -> FormulaPower:
        """Return the power to find another effect, in the same shares where it builds up."""
        if self.remade is not None:
            return self.remade(effect)
        return power_of_tests(
            effect, self.tests, self.df_rule, self.alpha, self.sides, bounds=self.bounds
        )

    def against(self, bounds: Bounds | None, alpha: float | None = None) -> FormulaPower:
        """Return the power to show that the effect lies between bounds, at any alpha."""
        if bounds is None:
            return self
        remade = self.remade
        level = self.alpha if alpha is None else alpha
        at = None if remade is None else lambda effect: remade(effect).against(bounds, level)
        return power_of_tests(self.effect, self.tests, self.df_rule, level, 1, at, bounds)

    def but(self, expected: float, se: float, model_se: float, df: float) -> float:
        """Return power with some of what it is made of as given instead."""
        tests = [
            replace(
                one,
                se=one.se * se / self.spread,
                cost=one.cost * (se / self.spread) ** 2,
                model_se=one.model_se * model_se / self.model_se,
                df=max(one.df * df / self.df, 1.0),
                spread_df=max(one.spread_df * df / self.df, 1.0),
                arms=(),
                drawn=None
                if one.drawn is None
                else one.drawn.scaled(se / self.spread, model_se / self.model_se, df / self.df),
            )
            for one in self.tests
        ]
        shift = expected - self.expected
        return _mean_power(self.effect, tests, self.alpha, self.sides, shift, self.bounds)


def _mean_power(
    effect: float,
    tests: Sequence[ExpectedTest],
    alpha: float,
    sides: int,
    shift: float = 0.0,
    bounds: Bounds | None = None,
) -> float:
    if all(one.arms for one in tests):
        return float(
            np.mean([_of_two_variances(effect + shift, one, alpha, sides, bounds) for one in tests])
        )
    return float(
        np.mean(
            [
                one.drawn.power(effect, alpha, sides, bounds, shift)
                if one.drawn is not None
                else power_t(
                    effect * one.share + shift,
                    one.spread,
                    one.df,
                    alpha,
                    sides,
                    model_se=one.model_se,
                    spread_df=max(one.spread_df, 1.0),
                    floor=Floor(
                        one.floor,
                        one.floor_df,
                        one.floor_se / one.spread,
                        one.pooled_df,
                        one.near_df,
                    )
                    if one.floor > 0.0
                    else None,
                    bounds=bounds,
                )
                for one in tests
            ]
        )
    )


def _of_two_variances(
    effect: float, test: ExpectedTest, alpha: float, sides: int, bounds: Bounds | None
) -> float:
    if bounds is not None:
        shifts = shifts_to(bounds, effect, test.spread)
        return two_variance_power(shifts, test.arms, alpha, len(shifts) == 2)
    turned = (effect / test.spread, -effect / test.spread)
    return two_variance_power(turned[:sides], test.arms, alpha / sides, False)


def power_of_tests(
    effect: float,
    tests: Sequence[ExpectedTest],
    df_rule: str,
    alpha: float = 0.05,
    sides: int = 2,
    at: Callable[[float], FormulaPower] | None = None,
    bounds: Bounds | None = None,
) -> FormulaPower:
    """Return the power for an effect, averaged over what cluster sizes make of the test.

    Parameters
    ----------
    tests : sequence of ExpectedTest
        Each as likely as the next.
    df_rule : str
        How their degrees of freedom were counted.
    at : callable, optional
        See `FormulaPower`.
    bounds : Bounds, optional
        See `FormulaPower`.

    Raises
    ------
    InputError
        If fewer than one degree of freedom is left, or alpha or sides are out of range.
    """
    if not 0.0 < alpha < 1.0:
        raise InputError(f"alpha: {alpha!r} must lie between 0 and 1")
    if sides not in (1, 2):
        raise InputError(f"sides: {sides!r} must be 1 or 2")
    df, spread_df = (
        float(np.median([getattr(one, name) for one in tests])) for name in ("df", "spread_df")
    )
    # A little less is one: degrees of freedom are worked out from matrices.
    if not df >= 1.0 - 1e-6:
        raise InputError(
            f"clusters: too few, {df:g} degrees of freedom are left ({df_rule}); "
            "at least 1 is needed"
        )
    if not math.isfinite(effect):
        raise InputError(f"effect: {effect!r} must be a finite number")
    se, model_se = (
        math.sqrt(float(np.mean([getattr(one, name) ** 2 for one in tests])))
        for name in ("se", "reckoned_se")
    )
    check_positive("standard error", se)
    check_positive("model's standard error", model_se)
    expected = effect * float(np.mean([one.share for one in tests]))
    return FormulaPower(
        power=_mean_power(effect, tests, alpha, sides, bounds=bounds),
        effect=effect,
        expected=expected,
        se=se,
        model_se=model_se,
        df=df,
        spread_df=spread_df,
        df_rule=df_rule,
        test="z" if math.isinf(df) else "noncentral t",
        power_z=power_z(expected, se, alpha, sides, bounds=bounds),
        power_shifted_t=power_shifted_t(
            expected, se, df, alpha if bounds else alpha * 2.0 / sides, bounds
        ),
        power_noncentral_t=power_t(expected, se, df, alpha, sides, bounds=bounds),
        alpha=alpha,
        sides=sides,
        bounds=bounds,
        tests=tuple(tests),
        remade=at,
    )


def power_of_effect(
    effect: float,
    se: float,
    df: float,
    df_rule: str,
    alpha: float = 0.05,
    sides: int = 2,
    *,
    model_se: float | None = None,
    bounds: Bounds | None = None,
) -> FormulaPower:
    """Return the power for an effect, a standard error and degrees of freedom.

    Parameters
    ----------
    df : float
        Infinity for a z test.
    df_rule : str
        How `df` was counted.
    model_se : float, optional
        As in `FormulaPower`, where it is not `se`.

    Raises
    ------
    InputError
        As `power_of_tests`.
    """
    check_positive("standard error", se)
    test = ExpectedTest(se, se if model_se is None else model_se, df, df)
    return power_of_tests(effect, (test,), df_rule, alpha, sides, bounds=bounds)


def parallel_power(
    effect: float,
    sd: float,
    clusters: int | tuple[int, int],
    size: float | Sequence[Sequence[float]],
    icc: float,
    *,
    analysis: str = "follow-up",
    cac: float = 1.0,
    iac: float = 0.0,
    cv: float = 0.0,
    attrition: float = 0.0,
    cluster_covariates: int = 0,
    effect_sd: float = 0.0,
    effect_correlation: float = 0.0,
    listed: Sequence[float] = (),
    test: str = "kenward-roger",
    alpha: float = 0.05,
    sides: int = 2,
    drawn: bool = True,
) -> FormulaPower:
    """Return the power of a parallel cluster trial.

    Parameters
    ----------
    effect : float
        Difference of means, in the unit of `sd`.
    sd : float
        Total standard deviation of the outcome.
    clusters : int or tuple of int
        Clusters in each arm.
    size : float or sequences of float
        People recruited in each cluster, on average; or the sizes of all clusters of the two arms.
    analysis : str
        ``"follow-up"``, ``"ancova"`` (adjusted for each person's baseline) or ``"change"``.
    cac, iac : float
        Autocorrelation of clusters and people from baseline to follow-up; for `analysis` other than
        follow-up.
    cv : float
        Coefficient of variation of cluster sizes; power is averaged over sizes drawn from a gamma
        distribution.
    attrition : float
        Share of people without a follow-up, lost by lot.
    cluster_covariates : int
        Further columns of the model that are constant in clusters, such as the site.
    effect_sd : float
        Standard deviation of the effect between clusters, in the unit of `sd`. The test has one
        variance between clusters for both arms, and where the smaller arm is the more variable one
        that is too little.
    effect_correlation : float
        Of these effects with the lasting levels of clusters.
    listed : sequence of float
        People in each cluster, stratum after stratum, whatever arm it gets; instead of `size`.
    test : str
        ``"cluster-summary"``, or a test of the mixed model as in an analysis plan.
    drawn : bool
        Whether sizes that vary are drawn; all are at their mean otherwise, which is quicker.

    Returns
    -------
    FormulaPower
        With k - 2 degrees of freedom, less the covariates. A baseline that varies within clusters
        costs the share of one that the information on its slope between clusters has in all.

    Raises
    ------
    InputError
        If a value is out of range.
    """
    pair = (clusters, clusters) if isinstance(clusters, (int, np.integer)) else tuple(clusters)
    if analysis not in ANALYSES:
        raise unknown("analysis", analysis, ANALYSES)
    if len(pair) != 2 or any(one < 1 for one in pair):
        raise InputError(f"clusters: {clusters!r} must be 1 or more in each of two arms")
    check_positive("sd", sd)
    for name, value in (("icc", icc), ("cac", cac), ("iac", iac), ("attrition", attrition)):
        check_share(name, value)
    if cv < 0.0:
        raise InputError(f"cv: {cv!r} must be 0 or greater")
    if not (effect_sd >= 0.0 and math.isfinite(effect_sd)):
        raise InputError(f"effect_sd: {effect_sd!r} must be 0 or greater")
    if attrition == 1.0:
        raise InputError("attrition: 1.0 leaves nobody to analyse")
    total = sum(pair)
    lost = 2 + cluster_covariates
    rule = f"{total} clusters - {lost}"
    if total - lost < 1:
        return power_of_effect(effect, sd, float(total - lost), rule, alpha, sides)
    stay = np.array([1.0 - attrition])
    strata = dealt_strata(pair, cluster_covariates + 1)
    if listed:
        draws = dealt_people(listed, strata, stay)
    elif isinstance(size, (int, float, np.integer, np.floating)):
        check_positive("size", float(size))
        if drawn:
            draws = drawn_people(total, float(size), cv, stay)
        else:
            draws = [np.tile(float(size) * stay, (total, 1))]
    else:
        if len(size) != 2 or tuple(len(arm) for arm in size) != pair:
            raise InputError(f"size: it must list {pair[0]} and {pair[1]} cluster sizes")
        given = np.array([float(one) for arm in size for one in arm])
        for one in given:
            check_positive("size", float(one))
        draws = [given[:, None] * stay]
    arm = np.repeat([0.0, 1.0], pair)
    outcome = Outcome(sd, icc, cac, iac, effect_sd, effect_correlation)
    analysed = [people[:, 0] for people in draws]
    tests = parallel_tests(arm, analysed, strata, outcome, analysis, test)
    if analysis == "ancova" and test != "cluster-summary":
        rule += ", less what the slope of the baseline takes"
    elif any(abs(one.df - (total - lost)) > 0.05 for one in tests):
        rule = f"Satterthwaite's, expected; {rule} with equal sizes"
    return power_of_tests(effect, tests, rule, alpha, sides)


def dealt_strata(clusters: tuple[int, int], strata: int) -> NDArray[np.intp]:
    """Return the stratum of each control and treated cluster, for strata of equal size.

    Each stratum has treated clusters in proportion, as near as whole numbers can be.
    """
    total = sum(clusters)
    sizes = np.bincount(np.arange(total) * strata // total, minlength=strata)
    exact = sizes * clusters[1] / total
    treated = np.floor(exact).astype(int)
    for one in np.argsort(treated - exact, kind="stable")[: clusters[1] - int(treated.sum())]:
        treated[one] += 1
    names = np.arange(strata)
    return np.concatenate([np.repeat(names, sizes - treated), np.repeat(names, treated)])


def clusters_per_arm(
    target: float, effect: float, sd: float, size: float, icc: float, **options: Any
) -> int:
    """Return the smallest number of clusters per arm of a parallel trial that reaches a power.

    Parameters
    ----------
    target : float
        Power.
    **options
        As for `parallel_power`.

    Raises
    ------
    InputError
        If the power cannot be reached.
    """
    lost = 2 + (options.get("analysis") == "ancova") + int(options.get("cluster_covariates", 0))
    lowest = max(2, math.ceil((lost + 1) / 2))

    def power(k: int, drawn: bool) -> float:
        return parallel_power(effect, sd, k, size, icc, drawn=drawn, **options).power

    return _smallest(power, target, lowest, MOST_CLUSTERS)


def _smallest(power: Callable[[int, bool], float], target: float, lowest: int, most: int) -> int:
    """Return the smallest number that suffices, looked for near that with sizes at their mean."""
    near = smallest_integer(lambda one: power(one, False), target, lowest, most)

    def drawn(one: int) -> float:
        try:
            return power(one, True)
        except InputError:
            # All else was checked above: losses may leave nobody to compare.
            return 0.0

    return smallest_integer(drawn, target, lowest, most, near)


def size_per_cluster(
    target: float,
    effect: float,
    sd: float,
    clusters: int | tuple[int, int],
    icc: float,
    **options: Any,
) -> int:
    """Return the smallest number of people per cluster that reaches a power; see above.

    Raises
    ------
    InputError
        If no cluster size reaches it, which more clusters would.
    """

    def power(size: int, drawn: bool) -> float:
        return parallel_power(effect, sd, clusters, float(size), icc, drawn=drawn, **options).power

    try:
        return _smallest(power, target, 1, LARGEST)
    except InputError:
        raise InputError(
            f"power: {target:g} cannot be reached with {clusters} clusters per arm of any size; "
            "add clusters"
        ) from None
