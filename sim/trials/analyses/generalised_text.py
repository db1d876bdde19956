"""The analysis of a binary or count outcome as text for the terminal."""

from __future__ import annotations

from math import exp
from typing import Any

from sim.trials.analyses.result_tables import number_text, p_text, table_lines

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
        f"Marginal model (GEE, working correlation {marginal['alpha']:.4f}, variance factor "
        f"{marginal['phi']:.3f}): {effect} of the population {number_text(exp(estimate))}",
    ]
    rows = [["", f"log {effect}", "SE", "df", "p", f"{effect}, 95% interval"]]
    for name, one in marginal["tests"].items():
        mark = ", the one to read" if name == marginal["chosen"] else ""
        low, high = (exp(value) for value in one["ci95"])
        rows.append(
            [
                ERRORS[name] + mark,
                number_text(one["estimate"]),
                number_text(one["se"]),
                f"{one['df']:g}",
                p_text(one["p"]),
                f"{number_text(low)} to {number_text(high)}",
            ]
        )
    lines += table_lines(rows)
    how = "Laplace's approximation" if mixed["points"] == 1 else f"{mixed['points']} points"
    low, high = (exp(value) for value in mixed["ci95"])
    lines += [
        "",
        f"Mixed model (random intercept, {how}): {effect} for a cluster like others "
        f"{number_text(exp(mixed['estimate']))}, 95% {number_text(low)} to {number_text(high)} "
        f"(normal), log {number_text(mixed['estimate'])}, SE {number_text(mixed['se'])}, p "
        f"{p_text(mixed['p'])}; SD between clusters {number_text(mixed['sd'])}",
        "",
        "Everybody in each arm (standardised over the rows; intervals by the delta method)",
    ]
    rows = [["", "marginal model", "95% interval", "mixed model", "95% interval"]]
    of = marginal["standardised"], mixed["standardised"]
    what = "risk" if result["family"] == "binomial" else "mean count"
    compared = result["compared"] or {"level": "at its highest", "reference": "at its lowest"}
    for key, arm in (("mean_treated", "level"), ("mean_control", "reference")):
        cells = [
            [number_text(one[key]["estimate"]), f"SE {number_text(one[key]['se'])}"] for one in of
        ]
        rows.append([f"{what} with {result['term']} {compared[arm]}", *cells[0], *cells[1]])
    names = {
        "difference": f"{what} difference",
        "ratio": "risk ratio" if result["family"] == "binomial" else "rate ratio",
        "odds_ratio": "odds ratio, marginal",
    }
    for key, name in names.items():
        if key in of[0]:
            cells = [
                [
                    number_text(one[key]["estimate"]),
                    f"{number_text(one[key]['low'])} to {number_text(one[key]['high'])}",
                ]
                for one in of
            ]
            rows.append([name, *cells[0], *cells[1]])
    lines += table_lines(rows)
    lines += [
        "  marginal: the error to read, t with clusters - 2 degrees of freedom; mixed: normal, the",
        "  random intercept integrated over",
    ]
    return "\n".join(lines)
