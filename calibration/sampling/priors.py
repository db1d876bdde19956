"""Which parameters are calibrated, which only vary, and on which scale the samplers see them.

All parameters with a prior vary. Those that move a fit target, or the effect of the intervention,
by enough to be seen in a screen of all of them (`calibration.screen`) are calibrated; the rest are
drawn from their priors in every simulated trial, so that the sampling distribution of the targets,
and every prediction, contains what is not known about them. Their own posterior is taken to be
their prior: the screen says how good that is.

Samplers work on standard normal scores: a parameter's value is the quantile of its prior at the
normal probability of the score, so that the prior is a standard normal in every direction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtr, ndtri

from sim.errors import unknown
from sim.parameters import defaults, parameter_dtype, registry
from sim.parameters.descriptor import Parameter, Prior
from sim.parameters.priors import prior_distribution

# Why each is calibrated; the screen's figures stand in the report.
CALIBRATED: Mapping[str, str] = {
    "qpr_item_location": "level of the QPR: control mean (P1)",
    "qpr_item_spread": "spread of QPR answers: pooled SD (P1), standard error (P2)",
    "qpr_alpha": "items that go together widen the sum: pooled SD (P1)",
    "qpr_retest": "stability over the year: standard error of the difference (P2)",
    "natural_improvement": "level after a year: control mean (P1)",
    "process_correlation": "spread of the sum score: pooled SD (P1)",
    "fluctuation_sd": "stability over the year: standard error of the difference (P2)",
    "team_recovery_sd": "differences between teams: pooled SD (P1), standard error (P2)",
    "effect_full": "what the programme does: the differences of both trials (P2, P20)",
    "between_trials_sd": "how far two trials of one programme differ: P2 and P20 together",
    "practice_change": "how much of the full effect was delivered, and so P2, P4, P20",
    "support_effect": "what the programme does to relationships: Interpersonal (P3, P4)",
    "team_share": "whether the effect follows the team or the own worker (P4)",
    "experience_to_recovery": "slope between people: pooled SD (P1), RSA and QPR (P11)",
    "rsa_rater_mood": "how far people who feel better rate their team better: RSA and QPR (P11)",
    "staff_rater_bias": "whether staff-rated outcomes are benefit or bias (P7)",
    "measure_sensitivity": "whether the QPR passes change on: standard error (P2), QPR effects",
    "participation_relationship_correlation": "whether teams that take part were better (P4)",
    "team_relationship_sd": "differences in relationship between teams (P4)",
    "qpr_interpersonal_relationship": "relationship in the interpersonal items (P3, P4)",
    "dropout_yearly": "loss to follow-up: retention (P6), standard error (P2)",
}

# Priors that differ from the registry's here, and why.
OVERRIDES: Mapping[str, tuple[Prior, float, str]] = {
    "dropout_yearly": (
        Prior("uniform", (("low", 0.05), ("high", 0.6))),
        0.263,
        "the registry's prior is the trial's own retention; with it P6 would be counted twice",
    )
}
GRID = np.linspace(-5.0, 5.0, 2001)


def described() -> dict[str, Parameter]:
    """Return the registry with this module's overrides laid over it."""
    known = dict(registry())
    for name, (prior, _, why) in OVERRIDES.items():
        known[name] = replace(known[name], prior=prior, source=f"{known[name].source}; {why}")
    return known


@dataclass(frozen=True)
class Space:
    """Parameters that vary, as standard normal scores."""

    names: tuple[str, ...]  # All parameters with a prior, in the registry's order
    # Those that are calibrated, in the order of the samplers' coordinates.
    calibrated: tuple[str, ...]
    # Quantiles of every prior at the probabilities of `GRID`, shape (names, grid).
    tables: np.ndarray
    fixed: np.ndarray

    @property
    def size(self) -> int:
        """Number of calibrated parameters."""
        return len(self.calibrated)

    @property
    def places(self) -> np.ndarray:
        """Where the calibrated parameters stand among all that vary."""
        return np.array([self.names.index(name) for name in self.calibrated])

    def values(self, scores: np.ndarray, names: Sequence[str] | None = None) -> np.ndarray:
        """Return parameter values for scores of shape (n, names); calibrated ones by default."""
        wanted = self.calibrated if names is None else names
        out = np.empty_like(scores, dtype=float)
        for column, name in enumerate(wanted):
            table = self.tables[self.names.index(name)]
            out[:, column] = np.interp(scores[:, column], GRID, table)
        return out

    def scores(self, values: np.ndarray) -> np.ndarray:
        """Return the scores of values of the calibrated parameters (inverse of `values`)."""
        out = np.empty_like(values, dtype=float)
        for column, name in enumerate(self.calibrated):
            table = self.tables[self.names.index(name)]
            rising = np.maximum.accumulate(table + 1e-12 * np.arange(len(GRID)))
            out[:, column] = np.interp(values[:, column], rising, GRID)
        return out

    def background(self, seed: int, replication: int) -> np.ndarray:
        """Return the scores of all varying parameters for a replication: prior draws, keyed."""
        generator = np.random.Generator(np.random.Philox(key=[seed, 104729 + replication]))
        return np.asarray(generator.standard_normal(len(self.names)))

    def records(self, calibrated: np.ndarray, background: np.ndarray) -> np.ndarray:
        """Return parameter records.

        `calibrated`: scores of the calibrated parameters, shape (n, size); `background`:
        scores of all varying parameters, shape (n, names); those of calibrated ones are
        replaced.
        """
        scores = np.array(background, dtype=float)
        scores[:, self.places] = calibrated
        rows = np.repeat(self.fixed[None], len(scores))
        for column, name in enumerate(self.names):
            rows[name] = np.interp(scores[:, column], GRID, self.tables[column])
        return rows


def make_space(calibrated: Sequence[str] = tuple(CALIBRATED)) -> Space:
    """Build the space of varying parameters.

    `calibrated`: names of the calibrated parameters. Raises InputError for a parameter that does
    not exist or has no prior.
    """
    known = described()
    names = tuple(name for name, one in known.items() if one.varies)
    for name in calibrated:
        if name not in names:
            raise unknown("calibrated parameter (with a prior)", name, names)
    tables = np.empty((len(names), len(GRID)))
    for row, name in enumerate(names):
        one = known[name]
        tables[row] = np.clip(prior_distribution(one).ppf(ndtr(GRID)), *one.bounds)
    base = defaults()
    fixed = np.zeros((), parameter_dtype(registry()))
    for name in registry():
        fixed[name] = getattr(base, name)
    return Space(names, tuple(calibrated), tables, fixed)


def hypercube(n: int, dimensions: int, seed: int) -> np.ndarray:
    """Return a Latin hypercube of standard normal scores, shape (n, dimensions)."""
    generator = np.random.Generator(np.random.Philox(key=[seed, 15485863]))
    strata = np.argsort(generator.random((n, dimensions)), axis=0)
    return ndtri((strata + generator.random((n, dimensions))) / n)
