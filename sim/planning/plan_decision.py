"""The decision that a search for a rollout leads to: the plan to take, beside simple rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from sim.parameters import registry
from sim.planning.compare_decision import LEVELS, MOST_DEPENDS, quarters, session_weeks
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
    grades_sentence,
    instead_sentences,
    place_words,
    question_words,
    sure_word,
    worth_sentence,
)
from sim.planning.packages import NOTHING, OUTCOMES, funded_weeks
from sim.planning.plain_numbers import (
    chance,
    counted,
    first_in,
    listed,
    points,
    pounds,
    span,
    true_minus,
)
from sim.planning.plan_knowing import choice_drivers, gain_drivers, second
from sim.planning.plan_study import (
    FEWEST_FRESH,
    MOST_USERS,
    READINESS,
    USUAL_FOR_ALL,
    PlanOutcome,
    PlanQuestion,
    Score,
)
from sim.planning.plan_text import extrapolated_text, rests_text
from sim.planning.ranking import (
    AIMS,
    COST_POINT,
    Aim,
    Efficient,
    Ranking,
    frontier,
    ranked,
    ranked_by_cost,
)
from sim.planning.resources import by_year
from sim.planning.rollout import NO_FURTHER
from sim.planning.verdicts import time_text
from sim.planning.vocabulary import IMPORTANT, titles_of
from sim.scenarios.split import split_text

if TYPE_CHECKING:
    from collections.abc import Mapping

SEARCH = "Found by the search"
MOST_PLANS = 6
ORDERS = {
    "roster order": "teams as listed",
    READINESS: "readiest teams first",
    MOST_USERS: "teams with most people a worker first",
    "random order": "teams by lot",
}
POINT_YEARS = Aim("point-years", "Recovery over the time", "QPR-15 point-years a person", 0.02)
WEIGHTED = Aim("equity", "Recovery, weighted", "QPR-15 point-years, people weighted", 0.02)


def plan_decision(outcome: PlanOutcome) -> Decision:
    """Return what a planner asked, which plan to take, how sure, and what would change it."""
    question = outcome.question
    titles = plan_titles(outcome)
    rankings = _rankings(outcome)
    own = rankings[0]
    recommended = outcome.recommended
    shown = _shown(outcome, own)
    strategies = tuple(_strategy(outcome, one, titles) for one in shown)
    rows = [
        row
        for row, first in zip(question.roster.rows, question.earliest, strict=True)
        if first >= 0
    ]
    when = time_text(question.weeks)
    found = _frontier(outcome)
    name = recommended.plan.name
    share = own.best[own.at(name)]
    told = outcome.fresh >= FEWEST_FRESH
    word = sure_word(share, len(outcome.tied) > 1)
    yearly = question.capacity.budget_per_year
    return Decision(
        question=question_words(
            2,
            place_words(len(rows), len({row.trust for row in rows})),
            looked_at(question),
            yearly,
            question.capacity.trainers,
        ),
        when=when,
        usual="usual care",
        answer=_answer(outcome, own, titles),
        points=tuple(_points(outcome, titles, rankings)),
        sure=f"{word[0].upper()}{word[1:]}" if told else "Not known",
        sure_because=" ".join(
            [
                f"{titles[name]} comes first in {first_in(share, outcome.fresh)} "
                "ways things may work that the search never saw.",
                grades_sentence(strategies),
                "The trial's own result fits anything from −1.7 to +3.1 points.",
                *(["Nobody has measured year 2."] if question.weeks > 52 else []),
            ]
        ),
        level=LEVELS[word] if told else 0,
        changes=tuple(_changes(outcome, rankings, found, titles)),
        splits=_splits(outcome, shown),
        strategies=strategies,
        rankings=rankings,
        frontier=tuple(found),
        now={},
        people=sum(row.caseload for row in rows),
        teams=len(rows),
        budget=None if yearly is None else outcome.offer.whole_budget,
        years=tuple(
            (f"year {year}", float(cash), float(time))
            for year, (cash, time) in enumerate(_by_year(outcome, recommended), 1)
        ),
        yearly=yearly,
        over=(),
        starts=tuple(_starts(outcome)),
        start_note=(
            f"{recommended.teams} of {len(rows)} teams start; the others go on as usual. Cash as "
            "planned: everybody attends."
        ),
        dates=quarters(question.setting, question.weeks),
        weeks=question.weeks,
        draws=outcome.fresh,
        runs=1,
        price_year=str(question.prices.price_year),
        covers=f"central 90% of fresh draws, with chance; covers {question.covers}",
        warnings=() if told else ("Too few draws to choose by: a first impression.",),
        titles=titles,
        first_name=name,
        basis=rests_text(outcome),
        extrapolated=extrapolated_text(outcome),
        cost_covers="cash as planned, to the end of what is funded",
        own_tags=_tags(outcome) if told else {},
        depends=tuple(_depends(outcome)),
        chance=", with the chance of a rollout",
    )


def looked_at(question: PlanQuestion) -> str:
    """Return the time that the plan is for: what is left of it where something is under way."""
    when = time_text(question.weeks)
    if question.under_way is None:
        return when
    return f"the {time_text(question.weeks - question.under_way.gone)} that are left of {when}"


def plan_titles(outcome: PlanOutcome) -> dict[str, str]:
    """Return the title of every plan: rules with titles of packages, not names of files."""
    packages = titles_of(outcome.question.packages)
    found = {}
    for score in outcome.scores:
        name = score.plan.name
        if name == "search":
            found[name] = SEARCH
        elif name == USUAL_FOR_ALL:
            found[name] = "Usual care for all"
        elif name == NO_FURTHER:
            found[name] = "No further team: what has started goes on"
        else:
            rule, _, package = name.partition(", ")
            text = f"{packages.get(package, package)} ({ORDERS.get(rule, rule)})"
            found[name] = text
    return found


def _planned(outcome: PlanOutcome, column: str = "caseload") -> np.ndarray:
    """Return a column of the roster; 0 for teams that are not planned for."""
    question = outcome.question
    found = np.array([getattr(row, column) for row in question.roster.rows], float)
    return np.where(question.earliest >= 0, found, 0.0)


def _means(outcome: PlanOutcome, name: str) -> np.ndarray:
    """Return an outcome over the teams planned for, shape (plans, draws)."""
    weight = _planned(outcome, "staff" if name in ("practice", "adoption") else "caseload")
    return np.asarray(outcome.outcomes[..., OUTCOMES.index(name)] @ weight / weight.sum())


def _rankings(outcome: PlanOutcome) -> tuple[Ranking, ...]:
    objective = outcome.question.objective
    choices = outcome.choices
    scores = [outcome.scores[at] for at in choices]
    names = [one.plan.name for one in scores]
    by_name = {one.name: one for one in AIMS}
    values = {
        by_name[REACH]: 100.0 * _means(outcome, "reach"),
        by_name[PRACTICE]: 100.0 * _means(outcome, "practice"),
        by_name[SUPPORT]: _means(outcome, "inspire_support"),
        by_name[RECOVERY]: _means(outcome, "qpr15"),
        POINT_YEARS: _means(outcome, "qpr_years"),
    }
    if objective == "equity":
        values[WEIGHTED] = outcome.worth
    first = {
        "qpr": POINT_YEARS,
        "equity": WEIGHTED,
        "qpr-at-end": by_name[RECOVERY],
        "reach": by_name[REACH],
        "practice": by_name[PRACTICE],
    }[objective]
    order = [first, *(one for one in values if one != first)]
    values = {one: each[choices] for one, each in values.items()}
    found = [ranked(one, names, values[one][..., None]) for one in order]
    treated = [at for at, one in enumerate(scores) if one.teams]
    if treated:
        money = np.array([scores[at].committed for at in treated], float)
        gained = values[by_name[RECOVERY]][treated] * _planned(outcome).sum()
        found.append(
            ranked_by_cost(
                by_name[COST_POINT],
                [names[at] for at in treated],
                np.repeat(money[:, None], gained.shape[1], axis=1),
                gained,
            )
        )
    return tuple(found)


def _shown(outcome: PlanOutcome, own: Ranking) -> list[Score]:
    """Return the plans on the page: the one to take first, the search's, then the best rules."""
    by_name = {one.plan.name: one for one in outcome.scores}
    search = outcome.twin or outcome.search
    names = [outcome.recommended.plan.name, search.plan.name, *own.names]
    kept = [one for one in dict.fromkeys(names) if by_name[one].teams][:MOST_PLANS]
    return [by_name[one] for one in kept] or [outcome.recommended]


