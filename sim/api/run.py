"""`sim.run` and `refocus run`: scenarios on a roster of teams, on common random numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

from sim.api.choices import (
    LARGEST_SEED,
    chosen_roster,
    chosen_scenarios,
    chosen_values,
    parameters_and_fields,
)
from sim.api.question import answered_by
from sim.errors import InputError, unknown
from sim.reading.numbers import number, whole

if TYPE_CHECKING:
    import mesa

    from sim.engines.ensemble import Request
    from sim.inputs.roster import Roster
    from sim.posterior.choose import ChosenDraws
    from sim.runs.pieces import How
    from sim.runs.results import Results
    from sim.scenarios.schema import Scenario

LARGEST_TABLE = 6_000_000
MOST_WORLDS_WITH_EVENTS = 200
SMALL = ("summaries", "trajectories")
DETAILED = ("assessments", "team_weeks", "events")
ALL = "all"
DRAWS = 50
REPLICATIONS_OF_DEFAULTS = 50
MOST_WEEKS, MOST_YEARS = 2600, 50.0


class RunQuestion(NamedTuple):
    """A request whose every part is checked, and what it was built from."""

    request: Request
    scenarios: list[Scenario]
    roster: Roster
    settings: dict[str, float]
    chosen: ChosenDraws
    notes: tuple[str, ...]
    left_out: dict[str, str]
    on_disk: tuple[str, ...]
    engine: str
    agent_classes: Mapping[str, type[mesa.Agent]] | None


def simulated(question: RunQuestion, **how: Unpack[How]) -> Results:
    """Run a question that is checked."""
    from sim.runs.results import provenance
    from sim.runs.simulate import simulate
    from sim.scenarios.text import scenario_text

    texts = {each.name: scenario_text(each) for each in question.scenarios}
    roster = {"source": question.roster.source, "notes": list(question.roster.notes)}
    about = provenance(texts, question.settings, roster, question.chosen)
    return simulate(
        question.request,
        engine=question.engine,
        agent_classes=question.agent_classes,
        metadata={**about, "notes": list(question.notes), "tables_left_out": question.left_out},
        left=question.on_disk,
        **how,
    )


@answered_by(simulated)
def run(
    scenarios: str | Path | Scenario | Sequence[str | Path | Scenario],
    *,
    roster: str | Path | Roster = "trial",
    columns: str | Path | None = None,
    years: float | str | None = None,
    weeks: int | str | None = None,
    draws: int | str | Sequence[Mapping[str, float]] | ChosenDraws = DRAWS,
    prior_only: bool = False,
    posterior: str | Path | None = None,
    replications: int | str | None = None,
    seed: int | str = 1,
    settings: Mapping[str, Any] | None = None,
    caseload: str = "sample",
    engine: str = "compiled",
    agent_classes: Mapping[str, type[mesa.Agent]] | None = None,
    collect: str | Sequence[str] = SMALL,
    on_disk: bool = False,
    **how: Unpack[How],
) -> RunQuestion:
    """Simulate scenarios on common random numbers and return their tables.

    Parameters
    ----------
    scenarios : str, path, Scenario or sequence of these
        Names in the library (see `sim.list_scenarios`), files, or scenarios.
    roster : 'trial', path or Roster
        The 27 teams of the trial, a CSV file of teams, or a roster.
    columns : path, optional
        Which columns of the roster's file are which (TOML).
    years, weeks : number, optional
        How long, one of them; the longest of the scenarios when not given.
    draws : int or sequence of mappings
        How many sets of parameter values from the posterior; 0 for the defaults. Or sets of your
        own, parameter values by name.
    prior_only : bool
        Draw from the priors, as if there had been no trial.
    posterior : path, optional
        A posterior of your own (CSV).
    replications : int, optional
        Runs of chance for each set of values; 1 when not given, 50 with the defaults.
    seed : int
        Seed of chance; the same seed gives the same chance in every scenario.
    settings : mapping, optional
        Parameter values by name that go before everything else; fields of every scenario by dotted
        name, such as ``"support.telephone.intensity"``.
    caseload : {'sample', 'full'}
        Whom to simulate.
    engine : {'compiled', 'mesa'}
        The compiled week or the Mesa model; own agents run on the latter.
    agent_classes : mapping, optional
        Own classes by kind, such as ``{"staff": MyStaff}``; they run on Mesa, many times slower.
    collect : sequence of str, or 'all'
        Tables to collect; 'all' leaves out those that would be too large, and says so. Tables of
        people are made on request: ``"staff-week"``, ``"user-week"`` with a row for each person and
        week (variables by name: ``"staff-week:values,sick"``; with `agent_classes` those of own
        classes too), and ``"ties"``.
    on_disk : bool
        Leave tables that are too large in `folder` instead.
    **how
        ``workers``, ``executor``, ``folder``, ``on_progress``, ``should_cancel``: see
        `sim.runs.pieces.How`.

    Returns
    -------
    Results
        See its `table`, `differences`, `weekly`, `plot` and `save`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    from sim.posterior.choose import DEFAULTS
    from sim.runs.request import build_request
    from sim.runs.simulate import ENGINES
    from sim.scenarios.expand import expand
    from sim.scenarios.library import adjusted
    from sim.streams import check_seed

    if engine not in ENGINES:
        raise unknown("engine", engine, ENGINES)
    seed = check_seed(whole("seed", seed, 0, LARGEST_SEED))
    parameters, fields = parameters_and_fields(settings)
    wanted = chosen_scenarios(scenarios)
    if fields:
        wanted = [adjusted(each, fields) for each in wanted]
    teams = chosen_roster(roster, seed, columns)
    chosen = chosen_values(draws, prior_only, posterior)
    usual = REPLICATIONS_OF_DEFAULTS if chosen.source == DEFAULTS else 1
    runs = whole("replications", usual if replications is None else replications, 1)
    asked_weeks = weeks_asked(years, weeks)
    longest = asked_weeks or max(each.timing.weeks for each in wanted)
    large: dict[str, str] = {}
    several = (collect,) if isinstance(collect, str) else tuple(collect)
    if ALL in several:
        worlds = len(wanted) * len(chosen.draws) * runs
        large = too_large(
            worlds,
            worlds * (longest + 1) * len(teams.rows),
            2 * worlds * sum(row.sampled for row in teams.rows),
            caseload,
        )
        detailed = [name for name in DETAILED if on_disk or name not in large]
        several = (*SMALL, *detailed, *(name for name in several if name != ALL))
    left_out = {} if on_disk else large
    request = build_request(
        wanted,
        teams,
        settings=parameters,
        draws=chosen.draws,
        weeks=asked_weeks,
        replications=runs,
        seed=seed,
        caseload=caseload,
        collect=several,
        # Each draw has chance of its own, so that intervals over draws hold replication noise too.
        own_chance=chosen.source != DEFAULTS,
    )
    people = large_tables_of_people(request)
    if people and not on_disk:
        name, rows = next(iter(people.items()))
        raise InputError(
            f"collect: {name} would have {rows:,} rows, more than {LARGEST_TABLE:,}; "
            "give a folder and on_disk=True, or ask for fewer draws or weeks"
        )
    notes = [
        f"{each.name}: {note}" for each in wanted for note in expand(each, teams, longest).notes
    ]
    notes += [f"table '{name}' is left out: {why}" for name, why in left_out.items()]
    return RunQuestion(
        request,
        wanted,
        teams,
        parameters,
        chosen,
        tuple(notes),
        left_out,
        (*large, *people) if on_disk else (),
        "mesa" if agent_classes else engine,
        agent_classes,
    )


