"""The tables of a comparison, as tidy data frames: what text, CSV, JSON and the report show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from sim.planning.better import better_than
from sim.planning.comparison import (
    TRIAL_BLACK_LIMIT,
    Comparison,
    accounts,
    resource_means,
)
from sim.planning.costs import TRIAL_SERVICE_COST, TRIAL_SERVICE_COST_LIMITS, discount_factors
from sim.planning.drivers import drivers_of, noise_level, varied
from sim.planning.outcomes import (
    BLACK,
    GROUP_MEASURES,
    IMPLEMENTATION,
    INSPIRE,
    OTHER,
    QPR,
    STAFF_MEASURES,
    TITLES,
    USER_MEASURES,
    WEEKLY,
)
from sim.planning.uncertainty import (
    Chance,
    Spread,
    chance_above,
    chance_at_least,
    chance_below,
    chance_of,
    spread_of,
)
from sim.planning.value import Value, ratio_of
from sim.planning.verdicts import overspending_text, verdict_on
from sim.planning.vocabulary import IMPORTANT, IMPORTANT_IF_22_ITEMS, percent, signed
from sim.planning.worth_knowing import Known, knowing_rows, threshold_rows
from sim.spreadsheet import data_frame

if TYPE_CHECKING:
    import pandas as pd

PARAMETER_LOW, PARAMETER_HIGH = "5% (parameters)", "95% (parameters)"
WORLD_LOW, WORLD_HIGH = "5% (single run)", "95% (single run)"
REACH_LIMITS = ("5% (reach)", "95% (reach)")
MOST_DRIVERS = 12
DRIVER_COLUMNS = (
    "scenario",
    "answer",
    "parameter or price",
    "meaning",
    "rank correlation",
    "beyond chance",
)


def _interval(spread: Spread) -> dict[str, float]:
    return {
        "difference from base": spread.mean,
        "Monte Carlo SE": spread.monte_carlo_se,
        PARAMETER_LOW: spread.low,
        PARAMETER_HIGH: spread.high,
        WORLD_LOW: spread.world_low,
        WORLD_HIGH: spread.world_high,
        "SD from parameters": spread.parameter_sd,
        "SD from chance": spread.noise_sd,
    }


def chances_across(comparison: Comparison) -> pd.DataFrame:
    """Return the same probabilities as text: a row for each scenario, a column for each."""
    frame = chances(comparison)
    rows: dict[str, dict[str, Any]] = {}
    for one in frame.to_dict("records"):
        row = rows.setdefault(str(one["scenario"]), {"scenario": one["scenario"]})
        low, high = percent(one["Monte Carlo 95% low"]), percent(one["Monte Carlo 95% high"])
        text = f"{percent(one['probability'])} ({low} to {high})"
        row[str(one["QPR difference from base"])] = text
    return data_frame(list(rows.values()))


def chances(comparison: Comparison) -> pd.DataFrame:
    """Return the probabilities of harm, of benefit and of thresholds, with Monte Carlo error."""
    own, lower = comparison.question.threshold, IMPORTANT_IF_22_ITEMS
    wanted: list[tuple[str, Callable[[np.ndarray], Chance]]] = [
        ("below 0: harm", lambda v: chance_below(v, 0.0)),
        ("above 0: any benefit", lambda v: chance_above(v, 0.0)),
        ("1 point or more", lambda v: chance_at_least(v, 1.0)),
        (
            f"{lower:.1f} points or more: minimum important difference if it was set on 22 items",
            lambda v: chance_at_least(v, lower),
        ),
        (
            f"{IMPORTANT:g} points or more: minimum important difference",
            lambda v: chance_at_least(v, IMPORTANT),
        ),
        (
            f"worse by {IMPORTANT:g} points or more: important harm",
            lambda v: chance_below(v, -IMPORTANT, or_equal=True),
        ),
    ]
    if own is not None:
        text = f"{own:g} points or more: your threshold"
        wanted.insert(-1, (text, lambda v: chance_at_least(v, own)))
    rows = []
    for name in comparison.others:
        values = comparison.difference(name, QPR)
        for text, chance_in in wanted:
            chance = chance_in(values)
            rows.append(
                {
                    "scenario": name,
                    "QPR difference from base": text,
                    "probability": chance.share,
                    "Monte Carlo SE": chance.monte_carlo_se,
                    "Monte Carlo 95% low": chance.low,
                    "Monte Carlo 95% high": chance.high,
                    "share of": chance.of,
                }
            )
    return data_frame(rows)


def differences(comparison: Comparison, measures: tuple[str, ...] | None = None) -> pd.DataFrame:
    """Return differences from base at the last assessment, by scenario and measure."""
    if measures is None:
        measures = (*USER_MEASURES, *IMPLEMENTATION, *STAFF_MEASURES)
    rows = []
    for measure in measures:
        for name in comparison.others:
            spread = spread_of(comparison.difference(name, measure))
            rows.append(
                {
                    "measure": TITLES[measure],
                    "scenario": name,
                    "level under scenario": spread_of(comparison.level(name, measure)).mean,
                    **_interval(spread),
                }
            )
    return data_frame(rows)


def by_assessment(comparison: Comparison) -> pd.DataFrame:
    """Return QPR and INSPIRE differences from base at every assessment after the first."""
    rows = []
    for measure in (QPR, *INSPIRE):
        for name in comparison.others:
            for place, week in enumerate(comparison.worlds.assessments):
                if week > 0:
                    spread = spread_of(comparison.difference(name, measure, place))
                    rows.append(
                        {
                            "measure": TITLES[measure],
                            "scenario": name,
                            "week": int(week),
                            **_interval(spread),
                        }
                    )
    return data_frame(rows)


def maintenance(comparison: Comparison) -> pd.DataFrame:
    """Return how much of the gain in fidelity is left at the end of the time looked at."""
    place = WEEKLY.index("fidelity")
    base = comparison.names.index(comparison.question.base)
    rows = []
    for name in comparison.others:
        at = comparison.names.index(name)
        gain = (comparison.worlds.weekly[at] - comparison.worlds.weekly[base])[..., place]
        mean = gain.mean(axis=0)
        peak = int(mean.argmax())
        funded = comparison.scenario(name).conditions.funding_end_week
        rows.append(
            {
                "scenario": name,
                "largest gain of fidelity": float(mean[peak]),
                "in week": peak,
                "gain at the end": float(mean[-1]),
                "share of the largest gain left": float(mean[-1] / mean[peak])
                if mean[peak] > 0.0
                else float("nan"),
                "funded weeks of a team's programme": funded,
            }
        )
    return data_frame(rows)


def trajectories(comparison: Comparison) -> dict[str, dict[str, np.ndarray]]:
    """Return week by week what happens, by variable and scenario.

    Returns
    -------
    dict of dict of numpy.ndarray
        Shape (4, weeks + 1): mean level, mean difference from base, and the central 90% of that
        difference over draws (NaN with one draw).
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    base = comparison.names.index(comparison.question.base)
    for place, variable in enumerate(WEEKLY):
        found[variable] = {}
        for at, name in enumerate(comparison.names):
            values = comparison.worlds.weekly[at, ..., place]
            gained = values - comparison.worlds.weekly[base, ..., place]
            low, high = np.quantile(gained, [0.05, 0.95], axis=0)
            if len(gained) < 2:  # means over replications: nothing is left that could vary
                low, high = np.full_like(low, np.nan), np.full_like(high, np.nan)
            found[variable][name] = np.stack([values.mean(axis=0), gained.mean(axis=0), low, high])
    return found


