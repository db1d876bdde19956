"""Solved constants: from effects that were drawn to the constants of the chain that give them.

A prior on effects is read from evidence; rules need constants. For each set of parameter values
noise-free twins are run (the same fourteen teams with the programme and without, the same luck),
and the solved constants are found in turn:

1. `practice_scale`, so that behaviour changes by `practice_change` where everybody is trained and
   coached every five weeks (the CARe reference);
2. `support_shift_scale`, so that INSPIRE Support moves by `support_effect` under full
   implementation;
3. `partnership_to_connectedness`, `expectations_to_empowerment`, `team_to_recovery` and
   `worker_to_recovery`, so that the QPR-15 moves by `effect_full`, in the drawn shares;
4. the constants of components beyond REFOCUS, so that each alone, at full intensity, moves the
   QPR-15 by its own effect.

The QPR is taken as expected answers at each person's levels, so that questionnaire noise plays no
part. Effects are in SD of the trial's QPR-15, so that what was drawn does not depend on other
constants of the same draw.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from math import sqrt
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy.special import ndtr

from sim.engines.one_world import OneWorld
from sim.inputs.roster import Roster
from sim.inputs.roster.trial import trial_roster
from sim.measures.qpr import ITEM_PROCESS, SHORT_ITEMS, qpr_model
from sim.mechanisms.recovery import PROCESSES
from sim.parameters import registry
from sim.population import Layout, lay_out
from sim.scenarios.expand import expand
from sim.scenarios.library import adjusted, load_scenario
from sim.trials.studies.refocus_trial import WEEKS

# Pooled SD of the QPR-15 at one year in the trial (10.2 and 10.1): the unit of effects.
QPR_SD = 10.15
SOLVED = tuple(name for name, one in registry().items() if one.solved)
# Small enough to leave answers linear, large enough to stand above rounding.
STEP, SMALL_STEP = 0.5, 0.1
# The roads to recovery beside support, in the order in which they are given their share.
ROADS = (
    "partnership_to_connectedness",
    "expectations_to_empowerment",
    "team_to_recovery",
    "worker_to_recovery",
)
# Components beyond REFOCUS: constant, effect, and the reference whose world gives the gain. Peers
# and family act alike, so that one world serves for both.
BEYOND = (
    ("peer_delivery_to_recovery", "effect_peer_delivery", "peer_delivery"),
    ("family_to_recovery", "effect_family_involvement", "peer_delivery"),
    ("social_inclusion_to_recovery", "effect_social_inclusion", "social_inclusion"),
)
# What `qpr_model` reads; a NumPy record is not read by attribute outside compiled code.
QPR_READS = (
    "qpr_item_location",
    "qpr_item_spread",
    "qpr_retest",
    "recovery_half_life",
    "fluctuation_sd",
    "measure_sensitivity",
    "qpr_alpha",
    "qpr_item_stability",
    "qpr_interpersonal_offset",
    "qpr_interpersonal_signal",
    "qpr_interpersonal_relationship",
    "measure_process_correlation",
    "chance_scale",
)


@dataclass(frozen=True)
class References:
    """Layouts of the fourteen intervention teams in the three reference scenarios."""

    # As delivered; everybody trained and coached every five weeks; full implementation.
    delivered: Layout
    coached: Layout
    full: Layout
    # Usual care with these alone, at full intensity.
    peer_delivery: Layout
    social_inclusion: Layout
    seed: int  # Seed of the keyed draws

    @property
    def layouts(self) -> tuple[Layout, Layout, Layout]:
        """The three layouts."""
        return self.delivered, self.coached, self.full


def references(seed: int = 1, roster: Roster | None = None) -> References:
    """Return the reference layouts: intervention teams of a roster, REFOCUS's if none is given."""
    roster = trial_roster(seed) if roster is None else roster
    roster = replace(roster, rows=tuple(one for one in roster.rows if one.arm == "intervention"))
    as_in_care = adjusted(
        load_scenario("continuing-coaching"),
        {"support.supervision.every": 5, "conditions.attendance_assured": 1.0},
    )
    delivered, usual = load_scenario("refocus-as-delivered"), load_scenario("usual-care")
    alone = {"who.teams": "intervention-arm"}
    scenarios = (
        delivered,
        as_in_care,
        load_scenario("refocus-full"),
        adjusted(usual, {**alone, "beyond.peer_delivery.intensity": 1.0}),
        adjusted(usual, {**alone, "beyond.social_inclusion.intensity": 1.0}),
    )
    first, coached, full, peers, social = (
        lay_out(roster, expand(one, roster, WEEKS)) for one in scenarios
    )
    return References(first, coached, full, peers, social, seed)


