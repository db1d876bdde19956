"""The teams and people of a trial in the agent-based model, and their allocation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from sim.trials.data.agent_calendar import start_weeks
from sim.trials.designs.design import Design
from sim.trials.designs.randomise import minimised, restricted, simple, stratified

if TYPE_CHECKING:
    from sim.inputs.roster import Roster

# Keys of the draws of a trial that are not the model's.
ALLOCATION, REPLACEMENT, ENTERED = 2**41, 2**42, 2**43


@dataclass(frozen=True)
class AskedPeople:
    """The teams of one simulated trial, what they were allocated to, and whom each period asks."""

    roster: Roster  # All teams that are screened
    sequence: np.ndarray  # Sequence of each team
    sizes: np.ndarray  # People asked per team and period
    # Shape (teams, largest size, periods): how often each place in the sample has been filled anew.
    # Always 0 in a closed cohort, the period's number in cross-sections, and growing by chance in
    # an open cohort.
    generation: np.ndarray
    replication: int = 0  # Number of the trial

    def asked(self, team: np.ndarray, place: np.ndarray, period: int) -> np.ndarray:
        """Return whether each person, by team and place on its list, is asked in a period."""
        size = self.sizes[team]
        return np.asarray(place // size == self.generation[team, place % size, period])


def asked_people(design: Design, teams_per_trust: int, seed: int, replication: int) -> AskedPeople:
    """Return the teams and people of a trial, allocated by the design's randomisation.

    Team types come in the proportions of the REFOCUS trial, dealt to teams anew in every trial.
    Where measured readiness decides, these are the teams that are screened, and their sequences
    hold until it is known which of them enter: see `randomised`.
    """
    factor = design.readiness.screened_per_team if design.readiness.decides else 1
    clusters = tuple(number * factor for number in design.clusters)
    count = sum(clusters)
    sizes = team_sizes(design, count)
    rng = np.random.Generator(np.random.Philox(key=[seed, replication + ALLOCATION]))
    types = team_types(count, rng)
    trust = np.arange(count) // teams_per_trust
    kind = np.unique(types, return_inverse=True)[1]
    stratum = design_strata(design, count)
    sequence = allocation(design.randomisation, clusters, trust, kind, stratum, sizes, rng)
    chance = np.random.Generator(np.random.Philox(key=[seed, replication + REPLACEMENT]))
    generation = generations(design, sizes, chance)
    roster = roster_for(design, teams_per_trust, sequence, sizes, types)
    return AskedPeople(roster, sequence, sizes, generation, replication)


def randomised(
    people: AskedPeople,
    design: Design,
    teams_per_trust: int,
    teams: np.ndarray,
    stratum: np.ndarray,
    seed: int,
) -> AskedPeople:
    """Return the people of a trial with the teams that entered randomised among themselves.

    As in a trial, teams are measured and let in first and randomised then, by the design's method
    and within the strata of measured readiness if there are any. Teams that were screened and did
    not enter share the remaining sequences by chance; they only tell what the programme would have
    done in all.

    Parameters
    ----------
    people : AskedPeople
        All teams that were screened.
    teams : numpy.ndarray
        Places in the roster of the teams that entered.
    stratum : numpy.ndarray
        Stratum of every team of the roster.
    """
    rng = np.random.Generator(np.random.Philox(key=[seed, people.replication + ENTERED]))
    clusters = np.array(design.clusters)
    places = shared_places(clusters, len(teams), rng)
    method = design.randomisation
    if method == "simple" and design.readiness.strata > 1:
        method = "stratified"
    types = [row.type for row in people.roster.rows]
    trust = teams // teams_per_trust
    kind = np.unique(types, return_inverse=True)[1][teams]
    sizes = people.sizes[teams]
    rest = np.setdiff1d(np.arange(len(people.sequence)), teams)
    others = np.bincount(people.sequence, minlength=len(clusters)) - places
    sequence = np.empty(len(people.sequence), int)
    sequence[teams] = allocation(method, tuple(places), trust, kind, stratum[teams], sizes, rng)
    sequence[rest] = simple(tuple(others), rng)
    roster = roster_for(design, teams_per_trust, sequence, people.sizes, types)
    return replace(people, roster=roster, sequence=sequence)


def shared_places(clusters: np.ndarray, teams: int, rng: np.random.Generator) -> np.ndarray:
    """Return places per sequence for so many teams, shared in proportion when they are too few.

    Whole places come first; chance decides where what is left over goes.
    """
    share = clusters * min(1.0, teams / clusters.sum())
    # Rounding of the product must not take a whole place away.
    places = np.floor(share + 1e-9).astype(int)
    left = int(min(teams, clusters.sum()) - places.sum())
    order = np.lexsort((rng.random(len(clusters)), -(share - places).round(9)))
    places[order[:left]] += 1
    return places


def allocation(
    method: str,
    clusters: tuple[int, ...],
    trust: np.ndarray,
    kind: np.ndarray,
    stratum: np.ndarray,
    sizes: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Return the sequence of each team under a method of randomisation.

    Strata are neighbouring teams, so that a stratum is made of whole trusts as nearly as numbers
    allow, or teams of like measured readiness. Minimisation balances trusts, types and strata;
    restricted randomisation balances those and the number of people asked.

    Parameters
    ----------
    method : str
        One of `sim.trials.designs.design.RANDOMISATIONS`.
    clusters : tuple of int
        Places per sequence, as many as there are teams.
    trust, kind, stratum, sizes : numpy.ndarray
        Trust, type, stratum and people asked of each team.
    """
    if method == "stratified":
        return stratified(clusters, stratum, rng)
    if method == "minimised":
        return minimised(clusters, np.column_stack([trust, kind, stratum]), rng)
    if method == "restricted" and len(trust):
        trusts, kinds = (one[:, None] == np.unique(one) for one in (trust, kind))
        covariates = np.column_stack([trusts, kinds, stratum, sizes]).astype(float)
        return restricted(clusters, covariates, rng)
    return simple(clusters, rng)


