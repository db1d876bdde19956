"""What an update means: what moved, what is expected now, which teams lag, what contradicts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from sim.inputs.registers.observed import ALL_TEAMS
from sim.learning.likelihood import expected
from sim.learning.own_turnover import drawn_rates
from sim.learning.statistics import (
    ATTENDED,
    COUNT,
    HELD,
    LEFT,
    LEVEL,
    PRACTICE,
    SHARE,
    STARTED,
    Statistic,
)
from sim.learning.study import Learnt, fitted
from sim.parameters import registry
from sim.planning.packages import NOTHING, OUTCOMES
from sim.planning.plain_numbers import counted
from sim.planning.uncertainty import NORMAL_95

LOW, HIGH = 0.05, 0.95
MOVED = 0.3
"""Shift of a mean, in prior SDs, from which a parameter counts as moved."""
NARROWED = 0.8
SURE = 0.9
"""Posterior probability from which a team is said to lag."""
MEANINGFUL = {HELD: 0.15, ATTENDED: 0.1, LEFT: 0.1, PRACTICE: 0.05}
"""How far behind the service's mean a team has to lie for it to matter (assumption): below it, but
of leavers above."""
MANY = 4
"""Teams that are surprising alike, from which they are told as one."""
TAIL = 0.005
"""Share of simulated worlds beyond which what was observed over all teams is out of reach
(assumption)."""
SURPRISING = 0.005
"""Prior predictive p-value below which an observation is told (assumption)."""
EXPECTED = {"reach": "share", "adoption": "share", "practice": "0-1", "qpr15": "points"}
"""Outcomes at the horizon that are shown, and their units."""


MATTERS = {"reach": 0.05, "adoption": 0.05, "practice": 0.01, "qpr15": 0.1}
"""Change of what is expected at the horizon from which the plan is looked at anew (assumption)."""


class Moved(NamedTuple):
    """A parameter before and after."""

    parameter: str
    label: str
    unit: str
    before: float
    before_sd: float
    after: float
    after_sd: float
    shift: float
    sd_ratio: float
    words: str

    @property
    def told(self) -> bool:
        """Whether it moved beyond the sampler's own error."""
        return bool(self.words)


class Lag(NamedTuple):
    """A team beside those with the same package, with what it shares with them."""

    team: str
    package: str
    what: str
    observed: float
    of: float
    shrunk: float
    low: float
    high: float
    service: float
    margin: float
    chance_behind: float
    words: str


class Horizon(NamedTuple):
    """An outcome at the horizon against usual care, before and after."""

    outcome: str
    unit: str
    before: float
    before_low: float
    before_high: float
    after: float
    after_low: float
    after_high: float
    change: float
    change_monte_carlo_se: float

    @property
    def matters(self) -> bool:
        """Whether it changed by what matters."""
        return abs(self.change) >= MATTERS[self.outcome]

    @property
    def told(self) -> bool:
        """Whether it did so beyond the Monte Carlo error (95%)."""
        return self.matters and abs(self.change) > NORMAL_95 * self.change_monte_carlo_se


class Surprise(NamedTuple):
    """How an observation lies among what the start's draws had led to expect."""

    what: str
    team: str
    observed: float
    expected: float
    p_value: float


def moved(learnt: Learnt) -> list[Moved]:
    """Return every parameter that varies, those that moved most first.

    Words are said of those that can have been informed: the block, and what trials fitted.
    """
    before, after = learnt.question.chosen.draws, learnt.updated.draws
    known = registry()
    enough = 3.0 / np.sqrt(max(learnt.updated.carried, 1.0))
    block = learnt.updated.block
    informed = {*block, *fitted()}
    found = []
    for name in before[0]:
        first = np.array([one[name] for one in before])
        then = np.array([one[name] for one in after])
        spread = float(first.std())
        if spread == 0.0 or name not in known:
            continue
        shift = float((then.mean() - first.mean()) / spread)
        ratio = float(then.std() / spread)
        words = ""
        far = abs(shift) >= max(MOVED, enough)
        if name in informed and (far or (name in block and ratio < NARROWED)):
            way = "about as believed" if abs(shift) < MOVED else "higher" if shift > 0 else "lower"
            words = f"{way} ({_number(first.mean())} before, {_number(then.mean())} now)"
            words += f", and known better (SD x {ratio:.2f})" if ratio < NARROWED else ""
        found.append(
            Moved(
                name,
                known[name].label,
                known[name].unit,
                float(first.mean()),
                spread,
                float(then.mean()),
                float(then.std()),
                shift,
                ratio,
                words,
            )
        )
    return sorted(found, key=lambda one: (not one.told, -abs(one.shift)))


