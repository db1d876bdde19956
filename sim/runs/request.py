"""From scenarios, a roster and settings to a request that `simulate` can run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from sim.engines.ensemble import Request
from sim.engines.people import asked_for
from sim.errors import InputError
from sim.parameters import resolved_records
from sim.population import lay_out
from sim.scenarios.expand import expand
from sim.streams import check_seed

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.scenarios.schema import Scenario


def build_request(
    scenarios: Sequence[Scenario],
    roster: Roster,
    *,
    settings: Mapping[str, float] | None = None,
    draws: Sequence[Mapping[str, float]] | None = None,
    weeks: int | None = None,
    replications: int = 20,
    seed: int = 1,
    caseload: str = "sample",
    collect: tuple[str, ...] = ("summaries", "trajectories"),
    own_chance: bool = False,
    first_run: int = 0,
) -> Request:
    """Build a request.

    Parameters
    ----------
    scenarios : sequence of Scenario
        What is done; each may override parameters.
    roster : Roster
        Teams.
    settings : mapping, optional
        Parameter values that go before everything else.
    draws : sequence of mappings, optional
        Sets of parameter values (a posterior sample); the defaults when not given. A scenario's own
        values go before a draw's.
    weeks : int, optional
        Weeks to run; the longest of the scenarios when not given.
    replications, seed : int
        Runs of chance and their seed.
    caseload : {'sample', 'full'}
        Whom to simulate.
    collect : tuple of str
        Tables to collect; ``"staff-week:values"`` is one with the variables that it names.
    own_chance, first_run
        See `Request`.

    Raises
    ------
    InputError
        For anything that breaks a rule, by name.
    """
    if not scenarios:
        raise InputError("scenarios: name at least one; see 'refocus list scenarios'")
    names = [scenario.name for scenario in scenarios]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"scenario '{twice[0]}': named twice; name each scenario once")
    horizon = weeks if weeks is not None else max(scenario.timing.weeks for scenario in scenarios)
    expansions = [expand(scenario, roster, horizon) for scenario in scenarios]
    base = list(draws) if draws else [{}]
    records = [
        resolved_records(base, {**expansion.parameters, **(settings or {})})
        for expansion in expansions
    ]
    tables, variables = asked_for(collect)
    return Request(
        names=tuple(names),
        layouts=tuple(lay_out(roster, expansion, caseload) for expansion in expansions),
        draws=np.stack(records),
        replications=replications,
        seed=check_seed(seed),
        weeks=horizon,
        collect=tables,
        own_chance=own_chance,
        first_run=first_run,
        variables=variables,
    )
