"""One simulated trial with its mediator measured on staff, and what the twins know of mediation.

The trial is run as it is, with nobody given the programme, and with the programme but practice as
it would have been without it (`sim.engines.held_practice`): the natural indirect effect is the
first less the third, the natural direct effect the third less the second, in the same people. For
interventional effects practice comes from another team of the arm, by lot.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import nan, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.engines.held_practice import (
    Held,
    Posts,
    drawn_posts,
    own_posts,
    run_together,
    without_learning,
)
from sim.engines.one_world import OneWorld
from sim.engines.summaries import assessment_rows, staff_rows
from sim.mechanisms.practice import PRACTICES, delivered
from sim.parameters.registry import from_record
from sim.trials.analyses.mediation_test import FIDELITY, OBSERVED
from sim.trials.data.agents import post_of
from sim.trials.data.counterfactual import AgentTwins
from sim.trials.data.data import TrialData
from sim.trials.designs.design import TREATED, Design

Column = NDArray[np.float64]
NOISE = 2**44
"""Keys of the draws of an observer's error."""
DONORS = 2**45
"""The same of who gets whose practice."""
WITH, WITHOUT = 0, 1
"""Numbers of the worlds with the programme, and with nobody given it."""


@dataclass(frozen=True)
class Staff:
    """Those in post when a trial's mediator is measured, one row each."""

    team: NDArray[np.int64]
    treated: NDArray[np.int64]
    mediator: Column


class Effects(NamedTuple):
    """True effects in one trial on people of treated teams, in points."""

    # Natural effects.
    total: float
    indirect: float
    direct: float
    # Interventional ones; NaN where they were not asked for.
    given_indirect: float
    given_direct: float
    # The programme's effect on the mediator, in its own unit, without an observer's error.
    mediator: float


@dataclass(frozen=True)
class MediatedTrial:
    """A trial with its mediator."""

    # Outcomes, as it is and with nobody treated.
    data: TrialData
    untreated: TrialData
    staff: Staff  # The mediator in the trial as it is
    # Mediator of each row's key worker in `data`;
    # NaN where the post is vacant or has changed hands.
    own: Column
    effects: Effects  # What is true


def mediated_trials(
    twins: AgentTwins,
    design: Design,
    mediators: Sequence[str],
    reliability: float,
    seed: int,
    replication: int,
    *,
    interventional: bool = False,
) -> list[MediatedTrial]:
    """Simulate one trial, and return it with each of some mediators.

    Parameters
    ----------
    mediators : sequence of str
        Each one of `OBSERVED`, or a score of staff.
    reliability : float
        Share of an observer's scores' variance that is real; staff scores have their own error.
    interventional : bool
        Whether interventional effects are worked out too: three more worlds.
    """
    scenarios = twins.scenarios(design)
    people, entered = twins.source.recruit(design, scenarios[1], replication, seed)
    request = twins.source.request(design, scenarios, people, seed)
    weeks = request.assessment_weeks(0)

    def world(scenario: int, learns: bool = True) -> OneWorld:
        p = request.parameters(scenario, 0)
        return OneWorld(
            request.layouts[scenario],
            p if learns else without_learning(p),
            request.seed,
            request.run_of_chance(0, 0),
            assessments=weeks,
            staff_too=True,
        )

    def keyed(purpose: int) -> np.random.Generator:
        return np.random.Generator(np.random.Philox(key=[seed, replication + purpose]))

    worlds = [world(0), world(1), world(0, learns=False)]
    ever = (design.schedule[people.sequence] == TREATED).any(axis=1)
    treated = np.flatnonzero(ever & np.isin(np.arange(len(ever)), entered.teams))
    held = [Held(2, WITHOUT, own_posts(worlds[0]))]
    if interventional:
        donors = drawn_posts(worlds[0], treated, keyed(DONORS))
        worlds += [world(0, learns=False), world(0, learns=False), world(1, learns=False)]
        sources = ((3, WITH), (4, WITHOUT), (5, WITHOUT))
        held += [Held(number, source, donors) for number, source in sources]
    run_together(worlds, held, int(weeks[-1]))
    tables = [
        assessment_rows((0, 0, 0), one.layout, weeks, one.scores, one.flags) for one in worlds
    ]
    data, untreated = twins.both_data(design, tables[WITH], tables[WITHOUT], people, entered)
    counted = tables[0]["week"] == weeks[-1]
    counted &= np.isin(tables[0]["team"], treated)
    counted[counted] = people.asked(
        tables[0]["team"][counted], tables[0]["place"][counted], design.periods - 1
    )
    means = [float(np.nanmean(one[twins.source.measure][counted])) for one in tables]
    added = twins.added_effect
    given = (means[3] - means[4], means[4] - means[5] + added) if interventional else (nan, nan)
    true = Effects(
        means[0] - means[1] + added, means[0] - means[2], means[2] - means[1] + added, *given, nan
    )
    rows = worlds[0].layout.teams
    team = np.repeat(np.arange(len(rows)), rows["staff"])
    noise = keyed(NOISE)
    found = []
    for mediator in mediators:
        scores = [mediator_scores(one, weeks, mediator) for one in worlds[:2]]
        moved = float(np.nanmean((scores[0] - scores[1])[np.isin(team, treated)]))
        if mediator in OBSERVED:
            spread = float(np.nanstd(scores[1])) * sqrt((1.0 - reliability) / reliability)
            error = spread * noise.standard_normal(len(team))
            scores[0] += error
        staff = _in_post(team, ever, scores[0], entered.teams)
        own = _of_worker(data, worlds[0], scores[0])
        effects = true._replace(mediator=moved)
        found.append(MediatedTrial(data, untreated, staff, own, effects))
    return found


def mediator_scores(world: OneWorld, weeks: NDArray[np.int64], mediator: str) -> Column:
    """Return the mediator of every post at the last measurement, NaN where it is vacant."""
    if mediator not in OBSERVED:
        rows = staff_rows((0, 0, 0), world.layout, weeks, world.staff_rows)
        return np.asarray(rows[mediator][rows["week"] == weeks[-1]], float)
    each, p, posts = [], from_record(world.p), Posts(world)
    for one in PRACTICES:
        done = posts.column(f"behaviour_{one}")
        if mediator == FIDELITY:
            skill = posts.column(f"skill_{one}")
            done = np.array([delivered(b, s, p) for b, s in zip(done, skill, strict=True)])
        each.append(done)
    return np.where(posts.column("present") == 1, np.mean(each, axis=0), nan)


def _in_post(
    team: NDArray[np.int64], ever: NDArray[np.bool_], scores: Column, entered: NDArray[np.int64]
) -> Staff:
    """Return those in post in the teams that entered."""
    there = np.isin(team, entered) & ~np.isnan(scores)
    return Staff(team[there], ever[team[there]].astype(int), scores[there])


def _of_worker(data: TrialData, world: OneWorld, scores: Column) -> Column:
    """Return the score of each row's key worker; NaN for who has none in post."""
    assert data.worker is not None
    known = data.worker >= 0
    team, place, generation = post_of(np.where(known, data.worker, 0))
    at = world.layout.teams["staff_start"][team] + place
    same = known & (Posts(world).column("generation")[at] == generation)
    return np.where(same, scores[at], nan)
