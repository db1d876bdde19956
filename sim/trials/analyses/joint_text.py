"""The joint test of a term with several coefficients as text for the terminal."""

from __future__ import annotations

from typing import Any

from sim.trials.analyses.result_tables import (
    coefficient_lines,
    contrast_lines,
    likelihood_lines,
    mean_lines,
    number_text,
    p_text,
    table_lines,
)


def format_joint(result: dict[str, Any]) -> str:
    """Return the result of `sim.trials.analyses.joint.joint_analysis` as lines of text."""
    groups = ", ".join(f"{count} {name}" for name, count in result["n_groups"].items())
    lines = [
        f"Joint test of {result['term']}: {', '.join(result['tested'])} are all zero",
        f"Model: {result['formula']}",
        f"Rows: {result['n_obs']} used, {result['rows_dropped_missing']} left out for missing "
        f"values; groups: {groups}",
        *(f"Note: {one}" for one in result["notes"]),
        "",
    ]
    rows = [["", "F", "df", "denominator df", "p"]]
    for key, more in (
        ("joint", ""),
        ("joint_averaged", ", adjusted means alike (type III if of factors)"),
    ):
        for name, one in result.get(key, {}).items():
            title = "Kenward-Roger" if name == "kenward_roger" else "Satterthwaite"
            row = [f"{one['f']:.3f}", str(one["df1"]), f"{one['df2']:.1f}", p_text(one["p"])]
            rows.append([f"{title}{more}", *row])
    lines += [*table_lines(rows), ""]
    lines += likelihood_lines(result)
    lines += contrast_lines(result)
    lines += mean_lines(result)
    if "pairwise" in result:
        shown = {"p": "p", "p_holm": "p (Holm)", "p_bonferroni": "p (Bonferroni)"}
        if "plan" in result:
            # The plan's rule is for fewer tests: two adjusted values of one difference mislead.
            shown = {"p": "p"}
        rows = [["difference", "estimate", "SE", "df", *shown.values()]]
        rows += [
            [
                name,
                number_text(one["estimate"]),
                number_text(one["se"]),
                f"{one['df']:.1f}",
                *(p_text(one[key]) for key in shown),
            ]
            for name, one in result["pairwise"].items()
        ]
        lines += [*table_lines(rows), ""]
    return "\n".join([*lines, *coefficient_lines(result)])
