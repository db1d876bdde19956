"""Write the generated parts of `tables.md`: columns of results, rosters and scenarios.

Run ``python -m docs.build_tables`` after a new column or field.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

from docs.marked import main, table
from sim.engines.ensemble import COLLECTABLE
from sim.engines.people import KIND_OF, TIE_NAMES, TIES, USUALLY
from sim.inputs.registers.columns import KINDS as REGISTERS
from sim.inputs.registers.columns import LEFT_OUT
from sim.inputs.roster import trial_roster
from sim.inputs.roster.columns import ROSTER_COLUMNS
from sim.measures.catalogue import catalogue
from sim.runs.request import build_request
from sim.runs.results import Results
from sim.runs.simulate import simulate
from sim.scenarios.fields import scenario_fields
from sim.scenarios.library import load_scenario
from sim.state import KINDS

PAGE = Path(__file__).resolve().parent / "tables.md"

MEANING = {
    "scenario": ("text", "scenario"),
    "draw": ("number from 0", "set of parameter values"),
    "replication": ("number from 0", "run of chance"),
    "seed": ("number", "seed of the keyed draws"),
    "weeks": ("weeks", "weeks simulated"),
    "teams": ("count", "teams"),
    "staff": ("count", "posts"),
    "service_users": ("count", "service users simulated"),
    "arm": ("text", "arm of the roster; 'all teams' where all are taken together"),
    "week": ("week", "week; 0 is before anything happens"),
    "measure": ("text", "measure; see `refocus list measures`"),
    "n": ("count", "sampled service users still in the research with a score"),
    "mean": ("points", "mean score"),
    "sd": ("points", "standard deviation between service users"),
    "icc": ("correlation", "intracluster correlation of teams (analysis of variance)"),
    "q10": ("points", "10% quantile of service users"),
    "q50": ("points", "median of service users"),
    "q90": ("points", "90% quantile of service users"),
    "team": ("text", "team"),
    "trust": ("text", "trust"),
    "type": ("text", "type of team"),
    "place": ("number from 0", "place in the team: a post or a service user's place"),
    "in_research": ("0/1", "whether still in the research"),
    "in_service": ("0/1", "whether still with the team"),
    "black": ("0/1", "whether of the group that the trial reports as black service users"),
    "worker": ("number from 0", "place of the key worker; -1 for nobody"),
    "worker_generation": ("number from 0", "which holder of that post"),
    "stage": ("1-5", "stage of recovery"),
    "present": ("0/1", "whether the post is filled"),
    "leader": ("0/1", "whether the post is the team leader's"),
    "generation": ("number from 0", "which holder of the place"),
    "sessions_offered": ("person-sessions", "sessions offered to people in post so far"),
    "sessions_attended": ("person-sessions", "of these attended"),
    "trust_readiness": ("0-1", "readiness of the trust"),
    "team_readiness": ("0-1", "readiness of the team"),
    "staff_readiness": ("0-1", "mean readiness of staff in post"),
    "leader_support": ("0-1", "support by the team leader"),
    "norms": ("-1 to 1", "pro-recovery norms, as shift from the team's usual"),
    "workload": ("ratio", "workload; 1 is usual"),
    "staff_present": ("count", "posts filled"),
    "movers": ("count", "staff in post who came from another team"),
    "session_held": ("0/1", "whether a training session was held"),
    "adoption": ("share", "staff in post who have attended a session"),
    "values": ("0-1", "mean pro-recovery values of staff"),
    "knowledge": ("0-1", "mean knowledge of staff"),
    "skill": ("0-1", "mean of the four skills of staff"),
    "intent": ("0-1", "mean intent to practise"),
    "behaviour": ("0-1", "mean behaviour over the four working practices"),
    "fidelity": ("0-1", "practice delivered: behaviour times skill, mean over practices"),
    "reinforcement": ("0-1", "support that keeps practice alive"),
    "reach": ("share", "service users whose key worker has been trained"),
    "users_in_service": ("count", "simulated service users with the team"),
    "users_in_research": ("count", "of these in the research"),
    "contacts": ("count", "contacts with simulated service users this week"),
    "worker_changes": ("count", "changes of key worker so far, over simulated service users"),
    "experience": ("0-1", "mean experience of the practices in contacts"),
    "relationship": ("0-1", "mean quality of the relationship with the key worker"),
    "support": ("0-1", "mean experienced support"),
    "recovery": ("SD", "mean of the five recovery processes"),
    "kind": ("text", "what happened"),
    "person": (
        "text",
        "who: team, post or place, and in brackets which holder of it after the first",
    ),
    "other": ("text", "whom that person asks, is led by, or meets as key worker"),
    "other_team": ("text", "team of the other"),
    "other_place": ("number from 0", "post of the other"),
    "other_generation": ("number from 0", "which holder of that post"),
    "first_week": ("week", "first week of the tie between these two people"),
    "last_week": ("week", "its last week in the run"),
}
TIE_KIND = ("text", f"{', '.join(TIE_NAMES[:-1])} or {TIE_NAMES[-1]}")


@cache
def small() -> Results:
    """Return results with every table."""
    request = build_request(
        [load_scenario("refocus-as-delivered")],
        trial_roster(1),
        replications=1,
        weeks=2,
        collect=COLLECTABLE,
    )
    return simulate(request, workers=1)


def meaning(column: str, of: str) -> tuple[str, str]:
    """Return unit and meaning of a column of a table of results."""
    if of in KIND_OF and column in USUALLY[of]:
        found = next(one for one in KINDS[KIND_OF[of]] if one.name == column)
        return found.unit, found.meaning
    if of == TIES and column == "kind":
        return TIE_KIND
    if column in MEANING:
        return MEANING[column]
    for one in catalogue().values():
        if one.name == column:
            return f"{one.minimum:g}-{one.maximum:g}", f"{one.title} (rated by: {one.rater})"
    raise KeyError(f"column {column} has no meaning in docs/build_tables.py")


def columns_of(name: str) -> str:
    """Return the columns of a table of results."""
    rows = [(f"`{column}`", *meaning(column, name)) for column in small().table(name).columns]
    return table(("column", "unit", "meaning"), rows)


def roster_columns() -> str:
    """Return the columns of a roster."""
    rows = [
        (f"`{one.name}`", one.unit, one.rule, one.default, one.grade, one.help)
        for one in ROSTER_COLUMNS
    ]
    return table(("column", "unit", "rule", "when missing", "grade of default", "meaning"), rows)


def register_columns() -> str:
    """Return the columns of every kind of register."""
    rows = [
        (
            kind,
            f"`{one.name}`",
            one.unit,
            one.rule,
            one.default if one.name in LEFT_OUT[kind] else "required",
            one.help,
        )
        for kind, columns in REGISTERS.items()
        for one in columns
    ]
    return table(("file", "column", "unit", "rule", "when missing", "meaning"), rows)


def scenario_columns() -> str:
    """Return the fields of a scenario."""
    rows = [
        (
            f"`{one.name}`",
            one.unit,
            one.rule,
            "required" if one.required else str(one.default),
            one.help,
        )
        for one in scenario_fields().values()
    ]
    return table(("field", "unit", "rule", "default", "meaning"), rows)


TABLES = ("runs", *COLLECTABLE)
WANTED: dict[str, Callable[[], str]] = {
    **{f"results.{name}": partial(columns_of, name) for name in TABLES},
    "roster": roster_columns,
    "registers": register_columns,
    "scenario": scenario_columns,
}


if __name__ == "__main__":
    main(PAGE, WANTED)
