"""Power by formula against simulated trials: 200 random designs and the shipped ones.

Run from the project's folder: ``python -m benchmarks.studies.formula_check`` simulates what is not
yet in `formula_check.json` beside it (2,000 trials a design, about ten minutes of processor time in
all) and writes ``docs/validation-power.md``; ``--designs N`` and ``--trials N`` take fewer, and
then nothing is written.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from math import sqrt
from pathlib import Path
from statistics import NormalDist, mean, stdev
from typing import Any, NamedTuple

from benchmarks.formula_grid import marginal_wedges, random_designs, simulated, small_wedges
from sim.text_table import markdown
from sim.trials.designs.design_file import analysis_plan, changed, load_design, trial_design
from sim.trials.designs.design_schema import DesignFile
from sim.trials.power.design_formula import MOST_CELLS, Assumed
from sim.trials.power.formula_answer import formula_answer
from sim.trials.power.formula_power import FormulaPower
from sim.trials.power.measured_error import Measured, kind_of
from sim.trials.power.power_study import PowerResult, formula_of, simulate_power, study_of

STORE = Path(__file__).parent / "formula_check.json"
PAGE = Path(__file__).parents[2] / "docs" / "validation-power.md"
SHIPPED = ("four-point-target", "two-point-target", "parallel-slow", "stepped-wedge-slow")
# Simulated and analysed by the program itself, with so many trials: two outcomes, and agents.
OWN = {
    "hybrid-wedge": 2000,
    "refocus": 500,
    "stepped-wedge-agents": 1000,
    "readiness-selected": 500,
}
DESIGNS, TRIALS = 200, 2000
WEDGES = 9
# Of marginal models, whose fits cost more.
MARGINAL_TRIALS, MARGINAL_SEED = 1000, 5
ERRORS, POINTS = 3.0, 0.02
KEPT = ("mean_estimate", "empirical_se", "model_se", "df")


class Compared(NamedTuple):
    """One design: formula and simulation."""

    name: str
    file: DesignFile
    formula: FormulaPower
    found: dict[str, float]

    @property
    def difference(self) -> float:
        """Simulated less formula."""
        return self.found["power"] - self.formula.power

    @property
    def errors(self) -> float:
        """The same in Monte Carlo standard errors."""
        worst = max(p * (1.0 - p) for p in (self.found["power"], self.formula.power))
        return self.difference / sqrt(worst / self.found["trials"])

    @property
    def flagged(self) -> bool:
        """Whether it is beyond chance and more than two points."""
        return abs(self.errors) > ERRORS and abs(self.difference) > POINTS


def designs(count: int = DESIGNS) -> dict[str, DesignFile]:
    """Return the shipped designs, then the random ones, by name.

    One of the shipped stands twice: its effect builds up faster too.
    """
    found = {name: load_design(name) for name in SHIPPED}
    quick = changed(load_design("stepped-wedge-slow"), {"exposure": [0.19, 1.0]})
    found["stepped-wedge-slow, faster"] = quick
    drawn = {file.title: file for file in random_designs(count)}
    # A kind that differed most has designs of its own.
    few = {file.title: file for file in small_wedges(WEDGES if count == DESIGNS else 0)}
    found |= drawn | few | (marginal_wedges() if count == DESIGNS else {})
    return found | {name: load_design(name) for name in OWN}


def summary(name: str, file: DesignFile, trials: int) -> dict[str, Any]:
    """Return what simulated trials say, and of agents what the formula takes from them."""
    marginal = name in marginal_wedges()
    if name in OWN or marginal:
        trials, seed = (MARGINAL_TRIALS, MARGINAL_SEED) if marginal else (OWN[name], 1)
        study = study_of(file, file.precision.draws)
        result = simulate_power(study, trials, seed=seed, null=False, workers=1)
        found = result.performance
    else:
        found = simulated(file, trials)
    row = asdict(found)
    return {
        "trials": trials,
        "power": found.power.value,
        "singular": found.singular.value,
        "failed": found.failed.value,
        **{name: float(row[name]) for name in KEPT},
        **({} if file.agents is None else _of_agents(result)),
    }


def _of_agents(result: PowerResult) -> dict[str, Any]:
    """Return what the formula takes from trials of agents, and how their estimates spread."""
    estimates = [one.estimate for one in result.results if not one.failed]
    return {"assumed": asdict(result.assumed), "estimates_sd": stdev(estimates)}


def over_draws(one: Compared) -> float:
    """Return the formula's power averaged over effects that differ from trial to trial.

    Estimates of trials with a draw of the parameters each spread by chance, as the formula has it,
    and by what they can be expected to be; the second is taken as normal.
    """
    formula = one.formula
    own = sqrt(max(one.found["estimates_sd"] ** 2 - formula.spread**2, 0.0))
    effects = NormalDist(one.found["mean_estimate"], max(own, 1e-9)).quantiles(400)
    return mean(formula.but(each, formula.spread, formula.model_se, formula.df) for each in effects)


def compared(found: dict[str, dict[str, float]], count: int = DESIGNS) -> list[Compared]:
    """Return every design that was simulated beside its formula."""
    return [
        Compared(name, file, _formula(file, found[name]), found[name])
        for name, file in designs(count).items()
        if name in found
    ]


def _formula(file: DesignFile, found: dict[str, Any]) -> FormulaPower:
    study = study_of(file, 0)
    if file.agents is None:
        return formula_answer(study).formula
    taken = found["assumed"]
    return formula_of(study, Assumed(**{**taken, "exposure": tuple(taken["exposure"])}))


def described(file: DesignFile) -> str:
    """Return a design in one line."""
    d, s, design = file.design, file.statistical, trial_design(file)
    told = [d.type, "/".join(str(one) for one in design.clusters), f"size {d.size:g}"]
    if d.size_variation:
        told.append(f"cv {d.size_variation:g}")
    if d.baseline != "none":
        told.append(d.baseline)
    if not design.is_parallel:
        told.append(design.sampling)
        told.append(f"{design.periods} periods")
    if s is None:
        assert file.agents is not None
        return "; ".join([*told, f"agents: {file.agents.scenario}"])
    told.append(f"ICC {s.icc:g}")
    if d.baseline != "none" or not design.is_parallel:
        told.append(f"CAC {s.cac:g}")
    if design.sampling != "cross-sectional":
        told.append(f"IAC {s.iac:g}")
    if s.cluster_decay < 1.0 and not design.is_parallel:
        told.append(f"decay {s.cluster_decay:g}")
    if file.attrition.rate:
        told.append(f"lost {file.attrition.rate:g}")
    if design.strata > 1:
        told.append(f"{design.strata} strata")
    if s.effect_heterogeneity:
        told.append(f"effects SD {s.effect_heterogeneity:g}")
    if s.exposure:
        told.append("builds up " + "/".join(f"{one:g}" for one in s.exposure))
    if file.analysis.test != "kenward-roger":
        told.append(file.analysis.test)
    if file.analysis.random_effects:
        told.append("random: " + ", ".join(file.analysis.random_effects))
    return "; ".join(told)


def measured(rows: Sequence[Compared]) -> dict[str, Measured]:
    """Return how far formula and simulation are apart, by kind of design."""
    kinds: dict[str, list[float]] = {}
    for one in rows:
        design = trial_design(one.file)
        kind = kind_of(design, analysis_plan(one.file, design))
        if kind is not None:
            kinds.setdefault(kind, []).append(100.0 * one.difference)
    return {
        kind: Measured(
            len(found),
            round(sqrt(sum(one**2 for one in found) / len(found)), 1),
            round(max(map(abs, found)), 1),
        )
        for kind, found in kinds.items()
    }


def why(one: Compared) -> str:
    """Return where a difference comes from: each simulated quantity put in the formula's place.

    What remains is how standard errors vary from trial to trial where variances stop at zero.
    """
    values = {
        "expected": one.formula.expected,
        "se": one.formula.spread,
        "model_se": one.formula.model_se,
        "df": one.formula.df,
    }
    at, told = one.formula.power, []
    for name, label, key in (
        ("expected", "mean estimate", "mean_estimate"),
        ("se", "spread of estimates", "empirical_se"),
        ("model_se", "the test's own standard errors", "model_se"),
        ("df", "degrees of freedom", "df"),
    ):
        was, values[name] = values[name], one.found[key]
        there = one.formula.but(**values)
        told.append((there - at, f"{label} {values[name]:.3g} for {was:.3g}"))
        at = there
    told.append((one.found["power"] - at, f"what remains ({one.found['singular']:.0%} singular)"))
    told.sort(key=lambda item: -abs(item[0]))
    shares = ", ".join(f"{100 * part:+.1f} {label}" for part, label in told if abs(part) > 0.005)
    return f"{one.name}: {shares}"


def page(rows: Sequence[Compared]) -> str:
    """Return the page of the documentation."""
    agents = [one for one in rows if one.file.agents is not None]
    left = [name for name in OWN if name not in {one.name for one in rows}]
    rows = [one for one in rows if one.file.agents is None]
    flagged = [one for one in rows if one.flagged]
    beyond = sum(abs(one.errors) > ERRORS for one in rows)
    rms = sqrt(sum(one.difference**2 for one in rows) / len(rows))
    noise = sqrt(sum((one.difference / one.errors) ** 2 for one in rows if one.errors) / len(rows))
    parts = [
        "# Power by formula against simulated trials",
        "Written by `make study-formula_check`; do not edit by hand.",
        f"{len(rows)} designs, {int(rows[0].found['trials']):,} simulated trials each: the shipped "
        "ones with statistical outcomes, and random ones over shapes, sizes and their variation, "
        "correlations, loss, strata, effects that differ or build up, and analyses that leave "
        f"something out; {WEDGES} more are stepped wedges of two sequences and few teams, and "
        f"{len(marginal_wedges())} are wedges with binary outcomes or counts, {MARGINAL_TRIALS:,} "
        "trials each, by the program's own analysis. Trials in which one period is analysed, and "
        "the hybrid wedge (its first outcome), are fitted by it too; others over periods by a "
        "second implementation from cell means, which agreed with the program's to 2e-9.",
        f"Differences (simulated less formula) have a root mean square of {100 * rms:.2f} points, "
        f"of which Monte Carlo error accounts for {100 * noise:.2f}. {beyond} lie beyond "
        f"{ERRORS:g} Monte Carlo errors, and {len(flagged)} of those beyond 2 points"
        + (": " + ", ".join(one.name for one in flagged) if flagged else "")
        + ".",
        "By kind of design, in points, as `refocus power --formula-only` says beside its answer:",
        markdown(
            ["kind", "designs", "root mean square", "largest"],
            (
                [kind, str(found.designs), f"{found.rms:.1f}", f"{found.worst:.1f}"]
                for kind, found in measured(rows).items()
            ),
        ),
        "Where a difference is beyond both, its parts in points (each simulated quantity put in "
        "the formula's place in turn):",
        "\n".join(f"* {why(one)}" for one in flagged),
        "Where teams differ in size, and over periods where a trial has at most "
        f"{MOST_CELLS} team-periods, the formula is averaged over draws of what a trial may tell "
        "of its variances, with a Monte Carlo error of at most .6 points; elsewhere it follows one "
        "variance at a time to zero.",
        _table(rows),
        "## Outcomes from agents",
        "These have no formula of their own: it takes mean effect, spread, correlations and, over "
        "periods, how the effect builds up from the simulated trials. Each trial has its own draw "
        "of the parameters, so that simulated power is a mean over stronger and weaker effects, "
        "and the formula is that of the mean effect. The lines below the table average it over "
        "them: over effects that spread as the estimates do beyond chance. "
        "Numbers "
        "of trials: "
        + ", ".join(f"{one.name} {int(one.found['trials']):,}" for one in agents)
        + "."
        + (f" Not simulated for this page: {', '.join(left)}." if left else ""),
        _table(agents),
        "\n".join(
            f"* {one.name}: formula averaged over effects {over_draws(one):.3f}, simulated "
            f"{one.found['power']:.3f} (Monte Carlo error "
            f"{sqrt(one.found['power'] * (1 - one.found['power']) / one.found['trials']):.3f})"
            for one in agents
        ),
    ]
    return "\n\n".join(parts) + "\n"


def _table(rows: Sequence[Compared]) -> str:
    """Return designs, power simulated and by formula, and what each rests on."""
    return markdown(
        [
            "design",
            "what it is",
            "effect",
            "simulated",
            "formula",
            "difference, points",
            "MC errors",
            "SE simulated",
            "SE formula",
            "df simulated",
            "df formula",
            "singular",
        ],
        (
            [
                one.name,
                described(one.file),
                f"{one.formula.effect:.3g}",
                f"{one.found['power']:.3f}",
                f"{one.formula.power:.3f}",
                f"{100 * one.difference:+.1f}" + (" !" if one.flagged else ""),
                f"{one.errors:+.1f}",
                f"{one.found['empirical_se']:.3g}",
                f"{one.formula.spread:.3g}",
                f"{one.found['df']:.3g}",
                f"{one.formula.df:.3g}",
                f"{one.found['singular']:.0%}",
            ]
            for one in rows
        ),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Simulate what is missing, compare, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--designs", type=int, default=DESIGNS)
    parser.add_argument("--trials", type=int, default=TRIALS)
    parser.add_argument("--stored", action="store_true", help="simulate nothing")
    given = parser.parse_args(arguments)
    whole = (given.designs, given.trials) == (DESIGNS, TRIALS)
    found: dict[str, dict[str, Any]] = {}
    if whole and STORE.exists():
        found = json.loads(STORE.read_text("utf-8"))
    for name, file in designs(given.designs).items():
        if name not in found and not given.stored:
            found[name] = summary(name, file, given.trials)
            if whole:
                STORE.write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    rows = compared(found, given.designs)
    if whole:
        PAGE.write_text(page(rows), "utf-8")
    else:
        print(page(rows))
    return int(any(one.flagged for one in rows if one.file.agents is None))


if __name__ == "__main__":
    raise SystemExit(main())
