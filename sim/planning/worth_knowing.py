"""What it is worth to know more before choosing among the strategies of a comparison."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sim.parameters import registry
from sim.parameters.registry import LINKS
from sim.planning.drivers import varied
from sim.planning.knowing import FEWEST_DRAWS, Worth, perfect, worth_of
from sim.planning.outcomes import IMPLEMENTATION, QPR, WEEKLY
from sim.planning.ranking import (
    COST_POINT,
    RECOVERY,
    SUPPORT,
    aim_of,
    expected_of,
    frontier_of,
    gains,
    ranking_of,
)
from sim.planning.studies import (
    AUDIT_WEEKS,
    REGISTER_WEEKS,
    REPORTS,
    TRIAL_WEEKS,
    Truths,
    studies,
)
from sim.planning.uncertainty import spread_of
from sim.planning.value import net_benefit
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

    from sim.planning.comparison import Comparison

EVERYTHING, PARAMETERS, PRICES, STUDY = "everything", "parameters", "prices", "study"
MONEY = "GBP"


@dataclass(frozen=True)
class Known:
    """What could be known, and what that is worth."""

    kind: str  # {'everything', 'parameters', 'prices', 'study'}
    name: str
    title: str
    assumes: str  # What a study measures; how many parameters a group has
    worth: Worth  # In `unit`, for one person where people gain
    unit: str
    people: float  # On the books; NaN where the unit is no person's

    @property
    def in_all(self) -> float:
        """Worth for all people together."""
        return self.worth.value * self.people


def values_of(comparison: Comparison) -> tuple[np.ndarray, np.ndarray, str, float]:
    """Return what each strategy gives in each draw, in what the planner ranks on or in money.

    Returns
    -------
    raw, expected : numpy.ndarray
        Shape (strategies, draws): means over replications, and with their noise taken out.
    unit : str
    people : float
        Whom it counts for; NaN where it is no person's.
    """
    question, names = comparison.question, comparison.names
    people = comparison.prepared.covered.people
    if question.point_worth is not None:
        gained = [comparison.difference(one, QPR) for one in names]
        money = np.stack([comparison.cost_per_person(one) for one in names])
        worth = np.array([question.point_worth])
        raw = net_benefit(np.stack([one.mean(axis=1) for one in gained]), money, worth)[0]
        noiseless = np.stack([spread_of(one).expected for one in gained])
        return raw, net_benefit(noiseless, money, worth)[0], MONEY, people
    aim = aim_of(question.rank_by)
    if aim.less:  # a ratio has no worth of its own: what it is a price of has
        aim = aim_of(RECOVERY)
    found = [gains(comparison, one, aim.name) for one in names]
    whose = people if aim.name in (RECOVERY, SUPPORT) else float("nan")
    return (
        np.stack([one.mean(axis=1) for one in found]),
        np.stack([expected_of(one) for one in found]),
        aim.unit,
        whose,
    )


def knowing_of(comparison: Comparison) -> tuple[Known, ...]:
    """Return the worth of knowing everything, groups of parameters, and studies' reports.

    Empty with fewer than `FEWEST_DRAWS` draws, or nothing to choose from.
    """
    question = comparison.question
    draws = question.chosen.draws
    if len(draws) < FEWEST_DRAWS or len(comparison.names) < 2:
        return ()
    raw, expected, unit, people = values_of(comparison)
    found = [
        Known(
            EVERYTHING,
            EVERYTHING,
            "Everything that this model leaves open",
            "all parameters" + (" and prices" if unit == MONEY else ""),
            Worth(perfect(expected), perfect_error(expected), float("nan"), float("nan")),
            unit,
            people,
        )
    ]
    found += groups_of(draws, raw, unit, people)
    prices = [one for one in comparison.prices.values() if np.ptp(one) > 0.0]
    if unit == MONEY and prices:
        worth = worth_of(raw, np.stack(prices, axis=1))
        words = "Prices and quantities of delivery"
        found.append(Known(PRICES, PRICES, words, f"{len(prices)} prices", worth, unit, people))
    base = comparison.names.index(question.base)
    order = [int(one) for one in np.argsort(-raw.mean(axis=1)) if one != base]
    truths = truths_of(comparison, comparison.names[order[0]])
    found += studies_of(truths, raw, unit, people, question.trial_size, question.seed)
    return bounded(found)


def bounded(found: Sequence[Known]) -> tuple[Known, ...]:
    """Return what is known with no part worth more than everything, which stands first.

    A regression errs upward, and with few draws beyond what can be so.
    """
    whole, *parts = found
    most = whole.worth.value
    return whole, *(
        replace(one, worth=replace(one.worth, value=min(one.worth.value, most))) for one in parts
    )


def groups_of(
    draws: Sequence[Mapping[str, float]], values: np.ndarray, unit: str, people: float
) -> list[Known]:
    """Return the worth of knowing the parameters of each link.

    `values`: what each choice gives in each draw, shape (choices, draws).
    """
    inputs = {name: one for name, one in varied(draws).items() if registry()[name].varies}
    found = []
    for link, title in LINKS.items():
        own = [one for name, one in inputs.items() if registry()[name].link == link]
        if own:
            worth = worth_of(values, np.stack(own, axis=1))
            found.append(
                Known(PARAMETERS, link, title, f"{len(own)} parameters", worth, unit, people)
            )
    return found


def studies_of(
    truths: Truths,
    values: np.ndarray,
    unit: str,
    people: float,
    trial_size: tuple[int, int],
    seed: int,
) -> list[Known]:
    """Return the worth of studies' reports; `values` as `groups_of`."""
    found = []
    for study in studies(trial_size):
        rng = np.random.default_rng([seed, len(study.name)])
        reports = [study.reports(truths, rng) for _ in range(REPORTS)]
        worth = _mean_of([worth_of(values, one[:, None]) for one in reports])
        found.append(Known(STUDY, study.name, study.title, study.assumes, worth, unit, people))
    return found


