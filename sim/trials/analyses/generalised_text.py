"""The analysis of a binary or count outcome as text for the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from math import exp
from typing import Any

from sim.trials.analyses.result_tables import (
    SPLINE_TESTS,
    imputed_lines,
    number_text,
    p_text,
    spline_rows,
    spline_words,
    table_lines,
)
from sim.trials.fits.gee import DECAY, EXCHANGEABLE, INDEPENDENCE, NESTED

ERRORS = {
    "LZ": "Liang-Zeger (too small with few clusters)",
    "KC": "Kauermann-Carroll",
    "MD": "Mancl-DeRouen",
    "FG": "Fay-Graubard",
    "MBN": "Morel-Bokossa-Neerchal",
}


def format_generalised(result: dict[str, Any]) -> str:
    """Return the result of `sim.trials.analyses.generalised.analyse_generalised` as text."""
    marginal, mixed = result["marginal"], result["mixed"]
    lines = [f"Effect of {result['term']}, {result['direction']}, on a {result['family']} outcome"]
    lines += [
        f"Model: {result['formula']}",
        f"Rows: {result['n_obs']} used, {result['rows_dropped_missing']} left out for missing "
        f"values; {result['n_clusters']} clusters, sizes vary by {result['size_variation']:.2f}",
        *(f"Note: {one}" for one in result["notes"]),
    ]
    if marginal is None:
        return "\n".join(lines)
    effect = result["effect"]
    estimate = marginal["tests"]["KC"]["estimate"]
    lines += [
        "",
        f"Marginal model (GEE, working correlation {_correlation(marginal)}, variance factor "
        f"{marginal['phi']:.3f}): {effect} of the population {number_text(exp(estimate))}",
    ]
    named = [
        (ERRORS[name] + (", the one to read" if name == marginal["chosen"] else ""), one)
        for name, one in marginal["tests"].items()
    ]
    lines += _ratios(effect, named)
    lines += _exposure(result)
    lines += _spline(result)
    lines += _imputation(result)
    if mixed is not None:
        lines += _mixed(result)
    lines += _contrasts(result)
    lines += _coefficients(result)
    lines += [
        "",
        "Everybody in each arm (standardised over the rows; intervals by the delta method)",
    ]
    of = [one["standardised"] for one in (marginal, mixed) if one is not None]
    heads = ["marginal model", "95% interval", "mixed model", "95% interval"]
    rows = [["", *heads[: 2 * len(of)]]]
    what = "risk" if result["family"] == "binomial" else "mean count"
    compared = result["compared"] or {"level": "at its highest", "reference": "at its lowest"}
    for key, arm in (("mean_treated", "level"), ("mean_control", "reference")):
        cells = [
            cell
            for one in of
            for cell in (number_text(one[key]["estimate"]), f"SE {number_text(one[key]['se'])}")
        ]
        column = compared.get("column", result["term"])
        rows.append([f"{what} with {column} {compared[arm]}", *cells])
    names = {
        "difference": f"{what} difference",
        "ratio": "risk ratio" if result["family"] == "binomial" else "rate ratio",
        "odds_ratio": "odds ratio, marginal",
    }
    for key, name in names.items():
        if key in of[0]:
            cells = [
                cell
                for one in of
                for cell in (
                    number_text(one[key]["estimate"]),
                    f"{number_text(one[key]['low'])} to {number_text(one[key]['high'])}",
                )
            ]
            rows.append([name, *cells])
    lines += table_lines(rows)
    lines.append("  marginal: the error to read, t with clusters - 2 degrees of freedom")
    if mixed is not None:
        lines[-1] += "; mixed: normal, the\n  random intercepts integrated over"
    return "\n".join(lines)


def _ratios(effect: str, named: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return a table of logarithms of ratios, and of the ratios with their intervals."""
    rows = [["", f"log {effect}", "SE", "df", "p", f"{effect}, 95% interval"]]
    for name, one in named:
        cells = [number_text(one["estimate"]), number_text(one["se"]), f"{one['df']:g}"]
        low, high = (number_text(exp(value)) for value in one["ci95"])
        ratio = number_text(exp(one["estimate"]))
        rows.append([name, *cells, p_text(one["p"]), f"{ratio}, {low} to {high}"])
    return table_lines(rows)