def _strategy(outcome: PlanOutcome, score: Score, titles: Mapping[str, str]) -> Strategy:
    at = next(number for number, one in enumerate(outcome.scores) if one is score)

    def cell(name: str, scale: float = 1.0) -> Cell:
        return cell_of(scale * _means(outcome, name)[at])

    packages = outcome.question.packages
    counts = [(one, int((score.plan.package == at).sum())) for at, one in enumerate(packages)]
    used = [(one, count) for one, count in counts if count]
    grades = {one.grade for one, _ in used}
    grade = next((one for one in ("assumption", "literature") if one in grades), "trial")
    named = titles_of(packages)
    about = listed([f"{count} {named[one.name]}" for one, count in used])
    staff = staff_time(outcome, score)
    with_time = outcome.question.setting.conditions.staff_time
    cash = float(score.cost.sum()) - (staff if with_time else 0.0)
    return Strategy(
        name=score.plan.name,
        title=titles[score.plan.name],
        about=f"{about}." if about else "Nobody gets a package.",
        grade=grade,
        teams=score.teams,
        cells={
            REACH: cell("reach", 100.0),
            ADOPTION: cell("adoption", 100.0),
            PRACTICE: cell("practice", 100.0),
            SUPPORT: cell("inspire_support"),
            RELATIONSHIP: cell("inspire_relationship"),
            RECOVERY: cell("qpr15"),
        },
        cash=Cell(cash, float("nan"), float("nan")),
        time=Cell(staff, float("nan"), float("nan")),
    )


