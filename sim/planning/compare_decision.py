"""The decision that a comparison of strategies leads to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np

from sim.planning.comparison import Comparison
from sim.planning.decision import (
    ADOPTION,
    PRACTICE,
    REACH,
    RECOVERY,
    RELATIONSHIP,
    SUPPORT,
    Cell,
    Decision,
    Start,
    Strategy,
    cell_of,
    choice_sentence,
    grades_sentence,
    instead_sentences,
    place_words,
    question_words,
    sure_word,
    worth_sentence,
)
from sim.planning.drivers import drivers_of, noise_level, varied
from sim.planning.outcomes import QPR
from sim.planning.packages import funded_weeks
from sim.planning.plain_numbers import chance, first_in, points, pounds, span
from sim.planning.ranking import (
    AIMS,
    COST_POINT,
    Aim,
    Ranking,
    aim_of,
    expected_of,
    frontier_of,
    gains,
    rankings_of,
)
from sim.planning.uncertainty import chance_of, spread_of
from sim.planning.verdicts import (
    counted,
    covers_text,
    extrapolated_text,
    few_draws_text,
    rests_text,
    time_text,
    verdict_on,
)
from sim.planning.vocabulary import FEW, IMPORTANT, chance_error, titles_of

if TYPE_CHECKING:
    from sim.planning.setting import Setting
    from sim.scenarios.schema import Scenario

TRIAL_WEEKS = 52
MOST_DEPENDS = 4
LONGEST_ABOUT = 140
LEVELS = {"hardly": 1, "about even": 2, "probably": 3, "likely": 4}


def decision_of(comparison: Comparison) -> Decision:
    """Return what a planner asked, what to choose, how sure, and what would change it."""
    question = comparison.question
    aim = aim_of(question.rank_by)
    rankings = rankings_of(comparison)
    own = rankings[aim.name]
    base = question.base
    titles = titles_of(comparison.question.scenarios)
    draws, _ = counted(comparison)
    strategies = [strategy_of(comparison, one, titles) for one in own.names if one != base]
    strategies += [
        strategy_of(comparison, one, titles)
        for one in comparison.others
        if one != base and one not in own.names
    ]
    if not strategies:
        strategies = [strategy_of(comparison, base, titles)]
    first = next(one for one in own.names if one != base or len(own.names) == 1)
    capacity, setting = question.setting.capacity, question.setting
    when, rows = time_text(question.weeks), question.roster.rows
    found = frontier_of(comparison)
    years = [
        (
            f"year {year + 1}",
            float(comparison.cost(first, "direct")[:, year].mean()),
            float(comparison.cost(first, "indirect")[:, year].mean()),
        )
        for year in range(comparison.years)
    ]
    covered = comparison.prepared.covered
    budget = capacity.budget_per_year
    sure = _sure(own, draws)
    return Decision(
        question=question_words(
            len(strategies),
            place_words(len(rows), len({row.trust for row in rows})),
            when,
            budget,
            capacity.trainers,
            titles[strategies[0].name],
        ),
        when=when,
        usual=titles[base],
        answer=answer_words(comparison, own, titles),
        points=tuple(_points(comparison, rankings, aim, first, titles)),
        sure=sure,
        sure_because=_sure_because(comparison, own, strategies, titles, draws),
        # Of the same choice as the word, which usual care may be.
        level=LEVELS.get(sure.lower(), 0),
        changes=tuple(_changes(comparison, rankings, aim, first, titles, draws)),
        splits=tuple(_splits(comparison, titles)),
        extrapolated=extrapolated_text(comparison),
        strategies=tuple(strategies),
        rankings=(own, *(rankings[one.name] for one in AIMS if one.name != aim.name)),
        frontier=tuple(found),
        now=_now(comparison),
        people=round(covered.people),
        teams=len(rows),
        budget=None if budget is None else budget * comparison.years,
        years=tuple(years),
        yearly=budget,
        over=tuple(_over(comparison, first, budget, draws)),
        starts=tuple(_starts(comparison, first)),
        start_note=_start_note(comparison, first),
        dates=quarters(setting, question.weeks),
        weeks=question.weeks,
        draws=len(question.chosen.draws),
        runs=question.replications,
        price_year=str(question.prices.price_year),
        covers=covers_text(comparison),
        warnings=tuple(one for one in (few_draws_text(comparison),) if one),
        depends=tuple(_depends(comparison, own, first)),
        titles=titles,
        basis=rests_text(comparison),
    )


def about_words(scenario: Scenario) -> str:
    """Return the first sentence of what is done, up to a colon; cut at a word where it is long."""
    text = scenario.description.split(". ")[0].split(": ")[0].rstrip(".")
    if len(text) > LONGEST_ABOUT:
        return f"{text[:LONGEST_ABOUT].rsplit(' ', 1)[0].rstrip(',;:')} ..."
    return f"{text}."


def strategy_of(comparison: Comparison, name: str, titles: Mapping[str, str]) -> Strategy:
    """Return a strategy's chain and cost."""
    scenario = comparison.scenario(name)
    return Strategy(
        name=name,
        title=titles[name],
        about=about_words(scenario),
        grade=scenario.grade,
        teams=_treated(comparison, name),
        cells={
            REACH: _spread_cell(gains(comparison, name, "reach")),
            ADOPTION: _spread_cell(100.0 * comparison.level(name, "adoption")),
            PRACTICE: _spread_cell(gains(comparison, name, "practice")),
            SUPPORT: _spread_cell(comparison.difference(name, "inspire_support")),
            RELATIONSHIP: _spread_cell(comparison.difference(name, "inspire_relationship")),
            RECOVERY: _spread_cell(comparison.difference(name, QPR)),
        },
        cash=cell_of(comparison.cost(name, "direct").sum(axis=1)),
        time=cell_of(comparison.cost(name, "indirect").sum(axis=1)),
    )


