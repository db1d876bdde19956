"""What studies before a plan would measure, simulated for every set of parameter values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Unpack

import numpy as np

from sim.planning.packages import NOTHING, TeamPlan, as_package, beside_usual, team_means
from sim.planning.studies import AUDIT_WEEKS, REGISTER_WEEKS, TRIAL_WEEKS, Truths

if TYPE_CHECKING:
    from sim.engines.ensemble import Chunk, Request
    from sim.inputs.roster import Roster
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

MEASURED = (
    ("team_readiness", 0),
    ("adoption", REGISTER_WEEKS),
    ("fidelity", AUDIT_WEEKS),
)


def plan_truths(
    packages: Sequence[Scenario],
    roster: Roster,
    plan: TeamPlan,
    draws: Sequence[Mapping[str, float]],
    seed: int,
    **how: Unpack[How],
) -> Truths | None:
    """Simulate what studies would measure of the package that most teams of a plan get.

    In all teams from the start, for a year, once for each draw in chance of its own.

    Returns
    -------
    Truths
        None where nobody gets a package.
    """
    starts = plan.package != NOTHING
    if not starts.any():
        return None
    package = packages[int(np.bincount(plan.package[starts]).argmax())]
    rows = roster.rows
    teams = len(rows)
    everybody = TeamPlan(package.name, np.zeros(teams, int), np.zeros(teams, int))

    def reduce(_: Request, chunk: Chunk, tables: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        people, lived = tables["assessments"], tables["team_weeks"]
        values = []
        for name, week in MEASURED:
            then = lived[lived["week"] == week]
            values.append(np.bincount(then["team"], then[name], minlength=teams))
        values.append(team_means(people, "qpr15", TRIAL_WEEKS, teams))
        return {"outcomes": np.column_stack(values)}

    usual, given = beside_usual(
        [as_package(package, TRIAL_WEEKS)],
        roster,
        [everybody],
        reduce,
        (teams, len(MEASURED) + 1),
        draws=draws,
        weeks=TRIAL_WEEKS,
        seed=seed,
        reduction="what studies would measure",
        **how,
    )
    staff = np.array([row.staff for row in rows], float) * starts
    people = np.array([row.caseload for row in rows], float)
    gain = np.nan_to_num(given[..., -1] - usual[..., -1], nan=0.0)
    return Truths(
        draws,
        {},
        float(sum(row.staff for row in rows)),
        usual[..., 0].mean(axis=1),
        given[..., 1] @ staff / staff.sum(),
        given[..., 2] @ staff / staff.sum(),
        gain @ people / people.sum(),
    )
