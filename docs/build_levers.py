"""Measure what every lever moves, and write the generated parts of `lever-audit.md`.

Levers are gathered, not listed: every scenario of the library, every field of a scenario and every
column of a roster. Each is pulled on common random numbers. ``python -m docs.build_levers`` takes
some minutes; the page alone follows from `sim/scenarios/levers.csv` by ``python -m docs``.
"""

from __future__ import annotations

import ast
import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from docs.marked import main, table
from sim.inputs.roster import trial_roster
from sim.inputs.roster.columns import ROSTER_COLUMNS
from sim.inputs.roster.team import Roster
from sim.link import elements, links
from sim.parameters import registry
from sim.planning.costs import cost_lines, total
from sim.planning.prices import shipped_prices
from sim.planning.resources import everybody, plan_of, resources_used
from sim.posterior.choose import chosen_draws
from sim.runs.request import build_request
from sim.runs.simulate import simulate
from sim.scenarios.expand import expand
from sim.scenarios.fields import ScenarioField, scenario_fields
from sim.scenarios.levers import INERT, MEASURED, READINGS, SMALL, Moved, measured
from sim.scenarios.library import (
    FOLDER,
    WHAT_IT_IS,
    adjusted,
    load_scenario,
    scenario_names,
)
from sim.scenarios.safe import safe_profile
from sim.scenarios.schema import Scenario

Is = Callable[[ast.AST], bool]
ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "lever-audit.md"
DELIVERED, USUAL = "refocus-as-delivered", "usual-care"
SEED, DRAWS, YEAR = 1, 60, 52
# Names and words: nothing that a world could show.
WORDS = (*WHAT_IT_IS, "name", "assumptions", "strategies", "parameters")

SERVICES, COST, PROFILE, LOOKED_AT = "services", "cost", "profile of feasibility", "what is seen"
# What levers move that are not there to move services, by the start of their names.
MEANT: Mapping[str, str] = {
    "resources.": COST,
    "training.personal_recovery.trainers.": COST,
    "training.coaching.trainers.": COST,
    "feasibility.": PROFILE,
    "assessment.": LOOKED_AT,
    "timing.weeks.": LOOKED_AT,
    "refocus-2-years.": LOOKED_AT,
    "refocus-3-years.": LOOKED_AT,
    "refocus-5-years.": LOOKED_AT,
    "usual-care-5-years.": LOOKED_AT,
}

# What else must hold for a field to have a meaning, by the start of its name.
CONTEXT: Mapping[str, Mapping[str, Any]] = {
    "who.among": {"who.teams": "selected"},
    "who.selection": {"who.teams": "selected"},
    "who.readiness_reliability": {"who.teams": "selected"},
    "timing.order": {"timing.waves": 2},
    "timing.weeks_between_waves": {"timing.waves": 2},
    "readiness.preparation": {
        "readiness.preparation_weeks": 13,
        "readiness.preparation_intensity": 1.0,
    },
    "support.boosters": {"support.boosters.sessions": [{"week": 26, "days": 0.5}]},
    "support.stepped": {"support.stepped.intensity": 1.0},
}
# Where the far end of a field's range is no sensible change.
VALUES: Mapping[str, Any] = {
    "who.teams": "none",
    "timing.weeks": 26,
    "timing.start_week": 13,
    "timing.waves": 2,
    "timing.weeks_between_waves": 26,
    "timing.order": "random",
    "readiness.preparation_weeks": 0,
    "who.readiness_reliability": 0.05,
    "conditions.turnover_multiplier": 2.0,
    "conditions.funding_end_week": 26,
    "assessment.weeks": [0, 26, 52],
    "training.personal_recovery.sessions": [],
    "training.coaching.sessions": [],
    "training.personal_recovery.lived_experience_trainers": 0,
    "support.boosters.sessions": [],
    "training.coaching.lived_experience_trainers": 0,
}
# What a column holds on the left and on the right of a comparison, and what carries it.
COLUMNS: Mapping[str, tuple[Any, Any, tuple[str, ...]]] = {
    "team": ("as named", "renamed", ()),
    "trust": ("as in the trial", "one trust", ("trust_readiness_sd", "trust_priorities_sd")),
    "type": ("as in the trial", "recovery", ("type_recovery_sd",)),
    "arm": ("intervention", "control", ()),
    "staff": (20, 30, ("training_time_cost", "norms_from_values")),
    "coordinators": (9, 6, ("caseload_norm", "opportunity_from_workload", "contact_rate")),
    "caseload": (225, 300, ("caseload_norm", "opportunity_from_workload", "contact_rate")),
    "sampled": (15, 10, ()),
    "readiness": (0.3, 0.8, ("readiness_reliability", "attendance_from_readiness")),
    "readiness_scale": ("none", "oric-total", ()),
    "readiness_low": (0.0, -1.0, ("readiness_reliability",)),
    "readiness_high": (1.0, 2.0, ("readiness_reliability",)),
    "reflects": (0, 1, ("influence_from_reflection",)),
    "share_black": (0.0, 1.0, ("identity_threat_black", "threat_to_identity")),
    "turnover_multiplier": (1.0, 2.0, ("turnover_yearly",)),
    "start_week": (0, 26, ()),
}
# What carries a lever over a sum of the week, which no rule shows.
ACROSS: Mapping[str, tuple[str, ...]] = {
    "components.organisation": ("readiness_from_organisation",),
    "beyond.lived_experience_support": ("readiness_from_lived_experience_support",),
    "support.stepped": ("reinforcement_from_supervision",),
}
# Columns that mean nothing without another.
WITH: Mapping[str, Mapping[str, Any]] = {
    "readiness_low": {"readiness": 0.5},
    "readiness_high": {"readiness": 0.5},
}