def truths_of(comparison: Comparison, first: str) -> Truths:
    """Return what studies measure of a strategy that is begun."""
    question, covered = comparison.question, comparison.prepared.covered
    place = int(np.abs(comparison.worlds.assessments - TRIAL_WEEKS).argmin())
    gain = spread_of(comparison.difference(first, QPR, place)).expected
    at = comparison.names.index(first)
    if not comparison.prepared.shared_out[at]:
        # In a trial's own arm everybody's team has the programme.
        treated = comparison.prepared.starts[at].given >= 0
        gain = gain * covered.people / max(float(covered.caseload[treated].sum()), 1.0)
    return Truths(
        question.chosen.draws,
        question.settings,
        float(covered.posts[covered.teams].sum()),
        _weekly(comparison, question.base, "team_readiness", 0),
        _weekly(comparison, first, "adoption", REGISTER_WEEKS),
        _weekly(comparison, first, "fidelity", AUDIT_WEEKS),
        gain,
        _luck(comparison, first, "adoption"),
        _luck(comparison, first, "fidelity_at_end"),
    )


def _weekly(comparison: Comparison, name: str, variable: str, week: int) -> np.ndarray:
    """Return a weekly mean so many weeks after a strategy's first team starts, shape (draws,)."""
    at = comparison.names.index(name)
    given = comparison.prepared.starts[at].given
    first = int(given[given >= 0].min()) if np.any(given >= 0) else 0
    weekly = comparison.worlds.weekly[at, :, :, WEEKLY.index(variable)]
    return np.asarray(weekly[:, min(first + week, weekly.shape[1] - 1)])


def _luck(comparison: Comparison, name: str, measure: str) -> float:
    """Return the SD between replications of a strategy's own value; 0 with one replication."""
    at = comparison.names.index(name)
    noise = spread_of(comparison.worlds.implementation[at, ..., IMPLEMENTATION.index(measure)])
    return 0.0 if np.isnan(noise.noise_sd) else noise.noise_sd


