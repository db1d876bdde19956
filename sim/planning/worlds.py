"""Many worlds of several scenarios, reduced to outcomes where they are computed.

A comparison of ten scenarios over 200 draws and 10 replications is 20,000 worlds: their tables
would not fit into memory, so only its outcomes are kept of every chunk.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Unpack

import numpy as np

from sim.engines.ensemble import Chunk, Request
from sim.planning.outcomes import (
    GROUP_MEASURES,
    IMPLEMENTATION,
    SCORES,
    WEEKLY,
    Covered,
    outcomes_of,
)
from sim.planning.resources import RESOURCES, WEEKS_PER_YEAR, Plan
from sim.runs.chunk_store import fingerprint
from sim.runs.request import build_request
from sim.runs.simulate import simulate_reduced
from sim.scenarios.library import adjusted

if TYPE_CHECKING:
    from sim.inputs.roster import Roster
    from sim.population import Layout
    from sim.runs.pieces import How
    from sim.scenarios.schema import Scenario

COLLECT = ("assessments", "staff_assessments", "team_weeks")
KEPT = ("scores", "groups", "implementation", "resources", "weekly")


@dataclass(frozen=True)
class Worlds:
    """Outcomes of all worlds; axes begin with scenario, draw and replication."""

    scenarios: tuple[str, ...]  # Names along the first axis
    assessments: np.ndarray  # Weeks of assessment
    scores: np.ndarray  # Shape (scenarios, draws, replications, assessments, `SCORES`)
    # Shape (scenarios, draws, replications, assessments, groups, `GROUP_MEASURES`).
    groups: np.ndarray
    implementation: np.ndarray  # Shape (scenarios, draws, replications, `IMPLEMENTATION`)
    weekly: np.ndarray  # Means over replications, shape (scenarios, draws, weeks + 1, `WEEKLY`)
    resources: np.ndarray  # Shape (scenarios, draws, replications, years, `RESOURCES`)

    def use(self, scenario: int) -> dict[str, np.ndarray]:
        """Return the resources of a scenario, each of shape (draws, replications, years)."""
        own = self.resources[scenario]
        return {
            name: own[..., number]
            for number, name in enumerate(RESOURCES)
            if own[..., number].any()
        }


def yearly_assessments(weeks: int) -> list[int]:
    """Return weeks of assessment: the start, the end of every year, and the end."""
    return sorted({0, *range(WEEKS_PER_YEAR, weeks + 1, WEEKS_PER_YEAR), weeks})


def with_starts(layout: Layout, starts: np.ndarray, weeks: int, fixed: bool) -> Layout:
    """Return a layout whose teams start in the given weeks.

    `layout`: a scenario's layout; `starts`: weeks of usual care before each team's programme,
    -1 for never, shape (teams,); `weeks`: weeks simulated; `fixed`: whether each team has its
    own week; otherwise teams whose order is found within each world share the weeks out as the
    scenario says, those that never start coming last.
    """
    teams = layout.teams.copy()
    if fixed:
        teams["order"] = 0
    never = np.where(teams["order"] != 0, weeks, -1)
    teams["start_week"] = np.where(starts < 0, np.where(teams["programme"] > 0, never, -1), starts)
    return dataclasses.replace(layout, teams=teams)


def planning_request(
    scenarios: Sequence[Scenario],
    roster: Roster,
    starts: Sequence[np.ndarray],
    *,
    draws: Sequence[Mapping[str, float]],
    weeks: int,
    replications: int,
    seed: int,
    settings: Mapping[str, float] | None = None,
    fixed: bool = False,
) -> Request:
    """Return one request in which every scenario has start weeks of its own.

    With `fixed` each team has its own start week, whatever a scenario says of their order.

    All scenarios share their runs of chance; every draw has runs of its own, so that the mean over
    draws does not rest on the same few.
    """
    parts = []
    for scenario, weeks_to_start in zip(scenarios, starts, strict=True):
        changed = adjusted(scenario, {"assessment.weeks": yearly_assessments(weeks)})
        inducts = scenario.training.induction > 0.0
        part = build_request(
            [changed],
            roster,
            settings=settings,
            draws=draws,
            weeks=weeks,
            replications=replications,
            seed=seed,
            collect=(*COLLECT, "events") if inducts else COLLECT,
            own_chance=True,
        )
        layout = with_starts(part.layouts[0], weeks_to_start, weeks, fixed)
        parts.append(dataclasses.replace(part, layouts=(layout,)))
    collect = max((part.collect for part in parts), key=len)
    return dataclasses.replace(
        parts[0],
        names=tuple(name for part in parts for name in part.names),
        layouts=tuple(layout for part in parts for layout in part.layouts),
        draws=np.concatenate([np.atleast_2d(part.draws) for part in parts]),
        collect=collect,
    )


def found_within_worlds(layout: Layout) -> bool:
    """Return whether each world finds out which teams take part, or which of them starts when."""
    return layout.selection_mode != 0 or bool(np.any(layout.teams["order"] != 0))


def simulate_worlds(
    request: Request, covered: Covered, plans: Sequence[Plan], **how: Unpack[How]
) -> Worlds:
    """Run a request and return the outcomes of its worlds.

    Parameters
    ----------
    request : Request
        From `planning_request`.
    covered : Covered
        Who the outcomes are about.
    plans : sequence of Plan
        What each scenario gives each team.
    **how
        See `sim.runs.pieces.How`.

    Raises
    ------
    Cancelled, Interrupted, InputError
        As `sim.runs.simulate.simulate_reduced`.
    """
    assessments = request.assessment_weeks(0)

    def reduce(
        asked: Request, chunk: Chunk, tables: Mapping[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        found = outcomes_of(
            tables,
            chunk.worlds,
            asked.weeks,
            assessments,
            covered,
            plans[chunk.scenario],
            found_within_worlds(asked.layouts[chunk.scenario]),
        )
        kept = {name: getattr(found, name) for name in KEPT}
        return {**kept, "weekly": found.weekly.sum(axis=0)}

    chunks = simulate_reduced(request, reduce, KEPT, reduction=reduction_of(covered, plans), **how)
    shape = (len(request.names), request.parameter_sets, request.replications)
    years = -(-request.weeks // WEEKS_PER_YEAR)
    worlds = Worlds(
        scenarios=request.names,
        assessments=assessments,
        scores=np.full((*shape, len(assessments), len(SCORES)), np.nan),
        groups=np.full(
            (*shape, len(assessments), len(covered.groups), len(GROUP_MEASURES)), np.nan
        ),
        implementation=np.full((*shape, len(IMPLEMENTATION)), np.nan),
        weekly=np.zeros((*shape[:2], request.weeks + 1, len(WEEKLY))),
        resources=np.zeros((*shape, years, len(RESOURCES))),
    )
    for chunk, kept in chunks:
        at = (chunk.scenario, chunk.draw, slice(chunk.first, chunk.last))
        worlds.scores[at] = kept["scores"]
        worlds.groups[at] = kept["groups"]
        worlds.implementation[at] = kept["implementation"]
        worlds.resources[at] = kept["resources"]
        worlds.weekly[at[:2]] += kept["weekly"] / request.replications
    return worlds


def reduction_of(covered: Covered, plans: Sequence[Plan]) -> str:
    """Return a hash of everything that decides outcomes beside a request's tables."""
    described: list[Covered | Plan] = [covered, *plans]
    return fingerprint(
        *(getattr(one, field.name) for one in described for field in dataclasses.fields(one))
    )