def _money(values: np.ndarray) -> dict[str, float]:
    low, high = np.quantile(values, [0.05, 0.95])
    one = len(values) < 2
    return {
        "mean": float(np.mean(values)),
        "5%": float("nan") if one else float(low),
        "95%": float("nan") if one else float(high),
    }


def budget(comparison: Comparison) -> pd.DataFrame:
    """Return programme costs by scenario and year: direct, indirect, total, and discounted."""
    rows = []
    rate = comparison.question.setting.discount_rate
    factors = discount_factors(comparison.years, rate)
    for name in comparison.names:
        for kind in ("direct", "indirect", None):
            money = comparison.cost(name, kind)
            for year in range(comparison.years):
                rows.append(
                    {
                        "scenario": name,
                        "cost": kind or "direct and indirect",
                        "year": str(year + 1),
                        **_money(money[:, year]),
                        "mean, discounted": float(money[:, year].mean() * factors[year]),
                    }
                )
            rows.append(
                {
                    "scenario": name,
                    "cost": kind or "direct and indirect",
                    "year": "all",
                    **_money(money.sum(axis=1)),
                    "mean, discounted": float((money * factors).sum(axis=1).mean()),
                }
            )
    return data_frame(rows)


def _over_budget(comparison: Comparison) -> dict[str, list[Chance]]:
    """Return how likely direct costs exceed the yearly budget, by scenario and year.

    The plan fits the budget at central prices if all goes to plan; prices, attendance and newcomers
    vary over draws. Empty without a budget, and with one draw: it has central prices and tells no
    chance.
    """
    limit = comparison.question.setting.capacity.budget_per_year
    if limit is None or comparison.worlds.scores.shape[1] < 2:
        return {}
    direct = {name: comparison.cost(name, "direct") for name in comparison.names}
    return {
        name: [chance_of(money[:, year] > limit, "draws") for year in range(comparison.years)]
        for name, money in direct.items()
        if money.any()
    }