def too_large(worlds: int, team_weeks: int, people: int, caseload: str) -> dict[str, str]:
    """Return which detailed tables of a run are too large for memory, and why.

    Parameters
    ----------
    worlds : int
        Worlds simulated.
    team_weeks, people : int
        Rows that the tables team_weeks and assessments would have.
    caseload : str
        Whom is simulated.
    """
    rows = max(team_weeks, people)
    if rows > LARGEST_TABLE:
        why = f"{rows:,} rows, more than {LARGEST_TABLE:,}; ask for fewer draws or weeks"
        return dict.fromkeys(DETAILED, why)
    if worlds > MOST_WORLDS_WITH_EVENTS or caseload != "sample":
        why = f"kept for at most {MOST_WORLDS_WITH_EVENTS} worlds of sampled service users"
        return {"events": why}
    return {}


def large_tables_of_people(request: Request) -> dict[str, int]:
    """Return those tables of people that are too large for memory, with their rows."""
    from sim.engines.people import KIND_OF, STAFF_WEEKS

    layout = request.layouts[0]
    rows = {
        name: request.worlds
        * (request.weeks + 1)
        * (layout.staff if name == STAFF_WEEKS else layout.users)
        for name in request.collect
        if name in KIND_OF
    }
    return {name: count for name, count in rows.items() if count > LARGEST_TABLE}


def weeks_asked(years: float | str | None, weeks: int | str | None) -> int | None:
    """Return the weeks to run, None to leave it to the scenarios."""
    if years is not None and weeks is not None:
        raise InputError("years and weeks: give one of them")
    if weeks is not None:
        return whole("weeks", weeks, 1, MOST_WEEKS)
    if years is None:
        return None
    return max(1, round(52 * number("years", years, 0.0, MOST_YEARS, "years", above=True)))