def lagging(learnt: Learnt) -> list[Lag]:
    """Return teams beside the service, in the order of the roster: no ranking.

    A team's own level is drawn from what its register says and what all teams share: beta for
    shares, gamma for leavers, normal for practice, given each updated draw. The chance that it lies
    behind the mean of the teams with the same package by more than `MEANINGFUL` is the share of
    these draws; a team alone with its package has none to lie behind.
    """
    plan, packages = learnt.question.plan, [one.name for one in learnt.question.packages]
    chance = np.random.default_rng(np.random.SeedSequence([learnt.question.seed, 31]))
    names = [row.team for row in learnt.question.roster.rows]
    found = []
    for number, one in enumerate(learnt.statistics):
        margin = MEANINGFUL.get(one.name.partition(",")[0])
        if margin is None or one.teams[0] == ALL_TEAMS or len(one.teams) < 2:
            continue
        hoped = expected(
            one, learnt.updated.seen[:, :, number], learnt.weights, learnt.common[number]
        )
        mean, spread = hoped
        if one.kind == COUNT:
            mean, spread = drawn_rates(one, learnt.weights[one.teams], mean, chance)
        levels = own_levels(one, mean, spread, chance)
        week = min(one.weeks, default=learnt.question.observed.weeks)
        own = np.where(plan.start < week, plan.package, NOTHING)[one.teams]
        service = np.empty_like(levels)
        for package in np.unique(own):
            alike = own == package
            service[:, alike] = levels[:, alike].mean(axis=1, keepdims=True)
        more = one.name == LEFT
        behind = (levels > service + margin if more else levels < service - margin).mean(axis=0)
        for at, team in enumerate(one.teams):
            words = f"{'loses more, by over' if more else 'lags by more than'} {margin:g}"
            if behind[at] < SURE:
                alone = int((own == own[at]).sum()) == 1
                words = "alone with its package" if alone else "not told from the others"
            found.append(
                Lag(
                    names[team],
                    packages[own[at]] if own[at] != NOTHING else "none",
                    one.name,
                    float(one.ratio[at]),
                    float(one.of[at]),
                    float(levels[:, at].mean()),
                    float(np.quantile(levels[:, at], LOW)),
                    float(np.quantile(levels[:, at], HIGH)),
                    float(service[:, at].mean()),
                    margin,
                    float(behind[at]),
                    words,
                )
            )
    return found


def own_levels(
    one: Statistic, mean: np.ndarray, spread: np.ndarray, chance: np.random.Generator
) -> np.ndarray:
    """Draw each team's own level given what was observed of it, shape (draws, teams).

    Counts are rates in a year of a post.
    """
    if one.kind == SHARE:
        size = (1.0 - spread) / spread
        return chance.beta(mean * size + one.value, (1.0 - mean) * size + one.of - one.value)
    if one.kind == COUNT:
        shape = 1.0 / spread
        return 52.0 * chance.gamma(shape + one.value, 1.0 / (shape / mean + one.of))
    share = spread / (spread + one.error**2)
    centre = mean + share * (one.value - mean)
    return chance.normal(centre, np.sqrt(share) * one.error)


def at_the_horizon(learnt: Learnt) -> list[Horizon]:
    """Return outcomes at the horizon against usual care, before and after, on common chance."""
    people = np.array([row.caseload for row in learnt.question.roster.rows], float)
    people = np.where(learnt.question.plan.package >= 0, people, 0.0)
    whole = learnt.horizon.transpose(0, 1, 3, 2) @ people / people.sum()
    found = []
    for name, unit in EXPECTED.items():
        before, after = whole[..., OUTCOMES.index(name)]
        change = after - before
        (low, high), (new_low, new_high) = (
            np.quantile(values, [LOW, HIGH]).tolist() for values in (before, after)
        )
        found.append(
            Horizon(
                name,
                unit,
                float(before.mean()),
                low,
                high,
                float(after.mean()),
                new_low,
                new_high,
                float(change.mean()),
                float(change.std(ddof=1) / np.sqrt(min(len(change), learnt.updated.carried))),
            )
        )
    return found


