"""Which teams enter a trial in the agent-based model: all, or by their measured readiness."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.errors import InputError
from sim.trials.data.agent_teams import design_strata
from sim.trials.designs.design import Design


@dataclass(frozen=True)
class Entered:
    """The teams that entered a trial."""

    teams: np.ndarray  # Their places in the roster
    # Stratum of measured readiness of every team of the roster; 0 without strata.
    stratum: np.ndarray
    eligible: float = 1.0  # Share of the screened teams that measured readiness lets in


def refuse_two_kinds_of_strata(design: Design) -> None:
    """Refuse strata of the randomisation beside strata of measured readiness.

    Raises
    ------
    InputError
        A trial has one set of strata, by which it is randomised and analysed.
    """
    if design.strata > 1 and design.readiness.strata > 1:
        raise InputError(
            f"randomisation.strata = {design.strata}: readiness.entry = 'stratum' already makes "
            f"the {design.readiness.strata} strata of this trial; leave [randomisation] out, which "
            "then draws arms within strata of readiness, or set readiness.entry = 'none'"
        )


def entering(
    design: Design, readiness: np.ndarray | None, teams: int, seed: int, replication: int
) -> Entered:
    """Return who enters of so many teams; everybody when readiness was not asked for."""
    if readiness is None:
        return Entered(np.arange(teams), design_strata(design, teams))
    rng = np.random.Generator(np.random.Philox(key=[seed, replication]))
    return recruited(design, readiness, rng)


def entry(design: Design) -> bool:
    """Return whether readiness decides which teams enter, or their stratum."""
    return design.readiness.decides


def recruited(design: Design, readiness: np.ndarray, rng: np.random.Generator) -> Entered:
    """Return the teams that measured readiness lets in, as many as the design needs if there are.

    The score has the reliability that the design states; its error is drawn anew in each trial.
    Teams enter in the order of the roster, before they are randomised. With strata, of readiness or
    of the randomisation, equal numbers come from each, as nearly as whole teams allow.
    """
    rules = design.readiness
    spread = readiness.std() * np.sqrt((1.0 - rules.reliability) / rules.reliability)
    score = readiness + spread * rng.standard_normal(len(readiness))
    stratum = design_strata(design, len(score))
    fits = np.ones(len(score), bool)
    if rules.strata > 1:
        rank = np.argsort(np.argsort(score, kind="stable"), kind="stable")
        stratum = rank * rules.strata // len(score)
    elif rules.share is not None:
        fits = score >= np.quantile(score, 1.0 - rules.share)
    else:
        fits = score >= (rules.minimum or 0.0)
    chosen = _in_turn(np.flatnonzero(fits), stratum, design.total_clusters)
    return Entered(chosen, stratum, float(fits.mean()))


def _in_turn(teams: np.ndarray, stratum: np.ndarray, wanted: int) -> np.ndarray:
    """Return so many teams, or all if there are fewer, taking strata in turn."""
    own = stratum[teams]
    turn = np.empty(len(teams), int)
    for one in np.unique(own):
        turn[own == one] = np.arange((own == one).sum())
    order = np.lexsort((own, turn))
    return np.sort(teams[order[:wanted]])
