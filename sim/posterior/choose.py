"""Which sets of parameter values a command runs over, and how to say so beside its results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.parameters import registry
from sim.posterior import load_posterior

POSTERIOR = "posterior"
PRIOR = "prior"
DEFAULTS = "defaults"


@dataclass(frozen=True)
class ChosenDraws:
    """Sets of parameter values, and where they come from.

    Attributes
    ----------
    draws : list of dict
        Parameter values by name; one empty set when only the defaults are used.
    source : {'posterior', 'prior', 'defaults'}
        Where they come from.
    provenance : dict
        Provenance of the posterior; empty otherwise.
    """

    draws: list[dict[str, float]]
    source: str
    provenance: dict[str, Any]

    @property
    def covers(self) -> str:
        """What an interval over these draws and replications covers."""
        if self.source == DEFAULTS:
            return "replication noise only; parameters at their defaults"
        of = "posterior" if self.source == POSTERIOR else "prior, no trial data used"
        if len(self.draws) == 1:
            return f"replication noise only; parameters at a single draw ({of})"
        return f"replication noise and parameter uncertainty ({of})"


def chosen_draws(
    count: int, *, prior_only: bool = False, path: Path | str | None = None, seed: int = 1
) -> ChosenDraws:
    """Choose sets of parameter values.

    Parameters
    ----------
    count : int
        How many; 0 for the defaults alone. Draws of a posterior are taken at even distances along
        its file, so that a smaller number is a thinned sample of the whole.
    prior_only : bool
        Draw from the priors, as if there had been no trial.
    path : path, optional
        A posterior's file; the shipped one when not given.
    seed : int
        Seed of the draws from the priors.

    Raises
    ------
    InputError
        When there are not so many draws, or both a file and the priors are asked for.
    """
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise InputError(f"draws = {count!r}: must be a whole number of at least 0")
    if prior_only and path is not None:
        raise InputError("posterior and prior-only: give one of them")
    if count == 0:
        return ChosenDraws([{}], DEFAULTS, {})
    if prior_only:
        from sim.parameters.priors import sample_prior

        sample = sample_prior(count, seed)
        rows = [{name: float(row[name]) for name in registry()} for row in sample]
        return ChosenDraws(rows, PRIOR, {})
    draws, provenance = load_posterior(path)
    if count > len(draws):
        raise InputError(f"draws = {count}: the posterior has only {len(draws)}")
    chosen = [draws[(2 * number + 1) * len(draws) // (2 * count)] for number in range(count)]
    return ChosenDraws(chosen, POSTERIOR, provenance)