def _correlation(marginal: dict[str, Any]) -> str:
    """Return the working correlation in words."""
    values = [f"{one:.4f}" for one in marginal["correlation"]]
    nearest = marginal["nearest"]
    if nearest > 0.0 and marginal["working"] == NESTED:
        return f"{values[-1]} between periods or other cells of a cluster"
    if nearest > 0.0 and marginal["working"] == DECAY:
        level, factor = marginal["correlation"]
        apart = "successive periods" if nearest == 1.0 else f"people {nearest:g} apart"
        first = level * factor**nearest
        return f"{first:.4f} between {apart}, times {factor:.4f} for each period more"
    return {
        EXCHANGEABLE: values[0],
        INDEPENDENCE: "nil: every participant counts the same",
        NESTED: f"{values[0]} within and {values[-1]} between periods or other cells of a cluster",
        DECAY: f"{values[0]} within a period, times {values[-1]} for each period between",
    }[marginal["working"]]


def _mixed(result: dict[str, Any]) -> list[str]:
    mixed, effect = result["mixed"], result["effect"]
    how = "Laplace's approximation" if mixed["points"] == 1 else f"{mixed['points']} points"
    low, high = (exp(value) for value in mixed["ci95"])
    spread = ", ".join(f"{number_text(sd)} ({name})" for name, sd in mixed["sds"].items())
    return [
        "",
        f"Mixed model (random intercepts, {how}): {effect} for a cluster like others "
        f"{number_text(exp(mixed['estimate']))}, 95% {number_text(low)} to {number_text(high)} "
        f"(normal), log {number_text(mixed['estimate'])}, SE {number_text(mixed['se'])}, p "
        f"{p_text(mixed['p'])}; SD {spread}",
    ]


def _imputation(result: dict[str, Any]) -> list[str]:
    """Return the marginal model's answers with imputed outcomes."""
    found, effect = result.get("multiple_imputation"), result["effect"]
    if found is None:
        return []
    rows = [["", "estimate", "SE", "df", "p", "95% interval"]]
    for name, one in ((f"log {effect}", found["ratio"]), ("difference", found["difference"])):
        cells = [number_text(one["estimate"]), number_text(one["se"]), f"{one['df']:.1f}"]
        low, high = (number_text(value) for value in one["ci95"])
        rows.append([name, *cells, p_text(one["p"]), f"{low} to {high}"])
    one = found["ratio"]
    return [
        "",
        f"Marginal model with multiple imputation within clusters: {one['imputations']} data sets "
        f"of {one['n_obs']} rows, {one['imputed_outcomes']} outcomes imputed (probit); "
        f"{100 * one['missing_information']:.0f}% of the variance is due to missing values",
        *table_lines(rows),
        *imputed_lines(one),
    ]


def _exposure(result: dict[str, Any]) -> list[str]:
    """Return effects by exposure beside the constant one."""
    found, effect = result.get("exposure"), result["effect"]
    if found is None:
        return []
    named = [(f"exposure {one['exposure']}", one) for one in found["by_exposure"]]
    named += [
        ("time-averaged effect (of the logarithms)", found["time_averaged_effect"]),
        ("long-term effect (the last)", found["long_term_effect"]),
        ("constant effect", result["marginal"]["tests"][found["error"]]),
    ]
    lines = [
        "",
        "By period of exposure (marginal model with an effect for each period since a cluster "
        f"began; {ERRORS[found['error']]}'s error)",
        *_ratios(effect, named),
    ]
    for name, words in (("all_equal", "equal at every exposure"), ("all_zero", "all zero")):
        one = found[name]
        lines.append(
            f"  Effects are {words}: Hotelling F {one['f']:.3f} on {one['df1']} and "
            f"{one['df2']:g} df, p {p_text(one['p'])}"
        )
    return lines


