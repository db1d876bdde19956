"""The PULSAR trial simulated from its design alone.

Two steps of seven clusters, three cross-sectional samples a year apart, half of the staff reached,
high turnover, QPR-22. Every simulated trial has a draw of the REFOCUS posterior, chance and
turnover of its own, and an untreated twin under the same draws, which tells what the effect truly
was. The trial's outcome is not used in fitting.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Unpack

import numpy as np

from sim.runs.pieces import How, spans
from sim.trials.studies.pulsar_analysis import (
    STEP_ONE,
    STEP_TWO,
    PulsarFigures,
    TrueEffects,
    pulsar_figures,
    true_effects,
)
from sim.trials.studies.simulated_trials import check_asked, simulated_trials

if TYPE_CHECKING:
    import pandas as pd

    from sim.inputs.roster import Roster

DESIGN = Path(__file__).parent / "pulsar-design.toml"
YEAR = 52
WEEKS = (0, YEAR, 2 * YEAR)
# Trials of a piece, which is stored when it is finished.
PIECE = 25
MEASURE = "qpr22"
# People of a cluster simulated for each sample; some have left the service when it is drawn.
SPARE = 1.8
TURNOVER_KEY = 104_729
SHIFTS = (0.0, -1.0, -2.0, -3.0)
PILOT = 60


class PulsarDesign(NamedTuple):
    """The numbers of the design; units and sources stand in ``pulsar-design.toml``."""

    sequences: int
    clusters: int
    interviews: tuple[int, int, int]
    coverage: float
    staff_per_cluster: int
    organisations: int
    turnover: tuple[float, float]
    coordinators_per_cluster: int
    caseload_per_cluster: int
    planning_sd: float
    transport_sd: float


class Coverage(NamedTuple):
    """How attendance is brought to the design's coverage."""

    shift: float  # Added to the log odds of attending
    before: float  # Share of staff reached without it
    before_se: float  # Monte Carlo standard error of that share; NaN for a single pilot run


def design_facts() -> dict[str, dict[str, Any]]:
    """Return value, unit, grade and source of each number of the design."""
    return tomllib.loads(DESIGN.read_text(encoding="utf-8"))


def pulsar_design() -> PulsarDesign:
    """Return the design."""
    given = {name: one["value"] for name, one in design_facts().items()}
    return PulsarDesign(
        sequences=int(given["sequences"]),
        clusters=int(given["clusters"]),
        interviews=(
            int(given["interviews_before"]),
            int(given["interviews_year_one"]),
            int(given["interviews_year_two"]),
        ),
        coverage=float(given["coverage"]),
        staff_per_cluster=int(given["staff_per_cluster"]),
        organisations=int(given["organisations"]),
        turnover=(float(given["turnover_low"]), float(given["turnover_high"])),
        coordinators_per_cluster=int(given["coordinators_per_cluster"]),
        caseload_per_cluster=int(given["caseload_per_cluster"]),
        planning_sd=float(given["planning_sd"]),
        transport_sd=float(given["transport_sd"]),
    )


def cluster_steps(design: PulsarDesign) -> np.ndarray:
    """Return the step of each cluster: they take turns, so that organisations hold both."""
    return np.where(np.arange(design.clusters) % 2 == 0, STEP_ONE, STEP_TWO)


def sample_sizes(design: PulsarDesign) -> np.ndarray:
    """Return people interviewed by cluster and time, shape (clusters, 3): as even as can be."""
    number = np.arange(design.clusters)
    sizes = [
        total // design.clusters + (number < total % design.clusters) for total in design.interviews
    ]
    return np.stack(sizes, axis=1)


def pulsar_roster(design: PulsarDesign, sampled: int) -> Roster:
    """Return the clusters as teams in their organisations, with the week in which each starts."""
    from sim.inputs.roster import Roster, TeamRow

    steps = cluster_steps(design)
    rows = tuple(
        TeamRow(
            team=f"cluster-{number + 1:02d}",
            trust=f"organisation-{number // 2 % design.organisations + 1}",
            type="community",
            staff=design.staff_per_cluster,
            coordinators=design.coordinators_per_cluster,
            caseload=max(design.caseload_per_cluster, sampled),
            sampled=sampled,
            start_week=0 if steps[number] == STEP_ONE else YEAR,
        )
        for number in range(design.clusters)
    )
    return Roster(rows, ("design of the PULSAR trial; see its facts and assumptions",), "PULSAR")


def settled_draws(
    draws: Sequence[Mapping[str, float]], count: int, seed: int, design: PulsarDesign, shift: float
) -> list[dict[str, float]]:
    """Return one set of parameter values for each trial: turnover drawn, attendance lowered.

    `draws`: posterior draws, taken in turn; `shift`: added to the log odds of attending, within
    the parameter's bounds.
    """
    from sim.parameters import registry

    low, high = registry()["attendance_base"].bounds
    usual = registry()["attendance_base"].default
    rng = np.random.Generator(np.random.Philox(key=[seed, TURNOVER_KEY]))
    turnover = rng.uniform(*design.turnover, count)
    settled = []
    for number in range(count):
        given = draws[number % len(draws)]
        base = given.get("attendance_base", usual) + shift
        settled.append(
            {
                **given,
                "turnover_yearly": float(turnover[number]),
                "attendance_base": float(min(max(base, low), high)),
            }
        )
    return settled


