"""What a comparison says in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sim.planning.comparison import IMPORTANT, Comparison
from sim.planning.outcomes import QPR
from sim.planning.uncertainty import Chance, Spread, chance_at_least, chance_below, spread_of

LIKELY, UNLIKELY = 0.5, 0.05
FEW = 20
"""Fewer draws than this leave 90% intervals and probabilities to luck."""
SAME, BETTER, WORSE, NONE, OPEN = "same", "meaningful", "harm", "no meaningful", "uncertain"


@dataclass(frozen=True)
class Verdict:
    """Whether a scenario makes a meaningful difference to personal recovery.

    Attributes
    ----------
    name : str
        Scenario.
    kind : {'same', 'meaningful', 'harm', 'no meaningful', 'uncertain'}
        The answer.
    spread : Spread
        QPR difference from base at the end.
    reaches : Chance
        Probability that the expected difference reaches the minimum important difference.
    below_zero : Chance
        Probability that people fare worse at all.
    harm : Chance
        Probability of a difference as important, to the worse.
    """

    name: str
    kind: str
    spread: Spread
    reaches: Chance
    below_zero: Chance
    harm: Chance


def verdict_on(comparison: Comparison, name: str) -> Verdict:
    """Return the verdict on a scenario.

    Probably meaningful: the minimum important difference is reached in half of the draws or more.
    Probably not: both it and its harmful mirror image in fewer than one in twenty, and in enough
    draws that more than half of all possible ones would have shown.
    """
    values = comparison.difference(name, QPR)
    reaches = chance_at_least(values, IMPORTANT)
    harm = chance_below(values, -IMPORTANT, or_equal=True)
    if np.all(values == 0.0):
        kind = SAME
    elif reaches.share >= LIKELY:
        kind = BETTER
    elif harm.share >= LIKELY:
        kind = WORSE
    elif max(reaches.share, harm.share) < UNLIKELY and max(reaches.high, harm.high) < LIKELY:
        kind = NONE
    else:
        kind = OPEN
    below_zero = chance_below(values, 0.0)
    return Verdict(name, kind, spread_of(values), reaches, below_zero, harm)


def averaged_text(comparison: Comparison) -> str:
    """Return which teams and people the differences are means over."""
    covered, teams = comparison.prepared.covered, int(comparison.prepared.covered.teams.sum())
    all_teams = len(comparison.question.roster.rows)
    which = "all teams of the roster" if teams == all_teams else f"{teams} of {all_teams} teams"
    return (
        f"{which}, those that any of the scenarios would treat, with {covered.people:,.0f} people "
        "on their books. Differences are means over these people, whether or not their own team "
        "was trained"
    )


def few_draws_text(comparison: Comparison) -> str:
    """Return a warning where draws, or with one draw replications, are few; empty otherwise."""
    draws, replications = comparison.worlds.scores.shape[1:3]
    count, of = (replications, "replications") if draws == 1 else (draws, "draws")
    if count >= FEW:
        return ""
    option = "--replications" if draws == 1 else "--draws"
    return (
        f"Only {count} {of if count != 1 else of[:-1]}: too few for a 90% interval or a "
        f"probability. For an answer to act on take {option} 100 or more"
        + (
            ", and --draws 100 or more for what is not known about the parameters."
            if draws == 1
            else "."
        )
    )


def chance_text(chance: Chance, with_error: bool = True) -> str:
    """Return a probability with its Monte Carlo error in words."""
    text = percent(chance.share)
    if not with_error:
        return text
    return (
        f"{text} of {chance.of} (Monte Carlo 95%: {percent(chance.low)} to {percent(chance.high)})"
    )


def signed(value: float) -> str:
    """Return a number with its sign and two decimals; what rounds to nought has none."""
    if value != value:
        return "none"
    text = f"{value:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text


def percent(share: float) -> str:
    """Return a share as a percentage, with a decimal where it is small."""
    shown = 100.0 * share
    return f"{shown:.1f}%" if 0.0 < shown < 10.0 else f"{shown:.0f}%"


def time_text(weeks: int) -> str:
    """Return a number of weeks as years, where they are whole, or weeks."""
    if weeks % 52 == 0:
        years = weeks // 52
        return f"{years} year{'' if years == 1 else 's'}"
    return f"{weeks} weeks"


def sentence_on(comparison: Comparison, verdict: Verdict) -> str:
    """Return one sentence on a scenario that can say that nothing much changes."""
    base = comparison.question.base
    when = time_text(comparison.question.weeks)
    spread = verdict.spread
    if verdict.kind == SAME:
        return (
            f"{verdict.name} is the same as {base} in every simulated world: difference exactly 0."
        )
    ranged = (
        f"90%: {signed(spread.low)} to {signed(spread.high)}, parameter uncertainty"
        if len(spread.expected) > 1
        else f"90% of single runs: {signed(spread.world_low)} to {signed(spread.world_high)}, "
        "chance only"
    )
    changed = (
        f"{verdict.name} changes personal recovery (QPR-15, 0-60) by {signed(spread.mean)} points "
        f"after {when} compared with {base} ({ranged})"
    )
    reached = chance_text(verdict.reaches)
    verb = "was reached in" if verdict.reaches.of == "replications" else "is reached in"
    judged = {
        BETTER: "This strategy probably makes a meaningful difference",
        WORSE: "This strategy probably does harm",
        NONE: "This strategy probably makes no meaningful difference",
        OPEN: "Whether this strategy makes a meaningful difference is uncertain",
    }[verdict.kind]
    return (
        f"{changed}. {judged}: the minimum important difference of {IMPORTANT:g} points {verb} "
        f"{reached}."
    )


def overall_sentence(comparison: Comparison) -> str:
    """Return the one sentence at the top: on the only scenario, or counting over several."""
    verdicts = [verdict_on(comparison, name) for name in comparison.others]
    if len(verdicts) == 1:
        return sentence_on(comparison, verdicts[0])
    counts = {kind: [one.name for one in verdicts if one.kind == kind] for kind in KINDS}
    base, when = comparison.question.base, time_text(comparison.question.weeks)
    best = max(verdicts, key=lambda one: one.spread.mean)
    parts = [
        f"{words} under {_listed(counts[kind])}" for kind, words in KINDS.items() if counts[kind]
    ]
    return (
        f"Compared with {base}, after {when}: {'; '.join(parts)}. The largest expected change of "
        f"personal recovery (QPR-15, 0-60) is {signed(best.spread.mean)} points, under "
        f"{best.name}; {IMPORTANT:g} is the minimum important difference."
    )


KINDS = {
    BETTER: "probably a meaningful difference",
    OPEN: "uncertain whether there is a meaningful difference",
    NONE: "probably no meaningful difference",
    WORSE: "probably harm",
    SAME: "no difference at all",
}


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