def _spread_cell(values: np.ndarray) -> Cell:
    spread = spread_of(values)
    if len(values) == 1:
        return Cell(spread.mean, spread.world_low, spread.world_high)
    return Cell(spread.mean, spread.low, spread.high)


def _treated(comparison: Comparison, name: str) -> int:
    starts = comparison.prepared.starts[comparison.names.index(name)]
    return int((starts.given >= 0).sum())


def _now(comparison: Comparison) -> dict[str, float]:
    base = comparison.question.base
    return {
        PRACTICE: 100.0 * float(comparison.level(base, "fidelity").mean()),
        SUPPORT: float(comparison.level(base, "inspire_support").mean()),
        RELATIONSHIP: float(comparison.level(base, "inspire_relationship").mean()),
        RECOVERY: float(comparison.level(base, QPR).mean()),
    }


def answer_words(comparison: Comparison, ranking: Ranking, titles: Mapping[str, str]) -> str:
    """Return the short answer: what to choose, and what it does to recovery."""
    base = comparison.question.base
    others = [one for one in ranking.names if one != base]
    if not others:
        return "Nothing is compared."
    words = verdict_on(comparison, others[0]).judgement.words
    told = f"{titles[others[0]]}, on recovery of all people on the books: {words}."
    if counted(comparison)[0] < FEW:
        return f"A first impression: too few simulations to choose by. {told}"
    if len(ranking.names) < 2:
        return told
    if ranking.names[0] == others[0]:
        told = f"What the first does for the average person on the books: {words}."
    return f"{choice_sentence(ranking, titles, base)} {told}"