def surprises(learnt: Learnt) -> list[Surprise]:
    """Return two-sided prior predictive p-values of every team's observation.

    Each simulated team of each draw and run is observed once, with the error that the observation
    has; the p-value is twice the smaller tail, ties counted half.
    """
    chance = np.random.default_rng(np.random.SeedSequence([learnt.question.seed, 37]))
    names = [row.team for row in learnt.question.roster.rows]
    found = []
    for number, one in enumerate(learnt.statistics):
        seen = learnt.before[:, :, number]
        for at, team in enumerate(one.teams):
            own = seen.sum(axis=2) if team == ALL_TEAMS else seen[:, :, team]
            total, of = own[..., 0].ravel(), own[..., 1].ravel()
            total, of = total[of > 0], of[of > 0]
            if not len(of):
                continue
            if one.kind == SHARE:
                drawn = chance.binomial(int(one.of[at]), total / of) / one.of[at]
            elif one.kind == COUNT:
                drawn = 52.0 * total / of
            else:
                drawn = total / of + chance.normal(0.0, one.error[at], len(of))
            value = one.ratio[at]
            ties = 0.5 * float((drawn == value).sum())
            tail = min(float((drawn < value).sum()), float((drawn > value).sum())) + ties
            found.append(
                Surprise(
                    one.name,
                    "all teams" if team == ALL_TEAMS else names[team],
                    float(value),
                    float(drawn.mean()),
                    min(1.0, 2.0 * (tail + 1.0) / (len(drawn) + 2.0)),
                )
            )
    return found


def contradictions(learnt: Learnt, found: list[Surprise]) -> list[str]:
    """Return what registers say that cannot all be so, or hardly, a sentence each."""
    return [
        *_out_of_reach(learnt),
        *_between_registers(learnt),
        *_within_registers(learnt),
        *_unexpected(found),
    ]


def _out_of_reach(learnt: Learnt) -> Iterator[str]:
    """Yield what the updated draws do not come near, over all teams observed: then nothing fits.

    Each run of each updated draw is observed once, over all teams together; what was seen lies
    beyond the simulated by a meaningful amount, and in one of `TAIL` or fewer.
    """
    chance = np.random.default_rng(np.random.SeedSequence([learnt.question.seed, 41]))
    for number, one in enumerate(learnt.statistics):
        margin = MEANINGFUL.get(one.name.partition(",")[0])
        if margin is None:
            continue
        own = learnt.updated.seen[:, :, number][:, :, one.teams].sum(axis=2)
        expects = own[..., 0].ravel() / np.maximum(own[..., 1].ravel(), 1e-9)
        if one.kind == SHARE:
            drawn = chance.binomial(int(one.of.sum()), np.clip(expects, 0.0, 1.0)) / one.of.sum()
        elif one.kind == COUNT:
            drawn = 52.0 * expects
        else:
            error = float(np.sqrt((one.error**2).sum())) / len(one.error)
            drawn = expects + chance.normal(0.0, error, len(expects))
        # A simulated team has one level, however often it was audited.
        seen = float(np.average(one.ratio, weights=None if one.kind == LEVEL else one.of))
        tail = min(float((drawn <= seen).mean()), float((drawn >= seen).mean()))
        if tail > TAIL or abs(seen - drawn.mean()) < margin:
            continue
        told = (
            f"{one.name}: {_told(seen, one.name)} was observed over all, and draws that were "
            f"updated with it still expect {_told(float(drawn.mean()), one.name)}"
        )
        if one.name == LEFT:
            yield (
                f"{told}. The teams' own turnover is moved for it, all together, and carried on; "
                "see whether the count holds others than staff who left the team"
            )
            continue
        yield (
            f"{told}: nothing that the model leaves open comes near. What was done may not be the "
            "package that the plan names, or the register counts something else; until that is "
            "settled, what is expected is that of the plan and not of your teams"
        )