@dataclass(frozen=True)
class Probe:
    """A lever pulled: what is compared with what."""

    # As in `sim.scenarios.levers.Moved`.
    kind: str
    lever: str
    compared: str
    # Without the change and with it.
    base: tuple[Scenario, Roster]
    changed: tuple[Scenario, Roster]


@cache
def rosters() -> tuple[Roster, Roster]:
    """Return the trial's intervention teams, and all of its teams."""
    whole = trial_roster(SEED)
    return replace(whole, rows=tuple(r for r in whole.rows if r.arm == "intervention")), whole


def unlike(roster: Roster) -> Roster:
    """Return a roster whose later teams serve more black service users, for an order by that."""
    half = len(roster.rows) // 2
    rows = (replace(r, share_black=0.1 if at < half else 0.5) for at, r in enumerate(roster.rows))
    return replace(roster, rows=tuple(rows))


def scenario_probes() -> Iterator[Probe]:
    """Yield every scenario of the library beside what it extends."""
    import tomllib

    some, whole = rosters()
    for name in scenario_names():
        own = tomllib.loads((FOLDER / f"{name}.toml").read_text(encoding="utf-8"))
        base = own.get("extends", USUAL)
        if name != USUAL:
            # A rollout takes in every team, whatever its arm.
            roster = whole if name.startswith("rollout") else some
            roster = unlike(whole) if name == "rollout-equity-first" else roster
            sides = (load_scenario(base), roster), (load_scenario(name), roster)
            yield Probe("scenario", name, f"{name} against {base}", *sides)


def levers_of_fields() -> list[ScenarioField]:
    """Return the fields of a scenario that are levers: all but tables, words and parts of lists."""
    known = scenario_fields()
    return [
        one
        for one in known.values()
        if one.kind != "table"
        and one.name.partition(".")[0] not in WORDS
        and known.get(one.name.rpartition(".")[0], one).kind != "list"
    ]