@dataclass(frozen=True)
class Reading:
    """What one world looks like after a year."""

    behaviour: float  # Mean behaviour over the working practices, 0-1
    # Mean and spread of experienced support between service users, 0-1.
    support: float
    support_sd: float
    qpr: float  # Mean expected QPR-15, points


def expected_qpr15(users: np.ndarray, p: Any) -> np.ndarray:
    """Return each person's expected QPR-15 (0-60) at the present levels, chance averaged out.

    An answer is the number of thresholds .5, 1.5, 2.5, 3.5 below location + latent + normal noise;
    its expectation is the sum of four normal probabilities. Of everybody the share
    `measure_sensitivity` answers by present levels, the rest by those at baseline.
    """
    model = qpr_model(SimpleNamespace(**{name: float(p[name]) for name in QPR_READS}))
    unit = sqrt((65536.0**2 - 1.0) / 12.0)
    noise = sqrt(model.occasion**2 + (model.stable * unit) ** 2 + (model.noise * unit) ** 2)
    # Without noise an answer is where the level is; a division by nought would not say so.
    noise = max(noise, 1e-9)
    sensitivity = float(p["measure_sensitivity"])
    total = np.zeros(len(users))
    for prefix, share in (("", sensitivity), ("baseline_", 1.0 - sensitivity)):
        for place, process in enumerate(PROCESSES):
            items = ITEM_PROCESS[:SHORT_ITEMS].count(place)
            level = model.location + model.latent * users[f"{prefix}{process}"]
            for threshold in (0.5, 1.5, 2.5, 3.5):
                total += share * items * ndtr((level - threshold) / noise)
    return total


class Twins:
    """Runs reference worlds and their twins without the programme, for one thread.

    Parameters
    ----------
    where : References
        The reference layouts.
    """

    def __init__(self, where: References) -> None:
        self.where = where
        self.work = OneWorld(where.full)
        teams = where.full.teams.copy()
        teams["programme"], teams["start_week"] = 0, -1
        self.without = replace(where.full, teams=teams)

    def read(self, layout: Layout, p: Any) -> Reading:
        """Run one world for a year and read it."""
        self.work.again(p, self.where.seed, 0, layout).run_to(WEEKS)
        users, teams = self.work.users, self.work.teams
        return Reading(
            float(teams["behaviour_mean"].mean()),
            float(users["support"].mean()),
            float(users["support"].std()),
            float(expected_qpr15(users, p).mean()),
        )

    def usual(self, p: Any) -> Reading:
        """Read the twin without the programme."""
        return self.read(self.without, p)

    def change(self, name: str, p: Any, usual: Reading | None = None) -> Reading:
        """Return what a reference scenario changes; `support_sd` is that of the usual twin."""
        without = self.usual(p) if usual is None else usual
        with_it = self.read(getattr(self.where, name), p)
        return Reading(
            with_it.behaviour - without.behaviour,
            with_it.support - without.support,
            without.support_sd,
            with_it.qpr - without.qpr,
        )


@cache
def bounds_of(name: str) -> tuple[float, float]:
    """Return a parameter's bounds."""
    return registry()[name].bounds


def within(name: str, value: float) -> float:
    """Return a solved value moved into its bounds."""
    low, high = bounds_of(name)
    return min(max(value, low), high)


def solve_practice(p: Any, twins: Twins, usual: Reading) -> None:
    """Set `practice_scale` so that the coached reference changes behaviour as was drawn."""
    target = float(p["practice_change"])

    def change(scale: float) -> float:
        p["practice_scale"] = scale
        return twins.change("coached", p, usual).behaviour

    low, low_change = 0.0, 0.0
    high = 2.0
    high_change = change(high)
    for _ in range(4):
        rise = high_change - low_change
        if abs(high_change - target) < 1e-3 or abs(rise) < 1e-9:
            break
        following = within("practice_scale", high + (target - high_change) * (high - low) / rise)
        low, low_change = high, high_change
        high, high_change = following, change(following)
    p["practice_scale"] = high