def _between_registers(learnt: Learnt) -> Iterator[str]:
    """Yield audits of high practice where the register shows that nobody was trained."""
    observed, rows = learnt.question.observed, learnt.question.roster.rows
    for number, one in enumerate(learnt.statistics):
        if one.kind != LEVEL or not one.name.startswith(PRACTICE):
            continue
        usual = learnt.before[:, :, number]
        for at, team in enumerate(one.teams):
            until = [
                each
                for each in observed.sessions
                if each.team == team and each.week <= one.weeks[0]
            ]
            high = float(np.quantile(usual[:, :, team, 0], HIGH))
            if until and not any(each.attended for each in until) and one.value[at] > high:
                yield (
                    f"'{rows[team].team}': the register shows that nobody attended any of "
                    f"{len(until)} sessions up to week {one.weeks[0]}, and the audit found "
                    f"practice of {one.value[at]:.2f}, above {high:.2f}, which 95% of simulated "
                    "teams stay below; one of the two is likely wrong"
                )


def _within_registers(learnt: Learnt) -> Iterator[str]:
    """Yield sessions named twice, of teams that have not started, and too many people."""
    observed, rows = learnt.question.observed, learnt.question.roster.rows
    start = learnt.question.plan.start
    twice = Counter((one.team, one.week) for one in observed.sessions)
    for (team, week), count in twice.items():
        if count > 2:
            yield f"'{rows[team].team}': {count} sessions in week {week}; the same may stand twice"
    early = Counter(one.team for one in observed.sessions if not 0 <= start[one.team] < one.week)
    for team, count in early.items():
        what = "does not start" if start[team] < 0 else f"starts after week {start[team]}"
        yield (
            f"'{rows[team].team}': {counted(count, 'session')} in the register, and as planned it "
            f"{what}; give it the week in which it began"
        )
    named = {one.team for one in observed.sessions}
    silent = [
        row.team
        for at, row in enumerate(rows)
        if named and at not in named and 0 <= start[at] < observed.weeks
    ]
    if silent:
        shown = ", ".join(f"'{one}'" for one in silent[:MANY])
        yield (
            f"{counted(len(silent), 'team')} {'starts' if len(silent) == 1 else 'start'} within "
            f"{observed.weeks} weeks as planned, without a session in the register: "
            f"{shown}{' ...' if len(silent) > MANY else ''}; give a team that has not begun a "
            "start week to come, or one beyond the time looked at"
        )
    for one in observed.sessions:
        if one.attended > rows[one.team].staff:
            yield (
                f"'{rows[one.team].team}', line {one.line} of the register: {one.attended} "
                f"attended, and the roster has {rows[one.team].staff} posts"
            )
    for mean in observed.outcomes:
        listed = [rows[mean.team]] if mean.team != ALL_TEAMS else rows
        people = sum(row.caseload for row in listed)
        if mean.n > people:
            yield (
                f"line {mean.line} of the outcomes: {mean.n} people answered, and the roster has "
                f"{people} on the books"
            )


def _unexpected(found: list[Surprise]) -> Iterator[str]:
    """Yield what was hardly to be expected: team by team, or as one where it is many teams."""
    for what in dict.fromkeys(one.what for one in found):
        own = [one for one in found if one.what == what]
        odd = [one for one in own if one.p_value < SURPRISING]
        above = sum(one.observed > one.expected for one in odd)
        if len(odd) >= MANY and above in (0, len(odd)):
            yield (
                f"{what}: {len(odd)} of {len(own)} teams lie {'above' if above else 'below'} what "
                f"was to be expected (prior predictive p < {SURPRISING}; on average "
                f"{_told(_mean(own, 'observed'), what)} was observed, and "
                f"{_told(_mean(own, 'expected'), what)} expected): your service differs from what "
                "was believed, or the register counts something else"
            )
            continue
        for one in odd:
            yield (
                f"'{one.team}', {what}: {_told(one.observed, what)} was observed, and "
                f"{_told(one.expected, what)} expected (prior predictive p = {one.p_value:.4f}); "
                "the register, the roster or the model may be wrong there"
            )


def _mean(found: list[Surprise], part: str) -> float:
    return float(np.mean([getattr(one, part) for one in found]))


def unit_of(what: str) -> str:
    """Return the unit in which a statistic is told."""
    if what in (HELD, ATTENDED):
        return "share"
    if what in (LEFT, STARTED):
        return "a year per post"
    return "0-1" if what.startswith(PRACTICE) else "points"


def _told(value: float, what: str) -> str:
    """Return a statistic as a sentence has it: shares in percent."""
    unit = unit_of(what)
    return f"{_number(100.0 * value)}%" if unit == "share" else f"{_number(value)} {unit}"


def _number(value: float) -> str:
    return f"{value:.3g}"