def overspending(comparison: Comparison) -> pd.DataFrame:
    """Return how likely direct costs exceed the yearly budget; no rows where it cannot be told."""
    return data_frame(
        [
            {
                "scenario": name,
                "year": str(year + 1),
                "budget": comparison.question.setting.capacity.budget_per_year,
                "direct cost, mean": float(comparison.cost(name, "direct")[:, year].mean()),
                "probability of more than the budget": over.share,
                "Monte Carlo 95% low": over.low,
                "Monte Carlo 95% high": over.high,
            }
            for name, chances_of_years in _over_budget(comparison).items()
            for year, over in enumerate(chances_of_years)
        ]
    )


def overspending_sentences(comparison: Comparison) -> list[str]:
    """Return how likely direct costs exceed the yearly budget, a sentence for each scenario."""
    return [overspending_text(name, over) for name, over in _over_budget(comparison).items()]


def committed_after(comparison: Comparison) -> pd.DataFrame:
    """Return the direct costs planned for after the time looked at; no rows where there are none.

    They are in no other table. Where a world finds its order itself they are those of the dearest.
    """
    rows = [
        {
            "scenario": name,
            "GBP of direct costs committed after the time looked at": money,
            "how": "at most: of the dearest order of teams" if shared else "as planned",
        }
        for name, money, shared in zip(
            comparison.names,
            comparison.prepared.later,
            comparison.prepared.shared_out,
            strict=True,
        )
        if money >= 1.0
    ]
    return data_frame(rows)


def cost_accounts(comparison: Comparison) -> pd.DataFrame:
    """Return every cost line of every scenario by year, means over draws."""
    rows = []
    for name in comparison.names:
        for line, kind, money in accounts(comparison, name):
            rows.append(
                {
                    "scenario": name,
                    "line": line,
                    "kind": kind,
                    **{
                        f"year {year + 1}": float(money[:, year].mean())
                        for year in range(comparison.years)
                    },
                    "all": float(money.sum(axis=1).mean()),
                }
            )
    return data_frame(rows)


def resources(comparison: Comparison) -> pd.DataFrame:
    """Return what delivery takes in natural units by year, means over worlds."""
    rows = []
    for name in comparison.names:
        for resource, unit, amount in resource_means(comparison, name):
            rows.append(
                {
                    "scenario": name,
                    "resource": resource.replace("_", " "),
                    "unit": unit,
                    **{f"year {year + 1}": float(one) for year, one in enumerate(amount)},
                    "all": float(amount.sum()),
                }
            )
    return data_frame(rows)


def service_costs(comparison: Comparison) -> pd.DataFrame:
    """Return the change of service costs per person: the model's, and the trial's beside it."""
    rows = []
    for name in comparison.others:
        spread = spread_of(comparison.service_cost_per_person(name))
        rows.append(
            {
                "source": f"simulated, {name}, over {comparison.question.weeks // 52} whole years",
                "GBP per person": spread.mean,
                "low": spread.low,
                "high": spread.high,
                "interval": "90%, parameter uncertainty of this model only"
                if len(spread.expected) > 1
                else "none: one set of parameter values",
            }
        )
    low, high = TRIAL_SERVICE_COST_LIMITS
    rows.append(
        {
            "source": "trial: REFOCUS against usual care, one year",
            "GBP per person": TRIAL_SERVICE_COST,
            "low": low,
            "high": high,
            "interval": "95% confidence interval of the trial; includes 0",
        }
    )
    return data_frame(rows)


