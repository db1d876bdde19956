"""What a comparison says in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sim.planning.comparison import IMPORTANT, Comparison
from sim.planning.outcomes import QPR
from sim.planning.uncertainty import Chance, Spread, chance_at_least, chance_below, spread_of
from sim.posterior.choose import DEFAULTS

LIKELY, UNLIKELY = 0.5, 0.05
FEW = 20
"""Fewer draws than this leave 90% intervals and probabilities to luck."""
SAME, BETTER, WORSE, NONE, OPEN = "same", "meaningful", "harm", "no meaningful", "uncertain"
UNTOLD = "too few"


@dataclass(frozen=True)
class Verdict:
    """Whether a scenario makes a meaningful difference to personal recovery.

    Attributes
    ----------
    name : str
        Scenario.
    kind : {'same', 'meaningful', 'harm', 'no meaningful', 'uncertain', 'too few'}
        The answer; 'too few' where draws are too few for one.
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
    draws that more than half of all possible ones would have shown. Fewer than `FEW` draws (with
    one draw: replications) give no verdict, unless nothing differs at all.
    """
    values = comparison.difference(name, QPR)
    reaches = chance_at_least(values, IMPORTANT)
    harm = chance_below(values, -IMPORTANT, or_equal=True)
    if np.all(values == 0.0):
        kind = SAME
    elif counted(comparison)[0] < FEW:
        kind = UNTOLD
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
    rows = comparison.question.roster.rows
    if teams == len(rows):
        which = "all teams of the roster, as some scenario would treat each of them,"
    else:
        left = [row for row, counts in zip(rows, covered.teams, strict=True) if not counts]
        control = sum(row.arm == "control" for row in left)
        why = "no scenario would treat the others"
        if control == len(left):
            why = "the others are control teams, which no scenario here would treat"
        which = f"{teams} of the {len(rows)} teams of the roster ({why}),"
    return (
        f"{which} with {covered.people:,.0f} people on their books. Differences are means over "
        "these people, whether or not their own team is trained in the end"
    )


def counted(comparison: Comparison) -> tuple[int, str]:
    """Return how many draws there are (with one draw: replications), and what they are."""
    draws, replications = comparison.worlds.scores.shape[1:3]
    return (replications, "replications") if draws == 1 else (draws, "draws")


def covers_text(comparison: Comparison) -> str:
    """Return what the intervals cover, in words."""
    chosen = comparison.question.chosen
    if len(chosen.draws) == 1:
        at = "their defaults" if chosen.source == DEFAULTS else "one draw"
        if comparison.question.replications == 1:
            return (
                f"none, as a single run with parameters at {at} shows neither chance nor parameter "
                "uncertainty"
            )
        return f"central 90% of single runs: replication noise only, parameters at {at}"
    of = chosen.named
    if comparison.question.replications == 1:
        return (
            f"central 90% of draws: parameter uncertainty ({of}) within this model and chance, not "
            "to be told apart with one replication"
        )
    return f"central 90% of draws: parameter uncertainty ({of}) within this model"


def columns_cover_text(comparison: Comparison) -> str:
    """Return what the two pairs of interval columns of a table cover, in words."""
    if min(len(comparison.question.chosen.draws), comparison.question.replications) == 1:
        return covers_text(comparison)
    return f"(parameters) {covers_text(comparison)}; (single run) that and replication noise"


def few_draws_text(comparison: Comparison) -> str:
    """Return a warning where draws, or with one draw replications, are few; empty otherwise."""
    count, of = counted(comparison)
    if count >= FEW:
        return ""
    only = f"Only {count} {of if count != 1 else of[:-1]}: too few for a 90% interval"
    if of == "draws":
        return f"{only} or a probability. For an answer to act on take --draws 100 or more."
    return (
        f"{only} or a probability. For an answer to act on take --replications 100 or more, and "
        "--draws 100 or more for what is not known about the parameters."
    )


def later_costs(comparison: Comparison) -> list[str]:
    """Return a sentence for every scenario with costs planned after the time looked at."""
    return [
        f"{name}: {money:,.0f} GBP of direct costs{' at most' if shared else ''} are committed "
        f"after the {comparison.question.weeks} weeks looked at. They are in no other figure "
        "here, and neither is what they would bring."
        for name, money, shared in zip(
            comparison.names,
            comparison.prepared.later,
            comparison.prepared.shared_out,
            strict=True,
        )
        if money >= 1.0
    ]


def overspending_text(name: str, chances: Sequence[Chance]) -> str:
    """Return how often direct costs of a scenario pass the yearly budget, year by year."""
    years = "; ".join(
        f"year {year}: {chance_text(chance)}" for year, chance in enumerate(chances, start=1)
    )
    return f"{name}: direct costs are above the yearly budget in {years}."


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
    changed = (
        f"{verdict.name} changes personal recovery (QPR-15, 0-60) by {signed(spread.mean)} points "
        f"after {when} compared with {base} ({_ranged(comparison, spread)})"
    )
    reached = chance_text(verdict.reaches)
    verb = "was reached in" if verdict.reaches.of == "replications" else "is reached in"
    judged = {
        BETTER: "This strategy probably makes a meaningful difference",
        WORSE: "This strategy probably does harm",
        NONE: "This strategy probably makes no meaningful difference",
        OPEN: "Whether this strategy makes a meaningful difference is uncertain",
        UNTOLD: "These are too few runs to judge whether that is a meaningful difference",
    }[verdict.kind]
    if len(spread.expected) == 1 and verdict.kind != UNTOLD:
        judged = f"At this one set of parameter values: {judged[0].lower()}{judged[1:]}"
    return (
        f"{changed}. {judged}: the minimum important difference of {IMPORTANT:g} points {verb} "
        f"{reached}."
    )


def _ranged(comparison: Comparison, spread: Spread) -> str:
    """Return an interval with what it covers, or why there is none."""
    count, of = counted(comparison)
    some = f" of only {count} {of}" if count < FEW else ""
    if of == "replications":
        if count == 1:
            return "a single run: no interval"
        limits = f"{signed(spread.world_low)} to {signed(spread.world_high)}"
        return f"90%{some or ' of single runs'}: {limits}, chance only"
    if spread.low != spread.low:
        return "no interval: draws differ no more than by chance"
    also = " and chance" if comparison.question.replications == 1 else ""
    limits = f"{signed(spread.low)} to {signed(spread.high)}"
    return f"90%{some}: {limits}, parameter uncertainty{also}"


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
    UNTOLD: "too few runs to judge the difference",
}


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
