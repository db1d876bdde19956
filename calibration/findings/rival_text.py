"""What rival explanations say after both trials, and what each would mean for a planner."""

from __future__ import annotations

from calibration.findings.rival_trials import densities, expected, read, weights
from calibration.sampling.scenarios import EXPLANATIONS

MEANS = {
    "incomplete implementation": "train and coach everybody in fewer teams rather than some in "
    "many; delivery in full brings several times as much",
    "too short a time": "keep the programme going and judge it after two years, not one",
    "insensitive measure": "go on, and measure with another instrument; people gain more than the "
    "QPR shows",
    "theory failure": "no way of delivering this programme helps; spend on something else",
    "chance": "deliver it as it was; nothing needs mending",
}
"""What a planner would do if only this explanation held."""


def both_trials_text() -> str:
    """Return the part of the report on rivals and both trials."""
    found = read()
    columns = [
        weights(densities(found, *which))
        for which in (("REFOCUS",), ("PULSAR",), ("both",), ("both", True))
    ]
    density = densities(found, "both")
    rows = [
        "| only this holds | weight, REFOCUS | weight, PULSAR | weight, both (MC SE) | both, "
        "effects differing between trials | as delivered, 12 months | in full, 12 months | then |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for place, name in enumerate(EXPLANATIONS):
        shares = [f"{one[0][place]:.2f}" for one in columns]
        shares[2] += f" ({columns[2][1][place]:.2f})"
        effects = []
        for values in (found.delivered, found.full):
            one = expected(values[:, place], density[:, place])
            effects.append(f"{one['mean']:.2f} ({one['low']:.2f} to {one['high']:.2f})")
        rows.append(f"| {name} | {' | '.join((*shares, *effects, MEANS[name]))} |")
    both = columns[2][0]
    against = [n for n, one in zip(EXPLANATIONS, both, strict=True) if one < both.max() / 10.0]
    survive = (
        f"Both trials speak strongly against {', '.join(against)}."
        if against
        else "All five survive both trials: none has less than a tenth of the best one's weight."
    )
    return (
        "### Rivals and both trials\n\n"
        "PULSAR came later and found 3.7 points. Each rival is simulated in the services of both "
        f"trials, over {len(density)} draws of the priors, which have seen neither; weights as "
        "above, equally likely beforehand. Effects: QPR-15 points given both reports (mean, 90%). "
        "PULSAR used 22 items, some of which ask about the relationship with the worker: under "
        "theory failure its score still moves a little.\n\n"
        + "\n".join(rows)
        + f"\n\n{survive} REFOCUS alone favours theory failure; PULSAR takes most of that away. "
        "What is left divides planners' choices three ways: deliver more fully, go on longer and "
        "measure otherwise, or stop. The first is the choice that gains under four of the five "
        "explanations and loses only its cost under the fifth. With REFOCUS alone "
        "(`--posterior refocus-alone`) an explanation under which nothing helps holds half of the "
        "weight, and verdicts say that they cannot tell.\n\n"
    )
