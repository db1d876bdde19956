"""Which sets of parameter values a command runs over, and how to say so beside its results."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sim.errors import InputError
from sim.parameters import registry
from sim.posterior import BOTH_TRIALS, NAMES, PRIOR, REFOCUS_ALONE, load_posterior
from sim.posterior.rules import rules_hash

POSTERIOR = "posterior"
DEFAULTS = "defaults"
GIVEN = "given"
PRIOR_SEED = 0
MOST_NAMED = 5


@dataclass(frozen=True)
class ChosenDraws:
    """Sets of parameter values, and where they come from.

    Attributes
    ----------
    draws : list of dict
        Parameter values by name; one empty set when only the defaults are used.
    source : {'posterior', 'prior', 'defaults', 'given'}
        Where they come from.
    provenance : dict
        Provenance of the posterior; empty otherwise.
    of : str
        Name of the shipped posterior; empty for a file of one's own.
    notes : tuple of str
        What of the model the posterior does not cover: rules other than those it was fitted with,
        and parameters that it lacks.
    path : path or str, optional
        The distribution that they are a thinned sample of; None for others.
    """

    draws: list[dict[str, float]]
    source: str
    provenance: dict[str, Any]
    of: str = ""
    notes: tuple[str, ...] = ()
    path: Path | str | None = None

    def more(self, count: int) -> ChosenDraws | None:
        """Return so many draws of the same; None where that is no more or there are fewer."""
        if self.path is None or count <= len(self.draws):
            return None
        try:
            return chosen_draws(count, path=self.path)
        except InputError:
            return None

    @property
    def named(self) -> str:
        """The distribution that the draws are from, with what it does not cover."""
        if self.source == PRIOR:
            return "; ".join(("prior, no trial data used", *self.notes))
        if self.source == GIVEN:
            return "values given by the user"
        which = f" {self.of.replace('-', ' ')}" if self.of == REFOCUS_ALONE else ""
        if "rollout" in self.provenance:
            which = f" updated with {self.provenance['rollout']['weeks']} weeks of a rollout"
        return "; ".join((POSTERIOR + which, *self.notes))

    @property
    def covers(self) -> str:
        """What an interval over these draws and replications covers."""
        if self.source == DEFAULTS:
            return "replication noise only; parameters at their defaults"
        of = self.named
        if len(self.draws) == 1:
            return f"replication noise only; parameters at a single draw ({of})"
        return f"replication noise and parameter uncertainty ({of})"


def chosen_draws(
    count: int, *, prior_only: bool = False, path: Path | str | None = None
) -> ChosenDraws:
    """Choose sets of parameter values.

    Parameters
    ----------
    count : int
        How many; 0 for the defaults alone. Draws of a posterior are taken at even distances along
        its file, so that a smaller number is a thinned sample of the whole. Parameters that the
        file lacks are drawn from their priors, the same for a draw whatever the number of draws.
    prior_only : bool
        Draws of the priors, as if there had been no trial: the same as ``path="prior"``.
    path : path or str, optional
        A posterior's file, or the name of a shipped one; that of both trials when not given.

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
        path = PRIOR
    draws, provenance = load_posterior(path)
    draws, notes = completed(draws)
    notes = (*rules_note(provenance), *notes)
    if count > len(draws):
        raise InputError(
            f"draws = {count}: the {PRIOR if path == PRIOR else POSTERIOR} has only {len(draws)}"
        )
    chosen = [draws[(2 * number + 1) * len(draws) // (2 * count)] for number in range(count)]
    source = PRIOR if path == PRIOR else POSTERIOR
    of = BOTH_TRIALS if path is None else str(path)
    kept = BOTH_TRIALS if path is None else path
    return ChosenDraws(chosen, source, provenance, of if of in NAMES else "", notes, kept)


def completed(draws: list[dict[str, float]]) -> tuple[list[dict[str, float]], tuple[str, ...]]:
    """Return draws with the parameters that they lack drawn from their priors, and what was drawn.

    Parameters that are definitions and have no prior keep their value, and so do solved constants
    that are lacking: the defaults, which fit the default effects and no others.
    """
    lacking = {name: one for name, one in registry().items() if one.varies and name not in draws[0]}
    if not lacking:
        return draws, ()
    from sim.parameters.priors import sample_prior

    sample = sample_prior(len(draws), PRIOR_SEED, lacking)
    whole = [
        {**draw, **{name: float(row[name]) for name in lacking}}
        for draw, row in zip(draws, sample, strict=True)
    ]
    named = ", ".join(list(lacking)[:MOST_NAMED])
    more = f" and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
    return whole, (f"not in the posterior and drawn from their priors: {named}{more}",)


def rules_note(provenance: dict[str, Any]) -> tuple[str, ...]:
    """Return a line where a posterior was fitted with other rules, or does not say with which."""
    rules = provenance.get("rules")
    fitted = rules.get("hash") if isinstance(rules, dict) else rules
    if fitted == rules_hash():
        return ()
    if fitted is None:
        return ("with which rules it was fitted is not known",)
    return (f"fitted with other rules than those here ({str(fitted)[:8]}, not {rules_hash()[:8]})",)
