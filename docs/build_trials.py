"""Write the numbers of the page on trials from the commands that it shows.

Run ``python -m docs.build_trials``; about half an hour on two cores. `refocus reproduce` does it
too. What each trial of agents in a stepped wedge gave is kept in `docs/how-fast.csv`, so that a
part of them can be checked instead of all.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from docs.marked import main, table
from sim.trials.power.simulated_power import rate as rate_of

if TYPE_CHECKING:
    from sim.trials.power.power_outcome import PowerOutcome
    from sim.trials.power.power_search import Found
    from sim.trials.power.power_study import PowerResult
    from sim.trials.power.simulated_power import Rate

PAGE = Path(__file__).resolve().parent / "trials.md"
TRIALS = PAGE.with_name("how-fast.csv")
FOUR_POINTS = "four-point-target --find clusters --target 0.8"
TWO_POINTS = "two-point-target --find clusters --target 0.8"
ADDED = "refocus --set scenario=usual-care --set added_effect={} --simulations 1000 --find clusters"
AGENTS_FOUR_POINTS = f"{ADDED.format(4)} --no-sensitivity"
AGENTS_TWO_POINTS = f"{ADDED.format(2)} --no-sensitivity"
AS_DELIVERED = "refocus"
SELECTED = (
    "readiness-selected --set screened_per_team=8 --simulations 200 --no-sensitivity "
    "--grid share=0.125,0.25,0.5,1"
)
RUN_IN = (
    "refocus --set scenario=refocus-full --simulations 300 --no-sensitivity "
    "--grid run_in_weeks=0,13,26"
)
PARALLEL = "parallel-slow --no-sensitivity"
WEDGE = "stepped-wedge-slow --no-sensitivity --grid transition_periods=0,1,2"
WEDGE_AT_ONCE = "stepped-wedge-slow --set exposure=[1] --no-sensitivity"
LONG_WEDGE = (
    "stepped-wedge-slow --set steps=8 --set transition_periods=3 --simulations 200 --no-sensitivity"
)
WEDGE_AGENTS = "stepped-wedge-agents --no-sensitivity --simulations {}"
WEDGE_SIMULATIONS, ALPHA = 100, 0.05
SUMMARY_TEST = "four-point-target --set test=cluster-summary --no-sensitivity"
RANGES = {
    "iac": "individual autocorrelation",
    "icc": "ICC",
    "sd": "SD",
    "cac": "cluster autocorrelation",
    "attrition": "attrition",
}
SCREENED_TEAMS = {1.0: "all", 0.5: "readiest half", 0.25: "readiest quarter"}


@cache
def outcome(command: str) -> PowerOutcome:
    """Return what `refocus power` finds."""
    from sim.api.power import powered
    from sim.cli import build_parser
    from sim.commands.job import Job
    from sim.commands.power import question_of

    given = build_parser().parse_args(["power", *shlex.split(command)])
    work = Job(given, "trial")
    return powered(question_of(given), work.how, work.stop).outcome


def commands(lines: Iterable[str], why: str) -> str:
    """Return commands as a block that the tests of the pages do not run."""
    shown = "\n".join(f"refocus power {line}" for line in lines)
    return f"<!-- not run: {why} -->\n```sh\n{shown}\n```\n\n"


def rate(one: Rate, digits: int = 3) -> str:
    """Return a share with its Monte Carlo standard error."""
    return f"{one.value:.{digits}f} ({one.monte_carlo_se:.{digits}f})"


def power(result: PowerResult) -> str:
    """Return the power with its Monte Carlo standard error."""
    return rate(result.performance.power)


def null(result: PowerResult) -> str:
    """Return the type I error with its Monte Carlo standard error."""
    assert result.null is not None
    return rate(result.null.power)


def search(one: PowerOutcome) -> Found:
    """Return what the search for the number of teams found."""
    assert one.found is not None
    return one.found


def teams(found: Found) -> str:
    """Return the number of teams with its range."""
    return f"{found.value} ({found.low} to {found.high})"


def at(found: Found, value: int | None) -> PowerResult:
    """Return the result with so many teams."""
    return dict(found.points)[value or 0]


def how_many_teams() -> str:
    """Return how many teams find 4 points and 2, by the statistical model."""
    both = [outcome(FOUR_POINTS), outcome(TWO_POINTS)]
    found = [search(one) for one in both]
    chosen = [at(one, one.value) for one in found]
    fewer = [at(one, (one.value or 0) - one.step) for one in found]
    assurances = [one.assurance for one in both]
    losses = [
        100.0 * (one.result.performance.power.value - sure.value)
        for one, sure in zip(both, assurances, strict=True)
        if sure is not None
    ]
    rows = [
        ("teams in all for 80% power", *map(teams, found)),
        ("by formula", *(str(one.by_formula) for one in found)),
        ("simulated power there (MC SE)", *map(power, chosen)),
        ("two teams fewer", *map(power, fewer)),
        ("assurance", *(rate(one) if one is not None else "" for one in assurances)),
        ("type I error", *(null(one.result) for one in both)),
        ("singular fits", *(f"{one.result.performance.singular.value:.0%}" for one in both)),
    ]
    times = (found[1].value or 0) / (found[0].value or 1)
    return (
        commands((FOUR_POINTS, TWO_POINTS), "some minutes")
        + table(("", "4 points", "2 points"), rows)
        + "\nIn brackets after teams: where the answer may lie for Monte Carlo error alone. Half "
        f"the effect takes {times:.1f} times the teams. Assurance, averaged over a standard error "
        "of the effect of 1 and 0.5 points and the ranges that the designs state, lies "
        f"{losses[0]:.0f} and {losses[1]:.0f} points of power below the conditional power of the "
        "designs: a trial planned at 80% conditional power should not expect 80%."
    )


def what_matters_most() -> str:
    """Return the power at the lowest and highest plausible values."""
    both = [outcome(FOUR_POINTS), outcome(TWO_POINTS)]
    swings = [{one.name: one for one in found.swings} for found in both]
    error = max(one.monte_carlo_se for found in both for one in found.swings)
    sizes = [found.result.study.design.total_clusters for found in both]

    def span(low: float, high: float, name: str) -> str:
        share = name == "attrition"
        return f"{low:.0%} to {high:.0%}" if share else f"{low:g} to {high:g}"

    rows = [
        (
            title,
            span(swings[0][name].low, swings[0][name].high, name),
            *(f"{one[name].power_low:.3f} to {one[name].power_high:.3f}" for one in swings),
        )
        for name, title in RANGES.items()
    ]
    return (
        f"Power at the lowest and highest plausible value ({both[0].swing_trials:,} trials each, "
        f"MC SE at most {error:.3f}; {sizes[0]} and {sizes[1]} teams):\n\n"
        + table(("", "range", "4 points", "2 points"), rows)
    )


def in_the_models_noise() -> str:
    """Return how many teams find an effect that is added to the agent-based model by hand."""
    both = [outcome(AGENTS_FOUR_POINTS), outcome(AGENTS_TWO_POINTS)]
    found = [search(one) for one in both]
    rows = [
        ("teams in all for 80% power", *map(teams, found)),
        (
            "by formula, from the moments of the model's data",
            *(str(one.by_formula) for one in found),
        ),
        ("simulated power there (MC SE)", *(power(at(one, one.value)) for one in found)),
        ("power with REFOCUS's own 27 teams", *(power(one.result) for one in both)),
    ]
    moments = both[0].result.moments
    singular = both[0].result.performance.singular.value
    return (
        commands((AGENTS_FOUR_POINTS, AGENTS_TWO_POINTS), "some minutes")
        + table(("", "4 points", "2 points"), rows)
        + f"\nThe model's data have an ICC of {moments.icc:.3f}, an individual autocorrelation of "
        f"{moments.iac:.2f} and {moments.lost:.0%} lost. With 27 teams {singular:.0%} of fits put "
        "the variance between teams at zero."
    )


def as_delivered() -> str:
    """Return what the model expects of a repeat of the trial."""
    from sim.trials.power.power_study import power_at

    one = outcome(AS_DELIVERED)
    result, performance = one.result, one.result.performance
    important = result.study.file.target.minimum_important_difference or 0.0
    estimand = result.estimand
    rows: list[tuple[str, ...]] = [
        (
            "true effect (participant average)",
            f"{estimand.participant_average:.3f} points (MC SE {estimand.participant_se:.3f})",
        ),
        ("power (assurance over the posterior)", power(result)),
        (
            "power at the posterior medians",
            rate(one.conditional) if one.conditional is not None else "",
        ),
        ("type I error", null(result)),
        (
            f"power at the minimum important difference of {important:g}",
            f"{power_at(result, important):.3f}",
        ),
        (
            "standard error of the estimate",
            f"{performance.empirical_se:.2f} empirical, {performance.model_se:.2f} model",
        ),
    ]
    return commands((AS_DELIVERED,), "some minutes") + table(("", ""), rows)


def selecting_on_readiness() -> str:
    """Return what choosing the readiest teams, and working on readiness first, bring."""
    chosen = sorted(outcome(SELECTED).grid, key=lambda one: -one.values["share"])
    rows: list[tuple[str, ...]] = []
    for point in chosen:
        result, share = point.result, point.values["share"]
        gain = result.estimand
        rows.append(
            (
                SCREENED_TEAMS.get(share, "readiest eighth"),
                f"{result.study.design.total_clusters / share:.0f}",
                f"{gain.participant_average:.2f}",
                f"{gain.selected_gain:.3f} ({gain.selected_gain_se:.3f})",
                power(result),
            )
        )
    selection = table(
        (
            "teams that may enter",
            "teams to screen for 27",
            "true effect in them",
            "more than in all screened, same worlds (MC SE)",
            "power (MC SE)",
        ),
        rows,
    )
    worked = table(
        ("work on readiness first", "true effect (MC SE)", "power (MC SE)"),
        [
            (
                f"{point.values['run_in_weeks']:.0f} weeks"
                if point.values["run_in_weeks"]
                else "none",
                f"{point.result.estimand.participant_average:.2f} "
                f"({point.result.estimand.participant_se:.2f})",
                power(point.result),
            )
            for point in outcome(RUN_IN).grid
        ],
    )
    return commands((SELECTED, RUN_IN), "many minutes") + selection + "\n" + worked


def parallel_or_wedge() -> str:
    """Return how designs do when implementation is slow."""
    wedge = {int(one.values["transition_periods"]): one.result for one in outcome(WEDGE).grid}
    designs = [
        ("parallel, after a year", outcome(PARALLEL).result),
        ("stepped wedge, were the effect there at once", outcome(WEDGE_AT_ONCE).result),
        ("stepped wedge, slow", wedge[0]),
        ("the same, one transition period left out", wedge[1]),
        ("the same, two left out", wedge[2]),
        ("eight steps, three transition periods", outcome(LONG_WEDGE).result),
    ]
    rows: list[tuple[str, ...]] = [
        (
            name,
            f"{one.study.design.period_weeks * max(one.study.design.periods - 1, 1)}",
            f"{one.performance.true_effect:.2f}",
            f"{one.performance.mean_estimate:.2f}",
            power(one),
            rate(one.performance.coverage),
        )
        for name, one in designs
    ]
    slow = wedge[0]
    formula = slow.formula
    assert formula is not None
    return (
        commands((PARALLEL, WEDGE, WEDGE_AT_ONCE, LONG_WEDGE), "many minutes")
        + table(
            (
                "design",
                "weeks",
                "true effect it averages",
                "mean estimate",
                "power (MC SE)",
                "coverage of 95% intervals (MC SE)",
            ),
            rows,
        )
        + f"\nType I error of the slow stepped wedge: {null(slow)}. By formula its power is "
        f"{formula.power:.3f}, and its estimates can be expected to average {formula.expected:.2f}."
    )


def wedge_trials(simulations: int = WEDGE_SIMULATIONS) -> pd.DataFrame:
    """Return true effects by weeks since a team began, their average and p, a trial a row.

    What the first trials give does not depend on how many follow them.
    """
    one = outcome(WEDGE_AGENTS.format(simulations)).result
    weeks = one.study.design.period_weeks
    built = np.array([truth.by_exposure for truth in one.truths])
    columns = {str(weeks * (k + 1)): built[:, k] for k in range(built.shape[1])}
    averages = [truth.participant_average for truth in one.truths]
    tested = [np.nan if one.failed else one.p for one in one.results]
    return pd.DataFrame({**columns, "average": averages, "p": tested})


def how_fast(kept: pd.DataFrame | None = None) -> str:
    """Return how fast the effect builds up in the agents, in new trials or in those kept."""
    frame = wedge_trials() if kept is None else kept
    built = frame.drop(columns=["average", "p"]).mean()
    rows = [
        ("true effect, points of the QPR", *(f"{value:.3f}" for value in built)),
        ("share of the last", *(f"{value / built.iloc[-1]:.0%}" for value in built)),
    ]
    average = frame["average"]
    power = rate_of(int((frame["p"] < ALPHA).sum()), len(frame))
    return (
        commands((WEDGE_AGENTS.format(len(frame)),), "a minute")
        + table(("weeks since a team began", *built.index), rows)
        + f"\nIts mean over treated periods is {average.mean():.3f} (MC SE {average.sem():.3f}), "
        f"and power {rate(power)}."
    )


def conservative_tests() -> str:
    """Return how far the mixed model's test falls short of its level, and the simple test."""
    mixed, simple = outcome(FOUR_POINTS).result, outcome(SUMMARY_TEST).result
    return (
        f"Type I error {null(mixed)} instead of 0.05 in the design with 4 points. The "
        f"cluster-summary test keeps its level: {null(simple)} in the same design, with a power of "
        f"{power(simple)}.\n\n" + commands((SUMMARY_TEST,), "a minute")
    )


PARTS: dict[str, Callable[[], str]] = {
    "how-many-teams": how_many_teams,
    "what-matters-most": what_matters_most,
    "in-the-models-noise": in_the_models_noise,
    "as-delivered": as_delivered,
    "selecting-on-readiness": selecting_on_readiness,
    "parallel-or-wedge": parallel_or_wedge,
    "how-fast": how_fast,
    "conservative-tests": conservative_tests,
}


if __name__ == "__main__":
    main(PAGE, PARTS)
    TRIALS.write_text(wedge_trials().to_csv(index=False), encoding="utf-8", newline="\n")