def coverage_shift(
    draws: Sequence[Mapping[str, float]], seed: int, design: PulsarDesign, **how: Unpack[How]
) -> Coverage:
    """Return the change in attendance that gives the design's coverage, and the coverage unshifted.

    Coverage is the share of staff in post who have attended at least one session a year after
    training began, mean over draws and clusters. It is found on pilot runs by interpolation.
    """
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate
    from sim.scenarios.library import adjusted, load_scenario

    scenario = adjusted(load_scenario("refocus-as-delivered"), {"assessment.weeks": [0]})
    roster = pulsar_roster(design, 1)
    count = min(PILOT, len(draws))
    thinned = [draws[(2 * one + 1) * len(draws) // (2 * count)] for one in range(count)]
    first = cluster_steps(design) == STEP_ONE
    reached: list[float] = []
    errors: list[float] = []
    for shift in SHIFTS:
        request = build_request(
            [scenario],
            roster,
            draws=settled_draws(thinned, count, seed, design, shift),
            weeks=YEAR,
            replications=1,
            seed=seed,
            collect=("team_weeks",),
            own_chance=True,
        )
        rows = simulate(request, **how).arrays["team_weeks"]
        last = rows[rows["week"] == YEAR]
        own = last[first[last["team"]]]
        by_draw = np.bincount(own["draw"], own["adoption"]) / np.bincount(own["draw"])
        reached.append(float(own["adoption"].mean()))
        errors.append(float(by_draw.std(ddof=1)) / count**0.5 if count > 1 else float("nan"))
    # Coverage falls with the shift; interpolation needs it to rise.
    found = float(np.interp(design.coverage, reached[::-1], SHIFTS[::-1]))
    return Coverage(found, reached[0], errors[0])


def simulate_pulsar(
    draws: Sequence[Mapping[str, float]],
    count: int,
    seed: int = 1,
    *,
    shift: float = 0.0,
    **how: Unpack[How],
) -> pd.DataFrame:
    """Simulate and analyse the trial, each time with its untreated twin.

    Parameters
    ----------
    draws : sequence of mappings
        Posterior draws, one for each trial in turn.
    count, seed : int
        Trials; seed of chance and of turnover.
    shift : float
        See `coverage_shift`.
    **how
        See `sim.runs.pieces.How`.

    Returns
    -------
    DataFrame
        One row for each trial: columns of `PulsarFigures`, and the true effects.

    Raises
    ------
    InputError
        If there is no draw or no trial is asked for.
    """
    check_asked(draws, count)
    design = pulsar_design()
    settled = settled_draws(draws, count, seed, design, shift)
    return simulated_trials(
        "pulsar",
        spans(0, count, PIECE),
        lambda span: _batch(design, settled[span.first : span.last], span.first, seed),
        (*PulsarFigures._fields, *TrueEffects._fields),
        seed,
        (design, settled),
        **how,
    )


def _batch(
    design: PulsarDesign, draws: list[dict[str, float]], first: int, seed: int
) -> list[tuple[float, ...]]:
    from sim.runs.request import build_request
    from sim.runs.simulate import simulate
    from sim.scenarios.library import adjusted, load_scenario

    sizes = sample_sizes(design)
    places = int(np.ceil(SPARE * sizes.max()))
    roster = pulsar_roster(design, 3 * places)
    weeks = {"assessment.weeks": list(WEEKS)}
    scenarios = [
        adjusted(load_scenario(name), weeks) for name in ("refocus-as-delivered", "usual-care")
    ]
    request = build_request(
        scenarios,
        roster,
        draws=draws,
        weeks=WEEKS[-1],
        replications=1,
        seed=seed,
        collect=("assessments",),
        own_chance=True,
        first_run=first,
    )
    rows = simulate(request, workers=1).arrays["assessments"]
    step = cluster_steps(design)
    found: list[tuple[float, ...]] = []
    for place in range(len(draws)):
        own = rows[rows["draw"] == place]
        worlds = [
            np.sort(own[own["scenario"] == number], order=["week", "team", "place"])
            for number in (0, 1)
        ]
        chosen = interviewed(worlds[0], sizes, places)
        sample = worlds[0][chosen]
        outcome, untreated = sample[MEASURE], worlds[1][chosen][MEASURE]
        period = sample["week"] // YEAR
        figures: PulsarFigures = pulsar_figures(outcome, sample["team"], period, step)
        truth = true_effects(
            outcome - untreated, sample["team"], period, step, figures.variance_ratio
        )
        found.append((*figures, *truth))
    return found


def interviewed(rows: np.ndarray, sizes: np.ndarray, places: int) -> np.ndarray:
    """Return which rows are of people interviewed: each time other people, all in service.

    Parameters
    ----------
    rows : structured array
        Assessments of one world.
    sizes : (clusters, 3) array of int
        People wanted; fewer are taken where fewer are in service.
    places : int
        Places of a cluster that stand ready for each sample.
    """
    period = rows["week"] // YEAR
    ready = (rows["place"] // places == period) & (rows["in_service"] == 1)
    at = np.flatnonzero(ready)
    cell = rows["team"][at].astype(np.int64) * len(WEEKS) + period[at]
    order = np.lexsort((rows["place"][at], cell))
    ranked = cell[order]
    starts = np.searchsorted(ranked, ranked)
    rank = np.arange(len(ranked)) - starts
    kept = rank < sizes.reshape(-1)[ranked]
    return np.sort(at[order][kept])
