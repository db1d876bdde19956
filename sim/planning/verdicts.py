"""What a comparison says in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sim.planning.comparison import Comparison
from sim.planning.outcomes import QPR
from sim.planning.plain_numbers import listed, points, span
from sim.planning.uncertainty import Chance, Spread, spread_of
from sim.planning.vocabulary import (
    FEW,
    IMPORTANT,
    SAME,
    UNTOLD,
    Chances,
    Judgement,
    chances_text,
    extrapolated,
    judged,
    other_evidence,
    other_text,
    percent,
    rests_on,
)
from sim.posterior.choose import DEFAULTS


@dataclass(frozen=True)
class Verdict:
    """What a scenario does to personal recovery, in the words of `sim.planning.vocabulary`."""

    name: str  # Scenario
    spread: Spread  # QPR difference from base at the end
    judgement: Judgement  # Kind, chances, and what other priors say

    @property
    def kind(self) -> str:
        """The kind of the verdict."""
        return self.judgement.kind

    @property
    def chances(self) -> Chances:
        """Chances of harm, of benefit and of each threshold."""
        return self.judgement.chances

    @property
    def reaches(self) -> Chance:
        """Chance of the minimum important difference."""
        return self.judgement.chances.important


def verdict_on(comparison: Comparison, name: str) -> Verdict:
    """Return the verdict on a scenario."""
    values = comparison.difference(name, QPR)
    other = other_evidence(comparison.question.chosen)
    return Verdict(name, spread_of(values), judged(values, other))


def rests_text(comparison: Comparison) -> str:
    """Return whether the comparison rests on trials or on assumptions, in a sentence."""
    others = [comparison.scenario(name) for name in comparison.others]
    return rests_on(comparison.question.chosen, others, comparison.question.weeks)


def extrapolated_text(comparison: Comparison) -> str:
    """Return what of the comparison no trial saw, in a sentence."""
    others = [comparison.scenario(name) for name in comparison.others]
    question = comparison.question
    return extrapolated(question.chosen, others, question.weeks, question.roster)


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
            comparison.names, comparison.prepared.later, comparison.prepared.shared_out, strict=True
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


def time_text(weeks: int) -> str:
    """Return a number of weeks as years, where they are whole, or weeks."""
    if weeks % 52 == 0:
        years = weeks // 52
        return f"{years} year{'' if years == 1 else 's'}"
    return f"{weeks} weeks"


def sentence_on(comparison: Comparison, verdict: Verdict) -> str:
    """Return in a few sentences what a scenario changes, and with which chances."""
    base = comparison.question.base
    when = time_text(comparison.question.weeks)
    spread = verdict.spread
    if verdict.kind == SAME:
        return (
            f"{verdict.name} is the same as {base} in every simulated world: difference exactly 0."
        )
    words = verdict.judgement.words
    if len(spread.expected) == 1 and verdict.kind != UNTOLD:
        words = f"at this one set of parameter values {words}"
    parts = [
        f"{verdict.name}: {words}. Personal recovery (QPR-15, 0-60) changes by "
        f"{points(spread.mean)} points after {when} compared with {base} "
        f"({_ranged(comparison, spread)}).",
        f"{chances_text(verdict.chances, counted(comparison)[0])}.",
        verdict.judgement.why_not_told,
        other_text(verdict.judgement),
    ]
    return " ".join(filter(None, parts))


def _ranged(comparison: Comparison, spread: Spread) -> str:
    """Return an interval with what it covers, or why there is none."""
    count, of = counted(comparison)
    some = f" of only {count} {of}" if count < FEW else ""
    if of == "replications":
        if count == 1:
            return "a single run: no interval"
        limits = span(spread.world_low, spread.world_high)
        return f"90%{some or ' of single runs'}: {limits}, chance only"
    if spread.low != spread.low:
        return "no interval: draws differ no more than by chance"
    also = " and chance" if comparison.question.replications == 1 else ""
    limits = span(spread.low, spread.high)
    return f"90%{some}: {limits}, parameter uncertainty{also}"


def overall_sentence(comparison: Comparison) -> str:
    """Return the one sentence at the top: on the only scenario, or counting over several."""
    verdicts = [verdict_on(comparison, name) for name in comparison.others]
    if len(verdicts) == 1:
        return sentence_on(comparison, verdicts[0])
    words = dict.fromkeys(one.judgement.words for one in verdicts)
    base, when = comparison.question.base, time_text(comparison.question.weeks)
    best = max(verdicts, key=lambda one: one.spread.mean)
    parts = [
        f"{one} under {listed([each.name for each in verdicts if each.judgement.words == one])}"
        for one in words
    ]
    return (
        f"Compared with {base}, after {when}: {'; '.join(parts)}. The largest expected change of "
        f"personal recovery (QPR-15, 0-60) is {points(best.spread.mean)} points, under "
        f"{best.name}; {IMPORTANT:g} is the minimum important difference."
    )
