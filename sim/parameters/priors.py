"""Priors as distributions, and samples from all of them at once.

This module loads SciPy's statistics, so it is imported only where priors are used.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy import stats
from scipy.stats import rv_continuous

from sim.errors import InputError
from sim.parameters.descriptor import Parameter, Prior
from sim.parameters.registry import parameter_dtype, registry


class _Truncated(rv_continuous):
    """A distribution cut to an interval and rescaled to integrate to one."""

    def __init__(self, parent: Any, low: float, high: float) -> None:
        super().__init__(a=low, b=high, name="truncated")
        self._arguments = {"parent": parent, "low": low, "high": high}
        self._parent = parent
        self._below = float(parent.cdf(low))
        self._mass = float(parent.cdf(high)) - self._below

    def _updated_ctor_param(self) -> dict[str, Any]:
        # SciPy builds the frozen copy, and the unpickled one, from these.
        return dict(self._arguments)

    def _pdf(self, x: Any, *_: Any) -> Any:
        return self._parent.pdf(x) / self._mass

    def _logpdf(self, x: Any, *_: Any) -> Any:
        return self._parent.logpdf(x) - np.log(self._mass)

    def _cdf(self, x: Any, *_: Any) -> Any:
        return np.clip((self._parent.cdf(x) - self._below) / self._mass, 0.0, 1.0)

    def _ppf(self, q: Any, *_: Any) -> Any:
        return np.clip(self._parent.ppf(self._below + q * self._mass), self.a, self.b)


def _whole(prior: Prior) -> Any:
    """Return the prior before truncation, as a frozen SciPy distribution."""
    match prior.family:
        case "normal":
            return stats.norm(prior["mean"], prior["sd"])
        case "uniform":
            return stats.uniform(prior["low"], prior["high"] - prior["low"])
        case "beta":
            return stats.beta(prior["a"], prior["b"])
        case "lognormal":
            return stats.lognorm(prior["sigma"], scale=prior["median"])
        case "halfnormal":
            return stats.halfnorm(0.0, prior["sd"])
        case _:
            width = prior["high"] - prior["low"]
            return stats.triang((prior["mode"] - prior["low"]) / width, prior["low"], width)


def prior_distribution(parameter: Parameter) -> Any:
    """Return a parameter's prior, truncated to its bounds.

    Parameters
    ----------
    parameter : Parameter
        A parameter whose prior is not fixed.

    Returns
    -------
    scipy.stats frozen distribution
        With `pdf`, `logpdf`, `cdf`, `ppf`, `rvs`, `mean` and so on, in the parameter's unit.

    Raises
    ------
    InputError
        When the prior is fixed: there is then nothing to draw.
    """
    if not parameter.varies:
        raise InputError(
            f"parameter '{parameter.name}': its prior is fixed at {parameter.default:g}, "
            "so it has no distribution"
        )
    whole = _whole(parameter.prior)
    low, high = parameter.bounds
    support = whole.support()
    if low <= support[0] and support[1] <= high:
        return whole
    return _Truncated(whole, max(low, support[0]), min(high, support[1]))()


def sample_prior(
    n: int, seed: int, parameters: Mapping[str, Parameter] | None = None
) -> np.ndarray:
    """Draw sets of parameter values from the prior, as a Latin hypercube.

    Each parameter's range is cut into `n` strata of equal probability and one value is drawn in
    each, in an order of its own (McKay, Beckman and Conover 1979). A parameter's column comes from
    a counter-based generator keyed by seed and name: adding or removing another parameter
    leaves it as it was. A sample of another size is another sample, not a longer one.

    Parameters
    ----------
    n : int
        Number of sets, at least 1.
    seed : int
        Seed, at least 0.
    parameters : mapping of str to Parameter, optional
        The registry to use; the shipped one without it.

    Returns
    -------
    numpy.ndarray
        Structured, shape ``(n,)``, one field per parameter in the registry's order, each in the
        parameter's unit. A parameter with a fixed prior has its default throughout.

    Raises
    ------
    InputError
        When `n` or `seed` is not such a whole number.
    """
    _check_whole("n", n, 1)
    _check_whole("seed", seed, 0)
    known = registry() if parameters is None else parameters
    sample = np.empty(n, dtype=parameter_dtype(known))
    for name, parameter in known.items():
        if not parameter.varies:
            sample[name] = parameter.default
            continue
        # 2**-53 keeps the lowest stratum off zero, where a prior without lower end is infinite.
        generator = _generator(seed, name)
        strata = generator.permutation(n)
        shares = np.clip((strata + generator.random(n)) / n, 2.0**-53, 1.0 - 2.0**-53)
        drawn = prior_distribution(parameter).ppf(shares)
        sample[name] = np.clip(drawn, *parameter.bounds)
    return sample


def _check_whole(field: str, value: object, lowest: int) -> None:
    whole = isinstance(value, (int, np.integer)) and not isinstance(value, bool)
    if not whole or value < lowest:  # type: ignore[operator]
        raise InputError(f"{field} = {value!r}: must be a whole number of at least {lowest}")


def _generator(seed: int, name: str) -> np.random.Generator:
    digest = hashlib.sha256(f"prior:{seed}:{name}".encode()).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest[:16], "little")))
