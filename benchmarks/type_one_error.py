"""How often tests reject without an effect, in the REFOCUS design: the table of the documentation.

Run from the project's folder: ``python -m benchmarks.type_one_error`` prints it (some minutes),
``--document docs/validation-trials.md`` writes the page, ``--quick`` takes a tenth of the trials.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks import level_of_tests
from sim.posterior.choose import chosen_draws
from sim.text_table import markdown
from sim.trials.analyses.analyse import analyse_csv
from sim.trials.analyses.analysis_plan import AnalysisPlan
from sim.trials.analyses.type_one_error import TESTS, TypeOneError, normal_error, relabelled_error
from sim.trials.data.statistical import Correlations, StatisticalSource
from sim.trials.designs.design import Attrition, parallel
from sim.trials.power.simulated_power import Performance, performance, run_trials

DATA = Path(__file__).parents[1] / "tests" / "trials" / "data"
ICCS = (0.0, 0.01, 0.02, 0.05, 0.1)
LOST = 0.26
NEGLIGIBLE = 1e-10
MEASURES = ("qpr15", "inspire_support", "inspire_relationship")
FURTHER = (
    ("permutation of arms", AnalysisPlan("permutation")),
    ("multiple imputation within clusters", AnalysisPlan(missing="multiple imputation")),
    ("constrained baseline, Kenward-Roger", AnalysisPlan(baseline="constrained")),
)


LEVELS = (
    "## Every test that `analyse` prints\n\n"
    "Trials without an effect, arms drawn within pairs or strata, normal outcomes, ICC within "
    "strata as shown, standard deviation between pairs or strata half of that within; two-sided 5% "
    "level; by `make level-of-tests`, which saves the numbers in `benchmarks/level_of_tests.csv`."
)
PART = "<!-- generated: level-of-tests -->\n{}<!-- end of level-of-tests -->"


def percent(rate: float, error: float) -> str:
    return f"{100 * rate:.2f} ({100 * error:.2f})"


def error_table(found: list[TypeOneError]) -> str:
    return markdown(
        ["setting", "trials", *TESTS, "singular fits", "failed"],
        (
            [
                one.setting,
                f"{one.trials:,}",
                *(percent(one.rates[test], one.monte_carlo_se[test]) for test in TESTS),
                f"{100 * one.singular:.1f}",
                f"{100 * one.failed:.1f}",
            ]
            for one in found
        ),
    )


def further_table(found: list[tuple[str, Performance]]) -> str:
    return markdown(
        ["analysis", "trials", "type I error", "coverage", "bias", "empirical SE", "model SE"],
        (
            [
                name,
                f"{one.power.trials:,}",
                percent(one.power.value, one.power.monte_carlo_se),
                percent(one.coverage.value, one.coverage.monte_carlo_se),
                f"{one.bias:.3f} ({one.bias_se:.3f})",
                f"{one.empirical_se:.3f} ({one.empirical_se_error:.3f})",
                f"{one.model_se:.3f}",
            ]
            for name, one in found
        ),
    )


def deviation(size: float) -> str:
    """Return a deviation; rounding errors, which differ between machines, by their bound."""
    return f"below {NEGLIGIBLE:.0e}" if size < NEGLIGIBLE else f"{size:.0e}"


def reference_table() -> str:
    """Return the largest deviations from reference fits of other software."""
    fits = json.loads((DATA / "reference_fits.json").read_text("utf-8"))
    rows = []
    for name, want in sorted(fits.items()):
        got: dict[str, Any] = analyse_csv(DATA / want["data"], want["formula"], want["test_term"])

        def worst(pairs: Iterable[tuple[float, float]]) -> str:
            return deviation(max(abs(a - b) / max(abs(b), 1e-300) for a, b in pairs))

        ours, theirs = got["coef"], want["coef"]
        methods = ("satterthwaite", "kenward_roger")
        p_values = [(ours[c][m]["p"], theirs[c][m]["p"]) for c in theirs for m in methods]
        rows.append(
            [
                name,
                "`" + want["formula"].replace("|", "\\|") + "`",
                worst((ours[c]["estimate"], theirs[c]["estimate"]) for c in theirs),
                worst((ours[c]["se"], theirs[c]["se"]) for c in theirs),
                worst((ours[c][m]["df"], theirs[c][m]["df"]) for c in theirs for m in methods),
                deviation(max(abs(a - b) for a, b in p_values)),
                deviation(abs(got["reml_criterion"] - want["reml_criterion"])),
            ]
        )
    return markdown(
        ["fit", "model", "estimates", "SEs", "df", "p (absolute)", "REML criterion (absolute)"],
        rows,
    )


def verdicts(found: list[TypeOneError]) -> str:
    """Return, in words computed from the table, which aims are met."""
    iccs = [one for one in found if "ICC 0" in one.setting and "ICC 0," not in one.setting]
    inside = [one for one in iccs if not one.setting.endswith("ICC 0")]
    worst = max(inside, key=lambda one: one.rates["Kenward-Roger"])
    summaries = [one.rates["cluster-summary t"] for one in inside]
    agents = [one for one in found if one.setting.startswith("agent-based")]
    high = max(agents, key=lambda one: one.rates["Kenward-Roger"])
    met = worst.rates["Kenward-Roger"] < 0.055
    within = all(0.045 <= one <= 0.055 for one in summaries)
    return "\n".join(
        (
            "* Kenward-Roger, the recommended test, rejects at most "
            f"{percent(worst.rates['Kenward-Roger'], worst.monte_carlo_se['Kenward-Roger'])}% "
            f"({worst.setting}): {'below' if met else 'not below'} 5.5%. At small ICC it falls "
            "short of 5%, as a variance cannot be estimated below zero.",
            f"* The cluster-summary t test lies between {100 * min(summaries):.2f}% and "
            f"{100 * max(summaries):.2f}%: {'within' if within else 'not within'} 4.5-5.5%. With "
            "trust taken out in the first stage, where it costs no degrees of freedom, it rejects "
            "more often; put covariates of clusters into the second stage.",
            f"* With labels drawn anew on agent-based data Kenward-Roger rejects at most "
            f"{percent(high.rates['Kenward-Roger'], high.monte_carlo_se['Kenward-Roger'])}% "
            f"({high.setting}).",
        )
    )


def run(quick: bool) -> tuple[list[TypeOneError], list[tuple[str, Performance]]]:
    """Return all rates; quick takes a tenth of the trials."""
    part = 10 if quick else 1
    found = [normal_error(icc, 40_000 // part) for icc in ICCS]
    found += [
        normal_error(icc, 40_000 // part, lost=LOST, setting=f"the same, ICC {icc:g}, 26% lost")
        for icc in (0.01, 0.05, 0.1)
    ]
    draws = chosen_draws(500 // part).draws
    found += relabelled_error(draws, 100, measures=MEASURES)
    design = parallel((13, 14), 15, baseline="ancova", attrition=Attrition(LOST, "at random", 0.5))
    source = StatisticalSource(40.0, 10.0, Correlations(0.05, 0.8, 0.6), effect=0.0)
    further = [
        (name, performance(run_trials(source, design, 4000 // part, 1, plan), true_effect=0.0))
        for name, plan in (("complete cases, Kenward-Roger", AnalysisPlan()), *FURTHER)
    ]
    return found, further


def page(found: list[TypeOneError], further: list[tuple[str, Performance]], quick: bool) -> str:
    """Return the page of the documentation."""
    command = "python -m benchmarks.type_one_error --document docs/validation-trials.md"
    parts = [
        "# Validation of the trial statistics",
        f"Written by `{command}{' --quick' if quick else ''}`; do not edit by hand. Percent; in "
        "brackets the Monte Carlo standard error.",
        "## In short",
        verdicts(found),
        "## Type I error in the REFOCUS design",
        "27 teams of 15 in two trusts, 14 in the intervention arm; outcome at one year adjusted "
        "for baseline and trust; CAC .8, IAC .6; two-sided 5% level; failures count as not "
        "rejected. Agent-based: usual care for all teams, parameters from the posterior, arms "
        "drawn anew within trusts; errors take worlds as the units.",
        error_table(found),
        LEVELS,
        PART.format(level_of_tests.section()),
        "## Other analyses",
        "The same design with 26% lost, more of them with a high baseline (log odds .5 a standard "
        "deviation), ICC .05, outcome with SD 10; true effect 0.",
        further_table(further),
        "## Reference fits",
        "Largest relative deviation over all coefficients from fits by independent code, "
        "cross-checked with lme4, lmerTest and pbkrtest.",
        reference_table(),
    ]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Print the tables, or write the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--document", metavar="FILE.md")
    parser.add_argument("--quick", action="store_true")
    given = parser.parse_args()
    found, further = run(given.quick)
    text = page(found, further, given.quick)
    if given.document:
        Path(given.document).write_text(text, encoding="utf-8")
    print(text)
    if not all(math.isfinite(one.rates["Kenward-Roger"]) for one in found):
        raise SystemExit("a rate is missing")


if __name__ == "__main__":
    main()
