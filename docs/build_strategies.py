"""Write `strategies.md`: the main scenarios side by side, and how often each beats each other one.

Run ``python -m docs.build_strategies``; a minute or two.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from docs.marked import main, table
from sim.api.compare import ComparisonAnswer, compare
from sim.planning.better import BETTER_BY, better_matrix, better_than
from sim.planning.outcomes import QPR
from sim.planning.uncertainty import spread_of
from sim.planning.verdicts import verdict_on
from sim.planning.vocabulary import other_text, with_error

PAGE = Path(__file__).resolve().parent / "strategies.md"
SCENARIOS = (
    "refocus-as-delivered",
    "refocus-boosters",
    "continuing-coaching",
    "leadership-support",
    "organisational-commitment",
    "priorities-reduced",
    "protected-time",
    "partnership-only",
    "coaching-only",
    "newcomer-induction",
    "refocus-full",
    "refocus-full-with-conditions",
)
DRAWS, REPLICATIONS, SEED = 100, 1, 1


@cache
def answer() -> ComparisonAnswer:
    """Return the comparison over one year on the trial's teams."""
    return compare(SCENARIOS, years=1, draws=DRAWS, replications=REPLICATIONS, seed=SEED)


def outcomes() -> str:
    """Return QPR, INSPIRE, practice and cost of every scenario, and the verdict on it."""
    comparison = answer().comparison
    rows = []
    for name in comparison.others:
        cells = [f"`{name}`", comparison.scenario(name).grade]
        for measure, digits in ((QPR, 2), ("inspire_support", 2), ("fidelity_at_end", 3)):
            one = spread_of(comparison.difference(name, measure))
            cells.append(
                f"{one.mean:+z.{digits}f} ({one.low:+z.{digits}f} to {one.high:+z.{digits}f})"
            )
        cells.append(f"{comparison.cost_per_person(name).mean():,.0f}")
        rows.append((*cells, verdict_on(comparison, name).judgement.words))
    heading = ("scenario", "grade", "QPR-15", "INSPIRE Support", "practice, 0-1", "GBP a person")
    return table((*heading, "verdict"), rows)


def chances() -> str:
    """Return the chances of every scenario, with their Monte Carlo standard error."""
    comparison = answer().comparison
    rows = []
    for name in comparison.others:
        found = verdict_on(comparison, name).judgement
        each = (found.chances.harm, found.chances.benefit, *found.chances.reaches)
        rows.append((f"`{name}`", *(with_error(one, DRAWS) for one in each), other_text(found)))
    heading = ("scenario", "harm", "any benefit", "1 point", "2.7 points", "4 points")
    return table((*heading, "with other evidence"), rows)


def matrix(outcome: str) -> str:
    """Return how often each scenario beats each other one in an outcome."""
    shown = better_matrix(better_than(answer().comparison, (outcome,)), outcome)
    return table(tuple(shown.columns), [tuple(one) for one in shown.to_numpy().tolist()])


PARTS: dict[str, Callable[[], str]] = {
    "outcomes": outcomes,
    "chances": chances,
    **{f"better-{one}": partial(matrix, one) for one in BETTER_BY},
}


if __name__ == "__main__":
    main(PAGE, PARTS)