def groups(comparison: Comparison) -> pd.DataFrame:
    """Return reach and outcome by group at the end.

    Nothing is known about the effect in black service users: their effects are not shown, and those
    in the others not apart from them.
    """
    rows = []
    unknown = f"unknown (trial: about ±{TRIAL_BLACK_LIMIT:g} points on the QPR)"
    for name in comparison.others:
        for place, group in enumerate(comparison.prepared.covered.groups):
            reach = spread_of(comparison.group_level(name, place, "reach"))
            row: dict[str, Any] = {
                "scenario": name,
                "group": group,
                "reach": reach.mean,
                **dict(zip(REACH_LIMITS, (reach.low, reach.high), strict=True)),
            }
            hidden = {BLACK: unknown, OTHER: "not shown apart"}.get(group, "")
            for measure, title in GROUP_TITLES.items():
                spread = spread_of(comparison.group_difference(name, place, measure))
                limits = (spread.mean, spread.low, spread.high)
                for column, value in zip(columns_of(title), limits, strict=True):
                    row[column] = float("nan") if hidden else value
            rows.append({**row, "effects": hidden or "shown"})
    return data_frame(rows)


GROUP_TITLES = {one: TITLES[one].split(" (")[0] for one in GROUP_MEASURES[:3]}


def columns_of(title: str) -> tuple[str, str, str]:
    """Return the columns of a group's mean difference and its limits."""
    return f"{title} difference", f"5% ({title})", f"95% ({title})"


def groups_across(comparison: Comparison) -> pd.DataFrame:
    """Return `groups` as text: each difference with its limits, or why it is not shown."""
    rows = []
    for one in groups(comparison).to_dict("records"):
        row = {name: one[name] for name in ("scenario", "group", "reach", *REACH_LIMITS)}
        for title in GROUP_TITLES.values():
            mean, low, high = (float(one[column]) for column in columns_of(title))
            limits = "no interval" if np.isnan(low) else f"{signed(low)} to {signed(high)}"
            why = one["effects"] if title == GROUP_TITLES[QPR] else one["effects"].split(" (")[0]
            row[columns_of(title)[0]] = why if np.isnan(mean) else f"{signed(mean)} ({limits})"
        rows.append(row)
    return data_frame(rows)


def unit_costs(comparison: Comparison) -> pd.DataFrame:
    """Return discounted programme cost per person reached, fidelity-month and QPR point."""
    rows = []
    people = comparison.prepared.covered.people
    for name in comparison.others:
        money = comparison.cost_per_person(name) * people
        gains = {
            "person reached": comparison.difference(name, "people_reached").mean(axis=1),
            "fidelity-month gained": comparison.difference(name, "fidelity_months").mean(axis=1),
            "QPR point gained for one person": spread_of(comparison.difference(name, QPR)).expected
            * people,
        }
        for unit, gained in gains.items():
            ratio = ratio_of(money, gained)
            rows.append(
                {
                    "scenario": name,
                    "GBP per": unit,
                    "ratio of means": ratio.value,
                    "5%": ratio.low,
                    "95%": ratio.high,
                    "share of draws with any gain": ratio.gain.share,
                }
            )
    return data_frame(rows)


def acceptability(value: Value) -> pd.DataFrame:
    """Return acceptability and the value of perfect information by willingness to pay."""
    columns: dict[str, Any] = {"GBP per QPR point": value.willingness}
    for name, curve in zip(value.names, value.acceptability, strict=True):
        columns[f"probability that {name} is best"] = curve
    columns["highest expected net benefit"] = [value.names[one] for one in value.best]
    columns["perfect information, GBP per person"] = value.perfect_information
    return data_frame(columns)