def perfect_error(expected: np.ndarray) -> float:
    """Return the standard error of knowing everything, through the finite number of draws."""
    regret = expected.max(axis=0) - expected[int(expected.mean(axis=1).argmax())]
    return float(regret.std(ddof=1) / np.sqrt(len(regret)))


def _mean_of(worths: list[Worth]) -> Worth:
    """Return the mean over several reports of a study; the draws' error does not shrink by it."""
    return Worth(*(float(np.mean(one)) for one in zip(*map(_numbers, worths), strict=True)))


def _numbers(worth: Worth) -> tuple[float, float, float, float]:
    return worth.value, worth.standard_error, worth.held_out, worth.changes


def knowing_rows(found: tuple[Known, ...]) -> pd.DataFrame:
    """Return what it is worth to know more as a table."""
    return data_frame(
        [
            {
                "what": one.title,
                "kind": one.kind,
                "name": one.name,
                "worth": one.worth.value,
                "Monte Carlo SE": one.worth.standard_error,
                "worth, held out": one.worth.held_out,
                "share of draws in which it changes the choice": one.worth.changes,
                "unit": one.unit,
                "worth for all people": one.in_all,
                "made of": one.assumes,
            }
            for one in found
        ]
    )


def threshold_rows(comparison: Comparison) -> pd.DataFrame:
    """Return what a QPR point for one person has to be worth for each strategy to pay.

    Against usual care (money and points more than it), and among all strategies: from which worth
    to which it gives the highest expected net benefit; NaN as the end is no end.
    """
    ratios = ranking_of(comparison, aim_of(COST_POINT))
    efficient = [one for one in frontier_of(comparison) if not one.beaten_by]
    ends = [*(one.step_cost for one in efficient[1:]), float("nan")]
    best = {
        one.name: (0.0 if np.isnan(one.step_cost) else one.step_cost, end)
        for one, end in zip(efficient, ends, strict=True)
    }
    beaten = {one.name: one.beaten_by for one in frontier_of(comparison)}
    nowhere = (float("nan"), float("nan"))
    return data_frame(
        [
            {
                "strategy": name,
                "pays against usual care from, GBP a point": ratios.means[place],
                "5%": ratios.lows[place],
                "95%": ratios.highs[place],
                "best of all from, GBP a point": best.get(name, nowhere)[0],
                "to, GBP a point": best.get(name, nowhere)[1],
                "never best because of": beaten[name],
            }
            for place, name in enumerate(ratios.names)
        ]
    )


def knowing_sentences(found: tuple[Known, ...]) -> list[str]:
    """Return what it is worth to know more, in words: everything, parameters, studies."""
    if not found:
        return []
    whole = found[0]
    told = [
        f"If everything were known before choosing, the choice would gain {_amount(whole)} on "
        "average: no study of these numbers can be worth more."
    ]
    for kinds, start in (
        ((PARAMETERS, PRICES), "Of what could be known, most is worth"),
        ((STUDY,), "Of the studies, most is worth"),
    ):
        own = [one for one in found if one.kind in kinds]
        if not own:  # Nobody starts, or no parameter differs between draws.
            continue
        best = max(own, key=lambda one: one.worth.value)
        if best.worth.value <= 2.0 * best.worth.standard_error:
            told.append(
                f"{start}: none is told from nothing by these draws (most: {best.title.lower()}, "
                f"{_amount(best)})."
            )
        else:
            told.append(f"{start}: {best.title.lower()}, {_amount(best)}.")
    return told


def _amount(known: Known) -> str:
    """Return a worth in words, with its Monte Carlo standard error."""
    worth = known.worth
    error = f"Monte Carlo SE {worth.standard_error:.2g}"
    if known.unit == MONEY:
        return f"{worth.value:,.2f} GBP a person, {known.in_all:,.0f} GBP in all ({error} a person)"
    each = f"{worth.value:.2g} {known.unit.split(',')[0]}"
    if np.isnan(known.people):
        return f"{each} ({error})"
    return f"{each} a person ({error})"