def team_types(teams: int, rng: np.random.Generator) -> list[str]:
    """Return a type for every team: the REFOCUS trial's proportions, in random order."""
    from sim.inputs.roster.trial import TEAMS_BY_TYPE

    names = [name for name, *_ in TEAMS_BY_TYPE]
    shares = np.cumsum([sum(counts) for _, *counts in TEAMS_BY_TYPE], dtype=float)
    of_each = np.searchsorted(shares / shares[-1], (np.arange(teams) + 0.5) / teams)
    return [names[one] for one in rng.permutation(of_each)]


def design_strata(design: Design, teams: int) -> np.ndarray:
    """Return the stratum of each team by which it is randomised: neighbouring teams together."""
    return np.arange(teams) * design.strata // teams


def generations(design: Design, sizes: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return how often each place in the sample has been filled anew; see `AskedPeople`."""
    shape = (len(sizes), int(sizes.max()), design.periods)
    if design.sampling == "cross-sectional":
        return np.broadcast_to(np.arange(design.periods), shape)
    if design.sampling == "open cohort":
        replaced = rng.random(shape) < design.churn
        replaced[:, :, 0] = False
        return np.cumsum(replaced, axis=2)
    return np.zeros(shape, int)


def team_sizes(design: Design, teams: int) -> np.ndarray:
    """Return people asked per team and period.

    Unequal sizes are the even quantiles of a gamma distribution with the design's mean and
    variation, dealt to teams by a fixed shuffle: teams are exchangeable, so that the sizes of a
    trial may stay as they are from one replication to the next.
    """
    if design.size_variation == 0.0:
        return np.full(teams, int(ceil(design.size)))
    from scipy.special import gammaincinv

    shape = 1.0 / design.size_variation**2
    quantiles = gammaincinv(shape, (np.arange(teams) + 0.5) / teams) * design.size / shape
    order = np.random.Generator(np.random.Philox(key=[teams, 0])).permutation(teams)
    return np.maximum(1, np.rint(quantiles[order])).astype(int)


def roster_for(
    design: Design, teams_per_trust: int, sequence: np.ndarray, sizes: np.ndarray, types: list[str]
) -> Roster:
    """Return the roster of a trial whose teams were allocated to these sequences."""
    from sim.inputs.roster import Roster, TeamRow

    starts = start_weeks(design)
    samples = 1 if design.sampling == "closed cohort" else design.periods
    rows = tuple(
        TeamRow(
            team=f"team-{index + 1:04d}",
            trust=f"trust-{index // teams_per_trust + 1:03d}",
            type=types[index],
            arm="control" if starts[one] is None else "intervention",
            sampled=int(sizes[index]) * samples,
            caseload=max(225, int(sizes[index]) * samples),
            start_week=starts[one],
        )
        for index, one in enumerate(sequence)
    )
    return Roster(rows=rows, notes=(), source="trial design")