def solve_support(p: Any, twins: Twins, usual: Reading) -> None:
    """Set `support_shift_scale` so that full implementation moves INSPIRE Support as was drawn."""
    target = float(p["support_effect"])

    def shift(scale: float) -> float:
        p["support_shift_scale"] = scale
        one = twins.change("full", p, usual)
        return one.support / one.support_sd * sqrt(p["inspire_retest"])

    low, low_shift = 0.0, shift(0.0)
    high, high_shift = 1.0, shift(1.0)
    # Support bends towards the ends of its scale: again, at what was found.
    for _ in range(2):
        rise = high_shift - low_shift
        if abs(high_shift - target) < 0.01 or abs(rise) < 1e-6:
            break
        following = within(
            "support_shift_scale", high + (target - high_shift) * (high - low) / rise
        )
        low, low_shift = high, high_shift
        high, high_shift = following, shift(following)
    p["support_shift_scale"] = high


def solve_recovery(p: Any, twins: Twins, usual: Reading) -> tuple[float, float]:
    """Set the four constants by which the programme reaches recovery; return their gains.

    The gains are what the QPR-15 moves for one unit of `team_to_recovery` and of
    `worker_to_recovery` under full implementation, in points.
    """
    need = float(p["effect_full"]) * QPR_SD
    for name in ROADS:
        p[name] = 0.0
    support = twins.change("full", p, usual).qpr
    gains = {}
    for name in ROADS:
        p[name] = STEP
        gains[name] = (twins.change("full", p, usual).qpr - support) / STEP
        p[name] = 0.0

    def constant(name: str, wanted: float) -> float:
        return within(name, wanted / gains[name]) if gains[name] > 1e-6 else 0.0

    partnership, expectations, team, worker = ROADS
    first = float(p["partnership_share"])
    second = (1.0 - first) * float(p["expectations_share"])
    p[partnership] = constant(partnership, first * need)
    p[expectations] = constant(expectations, second * need)
    rest = need - support - p[partnership] * gains[partnership]
    rest -= p[expectations] * gains[expectations]
    # Answers bend towards the ends of the scale, and practice moves a little under usual care, too,
    # which is no effect: again, at what was found.
    others = need - rest
    for _ in range(4):
        p[team] = constant(team, float(p["team_share"]) * rest)
        p[worker] = constant(worker, (1.0 - float(p["team_share"])) * rest)
        reached = twins.change("full", p).qpr
        if abs(need - reached) < 0.05:
            break
        slope = (reached - others) / rest if abs(rest) > 0.1 else 1.0
        rest += (need - reached) / min(max(slope, 0.3), 2.0)
    return gains[team], gains[worker]


def solve_beyond(p: Any, twins: Twins, usual: Reading) -> None:
    """Set the constants of components beyond REFOCUS; the QPR-15 is linear in each."""
    gains: dict[str, float] = {}
    for constant, effect, layout in BEYOND:
        if layout not in gains:
            p[constant] = SMALL_STEP
            gains[layout] = twins.change(layout, p, usual).qpr / SMALL_STEP
        wanted = float(p[effect]) * QPR_SD
        p[constant] = within(constant, wanted / gains[layout]) if gains[layout] > 1e-6 else 0.0


def solve(p: Any, twins: Twins) -> tuple[float, float]:
    """Find the solved constants of one parameter record, in place; return `deviate`'s gains.

    Practice and support under usual care do not depend on them, so one usual twin serves for those.

    `p`: a record of all parameters; the fields of `SOLVED` are set; `twins`: of the calling
    thread.
    """
    for name in SOLVED:
        p[name] = registry()[name].default
    for name in ROADS:
        p[name] = 0.0
    usual = twins.usual(p)
    solve_practice(p, twins, usual)
    solve_support(p, twins, usual)
    gains = solve_recovery(p, twins, usual)
    solve_beyond(p, twins, twins.usual(p))
    return gains


def deviate(p: Any, gains: tuple[float, float], effect: float) -> None:
    """Change the effect of full implementation by so many SD, without solving anew.

    Effects are linear in the two constants; for another trial or place of the same programme, and
    for "what if the theory held".
    """
    points = effect * QPR_SD
    shares = (float(p["team_share"]), 1.0 - float(p["team_share"]))
    for name, share, gain in zip(ROADS[2:], shares, gains, strict=True):
        if gain > 1e-6:
            p[name] = within(name, float(p[name]) + share * points / gain)
