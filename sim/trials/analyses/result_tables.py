"""Tables and numbers of results as text for the terminal."""

from __future__ import annotations

from typing import Any

from sim.text_table import aligned


def table_lines(rows: list[list[str]]) -> list[str]:
    """Return rows as aligned lines; the first column is text."""
    return [f"  {line}" for line in aligned(rows, numbers=True)]


def number_text(value: float) -> str:
    """Return a number with four digits."""
    return f"{value:.4g}"


def p_text(value: float) -> str:
    """Return a p value."""
    return "<.0001" if value < 1e-4 else f"{value:.4f}"


def coefficient_lines(result: dict[str, Any]) -> list[str]:
    """Return the tables of coefficients and of variances."""
    lines = ["Coefficients (Kenward-Roger)"]
    lines += table_lines(
        [
            ["", "estimate", "SE", "df", "t", "p", "which is"],
            *(
                [
                    name,
                    number_text(one["estimate"]),
                    number_text(one["kenward_roger"]["se_adj"]),
                    f"{one['kenward_roger']['df']:.1f}",
                    f"{one['kenward_roger']['t']:.3f}",
                    p_text(one["kenward_roger"]["p"]),
                    "" if name == "(Intercept)" else one["direction"],
                ]
                for name, one in result["coef"].items()
            ),
        ]
    )
    lines += ["", "Variances"]
    lines += table_lines([[name, number_text(value)] for name, value in result["variance"].items()])
    lines.append(f"  REML criterion {result['reml_criterion']:.6f}")
    return lines


def likelihood_lines(result: dict[str, Any]) -> list[str]:
    """Return the likelihood-ratio test and profile intervals; nothing where they are not asked."""
    found = result.get("likelihood")
    if found is None:
        return []
    test = found["ratio_test"]
    rows = [
        ["maximum likelihood", "estimate", f"{100.0 * found['confidence']:g}% profile interval"]
    ]
    for name, one in found["intervals"].items():
        low, high = one["interval"]
        interval = f"{number_text(low)} to {number_text(high)}"
        rows.append([name, number_text(one["estimate"]), interval])
    return [
        f"Likelihood-ratio test of {result['term']}: chi squared {test['chi2']:.3f} on "
        f"{test['df']} df, p {p_text(test['p'])} (log likelihood {test['with']:.3f} with it, "
        f"{test['without']:.3f} without)",
        *table_lines(rows),
        "  (both hold for many clusters; with few they reject too often, Kenward-Roger does not)",
        "",
    ]


def contrast_lines(result: dict[str, Any]) -> list[str]:
    """Return contrasts that were asked for, and the test of all; nothing where there are none."""
    found = result.get("contrasts")
    if found is None:
        return []
    head = "contrast (Kenward-Roger)", "estimate", "SE", "df", "p", "95% interval"
    rows = [[*head, "Satterthwaite df", "p"]]
    for one in found["each"]:
        test, rough = one["kenward_roger"], one["satterthwaite"]
        low, high = test["ci95"]
        row = [number_text(one["estimate"]), number_text(test["se"]), f"{test['df']:.1f}"]
        row += [p_text(test["p"]), f"{number_text(low)} to {number_text(high)}"]
        rows.append([one["contrast"], *row, f"{rough['df']:.1f}", p_text(rough["p"])])
    lines = table_lines(rows)
    for name, title in (("kenward_roger", "Kenward-Roger"), ("satterthwaite", "Satterthwaite")):
        if "joint" in found:
            one = found["joint"][name]
            lines.append(
                f"  All of them zero: {title} F {one['f']:.3f} on {one['df1']} and "
                f"{one['df2']:.1f} df, p {p_text(one['p'])}"
            )
    return [*lines, ""]


def imputed_lines(found: dict[str, Any]) -> list[str]:
    """Return which columns were imputed besides the outcome, and for which rows were left out."""
    lines = []
    if found["imputed_columns"]:
        listed = ", ".join(f"{name} {n}" for name, n in found["imputed_columns"].items())
        lines.append(f"  Imputed in columns, each from all others by chained equations: {listed}")
    if found["left_out"]:
        listed = ", ".join(f"{name} {n}" for name, n in found["left_out"].items())
        lines.append(
            f"  Left out, rows that lack what is not imputed: {listed} (columns of random effects, "
            "of whole clusters, periods or people, of three labels or more, the tested one, or in "
            "products and functions)"
        )
    return lines


# What stands beside a spline.
SPLINE_TESTS = {
    "all_zero": "The curve is zero",
    "on_curve": "Effects by exposure lie on the curve",
}


def spline_words(found: dict[str, Any]) -> str:
    """Return what curve it is."""
    return "a straight line" if found["df"] == 1 else f"{found['df']} columns"


def spline_rows(found: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Return the effects along a spline of exposure with their names."""
    named = [(f"exposure {one['exposure']}", one) for one in found["by_exposure"]]
    return [
        *named,
        ("time-averaged effect", found["time_averaged_effect"]),
        ("long-term effect (the last)", found["long_term_effect"]),
    ]


def mean_lines(result: dict[str, Any]) -> list[str]:
    """Return adjusted means; nothing where there are none."""
    means = result.get("adjusted_means")
    if means is None:
        return []
    rows = [["adjusted mean", "estimate", "SE", "df", "95% interval"]]
    for name, one in means.items():
        low, high = one["ci95"]
        interval = f"{number_text(low)} to {number_text(high)}"
        rows.append(
            [
                name,
                number_text(one["estimate"]),
                number_text(one["se"]),
                f"{one['df']:.1f}",
                interval,
            ]
        )
    told = "  (Kenward-Roger; labels of other factors equally frequent, numbers at their mean)"
    return [*table_lines(rows), told, ""]