def _points(
    comparison: Comparison,
    rankings: Mapping[str, Ranking],
    aim: Aim,
    first: str,
    titles: Mapping[str, str],
) -> list[tuple[str, str]]:
    draws, _ = counted(comparison)
    question, covered = comparison.question, comparison.prepared.covered
    spread = spread_of(comparison.difference(first, QPR))
    told = [
        (
            f"{titles[first]}:",
            f"recovery {points(spread.mean)} QPR-15 points ({_range(spread.low, spread.high)}) a "
            f"person, spread over all {covered.people:,.0f} people on the books; {IMPORTANT:g} is "
            "the smallest change that matters.",
        )
    ]
    starts = comparison.prepared.starts[comparison.names.index(first)]
    shared = comparison.prepared.shared_out[comparison.names.index(first)]
    treated = covered.caseload[starts.given >= 0].sum()
    if not shared and 0 < treated < 0.98 * covered.people:
        share = covered.people / treated
        told.append(
            (
                "Where it is felt:",
                f"{_treated(comparison, first)} of {len(question.roster.rows)} teams start. If all "
                f"of it is felt by their {treated:,.0f} people, it is {points(spread.mean * share)}"
                f" ({_range(spread.low * share, spread.high * share)}) a person there.",
            )
        )
    if why := verdict_on(comparison, first).judgement.why_not_told:
        told.append(("Why it cannot be told:", why))
    cost = rankings[COST_POINT]
    if first in cost.names:
        value = cost.means[cost.at(first)]
        direct = comparison.cost(first, "direct").sum(axis=1).mean()
        indirect = comparison.cost(first, "indirect").sum(axis=1).mean()
        worth = (
            " Against usual care it pays where a point of recovery for one person is worth "
            f"{pounds(value)} or more; nobody has settled what one is worth."
            if value == value
            else " It gains no recovery on the mean, so that no price of a point makes it pay."
        )
        told.append(
            (
                "Money:",
                f"{pounds(float(direct), True)} cash and {pounds(float(indirect), True)} of staff "
                f"time over {time_text(question.weeks)}.{worth}",
            )
        )
    if draws < FEW:
        return told[:1]
    return told


def _range(low: float, high: float) -> str:
    return f"9 in 10: {span(low, high)}" if low == low else "no range"


def _sure(ranking: Ranking, draws: int) -> str:
    if draws < FEW:
        return "Not known"
    word = sure_word(ranking.best[0], len(ranking.tied) > 1)
    return f"{word[0].upper()}{word[1:]}"


def _sure_because(
    comparison: Comparison,
    ranking: Ranking,
    strategies: list[Strategy],
    titles: Mapping[str, str],
    draws: int,
) -> str:
    share = ranking.best[0]
    error = chance_error(chance_of(np.arange(draws) < round(share * draws), "draws"), draws)
    told = []
    if len(ranking.names) > 1:
        told.append(
            f"{titles[ranking.names[0]]} comes first in {first_in(share, draws)} ways "
            f"things may work (give or take {max(1.0, 100.0 * error):.0f} in 100)."
        )
    told.append(grades_sentence(strategies))
    chosen = comparison.question.chosen
    if chosen.source != "posterior":
        told.append(f"Parameters: {chosen.source}, not fitted to any trial.")
    told.append("The trial's own result fits anything from −1.7 to +3.1 points.")
    if comparison.question.weeks > TRIAL_WEEKS:
        told.append("Nobody has measured year 2.")
    return " ".join(one for one in told if one)


def _changes(
    comparison: Comparison,
    rankings: Mapping[str, Ranking],
    aim: Aim,
    first: str,
    titles: Mapping[str, str],
    draws: int,
) -> list[str]:
    others = (rankings[one.name] for one in AIMS if one.name != aim.name)
    told = instead_sentences(others, first, titles)
    told.append(worth_sentence(frontier_of(comparison), titles))
    own = rankings[aim.name]
    if len(own.names) > 1:
        second = own.names[1] if own.names[0] == first else own.names[0]
        deciding = _deciding(comparison, aim, first, second)
        if deciding:
            told.append(f"If {deciding}, it speaks for {titles[second]}.")
    return told


def _deciding(comparison: Comparison, aim: Aim, first: str, second: str) -> str:
    """Return which parameter decides between two strategies most; empty if none beyond chance."""
    from sim.planning.compare_tables import label_of

    if aim.less or len(comparison.question.chosen.draws) < 2:
        return ""
    inputs = varied(comparison.question.chosen.draws)
    apart = expected_of(gains(comparison, first, aim.name) - gains(comparison, second, aim.name))
    found = drivers_of(apart, inputs)
    if not found or abs(found[0].correlation) <= noise_level(len(apart), len(inputs)):
        return ""
    label = label_of(comparison, found[0].name)
    way = "lower" if found[0].correlation > 0.0 else "higher"
    return f"'{label}' ({_grade(found[0].name)}) is {way} than thought"


