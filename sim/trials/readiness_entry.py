"""Which teams enter a trial in the agent-based model: all, or by their measured readiness."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.trials.agent_teams import design_strata
from sim.trials.design import Design


@dataclass(frozen=True)
class Entered:
    """The teams that entered a trial.

    Attributes
    ----------
    teams : numpy.ndarray
        Their places in the roster.
    stratum : numpy.ndarray
        Stratum of measured readiness of every team of the roster; 0 without strata.
    eligible : float
        Share of the screened teams that measured readiness lets in.
    """

    teams: np.ndarray
    stratum: np.ndarray
    eligible: float = 1.0


def entering(
    design: Design,
    readiness: np.ndarray | None,
    sequence: np.ndarray,
    seed: int,
    replication: int,
) -> Entered:
    """Return who enters a trial; everybody when readiness was not asked for."""
    if readiness is None:
        count = len(sequence)
        return Entered(np.arange(count), design_strata(design, count))
    rng = np.random.Generator(np.random.Philox(key=[seed, replication]))
    return recruited(design, readiness, sequence, rng)


def entry(design: Design) -> bool:
    """Return whether readiness decides which teams enter, or their stratum."""
    return design.readiness.decides


def recruited(
    design: Design, readiness: np.ndarray, sequence: np.ndarray, rng: np.random.Generator
) -> Entered:
    """Return the teams that measured readiness lets in, as many as the design needs if there are.

    The score has the reliability that the design states; its error is drawn anew in each trial.
    With strata, of readiness or of the randomisation, every arm has equal numbers from each, as
    nearly as whole teams allow.
    """
    rules = design.readiness
    spread = readiness.std() * np.sqrt((1.0 - rules.reliability) / rules.reliability)
    score = readiness + spread * rng.standard_normal(len(readiness))
    stratum = design_strata(design, len(score))
    strata = design.strata
    fits = np.ones(len(score), bool)
    if rules.strata > 1:
        rank = np.argsort(np.argsort(score, kind="stable"), kind="stable")
        stratum, strata = rank * rules.strata // len(score), rules.strata
    elif rules.share is not None:
        fits = score >= np.quantile(score, 1.0 - rules.share)
    else:
        fits = score >= (rules.minimum or 0.0)
    chosen = _balanced(design.clusters, np.where(fits, sequence, -1), stratum, strata)
    return Entered(chosen, stratum, float(fits.mean()))


def _balanced(
    clusters: Sequence[int], sequence: np.ndarray, stratum: np.ndarray, strata: int
) -> np.ndarray:
    """Return teams of each sequence, taking strata in turn."""
    chosen: list[int] = []
    for number, wanted in enumerate(clusters):
        of_each = [
            np.flatnonzero((sequence == number) & (stratum == one)).tolist()
            for one in range(strata)
        ]
        turn = number
        taken = 0
        while taken < wanted and any(of_each):
            if of_each[turn % strata]:
                chosen.append(of_each[turn % strata].pop(0))
                taken += 1
            turn += 1
    return np.array(sorted(chosen), int)
