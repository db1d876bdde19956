"""The worth of knowing some parameters, by nested Monte Carlo and by regression, on one small case.

``python -m benchmarks.studies.nested_worth``: parameters of training and of practice drawn from
their priors, the others at their defaults; three strategies and usual care in the trial's teams for
a year. What is known are the parameters of training. Nested Monte Carlo runs the model anew for
many values of what is left open, at each value of what is known; the regression sees one draw each.
"""

from __future__ import annotations

import numpy as np

from benchmarks.comparison import BASE
from sim.inputs.roster import trial_roster
from sim.parameters import registry
from sim.parameters.priors import sample_prior
from sim.planning.comparison import Comparison, Question, compare, with_base
from sim.planning.knowing import perfect, worth_of
from sim.planning.outcomes import QPR
from sim.posterior.choose import GIVEN, ChosenDraws
from sim.scenarios.library import load_scenario

STRATEGIES = ("refocus-as-delivered", "refocus-full", "coaching-only")
OUTER, INNER, SINGLE = 60, 40, 400
WORTHS = (60.0, 100.0, 200.0)


def asked(draws: list[dict[str, float]], seed: int) -> Comparison:
    """Run the strategies over sets of parameter values, once each."""
    strategies = [load_scenario(one) for one in STRATEGIES]
    return compare(
        Question(
            scenarios=with_base(strategies, load_scenario(BASE)),
            base=BASE,
            roster=trial_roster(1),
            chosen=ChosenDraws(draws, GIVEN, {}),
            replications=1,
            seed=seed,
        )
    )


def values_of(found: Comparison, worth: float) -> np.ndarray:
    """Return net benefits at a worth of a point, central prices: (strategies, draws), GBP."""
    gained = np.stack([found.difference(one, QPR)[:, 0] for one in found.names])
    cost = np.array([found.cost_per_person(one).mean() for one in found.names])
    return worth * gained - cost[:, None]


def main() -> None:
    """Run both and print them for several worths of a point."""
    varying = {
        name: one
        for name, one in registry().items()
        if one.varies and one.link in ("training", "practice")
    }
    known = [name for name, one in varying.items() if one.link == "training"]
    sample = sample_prior(OUTER + INNER * OUTER + SINGLE, 1, varying)
    rows = [{name: float(row[name]) for name in varying} for row in sample]
    outer, inner, single = rows[:OUTER], rows[OUTER:-SINGLE], rows[-SINGLE:]
    nested = asked(
        [{**row, **{n: outer[at // INNER][n] for n in known}} for at, row in enumerate(inner)], 1
    )
    plain = asked(single, 2)
    table = np.array([[row[name] for name in known] for row in single])
    for worth in WORTHS:
        values = values_of(nested, worth).reshape(-1, OUTER, INNER)
        means = values.mean(axis=2)
        gain = means.max(axis=0) - means[int(means.mean(axis=1).argmax())]
        single_values = values_of(plain, worth)
        print(
            f"worth {worth:g}: nested {perfect(means):.3f} "
            f"(SE {gain.std(ddof=1) / np.sqrt(OUTER):.3f}), regression "
            f"{worth_of(single_values, table)}, everything {perfect(single_values):.3f} GBP"
        )


if __name__ == "__main__":
    main()