def _splits(outcome: PlanOutcome, shown: list[Score]) -> tuple[str, ...]:
    """Return what of packages that relieve the service is no part of REFOCUS."""
    used = {int(one) for score in shown for one in np.unique(score.plan.package)} - {NOTHING}
    told = [split_text(outcome.question.packages[one]) for one in sorted(used)]
    return tuple(true_minus(one) for one in told if one)


def _tags(outcome: PlanOutcome) -> dict[str, str]:
    """Return what marks each plan: the one to take, and those that are a tie with it."""
    taken = outcome.recommended.plan.name
    tied = outcome.tied if taken in outcome.tied else ()
    return dict.fromkeys(tied, "Tie") | {taken: "First" if len(tied) < 2 else "Take this"}


def _by_year(outcome: PlanOutcome, score: Score) -> list[tuple[float, float]]:
    """Return planned cash and staff time of each year of the time looked at, GBP."""
    offer, plan = outcome.offer, score.plan
    weekly = np.zeros(offer.weeks)
    for at in np.flatnonzero(plan.package != NOTHING):
        start = int(plan.start[at])
        weekly[start:] += offer.time[plan.package[at], at, : offer.weeks - start]
    time = by_year(weekly)
    cash = score.cost - time if outcome.question.setting.conditions.staff_time else score.cost
    return list(zip(cash.tolist(), time.tolist(), strict=True))


def staff_time(outcome: PlanOutcome, score: Score) -> float:
    """Return the planned staff time of a plan within the time looked at, GBP."""
    plan = score.plan
    return sum(
        outcome.offer.staff_time(int(plan.package[at]), int(at), int(plan.start[at]))
        for at in np.flatnonzero(plan.package != NOTHING)
    )


def _answer(outcome: PlanOutcome, own: Ranking, titles: Mapping[str, str]) -> str:
    recommended = outcome.recommended
    title = titles[recommended.plan.name]
    if outcome.fresh < FEWEST_FRESH:
        return f"A first impression, too few draws to choose by: {title}."
    if not recommended.teams:
        return "Go on as usual: no plan is told to be better than usual care."
    under_way = outcome.question.under_way
    begun = 0 if under_way is None else len(under_way.begun)
    if recommended.teams == begun:
        return "Go on with what has started: no plan is told to be better with a further team."
    # What has started keeps what it has: the plan is for the others.
    teams = counted(recommended.teams - begun, "further team" if begun else "team")
    if outcome.beats:
        # Another rule may differ by more than its mean tells.
        beaten = "every simple rule" if len(outcome.tied) < 2 else "the best simple rule"
        return (
            f"Take the plan that the search found, for {teams}: on "
            f"average it beats {beaten} on {own.aim.title.lower()}."
        )
    tie = f": it does best on {own.aim.title.lower()}"
    if len(outcome.tied) > 1:
        costs = {round(one.committed) for one in outcome.scores if one.plan.name in outcome.tied}
        # The search's plan may cost less, and is not taken: a rule is easier to explain.
        rule = " rule" if outcome.search.plan.name in outcome.tied else ""
        word = f"the cheapest{rule}" if len(costs) > 1 else "one"
        tie = f", {word} of {len(outcome.tied)} plans that are a tie on {own.aim.title.lower()}"
    adds = "comes to the same plan" if outcome.twin is recommended else "is not told to do better"
    return f"Take {title}, for {teams}{tie}. The search {adds}."