def shown(value: Any) -> str:
    """Return a value as the page shows it."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "not said"}[value]
    if isinstance(value, list | tuple):
        return "none" if not value else ", ".join(f"{getattr(one, 'week', one)}" for one in value)
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def context_of(name: str) -> dict[str, Any]:
    """Return what else must hold for a field of a scenario to have a meaning."""
    held: dict[str, Any] = {}
    for start, values in CONTEXT.items():
        if name.startswith(start):
            held |= values
    for one in elements():
        spell = f"{one.table}.{one.name}"
        if one.kind == "spell" and name.startswith(f"{spell}.") and not name.endswith("intensity"):
            held[f"{spell}.intensity"] = 1.0
            if name.endswith("continues"):
                held["conditions.funding_end_week"] = 26
    return held


def pulled(field: ScenarioField, now: Any) -> Any:
    """Return another value of a field: the far end of its range, or the other choice."""
    if field.name in VALUES:
        return VALUES[field.name]
    last = field.name.rpartition(".")[2]
    if last in ("first_week", "last_week") and now != 26:
        return 26
    if last == "every":
        return 2 * now
    if field.kind == "switch":
        return not now
    if field.kind == "choice":
        return next(one for one in field.choices if one != now)
    value = field.high if now != field.high else field.low
    return int(value) if field.kind == "whole" and value is not None else value


def value_at(scenario: Scenario, name: str) -> Any:
    """Return what a scenario holds at a dotted name."""
    found: Any = scenario
    for one in name.split("."):
        found = getattr(found, one)
    return found


def field_probes() -> Iterator[Probe]:
    """Yield every field of a scenario, changed in REFOCUS as delivered."""
    some, whole = rosters()
    for field in levers_of_fields():
        base = adjusted(load_scenario(DELIVERED), context_of(field.name))
        now = value_at(base, field.name)
        value = pulled(field, now)
        told = f"{shown(now)} → {shown(value)}"
        roster = whole if field.name == "who.among" else some
        changed = adjusted(base, {field.name: value})
        yield Probe("field", field.name, told, (base, roster), (changed, roster))


def with_column(roster: Roster, name: str, value: Any) -> Roster:
    """Return a roster with a column set, all teams alike; its teams as they are for a word."""
    if value in ("as named", "as in the trial"):
        return roster
    if value == "renamed":
        rows = (replace(one, team=f"{one.team} again") for one in roster.rows)
    else:
        rows = (replace(one, **{name: value}) for one in roster.rows)
    return replace(roster, rows=tuple(rows))


def column_probes() -> Iterator[Probe]:
    """Yield every column of a roster, changed in all teams under REFOCUS as delivered."""
    some, whole = rosters()
    scenario = load_scenario(DELIVERED)
    for column in ROSTER_COLUMNS:
        left, right, _ = COLUMNS[column.name]
        roster = whole if column.name == "arm" else some
        for name, value in WITH.get(column.name, {}).items():
            roster = with_column(roster, name, value)
        if column.name == "arm":
            turned = {"intervention": "control", "control": "intervention"}
            rows = tuple(replace(one, arm=turned[one.arm]) for one in roster.rows)
            sides = [roster, replace(roster, rows=rows)]
        else:
            sides = [with_column(roster, column.name, one) for one in (left, right)]
        told = f"{shown(left)} → {shown(right)}"
        yield Probe("column", column.name, told, *((scenario, one) for one in sides))


def probes() -> list[Probe]:
    """Return every lever, pulled."""
    return [*scenario_probes(), *field_probes(), *column_probes()]


def idle_levers() -> set[str]:
    """Return the levers that do not move what they are there to move, to the last bit.

    In one world of every third team; scenarios over two years, the rest over one.
    """
    idle, every = set(), probes()
    thinned = {id(roster): replace(roster, rows=roster.rows[::3]) for roster in rosters_of(every)}
    for weeks, kinds in ((2 * YEAR, ("scenario",)), (YEAR, ("field", "column"))):
        chosen = [one for one in every if one.kind in kinds]
        sides = [
            (scenario, thinned[id(roster)])
            for one in chosen
            for scenario, roster in (one.base, one.changed)
        ]
        tables = run_sides(sides, [{}], weeks)
        for number, one in enumerate(chosen):
            if not moves(one, tables[2 * number : 2 * number + 2]):
                idle.add(one.lever)
    return idle


def rosters_of(chosen: Sequence[Probe]) -> list[Roster]:
    """Return the rosters of probes."""
    return [roster for one in chosen for _, roster in (one.base, one.changed)]


def planned_cost(scenario: Scenario, roster: Roster, weeks: int) -> float:
    """Return what the first weeks of a scenario cost as planned, GBP a team that takes part."""
    laid = expand(scenario, roster, weeks)
    plan = plan_of(scenario, roster, laid.team_start, weeks)
    used = {name: one.sum() for name, one in resources_used(plan, everybody(plan)).items()}
    lines = cost_lines(used, shipped_prices().values(), scenario)
    return float(total(lines)) / max(int((laid.team_start >= 0).sum()), 1)


def same_run(scenario: Scenario) -> str:
    """Return what makes two scenarios the same run."""
    return scenario.model_dump_json(exclude={*WHAT_IT_IS, "name", "assumptions", "strategies"})


def run_sides(
    sides: Sequence[tuple[Scenario, Roster]], draws: Sequence[Mapping[str, float]], weeks: int
) -> list[dict[str, np.ndarray]]:
    """Return summaries and trajectories of every side, in their order; the same side runs once."""
    groups: dict[int, dict[str, Scenario]] = {}
    known = {id(roster): roster for _, roster in sides}
    for scenario, roster in sides:
        groups.setdefault(id(roster), {})[same_run(scenario)] = scenario
    tables: dict[tuple[int, str], dict[str, np.ndarray]] = {}
    for group, scenarios in groups.items():
        named = [
            one.model_copy(update={"name": f"side-{number}"})
            for number, one in enumerate(scenarios.values())
        ]
        request = build_request(
            named,
            known[group],
            draws=draws,
            replications=1,
            seed=SEED,
            weeks=weeks,
            own_chance=True,
        )
        found = simulate(request, workers=1)
        for number, key in enumerate(scenarios):
            tables[group, key] = {
                name: of_side(found.arrays[name], number) for name in request.collect
            }
    return [tables[id(roster), same_run(scenario)] for scenario, roster in sides]


def of_side(rows: np.ndarray, number: int) -> np.ndarray:
    """Return the rows of one scenario, without its number."""
    own = rows[rows["scenario"] == number]
    own["scenario"] = 0
    return own


def moves(probe: Probe, sides: Sequence[Mapping[str, np.ndarray]]) -> bool:
    """Return whether a lever moves what it is there to move, to the last bit."""
    meant = meant_to_move(probe.lever)
    if meant == SERVICES:
        one, other = sides
        return any(
            one[name].shape != other[name].shape or one[name].tobytes() != other[name].tobytes()
            for name in one
        )
    weeks = max(scenario.timing.weeks for scenario, _ in (probe.base, probe.changed))
    told = {
        COST: lambda side: planned_cost(side[0], side[1], weeks),
        PROFILE: lambda side: safe_profile(side[0]),
        LOOKED_AT: lambda side: (side[0].assessment.weeks, side[0].timing.weeks),
    }[meant]
    return bool(told(probe.base) != told(probe.changed))


def meant_to_move(lever: str) -> str:
    """Return what a lever is there to move: services, unless its name says otherwise."""
    return next((what for start, what in MEANT.items() if f"{lever}.".startswith(start)), SERVICES)


def reading(name: str, tables: Mapping[str, np.ndarray]) -> np.ndarray:
    """Return a reading of a side, one number for each world."""
    weekly, scores = tables["trajectories"], tables["summaries"]
    at = weekly[(weekly["week"] == YEAR) & (weekly["arm"] == 0)]
    if name == "readiness":
        names = ("trust_readiness", "team_readiness", "staff_readiness")
        return np.asarray(sum(at[one].astype(float) for one in names)) / len(names)
    if name in (at.dtype.names or ()) and name not in ("relationship", "support"):
        return at[name].astype(float)
    measure, week = {
        "relationship": ("inspire_relationship", YEAR),
        "support": ("inspire_support", YEAR),
        "qpr": ("qpr15", YEAR),
        "qpr_2_years": ("qpr15", 2 * YEAR),
    }[name]
    chosen = scores[
        (scores["measure"] == measure_number(measure))
        & (scores["week"] == week)
        & (scores["arm"] == 0)
    ]
    return chosen["mean"].astype(float)


def measure_number(name: str) -> int:
    """Return the place of a measure among the scores."""
    from sim.engines.summaries import SCORES

    return SCORES.index(name)


def measured_levers() -> list[Probe]:
    """Return the levers whose sizes are measured: of a spell, how much of it alone."""
    spells = tuple(f"{one.table}.{one.name}." for one in elements() if one.kind == "spell")
    return [
        one
        for one in probes()
        if one.lever != "arm"
        and meant_to_move(one.lever) in (SERVICES, COST)
        and not (one.lever.startswith(spells) and not one.lever.endswith(".intensity"))
    ]


def measure() -> list[Moved]:
    """Return by how much every lever moves every reading."""
    chosen = measured_levers()
    weeks = 2 * YEAR
    looked = {"assessment.weeks": [0, YEAR, weeks], "timing.weeks": weeks}
    sides = [
        (adjusted(scenario, looked), roster)
        for one in chosen
        for scenario, roster in (one.base, one.changed)
    ]
    tables = run_sides(sides, chosen_draws(DRAWS).draws, weeks)
    rows = []
    for number, probe in enumerate(chosen):
        without, with_it = tables[2 * number : 2 * number + 2]
        for name in READINGS:
            if name == "cost":
                costs = [planned_cost(*one, weeks) for one in (probe.base, probe.changed)]
                values = np.full(2, costs[1] - costs[0])
            else:
                values = reading(name, with_it) - reading(name, without)
            low, high = np.nanquantile(values, [0.05, 0.95])
            error = float(np.nanstd(values, ddof=1) / np.sqrt(len(values)))
            told = (probe.kind, probe.lever, probe.compared, name)
            rows.append(Moved(*told, float(np.nanmean(values)), float(low), float(high), error))
    return rows


def text() -> str:
    """Return the file that `sim.scenarios.levers` reads, measured anew."""
    told = StringIO()
    rows = csv.writer(told, lineterminator="\n")
    rows.writerow(Moved._fields)
    for one in measure():
        rows.writerow([*one[:4], *(f"{value:.4g}" for value in one[4:])])
    return told.getvalue()


# What carries a lever: parameters that stand with it in a rule.


@cache
def rule_trees() -> dict[str, ast.FunctionDef]:
    """Return the rules of the links by name, as trees."""
    import importlib
    import inspect

    found = {}
    for name in links():
        module = importlib.import_module(f"sim.mechanisms.{name}")
        for one in ast.parse(inspect.getsource(module)).body:
            if isinstance(one, ast.FunctionDef):
                found[one.name] = one
    return found


def attributes_of(tree: ast.AST, owner: str) -> list[str]:
    """Return the attributes of a name that are read in a tree."""
    return [
        one.attr
        for one in ast.walk(tree)
        if isinstance(one, ast.Attribute)
        and isinstance(one.value, ast.Name)
        and one.value.id == owner
    ]


def beside(rule: ast.FunctionDef, is_it: Is) -> Iterator[str]:
    """Yield the parameters nearest to an expression in a rule, and where its value is handed on."""
    above = {child: one for one in ast.walk(rule) for child in ast.iter_child_nodes(one)}
    bound = {
        one.targets[0].id: attributes_of(one.value, "p")
        for one in ast.walk(rule)
        if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Name)
    }
    for one in ast.walk(rule):
        if not is_it(one):
            continue
        node: ast.AST = one
        found: list[str] = []
        while not found and isinstance(node, ast.expr | ast.keyword):
            outer = above[node]
            if isinstance(outer, ast.Assign) and isinstance(outer.targets[0], ast.Name):
                yield from beside(rule, read_of(outer.targets[0].id))
            if isinstance(outer, ast.Call) and isinstance(outer.func, ast.Name):
                called = rule_trees().get(outer.func.id)
                if called is not None and node in outer.args:
                    yield from beside(called, read_of(called.args.args[outer.args.index(node)].arg))
            node = outer
            found = attributes_of(node, "p") if isinstance(node, ast.expr) else []
            if isinstance(node, ast.expr):
                found += [
                    more for n in ast.walk(node) for more in bound.get(getattr(n, "id", ""), [])
                ]
        yield from found


def read_of(name: str, owner: str = "") -> Is:
    """Return what tells whether a node reads a name, or an attribute of an owner."""
    if not owner:
        return lambda node: (
            isinstance(node, ast.Name) and node.id == name and isinstance(node.ctx, ast.Load)
        )
    return lambda node: (
        isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) == (owner, name)
    )


@cache
def carried_by(lever: str) -> tuple[str, ...]:
    """Return the parameters that carry a lever."""
    if lever in COLUMNS:
        return COLUMNS[lever][2]
    fields = [one.field for one in elements() if f"{lever}.".startswith(f"{one.table}.{one.name}.")]
    found = [
        name
        for field in fields
        for rule in rule_trees().values()
        for name in beside(rule, read_of(field, "action"))
    ]
    found += [name for start, names in ACROSS.items() if lever.startswith(start) for name in names]
    # A solved constant names the effects from which it follows.
    found += [
        word
        for name in found
        if registry()[name].solved
        for word in re.findall(r"\w+", registry()[name].source)
        if word in registry()
    ]
    return tuple(dict.fromkeys(found))


# The page.


def cell(one: Moved) -> str:
    """Return a difference with its error; a dash where it does not stand out."""
    if not one.stands_out:
        return "-"
    if one.reading == "cost":
        return f"{one.mean:+z,.0f}".replace("-", "\N{MINUS SIGN}")
    return f"{one.mean:+z.2g} ({one.error:.1g})".replace("-", "\N{MINUS SIGN}")


def rows_of(kind: str) -> str:
    """Return the table of one kind of lever."""
    by_lever: dict[str, dict[str, Moved]] = {}
    for one in measured():
        if one.kind == kind:
            by_lever.setdefault(one.lever, {})[one.reading] = one
    heading = ("lever", "compared", *(one[0] for one in READINGS.values()), "carried by")
    body = []
    for lever, found in by_lever.items():
        compared = next(iter(found.values())).compared
        name = f"[`{lever}`](scenarios.md#{lever})" if kind == "scenario" else f"`{lever}`"
        carried = load_scenario(lever).grade if kind == "scenario" else graded(lever)
        cells = (cell(found[one]) for one in READINGS)
        body.append((name, compared.replace(f"{lever} ", ""), *cells, carried))
    return table(heading[:-1] + (("grade",) if kind == "scenario" else heading[-1:]), body)


def graded(lever: str) -> str:
    """Return the parameters that carry a lever, each with its grade."""
    return ", ".join(f"`{name}` ({registry()[name].grade})" for name in carried_by(lever)) or "-"


def inert() -> str:
    """Return the levers that move nothing, or nothing worth telling, with the reason."""
    rows = [(f"`{name}`", "nothing", why) for name, why in INERT.items()]
    rows += [(f"`{name}`", "nothing worth telling", why) for name, why in SMALL.items()]
    return table(("lever", "moves", "why"), rows)


def only_told() -> str:
    """Return the fields whose size is not measured, in a sentence."""
    sizes = {one.lever for one in measured()}
    spells = tuple(f"{one.table}.{one.name}." for one in elements() if one.kind == "spell")
    rest = [
        one.name
        for one in levers_of_fields()
        if one.name not in sizes and not one.name.startswith(spells)
    ]
    return (
        "Not measured, as they move only what is looked at, the account or the profile of "
        f"feasibility: {', '.join(f'`{one}`' for one in rest)}. Of what is done over a stretch of "
        "weeks the table has the intensity; its weeks and its rhythm move what is done when. That "
        "each of them moves something is held by a test."
    )


def evidence() -> str:
    """Return grade and source of every parameter that carries a lever."""
    names = dict.fromkeys(name for one in measured() for name in carried_by(one.lever))
    rows = [
        (f"`{name}`", registry()[name].label, registry()[name].grade, registry()[name].source)
        for name in names
    ]
    return table(("parameter", "what", "grade", "source"), rows)


def meanings() -> str:
    """Return what the columns of the tables are."""
    return "\n".join(
        f"* {what}: {meaning}; told from {least:g}" for what, meaning, least in READINGS.values()
    )


WANTED: dict[str, Callable[[], str]] = {
    "readings": meanings,
    "fields": partial(rows_of, "field"),
    "only-told": only_told,
    "columns": partial(rows_of, "column"),
    "scenarios": partial(rows_of, "scenario"),
    "inert": inert,
    "evidence": evidence,
}


if __name__ == "__main__":
    MEASURED.write_text(text(), encoding="utf-8", newline="\n")
    measured.cache_clear()
    main(PAGE, WANTED)