def _grade(name: str) -> str:
    from sim.parameters import registry

    return str(registry()[name].grade)


def _depends(comparison: Comparison, ranking: Ranking, first: str) -> list[tuple[str, float, bool]]:
    """Return what the first choice's gain depends on: label, rank correlation, beyond chance."""
    from sim.planning.compare_tables import label_of

    if len(comparison.question.chosen.draws) < 2:
        return []
    inputs = varied(comparison.question.chosen.draws)
    name = RECOVERY if ranking.aim.less else ranking.aim.name
    found = drivers_of(expected_of(gains(comparison, first, name)), inputs)
    limit = noise_level(len(comparison.question.chosen.draws), len(inputs))
    return [
        (
            f"{label_of(comparison, one.name)} ({_grade(one.name)})",
            one.correlation,
            abs(one.correlation) > limit,
        )
        for one in found[:MOST_DEPENDS]
    ]


def _splits(comparison: Comparison, titles: Mapping[str, str]) -> list[str]:
    """Return what of each strategy is the programme and what is relief of the system."""
    told = []
    for name, alone in comparison.prepared.programmes().items():
        both = comparison.difference(name, QPR)
        part = comparison.programme_difference(name)
        whole, rest = spread_of(both), spread_of(both - part)
        also = f" ({titles[alone.name]})" if alone.name in titles else ""
        told.append(
            f"{titles[name]}: recovery {points(whole.mean)} in all. "
            f"{points(spread_of(part).mean)} of it is there without the relief{also}; "
            f"{points(rest.mean)} ({_range(rest.low, rest.high)}) is relief of the system, which "
            "is not part of REFOCUS."
        )
    return told


def _over(comparison: Comparison, name: str, budget: float | None, draws: int) -> list[str]:
    if budget is None or comparison.worlds.scores.shape[1] < 2:
        return []
    money = comparison.cost(name, "direct")
    return [
        f"{chance(float((money[:, year] > budget).mean()), draws)} in year {year + 1}"
        for year in range(comparison.years)
    ]


def _starts(comparison: Comparison, name: str) -> list[Start]:
    at = comparison.names.index(name)
    if comparison.prepared.shared_out[at]:
        return []
    scenario = comparison.scenario(name)
    given = comparison.prepared.starts[at].given
    return [
        Start(
            row.team,
            row.trust,
            int(week),
            funded_weeks(scenario),
            session_weeks(scenario, int(week)),
        )
        for row, week in zip(comparison.question.roster.rows, given, strict=True)
        if week >= 0
    ]


def session_weeks(scenario: Scenario, start: int) -> tuple[int, ...]:
    """Return the weeks of a team's training days, counted from the start of the time looked at."""
    before = start + scenario.readiness.preparation_weeks
    courses = (scenario.training.personal_recovery, scenario.training.coaching)
    return tuple(
        sorted({before + session.week - 1 for course in courses for session in course.sessions})
    )


def _start_note(comparison: Comparison, name: str) -> str:
    at = comparison.names.index(name)
    found = comparison.prepared.starts[at]
    wished = int((found.wished >= 0).sum())
    started = int((found.given >= 0).sum())
    late = int((found.waits > 0).sum())
    left = wished - started
    why = sorted({one.split(": ", 1)[-1] for one in found.reasons if one})
    told = f"{started} of {len(comparison.question.roster.rows)} teams start"
    if late:
        told += f", {late} of them later than wished"
    if left:
        told += f"; {left} do not start in this time"
    if why:
        told += f" ({'; '.join(why)})"
    if comparison.prepared.shared_out[at]:
        told += ". Which team starts when is found anew in every simulation"
    return f"{told}."


def quarters(setting: Setting, weeks: int) -> tuple[tuple[int, str], ...]:
    """Return weeks and labels of marks along the time looked at."""
    step = 26 if weeks <= 156 else 52
    marks = []
    for week in range(0, weeks + 1, step):
        day: date | None = setting.date_of(week)
        marks.append((week, f"week {week}" if day is None else f"{day:%b %Y}"))
    return tuple(marks)