def drivers(comparison: Comparison) -> pd.DataFrame:
    """Return which parameters go with the QPR difference and which prices with the cost."""
    draws = comparison.question.chosen.draws
    parameters = varied(draws) if len(draws) > 1 else {}
    prices = {name: one for name, one in comparison.prices.items() if np.ptp(one) > 0.0}
    rows = []
    for name in comparison.others:
        for answer, values, inputs in (
            ("QPR difference", comparison.difference(name, QPR).mean(axis=1), parameters),
            (
                "fidelity gained",
                comparison.difference(name, "fidelity").mean(axis=1),
                parameters,
            ),
            ("cost", comparison.cost_per_person(name), {**parameters, **prices}),
        ):
            limit = noise_level(len(draws), len(inputs))
            for one in drivers_of(values, inputs)[:MOST_DRIVERS]:
                rows.append(
                    {
                        "scenario": name,
                        "answer": answer,
                        "parameter or price": one.name,
                        "meaning": label_of(comparison, one.name),
                        "rank correlation": one.correlation,
                        "beyond chance": "yes" if abs(one.correlation) > limit else "no",
                    }
                )
    # Also where too few draws leave none: a file without a heading is no table.
    return data_frame(rows, columns=DRIVER_COLUMNS)


def label_of(comparison: Comparison, name: str) -> str:
    """Return the short label of a parameter or price."""
    from sim.parameters import registry

    if name in comparison.question.prices.entries:
        return f"price or quantity: {comparison.question.prices.entries[name].about.label}"
    return registry()[name].label


def starts(comparison: Comparison) -> pd.DataFrame:
    """Return when each team starts under each scenario, how long it waits, and why.

    The week and the date of a team that does not start are empty.
    """
    rows = []
    setting = comparison.question.setting
    for at, (name, found) in enumerate(
        zip(comparison.names, comparison.prepared.starts, strict=True)
    ):
        shared = comparison.prepared.shared_out[at]
        for place, row in enumerate(comparison.question.roster.rows):
            if found.wished[place] < 0:
                continue
            given = int(found.given[place])
            date = setting.date_of(given) if given >= 0 else None
            rows.append(
                {
                    "scenario": name,
                    "team": "found within each world" if shared else row.team,
                    "trust": "" if shared else row.trust,
                    "wished week": int(found.wished[place]),
                    "start week": given if given >= 0 else None,
                    "start date": "" if date is None else date.isoformat(),
                    "why": found.reasons[place],
                }
            )
    # Whole weeks stay whole beside empty cells.
    table = data_frame(rows)
    return table.astype({"start week": "Int64"}) if rows else table


def headline(comparison: Comparison) -> pd.DataFrame:
    """Return one row a scenario: what a planner asks first."""
    rows = []
    for name in comparison.others:
        verdict = verdict_on(comparison, name)
        money = comparison.cost(name, discounted=True).sum(axis=1)
        rows.append(
            {
                "scenario": name,
                "evidence": comparison.scenario(name).grade,
                "QPR difference": verdict.spread.mean,
                PARAMETER_LOW: verdict.spread.low,
                PARAMETER_HIGH: verdict.spread.high,
                f"P({IMPORTANT:g} or more)": verdict.reaches.share,
                "P(below 0)": verdict.chances.harm.share,
                "reach at end": spread_of(comparison.level(name, "reach")).mean,
                "fidelity gained": spread_of(comparison.difference(name, "fidelity")).mean,
                "programme cost, GBP discounted": float(money.mean()),
                "GBP per person": float(comparison.cost_per_person(name).mean()),
            }
        )
    return data_frame(rows)


def all_tables(
    comparison: Comparison, value: Value, knowing: tuple[Known, ...] = ()
) -> dict[str, pd.DataFrame]:
    """Return every table by the name of its file."""
    return {
        "headline": headline(comparison),
        "chances": chances(comparison),
        "better-than": better_than(comparison),
        "differences": differences(comparison),
        "by-assessment": by_assessment(comparison),
        "maintenance": maintenance(comparison),
        "budget": budget(comparison),
        **({"overspending": over} if len(over := overspending(comparison)) else {}),
        **({"committed-after": late} if len(late := committed_after(comparison)) else {}),
        "cost-lines": cost_accounts(comparison),
        "resources": resources(comparison),
        "service-costs": service_costs(comparison),
        "unit-costs": unit_costs(comparison),
        "groups": groups(comparison),
        "acceptability": acceptability(value),
        "point-worth": threshold_rows(comparison),
        **({"worth-knowing": knowing_rows(knowing)} if knowing else {}),
        "drivers": drivers(comparison),
        "starts": starts(comparison),
    }