def _points(
    outcome: PlanOutcome, titles: Mapping[str, str], rankings: tuple[Ranking, ...]
) -> list[tuple[str, str]]:
    recommended = outcome.recommended
    told = []
    effect = outcome.effect
    if effect is not None:
        spread = effect.spread
        limits = "no range" if np.isnan(spread.low) else f"9 in 10: {span(spread.low, spread.high)}"
        teams = int((_planned(outcome) > 0.0).sum())
        number = next(at for at, one in enumerate(outcome.scores) if one is recommended)
        over_all = (
            f" ({points(_means(outcome, 'qpr15')[number].mean())} over all {teams}, as the table "
            "has it)"
            if recommended.teams < teams
            else ""
        )
        told.append(
            (
                "In the teams that start:",
                f"recovery {points(spread.mean)} QPR-15 points ({limits}) a person after "
                f"{time_text(outcome.question.weeks)}{over_all}; {IMPORTANT:g} is the smallest "
                f"change that matters, reached in "
                f"{chance(effect.judgement.chances.important.share, outcome.fresh)}.",
            )
        )
    near = [titles[one] for one in outcome.tied if one not in (recommended.plan.name, "")]
    if near and outcome.fresh >= FEWEST_FRESH:
        told.append(("Just as good, as far as can be told:", f"{listed(near[:5])}."))
    same = outcome.twin is outcome.best_rule
    if outcome.search.teams and outcome.fresh >= FEWEST_FRESH and not same:
        told.append(
            (
                "Search less best simple rule:",
                f"{points(outcome.gain, 3)} (95%: {span(outcome.gain_low, outcome.gain_high, 3)}) "
                f"{rankings[0].aim.unit}, paired on fresh draws.",
            )
        )
    told.append(
        (
            "Money:",
            f"{pounds(float(recommended.cost.sum()), True)} cash planned in the time looked at and "
            f"{pounds(recommended.later_cost, True)} committed after it; "
            f"{recommended.trainer_days:.0f} trainer-days.",
        )
    )
    return told


def _changes(
    outcome: PlanOutcome,
    rankings: tuple[Ranking, ...],
    found: list[Efficient],
    titles: Mapping[str, str],
) -> list[str]:
    name = outcome.recommended.plan.name
    told = [*instead_sentences(rankings[1:], name, titles), worth_sentence(found, titles)]
    other, found_out = second(outcome), choice_drivers(outcome)
    if other is not None and found_out and found_out[0][1]:
        driver = found_out[0][0]
        about = registry()[driver.name]
        way = "lower" if driver.correlation > 0.0 else "higher"
        told.append(
            f"If '{about.label}' ({about.grade}) is {way} than thought, it speaks for "
            f"{titles[outcome.scores[other].plan.name]}."
        )
    return told


def _depends(outcome: PlanOutcome) -> list[tuple[str, float, bool]]:
    """Return what the gain depends on: label, rank correlation, beyond chance."""
    found = []
    for one, told in gain_drivers(outcome)[:MOST_DEPENDS]:
        about = registry()[one.name]
        found.append((f"{about.label} ({about.grade})", one.correlation, told))
    return found


def _frontier(outcome: PlanOutcome) -> list[Efficient]:
    people = _planned(outcome).sum()
    gained = _means(outcome, "qpr15").mean(axis=1) * people
    scores = [outcome.scores[at] for at in outcome.choices]
    return frontier(
        [one.plan.name for one in scores],
        [one.committed for one in scores],
        gained[outcome.choices].tolist(),
    )


def _starts(outcome: PlanOutcome) -> list[Start]:
    plan, question = outcome.recommended.plan, outcome.question
    found = []
    for at in np.flatnonzero(plan.package != NOTHING):
        package = question.packages[int(plan.package[at])]
        row, week = question.roster.rows[at], int(plan.start[at])
        found.append(
            Start(
                row.team,
                row.trust,
                week,
                funded_weeks(package),
                session_weeks(package, week),
                package.title,
            )
        )
    return found