def _spline(result: dict[str, Any]) -> list[str]:
    """Return effects along a spline of exposure, by the marginal and by the mixed model."""
    found, effect = result.get("exposure_spline"), result["effect"]
    if found is None:
        return []
    lines = [
        "",
        f"By period of exposure along a natural spline, {spline_words(found)} (marginal model, "
        f"{ERRORS[found['error']]}'s error)",
        *_ratios(effect, spline_rows(found)),
    ]
    for name, words in SPLINE_TESTS.items():
        if name in found:
            one = found[name]
            lines.append(
                f"  {words}: Hotelling F {one['f']:.3f} on {one['df1']} and {one['df2']:g} df, "
                f"p {p_text(one['p'])}"
            )
    if "mixed" in found:
        lines += ["  The same curve by the mixed model (for a cluster like others, normal tests)"]
        lines += _normal_ratios(effect, spline_rows(found["mixed"]))
        zero = found["mixed"]["all_zero"]
        lines.append(
            f"  The curve is zero: Wald chi squared {zero['chi2']:.3f} on {zero['df']} df, "
            f"p {p_text(zero['p'])}"
        )
    return lines


def _normal_ratios(effect: str, named: Sequence[tuple[str, dict[str, Any]]]) -> list[str]:
    """Return a table as `_ratios`, of normal tests."""
    rows = [["", f"log {effect}", "SE", "p", f"{effect}, 95% interval"]]
    for name, one in named:
        low, high = (number_text(exp(value)) for value in one["ci95"])
        ratio = f"{number_text(exp(one['estimate']))}, {low} to {high}"
        cells = [number_text(one["estimate"]), number_text(one["se"]), p_text(one["p"])]
        rows.append([name, *cells, ratio])
    return table_lines(rows)


def _contrasts(result: dict[str, Any]) -> list[str]:
    """Return contrasts that were asked for by both models, and the tests of all."""
    found, effect = result.get("contrasts"), result["effect"]
    if found is None:
        return []
    error = ERRORS[result["marginal"]["chosen"]]
    lines = ["", f"Contrasts, marginal model ({error}'s error)"]
    lines += _ratios(effect, [(one["contrast"], one["marginal"]) for one in found["each"]])
    joint = found.get("joint", {})
    if joint:
        one = joint["marginal"]
        lines.append(
            f"  All of them zero: Hotelling F {one['f']:.3f} on {one['df1']} and {one['df2']:g} "
            f"df, p {p_text(one['p'])}"
        )
    if "mixed" in found["each"][0]:
        lines.append("Contrasts, mixed model (normal tests)")
        each = [(one["contrast"], one["mixed"]) for one in found["each"]]
        lines += _normal_ratios(effect, each)
    if "mixed" in joint:
        one = joint["mixed"]
        lines.append(
            f"  All of them zero: Wald chi squared {one['chi2']:.3f} on {one['df']} df, "
            f"p {p_text(one['p'])}"
        )
    return lines


def _coefficients(result: dict[str, Any]) -> list[str]:
    """Return the coefficients of both models with their standard errors."""
    marginal, mixed = result["marginal"], result["mixed"]
    models = [one for one in (marginal, mixed) if one is not None]
    heads = ["marginal model", "SE", "mixed model", "SE"]
    rows = [["", *heads[: 2 * len(models)]]]
    for at, name in enumerate(marginal["coefficients"]):
        cells = [
            number_text(value)
            for one in models
            for value in (one["coefficients"][name], one["standard_errors"][at])
        ]
        rows.append([name, *cells])
    return [
        "",
        f"Coefficients (marginal: {ERRORS[marginal['chosen']]}'s error)",
        *table_lines(rows),
    ]
