"""Write the generated parts of `referee.md`: what each link rests on, and what may be attacked.

Run ``python -m docs.build_referee``; seconds. Every number is read from stored results.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from calibration.evidence.meta_analysis import pool, read_effects
from calibration.evidence.targets import load_targets, of_use
from calibration.findings.checks import table_rows
from calibration.findings.pushforward import read as read_headlines
from calibration.findings.rival_trials import densities, weights
from calibration.findings.rival_trials import read as read_rivals
from calibration.sampling.priors import CALIBRATED
from calibration.sampling.scenarios import EXPLANATIONS
from docs.marked import main, table
from sim.parameters import registry
from sim.posterior import BOTH_TRIALS, PRIOR
from sim.posterior.choose import chosen_draws

PAGE = Path(__file__).resolve().parent / "referee.md"
DRAWS, MOVED = 1000, 0.15
"""Draws read, and the share of variance below which a parameter hardly moved: twice its Monte Carlo
error with so many draws, and more."""
LINKS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "readiness": (("P13",), ("team_readiness_sd",)),
    "attendance": ((), ("attendance_base",)),
    "practice": (("P21", "P22", "P4", "P5"), ("practice_change",)),
    "relationship": ((), ("team_relationship_sd", "relationship_from_experience")),
    "experienced support (INSPIRE)": (("P10", "P19"), ("support_effect",)),
    "experience to recovery, between people": (
        ("P11", "P12"),
        ("experience_to_recovery", "rsa_rater_mood"),
    ),
    "effect on the QPR": (("P2", "P3", "P4", "P20"), ("effect_full", "between_trials_sd")),
    "road of the effect": ((), ("causal_share", "team_share")),
    "level and spread of the QPR": (
        ("P1", "P2", "P8"),
        ("qpr_item_location", "qpr_item_spread", "fluctuation_sd"),
    ),
    "staff ratings": (("P7",), ("staff_rater_bias",)),
    "loss to follow-up": (("P6",), ("dropout_yearly",)),
}
"""Links of the chain: the patterns that speak of each, and the parameters that stand for it."""


@cache
def spread(posterior: str) -> dict[str, float]:
    """Return the SD of every parameter over the draws of a shipped posterior."""
    draws = chosen_draws(DRAWS, path=posterior).draws
    return {name: float(np.std([one[name] for one in draws])) for name in draws[0]}


def contraction(name: str) -> float:
    """Return by which share of its prior variance both trials narrowed a parameter."""
    return 1.0 - (spread(BOTH_TRIALS)[name] / spread(PRIOR)[name]) ** 2


def links() -> str:
    """Return which target moves which link, and by how much."""
    uses = {one.pattern: one.use for one in load_targets().values()}
    uses |= {one.pattern: "fit" for one in of_use(load_targets(), "fit")}
    rows = []
    for link, (patterns, names) in LINKS.items():
        said = [f"{one} ({uses[one]})" for one in patterns]
        fitted = any(uses[one] == "fit" for one in patterns)
        moved = []
        for name in names:
            if name not in CALIBRATED:
                moved.append(f"`{name}`: not calibrated")
                continue
            moved.append(f"`{name}` {max(contraction(name), 0.0):.0%}")
        most = max((contraction(one) for one in names if one in CALIBRATED), default=0.0)
        rests = "trials and priors" if fitted and most >= MOVED else "priors alone"
        rows.append((link, ", ".join(said) or "nothing", "; ".join(moved), rests))
    return table(("link", "targets (use)", "variance taken away by both trials", "rests on"), rows)


def attacks() -> str:
    """Return what a sceptical referee would still attack, with the numbers of the day."""
    rule, studies = read_effects()
    pooled = pool(studies, rule)
    headline = {(one["posterior"], one["headline"]): one for one in read_headlines()}
    prior, both = headline[PRIOR, "delivered"], headline[BOTH_TRIALS, "delivered"]
    full = headline[BOTH_TRIALS, "full"]
    ratio = both["mean"] / full["mean"]
    weight = weights(densities(read_rivals(), "both"))[0]
    nothing = weight[EXPLANATIONS.index("theory failure")]
    rows = {one["name"]: one for one in table_rows()}
    missed = [one["check"] for one in rows.values() if one["missed"] == "missed"]
    kept = rows["care_kept"][BOTH_TRIALS]
    calibrated = [one for one in CALIBRATED if contraction(one) < MOVED]
    varied = sum(one.varies for one in registry().values())
    low, high = pooled.new_mean - 1.645 * pooled.new_sd, pooled.new_mean + 1.645 * pooled.new_sd
    points = (
        f"**The prior decides much.** Without any trial of REFOCUS the effect as delivered is "
        f"{prior['mean']:.2f} SD ({prior['low']:.2f} to {prior['high']:.2f}); with both trials "
        f"{both['mean']:.2f} ({both['low']:.2f} to {both['high']:.2f}). The prior is "
        f"{pooled.new_mean:.2f} ({low:.2f} to {high:.2f}) by a rule on "
        f"{sum(one.pooled for one in studies)} studies of *other* programmes, discounted by "
        "a number that we chose.",
        "**The prior's rule was written by people who knew the outcome.** The discount and the "
        "share delivered were set before they were computed, but after PULSAR had reported; one "
        "amendment was made after a first look ([how](evidence.md)).",
        f"**Full implementation is never observed.** It is {full['mean']:.2f} SD "
        f"({full['low']:.2f} to {full['high']:.2f}), {1.0 / ratio:.1f} times what was delivered; "
        "the ratio rests on attendance, transfer and turnover as assumed.",
        f"**No mechanism is needed to predict as well.** Carrying REFOCUS's effect over predicts "
        "PULSAR better ([scores](calibration.md#both-trials-together-each-alone-and-neither)). "
        f"That nothing works holds {nothing:.2f} of the weight of five rival explanations.",
        f"**Most of it is assumption.** {varied} parameters have a prior, {len(CALIBRATED)} are "
        f"calibrated, and {len(calibrated)} of those hardly moved (less than {MOVED:.0%} of "
        "their variance).",
        f"**Checks that fail.** {'; '.join(missed)}.",
        f"**After the first year nothing holds it.** Of CARe's gain in practice .67 was left after "
        f"20 months; the model expects {kept[0]:.2f} ({kept[1]:.2f} to {kept[2]:.2f}) if coaching "
        "went on, and fading is a prior.",
        "**Where the effect goes is not seen.** INSPIRE was not reported by arm; no draw can be "
        "refuted on how much experienced support carries.",
        "**Services unlike the trial's.** Teams of other sizes, countries or conditions enter by "
        "assumed rules; each decision says so ([what is extrapolated](what-we-do-not-know.md)).",
        "**One team built all of it.** Model, priors, fit and checks are of one hand; nobody "
        "outside has reviewed them ([AdViSHE](checklists/advishe.md)).",
    )
    return "".join(f"{number}. {one}\n" for number, one in enumerate(points, 1))


WANTED: dict[str, Callable[[], str]] = {"attacks": attacks, "links": links}

if __name__ == "__main__":
    main(PAGE, WANTED)
